"""What activities earn, through the real doors, on a real database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.activities.activity import ActivityReversal, Outcome, RecordedBatch
from domain.earning.refusals import AdjustmentExceedsAwards, BudgetShort
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from domain.partners.facts import NewFact, SubjectKind, record_facts_in
from domain.programs.defining import publish_terms
from tests.building import START, World, build_world, deal

FIXED: dict[str, Any] = {"effect": {"kind": "FIXED", "amount": 100}}
PERCENT: dict[str, Any] = {"effect": {"kind": "PERCENT", "ppm": 10_000}, "basis": "NET", "basis_unit": "USD"}
BRACKETS: list[dict[str, int]] = [{"from": 0, "rate": 10_000}, {"from": 100_000, "rate": 20_000}]


@pytest.fixture
async def world(fresh_database: str) -> AsyncIterator[World]:
    opened = await Database.open(fresh_database, connections_max=4)
    yield await build_world(opened)
    await opened.close()


async def reasons(world: World, external_id: str) -> list[str]:
    rows = await world.database.fetch(
        "SELECT d.explanation FROM due d JOIN activity a ON a.id = d.activity_id"
        " WHERE a.external_id = $1 AND a.source_id = $2",
        external_id,
        world.source_id,
    )
    return [reason["code"] for row in rows for reason in row["explanation"]]


async def test_a_deal_earns_what_its_rule_says_once(world: World) -> None:
    await world.launch(FIXED)
    member = world.members[0]
    first = await world.record(deal("a", member))
    again = await world.record(deal("a", member))
    assert [first.results[0].outcome, again.results[0].outcome] == [Outcome.RECORDED, Outcome.DUPLICATE]
    assert (await world.balances(member))["available"] == 100


async def test_a_version_that_drops_a_trigger_ends_what_the_older_paid_for_it(world: World) -> None:
    program_id, member = await world.launch(FIXED), world.members[0]
    rule = {"code": "other", "trigger": "demo.given", **FIXED}
    document: dict[str, Any] = {"unit": "POINTS", "zone": "UTC", "rules": [rule]}
    later = START + timedelta(days=1)
    await publish_terms(world.door, world.actor, world.key(), program_id, document, effective_from=later)
    await world.record(deal("before", member), replace(deal("after", member), occurred_at=later))
    assert (await world.balances(member))["available"] == 100
    assert await reasons(world, "after") == []


async def test_one_bad_item_never_loses_the_others(world: World) -> None:
    await world.launch(FIXED)
    member, stranger = world.members[0], world.partners[0]
    batch = await world.record(deal("a", member), deal("b", stranger), deal("c", member, days=1))
    assert [result.outcome for result in batch.results] == [Outcome.RECORDED, Outcome.REJECTED, Outcome.RECORDED]
    assert (await world.balances(member))["available"] == 200


def outcomes(batch: RecordedBatch) -> list[str]:
    return [
        f"{one.external_id} {one.outcome}" + (f" {one.refusal.code()}" if one.refusal else "") for one in batch.results
    ]


async def test_an_activity_that_finds_no_room_in_its_unit_is_rejected_alone(world: World) -> None:
    await world.launch(FIXED)
    world.knowledge = replace(world.knowledge, unit_activities_max=3)
    first, second = world.members[:2]
    batch = await world.record(
        deal("a", first, days=3),
        deal("b", first, days=1),
        deal("c", second),
        deal("d", first),
        deal("e", first, days=2),
    )
    assert outcomes(batch) == ["a REJECTED UNIT_IS_FULL", "b RECORDED", "c RECORDED", "d RECORDED", "e RECORDED"]
    assert [await world.worth(one) for one in (first, second)] == [300, 100]
    again = await world.record(deal("a", first, days=3), deal("b", first, days=1), deal("f", second))
    assert outcomes(again) == ["a REJECTED UNIT_IS_FULL", "b DUPLICATE", "f RECORDED"]
    assert await world.database.fetchval("SELECT count(*) FROM activity") == 5
    told = "SELECT count(*) FROM outbox WHERE name = 'activity.recorded'"
    assert await world.database.fetchval(told) == 5


async def test_a_correction_into_a_full_unit_is_rejected_and_one_within_it_is_not(world: World) -> None:
    await world.launch(PERCENT, unit="USD")
    world.knowledge = replace(world.knowledge, unit_activities_max=2)
    first, second = world.members[:2]
    await world.record(deal("a", first), deal("b", first, days=1), deal("c", second))
    batch = await world.correct(deal("c", first), deal("a", first, 20_000))
    assert outcomes(batch) == ["c REJECTED UNIT_IS_FULL", "a CORRECTED"]
    assert [await world.worth(one, "USD") for one in (first, second)] == [300, 100]
    batch = await world.correct(deal("a", second), deal("c", first))
    assert outcomes(batch) == ["a CORRECTED", "c CORRECTED"]
    assert [await world.worth(one, "USD") for one in (first, second)] == [200, 100]


async def test_a_correction_upward_makes_a_second_award_and_downward_takes_the_newest_first(world: World) -> None:
    await world.launch(PERCENT, unit="USD")
    member = world.members[0]
    await world.record(deal("a", member, 10_000))
    await world.correct(deal("a", member, 25_000))
    assert (await world.balances(member, "USD"))["available"] == 250
    await world.correct(deal("a", member, 12_000))
    assert (await world.balances(member, "USD"))["available"] == 120
    awards = await world.database.fetch(
        "SELECT n, amount, reversed_total FROM award JOIN wallet ON wallet.id = wallet_id"
        " WHERE owner_id = $1 ORDER BY n",
        member,
    )
    assert [tuple(row) for row in awards] == [(1, 100, 0), (2, 150, 130)]


async def test_a_reversed_activity_is_taken_back_whole(world: World) -> None:
    await world.launch(FIXED)
    member = world.members[0]
    await world.record(deal("a", member), deal("b", member, days=1))
    await world.correct(ActivityReversal(external_id="a", reason="refunded"))
    assert (await world.balances(member))["available"] == 100
    assert await reasons(world, "a") == ["NO_LONGER_COUNTS"]


async def test_a_corrected_member_moves_the_award(world: World) -> None:
    await world.launch(FIXED)
    first, second = world.members[:2]
    await world.record(deal("a", first))
    await world.correct(deal("a", second))
    assert [await world.worth(first), await world.worth(second)] == [0, 100]


async def test_a_late_activity_rewalks_its_unit_and_moves_the_cap(world: World) -> None:
    await world.launch(FIXED | {"period": "MONTH", "caps": [{"period": "MONTH", "amount": 250}]})
    member = world.members[0]
    await world.record(deal("b", member, days=2), deal("c", member, days=3), deal("d", member, days=4))
    assert await world.worth(member) == 250
    assert "CAP_AMOUNT" in await reasons(world, "d")
    await world.record(deal("a", member, days=1))
    assert await world.worth(member) == 250
    assert "CAP_AMOUNT" in await reasons(world, "c")


async def test_a_retroactive_bracket_rerates_what_was_earned_before(world: World) -> None:
    effect = {"kind": "BRACKETS", "mode": "RETROACTIVE", "measure": "BASIS", "brackets": BRACKETS}
    await world.launch({"effect": effect, "basis": "NET", "basis_unit": "USD", "period": "QUARTER"}, unit="USD")
    member = world.members[0]
    await world.record(deal("a", member, 60_000))
    assert await world.worth(member, "USD") == 600
    await world.record(deal("b", member, 50_000, days=1))
    assert await world.worth(member, "USD") == 2_200
    await world.correct(deal("b", member, 10_000, days=1))
    assert await world.worth(member, "USD") == 700


async def test_a_milestone_pays_once_and_does_not_move(world: World) -> None:
    effect = {"kind": "MILESTONE", "measure": "COUNT", "milestones": [{"code": "three", "at": 3, "amount": 500}]}
    await world.launch({"effect": effect, "period": "QUARTER"})
    member = world.members[0]
    await world.record(*(deal(name, member, days=day) for day, name in enumerate("abcd")))
    assert await world.worth(member) == 500
    await world.correct(ActivityReversal(external_id="a", reason="refunded"))
    assert await world.worth(member) == 500
    await world.correct(ActivityReversal(external_id="b", reason="refunded"))
    assert await world.worth(member) == 0


async def test_several_beneficiaries_share_to_the_last_point(world: World) -> None:
    shares = [{"to": "MEMBER", "share_ppm": 333_333}, {"to": "PARTNER", "share_ppm": "REST"}]
    await world.launch(FIXED | {"beneficiaries": shares})
    await world.record(deal("a", world.members[0]))
    assert [await world.worth(world.members[0]), await world.worth(world.partners[0])] == [33, 67]


async def test_the_best_rule_of_a_deal_wins_and_a_correction_turns_it(world: World) -> None:
    stacking = {"group": "deal", "mode": "BEST_OF", "priority": 1}
    member = world.members[0]
    await world.launch(FIXED | {"stacking": stacking}, unit="USD")
    await world.launch(PERCENT | {"stacking": stacking}, unit="USD")
    await world.record(deal("a", member, 50_000, opportunity="o1"))
    assert await world.worth(member, "USD") == 500
    await world.correct(deal("a", member, 5_000, opportunity="o1"))
    assert await world.worth(member, "USD") == 100


async def test_the_last_grant_of_a_budget_is_trimmed_and_says_so(world: World) -> None:
    await world.launch(FIXED, budget=250)
    member = world.members[0]
    await world.record(*(deal(name, member, days=day) for day, name in enumerate("abcd")))
    assert await world.worth(member) == 250
    assert "BUDGET_TRIM" not in await reasons(world, "b")
    assert "BUDGET_TRIM" in await reasons(world, "c")
    assert await world.database.fetchval("SELECT min(balance) FROM budget WHERE balance = 0") == 0


async def test_a_campaign_cap_holds_across_members(world: World) -> None:
    await world.launch(FIXED | {"campaign_cap": 150})
    await world.record(deal("a", world.members[0]), deal("b", world.members[1], days=1))
    assert [await world.worth(member) for member in world.members[:2]] == [100, 50]


async def test_enrollment_parameters_measure_the_rule_to_the_member(world: World) -> None:
    rate = {"rate": {"type": "INT", "min": 0, "max": 500, "default": 10}}
    rule = {"effect": {"kind": "FIXED", "amount": {"parameter": "rate"}}}
    program = await world.launch(rule, parameters=rate, audience="ENROLLED")
    first, second, third = world.members[:3]
    await world.enroll(program, first, rate=70)
    await world.enroll(program, second)
    await world.record(deal("a", first), deal("b", second), deal("c", third))
    assert [await world.worth(member) for member in (first, second, third)] == [70, 10, 0]


async def test_statements_do_not_grow_with_the_batch(fresh_database: str, world: World) -> None:
    await world.launch(FIXED, PERCENT | {"code": "percent", "effect": {"kind": "PERCENT", "ppm": 5}}, unit="USD")
    counted: list[str] = []
    counting = await Database.open(fresh_database, connections_max=1, on_query=counted.append)
    world.door = Door(counting)
    await world.record(deal("first", world.members[0], days=-1))
    sizes: list[int] = []
    for start, size in ((0, 3), (1_000, 3), (2_000, 300)):
        counted.clear()
        items = [deal(f"s{start + n}", world.members[n % 3], 10_000 + n, days=(start + n) / 1_000) for n in range(size)]
        await world.record(*items)
        sizes.append(len(counted))
    await counting.close()
    assert sizes[1] == sizes[2], counted


async def test_an_adjustment_upward_is_an_award_with_its_reason(world: World) -> None:
    program_id, member = await world.launch(FIXED, budget=1_000), world.members[0]
    await world.adjust(program_id, member, 70, "Helped at the fair")
    assert await world.worth(member) == 70
    with pytest.raises(BudgetShort):
        await world.adjust(program_id, member, 931, "Too much")


async def test_an_adjustment_downward_takes_the_newest_awards_and_leaves_the_rest_to_later_corrections(
    world: World,
) -> None:
    program_id, member = await world.launch(PERCENT, unit="USD"), world.members[0]
    await world.record(deal("a", member, 10_000), deal("b", member, 20_000, days=1))
    await world.adjust(program_id, member, -250, "Paid twice by mistake")
    assert await world.worth(member, "USD") == 50
    assert "TAKEN_BACK" in await reasons(world, "b")
    await world.correct(ActivityReversal(external_id="b", reason="refunded"))
    assert await world.worth(member, "USD") == 50
    with pytest.raises(AdjustmentExceedsAwards):
        await world.adjust(program_id, member, -51, "More than there ever was")


async def test_what_is_taken_back_after_it_was_spent_becomes_a_debt_that_the_next_award_settles(world: World) -> None:
    await world.launch(FIXED)
    member = world.members[0]
    await world.record(deal("a", member))
    await world.spend(member, 80)
    await world.correct(ActivityReversal(external_id="a", reason="refunded"))
    assert await world.balances(member) == {"pending": 0, "available": 0, "held": 0, "payable": 0, "receivable": 80}
    await world.record(deal("b", member, days=1))
    assert await world.balances(member) == {"pending": 0, "available": 20, "held": 0, "payable": 0, "receivable": 0}


async def test_a_rule_reads_the_facts_that_were_true_when_the_deal_was_won(world: World) -> None:
    gold = {"condition": 'facts.tier == "GOLD"'} | FIXED
    await world.launch(gold, facts={"tier": {"type": "STRING", "default": ""}})
    first, second = world.members[:2]
    risen = NewFact(
        subject_kind=SubjectKind.MEMBER,
        subject_id=first,
        kind="tier",
        value={"value": "GOLD"},
        valid_from=START + timedelta(days=1),
    )
    await world.door.operate(world.actor, lambda op: record_facts_in(op, [risen]))
    await world.record(deal("a", first), deal("b", first, days=2), deal("c", second, days=2))
    assert [await world.worth(member) for member in (first, second)] == [100, 0]
    assert "CONDITION_FALSE" in await reasons(world, "a")
