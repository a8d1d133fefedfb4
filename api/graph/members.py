"""Members: people who act for a partner, or the vendor's own staff."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, many, one, pages
from api.graph.ids import Tag
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.partners import Search, Subject
from api.graph.readings import activities_of_members, partner_by_id
from api.graph.scalars import Points
from api.graph.texts import Locale
from domain.access.principals import Relation
from domain.earning.reading import awards_of_owners, dues_of_beneficiaries
from domain.ledger.reading import wallets_of_members
from domain.partners.reading import MemberRecord, members_page
from domain.partners.registration import MemberKind
from domain.programs.reading import enrollments_of_subjects


@strawberry.type(description="A person who acts for a partner, or one of the vendor's own.")
class Member(Node, Subject):
    id = identity(Tag.MEMBER)
    version: Points = strawberry.field(description="Moves with every change of the member's own fields.")
    external_id: str | None = strawberry.field(description="Their id at their source, at most 128 characters.")
    name: str = strawberry.field(description="The person's name, at most 200 characters.")
    email: str | None = strawberry.field(description="The address to write to, at most 254 characters.")
    kind: MemberKind = strawberry.field(description="A partner's person or the vendor's own.")
    locale: Locale = strawberry.field(description="The language they are written to in.")
    on_boards: bool = strawberry.field(description="False if they left the leaderboards: setBoardVisibility.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "The firm they act for today.")
    recorded_at: datetime = strawberry.field(description="When they were first registered.")
    left_at: datetime | None = strawberry.field(description="When they left, null while they take part.")
    relation: Relation = strawberry.field(description="How you stand to them.")
    wallets = many(nouns.WALLET, wallets_of_members, "Their wallets, one a unit, at most 100.", nullable=True)
    activities = pages(
        nouns.ACTIVITY,
        activities_of_members,
        "What they did, newest first.",
        key=lambda row: (row.state.occurred_at, row.id),
        kinds=(datetime, UUID),
    )
    enrollments = pages(
        nouns.ENROLLMENT,
        enrollments_of_subjects,
        "The programs they take part in, newest first.",
        key=lambda row: (row.enrolled_at, row.id),
        kinds=(datetime, UUID),
    )
    awards = pages(
        nouns.AWARD,
        awards_of_owners,
        "What they were awarded, newest first.",
        key=lambda row: (row.recorded_at, row.id),
        kinds=(datetime, UUID),
    )
    dues = pages(
        nouns.DUE,
        dues_of_beneficiaries,
        "What each of their activities was due and why, also why nothing; latest occurrence first.",
        key=lambda row: (row.occurred_at, row.id),
        kinds=(datetime, UUID),
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, MemberRecord)


@strawberry.type
class MemberQuery:
    @strawberry.field(
        graphql_type=Connection[Member] | None, description="Members in order of name, as far as you may see them."
    )
    async def members(self, info: Info, first: First = 25, after: After = None, search: Search = None) -> Any:
        seen = read_cursor(after, str, UUID)
        limit_of(first)
        page = await members_page(info.context.database, info.context.actor, after=seen, limit=first, search=search)
        return page_of(
            page.records, first=first, after=after, key=lambda row: (row.name, row.id), has_more=page.has_more
        )
