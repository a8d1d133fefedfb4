"""The events of earning itself; awards and reversals are told by the ledger."""

from domain.kernel.events import EventType

UNIT_REWALKED = EventType(
    name="unit.rewalked",
    aggregate="unit",
    description="A unit of evaluation was walked again because a fact or a rate of the past became known.",
    payload={
        "terms_id": "id of the terms version",
        "rule": "code of the rule",
        "subject_id": "whose unit it is",
        "period_start": "start of the unit's period, ISO 8601 in UTC",
        "cause_id": "what reversals of this walk name as their cause",
    },
)
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
EVENTS = (UNIT_REWALKED, GRANT_GIVEN, GRANT_REVOKED)
