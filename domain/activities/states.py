"""Activities as they stand now, by id or by deal: for earning, which walks units and weighs deals again."""

from collections.abc import Collection
from uuid import UUID

from domain.activities.activity import ActivityState
from domain.activities.storing import state_of
from domain.kernel.sql import Connection

BY_ID = "SELECT * FROM activity WHERE id = ANY($1::uuid[])"
OF_DEALS = "SELECT * FROM activity WHERE deal_key = ANY($1::text[]) AND state = 'ACTIVE' ORDER BY id"


async def states_of(connection: Connection, activity_ids: Collection[UUID]) -> dict[UUID, ActivityState]:
    """The current state of each activity, by id; one statement."""
    if not activity_ids:
        return {}
    rows = await connection.fetch(BY_ID, list(activity_ids))
    return {row["id"]: state_of(row) for row in rows}


async def states_of_deals(connection: Connection, deal_keys: Collection[str]) -> list[ActivityState]:
    """The active activities of each deal; one statement."""
    return [state_of(row) for row in await connection.fetch(OF_DEALS, list(deal_keys))]
