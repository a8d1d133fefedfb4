"""Periods: every instant is in exactly one, whatever the zone does to its clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.periods import (
    InstantOutOfBounds,
    PeriodKind,
    days_later,
    end_of_day,
    months_later,
    period_of,
    program_window,
    zone_named,
)

CALENDAR = [PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR]
ZONES = sorted(available_timezones())
TICK = timedelta(microseconds=1)
ODD = [
    ("America/St_Johns", datetime(2006, 10, 29, 2, 31, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2022, 3, 26, 22, tzinfo=UTC)),
    ("America/Havana", datetime(2022, 11, 6, 5, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("Pacific/Kwajalein", datetime(1969, 9, 30, 13, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 2, 15, 2, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Europe/Paris", datetime(2026, 3, 29, 1, tzinfo=UTC)),
]


def assert_neighbours_meet(kind: PeriodKind, instant: datetime, zone: ZoneInfo) -> None:
    here = period_of(kind, instant, zone)
    assert here.holds(instant)
    assert period_of(kind, here.start, zone) == here
    assert period_of(kind, here.end - TICK, zone) == here
    after, before = period_of(kind, here.end, zone), period_of(kind, here.start - TICK, zone)
    assert after.start == here.end
    assert before.end == here.start
    assert len({before.key, here.key, after.key}) == 3


@pytest.mark.parametrize("name", ZONES[::6])
def test_every_instant_is_in_exactly_one_period_at_every_change_of_the_clock(name: str) -> None:
    zone, changes = ZoneInfo(name), []
    at = datetime(2007, 1, 1, tzinfo=UTC)
    while at < datetime(2013, 1, 1, tzinfo=UTC):
        after = at + timedelta(hours=12)
        if at.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            changes.append(change_between(at, after, zone))
        at = after
    for change in changes[:8] or [datetime(2010, 6, 1, tzinfo=UTC)]:
        for instant in (change - TICK, change, change + TICK, change + timedelta(hours=3)):
            for kind in CALENDAR:
                assert_neighbours_meet(kind, instant, zone)


def change_between(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    before = early.astimezone(zone).utcoffset()
    while late - early > TICK:
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


@pytest.mark.parametrize(("name", "change"), ODD)
def test_days_repeated_skipped_or_without_midnight_still_meet(name: str, change: datetime) -> None:
    zone = ZoneInfo(name)
    for minutes in range(-1_500, 1_500, 7):
        for tick in (-TICK, TICK * 0, TICK):
            assert_neighbours_meet(PeriodKind.DAY, change + timedelta(minutes=minutes) + tick, zone)


@settings(max_examples=150)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1905, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - naive on purpose, made aware below
    st.sampled_from(CALENDAR),
)
def test_any_instant_in_any_zone_is_in_exactly_one_period(name: str, naive: datetime, kind: PeriodKind) -> None:
    assert_neighbours_meet(kind, naive.replace(tzinfo=UTC), ZoneInfo(name))


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (PeriodKind.DAY, "2017-01-01"),
        (PeriodKind.WEEK, "2016-W52"),
        (PeriodKind.MONTH, "2017-01"),
        (PeriodKind.QUARTER, "2017-Q1"),
        (PeriodKind.YEAR, "2017"),
        (PeriodKind.PROGRAM, "PROGRAM"),
        (PeriodKind.ALL_TIME, "ALL_TIME"),
    ],
)
def test_a_period_is_named_by_its_calendar(kind: PeriodKind, key: str) -> None:
    assert period_of(kind, datetime(2016, 12, 31, 23, 30, tzinfo=UTC), ZoneInfo("Europe/Paris")).key == key


def test_a_program_is_its_own_window_and_nothing_outside() -> None:
    window = program_window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    zone = ZoneInfo("UTC")
    assert period_of(PeriodKind.PROGRAM, datetime(2026, 3, 31, 23, tzinfo=UTC), zone, window) == window
    with pytest.raises(ValueError):
        period_of(PeriodKind.PROGRAM, window.end, zone, window)
    with pytest.raises(ValueError):
        program_window(window.end, window.start)


def test_the_day_ends_when_the_local_day_does() -> None:
    paris = zone_named("Europe/Paris")
    assert end_of_day(datetime(2026, 3, 28, 23, 30, tzinfo=UTC), paris) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert end_of_day(datetime(2026, 10, 25, 0, 0, tzinfo=UTC), paris) == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_days_and_months_are_counted_on_the_wall_clock() -> None:
    paris = ZoneInfo("Europe/Paris")
    before = datetime(2026, 3, 28, 1, 30, tzinfo=UTC)
    assert days_later(before, 1, paris) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert days_later(before, 2, paris) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)
    assert months_later(datetime(2026, 1, 31, 12, tzinfo=UTC), 1, paris) == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert months_later(datetime(2024, 2, 29, 12, tzinfo=UTC), 12, paris) == datetime(2025, 2, 28, 12, tzinfo=UTC)
    assert days_later(before, 0, paris) == before == months_later(before, 0, paris)
    for refused in (-1, 36_601):
        with pytest.raises(ValueError):
            days_later(before, refused, paris)
        with pytest.raises(ValueError):
            months_later(before, refused, paris)


def test_naive_instants_far_years_and_unknown_zones_are_refused() -> None:
    zone = ZoneInfo("UTC")
    for refused in (
        datetime(2026, 1, 1),  # noqa: DTZ001 - naive on purpose
        datetime(1899, 12, 31, tzinfo=UTC),
        datetime(9000, 1, 1, tzinfo=UTC),
    ):
        with pytest.raises(InstantOutOfBounds):
            period_of(PeriodKind.DAY, refused, zone)
    for name in ("Mars/Olympus", "", "../etc/passwd", "Europe"):
        with pytest.raises(ValueError):
            zone_named(name)
