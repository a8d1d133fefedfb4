"""The CSV feed of items: grouped rows, cells that say nothing, rows that are refused, and the command."""

import csv
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from catalog.items.importing import ROWS_PER_ITEM_MAX, CatalogImported, Progress, import_catalog
from domain.access.principals import SYSTEM, Actor, Role
from domain.earning.refusals import UnreadableFile
from domain.kernel.ids import new_id
from domain.kernel.refusals import InvalidInput, NotAllowed
from domain.kernel.sql import Database
from tests.building import build_world
from tests.shelves import Shelf, build_shelf
from tests.storage.test_import_command import environment, run

HEAD = (
    "external_id,kind,state,name_en,name_fr,brand,categories,countries,member_limit,image_url,image_width,image_height,"
    "image_alt_en,denomination_id,denomination_name_en,face_value,currency,price,price_ratio,stock,sku\n"
)
CARD = "card,gift_card,listed,Gift card,Carte cadeau,Acme,Cards|Gifts,FR|DE,3,https://a.example/c.png,640,480,A card"
FEED = f"""{HEAD}{CARD},20,20 euros,2000,EUR,,11/10,5,AC-20
card,,,,,,,,,,,,,50,50 euros,5000,EUR,,11/10,,AC-50
mug,merchandise,,<b>Mug</b>,,,,,,,,,,d,,,,300,,,
bad,voucher,,Bad,,,,,,,,,,d,,,,3.5,,,
worse,sandwich,,Worse,,,,,,,,,,d,,,,3,,,
card,,,,,,,,,,,,,100,,10000,EUR,,11/10,,
=odd,voucher,,Odd,,,,,,,,,,,,,,,,,
ragged,voucher
"""


@pytest.fixture(scope="module")
async def shelf(database: str) -> AsyncIterator[Shelf]:
    opened = await Database.open(database)
    yield await build_shelf(await build_world(opened))
    await opened.close()


async def card(shelf: Shelf) -> Any:
    return await shelf.world.database.fetchrow("SELECT * FROM catalog_item WHERE external_id = 'card'")


async def feed(shelf: Shelf, folder: Path, text: str, **more: Any) -> CatalogImported:
    path = folder / "feed.csv"
    path.write_text(text, encoding="utf-8")
    return await import_catalog(shelf.world.door, SYSTEM, shelf.supplier_id, path, **more)


