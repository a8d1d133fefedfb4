"""The windows of a board: half-open stretches of time in the board's zone (pure)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)


class WindowKind(StrEnum):
    """The calendars a board may count by; PROGRAM is the program's own window, ALL_TIME has no end."""

    PROGRAM = "PROGRAM"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"
    ALL_TIME = "ALL_TIME"


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """start ≤ instant < end; no end means for ever."""

    starts_at: datetime
    ends_at: datetime | None

    def holds(self, instant: datetime) -> bool:
        return self.starts_at <= instant and (self.ends_at is None or instant < self.ends_at)


def window_of(kind: WindowKind, instant: datetime, zone: str, span: Window | None = None) -> Window | None:
    """The one window of this kind that holds the instant; None outside a program's `span`."""
    if kind is WindowKind.PROGRAM:
        return span if span is not None and span.holds(instant) else None
    if kind is WindowKind.ALL_TIME:
        return Window(starts_at=EARLIEST, ends_at=None)
    place = ZoneInfo(zone)
    first = _first_day(kind, instant.astimezone(place).date())
    start, end = _midnight(first, place), _midnight(_next(kind, first), place)
    # A clock set back over midnight repeats local dates: those instants belong to the day that began already.
    while instant >= end:
        first = _next(kind, first)
        start, end = end, _midnight(_next(kind, first), place)
    while instant < start:
        first = _first_day(kind, first - timedelta(days=1))
        start, end = _midnight(first, place), start
    return Window(starts_at=start, ends_at=end)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _first_day(kind: WindowKind, day: date) -> date:
    match kind:
        case WindowKind.WEEK:
            return day - timedelta(days=day.weekday())
        case WindowKind.MONTH:
            return day.replace(day=1)
        case WindowKind.QUARTER:
            return date(day.year, day.month - (day.month - 1) % 3, 1)
        case WindowKind.YEAR:
            return date(day.year, 1, 1)
        case _:
            return day


def _next(kind: WindowKind, first: date) -> date:
    if kind in (WindowKind.DAY, WindowKind.WEEK):
        return first + timedelta(days=1 if kind is WindowKind.DAY else 7)
    months = {WindowKind.MONTH: 1, WindowKind.QUARTER: 3, WindowKind.YEAR: 12}[kind]
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
