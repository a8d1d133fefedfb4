"""Payouts: money of wallets on its way out, where each stands, and the files they went out with."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, one, reference, wanted
from api.graph.ids import Tag, decode_as, encode_id
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.readings import member_by_id, partner_by_id
from api.graph.scalars import Points
from domain.access.principals import Relation
from domain.ledger.reading import wallets_by_id
from domain.payouts.machine import PayoutAction, PayoutState
from domain.payouts.reading import (
    ExportRecord,
    PayoutRecord,
    exports_by_id,
    lines_of_exports,
    payouts_by_id,
    payouts_page,
)
from domain.payouts.sheet import sheet_of


@strawberry.type(description="A file of payouts for a bank, or for payroll, as it was handed out.")
class PayoutExport(Node):
    id = identity(Tag.PAYOUT_EXPORT)
    unit: str = strawberry.field(description="ISO 4217 code of the money.")
    by_payroll: bool = strawberry.field(description="True: for people of the vendor, with their pay.")
    payouts: int = strawberry.field(description="How many, at most 1,000.")
    total: Points = strawberry.field(description="All of it, in minor units.")
    recorded_at: datetime = strawberry.field(description="When it was handed out.")

    @strawberry.field(
        description="The file: a header, then a line a payout. No cell is a formula: one that would be starts with an"
        " apostrophe."
    )
    @staticmethod
    async def csv(parent: strawberry.Parent[Any], info: Info) -> str:
        lines = await info.context.batches.many(lines_of_exports, parent.id)
        return sheet_of(replace(line, payout=encode_id(Tag.PAYOUT, line.payout_id)) for line in lines)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ExportRecord)


@strawberry.type(description="Money of one wallet that is paid out.")
class Payout(Node):
    id = identity(Tag.PAYOUT)
    version: Points = strawberry.field(description="Moves with every change.")
    state: PayoutState = strawberry.field(description="Where it stands.")
    unit: str = strawberry.field(description="ISO 4217 code of the money.")
    amount: Points = strawberry.field(description="How much, in minor units.")
    by_payroll: bool = strawberry.field(description="True: it goes to somebody of the vendor, with their pay.")
    bank_reference: str | None = strawberry.field(description="Under what the bank paid it.")
    reason: str | None = strawberry.field(description="Why it came back or was cancelled.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Whose money, of a person's wallet.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Whose money, of a firm's wallet.")
    wallet = one(nouns.WALLET, wallets_by_id, "wallet_id", "The wallet it leaves.")
    rebate_period_id = reference(Tag.REBATE_PERIOD, "origin_id", "The period of a rebate that it pays.")
    export = one(PayoutExport, exports_by_id, "export_id", "The file it went out with.")
    available_actions: list[PayoutAction] = strawberry.field(description="What you may do with it now, at most four.")
    recorded_at: datetime = strawberry.field(description="When it was drafted.")
    approved_at: datetime | None = strawberry.field(description="When it was approved.")
    exported_at: datetime | None = strawberry.field(description="When it was handed to the bank.")
    settled_at: datetime | None = strawberry.field(description="When the bank said how it ended.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, PayoutRecord)


@strawberry.input(name="PayoutFilter", description="Only those that match everything said.")
class PayoutFilterInput:
    state: PayoutState | None = strawberry.field(default=None, description="Where they stand.")
    unit: str | None = strawberry.field(default=None, description="In this currency.")
    member_id: strawberry.ID | None = strawberry.field(default=None, description="Of this person's wallets.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="Of this firm's wallets.")


@strawberry.type
class PayoutQuery:
    @strawberry.field(
        graphql_type=Connection[Payout] | None,
        description="Payouts, newest first: your own, your firm's, or all of them for finance.",
    )
    async def payouts(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Annotated[PayoutFilterInput | None, strawberry.argument(description="Only those that match.")] = None,
    ) -> Page[Any]:
        said = filter or PayoutFilterInput()
        rows = await payouts_page(
            info.context.database,
            info.context.actor,
            state=said.state,
            unit=said.unit,
            owner_id=wanted(Tag.MEMBER, said.member_id) or wanted(Tag.PARTNER, said.partner_id),
            after=read_cursor(after, datetime, UUID),
            limit=limit_of(first),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(graphql_type=Payout | None, description="A payout by its id; null where there is none for you.")
    async def payout(self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]) -> Any:
        return await info.context.batches.one(payouts_by_id, decode_as(Tag.PAYOUT, id))

    @strawberry.field(graphql_type=PayoutExport | None, description="A file of payouts by its id.")
    async def payout_export(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(exports_by_id, decode_as(Tag.PAYOUT_EXPORT, id))
