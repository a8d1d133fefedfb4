"""Offers to members over real rows: who may redeem what and why not, and stock that two people want at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog.items.browsing import CatalogFilter, ItemSort, catalog, catalog_total, sort_key
from catalog.items.eligibility import NOT_FOR_THEM, ObstacleCode
from catalog.items.item import ItemKind, ItemRecord, ItemState, Offer
from catalog.items.offering import PAIRS_MAX, lock_limits_in, offers_in, offers_of
from catalog.items.reading import denominations_of_items, goals_of_members, items_by_id
from catalog.items.said import DenominationSaid, ItemSaid, RouteSaid
from catalog.items.saving import save_goal
from catalog.items.stocking import DENOMINATIONS_MAX, UNITS_MAX, give_stock_back_in, take_stock_in
from domain.access.principals import SYSTEM, Actor, Role, Scope
from domain.activities.sources import SourceDefinition, ensure_source
from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput, NotAllowed, NotFound
from domain.kernel.sql import Database
from domain.partners.facts import FactKind, NewFact, SubjectKind, record_facts_in
from domain.partners.registering import register_partners_in
from domain.partners.registration import PartnerRow, PartnerType
from tests.building import START, World, build_world, deal
from tests.shelves import Shelf, build_shelf

FIXED = {"effect": {"kind": "FIXED", "amount": 300}}
Code = ObstacleCode


@pytest.fixture(scope="module")
def heard() -> list[str]:
    return []


@pytest.fixture(scope="module")
async def shelf(database: str, heard: list[str]) -> AsyncIterator[Shelf]:
    """Member 0 is of a French VAR of the tier GOLD, member 1 of a firm of whom nothing is known; both have points."""
    opened = await Database.open(database, on_query=heard.append)
    world = await build_world(opened)
    firm = PartnerRow(
        external_id="partner-0", name="P", types=(PartnerType.VAR,), country="FR", vertical="RETAIL", size="SMALL"
    )
    await world.door.operate(SYSTEM, lambda op: register_partners_in(op, world.source_id, [firm]))
    facts = [
        NewFact(
            subject_kind=SubjectKind.PARTNER,
            subject_id=world.partners[0],
            kind=kind,
            value={"value": value},
            valid_from=START,
        )
        for kind, value in ((FactKind.TIER, "GOLD"), ("segment", ["EARLY", "LOYAL"]))
    ]
    await world.door.operate(SYSTEM, lambda op: record_facts_in(op, facts))
    await world.launch(FIXED)
    await world.record(deal("d0", world.members[0]), deal("d1", world.members[1]))
    yield await build_shelf(world)
    await opened.close()


def rep(world: World, number: int = 0) -> Actor:
    return Actor(
        principal_id=new_id(), role=Role.MEMBER, member_id=world.members[number], partner_id=world.partners[number]
    )


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


async def names(shelf: Shelf, actor: Actor, wanted: CatalogFilter, **more: Any) -> set[str]:
    found = await catalog(shelf.world.database, actor, wanted=wanted, **more)
    assert len(found) == await catalog_total(
        shelf.world.database, actor, wanted=wanted, sandbox=more.get("sandbox", False)
    )
    return {item.external_id for item in found}


@pytest.fixture(scope="module")
async def stocked(shelf: Shelf) -> Shelf:
    """A shelf of its own brand with one item a reason."""
    now: datetime = await shelf.world.database.fetchval("SELECT guerdon_now()")
    await shelf.supplier("asleep")
    await shelf.world.database.fetch("UPDATE supplier SET state = 'PAUSED' WHERE code = 'asleep'")
    pools = await shelf.supplier("pools", adapter="CODE_POOL")
    await shelf.pool("out", 0, pools)
    sleeping = DenominationSaid(external_id="d", price_fixed=10, routes=(RouteSaid(supplier="asleep"),))
    emptied = replace(sleeping, routes=(RouteSaid(supplier="pools", pool="out"),))
    cheap = DenominationSaid(external_id="cheap", price_fixed=20, stock=0)
    shown: dict[str, dict[str, Any]] = {
        "open": {"name": {"en": "Opera ticket", "fr": "Billet d’opéra"}, "categories": ("Culture",)},
        "dear": {"price": 300},
        "dearer": {"price": 301},
        "cheap-but-gone": {"denominations": (cheap, replace(cheap, external_id="e", price_fixed=500, stock=1))},
        "french": {"countries": ("FR",)},
        "german": {"countries": ("DE",)},
        "gold": {"tiers": ("GOLD",)},
        "silver": {"tiers": ("SILVER",)},
        "banks": {"segments": ("BANKS",)},
        "msp": {"partner_types": ("MSP",)},
        "soon": {"valid_from": now + timedelta(days=1)},
        "over": {"valid_until": now - timedelta(days=1)},
        "trying": {"is_test": True},
        "sold-out": {"stock": 0},
        "no-codes": {"denominations": (emptied,)},
        "asleep": {"denominations": (sleeping,)},
        "had": {"member_limit": 1},
        "had-long-ago": {"member_limit": 1, "member_limit_days": 10},
        "draft": {"state": ItemState.DRAFT, "kind": ItemKind.TRAVEL},
        "unlisted": {"state": ItemState.UNLISTED},
        "euros": {"unit": "EUR", "price": 1},
    }
    for name, said in shown.items():
        branded: dict[str, Any] = {"brand": "Xylo"} | said
        await shelf.put(f"x-{name}", **branded)
    for name in ("x-had", "x-had-long-ago"):
        await shelf.redeem(shelf.world.members[0], await shelf.denomination(name), days_ago=11)
    return shelf


XYLO = CatalogFilter(brand="xylo")


async def test_the_filter_in_sql_says_what_eligibility_says(stocked: Shelf) -> None:
    world, checked = stocked.world, 0
    keeper = Actor(principal_id=new_id(), role=Role.CATALOG)
    everything = await catalog(world.database, keeper, wanted=XYLO)
    pairs = [(keeper, item.id) for item in everything]
    of_items = await denominations_of_items(world.database, pairs)
    for number, sandbox in ((0, False), (0, True), (1, False), (2, False)):
        actor = rep(world, number) if number < 2 else replace(rep(world, 0), member_id=world.members[2])
        wallets = await world.balances(world.members[number])
        expected: dict[str, tuple[bool, bool]] = {}
        for item in everything:
            asked = [(world.members[number], each.id) for each in of_items[keeper, item.id]]
            offers = (await offers_of(world.database, asked, sandbox=sandbox)).values()
            codes = [{each.code for each in one.obstacles} for one in offers]
            points = wallets["available"] if item.unit == "POINTS" else 0
            is_for_them = not any(code & (NOT_FOR_THEM | {Code.NOT_LISTED}) for code in codes)
            expected[item.external_id] = (is_for_them, any(one.can_redeem(points) for one in offers))
            checked += 1
        shown = await names(stocked, actor, XYLO, sandbox=sandbox)
        assert shown == {name for name, (is_for_them, _) in expected.items() if is_for_them}
        redeemable = await names(stocked, actor, replace(XYLO, can_redeem=True), sandbox=sandbox)
        assert redeemable == {name for name, (_, can_redeem) in expected.items() if can_redeem}
        assert redeemable < shown
    assert checked == 4 * 21


async def test_each_role_is_shown_what_is_theirs_to_see(stocked: Shelf) -> None:
    world = stocked.world
    hidden = {"x-draft", "x-unlisted"}
    for role in (Role.CATALOG, Role.ADMIN):
        assert hidden < await names(stocked, Actor(principal_id=new_id(), role=role), XYLO)
    for role in (Role.SUPPORT, Role.FINANCE, Role.CHANNEL_MANAGER):
        shown = await names(stocked, Actor(principal_id=new_id(), role=role), XYLO)
        assert {"x-german", "x-trying"} < shown
        assert not shown & hidden
    others = await names(stocked, rep(world), replace(XYLO, for_others=True))
    assert {"x-german", "x-soon", "x-trying", "x-sold-out"} < others
    assert not others & hidden
    record = await ensure_source(world.door, SYSTEM, SourceDefinition(code="feed", name="Feed"))
    await world.database.fetch(
        "UPDATE supplier SET source_id = $1 WHERE id = $2", record.source_id, stocked.supplier_id
    )
    scopes = frozenset({Scope.CATALOG_READ})
    own = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=record.source_id, scopes=scopes)
    assert hidden < await names(stocked, own, XYLO)
    assert not await names(stocked, replace(own, source_id=world.source_id), XYLO) & hidden
    assert hidden < await names(stocked, replace(own, source_id=None), XYLO)


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"search": "opera"}, {"x-open"}),
        ({"search": "BILL opé"}, {"x-open"}),
        ({"search": "culture xylo"}, {"x-open"}),
        ({"search": "opera nothing"}, set[str]()),
        ({"category": "Culture"}, {"x-open"}),
        ({"kind": ItemKind.TRAVEL}, set[str]()),
        ({"price_from": 301}, {"x-dearer", "x-cheap-but-gone"}),
        ({"price_from": 101, "price_to": 300}, {"x-dear"}),
        ({"price_to": 19, "unit": "POINTS"}, {"x-no-codes", "x-asleep"}),
        ({"unit": "EUR"}, {"x-euros"}),
        ({"country": "DE", "for_others": True, "search": "german"}, {"x-german"}),
        ({"country": "IT", "search": "german", "for_others": True}, set[str]()),
        ({"affordable": True, "price_from": 300}, {"x-dear"}),
        ({"brand": "nobody"}, set[str]()),
        ({"state": ItemState.DRAFT}, set[str]()),
    ],
)
async def test_filters_narrow(stocked: Shelf, narrowed: dict[str, Any], expected: set[str]) -> None:
    assert await names(stocked, rep(stocked.world), replace(XYLO, **narrowed)) == expected


@pytest.mark.parametrize("sort", list(ItemSort))
@pytest.mark.parametrize("locale", ["en", "fr"])
async def test_pages_cut_a_list_without_loss_or_repeat(stocked: Shelf, sort: ItemSort, locale: str) -> None:
    database, actor = stocked.world.database, Actor(principal_id=new_id(), role=Role.CATALOG)
    whole = await catalog(database, actor, wanted=XYLO, sort=sort, locale=locale)
    seen, after = list[ItemRecord](), None
    while page := await catalog(database, actor, wanted=XYLO, sort=sort, locale=locale, limit=4, after=after):
        seen += page
        after = sort_key(sort, page[-1], locale)
    assert [item.id for item in seen] == [item.id for item in whole]
    assert len(seen) == 21
    prices = [item.price_from or 0 for item in whole]
    if sort is ItemSort.NEWEST:
        assert whole[0].external_id == "x-euros"
    elif sort is not ItemSort.NAME:
        assert prices == sorted(prices, reverse=sort is ItemSort.DEAREST)
    elif locale == "fr":
        assert whole[0].external_id == "x-open", "Billet stands before every Item"


async def test_a_page_and_a_search_have_bounds(stocked: Shelf) -> None:
    for limit in (0, 102):
        with pytest.raises(InvalidInput):
            await catalog(stocked.world.database, SYSTEM, limit=limit)
    await catalog(stocked.world.database, SYSTEM, wanted=CatalogFilter(search="x" * 100))
    with pytest.raises(InvalidInput):
        await catalog(stocked.world.database, SYSTEM, wanted=CatalogFilter(search="x" * 101))


async def test_a_goal_is_one_a_member_and_told_to_nobody_else(stocked: Shelf) -> None:
    world, actor = stocked.world, rep(stocked.world)
    first, second = await stocked.denomination("x-open"), await stocked.denomination("x-dearer")
    for wanted in (first, second):
        await save_goal(world.door, actor, world.key(wanted=str(wanted)), wanted)
    pair = (actor, world.members[0])
    assert (await goals_of_members(world.database, [pair]))[pair].denomination_id == second
    assert await goals_of_members(world.database, [(rep(world, 1), world.members[0])]) == {}
    await stocked.feed(ItemSaid(external_id="x-dearer", state=ItemState.UNLISTED))
    item = (await goals_of_members(world.database, [pair]))[pair].item_id
    assert (await items_by_id(world.database, [(actor, item)]))[actor, item].state is ItemState.UNLISTED
    assert await items_by_id(world.database, [(rep(world, 1), item)]) == {}, "whoever does not save for it"
    with pytest.raises(NotFound):
        await save_goal(world.door, actor, world.key(), second)
    await save_goal(world.door, actor, world.key(wanted=None), None)
    assert await goals_of_members(world.database, [pair]) == {}
    with pytest.raises(NotAllowed):
        await save_goal(world.door, SYSTEM, world.key(), first)
