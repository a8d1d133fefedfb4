"""Rows of items, denominations and routes as records, read by set; whose they are to see is decided by the callers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from catalog.items.item import DenominationRecord, Image, ItemKind, ItemRecord, ItemState, RouteRecord
from catalog.items.pricing import Price
from domain.kernel.sql import Connection, Database, Row

Source = Database | Connection

ITEM_COLUMNS = """id, supplier_id, external_id, kind, state, name, description, instructions, brand, categories, images,
countries, tiers, segments, partner_types, unit, needs_address, needs_approval, is_test, valid_from, valid_until,
member_limit, member_limit_days, recorded_at, updated_at, version"""

DENOMINATION_COLUMNS = """id, item_id, external_id, name, face_value, currency, price_fixed, price_numerator,
price_denominator, fair_value, cost, stock, place, is_offered, version"""

ROUTES = """
SELECT route.denomination_id, route.priority, route.supplier_id, route.sku, route.pool_id, supplier.adapter,
       supplier.state = 'PAUSED' AS is_paused, code_pool.free
FROM fulfilment_route AS route JOIN supplier ON supplier.id = route.supplier_id
LEFT JOIN code_pool ON code_pool.id = route.pool_id
WHERE route.denomination_id = ANY($1::uuid[]) ORDER BY route.denomination_id, route.priority
"""

CODE_POOL = "CODE_POOL"


@dataclass(frozen=True, kw_only=True)
class Supply:
    """A denomination's routes in order of priority, and what they can deliver now; `left` None: as many as wanted."""

    routes: tuple[RouteRecord, ...]
    left: int | None

    @property
    def can_be_delivered(self) -> bool:
        """At least one route's supplier works."""
        return any(not route.is_paused for route in self.routes)


NO_SUPPLY = Supply(routes=(), left=None)


async def supplies_of(source: Source, denomination_ids: Sequence[UUID]) -> Mapping[UUID, Supply]:
    """Who delivers each denomination, in one statement. Pools count where the supplier's codes come from them alone."""
    rows = await source.fetch(ROUTES, list(denomination_ids))
    grouped = defaultdict[UUID, list[Row]](list)
    for row in rows:
        grouped[row["denomination_id"]].append(row)
    return {denomination_id: _supply(of_one) for denomination_id, of_one in grouped.items()}


def _supply(rows: Sequence[Row]) -> Supply:
    working = [row for row in rows if not row["is_paused"]]
    # Two routes to the same pool deliver its codes once.
    pools = {row["pool_id"]: row["free"] for row in working if row["adapter"] == CODE_POOL and row["pool_id"]}
    is_endless = not working or any(row["adapter"] != CODE_POOL for row in working)
    routes = tuple(
        RouteRecord(
            priority=row["priority"],
            supplier_id=row["supplier_id"],
            sku=row["sku"],
            pool_id=row["pool_id"],
            adapter=row["adapter"],
            is_paused=row["is_paused"],
        )
        for row in rows
    )
    return Supply(routes=routes, left=None if is_endless else sum(pools.values()))


def item_record(row: Row, *, price_from: int | None = None) -> ItemRecord:
    """A row of catalog_item."""
    return ItemRecord(
        id=row["id"],
        supplier_id=row["supplier_id"],
        external_id=row["external_id"],
        kind=ItemKind(row["kind"]),
        state=ItemState(row["state"]),
        name=row["name"],
        description=row["description"],
        instructions=row["instructions"],
        brand=row["brand"],
        categories=tuple(row["categories"]),
        images=tuple(Image(**image) for image in row["images"]),
        countries=tuple(row["countries"]),
        tiers=tuple(row["tiers"]),
        segments=tuple(row["segments"]),
        partner_types=tuple(row["partner_types"]),
        unit=row["unit"],
        needs_address=row["needs_address"],
        needs_approval=row["needs_approval"],
        is_test=row["is_test"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        member_limit=row["member_limit"],
        member_limit_days=row["member_limit_days"],
        recorded_at=row["recorded_at"],
        updated_at=row["updated_at"],
        version=row["version"],
        price_from=price_from,
    )


def denomination_record(row: Row) -> DenominationRecord:
    """A row of denomination, with its price worked out."""
    pricing = Price(fixed=row["price_fixed"], numerator=row["price_numerator"], denominator=row["price_denominator"])
    return DenominationRecord(
        id=row["id"],
        item_id=row["item_id"],
        external_id=row["external_id"],
        name=row["name"],
        face_value=row["face_value"],
        currency=row["currency"],
        pricing=pricing,
        price=pricing.of(row["face_value"]),
        fair_value=row["fair_value"],
        cost=row["cost"],
        stock=row["stock"],
        place=row["place"],
        is_offered=row["is_offered"],
        version=row["version"],
    )
