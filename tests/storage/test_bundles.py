"""Bundles: granted ones become zero-price redemptions; substitutes stand in, what must not stand alone is undone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from catalog.auditing import questions
from catalog.sends.bundling import BundleMode, ItemDraft
from catalog.sends.defining import BundleDraft, define_bundle
from catalog.sends.following import follow_lines
from catalog.sends.granting import choose_rewards, follow_grants
from catalog.sends.reading import bundle_orders_of_members
from catalog.sends.refusals import AddressConsentNeeded, ChoiceRefused, RewardNotOpen
from catalog.sends.settling import Shipping, settle_due
from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityReversal
from domain.kernel import outbox
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.building import deal
from tests.shop import ADDRESS, KEYRING, Shop, build_shop

LINES = """
SELECT line.id, line.state, line.denomination_id, line.fair_value, line.currency, line.price, part.reason
FROM bundle_part AS part LEFT JOIN redemption_line AS line ON line.id = part.line_id
ORDER BY part.order_id, part.n
"""


@pytest.fixture
async def shop(fresh_database: str) -> AsyncIterator[Shop]:
    opened = await Database.open(fresh_database, connections_max=4)
    yield await build_shop(opened)
    await opened.close()


async def define(
    shop: Shop, *items: UUID | ItemDraft, mode: BundleMode = BundleMode.BEST_EFFORT, choose: int | None = None
) -> None:
    drafts = [ItemDraft(denomination_id=one) if isinstance(one, UUID) else one for one in items]
    draft = BundleDraft(code="welcome", name={"en": "Welcome"}, mode=mode, choose=choose, items=drafts)
    await define_bundle(shop.world.door, SYSTEM, shop.world.key(items=len(drafts)), draft)


async def granted(shop: Shop, quantity: int = 1, *, name: str = "a") -> None:
    """A deal whose rule grants the bundle, and the steps that follow it up."""
    grants = {"grants": [{"bundle": "welcome", "quantity": quantity}]}
    await shop.world.launch({"effect": {"kind": "FIXED", "amount": 100}} | grants)
    await shop.world.record(deal(name, shop.world.members[0]))
    await steps(shop)


async def steps(shop: Shop) -> None:
    """What the worker does, until nothing is left to do."""
    while True:
        await outbox.stamp(shop.world.database, Failpoints())
        moved = await follow_grants(shop.world.door) + await settle_due(shop.world.door)
        if not moved + await follow_lines(shop.world.door):
            return


async def lines(shop: Shop) -> Sequence[Any]:
    return await shop.world.database.fetch(LINES)


async def states(shop: Shop) -> list[str | None]:
    return [row["state"] for row in await lines(shop)]


async def order_of(shop: Shop) -> Any:
    pair = (shop.rep(), shop.world.members[0])
    return (await bundle_orders_of_members(shop.world.database, [pair], limit=2))[pair][0]


async def test_a_granted_bundle_becomes_one_redemption_that_costs_nothing_however_often_it_is_followed(
    shop: Shop,
) -> None:
    first, second = await shop.item(), await shop.item()
    await define(shop, first, ItemDraft(denomination_id=second, quantity=2))
    await granted(shop)
    await steps(shop)
    rows = await shop.world.database.fetch("SELECT origin, total FROM redemption")
    assert [tuple(row) for row in rows] == [("GRANT", 0)]
    assert await states(shop) == ["ORDERED"] * 3
    assert (await order_of(shop)).state == "PENDING"
    assert (await shop.world.balances(shop.world.members[0]))["available"] == 110


async def test_the_tax_value_of_each_item_of_a_bundle_is_recorded_with_its_line(shop: Shop) -> None:
    await define(shop, await shop.item(fair_value=1_500), await shop.item(fair_value=250))
    await granted(shop)
    assert [(row["fair_value"], row["currency"], row["price"]) for row in await lines(shop)] == [
        (1_500, "EUR", 0),
        (250, "EUR", 0),
    ]


async def test_a_bundle_is_fulfilled_when_every_part_is(shop: Shop) -> None:
    await define(shop, await shop.item(), await shop.item())
    await granted(shop)
    first, second = [row["id"] for row in await lines(shop)]
    await shop.fulfil([first])
    assert (await order_of(shop)).state == "PARTIALLY_FULFILLED"
    await shop.fulfil([second])
    assert (await order_of(shop)).state == "FULFILLED"
    assert (await audit(shop.world.database, {"C4"}, questions())).is_clean()
    await shop.execute("UPDATE due SET explanation = '[]' WHERE id = (SELECT due_id FROM reward_grant)")
    assert not (await audit(shop.world.database, {"C4"}, questions())).is_clean()


async def test_one_item_out_of_stock_is_replaced_by_its_substitute(shop: Shop) -> None:
    gone, also_gone, there = await shop.item(stock=0), await shop.item(stock=0), await shop.item(stock=5)
    await define(shop, ItemDraft(denomination_id=gone, quantity=2, substitutes=(also_gone, there)))
    await granted(shop)
    assert [row["denomination_id"] for row in await lines(shop)] == [there, there]
    assert await shop.stock(there) == 3


async def test_an_item_that_no_supplier_has_after_all_is_replaced_by_its_substitute(shop: Shop) -> None:
    supplier = await shop.supplier()
    wanted, stands_in = await shop.item(routes=[(supplier, None)]), await shop.item()
    await define(shop, ItemDraft(denomination_id=wanted, substitutes=(stands_in,)), mode=BundleMode.ALL_OR_NOTHING)
    await granted(shop)
    await shop.fail([(await lines(shop))[0]["id"]])
    await steps(shop)
    rows = await lines(shop)
    assert [(row["denomination_id"], row["state"]) for row in rows] == [(stands_in, "ORDERED")]
    assert await shop.world.database.fetchval("SELECT count(*) FROM redemption") == 1
    await shop.fulfil([rows[0]["id"]])
    assert (await order_of(shop)).state == "FULFILLED"


async def test_best_effort_gives_what_there_is(shop: Shop) -> None:
    await define(shop, await shop.item(stock=0), await shop.item())
    await granted(shop)
    assert await states(shop) == [None, "ORDERED"]
    await shop.fulfil([(await lines(shop))[1]["id"]])
    assert (await order_of(shop)).state == "PARTIALLY_FULFILLED"


async def test_all_or_nothing_takes_the_others_back_when_one_fails(shop: Shop) -> None:
    supplier = await shop.supplier()
    stocked = await shop.item(routes=[(supplier, None)], stock=5)
    await define(shop, await shop.item(), stocked, await shop.item(), mode=BundleMode.ALL_OR_NOTHING)
    await granted(shop)
    first, second, third = [row["id"] for row in await lines(shop)]
    await shop.fulfil([first])
    await shop.fail([second])
    await steps(shop)
    assert await states(shop) == ["REFUNDED", "FAILED", "ORDERED"]
    await shop.fulfil([third])
    await steps(shop)
    assert await states(shop) == ["REFUNDED", "FAILED", "REFUNDED"]
    assert (await order_of(shop)).state == "COMPENSATED"


async def test_all_or_nothing_of_which_nothing_can_be_had_has_failed(shop: Shop) -> None:
    await define(shop, await shop.item(stock=0), mode=BundleMode.ALL_OR_NOTHING)
    await granted(shop)
    assert (await order_of(shop)).state == "FAILED"


async def test_reversal_of_part_refunds_that_part_and_leaves_the_others(shop: Shop) -> None:
    await define(shop, await shop.item(), await shop.item(), mode=BundleMode.ALL_OR_NOTHING)
    await granted(shop)
    first, second = [row["id"] for row in await lines(shop)]
    await shop.fulfil([first, second])
    redemption_id = await shop.world.database.fetchval("SELECT id FROM redemption")
    await shop.refund(SYSTEM, redemption_id, [first])
    await steps(shop)
    assert await states(shop) == ["REFUNDED", "FULFILLED"]
    assert (await order_of(shop)).state == "PARTIALLY_FULFILLED"


async def test_a_revoked_grant_gives_up_what_is_not_delivered_yet_and_keeps_what_is(shop: Shop) -> None:
    await define(shop, await shop.item(), await shop.item())
    await granted(shop)
    first, second = [row["id"] for row in await lines(shop)]
    await shop.fulfil([first])
    await shop.world.correct(ActivityReversal(external_id="a", reason="refunded"))
    await steps(shop)
    assert await states(shop) == ["FULFILLED", "ORDERED"]
    await shop.fulfil([second])
    await steps(shop)
    assert await states(shop) == ["FULFILLED", "REFUNDED"]
    assert (await order_of(shop)).state == "PARTIALLY_FULFILLED"


async def test_a_grant_revoked_before_anything_was_ordered_is_compensated(shop: Shop) -> None:
    await define(shop, await shop.item(), await shop.item(), mode=BundleMode.CHOICE, choose=1)
    await granted(shop)
    await shop.world.correct(ActivityReversal(external_id="a", reason="refunded"))
    await steps(shop)
    order = await order_of(shop)
    assert (order.state, await states(shop)) == ("COMPENSATED", [])
    with pytest.raises(RewardNotOpen):
        await choose(shop, order.id)


async def choose(shop: Shop, order_id: UUID, *chosen: UUID, shipping: Shipping | None = None) -> None:
    key = shop.world.key(n=1)
    await choose_rewards(shop.world.door, shop.rep(), key, order_id, chosen, shipping)


async def test_a_choice_of_k_among_n_waits_for_the_member_and_takes_exactly_k(shop: Shop) -> None:
    items = [await shop.item() for _ in range(3)]
    await define(shop, *items, mode=BundleMode.CHOICE, choose=2)
    await granted(shop)
    order = await order_of(shop)
    assert (order.state, order.waits_for, await states(shop)) == ("PENDING", "CHOICE", [])
    for wrong in ((), items[:1], items, [items[0], items[0]], [items[0], await shop.item()]):
        with pytest.raises(ChoiceRefused):
            await choose(shop, order.id, *wrong)
    await choose(shop, order.id, items[0], items[2])
    assert [row["denomination_id"] for row in await lines(shop)] == [items[0], items[2]]
    with pytest.raises(RewardNotOpen):
        await choose(shop, order.id, items[0], items[1])


async def test_nobody_else_chooses(shop: Shop) -> None:
    items = [await shop.item() for _ in range(2)]
    await define(shop, *items, mode=BundleMode.CHOICE, choose=1)
    await granted(shop)
    order = await order_of(shop)
    with pytest.raises(NotFound):
        await choose_rewards(shop.world.door, shop.rep(1), shop.world.key(n=1), order.id, items[:1])


async def test_goods_that_are_shipped_wait_for_an_address(shop: Shop) -> None:
    await define(shop, await shop.item(needs_address=True))
    await granted(shop)
    order = await order_of(shop)
    assert (order.state, order.waits_for, await states(shop)) == ("PENDING", "ADDRESS", [None])
    with pytest.raises(AddressConsentNeeded):
        await choose(shop, order.id)
    await choose(shop, order.id, shipping=Shipping(recipient=ADDRESS, keyring=KEYRING))
    assert await states(shop) == ["ORDERED"]
    assert await shop.world.database.fetchval("SELECT count(*) FROM shipment") == 1


async def test_a_grant_of_a_bundle_that_is_not_defined_yet_waits_for_it(shop: Shop) -> None:
    await granted(shop, quantity=2)
    assert await shop.world.database.fetchval("SELECT count(*) FROM bundle_order") == 0
    await define(shop, await shop.item())
    await steps(shop)
    assert await states(shop) == ["ORDERED", "ORDERED"]


async def test_a_pool_that_runs_dry_meanwhile_fails_its_line_and_nothing_is_lost(shop: Shop) -> None:
    pool = await shop.pool(1)
    dry = await shop.item(routes=[(shop.supplier_id, pool)])
    await define(shop, ItemDraft(denomination_id=dry, quantity=2))
    await granted(shop)
    assert sorted(str(state) for state in await states(shop)) == ["FAILED", "ORDERED"]
    assert await shop.pool_counts(pool) == (0, 1, 0, 0)


async def test_a_bundle_is_bounded(shop: Shop) -> None:
    item = await shop.item()
    many = [await shop.item(routes=[(shop.supplier_id, None)]) for _ in range(21)]
    for items, mode, choose_ in (
        ([], BundleMode.BEST_EFFORT, None),
        (many, BundleMode.CHOICE, 1),
        ([item, item], BundleMode.BEST_EFFORT, None),
        ([ItemDraft(denomination_id=item, quantity=11)], BundleMode.BEST_EFFORT, None),
        (many[:11], BundleMode.BEST_EFFORT, None),
        ([ItemDraft(denomination_id=item, substitutes=tuple(many[:6]))], BundleMode.BEST_EFFORT, None),
        (many[:2], BundleMode.CHOICE, 3),
        (many[:2], BundleMode.CHOICE, None),
        (many[:2], BundleMode.BEST_EFFORT, 1),
    ):
        with pytest.raises(InvalidInput):
            await define(shop, *items, mode=mode, choose=choose_)
    await define(shop, *many[:10])
    await define(shop, *many[:20], mode=BundleMode.CHOICE, choose=10)


async def test_a_bundle_that_cannot_be_taken_back_yet_is_looked_at_again_and_holds_up_no_other(shop: Shop) -> None:
    supplier = await shop.supplier()
    failing = await shop.item(routes=[(supplier, None)])
    await define(shop, await shop.item(), failing, mode=BundleMode.ALL_OR_NOTHING)
    await granted(shop)
    first, second = [row["id"] for row in await lines(shop)]
    await shop.fulfil([first])
    # What bounced is on its way once more, while the other part fails: it is refunded when that is over.
    await shop.execute(
        "INSERT INTO fulfilment_attempt (id, line_id, n, supplier_id, priority, sku, state, fence, calls, recorded_at)"
        " VALUES ($1, $2, 2, $3, 1, 'sku', 'INTENT', 0, 0, guerdon_now())",
        new_id(),
        first,
        supplier,
    )
    move = "UPDATE fulfilment_attempt SET state = $2, ended_at = $3 WHERE line_id = $1 AND n = 2"
    await shop.execute(move, first, "SENT", None)
    await shop.fail([second])
    await steps(shop)
    assert await states(shop) == ["FULFILLED", "FAILED"]
    await granted(shop, name="b")
    assert (await states(shop)).count("ORDERED") == 4
    await shop.execute(move, first, "DELIVERED", datetime.now(UTC))
    await shop.execute("UPDATE clock_shift SET seconds = seconds + 3600")
    await steps(shop)
    assert (await states(shop)).count("REFUNDED") == 1


async def test_an_order_whose_settling_breaks_holds_up_no_other(shop: Shop) -> None:
    await define(shop, await shop.item())
    await granted(shop)
    await shop.execute("UPDATE bundle_order SET look_at = guerdon_now() - interval '1 day'")
    await shop.execute("UPDATE bundle_part SET substitutes = '[\"no id\"]'")
    await granted(shop, name="b")
    assert await states(shop) == ["ORDERED"] * 3


async def test_a_substitute_is_locked_before_any_pool_of_codes(shop: Shop) -> None:
    """The written order: denominations, then pools; two that settle the other way round would wait for each other."""
    pool = await shop.pool(3)
    card = await shop.item(routes=[(shop.supplier_id, pool)])
    scarce, stands_in = await shop.item(stock=1), await shop.item(stock=5)
    await define(shop, card, ItemDraft(denomination_id=scarce, quantity=2, substitutes=(stands_in,)))
    async with shop.world.database.transaction() as other:
        await other.execute("SELECT FROM denomination WHERE id = $1 FOR NO KEY UPDATE", stands_in)
        settling = asyncio.create_task(granted(shop))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND NOT fastpath"
        while not await other.fetchval(waiting):
            assert not settling.done()
            await asyncio.sleep(0.01)
        await other.execute("SELECT FROM code_pool WHERE id = $1 FOR NO KEY UPDATE NOWAIT", pool)
    await settling
    assert sorted(str(row["state"]) for row in await lines(shop)) == ["ORDERED"] * 3
    assert (await shop.stock(scarce), await shop.stock(stands_in)) == (1, 3)


async def test_the_next_pool_gives_where_the_first_is_empty(shop: Shop) -> None:
    small, large = await shop.pool(1), await shop.pool(5)
    card = await shop.item(routes=[(shop.supplier_id, small), (shop.supplier_id, large)])
    await define(shop, ItemDraft(denomination_id=card, quantity=3))
    await granted(shop)
    assert await states(shop) == ["ORDERED"] * 3
    assert (await shop.pool_counts(small), await shop.pool_counts(large)) == ((0, 1, 0, 0), (3, 2, 0, 0))
