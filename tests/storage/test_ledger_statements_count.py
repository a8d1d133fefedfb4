"""Writes do not grow with the batch, locks are taken in the written order, and two spenders have one winner."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.kernel.ids import new_id
from domain.kernel.sql import Database
from domain.ledger.maturing import mature_due
from domain.access.principals import SYSTEM
from domain.ledger.refusals import BudgetExceeded, InsufficientPoints
from domain.ledger.reversing import Lower
from tests.storage.ledger_book import Book, Program


class Heard(list[str]):
    """The statements of a database, in order."""


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def book(database: str, heard: Heard) -> AsyncIterator[Book]:
    opened = await Database.open(database, on_query=heard.append)
    yield Book(database=opened)
    await opened.close()


async def _mixed_batch(book: Book, program: Program, size: int) -> None:
    now = await book.now()
    owners = [book.owner() for _ in range(size)]
    raises = [book.raise_(program, owner, 10, now - timedelta(hours=1)) for owner in owners]
    awarded = await book.post(raises)
    more = [book.raise_(program, owner, 3, now, hold=timedelta(days=3)) for owner in owners]
    lowers = [Lower(award_id=award_id, amount=7, cause_id=new_id()) for award_id in awarded.award_ids]
    await book.post(more, lowers)


async def test_a_batch_of_a_thousand_takes_as_many_statements_as_one_of_ten(book: Book, heard: Heard) -> None:
    program = await book.program(1_000_000)
    await _mixed_batch(book, program, 3)
    counts = list[int]()
    for size in (10, 1_000):
        heard.clear()
        await _mixed_batch(book, program, size)
        counts.append(len(heard))
    assert counts[0] == counts[1]
    assert counts[0] <= 80


async def test_maturing_many_wallets_takes_as_many_statements_as_maturing_few(book: Book, heard: Heard) -> None:
    program = await book.program(1_000_000)
    counts = list[int]()
    for size in (5, 150):
        now = await book.now()
        await book.post([book.raise_(program, book.owner(), 10, now, hold=timedelta(days=1)) for _ in range(size)])
        await book.advance(days=1, seconds=1)
        heard.clear()
        assert await mature_due(book.door, SYSTEM) == size
        counts.append(len(heard))
    assert counts[0] == counts[1]


async def test_locks_are_taken_in_the_written_order(book: Book, heard: Heard) -> None:
    program, owner = await book.program(1_000), book.owner()
    award = await book.award(program, owner, 100)
    await book.capture(await book.hold(owner, 100))
    heard.clear()
    await book.post(
        [book.raise_(program, owner, 20, await book.now())], [Lower(award_id=award, amount=90, cause_id=new_id())]
    )
    tags = [
        line.removeprefix("-- lock: ") for text in heard for line in text.split("\n") if line.startswith("-- lock: ")
    ]
    assert list(dict.fromkeys(tags)) == ["period", "wallet", "budget"]


async def test_two_connections_spending_the_same_points_have_one_winner(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    await book.award(program, owner, 100)
    ends = await asyncio.gather(*(book.hold(owner, 60) for _ in range(8)), return_exceptions=True)
    refused = [end for end in ends if isinstance(end, InsufficientPoints)]
    assert len(refused) == 7
    assert [one.facts() for one in refused] == [{"unit": "POINTS", "available": 40, "needed": 60}] * 7
    assert (await book.wallet(owner)).held == 60


async def test_concurrent_batches_never_spend_a_budget_twice_nor_deadlock(book: Book) -> None:
    program, owners = await book.program(100), [book.owner() for _ in range(4)]
    now = await book.now()

    async def one(turn: int) -> None:
        shuffled = owners[turn % 4 :] + owners[: turn % 4]
        await book.post([book.raise_(program, owner, 5, now) for owner in shuffled])

    ends = await asyncio.gather(*(one(turn) for turn in range(10)), return_exceptions=True)
    assert [type(end) for end in ends if end is not None] == [BudgetExceeded] * 5
    assert await book.balance(program) == 0
    assert (
        await book.database.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
    )
