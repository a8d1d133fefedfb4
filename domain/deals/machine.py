"""The drawn machine of a deal registration: its states, their edges, whose turn each is, and who may do what.

DRAFT → SUBMITTED → [IN_REVIEW] → APPROVED → [EXTENDED] → WON | LOST; RETURNED goes back to the partner; REJECTED may be
disputed; EXPIRED may still be won inside the grace rule; what was won may fall through (WON → LOST).
"""

from collections.abc import Mapping
from enum import StrEnum

from domain.access.principals import Relation, Role


class DealState(StrEnum):
    """Where a registration stands."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    IN_REVIEW = "IN_REVIEW"
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    EXTENDED = "EXTENDED"
    WON = "WON"
    LOST = "LOST"
    CANCELLED = "CANCELLED"


class DealAction(StrEnum):
    """What somebody may do with a registration now."""

    EDIT = "EDIT"
    SUBMIT = "SUBMIT"
    DISPUTE = "DISPUTE"
    REQUEST_EXTENSION = "REQUEST_EXTENSION"
    CANCEL = "CANCEL"
    LOSE = "LOSE"
    REVIEW = "REVIEW"
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    RETURN = "RETURN"
    ANSWER_EXTENSION = "ANSWER_EXTENSION"
    WIN = "WIN"
    CORRECT_WIN = "CORRECT_WIN"
    REASSIGN = "REASSIGN"


_ENDS = frozenset({DealState.EXPIRED, DealState.WON, DealState.LOST, DealState.CANCELLED})
EDGES: Mapping[DealState, frozenset[DealState]] = {
    DealState.DRAFT: frozenset({DealState.SUBMITTED, DealState.CANCELLED}),
    DealState.SUBMITTED: frozenset(
        {DealState.IN_REVIEW, DealState.RETURNED, DealState.APPROVED, DealState.REJECTED, DealState.CANCELLED}
    ),
    DealState.IN_REVIEW: frozenset({DealState.RETURNED, DealState.APPROVED, DealState.REJECTED, DealState.CANCELLED}),
    DealState.RETURNED: frozenset({DealState.SUBMITTED, DealState.EXPIRED, DealState.CANCELLED}),
    DealState.APPROVED: _ENDS | {DealState.EXTENDED},
    DealState.EXTENDED: _ENDS | {DealState.EXTENDED},
    DealState.REJECTED: frozenset({DealState.IN_REVIEW}),
    DealState.EXPIRED: frozenset({DealState.WON}),
    DealState.WON: frozenset({DealState.LOST}),
    DealState.LOST: frozenset(),
    DealState.CANCELLED: frozenset(),
}

# In which states the partner has the customer: nobody else is let in for the same products.
HOLDING = frozenset(
    {DealState.SUBMITTED, DealState.IN_REVIEW, DealState.RETURNED, DealState.APPROVED, DealState.EXTENDED}
)
PROTECTED = frozenset({DealState.APPROVED, DealState.EXTENDED})

OPEN_TO: Mapping[DealAction, frozenset[DealState]] = {
    DealAction.EDIT: frozenset({DealState.DRAFT, DealState.RETURNED}),
    DealAction.SUBMIT: frozenset({DealState.DRAFT, DealState.RETURNED}),
    DealAction.DISPUTE: frozenset({DealState.REJECTED, DealState.IN_REVIEW}),
    DealAction.REQUEST_EXTENSION: PROTECTED,
    DealAction.CANCEL: HOLDING | {DealState.DRAFT},
    DealAction.LOSE: PROTECTED | {DealState.WON},
    DealAction.REVIEW: frozenset({DealState.SUBMITTED}),
    DealAction.APPROVE: frozenset({DealState.SUBMITTED, DealState.IN_REVIEW}),
    DealAction.REJECT: frozenset({DealState.SUBMITTED, DealState.IN_REVIEW}),
    DealAction.RETURN: frozenset({DealState.SUBMITTED, DealState.IN_REVIEW}),
    DealAction.ANSWER_EXTENSION: PROTECTED,
    DealAction.WIN: PROTECTED | {DealState.EXPIRED},
    DealAction.CORRECT_WIN: frozenset({DealState.WON}),
    DealAction.REASSIGN: PROTECTED,
}

_PARTNERS = frozenset(
    {
        DealAction.EDIT,
        DealAction.SUBMIT,
        DealAction.DISPUTE,
        DealAction.REQUEST_EXTENSION,
        DealAction.CANCEL,
        DealAction.LOSE,
    }
)
_VENDORS = frozenset(DealAction) - {
    DealAction.EDIT,
    DealAction.SUBMIT,
    DealAction.DISPUTE,
    DealAction.REQUEST_EXTENSION,
}
# Who, standing how to the registration, may do what; in which states, OPEN_TO says.
GRANTED: Mapping[Relation, Mapping[Role, frozenset[DealAction]]] = {
    Relation.OWN: {Role.MEMBER: _PARTNERS, Role.PARTNER_ADMIN: _PARTNERS},
    Relation.PARTNER: {Role.PARTNER_ADMIN: _PARTNERS},
    Relation.OPERATOR: {
        Role.ADMIN: _VENDORS,
        Role.CHANNEL_MANAGER: _VENDORS,
        Role.ACCOUNT_MANAGER: frozenset({DealAction.REVIEW, DealAction.RETURN}),
    },
}


def sources(target: DealState) -> frozenset[DealState]:
    """The states from which an edge leads to this one."""
    return frozenset(before for before, afters in EDGES.items() if target in afters)


def available_actions(
    state: DealState, *, relation: Relation, role: Role, disputable: bool, extension_asked: bool
) -> tuple[DealAction, ...]:
    """What this viewer may do with a registration now, in the order of `DealAction`.

    `disputable`: a conflict is open to evidence; `extension_asked`: an extension waits for the vendor's answer.
    """
    granted = GRANTED[relation].get(role, frozenset())
    barred = {
        DealAction.DISPUTE: not disputable,
        DealAction.REQUEST_EXTENSION: extension_asked,
        DealAction.ANSWER_EXTENSION: not extension_asked,
        # What was won is the vendor's to take back.
        DealAction.LOSE: state is DealState.WON and relation is not Relation.OPERATOR,
    }
    return tuple(
        action
        for action in DealAction
        if action in granted and state in OPEN_TO[action] and not barred.get(action, False)
    )
