"""The catalog: items with their denominations, and what each costs the viewer, or why they cannot have it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, many, one, reference, wanted, wording
from api.graph.ids import Tag, decode_as
from api.graph.offers import Offer, offer_of
from api.graph.paging import After, CountedConnection, First, limit_of, page_of, read_cursor
from api.graph.refusing import as_error
from api.graph.scalars import Points
from api.graph.units import unit_of
from catalog.items.browsing import CatalogFilter, ItemSort, catalog, catalog_total, sort_key
from catalog.items.item import DenominationRecord, ItemKind, ItemRecord, ItemState
from catalog.items.item import Offer as OfferRecord
from catalog.items.reading import (
    denominations_of_items,
    items_by_id,
    routes_of_denominations,
)

CURSOR_KINDS: Mapping[ItemSort, tuple[type, ...]] = {
    ItemSort.NEWEST: (datetime, UUID),
    ItemSort.CHEAPEST: (int, UUID),
    ItemSort.DEAREST: (int, UUID),
    ItemSort.NAME: (str, UUID),
}


@strawberry.type(description="A picture of an item.")
class Image:
    url: str = strawberry.field(description="Its https address, at most 2,048 characters.")
    width: int = strawberry.field(description="In pixels, 1 to 20,000.")
    height: int = strawberry.field(description="In pixels, 1 to 20,000.")
    alt = wording("alt", "What it shows, at most 200 characters; empty for decoration.")


@strawberry.type(description="Who delivers a denomination; the next priority only if the one before surely did not.")
class FulfilmentRoute:
    priority: int = strawberry.field(description="In which order it is tried, 1 to 5.")
    supplier_id = reference(Tag.SUPPLIER, "supplier_id", "The supplier.")
    sku: str = strawberry.field(description="Under which name the supplier knows it, at most 128 characters.")
    pool_id = reference(Tag.CODE_POOL, "pool_id", "The code pool it draws from or fills, if any.")
    adapter: str = strawberry.field(description="How the supplier is reached.")
    is_paused: bool = strawberry.field(description="True while the supplier takes no orders.")


@strawberry.type(description="One variant of an item that can be ordered.")
class Denomination(Node):
    id = identity(Tag.DENOMINATION)
    version: Points = strawberry.field(description="Moves with every change of what the feed says of it.")
    external_id: str = strawberry.field(description="Its id at the supplier, at most 128 characters.")
    name = wording("name", "Its name, at most 200 characters; empty where the face value says it.")
    item = one(nouns.CATALOG_ITEM, items_by_id, "item_id", "The item.")
    face_value: Points | None = strawberry.field(description="What is printed on it, in minor units of `currency`.")
    currency: str | None = strawberry.field(description="ISO 4217 code of its amounts of money.")
    price: Points = strawberry.field(description="What it costs, in the item's unit.")
    fair_value: Points | None = strawberry.field(description="Its value for tax, in minor units of `currency`.")
    cost: Points | None = strawberry.field(
        description="What the vendor pays for it, in minor units of `currency`; for operators."
    )
    stock: Points | None = strawberry.field(description="How many are left; null: not counted. For operators.")
    is_offered: bool = strawberry.field(description="False once the feed no longer lists it.")
    routes = many(
        FulfilmentRoute,
        routes_of_denominations,
        "Who delivers it, in the order they are tried, at most five; for operators.",
        nullable=True,
    )

    @strawberry.field(graphql_type=Offer | None, description="What it is to you now; null for who is no member.")
    @staticmethod
    async def offer(parent: strawberry.Parent[DenominationRecord], info: Info) -> OfferRecord | None:
        return await offer_of(info, parent.id)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, DenominationRecord)


@strawberry.type(description="Something that can be redeemed; empty lists of whom it is for mean everyone.")
class CatalogItem(Node):
    id = identity(Tag.CATALOG_ITEM)
    version: Points = strawberry.field(description="Moves with every change of what the feed says of it.")
    external_id: str = strawberry.field(description="Its id at the supplier, at most 128 characters.")
    supplier_id = reference(Tag.SUPPLIER, "supplier_id", "Whose item it is; for operators and keys.")
    kind: ItemKind = strawberry.field(description="What kind of thing it is.")
    state: ItemState = strawberry.field(description="Whether members are shown it.")
    name = wording("name", "Its name, at most 200 characters.")
    description = wording("description", "What it is, plain text of at most 5,000 characters.")
    instructions = wording("instructions", "How it is used once delivered, plain text of at most 5,000 characters.")
    brand: str | None = strawberry.field(description="Whose brand it carries, at most 100 characters.")
    categories: list[str] = strawberry.field(description="What it is found under, at most ten.")
    images: list[Image] = strawberry.field(description="Its pictures, at most ten, the first to be shown first.")
    countries: list[str] = strawberry.field(description="ISO 3166 codes of whom it is for, at most 250.")
    tiers: list[str] = strawberry.field(description="Tiers of whom it is for, at most 50.")
    segments: list[str] = strawberry.field(description="Segments of whom it is for, at most 50.")
    partner_types: list[str] = strawberry.field(description="Types of partners it is for, at most 50.")
    unit = unit_of("What its prices count in.")
    price_from: Points | None = strawberry.field(description="The lowest price of what is offered.")
    needs_address: bool = strawberry.field(description="True if it is sent to a postal address.")
    needs_approval: bool = strawberry.field(description="True if an operator approves each order.")
    is_test: bool = strawberry.field(description="True if it is for tests only.")
    valid_from: datetime | None = strawberry.field(description="It can be redeemed from this instant on.")
    valid_until: datetime | None = strawberry.field(description="It can be redeemed before this instant.")
    member_limit: int | None = strawberry.field(description="How many a member may redeem, 1 to 1,000.")
    member_limit_days: int | None = strawberry.field(description="Within how many days; null: ever.")
    recorded_at: datetime = strawberry.field(description="When it was first fed.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    denominations = many(
        Denomination, denominations_of_items, "Its variants in their order, at most 200; members see what is offered."
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ItemRecord)


@strawberry.input(description="Which items are wanted; what is left out does not narrow.")
class CatalogFilterInput:
    kind: ItemKind | None = strawberry.field(default=None, description="Of this kind.")
    category: str | None = strawberry.field(default=None, description="In this category.")
    brand: str | None = strawberry.field(default=None, description="Of this brand, in any case.")
    country: str | None = strawberry.field(default=None, description="For this country, ISO 3166.")
    price_from: Points | None = strawberry.field(default=None, description="With something at this price or more.")
    price_to: Points | None = strawberry.field(default=None, description="With something at this price or less.")
    unit: str | None = strawberry.field(default=None, description="Priced in this unit.")
    state: ItemState | None = strawberry.field(default=None, description="In this state, as far as you see others.")
    supplier_id: strawberry.ID | None = strawberry.field(default=None, description="Of this supplier.")
    can_redeem: bool = strawberry.field(
        default=False, description="Only what you can redeem right now, with the points you have."
    )
    affordable: bool = strawberry.field(default=False, description="Only what your points suffice for.")
    include_not_for_me: bool = strawberry.field(
        default=False, description="Also what is not for you, or not now: each offer says why."
    )

    def narrowed(self, search: str | None) -> CatalogFilter:
        """As the room of items takes it. Refuses: GraphQLError (an id of another kind)."""
        said = {name: value for name, value in vars(self).items() if name not in ("supplier_id", "include_not_for_me")}
        return CatalogFilter(
            **said,
            supplier_id=wanted(Tag.SUPPLIER, self.supplier_id),
            for_others=self.include_not_for_me,
            search=search,
        )


@strawberry.type
class CatalogQuery:
    @strawberry.field(
        graphql_type=CountedConnection[CatalogItem] | None,
        description="What can be redeemed: members are shown what is listed and for them.",
    )
    async def catalog_items(
        self,
        info: Info,
        first: First = 25,
        after: After = None,
        filter: Annotated[CatalogFilterInput | None, strawberry.argument(description="Which items are wanted.")] = None,
        sort: Annotated[ItemSort, strawberry.argument(description="In which order.")] = ItemSort.NEWEST,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="Only items with words that begin like these, in any language; at most 100 characters."
            ),
        ] = None,
    ) -> Any:
        context = info.context
        narrowed = (filter or CatalogFilterInput()).narrowed(search)
        seen = read_cursor(after, *CURSOR_KINDS[sort])
        with as_error(info):
            rows = await catalog(
                context.database,
                context.actor,
                wanted=narrowed,
                sort=sort,
                locale=context.locale,
                limit=limit_of(first),
                after=seen,
                sandbox=context.sandbox,
            )

        async def count() -> int:
            return await catalog_total(context.database, context.actor, wanted=narrowed, sandbox=context.sandbox)

        return page_of(rows, first=first, after=after, key=lambda row: sort_key(sort, row, context.locale), count=count)

    @strawberry.field(graphql_type=CatalogItem | None, description="One item, by its id.")
    async def catalog_item(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(items_by_id, decode_as(Tag.CATALOG_ITEM, id))
