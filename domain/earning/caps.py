"""What a cap leaves of an amount, given what its beneficiary used of it in the period."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from domain.earning.tally import CapUse
from domain.programs.caps import Cap
from domain.programs.document import number_value


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """The amount within the cap; `limit` says which of its limits took something, with the facts."""

    amount: int
    limit: Literal["count", "amount"] | None = None
    facts: Mapping[str, object] = field(default_factory=dict[str, object])


def used(uses: Mapping[str, CapUse], key: str, period: str) -> CapUse:
    """What was used of the cap in this period; what was used in another is over."""
    use = uses.get(key)
    return CapUse(period=period, amount=0, count=0) if use is None or use.period != period else use


def left_by(cap: Cap, use: CapUse, amount: int, parameters: Mapping[str, object], *, is_paid: bool) -> Left:
    """What the cap leaves of the amount; `is_paid`: the activity counts for a limit of paid activities."""
    if cap.count is not None and is_paid and use.count >= number_value(cap.count, parameters):
        count = number_value(cap.count, parameters)
        return Left(amount=0, limit="count", facts={"cap": count, "period": cap.period.value})
    if cap.amount is not None:
        most = number_value(cap.amount, parameters)
        left = max(most - use.amount, 0)
        if amount > left:
            facts = {"cap": most, "period": cap.period.value, "left": left, "asked": amount}
            return Left(amount=left, limit="amount", facts=facts)
    return Left(amount=amount)
