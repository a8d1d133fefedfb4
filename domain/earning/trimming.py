"""Shared scarcity, the last two steps: what is asked meets the campaign cap and then the budget, in the order given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from domain.earning.explanation import Explanation, Reason
from domain.earning.views import OrderKey

REQUESTS_MAX = 100_000
RequestT = TypeVar("RequestT", bound="Request")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One difference upward, in order: what it asks of its campaign (None: no cap) and of its budget."""

    key: str
    order: OrderKey
    amount: int
    unit: str
    campaign: str | None
    budget: str


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


def in_order_of_occurrence(requests: Sequence[Request]) -> tuple[Request, ...]:
    """The order inside one batch, and of a whole period allocated AT_CLOSE: occurrence, then key."""
    return tuple(sorted(requests, key=_turn))


def trim(requests: Sequence[Request], *, campaigns: Mapping[str, int], budgets: Mapping[str, int]) -> Trimmed:
    """Each request takes what its campaign has left, then of that what its budget has left; nothing is handed on.

    What a budget trims is not given back to the campaign. Refuses: KeyError for a campaign or budget not stated,
    ValueError for a negative amount or more than 100,000 requests.
    """
    if len(requests) > REQUESTS_MAX or any(request.amount < 0 for request in requests):
        raise ValueError(f"at most {REQUESTS_MAX} requests are trimmed at once, none negative")
    campaigns_left, budgets_left = dict(campaigns), dict(budgets)
    grants: list[Grant] = []
    for request in requests:
        reasons: list[Reason] = []
        taken = request.amount
        if request.campaign is not None:
            taken = _taken(campaigns_left, request.campaign, request.amount, request, "CAMPAIGN_CAP", reasons)
        granted = _taken(budgets_left, request.budget, taken, request, "BUDGET_TRIM", reasons)
        campaign_taken = taken if request.campaign is not None else 0
        explanation = Explanation(tuple(reasons))
        grants.append(Grant(key=request.key, granted=granted, campaign_taken=campaign_taken, explanation=explanation))
    return Trimmed(grants=tuple(grants), campaigns=campaigns_left, budgets=budgets_left)


def _turn(request: Request) -> tuple[datetime, str, str, str]:
    return (*request.order, request.key)


def _taken(left: dict[str, int], name: str, asked: int, request: Request, code: str, reasons: list[Reason]) -> int:
    taken = min(asked, max(left[name], 0))
    left[name] -= taken
    if taken < asked:
        reasons.append(Reason(code=code, facts={"left": taken, "asked": asked, "unit": request.unit}))
    return taken
