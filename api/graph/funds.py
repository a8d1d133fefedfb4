"""Market development funds: pots with what they pay for, each partner's part, and what stood where at any instant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import IdArgument, Node, identity, many, one, wanted
from api.graph.fund_cases import FundStep
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.readings import partner_by_id
from api.graph.scalars import Points
from api.graph.texts import Locale, LocaleArgument, in_locale
from api.graph.units import unit_of
from domain.access.principals import Relation
from domain.funds.fund import Accrual, EligibleActivity, FundKind
from domain.funds.reading import (
    AllocationRecord,
    FundBalance,
    FundRecord,
    activities_of_funds,
    allocations,
    allocations_by_id,
    balances_of_allocations,
    balances_of_funds,
    funds,
    funds_by_id,
)
from domain.funds.reading_cases import steps_of_cases

AtArgument = Annotated[datetime | None, strawberry.argument(description="As of this instant; without, now.")]


@strawberry.type(description="Something that a fund pays for.")
class FundActivity:
    code: str = strawberry.field(description="As requests name it.")
    cofund_ppm: int = strawberry.field(description="The part of its cost that the partner bears, in millionths.")
    amount_max: Points | None = strawberry.field(description="What the fund pays at most a request, if it is bounded.")

    @strawberry.field(description="What it is called.")
    @staticmethod
    def name(parent: strawberry.Parent[EligibleActivity], info: Info, locale: LocaleArgument = None) -> str:
        return in_locale(parent.name, locale or Locale(info.context.locale))


@strawberry.type(description="What a partner of a tier accrues.")
class FundTier:
    tier: str = strawberry.field(description="The tier, as the partner has it when the activity occurs.")
    ppm: int = strawberry.field(description="Millionths of the activity's amount.")


@strawberry.type(
    description="What accrues: of each activity's amount, by the dated rate, the tier's part, half up to a minor unit."
)
class FundAccrual:
    trigger: str = strawberry.field(description="The type of activity.")
    basis: str = strawberry.field(description="Which of its amounts: NET, LIST, …")
    default_ppm: int = strawberry.field(description="For any other tier and for none, in millionths.")

    @strawberry.field(description="For the tiers that have a part of their own, at most 20.")
    @staticmethod
    def tiers(parent: strawberry.Parent[Accrual]) -> list[FundTier]:
        return [FundTier(tier=tier, ppm=ppm) for tier, ppm in sorted(parent.tiers.items())]


@strawberry.type(name="FundBalance", description="What stood where at an instant: every amount in one column only.")
class FundBalanceShown:
    at: datetime = strawberry.field(description="The instant.")
    allocated: Points = strawberry.field(description="All that was the partner's, in whichever column.")
    requested: Points = strawberry.field(description="Set aside for requests that are not decided.")
    approved: Points = strawberry.field(description="Approved, and neither claimed nor paid.")
    claimed: Points = strawberry.field(description="Claimed, and not paid.")
    paid: Points = strawberry.field(description="Paid.")
    available: Points = strawberry.field(description="What can be asked for.")


@strawberry.type(description="A pot of money, or of another unit such as expert hours, for a fiscal year.")
class Fund(Node):
    id = identity(Tag.FUND)
    version: Points = strawberry.field(description="Moves when the fund itself is changed.")
    code: str = strawberry.field(description="Its code.")
    kind: FundKind = strawberry.field(description="Where its money comes from.")
    unit = unit_of("What it counts.")
    starts_at: datetime = strawberry.field(description="When its year begins.")
    ends_at: datetime = strawberry.field(description="When its year ends, excluded.")
    use_by: datetime = strawberry.field(description="By when money is to be asked for, unless an extension is granted.")
    answer_days: int = strawberry.field(description="How many days a partner has at least to answer a question.")
    claim_days: int = strawberry.field(description="How many days after its planned end an activity may be claimed.")
    rollover_ppm: int = strawberry.field(description="What of unused money goes to the next fund, in millionths.")
    rolls_into = one(nouns.FUND, funds_by_id, "rolls_into_id", "The next year's fund, if you have a part of it.")
    accrual: FundAccrual | None = strawberry.field(description="What accrues to it; null for a discretionary fund.")
    activities = many(FundActivity, activities_of_funds, "What it pays for, at most 50.")
    pool: Points | None = strawberry.field(description="What no partner has; for the vendor.")
    recorded_at: datetime = strawberry.field(description="When it was defined.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @strawberry.field(description="How many days before the date partners are reminded, at most ten.")
    @staticmethod
    def reminder_days(parent: strawberry.Parent[FundRecord]) -> list[int]:
        return list(parent.reminder_days)

    @strawberry.field(description="What it is called.")
    @staticmethod
    def name(parent: strawberry.Parent[FundRecord], info: Info, locale: LocaleArgument = None) -> str:
        return in_locale(parent.name, locale or Locale(info.context.locale))

    @strawberry.field(graphql_type=FundBalanceShown | None, description="All its allocations together; for the vendor.")
    @staticmethod
    async def balance(parent: strawberry.Parent[FundRecord], info: Info, at: AtArgument = None) -> Any:
        return await info.context.batches.sure(balances_of_funds, parent.id, at=at)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, FundRecord)


@strawberry.type(description="A partner's part of a fund.")
class FundAllocation(Node):
    id = identity(Tag.FUND_ALLOCATION)
    version: Points = strawberry.field(description="Moves with every amount and every answer.")
    fund = one(nouns.FUND, funds_by_id, "fund_id", "The fund.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Whose it is.")
    unit = unit_of("What it counts.")
    use_by: datetime = strawberry.field(
        description="By when it is to be asked for, or lost; it moves on while the vendor answers an extension."
    )
    extension_state: str = strawberry.field(description="NONE, ASKED, GRANTED or REFUSED.")
    extension_until: datetime | None = strawberry.field(description="Until when more time was asked for last.")
    owed: Points = strawberry.field(
        description="What was taken back by a correction after it was used; it is settled by what accrues next."
    )
    steps = many(FundStep, steps_of_cases, "What was asked and answered of it, the last steps, at most 50.")
    recorded_at: datetime = strawberry.field(description="Since when there is one.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @strawberry.field(graphql_type=FundBalanceShown, description="What stood where, now or at any instant before.")
    @staticmethod
    async def balance(parent: strawberry.Parent[AllocationRecord], info: Info, at: AtArgument = None) -> FundBalance:
        return await info.context.batches.sure(balances_of_allocations, parent.id, at=at)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, AllocationRecord)


@strawberry.type
class FundQuery:
    @strawberry.field(
        graphql_type=Connection[Fund] | None,
        description="Funds, in the order in which they were defined; for partners those in which they have a part.",
    )
    async def funds(self, info: Info, first: First = 25, after: After = None) -> Page[Any]:
        context = info.context
        rows: Sequence[FundRecord] = await funds(
            context.database, context.actor, limit=limit_of(first), after=read_cursor(after, datetime, UUID)
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(graphql_type=Fund | None, description="A fund; null where there is none for you.")
    async def fund(self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]) -> Any:
        return await info.context.batches.one(funds_by_id, decode_as(Tag.FUND, id))

    @strawberry.field(
        graphql_type=Connection[FundAllocation] | None,
        description="Allocations, oldest first: your firm's own, for the vendor those of the portfolio.",
    )
    async def fund_allocations(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        fund_id: IdArgument = None,
        partner_id: IdArgument = None,
        extension_state: Annotated[
            str | None, strawberry.argument(description="Only those whose extension stands so: ASKED, GRANTED, …")
        ] = None,
    ) -> Page[Any]:
        context = info.context
        rows = await allocations(
            context.database,
            context.actor,
            fund_id=wanted(Tag.FUND, fund_id),
            partner_id=wanted(Tag.PARTNER, partner_id),
            extension_state=extension_state,
            limit=limit_of(first),
            after=read_cursor(after, datetime, UUID),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(
        graphql_type=FundAllocation | None, description="An allocation; null where there is none for you."
    )
    async def fund_allocation(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(allocations_by_id, decode_as(Tag.FUND_ALLOCATION, id))
