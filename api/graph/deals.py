"""Deal registrations: where each stands, until when, what stands in its way, and what may be done with it."""

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
from domain.access.principals import Relation
from domain.deals.conflict import ConflictKind, ConflictState
from domain.deals.machine import DealAction, DealState
from domain.deals.reading import (
    DealPolicyRecord,
    DealRecord,
    conflicts_of_deals,
    deal_policies,
    deals_by_id,
    deals_page,
    evidence_of_deals,
    extensions_of_deals,
    files_of_evidence,
)
from domain.partners.customers.reading import customers_by_id


@strawberry.type(description="The days and numbers that bind a registration from its first submission on.")
class DealBounds:
    protection_days: int = strawberry.field(description="How long protection lasts, from approval.")
    extension_days: int = strawberry.field(description="By how much an extension prolongs it.")
    extensions_max: int = strawberry.field(description="How often it is extended at most.")
    answer_days: int = strawberry.field(description="How long the partner may take to answer what was returned.")
    dispute_days: int = strawberry.field(description="How long the partner may take to give evidence.")
    grace_days: int = strawberry.field(description="For how long after its protection a deal may still be won.")


@strawberry.type(description="A named set of bounds; the one called `standard` always exists.")
class DealPolicy:
    code: str = strawberry.field(description="Its code.")
    version: Points = strawberry.field(description="Moves with every change.")
    recorded_at: datetime = strawberry.field(description="When it was first defined.")

    @strawberry.field(graphql_type=DealBounds, description="What binds registrations submitted from now on.")
    @staticmethod
    def bounds(parent: strawberry.Parent[DealPolicyRecord]) -> Any:
        return parent.policy


@strawberry.type(description="Something in a registration's way. Who else is concerned is not said to partners.")
class DealConflict:
    kind: ConflictKind = strawberry.field(description="What it is.")
    state: ConflictState = strawberry.field(description="Whether evidence is wanted, was given, or it is settled.")
    outcome: str | None = strawberry.field(
        description="How it was settled: UPHELD for this registration, DISMISSED, or LAPSED without evidence."
    )
    due_at: datetime | None = strawberry.field(
        description="Until when evidence is taken; null: the vendor judges alone."
    )
    recorded_at: datetime = strawberry.field(description="When it was found.")
    settled_at: datetime | None = strawberry.field(description="When it was settled.")
    against = one(nouns.DEAL, deals_by_id, "against_id", "The other registration, for the vendor's eyes alone.")


@strawberry.type(description="What a partner said for its registration in a dispute.")
class DealEvidence:
    n: int = strawberry.field(description="Its number, from 1.")
    note: str = strawberry.field(description="What was said.")
    files = many(nouns.FILE, files_of_evidence, "The files that show it, at most ten.")
    recorded_at: datetime = strawberry.field(description="When.")


@strawberry.type(description="A request for a longer protection.")
class DealExtension:
    n: int = strawberry.field(description="Its number, from 1.")
    progress: str = strawberry.field(description="The progress that was stated.")
    requested_at: datetime = strawberry.field(description="When; the clock stands still from then on.")
    answered_at: datetime | None = strawberry.field(description="When it was answered.")
    granted: bool | None = strawberry.field(description="The answer, null while it waits.")


@strawberry.type(
    description="A partner registers a deal, and is protected for its customer and products while it works on it."
)
class DealRegistration(Node):
    id = identity(Tag.DEAL)
    version: Points = strawberry.field(description="Moves with every change.")
    title: str = strawberry.field(description="What its partner calls it.")
    opportunity: str | None = strawberry.field(description="The opportunity in a CRM: activities of it share one deal.")
    customer: CustomerDetails = strawberry.field(description="The customer as its partner describes it.")
    customer_record = one(nouns.CUSTOMER, customers_by_id, "customer_id", "The customer as the vendor knows it.")
    products: list[str] = strawberry.field(description="The products it is for, at most 50; none: all of them.")
    value: Points | None = strawberry.field(description="What it may be worth, in minor units of `currency`.")
    currency: str | None = strawberry.field(description="ISO 4217 code of its value.")
    state: DealState = strawberry.field(description="Where it stands.")
    reason: str | None = strawberry.field(description="Why it ended or was turned down, a code; it names nobody.")
    note: str | None = strawberry.field(description="What the other side said last.")
    policy: str = strawberry.field(description="The code of its policy.")
    bound: DealBounds | None = strawberry.field(description="What binds it, null before its first submission.")
    due_at: datetime | None = strawberry.field(
        description="Until when: its protection, an answer, evidence. While the vendor has it, it moves with the clock."
    )
    is_with_vendor: bool = strawberry.field(description="True while the partner's clock stands still.")
    holds_customer: bool = strawberry.field(description="True while nobody else is let in for customer and products.")
    extensions: int = strawberry.field(description="How often its protection was extended.")
    available_actions: list[DealAction] = strawberry.field(description="What you may do with it now, at most 14.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "In whose name it is.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Whose it is.")
    conflicts = many(DealConflict, conflicts_of_deals, "What stands or stood in its way, at most 100.")
    evidence = many(DealEvidence, evidence_of_deals, "What was said for it, at most ten.")
    extension_requests = many(DealExtension, extensions_of_deals, "The requests for more time, at most 50.")
    submitted_at: datetime | None = strawberry.field(description="When it was first submitted, by the server's clock.")
    approved_at: datetime | None = strawberry.field(description="When it was approved.")
    won_at: datetime | None = strawberry.field(description="When the deal was won.")
    won_net: Points | None = strawberry.field(description="What for, in minor units of `wonCurrency`.")
    won_list: Points | None = strawberry.field(description="The same before discount.")
    won_currency: str | None = strawberry.field(description="ISO 4217 code of what it was won for.")
    recorded_at: datetime = strawberry.field(description="When it was drafted.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, DealRecord)


@strawberry.input(name="DealFilter", description="Only those that match everything said.")
class DealFilterInput:
    state: DealState | None = strawberry.field(default=None, description="Where they stand.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="This firm's.")


@strawberry.type
class DealQuery:
    @strawberry.field(
        graphql_type=Connection[DealRegistration] | None,
        description="Registrations, newest first: your own, your firm's, or those of the partners you answer for.",
    )
    async def deal_registrations(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Annotated[DealFilterInput | None, strawberry.argument(description="Only those that match.")] = None,
    ) -> Page[Any]:
        rows = await deals_page(
            info.context.database,
            info.context.actor,
            state=filter.state if filter else None,
            partner_id=wanted(Tag.PARTNER, filter.partner_id) if filter else None,
            after=read_cursor(after, datetime, UUID),
            limit=limit_of(first),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(
        graphql_type=DealRegistration | None, description="A registration by its id; null where there is none for you."
    )
    async def deal_registration(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(deals_by_id, decode_as(Tag.DEAL, id))

    @strawberry.field(
        graphql_type=Connection[DealPolicy] | None, description="The policies that were defined, by their codes."
    )
    async def deal_policies(self, info: Info, first: First = 25, after: After = None) -> Page[Any]:
        last = read_cursor(after, str)
        rows = await deal_policies(info.context.database, after=last[0] if last else None, limit=limit_of(first))
        return page_of(rows, first=first, after=after, key=lambda row: (row.code,))
