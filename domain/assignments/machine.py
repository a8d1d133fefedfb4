"""The drawn machine of an assignment: PLANNED → ACTIVE ⇄ PAUSED → ENDED; its dates move it, and the vendor may."""

from collections.abc import Mapping
from enum import StrEnum

from domain.access.principals import Relation, Role


class AssignmentState(StrEnum):
    """Where an assignment stands."""

    PLANNED = "PLANNED"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


class AssignmentAction(StrEnum):
    """What somebody may do with an assignment now."""

    PAUSE = "PAUSE"
    RESUME = "RESUME"
    REPLACE = "REPLACE"
    END = "END"


EDGES: Mapping[AssignmentState, frozenset[AssignmentState]] = {
    AssignmentState.PLANNED: frozenset({AssignmentState.ACTIVE, AssignmentState.ENDED}),
    AssignmentState.ACTIVE: frozenset({AssignmentState.PAUSED, AssignmentState.ENDED}),
    AssignmentState.PAUSED: frozenset({AssignmentState.ACTIVE, AssignmentState.ENDED}),
    AssignmentState.ENDED: frozenset(),
}
_STANDING = frozenset({AssignmentState.PLANNED, AssignmentState.ACTIVE, AssignmentState.PAUSED})
OPEN_TO: Mapping[AssignmentAction, frozenset[AssignmentState]] = {
    AssignmentAction.PAUSE: frozenset({AssignmentState.ACTIVE}),
    AssignmentAction.RESUME: frozenset({AssignmentState.PAUSED}),
    AssignmentAction.REPLACE: _STANDING,
    AssignmentAction.END: _STANDING,
}
VENDORS = frozenset({Role.ADMIN, Role.CHANNEL_MANAGER})


def available_actions(state: AssignmentState, *, relation: Relation, role: Role) -> tuple[AssignmentAction, ...]:
    """What this viewer may do with an assignment now, in the order of `AssignmentAction`."""
    if relation is not Relation.OPERATOR or role not in VENDORS:
        return ()
    return tuple(action for action in AssignmentAction if state in OPEN_TO[action])
