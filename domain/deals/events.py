"""The events of deals. Each goes to the partner it names: none names another one, nor a customer."""

from domain.kernel.events import EventType

DEAL_MOVED = EventType(
    name="deal.moved",
    aggregate="deal",
    description="A registration came to a state; `reason` is a code.",
    payload={
        "from_state": "the state before, or null for a new draft",
        "to_state": "the state from now on",
        "reason": "why, a code, or null",
        "due_at": "until when its partner has time, or null",
        "version": "its version from now on",
    },
)
DEAL_CHANGED = EventType(
    name="deal.changed",
    aggregate="deal",
    description="Its partner described a registration otherwise, or something was added to it; its state is the same.",
    payload={
        "kind": "EDITED, EVIDENCE, EXTENSION_ASKED, EXTENSION_DENIED, WIN_CORRECTED or DISPUTE_OVER",
        "due_at": "until when its partner has time, or null",
        "version": "its version from now on",
    },
)
DEAL_CONFLICT_FOUND = EventType(
    name="deal.conflict_found",
    aggregate="deal",
    description="Something stands in a registration's way; who else is concerned is not said.",
    payload={
        "kind": "DUPLICATE, SIMILAR, VENDOR_REP, INCUMBENT or LEAD",
        "due_at": "until when evidence is taken, or null",
    },
)
DEAL_CONFLICT_SETTLED = EventType(
    name="deal.conflict_settled",
    aggregate="deal",
    description="A conflict was settled for the registration (UPHELD), against it (DISMISSED), or by time (LAPSED).",
    payload={"kind": "which kind of conflict", "state": "UPHELD, DISMISSED or LAPSED"},
)
DEAL_REASSIGNED = EventType(
    name="deal.reassigned",
    aggregate="deal",
    description="A registration was given to the named partner (TO), or taken from it (FROM).",
    payload={"scope": "FROM or TO", "version": "its version from now on"},
)
DEAL_POLICY_CHANGED = EventType(
    name="deal_policy.changed",
    aggregate="deal_policy",
    description="What binds registrations that are submitted from now on changed.",
    payload={"code": "the policy's code", "version": "its version from now on"},
)
EVENTS = (
    DEAL_MOVED,
    DEAL_CHANGED,
    DEAL_CONFLICT_FOUND,
    DEAL_CONFLICT_SETTLED,
    DEAL_REASSIGNED,
    DEAL_POLICY_CHANGED,
)
