"""The catalog through the schema: what a rep finds, what it costs her and why not, who feeds it and who sees what."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from api.graph.ids import Tag, decode_as
from catalog.items.item import ItemState
from catalog.items.said import DenominationSaid
from catalog.items.upserting import ITEMS_MAX
from domain.access.principals import Actor, Role, Scope
from domain.activities.sources import SourceDefinition, ensure_source
from domain.kernel.ids import new_id
from tests.building import build_world, deal
from tests.graph.asking import NOBODY, Asker, admin, key, listening, member, opaque, partner_admin
from tests.shelves import Shelf, build_shelf

FIXED = {"effect": {"kind": "FIXED", "amount": 2_600}}
BROWSE = """query($filter: CatalogFilterInput, $sort: CatalogSort! = NEWEST, $search: String, $first: Int! = 25,
                  $after: Cursor) {
  catalogItems(filter: $filter, sort: $sort, search: $search, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    edges { node { id externalId supplierId name description(locale: FR) priceFrom unit { code }
      images { url alt } denominations { id name price faceValue currency cost stock routes { sku }
        offer { price unit { code } canRedeem pointsMissing leftOfLimit
          obstacles { code text facts french: text(locale: FR) } } } } } } }"""
UPSERT = """mutation($input: UpsertCatalogItemsInput!) { upsertCatalogItems(input: $input) { __typename
  ... on UpsertCatalogItemsSuccess { created updated unchanged rejected
    results { externalId outcome itemId item { name } refusal { code text } } }
  ... on Refusal { code text } } }"""
GOAL = """mutation($input: SetSavedGoalInput!) { setSavedGoal(input: $input) { __typename
  ... on SetSavedGoalSuccess { goal { item { name } denomination { price } offer { pointsMissing } } }
  ... on Refusal { code } } }"""


@pytest.fixture(scope="module")
async def asker(database: str) -> AsyncIterator[Asker]:
    heard: list[str] = []
    opened = await listening(database, heard)
    world = await build_world(opened)
    await world.launch(FIXED)
    await world.record(deal("d0", world.members[0]))
    yield Asker.over(world, heard)
    await opened.close()


@pytest.fixture(scope="module")
async def shelf(asker: Asker) -> Shelf:
    shelf = await build_shelf(asker.world)
    ratio = DenominationSaid(
        external_id="50",
        name={"en": "50 euros"},
        face_value=5_000,
        currency="EUR",
        price_numerator=1,
        price_denominator=1,
        cost=4_700,
        stock=3,
    )
    await shelf.put(
        "card",
        name={"en": "Gift card", "fr": "Carte cadeau"},
        description={"en": "Only English"},
        denominations=(ratio, DenominationSaid(external_id="20", price_fixed=2_000)),
    )
    await shelf.put("mug", price=100, name={"en": "Mug"}, member_limit=1)
    await shelf.put("german", countries=("DE",), name={"en": "German only"})
    await shelf.put("gone", stock=0, price=1, name={"en": "Sold out"})
    await shelf.redeem(asker.world.members[0], await shelf.denomination("mug"))
    return shelf


async def browse(asker: Asker, actor: Actor, **asked: Any) -> list[Mapping[str, Any]]:
    page = (await asker.ask(actor, BROWSE, **asked))["catalogItems"]
    assert page["totalCount"] >= len(page["edges"])
    return [edge["node"] for edge in page["edges"]]


def named(items: list[Mapping[str, Any]]) -> list[str]:
    return [item["externalId"] for item in items]


async def test_a_rep_finds_what_is_for_her_with_price_and_points_to_go(asker: Asker, shelf: Shelf) -> None:
    found = await browse(asker, member(asker.world, 0))
    assert named(found) == ["gone", "mug", "card"]
    card = found[2]
    assert (card["name"], card["description"], card["supplierId"]) == ("Gift card", "Only English", None)
    assert (card["priceFrom"], card["unit"]) == (2_000, {"code": "POINTS"})
    dear, cheap = card["denominations"]
    assert (dear["name"], dear["faceValue"], dear["currency"], dear["price"]) == ("50 euros", 5_000, "EUR", 5_000)
    assert (dear["cost"], dear["stock"], dear["routes"]) == (None, None, None)
    assert dear["offer"] == {
        "price": 5_000,
        "unit": {"code": "POINTS"},
        "canRedeem": False,
        "pointsMissing": 2_400,
        "leftOfLimit": None,
        "obstacles": [],
    }
    assert (cheap["offer"]["canRedeem"], cheap["offer"]["pointsMissing"]) == (True, 0)


async def test_the_locale_of_the_request_is_spoken_with_english_where_a_text_is_missing(
    asker: Asker, shelf: Shelf
) -> None:
    actor = Actor(
        principal_id=new_id(), role=Role.MEMBER, member_id=asker.world.members[0], locale="fr", partner_id=None
    )
    found = await browse(asker, actor, search="cadeau")
    assert [(item["name"], item["description"]) for item in found] == [("Carte cadeau", "Only English")]


async def test_every_reason_comes_with_its_facts_and_a_sentence_in_both_languages(asker: Asker, shelf: Shelf) -> None:
    found = await browse(asker, member(asker.world, 0), filter={"includeNotForMe": True}, sort="NAME")
    assert named(found) == ["german", "card", "mug", "gone"] or named(found) == ["card", "german", "mug", "gone"]
    offers = {item["externalId"]: item["denominations"][0]["offer"] for item in found}
    assert offers["german"]["obstacles"] == [
        {
            "code": "WRONG_COUNTRY",
            "text": "This is for DE; your country is not known.",
            "facts": {"countries": ["DE"], "country": None},
            "french": "Ceci est réservé à DE ; votre pays est inconnu.",
        }
    ]
    assert [each["code"] for each in offers["gone"]["obstacles"]] == ["OUT_OF_STOCK"]
    (limit,) = offers["mug"]["obstacles"]
    assert limit["facts"] == {"redeemed": 1, "limit": 1, "days": None, "until": None}
    assert limit["text"] == "You have redeemed this 1 times; 1 in all is the most."
    assert offers["mug"]["leftOfLimit"] == 0


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"filter": {"canRedeem": True}}, ["card"]),
        ({"filter": {"affordable": True}}, ["gone", "mug", "card"]),
        ({"filter": {"priceFrom": 3_000}}, ["card"]),
        ({"filter": {"priceTo": 99}}, ["gone"]),
        ({"filter": {"kind": "TRAVEL"}}, []),
        ({"search": "gif CAR"}, ["card"]),
        ({"search": "cadeau"}, ["card"]),
        ({"sort": "CHEAPEST"}, ["gone", "mug", "card"]),
        ({"sort": "DEAREST"}, ["card", "mug", "gone"]),
        ({"sort": "NAME"}, ["card", "mug", "gone"]),
    ],
)
async def test_a_rep_filters_searches_and_sorts(
    asker: Asker, shelf: Shelf, asked: dict[str, Any], expected: list[str]
) -> None:
    assert named(await browse(asker, member(asker.world, 0), **asked)) == expected


@pytest.mark.parametrize("sort", ["NEWEST", "CHEAPEST", "DEAREST", "NAME"])
async def test_a_cursor_leads_through_every_order(asker: Asker, shelf: Shelf, sort: str) -> None:
    actor, after, seen, page = member(asker.world, 0), None, list[str](), dict[str, Any]()
    for _ in range(3):
        page = (await asker.ask(actor, BROWSE, sort=sort, first=1, after=after))["catalogItems"]
        seen += [edge["node"]["externalId"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        assert page["totalCount"] == 3
    assert seen == named(await browse(asker, actor, sort=sort))
    assert page["pageInfo"]["hasNextPage"] is False
    other = await asker.result(actor, BROWSE, sort="NEWEST" if sort == "NAME" else "NAME", after=after)
    assert (other.errors is not None) is (sort != "NEWEST"), "an instant reads as text"


async def test_a_page_of_many_items_takes_as_many_statements_as_a_page_of_one(asker: Asker, shelf: Shelf) -> None:
    assert len(await browse(asker, member(asker.world, 0), search="mug")) == 1
    one = len(asker.statements)
    await browse(asker, member(asker.world, 0), first=25)
    assert len(asker.statements) == one


async def test_operators_see_cost_stock_and_routes_and_nobody_sees_nothing(asker: Asker, shelf: Shelf) -> None:
    await shelf.put("secret", state=ItemState.DRAFT, name={"en": "Draft"})
    for role in (Role.CATALOG, Role.ADMIN, Role.SUPPORT, Role.FINANCE, Role.CHANNEL_MANAGER):
        found = await browse(asker, Actor(principal_id=new_id(), role=role), sort="NAME")
        assert ("secret" in named(found)) is (role in (Role.CATALOG, Role.ADMIN))
        card = next(item for item in found if item["externalId"] == "card")
        assert card["supplierId"] == opaque(Tag.SUPPLIER, shelf.supplier_id)
        dear = card["denominations"][0]
        assert (dear["cost"], dear["stock"], dear["routes"], dear["offer"]) == (4_700, 3, [{"sku": "50"}], None)
    for actor in (member(asker.world, 1), partner_admin(asker.world, 0)):
        assert "secret" not in named(await browse(asker, actor))
        item_id = await asker.world.database.fetchval("SELECT id FROM catalog_item WHERE external_id = 'secret'")
        document = "query($id: ID!) { catalogItem(id: $id) { name } node(id: $id) { id } }"
        hidden = await asker.ask(actor, document, id=opaque(Tag.CATALOG_ITEM, item_id))
        assert hidden == {"catalogItem": None, "node": None}
    for actor in (NOBODY, key(Scope.CODES_READ)):
        result = await asker.result(actor, "{ catalogItems { edges { node { name } } } }")
        assert result.errors is not None
    read = await asker.ask(key(Scope.CATALOG_READ), "{ catalogItems { edges { node { name } } } }")
    assert len(read["catalogItems"]["edges"]) == 5


async def test_a_node_is_found_again(asker: Asker, shelf: Shelf) -> None:
    denomination = await shelf.denomination("mug")
    document = "query($id: ID!) { node(id: $id) { id ... on Denomination { price item { name } } } }"
    id_ = opaque(Tag.DENOMINATION, denomination)
    assert (await asker.ask(member(asker.world, 1), document, id=id_))["node"] == {
        "id": id_,
        "price": 100,
        "item": {"name": "Mug"},
    }


def fed(external_id: str, **said: Any) -> dict[str, Any]:
    return {
        "externalId": external_id,
        "kind": "VOUCHER",
        "name": {"en": f"Fed {external_id}"},
        "denominations": [{"externalId": "d", "priceFixed": 10}],
    } | said


async def upsert(asker: Asker, actor: Actor, key_: str, *items: dict[str, Any], **more: Any) -> Mapping[str, Any]:
    asked = {"idempotencyKey": key_, "items": list(items), **more}
    return (await asker.ask(actor, UPSERT, input=asked))["upsertCatalogItems"]


async def test_a_supplier_feeds_its_items_each_with_its_result(asker: Asker, shelf: Shelf) -> None:
    world = asker.world
    record = await ensure_source(world.door, world.actor, SourceDefinition(code="feeder", name="Feeder"))
    await shelf.supplier("feeder", source_id=record.source_id)
    feeder = key(Scope.CATALOG_WRITE, Scope.CATALOG_READ, source_id=record.source_id)
    first = await upsert(asker, feeder, "f1", fed("a", brand="Acme"), fed("b", kind=None), fed("c"))
    assert [first[name] for name in ("created", "updated", "unchanged", "rejected")] == [2, 0, 0, 1]
    assert first["results"][0]["item"] == {"name": "Fed a"}
    assert decode_as(Tag.CATALOG_ITEM, first["results"][0]["itemId"]) is not None
    assert first["results"][1]["refusal"] == {"code": "INVALID_INPUT", "text": "kind: is needed for a new item"}
    assert await upsert(asker, feeder, "f1", fed("a", brand="Acme"), fed("b", kind=None), fed("c")) == first
    delta = await upsert(asker, feeder, "f2", {"externalId": "a"}, {"externalId": "c", "state": "UNLISTED"})
    assert [each["outcome"] for each in delta["results"]] == ["UNCHANGED", "UPDATED"]
    cleared = await upsert(asker, feeder, "f3", {"externalId": "a", "brand": None, "kind": None})
    assert [each["outcome"] for each in cleared["results"]] == ["UPDATED"]
    other = await upsert(asker, feeder, "f3", {"externalId": "a"})
    assert other["code"] == "KEY_REUSED", "null and nothing are not the same request"
    (row,) = await world.database.fetch("SELECT brand, kind FROM catalog_item WHERE external_id = 'a'")
    assert (row["brand"], row["kind"]) == (None, "VOUCHER")


async def test_who_may_not_feed_is_told_so_and_the_batch_has_a_bound(asker: Asker, shelf: Shelf) -> None:
    supplier = opaque(Tag.SUPPLIER, shelf.supplier_id)
    for actor, code in (
        (member(asker.world, 0), "NOT_ALLOWED"),
        (Actor(principal_id=new_id(), role=Role.FINANCE), "NOT_ALLOWED"),
        (key(Scope.CATALOG_READ), "SCOPE_MISSING"),
        (key(Scope.CATALOG_WRITE, source_id=asker.world.source_id), "NOT_FOUND"),
        (key(Scope.CATALOG_WRITE, Scope.CATALOG_READ), "UPSERTED"),
    ):
        told = await upsert(asker, actor, f"n-{code}", fed("n"), supplierId=supplier)
        assert told.get("code", "UPSERTED") == code
    assert (await upsert(asker, admin(), "n-1", fed("n")))["code"] == "INVALID_INPUT"
    assert (await upsert(asker, admin(), "n-2", fed("n"), supplierId=opaque(Tag.MEMBER, new_id())))[
        "code"
    ] == "NOT_FOUND"
    many = [{"externalId": str(n)} for n in range(ITEMS_MAX + 1)]
    assert (await upsert(asker, admin(), "n-3", *many, supplierId=supplier))["code"] == "INVALID_INPUT"
    assert (await upsert(asker, admin(), "n-4", *many[1:], supplierId=supplier))["rejected"] == ITEMS_MAX


async def test_a_rep_saves_for_one_thing_and_sees_how_far_it_is(asker: Asker, shelf: Shelf) -> None:
    rep, dear = member(asker.world, 0), opaque(Tag.DENOMINATION, await shelf.denomination("card", "50"))
    viewer = "{ viewer { savedGoal { denomination { price } offer { pointsMissing canRedeem } } } }"
    assert (await asker.ask(rep, viewer))["viewer"] == {"savedGoal": None}
    saved = await asker.ask(rep, GOAL, input={"idempotencyKey": "g1", "denominationId": dear})
    assert saved["setSavedGoal"]["goal"] == {
        "item": {"name": "Gift card"},
        "denomination": {"price": 5_000},
        "offer": {"pointsMissing": 2_400},
    }
    goal = (await asker.ask(rep, viewer))["viewer"]["savedGoal"]
    assert goal == {"denomination": {"price": 5_000}, "offer": {"pointsMissing": 2_400, "canRedeem": False}}
    assert (await asker.ask(member(asker.world, 1), viewer))["viewer"] == {"savedGoal": None}
    unknown = {"idempotencyKey": "g2", "denominationId": opaque(Tag.DENOMINATION, new_id())}
    assert (await asker.ask(rep, GOAL, input=unknown))["setSavedGoal"]["code"] == "NOT_FOUND"
    assert (await asker.ask(admin(), GOAL, input=unknown))["setSavedGoal"]["code"] == "NOT_ALLOWED"
    forgotten = await asker.ask(rep, GOAL, input={"idempotencyKey": "g3"})
    assert forgotten["setSavedGoal"]["goal"] is None
    assert (await asker.ask(rep, viewer))["viewer"] == {"savedGoal": None}
