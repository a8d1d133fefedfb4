"""Bundles granted beside awards: one a due and bundle, gone with the due, told in its explanation."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.activities.activity import ActivityReversal
from domain.earning.bundles import followed_in, waiting_grants_in
from domain.kernel.sql import Database
from tests.building import World, build_world, deal

BUNDLE: dict[str, Any] = {"grants": [{"bundle": "welcome", "quantity": 2}]}
FIXED: dict[str, Any] = {"effect": {"kind": "FIXED", "amount": 100}} | BUNDLE
PERCENT: dict[str, Any] = {"effect": {"kind": "PERCENT", "ppm": 10_000}, "basis": "NET", "basis_unit": "USD"} | BUNDLE


@pytest.fixture
async def world(fresh_database: str) -> AsyncIterator[World]:
    opened = await Database.open(fresh_database, connections_max=4)
    yield await build_world(opened)
    await opened.close()


async def grants(world: World) -> list[tuple[str, int, str]]:
    rows = await world.database.fetch("SELECT bundle, quantity, state FROM reward_grant ORDER BY recorded_at, n")
    return [(row["bundle"], row["quantity"], row["state"]) for row in rows]


async def told(world: World) -> list[str]:
    rows = await world.database.fetch("SELECT name FROM outbox WHERE aggregate_kind = 'grant' ORDER BY id")
    return [row["name"] for row in rows]


async def test_a_bundle_is_granted_with_the_award_once_and_the_due_says_so(world: World) -> None:
    await world.launch(FIXED)
    await world.record(deal("a", world.members[0]))
    await world.record(deal("a", world.members[0]))
    assert await grants(world) == [("welcome", 2, "GRANTED")]
    assert (await world.balances(world.members[0]))["available"] == 100
    explanation = await world.database.fetchval("SELECT explanation FROM due")
    assert {"code": "GRANTS_BUNDLE", "facts": {"bundle": "welcome", "quantity": 2}} in explanation
    assert await told(world) == ["grant.given"]


async def test_a_reversal_revokes_the_grant_and_an_event_says_so(world: World) -> None:
    await world.launch(FIXED)
    await world.record(deal("a", world.members[0]))
    await world.correct(ActivityReversal(external_id="a", reason="refunded"))
    assert await grants(world) == [("welcome", 2, "REVOKED")]
    assert await told(world) == ["grant.given", "grant.revoked"]


async def test_a_correction_that_leaves_something_due_keeps_the_grant(world: World) -> None:
    await world.launch(PERCENT, unit="USD")
    await world.record(deal("a", world.members[0], 10_000))
    await world.correct(deal("a", world.members[0], 5_000))
    assert await grants(world) == [("welcome", 2, "GRANTED")]
    await world.correct(deal("a", world.members[0], 0))
    assert await grants(world) == [("welcome", 2, "REVOKED")]
    await world.correct(deal("a", world.members[0], 7_000))
    assert await grants(world) == [("welcome", 2, "REVOKED"), ("welcome", 2, "GRANTED")]


async def test_a_rule_worth_no_points_grants_its_bundle_and_takes_it_back(world: World) -> None:
    await world.launch({"effect": {"kind": "FIXED", "amount": 0}} | BUNDLE)
    await world.record(deal("a", world.members[0]))
    assert await grants(world) == [("welcome", 2, "GRANTED")]
    await world.correct(ActivityReversal(external_id="a", reason="refunded"))
    assert await grants(world) == [("welcome", 2, "REVOKED")]


async def test_a_rule_that_stacking_excludes_grants_nothing_until_it_wins(world: World) -> None:
    stacking = {"group": "deal", "mode": "BEST_OF", "priority": 1}
    await world.launch(FIXED | {"stacking": stacking}, unit="USD")
    plain = {"effect": {"kind": "PERCENT", "ppm": 10_000}, "basis": "NET", "basis_unit": "USD", "stacking": stacking}
    await world.launch(plain, unit="USD")
    await world.record(deal("a", world.members[0], 50_000, opportunity="o1"))
    assert await grants(world) == []
    await world.correct(deal("a", world.members[0], 5_000, opportunity="o1"))
    assert await grants(world) == [("welcome", 2, "GRANTED")]


async def test_a_cap_on_paid_activities_counts_those_that_only_grant(world: World) -> None:
    await world.launch({"effect": {"kind": "FIXED", "amount": 0}, "caps": [{"count": 1}]} | BUNDLE)
    await world.record(deal("a", world.members[0]), deal("b", world.members[0], days=1))
    assert await grants(world) == [("welcome", 2, "GRANTED")]


async def test_a_milestone_grants_its_bundle_when_it_is_reached_and_loses_it_with_it(world: World) -> None:
    effect = {"kind": "MILESTONE", "measure": "COUNT", "milestones": [{"code": "two", "at": 2, "amount": 5}]}
    await world.launch({"effect": effect} | BUNDLE)
    await world.record(deal("a", world.members[0]))
    assert await grants(world) == []
    await world.record(deal("b", world.members[0], days=1))
    assert await grants(world) == [("welcome", 2, "GRANTED")]
    await world.correct(ActivityReversal(external_id="a", reason="refunded"))
    assert await grants(world) == [("welcome", 2, "REVOKED")]


async def test_a_partner_is_granted_no_bundle(world: World) -> None:
    shares = [{"to": "MEMBER", "share_ppm": 500_000}, {"to": "PARTNER", "share_ppm": "REST"}]
    await world.launch(FIXED | {"beneficiaries": shares})
    await world.record(deal("a", world.members[0]))
    assert await world.database.fetchval("SELECT array_agg(member_id) FROM reward_grant") == [world.members[0]]


async def test_a_grant_waits_until_it_was_followed_up_also_after_it_is_revoked(world: World) -> None:
    await world.launch(FIXED)
    await world.record(deal("a", world.members[0]))

    async def followed(*bundles: str) -> list[str]:
        async def work(op: Any) -> list[str]:
            found = await waiting_grants_in(op, bundles)
            await followed_in(op, [grant.id for grant in found])
            return [grant.state for grant in found]

        return await world.door.operate(world.actor, work)

    assert await followed("another") == []
    assert await followed("welcome") == ["GRANTED"]
    assert await followed("welcome") == []
    await world.correct(ActivityReversal(external_id="a", reason="refunded"))
    assert await followed() == ["REVOKED"]


async def test_statements_of_grants_do_not_grow_with_the_batch(fresh_database: str, world: World) -> None:
    await world.launch(FIXED)
    counted: list[str] = []
    counting = await Database.open(fresh_database, connections_max=1, on_query=counted.append)
    world.door = type(world.door)(counting)
    sizes: list[int] = []
    for start, size in ((0, 3), (1_000, 3), (2_000, 200)):
        counted.clear()
        await world.record(
            *(deal(f"g{start + n}", world.members[n % 3], days=(start + n) / 1_000) for n in range(size))
        )
        sizes.append(len(counted))
    await counting.close()
    assert sizes[1] == sizes[2]
