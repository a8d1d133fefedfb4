"""Requests for funds and claims against them, with their invoices, proof and steps, and the vendor's queues of them."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, many, one, reference, wanted
from api.graph.files import File
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.readings import activity_by_id, member_by_id, partner_by_id
from api.graph.scalars import Points
from api.graph.units import unit_of
from domain.access.principals import Relation
from domain.funds.fund import LineState
from domain.funds.machine import ClaimAction, ClaimState, FundTurn, RequestAction, RequestState
from domain.funds.reading import allocations_by_id, funds_by_id
from domain.funds.reading_cases import (
    CaseFilter,
    FundClaimRecord,
    RequestRecord,
    claims,
    claims_by_id,
    claims_of_requests,
    files_of_fund_claims,
    lines_of_claims,
    requests,
    requests_by_id,
    steps_of_cases,
)


@strawberry.type(description="What was done with a request, a claim or an allocation, and said.")
class FundStep:
    version: Points = strawberry.field(description="Its version from then on.")
    action: str = strawberry.field(description="What was done, a code.")
    state: str = strawberry.field(description="Where it stood afterwards, a code.")
    is_vendor: bool = strawberry.field(description="True if the vendor did it.")
    note: str | None = strawberry.field(description="What was asked, answered or noted, at most 500 characters.")
    recorded_at: datetime = strawberry.field(description="When.")


@strawberry.type(description="One invoice of a claim.")
class FundClaimLine:
    id = identity(Tag.FUND_CLAIM_LINE)
    n: int = strawberry.field(description="Its number in the claim, from 1.")
    invoice: str = strawberry.field(description="The number of the invoice.")
    invoiced_on: date = strawberry.field(description="Its day: the rate of that day converts it.")
    cost: Points = strawberry.field(description="Its whole amount, in minor units of `currency`.")
    currency: str = strawberry.field(description="Of the cost.")
    cost_in_unit: Points = strawberry.field(description="The same in the fund's unit, half up.")
    amount: Points = strawberry.field(description="What it asks of the fund, in the fund's unit.")
    file_id = reference(Tag.FILE, "file_id", "Its proof; null while it is missing.")
    state: LineState = strawberry.field(description="What became of it.")
    reason: str | None = strawberry.field(description="Why it is not paid, a code.")


@strawberry.type(description="What a partner claims of an approved request: the money itself is paid outside.")
class FundClaim(Node):
    id = identity(Tag.FUND_CLAIM)
    version: Points = strawberry.field(description="Moves with every change.")
    n: int = strawberry.field(description="Its number among the request's claims, from 1.")
    state: ClaimState = strawberry.field(description="Where it stands.")
    turn: FundTurn | None = strawberry.field(description="Who has to act next; null once it is paid or over.")
    due_at: datetime | None = strawberry.field(description="By when the partner must answer, if they were asked.")
    request = one(nouns.FUND_REQUEST, requests_by_id, "request_id", "The request.")
    fund = one(nouns.FUND, funds_by_id, "fund_id", "The fund.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Who claims.")
    unit = unit_of("What its amounts count.")
    amount: Points = strawberry.field(description="What it asks of the fund.")
    approved: Points = strawberry.field(description="What of that is to be paid, or was.")
    bank_reference: str | None = strawberry.field(description="Under which reference it was paid.")
    activity = one(nouns.ACTIVITY, activity_by_id, "activity_id", "What it counts as since it was paid.")
    lines = many(FundClaimLine, lines_of_claims, "Its invoices, at most 10.")
    files = many(File, files_of_fund_claims, "Its proof, at most 20.")
    steps = many(FundStep, steps_of_cases, "What was done with it, the last steps, at most 50.")
    available_actions: list[ClaimAction] = strawberry.field(description="What you may do with it now, at most seven.")
    submitted_at: datetime = strawberry.field(description="When it was submitted.")
    decided_at: datetime | None = strawberry.field(description="When it was decided.")
    paid_at: datetime | None = strawberry.field(description="When it was noted as paid.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, FundClaimRecord)


@strawberry.type(description="A partner's request for funds, with the plan of an activity.")
class FundRequest(Node):
    id = identity(Tag.FUND_REQUEST)
    version: Points = strawberry.field(description="Moves with every change.")
    state: RequestState = strawberry.field(description="Where it stands.")
    turn: FundTurn | None = strawberry.field(description="Who has to act next; null once it is over.")
    due_at: datetime | None = strawberry.field(
        description="By when the partner must act (answer, submit again, claim); it moves on while the vendor holds it."
    )
    fund = one(nouns.FUND, funds_by_id, "fund_id", "The fund.")
    allocation = one(nouns.FUND_ALLOCATION, allocations_by_id, "allocation_id", "The allocation it asks of.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Who asks.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Which of its people, if you may see them.")
    activity: str = strawberry.field(description="What is planned, a code from the fund's list.")
    title: str = strawberry.field(description="What it is, in the partner's words, at most 200 characters.")
    starts_on: date = strawberry.field(description="Its first day.")
    ends_on: date = strawberry.field(description="Its last day.")
    cost: Points = strawberry.field(description="Its whole cost, in minor units of `currency`.")
    currency: str = strawberry.field(description="Of the cost.")
    cofund_ppm: int = strawberry.field(description="The part that the partner bears, in millionths.")
    unit = unit_of("What the amounts below count.")
    amount: Points = strawberry.field(description="What it asks of the fund; 0 before it was submitted.")
    approved: Points = strawberry.field(description="What of that was approved.")
    unclaimed: Points = strawberry.field(description="What of the approved may still be claimed.")
    claims = many(FundClaim, claims_of_requests, "Its claims in order, at most 100.")
    steps = many(FundStep, steps_of_cases, "What was done with it, the last steps, at most 50.")
    available_actions: list[RequestAction] = strawberry.field(description="What you may do with it now, at most ten.")
    recorded_at: datetime = strawberry.field(description="When it was drafted.")
    submitted_at: datetime | None = strawberry.field(description="When it was first submitted.")
    decided_at: datetime | None = strawberry.field(description="When it was last decided.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, RequestRecord)


@strawberry.input(name="FundRequestFilter", description="Only those that match everything said.")
class FundRequestFilterInput:
    state: RequestState | None = strawberry.field(default=None, description="In this state.")
    fund_id: strawberry.ID | None = strawberry.field(default=None, description="Of this fund.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="Of this partner.")


@strawberry.input(name="FundClaimFilter", description="Only those that match everything said.")
class FundClaimFilterInput:
    state: ClaimState | None = strawberry.field(default=None, description="In this state.")
    fund_id: strawberry.ID | None = strawberry.field(default=None, description="Of this fund.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="Of this partner.")


def _asked(filter: FundRequestFilterInput | FundClaimFilterInput | None) -> CaseFilter:
    """As the reading takes it. Refuses: GraphQLError (BAD_INPUT) for an id of another kind."""
    if filter is None:
        return CaseFilter()
    fund_id, partner_id = wanted(Tag.FUND, filter.fund_id), wanted(Tag.PARTNER, filter.partner_id)
    return CaseFilter(state=filter.state, fund_id=fund_id, partner_id=partner_id)


@strawberry.type
class FundCaseQuery:
    @strawberry.field(
        graphql_type=Connection[FundRequest] | None,
        description="Requests, those that wait longest first: your firm's own, for the vendor what was submitted.",
    )
    async def fund_requests(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Annotated[
            FundRequestFilterInput | None, strawberry.argument(description="Only those that match.")
        ] = None,
    ) -> Page[Any]:
        context, last = info.context, read_cursor(after, datetime, UUID)
        rows = await requests(context.database, context.actor, _asked(filter), limit=limit_of(first), after=last)
        return page_of(rows, first=first, after=after, key=lambda row: (row.queued_at, row.id))

    @strawberry.field(graphql_type=FundRequest | None, description="A request; null where there is none for you.")
    async def fund_request(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(requests_by_id, decode_as(Tag.FUND_REQUEST, id))

    @strawberry.field(
        graphql_type=Connection[FundClaim] | None,
        description="Claims, those that wait longest first: your firm's own, for the vendor those of the portfolio.",
    )
    async def fund_claims(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Annotated[
            FundClaimFilterInput | None, strawberry.argument(description="Only those that match.")
        ] = None,
    ) -> Page[Any]:
        context, last = info.context, read_cursor(after, datetime, UUID)
        rows = await claims(context.database, context.actor, _asked(filter), limit=limit_of(first), after=last)
        return page_of(rows, first=first, after=after, key=lambda row: (row.submitted_at, row.id))

    @strawberry.field(graphql_type=FundClaim | None, description="A claim; null where there is none for you.")
    async def fund_claim(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(claims_by_id, decode_as(Tag.FUND_CLAIM, id))
