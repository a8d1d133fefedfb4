"""The events of webhooks: an endpoint came, changed or fell silent. Addresses and secrets stay out of them."""

from domain.kernel.events import EventType

ENDPOINT_CREATED = EventType(
    name="webhook_endpoint.created",
    aggregate="webhook_endpoint",
    description="An endpoint was registered; it hears nothing until it has answered its challenge.",
    payload={"source_id": "the source whose key registered it, or null"},
)
ENDPOINT_CHANGED = EventType(
    name="webhook_endpoint.changed",
    aggregate="webhook_endpoint",
    description="An endpoint's address, events, state or secret changed.",
    payload={"state": "its state from now on", "version": "its version from now on"},
)
ENDPOINT_DISABLED = EventType(
    name="webhook_endpoint.disabled",
    aggregate="webhook_endpoint",
    description="An endpoint is not called any more: it said 410 Gone, or never answered its challenge.",
    payload={"reason": "GONE or CHALLENGE_FAILED"},
)
EVENTS = (ENDPOINT_CREATED, ENDPOINT_CHANGED, ENDPOINT_DISABLED)
