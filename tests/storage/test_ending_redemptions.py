"""Lines that wait, are cancelled, fail or are refunded: points, stock and codes go where they belong."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from catalog.redemptions import approving
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.refusals import (
    ActionNotAvailable,
)
from domain.access.principals import Actor, Role
from domain.kernel.ids import new_id
from domain.kernel.refusals import InvalidInput, NotAllowed, NotFound
from domain.kernel.sql import Database
from tests.shop import Shop, build_shop

ADMIN = Actor(principal_id=new_id(), role=Role.ADMIN)


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Shop]:
    opened = await Database.open(database)
    yield await build_shop(opened)
    await opened.close()


async def points(shop: Shop, place: int = 0) -> tuple[int, int]:
    found = await shop.world.balances(shop.world.members[place])
    return (found["available"], found["held"])


async def told(shop: Shop, redemption_id: UUID) -> list[str]:
    rows = await shop.world.database.fetch("SELECT name FROM outbox WHERE aggregate_id = $1 ORDER BY id", redemption_id)
    return [row["name"] for row in rows]


async def test_large_orders_and_items_that_say_so_wait_for_approval(shop: Shop) -> None:
    await shop.give(0, 500)
    shop.policy = ShopPolicy(approval_above=200, fraud_hold_minutes=30)
    plain, special = await shop.item(100), await shop.item(10, needs_approval=True)
    assert (await shop.quote(shop.rep(), (plain, 2))).needs_approval is False
    assert (await shop.quote(shop.rep(), (plain, 2), special)).needs_approval is True
    large = await shop.order(shop.rep(), (plain, 2), special)
    mixed = await shop.order(shop.rep(), plain, special)
    assert await shop.states(large) == ["PENDING_APPROVAL"] * 3
    assert await shop.states(mixed) == ["HELD", "PENDING_APPROVAL"]
    assert await told(shop, mixed) == ["redemption.held", "redemption.awaits_approval"]
    waits = await shop.world.database.fetch(
        "SELECT held_until - recorded_at AS wait FROM redemption_line WHERE redemption_id = $1 ORDER BY n", mixed
    )
    assert [row["wait"] for row in waits] == [timedelta(minutes=30), None]


async def test_a_channel_manager_of_the_portfolio_or_an_administrator_approves_and_rejects(shop: Shop) -> None:
    await shop.give(0, 500)
    special = await shop.item(10, needs_approval=True, stock=9)
    manager = Actor(principal_id=new_id(), role=Role.CHANNEL_MANAGER)
    redemption_id = await shop.order(shop.rep(), (special, 4))
    first, second, *others = await shop.lines(redemption_id)
    door, key = shop.world.door, shop.world.key
    with pytest.raises(NotFound):
        await approving.approve(door, manager, key(n=1), redemption_id, [first])
    await shop.execute(
        "INSERT INTO reach (id, principal_id, partner_id, relation) VALUES ($1, $2, $3, 'OPERATOR')",
        new_id(),
        manager.principal_id,
        shop.world.partners[0],
    )
    for actor in (Actor(principal_id=new_id(), role=Role.FINANCE), shop.rep()):
        with pytest.raises(NotAllowed):
            await approving.approve(door, actor, key(n=1), redemption_id, [first])
    await approving.approve(door, manager, key(n=1), redemption_id, [first])
    await approving.reject(door, ADMIN, key(n=1), redemption_id, [second], note="not this one")
    assert await shop.states(redemption_id) == ["ORDERED", "FAILED", "PENDING_APPROVAL", "PENDING_APPROVAL"]
    assert (await points(shop), await shop.stock(special)) == ((470, 30), 6)
    with pytest.raises(ActionNotAvailable) as no:
        await approving.approve(door, ADMIN, key(n=1), redemption_id, [second, *others])
    assert no.value.facts() == {"action": "APPROVE", "line_id": str(second), "state": "FAILED"}
    await approving.approve(door, ADMIN, key(n=1), redemption_id)
    assert await shop.states(redemption_id) == ["ORDERED", "FAILED", "ORDERED", "ORDERED"]
    for wrong in ([], [new_id() for _ in range(21)]):
        with pytest.raises(InvalidInput):
            await approving.approve(door, ADMIN, key(n=1), redemption_id, wrong)
    with pytest.raises(InvalidInput):
        await approving.reject(door, ADMIN, key(n=1), redemption_id, note="x" * 501)
    with pytest.raises(NotFound):
        await approving.approve(door, ADMIN, key(n=1), redemption_id, [new_id()])


async def test_a_member_cancels_what_is_not_ordered_and_gets_everything_back(shop: Shop) -> None:
    await shop.give(0, 500)
    pool = await shop.pool(5)
    special = await shop.item(10, needs_approval=True, stock=9, routes=[(shop.supplier_id, pool)])
    redemption_id = await shop.order(shop.rep(), (special, 3))
    first, *_ = await shop.lines(redemption_id)
    with pytest.raises(NotFound):
        await shop.cancel(shop.rep(1), redemption_id)
    partner_admin = replace(shop.rep(2), role=Role.PARTNER_ADMIN)
    assert partner_admin.partner_id == shop.rep().partner_id
    with pytest.raises(NotAllowed):
        await shop.cancel(partner_admin, redemption_id)
    await shop.cancel(shop.rep(), redemption_id, [first])
    assert (await points(shop), await shop.stock(special)) == ((480, 20), 7)
    assert await shop.pool_counts(pool) == (3, 2, 0, 0)
    await shop.cancel(shop.rep(), redemption_id)
    assert (await points(shop), await shop.stock(special)) == ((500, 0), 9)
    assert await shop.pool_counts(pool) == (5, 0, 0, 0)
    with pytest.raises(ActionNotAvailable):
        await shop.cancel(shop.rep(), redemption_id)
    ordered = await shop.order(shop.rep(), await shop.item(10))
    with pytest.raises(ActionNotAvailable):
        await shop.cancel(shop.rep(), ordered)


async def test_a_line_that_nobody_delivers_gives_back_its_own_part_only(shop: Shop) -> None:
    await shop.give(0, 500)
    pool = await shop.pool(5)
    card = await shop.item(100, stock=5, routes=[(shop.supplier_id, pool)])
    redemption_id = await shop.order(shop.rep(), (card, 3))
    first, second, third = await shop.lines(redemption_id)
    await shop.fulfil([first])
    await shop.fail([second])
    assert await shop.states(redemption_id) == ["FULFILLED", "FAILED", "ORDERED"]
    assert (await points(shop), await shop.stock(card)) == ((300, 100), 3)
    assert await shop.pool_counts(pool) == (3, 1, 1, 0)
    reason = await shop.world.database.fetchval("SELECT reason FROM redemption_line WHERE id = $1", second)
    assert reason == "OUT_OF_STOCK"
    await shop.execute("UPDATE fulfilment_attempt SET state = 'SENT' WHERE line_id = $1", third)
    with pytest.raises(AssertionError, match="may have been delivered"):
        await shop.fail([third])


async def test_finance_refunds_whole_lines_and_voids_their_codes(shop: Shop) -> None:
    await shop.give(0, 500)
    pool = await shop.pool(5)
    card = await shop.item(100, stock=5, routes=[(shop.supplier_id, pool)])
    redemption_id = await shop.order(shop.rep(), (card, 2))
    first, second = await shop.lines(redemption_id)
    finance = Actor(principal_id=new_id(), role=Role.FINANCE)
    with pytest.raises(ActionNotAvailable):
        await shop.refund(finance, redemption_id)
    await shop.fulfil([first, second])
    for actor in (shop.rep(), Actor(principal_id=new_id(), role=Role.SUPPORT)):
        with pytest.raises(NotAllowed):
            await shop.refund(actor, redemption_id)
    await shop.refund(finance, redemption_id, [first])
    assert await shop.states(redemption_id) == ["REFUNDED", "FULFILLED"]
    assert (await points(shop), await shop.stock(card)) == ((400, 0), 3)
    assert await shop.pool_counts(pool) == (3, 0, 1, 1)
    with pytest.raises(ActionNotAvailable):
        await shop.refund(finance, redemption_id, [first])
    with pytest.raises(InvalidInput):
        await shop.refund(finance, redemption_id, [second], reason="x" * 33)
