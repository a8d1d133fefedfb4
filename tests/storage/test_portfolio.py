"""A channel manager changes programs of the own portfolio only; what lies outside looks like what does not exist."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from domain.access.admitting import Invitation, assign_portfolio_in, link_account_in
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel.ids import new_id
from domain.kernel.operation import Operation, Outcome
from domain.kernel.refusals import NotFound
from domain.kernel.sql import Database
from domain.programs.budgeting import fund_budget
from domain.programs.defining import change_program_state, create_program, publish_terms
from domain.programs.enrolling import end_enrollment, enroll
from domain.programs.program import Audience, ProgramAction, ProgramDraft
from tests.building import OBJECTIVE, START, World, build_world

RULE: dict[str, Any] = {"code": "won", "trigger": "deal.won", "effect": {"kind": "FIXED", "amount": 100}}
DOCUMENT: dict[str, Any] = {"unit": "POINTS", "zone": "UTC", "rules": [RULE]}


@pytest.fixture
async def world(fresh_database: str) -> AsyncIterator[World]:
    opened = await Database.open(fresh_database)
    yield await build_world(opened)
    await opened.close()


async def manager(world: World, *partner_ids: UUID, everyone: bool = False) -> Actor:
    """A channel manager with this portfolio."""

    async def work(op: Operation) -> UUID:
        invitation = Invitation(issuer="test", subject=str(new_id()), role=Role.CHANNEL_MANAGER, name="Hélène")
        account_id = await link_account_in(op, SYSTEM, invitation)
        await assign_portfolio_in(op, account_id, None if everyone else partner_ids)
        return account_id

    return Actor(principal_id=await world.door.operate(SYSTEM, work), role=Role.CHANNEL_MANAGER)


async def draft(world: World, audience: Audience = Audience.ENROLLED) -> UUID:
    """A drafted program with terms."""
    plan = ProgramDraft(
        code=f"p-{new_id()}",
        name={"en": "P"},
        zone="UTC",
        unit="POINTS",
        starts_at=START,
        audience=audience,
        objective=OBJECTIVE,
    )
    made = await create_program(world.door, SYSTEM, world.key(), plan)
    program_id = UUID(made.facts["program_id"])
    await publish_terms(world.door, SYSTEM, world.key(), program_id, DOCUMENT)
    return program_id


async def takes_part(world: World, actor: Actor, program_id: UUID, kind: str, subject_id: UUID) -> Outcome:
    return await enroll(world.door, actor, world.key(), program_id=program_id, subject_kind=kind, subject_id=subject_id)


Change = Callable[[World, Actor, UUID], Awaitable[Outcome]]
CHANGES: dict[str, Change] = {
    "fundBudget": lambda world, actor, program_id: fund_budget(
        world.door, actor, world.key(), program_id=program_id, amount=100, reason="more"
    ),
    "publishTerms": lambda world, actor, program_id: publish_terms(
        world.door, actor, world.key(), program_id, DOCUMENT
    ),
    "changeProgramState": lambda world, actor, program_id: change_program_state(
        world.door, actor, world.key(), program_id, ProgramAction.LAUNCH
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_program_outside_the_portfolio_is_as_if_it_were_not_there(world: World, change: str) -> None:
    ours, theirs = world.partners
    actor = await manager(world, ours)
    refusals: list[dict[str, Any]] = []
    for audience, enrolled in (
        (Audience.EVERYONE, []),
        (Audience.ENROLLED, [("PARTNER", theirs)]),
        (Audience.ENROLLED, [("MEMBER", world.members[1])]),
        (Audience.ENROLLED, [("PARTNER", ours), ("PARTNER", theirs)]),
    ):
        program_id = await draft(world, audience)
        for kind, subject_id in enrolled:
            await takes_part(world, SYSTEM, program_id, kind, subject_id)
        with pytest.raises(NotFound) as refused:
            await CHANGES[change](world, actor, program_id)
        refusals.append(refused.value.facts() | {"id": "…"})
    with pytest.raises(NotFound) as missing:
        await CHANGES[change](world, actor, new_id())
    assert refusals == [missing.value.facts() | {"id": "…"}] * 4


@pytest.mark.parametrize("change", CHANGES)
async def test_a_program_of_the_own_partners_and_a_fresh_draft_may_be_changed(world: World, change: str) -> None:
    ours, theirs = world.partners
    actor = await manager(world, ours)
    fresh, program_id = await draft(world), await draft(world)
    await takes_part(world, actor, program_id, "PARTNER", ours)
    await takes_part(world, actor, program_id, "MEMBER", world.members[0])
    left = await takes_part(world, SYSTEM, program_id, "PARTNER", theirs)
    enrollment_id = UUID(left.facts["enrollment_id"])
    await end_enrollment(world.door, SYSTEM, world.key(), enrollment_id=enrollment_id)
    for each in (fresh, program_id):
        assert not (await CHANGES[change](world, actor, each)).replayed


@pytest.mark.parametrize("change", CHANGES)
async def test_a_portfolio_of_every_partner_and_an_administrator_change_everything(world: World, change: str) -> None:
    for actor in (await manager(world, everyone=True), Actor(principal_id=new_id(), role=Role.ADMIN)):
        assert not (await CHANGES[change](world, actor, await draft(world, Audience.EVERYONE))).replayed


async def test_only_the_own_partners_and_their_members_are_enrolled(world: World) -> None:
    ours, theirs = world.partners
    actor = await manager(world, ours)
    everyones, program_id = await draft(world, Audience.EVERYONE), await draft(world)
    for program in (everyones, program_id):
        for kind, subject_id in (("PARTNER", theirs), ("MEMBER", world.members[1])):
            with pytest.raises(NotFound) as refused:
                await takes_part(world, actor, program, kind, subject_id)
            assert refused.value.facts() == {"kind": kind.lower(), "id": str(subject_id)}
        await takes_part(world, actor, program, "MEMBER", world.members[0])


async def test_nobody_is_enrolled_into_a_program_of_somebody_elses_partners(world: World) -> None:
    ours, theirs = world.partners
    actor, program_id = await manager(world, ours), await draft(world)
    await takes_part(world, SYSTEM, program_id, "PARTNER", theirs)
    with pytest.raises(NotFound) as refused:
        await takes_part(world, actor, program_id, "PARTNER", ours)
    assert refused.value.facts() == {"kind": "program", "id": str(program_id)}
