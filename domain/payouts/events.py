"""The events of payouts: each goes to the owner of the wallet."""

from domain.kernel.events import EventType

PAYOUT_MOVED = EventType(
    name="payout.moved",
    aggregate="payout",
    description="A payout came to a state.",
    payload={
        "from_state": "the state before, or null for a new draft",
        "to_state": "the state from now on",
        "unit": "code of the unit of money",
        "amount": "how much, in minor units",
        "reason": "why, or null",
        "version": "its version from now on",
    },
)
EVENTS = (PAYOUT_MOVED,)
