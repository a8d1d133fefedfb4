"""A small book in which every kind of transaction and every nullable column stands once or more, stamped to the end."""

from dataclasses import replace
from datetime import timedelta

from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel import outbox
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Operation
from domain.kernel.sql import Database
from domain.ledger.holding import Reference, hold_in
from domain.ledger.posting import fund_budget_in
from domain.ledger.reversing import Lower, write_off_in
from domain.ledger.wallets import Owner, OwnerKind
from tests.storage.ledger_book import LONG_AGO, Book, Program


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
    captured = await book.hold(owner, 60)
    await book.capture(captured)
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
    await _second_values(book, second)
    while await outbox.stamp(database, Failpoints()):
        pass


async def _second_values(book: Book, second: Owner) -> None:
    """Whatever had one value so far has another: a unit, a kind of owner and of hold, a person, an award's number."""
    firm = book.owner(OwnerKind.PARTNER, "USD")
    async with book.database.transaction() as connection:
        await connection.execute("INSERT INTO belonging (subject_id, partner_id) VALUES ($1, $2)", second.id, new_id())
    paid = await book.program(1_000, unit="USD")
    now = await book.now()
    await book.post([book.raise_(paid, firm, 40, now, expires_at=now + timedelta(days=50))])
    await book.post([replace(book.raise_(paid, firm, 3, now, expires_at=now + timedelta(days=51)), n=2)])
    await book.award(paid, firm, 5, occurred_at=LONG_AGO)
    somebody = Actor(role=Role.ADMIN, principal_id=new_id())
    reference = Reference(kind="payout", id=new_id())
    await book.door.operate(somebody, lambda op: hold_in(op, firm, 2, reference))
    debtor = book.owner()
    program = await book.program(500)
    clawed = await book.award(program, debtor, 90)
    await book.capture(await book.hold(debtor, 90))
    await book.take_back(clawed, 60)
    await book.award(program, debtor, 10)
    await _refunded(book, program)
    await book.hold(second, 1)
    await _paid_out(book, program)


async def _paid_out(book: Book, program: Program) -> None:
    """Of two payments at two instants one came back; others wait to be paid, or were withdrawn."""
    payee = book.owner()
    await book.award(program, payee, 21, expires_in=timedelta(days=1))
    payments = [await book.prepare(payee, amount) for amount in (2, 3, 4, 5, 6)]
    for payment_id in payments[:2]:
        await book.pay(payment_id)
    await book.bring_back(payments[0])
    await book.advance(days=2)
    await book.withdraw(payments[2])
    await book.pay(payments[3])
    await book.bring_back(payments[3])
    other = book.owner(OwnerKind.PARTNER)
    await book.award(program, other, 9)
    await book.pay(await book.prepare(other, 1, "refund"))
    await book.prepare(other, 3)


async def _refunded(book: Book, program: Program) -> None:
    """Two refunds at two instants, the later to a lot that expired meanwhile; a third hold is captured for good."""
    customer = book.owner()
    await book.award(program, customer, 12, expires_in=timedelta(days=1))
    holds = await book.hold_each(customer, 3, 4, 5)
    for hold_id in holds:
        await book.capture(hold_id)
    await book.refund(holds[0])
    await book.advance(days=2)
    await book.refund(holds[1])
