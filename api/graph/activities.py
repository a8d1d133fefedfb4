"""Activities: what partners did, with every revision and everything it was due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.enums import ActivitySort, RevisionKind
from api.graph.fields import Node, identity, many, one, told, wanted
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.readings import activity_type_by_code, member_by_id, partner_by_id, source_by_id
from api.graph.scalars import Json, Points
from api.graph.texts import Locale, LocaleArgument, in_locale
from domain.access.principals import Relation
from domain.activities.activity import ActivityStatus, Amount, Basis
from domain.activities.reading import (
    ActivityPage,
    ActivityRecord,
    RevisionRecord,
    activities_by_external_id,
    activities_page,
    revisions_of,
)
from domain.earning.reading import awards_of_activities, dues_of_activities


@dataclass(frozen=True, kw_only=True)
class BasisAmountRecord:
    """One amount of an activity, for the face."""

    basis: Basis
    amount: int
    unit: str


def basis_amounts(amounts: Mapping[Basis, Amount]) -> Sequence[BasisAmountRecord]:
    """The amounts as a list in the order of their bases."""
    return [
        BasisAmountRecord(basis=basis, amount=amount.minor, unit=amount.unit)
        for basis, amount in sorted(amounts.items())
    ]


@strawberry.type(description="One amount of an activity.")
class BasisAmount:
    basis: Basis = strawberry.field(description="What it measures.")
    amount: Points = strawberry.field(description="Whole minor units, 0 to 10^15.")
    unit: str = strawberry.field(description="The code of its currency.")


@strawberry.type(description="One content of an activity; revisions are never edited.")
class ActivityRevision:
    revision: int = strawberry.field(description="From 1 upwards.")
    kind: RevisionKind = strawberry.field(description="Why it was made.")
    reason: str | None = strawberry.field(description="The reason that was given, at most 500 characters.")
    type: str = strawberry.field(description="Code of the activity type.")
    occurred_at: datetime = strawberry.field(description="When it happened, as this revision says.")
    quantity: Points = strawberry.field(description="Units, whole, 0 to 10^9.")
    attributes: Json = strawberry.field(description="The declared attributes by name; none is personal.")
    recorded_at: datetime = strawberry.field(description="When this revision was recorded.")

    @strawberry.field(graphql_type=list[BasisAmount], description="Its amounts, at most one a basis.")
    @staticmethod
    def amounts(parent: strawberry.Parent[RevisionRecord]) -> Any:
        return basis_amounts(parent.amounts)


@strawberry.type(description="Something a partner did, as its current revision says; its identity never changes.")
class Activity(Node):
    id = identity(Tag.ACTIVITY)
    version: int = strawberry.field(description="The number of its current revision, from 1.")
    external_id = told("state.external_id", str, "Its id at its source, at most 128 characters.")
    source = one(nouns.SOURCE, source_by_id, "state.source_id", "Where it came from, for those who may see sources.")
    type = told("state.type", str, "Code of its activity type, for example deal.won.")
    state = told("state.status", ActivityStatus, "Whether it counts.")
    occurred_at = told("state.occurred_at", datetime, "When it happened: rules and boards go by this.")
    recorded_at = told("state.first_recorded_at", datetime, "When it was first recorded.")
    member = one(nouns.MEMBER, member_by_id, "state.member_id", "Who did it.")
    partner = one(nouns.PARTNER, partner_by_id, "state.partner_id", "For which firm, at that time.")
    quantity = told("state.quantity", Points, "Units sold or counted, whole, 0 to 10^9.")
    attributes = told("state.attributes", Json | None, "The declared attributes by name; none is personal.")
    deal_key = told("state.deal_key", str | None, "The deal it belongs to, if its type declares one.")
    relation: Relation = strawberry.field(description="How you stand to it.")
    revisions = many(
        ActivityRevision, revisions_of, "Its revisions, oldest first; of more than a hundred the newest, at most 100."
    )
    dues = many(nouns.DUE, dues_of_activities, "What it was due under each rule, also why nothing; at most 100.")
    awards = many(nouns.AWARD, awards_of_activities, "The awards it made, at most 100.")

    @strawberry.field(graphql_type=list[BasisAmount], description="Its amounts, at most one a basis.")
    @staticmethod
    def amounts(parent: strawberry.Parent[ActivityRecord]) -> Any:
        return basis_amounts(parent.state.amounts)

    @strawberry.field(description="When its current revision was recorded, null for the first one.")
    @staticmethod
    def corrected_at(parent: strawberry.Parent[ActivityRecord]) -> datetime | None:
        return parent.state.recorded_at if parent.state.revision > 1 else None

    @strawberry.field(description="What people call its type.")
    @staticmethod
    async def type_name(parent: strawberry.Parent[ActivityRecord], info: Info, locale: LocaleArgument = None) -> str:
        kind = await info.context.batches.one(activity_type_by_code, parent.state.type)
        return in_locale(kind.name, locale or Locale(info.context.locale)) if kind else parent.state.type

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ActivityRecord)


@strawberry.input(description="Which activities; every part that is given must fit.")
class ActivityFilter:
    type: str | None = strawberry.field(default=None, description="Of this activity type.")
    state: ActivityStatus | None = strawberry.field(default=None, description="In this state.")
    source_id: strawberry.ID | None = strawberry.field(default=None, description="From this source.")
    occurred_from: datetime | None = strawberry.field(
        name="from", default=None, description="Happened at this instant or later."
    )
    occurred_until: datetime | None = strawberry.field(
        name="until", default=None, description="Happened before this instant."
    )

    def arguments(self) -> dict[str, Any]:
        """The filter as the readings take it. Refuses: GraphQLError for an id of another kind."""
        return {
            "type": self.type,
            "state": self.state.value if self.state else None,
            "source_id": wanted(Tag.SOURCE, self.source_id),
            "occurred_from": self.occurred_from,
            "occurred_until": self.occurred_until,
        }


Filter = Annotated[ActivityFilter | None, strawberry.argument(description="Which activities.")]
Sort = Annotated[ActivitySort, strawberry.argument(description="In which order, by when they happened.")]


@strawberry.type
class ActivityQuery:
    @strawberry.field(
        graphql_type=Connection[Activity] | None, description="Activities, as far as you may see them, newest first."
    )
    async def activities(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Filter = None,
        sort: Sort = ActivitySort.NEWEST,
    ) -> Any:
        page = ActivityPage(
            first=limit_of(first),
            after=read_cursor(after, datetime, UUID),
            oldest_first=sort is ActivitySort.OLDEST,
            **(filter.arguments() if filter else {}),
        )
        rows = await activities_page(info.context.database, info.context.actor, page)
        return page_of(rows, first=first, after=after, key=lambda row: (row.state.occurred_at, row.id))

    @strawberry.field(graphql_type=Activity | None, description="One activity by its id at its source.")
    async def activity(
        self,
        info: Info,
        source_id: Annotated[strawberry.ID, strawberry.argument(description="The source it came from.")],
        external_id: Annotated[str, strawberry.argument(description="Its id there, at most 128 characters.")],
    ) -> Any:
        source = decode_as(Tag.SOURCE, source_id)
        if source is None:
            return None
        asked = (info.context.actor, source, external_id)
        return (await activities_by_external_id(info.context.database, [asked])).get(asked)
