"""Mutations of leads: the vendor shares, routes, assigns and corrects; a partner accepts, works, converts, returns."""

from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.customers import CustomerInput
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.readings import partner_by_id
from api.graph.scalars import Points
from domain.kernel.money import Amount
from domain.kernel.operation import Outcome
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.leads.answering import accept_lead, convert_lead, return_lead, work_lead
from domain.leads.correcting import correct_value, revert_conversion
from domain.leads.reading import leads_by_id
from domain.leads.refusals import LeadActionNotAvailable, LeadAnsweredTooLate, NobodyTakesLead
from domain.leads.routing import route_leads
from domain.leads.sharing import LeadSaid, assign_lead, share_lead


@strawberry.input(description="A lead to share.")
class ShareLeadInput:
    idempotency_key: str = key_field()
    title: str = strawberry.field(description="What you call it, 1 to 200 characters.")
    origin: str = strawberry.field(description="Where it comes from, a code of 1 to 64 characters.")
    customer: CustomerInput = strawberry.field(description="Who may buy; its size is the segment.")
    value: Points = strawberry.field(description="What it may be worth, in minor units.")
    currency: str = strawberry.field(description="ISO 4217 code of its value.")
    products: list[str] = strawberry.field(
        default_factory=list[str], description="What for, at most 50 codes; none: anything."
    )
    response_hours: int = strawberry.field(default=48, description="To be answered within so many hours, 1 to 720.")
    attempts_max: int = strawberry.field(default=3, description="Handed on by itself at most so often, 1 to 20.")


@strawberry.input(description="A lead for somebody else, or for somebody again.")
class AssignLeadInput:
    idempotency_key: str = key_field()
    lead_id: strawberry.ID = strawberry.field(description="The lead.")
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="For whom; by default for whom it fits best of those who have not had it."
    )


@strawberry.input(description="Which leads a partner takes.")
class RouteLeadsInput:
    idempotency_key: str = key_field()
    member_id: strawberry.ID = strawberry.field(description="Who gets them; it is their partner that takes them.")
    segments: list[str] = strawberry.field(default_factory=list[str], description="Of which segments, at most 50.")
    verticals: list[str] = strawberry.field(default_factory=list[str], description="Of which industries, at most 50.")
    countries: list[str] = strawberry.field(default_factory=list[str], description="From which countries, at most 50.")
    open_max: int = strawberry.field(default=10, description="How many at once, 1 to 1,000.")
    is_active: bool = strawberry.field(default=True, description="False: none for now.")


@strawberry.input(description="What a lead is worth.")
class CorrectLeadValueInput:
    idempotency_key: str = key_field()
    lead_id: strawberry.ID = strawberry.field(description="The lead.")
    value: Points = strawberry.field(description="In minor units of its currency.")
    reason: str = strawberry.field(description="Why, for the audit log, 1 to 500 characters.")


@strawberry.input(description="A lead that was not converted after all.")
class RevertLeadConversionInput:
    idempotency_key: str = key_field()
    lead_id: strawberry.ID = strawberry.field(description="The lead.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="You see to a lead.")
class AcceptLeadInput:
    idempotency_key: str = key_field()
    lead_id: strawberry.ID = strawberry.field(description="The lead.")
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who of your firm works on it, for its administrators to name."
    )


@strawberry.input(description="You work on a lead.")
class WorkLeadInput:
    idempotency_key: str = key_field()
    lead_id: strawberry.ID = strawberry.field(description="The lead.")


@strawberry.input(description="A lead became a deal.")
class ConvertLeadInput:
    idempotency_key: str = key_field()
    lead_id: strawberry.ID = strawberry.field(description="The lead.")
    opportunity: str | None = strawberry.field(
        default=None, description="The opportunity in a CRM, 1 to 64 characters."
    )


@strawberry.input(description="A lead that you give back.")
class ReturnLeadInput:
    idempotency_key: str = key_field()
    lead_id: strawberry.ID = strawberry.field(description="The lead.")
    reason: str = strawberry.field(description="Why, a code of 1 to 32 characters.")
    note: str | None = strawberry.field(default=None, description="More of it, 1 to 2,000 characters.")


def _lead_field() -> Any:
    return strawberry.field(
        graphql_type=nouns.LEAD | None, description="The lead as it stands now, null if it is not yours to see."
    )


@strawberry.type(description="It is with a partner, or RETURNED where nobody takes it.")
class ShareLeadSuccess:
    lead: Any = _lead_field()


@strawberry.type(description="It is with a partner.")
class AssignLeadSuccess:
    lead: Any = _lead_field()


@strawberry.type(description="The partner takes such leads.")
class RouteLeadsSuccess:
    partner: Any = strawberry.field(graphql_type=nouns.PARTNER | None, description="The partner.")


@strawberry.type(description="It is worth so much, and what it earned follows.")
class CorrectLeadValueSuccess:
    lead: Any = _lead_field()


@strawberry.type(description="Its partner works on it again.")
class RevertLeadConversionSuccess:
    lead: Any = _lead_field()


@strawberry.type(description="It is yours.")
class AcceptLeadSuccess:
    lead: Any = _lead_field()


@strawberry.type(description="You work on it.")
class WorkLeadSuccess:
    lead: Any = _lead_field()


@strawberry.type(description="It is CONVERTED.")
class ConvertLeadSuccess:
    lead: Any = _lead_field()


@strawberry.type(description="It is with the vendor again.")
class ReturnLeadSuccess:
    lead: Any = _lead_field()


