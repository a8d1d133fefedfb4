"""Assignments: which of the vendor's people are embedded with which partner, and what was attained meanwhile."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import IdArgument, Node, identity, many, one, wanted
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.readings import member_by_id, partner_by_id
from api.graph.scalars import Points
from domain.access.principals import Relation
from domain.assignments.machine import AssignmentAction, AssignmentState
from domain.assignments.reading import (
    AssignmentRecord,
    TargetRecord,
    assignments_by_id,
    assignments_page,
    milestones_of_targets,
    targets_by_id,
    targets_page,
)


@strawberry.type(description="One of the vendor's people is embedded with a partner.")
class Assignment(Node):
    id = identity(Tag.ASSIGNMENT)
    version: Points = strawberry.field(description="Moves with every change.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "With whom.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Who; null where the person is not yours to see.")
    is_exclusive: bool = strawberry.field(description="Whether nobody else is embedded there meanwhile.")
    weight: int = strawberry.field(description="By what weight a sale is shared with others there.")
    monthly_cost: Points | None = strawberry.field(description="What 30 days cost, in minor units; for the vendor.")
    starts_at: datetime = strawberry.field(description="From when.")
    ends_at: datetime = strawberry.field(description="Until when, excluded.")
    state: AssignmentState = strawberry.field(description="Where it stands.")
    available_actions: list[AssignmentAction] = strawberry.field(
        description="What you may do with it now, at most four."
    )
    recorded_at: datetime = strawberry.field(description="When it was planned.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, AssignmentRecord)


@strawberry.type(description="A milestone of a target.")
class AssignmentMilestone:
    amount: Points = strawberry.field(description="What is to be sold, in minor units.")
    reached_at: datetime | None = strawberry.field(description="When the sale was that reached it; null: not yet.")


@strawberry.type(description="What a partner is to sell while somebody is embedded with it.")
class AssignmentTarget(Node):
    id = identity(Tag.ASSIGNMENT_TARGET)
    version: Points = strawberry.field(description="Moves with every count.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Which partner.")
    title: str = strawberry.field(description="What it is called.")
    activity_type: str = strawberry.field(description="The type of activity that is a sale.")
    currency: str = strawberry.field(description="ISO 4217 code; sales in another count for nothing.")
    partner_share_ppm: int = strawberry.field(description="The partner's part of a reward in millionths.")
    starts_at: datetime = strawberry.field(description="From when.")
    ends_at: datetime = strawberry.field(description="Until when, excluded.")
    attained: Points = strawberry.field(description="Sold so far while somebody was embedded, in minor units.")
    cost: Points | None = strawberry.field(
        description="What the people cost inside its dates, in minor units; for the vendor."
    )
    milestones = many(AssignmentMilestone, milestones_of_targets, "Its milestones, lowest first, at most 10.")
    recorded_at: datetime = strawberry.field(description="When it was set.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, TargetRecord)


@strawberry.input(name="AssignmentFilter", description="Only those that match everything said.")
class AssignmentFilterInput:
    state: AssignmentState | None = strawberry.field(default=None, description="Where they stand.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="With this partner.")


@strawberry.type
class AssignmentQuery:
    @strawberry.field(
        graphql_type=Connection[Assignment] | None,
        description="Assignments, newest first: your own, your firm's, or those of the partners you answer for.",
    )
    async def assignments(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Annotated[
            AssignmentFilterInput | None, strawberry.argument(description="Only those that match.")
        ] = None,
    ) -> Page[Any]:
        rows = await assignments_page(
            info.context.database,
            info.context.actor,
            state=filter.state if filter else None,
            partner_id=wanted(Tag.PARTNER, filter.partner_id) if filter else None,
            after=read_cursor(after, datetime, UUID),
            limit=limit_of(first),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(graphql_type=Assignment | None, description="An assignment; null where there is none for you.")
    async def assignment(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(assignments_by_id, decode_as(Tag.ASSIGNMENT, id))

    @strawberry.field(
        graphql_type=Connection[AssignmentTarget] | None,
        description="Targets, newest first: where you are embedded, your firm's, or of the partners you answer for.",
    )
    async def assignment_targets(
        self, info: Info, first: First = 25, after: After = None, partner_id: IdArgument = None
    ) -> Page[Any]:
        rows = await targets_page(
            info.context.database,
            info.context.actor,
            partner_id=wanted(Tag.PARTNER, partner_id),
            after=read_cursor(after, datetime, UUID),
            limit=limit_of(first),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(graphql_type=AssignmentTarget | None, description="A target; null where there is none for you.")
    async def assignment_target(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(targets_by_id, decode_as(Tag.ASSIGNMENT_TARGET, id))
