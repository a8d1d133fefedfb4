"""Mutations by which partners register deals: drafted, submitted, disputed, extended, lost, cancelled."""

from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.customers import CustomerInput
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.scalars import Points
from domain.deals.closing import cancel_deal, lose_deal
from domain.deals.disputing import dispute_deal
from domain.deals.drafting import edit_deal
from domain.deals.extending import request_extension
from domain.deals.reading import deals_by_id
from domain.deals.refusals import DealActionNotAvailable, DealPolicyUnknown, DisputeOver, NoExtensionLeft
from domain.deals.registration import DealSaid
from domain.deals.submitting import register_deals, submit_deal
from domain.files.refusals import FileAttached
from domain.kernel.money import Amount
from domain.kernel.operation import Outcome
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="A deal as its partner describes it.")
class DealInput:
    title: str = strawberry.field(description="What you call it, 1 to 200 characters.")
    customer: CustomerInput = strawberry.field(description="Who is to buy.")
    products: list[str] = strawberry.field(
        default_factory=list[str], description="For which products, at most 50 codes; none: all of them."
    )
    opportunity: str | None = strawberry.field(
        default=None, description="The opportunity in a CRM, 1 to 64 characters."
    )
    value: Points | None = strawberry.field(default=None, description="What it may be worth, in minor units.")
    currency: str | None = strawberry.field(default=None, description="ISO 4217 code of its value.")

    def said(self) -> DealSaid:
        """As the room takes it. Refuses: InvalidInput for a value without a currency, or the other way round."""
        if (self.value is None) != (self.currency is None):
            raise InvalidInput(field="currency", problem="goes with a value")
        value = None if self.value is None else Amount(minor=self.value, unit=self.currency or "")
        return DealSaid(
            title=self.title,
            customer=self.customer.said(),
            products=tuple(self.products),
            opportunity=self.opportunity,
            value=value,
        )


@strawberry.input(description="Deals to register, in this order.")
class RegisterDealsInput:
    idempotency_key: str = key_field()
    deals: list[DealInput] = strawberry.field(description="The deals, at most 100.")
    member_id: strawberry.ID | None = strawberry.field(default=None, description="In whose name; by default in yours.")
    policy: str | None = strawberry.field(default=None, description="The code of a policy; by default `standard`.")
    submit: bool = strawberry.field(default=True, description="False leaves them as drafts.")


@strawberry.input(description="A draft, or what was returned, reads otherwise.")
class EditDealInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")
    deal: DealInput = strawberry.field(description="How it reads, whole.")


@strawberry.input(description="Submits a registration.")
class SubmitDealInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")


@strawberry.input(description="Evidence for a registration that something stands in the way of.")
class DisputeDealInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")
    note: str = strawberry.field(description="What speaks for you, 1 to 2,000 characters.")
    file_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list[strawberry.ID], description="Files of yours that show it, at most ten."
    )


@strawberry.input(description="Asks for a longer protection.")
class RequestDealExtensionInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")
    progress: str = strawberry.field(description="The progress since it was approved, 10 to 2,000 characters.")


@strawberry.input(description="A deal that will not be won, or was not after all.")
class LoseDealInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")
    note: str | None = strawberry.field(default=None, description="Why, 1 to 2,000 characters.")


@strawberry.input(description="A registration that is given up.")
class CancelDealInput:
    idempotency_key: str = key_field()
    deal_id: strawberry.ID = strawberry.field(description="The registration.")
    note: str | None = strawberry.field(default=None, description="Why, 1 to 2,000 characters.")


def deal_field() -> Any:
    """The registration as a mutation leaves it."""
    return strawberry.field(graphql_type=nouns.DEAL | None, description="The registration as it stands now.")


@strawberry.type(description="What became of one deal of a batch: its registration, or what is wrong with it.")
class RegisteredDealResult:
    deal: Any = deal_field()
    field: str | None = strawberry.field(description="The input field that is wrong, null where none is.")
    problem: str | None = strawberry.field(description="What is wrong with it, in English.")


@strawberry.type(description="Every deal of the batch ended on its own.")
class RegisterDealsSuccess:
    results: list[RegisteredDealResult] = strawberry.field(description="In the order of the deals, at most 100.")


@strawberry.type(description="It reads so.")
class EditDealSuccess:
    deal: Any = deal_field()


@strawberry.type(description="It is SUBMITTED, IN_REVIEW, or REJECTED because somebody was first.")
class SubmitDealSuccess:
    deal: Any = deal_field()


