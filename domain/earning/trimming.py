"""Shared scarcity, the last two steps: what is asked meets the campaign cap and then the budget, in the order given."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.earning.explanation import Explanation, Reason
from domain.earning.views import OrderKey

REQUESTS_MAX = 100_000
Seat = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One difference upward, in order: what it asks of its campaign (None: no cap) and of its budget.

    `counted` names the campaign that grants its first `first` activities only (None: all); `seat` is the activity.
    `tie` orders requests of one activity.
    """

    key: str
    order: OrderKey
    amount: int
    unit: str
    campaign: str | None
    budget: str
    counted: str | None = None
    first: int = 0
    seat: str = ""
    tie: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What a request was granted; `campaign_taken` is what its campaign gave before the budget was asked."""

    key: str
    granted: int
    campaign_taken: int
    explanation: Explanation


@dataclass(frozen=True, kw_only=True, slots=True)
class Trimmed:
    """The grants in the order of their requests, and what each campaign and budget has left."""

    grants: tuple[Grant, ...]
    campaigns: Mapping[str, int]
    budgets: Mapping[str, int]
    seated: frozenset[Seat] = frozenset()


def in_order_of_occurrence(requests: Sequence[Request]) -> tuple[Request, ...]:
    """The order inside one batch, and of a whole period allocated AT_CLOSE: occurrence, then tie, then key."""
    return tuple(sorted(requests, key=_turn))


def trim(
    requests: Sequence[Request],
    *,
    campaigns: Mapping[str, int],
    budgets: Mapping[str, int],
    seats: Mapping[str, int] | None = None,
    seated: Collection[Seat] = (),
) -> Trimmed:
    """Each request needs a place among the first activities of its campaign, then takes what the campaign has left,
    then of that what its budget has left; nothing is handed on.

    `seats` are the places left by campaign, `seated` who has one: (campaign, activity). A place is taken by what is
    granted something, once for all requests of an activity. What a budget trims is not given back to the campaign.
    Refuses: KeyError for a campaign or budget not stated, ValueError for a negative amount or more than 100,000
    requests.
    """
    if len(requests) > REQUESTS_MAX or any(request.amount < 0 for request in requests):
        raise ValueError(f"at most {REQUESTS_MAX} requests are trimmed at once, none negative")
    campaigns_left, budgets_left = dict(campaigns), dict(budgets)
    seats_left, sitting = dict(seats or {}), set(seated)
    grants: list[Grant] = []
    for request in requests:
        reasons: list[Reason] = []
        taken = request.amount
        seat = None if request.counted is None else (request.counted, request.seat)
        needs_seat = seat is not None and seat not in sitting
        if seat is not None and needs_seat and seats_left[seat[0]] <= 0:
            reasons.append(Reason(code="CAMPAIGN_COUNT", facts={"count": request.first}))
            taken = 0
        elif request.campaign is not None:
            taken = _taken(campaigns_left, request.campaign, request.amount, request, "CAMPAIGN_CAP", reasons)
        granted = _taken(budgets_left, request.budget, taken, request, "BUDGET_TRIM", reasons) if taken else 0
        if seat is not None and needs_seat and granted > 0:
            sitting.add(seat)
            seats_left[seat[0]] -= 1
        campaign_taken = taken if request.campaign is not None else 0
        explanation = Explanation(tuple(reasons))
        grants.append(Grant(key=request.key, granted=granted, campaign_taken=campaign_taken, explanation=explanation))
    return Trimmed(grants=tuple(grants), campaigns=campaigns_left, budgets=budgets_left, seated=frozenset(sitting))


def _turn(request: Request) -> tuple[datetime, str, str, str, str]:
    return (*request.order, request.tie, request.key)


def _taken(left: dict[str, int], name: str, asked: int, request: Request, code: str, reasons: list[Reason]) -> int:
    taken = min(asked, max(left[name], 0))
    left[name] -= taken
    if taken < asked:
        reasons.append(Reason(code=code, facts={"left": taken, "asked": asked, "unit": request.unit}))
    return taken
