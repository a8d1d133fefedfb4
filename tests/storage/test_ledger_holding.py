"""Holds against expiry, debts and second ends; periods close; due wallets are matured by the worker's step."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from domain.access.principals import SYSTEM
from domain.kernel.ids import new_id
from domain.kernel.operation import Door
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import Database
from domain.ledger.booking import close_due, lock_periods_in
from domain.ledger.holding import (
    AMOUNT_MAX,
    HOLDS_MAX,
    Reference,
    capture_each_in,
    hold_each_in,
    hold_in,
    refund_each_in,
)
from domain.ledger.maturing import mature_due
from domain.ledger.opening import OWNERS_MAX, open_wallets_in
from domain.ledger.posting import BATCH_MAX
from domain.ledger.refusals import AlreadyHeld, HoldEnded, HoldNotCaptured, InsufficientPoints, WalletInDebt
from domain.ledger.reversing import write_off_in
from tests.storage.ledger_book import Book


@pytest.fixture
async def book(database: str) -> AsyncIterator[Book]:
    opened = await Database.open(database)
    yield Book(database=opened)
    await opened.close()


async def parts(book: Book, award_id: object) -> tuple[int, int, int]:
    row = await book.database.fetchrow("SELECT available, held, expired FROM lot WHERE award_id = $1", award_id)
    assert row is not None
    return (row["available"], row["held"], row["expired"])


async def test_a_hold_takes_what_expires_first_and_a_release_returns_it_to_the_same_lots(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    never = await book.award(program, owner, 50)
    soon = await book.award(program, owner, 30, expires_in=timedelta(days=2))
    hold = await book.hold(owner, 40)
    assert (await parts(book, soon), await parts(book, never)) == ((0, 30, 0), (40, 10, 0))
    await book.release(hold)
    assert (await parts(book, soon), await parts(book, never)) == ((30, 0, 0), (50, 0, 0))


async def test_a_hold_ends_once(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    await book.award(program, owner, 100)
    captured, released = await book.hold(owner, 30), await book.hold(owner, 30)
    await book.capture(captured)
    await book.release(released)
    for hold in (captured, released):
        with pytest.raises(HoldEnded):
            await book.capture(hold)
        with pytest.raises(HoldEnded):
            await book.release(hold)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.held) == (70, 0)


@pytest.mark.parametrize(("days", "kept"), [(30, 20), (0, 0)])
async def test_held_points_outlive_their_expiry_and_a_release_follows_the_program(
    book: Book, days: int, kept: int
) -> None:
    program, owner = await book.program(1_000, expired_hold_days=days), book.owner()
    award = await book.award(program, owner, 30, expires_in=timedelta(days=1))
    hold = await book.hold(owner, 20)
    await book.advance(days=2)
    await book.wallet(owner)
    assert await parts(book, award) == (0, 20, 10)
    await book.release(hold)
    assert await parts(book, award) == (kept, 0, 30 - kept)
    await book.advance(days=30)
    await book.wallet(owner)
    assert await parts(book, award) == (0, 0, 30)


async def test_a_released_hold_pays_debts_before_it_can_be_spent(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    award = await book.award(program, owner, 100)
    hold = await book.hold(owner, 100)
    await book.take_back(award, 70)
    with pytest.raises(WalletInDebt) as no:
        await book.hold(owner, 1)
    assert no.value.facts() == {"unit": "POINTS", "outstanding": 70}
    await book.release(hold)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.receivable, await book.balance(program)) == (30, 0, 970)


@pytest.mark.parametrize("policy", ["ALLOW", "WRITE_OFF"])
async def test_a_program_that_does_not_refuse_debtors_answers_with_what_is_available(book: Book, policy: str) -> None:
    program, owner = await book.program(1_000, debt_policy=policy), book.owner()
    award = await book.award(program, owner, 10)
    await book.capture(await book.hold(owner, 10))
    await book.take_back(award, 10)
    with pytest.raises(InsufficientPoints):
        await book.hold(owner, 1)
    assert (await book.wallet(owner)).receivable == 10


async def test_a_reference_has_one_hold_and_an_amount_its_bounds(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    await book.award(program, owner, 100)
    reference = Reference(kind="redemption", id=new_id())
    await book.do(lambda op: hold_in(op, owner, 10, reference))
    with pytest.raises(AlreadyHeld):
        await book.do(lambda op: hold_in(op, owner, 10, reference))
    for amount in (0, AMOUNT_MAX + 1):
        with pytest.raises(InvalidInput):
            await book.hold(owner, amount)
    with pytest.raises(InsufficientPoints):
        await book.hold(owner, AMOUNT_MAX)


async def test_many_holds_are_taken_together_or_not_at_all_each_from_its_own_lots(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    never = await book.award(program, owner, 50)
    soon = await book.award(program, owner, 30, expires_in=timedelta(days=2))
    with pytest.raises(InsufficientPoints) as no:
        await book.hold_each(owner, 40, 41)
    assert no.value.facts() == {"unit": "POINTS", "available": 80, "needed": 81}
    first, second, third = await book.hold_each(owner, 20, 20, 40)
    assert (await parts(book, soon), await parts(book, never)) == ((0, 30, 0), (0, 50, 0))
    await book.release(second)
    assert (await parts(book, soon), await parts(book, never)) == ((10, 20, 0), (10, 40, 0))
    await book.do(lambda op: capture_each_in(op, [first, third]))
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.held) == (20, 0)
    with pytest.raises(ValueError, match=str(HOLDS_MAX)):
        await book.do(lambda op: capture_each_in(op, [new_id() for _ in range(HOLDS_MAX + 1)]))
    with pytest.raises(ValueError, match=str(HOLDS_MAX)):
        await book.hold_each(owner, *[1] * (HOLDS_MAX + 1))


async def test_the_statements_of_many_holds_do_not_grow_with_their_number(book: Book, database: str) -> None:
    heard = list[str]()
    listening = await Database.open(database, connections_max=1, on_query=heard.append)
    door, counts = Door(listening), list[int]()
    try:
        for number in (2, 2, 20):  # the first meets a cold connection
            program, owner = await book.program(1_000), book.owner()
            await book.award(program, owner, 100)
            references = [(Reference(kind="redemption", id=new_id()), 3) for _ in range(number)]
            heard.clear()
            holds = await door.operate(SYSTEM, lambda op: hold_each_in(op, owner, references))  # noqa: B023 awaited here
            await door.operate(SYSTEM, lambda op: capture_each_in(op, holds))  # noqa: B023 awaited here
            await door.operate(SYSTEM, lambda op: refund_each_in(op, holds))  # noqa: B023 awaited here
            counts.append(len(heard))
    finally:
        await listening.close()
    assert counts[1] == counts[2]


async def test_a_refund_returns_what_was_spent_to_the_same_lots_whole_and_once(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    never = await book.award(program, owner, 50)
    soon = await book.award(program, owner, 30, expires_in=timedelta(days=2))
    hold, released = await book.hold(owner, 40), await book.hold(owner, 10)
    with pytest.raises(HoldNotCaptured):
        await book.refund(hold)
    await book.capture(hold)
    await book.release(released)
    assert (await parts(book, soon), await parts(book, never)) == ((0, 0, 0), (40, 0, 0))
    await book.refund(hold)
    assert (await parts(book, soon), await parts(book, never)) == ((30, 0, 0), (50, 0, 0))
    with pytest.raises(HoldEnded) as no:
        await book.refund(hold)
    assert no.value.facts() == {"state": "REFUNDED"}
    with pytest.raises(HoldEnded):
        await book.release(hold)
    with pytest.raises(HoldNotCaptured):
        await book.refund(released)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.held) == (80, 0)
    told = await book.database.fetch("SELECT name FROM outbox WHERE aggregate_id = $1 ORDER BY id", hold)
    assert [row["name"] for row in told] == ["points.held", "points.captured", "points.refunded"]


@pytest.mark.parametrize(("days", "kept"), [(30, 20), (0, 0)])
async def test_a_refund_to_a_lot_that_expired_meanwhile_follows_the_program(book: Book, days: int, kept: int) -> None:
    program, owner = await book.program(1_000, expired_hold_days=days), book.owner()
    award = await book.award(program, owner, 30, expires_in=timedelta(days=1))
    hold = await book.hold(owner, 20)
    await book.capture(hold)
    await book.advance(days=2)
    await book.refund(hold)
    assert await parts(book, award) == (kept, 0, 30 - kept)
    await book.advance(days=30)
    await book.wallet(owner)
    assert await parts(book, award) == (0, 0, 30)


async def test_a_refund_pays_the_debt_of_an_award_that_was_taken_back_after_it_was_spent(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    award = await book.award(program, owner, 100)
    hold = await book.hold(owner, 60)
    await book.capture(hold)
    await book.take_back(award, 80)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.receivable, await book.balance(program)) == (0, 40, 940)
    await book.refund(hold)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.receivable, await book.balance(program)) == (20, 0, 980)
    row = await book.database.fetchrow(
        "SELECT redeemed, available, reversed, settled, reversed_total FROM lot JOIN award ON award.id = award_id"
        " WHERE award_id = $1",
        award,
    )
    assert row is not None
    assert dict(row) == {"redeemed": 0, "available": 20, "reversed": 40, "settled": 40, "reversed_total": 80}
    await book.take_back(award, 20)
    assert await book.balance(program) == 1_000


async def test_what_a_part_was_taken_back_of_leaves_held_and_spent_points_alone(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    award, other = await book.award(program, owner, 100), await book.award(program, owner, 10)
    spent, held = await book.hold_each(owner, 50, 30)
    await book.capture(spent)
    await book.take_back(award, 100)
    row = await book.database.fetchrow("SELECT held, redeemed, reversed FROM lot WHERE award_id = $1", award)
    assert row is not None
    assert dict(row) == {"held": 30, "redeemed": 50, "reversed": 20}
    assert (await book.wallet(owner)).receivable == 70
    await book.refund(spent)
    await book.release(held)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.receivable, await book.balance(program)) == (10, 0, 990)
    assert await parts(book, other) == (0, 0, 0)


async def test_a_refund_after_the_debt_was_forgiven_is_the_members_to_spend(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    award = await book.award(program, owner, 60)
    hold = await book.hold(owner, 60)
    await book.capture(hold)
    await book.take_back(award, 60)
    debt = await book.database.fetchval("SELECT id FROM debt WHERE outstanding > 0 ORDER BY id DESC LIMIT 1")
    await book.do(lambda op: write_off_in(op, debt, "goodwill"))
    await book.refund(hold)
    wallet = await book.wallet(owner)
    assert (wallet.available, wallet.receivable, await book.balance(program)) == (60, 0, 940)


async def test_batches_have_a_size(book: Book) -> None:
    program, owner = await book.program(1_000), book.owner()
    with pytest.raises(ValueError, match=str(OWNERS_MAX)):
        await book.do(lambda op: open_wallets_in(op, [book.owner() for _ in range(OWNERS_MAX + 1)]))
    one = book.raise_(program, owner, 1, await book.now())
    with pytest.raises(ValueError, match=str(BATCH_MAX)):
        await book.post([one] * (BATCH_MAX + 1))


async def test_the_worker_matures_a_bounded_batch_of_due_wallets_at_a_time(book: Book) -> None:
    program, owners = await book.program(1_000), [book.owner() for _ in range(5)]
    for owner in owners:
        await book.award(program, owner, 10, hold=timedelta(days=1))
    while await mature_due(book.door, SYSTEM):
        pass
    await book.advance(days=1, seconds=1)
    assert [await mature_due(book.door, SYSTEM, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert {(await book.wallet(owner)).available for owner in owners} == {10}
    mature = await book.database.fetch("SELECT effective_at, recorded_at FROM transaction WHERE kind = 'MATURE'")
    assert any(row["effective_at"] < row["recorded_at"] for row in mature)


async def test_a_period_closes_after_its_grace_and_never_again(book: Book) -> None:
    program = await book.program(1_000, zone="Europe/Paris", grace_days=3)
    await close_due(book.door, SYSTEM)
    await book.do(lambda op: lock_periods_in(op, [(program.id, datetime(2020, 5, 31, 22, tzinfo=UTC))]))
    assert await close_due(book.door, SYSTEM) == 1
    assert await close_due(book.door, SYSTEM) == 0
    rows = await book.database.fetch(
        "SELECT starts_at, ends_at, grace_ends_at FROM booking_period WHERE program_id = $1 AND closed_at IS NOT NULL",
        program.id,
    )
    assert [tuple(row) for row in rows] == [
        (
            datetime(2020, 5, 31, 22, tzinfo=UTC),
            datetime(2020, 6, 30, 22, tzinfo=UTC),
            datetime(2020, 7, 3, 22, tzinfo=UTC),
        )
    ]
