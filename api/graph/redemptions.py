"""Redemptions: orders with a line a unit, what became of each, and what may be done with it."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, many, one, sure_reference, wanted
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.readings import member_by_id, partner_by_id
from api.graph.scalars import Json, Points
from api.graph.units import unit_of
from catalog.items.reading import denominations_by_id, items_by_id
from catalog.redemptions.machine import Action, Delivery, LineState, OrderState
from catalog.redemptions.reading import (
    RedemptionFilter,
    RedemptionLineRecord,
    RedemptionRecord,
    RedemptionSort,
    attempts_of_lines,
    lines_of_redemptions,
    redemptions,
    redemptions_by_id,
)
from domain.access.principals import Relation


@strawberry.type(description="One unit of an order. Its points are held, and spent once it is fulfilled, never before.")
class RedemptionLine(Node):
    id = identity(Tag.REDEMPTION_LINE)
    version: Points = strawberry.field(description="Moves with every change.")
    n: int = strawberry.field(description="Its number in the order, from 1.")
    redemption_id = sure_reference(Tag.REDEMPTION, "redemption_id", "The order.")
    item = one(nouns.CATALOG_ITEM, items_by_id, "item_id", "The item.")
    denomination = one(nouns.DENOMINATION, denominations_by_id, "denomination_id", "The denomination.")
    unit = unit_of("What the price counts in.")
    price: Points = strawberry.field(description="What it cost, in `unit`.")
    face_value: Points | None = strawberry.field(description="What is printed on it, in minor units of `currency`.")
    currency: str | None = strawberry.field(description="ISO 4217 code of its amounts of money.")
    fair_value: Points | None = strawberry.field(description="Its value for tax, in minor units of `currency`.")
    state: LineState = strawberry.field(description="Where it stands.")
    reason: str | None = strawberry.field(description="Why it ended, a code of at most 32 characters.")
    held_until: datetime | None = strawberry.field(description="Until when it waits before it is ordered.")
    delivery: Delivery | None = strawberry.field(description="How far the goods are on their way.")
    tracking: Json | None = strawberry.field(description="What the supplier says of the parcel, as it says it.")
    masked_code: str | None = strawberry.field(
        description="The last four characters of its code, once it has one; revealVoucherCode tells the rest."
    )
    expires_on: date | None = strawberry.field(description="The last day on which its code is good.")
    available_actions: list[Action] = strawberry.field(description="What you may do with it now, at most eight.")
    attempts = many(
        nouns.FULFILMENT_ATTEMPT, attempts_of_lines, "Every try to deliver it, in order, at most 50.", nullable=True
    )
    recorded_at: datetime = strawberry.field(description="When it was redeemed.")
    ordered_at: datetime | None = strawberry.field(description="When it went to its supplier.")
    fulfilled_at: datetime | None = strawberry.field(description="When it was delivered, and its points spent.")
    revealed_at: datetime | None = strawberry.field(description="When its code was first shown.")
    ended_at: datetime | None = strawberry.field(description="When it was refunded, cancelled or failed.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, RedemptionLineRecord)


@strawberry.type(description="An order of a member.")
class Redemption(Node):
    id = identity(Tag.REDEMPTION)
    version: Points = strawberry.field(description="Moves with every change of any line.")
    state: OrderState = strawberry.field(description="What its lines amount to.")
    unit = unit_of("What it is priced in.")
    total: Points = strawberry.field(description="What all its lines cost.")
    origin: str = strawberry.field(description="What it came from: QUOTE, GRANT or SEND.")
    country: str | None = strawberry.field(description="The country of the member's partner when it was ordered.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Whose it is.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "The partner they acted for when they ordered.")
    lines = many(
        RedemptionLine,
        lines_of_redemptions,
        "One a unit, in their order: at most 20 of a quote, at most 600 of what was given, with all that stood in.",
    )
    recorded_at: datetime = strawberry.field(description="When it was ordered.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, RedemptionRecord)


@strawberry.input(name="RedemptionFilter", description="Only those that match everything said.")
class RedemptionFilterInput:
    state: OrderState | None = strawberry.field(default=None, description="What their lines amount to.")
    line_state: LineState | None = strawberry.field(default=None, description="At least one line stands so.")
    member_id: strawberry.ID | None = strawberry.field(default=None, description="This person's.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="This firm's.")
    item_id: strawberry.ID | None = strawberry.field(default=None, description="With at least one line of this item.")
    recorded_from: datetime | None = strawberry.field(default=None, description="Ordered at this instant or later.")
    recorded_until: datetime | None = strawberry.field(default=None, description="Ordered before this instant.")

    def asked(self) -> RedemptionFilter:
        """As the reading takes it. Refuses: GraphQLError (BAD_INPUT) for an id of another kind."""
        return RedemptionFilter(
            state=self.state,
            line_state=self.line_state,
            member_id=wanted(Tag.MEMBER, self.member_id),
            partner_id=wanted(Tag.PARTNER, self.partner_id),
            item_id=wanted(Tag.CATALOG_ITEM, self.item_id),
            recorded_from=self.recorded_from,
            recorded_until=self.recorded_until,
        )


@strawberry.type
class RedemptionQuery:
    @strawberry.field(
        graphql_type=Connection[Redemption] | None,
        description="Orders: your own, for partners' admins their firm's, for operators those they answer for.",
    )
    async def redemptions(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Annotated[
            RedemptionFilterInput | None, strawberry.argument(description="Only those that match.")
        ] = None,
        sort: Annotated[RedemptionSort, strawberry.argument(description="In which order.")] = RedemptionSort.NEWEST,
    ) -> Page[Any]:
        context = info.context
        rows = await redemptions(
            context.database,
            context.actor,
            filter.asked() if filter else RedemptionFilter(),
            sort=sort,
            limit=limit_of(first),
            after=read_cursor(after, datetime, UUID),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))

    @strawberry.field(
        graphql_type=Redemption | None, description="An order by its id; null where there is none for you."
    )
    async def redemption(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(redemptions_by_id, decode_as(Tag.REDEMPTION, id))
