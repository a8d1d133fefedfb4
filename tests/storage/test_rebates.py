"""Rebates in storage: bounds of settings, steps that stay small, an approval before the money is available, a race."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.access.principals import Actor, Role
from domain.kernel import clock
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import CheckViolation, Database, violated_constraint
from domain.partners.facts import facts_as_of
from domain.payouts import drafting
from domain.payouts.deciding import approve_payouts
from domain.payouts.drafting import draft_payouts
from domain.payouts.exporting import export_payouts
from domain.payouts.machine import PayoutOutcome
from domain.payouts.settling import Said, settle_payouts
from domain.rebates import advancing
from domain.rebates.advancing import advance_periods
from domain.rebates.deciding import approve_rebate
from domain.rebates.defining import DISPUTE_DAYS_MAX, define_rebate, group_partner
from tests.building import World, build_world, deal
from tests.stories.rebating import tiered

FINANCE = Actor(role=Role.FINANCE, principal_id=new_id())
ADMIN = Actor(role=Role.ADMIN, principal_id=new_id())


@pytest.fixture
async def world(fresh_database: str) -> AsyncIterator[World]:
    opened = await Database.open(fresh_database)
    yield await build_world(opened)
    await opened.close()


async def launched(world: World, *, dispute_days: int = 0, **rule: Any) -> UUID:
    now = await world.database.fetchval("SELECT guerdon_now()")
    code = tiered((0, 100_000), **rule)
    program_id = await world.launch(code, unit="USD", starts_at=now - timedelta(days=800), grace_days=0)
    asked = Keyed(key=f"define-{program_id}", request={})
    await define_rebate(world.door, ADMIN, asked, program_id, rule="volume", dispute_days=dispute_days)
    return program_id


async def sells(world: World, member: int, net: int) -> None:
    now = await world.database.fetchval("SELECT guerdon_now()")
    await world.record(replace(deal(f"sale-{next(world.numbers)}", world.members[member], net), occurred_at=now))


async def advance(world: World, days: int) -> None:
    async with world.database.transaction() as connection:
        await clock.advance_clock_in(connection, timedelta(days=days))


async def worked(world: World) -> None:
    await world.catch_up()
    while await advance_periods(world.door):
        pass


async def test_settings_have_their_bounds(world: World) -> None:
    program_id = await launched(world)
    for wrong in ({"dispute_days": DISPUTE_DAYS_MAX + 1}, {"dispute_days": -1}, {"pass_through_ppm": 1_000_001}):
        with pytest.raises(InvalidInput):
            await define_rebate(world.door, ADMIN, world.key(), program_id, rule="volume", **wrong)
    edge = {"dispute_days": DISPUTE_DAYS_MAX, "pass_through_ppm": 1_000_000}
    await define_rebate(world.door, ADMIN, world.key(), program_id, rule="volume", **edge)
    first, second = world.partners[:2]
    with pytest.raises(InvalidInput, match="another partner"):
        await group_partner(world.door, ADMIN, world.key(), first, group_id=first)
    now = await world.database.fetchval("SELECT guerdon_now()")
    past = now - timedelta(seconds=1)
    with pytest.raises(InvalidInput, match="now or later"):
        await group_partner(world.door, ADMIN, world.key(), first, group_id=second, since=past)


async def test_a_step_moves_so_many_periods_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advancing, "PERIODS_PER_STEP_MAX", 1)
    await launched(world)
    await sells(world, 0, 1_000)
    await sells(world, 1, 1_000)
    await world.catch_up()
    assert await advance_periods(world.door) == 1
    await worked(world)
    assert await world.database.fetchval("SELECT count(*) FROM rebate_period WHERE state = 'OPEN'") == 2
    await advance(world, 93)
    await worked(world)
    assert await world.database.fetchval("SELECT count(*) FROM rebate_period WHERE state = 'IN_REVIEW'") == 2


async def test_what_a_hold_keeps_is_approved_again_once_it_is_available(world: World) -> None:
    await launched(world, hold_days=200)
    await sells(world, 0, 1_000)
    await worked(world)
    await advance(world, 93)
    await worked(world)
    period_id = await world.database.fetchval("SELECT id FROM rebate_period")
    done = await approve_rebate(world.door, FINANCE, world.key(), period_id)
    assert done.facts["payout_id"] is None
    assert await world.database.fetchval("SELECT state FROM rebate_period") == "APPROVED"
    await advance(world, 200)
    done = await approve_rebate(world.door, FINANCE, world.key(), period_id)
    assert done.facts["payout_id"] is not None
    assert await world.database.fetchval("SELECT amount FROM payout") == 100


async def test_what_the_bank_returns_is_approved_and_paid_again(world: World) -> None:
    await launched(world)
    await sells(world, 0, 1_000)
    await worked(world)
    await advance(world, 93)
    await worked(world)
    database, door = world.database, world.door
    period_id = await database.fetchval("SELECT id FROM rebate_period")
    for outcomes in ((PayoutOutcome.PAID, PayoutOutcome.RETURNED), (PayoutOutcome.RETURNED,), (PayoutOutcome.PAID,)):
        done = await approve_rebate(door, FINANCE, world.key(), period_id)
        payout_id = UUID(done.facts["payout_id"])
        await approve_payouts(door, FINANCE, world.key(), [payout_id])
        await export_payouts(door, FINANCE, world.key(), unit="USD")
        for outcome in outcomes:
            said = Said(payout_id=payout_id, outcome=outcome, bank_reference="SEPA", reason="unknown account")
            await settle_payouts(door, FINANCE, world.key(), [said])
            await worked(world)
        row = await database.fetchrow("SELECT state, payout_id, approved_by FROM rebate_period")
        assert row is not None
        is_paid = outcomes[-1] is PayoutOutcome.PAID
        assert (row["state"], row["payout_id"]) == (("PAID", payout_id) if is_paid else ("APPROVED", None))
        assert row["approved_by"] == FINANCE.principal_id
    assert await database.fetchval("SELECT sum(amount) FROM payout WHERE state = 'PAID'") == 100


async def test_a_group_has_one_head_and_ends_when_said(world: World) -> None:
    first, second = world.partners
    await group_partner(world.door, ADMIN, world.key(), first, group_id=second)
    with pytest.raises(InvalidInput, match="belongs to a group itself"):
        await group_partner(world.door, ADMIN, world.key(), second, group_id=first)
    await group_partner(world.door, ADMIN, world.key(), first, group_id=None)
    await group_partner(world.door, ADMIN, world.key(), second, group_id=first)
    now = await world.database.fetchval("SELECT guerdon_now()")
    known = await facts_as_of(world.database, [(first, now), (second, now)], ("group",))
    assert known == {(second, now): {"group": str(first)}}


async def test_a_period_does_not_leave_its_drawing(world: World) -> None:
    await launched(world)
    await sells(world, 0, 1_000)
    await worked(world)
    with pytest.raises(CheckViolation) as caught:
        await world.database.fetch("UPDATE rebate_period SET state = 'CALCULATING'")
    assert violated_constraint(caught.value) == "rebate_period_moves_along_drawn_edges"


async def test_a_batch_looks_at_so_many_wallets_and_says_where_to_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafting, "PAYOUTS_MAX", 1)
    await launched(world)
    await sells(world, 0, 1_000)
    await sells(world, 1, 2_000)
    last, amounts = None, list[int]()
    for _ in range(3):
        done = await draft_payouts(world.door, FINANCE, world.key(), unit="USD", minimum=1, after=last)
        ids = [UUID(one) for one in done.facts["payout_ids"]]
        rows = await world.database.fetch("SELECT amount FROM payout WHERE id = ANY($1::uuid[])", ids)
        amounts += [row["amount"] for row in rows]
        last = done.facts["last"] and UUID(done.facts["last"])
        assert len(ids) == (last is not None)
    assert sorted(amounts) == [100, 200]


async def test_two_who_draft_at_once_pay_each_wallet_once(world: World) -> None:
    await launched(world)
    await sells(world, 0, 1_000)
    await sells(world, 1, 2_000)

    async def drafts(key: str) -> int:
        asked = Keyed(key=key, request={})
        done = await draft_payouts(world.door, FINANCE, asked, unit="USD", minimum=1)
        return len(done.facts["payout_ids"])

    assert sum(await asyncio.gather(drafts("one"), drafts("two"))) == 2
    assert await world.database.fetchval("SELECT sum(amount) FROM payout") == 300
    assert await world.database.fetchval("SELECT sum(payable) FROM wallet WHERE unit = 'USD'") == 300
