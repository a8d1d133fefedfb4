"""What a workflow reports is an activity of its own source, awarded in the same operation, whole or not at all."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityInput, Amount, Basis, Outcome
from domain.activities.refusals import ActivityConflict, UnknownMember
from domain.earning.reporting import ReportedType, Workflow, report_in
from domain.kernel.sql import Database
from tests.building import START, World, build_world

WORKFLOW = Workflow(
    code="training",
    name="Training",
    types=(
        ReportedType(
            code="course.passed",
            name={"en": "Course passed"},
            attributes=({"name": "course", "kind": "STRING"},),
            amounts=("NET",),
        ),
    ),
)
PASSED: dict[str, Any] = {"trigger": "course.passed", "effect": {"kind": "FIXED", "amount": 50}}


@pytest.fixture
async def world(fresh_database: str) -> AsyncIterator[World]:
    opened = await Database.open(fresh_database, connections_max=4)
    yield await build_world(opened)
    await opened.close()


def passed(world: World, external_id: str, member: int = 0, course: str = "basics") -> ActivityInput:
    return ActivityInput(
        external_id=external_id,
        type="course.passed",
        occurred_at=START,
        member=world.members[member],
        amounts={Basis.NET: Amount(minor=100, unit="EUR")},
        attributes={"course": course},
    )


async def test_a_report_is_recorded_and_awarded_once(world: World) -> None:
    # The type must stand before the rule can name it: a first report declares it.
    async def report(*items: ActivityInput) -> list[Outcome]:
        batch = await world.door.operate(SYSTEM, lambda op: report_in(op, world.knowledge, WORKFLOW, items))
        return [result.outcome for result in batch.results]

    await report(passed(world, "before"))
    await world.launch(PASSED)
    assert await report(passed(world, "one"), passed(world, "two", 1)) == [Outcome.RECORDED] * 2
    assert await report(passed(world, "one")) == [Outcome.DUPLICATE]
    with pytest.raises(ActivityConflict):
        await report(passed(world, "one", course="other"))
    stranger = ActivityInput(external_id="three", type="course.passed", occurred_at=START, member="nobody")
    with pytest.raises(UnknownMember):
        await report(passed(world, "four"), stranger)
    assert await world.database.fetchval("SELECT count(*) FROM activity WHERE external_id = 'four'") == 0
    assert (await world.balances(world.members[0]))["available"] == 50
