"""Every question about endpoints, their deliveries and their log; secrets are never among the answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.access.principals import Actor, Role
from domain.kernel.sql import Connection, Database, Row

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
ATTEMPTS_SHOWN_MAX = 50


class EndpointState(StrEnum):
    """Where an endpoint stands; only an ACTIVE one hears events."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"
    DELETED = "DELETED"


class DeliveryKind(StrEnum):
    """What a delivery carries."""

    EVENT = "EVENT"
    TEST = "TEST"
    CHALLENGE = "CHALLENGE"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "WAITING"
    DELIVERED = "DELIVERED"
    PARKED = "PARKED"
    WITHHELD = "WITHHELD"


@dataclass(frozen=True, kw_only=True)
class EndpointRecord:
    """An endpoint without its secrets; no events named means all."""

    id: UUID
    url: str
    description: str
    events: tuple[str, ...]
    state: EndpointState
    reason: str | None
    source_id: UUID | None
    is_rotating_until: datetime | None
    version: int
    recorded_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class AttemptRecord:
    """One try: what it met, in which time."""

    n: int
    outcome: str
    status: int | None
    response: str | None
    milliseconds: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DeliveryRecord:
    """One message to one endpoint."""

    id: UUID
    endpoint_id: UUID
    kind: DeliveryKind
    event_id: UUID
    event_name: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    recorded_at: datetime
    ended_at: datetime | None


# Whose endpoints a viewer is handed: all for the vendor's administrators and support, else those of the key's source.
SEES = """
(viewer.sees_all OR (viewer.is_machine AND endpoint.owner_role = 'INTEGRATION'
                     AND endpoint.source_id IS NOT DISTINCT FROM viewer.source_id)) AND endpoint.state <> 'DELETED'
"""
VIEWERS = "unnest($1::bool[], $2::bool[], $3::uuid[], $4::uuid[]) WITH ORDINALITY"
ENDPOINT = """endpoint.id, endpoint.url, endpoint.description, endpoint.events, endpoint.state, endpoint.reason,
endpoint.source_id, endpoint.previous_until, endpoint.version, endpoint.recorded_at, endpoint.updated_at"""
DELIVERY = """delivery.id, delivery.endpoint_id, delivery.kind, delivery.event_id, delivery.event_name, delivery.state,
delivery.attempts, delivery.next_at, delivery.recorded_at, delivery.ended_at"""

ENDPOINTS = f"""
SELECT {ENDPOINT} FROM webhook_endpoint endpoint,
  (SELECT $1::bool AS sees_all, $2::bool AS is_machine, $3::uuid AS source_id) viewer
WHERE {SEES} AND ($4::uuid IS NULL OR endpoint.id > $4) ORDER BY endpoint.id LIMIT $5
"""
ENDPOINTS_BY_ID = f"""
SELECT viewer.place, {ENDPOINT} FROM {VIEWERS} AS viewer (sees_all, is_machine, source_id, id, place)
JOIN webhook_endpoint endpoint ON endpoint.id = viewer.id WHERE {SEES}
"""
DELIVERIES_BY_ID = f"""
SELECT viewer.place, {DELIVERY} FROM {VIEWERS} AS viewer (sees_all, is_machine, source_id, id, place)
JOIN webhook_delivery delivery ON delivery.id = viewer.id
JOIN webhook_endpoint endpoint ON endpoint.id = delivery.endpoint_id WHERE {SEES}
"""
DELIVERIES_OF = f"""
SELECT viewer.place, delivery.* FROM {VIEWERS} AS viewer (sees_all, is_machine, source_id, id, place)
JOIN webhook_endpoint endpoint ON endpoint.id = viewer.id
CROSS JOIN LATERAL (
  SELECT {DELIVERY} FROM webhook_delivery delivery WHERE delivery.endpoint_id = endpoint.id
  AND ($5::timestamptz IS NULL OR (delivery.recorded_at, delivery.id) < ($5, $6::uuid))
  AND ($7::text IS NULL OR delivery.state = $7)
  ORDER BY delivery.recorded_at DESC, delivery.id DESC LIMIT $8
) delivery
WHERE {SEES} ORDER BY viewer.place, delivery.recorded_at DESC, delivery.id DESC
"""
ATTEMPTS_OF = f"""
SELECT viewer.place, attempt.* FROM {VIEWERS} AS viewer (sees_all, is_machine, source_id, id, place)
JOIN webhook_delivery delivery ON delivery.id = viewer.id
JOIN webhook_endpoint endpoint ON endpoint.id = delivery.endpoint_id
CROSS JOIN LATERAL (
  SELECT n, outcome, status, response, milliseconds, at FROM webhook_attempt
  WHERE delivery_id = delivery.id ORDER BY n DESC LIMIT {ATTEMPTS_SHOWN_MAX}
) attempt
WHERE {SEES} ORDER BY viewer.place, attempt.n DESC
"""

