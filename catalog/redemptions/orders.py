"""What a supplier is told of an attempt: the order, with the recipient opened from its seal for this alone."""

from collections.abc import Collection, Mapping
from uuid import UUID

from catalog.redemptions.taking import Attempt
from catalog.suppliers.outcomes import Order
from catalog.suppliers.recipients import opened_recipient
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Connection, Database

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
    """The order of each attempt, by the attempt's id. Refuses: SealBroken (a fault)."""
    rows = {row["id"]: row for row in await source.fetch(ORDERED, [one.line_id for one in attempts])}
    orders = dict[UUID, Order]()
    for one in attempts:
        row = rows[one.line_id]
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
            recipient=None if row["sealed"] is None else opened_recipient(keyring, row["redemption_id"], row["sealed"]),
        )
    return orders
