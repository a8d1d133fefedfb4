"""Bundle orders move on: parts become lines that cost nothing, substitutes stand in, what must go is taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import structlog

from catalog.codes.taking import lock_pools_of_lines_in
from catalog.items.eligibility import ObstacleCode
from catalog.items.item import Offer
from catalog.items.offering import offers_in
from catalog.items.stocking import lock_stock_in
from catalog.redemptions.address import checked_address
from catalog.redemptions.giving import Gift, Origin, give_in
from catalog.redemptions.line import Line
from catalog.redemptions.machine import LineState
from catalog.redemptions.moving import cancel_in, lock_lines_in, refund_in, under_way_in
from catalog.redemptions.reserving import pools_of, usable
from catalog.sends.bundling import BUNDLE_STATE_SQL, BundleState, WaitsFor, next_of
from catalog.sends.events import BUNDLE_ORDER_MOVED
from catalog.sends.orders import OrderRow, Part, lock_order_in, parts_in
from catalog.sends.refusals import AddressConsentNeeded
from catalog.sends.setting_aside import put_back_in
from catalog.suppliers.outcomes import Recipient
from domain.access.principals import SYSTEM
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import TryLater
from domain.kernel.sealing import Keyring
from domain.kernel.sql import json_texts

log = structlog.get_logger()

ORDERS_MAX = 50  # orders of one step
AGAIN_AFTER = timedelta(minutes=1)  # what cannot move now is looked at again

DUE = "SELECT id FROM bundle_order WHERE look_at <= guerdon_now() ORDER BY look_at, id LIMIT $1"

SET_LINES = """
UPDATE bundle_part SET line_id = moved.line_id, denomination_id = moved.denomination_id,
       substitutes = moved.substitutes::jsonb, reason = moved.reason
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
     AS moved (id, line_id, denomination_id, substitutes, reason)
WHERE bundle_part.id = moved.id
"""

MOVED = """
UPDATE bundle_order SET look_at = $2, waits_for = $3, version = version + 1,
       compensating_since = coalesce(compensating_since, CASE WHEN $4::bool THEN $5::timestamptz END)
