"""Training on a real database: a whole batch in few statements, its bound, and two systems that report at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.access.principals import SYSTEM
from domain.activities.refusals import BatchTooLarge
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import CheckViolation, Database
from domain.partners.facts import facts_as_of
from domain.training import expiring
from domain.training.attempt import AttemptOutcome
from domain.training.course import CourseSaid
from domain.training.defining import define_course
from domain.training.expiring import look_at_due
from domain.training.recording import ITEMS_MAX, AttemptItem, AttemptResult, AttemptTold, record_attempts
from domain.training.requiring import REQUIREMENTS_MAX, require_certificates
from tests.building import World, build_world

MEMBERS = 50


@pytest.fixture(scope="module")
def heard() -> list[str]:
    """Every statement that was made."""
    return []


@pytest.fixture(scope="module")
async def world(database: str, heard: list[str]) -> AsyncIterator[World]:
    opened = await Database.open(database, connections_max=4, on_query=heard.append)
    yield await build_world(opened, members=MEMBERS, source="school")
    await opened.close()


async def course(world: World, code: str, **said: Any) -> Any:
    told = CourseSaid(code=code, name={"en": code}, pass_mark=80, **said)
    return (await define_course(world.door, SYSTEM, world.key(), told)).facts


def told(world: World, code: str, number: int, **said: Any) -> AttemptTold:
    member = world.members[number % MEMBERS]
    known: dict[str, Any] = {"outcome": AttemptOutcome.PASSED, "at": said.pop("at")}
    return AttemptTold(external_id=f"{code}-{number}", course=code, member=member, **known | said)


async def record(world: World, items: list[AttemptTold]) -> list[AttemptItem]:
    return await record_attempts(world.door, world.knowledge, SYSTEM, world.source_id, items)


async def certified(world: World, code: str) -> list[int]:
    now = await world.database.fetchval("SELECT guerdon_now()")
    found = await facts_as_of(world.database, [(one, now) for one in world.partners], [f"certified_{code}"])
    return [found.get((one, now), {}).get(f"certified_{code}", 0) for one in world.partners]


async def test_a_whole_batch_takes_as_many_statements_as_a_small_one(world: World, heard: list[str]) -> None:
    await course(world, "batch")
    now = await world.database.fetchval("SELECT guerdon_now()")
    counts = list[int]()
    for numbers in (range(20), range(20, 20 + ITEMS_MAX)):
        before = len(heard)
        items = [told(world, "batch", number, at=now - timedelta(minutes=number)) for number in numbers]
        assert {item.result for item in await record(world, items)} == {AttemptResult.RECORDED}
        counts.append(len(heard) - before)
    assert counts[1] <= counts[0] + 20, "earlier passes of the same people are one more report, however many"
    assert sum(await certified(world, "batch")) == MEMBERS
    with pytest.raises(BatchTooLarge):
        await record(world, [told(world, "batch", number, at=now) for number in range(ITEMS_MAX + 1)])


async def test_systems_that_report_at_once_never_count_past_each_other(world: World) -> None:
    await course(world, "race")
    now = await world.database.fetchval("SELECT guerdon_now()")
    parts = [[told(world, "race", number, at=now)] for number in range(12)]
    await asyncio.gather(*(record(world, part) for part in parts))
    assert await certified(world, "race") == [6, 6]
    repeated = await asyncio.gather(*(record(world, parts[0]) for _ in range(4)))
    assert [item.result for (item,) in repeated] == [AttemptResult.DUPLICATE] * 4


async def test_a_look_takes_no_more_than_its_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await course(world, "bound", expiry_months=1)
    now = await world.database.fetchval("SELECT guerdon_now()")
    items = [told(world, "bound", number, at=now - timedelta(days=40)) for number in range(5)]
    await record(world, items)
    monkeypatch.setattr(expiring, "LOOKS_MAX", 2)
    assert [await look_at_due(world.door) for _ in range(4)] == [2, 2, 1, 0]
    assert await certified(world, "bound") == [0, 0]


async def test_a_course_has_as_many_requirements_as_it_may(world: World) -> None:
    course_id = UUID((await course(world, "needed"))["course_id"])
    for number in range(REQUIREMENTS_MAX):
        await require_certificates(world.door, SYSTEM, world.key(), course_id, reps_min=1, tier=f"T{number}")
    await require_certificates(world.door, SYSTEM, world.key(), course_id, reps_min=2, tier="T0")
    with pytest.raises(InvalidInput):
        await require_certificates(world.door, SYSTEM, world.key(), course_id, reps_min=1, tier="TOO_MANY")


async def test_the_database_refuses_an_edge_that_is_not_drawn(world: World) -> None:
    await course(world, "drawn")
    now = await world.database.fetchval("SELECT guerdon_now()")
    await record(world, [told(world, "drawn", 1, at=now)])
    with pytest.raises(CheckViolation):
        await world.database.fetch(
            "UPDATE training SET state = 'ENROLLED', passed_at = NULL WHERE course_id = (SELECT id FROM course"
            " WHERE code = 'drawn')"
        )
