"""Plans at their edges: how many objectives, commitments and actions, how long, and what the database keeps."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.access.principals import SYSTEM
from domain.kernel.keys import Keyed
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import CheckViolation, Database
from domain.plans.drafting import ObjectiveDraft
from domain.plans.plan import COMMITMENTS_MAX, OBJECTIVES_MAX, SPAN_MAX
from domain.plans.planning import CommitmentDraft, PlanDraft, create_plan
from domain.plans.tracking import STEP_MAX, end_plans, track_due
from tests.building import World, build_world

START = datetime(2026, 1, 1, tzinfo=UTC)
DUE = START + timedelta(days=90)
METRIC = {"kind": "COUNT", "types": ["deal.won"]}


@pytest.fixture(scope="module")
async def world(database: str) -> AsyncIterator[World]:
    opened = await Database.open(database, connections_max=4)
    yield await build_world(opened)
    await opened.close()


def draft(code: str = "one", **more: Any) -> ObjectiveDraft:
    told: dict[str, Any] = {"code": code, "name": "One", "metric": METRIC, "target": 10, "due_at": DUE}
    return ObjectiveDraft(**told | more)


async def plan(world: World, *objectives: ObjectiveDraft, **more: Any) -> UUID:
    told: dict[str, Any] = {
        "name": "Plan",
        "starts_at": START,
        "ends_at": START + timedelta(days=90),
        "partner_id": world.partners[0],
        "objectives": objectives,
    }
    keyed: Keyed = world.key()
    made = await create_plan(world.door, SYSTEM, keyed, PlanDraft(**told | more))
    return UUID(made.facts["plan_id"])


async def refused(world: World, *objectives: ObjectiveDraft, **more: Any) -> str:
    with pytest.raises(InvalidInput) as said:
        await plan(world, *objectives, **more)
    return said.value.field


async def test_as_many_objectives_and_commitments_as_are_allowed_and_no_more(world: World) -> None:
    many = [draft(f"o{n}") for n in range(OBJECTIVES_MAX)]
    promises = [CommitmentDraft(text="x")] * COMMITMENTS_MAX
    await plan(world, *many, commitments=promises)
    assert await refused(world, *many, draft("more")) == "objectives"
    assert await refused(world, commitments=[*promises, CommitmentDraft(text="x")]) == "commitments"
    assert await refused(world, draft(), draft()) == "code"


async def test_a_plan_and_its_objectives_lie_within_their_bounds(world: World) -> None:
    await plan(world, ends_at=START + SPAN_MAX)
    assert await refused(world, ends_at=START + SPAN_MAX + timedelta(seconds=1)) == "endsAt"
    assert await refused(world, ends_at=START) == "endsAt"
    assert await refused(world, zone="Europe/Atlantis") == "zone"
    assert await refused(world, name=" ") == "name"
    assert await refused(world, partner_id=None) == "partnerId"
    assert await refused(world, draft(due_at=DUE + timedelta(seconds=1))) == "dueAt"
    assert await refused(world, draft(due_at=START)) == "dueAt"
    assert await refused(world, draft(target=5, baseline=5)) == "target"
    assert await refused(world, draft(target=-5)) == "target"
    assert await refused(world, draft(target=10**15 + 1)) == "target"
    assert await refused(world, draft(metric={"kind": "COUNT"})) == "metric.types"
    for days, name in ((6, "checkpointDays"), (93, "checkpointDays")):
        assert await refused(world, draft(checkpoint_days=days)) == name
    for days in (-1, 91):
        assert await refused(world, draft(settle_days=days)) == "settleDays"
    for tolerance in (0, 1_000_001):
        assert await refused(world, draft(tolerance_ppm=tolerance)) == "toleranceInMillionths"
    await plan(world, draft(checkpoint_days=7, settle_days=90), draft("two", checkpoint_days=92, tolerance_ppm=1))
    with pytest.raises(NotFound):
        await plan(world, draft(member_id=world.members[1]))
    with pytest.raises(NotFound):
        await plan(world, draft(supports=world.members[0]))


async def test_a_plan_that_nobody_agreed_to_ends_unmeasured_and_nothing_of_it_is_deleted(world: World) -> None:
    plan_id = await plan(world, draft(), starts_at=START, ends_at=DUE)
    assert await track_due(world.door, world.knowledge) == 0
    while await end_plans(world.door) == STEP_MAX:
        pass
    row = await world.database.fetchrow("SELECT state, ended_at FROM joint_plan WHERE id = $1", plan_id)
    assert row is not None
    assert row["state"] == "ENDED"
    for statement in (
        "DELETE FROM joint_plan",
        "UPDATE plan_objective SET target = target + 1",
        "UPDATE plan_objective SET baseline = baseline - 1",
    ):
        with pytest.raises(CheckViolation):
            await world.database.fetch(statement)
