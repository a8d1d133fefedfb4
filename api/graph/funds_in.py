"""Mutations of funds: the vendor makes, fills and allocates them; more time is asked for and granted."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import LocalizedTextInput, key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.scalars import Points
from domain.funds.defining import allocate_fund, define_fund, fill_fund
from domain.funds.extending import answer_extension, request_extension
from domain.funds.fund import Accrual, EligibleActivity, FundDraft, FundKind
from domain.funds.reading import allocations_by_id, funds_by_id
from domain.funds.refusals import FundExtensionNotOpen, FundsInsufficient, FundTimeOver
from domain.kernel.refusals import AlreadyExists, InvalidInput, KeyReused, NotFound


@strawberry.input(description="Something that the fund pays for.")
class FundActivityInput:
    code: str = strawberry.field(description="1 to 64 of a-z, 0-9, _ . -")
    name: LocalizedTextInput = strawberry.field(description="What it is called.")
    cofund_ppm: int = strawberry.field(default=0, description="What the partner bears of its cost, in millionths.")
    amount_max: Points | None = strawberry.field(default=None, description="What the fund pays at most a request.")


@strawberry.input(description="What partners of a tier accrue.")
class FundTierInput:
    tier: str = strawberry.field(description="The tier.")
    ppm: int = strawberry.field(description="Millionths of the amount, 0 to 1,000,000.")


@strawberry.input(description="What accrues to a fund.")
class FundAccrualInput:
    trigger: str = strawberry.field(description="The type of activity.")
    basis: str = strawberry.field(default="NET", description="Which of its amounts.")
    tiers: list[FundTierInput] = strawberry.field(
        default_factory=list[FundTierInput], description="Parts by tier, at most 20."
    )
    default_ppm: int = strawberry.field(default=0, description="For any other tier and for none, in millionths.")


@strawberry.input(description="A fund for a fiscal year.")
class DefineFundInput:
    idempotency_key: str = key_field()
    code: str = strawberry.field(description="1 to 64 of a-z, 0-9, _ . -; no other fund has it.")
    name: LocalizedTextInput = strawberry.field(description="What it is called.")
    unit: str = strawberry.field(description="What it counts: a currency, or a unit such as hours.")
    kind: FundKind = strawberry.field(description="Where its money comes from.")
    starts_at: datetime = strawberry.field(description="When its year begins.")
    ends_at: datetime = strawberry.field(description="When its year ends, excluded.")
    use_by: datetime = strawberry.field(description="By when money is to be asked for, at the latest the year's end.")
    activities: list[FundActivityInput] = strawberry.field(description="What it pays for, at most 50.")
    reminder_days: list[int] | None = strawberry.field(
        default=None, description="Days before the date, at most ten; 30, 7 and 1 without."
    )
    answer_days: int = strawberry.field(default=14, description="Days to answer a question at least, 1 to 366.")
    claim_days: int = strawberry.field(default=60, description="Days to claim after an activity's end, 1 to 366.")
    rollover_ppm: int = strawberry.field(default=0, description="What of unused money rolls over, in millionths.")
    rolls_from_id: strawberry.ID | None = strawberry.field(default=None, description="The fund of the year before.")
    accrual: FundAccrualInput | None = strawberry.field(default=None, description="For an ACCRUAL fund.")

    def draft(self) -> FundDraft:
        """As the room takes it."""
        accrual = self.accrual and Accrual(
            trigger=self.accrual.trigger,
            basis=self.accrual.basis,
            tiers={one.tier: one.ppm for one in self.accrual.tiers},
            default_ppm=self.accrual.default_ppm,
        )
        return FundDraft(
            code=self.code,
            name=self.name.texts(),
            unit=self.unit,
            kind=self.kind,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            use_by=self.use_by,
            activities=[
                EligibleActivity(
                    code=one.code, name=one.name.texts(), cofund_ppm=one.cofund_ppm, amount_max=one.amount_max
                )
                for one in self.activities
            ],
            reminder_days=(30, 7, 1) if self.reminder_days is None else tuple(self.reminder_days),
            answer_days=self.answer_days,
            claim_days=self.claim_days,
            rollover_ppm=self.rollover_ppm,
            accrual=accrual,
        )


@strawberry.input(description="Puts money into a fund's pool.")
class FillFundInput:
    idempotency_key: str = key_field()
    fund_id: strawberry.ID = strawberry.field(description="The fund.")
    amount: Points = strawberry.field(description="How much, in minor units, positive.")
    reason: str = strawberry.field(description="Why, for the journal, 1 to 500 characters.")


@strawberry.input(description="Gives a partner a part of a fund, out of its pool.")
class AllocateFundInput:
    idempotency_key: str = key_field()
    fund_id: strawberry.ID = strawberry.field(description="The fund.")
    partner_id: strawberry.ID = strawberry.field(description="The partner.")
    amount: Points = strawberry.field(description="How much more, in minor units, positive.")


@strawberry.input(description="Asks for more time before money is lost.")
class RequestFundExtensionInput:
    idempotency_key: str = key_field()
    allocation_id: strawberry.ID = strawberry.field(description="Your firm's allocation.")
    until: datetime = strawberry.field(description="Until when, at the latest the end of the fund's year.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Answers who asked for more time.")
class AnswerFundExtensionInput:
    idempotency_key: str = key_field()
    allocation_id: strawberry.ID = strawberry.field(description="The allocation.")
    is_granted: bool = strawberry.field(description="Whether the time is granted.")
    note: str | None = strawberry.field(default=None, description="For the partner, at most 500 characters.")


@strawberry.type(description="The fund exists.")
class DefineFundSuccess:
    fund: Any = strawberry.field(graphql_type=nouns.FUND | None, description="The fund.")


@strawberry.type(description="The pool holds more.")
class FillFundSuccess:
    fund: Any = strawberry.field(graphql_type=nouns.FUND | None, description="The fund as it stands now.")


@strawberry.type(description="The partner has more.")
class AllocateFundSuccess:
    allocation: Any = strawberry.field(graphql_type=nouns.FUND_ALLOCATION | None, description="As it stands now.")


@strawberry.type(description="The vendor was asked; the clock stands still until they answer.")
class RequestFundExtensionSuccess:
    allocation: Any = strawberry.field(graphql_type=nouns.FUND_ALLOCATION | None, description="As it stands now.")


@strawberry.type(description="The partner has the answer.")
class AnswerFundExtensionSuccess:
    allocation: Any = strawberry.field(graphql_type=nouns.FUND_ALLOCATION | None, description="As it stands now.")


@strawberry.type
class FundMutation:
    @mutation(
        DefineFundSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        AlreadyExists,
        description="Makes a fund for a fiscal year, with the list of what it pays for.",
    )
    async def define_fund(self, info: Info, input: DefineFundInput) -> Any:
        context = info.context
        former = sure(Tag.FUND, input.rolls_from_id, "fund") if input.rolls_from_id else None
        done = await define_fund(context.door, context.actor, keyed(input), input.draft(), rolls_from_id=former)
        return DefineFundSuccess(fund=await context.batches.one(funds_by_id, UUID(done.facts["fund_id"])))

    @mutation(
        FillFundSuccess, NotFound, InvalidInput, KeyReused, description="Puts money into a fund's pool, with a reason."
    )
    async def fill_fund(self, info: Info, input: FillFundInput) -> Any:
        context, fund_id = info.context, sure(Tag.FUND, input.fund_id, "fund")
        await fill_fund(context.door, context.actor, keyed(input), fund_id, input.amount, input.reason)
        return FillFundSuccess(fund=await context.batches.one(funds_by_id, fund_id))

    @mutation(
        AllocateFundSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundsInsufficient,
        FundTimeOver,
        description="Gives a partner more of a fund, out of its pool.",
    )
    async def allocate_fund(self, info: Info, input: AllocateFundInput) -> Any:
        context = info.context
        done = await allocate_fund(
            context.door,
            context.actor,
            keyed(input),
            fund_id=sure(Tag.FUND, input.fund_id, "fund"),
            partner_id=sure(Tag.PARTNER, input.partner_id, "partner"),
            amount=input.amount,
        )
        return AllocateFundSuccess(allocation=await _allocation_told(info, done.facts["allocation_id"]))

    @mutation(
        RequestFundExtensionSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundExtensionNotOpen,
        FundTimeOver,
        description="Asks for more time; nothing is lost before the vendor has answered.",
    )
    async def request_fund_extension(self, info: Info, input: RequestFundExtensionInput) -> Any:
        context = info.context
        allocation_id = sure(Tag.FUND_ALLOCATION, input.allocation_id, "fund allocation")
        done = await request_extension(
            context.door, context.actor, keyed(input), allocation_id, until=input.until, reason=input.reason
        )
        return RequestFundExtensionSuccess(allocation=await _allocation_told(info, done.facts["allocation_id"]))

    @mutation(
        AnswerFundExtensionSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        FundExtensionNotOpen,
        description="Grants or refuses more time.",
    )
    async def answer_fund_extension(self, info: Info, input: AnswerFundExtensionInput) -> Any:
        context = info.context
        allocation_id = sure(Tag.FUND_ALLOCATION, input.allocation_id, "fund allocation")
        done = await answer_extension(
            context.door, context.actor, keyed(input), allocation_id, is_granted=input.is_granted, note=input.note
        )
        return AnswerFundExtensionSuccess(allocation=await _allocation_told(info, done.facts["allocation_id"]))


async def _allocation_told(info: Info, allocation_id: str) -> Any:
    return await info.context.batches.one(allocations_by_id, UUID(allocation_id))
