"""The sandbox of an integrator: each magic denomination forces its outcome, and no production takes a test item."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.demo.magic import FORCED
from api.demo.shelves import MAGIC, SANDBOX_CARD
from api.face import build_server
from catalog.items.said import Unsaid
from catalog.redemptions.policy import ShopPolicy
from catalog.suppliers.scripted import Script
from tests.stories.teller import LINE, ORDER, Teller, told

AT_ONCE = 10  # lines of one redemption


@pytest.fixture
async def teller(fresh_database: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Teller]:
    async with told(fresh_database, valkey_url, tmp_path) as teller:
        yield teller


async def card(teller: Teller) -> dict[str, str]:
    """The sandbox's card is in the catalog; its denominations by script."""
    supplier = await teller.supplier("SCRIPTED")
    (item,) = (one for one in MAGIC if one.external_id == SANDBOX_CARD)
    assert not isinstance(item.denominations, Unsaid)
    price = {"priceFixed": 10, "faceValue": 500, "currency": "EUR"}
    offered = [
        price | {"externalId": one.external_id, "routes": [{"sku": one.external_id}]} for one in item.denominations
    ]
    fed = {"externalId": SANDBOX_CARD, "kind": "GIFT_CARD", "name": {"en": "Sandbox card"}, "isTest": True}
    fields = "results { item { denominations { id externalId } } }"
    made = await teller.does(
        "catalog",
        "upsertCatalogItems",
        fields,
        supplierId=teller.tokens[supplier],
        items=[fed | {"denominations": offered}],
    )
    return {one["externalId"]: one["id"] for one in made["results"][0]["item"]["denominations"]}


async def ordered(teller: Teller, who: str, ids: list[str]) -> str:
    lines = [{"denominationId": one, "quantity": 1} for one in ids]
    answer = await teller.says(who, "quoteRedemption", "quote { id }", lines=lines)
    done = await teller.does(who, "redeem", ORDER, quoteId=answer["quote"]["id"])
    return done["redemption"]["id"]


async def test_every_magic_denomination_ends_as_the_guide_says(teller: Teller) -> None:
    denominations = await card(teller)
    assert denominations.keys() == {script.value for script in FORCED} == {script.value for script in Script}
    await teller.give(0, 500)
    ids = list(denominations.values())
    orders = [await ordered(teller, "rep0", ids[:AT_ONCE]), await ordered(teller, "rep0", ids[AT_ONCE:])]
    again = await ordered(teller, "rep0", [denominations[Script.SAME_CODE.value]])
    for _ in range(8):
        await teller.work()
        await teller.later(minutes=15)
    document = f"query($id: ID!) {{ redemption(id: $id) {{ lines {{ {LINE} denomination {{ externalId }} }} }} }}"
    lines = list[Any]()
    for order in [*orders, again]:
        lines += (await teller.ask("rep0", document, id=order))["redemption"]["lines"]
    for line in lines:
        script = Script(line["denomination"]["externalId"])
        assert line["state"] in FORCED[script].ends, (script, line)
    same = sorted(line["state"] for line in lines if line["denomination"]["externalId"] == Script.SAME_CODE.value)
    assert same == ["FULFILLED", "ORDERED"]
    available, held = await teller.balances("rep0")
    ended = [line["state"] for line in lines]
    assert (available, held) == (500 - 10 * (len(ended) - ended.count("FAILED")), 10 * ended.count("ORDERED"))


async def test_no_production_offers_a_test_item(teller: Teller) -> None:
    denominations = await card(teller)
    await teller.give(0, 100)
    settings = replace(teller.parts.settings, shop=ShopPolicy(sandbox=False))
    transport = httpx2.ASGITransport(app=build_server(replace(teller.parts, settings=settings)))
    async with httpx2.AsyncClient(transport=transport, base_url=settings.url) as client:
        refused = await replace(teller, client=client).quote("rep0", denominations[Script.DELIVER.value])
    assert refused["code"] == "CANNOT_REDEEM"
