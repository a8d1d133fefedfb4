"""The records of a line that the functions of this room hand to each other (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from catalog.redemptions.machine import Delivery, LineState


@dataclass(frozen=True, kw_only=True)
class Line:
    """One unit of one denomination as its row stands, with what its redemption says of it."""

    id: UUID
    redemption_id: UUID
    n: int
    item_id: UUID
    denomination_id: UUID
    member_id: UUID
    partner_id: UUID | None
    principal_id: UUID
    origin: str
    unit: str
    country: str | None
    locale: str
    price: int
    face_value: int | None
    currency: str | None
    fair_value: int | None
    hold_id: UUID | None
    state: LineState
    delivery: Delivery
    reason: str | None
    held_until: datetime | None
    tracking: Mapping[str, object] | None
    expires_on: date | None
    recorded_at: datetime
    ordered_at: datetime | None
    fulfilled_at: datetime | None
    revealed_at: datetime | None
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, kw_only=True)
class Fulfilment:
    """A line whose goods the supplier handed over; `expires_on` is the last day a code is good for."""

    line: Line
    tracking: Mapping[str, object] | None = None
    expires_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A line that nobody will deliver, and why: a code of at most 32 characters."""

    line: Line
    reason: str
