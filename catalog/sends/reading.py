"""What the face may ask of bundles: their items, the orders of members, and the parts of an order."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.redemptions.giving import Origin
from catalog.redemptions.machine import LineState
from catalog.sends.bundling import BUNDLE_STATE_SQL, BundleMode, BundleState, WaitsFor
from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.kernel.sql import Connection, Database, Row

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]
After = tuple[datetime, UUID] | None


@dataclass(frozen=True, kw_only=True)
class BundleItemRecord:
    """So many units of a denomination in a bundle; it may be one of those that somebody chooses from."""

    id: UUID
    bundle_id: UUID
    denomination_id: UUID
    quantity: int
    substitutes: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class BundleRecord:
    """A bundle with its items in order, at most 20."""

    id: UUID
    code: str
    name: Mapping[str, str]
    mode: BundleMode
    choose: int | None
    items: tuple[BundleItemRecord, ...]
    recorded_at: datetime
    version: int


@dataclass(frozen=True, kw_only=True)
class BundleOrderRecord:
    """A bundle on its way to a member; `state` is the fold of its parts."""

    id: UUID
    bundle_id: UUID
    origin: Origin
    origin_id: UUID
    member_id: UUID
    quantity: int
    mode: BundleMode
    choose: int | None
    waits_for: WaitsFor | None
    state: BundleState
    recorded_at: datetime
    revoked_at: datetime | None
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class BundlePartRecord:
    """One unit of an order and the line that delivers it; `reason` says why nothing does. Its value is for tax."""

    id: UUID
    order_id: UUID
    n: int
    denomination_id: UUID
    line_id: UUID | None
    redemption_id: UUID | None
    state: LineState | None
    reason: str | None
    fair_value: int | None
    currency: str | None


BUNDLES_BY_ID = "SELECT * FROM bundle WHERE id = ANY($1::uuid[])"
BUNDLES = "SELECT * FROM bundle WHERE $1::text IS NULL OR code > $1 ORDER BY code LIMIT $2"
ITEMS = "SELECT * FROM bundle_item WHERE bundle_id = ANY($1::uuid[]) ORDER BY bundle_id, place"

ASKED = f"{VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, asked_place) ON asked_place = place"
RELATION = relation_sql(member="bundle_order.member_id", partner="belonging.partner_id")
ORDER = f"""
SELECT bundle_order.*, {RELATION} AS relation,
       (SELECT {BUNDLE_STATE_SQL} FROM bundle_part AS part LEFT JOIN redemption_line AS line ON line.id = part.line_id
        WHERE part.order_id = bundle_order.id) AS state
FROM bundle_order LEFT JOIN belonging ON belonging.subject_id = bundle_order.member_id"""
ORDERS_BY_ID = f"""
SELECT place, seen.* FROM {ASKED} CROSS JOIN LATERAL ({ORDER} WHERE bundle_order.id = asked.id) AS seen
WHERE seen.relation IS NOT NULL
"""
ORDERS_BY_ORIGIN = f"""
SELECT place, seen.* FROM {ASKED} CROSS JOIN LATERAL ({ORDER} WHERE bundle_order.origin_id = asked.id) AS seen
WHERE seen.relation IS NOT NULL
"""
ORDERS_OF_MEMBERS = f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL (
    {ORDER} WHERE bundle_order.member_id = asked.id
        AND ($7::timestamptz IS NULL OR (bundle_order.recorded_at, bundle_order.id) < ($7, $8::uuid))
    ORDER BY bundle_order.recorded_at DESC, bundle_order.id DESC LIMIT $9) AS page
WHERE page.relation IS NOT NULL ORDER BY place, page.recorded_at DESC, page.id DESC
"""
PARTS = f"""
SELECT place, part.*, line.redemption_id, line.state, line.fair_value, line.currency
FROM {ASKED} CROSS JOIN LATERAL ({ORDER} WHERE bundle_order.id = asked.id) AS seen
JOIN bundle_part AS part ON part.order_id = seen.id LEFT JOIN redemption_line AS line ON line.id = part.line_id
WHERE seen.relation IS NOT NULL ORDER BY place, part.n
"""


