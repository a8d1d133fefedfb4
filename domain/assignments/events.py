"""The events of assignments: who is embedded where, and what was attained."""

from domain.kernel.events import EventType

ASSIGNMENT_MOVED = EventType(
    name="assignment.moved",
    aggregate="assignment",
    description="Somebody of the vendor's is to be embedded with a partner, is, pauses, or is no longer.",
    payload={
        "from_state": "the state before, or null for a new one",
        "to_state": "the state from now on",
        "starts_at": "from when",
        "ends_at": "until when",
        "version": "the assignment's version from now on",
    },
)
TARGET_SET = EventType(
    name="assignment_target.set",
    aggregate="assignment_target",
    description="A partner's sales while somebody is embedded with it have a target.",
    payload={"starts_at": "from when", "ends_at": "until when"},
)
MILESTONE_REACHED = EventType(
    name="assignment_target.reached",
    aggregate="assignment_target",
    description="A milestone of a target was reached, or stands otherwise since a sale was told late.",
    payload={"amount": "the milestone in minor units", "reached_at": "when; null: it is reached no longer"},
)
EVENTS = (ASSIGNMENT_MOVED, TARGET_SET, MILESTONE_REACHED)
