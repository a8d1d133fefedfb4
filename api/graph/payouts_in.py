"""Mutations of payouts: finance drafts, approves, cancels and exports them, and says what the bank did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import strawberry

from api.graph.context import Info
from api.graph.ids import Tag, encode_id
from api.graph.inputs import key_field
from api.graph.mutating import at_most_a_batch, keyed, mutation, sure
from api.graph.payouts import Payout, PayoutExport
from api.graph.refusing import Refusal, Told
from api.graph.scalars import Points
from domain.kernel.operation import Outcome
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.ledger.refusals import InsufficientPoints
from domain.ledger.wallets import OwnerKind
from domain.payouts.deciding import approve_payouts, cancel_payouts
from domain.payouts.drafting import draft_payout, draft_payouts
from domain.payouts.exporting import export_payouts
from domain.payouts.machine import PayoutOutcome
from domain.payouts.moving import results_told
from domain.payouts.reading import PayoutRecord, exports_by_id, payouts_by_id
from domain.payouts.refusals import NothingToPay
from domain.payouts.settling import Said, settle_payouts


@strawberry.input(description="Money of one wallet that is to be paid out.")
class DraftPayoutInput:
    idempotency_key: str = key_field()
    wallet_id: strawberry.ID = strawberry.field(description="The wallet, of a unit of money.")
    amount: Points | None = strawberry.field(default=None, description="In minor units; null: all that is available.")


@strawberry.input(description="Money of all wallets that have enough.")
class DraftPayoutsInput:
    idempotency_key: str = key_field()
    unit: str = strawberry.field(description="ISO 4217 code of the money.")
    minimum: Points = strawberry.field(description="Wallets with less available are left out; in minor units.")
    owner_kind: OwnerKind | None = strawberry.field(default=None, description="Only of people, or only of firms.")
    after: strawberry.ID | None = strawberry.field(
        default=None, description="Where the last answer said to go on: its `next`."
    )


@strawberry.input(description="Drafts that are to be paid.")
class ApprovePayoutsInput:
    idempotency_key: str = key_field()
    payout_ids: list[strawberry.ID] = strawberry.field(description="Which, 1 to 1,000.")


@strawberry.input(description="Payouts that are not to be paid after all.")
class CancelPayoutsInput:
    idempotency_key: str = key_field()
    payout_ids: list[strawberry.ID] = strawberry.field(description="Which, 1 to 1,000, none exported.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.input(description="Which approved payouts go into a file.")
class ExportPayoutsInput:
    idempotency_key: str = key_field()
    unit: str = strawberry.field(description="ISO 4217 code of the money.")
    by_payroll: bool = strawberry.field(default=False, description="True: those of the vendor's own people.")


@strawberry.input(description="What the bank says of one payout.")
class SettledPayoutInput:
    payout_id: strawberry.ID = strawberry.field(description="Which.")
    outcome: PayoutOutcome = strawberry.field(description="How it ended.")
    bank_reference: str | None = strawberry.field(
        default=None, description="Under what the bank paid it, 1 to 64 characters; needed for PAID."
    )
    reason: str | None = strawberry.field(
        default=None, description="Why it came back, 1 to 500 characters; needed for RETURNED."
    )


@strawberry.input(description="What the bank says.")
class SettlePayoutsInput:
    idempotency_key: str = key_field()
    items: list[SettledPayoutInput] = strawberry.field(description="1 to 1,000, each payout once.")


@dataclass(frozen=True, kw_only=True)
class PayoutResultRecord:
    """What became of one payout of a batch, for the face."""

    payout_id: strawberry.ID
    payout: PayoutRecord | None
    refusal: Told | None


@strawberry.type(description="What became of one payout; one that cannot be never hinders the others.")
class PayoutResult:
    payout_id: strawberry.ID = strawberry.field(description="Which.")
    payout: Any = strawberry.field(graphql_type=Payout | None, description="The payout as it stands now.")
    refusal: Any = strawberry.field(graphql_type=Refusal | None, description="Why not, else null.")


@strawberry.type(description="Its money is payable.")
class DraftPayoutSuccess:
    payout: Any = strawberry.field(graphql_type=Payout | None, description="The draft.")


@strawberry.type(description="Every wallet that has enough has a draft.")
class DraftPayoutsSuccess:
    payouts: Any = strawberry.field(graphql_type=list[Payout], description="The drafts, at most 1,000.")
    next: strawberry.ID | None = strawberry.field(
        description="Say this as `after` to go on with further wallets; null: all were looked at."
    )


@strawberry.type(description="Every payout was judged.")
class ApprovePayoutsSuccess:
    results: list[PayoutResult] = strawberry.field(description="In the order given, at most 1,000.")


@strawberry.type(description="Every payout was judged.")
class CancelPayoutsSuccess:
    results: list[PayoutResult] = strawberry.field(description="In the order given, at most 1,000.")


@strawberry.type(description="They are on their way.")
class ExportPayoutsSuccess:
    export: Any = strawberry.field(graphql_type=PayoutExport | None, description="The file.")


@strawberry.type(description="Every payout was judged.")
class SettlePayoutsSuccess:
    results: list[PayoutResult] = strawberry.field(description="In the order given, at most 1,000.")


@strawberry.type
class PayoutMutation:
    @mutation(
        DraftPayoutSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        InsufficientPoints,
        NothingToPay,
        description="Drafts a payout of one wallet; its owner cannot spend that money any more.",
    )
    async def draft_payout(self, info: Info, input: DraftPayoutInput) -> Any:
        context = info.context
        wallet_id = sure(Tag.WALLET, input.wallet_id, "wallet")
        done = await draft_payout(context.door, context.actor, keyed(input), wallet_id, input.amount)
        payout = await context.batches.one(payouts_by_id, UUID(done.facts["payout_id"]))
        return DraftPayoutSuccess(payout=payout)

    @mutation(
        DraftPayoutsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Drafts payouts of all that is available in every wallet that has at least the minimum.",
    )
    async def draft_payouts(self, info: Info, input: DraftPayoutsInput) -> Any:
        context = info.context
        done = await draft_payouts(
            context.door,
            context.actor,
            keyed(input),
            unit=input.unit,
            minimum=input.minimum,
            owner_kind=input.owner_kind,
            after=sure(Tag.WALLET, input.after, "wallet") if input.after else None,
        )
        pairs = [(context.actor, UUID(one)) for one in done.facts["payout_ids"]]
        found = await payouts_by_id(context.database, pairs)
        last = done.facts["last"]
        return DraftPayoutsSuccess(
            payouts=[found[pair] for pair in pairs if pair in found],
            next=strawberry.ID(encode_id(Tag.WALLET, UUID(last))) if last else None,
        )

    @mutation(
        ApprovePayoutsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Approves drafts, each on its own: somebody else's, where the amount asks for a second person.",
    )
    async def approve_payouts(self, info: Info, input: ApprovePayoutsInput) -> Any:
        context = info.context
        done = await approve_payouts(
            context.door,
            context.actor,
            keyed(input),
            _ids(input.payout_ids),
            second_person_above=context.payouts.second_person_above,
        )
        return ApprovePayoutsSuccess(results=await _results(info, done))

    @mutation(
        CancelPayoutsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Cancels payouts that were not exported; their money is their owners' again.",
    )
    async def cancel_payouts(self, info: Info, input: CancelPayoutsInput) -> Any:
        context = info.context
        done = await cancel_payouts(
            context.door, context.actor, keyed(input), _ids(input.payout_ids), reason=input.reason
        )
        return CancelPayoutsSuccess(results=await _results(info, done))

    @mutation(
        ExportPayoutsSuccess,
        InvalidInput,
        KeyReused,
        NothingToPay,
        description="Hands out all approved payouts of a currency as one file.",
    )
    async def export_payouts(self, info: Info, input: ExportPayoutsInput) -> Any:
        context = info.context
        done = await export_payouts(
            context.door, context.actor, keyed(input), unit=input.unit, by_payroll=input.by_payroll
        )
        export = await context.batches.one(exports_by_id, UUID(done.facts["export_id"]))
        return ExportPayoutsSuccess(export=export)

    @mutation(
        SettlePayoutsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Says what the bank did with exported payouts; what came back is its owner's again.",
    )
    async def settle_payouts(self, info: Info, input: SettlePayoutsInput) -> Any:
        context = info.context
        at_most_a_batch(input.items, "items")
        said = [
            Said(
                payout_id=sure(Tag.PAYOUT, item.payout_id, "payout"),
                outcome=item.outcome,
                bank_reference=item.bank_reference,
                reason=item.reason,
            )
            for item in input.items
        ]
        done = await settle_payouts(context.door, context.actor, keyed(input), said)
        return SettlePayoutsSuccess(results=await _results(info, done))


def _ids(texts: Sequence[str]) -> list[UUID]:
    at_most_a_batch(list(texts), "payoutIds")
    return [sure(Tag.PAYOUT, text, "payout") for text in texts]


async def _results(info: Info, done: Outcome) -> list[Any]:
    context = info.context
    results = results_told(done.facts["results"])
    found = await payouts_by_id(context.database, [(context.actor, result.payout_id) for result in results])
    return [
        PayoutResultRecord(
            payout_id=strawberry.ID(encode_id(Tag.PAYOUT, result.payout_id)),
            payout=found.get((context.actor, result.payout_id)),
            refusal=Told(refusal=result.refusal, locale=context.locale) if result.refusal else None,
        )
        for result in results
    ]
