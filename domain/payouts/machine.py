"""The drawn machine of a payout: its states, their edges, and who may do what.

DRAFT → APPROVED → EXPORTED → PAID | RETURNED; CANCELLED before it was exported; what was paid may still come back.
"""

from collections.abc import Mapping
from enum import StrEnum

from domain.access.principals import Role


class PayoutState(StrEnum):
    """Where a payout stands."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    EXPORTED = "EXPORTED"
    PAID = "PAID"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"


class PayoutAction(StrEnum):
    """What somebody may do with a payout now."""

    APPROVE = "APPROVE"
    CANCEL = "CANCEL"
    EXPORT = "EXPORT"
    SETTLE = "SETTLE"


class PayoutOutcome(StrEnum):
    """How a payout ended, as the bank says."""

    PAID = "PAID"
    RETURNED = "RETURNED"


EDGES: Mapping[PayoutState, frozenset[PayoutState]] = {
    PayoutState.DRAFT: frozenset({PayoutState.APPROVED, PayoutState.CANCELLED}),
    PayoutState.APPROVED: frozenset({PayoutState.EXPORTED, PayoutState.CANCELLED}),
    PayoutState.EXPORTED: frozenset({PayoutState.PAID, PayoutState.RETURNED}),
    PayoutState.PAID: frozenset({PayoutState.RETURNED}),
    PayoutState.RETURNED: frozenset(),
    PayoutState.CANCELLED: frozenset(),
}

# While it is in one of these, its money is neither with its owner nor gone.
UNDER_WAY = frozenset({PayoutState.DRAFT, PayoutState.APPROVED, PayoutState.EXPORTED})

OPEN_TO: Mapping[PayoutAction, frozenset[PayoutState]] = {
    PayoutAction.APPROVE: frozenset({PayoutState.DRAFT}),
    PayoutAction.CANCEL: frozenset({PayoutState.DRAFT, PayoutState.APPROVED}),
    PayoutAction.EXPORT: frozenset({PayoutState.APPROVED}),
    PayoutAction.SETTLE: frozenset({PayoutState.EXPORTED, PayoutState.PAID}),
}

_EVERYTHING = frozenset(PayoutAction)
GRANTED: Mapping[Role, frozenset[PayoutAction]] = {Role.FINANCE: _EVERYTHING, Role.ADMIN: _EVERYTHING}


def is_edge(before: PayoutState, after: PayoutState) -> bool:
    """True where the drawing leads from the one to the other."""
    return after in EDGES[before]


def available_actions(state: PayoutState, *, role: Role, may_approve: bool = True) -> tuple[PayoutAction, ...]:
    """What this viewer may do with a payout now; `may_approve` is False for whoever drafted one that needs another."""
    granted = GRANTED.get(role, frozenset())
    return tuple(
        action
        for action in PayoutAction
        if action in granted and state in OPEN_TO[action] and (may_approve or action is not PayoutAction.APPROVE)
    )


def needs_another(amount: int, above: int | None) -> bool:
    """True for an amount that nobody approves who drafted it; None as the limit: none is."""
    return above is not None and amount > above
