"""The evaluation of tiers: in bounded steps, made up for in order, once for each instant; nothing is rewritten."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.access.principals import SYSTEM
from domain.earning.qualifying import evaluate_due
from domain.earning.tiering import define_tier_set
from domain.kernel.clock import advance_clock_in
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import CheckViolation, Database
from tests.building import World, build_world, deal

DOCUMENT: dict[str, Any] = {
    "evaluate": "MONTH",
    "look_back_months": 1,
    "metrics": {"sold": {"kind": "COUNT", "types": ["deal.won"]}},
    "tiers": [{"code": "one", "name": {"en": "One"}, "needs": {"sold": 1}}],
}
SPANS = """
SELECT tier, state, valid_from, valid_until, fact_id FROM tier_membership WHERE partner_id = $1 ORDER BY valid_from
"""


@pytest.fixture
async def world(fresh_database: str) -> AsyncIterator[World]:
    opened = await Database.open(fresh_database, connections_max=4)
    yield await build_world(opened, members=5, partners=5)
    await opened.close()


async def define(world: World, code: str = "set", fact_kind: str = "tier", **more: Any) -> None:
    await define_tier_set(
        world.door, SYSTEM, world.key(), code=code, name={"en": "A"}, document=DOCUMENT | more, fact_kind=fact_kind
    )


async def steps(world: World, batch_max: int = 500) -> list[int]:
    """What each step answers until nothing is due."""
    found = list[int]()
    while done := await evaluate_due(world.door, world.knowledge, batch_max=batch_max):
        found.append(done)
    return found


async def advance(world: World, days: int) -> None:
    async def work(op: Operation) -> None:
        await advance_clock_in(op.sql, timedelta(days=days))

    await world.door.operate(SYSTEM, work)


async def test_partners_are_evaluated_in_bounded_steps_and_once(world: World) -> None:
    await define(world)
    assert await steps(world, 2) == [2, 2, 1]
    assert await steps(world) == []
    assert await world.database.fetchval("SELECT count(*) FROM tier_membership") == 5
    await define(world, code="other", fact_kind="tier_other")
    # A full last step cannot know that it was the last: the next one finds nobody, and says so.
    assert await steps(world, 5) == [5, 1]


async def test_what_was_missed_is_made_up_for_in_order_each_as_of_its_own_instant(world: World) -> None:
    await define(world)
    await steps(world)
    now = await world.database.fetchval("SELECT guerdon_now()")
    await world.record(replace(deal("a", world.members[0]), occurred_at=now))
    await advance(world, 95)
    await steps(world)
    partner = world.partners[0]
    spans = await world.database.fetch(SPANS, partner)
    assert [(row["tier"], row["state"]) for row in spans] == [
        (None, "QUALIFYING"),
        ("one", "ACTIVE"),
        (None, "DOWNGRADED"),
        (None, "QUALIFYING"),
    ]
    assert [row["valid_until"] for row in spans[:-1]] == [row["valid_from"] for row in spans[1:]]
    facts = await world.database.fetch("SELECT * FROM fact WHERE kind = 'tier' AND subject_id = $1", partner)
    assert [(row["value"]["value"], row["valid_from"], row["valid_until"]) for row in facts] == [
        ("one", spans[1]["valid_from"], spans[1]["valid_until"])
    ]
    for statement in (
        "UPDATE tier_membership SET tier = 'one' WHERE valid_until IS NULL",
        "UPDATE tier_membership SET look_at = now() WHERE valid_until IS NOT NULL",
        "DELETE FROM tier_membership",
    ):
        with pytest.raises(CheckViolation):
            await world.database.fetch(statement)


async def test_a_kind_of_fact_belongs_to_one_set_and_stays_its_own(world: World) -> None:
    await define(world)
    with pytest.raises(InvalidInput, match="another set"):
        await define(world, code="other")
    with pytest.raises(InvalidInput, match="stays tier"):
        await define(world, fact_kind="tier_other")
    for wrong in ("membership", "tier_", "Tier", "tier_" + "x" * 28):
        with pytest.raises(InvalidInput):
            await define(world, code="third", fact_kind=wrong)
    await define(world, code="third", fact_kind="tier_" + "x" * 27)
