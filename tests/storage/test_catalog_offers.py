"""Offers to members over real rows: who may redeem what and why not, and stock that two people want at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog.items.eligibility import ObstacleCode
from catalog.items.item import Offer
from catalog.items.offering import PAIRS_MAX, lock_limits_in, offers_in, offers_of
from catalog.items.said import DenominationSaid, RouteSaid
from catalog.items.stocking import DENOMINATIONS_MAX, UNITS_MAX, give_stock_back_in, take_stock_in
from domain.access.principals import SYSTEM
from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import Database
from domain.partners.facts import FactKind, NewFact, SubjectKind, record_facts_in
from tests.shelves import Shelf, build_peopled_world, build_shelf

Code = ObstacleCode


@pytest.fixture(scope="module")
def heard() -> list[str]:
    return []


@pytest.fixture(scope="module")
async def shelf(database: str, heard: list[str]) -> AsyncIterator[Shelf]:
    opened = await Database.open(database, on_query=heard.append)
    yield await build_shelf(await build_peopled_world(opened))
    await opened.close()


async def offer(shelf: Shelf, denomination_id: Any, number: int = 0, *, sandbox: bool = False) -> Offer:
    pair = (shelf.world.members[number], denomination_id)
    return (await offers_of(shelf.world.database, [pair], sandbox=sandbox))[pair]


async def reasons(shelf: Shelf, denomination_id: Any, number: int = 0) -> list[Code]:
    return [each.code for each in (await offer(shelf, denomination_id, number)).obstacles]


async def test_an_offer_says_price_and_routes_and_why_not(shelf: Shelf) -> None:
    ratio = DenominationSaid(
        external_id="50", face_value=5_001, currency="EUR", price_numerator=1, price_denominator=2, fair_value=5_000
    )
    wanted = await shelf.put("gift", denominations=(ratio,), needs_address=True)
    found = await offer(shelf, wanted)
    assert (found.price, found.unit, found.face_value, found.currency) == (2_501, "POINTS", 5_001, "EUR")
    assert (found.fair_value, found.needs_address, found.needs_approval) == (5_000, True, False)
    (route,) = found.routes
    assert (route.priority, route.supplier_id, route.sku, route.adapter) == (1, shelf.supplier_id, "50", "BY_HAND")
    assert (found.obstacles, found.left_of_limit, found.left_in_stock) == ((), None, None)
    assert found.missing(2_400) == 101
    assert found.can_redeem(2_501)
    assert not found.can_redeem(2_500)


async def test_what_is_known_of_a_member_decides_what_is_for_them(shelf: Shelf) -> None:
    reasons_of: tuple[tuple[str, dict[str, Any], Code], ...] = (
        ("c", {"countries": ("FR",)}, Code.WRONG_COUNTRY),
        ("t", {"tiers": ("GOLD",)}, Code.WRONG_TIER),
        ("s", {"segments": ("LOYAL",)}, Code.WRONG_SEGMENT),
        ("v", {"segments": ("RETAIL",)}, Code.WRONG_SEGMENT),
        ("p", {"partner_types": ("VAR",)}, Code.WRONG_PARTNER_TYPE),
    )
    for name, said, code in reasons_of:
        wanted = await shelf.put(f"for-{name}", **said)
        assert await reasons(shelf, wanted, 0) == []
        assert await reasons(shelf, wanted, 1) == [code]


async def test_a_tier_counts_from_the_day_it_begins(shelf: Shelf) -> None:
    wanted = await shelf.put("later", tiers=("PLATINUM",))
    now = await shelf.world.database.fetchval("SELECT guerdon_now()")
    fact = NewFact(
        subject_kind=SubjectKind.MEMBER,
        subject_id=shelf.world.members[3],
        kind=FactKind.TIER,
        value={"value": "PLATINUM"},
        valid_from=now + timedelta(days=1),
    )
    await shelf.world.door.operate(SYSTEM, lambda op: record_facts_in(op, [fact]))
    assert await reasons(shelf, wanted, 3) == [Code.WRONG_TIER]
    began = replace(fact, valid_from=now - timedelta(days=1), valid_until=now + timedelta(hours=12))
    await shelf.world.door.operate(SYSTEM, lambda op: record_facts_in(op, [began]))
    assert await reasons(shelf, wanted, 3) == []


async def test_a_limit_counts_what_was_neither_given_back_nor_too_long_ago(shelf: Shelf) -> None:
    wanted = await shelf.put("limited", member_limit=2, member_limit_days=30)
    member_id = shelf.world.members[0]
    await shelf.redeem(member_id, wanted, days_ago=40)
    await shelf.redeem(member_id, wanted, days_ago=5, state="CANCELLED")
    await shelf.redeem(member_id, wanted, days_ago=20)
    assert (await offer(shelf, wanted)).left_of_limit == 1
    await shelf.redeem(member_id, wanted, days_ago=2, state="FULFILLED")
    found = await offer(shelf, wanted)
    (obstacle,) = found.obstacles
    assert (obstacle.code, obstacle.facts["redeemed"], found.left_of_limit) == (Code.MEMBER_LIMIT, 2, 0)
    until = datetime.fromisoformat(str(obstacle.facts["until"]))
    assert timedelta(days=9) < until - await shelf.world.database.fetchval("SELECT guerdon_now()") <= timedelta(days=10)
    assert await reasons(shelf, wanted, 1) == []


async def test_stock_is_that_of_the_denomination_or_of_its_pools(shelf: Shelf) -> None:
    codes = await shelf.supplier("codes", adapter="CODE_POOL")
    await shelf.pool("full", 7, codes)
    await shelf.pool("empty", 0, codes)

    async def left(stock: int | None, *pools: str, more: tuple[RouteSaid, ...] = ()) -> int | None:
        routes = (*(RouteSaid(supplier="codes", pool=pool) for pool in pools), *more)
        said = DenominationSaid(external_id="d", price_fixed=1, stock=stock, routes=routes)
        return (await offer(shelf, await shelf.put("pooled", denominations=(said,)))).left_in_stock

    assert await left(None, "full") == 7
    assert await left(3, "full") == 3
    assert await left(9, "full", "full", "empty") == 7
    assert await left(None, "empty") == 0
    assert await left(None, "empty", more=(RouteSaid(),)) is None
    assert await left(2, "empty", more=(RouteSaid(),)) == 2


async def test_a_paused_supplier_stands_in_the_way_unless_another_can_deliver(shelf: Shelf) -> None:
    await shelf.supplier("resting")
    await shelf.world.database.fetch("UPDATE supplier SET state = 'PAUSED' WHERE code = 'resting'")
    alone = DenominationSaid(external_id="d", price_fixed=1, routes=(RouteSaid(supplier="resting"),))
    both = replace(alone, routes=(RouteSaid(supplier="resting"), RouteSaid()))
    assert await reasons(shelf, await shelf.put("alone", denominations=(alone,))) == [Code.SUPPLIER_PAUSED]
    found = await offer(shelf, await shelf.put("both", denominations=(both,)))
    assert found.obstacles == ()
    assert [route.is_paused for route in found.routes] == [True, False]


async def test_what_is_for_tests_is_for_sandboxes_and_the_vendors_own_people(shelf: Shelf) -> None:
    wanted = await shelf.put("trial", is_test=True)
    assert await reasons(shelf, wanted) == [Code.TEST_ONLY]
    assert (await offer(shelf, wanted, sandbox=True)).obstacles == ()
    await shelf.world.database.fetch("UPDATE member SET kind = 'VENDOR_STAFF' WHERE id = $1", shelf.world.members[2])
    assert await reasons(shelf, wanted, 2) == []


async def test_many_offers_take_as_many_statements_as_one_and_have_a_bound(shelf: Shelf, heard: list[str]) -> None:
    wanted = [await shelf.put(f"many-{n}", member_limit=1) for n in range(5)]
    counts = list[int]()
    for chosen in (wanted[:1], wanted):
        heard.clear()
        found = await offers_of(shelf.world.database, [(m, d) for m in shelf.world.members for d in chosen])
        counts.append(len([statement for statement in heard if not statement.startswith("SELECT pg_advisory")]))
        assert len(found) == 4 * len(chosen)
    assert counts[0] == counts[1]
    with pytest.raises(InvalidInput):
        await offers_of(shelf.world.database, [(new_id(), new_id()) for _ in range(PAIRS_MAX + 1)])
    assert await offers_of(shelf.world.database, [(new_id(), wanted[0]), (shelf.world.members[0], new_id())]) == {}


async def test_the_last_units_go_to_as_many_as_there_are(shelf: Shelf) -> None:
    scarce, endless = await shelf.put("scarce", stock=5), await shelf.put("endless")
    own = [await Database.open(shelf.world.database.url, connections_max=1) for _ in range(2)]
    doors = [shelf.world.door.__class__(database) for database in own]

    async def take(turn: int) -> frozenset[Any]:
        order = [scarce, endless] if turn % 2 else [endless, scarce]
        return await doors[turn % 2].operate(SYSTEM, lambda op: take_stock_in(op, dict.fromkeys(order, 2)))

    ends = await asyncio.gather(*(take(turn) for turn in range(6)))
    assert sorted(len(end) for end in ends) == [0, 0, 1, 1, 1, 1], "two of six find two units each"
    assert {denomination for end in ends for denomination in end} == {scarce}
    await doors[0].operate(SYSTEM, lambda op: give_stock_back_in(op, {scarce: 3, endless: 3}))
    rows = await shelf.world.database.fetch("SELECT stock FROM denomination WHERE id = ANY($1)", [scarce, endless])
    assert {row["stock"] for row in rows} == {4, None}
    for database in own:
        await database.close()


async def test_nothing_is_taken_of_what_does_not_suffice_or_exist_and_units_have_bounds(shelf: Shelf) -> None:
    few, unknown = await shelf.put("few", stock=2), new_id()

    async def take(wanted: dict[Any, int]) -> frozenset[Any]:
        return await shelf.world.door.operate(SYSTEM, lambda op: take_stock_in(op, wanted))

    assert await take({few: 3, unknown: 1}) == {few, unknown}
    assert (await offer(shelf, few)).left_in_stock == 2
    assert await take({few: 2}) == frozenset()
    assert await reasons(shelf, few) == [Code.OUT_OF_STOCK]
    assert await take({}) == frozenset()
    for wrong in ({few: 0}, {few: UNITS_MAX + 1}, {new_id(): 1 for _ in range(DENOMINATIONS_MAX + 1)}):
        with pytest.raises(InvalidInput):
            await take(wrong)


async def test_who_counts_on_a_limit_waits_for_the_other(shelf: Shelf) -> None:
    wanted, member_id = await shelf.put("one-each", member_limit=1), shelf.world.members[0]

    async def redeem(op: Operation) -> bool:
        await lock_limits_in(op, member_id)
        found = (await offers_in(op, member_id, [wanted]))[wanted]
        if found.obstacles:
            return False
        await shelf.redeem(member_id, wanted)
        return True

    ends = await asyncio.gather(*(shelf.world.door.operate(SYSTEM, redeem) for _ in range(4)))
    assert sum(ends) == 1
