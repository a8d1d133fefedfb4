"""Partners: firms that sell for the vendor."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, many, one, pages
from api.graph.ids import Tag
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.readings import activities_of_partners, children_of_partner, members_of_partner, partner_by_id
from api.graph.scalars import Points
from domain.access.portfolios import assignments_of_partners
from domain.access.principals import Relation
from domain.earning.reading import awards_of_owners
from domain.earning.tier_reading import memberships_of_partners, progress_of_partners
from domain.ledger.reading import wallets_of_partners
from domain.partners.parting import Partnership, PartnershipAction, consents_of_partners
from domain.partners.reading import PartnerRecord, partners_page
from domain.partners.registration import JourneyStage, PartnerType
from domain.partners.standings import standings_of_partners
from domain.programs.reading import enrollments_of_subjects

Search = Annotated[str | None, strawberry.argument(description="Only names that contain this, at most 100 characters.")]


@strawberry.interface(description="Who can own points and stand on a board: a member or a partner.")
class Subject:
    id: strawberry.ID = strawberry.field(description="The id of the member or the partner.")
    name: str = strawberry.field(description="The name to show, at most 200 characters.")


@strawberry.type(description="A firm that sells for the vendor.")
class Partner(Node, Subject):
    id = identity(Tag.PARTNER)
    version: Points = strawberry.field(description="Moves with every change of the partner's own fields.")
    external_id: str | None = strawberry.field(description="Its id at its source, at most 128 characters.")
    name: str = strawberry.field(description="The firm's name, at most 200 characters.")
    types: list[PartnerType] = strawberry.field(description="What kinds of firm it is, at most twelve.")
    parent = one(nouns.PARTNER, partner_by_id, "parent_id", "The firm it belongs to.")
    country: str | None = strawberry.field(description="ISO 3166 code of two letters.")
    vertical: str | None = strawberry.field(description="The industry it serves, at most 64 characters.")
    size: str | None = strawberry.field(description="Its size class, at most 32 characters.")
    journey_stage: JourneyStage = strawberry.field(description="How far the partnership has come.")
    partnership: Partnership = strawberry.field(description="How the relation with it stands.")
    run_off_until: datetime | None = strawberry.field(description="While ENDING: until when its people still earn.")
    available_actions: list[PartnershipAction] | None = strawberry.field(
        description="What may be done with the relation, at most two."
    )
    recorded_at: datetime = strawberry.field(description="When it was first registered.")
    relation: Relation = strawberry.field(description="How you stand to it.")
    children = pages(
        nouns.PARTNER,
        children_of_partner,
        "The firms right below it that you may see, in order of name.",
        key=lambda row: (row.name, row.id),
        kinds=(str, UUID),
    )

    @strawberry.field(description="To what the employer consents as of now, a code; null for nothing.")
    @staticmethod
    async def employer_consent(parent: strawberry.Parent[PartnerRecord], info: Info) -> str | None:
        return await info.context.batches.one(consents_of_partners, parent.id)

    members = pages(
        nouns.MEMBER,
        members_of_partner,
        "Its people in order of name.",
        key=lambda row: (row.name, row.id),
        kinds=(str, UUID),
    )
    type_standings = many(
        nouns.PARTNER_TYPE_STANDING,
        standings_of_partners,
        "How it stands with each type it applied for, at most twelve.",
        nullable=True,
    )
    account_managers = many(
        nouns.ACCOUNT_MANAGER_ASSIGNMENT,
        assignments_of_partners,
        "Who of the vendor's looks after it, past and to come too, latest first, at most 100.",
        nullable=True,
    )
    wallets = many(nouns.WALLET, wallets_of_partners, "The firm's own wallets, one a unit, at most 100.", nullable=True)
    activities = pages(
        nouns.ACTIVITY,
        activities_of_partners,
        "What its people did, newest first.",
        key=lambda row: (row.state.occurred_at, row.id),
        kinds=(datetime, UUID),
    )
    enrollments = pages(
        nouns.ENROLLMENT,
        enrollments_of_subjects,
        "The programs the firm itself takes part in, newest first.",
        key=lambda row: (row.enrolled_at, row.id),
        kinds=(datetime, UUID),
    )
    awards = pages(
        nouns.AWARD,
        awards_of_owners,
        "What the firm itself was awarded, newest first.",
        key=lambda row: (row.recorded_at, row.id),
        kinds=(datetime, UUID),
    )

    tiers = pages(
        nouns.TIER_MEMBERSHIP,
        memberships_of_partners,
        "Its tiers of all sets, from when until when, newest first.",
        key=lambda row: (row.valid_from, row.id),
        kinds=(datetime, UUID),
    )
    tier_progress = many(
        nouns.TIER_PROGRESS,
        progress_of_partners,
        "What it needs to stay in its tier and to rise, one a set of tiers, at most 20.",
        nullable=True,
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, PartnerRecord)


@strawberry.type
class PartnerQuery:
    @strawberry.field(
        graphql_type=Connection[Partner] | None, description="Partners in order of name; operators see their portfolio."
    )
    async def partners(self, info: Info, first: First = 25, after: After = None, search: Search = None) -> Any:
        seen = read_cursor(after, str, UUID)
        limit_of(first)
        page = await partners_page(info.context.database, info.context.actor, after=seen, limit=first, search=search)
        return page_of(
            page.records, first=first, after=after, key=lambda row: (row.name, row.id), has_more=page.has_more
        )
