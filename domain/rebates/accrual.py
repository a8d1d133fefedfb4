"""What a rebate is worth at a total, how far the next tier is, and what a target is for a part of a period."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.kernel.periods import local_date, start_of_day
from domain.kernel.points import Rounding, rounded_ratio
from domain.programs.document import number_value
from domain.programs.effects.brackets import BracketMode, Brackets
from domain.programs.effects.effect import Totals

PPM_WHOLE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class NextTier:
    """The next bracket: where it starts, how much is missing, its rate for every `per`, and what all would be worth
    there, of which `gain` is more than now.
    """

    starts_at: int
    missing: int
    rate: int
    per: int
    worth: int
    gain: int


def worth_at(effect: Brackets, total: int, parameters: Mapping[str, object], rounding: Rounding) -> int:
    """What a unit is due in all when its total is this."""
    if effect.mode is BracketMode.MARGINAL:
        return effect.value(total, parameters, rounding)
    rate = effect.unit_rate(Totals(count=total, basis=total), parameters)
    return rounded_ratio(total * rate, effect.per, rounding)


def next_tier(effect: Brackets, total: int, parameters: Mapping[str, object], rounding: Rounding) -> NextTier | None:
    """The first bracket above the total; None in the last one."""
    for bracket in effect.brackets:
        start = number_value(bracket.starts_at, parameters)
        if start > total:
            worth = worth_at(effect, start, parameters, rounding)
            return NextTier(
                starts_at=start,
                missing=start - total,
                rate=number_value(bracket.rate, parameters),
                per=effect.per,
                worth=worth,
                gain=worth - worth_at(effect, total, parameters, rounding),
            )
    return None


def prorated(target: int, joined_at: datetime, starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> int:
    """The part of a target for whoever joined inside the period, by days from the day of joining; rounded down."""
    if joined_at <= starts_at:
        return target
    end = local_date(ends_at, zone)
    whole = (end - local_date(starts_at, zone)).days
    left = max((end - local_date(joined_at, zone)).days, 0)
    return target * left // whole


def grown(baseline: int, growth_ppm: int) -> int:
    """The baseline and so many millionths more, rounded down."""
    return baseline + baseline * growth_ppm // PPM_WHOLE


def growth_ppm(total: int, baseline: int | None) -> int | None:
    """By how many millionths the total is above (or, negative, below) the baseline; None without one."""
    return None if not baseline else (total - baseline) * PPM_WHOLE // baseline


def a_year_before(starts_at: datetime, zone: ZoneInfo) -> datetime:
    """The start of the same period of the year before."""
    day = local_date(starts_at, zone)
    return start_of_day(day.replace(year=day.year - 1), zone)
