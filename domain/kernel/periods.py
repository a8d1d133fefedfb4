"""Calendar periods of an IANA zone as half-open pairs of instants, and days counted on its wall clock."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
DAYS_MAX = 36_600
MONTHS_MAX = 1_200


class PeriodKind(StrEnum):
    """The calendars a rule or board may count by; PROGRAM is the program's own window, ALL_TIME has no end."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"
    PROGRAM = "PROGRAM"
    ALL_TIME = "ALL_TIME"


NESTED_IN: Mapping[PeriodKind, frozenset[PeriodKind]] = {
    PeriodKind.DAY: frozenset(PeriodKind),
    PeriodKind.WEEK: frozenset({PeriodKind.WEEK, PeriodKind.PROGRAM, PeriodKind.ALL_TIME}),
    PeriodKind.MONTH: frozenset(PeriodKind) - {PeriodKind.DAY, PeriodKind.WEEK},
    PeriodKind.QUARTER: frozenset({PeriodKind.QUARTER, PeriodKind.YEAR, PeriodKind.PROGRAM, PeriodKind.ALL_TIME}),
    PeriodKind.YEAR: frozenset({PeriodKind.YEAR, PeriodKind.PROGRAM, PeriodKind.ALL_TIME}),
    PeriodKind.PROGRAM: frozenset({PeriodKind.PROGRAM}),
    PeriodKind.ALL_TIME: frozenset({PeriodKind.ALL_TIME}),
}


class InstantOutOfBounds(ValueError):
    """An instant that is naive, or outside the years 1900 to 8999."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A half-open stretch of time, start ≤ t < end, with a key that names it within its kind ("2017-Q3")."""

    kind: PeriodKind
    key: str
    start: datetime
    end: datetime

    def holds(self, instant: datetime) -> bool:
        """True when the instant is in the period."""
        return self.start <= instant < self.end


def zone_named(name: str) -> ZoneInfo:
    """The IANA zone. Refuses: ValueError for a name the time zone database does not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise ValueError(f"{name!r} is not an IANA time zone") from problem


def period_of(kind: PeriodKind, instant: datetime, zone: ZoneInfo, program: Period | None = None) -> Period:
    """The one period of this kind that holds the instant; PROGRAM without a window is all time.

    Refuses: InstantOutOfBounds; ValueError when the instant is outside the program's window.
    """
    _check(instant)
    if kind is PeriodKind.PROGRAM and program is not None:
        if not program.holds(instant):
            raise ValueError(f"{instant.isoformat()} is outside the program's window")
        return program
    if kind in (PeriodKind.PROGRAM, PeriodKind.ALL_TIME):
        return Period(kind=kind, key=kind.value, start=EARLIEST, end=LATEST)
    first = _first_day(kind, instant.astimezone(zone).date())
    start, end = start_of_day(first, zone), start_of_day(_next_first_day(kind, first), zone)
    # A clock set back over midnight repeats local dates: the instants then belong to the day that began already.
    while instant >= end:
        first = _next_first_day(kind, first)
        start, end = end, start_of_day(_next_first_day(kind, first), zone)
    while instant < start:
        first = _first_day(kind, first - timedelta(days=1))
        start, end = start_of_day(first, zone), start
    return Period(kind=kind, key=_key(kind, first), start=start, end=end)


def program_window(start: datetime | None, end: datetime | None) -> Period:
    """The program's own window as a period. Refuses: ValueError when it is empty; InstantOutOfBounds."""
    first, last = start or EARLIEST, end or LATEST
    _check(first)
    if last != LATEST:
        _check(last)
    if first >= last:
        raise ValueError("a window ends after it starts")
    return Period(kind=PeriodKind.PROGRAM, key="PROGRAM", start=first, end=last)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the local day, in UTC; a midnight the clock skips is the instant of the skip."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def end_of_day(instant: datetime, zone: ZoneInfo) -> datetime:
    """The first instant after the local day that holds the given one, in UTC. Refuses: InstantOutOfBounds."""
    return period_of(PeriodKind.DAY, instant, zone).end


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The date a calendar on the wall shows at the instant. Refuses: InstantOutOfBounds."""
    _check(instant)
    return instant.astimezone(zone).date()


def end_of_date_later(day: date, zone: ZoneInfo, *, days: int = 0, months: int = 0) -> datetime:
    """The first instant after the local date so many months and days later, in UTC; the 31st may become the 30th.

    Refuses: ValueError outside 0 … 36,600 days and 0 … 1,200 months.
    """
    if not 0 <= days <= DAYS_MAX or not 0 <= months <= MONTHS_MAX:
        raise ValueError(f"at most {DAYS_MAX} days and {MONTHS_MAX} months, none negative")
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    moved = date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    return start_of_day(moved + timedelta(days=days + 1), zone)


def days_later(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same wall-clock time so many local days later, in UTC; a skipped time moves past the gap.

    Refuses: InstantOutOfBounds, ValueError outside 0 … 36,600 days.
    """
    _check(instant)
    if not 0 <= days <= DAYS_MAX:
        raise ValueError(f"days are counted from 0 to {DAYS_MAX}")
    if days == 0:
        return instant.astimezone(UTC)
    return (instant.astimezone(zone) + timedelta(days=days)).astimezone(UTC)


def months_later(instant: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same wall-clock time so many months later, in UTC; a day the month lacks becomes its last day.

    Refuses: InstantOutOfBounds, ValueError outside 0 … 1,200 months.
    """
    _check(instant)
    if not 0 <= months <= MONTHS_MAX:
        raise ValueError(f"months are counted from 0 to {MONTHS_MAX}")
    if months == 0:
        return instant.astimezone(UTC)
    local = instant.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)


def _check(instant: datetime) -> None:
    if instant.tzinfo is None or not EARLIEST <= instant < LATEST:
        raise InstantOutOfBounds(f"{instant!r} is not an aware instant of the years 1900 to 8999")


def _first_day(kind: PeriodKind, day: date) -> date:
    if kind is PeriodKind.WEEK:
        return day - timedelta(days=day.weekday())
    if kind is PeriodKind.MONTH:
        return day.replace(day=1)
    if kind is PeriodKind.QUARTER:
        return date(day.year, day.month - (day.month - 1) % 3, 1)
    if kind is PeriodKind.YEAR:
        return date(day.year, 1, 1)
    return day


def _next_first_day(kind: PeriodKind, first: date) -> date:
    if kind is PeriodKind.DAY:
        return first + timedelta(days=1)
    if kind is PeriodKind.WEEK:
        return first + timedelta(days=7)
    months = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}[kind]
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _key(kind: PeriodKind, first: date) -> str:
    if kind is PeriodKind.WEEK:
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02}"
    if kind is PeriodKind.MONTH:
        return f"{first.year}-{first.month:02}"
    if kind is PeriodKind.QUARTER:
        return f"{first.year}-Q{(first.month + 2) // 3}"
    if kind is PeriodKind.YEAR:
        return str(first.year)
    return first.isoformat()
