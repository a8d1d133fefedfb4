"""Again, by hand: one delivery, all since a time, or a test; and what ended long ago is forgotten."""

from datetime import datetime
from uuid import UUID

from api.webhooks.reading import EndpointState, is_machine, sees_all
from api.webhooks.registering import locked_endpoint
from domain.access import audit
from domain.access.principals import SYSTEM, Actor
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotFound

REPLAYED_MAX = 10_000
KEPT_DAYS = 30
FORGOTTEN_MAX = 1_000
TEST_NAME = "webhook.test"

TEST = """
INSERT INTO webhook_delivery (id, endpoint_id, kind, event_id, event_name, state, next_at, recorded_at)
VALUES ($1, $2, 'TEST', $3, $4, 'WAITING', $5, $5)
"""
ENDPOINT_OF = """
SELECT delivery.endpoint_id FROM webhook_delivery delivery
JOIN webhook_endpoint endpoint ON endpoint.id = delivery.endpoint_id
WHERE delivery.id = $1 AND delivery.kind <> 'CHALLENGE' AND endpoint.state <> 'DELETED'
AND ($2 OR ($3 AND endpoint.owner_role = 'INTEGRATION' AND endpoint.source_id IS NOT DISTINCT FROM $4::uuid))
"""
AGAIN = """
UPDATE webhook_delivery SET state = 'WAITING', ended_at = NULL, failures = 0, next_at = $2, lease_until = CASE
  WHEN state = 'WAITING' THEN lease_until END
WHERE id = $1
"""
AGAIN_SINCE = """
WITH chosen AS (
  SELECT id FROM webhook_delivery
  WHERE endpoint_id = $1 AND kind = 'EVENT' AND recorded_at >= $2 AND state = ANY($3::text[])
  ORDER BY recorded_at, id LIMIT $4 FOR UPDATE
)
UPDATE webhook_delivery SET state = 'WAITING', ended_at = NULL, failures = 0, next_at = $5, lease_until = NULL
FROM chosen WHERE webhook_delivery.id = chosen.id RETURNING webhook_delivery.id
"""
FORGET = """
DELETE FROM webhook_delivery WHERE id IN (
  SELECT id FROM webhook_delivery WHERE state <> 'WAITING' AND ended_at < $1 ORDER BY ended_at LIMIT $2
  FOR UPDATE SKIP LOCKED
) RETURNING id
"""


async def send_test(door: Door, actor: Actor, keyed: Keyed, endpoint_id: UUID) -> UUID:
    """A `webhook.test` is on its way like any event; answers its delivery.

    Refuses: NotFound; InvalidInput (the endpoint is not ACTIVE); KeyReused; TryLater.
    """

    async def work(op: Operation) -> dict[str, str]:
        row = await locked_endpoint(op, actor, endpoint_id)
        _must_be_active(row["state"])
        delivery_id = new_id()
        await op.sql.execute(TEST, delivery_id, endpoint_id, new_id(), TEST_NAME, op.now)
        return {"id": str(delivery_id)}

    return UUID((await door.operate_keyed(actor, "sendTestEvent", keyed, work)).facts["id"])


async def replay_delivery(door: Door, actor: Actor, delivery_id: UUID) -> None:
    """The delivery is due now, under the same message id, with the whole schedule before it.

    Refuses: NotFound; InvalidInput (the endpoint is not ACTIVE); TryLater.
    """

    async def work(op: Operation) -> None:
        owned = (sees_all(actor), is_machine(actor), actor.source_id)
        endpoint_id = await op.sql.fetchval(ENDPOINT_OF, delivery_id, *owned)
        if endpoint_id is None:
            raise NotFound(kind="webhook delivery", id=str(delivery_id))
        row = await locked_endpoint(op, actor, endpoint_id)
        _must_be_active(row["state"])
        await op.sql.execute(AGAIN, delivery_id, op.now)
        await audit.record_in(op, "webhook_delivery.replayed", "webhook_delivery", delivery_id)

    await door.operate(actor, work)


async def replay_deliveries(
    door: Door, actor: Actor, keyed: Keyed, endpoint_id: UUID, *, since: datetime, delivered_too: bool = False
) -> int:
    """What was parked since then (with `delivered_too` also what arrived) is due now; at most 10,000, oldest first.

    Refuses: NotFound; InvalidInput (the endpoint is not ACTIVE); KeyReused; TryLater.
    """
    states = ["PARKED", "WITHHELD", *(["DELIVERED"] if delivered_too else [])]

    async def work(op: Operation) -> dict[str, int]:
        row = await locked_endpoint(op, actor, endpoint_id)
        _must_be_active(row["state"])
        again = await op.sql.fetch(AGAIN_SINCE, endpoint_id, since, states, REPLAYED_MAX, op.now)
        await audit.record_in(op, "webhook_deliveries.replayed", "webhook_endpoint", endpoint_id, count=len(again))
        return {"count": len(again)}

    return int((await door.operate_keyed(actor, "replayWebhookDeliveries", keyed, work)).facts["count"])


async def forget_old(door: Door, *, days: int = KEPT_DAYS, limit: int = FORGOTTEN_MAX) -> int:
    """Deliveries that ended so many days ago are gone with their log; answers how many, at most `limit`."""

    async def work(op: Operation) -> int:
        until = await op.sql.fetchval("SELECT $1::timestamptz - make_interval(days => $2)", op.now, days)
        return len(await op.sql.fetch(FORGET, until, limit))

    return await door.operate(SYSTEM, work)


def _must_be_active(state: str) -> None:
    if state != EndpointState.ACTIVE.value:
        raise InvalidInput(field="endpointId", problem=f"the endpoint is {state}, not ACTIVE")
