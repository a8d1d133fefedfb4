"""The events of rebates: each goes to the partner whose period it is."""

from domain.kernel.events import EventType

REBATE_MOVED = EventType(
    name="rebate.moved",
    aggregate="rebate_period",
    description="A period of a rebate came to a state.",
    payload={
        "from_state": "the state before, or null for a new period",
        "to_state": "the state from now on",
        "period_start": "when the period starts",
        "amount": "what is due for it, in minor units, once that is final, else null",
        "reason": "why, or null",
        "version": "its version from now on",
    },
)
REBATE_CHANGED = EventType(
    name="rebate.changed",
    aggregate="rebate_period",
    description="A period of a rebate was accepted or disputed, or a dispute was answered; its state is the same.",
    payload={"kind": "ACCEPTED, DISPUTED or DISPUTE_DISMISSED", "version": "its version from now on"},
)
EVENTS = (REBATE_MOVED, REBATE_CHANGED)
