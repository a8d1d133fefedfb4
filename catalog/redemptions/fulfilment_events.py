"""The events of fulfilment: who would not deliver, what waits for people, where goods are, whose code failed."""

from typing import Any
from uuid import UUID

from catalog.redemptions.line import Line
from domain.kernel.events import Event, EventType

FULFILMENT_REFUSED = EventType(
    name="redemption.supplier_refused",
    aggregate="redemption",
    description="A supplier surely did not deliver a line; the next one is tried, or the line fails.",
    payload={
        "line_id": "the line",
        "attempt_id": "the attempt that ended",
        "supplier_id": "who refused",
        "reason": "why, a code",
        "next_supplier_id": "who is tried next, or null",
    },
)
FULFILMENT_PARKED = EventType(
    name="redemption.fulfilment_parked",
    aggregate="redemption",
    description="Nobody could say whether a line was delivered; an operator decides when it is tried again.",
    payload={
        "line_id": "the line",
        "attempt_id": "the attempt that waits",
        "supplier_id": "whose answer is missing",
        "reason": "what was said last, a code",
    },
)
FULFILMENT_RETRIED = EventType(
    name="redemption.fulfilment_retried",
    aggregate="redemption",
    description="An operator had a supplier asked again now.",
    payload={"line_id": "the line", "attempt_id": "the attempt", "supplier_id": "who is asked"},
)
DELIVERY_CHANGED = EventType(
    name="redemption.delivery_changed",
    aggregate="redemption",
    description="Goods that were fulfilled are at another point of their way.",
    payload={
        "lines": "ids of the lines",
        "version": "the redemption's version afterwards",
        "delivery": "SENT (again, if it bounced before), DELIVERED, BOUNCED or REVEALED",
    },
)
CODE_REVEALED = EventType(
    name="code.revealed",
    aggregate="code",
    description="The owner was shown her code.",
    payload={"line_id": "the line it belongs to", "redemption_id": "the redemption of the line"},
)
CODE_PROBLEM_REPORTED = EventType(
    name="code_problem.reported",
    aggregate="code_problem",
    description="A code does not work, or its batch was recalled after it was seen.",
    payload={"line_id": "the line of the code", "problem": "what is wrong, a code"},
)
CODE_PROBLEM_SETTLED = EventType(
    name="code_problem.settled",
    aggregate="code_problem",
    description="A problem with a code was settled.",
    payload={"line_id": "the line of the code", "settlement": "REPLACED, REFUNDED or REJECTED"},
)
CODE_REPLACED = EventType(
    name="code.replaced",
    aggregate="code",
    description="A line has another code, because the one before was bad; this is the new one.",
    payload={"line_id": "the line", "redemption_id": "the redemption of the line", "reason": "why, a code"},
)
FULFILMENT_EVENTS = (
    FULFILMENT_REFUSED,
    FULFILMENT_PARKED,
    FULFILMENT_RETRIED,
    DELIVERY_CHANGED,
    CODE_REVEALED,
    CODE_PROBLEM_REPORTED,
    CODE_PROBLEM_SETTLED,
    CODE_REPLACED,
)


def about_line(event: EventType, aggregate_id: UUID, line: Line, **payload: Any) -> Event:
    """The event, for those who may see the line."""
    return event.about(aggregate_id, member_id=line.member_id, partner_id=line.partner_id, **payload)
