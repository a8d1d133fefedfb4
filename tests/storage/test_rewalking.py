"""What was learned late: a fact or a rate of the past changes what it should, once, however often a step is tried."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.access.principals import SYSTEM
from domain.earning import rewalking
from domain.earning.recording import record_and_award_in
from domain.earning.rewalking import rewalk_due
from domain.kernel.clock import FUTURE_TOLERANCE
from domain.kernel.failpoints import Failpoint, Failpoints
from domain.kernel.ids import new_id
from domain.kernel.late import AHEAD, LOOK_MAX, TAKE_MAX, About, LateTruth, look_in, note_late_in, take_in
from domain.kernel.operation import Door, Operation
from domain.kernel.rates import Rate
from domain.kernel.rating import RATES_MAX, record_rates_in
from domain.kernel.refusals import AlreadyExists, InvalidInput
from domain.kernel.sql import Database
from domain.partners.facts import NewFact, SubjectKind, end_facts_in
from tests.building import START, World, build_world, deal

FACTS = {"tier": {"type": "STRING", "default": ""}}
GOLD: dict[str, Any] = {"condition": 'facts.tier == "GOLD"', "effect": {"kind": "FIXED", "amount": 100}}


@pytest.fixture
async def world(fresh_database: str) -> AsyncIterator[World]:
    opened = await Database.open(fresh_database)
    world = await build_world(opened)
    await world.catch_up()
    yield world
    await opened.close()


def tier(subject_id: UUID, value: str = "GOLD", *, days: float = 0, until: float | None = None) -> NewFact:
    """A tier from so many days after the start on, read as the subject's own."""
    return NewFact(
        subject_kind=SubjectKind.MEMBER,
        subject_id=subject_id,
        kind="tier",
        value={"value": value},
        valid_from=START + timedelta(days=days),
        valid_until=None if until is None else START + timedelta(days=until),
    )


async def count(world: World, table: str) -> int:
    return await world.database.fetchval(f"SELECT count(*) FROM {table}")


async def test_a_fact_of_the_past_awards_what_it_would_have_awarded(world: World) -> None:
    await world.launch(GOLD, facts=FACTS)
    first, second = world.members[:2]
    await world.record(deal("a", first), deal("b", first, days=3), deal("c", second))
    await world.know(tier(first, days=-1, until=2), tier(second, "SILVER", days=-1))
    assert await world.worth(first) == 0
    await world.catch_up()
    assert [await world.worth(one) for one in (first, second)] == [100, 0]
    told = await world.database.fetchrow("SELECT * FROM outbox WHERE name = 'award.granted'")
    assert told is not None
    assert (told["member_id"], told["partner_id"]) == (first, world.partners[0])


async def test_a_fact_that_ended_earlier_than_was_known_takes_back_what_it_gave(world: World) -> None:
    await world.launch(GOLD, facts=FACTS)
    member = world.members[0]
    (fact_id,) = await world.know(tier(member, days=-1))
    await world.record(deal("a", member), deal("b", member, days=3), deal("c", member, days=4))
    await world.spend(member, 250)
    await world.door.operate(SYSTEM, lambda op: end_facts_in(op, {fact_id: START + timedelta(days=1)}))
    await world.catch_up()
    assert await world.balances(member) == {"pending": 0, "available": 0, "held": 0, "payable": 0, "receivable": 150}
    causes = {row["cause_id"] for row in await world.database.fetch("SELECT cause_id FROM reversal")}
    told = {
        UUID(row["payload"]["cause_id"])
        for row in await world.database.fetch("SELECT payload FROM outbox WHERE name = 'unit.rewalked'")
    }
    assert len(causes) == 1
    assert causes <= told


async def test_a_fact_that_came_and_went_and_came_again_leaves_one_hundred(world: World) -> None:
    await world.launch(GOLD, facts=FACTS)
    member = world.members[0]
    await world.record(deal("a", member))
    for days in (-3.0, -2.0, -1.0):
        (fact_id,) = await world.know(tier(member, days=days))
        await world.catch_up()
        assert await world.worth(member) == 100
        await world.door.operate(
            SYSTEM, lambda op, at=days, id=fact_id: end_facts_in(op, {id: START + timedelta(at + 0.5)})
        )
        await world.catch_up()
        assert await world.worth(member) == 0
    await world.know(tier(member, days=-0.1))
    await world.catch_up()
    assert await world.worth(member) == 100


