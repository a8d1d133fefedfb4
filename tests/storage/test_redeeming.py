"""Quotes and their redemption: prices that stand, points and goods set aside together, and every way it ends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from catalog.redemptions import quoting
from catalog.redemptions.policy import ShopPolicy, TaxThreshold
from catalog.redemptions.redeeming import Redeeming, redeem
from catalog.redemptions.refusals import (
    AddressNeeded,
    CannotRedeem,
    QuoteExpired,
    QuoteRedeemed,
    TaxThresholdReached,
)
from catalog.suppliers.recipients import opened_recipient
from domain.access.principals import SYSTEM, Actor, Role, Scope
from domain.access.refusals import RateLimited
from domain.kernel import clock
from domain.kernel.ids import new_id
from domain.kernel.operation import Door
from domain.kernel.refusals import InvalidInput, NotAllowed, NotFound, Refusal
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from domain.ledger.refusals import InsufficientPoints, WalletInDebt
from tests.shop import ADDRESS, KEYRING, Shop, build_shop

ADMIN = Actor(principal_id=new_id(), role=Role.ADMIN)


@pytest.fixture
async def shop(database: str) -> AsyncIterator[Shop]:
    opened = await Database.open(database)
    yield await build_shop(opened)
    await opened.close()


async def advance(shop: Shop, **by: int) -> None:
    async with shop.world.database.transaction() as connection:
        await clock.advance_clock_in(connection, timedelta(**by))


async def points(shop: Shop, place: int = 0) -> tuple[int, int]:
    found = await shop.world.balances(shop.world.members[place])
    return (found["available"], found["held"])


async def told(shop: Shop, redemption_id: UUID) -> list[str]:
    rows = await shop.world.database.fetch("SELECT name FROM outbox WHERE aggregate_id = $1 ORDER BY id", redemption_id)
    return [row["name"] for row in rows]


def codes(refused: CannotRedeem) -> list[str]:
    return [one["code"] for one in refused.obstacles]


async def test_a_quote_says_prices_the_lots_that_would_be_spent_and_what_is_left(shop: Shop) -> None:
    await shop.give(0, 300)
    await shop.give(0, 50)
    card, mug = await shop.item(120), await shop.item(10, stock=3, needs_address=True)
    quote = await shop.quote(shop.rep(), (card, 2), mug)
    assert [(line.quantity, line.price, line.total) for line in quote.lines] == [(2, 120, 240), (1, 10, 10)]
    assert (quote.total, quote.available_before, quote.available_after, quote.held_after) == (250, 350, 100, 250)
    assert sum(lot.amount for lot in quote.lots) == 250
    assert (quote.needs_address, quote.needs_approval, quote.held_until) == (True, False, None)
    assert quote.expires_at - quote.recorded_at == timedelta(seconds=600)
    assert await points(shop) == (350, 0)


async def test_what_stands_in_the_way_of_a_quote_is_refused_with_its_facts(shop: Shop) -> None:
    await shop.give(0, 100)
    limited = await shop.item(10, limit=2)
    scarce, foreign, empty = await shop.item(10, stock=1), await shop.item(10, countries=["JP"]), await shop.pool(0)
    gone = await shop.item(10, routes=[(shop.supplier_id, empty)])
    for wanted, code in (((limited, 3), "MEMBER_LIMIT"), ((scarce, 2), "OUT_OF_STOCK"), (gone, "OUT_OF_STOCK")):
        with pytest.raises(CannotRedeem) as no:
            await shop.quote(shop.rep(), wanted)
        assert codes(no.value) == [code]
    with pytest.raises(CannotRedeem) as no:
        await shop.quote(shop.rep(), foreign, gone)
    assert codes(no.value) == ["WRONG_COUNTRY", "OUT_OF_STOCK"]
    with pytest.raises(InsufficientPoints) as poor:
        await shop.quote(shop.rep(), await shop.item(101))
    assert poor.value.facts() == {"unit": "POINTS", "available": 100, "needed": 101}


async def test_a_quote_has_ten_lines_and_twenty_units_of_one_unit(shop: Shop) -> None:
    await shop.give(0, 1_000)
    routes = [(await shop.supplier(), None)]
    items = [await shop.item(1, routes=routes) for _ in range(11)]
    assert (await shop.quote(shop.rep(), *items[:10])).total == 10
    assert (await shop.quote(shop.rep(), (items[0], 19), items[1])).total == 20
    dollars = await shop.item(1, routes=routes, unit="USD")
    for wanted in (
        items,
        [],
        [(items[0], 21)],
        [(items[0], 19), (items[0], 2)],
        [(items[0], 0)],
        [items[0], dollars],
    ):
        with pytest.raises(InvalidInput):
            await shop.quote(shop.rep(), *wanted)
    with pytest.raises(NotFound):
        await shop.quote(shop.rep(), new_id())


async def test_a_redemption_holds_points_per_line_reserves_codes_and_orders_with_one_intent_a_line(shop: Shop) -> None:
    await shop.give(0, 300)
    pool = await shop.pool(5)
    card = await shop.item(100, routes=[(shop.supplier_id, pool)])
    redemption_id = await shop.order(shop.rep(), (card, 2))
    assert await points(shop) == (100, 200)
    assert await shop.pool_counts(pool) == (3, 2, 0, 0)
    assert await shop.states(redemption_id) == ["ORDERED", "ORDERED"]
    attempts = await shop.world.database.fetch(
        "SELECT a.state, a.pool_id, a.n, a.call_at FROM fulfilment_attempt a"
        " JOIN redemption_line l ON l.id = a.line_id WHERE l.redemption_id = $1",
        redemption_id,
    )
    assert [(row["state"], row["pool_id"], row["n"]) for row in attempts] == [("INTENT", pool, 1)] * 2
    assert all(row["call_at"] is not None for row in attempts)
    assert await told(shop, redemption_id) == ["redemption.held", "redemption.ordered"]
    await shop.fulfil(await shop.lines(redemption_id))
    assert await points(shop) == (100, 0)
    assert await shop.pool_counts(pool) == (3, 0, 2, 0)
    assert (await told(shop, redemption_id))[-1] == "redemption.fulfilled"


async def test_a_quoted_price_stands_until_the_quote_expires(shop: Shop) -> None:
    await shop.give(0, 300)
    card = await shop.item(100)
    first, second = await shop.quote(shop.rep(), card), await shop.quote(shop.rep(), card)
    await shop.execute("UPDATE denomination SET price_fixed = 250 WHERE id = $1", card)
    await shop.redeem(shop.rep(), first.id)
    assert await points(shop) == (200, 100)
    await advance(shop, seconds=600)
    with pytest.raises(QuoteExpired) as no:
        await shop.redeem(shop.rep(), second.id)
    assert no.value.quote_id == str(second.id)
    assert await points(shop) == (200, 100)


async def test_a_quote_is_redeemed_once_by_its_own_member(shop: Shop) -> None:
    await shop.give(0, 300)
    quote = await shop.quote(shop.rep(), await shop.item(100))
    with pytest.raises(NotFound):
        await shop.redeem(shop.rep(1), quote.id)
    with pytest.raises(NotFound):
        await shop.redeem(shop.rep(), new_id())
    done = await shop.redeem(shop.rep(), quote.id)
    with pytest.raises(QuoteRedeemed) as no:
        await shop.redeem(shop.rep(), quote.id)
    assert no.value.redemption_id == done.facts["redemption_id"]


async def test_two_who_redeem_one_quote_at_once_have_one_order(shop: Shop) -> None:
    await shop.give(0, 300)
    quote = await shop.quote(shop.rep(), await shop.item(100))
    done = await asyncio.gather(*(shop.redeem(shop.rep(), quote.id) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Outcome"] + ["QuoteRedeemed"] * 3
    assert await points(shop) == (200, 100)


async def test_one_key_redeems_once_and_its_receipt_holds_ids_only(shop: Shop) -> None:
    await shop.give(0, 300)
    quote = await shop.quote(shop.rep(), await shop.item(100, needs_address=True))
    wanted, key, actor = Redeeming(quote_id=quote.id, recipient=ADDRESS), shop.world.key(n=1), shop.rep()
    first, again = [await redeem(shop.world.door, actor, key, wanted, shop.policy, KEYRING) for _ in range(2)]
    assert first.facts == again.facts
    assert (first.replayed, again.replayed) == (False, True)
    assert set(first.facts) == {"redemption_id", "wallet_id"}
    assert "Paix" not in repr(wanted)


async def test_what_is_in_the_way_is_judged_again_when_a_quote_is_redeemed(shop: Shop) -> None:
    await shop.give(0, 300)
    scarce, pooled = await shop.item(10, stock=1), await shop.pool(1)
    last = await shop.item(10, routes=[(shop.supplier_id, pooled)])
    limited, paused = await shop.item(10, limit=1), await shop.item(10)
    quotes = [await shop.quote(shop.rep(), one) for one in (scarce, last, limited, paused)]
    for one in (scarce, last, limited):
        await shop.order(shop.rep(), one)
    await shop.execute("UPDATE catalog_item SET state = 'UNLISTED' WHERE id = $1", quotes[3].lines[0].item_id)
    seen = list[str]()
    for quote in quotes:
        with pytest.raises(CannotRedeem) as no:
            await shop.redeem(shop.rep(), quote.id)
        seen += codes(no.value)
    assert seen == ["OUT_OF_STOCK", "OUT_OF_STOCK", "MEMBER_LIMIT", "NOT_LISTED"]
    assert await points(shop) == (270, 30)


async def test_who_left_redeems_no_more_also_not_by_support(shop: Shop) -> None:
    await shop.give(0, 300)
    card = await shop.item(10)
    quotes = [await shop.quote(shop.rep(), card) for _ in range(2)]
    await shop.execute("UPDATE member SET left_at = guerdon_now() WHERE id = $1", shop.world.members[0])
    support = Actor(principal_id=new_id(), role=Role.SUPPORT)
    for actor, quote in zip((shop.rep(), support), quotes, strict=True):
        for asked in (
            shop.quote(actor, card, on_behalf_of=shop.world.members[0]),
            shop.redeem(actor, quote.id, on_behalf_of=shop.world.members[0]),
        ):
            with pytest.raises(CannotRedeem) as no:
                await asked
            assert codes(no.value) == ["MEMBER_LEFT"]
    assert await points(shop) == (300, 0)


async def test_an_order_of_which_one_part_cannot_be_had_takes_nothing(shop: Shop) -> None:
    await shop.give(0, 300)
    await shop.give(1, 300)
    plenty, scarce = await shop.item(10, stock=5), await shop.item(10, stock=2)
    quote = await shop.quote(shop.rep(), plenty, (scarce, 2))
    await shop.order(shop.rep(1), scarce)
    with pytest.raises(CannotRedeem):
        await shop.redeem(shop.rep(), quote.id)
    assert (await shop.stock(plenty), await shop.stock(scarce), await points(shop)) == (5, 1, (300, 0))


async def test_the_next_route_delivers_where_the_first_pool_is_empty(shop: Shop) -> None:
    await shop.give(0, 300)
    small, other = await shop.pool(1), await shop.supplier()
    card = await shop.item(10, routes=[(shop.supplier_id, small), (other, None)])
    redemption_id = await shop.order(shop.rep(), (card, 3))
    rows = await shop.world.database.fetch(
        "SELECT supplier_id FROM fulfilment_attempt WHERE line_id = ANY($1::uuid[])", await shop.lines(redemption_id)
    )
    assert sorted(str(row["supplier_id"]) for row in rows) == sorted([str(shop.supplier_id), str(other), str(other)])
    assert await shop.pool_counts(small) == (0, 1, 0, 0)


async def test_goods_that_are_shipped_need_an_address_which_is_sealed(shop: Shop) -> None:
    await shop.give(0, 300)
    quote = await shop.quote(shop.rep(), await shop.item(10, needs_address=True))
    for missing in (None, replace(ADDRESS, lines=()), replace(ADDRESS, city=None), replace(ADDRESS, country=None)):
        with pytest.raises(AddressNeeded):
            await shop.redeem(shop.rep(), quote.id, missing)
    for wrong in (
        replace(ADDRESS, country="fr"),
        replace(ADDRESS, lines=("x",) * 6),
        replace(ADDRESS, name="x" * 201),
        replace(ADDRESS, phone=" "),
    ):
        with pytest.raises(InvalidInput):
            await shop.redeem(shop.rep(), quote.id, wrong)
    done = await shop.redeem(shop.rep(), quote.id, ADDRESS)
    redemption_id = UUID(done.facts["redemption_id"])
    sealed = await shop.world.database.fetchval("SELECT sealed FROM shipment WHERE redemption_id = $1", redemption_id)
    assert b"Paix" not in sealed
    assert opened_recipient(KEYRING, redemption_id, sealed) == ADDRESS


async def test_who_is_in_debt_does_not_redeem(shop: Shop) -> None:
    await shop.give(0, 300)
    card = await shop.item(100)
    quote = await shop.quote(shop.rep(), card)
    await shop.world.spend(shop.world.members[0], 250)
    await shop.give(0, -300)
    with pytest.raises(WalletInDebt):
        await shop.quote(shop.rep(), card)
    with pytest.raises(WalletInDebt) as no:
        await shop.redeem(shop.rep(), quote.id)
    assert no.value.facts() == {"unit": "POINTS", "outstanding": 250}


async def test_what_costs_nothing_needs_no_wallet(shop: Shop) -> None:
    free = await shop.item(0)
    quote = await shop.quote(shop.rep(), free)
    assert (quote.total, quote.wallet_id, quote.lots) == (0, None, ())
    done = await shop.redeem(shop.rep(), quote.id)
    assert done.facts["wallet_id"] is None
    redemption_id = UUID(done.facts["redemption_id"])
    await shop.fulfil(await shop.lines(redemption_id))
    await shop.refund(ADMIN, redemption_id)
    assert await shop.states(redemption_id) == ["REFUNDED"]


async def test_somebody_else_redeems_for_a_member_only_by_right_and_the_log_says_so(shop: Shop) -> None:
    await shop.give(0, 300)
    member, card = shop.world.members[0], await shop.item(10)
    key = Actor(
        principal_id=new_id(),
        role=Role.INTEGRATION,
        source_id=shop.world.source_id,
        scopes=frozenset({Scope.FULFILMENT_WRITE}),
    )
    support = Actor(principal_id=new_id(), role=Role.SUPPORT)
    for actor in (key, support):
        quote = await shop.quote(actor, card, on_behalf_of=member)
        done = await shop.redeem(actor, quote.id, on_behalf_of=member)
        row = await shop.world.database.fetchrow(
            "SELECT principal_id, facts FROM audit_log WHERE object_id = $1 AND action = 'redeem_on_behalf'",
            UUID(done.facts["redemption_id"]),
        )
        assert row is not None
        assert (row["principal_id"], row["facts"]["member_id"]) == (actor.principal_id, str(member))
    refused: list[tuple[Actor, type[Refusal]]] = [
        (replace(key, scopes=frozenset({Scope.FULFILMENT_READ})), NotAllowed),
        (replace(key, source_id=new_id()), NotFound),
        (shop.rep(1), NotAllowed),
        (Actor(principal_id=new_id(), role=Role.FINANCE), NotAllowed),
    ]
    for actor, no in refused:
        with pytest.raises(no):
            await shop.quote(actor, card, on_behalf_of=member)
    with pytest.raises(NotFound):
        await shop.quote(support, card, on_behalf_of=new_id())
    with pytest.raises(NotAllowed):
        await shop.quote(support, card)


async def test_a_member_redeems_ten_times_a_minute(shop: Shop) -> None:
    await shop.give(0, 300)
    shop.policy = ShopPolicy(redemptions_per_minute=2)
    card = await shop.item(1)
    for _ in range(2):
        await shop.order(shop.rep(), card)
    quote = await shop.quote(shop.rep(), card)
    with pytest.raises(RateLimited):
        await shop.redeem(shop.rep(), quote.id)
    assert ShopPolicy().redemptions_per_minute == 10
    await advance(shop, seconds=60)
    await shop.redeem(shop.rep(), quote.id)


async def test_a_tax_threshold_counts_what_was_sent_this_year_and_what_is_on_its_way(shop: Shop) -> None:
    await shop.give(0, 500)
    await shop.execute("UPDATE partner SET country = 'US' WHERE id = $1", shop.world.partners[0])
    year = (await shop.world.database.fetchval("SELECT guerdon_now()")).year
    shop.policy = ShopPolicy(tax_thresholds={("US", year): TaxThreshold(amount=3_000, currency="EUR")})
    card = await shop.item(10)
    redemption_id = await shop.order(shop.rep(), (card, 2))
    await shop.fulfil((await shop.lines(redemption_id))[:1])
    await shop.order(shop.rep(), card)
    quote = await shop.quote(shop.rep(), card)
    with pytest.raises(TaxThresholdReached) as no:
        await shop.redeem(shop.rep(), quote.id)
    assert (no.value.received, no.value.threshold) == (3_000, 3_000)
    await shop.refund(ADMIN, redemption_id, (await shop.lines(redemption_id))[:1])
    await shop.redeem(shop.rep(), (await shop.quote(shop.rep(), card)).id)
    await shop.order(shop.rep(), await shop.item(10, fair_value=None))
    shop.policy = ShopPolicy(tax_thresholds={("US", year): TaxThreshold(amount=3_000, currency="USD")})
    with pytest.raises(CannotRedeem) as unrated:
        await shop.order(shop.rep(), card)
    assert codes(unrated.value) == ["RATE_MISSING"]


async def test_old_quotes_are_forgotten_a_bounded_batch_at_a_time(shop: Shop) -> None:
    await shop.give(0, 500)
    card = await shop.item(10)
    await advance(shop, days=31)
    while await quoting.prune_quotes(shop.world.door, SYSTEM):
        pass
    for _ in range(3):
        await shop.quote(shop.rep(), card)
    await advance(shop, days=30)
    assert await quoting.prune_quotes(shop.world.door, SYSTEM) == 0
    await advance(shop, seconds=700)
    assert [await quoting.prune_quotes(shop.world.door, SYSTEM, limit=2) for _ in range(3)] == [2, 1, 0]


async def test_the_statements_of_a_redemption_do_not_grow_with_its_lines(shop: Shop, database: str) -> None:
    heard = list[str]()
    listening = await Database.open(database, connections_max=1, on_query=heard.append)
    await shop.give(0, 500)
    plain, own = shop.world.door, Door(listening)
    items = [await shop.item(1, stock=50) for _ in range(10)]
    counts = dict[int, list[int]]()
    try:
        for number in (2, 2, 10):  # the first meets a cold connection
            shop.world.door = own
            quote = await shop.quote(shop.rep(), *[(one, 2) for one in items[:number]])
            heard.clear()
            done = await shop.redeem(shop.rep(), quote.id)
            placed = len(heard)
            await shop.fulfil(await shop.lines(UUID(done.facts["redemption_id"])))
            await shop.refund(ADMIN, UUID(done.facts["redemption_id"]))
            counts[number] = [placed, len(heard)]
            shop.world.door = plain
    finally:
        await listening.close()
    assert counts[2] == counts[10]


async def test_a_shop_that_was_used_breaks_no_law_of_the_ledger(shop: Shop) -> None:
    await shop.give(0, 500)
    redemption_id = await shop.order(shop.rep(), (await shop.item(10), 3))
    first, second, _ = await shop.lines(redemption_id)
    await shop.fulfil([first])
    await shop.fail([second])
    await shop.refund(ADMIN, redemption_id, [first])
    report = await audit(shop.world.database, ["L1", "L2", "L3", "L5", "L6", "L7", "L8"])
    assert report.violations == 0, report.to_json()
