"""The audit finds nothing in a book that was only written through the doors, and something in every other."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.kernel import outbox
from domain.kernel.failpoints import Failpoints
from domain.kernel.sql import Connection, Database
from domain.ledger.auditing import Check, audit
from domain.ledger.reversing import write_off_in
from tests.storage.ledger_book import Book


@pytest.fixture
async def book(database: str) -> AsyncIterator[Book]:
    opened = await Database.open(database)
    yield Book(database=opened)
    await opened.close()


async def written(book: Book) -> None:
    """A book in which every kind of transaction stands at least once, and every event is stamped."""
    program, owner = await book.program(10_000, zone="Europe/Paris"), book.owner()
    spent = await book.award(program, owner, 100)
    await book.capture(await book.hold(owner, 60))
    expiring = await book.award(program, owner, 30, expires_in=timedelta(days=2))
    kept = await book.hold(owner, 40)
    await book.award(program, owner, 8, expires_in=timedelta(days=1))
    await book.advance(days=3)
    await book.release(kept)
    await book.take_back(expiring, 10)
    await book.take_back(spent, 100)
    await book.award(program, owner, 15, hold=timedelta(days=1))
    await book.advance(days=2)
    await book.wallet(owner)
    debt = await book.database.fetchval("SELECT id FROM debt WHERE outstanding > 0")
    await book.do(lambda op: write_off_in(op, debt, "goodwill"))
    await book.award(program, owner, 25)
    await book.hold(owner, 5)
    while await outbox.stamp(book.database, Failpoints()):
        pass


async def test_a_book_written_through_the_doors_breaks_no_law_and_each_law_examines_rows(book: Book) -> None:
    await written(book)
    report = await audit(book.database)
    assert [check for check in report.checks if check.violations] == []
    assert report.is_clean(strict=True)
    kinds = await book.database.fetch("SELECT DISTINCT kind FROM transaction ORDER BY kind")
    assert [row["kind"] for row in kinds] == [
        "AWARD",
        "CAPTURE",
        "EXPIRE",
        "FUND",
        "HOLD",
        "MATURE",
        "RELEASE",
        "REVERSE",
        "SETTLE",
        "WRITE_OFF",
    ]  # fmt: skip the rows are a table


async def test_laws_can_be_chosen_and_other_rooms_bring_theirs(book: Book) -> None:
    async def ask(connection: Connection) -> Check:
        return Check(law="B1", name="boards", examined=0, violations=0, examples=())

    report = await audit(book.database, ["L1", "B1"], {"B1": [ask]})
    assert {check.law for check in report.checks} == {"L1", "B1"}
    assert report.is_clean()
    assert not report.is_clean(strict=True)
    with pytest.raises(ValueError, match="no law L9"):
        await audit(book.database, ["L9"])
