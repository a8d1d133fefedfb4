"""Mutations of objectives: set, revised with both sides' consent, checked on the way."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import json_object, keyed, mutation, sure
from api.graph.scalars import Json, Points
from domain.kernel.operation import Outcome
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.plans.checking import hold_checkpoint
from domain.plans.drafting import ObjectiveDraft
from domain.plans.objective import TOLERANCE_PPM, ShareStep
from domain.plans.planning import add_objective
from domain.plans.reading import objectives_by_id
from domain.plans.refusals import (
    AlreadySettled,
    ConsentNeeded,
    ObjectiveClosed,
    PlanActionNotAvailable,
    RevisionWaits,
)
from domain.plans.revising import answer_revision, propose_revision


@strawberry.input(description="From this part of the way on this share of the reward is due.")
class RewardShareInput:
    from_ppm: int = strawberry.field(description="How much of the way, in millionths, 1 to 10,000,000.")
    share_ppm: int = strawberry.field(description="Which share of the reward, in millionths, 1 to 1,000,000.")


@strawberry.input(description="A metric that is to reach a target by a date.")
class PlanObjectiveInput:
    code: str = strawberry.field(description="Its code within the plan.")
    name: str = strawberry.field(description="Its name, 1 to 200 characters.")
    metric: Json = strawberry.field(description="What is measured, as a document; see the page on objectives.")
    baseline: Points | None = strawberry.field(
        default=None, description="Where it stood before; by default measured, over as long before the start."
    )
    target: Points = strawberry.field(description="What is to be reached, in minor units where it is money.")
    starts_at: datetime | None = strawberry.field(default=None, description="By default where the plan starts.")
    due_at: datetime = strawberry.field(description="Where its time ends (excluded).")
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose objective it is; by default the firm's, or the program's."
    )
    supports_id: strawberry.ID | None = strawberry.field(
        default=None, description="The objective of this plan that this goal is for."
    )
    expected_impact: str | None = strawberry.field(default=None, description="What is expected, 1 to 500 characters.")
    tolerance_ppm: int = strawberry.field(
        default=TOLERANCE_PPM, description="ON_TRACK from this part of the line on, in millionths."
    )
    checkpoint_days: int = strawberry.field(
        default=30, description="A checkpoint every so many days back from the date, 7 to 92."
    )
    settle_days: int = strawberry.field(default=0, description="Days for what comes late before it closes, 0 to 90.")
    reward: list[RewardShareInput] = strawberry.field(
        default_factory=list[RewardShareInput],
        description="Which shares of the reward are due for which part of the way, at most ten.",
    )

    def draft(self) -> ObjectiveDraft:
        """As the room takes it. Refuses: InvalidInput (metric); NotFound."""
        return ObjectiveDraft(
            code=self.code,
            name=self.name,
            metric=json_object(self.metric, "metric"),
            target=self.target,
            due_at=self.due_at,
            starts_at=self.starts_at,
            baseline=self.baseline,
            member_id=None if self.member_id is None else sure(Tag.MEMBER, self.member_id, "member"),
            supports=None if self.supports_id is None else sure(Tag.PLAN_OBJECTIVE, self.supports_id, "objective"),
            expected_impact=self.expected_impact,
            tolerance_ppm=self.tolerance_ppm,
            checkpoint_days=self.checkpoint_days,
            settle_days=self.settle_days,
            reward=[ShareStep(from_ppm=one.from_ppm, share_ppm=one.share_ppm) for one in self.reward],
        )


@strawberry.input(description="An objective of your side.")
class AddObjectiveInput:
    idempotency_key: str = key_field()
    plan_id: strawberry.ID = strawberry.field(description="The plan.")
    objective: PlanObjectiveInput = strawberry.field(description="The objective.")


@strawberry.input(description="Another target or date for an objective.")
class ProposeObjectiveRevisionInput:
    idempotency_key: str = key_field()
    objective_id: strawberry.ID = strawberry.field(description="The objective.")
    target: Points = strawberry.field(description="The target it should have.")
    due_at: datetime | None = strawberry.field(default=None, description="The date it should have, by default its own.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="The answer to a proposed revision.")
class AnswerObjectiveRevisionInput:
    idempotency_key: str = key_field()
    objective_id: strawberry.ID = strawberry.field(description="The objective.")
    accept: bool = strawberry.field(description="True for consent.")


@strawberry.input(description="A checkpoint that was held.")
class HoldCheckpointInput:
    idempotency_key: str = key_field()
    checkpoint_id: strawberry.ID = strawberry.field(description="The checkpoint.")
    note: str = strawberry.field(description="What was said, 1 to 2,000 characters.")


def objective_field() -> Any:
    """The objective as a mutation leaves it."""
    return strawberry.field(graphql_type=nouns.PLAN_OBJECTIVE | None, description="The objective as it stands now.")


@strawberry.type(description="The objective stands.")
class AddObjectiveSuccess:
    objective: Any = objective_field()


@strawberry.type(description="The revision waits for the other side.")
class ProposeObjectiveRevisionSuccess:
    objective: Any = objective_field()


@strawberry.type(description="The revision is answered.")
class AnswerObjectiveRevisionSuccess:
    objective: Any = strawberry.field(
        graphql_type=nouns.PLAN_OBJECTIVE | None, description="The objective that goes on: a new one after consent."
    )


@strawberry.type(description="The checkpoint was held.")
class HoldCheckpointSuccess:
    objective: Any = objective_field()


@strawberry.type
class ObjectiveMutation:
    @mutation(
        AddObjectiveSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        PlanActionNotAvailable,
        description="Sets an objective: the vendor's while the plan is proposed, the partner's own goal at any time.",
    )
    async def add_objective(self, info: Info, input: AddObjectiveInput) -> Any:
        context = info.context
        plan_id = sure(Tag.JOINT_PLAN, input.plan_id, "plan")
        done = await add_objective(context.door, context.actor, keyed(input), plan_id, input.objective.draft())
        return AddObjectiveSuccess(objective=await _objective(info, done))

    @mutation(
        ProposeObjectiveRevisionSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        PlanActionNotAvailable,
        ObjectiveClosed,
        RevisionWaits,
        description="Proposes another target or date; until the other side consents, the objective stands.",
    )
    async def propose_objective_revision(self, info: Info, input: ProposeObjectiveRevisionInput) -> Any:
        context = info.context
        done = await propose_revision(
            context.door,
            context.actor,
            keyed(input),
            sure(Tag.PLAN_OBJECTIVE, input.objective_id, "objective"),
            target=input.target,
            due_at=input.due_at,
            reason=input.reason,
        )
        return ProposeObjectiveRevisionSuccess(objective=await _objective(info, done))

    @mutation(
        AnswerObjectiveRevisionSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        PlanActionNotAvailable,
        ObjectiveClosed,
        ConsentNeeded,
        description="Consents to a revision of the other side, or declines it; what stood stays as REVISED.",
    )
    async def answer_objective_revision(self, info: Info, input: AnswerObjectiveRevisionInput) -> Any:
        context = info.context
        objective_id = sure(Tag.PLAN_OBJECTIVE, input.objective_id, "objective")
        done = await answer_revision(context.door, context.actor, keyed(input), objective_id, accept=input.accept)
        return AnswerObjectiveRevisionSuccess(objective=await _objective(info, done))

    @mutation(
        HoldCheckpointSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        AlreadySettled,
        ObjectiveClosed,
        description="Records that a checkpoint was held, with what is measured then; also a late one.",
    )
    async def hold_checkpoint(self, info: Info, input: HoldCheckpointInput) -> Any:
        context = info.context
        checkpoint_id = sure(Tag.PLAN_CHECKPOINT, input.checkpoint_id, "checkpoint")
        done = await hold_checkpoint(context.door, context.actor, keyed(input), checkpoint_id, input.note)
        return HoldCheckpointSuccess(objective=await _objective(info, done))


async def _objective(info: Info, done: Outcome) -> Any:
    return await info.context.batches.one(objectives_by_id, UUID(done.facts["objective_id"]))
