"""A change behind the ledger's back never goes unseen: a share of what `make tamper` does in full."""

from benchmarks.tamper import tamper
from benchmarks.tamper_book import build
from domain.kernel.sql import Database


async def test_the_audit_finds_every_seventh_of_all_possible_changes(database: str) -> None:
    opened = await Database.open(database)
    try:
        await build(opened)
        result = await tamper(opened, every=7)
    finally:
        await opened.close()
    assert result.missed == ()
    assert result.made > 40
