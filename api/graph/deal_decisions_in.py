"""Mutations by which the vendor answers registrations: reviewed, decided, extended, won, corrected, reassigned."""

from datetime import datetime
from typing import Any

import strawberry

from api.graph.context import Info
from api.graph.deals_in import deal_field, deal_now
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.scalars import Points
from domain.activities.refusals import OccursInFuture
from domain.deals.closing import Win, correct_win, win_deal
from domain.deals.deciding import Decided, Decision, decide_deal, review_deal
from domain.deals.drafting import define_policy
from domain.deals.extending import answer_extension
from domain.deals.policy import DealPolicy
from domain.deals.reassigning import reassign_deal
from domain.deals.refusals import CustomerProtected, DealActionNotAvailable, WinTooLate
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="Somebody looks at a registration.")
class ReviewDealInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")


@strawberry.input(description="What is decided on a registration.")
class DecideDealInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")
    decision: Decision = strawberry.field(description="What is decided.")
    reason: str | None = strawberry.field(default=None, description="A code of 1 to 32 characters; needed to reject.")
    note: str | None = strawberry.field(
        default=None, description="To its partner, 1 to 2,000 characters; needed to return. Name no other partner."
    )
    displace_holder: bool = strawberry.field(
        default=False, description="With APPROVE: whoever has the customer loses it to this registration."
    )


@strawberry.input(description="The answer to a request for more time.")
class AnswerDealExtensionInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")
    granted: bool = strawberry.field(description="True for as many days more as its policy says.")


@strawberry.input(description="A registered deal was won.")
class WinDealInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")
    won_at: datetime = strawberry.field(description="When.")
    net: Points = strawberry.field(description="What for, after discount, in minor units.")
    currency: str = strawberry.field(description="ISO 4217 code.")
    list_amount: Points | None = strawberry.field(default=None, description="The same before discount.")
    opportunity: str | None = strawberry.field(default=None, description="The opportunity in a CRM.")


@strawberry.input(description="A won deal reads otherwise.")
class CorrectDealWinInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")
    won_at: datetime = strawberry.field(description="When it was won.")
    net: Points = strawberry.field(description="What for, after discount, in minor units.")
    currency: str = strawberry.field(description="ISO 4217 code.")
    list_amount: Points | None = strawberry.field(default=None, description="The same before discount.")
    opportunity: str | None = strawberry.field(default=None, description="The opportunity in a CRM.")


@strawberry.input(description="Somebody else is to work on a protected deal.")
class ReassignDealInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")
    member_id: strawberry.ID = strawberry.field(description="Who; their partner has the registration then.")
    reason: str = strawberry.field(description="Why, for the audit log, 1 to 2,000 characters.")


@strawberry.input(description="The bounds of a policy; registrations that were submitted before keep theirs.")
class DefineDealPolicyInput:
    idempotency_key: str = key_field()
    code: str = strawberry.field(default="standard", description="Its code, 1 to 64 characters.")
    protection_days: int = strawberry.field(default=90, description="How long protection lasts, 1 to 730 days.")
    extension_days: int = strawberry.field(default=30, description="By how much it is prolonged, 1 to 365 days.")
    extensions_max: int = strawberry.field(default=2, description="How often, 0 to 10 times.")
    answer_days: int = strawberry.field(default=14, description="To answer what was returned, 1 to 90 days.")
    dispute_days: int = strawberry.field(default=10, description="To give evidence, 1 to 90 days.")
    grace_days: int = strawberry.field(default=30, description="To win after protection, 0 to 365 days.")


@strawberry.type(description="Somebody looks at it.")
class ReviewDealSuccess:
    deal: Any = deal_field()


@strawberry.type(description="It is decided.")
class DecideDealSuccess:
    deal: Any = deal_field()


@strawberry.type(description="It is answered.")
class AnswerDealExtensionSuccess:
    deal: Any = deal_field()


@strawberry.type(description="It is WON, and earns what the terms of that instant say.")
class WinDealSuccess:
    deal: Any = deal_field()


@strawberry.type(description="It reads so, and what it earned follows.")
class CorrectDealWinSuccess:
    deal: Any = deal_field()


@strawberry.type(description="Somebody else has it.")
class ReassignDealSuccess:
    deal: Any = deal_field()


