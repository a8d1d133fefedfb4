"""The statements of feeding: each takes the whole batch, whatever its size."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from catalog.items.content import DenominationContent, ItemContent, Route
from catalog.items.loading import DENOMINATION_COLUMNS, ITEM_COLUMNS, item_record
from domain.kernel.ids import new_ids
from domain.kernel.sql import Connection, Row, json_texts

LOCK_FEED = "SELECT pg_advisory_xact_lock(hashtextextended('guerdon.catalog_feed' || $1::uuid::text, 0))"
LOCK_ITEMS = f"""
SELECT {ITEM_COLUMNS}, content_digest FROM catalog_item WHERE supplier_id = $1 AND external_id = ANY($2::text[])
ORDER BY id FOR NO KEY UPDATE
"""
LOCK_DENOMINATIONS = f"""
SELECT {DENOMINATION_COLUMNS} FROM denomination WHERE item_id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
ROUTES = """
SELECT denomination_id, supplier_id, sku, pool_id FROM fulfilment_route
WHERE denomination_id = ANY($1::uuid[]) ORDER BY denomination_id, priority
"""
ROUTES_NAMED = """
SELECT supplier.id, supplier.code, pool.id AS pool_id, pool.code AS pool_code
FROM supplier LEFT JOIN code_pool AS pool ON pool.supplier_id = supplier.id AND pool.code = ANY($3::text[])
WHERE supplier.id = $1 OR supplier.code = ANY($2::text[])
"""

ITEM_VALUES = """unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bool[], $17::bool[],
  $18::bool[], $19::timestamptz[], $20::timestamptz[], $21::int[], $22::int[], $23::text[], $24::bytea[], $25::bigint[])
  AS told (id, external_id, kind, state, name, description, instructions, brand, categories, images, countries, tiers,
           segments, partner_types, unit, needs_address, needs_approval, is_test, valid_from, valid_until,
           member_limit, member_limit_days, search, content_digest, version)"""
WRITE_ITEMS = f"""
INSERT INTO catalog_item (id, supplier_id, external_id, kind, state, name, description, instructions, brand, categories,
  images, countries, tiers, segments, partner_types, unit, needs_address, needs_approval, is_test, valid_from,
  valid_until, member_limit, member_limit_days, search, content_digest, recorded_at, updated_at, version)
SELECT id, $26, external_id, kind, state, name::jsonb, description::jsonb, instructions::jsonb, brand,
  categories::jsonb, images::jsonb, countries::jsonb, tiers::jsonb, segments::jsonb, partner_types::jsonb, unit,
  needs_address, needs_approval, is_test, valid_from, valid_until, member_limit, member_limit_days, search,
  content_digest, $27, $27, version
FROM {ITEM_VALUES}
ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, state = excluded.state, name = excluded.name,
  description = excluded.description, instructions = excluded.instructions, brand = excluded.brand,
  categories = excluded.categories, images = excluded.images, countries = excluded.countries, tiers = excluded.tiers,
  segments = excluded.segments, partner_types = excluded.partner_types, unit = excluded.unit,
  needs_address = excluded.needs_address, needs_approval = excluded.needs_approval, is_test = excluded.is_test,
  valid_from = excluded.valid_from, valid_until = excluded.valid_until, member_limit = excluded.member_limit,
  member_limit_days = excluded.member_limit_days, search = excluded.search,
  content_digest = excluded.content_digest, updated_at = excluded.updated_at, version = excluded.version
"""
WRITE_DENOMINATIONS = """
INSERT INTO denomination (id, item_id, external_id, name, face_value, currency, price_fixed, price_numerator,
  price_denominator, fair_value, cost, stock, place, is_offered, version)
SELECT id, item_id, external_id, name::jsonb, face_value, currency, price_fixed, price_numerator, price_denominator,
  fair_value, cost, stock, place, is_offered, version
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[],
  $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::int[], $14::bool[], $15::bigint[])
  AS told (id, item_id, external_id, name, face_value, currency, price_fixed, price_numerator, price_denominator,
           fair_value, cost, stock, place, is_offered, version)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET name = excluded.name, face_value = excluded.face_value, currency = excluded.currency,
  price_fixed = excluded.price_fixed, price_numerator = excluded.price_numerator,
  price_denominator = excluded.price_denominator, fair_value = excluded.fair_value, cost = excluded.cost,
  stock = excluded.stock, place = excluded.place, is_offered = excluded.is_offered, version = excluded.version
"""
FORGET_ROUTES = "DELETE FROM fulfilment_route WHERE denomination_id = ANY($1::uuid[])"
WRITE_ROUTES = """
INSERT INTO fulfilment_route (id, denomination_id, priority, supplier_id, sku, pool_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::uuid[])
"""


@dataclass(frozen=True, kw_only=True)
class StoredDenomination:
    """A denomination as it stands: its id, its version and what it says."""

    id: UUID
    place: int
    version: int
    content: DenominationContent


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An item as it stands, locked."""

    item_id: UUID
    version: int
    digest: bytes
    content: ItemContent
    denominations: Mapping[str, StoredDenomination]


@dataclass(frozen=True, kw_only=True)
class Written:
    """An item as it is to stand."""

    item_id: UUID
    content: ItemContent
    digest: bytes
    before: Stored | None

    @cached_property
    def version(self) -> int:
        """Moves with every change."""
        return self.before.version + 1 if self.before else 1

    def denominations(self) -> list[StoredDenomination]:
        """Those that are new or read differently from now on."""
        known = self.before.denominations if self.before else {}
        fresh = iter(new_ids(len(self.content.denominations)))
        told = list[StoredDenomination]()
        for place, content in enumerate(self.content.denominations):
            old = known.get(content.external_id)
            if old is None:
                told.append(StoredDenomination(id=next(fresh), place=place, version=1, content=content))
            elif (old.place, old.content) != (place, content):
                told.append(StoredDenomination(id=old.id, place=place, version=old.version + 1, content=content))
        return told


async def lock_feed(connection: Connection, supplier_id: UUID) -> None:
    """Until the operation ends nobody else feeds this supplier's items: two cannot create the same one."""
    await connection.execute(LOCK_FEED, supplier_id)


