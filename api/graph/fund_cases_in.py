"""Mutations by which a partner's admin asks for funds and claims them."""

from datetime import date
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.scalars import Points
from domain.files.refusals import FileAttached
from domain.funds.claiming import answer_claim, submit_claim, withdraw_claim
from domain.funds.fund import NewClaimLine, Plan
from domain.funds.reading_cases import claims_by_id, requests_by_id
from domain.funds.refusals import (
    FundActivityNotEligible,
    FundClaimNotInState,
    FundRateMissing,
    FundRequestNotInState,
    FundsInsufficient,
    FundTimeOver,
)
from domain.funds.requesting import answer_request, cancel_request, save_request, submit_request
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="A request as it is to stand, whole.")
class SaveFundRequestInput:
    idempotency_key: str = key_field()
    allocation_id: strawberry.ID = strawberry.field(description="Your firm's allocation.")
    request_id: strawberry.ID | None = strawberry.field(
        default=None, description="Your firm's draft, or what was rejected; without, a new draft."
    )
    activity: str = strawberry.field(description="What is planned, a code from the fund's list.")
    title: str = strawberry.field(description="What it is, 1 to 200 characters.")
    starts_on: date = strawberry.field(description="Its first day.")
    ends_on: date = strawberry.field(description="Its last day, at most 366 days later.")
    cost: Points = strawberry.field(description="Its whole cost, in minor units of `currency`.")
    currency: str = strawberry.field(description="Of the cost; the fund's own unit, or one with a rate into it.")
    cofund_ppm: int = strawberry.field(default=0, description="What your firm bears of it, in millionths.")

    def plan(self) -> Plan:
        """As the room takes it."""
        return Plan(
            activity=self.activity,
            title=self.title,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            cost=self.cost,
            currency=self.currency,
            cofund_ppm=self.cofund_ppm,
        )


@strawberry.input(description="Hands a request in.")
class SubmitFundRequestInput:
    idempotency_key: str = key_field()
    request_id: strawberry.ID = strawberry.field(description="Your firm's draft, or what was rejected.")


@strawberry.input(description="Answers what the vendor asked of a request.")
class AnswerFundRequestInput:
    idempotency_key: str = key_field()
    request_id: strawberry.ID = strawberry.field(description="Your firm's request.")
    note: str = strawberry.field(description="The answer, 1 to 500 characters.")


@strawberry.input(description="Takes a request back.")
class CancelFundRequestInput:
    idempotency_key: str = key_field()
    request_id: strawberry.ID = strawberry.field(description="Your firm's request, against which no claim is open.")


@strawberry.input(description="One invoice.")
class FundClaimLineInput:
    invoice: str = strawberry.field(description="Its number, 1 to 128 characters.")
    invoiced_on: date = strawberry.field(description="Its day.")
    cost: Points = strawberry.field(description="Its whole amount, in minor units of `currency`.")
    currency: str = strawberry.field(description="Of the cost.")
    amount: Points | None = strawberry.field(
        default=None, description="What is asked of the fund, in its unit, if that is less than the fund's part."
    )
    file_id: strawberry.ID | None = strawberry.field(default=None, description="Its proof, from POST /files.")

    def line(self) -> NewClaimLine:
        """As the room takes it. Refuses: NotFound for an id of another kind."""
        return NewClaimLine(
            invoice=self.invoice,
            invoiced_on=self.invoiced_on,
            cost=self.cost,
            currency=self.currency,
            amount=self.amount,
            file_id=sure(Tag.FILE, self.file_id, "file") if self.file_id else None,
        )


@strawberry.input(description="Claims what an approved activity cost.")
class SubmitFundClaimInput:
    idempotency_key: str = key_field()
    request_id: strawberry.ID = strawberry.field(description="Your firm's approved request.")
    lines: list[FundClaimLineInput] = strawberry.field(description="Its invoices, at most 10.")


@strawberry.input(description="The proof of one line.")
class FundProofInput:
    line_id: strawberry.ID = strawberry.field(description="The line.")
    file_id: strawberry.ID = strawberry.field(description="The file, from POST /files.")


@strawberry.input(description="Answers what the vendor asked of a claim.")
class AnswerFundClaimInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="Your firm's claim.")
    note: str | None = strawberry.field(default=None, description="The answer, at most 500 characters.")
    proofs: list[FundProofInput] = strawberry.field(
        default_factory=list[FundProofInput], description="Proof of lines, at most 10."
    )


@strawberry.input(description="Takes a claim back.")
class WithdrawFundClaimInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="Your firm's claim, before it was decided.")


def request_field() -> Any:
    return strawberry.field(graphql_type=nouns.FUND_REQUEST | None, description="The request as it stands now.")


def claim_field() -> Any:
    return strawberry.field(graphql_type=nouns.FUND_CLAIM | None, description="The claim as it stands now.")


@strawberry.type(description="The request says so.")
class SaveFundRequestSuccess:
    request: Any = request_field()


@strawberry.type(description="The vendor has it, and its money is set aside.")
class SubmitFundRequestSuccess:
    request: Any = request_field()


