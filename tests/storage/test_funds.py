"""Of two who ask for the last euro at one instant one has it; the journal stays; limits hold at their edges."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.access.principals import SYSTEM, Actor, Role
from domain.funds import requesting
from domain.funds.defining import allocate_fund, define_fund, fill_fund
from domain.funds.fund import EligibleActivity, FundDraft, FundKind, Plan
from domain.funds.journal import Bucket, Movement, MovementKind, post_in
from domain.funds.refusals import FundsInsufficient
from domain.funds.requesting import save_request, submit_request
from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import Database
from tests.building import World, build_world


@pytest.fixture(scope="module")
async def world(database: str) -> AsyncIterator[World]:
    opened = await Database.open(database, connections_max=6)
    yield await build_world(opened)
    await opened.close()


def boss(world: World) -> Actor:
    return Actor(
        principal_id=new_id(), role=Role.PARTNER_ADMIN, member_id=world.members[0], partner_id=world.partners[0]
    )


async def today(world: World) -> datetime:
    return await world.database.fetchval("SELECT guerdon_now()")


async def allocated(world: World, amount: int) -> tuple[UUID, UUID]:
    """A fund whose whole pool is the first firm's; answers its id and the allocation's."""
    at = await today(world)
    draft = FundDraft(
        code=f"fund-{next(world.numbers)}",
        name={"en": "A fund"},
        unit="EUR",
        kind=FundKind.DISCRETIONARY,
        starts_at=at - timedelta(days=1),
        ends_at=at + timedelta(days=90),
        use_by=at + timedelta(days=60),
        activities=[EligibleActivity(code="event", name={"en": "Event"})],
    )
    fund_id = UUID((await define_fund(world.door, SYSTEM, world.key(), draft)).facts["fund_id"])
    await fill_fund(world.door, SYSTEM, world.key(), fund_id, amount, "for a test")
    done = await allocate_fund(
        world.door, SYSTEM, world.key(), fund_id=fund_id, partner_id=world.partners[0], amount=amount
    )
    return fund_id, UUID(done.facts["allocation_id"])


async def drafted(world: World, actor: Actor, allocation_id: UUID, cost: int) -> UUID:
    day = (await today(world)).date()
    plan = Plan(activity="event", title="Event", starts_on=day, ends_on=day, cost=cost, currency="EUR", cofund_ppm=0)
    done = await save_request(world.door, actor, world.key(), allocation_id=allocation_id, request_id=None, plan=plan)
    return UUID(done.facts["request_id"])


async def test_two_connections_that_ask_for_the_last_euro_leave_one_with_it(world: World) -> None:
    for _ in range(3):
        _, allocation_id = await allocated(world, 100)
        actors = boss(world), boss(world)
        ids = [await drafted(world, actor, allocation_id, 100) for actor in actors]
        done = await asyncio.gather(
            *(submit_request(world.door, actor, world.key(), one) for actor, one in zip(actors, ids, strict=True)),
            return_exceptions=True,
        )
        (refused,) = (one for one in done if isinstance(one, BaseException))
        assert isinstance(refused, FundsInsufficient)
        assert (refused.wanted, refused.left) == (100, 0)
        row = await world.database.fetchrow("SELECT * FROM fund_allocation WHERE id = $1", allocation_id)
        assert row is not None
        assert (row["available"], row["requested"]) == (0, 100)
        states = await world.database.fetch("SELECT state FROM fund_request WHERE id = ANY($1::uuid[])", ids)
        assert sorted(one["state"] for one in states) == ["DRAFT", "SUBMITTED"]


async def test_two_who_empty_a_pool_at_once_leave_it_at_nothing(world: World) -> None:
    fund_id, _ = await allocated(world, 100)
    await fill_fund(world.door, SYSTEM, world.key(), fund_id, 100, "more")
    done = await asyncio.gather(
        *(
            allocate_fund(world.door, SYSTEM, world.key(), fund_id=fund_id, partner_id=partner_id, amount=60)
            for partner_id in world.partners
        ),
        return_exceptions=True,
    )
    assert [type(one) for one in done if isinstance(one, BaseException)] == [FundsInsufficient]
    assert await world.database.fetchval("SELECT pool FROM fund WHERE id = $1", fund_id) == 40


async def test_the_journal_is_only_appended_to_and_in_the_order_of_its_moves(world: World) -> None:
    fund_id, allocation_id = await allocated(world, 100)
    for statement in ("UPDATE fund_movement SET amount = 1", "DELETE FROM fund_movement"):
        with pytest.raises(Exception, match="append-only"):
            await world.database.fetch(statement)
    # Who began before what moved last, moves after it all the same.
    late = await today(world) + timedelta(hours=1)
    await world.database.fetch("UPDATE fund_allocation SET moved_at = $2 WHERE id = $1", allocation_id, late)

    async def work(op: Operation) -> None:
        moved = Movement(
            fund_id=fund_id,
            allocation_id=allocation_id,
            kind=MovementKind.RETURNED,
            source=Bucket.AVAILABLE,
            target=Bucket.POOL,
            amount=100,
        )
        await post_in(op, SYSTEM, [moved])

    await world.door.operate(SYSTEM, work)
    newest = await world.database.fetchval(
        "SELECT max(recorded_at) FROM fund_movement WHERE allocation_id = $1", allocation_id
    )
    assert newest == late


async def test_a_firm_has_so_many_drafts_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, allocation_id = await allocated(world, 100)
    known = await world.database.fetchval("SELECT count(*) FROM fund_request WHERE state = 'DRAFT'")
    monkeypatch.setattr(requesting, "DRAFTS_MAX", known + 1)
    await drafted(world, boss(world), allocation_id, 10)
    with pytest.raises(InvalidInput):
        await drafted(world, boss(world), allocation_id, 10)
