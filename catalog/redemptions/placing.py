"""An order is placed: its points are held, its stock taken, its codes reserved, and its lines go their first step."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from catalog.codes.taking import lock_pools_in
from catalog.items.eligibility import ObstacleCode
from catalog.items.item import Offer
from catalog.items.stocking import take_stock_in
from catalog.redemptions.acting import Customer
from catalog.redemptions.events import REDEMPTION_HELD
from catalog.redemptions.moving import await_approval_in, lock_lines_in, order_in
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.quote import QuoteLine
from catalog.redemptions.refusals import CannotRedeem
from catalog.redemptions.reserving import pools_of, set_aside_in, usable
from catalog.suppliers.outcomes import Recipient
from catalog.suppliers.recipients import sealed_recipient
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Operation
from domain.kernel.sealing import Keyring
from domain.ledger.holding import Reference, hold_each_in
from domain.ledger.opening import lock_owners_in
from domain.ledger.wallets import Owner, OwnerKind

CLAIM = """
INSERT INTO redemption (id, member_id, partner_id, principal_id, origin, origin_id, unit, total, country, locale,
                        recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1) ON CONFLICT (origin, origin_id) DO NOTHING RETURNING id
"""

INSERT_LINES = """
INSERT INTO redemption_line (id, redemption_id, n, item_id, denomination_id, member_id, price, face_value, currency,
                             fair_value, hold_id, state, delivery, held_until, recorded_at, version)
SELECT id, $1, place, item_id, denomination_id, $2, price, face_value, currency, fair_value, hold_id, 'HELD', 'NONE',
       held_until, $3, 1
FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::bigint[], $8::bigint[], $9::text[], $10::bigint[], $11::uuid[],
            $12::timestamptz[]) WITH ORDINALITY
     AS added (id, item_id, denomination_id, price, face_value, currency, fair_value, hold_id, held_until, place)
"""

INSERT_SHIPMENT = "INSERT INTO shipment (redemption_id, sealed, recorded_at) VALUES ($1, $2, $3)"


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """What is ordered for whom; `origin` (QUOTE, GRANT, SEND) and its id are ordered once. At most 20 units."""

    origin: str
    origin_id: UUID
    customer: Customer
    unit: str
    lines: tuple[QuoteLine, ...]

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def units(self) -> Mapping[UUID, int]:
        """How many of each denomination."""
        counted = Counter[UUID]()
        for line in self.lines:
            counted[line.denomination_id] += line.quantity
        return counted


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """One unit before its row exists."""

    id: UUID
    line: QuoteLine
    awaits_approval: bool


async def claim_in(op: Operation, order: NewOrder) -> UUID | None:
    """The redemption's row, new; None if its origin was ordered before (a twin in flight is waited for)."""
    customer = order.customer
    return await op.sql.fetchval(
        CLAIM,
        new_id(),
        customer.member_id,
        customer.partner_id,
        op.actor.principal_id,
        order.origin,
        order.origin_id,
        order.unit,
        order.total,
        customer.country,
        customer.locale,
        op.now,
    )


async def place_in(
    op: Operation,
    redemption_id: UUID,
    order: NewOrder,
    offers: Mapping[UUID, Offer],
    policy: ShopPolicy,
    keyring: Keyring,
    recipient: Recipient | None,
) -> None:
    """The claimed order's lines stand: each with its points held and its goods set aside, then ordered, waiting for
    approval (`approval_above`, or the item's own), or held for as long as the policy says. A person's approval takes
    the place of that wait.

    Refuses: InsufficientPoints; WalletInDebt; CannotRedeem (OUT_OF_STOCK: somebody else was first).
    """
    owner = Owner(kind=OwnerKind.MEMBER, id=order.customer.member_id, unit=order.unit)
    if order.total:
        await lock_owners_in(op, [owner])
    _refuse_missing(await take_stock_in(op, order.units))
    routes = {denomination_id: usable(offers[denomination_id].routes) for denomination_id in order.units}
    await lock_pools_in(op, [pool_id for some in routes.values() for pool_id in pools_of(some)])
    units = _units(order, policy)
    holds = await _hold(op, owner, units)
    op.failpoints.hit("redeem.after_hold")
    await _insert(op, redemption_id, order, units, holds, policy)
    dry = await set_aside_in(op, {unit.id: routes[unit.line.denomination_id] for unit in units})
    _refuse_missing(frozenset(unit.line.denomination_id for unit in units if unit.id in dry))
    op.failpoints.hit("redeem.after_codes")
    if recipient is not None:
        await op.sql.execute(
            INSERT_SHIPMENT, redemption_id, sealed_recipient(keyring, redemption_id, recipient), op.now
        )
    await _first_step(op, redemption_id, order, units)


def _units(order: NewOrder, policy: ShopPolicy) -> list[_Unit]:
    is_large = policy.approval_above is not None and order.total > policy.approval_above
    singles = [line for line in order.lines for _ in range(line.quantity)]
    return [
        _Unit(id=unit_id, line=line, awaits_approval=is_large or line.needs_approval)
        for unit_id, line in zip(new_ids(len(singles)), singles, strict=True)
    ]


async def _hold(op: Operation, owner: Owner, units: Sequence[_Unit]) -> Mapping[UUID, UUID]:
    parts = [(Reference(kind="line", id=unit.id), unit.line.price) for unit in units if unit.line.price]
    if not parts:
        return {}
    holds = await hold_each_in(op, owner, parts)
    return {reference.id: hold_id for (reference, _), hold_id in zip(parts, holds, strict=True)}


async def _insert(
    op: Operation,
    redemption_id: UUID,
    order: NewOrder,
    units: Sequence[_Unit],
    holds: Mapping[UUID, UUID],
    policy: ShopPolicy,
) -> None:
    wait = timedelta(minutes=policy.fraud_hold_minutes)
    until: list[datetime | None] = [op.now + wait if wait and not unit.awaits_approval else None for unit in units]
    await op.sql.execute(
        INSERT_LINES,
        redemption_id,
        order.customer.member_id,
        op.now,
        [unit.id for unit in units],
        [unit.line.item_id for unit in units],
        [unit.line.denomination_id for unit in units],
        [unit.line.price for unit in units],
        [unit.line.face_value for unit in units],
        [unit.line.currency for unit in units],
        [unit.line.fair_value for unit in units],
        [holds.get(unit.id) for unit in units],
        until,
    )


async def _first_step(op: Operation, redemption_id: UUID, order: NewOrder, units: Sequence[_Unit]) -> None:
    customer = order.customer
    op.tell(
        REDEMPTION_HELD.about(
            redemption_id,
            member_id=customer.member_id,
            partner_id=customer.partner_id,
            lines=[str(unit.id) for unit in units],
            version=1,
            unit=order.unit,
            total=order.total,
            origin=order.origin,
            origin_id=str(order.origin_id),
            items=[str(unit.line.item_id) for unit in units],
        )
    )
    lines = await lock_lines_in(op, [unit.id for unit in units], points=False)
    awaiting = [lines[unit.id] for unit in units if unit.awaits_approval]
    ready = [lines[unit.id] for unit in units if not unit.awaits_approval and lines[unit.id].held_until is None]
    await await_approval_in(op, awaiting)
    await order_in(op, ready)


def _refuse_missing(denomination_ids: frozenset[UUID]) -> None:
    if denomination_ids:
        code = ObstacleCode.OUT_OF_STOCK.value
        raise CannotRedeem(
            obstacles=[{"denomination_id": str(one), "code": code, "facts": {}} for one in sorted(denomination_ids)]
        )
