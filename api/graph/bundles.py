"""Bundles: things that are given together, and what became of each one that a member was given."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, many, one, sure_reference, wording
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, First, Page, limit_of, page_of, read_cursor
from api.graph.readings import member_by_id
from api.graph.scalars import Points
from catalog.items.reading import denominations_by_id
from catalog.redemptions.machine import LineState
from catalog.redemptions.reading import redemptions_by_id
from catalog.sends.bundling import BundleMode, BundleState, WaitsFor
from catalog.sends.reading import (
    BundleItemRecord,
    BundleOrderRecord,
    BundleRecord,
    bundle_orders_by_id,
    bundles_by_id,
    bundles_page,
    parts_of_orders,
)
from domain.access.principals import Relation


@strawberry.type(description="So many units of one denomination in a bundle.")
class BundleItem:
    denomination = one(nouns.DENOMINATION, denominations_by_id, "denomination_id", "What is given.")
    denomination_id = sure_reference(Tag.DENOMINATION, "denomination_id", "What to name in `chooseRewards`.")
    quantity: int = strawberry.field(description="How many units, 1 to 10.")

    @strawberry.field(graphql_type=list[nouns.DENOMINATION], description="What stands in, in order, at most five.")
    @staticmethod
    async def substitutes(parent: strawberry.Parent[BundleItemRecord], info: Info) -> Any:
        found = [await info.context.batches.one(denominations_by_id, each) for each in parent.substitutes]
        return [each for each in found if each is not None]


@strawberry.type(description="Things that are given together; rules grant a bundle by its code.")
class Bundle(Node):
    id = identity(Tag.BUNDLE)
    version: Points = strawberry.field(description="Moves with every change; orders keep what they began with.")
    code: str = strawberry.field(description="Unique code, at most 64 characters.")
    name = wording("name", "Its name, at most 200 characters.")
    mode: BundleMode = strawberry.field(description="How its items belong together.")
    choose: int | None = strawberry.field(description="Of a CHOICE, how many of the items are taken.")
    items: list[BundleItem] = strawberry.field(description="What is in it, in order, at most 20.")
    recorded_at: datetime = strawberry.field(description="When it was first defined.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, BundleRecord)


@strawberry.type(description="One unit of a bundle that a member was given, and the line that delivers it.")
class BundlePart:
    id = identity(Tag.BUNDLE_PART)
    n: int = strawberry.field(description="Its number in the order, from 1.")
    denomination = one(nouns.DENOMINATION, denominations_by_id, "denomination_id", "What is given, or stands in.")
    redemption = one(nouns.REDEMPTION, redemptions_by_id, "redemption_id", "The order that delivers it, at price 0.")
    state: LineState | None = strawberry.field(description="Where its line stands; null where it has none.")
    reason: str | None = strawberry.field(description="Why nothing delivers it, a code.")
    fair_value: Points | None = strawberry.field(description="Its value for tax, in minor units of `currency`.")
    currency: str | None = strawberry.field(description="ISO 4217 code of its value.")


@strawberry.type(description="A bundle on its way to a member.")
class BundleOrder(Node):
    id = identity(Tag.BUNDLE_ORDER)
    version: Points = strawberry.field(description="Moves with every step of the shop.")
    bundle = one(Bundle, bundles_by_id, "bundle_id", "The bundle.")
    origin: str = strawberry.field(description="What it came from: GRANT (beside an award) or SEND.")
    quantity: int = strawberry.field(description="How often the bundle is given, 1 to 10.")
    state: BundleState = strawberry.field(description="What its parts amount to.")
    waits_for: WaitsFor | None = strawberry.field(
        description="What you have to say before anything is ordered: `chooseRewards`."
    )
    parts = many(BundlePart, parts_of_orders, "One a unit, at most 100; none before they are chosen.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Who is given it.")
    recorded_at: datetime = strawberry.field(description="When it was given.")
    revoked_at: datetime | None = strawberry.field(description="When what it came with was taken back.")
    relation: Relation = strawberry.field(description="How you stand to it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, BundleOrderRecord)


@strawberry.type
class BundleQuery:
    @strawberry.field(graphql_type=Connection[Bundle] | None, description="Bundles in order of their codes.")
    async def bundles(self, info: Info, first: First = 25, after: After = None) -> Page[Any]:
        seen = read_cursor(after, str)
        rows = await bundles_page(info.context.database, limit=limit_of(first), after=seen[0] if seen else None)
        return page_of(rows, first=first, after=after, key=lambda row: (row.code,))

    @strawberry.field(
        graphql_type=BundleOrder | None, description="A bundle that was given; null where there is none for you."
    )
    async def bundle_order(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(bundle_orders_by_id, decode_as(Tag.BUNDLE_ORDER, id))
