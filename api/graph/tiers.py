"""Tiers: the sets, where partners stood and stand in them, and what it takes to stay and to rise."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, one, page_by, told, wording
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.readings import partner_by_id
from api.graph.scalars import Json, Points
from domain.access.principals import Relation
from domain.earning.tier_reading import (
    MembershipRecord,
    TierSetRecord,
    memberships_by_id,
    memberships_of_sets,
    tier_sets,
    tier_sets_by_id,
)
from domain.earning.tiers import MembershipReason, MembershipState, Tier

StateArgument = Annotated[MembershipState | None, strawberry.argument(description="Only those in this state.")]


@strawberry.type(description="One tier of a set.")
class PartnerTier:
    code: str = strawberry.field(description="What rules compare with, at most 64 characters.")
    name = wording("name", "Its name, at most 200 characters.")

    @strawberry.field(graphql_type=Json, description="What it takes to reach it: metric → threshold, at most ten.")
    @staticmethod
    def needs(parent: strawberry.Parent[Tier]) -> Any:
        return dict(parent.needs)

    @strawberry.field(graphql_type=Json, description="What it takes to stay: metric → threshold, at most ten.")
    @staticmethod
    def keeps(parent: strawberry.Parent[Tier]) -> Any:
        return dict(parent.keeps)


@strawberry.type(description="Where a partner stood in a set of tiers from an instant on; never rewritten.")
class TierMembership(Node):
    id = identity(Tag.TIER_MEMBERSHIP)
    version: Points = strawberry.field(description="Moves with every evaluation.")
    tier_set = one(nouns.TIER_SET, tier_sets_by_id, "set_id", "The set of tiers.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "The partner.")
    tier: str | None = strawberry.field(description="The code of the tier, null for none.")
    state: MembershipState = strawberry.field(description="Where it stands.")
    reason: MembershipReason = strawberry.field(description="Why it began.")
    note: str | None = strawberry.field(description="What was said when the tier was set by hand.")
    valid_from: datetime = strawberry.field(description="From when on.")
    valid_until: datetime | None = strawberry.field(description="Until when (excluded); null: it stands.")
    grace_ends_at: datetime | None = strawberry.field(description="When its grace ends.")
    override_ends_at: datetime | None = strawberry.field(description="When what was set by hand ends.")
    measured_at: datetime = strawberry.field(description="When it was last evaluated.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, MembershipRecord)


@strawberry.type(description="Tiers that partners are evaluated for, the lowest first.")
class TierSet(Node):
    id = identity(Tag.TIER_SET)
    version: Points = strawberry.field(description="Moves with every change of its document.")
    code: str = strawberry.field(description="Unique code, at most 64 characters.")
    name = wording("name", "Its name, at most 200 characters.")
    fact_kind: str = strawberry.field(description="Rules read the tier as `partner.` and this.")
    tiers: list[PartnerTier] = strawberry.field(description="Its tiers, the lowest first, at most ten.")
    evaluates_at: datetime = strawberry.field(description="When partners are evaluated next.")
    evaluated_at: datetime | None = strawberry.field(description="When they were evaluated last.")
    recorded_at: datetime = strawberry.field(description="When it was first defined.")

    @strawberry.field(graphql_type=Json | None, description="The document that defines it.")
    @staticmethod
    def document(parent: strawberry.Parent[TierSetRecord]) -> Any:
        return dict(parent.document)

    @strawberry.field(
        graphql_type=Connection[TierMembership] | None, description="Where partners stand in it now, newest first."
    )
    @staticmethod
    async def memberships(
        parent: strawberry.Parent[TierSetRecord],
        info: Info,
        first: First = 25,
        after: After = None,
        state: StateArgument = None,
    ) -> Page[Any]:
        return await page_by(
            info,
            memberships_of_sets,
            parent.id,
            first,
            after,
            key=lambda row: (row.valid_from, row.id),
            kinds=(datetime, UUID),
            state=state,
        )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, TierSetRecord)


@strawberry.type(description="One metric as it stands now, against what it takes to stay and to rise.")
class TierMetricProgress:
    metric: str = strawberry.field(description="The metric's name in the set.")
    value: Points = strawberry.field(description="Its value now, in minor units where it is money.")
    unit: str | None = strawberry.field(description="The unit of the value, null for counts.")
    stay_at: Points | None = strawberry.field(description="What it takes to stay, null where nothing.")
    missing_to_stay: Points | None = strawberry.field(description="How much more it takes to stay.")
    rise_at: Points | None = strawberry.field(description="What it takes to rise, null where nothing.")
    missing_to_rise: Points | None = strawberry.field(description="How much more it takes to rise.")


@strawberry.type(description="How a partner would do at the next evaluation, by all that is known now.")
class TierProgress:
    tier_set = one(nouns.TIER_SET, tier_sets_by_id, "set_id", "The set of tiers.")
    membership = one(TierMembership, memberships_by_id, "membership_id", "Where it stands; null before an evaluation.")
    tier: str | None = strawberry.field(description="The tier it has, null for none.")
    next_tier: str | None = strawberry.field(description="The tier above, null at the top.")
    state: MembershipState = strawberry.field(description="Where it stands.")
    keeps_tier: bool = told("stays", bool, "True where it would keep what it has, as things stand now.")
    window_from: datetime = strawberry.field(description="Where the window of that evaluation starts.")
    evaluates_at: datetime = strawberry.field(description="When that evaluation is, and the window ends.")
    metrics: list[TierMetricProgress] = strawberry.field(description="Every metric of the set, at most ten.")


@strawberry.type
class TierQuery:
    @strawberry.field(graphql_type=Connection[TierSet] | None, description="The sets of tiers in order of code.")
    async def tier_sets(self, info: Info, first: First = 25, after: After = None) -> Any:
        seen = read_cursor(after, str)
        rows = await tier_sets(info.context.database, limit=limit_of(first), after=seen and seen[0])
        return page_of(rows, first=first, after=after, key=lambda row: (row.code,))

    @strawberry.field(graphql_type=TierSet | None, description="A set of tiers.")
    async def tier_set(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(tier_sets_by_id, decode_as(Tag.TIER_SET, id))