async def test_a_fact_of_the_partner_reaches_the_units_of_its_members(world: World) -> None:
    rule = GOLD | {"condition": 'partner.tier == "GOLD"'}
    await world.launch(rule, facts={}, partner_facts=FACTS)
    ours, theirs = world.members[:2]
    await world.record(deal("a", ours), deal("b", theirs))
    fact = NewFact(
        subject_kind=SubjectKind.PARTNER,
        subject_id=world.partners[0],
        kind="tier",
        value={"value": "GOLD"},
        valid_from=START - timedelta(days=1),
    )
    await world.know(fact)
    await world.catch_up()
    assert [await world.worth(one) for one in (ours, theirs)] == [100, 0]


async def test_a_fact_that_no_rule_names_and_one_of_another_time_walk_nothing(world: World) -> None:
    await world.launch(GOLD, facts=FACTS)
    member = world.members[0]
    await world.record(deal("a", member))
    certificate = NewFact(
        subject_kind=SubjectKind.MEMBER, subject_id=member, kind="certificate", value={"value": 1}, valid_from=START
    )
    await world.know(certificate, tier(member, days=1), tier(member, days=-5, until=-1))
    await world.catch_up()
    assert await world.database.fetchval("SELECT count(*) FROM outbox WHERE name = 'unit.rewalked'") == 0


async def test_a_fact_of_the_future_is_not_noted_and_one_at_the_edge_is(world: World) -> None:
    def truth(now: Any, ahead: timedelta) -> LateTruth:
        return LateTruth(about=About.FACT, subject_id=new_id(), kind="tier", true_from=now + ahead, true_until=None)

    async def noted(op: Operation) -> None:
        await note_late_in(op, [truth(op.now, AHEAD), truth(op.now, AHEAD + timedelta(microseconds=1))])

    await world.door.operate(SYSTEM, noted)
    assert AHEAD > FUTURE_TOLERANCE
    assert await count(world, "late_truth") == 1


async def test_whoever_judged_without_the_fact_is_waited_for(world: World) -> None:
    await world.launch(GOLD, facts=FACTS)
    member, judged, go_on = world.members[0], asyncio.Event(), asyncio.Event()

    async def records_slowly(op: Operation) -> None:
        await record_and_award_in(op, world.knowledge, world.source_id, [deal("a", member)])
        judged.set()
        await go_on.wait()

    recording = asyncio.create_task(world.door.operate(SYSTEM, records_slowly))
    await judged.wait()
    await world.know(tier(member, days=-1))
    assert [await rewalk_due(world.door, world.knowledge) for _ in range(3)] == [1, 0, 0]
    assert await count(world, "late_truth") == 1
    go_on.set()
    await recording
    await world.catch_up()
    assert await world.worth(member) == 100


async def test_a_crash_before_the_commit_leaves_the_walk_to_the_next_step(world: World) -> None:
    await world.launch(GOLD, facts=FACTS)
    member = world.members[0]
    await world.record(deal("a", member))
    await world.know(tier(member, days=-1))
    stumbling = Door(world.database, Failpoints({"rewalk.before_commit": "raise"}))
    with pytest.raises(Failpoint):
        await rewalk_due(stumbling, world.knowledge)
    assert await world.worth(member) == 0
    assert await world.database.fetchval("SELECT attempts FROM rewalk") == 1
    await asyncio.gather(*(rewalk_due(world.door, world.knowledge) for _ in range(3)))
    assert await world.worth(member) == 100
    assert await count(world, "rewalk") == 0


async def test_a_step_is_bounded_in_units_and_activities_but_takes_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.launch(GOLD, facts=FACTS)
    for member in world.members:
        await world.record(*(deal(f"{member}-{n}", member, days=n / 10) for n in range(3)))
    monkeypatch.setattr(rewalking, "UNITS_MAX", 3)
    monkeypatch.setattr(rewalking, "ACTIVITIES_MAX", 6)
    await world.know(*(tier(member, days=-1) for member in world.members))
    assert [await rewalk_due(world.door, world.knowledge) for _ in range(3)] == [4 + 4 + 2, 2, 0]
    monkeypatch.setattr(rewalking, "ACTIVITIES_MAX", 2)
    await world.know(*(tier(member, "SILVER", days=-0.5) for member in world.members))
    assert [await rewalk_due(world.door, world.knowledge) for _ in range(5)] == [4 + 4 + 1, 1, 1, 1, 0]
    assert [await world.worth(member) for member in world.members] == [0, 0, 0, 0]


