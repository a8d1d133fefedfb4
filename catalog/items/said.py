"""What a feed says of items, their denominations and routes; what it leaves unsaid stays as it was (pure)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from catalog.items.item import Image, ItemKind, ItemState, Texts


class Unsaid(Enum):
    """The one value that says: as it was."""

    UNSAID = "UNSAID"


UNSAID = Unsaid.UNSAID


@dataclass(frozen=True, kw_only=True)
class RouteSaid:
    """A route as a feed names it: by code of the supplier (None: the item's own) and of one of its pools."""

    supplier: str | None = None
    sku: str | None = None
    pool: str | None = None


@dataclass(frozen=True, kw_only=True)
class DenominationSaid:
    """A denomination, whole; only its stock and its routes may be left as they were."""

    external_id: str
    name: Texts = field(default_factory=dict[str, str])
    face_value: int | None = None
    currency: str | None = None
    price_fixed: int | None = None
    price_numerator: int | None = None
    price_denominator: int | None = None
    fair_value: int | None = None
    cost: int | None = None
    stock: int | Unsaid | None = UNSAID
    routes: tuple[RouteSaid, ...] | Unsaid = UNSAID


@dataclass(frozen=True, kw_only=True)
class ItemSaid:
    """What a feed says of an item: what is unsaid stays as it was, or at its default where the item is new."""

    external_id: str
    kind: ItemKind | Unsaid = UNSAID
    state: ItemState | Unsaid = UNSAID
    name: Texts | Unsaid = UNSAID
    description: Texts | Unsaid = UNSAID
    instructions: Texts | Unsaid = UNSAID
    brand: str | Unsaid | None = UNSAID
    categories: tuple[str, ...] | Unsaid = UNSAID
    images: tuple[Image, ...] | Unsaid = UNSAID
    countries: tuple[str, ...] | Unsaid = UNSAID
    tiers: tuple[str, ...] | Unsaid = UNSAID
    segments: tuple[str, ...] | Unsaid = UNSAID
    partner_types: tuple[str, ...] | Unsaid = UNSAID
    unit: str | Unsaid = UNSAID
    needs_address: bool | Unsaid = UNSAID
    needs_approval: bool | Unsaid = UNSAID
    is_test: bool | Unsaid = UNSAID
    valid_from: datetime | Unsaid | None = UNSAID
    valid_until: datetime | Unsaid | None = UNSAID
    member_limit: int | Unsaid | None = UNSAID
    member_limit_days: int | Unsaid | None = UNSAID
    denominations: tuple[DenominationSaid, ...] | Unsaid = UNSAID
