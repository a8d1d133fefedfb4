"""Mutations of joint plans: proposed, agreed, committed to, and reviewed by the quarter."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.objectives_in import PlanObjectiveInput
from domain.kernel.operation import Outcome
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.plans.plan import Side
from domain.plans.planning import (
    CommitmentDraft,
    PlanDraft,
    add_commitment,
    agree_plan,
    create_plan,
    settle_commitment,
)
from domain.plans.reading import plans_by_id, reviews_by_id
from domain.plans.refusals import AlreadySettled, PlanActionNotAvailable, ReviewFrozen
from domain.plans.reviewing import ReviewAction, freeze_review


@strawberry.input(description="What a side says it will do.")
class CommitmentInput:
    text: str = strawberry.field(description="What, 1 to 500 characters.")
    due_at: datetime | None = strawberry.field(default=None, description="By when.")

    def draft(self) -> CommitmentDraft:
        """As the room takes it."""
        return CommitmentDraft(text=self.text, due_at=self.due_at)


@strawberry.input(description="A joint plan with a partner, or the vendor's own for a program.")
class CreateJointPlanInput:
    idempotency_key: str = key_field()
    name: str = strawberry.field(description="Its name, 1 to 200 characters.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="The partner.")
    program_id: strawberry.ID | None = strawberry.field(default=None, description="The program it belongs to.")
    zone: str = strawberry.field(default="UTC", description="IANA zone of its dates and quarters.")
    starts_at: datetime = strawberry.field(description="From when on.")
    ends_at: datetime = strawberry.field(description="Until when (excluded), at most 732 days later.")
    objectives: list[PlanObjectiveInput] = strawberry.field(
        default_factory=list[PlanObjectiveInput], description="The vendor's objectives, at most 20."
    )
    commitments: list[CommitmentInput] = strawberry.field(
        default_factory=list[CommitmentInput], description="What the vendor commits itself to, at most 50."
    )


@strawberry.input(description="The partner's consent to a plan.")
class AgreeJointPlanInput:
    idempotency_key: str = key_field()
    plan_id: strawberry.ID = strawberry.field(description="The plan.")


@strawberry.input(description="A commitment of your side.")
class AddCommitmentInput:
    idempotency_key: str = key_field()
    plan_id: strawberry.ID = strawberry.field(description="The plan.")
    commitment: CommitmentInput = strawberry.field(description="What your side will do.")


@strawberry.input(description="Whether your side did what it had committed itself to.")
class SettleCommitmentInput:
    idempotency_key: str = key_field()
    commitment_id: strawberry.ID = strawberry.field(description="The commitment.")
    done: bool = strawberry.field(description="True if it was done.")
    note: str | None = strawberry.field(default=None, description="About it, 1 to 500 characters.")


@strawberry.input(description="What a review agreed is to be done.")
class ReviewActionInput:
    text: str = strawberry.field(description="What, 1 to 500 characters.")
    side: Side = strawberry.field(description="By which side.")
    due_at: datetime | None = strawberry.field(default=None, description="By when.")


@strawberry.input(description="The review of a quarter, to be frozen.")
class FreezePlanReviewInput:
    idempotency_key: str = key_field()
    plan_id: strawberry.ID = strawberry.field(description="The plan.")
    on: datetime | None = strawberry.field(default=None, description="An instant of the quarter, by default now.")
    actions: list[ReviewActionInput] = strawberry.field(
        default_factory=list[ReviewActionInput], description="What is to be done, at most 20."
    )
    notes: str = strawberry.field(default="", description="What was said, at most 2,000 characters.")


def plan_field() -> Any:
    """The plan as a mutation leaves it."""
    return strawberry.field(graphql_type=nouns.JOINT_PLAN | None, description="The plan as it stands now.")


@strawberry.type(description="The plan is proposed.")
class CreateJointPlanSuccess:
    plan: Any = plan_field()


@strawberry.type(description="The plan is agreed.")
class AgreeJointPlanSuccess:
    plan: Any = plan_field()


@strawberry.type(description="Your side is committed to it.")
class AddCommitmentSuccess:
    plan: Any = plan_field()


@strawberry.type(description="The commitment is settled.")
class SettleCommitmentSuccess:
    plan: Any = plan_field()


@strawberry.type(description="The review stands, and is never edited.")
class FreezePlanReviewSuccess:
    review: Any = strawberry.field(graphql_type=nouns.PLAN_REVIEW | None, description="The review.")


@strawberry.type
class PlanMutation:
    @mutation(
        CreateJointPlanSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Proposes a joint plan to a partner; without a partner it is the vendor's own, and stands at once.",
    )
    async def create_joint_plan(self, info: Info, input: CreateJointPlanInput) -> Any:
        draft = PlanDraft(
            name=input.name,
            starts_at=input.starts_at,
            ends_at=input.ends_at,
            zone=input.zone,
            partner_id=None if input.partner_id is None else sure(Tag.PARTNER, input.partner_id, "partner"),
            program_id=None if input.program_id is None else sure(Tag.PROGRAM, input.program_id, "program"),
            objectives=[one.draft() for one in input.objectives],
            commitments=[one.draft() for one in input.commitments],
        )
        done = await create_plan(info.context.door, info.context.actor, keyed(input), draft)
        return CreateJointPlanSuccess(plan=await _plan(info, done))

    @mutation(
        AgreeJointPlanSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        PlanActionNotAvailable,
        description="Agrees to a plan for the partner: its objectives change only with both sides' consent.",
    )
    async def agree_joint_plan(self, info: Info, input: AgreeJointPlanInput) -> Any:
        plan_id = sure(Tag.JOINT_PLAN, input.plan_id, "plan")
        done = await agree_plan(info.context.door, info.context.actor, keyed(input), plan_id)
        return AgreeJointPlanSuccess(plan=await _plan(info, done))

    @mutation(
        AddCommitmentSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        PlanActionNotAvailable,
        description="Records what your side commits itself to.",
    )
    async def add_commitment(self, info: Info, input: AddCommitmentInput) -> Any:
        context = info.context
        plan_id = sure(Tag.JOINT_PLAN, input.plan_id, "plan")
        done = await add_commitment(context.door, context.actor, keyed(input), plan_id, input.commitment.draft())
        return AddCommitmentSuccess(plan=await _plan(info, done))

    @mutation(
        SettleCommitmentSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        PlanActionNotAvailable,
        AlreadySettled,
        description="Says whether your side did what it had committed itself to, once.",
    )
    async def settle_commitment(self, info: Info, input: SettleCommitmentInput) -> Any:
        context = info.context
        commitment_id = sure(Tag.PLAN_COMMITMENT, input.commitment_id, "commitment")
        done = await settle_commitment(
            context.door, context.actor, keyed(input), commitment_id, done=input.done, note=input.note
        )
        return SettleCommitmentSuccess(plan=await _plan(info, done))

    @mutation(
        FreezePlanReviewSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        PlanActionNotAvailable,
        ReviewFrozen,
        description="Freezes the review of a quarter as a document with its digest; there is one a quarter.",
    )
    async def freeze_plan_review(self, info: Info, input: FreezePlanReviewInput) -> Any:
        context = info.context
        done = await freeze_review(
            context.door,
            context.actor,
            keyed(input),
            sure(Tag.JOINT_PLAN, input.plan_id, "plan"),
            on=input.on,
            actions=[ReviewAction(text=one.text, side=one.side, due_at=one.due_at) for one in input.actions],
            notes=input.notes,
        )
        review = await context.batches.one(reviews_by_id, UUID(done.facts["review_id"]))
        return FreezePlanReviewSuccess(review=review)


async def _plan(info: Info, done: Outcome) -> Any:
    return await info.context.batches.one(plans_by_id, UUID(done.facts["plan_id"]))
