"""Mutations of who fulfils: orders are claimed, completed, tried again; where goods are, and where they go instead."""

from datetime import date
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fulfilment import ClaimedFulfilment, FulfilmentAttempt, FulfilmentResult
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import json_object, keyed, mutation, sure
from api.graph.redemptions_in import AddressInput
from api.graph.scalars import Json
from catalog.redemptions.address import checked_address
from catalog.redemptions.delivering import correct_delivery, report_delivery
from catalog.redemptions.leasing import Completion, CompletionItem, claim_fulfilments, complete_fulfilments
from catalog.redemptions.machine import Delivery
from catalog.redemptions.queues import attempts_by_id
from catalog.redemptions.reading import lines_by_id
from catalog.redemptions.refusals import ActionNotAvailable, AddressNeeded, NotParked
from catalog.redemptions.retrying import retry_fulfilment
from catalog.suppliers.outcomes import Goods, RefusalReason
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.input(description="How many orders, and for how long they are yours.")
class ClaimFulfilmentsInput:
    idempotency_key: str = key_field()
    first: int = strawberry.field(default=25, description="At most so many orders, 1 to 100.")
    lease_seconds: int = strawberry.field(default=600, description="For so many seconds, 10 to 3,600.")
    supplier_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose orders; a key has its own supplier's and names none."
    )


@strawberry.input(description="What is handed over with a delivered order, to be sealed; a code, a link or a serial.")
class DeliveredGoodsInput:
    code: str | None = strawberry.field(default=None, description="The code.")
    pin: str | None = strawberry.field(default=None, description="Its PIN.")
    url: str | None = strawberry.field(default=None, description="The link where it is claimed.")
    serial: str | None = strawberry.field(default=None, description="Its serial number.")
    expires_on: date | None = strawberry.field(default=None, description="The last day it is good.")


@strawberry.input(description="What came of one claimed order.")
class FulfilmentReportInput:
    attempt_id: strawberry.ID = strawberry.field(description="The attempt that you claimed.")
    fence: int = strawberry.field(description="The fence of your claim.")
    outcome: Completion = strawberry.field(description="What came of it.")
    reason: RefusalReason | None = strawberry.field(default=None, description="Why it was REFUSED.")
    after_seconds: int | None = strawberry.field(default=None, description="LATER: when to hand it out again.")
    reference: str | None = strawberry.field(default=None, description="Your own id, at most 128 characters.")
    goods: DeliveredGoodsInput | None = strawberry.field(default=None, description="What was delivered, if sealed.")
    tracking: Json | None = strawberry.field(default=None, description="An object of at most 10 texts.")

    def item(self) -> CompletionItem:
        """As the room takes it. Refuses: NotFound (an id of another kind); InvalidInput (tracking)."""
        return CompletionItem(
            attempt_id=sure(Tag.ATTEMPT, self.attempt_id, "fulfilment attempt"),
            fence=self.fence,
            outcome=self.outcome,
            reason=self.reason,
            after_seconds=self.after_seconds,
            reference=self.reference,
            goods=None if self.goods is None else Goods(**vars(self.goods)),
            tracking=None if self.tracking is None else json_object(self.tracking, "tracking"),
        )


@strawberry.input(description="What came of claimed orders; (attempt, fence) is the key: again, nothing happens.")
class CompleteFulfilmentInput:
    items: list[FulfilmentReportInput] = strawberry.field(
        description="At least one report, at most 100; each attempt once."
    )


@strawberry.input(description="An open order that is to be tried again now.")
class RetryFulfilmentInput:
    idempotency_key: str = key_field()
    attempt_id: strawberry.ID = strawberry.field(description="The open attempt.")


@strawberry.input(description="Where a fulfilled line's goods are.")
class ReportDeliveryInput:
    idempotency_key: str = key_field()
    line_id: strawberry.ID = strawberry.field(description="The line.")
    delivery: Delivery = strawberry.field(description="DELIVERED or BOUNCED.")
    tracking: Json | None = strawberry.field(default=None, description="An object of at most 10 texts.")


@strawberry.input(description="A line that bounced, and where it goes instead.")
class CorrectDeliveryInput:
    idempotency_key: str = key_field()
    line_id: strawberry.ID = strawberry.field(description="The line that bounced.")
    address: AddressInput = strawberry.field(description="Where it goes instead.")


@strawberry.type(description="The orders are yours until their lease ends.")
class ClaimFulfilmentsSuccess:
    orders: list[ClaimedFulfilment] = strawberry.field(description="The claimed orders, at most 100.")


