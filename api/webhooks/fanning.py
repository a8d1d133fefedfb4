"""Stamped events become deliveries: each endpoint reads on from its own cursor, and skips nothing between two (E2)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from api.webhooks.owners import owner_of, scopes_of
from catalog.redemptions.entitling import entitled_of_all
from domain.access.matrix import Matrix
from domain.access.principals import SYSTEM, Actor
from domain.kernel import outbox
from domain.kernel.events import StampedEvent
from domain.kernel.ids import new_ids
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Row

ACTION = "Subscription.rewardEvents"
ENDPOINTS_MAX = 20
EVENTS_MAX = 500

BEHIND = """
SELECT id, events, owner_role, source_id, position FROM webhook_endpoint
WHERE state = 'ACTIVE' AND position < (SELECT last_position FROM relay_state WHERE id = 1)
ORDER BY position, id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
DELIVER = """
INSERT INTO webhook_delivery (id, endpoint_id, kind, event_id, event_name, position, state, next_at, recorded_at)
SELECT id, endpoint_id, 'EVENT', event_id, event_name, position, 'WAITING', $6, $6
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[])
     AS told (id, endpoint_id, event_id, event_name, position)
ON CONFLICT (endpoint_id, event_id) DO NOTHING
"""
ADVANCE = """
UPDATE webhook_endpoint SET position = told.position
FROM unnest($1::uuid[], $2::bigint[]) AS told (id, position) WHERE webhook_endpoint.id = told.id
"""


async def fan_out(door: Door, matrix: Matrix) -> int:
    """The endpoints furthest behind have their next events as deliveries; answers how many events were looked at.

    One transaction moves the cursor and writes the deliveries: after a crash neither or both are there.
    """

    async def work(op: Operation) -> int:
        behind = await op.sql.fetch(BEHIND, ENDPOINTS_MAX)
        if not behind:
            return 0
        events = await _events(op, behind)
        scopes = await scopes_of(op.sql, behind)
        found = list[tuple[UUID, StampedEvent]]()
        for row, read in zip(behind, events, strict=True):
            named = frozenset[str](row["events"])
            wanted = [event for event in read if not named or event.name in named]
            owner: Actor = owner_of(row, scopes)
            # Nobody's key may hear events today: what happens now is told to no one, and the cursor moves on.
            if wanted and matrix.allows_action(ACTION, owner):
                granted = await entitled_of_all(op.sql, matrix, ACTION, owner, wanted)
                found += [(row["id"], event) for event in granted]
        await _deliver(op, found)
        op.failpoints.hit("webhooks.after_fan_out")
        ends = [read[-1].position for read in events]
        await op.sql.execute(ADVANCE, [row["id"] for row in behind], ends)
        return sum(map(len, events))

    return await door.operate(SYSTEM, work)


async def _events(op: Operation, behind: Sequence[Row]) -> list[list[StampedEvent]]:
    """What each endpoint has to look at; those that stand at one position read together."""
    read: Mapping[int, list[StampedEvent]] = {
        position: await outbox.read(op.sql, position, EVENTS_MAX)
        for position in sorted({row["position"] for row in behind})
    }
    return [read[row["position"]] for row in behind]


async def _deliver(op: Operation, found: Sequence[tuple[UUID, StampedEvent]]) -> None:
    if found:
        await op.sql.execute(
            DELIVER,
            new_ids(len(found)),
            [endpoint_id for endpoint_id, _ in found],
            [event.event_id for _, event in found],
            [event.name for _, event in found],
            [event.position for _, event in found],
            op.now,
        )
