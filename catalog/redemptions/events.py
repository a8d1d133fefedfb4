"""The events of redemptions: each names the redemption, its version afterwards, and the lines that moved."""

from collections.abc import Mapping

from domain.kernel.events import EventType

MOVED: Mapping[str, str] = {
    "lines": "ids of the lines that moved",
    "version": "the redemption's version afterwards",
}

REDEMPTION_HELD = EventType(
    name="redemption.held",
    aggregate="redemption",
    description="Something was redeemed: its points are held until it is delivered.",
    payload={
        **MOVED,
        "unit": "code of the unit",
        "total": "what all lines cost",
        "origin": "QUOTE, GRANT or SEND: what it came from",
        "origin_id": "which one",
        "items": "ids of the lines' items, in the order of the lines",
    },
)
REDEMPTION_AWAITS_APPROVAL = EventType(
    name="redemption.awaits_approval",
    aggregate="redemption",
    description="Lines wait for somebody at the vendor to approve them.",
    payload=MOVED,
)
REDEMPTION_ORDERED = EventType(
    name="redemption.ordered",
    aggregate="redemption",
    description="Lines are on their way to their suppliers.",
    payload=MOVED,
)
REDEMPTION_FULFILLED = EventType(
    name="redemption.fulfilled",
    aggregate="redemption",
    description="Lines were delivered, and their points spent.",
    payload=MOVED,
)
REDEMPTION_REFUNDED = EventType(
    name="redemption.refunded",
    aggregate="redemption",
    description="Delivered lines were refunded: their points are back.",
    payload={**MOVED, "reason": "why, a code"},
)
REDEMPTION_CANCELLED = EventType(
    name="redemption.cancelled",
    aggregate="redemption",
    description="The member cancelled lines before they were ordered: their points are back.",
    payload={**MOVED, "reason": "why, a code"},
)
REDEMPTION_FAILED = EventType(
    name="redemption.failed",
    aggregate="redemption",
    description="Lines were rejected, or nobody could deliver them: their points are back.",
    payload={**MOVED, "reasons": "why, a code a line, in the order of the lines"},
)
EVENTS = (
    REDEMPTION_HELD,
    REDEMPTION_AWAITS_APPROVAL,
    REDEMPTION_ORDERED,
    REDEMPTION_FULFILLED,
    REDEMPTION_REFUNDED,
    REDEMPTION_CANCELLED,
    REDEMPTION_FAILED,
)