@strawberry.type(description="The vendor has the case.")
class DisputeDealSuccess:
    deal: Any = deal_field()


@strawberry.type(description="The vendor is asked; the clock stands still.")
class RequestDealExtensionSuccess:
    deal: Any = deal_field()


@strawberry.type(description="It is LOST.")
class LoseDealSuccess:
    deal: Any = deal_field()


@strawberry.type(description="It is CANCELLED, and its customer free.")
class CancelDealSuccess:
    deal: Any = deal_field()


@strawberry.type
class DealMutation:
    @mutation(
        RegisterDealsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealPolicyUnknown,
        description="Registers deals: the first valid one for a customer and product wins, by the server's clock.",
    )
    async def register_deals(self, info: Info, input: RegisterDealsInput) -> Any:
        context = info.context
        done = await register_deals(
            context.door,
            context.actor,
            keyed(input),
            [deal.said() for deal in input.deals],
            member_id=sure(Tag.MEMBER, input.member_id, "member") if input.member_id else None,
            policy=input.policy,
            submit=input.submit,
        )
        return RegisterDealsSuccess(results=[await _result(info, item) for item in done.facts["items"]])

    @mutation(
        EditDealSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        description="A draft, or what was returned, reads otherwise; the customer stays once it was submitted.",
    )
    async def edit_deal(self, info: Info, input: EditDealInput) -> Any:
        context = info.context
        deal_id = sure(Tag.DEAL, input.deal_id, "deal")
        done = await edit_deal(context.door, context.actor, keyed(input), deal_id, input.deal.said())
        return EditDealSuccess(deal=await deal_now(info, done))

    @mutation(
        SubmitDealSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        description="Submits a draft, or again what was returned.",
    )
    async def submit_deal(self, info: Info, input: SubmitDealInput) -> Any:
        context = info.context
        done = await submit_deal(context.door, context.actor, keyed(input), sure(Tag.DEAL, input.deal_id, "deal"))
        return SubmitDealSuccess(deal=await deal_now(info, done))

    @mutation(
        DisputeDealSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        DisputeOver,
        FileAttached,
        description="Gives evidence before it is due: the vendor looks at it, and your clock stands still meanwhile.",
    )
    async def dispute_deal(self, info: Info, input: DisputeDealInput) -> Any:
        context = info.context
        deal_id = sure(Tag.DEAL, input.deal_id, "deal")
        files = [sure(Tag.FILE, one, "file") for one in input.file_ids]
        done = await dispute_deal(context.door, context.actor, keyed(input), deal_id, input.note, files)
        return DisputeDealSuccess(deal=await deal_now(info, done))

    @mutation(
        RequestDealExtensionSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        NoExtensionLeft,
        description="Asks for a longer protection, with the progress that was made.",
    )
    async def request_deal_extension(self, info: Info, input: RequestDealExtensionInput) -> Any:
        context = info.context
        deal_id = sure(Tag.DEAL, input.deal_id, "deal")
        done = await request_extension(context.door, context.actor, keyed(input), deal_id, input.progress)
        return RequestDealExtensionSuccess(deal=await deal_now(info, done))

    @mutation(
        LoseDealSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        description="The deal is lost; what a won one earned is taken back, which only the vendor can do.",
    )
    async def lose_deal(self, info: Info, input: LoseDealInput) -> Any:
        context = info.context
        deal_id = sure(Tag.DEAL, input.deal_id, "deal")
        done = await lose_deal(context.door, context.knowledge, context.actor, keyed(input), deal_id, input.note)
        return LoseDealSuccess(deal=await deal_now(info, done))

    @mutation(
        CancelDealSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DealActionNotAvailable,
        description="Gives a registration up: its customer is free.",
    )
    async def cancel_deal(self, info: Info, input: CancelDealInput) -> Any:
        context = info.context
        deal_id = sure(Tag.DEAL, input.deal_id, "deal")
        done = await cancel_deal(context.door, context.knowledge, context.actor, keyed(input), deal_id, input.note)
        return CancelDealSuccess(deal=await deal_now(info, done))


async def deal_now(info: Info, done: Outcome) -> Any:
    """The registration that an operation speaks of, as it stands now."""
    return await info.context.batches.one(deals_by_id, UUID(done.facts["deal_id"]))


async def _result(info: Info, item: dict[str, Any]) -> Any:
    deal_id = item.get("deal_id")
    return RegisteredDealResult(
        deal=await info.context.batches.one(deals_by_id, UUID(deal_id)) if deal_id else None,
        field=item.get("field"),
        problem=item.get("problem"),
    )
