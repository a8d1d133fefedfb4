"""Leads: on whose desk each lies, why there, until when it is to be answered, and what may be done with it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.customers import CustomerDetails
from api.graph.fields import Node, identity, many, one, wanted
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.readings import member_by_id, partner_by_id
from api.graph.scalars import Points
from api.graph.texts import LocaleArgument
from domain.access.principals import Relation
from domain.leads.distribution import Why, WhyCode
from domain.leads.machine import LeadAction, LeadState
from domain.leads.reading import LeadRecord, assignments_of_leads, leads_by_id, leads_page, routings_page
from domain.partners.customers.reading import customers_by_id


@strawberry.type(description="Why a lead went to a partner.")
class LeadChoice:
    code: WhyCode = strawberry.field(description="The rule that decided.")
    matches: list[str] = strawberry.field(description="What matched: SEGMENT, VERTICAL, COUNTRY; at most three.")
    open: int | None = strawberry.field(description="How many leads the partner had open.")
    open_max: int | None = strawberry.field(description="How many it takes at once.")
    candidates: int | None = strawberry.field(description="Among how many partners it was chosen; the vendor's to see.")

    @strawberry.field(description="The sentence to show; in the viewer's own language by default.")
    @staticmethod
    def text(parent: strawberry.Parent[Why], info: Info, locale: LocaleArgument = None) -> str:
        return parent.text(locale.value if locale else info.context.locale)


@strawberry.type(description="A lead was with a partner. A partner is shown its own time with it alone.")
class LeadAssignment:
    n: int = strawberry.field(description="Its number, from 1.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "With whom.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "With which of its people.")
    why: LeadChoice = strawberry.field(description="Why.")
    assigned_at: datetime = strawberry.field(description="Since when.")
    due_at: datetime = strawberry.field(description="Until when it was to be answered.")
    answered_at: datetime | None = strawberry.field(description="When it was accepted.")
    ended_at: datetime | None = strawberry.field(description="Until when it was there.")
    outcome: str | None = strawberry.field(
        description="NOT_ANSWERED, RETURNED, REASSIGNED or CONVERTED; null while it is."
    )


@strawberry.type(description="Somebody may buy, and a partner is asked to see to it.")
class Lead(Node):
    id = identity(Tag.LEAD)
    version: Points = strawberry.field(description="Moves with every change.")
    title: str = strawberry.field(description="What the vendor calls it.")
    origin: str = strawberry.field(description="Where it comes from, a code.")
    customer: CustomerDetails = strawberry.field(description="Who may buy.")
    customer_record = one(nouns.CUSTOMER, customers_by_id, "customer_id", "The customer as the vendor knows it.")
    products: list[str] = strawberry.field(description="What for, at most 50 codes; none: anything.")
    value: Points = strawberry.field(description="What it may be worth, in minor units of `currency`.")
    currency: str = strawberry.field(description="ISO 4217 code of its value.")
    response_hours: int = strawberry.field(description="Within how many hours it is to be answered.")
    attempts: int = strawberry.field(description="How often it was given to somebody.")
    attempts_max: int = strawberry.field(description="How often it is handed on by itself at most.")
    state: LeadState = strawberry.field(description="Where it stands.")
    reason: str | None = strawberry.field(description="Why it came back or expired, a code.")
    note: str | None = strawberry.field(description="What was said with the reason.")
    due_at: datetime | None = strawberry.field(description="Until when it is to be answered, null once it was.")
    accepted_at: datetime | None = strawberry.field(description="When its present partner accepted it.")
    converted_at: datetime | None = strawberry.field(description="When it became a deal.")
    opportunity: str | None = strawberry.field(description="The opportunity in a CRM that it became.")
    available_actions: list[LeadAction] = strawberry.field(description="What you may do with it now, at most seven.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Who has it.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Which firm has it, null while the vendor has.")
    assignments = many(LeadAssignment, assignments_of_leads, "With whom it was, in order, at most 100.")
    recorded_at: datetime = strawberry.field(description="When it was shared.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, LeadRecord)


@strawberry.type(description="Which leads a partner takes, and how many at once.")
class LeadRouting:
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "The partner.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Who gets them.")
    segments: list[str] = strawberry.field(description="Of these segments by size, at most 50; none: of any.")
    verticals: list[str] = strawberry.field(description="Of these industries, at most 50; none: of any.")
    countries: list[str] = strawberry.field(description="From these countries, at most 50; none: from any.")
    open_max: int = strawberry.field(description="How many at once.")
    is_active: bool = strawberry.field(description="False: none for now.")
    version: Points = strawberry.field(description="Moves with every change.")
    recorded_at: datetime = strawberry.field(description="Since when it takes any.")


@strawberry.input(name="LeadFilter", description="Only those that match everything said.")
class LeadFilterInput:
    state: LeadState | None = strawberry.field(default=None, description="Where they stand.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="With this firm.")


@strawberry.type
class LeadQuery:
    @strawberry.field(
        graphql_type=Connection[Lead] | None,
        description="Leads, newest first: your own, your firm's, or those of the partners you answer for.",
    )
    async def leads(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Annotated[LeadFilterInput | None, strawberry.argument(description="Only those that match.")] = None,
    ) -> Page[Any]:
        rows = await leads_page(
            info.context.database,
            info.context.actor,
            state=filter.state if filter else None,
            partner_id=wanted(Tag.PARTNER, filter.partner_id) if filter else None,
            after=read_cursor(after, datetime, UUID),
            limit=limit_of(first),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(graphql_type=Lead | None, description="A lead by its id; null where there is none for you.")
    async def lead(self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]) -> Any:
        return await info.context.batches.one(leads_by_id, decode_as(Tag.LEAD, id))

    @strawberry.field(graphql_type=Connection[LeadRouting] | None, description="Which partners take which leads.")
    async def lead_routings(self, info: Info, first: First = 25, after: After = None) -> Page[Any]:
        last = read_cursor(after, UUID)
        rows = await routings_page(
            info.context.database, info.context.actor, after=last[0] if last else None, limit=limit_of(first)
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.partner_id,))
