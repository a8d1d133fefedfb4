"""A change behind the ledger's back never goes unseen: a share of what `make tamper` does in full."""

from benchmarks.tamper import tamper
from benchmarks.tamper_book import build
from benchmarks.tamper_shop import build_shop_book
from benchmarks.tamper_tables import KEYS, NOT_COVERED, TABLES
from domain.kernel.sql import Database

EVERY = 31  # of all changes; each table has one at least

COLUMNS = (
    "SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public'"
)


async def test_the_audit_finds_a_share_of_all_possible_changes_of_every_table(fresh_database: str) -> None:
    opened = await Database.open(fresh_database)
    try:
        await build(opened)
        await build_shop_book(opened)
        result = await tamper(opened, every=EVERY)
    finally:
        await opened.close()
    assert result.missed == ()
    assert result.made > len(TABLES)


async def test_what_is_not_covered_exists_and_says_why(database: str) -> None:
    opened = await Database.open(database)
    try:
        columns = {row["name"] for row in await opened.fetch(COLUMNS)}
    finally:
        await opened.close()
    assert set(NOT_COVERED) - columns == set()
    assert all(NOT_COVERED.values())
    assert {column.split(".")[0] for column in NOT_COVERED} | set(KEYS) <= set(TABLES)
