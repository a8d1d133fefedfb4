"""Two API processes race for the same budget, key, activities and deals: exact winners, one effect, no deadlock."""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from domain.access.principals import SYSTEM
from domain.earning.recording import record_activities
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.building import World, build_world, deal
from tests.faults.deals import Item, Question, correcting, funding, recording
from tests.faults.racing import CONNECTIONS, PROCESSES, Racers, racers

MEMBERS = 20
REQUESTS = 200
OPPOSITE_ROUNDS = 3
OVERLAP_MIN = 8
ROUNDS_MAX = 4
CANCELLED = 40
POOL = 4
FIXED: dict[str, Any] = {"effect": {"kind": "FIXED", "amount": 10}}
LAWS = ("L1", "L2", "L4", "L5", "L6", "L7", "L8", "E1")


@pytest.fixture(scope="module")
async def world(database: str) -> AsyncIterator[World]:
    opened = await Database.open(database, connections_max=4)
    yield await build_world(opened, members=MEMBERS, partners=4)
    await opened.close()


@pytest.fixture(scope="module")
async def pair(world: World, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Racers]:
    async with racers(world, tmp_path_factory.mktemp("home"), valkey_url) as started:
        yield started


def split(questions: list[Question]) -> list[list[Question]]:
    """The questions dealt to the processes in turn."""
    return [questions[n::PROCESSES] for n in range(PROCESSES)]


def outcomes(answer: dict[str, Any]) -> list[str]:
    """How the items of a recorded or corrected batch ended. Refuses: KeyError where the batch was refused."""
    return [one["outcome"] for one in answer["results"]]


async def won(world: World, program_id: UUID) -> Counter[int]:
    """How many lines of the program were granted how much."""
    rows = await world.database.fetch("SELECT granted FROM due WHERE program_id = $1", program_id)
    return Counter(row["granted"] for row in rows)


async def left(world: World, program_id: UUID) -> int:
    """What stands in the program's budget."""
    return await world.database.fetchval("SELECT balance FROM budget WHERE program_id = $1", program_id)


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