@strawberry.type(description="It binds what is submitted from now on.")
class DefineDealPolicySuccess:
    code: str = strawberry.field(description="The policy's code.")


@strawberry.type
class DealDecisionMutation:
    @mutation(
        ReviewDealSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        description="Somebody looks at a submitted registration.",
    )
    async def review_deal(self, info: Info, input: ReviewDealInput) -> Any:
        context = info.context
        done = await review_deal(context.door, context.actor, keyed(input), sure(Tag.DEAL, input.deal_id, "deal"))
        return ReviewDealSuccess(deal=await deal_now(info, done))

    @mutation(
        DecideDealSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        CustomerProtected,
        description="Approves a registration (its partner is protected from now), rejects it, or returns it.",
    )
    async def decide_deal(self, info: Info, input: DecideDealInput) -> Any:
        context = info.context
        decided = Decided(
            decision=input.decision, reason=input.reason, note=input.note, displaces=input.displace_holder
        )
        deal_id = sure(Tag.DEAL, input.deal_id, "deal")
        done = await decide_deal(context.door, context.knowledge, context.actor, keyed(input), deal_id, decided)
        return DecideDealSuccess(deal=await deal_now(info, done))

    @mutation(
        AnswerDealExtensionSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        description="Grants or denies a longer protection; denied, it has as much time left as when it was asked.",
    )
    async def answer_deal_extension(self, info: Info, input: AnswerDealExtensionInput) -> Any:
        context = info.context
        deal_id = sure(Tag.DEAL, input.deal_id, "deal")
        done = await answer_extension(context.door, context.actor, keyed(input), deal_id, granted=input.granted)
        return AnswerDealExtensionSuccess(deal=await deal_now(info, done))

    @mutation(
        WinDealSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        CustomerProtected,
        WinTooLate,
        OccursInFuture,
        description="A registered deal was won, in its protection or in the grace that follows it.",
    )
    async def win_deal(self, info: Info, input: WinDealInput) -> Any:
        context = info.context
        deal_id = sure(Tag.DEAL, input.deal_id, "deal")
        done = await win_deal(context.door, context.knowledge, context.actor, keyed(input), deal_id, _win(input))
        return WinDealSuccess(deal=await deal_now(info, done))

    @mutation(
        CorrectDealWinSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        WinTooLate,
        OccursInFuture,
        description="A won deal reads otherwise, whole; what it earned follows.",
    )
    async def correct_deal_win(self, info: Info, input: CorrectDealWinInput) -> Any:
        context = info.context
        deal_id = sure(Tag.DEAL, input.deal_id, "deal")
        done = await correct_win(context.door, context.knowledge, context.actor, keyed(input), deal_id, _win(input))
        return CorrectDealWinSuccess(deal=await deal_now(info, done))

    @mutation(
        ReassignDealSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        description="Gives a protected deal to somebody else, with a reason; neither side hears of the other.",
    )
    async def reassign_deal(self, info: Info, input: ReassignDealInput) -> Any:
        context = info.context
        deal_id, member_id = sure(Tag.DEAL, input.deal_id, "deal"), sure(Tag.MEMBER, input.member_id, "member")
        done = await reassign_deal(context.door, context.actor, keyed(input), deal_id, member_id, input.reason)
        return ReassignDealSuccess(deal=await deal_now(info, done))

    @mutation(
        DefineDealPolicySuccess,
        InvalidInput,
        KeyReused,
        description="Says what binds registrations that are submitted from now on.",
    )
    async def define_deal_policy(self, info: Info, input: DefineDealPolicyInput) -> Any:
        context = info.context
        policy = DealPolicy(
            protection_days=input.protection_days,
            extension_days=input.extension_days,
            extensions_max=input.extensions_max,
            answer_days=input.answer_days,
            dispute_days=input.dispute_days,
            grace_days=input.grace_days,
        )
        done = await define_policy(context.door, context.actor, keyed(input), input.code, policy)
        return DefineDealPolicySuccess(code=done.facts["code"])


def _win(said: WinDealInput | CorrectDealWinInput) -> Win:
    return Win(
        won_at=said.won_at,
        net=said.net,
        currency=said.currency,
        list_amount=said.list_amount,
        opportunity=said.opportunity,
    )
