"""What a supplier is told of an attempt: the order, with the recipient opened from its seal for this alone."""

from collections.abc import Collection, Mapping
from uuid import UUID

import structlog

from catalog.redemptions.taking import Attempt
from catalog.suppliers.outcomes import Order
from catalog.suppliers.recipients import opened_recipient
from domain.kernel.sealing import Keyring, SealBroken
from domain.kernel.sql import Connection, Database

log = structlog.get_logger()

ORDERED = """
SELECT line.id, line.redemption_id, line.face_value, line.currency, line.fair_value, redemption.country,
       redemption.locale, shipment.sealed
FROM redemption_line AS line JOIN redemption ON redemption.id = line.redemption_id
LEFT JOIN shipment ON shipment.redemption_id = line.redemption_id
WHERE line.id = ANY($1::uuid[])
"""


async def orders_of(
    source: Database | Connection, keyring: Keyring, attempts: Collection[Attempt]
) -> Mapping[UUID, Order]:
    """The order of each attempt, by the attempt's id; one whose address does not open is left out, and the log says so:
    it holds up no other.
    """
    rows = {row["id"]: row for row in await source.fetch(ORDERED, [one.line_id for one in attempts])}
    orders = dict[UUID, Order]()
    for one in attempts:
        row = rows[one.line_id]
        try:
            recipient = row["sealed"] and opened_recipient(keyring, row["redemption_id"], row["sealed"])
        except SealBroken:
            log.exception("fulfilment.address_unreadable", attempt=str(one.id))
            continue
        orders[one.id] = Order(
            attempt_id=one.id,
            line_id=one.line_id,
            fence=one.fence,
            sku=one.sku,
            face_value=row["face_value"],
            currency=row["currency"],
            fair_value=row["fair_value"],
            country=row["country"],
            locale=row["locale"],
            recipient=recipient,
        )
    return orders