async def test_the_last_units_of_a_budget_are_won_exactly_as_often_as_they_are_there(
    world: World, pair: Racers, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(ROUNDS_MAX):
        half = REQUESTS * 10 // 2
        program_id = await world.launch(FIXED | {"trigger": "deal.won"}, budget=half + 5)
        questions = [
            recording([{"id": f"last-{number}-{n}", "member_code": f"member-{n % MEMBERS}", "days": n / 1_000}])
            for n in range(REQUESTS)
        ]
        raced = await pair.race(*split(questions))
        await world.database.fetch("UPDATE program SET ends_at = starts_at + interval '1s' WHERE id = $1", program_id)
        connections = await pair.connected()
        say(
            capsys,
            f"races: {REQUESTS} requests over HTTP for the last units of a budget, {connections} connections,"
            f" peak overlap {raced.overlap}",
        )
        assert [outcomes(answer) for answer in raced.all] == [["RECORDED"]] * REQUESTS
        assert await won(world, program_id) == {10: REQUESTS // 2, 5: 1, 0: REQUESTS // 2 - 1}
        assert await left(world, program_id) == 0
        if raced.overlap >= OVERLAP_MIN and connections >= PROCESSES * CONNECTIONS:
            return
    pytest.fail(f"no round of {ROUNDS_MAX} had {OVERLAP_MIN} requests at once over {PROCESSES * CONNECTIONS} lines")


async def test_one_key_sent_to_both_has_one_effect_and_one_answer(world: World, pair: Racers) -> None:
    program_id = await world.launch(FIXED, budget=100)
    raced = await pair.race(*([funding("twenty", program_id, 7)] * 10 for _ in range(PROCESSES)), as_admin=True)
    assert raced.all == [raced.all[0]] * 20
    assert raced.all[0]["__typename"] == "FundBudgetSuccess"
    assert await left(world, program_id) == 107
    receipts = "SELECT count(*) FROM receipt WHERE key = 'twenty'"
    assert await world.database.fetchval(receipts) == 1
    other = await pair.race([funding("twenty", program_id, 8)], as_admin=True)
    assert [answer["code"] for answer in other.all] == ["KEY_REUSED"]
    assert await left(world, program_id) == 107


async def test_one_batch_sent_to_both_is_recorded_once(world: World, pair: Racers) -> None:
    batch = [{"id": f"both-{n}", "member_code": f"member-{n % MEMBERS}"} for n in range(50)]
    raced = await pair.race(*([recording(batch)] * 4 for _ in range(PROCESSES)))
    for n in range(len(batch)):
        assert Counter(outcomes(answer)[n] for answer in raced.all) == {"RECORDED": 1, "DUPLICATE": 7}
    found = "SELECT count(*) FROM outbox WHERE name = 'activity.recorded' AND payload->>'type' = 'deal.won'"
    found += " AND aggregate_id IN (SELECT id FROM activity WHERE external_id LIKE 'both-%')"
    assert await world.database.fetchval(found) == len(batch)


async def test_batches_in_opposite_orders_over_shared_units_and_deals_are_all_answered(
    world: World, pair: Racers
) -> None:
    stacking = {"group": "deals", "mode": "BEST_OF", "priority": 1, "ceiling_ppm": 9_000}
    percent = {"effect": {"kind": "PERCENT", "ppm": 10_000}, "basis": "NET", "basis_unit": "USD"}
    await world.launch(percent | {"stacking": stacking}, unit="USD")
    await world.launch(percent | {"subject": "PARTNER", "stacking": stacking | {"priority": 2}}, unit="USD")

    def batch(chance: random.Random, net: int, member: int | None = None) -> list[Item]:
        # One member's batches share no unit with another's: they meet at the deals only.
        numbers = chance.sample(range(40), 12) if member is None else chance.sample(range(member, 40, 4), 8)
        return [
            {"id": f"o{n}", "member_code": f"member-{n % 4}", "net": net + n, "days": n, "deal": f"d{n * 7 % 5}"}
            for n in numbers
        ]

    everything = [
        {"id": f"o{n}", "member_code": f"member-{n % 4}", "net": 10_000, "days": n, "deal": f"d{n * 7 % 5}"}
        for n in range(40)
    ]
    await pair.race([recording(everything)])
    overlap = 0
    for number in range(OPPOSITE_ROUNDS):
        chance = random.Random(number)
        only = [None if number % 3 == 0 else n % 4 for n in range(CONNECTIONS)]
        some = [batch(chance, 1_000 * chance.randint(10, 50), member) for member in only]
        opposite = [list(reversed(one)) for one in some]
        raced = await pair.race(*([correcting(one) for one in order] for order in (some, opposite)))
        overlap = max(overlap, raced.overlap)
        assert {outcome for answer in raced.all for outcome in outcomes(answer)} <= {"CORRECTED", "DUPLICATE"}
    assert overlap >= OVERLAP_MIN


async def test_forty_cancelled_requests_in_a_row_leave_the_pool_whole(database: str, world: World) -> None:
    opened = await Database.open(database, connections_max=POOL, application="cancelled")
    door, chance = Door(opened), random.Random(40)
    for number in range(CANCELLED):
        item = deal(f"gone-{number}", world.members[number % MEMBERS])
        task = asyncio.create_task(record_activities(door, world.knowledge, SYSTEM, world.source_id, [item]))
        await asyncio.sleep(chance.uniform(0, 0.03))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await door.close()
    recorded = await opened.fetchval("SELECT count(*) FROM activity WHERE external_id LIKE 'gone-%'")
    assert CANCELLED // 2 <= recorded <= CANCELLED, "what was begun was finished, unless it was cancelled before"
    await asyncio.wait_for(asyncio.gather(*(opened.fetchval("SELECT pg_sleep(0.2)") for _ in range(POOL))), 5)
    assert opened.idle_connections == opened.open_connections
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cancelled' AND xact_start IS NOT NULL"
    assert await opened.fetchval(left) == 1, "only this question's own"
    await opened.close()


async def test_nothing_deadlocked_and_the_books_are_right_after_all_races(
    world: World, pair: Racers, capsys: pytest.CaptureFixture[str]
) -> None:
    await pair.stop()
    deadlocks = await world.database.fetchval(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    say(capsys, f"races: {deadlocks} deadlocks in the database's statistics")
    assert deadlocks == 0
    report = await audit(world.database, LAWS)
    assert report.is_clean(strict=True), report.to_json()
