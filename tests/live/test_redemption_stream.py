"""An order over a socket: as it stands, then after each change, and after a cut without a gap."""

from collections.abc import AsyncIterator

import pytest

from api.graph.ids import Tag, encode_id
from domain.access.principals import Role
from tests.live.stage import Hearer, Stage, staged
from tests.shop import Shop, open_shop

FOLLOW = """
subscription Follow($id: ID!, $after: Cursor) { redemption(id: $id, after: $after) { cursor previous content {
  __typename ... on RedemptionUpdate { change redemption { id version state lines { state maskedCode } } } } } }
"""


@pytest.fixture(scope="module")
async def stage(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(database, valkey_url, tmp_path_factory.mktemp("home"), heartbeat_seconds=0.4) as stage:
        yield stage


@pytest.fixture(scope="module")
async def shop(stage: Stage) -> Shop:
    opened = await open_shop(stage.world)
    for place in range(2):
        await opened.give(place, 1_000)
    return opened


def changes(hearer: Hearer) -> list[tuple[str | None, str]]:
    return [(one["change"], one["redemption"]["state"]) for one in hearer.of("RedemptionUpdate")]


async def test_an_order_is_followed_from_its_snapshot_and_resumed_without_a_gap(stage: Stage, shop: Shop) -> None:
    token = await stage.person("ann", Role.MEMBER, 0)
    redemption_id = await shop.order(shop.rep(), await shop.item(10, needs_approval=True))
    other = await shop.order(shop.rep(), await shop.item(10))
    await stage.settled()
    id, lines = encode_id(Tag.REDEMPTION, redemption_id), await shop.lines(redemption_id)
    async with stage.hearing(token, FOLLOW, id=id) as first:
        await first.until(lambda: len(first.of("RedemptionUpdate")) == 1)
        await shop.fail(await shop.lines(other))
        await shop.approve(redemption_id)
        await first.until(lambda: len(first.of("RedemptionUpdate")) == 2)
        cursor = first.cursor
    assert changes(first) == [(None, "PENDING_APPROVAL"), ("redemption.ordered", "ORDERED")]
    await shop.fulfil(lines)
    async with stage.hearing(token, FOLLOW, id=id, after=cursor) as second:
        await second.until(lambda: bool(second.of("RedemptionUpdate")))
    assert second.heard[0]["previous"] == cursor
    (update,) = second.of("RedemptionUpdate")
    assert (update["change"], update["redemption"]["state"]) == ("redemption.fulfilled", "FULFILLED")
    assert update["redemption"]["lines"] == [{"state": "FULFILLED", "maskedCode": "•••• 1234"}]


async def test_nobody_follows_an_order_that_is_not_theirs_to_see(stage: Stage, shop: Shop) -> None:
    token = await stage.person("bob", Role.MEMBER, 1)
    redemption_id = await shop.order(shop.rep(), await shop.item(10))
    async with stage.hearing(token, FOLLOW, id=encode_id(Tag.REDEMPTION, redemption_id)) as stranger:
        await stranger.until(lambda: bool(stranger.heard))
    (error,) = stranger.heard[0]["content"]["payload"]
    assert error["extensions"]["code"] == "NOT_FOUND"