WHERE id = $1 RETURNING version
"""

STATE = f"""
SELECT {BUNDLE_STATE_SQL} FROM bundle_order LEFT JOIN bundle_part AS part ON part.order_id = bundle_order.id
LEFT JOIN redemption_line AS line ON line.id = part.line_id WHERE bundle_order.id = $1 GROUP BY bundle_order.id
"""

# A bundle that was sent and came to nothing has cost nothing.
UNSPENT = (BundleState.FAILED, BundleState.COMPENSATED)

# What keeps even the vendor from giving something: that it cannot be had, or not by this person at all.
BARRED = frozenset(
    {
        ObstacleCode.OUT_OF_STOCK,
        ObstacleCode.SUPPLIER_PAUSED,
        ObstacleCode.NO_LONGER_VALID,
        ObstacleCode.WRONG_COUNTRY,
        ObstacleCode.TEST_ONLY,
    }
)

POSTPONE = "UPDATE bundle_order SET look_at = guerdon_now() + $2 WHERE id = $1"


@dataclass(frozen=True, kw_only=True)
class Shipping:
    """Where the goods of an order go, and the keys that seal it."""

    recipient: Recipient
    keyring: Keyring


def shipping(recipient: Recipient | None, *, has_consent: bool, keyring: Keyring) -> Shipping | None:
    """Where goods go, with the consent to pass the address on; None where no address was given.

    Refuses: AddressConsentNeeded; AddressNeeded (it is not complete); InvalidInput.
    """
    if recipient is None:
        return None
    checked = checked_address(recipient, is_needed=True)
    if checked is None or not has_consent:
        raise AddressConsentNeeded
    return Shipping(recipient=checked, keyring=keyring)


async def settle_due(door: Door, *, sandbox: bool = False) -> int:
    """A step: up to 50 bundle orders that wait for the shop have moved on, each in an operation; answers how many.

    One that breaks is in the log and looked at again in a minute: it holds up no other.
    """
    rows = await door.database.fetch(DUE, ORDERS_MAX)
    for row in rows:
        try:
            await door.operate(SYSTEM, lambda op, order_id=row["id"]: settle_in(op, order_id, sandbox=sandbox))
        except TryLater:
            raise
        except Exception:  # a row that cannot be settled must not keep the others from it
            log.exception("bundle.not_settled", order=str(row["id"]))
            await door.operate(SYSTEM, lambda op, order_id=row["id"]: op.sql.execute(POSTPONE, order_id, AGAIN_AFTER))
    return len(rows)


async def settle_in(op: Operation, order_id: UUID, *, shipping: Shipping | None = None, sandbox: bool = False) -> None:
    """The order has moved as far as it can now: it waits for its lines, for the member, or for nothing any more."""
    order = await lock_order_in(op, order_id)
    if order is None:
        return
    parts = await parts_in(op, order_id)
    lines = await lock_lines_in(op, [part.line_id for part in parts if part.line_id is not None], points=False)
    parts = [_as_of(part, lines) for part in parts]
    fresh = [part for part in parts if part.is_fresh and order.revoked_at is None]
    found = next_of(
        order.mode,
        [part.judged for part in parts if part not in fresh],
        revoked_at=order.revoked_at,
        is_compensating=order.compensating_since is not None,
    )
    if found.compensates:
        fresh = []
    again = {part.id for part in found.substitute}
    tried = [*fresh, *(_substituted(part) for part in parts if part.id in again)]
    offers = await _locked_offers(op, order, tried, [lines[one] for one in (*found.cancel, *found.refund)], sandbox)
    waits_for, failed = await _give(op, order, tried, shipping, offers) if tried else (None, False)
    await cancel_in(op, [lines[line_id] for line_id in found.cancel], "BUNDLE")
    # What bounced and is on its way once more is refunded when that is over.
    resent = await under_way_in(op, found.refund) if found.refund else frozenset[UUID]()
    refunded = [lines[line_id] for line_id in found.refund if line_id not in resent]
    await refund_in(op, refunded, "BUNDLE")
    look_at = op.now if failed else op.now + AGAIN_AFTER if resent else None
    # While a substitute may still stand in, nothing has come to nothing.
    if order.origin is Origin.SEND and look_at is None and await op.sql.fetchval(STATE, order_id) in UNSPENT:
        await put_back_in(op, [order.origin_id])
    version = await op.sql.fetchval(MOVED, order_id, look_at, waits_for, found.compensates, op.now)
    op.tell(
        BUNDLE_ORDER_MOVED.about(
            order_id,
            member_id=order.member_id,
            partner_id=order.partner_id,
            version=version,
            waits_for=waits_for,
            substituted=len(again),
            cancelled=len(found.cancel),
            refunded=len(refunded),
        )
    )


def _as_of(part: Part, lines: Mapping[UUID, Line]) -> Part:
    line = lines.get(part.line_id) if part.line_id is not None else None
    if line is None:
        return part
    return replace(part, state=line.state, fulfilled_at=line.fulfilled_at)


def _substituted(part: Part) -> Part:
    return replace(part, denomination_id=part.substitutes[0], substitutes=part.substitutes[1:])


async def _locked_offers(
    op: Operation, order: OrderRow, tried: Sequence[Part], ending: Sequence[Line], sandbox: bool
) -> Mapping[UUID, Offer]:
    """What may be given of these parts. All the stock that may move, and then all the pools, are locked: a second round
    of giving, and what ends after it, would take them in another order."""
    if not tried and not ending:
        return {}
    wanted = {one for part in tried for one in (part.denomination_id, *part.substitutes)}
    await lock_stock_in(op, wanted | {line.denomination_id for line in ending})
    offers = await offers_in(op, order.member_id, wanted, sandbox=sandbox)
    pools = {pool_id for offer in offers.values() for pool_id in pools_of(usable(offer.routes))}
    await lock_pools_of_lines_in(op, [line.id for line in ending], pools)
    return offers


async def _give(
    op: Operation,
    order: OrderRow,
    tried: Sequence[Part],
    shipping: Shipping | None,
    offers: Mapping[UUID, Offer],
) -> tuple[WaitsFor | None, bool]:
    """Parts have a line, as far as they or a substitute can be had; answers what the order waits for, and whether
    parts have failed already, so that the order is to be looked at again."""
    chosen = {part.id: _first(part, offers) for part in tried}
    if shipping is None and any(one is not None and one[1].item.needs_address for one in chosen.values()):
        return WaitsFor.ADDRESS, False
    given: dict[UUID, UUID] = {}
    left = list(tried)
    # Stock may not do for all that want it: the next round takes what stands in.
    while left:
        asked = {part.id: one for part in left if (one := chosen[part.id]) is not None}
        given |= await give_in(
            op,
            Gift(
                origin=order.origin,
                origin_id=order.origin_id,
                member_id=order.member_id,
                offers={part_id: offer for part_id, (_, offer) in asked.items()},
                recipient=shipping.recipient if shipping else None,
                keyring=shipping.keyring if shipping else None,
            ),
        )
        left = [part for part in left if part.id in asked and part.id not in given]
        for part in left:
            chosen[part.id] = _first(_behind(part, chosen[part.id]), offers)
    rows = [(part, chosen[part.id]) for part in tried]
    await op.sql.execute(
        SET_LINES,
        [part.id for part, _ in rows],
        [given.get(part.id, part.line_id) for part, _ in rows],
        [one[0].denomination_id if one else part.denomination_id for part, one in rows],
        json_texts([str(each) for each in one[0].substitutes] if one else [] for _, one in rows),
        [None if part.id in given else "OUT_OF_STOCK" for part, _ in rows],
    )
    states = await op.sql.fetch("SELECT state FROM redemption_line WHERE id = ANY($1::uuid[])", list(given.values()))
    has_failed = any(row["state"] == LineState.FAILED for row in states)
    return None, has_failed or len(given) < len(tried)


def _first(part: Part | None, offers: Mapping[UUID, Offer]) -> tuple[Part, Offer] | None:
    """The part as its first denomination that can be given, with the offer; None where none can."""
    while part is not None:
        offer = offers.get(part.denomination_id)
        if offer is not None and not any(one.code in BARRED for one in offer.obstacles):
            return part, offer
        part = _substituted(part) if part.substitutes else None
    return None


def _behind(part: Part, chosen: tuple[Part, Offer] | None) -> Part | None:
    return _substituted(chosen[0]) if chosen is not None and chosen[0].substitutes else None
