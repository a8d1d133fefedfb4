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
EVENTS = (UNIT_REWALKED,)
