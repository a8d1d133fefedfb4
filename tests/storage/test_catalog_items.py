"""Feeds of items: what becomes of each one, what a delta leaves alone, and how many statements a batch takes."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.items.bounds import DENOMINATIONS_EVER_MAX, DENOMINATIONS_MAX, IMAGES_MAX, NAME_LENGTH_MAX, ROUTES_MAX
from catalog.items.item import Image, ItemKind, ItemState
from catalog.items.said import DenominationSaid, ItemSaid, RouteSaid
from catalog.items.upserting import ITEMS_MAX, ItemOutcome
from domain.access.principals import Actor, Role, Scope
from domain.activities.sources import SourceDefinition, ensure_source
from domain.kernel.ids import new_id
from domain.kernel.refusals import InvalidInput, NotAllowed, NotFound
from domain.kernel.sql import Database
from tests.building import build_world
from tests.shelves import Shelf, an_item, build_shelf

CREATED, UPDATED, UNCHANGED, REJECTED = (
    ItemOutcome.CREATED,
    ItemOutcome.UPDATED,
    ItemOutcome.UNCHANGED,
    ItemOutcome.REJECTED,
)


@pytest.fixture(scope="module")
def heard() -> list[str]:
    return []


@pytest.fixture(scope="module")
async def shelf(database: str, heard: list[str]) -> AsyncIterator[Shelf]:
    opened = await Database.open(database, on_query=heard.append)
    yield await build_shelf(await build_world(opened))
    await opened.close()


async def item_row(shelf: Shelf, external_id: str) -> Any:
    return await shelf.world.database.fetchrow("SELECT * FROM catalog_item WHERE external_id = $1", external_id)


async def variants(shelf: Shelf, external_id: str) -> list[tuple[str, int | None, bool, int]]:
    rows = await shelf.world.database.fetch(
        "SELECT d.* FROM denomination d JOIN catalog_item i ON i.id = d.item_id WHERE i.external_id = $1"
        " ORDER BY d.place",
        external_id,
    )
    return [(row["external_id"], row["stock"], row["is_offered"], row["version"]) for row in rows]


async def events_of(shelf: Shelf, external_id: str) -> list[tuple[str, int]]:
    rows = await shelf.world.database.fetch(
        "SELECT name, payload FROM outbox WHERE aggregate_id = (SELECT id FROM catalog_item WHERE external_id = $1)"
        " ORDER BY id",
        external_id,
    )
    return [(row["name"], row["payload"]["version"]) for row in rows]


async def test_an_item_is_created_then_unchanged_then_updated_and_every_change_is_told(shelf: Shelf) -> None:
    said = an_item("story", brand="Acme", images=(Image(url="https://a.example/i.png", width=9, height=9, alt={}),))
    assert [one.outcome for one in await shelf.feed(said)] == [CREATED]
    assert [one.outcome for one in await shelf.feed(said)] == [UNCHANGED]
    assert [one.outcome for one in await shelf.feed(replace(said, brand="Best"))] == [UPDATED]
    row = await item_row(shelf, "story")
    assert (row["brand"], row["version"], row["search"]) == ("Best", 2, "item story best")
    assert await events_of(shelf, "story") == [("catalog_item.changed", 1), ("catalog_item.changed", 2)]


async def test_the_same_key_answers_the_same_and_does_nothing(shelf: Shelf) -> None:
    bad = ItemSaid(external_id="no-name")
    first = await shelf.feed(an_item("once"), bad, key="the-same")
    again = await shelf.feed(an_item("once"), bad, key="the-same")
    assert [(one.outcome, one.item_id) for one in first] == [(one.outcome, one.item_id) for one in again]
    assert [one.outcome for one in again] == [CREATED, REJECTED]
    assert again[1].refusal is not None
    assert again[1].refusal.facts() == {"field": "kind", "problem": "is needed for a new item"}
    assert await events_of(shelf, "once") == [("catalog_item.changed", 1)]


async def test_what_a_delta_leaves_unsaid_stays(shelf: Shelf) -> None:
    whole = an_item(
        "delta",
        description={"en": "Long", "fr": "Longue"},
        countries=("FR", "DE"),
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        member_limit=3,
        member_limit_days=30,
    )
    await shelf.feed(whole)
    assert [one.outcome for one in await shelf.feed(ItemSaid(external_id="delta"))] == [UNCHANGED]
    delta = ItemSaid(external_id="delta", state=ItemState.UNLISTED, member_limit=None, member_limit_days=None)
    assert [one.outcome for one in await shelf.feed(delta)] == [UPDATED]
    row = await item_row(shelf, "delta")
    assert (row["state"], row["member_limit"], row["description"]["fr"]) == ("UNLISTED", None, "Longue")
    assert row["countries"] == ["DE", "FR"]
    assert await variants(shelf, "delta") == [("d", None, True, 1)]


async def test_denominations_are_replaced_by_external_id_and_never_deleted(shelf: Shelf) -> None:
    ten, twenty, thirty = (DenominationSaid(external_id=name, price_fixed=1, stock=4) for name in ("10", "20", "30"))
    await shelf.feed(an_item("values", denominations=(ten, twenty)))
    before = await shelf.denomination("values", "10")
    await shelf.feed(an_item("values", denominations=(thirty, replace(twenty, stock=9))))
    assert await variants(shelf, "values") == [("30", 4, True, 1), ("20", 9, True, 2), ("10", 4, False, 2)]
    await shelf.feed(an_item("values", denominations=(ten,)))
    assert (await variants(shelf, "values"))[0] == ("10", 4, True, 3)
    assert await shelf.denomination("values", "10") == before


async def test_a_stock_that_is_not_said_stays_and_one_that_is_said_again_counts(shelf: Shelf) -> None:
    counted = DenominationSaid(external_id="d", price_fixed=1, stock=5)
    await shelf.feed(an_item("counted", denominations=(counted,)))
    await shelf.world.database.fetch(
        "UPDATE denomination SET stock = 2 WHERE id = $1", await shelf.denomination("counted")
    )
    unsaid = DenominationSaid(external_id="d", price_fixed=1)
    assert [one.outcome for one in await shelf.feed(an_item("counted", denominations=(unsaid,)))] == [UNCHANGED]
    assert await variants(shelf, "counted") == [("d", 2, True, 1)]
    assert [one.outcome for one in await shelf.feed(an_item("counted", denominations=(counted,)))] == [UPDATED]
    assert await variants(shelf, "counted") == [("d", 5, True, 2)]


async def test_one_bad_item_never_loses_the_others(shelf: Shelf) -> None:
    results = await shelf.feed(
        an_item("good-1"),
        an_item("bad", unit="NOPE"),
        an_item("good-1", brand="another"),
        an_item("good-1"),
        an_item("good-2"),
    )
    assert [one.outcome for one in results] == [CREATED, REJECTED, REJECTED, CREATED, CREATED]
    codes = [one.refusal.code() for one in results if one.refusal]
    assert codes == ["UNIT_UNKNOWN", "REPEATED_IN_BATCH"]
    assert results[3].item_id == results[0].item_id
    assert await events_of(shelf, "good-1") == [("catalog_item.changed", 1)]


WHOLE_FACE: dict[str, Any] = {"price_fixed": None, "price_denominator": 1, "face_value": 10**15, "currency": "EUR"}


def with_(**said: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"external_id": "d", "price_fixed": 1}
    return {"denominations": (DenominationSaid(**usual | said),)}


PICTURE = Image(url="https://a.example/i.png", width=1, height=1, alt={})
EDGES: tuple[tuple[dict[str, Any], str | None], ...] = (
    ({"name": {"en": "x" * NAME_LENGTH_MAX}}, None),
    ({"name": {"en": "x" * (NAME_LENGTH_MAX + 1)}}, "name"),
    ({"name": {"fr": "Seul"}}, "name"),
    ({"name": {"en": "<b></b>"}}, "name"),
    ({"name": {"en": "x", "de": "x"}}, "name"),
    ({"description": {"en": "x" * 5_000}}, None),
    ({"description": {"en": "x" * 5_001}}, "description"),
    ({"description": {"en": "<p>" * 7_000}}, "description"),
    ({"brand": "x" * 101}, "brand"),
    ({"categories": tuple(map(str, range(10)))}, None),
    ({"categories": tuple(map(str, range(11)))}, "categories"),
    ({"categories": ("x" * 65,)}, "categories"),
    ({"images": (PICTURE,) * IMAGES_MAX}, None),
    ({"images": (PICTURE,) * (IMAGES_MAX + 1)}, "images"),
    ({"images": (replace(PICTURE, url="http://a.example/i.png"),)}, "images"),
    ({"images": (replace(PICTURE, url="https://u:p@a.example/i.png"),)}, "images"),
    ({"images": (replace(PICTURE, url="javascript:alert(1)"),)}, "images"),
    ({"images": (replace(PICTURE, width=0),)}, "images"),
    ({"images": (replace(PICTURE, height=20_001),)}, "images"),
    ({"countries": ("France",)}, "countries"),
    ({"partner_types": ("VAR", "MSP")}, None),
    ({"partner_types": ("BAKER",)}, "partnerTypes"),
    ({"tiers": tuple(map(str, range(51)))}, "tiers"),
    ({"member_limit": 1_000, "member_limit_days": 3_660}, None),
    ({"member_limit": 1_001}, "memberLimit"),
    ({"member_limit": 0}, "memberLimit"),
    ({"member_limit": 1, "member_limit_days": 3_661}, "memberLimitDays"),
    ({"member_limit_days": 1}, "memberLimitDays"),
    ({"valid_from": datetime(2026, 1, 2, tzinfo=UTC), "valid_until": datetime(2026, 1, 2, tzinfo=UTC)}, "validUntil"),
    ({"denominations": ()}, "denominations"),
    (with_(stock=0), None),
    (with_(stock=-1), "denominations.stock"),
    (with_(price_fixed=0), None),
    (with_(price_fixed=10**15), None),
    (with_(price_fixed=10**15 + 1), "denominations.price"),
    (with_(price_fixed=None), "denominations.price"),
    (with_(price_numerator=1, price_denominator=1), "denominations.price"),
    (with_(price_fixed=None, price_numerator=1, price_denominator=100), "denominations.price"),
    (with_(price_numerator=1, **WHOLE_FACE), None),
    (with_(price_numerator=2, **WHOLE_FACE), "denominations.price"),
    (with_(face_value=0, currency="EUR"), "denominations.faceValue"),
    (with_(face_value=5_000), "denominations.currency"),
    (with_(fair_value=5_000, currency="euro"), "denominations.currency"),
    (with_(external_id="x" * 129), "denominations.externalId"),
    (with_(routes=(RouteSaid(sku="x" * 129),)), "denominations.routes.sku"),
    (with_(routes=(RouteSaid(),) * ROUTES_MAX), None),
    (with_(routes=(RouteSaid(),) * (ROUTES_MAX + 1)), "routes"),
)


async def test_every_limit_holds_at_its_edge(shelf: Shelf) -> None:
    results = await shelf.feed(*(an_item(f"edge-{n}", **said) for n, (said, _) in enumerate(EDGES)))
    found = [one.refusal.facts()["field"] if one.refusal else None for one in results]
    assert [(n, field) for n, field in enumerate(found)] == [(n, wanted) for n, (_, wanted) in enumerate(EDGES)]
    assert all(isinstance(one.refusal, InvalidInput) for one in results if one.refusal)


async def test_an_item_has_fifty_denominations_at_once_and_two_hundred_ever(shelf: Shelf) -> None:
    def numbered(first: int, count: int) -> ItemSaid:
        told = (DenominationSaid(external_id=f"n{n}", price_fixed=n) for n in range(first, first + count))
        return an_item("many", denominations=tuple(told))

    assert (await shelf.feed(numbered(0, DENOMINATIONS_MAX + 1)))[0].outcome is REJECTED
    for first in range(0, DENOMINATIONS_EVER_MAX, DENOMINATIONS_MAX):
        assert (await shelf.feed(numbered(first, DENOMINATIONS_MAX)))[0].refusal is None
    (result,) = await shelf.feed(numbered(DENOMINATIONS_EVER_MAX, 1))
    assert result.refusal is not None
    assert result.refusal.facts()["field"] == "denominations"


async def test_a_batch_has_one_to_a_thousand_items(shelf: Shelf) -> None:
    for count in (0, ITEMS_MAX + 1):
        with pytest.raises(InvalidInput):
            await shelf.feed(*(ItemSaid(external_id=str(n)) for n in range(count)))


async def test_a_batch_of_a_thousand_takes_as_many_statements_as_one_of_ten(shelf: Shelf, heard: list[str]) -> None:
    counts = list[tuple[int, int]]()
    for size in (10, ITEMS_MAX):
        items = [an_item(f"s{size}-{n}") for n in range(size)]
        heard.clear()
        assert {one.outcome for one in await shelf.feed(*items)} == {CREATED}
        created = len(heard)
        heard.clear()
        changed = [replace(item, brand="Other", kind=ItemKind.DONATION) for item in items]
        assert {one.outcome for one in await shelf.feed(*changed)} == {UPDATED}
        counts.append((created, len(heard)))
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 30


async def test_foreign_texts_are_stored_as_plain_text(shelf: Shelf) -> None:
    said = an_item(
        "markup",
        name={"en": "<b>Gift</b> &amp; card<script>alert(1)</script>"},
        description={"en": "<p>One</p><p>Two &lt;img src=x onerror=alert(1)&gt;</p> 3 < 4"},
    )
    assert [one.outcome for one in await shelf.feed(said)] == [CREATED]
    row = await item_row(shelf, "markup")
    assert row["name"] == {"en": "Gift & card"}
    assert row["description"] == {"en": "One\n\nTwo\n3 < 4"}
    assert [one.outcome for one in await shelf.feed(said)] == [UNCHANGED]


async def test_routes_are_data_and_default_to_the_supplier_itself(shelf: Shelf) -> None:
    other = await shelf.supplier("other")
    pool_id = await shelf.pool("eur-50", 3)
    await shelf.put("default")
    fallback = (RouteSaid(pool="eur-50"), RouteSaid(supplier="other", sku="their-name"))
    await shelf.put("routed", **with_(routes=fallback))
    rows = await shelf.world.database.fetch(
        "SELECT i.external_id, r.priority, r.supplier_id, r.sku, r.pool_id FROM fulfilment_route r"
        " JOIN denomination d ON d.id = r.denomination_id JOIN catalog_item i ON i.id = d.item_id"
        " WHERE i.external_id IN ('default', 'routed') ORDER BY 1, 2"
    )
    assert [tuple(row) for row in rows] == [
        ("default", 1, shelf.supplier_id, "d", None),
        ("routed", 1, shelf.supplier_id, "d", pool_id),
        ("routed", 2, other, "their-name", None),
    ]
    unsaid = DenominationSaid(external_id="d", price_fixed=1)
    assert [one.outcome for one in await shelf.feed(an_item("routed", denominations=(unsaid,)))] == [UNCHANGED]
    for route in (RouteSaid(pool="nobody's"), RouteSaid(supplier="nobody"), RouteSaid(supplier="other", pool="eur-50")):
        (result,) = await shelf.feed(an_item("routed", **with_(routes=(route,))))
        assert result.refusal is not None
        assert result.refusal.code() == "ROUTE_UNKNOWN"


async def test_a_key_feeds_its_own_supplier_and_nobody_else_feeds(shelf: Shelf) -> None:
    world = shelf.world
    record = await ensure_source(world.door, world.actor, SourceDefinition(code="vouchers", name="Vouchers"))
    own = await shelf.supplier("own", source_id=record.source_id)
    scopes = frozenset({Scope.CATALOG_WRITE})
    key = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=record.source_id, scopes=scopes)
    assert (await shelf.feed(an_item("theirs"), actor=key, supplier_id=own))[0].outcome is CREATED
    with pytest.raises(NotFound):
        await shelf.feed(an_item("theirs"), actor=key, supplier_id=shelf.supplier_id)
    (result,) = await shelf.feed(
        an_item("theirs", **with_(routes=(RouteSaid(supplier="shop"),))), actor=key, supplier_id=own
    )
    assert result.refusal is not None
    assert result.refusal.code() == "ROUTE_UNKNOWN"
    for actor in (
        replace(key, scopes=frozenset({Scope.CATALOG_READ})),
        Actor(principal_id=new_id(), role=Role.MEMBER, member_id=world.members[0]),
        Actor(principal_id=new_id(), role=Role.FINANCE),
    ):
        with pytest.raises(NotAllowed):
            await shelf.feed(an_item("theirs"), actor=actor, supplier_id=own)


async def test_characters_that_cannot_be_stored_are_refused_item_by_item(shelf: Shelf) -> None:
    nul = "x\x00y"
    results = await shelf.feed(
        an_item(nul),
        an_item("nul-unit", unit=nul),
        an_item("nul-route", **with_(routes=(RouteSaid(supplier=nul, pool=nul),))),
        an_item("nul-variant", **with_(external_id=nul)),
        an_item("nul-brand", brand=nul),
        key="hostile",
    )
    assert [one.outcome for one in results] == [REJECTED, REJECTED, REJECTED, REJECTED, CREATED]
    assert results[0].external_id == "x\ufffdy"
    assert (await item_row(shelf, "nul-brand"))["brand"] == "xy"
