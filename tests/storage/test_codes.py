"""Codes in PostgreSQL: imported once, given once, recalled, expired, sealed; C1 holds and its breaking is found."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from catalog.auditing import questions
from catalog.codes.importing import BATCH_CODES_MAX, RECORDS_MAX, RowOutcome
from catalog.codes.opening import delivery_pool_in, open_code_in, store_delivered_in
from catalog.codes.reading import codes_shown, recalled_codes
from catalog.codes.recalling import expire_codes, recall_code_batch, tell_expiring
from catalog.codes.records import CodeRow, Problem, Rejection
from catalog.codes.refusals import BatchFull, BatchRecalled, CodeExists
from catalog.codes.taking import give_back_in, issue_in, reserve_in, void_in
from catalog.suppliers.outcomes import Goods
from catalog.suppliers.reading import AdapterKind
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.kernel.sql import CheckViolation, Database, violated_constraint
from domain.ledger.auditing import audit
from tests.code_book import CodeBook, build_code_book


@pytest.fixture
async def book(fresh_database: str) -> AsyncIterator[CodeBook]:
    database = await Database.open(fresh_database, connections_max=6)
    yield await build_code_book(database)
    await database.close()


async def test_every_row_ends_imported_duplicate_or_rejected(book: CodeBook) -> None:
    pool_id, other = await book.pool(), await book.pool()
    await book.bring(other, "ELSEWHERE-1")
    done = await book.bring(
        pool_id, "AAAA-1111", "aaaa 1111", "ELSEWHERE-1", CodeRow(pin="1234"), CodeRow(url="https://gift.example/1")
    )
    assert [result.outcome[0] for result in done.results] == ["I", "D", "D", "R", "I"]
    assert done.results[3].reason is Rejection.EMPTY
    again = await book.bring(pool_id, "AAAA-1111", "BBBB-2222")
    assert [result.outcome for result in again.results] == [RowOutcome.DUPLICATE, RowOutcome.IMPORTED]
    assert again.batch_id == done.batch_id
    assert await book.counters(pool_id) == {"imported": 3, "free": 3, "reserved": 0, "issued": 0, "void": 0}
    row = await book.database.fetchrow("SELECT imported, rejected FROM code_batch WHERE id = $1", done.batch_id)
    assert row is not None
    assert tuple(row) == (3, 1)
    assert await book.keeps_c1()


async def test_the_same_key_replays_the_results_and_another_request_is_refused(book: CodeBook) -> None:
    pool_id, key = await book.pool(), book.key()
    first = await book.bring(pool_id, "AAAA-1111", "!" * 501, key=key)
    again = await book.bring(pool_id, "AAAA-1111", "!" * 501, key=key)
    assert (again.replayed, again.results) == (True, first.results)
    with pytest.raises(KeyReused):
        await book.bring(pool_id, "AAAA-1112", "!" * 501, key=key)


async def test_a_call_takes_a_thousand_rows_and_a_batch_its_bound(book: CodeBook) -> None:
    pool_id = await book.pool()
    codes = [f"CODE-{number:06}" for number in range(RECORDS_MAX + 1)]
    with pytest.raises(InvalidInput):
        await book.bring(pool_id, *codes)
    with pytest.raises(InvalidInput):
        await book.bring(pool_id)
    with pytest.raises(InvalidInput):
        await book.bring(pool_id, "A", batch="delivered:today")
    done = await book.bring(pool_id, *codes[:RECORDS_MAX])
    assert done.counts[RowOutcome.IMPORTED] == RECORDS_MAX
    await book.database.fetch("UPDATE code_batch SET imported = $1", BATCH_CODES_MAX - 1)
    with pytest.raises(BatchFull):
        await book.bring(pool_id, "X1", "X2")
    assert (await book.bring(pool_id, "X1")).counts[RowOutcome.IMPORTED] == 1


async def test_a_key_brings_codes_only_into_its_own_suppliers_pools(book: CodeBook) -> None:
    own = await book.supplier(source_id=book.source_id)
    own_pool, other_pool = await book.pool(own.id), await book.pool()
    machine = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=book.source_id)
    unbound = Actor(principal_id=new_id(), role=Role.INTEGRATION)
    await book.bring(own_pool, "AAAA-1111", actor=machine)
    for actor, pool_id in ((machine, other_pool), (unbound, own_pool), (unbound, other_pool)):
        with pytest.raises(NotFound):
            await book.bring(pool_id, "BBBB-1111", actor=actor)


async def test_the_earliest_last_good_day_is_given_first_and_the_last_day_not_at_all(book: CodeBook) -> None:
    pool_id = await book.pool()
    today = (await book.database.fetchval("SELECT guerdon_now()")).date()
    days = {"LATE-11111": 400, "SOON-11111": 10, "NEXT-11111": 3}
    await book.bring(
        pool_id,
        "NEVER-1111",
        *(CodeRow(code=code, expires_on=today + timedelta(days=day)) for code, day in days.items()),
    )
    await book.database.fetch(
        "UPDATE voucher_code SET expires_on = $1 WHERE expires_on = $2",
        today + timedelta(days=1),
        today + timedelta(days=3),
    )
    lines = await book.lines(4)
    for line in lines:
        await book.reserve(pool_id, [line])
    given = await book.door.operate(SYSTEM, lambda op: issue_in(op, lines))
    days_given = [given[line].expires_on for line in lines if line in given]
    assert days_given == [today + timedelta(days=10), today + timedelta(days=400), None]
    assert (await book.counters(pool_id))["free"] == 1
    assert await expire_codes(book.door) == 1
    assert await expire_codes(book.door) == 0
    assert await book.counters(pool_id) == {"imported": 4, "free": 0, "reserved": 0, "issued": 3, "void": 1}
    assert [event["count"] for event in await book.told("code_pool.codes_expired")] == [1]
    assert await book.keeps_c1()


async def test_codes_go_back_before_anyone_saw_them_and_are_void_after(book: CodeBook) -> None:
    pool_id = await book.pool()
    await book.bring(pool_id, *(f"CODE-{number:04}" for number in range(3)))
    first, second = await book.lines(2)
    await book.reserve(pool_id, [first, second])
    await book.door.operate(SYSTEM, lambda op: give_back_in(op, [first]))
    assert await book.counters(pool_id) == {"imported": 3, "free": 2, "reserved": 1, "issued": 0, "void": 0}
    await book.door.operate(SYSTEM, lambda op: issue_in(op, [first, second]))
    await book.door.operate(SYSTEM, lambda op: give_back_in(op, [second]))
    assert (await book.counters(pool_id))["issued"] == 1
    await book.door.operate(SYSTEM, lambda op: void_in(op, [second], Problem.NOT_ACCEPTED))
    assert await book.counters(pool_id) == {"imported": 3, "free": 2, "reserved": 0, "issued": 0, "void": 1}
    row = await book.database.fetchrow("SELECT line_id, problem FROM voucher_code WHERE state = 'VOID'")
    assert row is not None
    assert tuple(row) == (second, "NOT_ACCEPTED")
    await book.reserve(pool_id, [second])
    assert await book.keeps_c1()


async def test_a_pool_tells_of_low_stock_once_for_each_fall(book: CodeBook) -> None:
    pool_id = await book.pool(low_stock_at=2)
    await book.bring(pool_id, *(f"CODE-{number:04}" for number in range(5)))
    for line in await book.lines(5):
        await book.reserve(pool_id, [line])
    assert [event["free"] for event in await book.told("code_pool.low_stock")] == [2]
    await book.bring(pool_id, *(f"MORE-{number:04}" for number in range(3)))
    await book.reserve(pool_id, await book.lines(3))
    assert [event["free"] for event in await book.told("code_pool.low_stock")] == [2, 0]


async def test_fifty_at_once_over_two_pools_of_connections_win_exactly_the_codes_there_are(
    book: CodeBook, fresh_database: str
) -> None:
    few, fewer = await book.pool(), await book.pool()
    await book.bring(few, *(f"FEW-{number:05}" for number in range(17)))
    await book.bring(fewer, *(f"FEWER-{number:05}" for number in range(6)))
    lines = await book.lines(50)
    second = await Database.open(fresh_database, connections_max=6)
    doors = (book.door, Door(second))

    async def attempt(place: int) -> dict[UUID, UUID]:
        wanted = {lines[place]: few if place % 2 else fewer}
        if place % 10 == 0:
            wanted = {lines[place]: few, lines[place + 1]: fewer}
        elif place % 10 == 1:
            return {}

        async def work(op: Operation) -> dict[UUID, UUID]:
            got = dict(await reserve_in(op, wanted))
            await issue_in(op, list(got))
            return got

        return await doors[place % 2].operate(SYSTEM, work)

    won = await asyncio.gather(*(attempt(place) for place in range(50)))
    await second.close()
    given = [code for one in won for code in one.values()]
    assert len(given) == len(set(given)) == 23
    assert await book.counters(few) == {"imported": 17, "free": 0, "reserved": 0, "issued": 17, "void": 0}
    assert await book.counters(fewer) == {"imported": 6, "free": 0, "reserved": 0, "issued": 6, "void": 0}
    assert await book.keeps_c1()


async def test_a_recall_voids_what_nobody_has_and_flags_the_rest(book: CodeBook) -> None:
    pool_id = await book.pool()
    done = await book.bring(pool_id, *(f"CODE-{number:04}" for number in range(5)), batch="bad")
    await book.bring(pool_id, "GOOD-0001", batch="good")
    in_hands = await book.issue(pool_id, 2)
    waiting = (await book.lines(1))[0]
    await book.reserve(pool_id, [waiting])
    recalled = await recall_code_batch(book.door, SYSTEM, book.key(), done.batch_id)
    assert {name: recalled.facts[name] for name in ("voided", "reserved", "issued")} == {
        "voided": 2,
        "reserved": 1,
        "issued": 2,
    }
    assert {one.line_id for one in await recalled_codes(book.database, first=10)} == set(in_hands)
    (first, second) = await recalled_codes(book.database, first=10)
    assert await recalled_codes(book.database, first=10, after=first.code_id) == [second]
    assert {shown.problem for shown in (await codes_shown(book.database, in_hands)).values()} == {"RECALLED"}
    assert await book.door.operate(SYSTEM, lambda op: issue_in(op, [waiting])) == {}
    await book.door.operate(SYSTEM, lambda op: give_back_in(op, [waiting]))
    assert await book.counters(pool_id) == {"imported": 6, "free": 1, "reserved": 0, "issued": 2, "void": 3}
    with pytest.raises(BatchRecalled):
        await book.bring(pool_id, "LATE-0001", batch="bad")
    again = await recall_code_batch(book.door, SYSTEM, book.key(), done.batch_id)
    assert again.facts["voided"] == 0
    assert len(await book.told("code_batch.recalled")) == 1
    assert await book.keeps_c1()
    stranger = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=book.source_id)
    with pytest.raises(NotFound):
        await recall_code_batch(book.door, stranger, book.key(), done.batch_id)


async def test_expiring_codes_are_told_of_once(book: CodeBook) -> None:
    pool_id = await book.pool()
    today = (await book.database.fetchval("SELECT guerdon_now()")).date()
    await book.bring(
        pool_id, *(CodeRow(code=f"C-{day:05}", expires_on=today + timedelta(days=day)) for day in (5, 14, 16))
    )
    assert await tell_expiring(book.door) == 1
    assert await tell_expiring(book.door) == 0
    await book.database.fetch("UPDATE clock_shift SET seconds = seconds + 2 * 86400 WHERE id = 1")
    assert await tell_expiring(book.door) == 1
    told = await book.told("code_pool.codes_expiring")
    assert [(event["count"], event["first_expires_on"]) for event in told] == [
        (2, (today + timedelta(days=5)).isoformat()),
        (1, (today + timedelta(days=16)).isoformat()),
    ]


async def test_codes_that_come_after_a_pool_told_of_its_expiring_ones_are_told_of_at_once(book: CodeBook) -> None:
    pool_id = await book.pool()
    today = (await book.database.fetchval("SELECT guerdon_now()")).date()

    async def bring(*days: int) -> None:
        await book.bring(
            pool_id, *(CodeRow(code=f"L-{day:05}", expires_on=today + timedelta(days=day)) for day in days)
        )

    await bring(5)
    assert await book.told("code_pool.codes_expiring") == []
    assert await tell_expiring(book.door) == 1
    await bring(5, 6, 7, 20)
    await bring(30)
    assert await tell_expiring(book.door) == 0
    told = await book.told("code_pool.codes_expiring")
    assert [(event["count"], event["first_expires_on"]) for event in told] == [
        (1, (today + timedelta(days=5)).isoformat()),
        (2, (today + timedelta(days=6)).isoformat()),
    ]


async def test_a_delivered_code_is_sealed_issued_and_opened_and_never_given_twice(book: CodeBook) -> None:
    supplier = await book.supplier(AdapterKind.PULL_QUEUE)
    line, other = await book.lines(2)
    goods = Goods(code="DEAR-CODE-0001", pin="77", serial="S-1")

    async def store(op: Operation, of: UUID) -> None:
        pool_id = await delivery_pool_in(op, book.keyring, supplier.id)
        stored = await store_delivered_in(op, book.keyring, pool_id, of, goods)
        assert stored.last_four == "0001"

    await book.door.operate(SYSTEM, lambda op: store(op, line))
    await book.door.operate(SYSTEM, lambda op: store(op, line))
    with pytest.raises(CodeExists):
        await book.door.operate(SYSTEM, lambda op: store(op, other))
    assert await book.door.operate(SYSTEM, lambda op: open_code_in(op, book.keyring, line)) == goods
    shown = (await codes_shown(book.database, [line]))[line]
    assert shown.revealed_at is not None
    with pytest.raises(NotFound):
        await book.door.operate(SYSTEM, lambda op: open_code_in(op, book.keyring, other))
    assert await book.keeps_c1()


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE code_pool SET free = free + 1, imported = imported + 1", "pools_count_their_codes"),
        ("UPDATE code_pool SET free = free - 1, void = void + 1", "pools_count_their_codes"),
        ("UPDATE code_batch SET imported = imported + 1", "pools_count_their_codes"),
        ("UPDATE voucher_code SET problem = 'RECALLED' WHERE state = 'FREE'", "a_code_is_given_once"),
        ("UPDATE code_batch SET state = 'RECALLED', recalled_at = now()", "a_code_is_given_once"),
    ],
)
async def test_a_planted_break_of_c1_is_found(book: CodeBook, statement: str, broken: str) -> None:
    pool_id = await book.pool()
    await book.bring(pool_id, "CODE-0001", "CODE-0002")
    await book.issue(pool_id, 1)
    assert await book.keeps_c1()
    await book.database.fetch(statement)
    report = await audit(book.database, ["C1"], more=questions())
    assert broken in [check.name for check in report.checks if check.violations]


@pytest.mark.parametrize(
    ("statement", "law"),
    [
        ("DELETE FROM voucher_code", "c1_nothing_of_value_is_deleted"),
        (
            "UPDATE voucher_code SET state = 'FREE', line_id = NULL WHERE state = 'ISSUED'",
            "c1_a_code_moves_along_drawn_edges",
        ),
        ("UPDATE code_pool SET free = free - 1", "c1_every_code_of_a_pool_is_accounted_for"),
        ("UPDATE voucher_code SET line_id = NULL WHERE state = 'ISSUED'", "c1_a_code_belongs_to_its_state"),
    ],
)
async def test_the_database_itself_refuses_to_break_c1(book: CodeBook, statement: str, law: str) -> None:
    pool_id = await book.pool()
    await book.bring(pool_id, "CODE-0001", "CODE-0002")
    await book.issue(pool_id, 1)
    with pytest.raises(CheckViolation) as caught:
        await book.database.fetch(statement)
    assert violated_constraint(caught.value) == law