@strawberry.type(description="The vendor has it again.")
class AnswerFundRequestSuccess:
    request: Any = request_field()


@strawberry.type(description="It is over.")
class CancelFundRequestSuccess:
    request: Any = request_field()


@strawberry.type(description="The vendor has it.")
class SubmitFundClaimSuccess:
    claim: Any = claim_field()


@strawberry.type(description="The vendor has it again.")
class AnswerFundClaimSuccess:
    claim: Any = claim_field()


@strawberry.type(description="It is over.")
class WithdrawFundClaimSuccess:
    claim: Any = claim_field()


@strawberry.type
class FundCaseMutation:
    @mutation(
        SaveFundRequestSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundRequestNotInState,
        FundActivityNotEligible,
        description="Writes a request down; nobody at the vendor sees a draft.",
    )
    async def save_fund_request(self, info: Info, input: SaveFundRequestInput) -> Any:
        context = info.context
        done = await save_request(
            context.door,
            context.actor,
            keyed(input),
            allocation_id=sure(Tag.FUND_ALLOCATION, input.allocation_id, "fund allocation"),
            request_id=sure(Tag.FUND_REQUEST, input.request_id, "fund request") if input.request_id else None,
            plan=input.plan(),
        )
        return SaveFundRequestSuccess(request=await request_told(info, done.facts["request_id"]))

    @mutation(
        SubmitFundRequestSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundRequestNotInState,
        FundActivityNotEligible,
        FundTimeOver,
        FundRateMissing,
        FundsInsufficient,
        description="Hands a request in; what it asks of the fund is set aside until it is decided.",
    )
    async def submit_fund_request(self, info: Info, input: SubmitFundRequestInput) -> Any:
        context, request_id = info.context, sure(Tag.FUND_REQUEST, input.request_id, "fund request")
        done = await submit_request(context.door, context.actor, keyed(input), request_id)
        return SubmitFundRequestSuccess(request=await request_told(info, done.facts["request_id"]))

    @mutation(
        AnswerFundRequestSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundRequestNotInState,
        description="Answers what the vendor asked of a request.",
    )
    async def answer_fund_request(self, info: Info, input: AnswerFundRequestInput) -> Any:
        context, request_id = info.context, sure(Tag.FUND_REQUEST, input.request_id, "fund request")
        done = await answer_request(context.door, context.actor, keyed(input), request_id, input.note)
        return AnswerFundRequestSuccess(request=await request_told(info, done.facts["request_id"]))

    @mutation(
        CancelFundRequestSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundRequestNotInState,
        description="Takes a request back; what it held is available again.",
    )
    async def cancel_fund_request(self, info: Info, input: CancelFundRequestInput) -> Any:
        context, request_id = info.context, sure(Tag.FUND_REQUEST, input.request_id, "fund request")
        done = await cancel_request(context.door, context.actor, keyed(input), request_id)
        return CancelFundRequestSuccess(request=await request_told(info, done.facts["request_id"]))

    @mutation(
        SubmitFundClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundRequestNotInState,
        FundTimeOver,
        FundRateMissing,
        FundsInsufficient,
        FileAttached,
        description="Claims what an approved activity cost, up to what is left of what was approved.",
    )
    async def submit_fund_claim(self, info: Info, input: SubmitFundClaimInput) -> Any:
        context, request_id = info.context, sure(Tag.FUND_REQUEST, input.request_id, "fund request")
        lines = [one.line() for one in input.lines]
        done = await submit_claim(context.door, context.actor, keyed(input), request_id, lines)
        return SubmitFundClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        AnswerFundClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundClaimNotInState,
        FileAttached,
        description="Answers what the vendor asked of a claim, with proof that was missing.",
    )
    async def answer_fund_claim(self, info: Info, input: AnswerFundClaimInput) -> Any:
        context, claim_id = info.context, sure(Tag.FUND_CLAIM, input.claim_id, "fund claim")
        proofs = {
            sure(Tag.FUND_CLAIM_LINE, one.line_id, "fund claim line"): sure(Tag.FILE, one.file_id, "file")
            for one in input.proofs
        }
        done = await answer_claim(context.door, context.actor, keyed(input), claim_id, note=input.note, proofs=proofs)
        return AnswerFundClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        WithdrawFundClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundClaimNotInState,
        description="Takes a claim back; what it asked may be claimed again.",
    )
    async def withdraw_fund_claim(self, info: Info, input: WithdrawFundClaimInput) -> Any:
        context, claim_id = info.context, sure(Tag.FUND_CLAIM, input.claim_id, "fund claim")
        done = await withdraw_claim(context.door, context.actor, keyed(input), claim_id)
        return WithdrawFundClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))


async def request_told(info: Info, request_id: str) -> Any:
    """The request as it stands now, as far as whoever acted may see it."""
    return await info.context.batches.one(requests_by_id, UUID(request_id))


async def claim_told(info: Info, claim_id: str) -> Any:
    """The claim as it stands now, as far as whoever acted may see it."""
    return await info.context.batches.one(claims_by_id, UUID(claim_id))
