"""In which month of a program an entry is booked: its own while that is open or in grace, else the open one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.kernel.periods import PeriodKind, period_of


class Booking(StrEnum):
    """OWN: booked in the month of its effective instant. ADJUSTMENT: that month was closed, so in the open one."""

    OWN = "OWN"
    ADJUSTMENT = "ADJUSTMENT"


@dataclass(frozen=True, kw_only=True)
class Period:
    """A month of a program, half-open, as instants; after `grace_ends_at` nothing late is booked in it."""

    id: UUID
    program_id: UUID
    starts_at: datetime
    ends_at: datetime
    grace_ends_at: datetime
    closed_at: datetime | None


def month_of(instant: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The calendar month in `zone` that holds the instant, as two UTC instants, half-open."""
    period = period_of(PeriodKind.MONTH, instant, zone)
    return period.start, period.end


def book(own: Period, current: Period, now: datetime, *, backfill: bool = False) -> tuple[Period, Booking]:
    """The period to book in, and how; a backfill loads history into its own months and has no grace limit."""
    if own.id == current.id or backfill or (own.closed_at is None and now < own.grace_ends_at):
        return own, Booking.OWN
    return current, Booking.ADJUSTMENT
