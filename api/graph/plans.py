"""Joint plans and their objectives: the line and the state, checkpoints, both sides' commitments, frozen reviews."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import IdArgument, Node, identity, many, one, told, wanted
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.readings import member_by_id, partner_by_id
from api.graph.scalars import Json, Points
from domain.access.principals import Relation
from domain.plans.objective import CheckpointState, ObjectiveState
from domain.plans.plan import CommitmentState, ObjectiveAction, PlanAction, PlanState, RevisionState, Side
from domain.plans.reading import (
    checkpoints_of_objectives,
    commitments_of_plans,
    objectives_by_id,
    objectives_of_plans,
    objectives_page,
    plans_by_id,
    plans_page,
    reviews_of_plans,
    revisions_of_objectives,
    values_now,
)
from domain.plans.records import ObjectiveRecord, PlanRecord, ReviewRecord
from domain.programs.reading import programs_by_id

PlanStateArgument = Annotated[PlanState | None, strawberry.argument(description="Only those in this state.")]
ObjectiveStateArgument = Annotated[ObjectiveState | None, strawberry.argument(description="Only those in this state.")]


@strawberry.type(description="From this part of the way on this share of the reward is due.")
class RewardShare:
    from_ppm: int = strawberry.field(description="How much of the way, in millionths.")
    share_ppm: int = strawberry.field(description="Which share of the reward, in millionths.")


@strawberry.type(description="A date on the way, with what the straight line says for it.")
class PlanCheckpoint:
    id = identity(Tag.PLAN_CHECKPOINT)
    n: int = strawberry.field(description="1 for the first one after the start.")
    due_at: datetime = strawberry.field(description="When it is due.")
    expected: Points = strawberry.field(description="What the line says for it.")
    state: CheckpointState = strawberry.field(description="What became of it.")
    actual: Points | None = strawberry.field(description="What was measured when it was held.")
    note: str | None = strawberry.field(description="What was said, at most 2,000 characters.")
    held_at: datetime | None = strawberry.field(description="When it was held.")


@strawberry.type(description="Another target or date that one side proposed.")
class ObjectiveRevision:
    id = identity(Tag.PLAN_REVISION)
    proposed_by: Side = strawberry.field(description="Which side proposed it.")
    target: Points = strawberry.field(description="The target it proposes.")
    due_at: datetime = strawberry.field(description="The date it proposes.")
    reason: str = strawberry.field(description="Why, at most 500 characters.")
    state: RevisionState = strawberry.field(description="What the other side answered.")
    recorded_at: datetime = strawberry.field(description="When it was proposed.")
    answered_at: datetime | None = strawberry.field(description="When it was answered.")


@strawberry.type(description="What an objective's metric measures by all that is known now, also after it closed.")
class ObjectiveValue:
    value: Points = strawberry.field(description="The value now.")
    uplift: Points = strawberry.field(description="The value less the baseline.")


@strawberry.type(description="A metric that is to reach a target by a date, judged by the straight line to it.")
class PlanObjective(Node):
    id = identity(Tag.PLAN_OBJECTIVE)
    version: Points = strawberry.field(description="Moves with every measurement.")
    code: str = strawberry.field(description="Its code within the plan.")
    name: str = strawberry.field(description="Its name, at most 200 characters.")
    side: Side = strawberry.field(description="Whose goal it is.")
    plan = one(nouns.JOINT_PLAN, plans_by_id, "plan_id", "Its plan.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "The partner, null for a program's.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "The person whose objective it is; null for a firm's.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program it belongs to.")
    supports = one(nouns.PLAN_OBJECTIVE, objectives_by_id, "supports_id", "The objective that this goal is for.")
    replaces = one(
        nouns.PLAN_OBJECTIVE, objectives_by_id, "replaces_id", "The objective that this one was revised from."
    )
    replaced_by = one(nouns.PLAN_OBJECTIVE, objectives_by_id, "replaced_by_id", "The one that goes on for it.")
    baseline: Points = told("line.baseline", Points, "Where it stood before; the result is compared with it.")
    origin: Points = told("line.origin", Points, "Where its line begins: 0 for what adds up, else the baseline.")
    target: Points = told("line.target", Points, "What is to be reached.")
    starts_at: datetime = told("line.starts_at", datetime, "Where its time begins.")
    due_at: datetime = told("line.due_at", datetime, "Where its time ends (excluded).")
    closes_at: datetime = strawberry.field(description="When it closes: its date, and time for what comes late.")
    tolerance_ppm: int = told("line.tolerance_ppm", int, "ON_TRACK from this part of the line on, in millionths.")
    expected_impact: str | None = strawberry.field(description="What is expected of it, at most 500 characters.")
    state: ObjectiveState = strawberry.field(
        description="MET from the target on; ON_TRACK while progressPpm ≥ tolerancePpm × time passed ÷ whole time."
    )
    value: Points = strawberry.field(description="What was measured.")
    expected: Points = strawberry.field(
        description="The line at that instant: origin + (target − origin) × time passed ÷ whole time."
    )
    progress_ppm: Points = strawberry.field(description="(value − origin) ÷ (target − origin), in millionths.")
    elapsed_ppm: int = strawberry.field(description="How much of its time had passed, in millionths.")
    measured_at: datetime = strawberry.field(description="When it was measured.")
    achieved_ppm: Points | None = strawberry.field(description="Once closed: how much of the way was made.")
    share_ppm: int | None = strawberry.field(description="Once closed: which share of the reward is due.")
    uplift: Points | None = strawberry.field(description="Once closed: the value less the baseline.")
    closed_at: datetime | None = strawberry.field(description="When it was closed, or revised.")
    recorded_at: datetime = strawberry.field(description="When it was set.")
    reward: list[RewardShare] = strawberry.field(description="Which shares of the reward are due, at most ten.")
    checkpoints = many(PlanCheckpoint, checkpoints_of_objectives, "Its checkpoints in order, at most 60.")
    revisions = many(ObjectiveRevision, revisions_of_objectives, "Proposed revisions, newest first, at most 100.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @strawberry.field(
        description="What your side may do with it now, at most three; who proposed a revision does not answer it."
    )
    @staticmethod
    def available_actions(parent: strawberry.Parent[ObjectiveRecord]) -> list[ObjectiveAction]:
        return list(parent.available_actions)

    @strawberry.field(graphql_type=Json, description="What is measured, as a document.")
    @staticmethod
    def metric(parent: strawberry.Parent[ObjectiveRecord]) -> Any:
        return dict(parent.line.metric.to_json())

    @strawberry.field(graphql_type=ObjectiveValue | None, description="What it measures by all that is known now.")
    @staticmethod
    async def value_now(parent: strawberry.Parent[ObjectiveRecord], info: Info) -> Any:
        return await info.context.batches.one(values_now, parent.id)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ObjectiveRecord)


@strawberry.type(description="What one side said it would do.")
class PlanCommitment:
    id = identity(Tag.PLAN_COMMITMENT)
    side: Side = strawberry.field(description="Whose commitment it is.")
    text: str = strawberry.field(description="What it is, at most 500 characters.")
    due_at: datetime | None = strawberry.field(description="By when.")
    state: CommitmentState = strawberry.field(description="Whether it was done.")
    note: str | None = strawberry.field(description="What was said about it, at most 500 characters.")
    settled_at: datetime | None = strawberry.field(description="When that was said.")


@strawberry.type(description="The review of a quarter as a document; never edited.")
class PlanReview(Node):
    id = identity(Tag.PLAN_REVIEW)
    period: str = strawberry.field(description="The quarter, for example 2026-Q3.")
    recorded_at: datetime = strawberry.field(description="When it was frozen.")

    @strawberry.field(graphql_type=Json, description="Objectives, checkpoints, commitments, actions as they stood.")
    @staticmethod
    def document(parent: strawberry.Parent[ReviewRecord]) -> Any:
        return dict(parent.document)

    @strawberry.field(description="SHA-256 of the document as canonical JSON (keys sorted, no spaces, UTF-8), in hex.")
    @staticmethod
    def digest(parent: strawberry.Parent[ReviewRecord]) -> str:
        return parent.digest.hex()

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ReviewRecord)


@strawberry.type(description="What vendor and partner want to reach together, and what each does for it.")
class JointPlan(Node):
    id = identity(Tag.JOINT_PLAN)
    version: Points = strawberry.field(description="Moves with every change.")
    name: str = strawberry.field(description="Its name, at most 200 characters.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "The partner, null for the vendor's own plan.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program it belongs to.")
    zone: str = strawberry.field(description="IANA zone of its dates and quarters.")
    state: PlanState = strawberry.field(description="Where it stands.")
    starts_at: datetime = strawberry.field(description="From when on.")
    ends_at: datetime = strawberry.field(description="Until when (excluded).")
    agreed_at: datetime | None = strawberry.field(description="When the partner agreed.")
    ended_at: datetime | None = strawberry.field(description="When it ended.")
    recorded_at: datetime = strawberry.field(description="When it was proposed.")
    objectives = many(PlanObjective, objectives_of_plans, "Its objectives, the oldest first, at most 100.")
    commitments = many(PlanCommitment, commitments_of_plans, "Both sides' commitments, at most 50.")
    reviews = many(PlanReview, reviews_of_plans, "Its frozen reviews, the newest first, at most 20.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @strawberry.field(description="What your side may do with it now, at most four.")
    @staticmethod
    def available_actions(parent: strawberry.Parent[PlanRecord]) -> list[PlanAction]:
        return list(parent.available_actions)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, PlanRecord)


@strawberry.type
class PlanQuery:
    @strawberry.field(graphql_type=Connection[JointPlan] | None, description="Joint plans you may see, newest first.")
    async def joint_plans(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        state: PlanStateArgument = None,
        partner_id: IdArgument = None,
        program_id: IdArgument = None,
    ) -> Any:
        context = info.context
        rows = await plans_page(
            context.database,
            context.actor,
            limit=limit_of(first),
            after=read_cursor(after, datetime, UUID),
            state=state,
            partner_id=wanted(Tag.PARTNER, partner_id),
            program_id=wanted(Tag.PROGRAM, program_id),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(graphql_type=JointPlan | None, description="A joint plan; null where there is none for you.")
    async def joint_plan(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(plans_by_id, decode_as(Tag.JOINT_PLAN, id))

    @strawberry.field(
        graphql_type=Connection[PlanObjective] | None, description="Objectives you may see, newest first."
    )
    async def plan_objectives(
        self, info: Info, first: First = 25, after: After = None, state: ObjectiveStateArgument = None
    ) -> Any:
        context = info.context
        seen = read_cursor(after, datetime, UUID)
        rows = await objectives_page(context.database, context.actor, limit=limit_of(first), after=seen, state=state)
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))