async def test_a_unit_that_fails_is_put_behind_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.launch(GOLD, facts=FACTS)
    for number, member in enumerate(world.members):
        await world.record(deal(f"d{number}", member))
    broken = await world.database.fetchval("SELECT id FROM tally WHERE subject_id = $1", world.members[0])
    walked = rewalking.evaluate_again

    async def evaluate_again(op: Operation, knowledge: Any, unit_ids: Any) -> Any:
        if broken in unit_ids:
            raise ArithmeticError("a planted fault")
        return await walked(op, knowledge, unit_ids)

    monkeypatch.setattr(rewalking, "evaluate_again", evaluate_again)
    monkeypatch.setattr(rewalking, "UNITS_MAX", 2)
    await world.know(*(tier(member, days=-1) for member in world.members))
    failures = 0
    for _ in range(10):
        try:
            await rewalk_due(world.door, world.knowledge)
        except ArithmeticError:
            failures += 1
    assert failures > 1
    assert [await world.worth(member) for member in world.members] == [0, 100, 100, 100]
    assert await count(world, "rewalk") == 1


async def test_truths_are_seen_and_taken_in_bounded_steps(world: World) -> None:
    truths = [
        LateTruth(about=About.FACT, subject_id=new_id(), kind="tier", true_from=START, true_until=None)
        for _ in range(LOOK_MAX + 1)
    ]
    await world.door.operate(SYSTEM, lambda op: note_late_in(op, truths))
    assert len(await world.door.operate(SYSTEM, take_in)) == 0
    assert [await world.door.operate(SYSTEM, look_in) for _ in range(3)] == [LOOK_MAX, 1, 0]
    taken = [len(await world.door.operate(SYSTEM, take_in)) for _ in range(LOOK_MAX // TAKE_MAX + 2)]
    assert taken == [TAKE_MAX] * (LOOK_MAX // TAKE_MAX) + [1, 0]


def euros(numerator: int, days: float = 0) -> Rate:
    return Rate(
        from_unit="EUR",
        to_unit="USD",
        numerator=numerator,
        denominator=10,
        valid_from=START + timedelta(days=days),
    )


async def test_a_rate_of_the_past_pays_what_lacked_it_and_nothing_else(world: World) -> None:
    rule: dict[str, Any] = {"effect": {"kind": "PERCENT", "ppm": 100_000}, "basis_unit": "USD"}
    await world.launch(rule, unit="USD")
    first, second = world.members[:2]

    def in_euros(external_id: str, member: UUID, days: float) -> Any:
        won = deal(external_id, member, days=days)
        return replace(won, amounts={basis: replace(one, unit="EUR") for basis, one in won.amounts.items()})

    await world.door.operate(SYSTEM, lambda op: record_rates_in(op, [euros(11, 5)]))
    await world.record(in_euros("a", first, 1), in_euros("b", second, 6))
    await world.catch_up()
    assert [await world.worth(one, "USD") for one in (first, second)] == [0, 1_100]
    await world.door.operate(SYSTEM, lambda op: record_rates_in(op, [euros(12, 0), euros(13, 5.5)]))
    await world.catch_up()
    assert [await world.worth(one, "USD") for one in (first, second)] == [1_200, 1_100]
    used = (
        "SELECT numerator FROM award JOIN rate ON rate.id = rate_id JOIN due ON due.id = due_id"
        " WHERE beneficiary_id = $1"
    )
    assert await world.database.fetchval(used, first) == 12
    assert await world.database.fetchval(used, second) == 11


async def test_one_rate_a_pair_and_instant(world: World) -> None:
    await world.door.operate(SYSTEM, lambda op: record_rates_in(op, [euros(11)]))
    with pytest.raises(AlreadyExists):
        await world.door.operate(SYSTEM, lambda op: record_rates_in(op, [euros(12, 1), euros(12)]))
    assert await count(world, "rate WHERE numerator = 12") == 0
    for number in (0, RATES_MAX + 1):
        with pytest.raises(InvalidInput):
            await world.door.operate(SYSTEM, lambda op, n=number: record_rates_in(op, [euros(11)] * n))
