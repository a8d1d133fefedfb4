"""Due deliveries are leased to one sender: at most two of an endpoint at a time, so that none starves the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from api.webhooks.fanning import ACTION
from api.webhooks.owners import owner_of, scopes_of
from api.webhooks.reading import DeliveryKind
from catalog.redemptions.entitling import entitled_of_all
from domain.access.matrix import Matrix
from domain.access.principals import SYSTEM
from domain.kernel.events import StampedEvent
from domain.kernel.operation import Door, Operation
from domain.kernel.outbox import stamped
from domain.kernel.sql import Row

AT_ONCE_MAX = 2
LEASE = timedelta(seconds=45)  # three times what a call may take

# The endpoint's lock makes counting and taking one step; whoever finds it locked serves others meanwhile.
OPEN = """
SELECT endpoint.id, endpoint.url, endpoint.owner_role, endpoint.source_id, endpoint.secret, endpoint.previous_secret,
       endpoint.previous_until, endpoint.state
FROM webhook_endpoint endpoint
WHERE endpoint.state IN ('ACTIVE', 'PENDING') AND EXISTS (
  SELECT 1 FROM webhook_delivery delivery WHERE delivery.endpoint_id = endpoint.id AND delivery.state = 'WAITING'
  AND delivery.next_at <= $1 AND (delivery.lease_until IS NULL OR delivery.lease_until <= $1)
  AND (delivery.kind = 'CHALLENGE') = (endpoint.state = 'PENDING')
) AND (
  SELECT count(*) FROM webhook_delivery leased WHERE leased.endpoint_id = endpoint.id AND leased.state = 'WAITING'
  AND leased.lease_until > $1
) < $2
ORDER BY random() LIMIT $3 FOR UPDATE SKIP LOCKED
"""
TAKE = """
WITH taken AS (
  SELECT due.id FROM unnest($1::uuid[], $2::bool[]) AS endpoint (id, is_challenge)
  CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM webhook_delivery leased
    WHERE leased.endpoint_id = endpoint.id AND leased.state = 'WAITING' AND leased.lease_until > $3
  ) busy
  CROSS JOIN LATERAL (
    SELECT delivery.id FROM webhook_delivery delivery
    WHERE delivery.endpoint_id = endpoint.id AND delivery.state = 'WAITING' AND delivery.next_at <= $3
    AND (delivery.lease_until IS NULL OR delivery.lease_until <= $3)
    AND (delivery.kind = 'CHALLENGE') = endpoint.is_challenge
    ORDER BY delivery.next_at, delivery.id LIMIT greatest(0, $4 - busy.n) FOR UPDATE SKIP LOCKED
  ) due
)
UPDATE webhook_delivery delivery SET lease_until = $5, attempts = attempts + 1 FROM taken
WHERE delivery.id = taken.id
RETURNING delivery.id, delivery.endpoint_id, delivery.kind, delivery.event_id, delivery.event_name, delivery.attempts,
          delivery.failures, delivery.recorded_at
"""
EVENTS = """
SELECT position, event_id, name, aggregate_kind, aggregate_id, member_id, partner_id, program_id, payload, recorded_at
FROM outbox WHERE event_id = ANY($1::uuid[])
"""
WITHHOLD = """
UPDATE webhook_delivery SET state = 'WITHHELD', ended_at = $2, lease_until = NULL WHERE id = ANY($1::uuid[])
"""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A delivery in our hands until its lease ends; `attempt` is its fence. Secrets are still sealed."""

    id: UUID
    endpoint_id: UUID
    url: str
    kind: DeliveryKind
    event_id: UUID
    event_name: str
    event: StampedEvent | None
    attempt: int
    failures: int
    recorded_at: datetime
    secrets: tuple[bytes, ...] = field(repr=False)
    sent_at: datetime


async def claim_due(door: Door, matrix: Matrix, limit: int) -> list[Claimed]:
    """Up to `limit` endpoints' next deliveries, judged anew: what its owner may no longer know is withheld."""

    async def work(op: Operation) -> list[Claimed]:
        endpoints = await op.sql.fetch(OPEN, op.now, AT_ONCE_MAX, limit)
        if not endpoints:
            return []
        ids, challenged = [row["id"] for row in endpoints], [row["state"] == "PENDING" for row in endpoints]
        taken = await op.sql.fetch(TAKE, ids, challenged, op.now, AT_ONCE_MAX, op.now + LEASE)
        events = await _events(op, matrix, endpoints, taken)
        by_id = {row["id"]: row for row in endpoints}
        claimed = list[Claimed]()
        # The receiver compares with its own clock, which no sandbox moves.
        sent_at: datetime = await op.sql.fetchval("SELECT clock_timestamp()")  # pyright: ignore[reportAssignmentType] always one
        for row in taken:
            event = events.get((row["endpoint_id"], row["event_id"]))
            if event is not None or row["kind"] != DeliveryKind.EVENT.value:
                claimed.append(_claimed(op, row, by_id[row["endpoint_id"]], event, sent_at))
        withheld = {row["id"] for row in taken} - {one.id for one in claimed}
        if withheld:
            await op.sql.execute(WITHHOLD, list(withheld), op.now)
        return claimed

    return await door.operate(SYSTEM, work)


async def _events(
    op: Operation, matrix: Matrix, endpoints: Sequence[Row], taken: Sequence[Row]
) -> Mapping[tuple[UUID, UUID], StampedEvent]:
    """By endpoint and event, what of the taken deliveries their owners may still be told."""
    ids = [row["event_id"] for row in taken if row["kind"] == DeliveryKind.EVENT.value]
    if not ids:
        return {}
    read = {row["event_id"]: stamped(row) for row in await op.sql.fetch(EVENTS, ids)}
    scopes = await scopes_of(op.sql, endpoints)
    found: dict[tuple[UUID, UUID], StampedEvent] = {}
    for endpoint in endpoints:
        owner = owner_of(endpoint, scopes)
        own = [row["event_id"] for row in taken if row["endpoint_id"] == endpoint["id"]]
        wanted = [read[event_id] for event_id in own if event_id in read]
        if wanted and matrix.allows_action(ACTION, owner):
            for event in await entitled_of_all(op.sql, matrix, ACTION, owner, wanted):
                found[endpoint["id"], event.event_id] = event
    return found


def _claimed(op: Operation, row: Row, endpoint: Row, event: StampedEvent | None, sent_at: datetime) -> Claimed:
    secrets = [endpoint["secret"]]
    if endpoint["previous_secret"] is not None and endpoint["previous_until"] > op.now:
        secrets.append(endpoint["previous_secret"])
    return Claimed(
        id=row["id"],
        endpoint_id=row["endpoint_id"],
        url=endpoint["url"],
        kind=DeliveryKind(row["kind"]),
        event_id=row["event_id"],
        event_name=row["event_name"],
        event=event,
        attempt=row["attempts"],
        failures=row["failures"],
        recorded_at=row["recorded_at"],
        secrets=tuple(secrets),
        sent_at=sent_at,
    )
