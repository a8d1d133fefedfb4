"""Mutations of assignments: the vendor plans, pauses, resumes, replaces and ends them, and sets targets."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.scalars import Points
from domain.assignments.attaining import TargetSaid, set_target
from domain.assignments.planning import (
    AssignmentSaid,
    end_assignment,
    pause_assignment,
    plan_assignment,
    replace_assignment,
    resume_assignment,
)
from domain.assignments.reading import assignments_by_id, targets_by_id
from domain.assignments.refusals import AssignmentActionNotAvailable, AssignmentOverlaps
from domain.kernel.operation import Outcome
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="Somebody is to be embedded.")
class PlanAssignmentInput:
    idempotency_key: str = key_field()
    partner_id: strawberry.ID = strawberry.field(description="With whom.")
    member_id: strawberry.ID = strawberry.field(description="One of the vendor's own people.")
    starts_at: datetime = strawberry.field(description="From when; the past is fine.")
    ends_at: datetime = strawberry.field(description="Until when, excluded; at most 1,830 days later.")
    is_exclusive: bool = strawberry.field(default=True, description="False: others may be embedded there, too.")
    weight: int = strawberry.field(default=1, description="By what weight sales are shared, 1 to 1,000,000.")
    monthly_cost: Points = strawberry.field(default=Points(0), description="What 30 days cost, in minor units.")


@strawberry.input(description="An assignment that pauses from now on.")
class PauseAssignmentInput:
    idempotency_key: str = key_field()
    assignment_id: strawberry.ID = strawberry.field(description="The assignment.")


@strawberry.input(description="An assignment that goes on from now on.")
class ResumeAssignmentInput:
    idempotency_key: str = key_field()
    assignment_id: strawberry.ID = strawberry.field(description="The assignment.")


@strawberry.input(description="An assignment that is over.")
class EndAssignmentInput:
    idempotency_key: str = key_field()
    assignment_id: strawberry.ID = strawberry.field(description="The assignment.")
    at: datetime | None = strawberry.field(default=None, description="Since when; by default now.")


@strawberry.input(description="Somebody else goes on.")
class ReplaceAssignmentInput:
    idempotency_key: str = key_field()
    assignment_id: strawberry.ID = strawberry.field(description="The assignment.")
    member_id: strawberry.ID = strawberry.field(description="Who goes on, one of the vendor's own people.")
    at: datetime | None = strawberry.field(default=None, description="Since when; by default now.")


@strawberry.input(description="What a partner is to sell while somebody is embedded with it.")
class SetAssignmentTargetInput:
    idempotency_key: str = key_field()
    partner_id: strawberry.ID = strawberry.field(description="Which partner.")
    title: str = strawberry.field(description="What it is called, 1 to 200 characters.")
    currency: str = strawberry.field(description="ISO 4217 code of the sales that count.")
    starts_at: datetime = strawberry.field(description="From when.")
    ends_at: datetime = strawberry.field(description="Until when, excluded; at most 400 days later.")
    milestones: list[Points] = strawberry.field(description="Amounts in minor units, at least one, at most 10.")
    activity_type: str = strawberry.field(default="deal.won", description="The type of activity that is a sale.")
    partner_share_ppm: int = strawberry.field(
        default=0, description="The partner's part of a reward in millionths; the people have the rest."
    )


def _assignment_field() -> Any:
    return strawberry.field(graphql_type=nouns.ASSIGNMENT | None, description="The assignment as it stands now.")


@strawberry.type(description="It is PLANNED.")
class PlanAssignmentSuccess:
    assignment: Any = _assignment_field()


@strawberry.type(description="It is PAUSED.")
class PauseAssignmentSuccess:
    assignment: Any = _assignment_field()


@strawberry.type(description="It is ACTIVE.")
class ResumeAssignmentSuccess:
    assignment: Any = _assignment_field()


@strawberry.type(description="It is over, or will be then.")
class EndAssignmentSuccess:
    assignment: Any = _assignment_field()


@strawberry.type(description="The other one is PLANNED from then on.")
class ReplaceAssignmentSuccess:
    assignment: Any = _assignment_field()


@strawberry.type(description="It stands, and is counted soon.")
class SetAssignmentTargetSuccess:
    target: Any = strawberry.field(graphql_type=nouns.ASSIGNMENT_TARGET | None, description="The target.")


REFUSED = (NotFound, InvalidInput, KeyReused)


@strawberry.type
class AssignmentMutation:
    @mutation(
        PlanAssignmentSuccess,
        *REFUSED,
        AssignmentOverlaps,
        description="Embeds one of the vendor's people with a partner; what it sells inside the dates is credited.",
    )
    async def plan_assignment(self, info: Info, input: PlanAssignmentInput) -> Any:
        context = info.context
        said = AssignmentSaid(
            partner_id=sure(Tag.PARTNER, input.partner_id, "partner"),
            member_id=sure(Tag.MEMBER, input.member_id, "member"),
            starts_at=input.starts_at,
            ends_at=input.ends_at,
            is_exclusive=input.is_exclusive,
            weight=input.weight,
            monthly_cost=input.monthly_cost,
        )
        done = await plan_assignment(context.door, context.actor, keyed(input), said)
        return PlanAssignmentSuccess(assignment=await _assignment(info, done))

    @mutation(
        PauseAssignmentSuccess, *REFUSED, AssignmentActionNotAvailable, description="Pauses an assignment from now on."
    )
    async def pause_assignment(self, info: Info, input: PauseAssignmentInput) -> Any:
        context = info.context
        assignment_id = sure(Tag.ASSIGNMENT, input.assignment_id, "assignment")
        done = await pause_assignment(context.door, context.actor, keyed(input), assignment_id)
        return PauseAssignmentSuccess(assignment=await _assignment(info, done))

    @mutation(
        ResumeAssignmentSuccess,
        *REFUSED,
        AssignmentActionNotAvailable,
        AssignmentOverlaps,
        description="Goes on with a paused assignment from now on.",
    )
    async def resume_assignment(self, info: Info, input: ResumeAssignmentInput) -> Any:
        context = info.context
        assignment_id = sure(Tag.ASSIGNMENT, input.assignment_id, "assignment")
        done = await resume_assignment(context.door, context.actor, keyed(input), assignment_id)
        return ResumeAssignmentSuccess(assignment=await _assignment(info, done))

    @mutation(
        EndAssignmentSuccess, *REFUSED, AssignmentActionNotAvailable, description="Ends an assignment, also back-dated."
    )
    async def end_assignment(self, info: Info, input: EndAssignmentInput) -> Any:
        context = info.context
        assignment_id = sure(Tag.ASSIGNMENT, input.assignment_id, "assignment")
        done = await end_assignment(context.door, context.actor, keyed(input), assignment_id, at=input.at)
        return EndAssignmentSuccess(assignment=await _assignment(info, done))

    @mutation(
        ReplaceAssignmentSuccess,
        *REFUSED,
        AssignmentActionNotAvailable,
        AssignmentOverlaps,
        description="Lets somebody else go on; each sale is credited to whoever was there.",
    )
    async def replace_assignment(self, info: Info, input: ReplaceAssignmentInput) -> Any:
        context = info.context
        done = await replace_assignment(
            context.door,
            context.actor,
            keyed(input),
            sure(Tag.ASSIGNMENT, input.assignment_id, "assignment"),
            member_id=sure(Tag.MEMBER, input.member_id, "member"),
            at=input.at,
        )
        return ReplaceAssignmentSuccess(assignment=await _assignment(info, done))

    @mutation(
        SetAssignmentTargetSuccess,
        *REFUSED,
        description="Sets what a partner is to sell while somebody is embedded with it; milestones are reported.",
    )
    async def set_assignment_target(self, info: Info, input: SetAssignmentTargetInput) -> Any:
        context = info.context
        said = TargetSaid(
            partner_id=sure(Tag.PARTNER, input.partner_id, "partner"),
            title=input.title,
            currency=input.currency,
            starts_at=input.starts_at,
            ends_at=input.ends_at,
            milestones=tuple(input.milestones),
            activity_type=input.activity_type,
            partner_share_ppm=input.partner_share_ppm,
        )
        done = await set_target(context.door, context.actor, keyed(input), said)
        target = await context.batches.one(targets_by_id, UUID(done.facts["target_id"]))
        return SetAssignmentTargetSuccess(target=target)


async def _assignment(info: Info, done: Outcome) -> Any:
    return await info.context.batches.one(assignments_by_id, UUID(done.facts["assignment_id"]))
