"""Which events somebody may be told: the matrix, the portfolio and the source behind each, judged for a whole set."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from domain.access.entitlement import relation_to
from domain.access.matrix import Matrix
from domain.access.ownership import sight
from domain.access.principals import Actor, Role
from domain.access.reading import partners_reached
from domain.earning.tracing import sources_of
from domain.kernel.events import StampedEvent
from domain.kernel.sql import Connection, Database

NOTHING_MORE: Mapping[UUID, UUID] = MappingProxyType({})


async def entitled(
    source: Database | Connection,
    matrix: Matrix,
    action: str,
    actor: Actor,
    events: Sequence[StampedEvent],
    *,
    more_sources: Mapping[UUID, UUID] = NOTHING_MORE,
) -> list[StampedEvent]:
    """Those of the events that the matrix grants the actor in this action; at most one statement.

    `more_sources`: per event id, the source that a room above knows to stand behind it.
    """
    cell, seen = matrix.action_cell(action, actor.role), sight(actor)
    reached: Collection[UUID] = ()
    if seen.portfolio_of is not None:
        partners = {event.partner_id for event in events if event.partner_id is not None}
        reached = await partners_reached(source, seen.portfolio_of, partners) if partners else ()
    sources = await sources_of(source, events) if seen.source_id is not None and not seen.sees_all else {}
    sources = {**more_sources, **sources}
    granted = list[StampedEvent]()
    for event in events:
        relation = relation_to(
            event, actor, seen, reached=event.partner_id in reached, source_id=sources.get(event.event_id)
        )
        if relation is not None and (actor.role is Role.SYSTEM or cell.grants(relation, actor.scopes)):
            granted.append(event)
    return granted