async def lock_items(connection: Connection, supplier_id: UUID, external_ids: Collection[str]) -> Mapping[str, Stored]:
    """The items that exist, with their denominations, locked in order of their ids."""
    rows = await connection.fetch(LOCK_ITEMS, supplier_id, list(external_ids))
    variants = await connection.fetch(LOCK_DENOMINATIONS, [row["id"] for row in rows])
    routes = defaultdict[UUID, list[Route]](list)
    for row in await connection.fetch(ROUTES, [row["id"] for row in variants]):
        route = Route(supplier_id=row["supplier_id"], sku=row["sku"], pool_id=row["pool_id"])
        routes[row["denomination_id"]].append(route)
    grouped = defaultdict[UUID, dict[str, StoredDenomination]](dict)
    for row in sorted(variants, key=lambda row: row["place"]):
        grouped[row["item_id"]][row["external_id"]] = StoredDenomination(
            id=row["id"], place=row["place"], version=row["version"], content=_denomination(row, routes[row["id"]])
        )
    return {row["external_id"]: _stored(row, grouped[row["id"]]) for row in rows}


async def routes_named(
    connection: Connection, supplier_id: UUID, suppliers: Collection[str], pools: Collection[str]
) -> Sequence[Row]:
    """The supplier itself and those of the codes (`id`, `code`), a row a pool of theirs that has one of the codes."""
    return await connection.fetch(ROUTES_NAMED, supplier_id, list(suppliers), list(pools))


async def write(connection: Connection, now: datetime, supplier_id: UUID, items: Sequence[Written]) -> None:
    """The items stand, with their denominations and routes; nothing is ever deleted but a route."""
    if not items:
        return
    await connection.execute(WRITE_ITEMS, *_item_columns(items), supplier_id, now)
    variants = [(item.item_id, one) for item in items for one in item.denominations()]
    if not variants:
        return
    await connection.execute(WRITE_DENOMINATIONS, *_denomination_columns(variants))
    routes = [
        (one.id, priority, route) for _, one in variants for priority, route in enumerate(one.content.routes, start=1)
    ]
    await connection.execute(FORGET_ROUTES, [one.id for _, one in variants])
    await connection.execute(
        WRITE_ROUTES,
        new_ids(len(routes)),
        [denomination_id for denomination_id, _, _ in routes],
        [priority for _, priority, _ in routes],
        [route.supplier_id for _, _, route in routes],
        [route.sku for _, _, route in routes],
        [route.pool_id for _, _, route in routes],
    )


def _item_columns(items: Sequence[Written]) -> list[list[object]]:
    told = [item.content for item in items]
    return [
        [item.item_id for item in items],
        [one.external_id for one in told],
        [one.kind for one in told],
        [one.state.value for one in told],
        *(
            list[object](json_texts(documents))
            for documents in (
                [one.name for one in told],
                [one.description for one in told],
                [one.instructions for one in told],
            )
        ),
        [one.brand for one in told],
        *(
            list[object](json_texts(documents))
            for documents in (
                [one.categories for one in told],
                [[asdict(image) for image in one.images] for one in told],
                [one.countries for one in told],
                [one.tiers for one in told],
                [one.segments for one in told],
                [one.partner_types for one in told],
            )
        ),
        [one.unit for one in told],
        [one.needs_address for one in told],
        [one.needs_approval for one in told],
        [one.is_test for one in told],
        [one.valid_from for one in told],
        [one.valid_until for one in told],
        [one.member_limit for one in told],
        [one.member_limit_days for one in told],
        [one.search() for one in told],
        [item.digest for item in items],
        [item.version for item in items],
    ]


def _denomination_columns(variants: Sequence[tuple[UUID, StoredDenomination]]) -> list[list[object]]:
    told = [one.content for _, one in variants]
    return [
        [one.id for _, one in variants],
        [item_id for item_id, _ in variants],
        [one.external_id for one in told],
        list[object](json_texts(one.name for one in told)),
        [one.face_value for one in told],
        [one.currency for one in told],
        [one.price_fixed for one in told],
        [one.price_numerator for one in told],
        [one.price_denominator for one in told],
        [one.fair_value for one in told],
        [one.cost for one in told],
        [one.stock for one in told],
        [one.place for _, one in variants],
        [one.is_offered for one in told],
        [one.version for _, one in variants],
    ]


def _stored(row: Row, denominations: Mapping[str, StoredDenomination]) -> Stored:
    record = item_record(row)
    said = {name: getattr(record, name) for name in ItemContent.__dataclass_fields__ if name != "denominations"}
    content = ItemContent(**said, denominations=tuple(one.content for one in denominations.values()))
    return Stored(
        item_id=record.id,
        version=record.version,
        digest=row["content_digest"],
        content=content,
        denominations=denominations,
    )


def _denomination(row: Row, routes: Sequence[Route]) -> DenominationContent:
    names = (name for name in DenominationContent.__dataclass_fields__ if name != "routes")
    return DenominationContent(**{name: row[name] for name in names}, routes=tuple(routes))
