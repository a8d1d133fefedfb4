"""MILESTONE: awards that belong to a unit's milestones, each given once when the unit's total reaches it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, Rounding
from domain.programs.document import Number, Reader, number_json, number_value
from domain.programs.effects.effect import Counted, Measure, Plain, Setting, Worth

MILESTONES_MAX = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone:
    """`amount` minor award units once the measure reaches `reached_at`."""

    code: str
    reached_at: Number
    amount: Number


@dataclass(frozen=True, kw_only=True)
class Milestones(Plain):
    """Milestones of one measure; the activity that reaches one is worth nothing itself."""

    kind: ClassVar[str] = "MILESTONE"
    measure: Measure
    milestones: tuple[Milestone, ...]

    @classmethod
    def read(cls, reader: Reader, setting: Setting) -> "Milestones":
        """The effect in the document; problems are noted in the reader."""
        reader.only("kind", "measure", "milestones")
        found: list[Milestone] = []
        for inner in reader.each("milestones", MILESTONES_MAX, items_min=1):
            inner.only("code", "at", "amount")
            found.append(
                Milestone(
                    code=inner.code("code"),
                    reached_at=inner.number("at", 1, AMOUNT_ABSOLUTE_MAX),
                    amount=inner.number("amount", 0, AMOUNT_ABSOLUTE_MAX),
                )
            )
        if len({milestone.code for milestone in found}) < len(found):
            reader.problem("milestones", "have different codes")
        return cls(measure=reader.choice("measure", Measure, Measure.COUNT), milestones=tuple(found))

    @property
    def uses_basis(self) -> bool:
        """Unless activities are only counted."""
        return self.measure is Measure.BASIS

    @property
    def has_milestones(self) -> bool:
        """Awards belong to milestones."""
        return True

    def worth(self, counted: Counted, parameters: Mapping[str, object], rounding: Rounding) -> tuple[Worth, ...]:
        """Progress, worth nothing, and then every milestone that the activity reached."""
        after = counted.after.of(self.measure)
        placed = [(number_value(milestone.reached_at, parameters), milestone) for milestone in self.milestones]
        reached = tuple(
            Worth(
                amount=number_value(milestone.amount, parameters),
                code="MILESTONE_REACHED",
                facts={
                    "amount": number_value(milestone.amount, parameters),
                    "milestone": milestone.code,
                    "at_total": at,
                    "after": after,
                },
                milestone=milestone.code,
            )
            for at, milestone in placed
            if at <= after and milestone.code not in counted.reached
        )
        ahead = [at for at, _ in placed if at > after]
        if not ahead:
            return (Worth(amount=0, code="MILESTONE_LAST", facts={"after": after}), *reached)
        facts = {"after": after, "next_at_total": min(ahead)}
        return (Worth(amount=0, code="MILESTONE_PROGRESS", facts=facts), *reached)

    def to_json(self) -> dict[str, object]:
        """The effect as the document writes it."""
        return {
            "kind": self.kind,
            "measure": self.measure.value,
            "milestones": [
                {"code": item.code, "at": number_json(item.reached_at), "amount": number_json(item.amount)}
                for item in self.milestones
            ],
        }
