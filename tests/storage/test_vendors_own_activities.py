"""What the vendor granted by hand is no deal of a source's: it is undone by adjusting, never by a message."""

from collections.abc import AsyncIterator

import pytest

from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityReversal, Outcome
from domain.earning.adjusting import Adjustment, adjust_points
from domain.earning.recording import correct_activities, record_activities
from domain.earning.refusals import VendorActivity
from domain.kernel.sql import Database
from tests import sends
from tests.shop import Shop, build_shop


@pytest.fixture
async def shop(fresh_database: str) -> AsyncIterator[Shop]:
    opened = await Database.open(fresh_database, connections_max=4)
    yield await build_shop(opened)
    await opened.close()


async def test_points_sent_or_adjusted_by_hand_are_not_taken_back_by_a_reversed_activity(shop: Shop) -> None:
    await sends.send(shop, await sends.points(shop, 0, amount=100, needs_claim=False))
    wanted = Adjustment(member_id=shop.world.members[0], program_id=shop.program_id, amount=7, reason="by hand")
    await adjust_points(shop.world.door, SYSTEM, shop.world.key(n=1), wanted)
    before = await shop.world.balances(shop.world.members[0])
    rows = await shop.world.database.fetch(
        "SELECT source_id, external_id, type FROM activity WHERE type IN ('reward.sent', 'points.adjusted')"
    )
    assert {row["type"] for row in rows} == {"reward.sent", "points.adjusted"}
    reversals = [ActivityReversal(external_id=row["external_id"], reason="wrong") for row in rows]
    for receive in (correct_activities, record_activities):
        batch = await receive(shop.world.door, shop.world.knowledge, SYSTEM, rows[0]["source_id"], reversals)
        assert [result.outcome for result in batch.results] == [Outcome.REJECTED] * 2
        assert all(isinstance(result.refusal, VendorActivity) for result in batch.results)
    assert await shop.world.balances(shop.world.members[0]) == before
