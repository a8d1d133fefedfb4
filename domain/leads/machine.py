"""The drawn machine of a lead: its states, their edges, and who may do what.

ASSIGNED → ACCEPTED → WORKING → CONVERTED. RETURNED and EXPIRED leads are the vendor's to assign again; what was not
converted after all goes back to WORKING.
"""

from collections.abc import Mapping
from enum import StrEnum

from domain.access.principals import Relation, Role


class LeadState(StrEnum):
    """Where a lead stands."""

    ASSIGNED = "ASSIGNED"
    ACCEPTED = "ACCEPTED"
    WORKING = "WORKING"
    CONVERTED = "CONVERTED"
    RETURNED = "RETURNED"
    EXPIRED = "EXPIRED"


class LeadAction(StrEnum):
    """What somebody may do with a lead now."""

    ACCEPT = "ACCEPT"
    WORK = "WORK"
    CONVERT = "CONVERT"
    RETURN = "RETURN"
    ASSIGN = "ASSIGN"
    CORRECT = "CORRECT"
    REVERT = "REVERT"


EDGES: Mapping[LeadState, frozenset[LeadState]] = {
    LeadState.ASSIGNED: frozenset({LeadState.ASSIGNED, LeadState.ACCEPTED, LeadState.RETURNED, LeadState.EXPIRED}),
    LeadState.ACCEPTED: frozenset({LeadState.WORKING, LeadState.CONVERTED, LeadState.RETURNED, LeadState.ASSIGNED}),
    LeadState.WORKING: frozenset({LeadState.CONVERTED, LeadState.RETURNED, LeadState.ASSIGNED}),
    LeadState.RETURNED: frozenset({LeadState.ASSIGNED}),
    LeadState.EXPIRED: frozenset({LeadState.ASSIGNED}),
    LeadState.CONVERTED: frozenset({LeadState.WORKING}),
}

# In which states a lead is on its partner's desk, and counts for its load.
OPEN = frozenset({LeadState.ASSIGNED, LeadState.ACCEPTED, LeadState.WORKING})

OPEN_TO: Mapping[LeadAction, frozenset[LeadState]] = {
    LeadAction.ACCEPT: frozenset({LeadState.ASSIGNED}),
    LeadAction.WORK: frozenset({LeadState.ACCEPTED}),
    LeadAction.CONVERT: frozenset({LeadState.ACCEPTED, LeadState.WORKING}),
    LeadAction.RETURN: OPEN,
    LeadAction.ASSIGN: OPEN | {LeadState.RETURNED, LeadState.EXPIRED},
    LeadAction.CORRECT: frozenset(LeadState),
    LeadAction.REVERT: frozenset({LeadState.CONVERTED}),
}

_PARTNERS = frozenset({LeadAction.ACCEPT, LeadAction.WORK, LeadAction.CONVERT, LeadAction.RETURN})
_VENDORS = frozenset({LeadAction.ASSIGN, LeadAction.CORRECT, LeadAction.REVERT})
# Who, standing how to the lead, may do what; in which states, OPEN_TO says.
GRANTED: Mapping[Relation, Mapping[Role, frozenset[LeadAction]]] = {
    Relation.OWN: {Role.MEMBER: _PARTNERS, Role.PARTNER_ADMIN: _PARTNERS},
    Relation.PARTNER: {Role.PARTNER_ADMIN: _PARTNERS},
    Relation.OPERATOR: {Role.ADMIN: _VENDORS, Role.CHANNEL_MANAGER: _VENDORS},
}


def sources(target: LeadState) -> frozenset[LeadState]:
    """The states from which an edge leads to this one."""
    return frozenset(before for before, afters in EDGES.items() if target in afters)


def available_actions(state: LeadState, *, relation: Relation, role: Role) -> tuple[LeadAction, ...]:
    """What this viewer may do with a lead now, in the order of `LeadAction`."""
    granted = GRANTED[relation].get(role, frozenset())
    return tuple(action for action in LeadAction if action in granted and state in OPEN_TO[action])