async def bundles_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, BundleRecord]:
    """The bundles of these ids with their items; two statements."""
    found = {
        bundle.id: bundle
        for bundle in await _with_items(sql, await sql.fetch(BUNDLES_BY_ID, [pair[1] for pair in pairs]))
    }
    return {pair: found[pair[1]] for pair in pairs if pair[1] in found}


async def bundles_page(sql: Source, *, limit: int, after: str | None = None) -> list[BundleRecord]:
    """Bundles in order of their codes; two statements."""
    return await _with_items(sql, await sql.fetch(BUNDLES, after, min(limit, PAGE_MAX)))


async def bundle_orders_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, BundleOrderRecord]:
    """Those of the orders that the actor may see."""
    rows = await sql.fetch(ORDERS_BY_ID, *_asked(pairs))
    return {pairs[row["place"] - 1]: _order(row) for row in rows}


async def bundle_orders_by_origin(sql: Source, pairs: Pairs) -> Mapping[Pair, BundleOrderRecord]:
    """The order that each grant, or line of a send, led to, as far as the actor may see it."""
    rows = await sql.fetch(ORDERS_BY_ORIGIN, *_asked(pairs))
    return {pairs[row["place"] - 1]: _order(row) for row in rows}


async def bundle_orders_of_members(
    sql: Source, pairs: Pairs, *, limit: int, after: After = None
) -> Mapping[Pair, list[BundleOrderRecord]]:
    """A page of each member's bundle orders, newest first; `after` is (recorded_at, id)."""
    found = defaultdict[Pair, list[BundleOrderRecord]](list)
    arguments = (*_asked(pairs), *(after or (None, None)), min(limit, PAGE_MAX))
    for row in await sql.fetch(ORDERS_OF_MEMBERS, *arguments):
        found[pairs[row["place"] - 1]].append(_order(row))
    return found


async def parts_of_orders(sql: Source, pairs: Pairs) -> Mapping[Pair, list[BundlePartRecord]]:
    """The parts of each order that the actor may see, at most 100."""
    found = defaultdict[Pair, list[BundlePartRecord]](list)
    for row in await sql.fetch(PARTS, *_asked(pairs)):
        fields = {name: row[name] for name in BundlePartRecord.__dataclass_fields__ if name != "state"}
        state = None if row["state"] is None else LineState(row["state"])
        found[pairs[row["place"] - 1]].append(BundlePartRecord(**fields, state=state))
    return found


async def _with_items(sql: Source, rows: Sequence[Row]) -> list[BundleRecord]:
    items = defaultdict[UUID, list[BundleItemRecord]](list)
    for row in await sql.fetch(ITEMS, [row["id"] for row in rows]):
        items[row["bundle_id"]].append(
            BundleItemRecord(
                id=row["id"],
                bundle_id=row["bundle_id"],
                denomination_id=row["denomination_id"],
                quantity=row["quantity"],
                substitutes=tuple(UUID(one) for one in row["substitutes"]),
            )
        )
    return [
        BundleRecord(
            id=row["id"],
            code=row["code"],
            name=row["name"],
            mode=BundleMode(row["mode"]),
            choose=row["choose"],
            items=tuple(items[row["id"]]),
            recorded_at=row["recorded_at"],
            version=row["version"],
        )
        for row in rows
    ]


def _asked(pairs: Pairs) -> tuple[object, ...]:
    return *viewer_arguments(pair[0] for pair in pairs), [pair[1] for pair in pairs]


def _order(row: Row) -> BundleOrderRecord:
    return BundleOrderRecord(
        id=row["id"],
        bundle_id=row["bundle_id"],
        origin=Origin(row["origin"]),
        origin_id=row["origin_id"],
        member_id=row["member_id"],
        quantity=row["quantity"],
        mode=BundleMode(row["mode"]),
        choose=row["choose"],
        waits_for=None if row["waits_for"] is None else WaitsFor(row["waits_for"]),
        state=BundleState(row["state"]),
        recorded_at=row["recorded_at"],
        revoked_at=row["revoked_at"],
        version=row["version"],
        relation=Relation(row["relation"]),
    )
