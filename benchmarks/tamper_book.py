"""A small book in which every kind of transaction and every nullable column stands once or more, stamped to the end."""

from dataclasses import replace
from datetime import timedelta

from domain.access.principals import SYSTEM
from domain.kernel import outbox
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Operation
from domain.kernel.sql import Database
from domain.ledger.posting import fund_budget_in
from domain.ledger.reversing import Lower, write_off_in
from tests.storage.ledger_book import Book


async def build(database: Database) -> None:
    """Writes the book through the ledger's doors only."""
    book = Book(database=database)
    program, owner = await book.program(10_000, zone="Europe/Paris"), book.owner()
    other, second = await book.program(5_000), book.owner()
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO belonging (subject_id, partner_id) VALUES ($1, $2)", owner.id, new_id())

    async def fund(op: Operation) -> dict[str, object]:
        funded = await fund_budget_in(op, program_id=other.id, unit="POINTS", amount=500, reason="more")
        return {"balance": funded.balance}

    await book.door.operate_keyed(SYSTEM, "fundBudget", Keyed(key="k", request={"amount": 500}), fund)
    spent = await book.award(program, owner, 100)
    await book.capture(await book.hold(owner, 60))
    expiring = await book.award(program, owner, 30, expires_in=timedelta(days=2))
    kept = await book.hold(owner, 40)
    await book.award(program, owner, 8, expires_in=timedelta(days=1))
    await book.award(other, second, 70, hold=timedelta(days=30), expires_in=timedelta(days=90))
    await book.award(other, second, 20, expires_in=timedelta(days=200))
    await book.advance(days=3)
    await book.release(kept)
    await book.take_back(expiring, 10)
    await book.post([], [Lower(award_id=spent, amount=100, cause_id=new_id(), reason="refunded")])
    await book.award(program, owner, 15, hold=timedelta(days=1))
    await book.advance(days=2)
    await book.wallet(owner)
    debt = await database.fetchval("SELECT id FROM debt WHERE outstanding > 0")
    await book.do(lambda op: write_off_in(op, debt, "goodwill"))
    clawed = await book.award(other, second, 11)
    await book.capture(await book.hold(second, 31))
    await book.take_back(clawed, 11)
    rated = [replace(book.raise_(other, second, amount, await book.now()), rate_id=new_id()) for amount in (9, 8)]
    await book.post(rated)
    await book.award(program, owner, 25)
    await book.hold(owner, 5)
    await book.hold(owner, 6)
    while await outbox.stamp(database, Failpoints()):
        pass
