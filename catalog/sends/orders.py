"""Bundle orders in storage: opened for grants and claimed sends, with a part for every unit, and read under lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.redemptions.giving import Origin
from catalog.redemptions.machine import LineState
from catalog.sends.bundling import BundleMode, PartState, WaitsFor
from catalog.sends.events import BUNDLE_ORDER_OPENED
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.sql import Row, json_texts

BUNDLES = "SELECT id, code, mode, choose FROM bundle WHERE id = ANY($1::uuid[]) OR code = ANY($2::text[])"

ITEMS = """
SELECT bundle_id, denomination_id, quantity, substitutes FROM bundle_item WHERE bundle_id = ANY($1::uuid[])
ORDER BY bundle_id, place
"""

INSERT = """
INSERT INTO bundle_order (id, bundle_id, origin, origin_id, member_id, partner_id, quantity, mode, choose, waits_for,
                          look_at, recorded_at, version)
SELECT id, bundle_id, origin, origin_id, member_id, partner_id, quantity, mode, choose, waits_for,
       CASE WHEN waits_for IS NULL THEN $11::timestamptz END, $11, 1
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::int[], $8::text[], $9::int[],
            $10::text[])
     AS new (id, bundle_id, origin, origin_id, member_id, partner_id, quantity, mode, choose, waits_for)
ON CONFLICT (origin, origin_id) DO NOTHING
"""

INSERT_PARTS = """
INSERT INTO bundle_part (id, order_id, n, denomination_id, substitutes)
SELECT id, order_id, n, denomination_id, substitutes::jsonb
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::text[])
     AS new (id, order_id, n, denomination_id, substitutes)
"""

LOCK = """
-- lock: bundle_order
SELECT id, bundle_id, origin, origin_id, member_id, partner_id, quantity, mode, choose, waits_for, revoked_at,
       compensating_since FROM bundle_order WHERE id = $1 FOR NO KEY UPDATE
"""

PARTS = """
SELECT part.id, part.n, part.denomination_id, part.substitutes, part.line_id, part.reason, line.state, line.fulfilled_at
FROM bundle_part AS part LEFT JOIN redemption_line AS line ON line.id = part.line_id
WHERE part.order_id = $1 ORDER BY part.n
"""


@dataclass(frozen=True, kw_only=True)
class BundleItem:
    """So many units of a denomination in a bundle, with its substitutes."""

    denomination_id: UUID
    quantity: int
    substitutes: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class BundleRow:
    """A bundle as orders are made of it."""

    id: UUID
    code: str
    mode: BundleMode
    choose: int | None
    items: tuple[BundleItem, ...]


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """A bundle for a member, so many times, from one origin."""

    id: UUID
    bundle: BundleRow
    origin: Origin
    origin_id: UUID
    member_id: UUID
    partner_id: UUID | None
    quantity: int = 1


@dataclass(frozen=True, kw_only=True)
class Part:
    """One unit of an order as it stands: the denomination wanted now, and what may still stand in."""

    id: UUID
    n: int
    denomination_id: UUID
    substitutes: tuple[UUID, ...]
    line_id: UUID | None
    state: LineState | None
    fulfilled_at: datetime | None
    reason: str | None

    @property
    def is_fresh(self) -> bool:
        """True until it was tried for the first time."""
        return self.line_id is None and self.reason is None

    @property
    def judged(self) -> PartState:
        """As the next step judges it."""
        return PartState(
            id=self.id,
            line_id=self.line_id,
            state=self.state,
            fulfilled_at=self.fulfilled_at,
            has_substitute=bool(self.substitutes),
        )


@dataclass(frozen=True, kw_only=True)
class OrderRow:
    """A bundle order, locked."""

    id: UUID
    bundle_id: UUID
    origin: Origin
    origin_id: UUID
    member_id: UUID
    partner_id: UUID | None
    quantity: int
    mode: BundleMode
    choose: int | None
    waits_for: WaitsFor | None
    revoked_at: datetime | None
    compensating_since: datetime | None


async def bundles_in(op: Operation, ids: Sequence[UUID] = (), codes: Sequence[str] = ()) -> list[BundleRow]:
    """The bundles of these ids or codes with their items; those that do not exist are absent. Two statements."""
    rows = await op.sql.fetch(BUNDLES, list(ids), list(codes))
    items: dict[UUID, list[BundleItem]] = {}
    for row in await op.sql.fetch(ITEMS, [row["id"] for row in rows]):
        item = BundleItem(
            denomination_id=row["denomination_id"],
            quantity=row["quantity"],
            substitutes=tuple(UUID(one) for one in row["substitutes"]),
        )
        items.setdefault(row["bundle_id"], []).append(item)
    return [
        BundleRow(
            id=row["id"],
            code=row["code"],
            mode=BundleMode(row["mode"]),
            choose=row["choose"],
            items=tuple(items.get(row["id"], ())),
        )
        for row in rows
    ]


async def open_orders_in(op: Operation, orders: Sequence[NewOrder]) -> None:
    """The orders stand, each with its parts, or waiting for the member's choice. Two statements for any number."""
    if not orders:
        return
    waits = [WaitsFor.CHOICE if order.bundle.mode is BundleMode.CHOICE else None for order in orders]
    await op.sql.execute(
        INSERT,
        [order.id for order in orders],
        [order.bundle.id for order in orders],
        [order.origin.value for order in orders],
        [order.origin_id for order in orders],
        [order.member_id for order in orders],
        [order.partner_id for order in orders],
        [order.quantity for order in orders],
        [order.bundle.mode.value for order in orders],
        [order.bundle.choose for order in orders],
        [one.value if one else None for one in waits],
        op.now,
    )
    fixed = [order for order in orders if order.bundle.mode is not BundleMode.CHOICE]
    await add_parts_in(op, {order.id: (order.bundle.items, order.quantity) for order in fixed})
    for order, waiting in zip(orders, waits, strict=True):
        op.tell(
            BUNDLE_ORDER_OPENED.about(
                order.id,
                member_id=order.member_id,
                partner_id=order.partner_id,
                bundle_id=str(order.bundle.id),
                origin=order.origin.value,
                origin_id=str(order.origin_id),
                waits_for=waiting,
            )
        )


