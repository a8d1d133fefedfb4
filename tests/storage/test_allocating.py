"""What waits for the close of its period: granted once, in order of occurrence, from what scarcity there is then."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.activities.activity import ActivityInput, ActivityReversal
from domain.earning.allocating import allocate_due
from domain.kernel.clock import advance_clock_in
from domain.kernel.keys import Keyed
from domain.kernel.sql import Database
from domain.programs.defining import change_program_state
from domain.programs.program import ProgramAction
from domain.programs.refusals import TermsRefused
from tests.building import World, build_world, deal

AT_CLOSE: dict[str, Any] = {"effect": {"kind": "FIXED", "amount": 100}, "period": "DAY", "allocate": "AT_CLOSE"}
GRACE: dict[str, Any] = {"grace_days": 2}
TRIMMED = """
SELECT array_agg(external_id) FROM due JOIN activity ON activity.id = activity_id
WHERE explanation @> '[{"code": "BUDGET_TRIM"}]' AND granted > 0
"""


@pytest.fixture
async def world(fresh_database: str) -> AsyncIterator[World]:
    opened = await Database.open(fresh_database)
    yield await build_world(opened)
    await opened.close()


async def yesterday(world: World) -> datetime:
    """The start of a day that is over, but still within its two days of grace."""
    now = await world.database.fetchval("SELECT guerdon_now()")
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)


async def later(world: World, **span: int) -> None:
    await world.door.operate(world.actor, lambda op: advance_clock_in(op.sql, timedelta(**span)))


async def close(world: World, limit: int = 1_000) -> int:
    """Everything that waited for a close that is over is granted; answers in how many steps."""
    steps = 0
    while await allocate_due(world.door, world.knowledge, limit):
        steps += 1
    return steps


def at(day: datetime, external_id: str, member: Any, hours: float, **more: Any) -> ActivityInput:
    return replace(deal(external_id, member, **more), occurred_at=day + timedelta(hours=hours))


async def granted(world: World) -> dict[str, int]:
    rows = await world.database.fetch(
        "SELECT external_id, sum(granted)::bigint AS granted FROM due JOIN activity ON activity.id = activity_id"
        " GROUP BY external_id HAVING sum(granted) > 0 ORDER BY 1"
    )
    return {row["external_id"]: row["granted"] for row in rows}


async def codes(world: World, external_id: str) -> list[str]:
    rows = await world.database.fetch(
        "SELECT explanation FROM due JOIN activity ON activity.id = activity_id WHERE external_id = $1", external_id
    )
    return [reason["code"] for row in rows for reason in row["explanation"]]


async def test_nothing_is_granted_before_the_close_and_then_in_order_of_occurrence(world: World) -> None:
    await world.launch(AT_CLOSE, budget=250, **GRACE)
    day = await yesterday(world)
    await world.record(at(day, "c", world.members[0], 9), at(day, "b", world.members[1], 6))
    await world.record(at(day, "a", world.members[2], 3))
    assert await close(world) == 0
    assert (await granted(world), (await codes(world, "a"))[-1]) == ({}, "WAITS_FOR_CLOSE")
    await later(world, days=3)
    assert await close(world) == 1
    assert await granted(world) == {"a": 100, "b": 100, "c": 50}
    assert await codes(world, "a") == ["RULE_MATCHED", "EFFECT_FIXED"]
    assert (await codes(world, "c"))[-1] == "BUDGET_TRIM"
    assert await close(world) == 0


async def test_the_close_does_not_depend_on_the_order_of_recording_nor_on_the_size_of_steps(world: World) -> None:
    day, found = await yesterday(world), list[dict[str, int]]()
    names = ("a", "b", "c", "d", "e", "f")
    for seed in range(3):
        chance, kind = random.Random(seed), f"t{seed}"
        rule = AT_CLOSE | {"campaign_cap": 430, "condition": f'activity.product == "{kind}"'}
        await world.launch(rule, budget=350, **GRACE)
        items = [
            at(day, f"{kind}-{name}", world.members[place % 4], place // 2, product=kind)
            for place, name in enumerate(names)
        ]
        chance.shuffle(items)
        for item in items:
            await world.record(item)
    await later(world, days=3)
    assert await close(world, limit=2) >= 9
    everything = await granted(world)
    for seed in range(3):
        found.append({name: everything.get(f"t{seed}-{name}", 0) for name in names})
    assert found == [{"a": 100, "b": 100, "c": 100, "d": 50, "e": 0, "f": 0}] * 3


async def test_a_correction_before_the_close_counts_as_if_it_had_always_been_so(world: World) -> None:
    await world.launch(AT_CLOSE, budget=150, **GRACE)
    day = await yesterday(world)
    await world.record(at(day, "a", world.members[0], 1), at(day, "b", world.members[1], 2))
    await world.correct(at(day, "a", world.members[0], 5))
    await world.record(at(day, "c", world.members[2], 3))
    await world.correct(ActivityReversal(external_id="b", reason="refunded"))
    await later(world, days=3)
    await close(world)
    assert await granted(world) == {"c": 100, "a": 50}


async def test_after_the_close_differences_are_posted_and_what_comes_late_comes_last(world: World) -> None:
    await world.launch(
        AT_CLOSE | {"effect": {"kind": "PERCENT", "ppm": 10_000}, "basis_unit": "USD"}, unit="USD", budget=250, **GRACE
    )
    day = await yesterday(world)
    member, other = world.members[:2]
    await world.record(at(day, "a", member, 1, net=10_000))
    await later(world, days=3)
    await close(world)
    await world.correct(at(day, "a", member, 1, net=15_000))
    assert await granted(world) == {"a": 150}
    await world.record(at(day, "early", other, 0, net=20_000))
    assert await granted(world) == {"a": 150}
    await close(world)
    assert await granted(world) == {"a": 150, "early": 100}
    await world.correct(ActivityReversal(external_id="a", reason="refunded"))
    assert await granted(world) == {"early": 100}
    assert await world.worth(member, "USD") == 0


async def test_an_ended_program_closes_after_its_grace_and_milestones_wait_too(world: World) -> None:
    effect = {"kind": "MILESTONE", "milestones": [{"code": "two", "at": 2, "amount": 70}]}
    day, member = await yesterday(world), world.members[0]
    rule = {"effect": effect, "allocate": "AT_CLOSE", "expires_after": {"days": 1}}
    with pytest.raises(TermsRefused, match="a program that ends"):
        await world.launch(rule, **GRACE)
    program = await world.launch(rule, ends_at=day + timedelta(days=300), **GRACE)
    await world.record(at(day, "a", member, 1), at(day, "b", member, 2))
    await later(world, days=30)
    assert (await close(world), await world.worth(member)) == (0, 0)
    await change_program_state(world.door, world.actor, Keyed(key="end", request={"n": 1}), program, ProgramAction.END)
    await later(world, days=1)
    assert await close(world) == 0
    await later(world, days=2)
    assert await close(world) == 1
    assert (await world.balances(member))["available"] == 70


async def test_a_lot_that_waited_expires_after_the_close_never_before(world: World) -> None:
    await world.launch(AT_CLOSE | {"expires_after": {"days": 1}}, **GRACE)
    day, member = await yesterday(world), world.members[0]
    await world.record(at(day, "a", member, 1))
    await later(world, days=3)
    await close(world)
    assert await world.database.fetchval("SELECT expires_at FROM lot") == day + timedelta(days=5)
    assert (await world.balances(member))["available"] == 100


async def test_two_workers_grant_once(world: World) -> None:
    await world.launch(AT_CLOSE, budget=450, **GRACE)
    day = await yesterday(world)
    await world.record(*(at(day, f"a{n}", world.members[n % 4], n) for n in range(8)))
    await later(world, days=3)
    while sum(await asyncio.gather(*(allocate_due(world.door, world.knowledge, 3) for _ in range(3)))):
        pass
    assert await granted(world) == {"a0": 100, "a1": 100, "a2": 100, "a3": 100, "a4": 50}
    assert await world.database.fetchval(TRIMMED) == ["a4"]
