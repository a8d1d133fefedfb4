"""The events of leads. Each goes to the partner it names, and names no other."""

from domain.kernel.events import EventType

LEAD_MOVED = EventType(
    name="lead.moved",
    aggregate="lead",
    description="A lead came to a state on its partner's desk, or went back to the vendor.",
    payload={
        "from_state": "the state before, or null for a new lead",
        "to_state": "the state from now on",
        "reason": "why, a code, or null",
        "due_at": "until when it is to be answered, or null",
        "version": "its version from now on",
    },
)
LEAD_TAKEN = EventType(
    name="lead.taken",
    aggregate="lead",
    description="A lead is no longer the named partner's: it was not answered in time, or given to somebody else.",
    payload={"reason": "NOT_ANSWERED or REASSIGNED", "version": "its version from now on"},
)
LEAD_CORRECTED = EventType(
    name="lead.corrected",
    aggregate="lead",
    description="The value of a lead reads differently, and what it earned follows.",
    payload={"version": "its version from now on"},
)
LEAD_ROUTING_CHANGED = EventType(
    name="lead_routing.changed",
    aggregate="lead_routing",
    description="A partner takes other leads than before.",
    payload={"version": "its version from now on"},
)
EVENTS = (LEAD_MOVED, LEAD_TAKEN, LEAD_CORRECTED, LEAD_ROUTING_CHANGED)
