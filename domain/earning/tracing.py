"""Which source stands behind an event: its activity's, also for awards, which follow from an activity."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.kernel.events import StampedEvent
from domain.kernel.sql import Connection, Database

SOURCES_OF_AWARDS = """
SELECT award.id, activity.source_id FROM award
JOIN due ON due.id = award.due_id JOIN activity ON activity.id = due.activity_id
WHERE award.id = ANY($1::uuid[])
"""


async def sources_of(source: Database | Connection, events: Sequence[StampedEvent]) -> Mapping[UUID, UUID]:
    """Per event id the source that registered what it is about; events of no source are absent. One statement."""
    awards = list({event.aggregate_id for event in events if event.aggregate_kind == "award"})
    rows = await source.fetch(SOURCES_OF_AWARDS, awards) if awards else []
    of_award = {row["id"]: row["source_id"] for row in rows}
    found = dict[UUID, UUID]()
    for event in events:
        told = event.payload.get("source_id")
        known = UUID(told) if isinstance(told, str) else of_award.get(event.aggregate_id)
        if known is not None:
            found[event.event_id] = known
    return found
