"""The drawn machine of a rebate's period: its states, their edges, and who may do what.

OPEN → GRACE → CALCULATING → IN_REVIEW → APPROVED → PAID; REOPENED is calculated again; a payout that came back leaves a
period APPROVED once more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.access.principals import Relation, Role


class RebateState(StrEnum):
    """Where a period stands."""

    OPEN = "OPEN"
    GRACE = "GRACE"
    CALCULATING = "CALCULATING"
    IN_REVIEW = "IN_REVIEW"
    APPROVED = "APPROVED"
    PAID = "PAID"
    REOPENED = "REOPENED"


class RebateAction(StrEnum):
    """What somebody may do with a period now."""

    ACCEPT = "ACCEPT"
    DISPUTE = "DISPUTE"
    ANSWER_DISPUTE = "ANSWER_DISPUTE"
    APPROVE = "APPROVE"
    REOPEN = "REOPEN"


EDGES: Mapping[RebateState, frozenset[RebateState]] = {
    RebateState.OPEN: frozenset({RebateState.GRACE}),
    RebateState.GRACE: frozenset({RebateState.CALCULATING}),
    RebateState.CALCULATING: frozenset({RebateState.IN_REVIEW}),
    RebateState.IN_REVIEW: frozenset({RebateState.APPROVED, RebateState.REOPENED}),
    RebateState.APPROVED: frozenset({RebateState.PAID, RebateState.REOPENED}),
    RebateState.PAID: frozenset({RebateState.APPROVED, RebateState.REOPENED}),
    RebateState.REOPENED: frozenset({RebateState.CALCULATING}),
}

# In these the figures of the last review are final; in the others they are estimated.
FINAL = frozenset({RebateState.IN_REVIEW, RebateState.APPROVED, RebateState.PAID})

OPEN_TO: Mapping[RebateAction, frozenset[RebateState]] = {
    RebateAction.ACCEPT: frozenset({RebateState.IN_REVIEW}),
    RebateAction.DISPUTE: frozenset({RebateState.IN_REVIEW}),
    RebateAction.ANSWER_DISPUTE: frozenset({RebateState.IN_REVIEW}),
    RebateAction.APPROVE: frozenset({RebateState.IN_REVIEW, RebateState.APPROVED}),
    RebateAction.REOPEN: FINAL,
}

_PARTNERS = frozenset({RebateAction.ACCEPT, RebateAction.DISPUTE})
_VENDORS = frozenset({RebateAction.ANSWER_DISPUTE, RebateAction.APPROVE, RebateAction.REOPEN})
GRANTED: Mapping[tuple[Relation, Role], frozenset[RebateAction]] = {
    (Relation.PARTNER, Role.PARTNER_ADMIN): _PARTNERS,
    (Relation.OPERATOR, Role.FINANCE): _VENDORS,
    (Relation.OPERATOR, Role.ADMIN): _VENDORS,
    (Relation.OPERATOR, Role.CHANNEL_MANAGER): frozenset({RebateAction.ANSWER_DISPUTE}),
}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the actions of a period depend on. `is_paying`: a payout of it is under way or done."""

    state: RebateState
    is_disputed: bool
    is_accepted: bool
    is_disputable: bool
    is_paying: bool


def is_edge(before: RebateState, after: RebateState) -> bool:
    """True where the drawing leads from the one to the other."""
    return after in EDGES[before]


def available_actions(standing: Standing, *, relation: Relation, role: Role) -> tuple[RebateAction, ...]:
    """What this viewer may do with a period now, in the order of `RebateAction`.

    A partner accepts or disputes once, in time; the vendor approves what is accepted, or no longer disputable, and
    again what a bank sent back.
    """
    granted = GRANTED.get((relation, role), frozenset())
    is_settled = standing.is_accepted or not standing.is_disputable
    barred = {
        RebateAction.ACCEPT: standing.is_disputed or standing.is_accepted,
        RebateAction.DISPUTE: standing.is_disputed or is_settled,
        RebateAction.ANSWER_DISPUTE: not standing.is_disputed,
        RebateAction.APPROVE: standing.is_paying
        if standing.state is RebateState.APPROVED
        else standing.is_disputed or not is_settled,
    }
    return tuple(
        action
        for action in RebateAction
        if action in granted and standing.state in OPEN_TO[action] and not barred.get(action, False)
    )
