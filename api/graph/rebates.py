"""Rebates: each partner's period with what it has accrued live, how far the next tier is, and what is final."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, one, wanted
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.payouts import Payout
from api.graph.readings import partner_by_id
from api.graph.scalars import Points
from domain.access.principals import Relation
from domain.payouts.reading import payouts_by_id
from domain.programs.reading import programs_by_id
from domain.rebates.accruing import accruals_of
from domain.rebates.machine import RebateAction, RebateState
from domain.rebates.reading import PeriodRecord, periods_by_id, periods_page, settings_of_programs


@strawberry.type(description="The next tier of a rebate.")
class RebateNextTier:
    starts_at: Points = strawberry.field(description="From which total on.")
    missing: Points = strawberry.field(description="How much of the total is missing.")
    rate: Points = strawberry.field(description="Its rate: minor units of the program's money for every `per`.")
    per: Points = strawberry.field(description="What the rate is for.")
    worth: Points = strawberry.field(description="What the whole period would be worth there.")
    gain: Points = strawberry.field(description="How much of that is more than now.")


@strawberry.type(description="What a period has accrued as of now.")
class RebateAccrual:
    is_final: bool = strawberry.field(description="False: estimated, and moves with every sale.")
    total: Points = strawberry.field(description="What counts so far: money in minor units, or how many.")
    total_unit: str | None = strawberry.field(description="The currency of the total; null: pieces or activities.")
    activities: int = strawberry.field(description="How many sales count.")
    due: Points = strawberry.field(description="What that is worth, in minor units of the program's money.")
    granted: Points = strawberry.field(description="What the program's budget gave of it.")
    difference: Points | None = strawberry.field(
        description="By how much `granted` has left the final figure since, through late sales or returns; it goes with"
        " the next payout. Null while nothing is final."
    )
    growth_ppm: Points | None = strawberry.field(
        description="Growth against the same period of last year, in millionths; null without one."
    )
    next_tier: RebateNextTier | None = strawberry.field(description="What the next tier asks for; null in the last.")
    is_recalculating: bool = strawberry.field(description="True while something learned late is being worked in.")


@strawberry.type(description="How a program is reviewed and paid as a rebate.")
class RebateSettings:
    rule: str = strawberry.field(description="Code of the rule that is the rebate.")
    dispute_days: int = strawberry.field(description="How long a partner may dispute final figures, in days.")
    pass_through_ppm: int | None = strawberry.field(
        description="The part that partners pass on to their customers, in millionths; recorded, not paid."
    )
    version: Points = strawberry.field(description="Moves with every change.")


@strawberry.type(description="One period of one partner in a rebate program.")
class RebatePeriod(Node):
    id = identity(Tag.REBATE_PERIOD)
    version: Points = strawberry.field(description="Moves with every change of state.")
    state: RebateState = strawberry.field(description="Where it stands.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Whose it is; of a group, its head.")
    settings = one(RebateSettings, settings_of_programs, "program_id", "How the program is reviewed and paid.")
    rule: str = strawberry.field(description="Code of the rule that is the rebate.")
    unit: str = strawberry.field(description="ISO 4217 code of the money.")
    starts_at: datetime = strawberry.field(description="When it starts.")
    ends_at: datetime = strawberry.field(description="When it ends; itself excluded.")
    grace_ends_at: datetime = strawberry.field(description="Until when what comes late is still in the final figures.")
    baseline: Points | None = strawberry.field(description="The total of the same period of last year.")
    final_total: Points | None = strawberry.field(description="The total at the last review.")
    final_due: Points | None = strawberry.field(description="What it was worth at the last review.")
    final_granted: Points | None = strawberry.field(description="What the budget gave at the last review.")
    passed_on: Points | None = strawberry.field(
        description="The part of it that the partner passes on to its customers: recorded, not paid."
    )
    finalized_at: datetime | None = strawberry.field(description="When it was last reviewed.")
    dispute_until: datetime | None = strawberry.field(description="Until when its partner may dispute it.")
    accepted_at: datetime | None = strawberry.field(description="When its partner agreed.")
    disputed_at: datetime | None = strawberry.field(description="Since when a dispute waits for an answer.")
    dispute: str | None = strawberry.field(description="What the partner said is wrong.")
    answer: str | None = strawberry.field(description="What the vendor answered.")
    reason: str | None = strawberry.field(description="Why it came to its state, if that was said.")
    approved_at: datetime | None = strawberry.field(description="When it was approved.")
    paid_at: datetime | None = strawberry.field(description="When it was paid.")
    payout = one(Payout, payouts_by_id, "payout_id", "The payout that pays it.")
    available_actions: list[RebateAction] = strawberry.field(description="What you may do with it now, at most five.")
    recorded_at: datetime = strawberry.field(description="When its first sale was recorded here.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @strawberry.field(graphql_type=RebateAccrual | None, description="What it has accrued as of now.")
    @staticmethod
    async def accrual(parent: strawberry.Parent[Any], info: Info) -> Any:
        context = info.context
        return await context.batches.one(accruals_of, parent.id, terms=context.knowledge.terms)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, PeriodRecord)


@strawberry.input(name="RebatePeriodFilter", description="Only those that match everything said.")
class RebatePeriodFilterInput:
    state: RebateState | None = strawberry.field(default=None, description="Where they stand.")
    program_id: strawberry.ID | None = strawberry.field(default=None, description="Of this program.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="Of this partner.")


@strawberry.type
class RebateQuery:
    @strawberry.field(
        graphql_type=Connection[RebatePeriod] | None,
        description="Periods of rebates, latest start first: your firm's, or those of the partners you answer for.",
    )
    async def rebate_periods(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Annotated[
            RebatePeriodFilterInput | None, strawberry.argument(description="Only those that match.")
        ] = None,
    ) -> Page[Any]:
        said = filter or RebatePeriodFilterInput()
        rows = await periods_page(
            info.context.database,
            info.context.actor,
            state=said.state,
            program_id=wanted(Tag.PROGRAM, said.program_id),
            partner_id=wanted(Tag.PARTNER, said.partner_id),
            after=read_cursor(after, datetime, UUID),
            limit=limit_of(first),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.starts_at, row.id))

    @strawberry.field(
        graphql_type=RebatePeriod | None, description="A period by its id; null where there is none for you."
    )
    async def rebate_period(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(periods_by_id, decode_as(Tag.REBATE_PERIOD, id))
