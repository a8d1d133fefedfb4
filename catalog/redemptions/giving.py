"""What the vendor gives becomes a redemption that costs nothing: its lines are ordered at once, like any other's."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from catalog.codes.taking import lock_pools_in
from catalog.items.item import Offer
from catalog.items.stocking import take_stock_in
from catalog.redemptions.events import REDEMPTION_HELD
from catalog.redemptions.line import Failure
from catalog.redemptions.moving import fail_in, lock_lines_in, order_in
from catalog.redemptions.reserving import pools_of, set_aside_in, usable
from catalog.suppliers.outcomes import Recipient
from catalog.suppliers.recipients import sealed_recipient
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Operation
from domain.kernel.sealing import Keyring

OUT_OF_STOCK = "OUT_OF_STOCK"

KNOWN = """
-- lock: redemption
SELECT id FROM redemption WHERE origin = $1 AND origin_id = $2 FOR NO KEY UPDATE
"""

MEMBER = """
SELECT member.partner_id, member.locale, partner.country
FROM member LEFT JOIN partner ON partner.id = member.partner_id WHERE member.id = $1
"""

INSERT = """
INSERT INTO redemption (id, member_id, partner_id, principal_id, origin, origin_id, unit, total, country, locale,
                        recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, 1)
"""

INSERT_LINES = """
INSERT INTO redemption_line (id, redemption_id, n, item_id, denomination_id, member_id, price, face_value, currency,
                             fair_value, state, delivery, recorded_at, version)
SELECT id, $2, place + (SELECT coalesce(max(n), 0) FROM redemption_line WHERE redemption_id = $2), item_id,
       denomination_id, $3, 0, face_value, currency, fair_value, 'HELD', 'NONE', $9, 1
FROM unnest($1::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::bigint[])
     WITH ORDINALITY AS new (id, item_id, denomination_id, face_value, currency, fair_value, place)
"""

SHIP = """
INSERT INTO shipment (redemption_id, sealed, recorded_at) VALUES ($1, $2, $3)
ON CONFLICT (redemption_id) DO NOTHING
"""


class Origin(StrEnum):
    """What a redemption that costs nothing came from."""

    GRANT = "GRANT"
    SEND = "SEND"


@dataclass(frozen=True, kw_only=True)
class Gift:
    """What a member is given under one origin: by a key of the caller's, the offer whose unit is wanted.

    `recipient` is where goods are shipped; it is sealed under the keyring.
    """

    origin: Origin
    origin_id: UUID
    member_id: UUID
    offers: Mapping[UUID, Offer]
    recipient: Recipient | None = None
    keyring: Keyring | None = None


async def give_in(op: Operation, gift: Gift) -> Mapping[UUID, UUID]:
    """Each wanted unit that is in stock has its line under the origin's one redemption, ordered, at price 0, its fair
    value beside it; answers the lines by the caller's keys, without those out of stock.

    A line whose pool ran dry between the stock and here stands as FAILED. The caller holds the origin's own lock;
    who gives more than once in an operation has locked all the stock and all the pools before.
    """
    known = await op.sql.fetchval(KNOWN, gift.origin, gift.origin_id)
    short = await take_stock_in(op, Counter(offer.denomination.id for offer in gift.offers.values()))
    wanted = [(key, offer) for key, offer in gift.offers.items() if offer.denomination.id not in short]
    if not wanted:
        return {}
    line_ids = new_ids(len(wanted))
    redemption_id = known or await _opened(op, gift, wanted[0][1].unit)
    offers = [offer for _, offer in wanted]
    await op.sql.execute(
        INSERT_LINES,
        line_ids,
        redemption_id,
        gift.member_id,
        [offer.item.id for offer in offers],
        [offer.denomination.id for offer in offers],
        [offer.denomination.face_value for offer in offers],
        [offer.denomination.currency for offer in offers],
        [offer.denomination.fair_value for offer in offers],
        op.now,
    )
    if gift.recipient is not None and gift.keyring is not None:
        sealed = sealed_recipient(gift.keyring, redemption_id, gift.recipient)
        await op.sql.execute(SHIP, redemption_id, sealed, op.now)
    await _tell(op, gift, redemption_id, line_ids, offers)
    await _order(op, dict(zip(line_ids, offers, strict=True)))
    return {key: line_id for (key, _), line_id in zip(wanted, line_ids, strict=True)}


async def _opened(op: Operation, gift: Gift, unit: str) -> UUID:
    member = await op.sql.fetchrow(MEMBER, gift.member_id)
    assert member is not None, "a gift is for a member that exists"
    redemption_id = new_id()
    await op.sql.execute(
        INSERT,
        redemption_id,
        gift.member_id,
        member["partner_id"],
        op.actor.principal_id,
        gift.origin,
        gift.origin_id,
        unit,
        member["country"],
        member["locale"],
        op.now,
    )
    return redemption_id


async def _tell(
    op: Operation, gift: Gift, redemption_id: UUID, line_ids: Sequence[UUID], offers: Sequence[Offer]
) -> None:
    row = await op.sql.fetchrow("SELECT partner_id, version FROM redemption WHERE id = $1", redemption_id)
    assert row is not None, "the redemption was opened before its lines"
    op.tell(
        REDEMPTION_HELD.about(
            redemption_id,
            member_id=gift.member_id,
            partner_id=row["partner_id"],
            lines=[str(line_id) for line_id in line_ids],
            version=row["version"],
            unit=offers[0].unit,
            total=0,
            origin=gift.origin,
            origin_id=str(gift.origin_id),
            items=[str(offer.item.id) for offer in offers],
        )
    )


async def _order(op: Operation, offers: Mapping[UUID, Offer]) -> None:
    """Lines are ordered; those whose pools are empty, and that nobody else delivers, fail."""
    routes = {line_id: usable(offer.routes) for line_id, offer in offers.items()}
    await lock_pools_in(op, [pool_id for some in routes.values() for pool_id in pools_of(some)])
    dry = await set_aside_in(op, routes)
    lines = await lock_lines_in(op, list(offers), points=False)
    await order_in(op, [line for line_id, line in lines.items() if line_id not in dry])
    await fail_in(op, [Failure(line=lines[line_id], reason=OUT_OF_STOCK) for line_id in sorted(dry)])
