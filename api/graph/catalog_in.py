"""Mutations of the catalog: a supplier's feed of items, and what a member saves for."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import reference
from api.graph.ids import Tag
from api.graph.inputs import LocalizedTextInput, key_field
from api.graph.mutating import at_most_a_batch, keyed, mutation, sure
from api.graph.offers import SavedGoal
from api.graph.refusing import Refusal, Told
from api.graph.scalars import Points
from catalog.items.item import Image, ItemKind, ItemRecord, ItemState, Texts
from catalog.items.reading import goals_of_members, items_by_id
from catalog.items.said import UNSAID, DenominationSaid, ItemSaid, RouteSaid, Unsaid
from catalog.items.saving import save_goal
from catalog.items.upserting import ItemOutcome, ItemResult, upsert_items
from domain.kernel.keys import Keyed
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


def said_field(description: str) -> Any:
    """A field of a delta: left out, what stands stays as it is."""
    return strawberry.field(default=strawberry.UNSET, description=description)


@strawberry.input(description="A picture of an item.")
class ImageInput:
    url: str = strawberry.field(description="An https address of at most 2,048 characters.")
    width: int = strawberry.field(description="In pixels, 1 to 20,000.")
    height: int = strawberry.field(description="In pixels, 1 to 20,000.")
    alt: LocalizedTextInput | None = strawberry.field(default=None, description="What it shows, ≤ 200 characters.")


@strawberry.input(description="Who delivers a denomination.")
class FulfilmentRouteInput:
    supplier: str | None = strawberry.field(default=None, description="Code of a supplier; by default the item's own.")
    sku: str | None = strawberry.field(default=None, description="Its name there; by default the external id.")
    pool: str | None = strawberry.field(default=None, description="Code of one of the supplier's code pools.")


@strawberry.input(description="A denomination, whole; only its stock and its routes may be left as they are.")
class DenominationInput:
    external_id: str = strawberry.field(description="Its id in your system, 1 to 128 characters, once an item.")
    name: LocalizedTextInput | None = strawberry.field(default=None, description="Its name, ≤ 200 characters.")
    face_value: Points | None = strawberry.field(default=None, description="In minor units of `currency`, 1 to 10^15.")
    currency: str | None = strawberry.field(default=None, description="ISO 4217; needed with any amount of money.")
    price_fixed: Points | None = strawberry.field(default=None, description="What it costs, 0 to 10^15; or a ratio:")
    price_numerator: Points | None = strawberry.field(
        default=None, description="Face value × numerator / denominator, rounded up; each 1 to 10^9."
    )
    price_denominator: Points | None = strawberry.field(default=None, description="See priceNumerator.")
    fair_value: Points | None = strawberry.field(default=None, description="For tax, in minor units of `currency`.")
    cost: Points | None = strawberry.field(default=None, description="What the vendor pays, in minor units.")
    stock: Points | None = said_field("How many are left, 0 to 10^15; null: not counted. Left out: as it is.")
    routes: list[FulfilmentRouteInput] | None = said_field(
        "Who delivers it, in the order they are tried, at most five; left out: as it is, at first the supplier itself."
    )

    def said(self) -> DenominationSaid:
        """As the room of items takes it."""
        told: dict[str, Any] = {name: _told(value) for name, value in vars(self).items()}
        if not isinstance(told["routes"], Unsaid):
            told["routes"] = tuple(RouteSaid(**vars(route)) for route in self.routes or ())
        told["name"] = _texts(self.name)
        return DenominationSaid(**told)


TEXTS = frozenset({"name", "description", "instructions"})
CODES = frozenset({"categories", "countries", "tiers", "segments", "partner_types"})
# What null empties; of everything else it says nothing.
CLEARED = TEXTS | CODES | {"brand", "images", "valid_from", "valid_until", "member_limit", "member_limit_days"}


@strawberry.input(
    description="An item by its external id; what is left out stays. A new one needs kind, name and denominations."
)
class CatalogItemInput:
    external_id: str = strawberry.field(description="Its id in your system, 1 to 128 characters.")
    kind: ItemKind | None = said_field("What kind of thing it is.")
    state: ItemState | None = said_field("Whether members are shown it; at first LISTED.")
    name: LocalizedTextInput | None = said_field("Its name, ≤ 200 characters a language. Markup is taken out.")
    description: LocalizedTextInput | None = said_field("What it is, ≤ 5,000 characters. Markup is taken out.")
    instructions: LocalizedTextInput | None = said_field("How it is used, ≤ 5,000 characters. Markup is taken out.")
    brand: str | None = said_field("Whose brand it carries, ≤ 100 characters.")
    categories: list[str] | None = said_field("What it is found under, at most ten of ≤ 64 characters.")
    images: list[ImageInput] | None = said_field("Its pictures, at most ten, the first to be shown first.")
    countries: list[str] | None = said_field("For whom: ISO 3166 codes, at most 250; none for everyone.")
    tiers: list[str] | None = said_field("For whom: tiers, at most 50; none for everyone.")
    segments: list[str] | None = said_field("For whom: segments, at most 50; none for everyone.")
    partner_types: list[str] | None = said_field("For whom: types of partners, at most 50; none for everyone.")
    unit: str | None = said_field("What its prices count in; at first POINTS.")
    needs_address: bool | None = said_field("True if it is sent to a postal address.")
    needs_approval: bool | None = said_field("True if an operator approves each order.")
    is_test: bool | None = said_field("True if it is for tests only.")
    valid_from: datetime | None = said_field("It can be redeemed from this instant on; null: at once.")
    valid_until: datetime | None = said_field("It can be redeemed before this instant; null: without end.")
    member_limit: int | None = said_field("How many a member may redeem, 1 to 1,000; null: as many as wanted.")
    member_limit_days: int | None = said_field("Within how many days, 1 to 3,660; null: ever.")
    denominations: list[DenominationInput] | None = said_field(
        "All of its variants in their order, at most 50: one that is not among them is no longer offered."
    )

    def said(self) -> ItemSaid:
        """As the room of items takes it: null empties what can be empty, and says nothing of what cannot."""
        told: dict[str, Any] = {name: _told(value) for name, value in vars(self).items()}
        for name in told.keys() - CLEARED:
            told[name] = UNSAID if told[name] is None else told[name]
        for name in TEXTS & said_of(told):
            told[name] = _texts(told[name])
        for name in CODES & said_of(told):
            told[name] = tuple(told[name] or ())
        if "images" in said_of(told):
            told["images"] = tuple(_image(each) for each in self.images or ())
        if "denominations" in said_of(told):
            told["denominations"] = tuple(each.said() for each in self.denominations or ())
        return ItemSaid(**told)


@strawberry.input(description="A batch of a supplier's items.")
class UpsertCatalogItemsInput:
    idempotency_key: str = key_field()
    supplier_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose items they are; not needed for a key that is bound to a supplier."
    )
    items: list[CatalogItemInput] = strawberry.field(description="1 to 1,000 items, in one transaction.")


@strawberry.input(description="What you save for.")
class SetSavedGoalInput:
    idempotency_key: str = key_field()
    denomination_id: strawberry.ID | None = strawberry.field(
        default=None, description="What you save for from now on; null: for nothing."
    )


@dataclass(frozen=True, kw_only=True)
class CatalogItemResultRecord:
    """The result of one item, for the face."""

    external_id: str
    outcome: ItemOutcome
    item_id: Any
    item: ItemRecord | None
    refusal: Told | None


@strawberry.type(description="What became of one item; one bad item never loses the others.")
class CatalogItemResult:
    external_id: str = strawberry.field(description="The item's id in your system.")
    outcome: ItemOutcome = strawberry.field(description="What became of it.")
    item_id = reference(Tag.CATALOG_ITEM, "item_id", "The item's id here; null where it was rejected.")
    item: Any = strawberry.field(
        graphql_type=nouns.CATALOG_ITEM | None, description="The item as it stands now; null where it was rejected."
    )
    refusal: Any = strawberry.field(graphql_type=Refusal | None, description="Why it was rejected, else null.")


@strawberry.type(description="Every item has ended.")
class UpsertCatalogItemsSuccess:
    results: list[CatalogItemResult] = strawberry.field(description="In the order of the items, at most 1,000.")
    created: int = strawberry.field(description="How many are new.")
    updated: int = strawberry.field(description="How many read differently from now on.")
    unchanged: int = strawberry.field(description="How many said nothing new.")
    rejected: int = strawberry.field(description="How many were rejected, each with its refusal.")


@strawberry.type(description="You save for it.")
class SetSavedGoalSuccess:
    goal: Any = strawberry.field(graphql_type=SavedGoal | None, description="What you save for; null for nothing.")


@strawberry.type
class CatalogMutation:
    @mutation(
        UpsertCatalogItemsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Feeds a supplier's items, by external id: new ones, changes, or nothing new. Fields that are left"
        " out stay as they are.",
    )
    async def upsert_catalog_items(self, info: Info, input: UpsertCatalogItemsInput) -> Any:
        context = info.context
        at_most_a_batch(input.items, "items")
        supplier_id = None if input.supplier_id is None else sure(Tag.SUPPLIER, input.supplier_id, "supplier")
        items = [each.said() for each in input.items]
        # What is left out and what is null differ here, so the request is what was understood.
        request = {"supplier_id": supplier_id and str(supplier_id), "items": [asdict(item) for item in items]}
        asked = Keyed(key=input.idempotency_key, request=request)
        results = await upsert_items(context.door, context.actor, asked, supplier_id, items)
        counts = Counter(result.outcome for result in results)
        pairs = [(context.actor, result.item_id) for result in results if result.item_id is not None]
        shown = {item.id: item for item in (await items_by_id(context.database, pairs)).values()}
        return UpsertCatalogItemsSuccess(
            results=[_shown(result, shown, context.locale) for result in results],
            created=counts[ItemOutcome.CREATED],
            updated=counts[ItemOutcome.UPDATED],
            unchanged=counts[ItemOutcome.UNCHANGED],
            rejected=counts[ItemOutcome.REJECTED],
        )

    @mutation(
        SetSavedGoalSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Keeps what you save for, one thing at a time: its offer says how many points are still to go.",
    )
    async def set_saved_goal(self, info: Info, input: SetSavedGoalInput) -> Any:
        context = info.context
        wanted = (
            None if input.denomination_id is None else sure(Tag.DENOMINATION, input.denomination_id, "denomination")
        )
        await save_goal(context.door, context.actor, keyed(input), wanted)
        return SetSavedGoalSuccess(goal=await context.batches.one(goals_of_members, context.actor.member_id))


def _shown(result: ItemResult, items: Mapping[UUID, ItemRecord], locale: str) -> Any:
    return CatalogItemResultRecord(
        external_id=result.external_id,
        outcome=result.outcome,
        item_id=result.item_id,
        item=items.get(result.item_id) if result.item_id else None,
        refusal=Told(refusal=result.refusal, locale=locale) if result.refusal else None,
    )


def said_of(told: Mapping[str, Any]) -> frozenset[str]:
    """The names of what was said."""
    return frozenset(name for name, value in told.items() if not isinstance(value, Unsaid))


def _told(value: Any) -> Any:
    return UNSAID if value is strawberry.UNSET else value


def _texts(said: LocalizedTextInput | None) -> Texts:
    return {} if said is None else said.texts()


def _image(said: ImageInput) -> Image:
    return Image(url=said.url, width=said.width, height=said.height, alt=_texts(said.alt))