Pairs = Sequence[tuple[Actor, UUID]]


def sees_all(actor: Actor) -> bool:
    """True for those of the vendor who are handed every endpoint."""
    return actor.role in (Role.ADMIN, Role.SUPPORT, Role.SYSTEM)


def is_machine(actor: Actor) -> bool:
    """True for a key: it is handed the endpoints of its source, or of the deployment where it is bound to none."""
    return actor.role is Role.INTEGRATION


async def endpoints(
    source: Database | Connection, actor: Actor, *, after: UUID | None = None, limit: int = PAGE_MAX
) -> list[EndpointRecord]:
    """The endpoints that the actor is handed, in order of their ids, at most 100."""
    rows = await source.fetch(
        ENDPOINTS, sees_all(actor), is_machine(actor), actor.source_id, after, min(limit, PAGE_MAX)
    )
    return [endpoint_record(row) for row in rows]


async def endpoints_by_id(source: Database | Connection, pairs: Pairs) -> Sequence[EndpointRecord | None]:
    """Each pair's endpoint, None where it is not for its actor. One statement."""
    found = {row["place"]: endpoint_record(row) for row in await source.fetch(ENDPOINTS_BY_ID, *_viewers(pairs))}
    return [found.get(place) for place in range(1, len(pairs) + 1)]


async def deliveries_by_id(source: Database | Connection, pairs: Pairs) -> Sequence[DeliveryRecord | None]:
    """Each pair's delivery, None where it is not for its actor. One statement."""
    found = {row["place"]: delivery_record(row) for row in await source.fetch(DELIVERIES_BY_ID, *_viewers(pairs))}
    return [found.get(place) for place in range(1, len(pairs) + 1)]


async def deliveries_of(
    source: Database | Connection,
    pairs: Pairs,
    *,
    limit: int = PAGE_MAX,
    after: tuple[datetime, UUID] | None = None,
    state: str | None = None,
) -> Sequence[Sequence[DeliveryRecord]]:
    """Each endpoint's deliveries, newest first. One statement."""
    at, last = after or (None, None)
    rows = await source.fetch(DELIVERIES_OF, *_viewers(pairs), at, last, state, min(limit, PAGE_MAX))
    found: list[list[DeliveryRecord]] = [[] for _ in pairs]
    for row in rows:
        found[row["place"] - 1].append(delivery_record(row))
    return found


async def attempts_of(source: Database | Connection, pairs: Pairs) -> Sequence[Sequence[AttemptRecord]]:
    """The log of each delivery, newest first, at most 50 lines. One statement."""
    found: list[list[AttemptRecord]] = [[] for _ in pairs]
    for row in await source.fetch(ATTEMPTS_OF, *_viewers(pairs)):
        told = {name: value for name, value in row.items() if name != "place"}
        found[row["place"] - 1].append(AttemptRecord(**told))
    return found


def endpoint_record(row: Row) -> EndpointRecord:
    """A row of webhook_endpoint, its secrets left behind."""
    return EndpointRecord(
        id=row["id"],
        url=row["url"],
        description=row["description"],
        events=tuple(row["events"]),
        state=EndpointState(row["state"]),
        reason=row["reason"],
        source_id=row["source_id"],
        is_rotating_until=row["previous_until"],
        version=row["version"],
        recorded_at=row["recorded_at"],
        updated_at=row["updated_at"],
    )


def delivery_record(row: Row) -> DeliveryRecord:
    """A row of webhook_delivery; `next_at` only while it waits."""
    state = DeliveryState(row["state"])
    return DeliveryRecord(
        id=row["id"],
        endpoint_id=row["endpoint_id"],
        kind=DeliveryKind(row["kind"]),
        event_id=row["event_id"],
        event_name=row["event_name"],
        state=state,
        attempts=row["attempts"],
        next_at=row["next_at"] if state is DeliveryState.WAITING else None,
        recorded_at=row["recorded_at"],
        ended_at=row["ended_at"],
    )


def _viewers(pairs: Pairs) -> tuple[list[object], ...]:
    return (
        [sees_all(actor) for actor, _ in pairs],
        [is_machine(actor) for actor, _ in pairs],
        [actor.source_id for actor, _ in pairs],
        [key for _, key in pairs],
    )
