"""The catalog in pages over real rows: who is shown what, what filters say, and what a member saves for."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog.items.browsing import CatalogFilter, ItemSort, catalog, catalog_total, sort_key
from catalog.items.eligibility import NOT_FOR_THEM, ObstacleCode
from catalog.items.item import ItemKind, ItemRecord, ItemState
from catalog.items.offering import offers_of
from catalog.items.reading import denominations_of_items, goals_of_members, items_by_id
from catalog.items.said import DenominationSaid, ItemSaid, RouteSaid
from catalog.items.saving import save_goal
from domain.access.principals import SYSTEM, Actor, Role, Scope
from domain.activities.sources import SourceDefinition, ensure_source
from domain.kernel.ids import new_id
from domain.kernel.refusals import InvalidInput, NotAllowed, NotFound
from domain.kernel.sql import Database
from tests.shelves import Shelf, build_peopled_world, build_shelf, rep

Code = ObstacleCode


@pytest.fixture(scope="module")
async def shelf(database: str) -> AsyncIterator[Shelf]:
    opened = await Database.open(database)
    yield await build_shelf(await build_peopled_world(opened))
    await opened.close()


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
