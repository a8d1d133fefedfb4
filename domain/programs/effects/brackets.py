"""BRACKETS: rates that change as the unit's total passes thresholds, marginally or retroactively."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, Rounding, rounded_ratio
from domain.programs.document import Number, Reader, least, most, number_json, number_value
from domain.programs.effects.effect import Counted, Measure, Plain, Setting, Totals, Worth
from domain.programs.effects.percent import PPM_WHOLE

BRACKETS_MAX = 50
RATE_MAX = 10**12


class BracketMode(StrEnum):
    """MARGINAL: each part of the total earns the rate of its own bracket. RETROACTIVE: all of it earns the last."""

    MARGINAL = "MARGINAL"
    RETROACTIVE = "RETROACTIVE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bracket:
    """From this total on, `rate` minor award units for every `per` of the measure."""

    starts_at: Number
    rate: Number


@dataclass(frozen=True, kw_only=True)
class Brackets(Plain):
    """f(total) in brackets; an activity is worth f(after) − f(before), f rounded, so that parts sum to f(total)."""

    kind: ClassVar[str] = "BRACKETS"
    mode: BracketMode
    measure: Measure
    per: int
    brackets: tuple[Bracket, ...]

    @classmethod
    def read(cls, reader: Reader, setting: Setting) -> "Brackets":
        """The effect in the document; problems are noted in the reader."""
        reader.only("kind", "mode", "measure", "per", "brackets")
        measure = reader.choice("measure", Measure, Measure.BASIS)
        is_part = measure is Measure.BASIS and setting.basis_unit == setting.award_unit
        if not is_part and not reader.has("per"):
            reader.problem("per", "is stated when the measure is not in the award's unit (rate award units per …)")
        brackets = tuple(
            Bracket(starts_at=inner.number("from", 0, AMOUNT_ABSOLUTE_MAX), rate=inner.number("rate", 0, RATE_MAX))
            for inner in _known(reader.each("brackets", BRACKETS_MAX, items_min=1))
        )
        if brackets and brackets[0].starts_at != 0:
            reader.problem("brackets", "the first bracket starts from 0")
        for index in range(1, len(brackets)):
            if least(brackets[index].starts_at) <= most(brackets[index - 1].starts_at):
                reader.problem(f"brackets[{index}].from", "is above the bracket before it, at every parameter's bounds")
        return cls(
            mode=reader.choice("mode", BracketMode, BracketMode.MARGINAL),
            measure=measure,
            per=reader.whole("per", 1, AMOUNT_ABSOLUTE_MAX, default=PPM_WHOLE),
            brackets=brackets,
        )

    @property
    def uses_basis(self) -> bool:
        """Unless activities are only counted."""
        return self.measure is Measure.BASIS

    @property
    def rerates(self) -> bool:
        """In the retroactive mode."""
        return self.mode is BracketMode.RETROACTIVE

    def unit_rate(self, totals: Totals, parameters: Mapping[str, object]) -> int:
        """The rate of the bracket in which the totals stand."""
        return number_value(self._bracket(totals.of(self.measure), parameters).rate, parameters)

    def value(self, total: int, parameters: Mapping[str, object], rounding: Rounding) -> int:
        """f(total) of the marginal mode, rounded once."""
        earned = 0
        end = total
        for bracket in reversed(self.brackets):
            start = number_value(bracket.starts_at, parameters)
            if start < end:
                earned += (end - start) * number_value(bracket.rate, parameters)
                end = start
        return rounded_ratio(earned, self.per, rounding)

    def worth(self, counted: Counted, parameters: Mapping[str, object], rounding: Rounding) -> tuple[Worth, ...]:
        """f(after) − f(before); retroactively f is the whole total at the rate of the bracket the unit stands in."""
        before, after = counted.before.of(self.measure), counted.after.of(self.measure)
        whole = counted.whole.of(self.measure)
        bracket = self._bracket(whole if self.rerates else after, parameters)
        rate = number_value(bracket.rate, parameters)
        facts = {"before": before, "after": after, "rate": rate, "per": self.per}
        facts["bracket_from"] = number_value(bracket.starts_at, parameters)
        if self.rerates:
            earned = rounded_ratio(after * rate, self.per, rounding) - rounded_ratio(before * rate, self.per, rounding)
            return (
                Worth(amount=earned, code="BRACKET_RETROACTIVE", facts={"amount": earned, "whole": whole, **facts}),
            )
        earned = self.value(after, parameters, rounding) - self.value(before, parameters, rounding)
        return (Worth(amount=earned, code="BRACKET_MARGINAL", facts={"amount": earned, **facts}),)

    def _bracket(self, total: int, parameters: Mapping[str, object]) -> Bracket:
        standing = self.brackets[0]
        for bracket in self.brackets[1:]:
            if number_value(bracket.starts_at, parameters) > total:
                break
            standing = bracket
        return standing

    def to_json(self) -> dict[str, object]:
        """The effect as the document writes it."""
        return {
            "kind": self.kind,
            "mode": self.mode.value,
            "measure": self.measure.value,
            "per": self.per,
            "brackets": [
                {"from": number_json(bracket.starts_at), "rate": number_json(bracket.rate)} for bracket in self.brackets
            ],
        }


def _known(readers: list[Reader]) -> list[Reader]:
    for reader in readers:
        reader.only("from", "rate")
    return readers
