"""What the catalog shows, as values: items, denominations with their price, routes of fulfilment, and offers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from catalog.items.eligibility import Obstacle
from catalog.items.pricing import Price

Texts = Mapping[str, str]


class ItemKind(StrEnum):
    """What kind of thing is redeemed."""

    VOUCHER = "VOUCHER"
    GIFT_CARD = "GIFT_CARD"
    MERCHANDISE = "MERCHANDISE"
    EXPERIENCE = "EXPERIENCE"
    TRAVEL = "TRAVEL"
    MEMBERSHIP = "MEMBERSHIP"
    TRAINING_SEAT = "TRAINING_SEAT"
    MDF_CREDIT = "MDF_CREDIT"
    DONATION = "DONATION"
    BENEFIT = "BENEFIT"


class ItemState(StrEnum):
    """Whether members see an item: not yet, now, or no longer."""

    DRAFT = "DRAFT"
    LISTED = "LISTED"
    UNLISTED = "UNLISTED"


@dataclass(frozen=True, kw_only=True)
class Image:
    """A picture of an item: an https address, its size in pixels, and what it shows, by locale."""

    url: str
    width: int
    height: int
    alt: Texts


@dataclass(frozen=True, kw_only=True)
class ItemRecord:
    """An item; empty tuples of countries, tiers, segments, partner types mean everyone.

    `price_from` is the lowest price of what is offered, where the reading asked for it.
    """

    id: UUID
    supplier_id: UUID
    external_id: str
    kind: ItemKind
    state: ItemState
    name: Texts
    description: Texts
    instructions: Texts
    brand: str | None
    categories: tuple[str, ...]
    images: tuple[Image, ...]
    countries: tuple[str, ...]
    tiers: tuple[str, ...]
    segments: tuple[str, ...]
    partner_types: tuple[str, ...]
    unit: str
    needs_address: bool
    needs_approval: bool
    is_test: bool
    valid_from: datetime | None
    valid_until: datetime | None
    member_limit: int | None
    member_limit_days: int | None
    recorded_at: datetime
    updated_at: datetime
    version: int
    price_from: int | None = None


@dataclass(frozen=True, kw_only=True)
class DenominationRecord:
    """One variant of an item that can be ordered; `price` in whole units of the item's unit.

    `face_value`, `fair_value` and `cost` are minor units of `currency`; `stock` None: as many as its routes have.
    """

    id: UUID
    item_id: UUID
    external_id: str
    name: Texts
    face_value: int | None
    currency: str | None
    pricing: Price
    price: int
    fair_value: int | None
    cost: int | None
    stock: int | None
    place: int
    is_offered: bool
    version: int


@dataclass(frozen=True, kw_only=True)
class RouteRecord:
    """Who delivers a denomination under which name; the next priority only if the one before surely did not."""

    priority: int
    supplier_id: UUID
    sku: str
    pool_id: UUID | None
    adapter: str
    is_paused: bool = False


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a denomination costs a member as of now, who would deliver it, and what stands in the way.

    `left_of_limit` is how many units the member may still redeem of the item, `left_in_stock` how many there are;
    None: as many as wanted.
    """

    item: ItemRecord
    denomination: DenominationRecord
    routes: tuple[RouteRecord, ...]
    obstacles: tuple[Obstacle, ...]
    left_of_limit: int | None
    left_in_stock: int | None

    @property
    def unit(self) -> str:
        return self.item.unit

    @property
    def price(self) -> int:
        return self.denomination.price

    @property
    def face_value(self) -> int | None:
        return self.denomination.face_value

    @property
    def currency(self) -> str | None:
        return self.denomination.currency

    @property
    def fair_value(self) -> int | None:
        return self.denomination.fair_value

    @property
    def needs_address(self) -> bool:
        return self.item.needs_address

    @property
    def needs_approval(self) -> bool:
        return self.item.needs_approval

    def missing(self, available: int) -> int:
        """How many points somebody with so many still lacks."""
        return max(0, self.price - available)

    def can_redeem(self, available: int) -> bool:
        """True if nothing stands in the way and so many points suffice."""
        return not self.obstacles and self.missing(available) == 0


@dataclass(frozen=True, kw_only=True)
class GoalRecord:
    """What a member saves for."""

    member_id: UUID
    item_id: UUID
    denomination_id: UUID
    recorded_at: datetime
