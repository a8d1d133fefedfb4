"""The events of earning itself; awards and reversals are told by the ledger."""

from domain.kernel.events import EventType

GRANT_GIVEN = EventType(
    name="grant.given",
    aggregate="grant",
    description="A bundle was granted beside an award.",
    payload={"due_id": "the due it came with", "bundle": "code of the bundle", "quantity": "how many"},
)
GRANT_REVOKED = EventType(
    name="grant.revoked",
    aggregate="grant",
    description="The due that a bundle came with is due no longer.",
    payload={"due_id": "the due it came with", "bundle": "code of the bundle", "quantity": "how many"},
)
EVENTS = (GRANT_GIVEN, GRANT_REVOKED)
