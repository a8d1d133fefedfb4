"""All that is stored of an item, as a value with a digest: by it a feed that says nothing new is found (pure)."""

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

import orjson

from catalog.items.item import Image, ItemKind, ItemState, Texts
from catalog.items.plain_text import folded


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route by ids, in its place."""

    supplier_id: UUID
    sku: str
    pool_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class DenominationContent:
    """All that is stored of a denomination."""

    external_id: str
    name: Texts
    face_value: int | None
    currency: str | None
    price_fixed: int | None
    price_numerator: int | None
    price_denominator: int | None
    fair_value: int | None
    cost: int | None
    stock: int | None
    is_offered: bool
    routes: tuple[Route, ...]


@dataclass(frozen=True, kw_only=True)
class ItemContent:
    """All that is stored of an item; the denominations in their places, those no longer offered last."""

    external_id: str
    kind: ItemKind | None = None
    state: ItemState = ItemState.LISTED
    name: Texts = field(default_factory=dict[str, str])
    description: Texts = field(default_factory=dict[str, str])
    instructions: Texts = field(default_factory=dict[str, str])
    brand: str | None = None
    categories: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    countries: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    partner_types: tuple[str, ...] = ()
    unit: str = "POINTS"
    needs_address: bool = False
    needs_approval: bool = False
    is_test: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    member_limit: int | None = None
    member_limit_days: int | None = None
    denominations: tuple[DenominationContent, ...] = ()

    def digest(self) -> bytes:
        """SHA-256 of everything but the stock, which redeeming moves too."""
        document = asdict(self)
        for denomination in document["denominations"]:
            del denomination["stock"]
        # The driver's ids are no plain UUIDs: written as text, they are the same.
        return hashlib.sha256(orjson.dumps(document, default=str, option=orjson.OPT_SORT_KEYS)).digest()

    def search(self) -> str:
        """The words by which the item is found, in every language."""
        texts = (*self.name.values(), self.brand or "", *self.categories, *self.description.values())
        return folded(" ".join(texts))
