"""What a quote says, as values: lines with their prices, the points they would take, and what stands in the way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from catalog.items.eligibility import Obstacle, ObstacleCode
from catalog.items.item import Offer
from catalog.redemptions.policy import ShopPolicy
from domain.kernel.refusals import InvalidInput


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """So many units of one denomination."""

    denomination_id: UUID
    quantity: int


@dataclass(frozen=True, kw_only=True)
class QuoteLine:
    """A denomination with its price a unit as it stands until the quote expires; money in minor units."""

    denomination_id: UUID
    item_id: UUID
    quantity: int
    price: int
    face_value: int | None
    currency: str | None
    fair_value: int | None
    needs_address: bool
    needs_approval: bool

    @property
    def total(self) -> int:
        return self.price * self.quantity

    def to_json(self) -> dict[str, Any]:
        """The line as it is stored."""
        return {name: str(value) if isinstance(value, UUID) else value for name, value in asdict(self).items()}


@dataclass(frozen=True, kw_only=True)
class LotSpent:
    """So many points of one lot, which would expire at `expires_at` (None: never)."""

    lot_id: UUID
    program_id: UUID
    amount: int
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class QuoteRecord:
    """An offer that stands until `expires_at`, and what accepting it would change in the wallet.

    `wallet_id` and the balances are None where nothing costs anything; `held_until` says when lines would be ordered
    if they have to wait for that.
    """

    id: UUID
    member_id: UUID
    unit: str
    total: int
    lines: tuple[QuoteLine, ...]
    lots: tuple[LotSpent, ...]
    wallet_id: UUID | None
    available_before: int | None
    available_after: int | None
    held_after: int | None
    needs_address: bool
    needs_approval: bool
    held_until: datetime | None
    recorded_at: datetime
    expires_at: datetime


def line_from(stored: Mapping[str, Any]) -> QuoteLine:
    """A stored line as its record."""
    values: dict[str, Any] = dict(stored)
    for name in ("denomination_id", "item_id"):
        values[name] = UUID(values[name])
    return QuoteLine(**values)


def counted(wanted: Sequence[Wanted], policy: ShopPolicy) -> Mapping[UUID, int]:
    """How many units of each denomination are wanted, in the order given.

    Refuses: InvalidInput (1 to 10 different denominations; each quantity and their sum 1 to 20, by policy).
    """
    units = Counter[UUID]()
    for one in wanted:
        if one.quantity < 1:
            raise InvalidInput(field="quantity", problem="at least 1")
        units[one.denomination_id] += one.quantity
    if not 1 <= len(units) <= policy.lines_max:
        raise InvalidInput(field="lines", problem=f"1 to {policy.lines_max}")
    if units.total() > policy.units_max:
        raise InvalidInput(field="quantity", problem=f"at most {policy.units_max} units in all")
    return units


def hindrances(offers: Mapping[UUID, Offer], units: Mapping[UUID, int]) -> list[dict[str, Any]]:
    """Everything that stands in the way of so many units of each offered denomination, with its facts."""
    found = list[dict[str, Any]]()
    of_item = Counter[UUID]()
    for denomination_id, count in units.items():
        offer = offers[denomination_id]
        of_item[offer.item.id] += count
        found += [_told(denomination_id, obstacle) for obstacle in offer.obstacles]
        codes = {obstacle.code for obstacle in offer.obstacles}
        left = offer.left_in_stock
        if left is not None and left < count and ObstacleCode.OUT_OF_STOCK not in codes:
            found.append(_told(denomination_id, Obstacle(code=ObstacleCode.OUT_OF_STOCK, facts={"left": left})))
        limit = offer.left_of_limit
        if limit is not None and limit < of_item[offer.item.id] and ObstacleCode.MEMBER_LIMIT not in codes:
            facts: dict[str, object] = {
                "limit": offer.item.member_limit,
                "days": offer.item.member_limit_days,
                "redeemed": (offer.item.member_limit or 0) - limit,
                "until": None,
            }
            found.append(_told(denomination_id, Obstacle(code=ObstacleCode.MEMBER_LIMIT, facts=facts)))
    return found


def _told(denomination_id: UUID, obstacle: Obstacle) -> dict[str, Any]:
    return {"denomination_id": str(denomination_id), "code": obstacle.code.value, "facts": dict(obstacle.facts)}
