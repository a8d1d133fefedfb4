"""Wallets: balances as of now, every entry that explains them, and what will happen to them next."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from graphql import GraphQLError

from api.graph import nouns
from api.graph.context import Info
from api.graph.enums import BalanceKind, Booking, TransactionKind
from api.graph.fields import IdArgument, Node, identity, one, page_by, pages, reference, sure_reference, wanted
from api.graph.ids import Tag
from api.graph.lots import Lot
from api.graph.paging import After, Connection, First, Page, limit_of
from api.graph.partners import Subject
from api.graph.readings import instant_now, member_by_id, partner_by_id
from api.graph.scalars import Points
from api.graph.units import unit_of
from domain.access.principals import Relation
from domain.earning.reading import awards_of_wallets
from domain.ledger.lots import NEVER
from domain.ledger.reading import (
    WalletRecord,
    debts_of_wallets,
    entries_of_wallets,
    lots_of_wallets,
    upcoming_expiries,
    upcoming_maturities,
)
from domain.ledger.reversals import Debt as DebtRecord
from domain.ledger.statements import balances_as_of, liabilities_of, statements_of
from domain.programs.reading import programs, programs_by_id

OPEN = Annotated[bool, strawberry.argument(name="open", description="Only those with something outstanding.")]
LIVE = Annotated[bool, strawberry.argument(description="Only those that still hold points.")]
PROGRAMS_MAX = 100


@strawberry.type(description="A wallet's five balances at an instant, from its entries.")
class Balance:
    at: datetime = strawberry.field(description="The instant.")
    pending: Points = strawberry.field(description="Not spendable yet.")
    available: Points = strawberry.field(description="Spendable.")
    held: Points = strawberry.field(description="Set aside for something not finished yet.")
    payable: Points = strawberry.field(description="On its way out in a payout.")
    receivable: Points = strawberry.field(description="Owed: it is settled before anything more can be spent.")


@strawberry.type(description="Points that will become available, or expire.")
class UpcomingMove:
    at: datetime = strawberry.field(description="When.")
    amount: Points = strawberry.field(description="How many, positive.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program that awarded them.")


@strawberry.type(description="One balanced set of entries with its cause; never edited.")
class LedgerTransaction:
    id = identity(Tag.TRANSACTION)
    kind: TransactionKind = strawberry.field(description="What it did.")
    cause_kind: str = strawberry.field(description="What caused it: an activity, a milestone, a hold, time.")
    cause_id = sure_reference(Tag.CAUSE, "cause_id", "Which one.")
    reason: str | None = strawberry.field(description="The reason that was given, at most 500 characters.")
    effective_at: datetime = strawberry.field(description="From when it counts.")
    recorded_at: datetime = strawberry.field(description="When it was posted.")


@strawberry.type(description="One signed amount on one balance of a wallet.")
class Entry:
    id = identity(Tag.ENTRY)
    seq: Points = strawberry.field(description="Its number in the wallet, from 1, without a gap.")
    kind: BalanceKind = strawberry.field(description="Which balance it moved.")
    amount: Points = strawberry.field(description="Signed; a RECEIVABLE entry below zero is more debt.")
    effective_at: datetime = strawberry.field(description="From when it counts.")
    booking: Booking = strawberry.field(description="In which month it is booked.")
    transaction: LedgerTransaction = strawberry.field(description="What it belongs to.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program it belongs to.")
    lot_id = reference(Tag.LOT, "lot_id", "The lot it moved, if it is one's.")
    reverses_id = reference(Tag.ENTRY, "reverses_id", "The entry it takes back, if it does.")


@strawberry.type(
    description="What a wallet still owes for points taken back after they were spent; settled oldest first."
)
class Debt(Node):
    id = identity(Tag.DEBT)
    amount: Points = strawberry.field(description="What it was.")
    outstanding: Points = strawberry.field(description="What is left of it.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program that took back.")
    reversal_id = sure_reference(Tag.REVERSAL, "reversal_id", "The reversal it comes from.")
    recorded_at: datetime = strawberry.field(description="Since when.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, DebtRecord)


@strawberry.type(description="The sum of one kind of movement in a statement.")
class StatementLine:
    kind: TransactionKind = strawberry.field(description="What moved them.")
    booking: Booking = strawberry.field(description="Its own month, or a later one as an adjustment.")
    pending: Points = strawberry.field(description="Change of pending.")
    available: Points = strawberry.field(description="Change of available.")
    held: Points = strawberry.field(description="Change of held.")
    payable: Points = strawberry.field(description="Change of payable.")
    receivable: Points = strawberry.field(description="Change of receivable.")
    transactions: int = strawberry.field(description="How many transactions.")


@strawberry.type(description="A wallet over booked months: opening + lines = closing.")
class Statement:
    start: datetime = strawberry.field(name="from", description="Months that start at this instant or later.")
    until: datetime = strawberry.field(description="Months that start before this instant.")
    opening: Balance = strawberry.field(description="Before them.")
    closing: Balance = strawberry.field(description="After them.")
    lines: list[StatementLine] = strawberry.field(description="One a kind and booking, at most 22.")


@strawberry.type(description="What a program owes in one unit, from booked entries.")
class Liability:
    unit = unit_of("What it counts in.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program.")
    pending: Points = strawberry.field(description="Not spendable yet.")
    available: Points = strawberry.field(description="Spendable.")
    held: Points = strawberry.field(description="Set aside.")
    payable: Points = strawberry.field(description="On its way out.")
    receivable: Points = strawberry.field(description="Owed back to the program.")


@strawberry.type(description="The balances of one member or partner in one unit, over all programs.")
class Wallet(Node):
    id = identity(Tag.WALLET)
    version: Points = strawberry.field(description="The number of its last entry: it moves with every change.")
    unit = unit_of("What it counts in.")

    @strawberry.field(graphql_type=Subject | None, description="The member or the partner whose it is.")
    @staticmethod
    async def owner(parent: strawberry.Parent[WalletRecord], info: Info) -> Any:
        if parent.member_id is not None:
            return await info.context.batches.one(member_by_id, parent.member_id)
        return await info.context.batches.one(partner_by_id, parent.partner_id)

    pending: Points = strawberry.field(description="Awarded, not spendable yet: see upcomingMaturities.")
    available: Points = strawberry.field(description="Spendable now.")
    held: Points = strawberry.field(description="Set aside for something not finished yet.")
    payable: Points = strawberry.field(description="On its way out in a payout.")
    receivable: Points = strawberry.field(description="Owed: it is settled before anything more can be spent.")
    next_due_at: datetime | None = strawberry.field(description="When points next mature or expire.")
    as_of: datetime = strawberry.field(description="The instant of these balances: what is due by then has happened.")
    relation: Relation = strawberry.field(description="How you stand to it.")
    entries = pages(
        Entry,
        entries_of_wallets,
        "Everything that ever moved in it, newest first.",
        key=lambda row: (row.seq,),
        kinds=(int,),
    )
    awards = pages(
        nouns.AWARD,
        awards_of_wallets,
        "What was awarded into it, newest first.",
        key=lambda row: (row.recorded_at, row.id),
        kinds=(datetime, UUID),
    )

    @strawberry.field(graphql_type=Balance | None, description="Its balances at an instant.")
    @staticmethod
    async def balance_as_of(
        parent: strawberry.Parent[WalletRecord],
        info: Info,
        at: Annotated[datetime, strawberry.argument(description="The instant; what is effective up to it counts.")],
    ) -> Any:
        return await info.context.batches.one(balances_as_of, parent.id, at=at)

    @strawberry.field(graphql_type=Connection[Lot] | None, description="Its lots in the order they are spent.")
    @staticmethod
    async def lots(
        parent: strawberry.Parent[WalletRecord],
        info: Info,
        first: First = 25,
        after: After = None,
        live: LIVE = True,
    ) -> Page[Any]:
        return await page_by(
            info,
            lots_of_wallets,
            parent.id,
            first,
            after,
            key=lambda row: (row.expires_at or NEVER, row.id),
            kinds=(datetime, UUID),
            live=live,
        )

    @strawberry.field(graphql_type=Connection[Debt] | None, description="What it owes, oldest first.")
    @staticmethod
    async def debts(
        parent: strawberry.Parent[WalletRecord],
        info: Info,
        first: First = 25,
        after: After = None,
        open_only: OPEN = True,
    ) -> Page[Any]:
        return await page_by(
            info,
            debts_of_wallets,
            parent.id,
            first,
            after,
            key=lambda row: (row.recorded_at, row.id),
            kinds=(datetime, UUID),
            open_only=open_only,
        )

    @strawberry.field(graphql_type=list[UpcomingMove], description="What will expire, soonest first, at most `first`.")
    @staticmethod
    async def upcoming_expiries(parent: strawberry.Parent[WalletRecord], info: Info, first: First = 10) -> Any:
        limit_of(first)
        return await info.context.batches.many(upcoming_expiries, parent.id, limit=first)

    @strawberry.field(
        graphql_type=list[UpcomingMove], description="What will become available, soonest first, at most `first`."
    )
    @staticmethod
    async def upcoming_maturities(parent: strawberry.Parent[WalletRecord], info: Info, first: First = 10) -> Any:
        limit_of(first)
        return await info.context.batches.many(upcoming_maturities, parent.id, limit=first)

    @strawberry.field(graphql_type=Statement | None, description="Its statement over booked months.")
    @staticmethod
    async def statement(
        parent: strawberry.Parent[WalletRecord],
        info: Info,
        start: Annotated[
            datetime, strawberry.argument(name="from", description="Months that start at this instant or later.")
        ],
        until: Annotated[datetime, strawberry.argument(description="Months that start before this instant.")],
    ) -> Any:
        if start >= until:
            raise GraphQLError("A statement starts before it ends.", extensions={"code": "BAD_INPUT"})
        return await info.context.batches.one(statements_of, parent.id, start=start, until=until)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, WalletRecord)


@strawberry.type
class LiabilityQuery:
    @strawberry.field(
        graphql_type=list[Liability] | None,
        description="What programs owe, from booked entries, at most the 100 newest programs; for operators.",
    )
    async def liability(
        self,
        info: Info,
        at: Annotated[
            datetime | None, strawberry.argument(description="From months that start before it; now by default.")
        ] = None,
        program_id: IdArgument = None,
    ) -> Any:
        context = info.context
        if not context.actor.is_operator:
            return None
        named = wanted(Tag.PROGRAM, program_id)
        ids = (
            [program.id for program in await programs(context.database, context.actor, limit=PROGRAMS_MAX)]
            if named is None
            else [named]
        )
        return await liabilities_of(context.database, ids, until=at or await context.batches.sure(instant_now, "*"))
