"""The running state of a unit of evaluation: what its activities, in order of occurrence, add up to so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from domain.earning.views import OrderKey

UNIT_ACTIVITIES_MAX = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class CapUse:
    """What one beneficiary has used of one cap in the cap's period at which the unit stands."""

    period: str
    amount: int
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """`seen` counts all activities walked, `count` those that counted; `rated_at` is a retroactive unit's rate.

    Where a shared cap makes several rules one unit, `parts` are the tallies of the rules, and `caps` the shared use.
    """

    seen: int = 0
    count: int = 0
    basis_total: int = 0
    quantity_total: int = 0
    due_total: int = 0
    last_key: OrderKey | None = None
    last_counted_at: datetime | None = None
    milestones: tuple[str, ...] = ()
    rated_at: int | None = None
    caps: Mapping[str, CapUse] = field(default_factory=dict[str, CapUse])
    parts: Mapping[str, "Tally"] = field(default_factory=dict[str, "Tally"])

    def to_json(self) -> dict[str, object]:
        """The tally as JSON, from which `from_json` makes an equal one."""
        parts: dict[str, object] = {code: part.to_json() for code, part in self.parts.items()}
        own: dict[str, object] = {
            "seen": self.seen,
            "count": self.count,
            "basis_total": self.basis_total,
            "quantity_total": self.quantity_total,
            "due_total": self.due_total,
            "last_key": [self.last_key[0].isoformat(), *self.last_key[1:]] if self.last_key else None,
            "last_counted_at": self.last_counted_at.isoformat() if self.last_counted_at else None,
            "milestones": list(self.milestones),
            "rated_at": self.rated_at,
            "caps": {key: [use.period, use.amount, use.count] for key, use in self.caps.items()},
        }
        return own | {"parts": parts} if parts else own

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> "Tally":
        """The tally that `to_json` wrote; an empty document is an empty tally."""
        if not document:
            return EMPTY
        key = cast("Sequence[str] | None", document["last_key"])
        counted_at = cast("str | None", document["last_counted_at"])
        caps = cast("Mapping[str, tuple[str, int, int]]", document["caps"])
        parts = cast("Mapping[str, Mapping[str, object]]", document.get("parts", {}))
        return cls(
            seen=cast("int", document["seen"]),
            count=cast("int", document["count"]),
            basis_total=cast("int", document["basis_total"]),
            quantity_total=cast("int", document["quantity_total"]),
            due_total=cast("int", document["due_total"]),
            last_key=(datetime.fromisoformat(key[0]), key[1], key[2]) if key else None,
            last_counted_at=datetime.fromisoformat(counted_at) if counted_at else None,
            milestones=tuple(cast("Sequence[str]", document["milestones"])),
            rated_at=cast("int | None", document["rated_at"]),
            caps={name: CapUse(period=use[0], amount=use[1], count=use[2]) for name, use in caps.items()},
            parts={code: cls.from_json(part) for code, part in parts.items()},
        )


EMPTY = Tally()