async def add_parts_in(op: Operation, items: Mapping[UUID, tuple[Sequence[BundleItem], int]]) -> None:
    """Each order has a part for every unit of these items, so many times. One statement."""
    units = [
        (order_id, n, item)
        for order_id, (some, quantity) in items.items()
        for n, item in enumerate((one for one in some for _ in range(one.quantity * quantity)), start=1)
    ]
    if units:
        await op.sql.execute(
            INSERT_PARTS,
            new_ids(len(units)),
            [order_id for order_id, _, _ in units],
            [n for _, n, _ in units],
            [item.denomination_id for _, _, item in units],
            json_texts([str(one) for one in item.substitutes] for _, _, item in units),
        )


async def lock_order_in(op: Operation, order_id: UUID) -> OrderRow | None:
    """The order, locked until the operation ends: before any redemption of it is."""
    row = await op.sql.fetchrow(LOCK, order_id)
    return None if row is None else _order(row)


async def parts_in(op: Operation, order_id: UUID) -> list[Part]:
    """The order's parts with their lines as they stand, in order."""
    return [
        Part(
            id=row["id"],
            n=row["n"],
            denomination_id=row["denomination_id"],
            substitutes=tuple(UUID(one) for one in row["substitutes"]),
            line_id=row["line_id"],
            state=None if row["state"] is None else LineState(row["state"]),
            fulfilled_at=row["fulfilled_at"],
            reason=row["reason"],
        )
        for row in await op.sql.fetch(PARTS, order_id)
    ]


def _order(row: Row) -> OrderRow:
    return OrderRow(
        id=row["id"],
        bundle_id=row["bundle_id"],
        origin=Origin(row["origin"]),
        origin_id=row["origin_id"],
        member_id=row["member_id"],
        partner_id=row["partner_id"],
        quantity=row["quantity"],
        mode=BundleMode(row["mode"]),
        choose=row["choose"],
        waits_for=None if row["waits_for"] is None else WaitsFor(row["waits_for"]),
        revoked_at=row["revoked_at"],
        compensating_since=row["compensating_since"],
    )
