"""Awards, budgets, take-backs and settlement as they are stored."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.kernel.ids import new_id
from domain.kernel.sql import Database
from domain.ledger.posting import fund_budget_in
from domain.ledger.refusals import AlreadyReversed, AwardExists, BudgetExceeded, ReversalExceedsAward
from domain.ledger.reversing import Lower
from tests.storage.ledger_book import Book


@pytest.fixture
async def book(database: str) -> AsyncIterator[Book]:
    opened = await Database.open(database)
    yield Book(database=opened)
    await opened.close()


async def test_the_clawback_of_the_design_takes_sixty_owes_forty_and_is_settled_later(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    award = await book.award(program, owner, 100)
    await book.capture(await book.hold(owner, 40))
    done = await book.take_back(award, 100)
    assert done.reversals[0].indebted == 40
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.receivable) == (0, 40)
    assert await book.balance(program) == 960

    await book.award(program, owner, 100)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.receivable) == (60, 0)
    assert await book.balance(program) == 900


async def test_an_award_is_pending_until_it_matures_and_available_until_it_expires(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    await book.award(program, owner, 100, hold=timedelta(days=5), expires_in=timedelta(days=20))
    wallet = await book.wallet(owner)
    assert (wallet.pending, wallet.available) == (100, 0)
    await book.advance(days=6)
    wallet = await book.wallet(owner)
    assert (wallet.pending, wallet.available) == (0, 100)
    await book.advance(days=20)
    wallet = await book.wallet(owner)
    assert (wallet.pending, wallet.available, wallet.next_due_at) == (0, 0, None)
    assert await book.balance(program) == 900


async def test_taking_back_what_has_expired_returns_it_to_the_budget_without_a_debt(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    award = await book.award(program, owner, 100, expires_in=timedelta(days=1))
    await book.advance(days=2)
    await book.take_back(award, 70)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.receivable) == (0, 0)
    assert await book.balance(program) == 970


async def test_a_budget_is_never_overspent_and_never_lowered_below_zero(book: Book) -> None:
    program, owner = await book.program(100), book.owner()
    with pytest.raises(BudgetExceeded):
        await book.award(program, owner, 101)
    await book.award(program, owner, 100)
    with pytest.raises(BudgetExceeded):
        await book.do(lambda op: fund_budget_in(op, program_id=program.id, unit="POINTS", amount=-1, reason="too much"))


async def test_a_due_is_granted_once_and_a_cause_takes_back_once(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    one = book.raise_(program, owner, 10, await book.now())
    award = (await book.post([one])).award_ids[0]
    with pytest.raises(AwardExists):
        await book.post([one])
    cause = new_id()
    await book.take_back(award, 4, cause)
    with pytest.raises(AlreadyReversed):
        await book.take_back(award, 4, cause)
    with pytest.raises(ReversalExceedsAward):
        await book.take_back(award, 7)
    await book.take_back(award, 6)
    assert await book.balance(program) == 1_000


async def test_a_batch_nets_what_it_takes_back_with_what_it_grants_in_the_same_program(book: Book) -> None:
    program, other, owner = await book.program(1_000), await book.program(1_000), book.owner()
    spent = await book.award(program, owner, 100)
    await book.capture(await book.hold(owner, 100))
    await book.award(other, owner, 50)
    now = await book.now()
    raised = book.raise_(program, owner, 80, now, hold=timedelta(days=9))
    done = await book.post([raised], [Lower(award_id=spent, amount=100, cause_id=new_id())])
    wallet = await book.wallet(owner)
    assert (wallet.pending, wallet.available, wallet.receivable) == (0, 30, 0)
    assert done.reversals[0].indebted == 0
    assert (await book.balance(program), await book.balance(other)) == (1_000 - 80, 950)
