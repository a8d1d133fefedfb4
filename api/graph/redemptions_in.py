"""Mutations of redemptions: asking for a quote, accepting it, and what the member and the vendor may do afterwards."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.quotes import Quote
from catalog.redemptions.address import ADDRESS_LINES_MAX
from catalog.redemptions.approving import approve, reject
from catalog.redemptions.ending import cancel_lines, refund_lines
from catalog.redemptions.quote import Wanted
from catalog.redemptions.quoting import quote
from catalog.redemptions.reading import redemptions_by_id
from catalog.redemptions.redeeming import Redeeming, redeem
from catalog.redemptions.refusals import (
    ActionNotAvailable,
    AddressNeeded,
    CannotRedeem,
    QuoteExpired,
    QuoteRedeemed,
    TaxThresholdReached,
)
from catalog.suppliers.outcomes import Recipient
from domain.access.refusals import RateLimited
from domain.kernel.operation import Outcome
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.ledger.reading import wallets_by_id
from domain.ledger.refusals import InsufficientPoints, WalletInDebt

LINES_SAY = "Which lines, at most 20; all that can be, if none are named."


@strawberry.input(description="So many units of one denomination.")
class QuoteLineInput:
    denomination_id: strawberry.ID = strawberry.field(description="The denomination.")
    quantity: int = strawberry.field(default=1, description="How many units, 1 to 20.")


@strawberry.input(description="What is to be priced.")
class QuoteRedemptionInput:
    lines: list[QuoteLineInput] = strawberry.field(
        description="At most 10 different denominations, at most 20 units in all, priced in one unit."
    )
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="For whom, where that is not you: for support and keys with fulfilment:write."
    )


@strawberry.input(description="Where goods go. It is sealed at once, and opened only to deliver.")
class AddressInput:
    name: str = strawberry.field(description="To whom, 1 to 200 characters.")
    lines: list[str] = strawberry.field(
        default_factory=list[str], description=f"Street and number, at most {ADDRESS_LINES_MAX} of 200 characters."
    )
    city: str | None = strawberry.field(default=None, description="1 to 200 characters.")
    postcode: str | None = strawberry.field(default=None, description="1 to 200 characters.")
    region: str | None = strawberry.field(default=None, description="1 to 200 characters.")
    country: str | None = strawberry.field(default=None, description="Two capital letters, ISO 3166.")
    email: str | None = strawberry.field(default=None, description="1 to 200 characters.")
    phone: str | None = strawberry.field(default=None, description="1 to 200 characters.")

    def recipient(self) -> Recipient:
        """As the room of redemptions takes it."""
        said: dict[str, Any] = {**vars(self)}
        said["lines"] = tuple(self.lines)
        return Recipient(**said)


@strawberry.input(description="Accepts a quote.")
class RedeemInput:
    idempotency_key: str = key_field()
    quote_id: strawberry.ID = strawberry.field(description="The quote; its prices stand until it expires.")
    address: AddressInput | None = strawberry.field(default=None, description="Needed if the quote says so.")
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose quote it is, where that is not you."
    )


@strawberry.input  # never named by a field: the schema shows only those that extend it
class _LinesInput:
    idempotency_key: str = key_field()
    redemption_id: strawberry.ID = strawberry.field(description="The order.")
    line_ids: list[strawberry.ID] | None = strawberry.field(default=None, description=LINES_SAY)


@strawberry.input(description="Takes back what is not ordered yet.")
class CancelRedemptionInput(_LinesInput):
    pass


@strawberry.input(description="Lets lines through.")
class ApproveRedemptionInput(_LinesInput):
    pass


@strawberry.input(description="Turns lines down.")
class RejectRedemptionInput(_LinesInput):
    note: str | None = strawberry.field(default=None, description="Why, for the audit log; at most 500 characters.")


@strawberry.input(description="Gives back what delivered lines cost.")
class RefundRedemptionInput(_LinesInput):
    reason: str = strawberry.field(description="Why, 1 to 32 characters: it is shown to the member.")


@strawberry.type(description="The quote; nothing is held or taken by it.")
class QuoteRedemptionSuccess:
    quote: Quote = strawberry.field(description="What it costs, and until when that stands.")


@strawberry.type  # as above
class _OrderMoved:
    redemption: Any = strawberry.field(
        graphql_type=nouns.REDEMPTION | None, description="The order as it stands now; null if it is not yours to see."
    )
    wallet: Any = strawberry.field(
        graphql_type=nouns.WALLET | None,
        description="The wallet as it stands now; null if it cost nothing, or is not yours to see.",
    )


@strawberry.type(description="It is ordered, or waits as its lines say.")
class RedeemSuccess(_OrderMoved):
    pass


@strawberry.type(description="The lines are cancelled, their points back.")
class CancelRedemptionSuccess(_OrderMoved):
    pass


@strawberry.type(description="The lines are ordered.")
class ApproveRedemptionSuccess(_OrderMoved):
    pass


@strawberry.type(description="The lines have failed, their points are back.")
class RejectRedemptionSuccess(_OrderMoved):
    pass


@strawberry.type(description="The lines are refunded: their points are back, their codes void.")
class RefundRedemptionSuccess(_OrderMoved):
    pass


@strawberry.type
class RedemptionMutation:
    @mutation(
        QuoteRedemptionSuccess,
        NotFound,
        InvalidInput,
        RateLimited,
        CannotRedeem,
        InsufficientPoints,
        WalletInDebt,
        description="Says what something costs now, from which points it would be paid, or why you cannot have it.",
    )
    async def quote_redemption(self, info: Info, input: QuoteRedemptionInput) -> Any:
        context = info.context
        lines = [
            Wanted(denomination_id=sure(Tag.DENOMINATION, line.denomination_id, "denomination"), quantity=line.quantity)
            for line in input.lines
        ]
        found = await quote(context.door, context.actor, lines, context.shop, on_behalf_of=_member(input.member_id))
        return QuoteRedemptionSuccess(quote=found)  # pyright: ignore[reportArgumentType] the record of the type

    @mutation(
        RedeemSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        RateLimited,
        QuoteExpired,
        QuoteRedeemed,
        CannotRedeem,
        AddressNeeded,
        TaxThresholdReached,
        InsufficientPoints,
        WalletInDebt,
        description="Accepts a quote: its points are held, its goods set aside and ordered, at the quoted prices.",
    )
    async def redeem(self, info: Info, input: RedeemInput) -> Any:
        context = info.context
        accepted = Redeeming(
            quote_id=sure(Tag.QUOTE, input.quote_id, "quote"),
            recipient=input.address.recipient() if input.address else None,
            on_behalf_of=_member(input.member_id),
        )
        done = await redeem(context.door, context.actor, keyed(input), accepted, context.shop, context.keyring)
        return await _answered(info, RedeemSuccess, done)

    @mutation(
        CancelRedemptionSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ActionNotAvailable,
        description="Cancels your lines before they are ordered: points, stock and codes go back.",
    )
    async def cancel_redemption(self, info: Info, input: CancelRedemptionInput) -> Any:
        context = info.context
        done = await cancel_lines(context.door, context.actor, keyed(input), *_meant(input))
        return await _answered(info, CancelRedemptionSuccess, done)

    @mutation(
        ApproveRedemptionSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ActionNotAvailable,
        description="Lets lines through that wait for approval; they are ordered at once.",
    )
    async def approve_redemption(self, info: Info, input: ApproveRedemptionInput) -> Any:
        context = info.context
        done = await approve(context.door, context.actor, keyed(input), *_meant(input))
        return await _answered(info, ApproveRedemptionSuccess, done)

    @mutation(
        RejectRedemptionSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ActionNotAvailable,
        description="Turns lines down that wait for approval: points, stock and codes go back.",
    )
    async def reject_redemption(self, info: Info, input: RejectRedemptionInput) -> Any:
        context = info.context
        done = await reject(context.door, context.actor, keyed(input), *_meant(input), input.note)
        return await _answered(info, RejectRedemptionSuccess, done)

    @mutation(
        RefundRedemptionSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ActionNotAvailable,
        description="Refunds delivered lines whole: their points go back to the lots they came from.",
    )
    async def refund_redemption(self, info: Info, input: RefundRedemptionInput) -> Any:
        context = info.context
        done = await refund_lines(context.door, context.actor, keyed(input), *_meant(input), input.reason)
        return await _answered(info, RefundRedemptionSuccess, done)


def _member(text: str | None) -> UUID | None:
    return None if text is None else sure(Tag.MEMBER, text, "member")


def _meant(input: _LinesInput) -> tuple[UUID, Sequence[UUID] | None]:
    named = input.line_ids
    lines = None if named is None else [sure(Tag.REDEMPTION_LINE, one, "line") for one in named]
    return sure(Tag.REDEMPTION, input.redemption_id, "redemption"), lines


async def _answered(info: Info, success: type[Any], done: Outcome) -> Any:
    batches, wallet_id = info.context.batches, done.facts["wallet_id"]
    return success(
        redemption=await batches.one(redemptions_by_id, UUID(done.facts["redemption_id"])),
        wallet=await batches.one(wallets_by_id, UUID(wallet_id) if wallet_id else None),
    )
