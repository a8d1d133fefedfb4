"""First-N campaigns and caps over several rules, on a real database."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.activities.activity import ActivityReversal
from domain.kernel.sql import Database
from tests.building import World, build_world, deal

FIXED: dict[str, Any] = {"effect": {"kind": "FIXED", "amount": 100}}
SHARES = [{"to": "MEMBER", "share_ppm": 600_000}, {"to": "PARTNER"}]


@pytest.fixture
async def world(fresh_database: str) -> AsyncIterator[World]:
    opened = await Database.open(fresh_database, connections_max=4)
    yield await build_world(opened)
    await opened.close()


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


async def test_the_first_activities_are_granted_by_recording_and_keep_their_places(world: World) -> None:
    await world.launch(FIXED | {"campaign_count": 2, "beneficiaries": SHARES})
    first, second, third = world.members[:3]
    await world.record(deal("c", first, days=3), deal("b", second, days=2))
    await world.record(deal("a", third, days=1))
    assert await granted(world) == {"b": 100, "c": 100}
    assert (await codes(world, "a"))[-1] == "CAMPAIGN_COUNT"
    # One that is corrected to somebody else keeps its place; one that is taken back gives it back.
    await world.correct(deal("c", third, days=3))
    assert await granted(world) == {"b": 100, "c": 100}
    await world.correct(ActivityReversal(external_id="b", reason="refunded"))
    await world.record(deal("d", first, days=9), deal("e", first, days=8))
    assert await granted(world) == {"c": 100, "e": 100}
    assert await world.database.fetchval("SELECT activities FROM campaign_total") == 2


async def test_what_the_budget_leaves_without_anything_takes_no_place(world: World) -> None:
    await world.launch(
        FIXED | {"campaign_count": {"parameter": "first"}},
        budget=100,
        parameters={"first": {"type": "INT", "min": 0, "max": 5, "default": 3}},
    )
    await world.record(deal("a", world.members[0]), deal("b", world.members[1], days=1))
    assert await granted(world) == {"a": 100}
    assert await world.database.fetchval("SELECT activities FROM campaign_total") == 1


async def test_one_cap_spans_two_rules_whatever_came_first(world: World) -> None:
    cap = {"code": "effort", "rules": ["won", "second"], "period": "MONTH", "amount": 250}
    rules = (FIXED | {"period": "MONTH"}, FIXED | {"code": "second", "period": "MONTH"})
    await world.launch(*rules, shared_caps=[cap])
    member = world.members[0]
    await world.record(deal("b", member, days=2))
    assert await granted(world) == {"b": 200}
    await world.record(deal("a", member, days=1))
    assert await granted(world) == {"a": 200, "b": 50}
    assert [code for code in await codes(world, "b") if code.startswith("SHARED")] == ["SHARED_CAP_AMOUNT"] * 2
    await world.correct(ActivityReversal(external_id="a", reason="refunded"))
    assert await granted(world) == {"b": 200}
    assert await world.worth(member) == 200
    assert await world.database.fetchval("SELECT count(*) FROM tally") == 1
