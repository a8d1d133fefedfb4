"""Whose sale it is, and when a target's milestone was reached. Pure; the order in which sales became known is nothing.

A sale is credited to those who were embedded at its instant, by their weights; without anybody it counts for nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from domain.kernel.points import SHARES_PPM_WHOLE

PEOPLE_MAX = 5
MONTH = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Stay:
    """Somebody is embedded until an instant (excluded), with a weight and a cost of 30 days in minor units."""

    member_id: UUID
    start: datetime
    end: datetime
    weight: int = 1
    monthly_cost: int = 0


@dataclass(frozen=True, kw_only=True)
class Sale:
    """A sale of the partner's, in minor units of the target's currency."""

    at: datetime
    amount: int


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A sale reached a milestone: what was attained and spent until then, and the parts of people in millionths."""

    at: datetime
    attained: int
    cost: int
    parts: tuple[tuple[UUID, int], ...]


@dataclass(frozen=True, kw_only=True)
class Attained:
    """What a target stands at, and which of its milestones were reached, by their amounts."""

    amount: int
    cost: int
    reached: Mapping[int, Reached]


def attained(
    sales: Sequence[Sale], stays: Sequence[Stay], milestones: Sequence[int], start: datetime, end: datetime
) -> Attained:
    """What was sold inside the target's dates while somebody was embedded, and who it is credited to."""
    total, credits_ = 0, defaultdict[UUID, Fraction](Fraction)
    reached: dict[int, Reached] = {}
    for sale in sorted(sales, key=lambda each: (each.at, each.amount)):
        there = [stay for stay in stays if stay.start <= sale.at < stay.end]
        weights = sum(stay.weight for stay in there)
        if not start <= sale.at < end or not weights:
            continue
        total += sale.amount
        for stay in there:
            credits_[stay.member_id] += Fraction(sale.amount * stay.weight, weights)
        for amount in milestones:
            if amount <= total and amount not in reached:
                cost = cost_until(stays, start, sale.at)
                reached[amount] = Reached(at=sale.at, attained=total, cost=cost, parts=_parts(credits_))
    return Attained(amount=total, cost=cost_until(stays, start, end), reached=reached)


def cost_until(stays: Sequence[Stay], start: datetime, until: datetime) -> int:
    """What the people cost inside these dates, day by day of a month of 30, rounded down for each."""
    cost = 0
    for stay in stays:
        spent = min(stay.end, until) - max(stay.start, start)
        if spent > timedelta():
            cost += stay.monthly_cost * (spent // timedelta(seconds=1)) // (MONTH // timedelta(seconds=1))
    return cost


def _parts(credits_: Mapping[UUID, Fraction]) -> tuple[tuple[UUID, int], ...]:
    """The five who have most, in millionths of what all of them have."""
    first = sorted(credits_.items(), key=lambda each: (-each[1], each[0]))[:PEOPLE_MAX]
    whole = sum((credit for _, credit in first), Fraction())
    return tuple((member_id, int(credit * SHARES_PPM_WHOLE / whole)) for member_id, credit in first if whole)
