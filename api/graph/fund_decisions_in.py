"""Mutations by which the vendor handles funds: requests and claims are asked about and decided, claims are paid."""

from typing import Any

import strawberry

from api.graph.context import Info
from api.graph.fund_cases_in import claim_field, claim_told, request_field, request_told
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.scalars import Points
from domain.earning.refusals import UnitIsFull
from domain.funds.deciding import RequestDecision, ask_about_request, decide_request
from domain.funds.fund import LineRejection
from domain.funds.refusals import FundClaimNotInState, FundRequestNotInState, FundsInsufficient
from domain.funds.settling import ask_about_claim, decide_claim, pay_claim, reverse_claim
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="Asks a partner for more about a request.")
class RequestFundInformationInput:
    idempotency_key: str = key_field()
    request_id: strawberry.ID = strawberry.field(description="The request.")
    question: str = strawberry.field(description="What is missing, 1 to 500 characters.")


@strawberry.input(description="Decides a request.")
class DecideFundRequestInput:
    idempotency_key: str = key_field()
    request_id: strawberry.ID = strawberry.field(description="The request.")
    decision: RequestDecision = strawberry.field(description="What becomes of it.")
    amount: Points | None = strawberry.field(default=None, description="What is approved, if it is less than asked.")
    note: str | None = strawberry.field(
        default=None, description="Why, at most 500 characters; needed unless all is approved."
    )


@strawberry.input(description="Asks a partner for more about a claim.")
class RequestFundClaimInformationInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    question: str = strawberry.field(description="What is missing, 1 to 500 characters.")


@strawberry.input(description="A line that is not paid.")
class FundLineRejectionInput:
    line_id: strawberry.ID = strawberry.field(description="The line.")
    reason: LineRejection = strawberry.field(description="Why.")


@strawberry.input(description="Decides a claim.")
class DecideFundClaimInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    rejected: list[FundLineRejectionInput] = strawberry.field(
        default_factory=list[FundLineRejectionInput],
        description="Lines that are not paid, at most 10; those without proof never are.",
    )
    note: str | None = strawberry.field(default=None, description="For the partner, at most 500 characters.")


@strawberry.input(description="Notes that a claim was paid.")
class PayFundClaimInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    bank_reference: str = strawberry.field(description="The reference of the payment, 1 to 128 characters.")


@strawberry.input(description="Notes that a payment came back.")
class ReverseFundClaimInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.type(description="The partner was asked.")
class RequestFundInformationSuccess:
    request: Any = request_field()


@strawberry.type(description="It is decided.")
class DecideFundRequestSuccess:
    request: Any = request_field()


@strawberry.type(description="The partner was asked.")
class RequestFundClaimInformationSuccess:
    claim: Any = claim_field()


@strawberry.type(description="Every line is decided.")
class DecideFundClaimSuccess:
    claim: Any = claim_field()


@strawberry.type(description="It is paid, and counts as an activity.")
class PayFundClaimSuccess:
    claim: Any = claim_field()


@strawberry.type(description="It is not paid any more, and counts no longer.")
class ReverseFundClaimSuccess:
    claim: Any = claim_field()


@strawberry.type
class FundDecisionMutation:
    @mutation(
        RequestFundInformationSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundRequestNotInState,
        description="Asks a partner for more about a request; it expires if they do not answer by its `dueAt`.",
    )
    async def request_fund_information(self, info: Info, input: RequestFundInformationInput) -> Any:
        context, request_id = info.context, sure(Tag.FUND_REQUEST, input.request_id, "fund request")
        done = await ask_about_request(context.door, context.actor, keyed(input), request_id, input.question)
        return RequestFundInformationSuccess(request=await request_told(info, done.facts["request_id"]))

    @mutation(
        DecideFundRequestSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundRequestNotInState,
        FundsInsufficient,
        description="Approves a request in full or for less, rejects it (it may be submitted again), or declines it.",
    )
    async def decide_fund_request(self, info: Info, input: DecideFundRequestInput) -> Any:
        context, request_id = info.context, sure(Tag.FUND_REQUEST, input.request_id, "fund request")
        done = await decide_request(
            context.door,
            context.actor,
            keyed(input),
            request_id,
            input.decision,
            amount=input.amount,
            note=input.note,
        )
        return DecideFundRequestSuccess(request=await request_told(info, done.facts["request_id"]))

    @mutation(
        RequestFundClaimInformationSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundClaimNotInState,
        description="Asks a partner for more about a claim; it is rejected if they do not answer by its `dueAt`.",
    )
    async def request_fund_claim_information(self, info: Info, input: RequestFundClaimInformationInput) -> Any:
        context, claim_id = info.context, sure(Tag.FUND_CLAIM, input.claim_id, "fund claim")
        done = await ask_about_claim(context.door, context.actor, keyed(input), claim_id, input.question)
        return RequestFundClaimInformationSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        DecideFundClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundClaimNotInState,
        description="Decides a claim invoice by invoice; what has no proof is not paid, and may be claimed again.",
    )
    async def decide_fund_claim(self, info: Info, input: DecideFundClaimInput) -> Any:
        context, claim_id = info.context, sure(Tag.FUND_CLAIM, input.claim_id, "fund claim")
        rejected = {sure(Tag.FUND_CLAIM_LINE, one.line_id, "fund claim line"): one.reason for one in input.rejected}
        done = await decide_claim(
            context.door, context.actor, keyed(input), claim_id, rejected=rejected, note=input.note
        )
        return DecideFundClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        PayFundClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundClaimNotInState,
        UnitIsFull,
        description="Notes that what was approved of a claim was paid, under the bank's reference.",
    )
    async def pay_fund_claim(self, info: Info, input: PayFundClaimInput) -> Any:
        context, claim_id = info.context, sure(Tag.FUND_CLAIM, input.claim_id, "fund claim")
        done = await pay_claim(
            context.door, context.knowledge, context.actor, keyed(input), claim_id, input.bank_reference
        )
        return PayFundClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        ReverseFundClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundClaimNotInState,
        description="Notes that a payment came back; what it earned is taken back too.",
    )
    async def reverse_fund_claim(self, info: Info, input: ReverseFundClaimInput) -> Any:
        context, claim_id = info.context, sure(Tag.FUND_CLAIM, input.claim_id, "fund claim")
        done = await reverse_claim(context.door, context.knowledge, context.actor, keyed(input), claim_id, input.reason)
        return ReverseFundClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))
