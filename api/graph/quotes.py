"""Quotes: what something costs now, until when that stands, and what accepting it would change."""

from datetime import datetime
from typing import Any

import strawberry

from api.graph import nouns
from api.graph.fields import identity, one, reference
from api.graph.ids import Tag
from api.graph.scalars import Points
from api.graph.units import unit_of
from catalog.items.reading import denominations_by_id, items_by_id
from catalog.redemptions.quote import QuoteLine as QuoteLineRecord
from catalog.redemptions.quote import QuoteRecord
from domain.ledger.reading import wallets_by_id
from domain.programs.reading import programs_by_id


@strawberry.type(description="So many units of one denomination at the quoted price.")
class QuoteLine:
    item = one(nouns.CATALOG_ITEM, items_by_id, "item_id", "The item.")
    denomination = one(nouns.DENOMINATION, denominations_by_id, "denomination_id", "The denomination.")
    quantity: int = strawberry.field(description="How many units, 1 to 20.")
    price: Points = strawberry.field(description="What one unit costs, in the quote's unit.")
    face_value: Points | None = strawberry.field(description="What is printed on it, in minor units of `currency`.")
    currency: str | None = strawberry.field(description="ISO 4217 code of its amounts of money.")
    needs_address: bool = strawberry.field(description="True if it is shipped.")
    needs_approval: bool = strawberry.field(description="True if somebody at the vendor approves it first.")

    @strawberry.field(description="What all its units cost.")
    @staticmethod
    def total(parent: strawberry.Parent[QuoteLineRecord]) -> Points:
        return Points(parent.total)


@strawberry.type(description="Points of one lot that would be spent.")
class QuoteLot:
    lot_id = reference(Tag.LOT, "lot_id", "The lot.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program that awarded them.")
    amount: Points = strawberry.field(description="How many, positive.")
    expires_at: datetime | None = strawberry.field(description="When they would expire otherwise; null for never.")


@strawberry.type(description="An offer that stands until it expires: redeem it as it is, or ask for another.")
class Quote:
    id = identity(Tag.QUOTE)
    unit = unit_of("What it is priced in.")
    total: Points = strawberry.field(description="What everything costs.")
    lines: list[QuoteLine] = strawberry.field(description="What it is for, at most 10.")
    lots: list[QuoteLot] = strawberry.field(
        description="Which points would be spent, soonest expiry first: at most one entry a lot of the wallet."
    )
    wallet = one(nouns.WALLET, wallets_by_id, "wallet_id", "The wallet that would pay; null if it costs nothing.")
    available_before: Points | None = strawberry.field(description="What may be spent now.")
    available_after: Points | None = strawberry.field(description="What could be spent afterwards.")
    held_after: Points | None = strawberry.field(description="What would be set aside afterwards, until delivery.")
    needs_address: bool = strawberry.field(description="True if `redeem` needs an address.")
    needs_approval: bool = strawberry.field(description="True if somebody at the vendor would approve it first.")
    held_until: datetime | None = strawberry.field(
        description="Until about when it would wait before it is ordered; null: not at all."
    )
    recorded_at: datetime = strawberry.field(description="When it was given.")
    expires_at: datetime = strawberry.field(description="Until when the prices stand.")

    @classmethod
    def is_type_of(cls, value: Any, _: object) -> bool:
        return isinstance(value, QuoteRecord)
