"""Mutations of the vendor's own desk: sources, activity types, leaderboards, debts, and the clock of a sandbox."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import LocalizedTextInput, key_field
from api.graph.leaderboards import Leaderboard
from api.graph.mutating import json_object, keyed, mutation, sure
from api.graph.readings import activity_type_by_code, board_by_id, source_by_id
from api.graph.scalars import Json
from api.graph.sources import ActivityType
from api.graph.wallets import Debt, Wallet
from domain.activities.activity import OnChange
from domain.activities.refusals import InvalidActivityType, InvalidMapping
from domain.activities.sources import SourceDefinition, TypeDefinition, define_types, ensure_source
from domain.kernel.clock import SHIFT_MAX, advance_clock_in
from domain.kernel.operation import Operation
from domain.kernel.refusals import AlreadyExists, InvalidInput, KeyReused, NotAllowed, NotFound
from domain.ledger.reading import debts_by_id, wallets_by_id
from domain.ledger.refusals import DebtIsPaid
from domain.ledger.reversing import write_off_in
from domain.programs.program import Visibility
from domain.programs.reading import programs_by_id
from leaderboards.boards import Operator, RankDisplay, Scope
from leaderboards.defining import create_leaderboard
from leaderboards.metrics import Definition
from leaderboards.refusals import BoardNotUnderstood, TooManyBoards
from leaderboards.windows import Window, WindowKind


@strawberry.input(description="A source of activities.")
class DefineSourceInput:
    code: str = strawberry.field(description="Unique code, 1 to 64 characters: what stands under it is changed.")
    name: str = strawberry.field(description="Name, 1 to 200 characters.")
    on_change: OnChange = strawberry.field(
        default=OnChange.REFUSE, description="What another content under a known external id means."
    )
    backfill: bool = strawberry.field(default=False, description="True if its late activities have no grace limit.")
    mapping: Json | None = strawberry.field(default=None, description="How its rows become activities, as data.")


@strawberry.input(description="A kind of activity.")
class DefineActivityTypeInput:
    code: str = strawberry.field(description="Unique code, for example deal.won: what stands under it may only grow.")
    name: LocalizedTextInput = strawberry.field(description="What people call it.")
    declaration: Json = strawberry.field(
        description="Its attributes, its amounts by basis, and which attribute is the deal key."
    )


@strawberry.input(description="A leaderboard.")
class CreateLeaderboardInput:
    idempotency_key: str = key_field()
    code: str = strawberry.field(description="Unique code, 1 to 64 characters.")
    name: LocalizedTextInput = strawberry.field(description="Its name, at most 200 characters a language.")
    metric: Json = strawberry.field(
        description="What counts, as data: activities or awards, which measure, which unit."
    )
    operator: Operator = strawberry.field(default=Operator.SUM, description="How contributions become a score.")
    scope: Scope = strawberry.field(default=Scope.MEMBERS, description="Who is ranked.")
    window: WindowKind = strawberry.field(
        default=WindowKind.ALL_TIME, description="Over which stretch of time it counts."
    )
    zone: str = strawberry.field(default="UTC", description="The IANA zone of its calendar.")
    rank_display: RankDisplay = strawberry.field(default=RankDisplay.ORDINAL, description="What ties look like.")
    program_id: strawberry.ID | None = strawberry.field(default=None, description="The program it belongs to.")
    visibility: Visibility = strawberry.field(default=Visibility.MEMBERS, description="Who may look at it.")


@strawberry.input(description="How far the clock of a sandbox moves ahead.")
class AdvanceClockInput:
    seconds: int = strawberry.field(description="Whole seconds, 1 to 316,224,000 (3,660 days).")


@strawberry.input(description="A debt to give up.")
class WriteOffDebtInput:
    idempotency_key: str = key_field()
    debt_id: strawberry.ID = strawberry.field(description="The debt.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.type(description="The source stands as defined.")
class DefineSourceSuccess:
    source: Any = strawberry.field(graphql_type=nouns.SOURCE, description="The source.")


@strawberry.type(description="The activity type stands as declared.")
class DefineActivityTypeSuccess:
    activity_type: Any = strawberry.field(graphql_type=ActivityType, description="The activity type.")


@strawberry.type(description="The leaderboard stands and begins to count from the first event.")
class CreateLeaderboardSuccess:
    leaderboard: Any = strawberry.field(graphql_type=Leaderboard, description="The leaderboard.")


@strawberry.type(description="Nothing of the debt is outstanding.")
class WriteOffDebtSuccess:
    debt: Any = strawberry.field(graphql_type=Debt, description="The debt.")
    wallet: Any = strawberry.field(graphql_type=Wallet, description="The wallet that owed it.")


@strawberry.type(description="The clock has moved for everybody.")
class AdvanceClockSuccess:
    now: datetime = strawberry.field(description="The new now.")


@strawberry.type
class VendorMutation:
    @mutation(
        DefineSourceSuccess, InvalidInput, InvalidMapping, description="A source stands as defined, new or changed."
    )
    async def define_source(self, info: Info, input: DefineSourceInput) -> Any:
        context = info.context
        wanted = SourceDefinition(
            code=input.code,
            name=input.name,
            on_change=input.on_change,
            backfill=input.backfill,
            mapping=None if input.mapping is None else json_object(input.mapping, "mapping"),
        )
        defined = await ensure_source(context.door, context.actor, wanted)
        return DefineSourceSuccess(source=await context.batches.one(source_by_id, defined.source_id))

    @mutation(
        DefineActivityTypeSuccess,
        InvalidInput,
        InvalidActivityType,
        description="An activity type stands as declared; what stands may gain attributes and lose none.",
    )
    async def define_activity_type(self, info: Info, input: DefineActivityTypeInput) -> Any:
        context = info.context
        declaration = json_object(input.declaration, "declaration")
        wanted = TypeDefinition(code=input.code, name=input.name.texts(), declaration=declaration)
        await define_types(context.door, context.actor, [wanted])
        return DefineActivityTypeSuccess(activity_type=await context.batches.one(activity_type_by_code, input.code))

    @mutation(
        CreateLeaderboardSuccess,
        NotFound,
        InvalidInput,
        AlreadyExists,
        KeyReused,
        BoardNotUnderstood,
        TooManyBoards,
        description="A leaderboard stands and counts from the first event on.",
    )
    async def create_leaderboard(self, info: Info, input: CreateLeaderboardInput) -> Any:
        context = info.context
        program_id = sure(Tag.PROGRAM, input.program_id, "program") if input.program_id else None
        program = await context.batches.one(programs_by_id, program_id)
        if program_id is not None and program is None:
            raise NotFound(kind="program", id=str(program_id))
        spanned = program is not None and input.window is WindowKind.PROGRAM
        definition = Definition(
            code=input.code,
            name=input.name.texts(),
            metric=json_object(input.metric, "metric"),
            operator=input.operator,
            scope=input.scope,
            window_kind=input.window,
            zone=input.zone,
            rank_display=input.rank_display,
            visibility=input.visibility.value,
            program_id=program_id,
            span=Window(starts_at=program.starts_at, ends_at=program.ends_at) if spanned and program else None,
        )
        made = await create_leaderboard(context.door, context.actor, keyed(input), definition)
        board = await context.batches.one(board_by_id, UUID(made.facts["leaderboard_id"]))
        return CreateLeaderboardSuccess(leaderboard=board)

    @mutation(
        WriteOffDebtSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        DebtIsPaid,
        description="The vendor gives up what a wallet still owes.",
    )
    async def write_off_debt(self, info: Info, input: WriteOffDebtInput) -> Any:
        context = info.context
        debt_id = sure(Tag.DEBT, input.debt_id, "debt")
        asked = (context.actor, debt_id)
        if asked not in await debts_by_id(context.database, [asked]):
            raise NotFound(kind="debt", id=str(debt_id))

        async def work(op: Operation) -> Mapping[str, Any]:
            return {"debt_id": str(debt_id), "amount": await write_off_in(op, debt_id, input.reason)}

        await context.door.operate_keyed(context.actor, "writeOffDebt", keyed(input), work)
        debt = await context.batches.sure(debts_by_id, debt_id)
        return WriteOffDebtSuccess(debt=debt, wallet=await context.batches.one(wallets_by_id, debt.wallet_id))

    @mutation(
        AdvanceClockSuccess,
        InvalidInput,
        description="Moves the clock ahead for everybody; in a sandbox only, never in production.",
    )
    async def advance_clock(self, info: Info, input: AdvanceClockInput) -> Any:
        context = info.context
        if not context.sandbox:
            raise NotAllowed(action="advanceClock outside a sandbox")
        if not 1 <= input.seconds <= SHIFT_MAX.total_seconds():
            raise InvalidInput(field="seconds", problem="1 to 316,224,000")

        async def work(op: Operation) -> datetime:
            return await advance_clock_in(op.sql, timedelta(seconds=input.seconds))

        return AdvanceClockSuccess(now=await context.door.operate(context.actor, work))