@strawberry.type
class LeadMutation:
    @mutation(
        ShareLeadSuccess,
        InvalidInput,
        KeyReused,
        description="Shares a lead with the partner that it fits best, or that registered a deal with this customer.",
    )
    async def share_lead(self, info: Info, input: ShareLeadInput) -> Any:
        context = info.context
        said = LeadSaid(
            title=input.title,
            origin=input.origin,
            customer=input.customer.said(),
            value=Amount(minor=input.value, unit=input.currency),
            products=tuple(input.products),
            response_hours=input.response_hours,
            attempts_max=input.attempts_max,
        )
        done = await share_lead(context.door, context.actor, keyed(input), said)
        return ShareLeadSuccess(lead=await _lead(info, done))

    @mutation(
        AssignLeadSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        LeadActionNotAvailable,
        NobodyTakesLead,
        description="Gives a lead to somebody; whoever has it loses it.",
    )
    async def assign_lead(self, info: Info, input: AssignLeadInput) -> Any:
        context = info.context
        lead_id = sure(Tag.LEAD, input.lead_id, "lead")
        member_id = sure(Tag.MEMBER, input.member_id, "member") if input.member_id else None
        done = await assign_lead(context.door, context.actor, keyed(input), lead_id, member_id=member_id)
        return AssignLeadSuccess(lead=await _lead(info, done))

    @mutation(
        RouteLeadsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Says which leads a partner takes from now on.",
    )
    async def route_leads(self, info: Info, input: RouteLeadsInput) -> Any:
        context = info.context
        done = await route_leads(
            context.door,
            context.actor,
            keyed(input),
            member_id=sure(Tag.MEMBER, input.member_id, "member"),
            segments=input.segments,
            verticals=input.verticals,
            countries=input.countries,
            open_max=input.open_max,
            is_active=input.is_active,
        )
        partner = await context.batches.one(partner_by_id, UUID(done.facts["partner_id"]))
        return RouteLeadsSuccess(partner=partner)

    @mutation(
        CorrectLeadValueSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        LeadActionNotAvailable,
        description="Corrects what a lead is worth; what its present partner earned by it follows.",
    )
    async def correct_lead_value(self, info: Info, input: CorrectLeadValueInput) -> Any:
        context = info.context
        lead_id = sure(Tag.LEAD, input.lead_id, "lead")
        done = await correct_value(
            context.door,
            context.knowledge,
            context.actor,
            keyed(input),
            lead_id,
            value=input.value,
            reason=input.reason,
        )
        return CorrectLeadValueSuccess(lead=await _lead(info, done))

    @mutation(
        RevertLeadConversionSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        LeadActionNotAvailable,
        description="Takes a conversion back, with what it earned.",
    )
    async def revert_lead_conversion(self, info: Info, input: RevertLeadConversionInput) -> Any:
        context = info.context
        lead_id = sure(Tag.LEAD, input.lead_id, "lead")
        done = await revert_conversion(
            context.door, context.knowledge, context.actor, keyed(input), lead_id, reason=input.reason
        )
        return RevertLeadConversionSuccess(lead=await _lead(info, done))


@strawberry.type
class LeadAnswerMutation:
    @mutation(
        AcceptLeadSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        LeadActionNotAvailable,
        LeadAnsweredTooLate,
        description="Accepts a lead before its answer is due.",
    )
    async def accept_lead(self, info: Info, input: AcceptLeadInput) -> Any:
        context = info.context
        lead_id = sure(Tag.LEAD, input.lead_id, "lead")
        member_id = sure(Tag.MEMBER, input.member_id, "member") if input.member_id else None
        done = await accept_lead(
            context.door, context.knowledge, context.actor, keyed(input), lead_id, member_id=member_id
        )
        return AcceptLeadSuccess(lead=await _lead(info, done))

    @mutation(
        WorkLeadSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        LeadActionNotAvailable,
        description="Says that somebody works on an accepted lead.",
    )
    async def work_lead(self, info: Info, input: WorkLeadInput) -> Any:
        context = info.context
        done = await work_lead(context.door, context.actor, keyed(input), sure(Tag.LEAD, input.lead_id, "lead"))
        return WorkLeadSuccess(lead=await _lead(info, done))

    @mutation(
        ConvertLeadSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        LeadActionNotAvailable,
        description="Says that a lead became a deal.",
    )
    async def convert_lead(self, info: Info, input: ConvertLeadInput) -> Any:
        context = info.context
        lead_id = sure(Tag.LEAD, input.lead_id, "lead")
        done = await convert_lead(
            context.door, context.knowledge, context.actor, keyed(input), lead_id, opportunity=input.opportunity
        )
        return ConvertLeadSuccess(lead=await _lead(info, done))

    @mutation(
        ReturnLeadSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        LeadActionNotAvailable,
        description="Gives a lead back, with the reason; what accepting it earned is taken back.",
    )
    async def return_lead(self, info: Info, input: ReturnLeadInput) -> Any:
        context = info.context
        lead_id = sure(Tag.LEAD, input.lead_id, "lead")
        done = await return_lead(
            context.door,
            context.knowledge,
            context.actor,
            keyed(input),
            lead_id,
            reason=input.reason,
            note=input.note,
        )
        return ReturnLeadSuccess(lead=await _lead(info, done))


async def _lead(info: Info, done: Outcome) -> Any:
    return await info.context.batches.one(leads_by_id, UUID(done.facts["lead_id"]))
