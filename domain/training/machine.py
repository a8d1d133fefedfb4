"""The drawn machine of a training: one person's way through one version of a course.

ENROLLED → IN_PROGRESS → PASSED | FAILED. A failed person may try again; a certificate is RENEWED by passing again,
EXPIRED by time, REVOKED by the vendor for good.
"""

from collections.abc import Mapping
from enum import StrEnum

from domain.access.principals import Relation, Role


class TrainingState(StrEnum):
    """Where a person stands with a version of a course."""

    ENROLLED = "ENROLLED"
    IN_PROGRESS = "IN_PROGRESS"
    PASSED = "PASSED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    RENEWED = "RENEWED"


class TrainingAction(StrEnum):
    """What somebody may do with a training now."""

    START = "START"
    REVOKE = "REVOKE"


EDGES: Mapping[TrainingState, frozenset[TrainingState]] = {
    TrainingState.ENROLLED: frozenset(
        {TrainingState.IN_PROGRESS, TrainingState.PASSED, TrainingState.FAILED, TrainingState.RENEWED}
    ),
    TrainingState.IN_PROGRESS: frozenset({TrainingState.PASSED, TrainingState.FAILED, TrainingState.RENEWED}),
    TrainingState.FAILED: frozenset({TrainingState.IN_PROGRESS, TrainingState.PASSED, TrainingState.RENEWED}),
    TrainingState.PASSED: frozenset({TrainingState.RENEWED, TrainingState.EXPIRED, TrainingState.REVOKED}),
    TrainingState.RENEWED: frozenset({TrainingState.EXPIRED, TrainingState.REVOKED}),
    TrainingState.EXPIRED: frozenset({TrainingState.RENEWED, TrainingState.REVOKED}),
    TrainingState.REVOKED: frozenset(),
}
# In which states somebody was certified once.
CERTIFIED = frozenset({TrainingState.PASSED, TrainingState.RENEWED, TrainingState.EXPIRED})
# In which states what time brings is still to come.
VALID = frozenset({TrainingState.PASSED, TrainingState.RENEWED})

OPEN_TO: Mapping[TrainingAction, frozenset[TrainingState]] = {
    TrainingAction.START: frozenset({TrainingState.ENROLLED, TrainingState.FAILED}),
    TrainingAction.REVOKE: CERTIFIED,
}
_LEARNERS = frozenset({TrainingAction.START})
_VENDORS = frozenset({TrainingAction.REVOKE})
# Who, standing how to the training, may do what; in which states, OPEN_TO says.
GRANTED: Mapping[Relation, Mapping[Role, frozenset[TrainingAction]]] = {
    Relation.OWN: {Role.MEMBER: _LEARNERS, Role.PARTNER_ADMIN: _LEARNERS},
    Relation.PARTNER: {},
    Relation.OPERATOR: {Role.ADMIN: _VENDORS, Role.CHANNEL_MANAGER: _VENDORS},
}


def sources(target: TrainingState) -> frozenset[TrainingState]:
    """The states from which an edge leads to this one."""
    return frozenset(before for before, afters in EDGES.items() if target in afters)


def available_actions(state: TrainingState, *, relation: Relation, role: Role) -> tuple[TrainingAction, ...]:
    """What this viewer may do with a training now, in the order of `TrainingAction`."""
    granted = GRANTED[relation].get(role, frozenset())
    return tuple(action for action in TrainingAction if action in granted and state in OPEN_TO[action])
