"""Money on its way out: prepared once for a reference, paid or withdrawn once, back in the same lots if it returns."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.kernel.ids import new_id
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from domain.ledger.holding import Reference
from domain.ledger.paying import PAYMENTS_MAX, Claim, pay_each_in, prepare_each_in, withdraw_each_in
from domain.ledger.refusals import AlreadyPrepared, InsufficientPoints, PaymentEnded, PaymentNotPaid
from tests.storage.ledger_book import Book


@pytest.fixture
async def book(database: str) -> AsyncIterator[Book]:
    opened = await Database.open(database)
    yield Book(database=opened)
    await opened.close()


async def test_a_payment_is_paid_once_and_what_comes_back_is_in_the_same_lots(book: Book) -> None:
    program, owner = await book.program(), book.owner()
    await book.award(program, owner, 30, expires_in=timedelta(days=1))
    await book.award(program, owner, 50)
    payment_id = await book.prepare(owner, 40)
    with pytest.raises(PaymentNotPaid):
        await book.bring_back(payment_id)
    await book.pay(payment_id)
    with pytest.raises(PaymentEnded):
        await book.withdraw(payment_id)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.payable) == (40, 0)
    await book.advance(days=2)
    await book.bring_back(payment_id)
    with pytest.raises(PaymentEnded):
        await book.bring_back(payment_id)
    rows = await book.database.fetch("SELECT amount, available, paid FROM lot ORDER BY amount")
    assert [tuple(row) for row in rows] == [(30, 30, 0), (50, 50, 0)]
    report = await audit(book.database, ["L3", "L7", "L8"])
    assert report.violations == 0, report.to_json()


async def test_what_comes_back_pays_debts_first_and_what_is_paid_is_not_taken_back(book: Book) -> None:
    program, owner = await book.program(), book.owner()
    award_id = await book.award(program, owner, 60)
    payment_id = await book.prepare(owner, 60)
    await book.take_back(award_id, 25)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.payable, wallet.receivable) == (0, 60, 25)
    await book.withdraw(payment_id)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.payable, wallet.receivable) == (35, 0, 0)
    report = await audit(book.database, ["L3", "L7", "L8"])
    assert report.violations == 0, report.to_json()


async def test_a_claim_is_within_what_is_available_and_all_of_nothing_is_nothing(book: Book) -> None:
    program, owner = await book.program(), book.owner()
    await book.award(program, owner, 10)
    wallet = await book.wallet(owner)
    with pytest.raises(InsufficientPoints):
        await book.prepare(owner, 11)
    reference = Reference(kind="payout", id=new_id())
    claim = Claim(wallet_id=wallet.id, amount=None, reference=reference)
    (prepared,) = await book.do(lambda op: prepare_each_in(op, [claim]))
    assert prepared is not None
    assert prepared.amount == 10
    assert await book.do(lambda op: prepare_each_in(op, [claim])) == [None]
    await book.award(program, owner, 5)
    with pytest.raises(AlreadyPrepared):
        await book.do(lambda op: prepare_each_in(op, [claim]))


async def test_at_most_a_thousand_payments_move_at_once(book: Book) -> None:
    many = [new_id() for _ in range(PAYMENTS_MAX + 1)]
    claims = [Claim(wallet_id=one, amount=1, reference=Reference(kind="payout", id=one)) for one in many]
    for work in (lambda op: prepare_each_in(op, claims), lambda op: pay_each_in(op, many)):
        with pytest.raises(ValueError, match="at most 1000"):
            await book.do(work)
    with pytest.raises(ValueError, match="at most 1000"):
        await book.do(lambda op: withdraw_each_in(op, many))
