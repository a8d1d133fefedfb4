"""Mutations of claims: a rep claims and answers, the vendor asks, decides, reverses, and says what may be claimed."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.claims import ClaimCampaign
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.scalars import Points
from domain.claims.campaigning import Window, open_claims, save_skus
from domain.claims.claim import EligibleSku, NamedRep, NewLine
from domain.claims.drafting import save_claim, withdraw_claim
from domain.claims.queues import campaigns_of_programs
from domain.claims.reading import claims_by_id
from domain.claims.refusals import ClaimNotInState, ClaimNotReady, RulesNotOfCampaign
from domain.claims.submitting import answer_claim, submit_claim
from domain.files.refusals import FileAttached
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="Which sales may be claimed, and by when.")
class OpenClaimsInput:
    idempotency_key: str = key_field()
    program_id: strawberry.ID = strawberry.field(description="The program whose rules pay what is approved.")
    sold_from: datetime = strawberry.field(description="Sales from this instant on.")
    sold_until: datetime = strawberry.field(description="Until this instant, excluded.")
    claims_until: datetime = strawberry.field(description="By when a claim must be submitted, excluded.")
    answer_days: int = strawberry.field(default=14, description="Days to answer a question, 1 to 366.")
    needs_proof: bool = strawberry.field(default=True, description="Whether a claim comes with a file.")
    needs_serials: bool = strawberry.field(default=False, description="Whether every unit comes with a serial number.")


@strawberry.input(description="A SKU that may be claimed.")
class EligibleSkuInput:
    sku: str = strawberry.field(description="As it is to stand in claims, 1 to 64 characters.")
    valid_from: date = strawberry.field(description="The first day of sale.")
    valid_until: date | None = strawberry.field(default=None, description="The last day of sale; none: for good.")


@strawberry.input(description="What may be claimed in a program, beside what may already.")
class SaveEligibleSkusInput:
    idempotency_key: str = key_field()
    program_id: strawberry.ID = strawberry.field(description="The program.")
    skus: list[EligibleSkuInput] = strawberry.field(
        description="At least one, at most 1,000; one that begins the same day as before is said anew."
    )


@strawberry.input(description="Who shares in a line.")
class ClaimRepInput:
    member_id: strawberry.ID = strawberry.field(description="A colleague as of the sale, or you.")
    share_ppm: int = strawberry.field(description="The part in millionths; all of a line sum to 1,000,000.")


@strawberry.input(description="One product of a sale.")
class ClaimLineInput:
    sku: str = strawberry.field(description="The product, 1 to 64 characters.")
    quantity: int = strawberry.field(default=1, description="Units, 1 to 100,000.")
    sold_on: date = strawberry.field(description="The day of the sale.")
    invoice: str = strawberry.field(description="The number of the invoice, 1 to 64 characters.")
    serials: list[str] = strawberry.field(default_factory=list[str], description="Serial numbers, at most 50.")
    amount: Points | None = strawberry.field(default=None, description="Net, in minor units of `currency`.")
    currency: str | None = strawberry.field(default=None, description="ISO 4217 code of the amount.")
    reps: list[ClaimRepInput] = strawberry.field(
        default_factory=list[ClaimRepInput], description="Who shares in it, at most 5; none: all is yours."
    )

    def line(self) -> NewLine:
        """As the room takes it. Refuses: NotFound for an id of another kind."""
        reps = tuple(
            NamedRep(member_id=sure(Tag.MEMBER, one.member_id, "member"), share_ppm=one.share_ppm) for one in self.reps
        )
        said: dict[str, Any] = {**vars(self), "reps": reps, "serials": tuple(self.serials)}
        return NewLine(**said)


@strawberry.input(description="A claim as it is to stand, whole.")
class SaveClaimInput:
    idempotency_key: str = key_field()
    program_id: strawberry.ID = strawberry.field(description="The program.")
    claim_id: strawberry.ID | None = strawberry.field(default=None, description="Your draft; without, a new one.")
    lines: list[ClaimLineInput] = strawberry.field(description="What was sold, at most 10.")
    file_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list[strawberry.ID], description="Proof, handed in with POST /files; at most 20 together."
    )


@strawberry.input(description="Hands a claim in.")
class SubmitClaimInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="Your draft.")


@strawberry.input(description="Takes a claim back.")
class WithdrawClaimInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="Your claim, of which nothing was approved.")


@strawberry.input(description="Answers what the vendor asked.")
class AnswerClaimInput:
    idempotency_key: str = key_field()
    claim_id: strawberry.ID = strawberry.field(description="Your claim.")
    note: str | None = strawberry.field(default=None, description="The answer, at most 500 characters.")
    file_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list[strawberry.ID], description="More proof; at most 20 files together."
    )


def claim_field() -> Any:
    return strawberry.field(
        graphql_type=nouns.CLAIM | None, description="The claim as it stands now; null if it is not yours to see."
    )


@strawberry.type(description="Claims are submitted under this window from now on.")
class OpenClaimsSuccess:
    campaign: Any = strawberry.field(graphql_type=ClaimCampaign | None, description="What may be claimed.")


@strawberry.type(description="These SKUs may be claimed.")
class SaveEligibleSkusSuccess:
    campaign: Any = strawberry.field(graphql_type=ClaimCampaign | None, description="What may be claimed.")


@strawberry.type(description="The draft says so.")
class SaveClaimSuccess:
    claim: Any = claim_field()


@strawberry.type(description="The vendor has it.")
class SubmitClaimSuccess:
    claim: Any = claim_field()


@strawberry.type(description="It is over.")
class WithdrawClaimSuccess:
    claim: Any = claim_field()


@strawberry.type(description="The vendor has it again.")
class AnswerClaimSuccess:
    claim: Any = claim_field()


@strawberry.type
class ClaimMutation:
    @mutation(
        OpenClaimsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        RulesNotOfCampaign,
        description="Says which sales may be claimed in a program, and by when; what is submitted keeps what held.",
    )
    async def open_claims(self, info: Info, input: OpenClaimsInput) -> Any:
        context = info.context
        program_id = sure(Tag.PROGRAM, input.program_id, "program")
        window = Window(
            sold_from=input.sold_from,
            sold_until=input.sold_until,
            claims_until=input.claims_until,
            answer_days=input.answer_days,
            needs_proof=input.needs_proof,
            needs_serials=input.needs_serials,
        )
        await open_claims(context.door, context.actor, keyed(input), program_id, window)
        return OpenClaimsSuccess(campaign=await context.batches.one(campaigns_of_programs, program_id))

    @mutation(
        SaveEligibleSkusSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Says which SKUs may be claimed for sales of which days.",
    )
    async def save_eligible_skus(self, info: Info, input: SaveEligibleSkusInput) -> Any:
        context = info.context
        program_id = sure(Tag.PROGRAM, input.program_id, "program")
        skus = [EligibleSku(sku=one.sku, valid_from=one.valid_from, valid_until=one.valid_until) for one in input.skus]
        await save_skus(context.door, context.actor, keyed(input), program_id, skus)
        return SaveEligibleSkusSuccess(campaign=await context.batches.one(campaigns_of_programs, program_id))

    @mutation(
        SaveClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ClaimNotInState,
        FileAttached,
        description="Writes your claim down, as a draft that nobody at the vendor sees yet.",
    )
    async def save_claim(self, info: Info, input: SaveClaimInput) -> Any:
        context = info.context
        done = await save_claim(
            context.door,
            context.actor,
            keyed(input),
            program_id=sure(Tag.PROGRAM, input.program_id, "program"),
            claim_id=sure(Tag.CLAIM, input.claim_id, "claim") if input.claim_id else None,
            lines=[one.line() for one in input.lines],
            file_ids=files_said(input.file_ids),
        )
        return SaveClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        SubmitClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ClaimNotInState,
        ClaimNotReady,
        description="Hands your draft in, or says everything that is in the way.",
    )
    async def submit_claim(self, info: Info, input: SubmitClaimInput) -> Any:
        context, claim_id = info.context, sure(Tag.CLAIM, input.claim_id, "claim")
        done = await submit_claim(context.door, context.actor, keyed(input), claim_id)
        return SubmitClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        WithdrawClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ClaimNotInState,
        description="Takes your claim back before anything of it was approved.",
    )
    async def withdraw_claim(self, info: Info, input: WithdrawClaimInput) -> Any:
        context, claim_id = info.context, sure(Tag.CLAIM, input.claim_id, "claim")
        done = await withdraw_claim(context.door, context.actor, keyed(input), claim_id)
        return WithdrawClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))

    @mutation(
        AnswerClaimSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ClaimNotInState,
        FileAttached,
        description="Answers what the vendor asked of your claim.",
    )
    async def answer_claim(self, info: Info, input: AnswerClaimInput) -> Any:
        context, claim_id = info.context, sure(Tag.CLAIM, input.claim_id, "claim")
        file_ids = files_said(input.file_ids)
        done = await answer_claim(
            context.door, context.actor, keyed(input), claim_id, note=input.note, file_ids=file_ids
        )
        return AnswerClaimSuccess(claim=await claim_told(info, done.facts["claim_id"]))


def files_said(texts: list[strawberry.ID]) -> list[UUID]:
    """The files of these ids. Refuses: NotFound for an id of another kind."""
    return [sure(Tag.FILE, one, "file") for one in texts]


async def claim_told(info: Info, claim_id: str) -> Any:
    """The claim as it stands now, as far as whoever acted may see it."""
    return await info.context.batches.one(claims_by_id, UUID(claim_id))