def told(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


async def test_a_feed_is_read_row_by_row_and_every_row_is_reported(shelf: Shelf, tmp_path: Path) -> None:
    seen = list[Progress]()
    report = tmp_path / "report.csv"
    done = await feed(shelf, tmp_path, FEED, report=report, batch=2, progress=seen.append)
    assert (done.rows, done.counts) == (8, {"CREATED": 2, "REJECTED": 5})
    assert (seen[-1].ended, seen[-1].rows) == (8, 8)
    rows = told(report)
    assert [row[:3] for row in rows] == [
        ("1", "card", "created"),
        ("2", "card", "created"),
        ("3", "mug", "created"),
        ("4", "bad", "rejected"),
        ("5", "worse", "rejected"),
        ("6", "card", "rejected"),
        ("7", "'=odd", "rejected"),
        ("8", "", "rejected"),
    ]
    assert rows[3][3:] == ("INVALID_INPUT", "field: price; problem: is a whole number of at most 16 digits")
    assert "follow each other" in rows[5][4]
    assert "denominations" in rows[6][4]
    row = await card(shelf)
    assert (row["name"], row["countries"]) == ({"en": "Gift card", "fr": "Carte cadeau"}, ["DE", "FR"])
    assert row["categories"] == ["Cards", "Gifts"]
    assert row["images"][0]["alt"] == {"en": "A card"}
    variants = await shelf.world.database.fetch(
        "SELECT d.external_id, stock, price_numerator, sku FROM denomination d"
        " JOIN fulfilment_route r ON r.denomination_id = d.id WHERE item_id = $1 ORDER BY place",
        row["id"],
    )
    assert [tuple(one) for one in variants] == [("20", 5, 11, "AC-20"), ("50", None, 11, "AC-50")]


async def test_the_same_file_again_changes_nothing_and_a_cell_says_what_it_says(shelf: Shelf, tmp_path: Path) -> None:
    await feed(shelf, tmp_path, FEED)
    assert (await feed(shelf, tmp_path, FEED)).counts == {"UNCHANGED": 2, "REJECTED": 5}
    delta = "external_id,brand,countries,member_limit,state\ncard,,-,-,\n"
    assert (await feed(shelf, tmp_path, delta)).counts == {"UPDATED": 1}
    row = await card(shelf)
    assert (row["brand"], row["countries"], row["member_limit"], row["state"]) == ("Acme", [], None, "LISTED")


async def test_a_file_that_cannot_be_meant_is_refused_before_anything_is_fed(shelf: Shelf, tmp_path: Path) -> None:
    for text in ("kind\nvoucher\n", "external_id,colour\nx,red\n", "external_id\n" + "x\n" * 4):
        with pytest.raises(UnreadableFile):
            await feed(shelf, tmp_path, text, rows_max=3)
    for batch in (0, 1_001):
        with pytest.raises(InvalidInput):
            await feed(shelf, tmp_path, FEED, batch=batch)
    with pytest.raises(UnreadableFile):
        await import_catalog(shelf.world.door, SYSTEM, shelf.supplier_id, tmp_path / "absent.csv")
    nobody = Actor(principal_id=new_id(), role=Role.SUPPORT)
    with pytest.raises(NotAllowed):
        await import_catalog(shelf.world.door, nobody, shelf.supplier_id, tmp_path / "feed.csv")


async def test_an_item_has_at_most_fifty_rows(shelf: Shelf, tmp_path: Path) -> None:
    def rows(count: int) -> str:
        head = "external_id,kind,name_en,denomination_id,price\n"
        return head + "".join(f"wide,voucher,Wide,{n},1\n" for n in range(count))

    assert (await feed(shelf, tmp_path, rows(ROWS_PER_ITEM_MAX + 1))).counts == {"REJECTED": 1}
    assert (await feed(shelf, tmp_path, rows(ROWS_PER_ITEM_MAX))).counts == {"CREATED": 1}


async def test_bytes_that_are_no_text_are_refused_in_their_row(shelf: Shelf, tmp_path: Path) -> None:
    path, report = tmp_path / "bytes.csv", tmp_path / "report.csv"
    head, tail = b"external_id,kind,name_en,denomination_id,price\n", b",voucher,Good,d,1\n"
    path.write_bytes(head + b"b\xff" + tail + b"z\x00" + tail + b"fine" + tail)
    done = await import_catalog(shelf.world.door, SYSTEM, shelf.supplier_id, path, report=report)
    assert done.counts == {"REJECTED": 2, "CREATED": 1}
    assert [row[1] for row in told(report)] == ["b\ufffd", "z\ufffd", "fine"]


@pytest.mark.timeout(200)
async def test_the_command_feeds_a_file_and_names_a_supplier_it_does_not_know(
    shelf: Shelf, database: str, valkey_url: str, tmp_path: Path
) -> None:
    (tmp_path / "feed.csv").write_text("external_id,kind,name_en,denomination_id,price\ncli,voucher,Cli,d,1\n")
    script = f'guerdon catalog import "{tmp_path}/feed.csv" --supplier shop'
    given = environment(database, valkey_url, tmp_path)
    ended = await run(script, given)
    assert (ended.code, ended.said) == (0, "1 rows: 1 created\n"), ended.trouble
    ended = await run(script.replace("shop", "nobody"), given)
    assert ended.code == 2
    assert "There is no supplier nobody." in ended.trouble