@strawberry.type(description="Each report has its own result.")
class CompleteFulfilmentSuccess:
    results: list[FulfilmentResult] = strawberry.field(description="In the order of the reports, at most 100.")


@strawberry.type(description="The order is tried again now.")
class RetryFulfilmentSuccess:
    attempt: Any = strawberry.field(graphql_type=FulfilmentAttempt | None, description="The attempt.")


@strawberry.type(description="It is known where the goods are.")
class ReportDeliverySuccess:
    line: Any = strawberry.field(graphql_type=nouns.REDEMPTION_LINE | None, description="The line, if it is yours.")


@strawberry.type(description="The goods go to the corrected address.")
class CorrectDeliverySuccess:
    line: Any = strawberry.field(graphql_type=nouns.REDEMPTION_LINE | None, description="The line.")


@strawberry.type
class FulfilmentMutation:
    @mutation(
        ClaimFulfilmentsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Leases waiting orders of a supplier that fetches its orders, or of one that people serve by hand.",
    )
    async def claim_fulfilments(self, info: Info, input: ClaimFulfilmentsInput) -> Any:
        context = info.context
        claims = await claim_fulfilments(
            context.door,
            context.actor,
            keyed(input),
            context.keyring,
            first=input.first,
            lease_seconds=input.lease_seconds,
            supplier_id=sure(Tag.SUPPLIER, input.supplier_id, "supplier") if input.supplier_id else None,
        )
        return ClaimFulfilmentsSuccess(orders=list(claims))  # pyright: ignore[reportArgumentType]  # records stand for types

    @mutation(
        CompleteFulfilmentSuccess,
        NotFound,
        InvalidInput,
        description="Reports what came of claimed orders; codes are sealed at once, and a stale lease changes nothing.",
    )
    async def complete_fulfilment(self, info: Info, input: CompleteFulfilmentInput) -> Any:
        context = info.context
        items = [one.item() for one in input.items]
        results = await complete_fulfilments(context.door, context.actor, context.keyring, items)
        return CompleteFulfilmentSuccess(results=list(results))  # pyright: ignore[reportArgumentType]  # records stand for types

    @mutation(
        RetryFulfilmentSuccess,
        NotFound,
        NotParked,
        InvalidInput,
        KeyReused,
        description="Has an open order tried again now; what may have been delivered is asked about, never sent twice.",
    )
    async def retry_fulfilment(self, info: Info, input: RetryFulfilmentInput) -> Any:
        context = info.context
        attempt_id = sure(Tag.ATTEMPT, input.attempt_id, "fulfilment attempt")
        await retry_fulfilment(context.door, context.actor, keyed(input), attempt_id)
        return RetryFulfilmentSuccess(attempt=await context.batches.one(attempts_by_id, attempt_id))

    @mutation(
        ReportDeliverySuccess,
        NotFound,
        InvalidInput,
        ActionNotAvailable,
        KeyReused,
        description="Tells that fulfilled goods were delivered or came back, by their supplier or the vendor's people.",
    )
    async def report_delivery(self, info: Info, input: ReportDeliveryInput) -> Any:
        context = info.context
        line_id = sure(Tag.REDEMPTION_LINE, input.line_id, "line")
        tracking = None if input.tracking is None else json_object(input.tracking, "tracking")
        await report_delivery(
            context.door, context.actor, keyed(input), line_id=line_id, delivery=input.delivery, tracking=tracking
        )
        return ReportDeliverySuccess(line=await _line(info, line_id))

    @mutation(
        CorrectDeliverySuccess,
        NotFound,
        InvalidInput,
        ActionNotAvailable,
        AddressNeeded,
        KeyReused,
        description="Sends what bounced to a corrected address; it is the same order, and costs nothing more.",
    )
    async def correct_delivery(self, info: Info, input: CorrectDeliveryInput) -> Any:
        context = info.context
        line_id = sure(Tag.REDEMPTION_LINE, input.line_id, "line")
        recipient = checked_address(input.address.recipient(), is_needed=False)
        assert recipient is not None, "an address was given"
        await correct_delivery(
            context.door, context.actor, keyed(input), context.keyring, line_id=line_id, recipient=recipient
        )
        return CorrectDeliverySuccess(line=await _line(info, line_id))


async def _line(info: Info, line_id: UUID) -> Any:
    return await info.context.batches.one(lines_by_id, line_id)
