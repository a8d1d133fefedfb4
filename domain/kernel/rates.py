"""Dated rates between units, exact as ratios, and conversion with the rounding stated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from domain.kernel.money import PLAIN_DECIMAL, Unit
from domain.kernel.points import Rounding, rounded_ratio

RATE_TERM_MAX = 9 * 10**18


class RateMissing(LookupError):
    """No rate between two units was valid at the instant: value is never converted without one."""

    def __init__(self, from_unit: str, to_unit: str, at: datetime) -> None:
        super().__init__(f"no rate from {from_unit} to {to_unit} at {at.isoformat()}")
        self.from_unit = from_unit
        self.to_unit = to_unit
        self.at = at


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """One minor `from_unit` is worth numerator/denominator minor `to_unit`s, from `valid_from` on."""

    from_unit: str
    to_unit: str
    numerator: int
    denominator: int
    valid_from: datetime

    def __post_init__(self) -> None:
        if not 1 <= self.numerator <= RATE_TERM_MAX or not 1 <= self.denominator <= RATE_TERM_MAX:
            raise ValueError(f"both terms of a rate are whole numbers from 1 to {RATE_TERM_MAX}")
        if self.valid_from.tzinfo is None:
            raise ValueError("a rate is valid from an aware instant")

    @classmethod
    def from_text(cls, text: str, *, from_unit: Unit, to_unit: Unit, valid_from: datetime) -> "Rate":
        """A rate between *major* units from decimal text ("1.0834"), kept between minor ones.

        Refuses: ValueError for other text, for zero or less, and beyond 18 digits.
        """
        if not PLAIN_DECIMAL.fullmatch(text):
            raise ValueError(f"{text[:60]!r} is not a plain decimal number")
        exact = Fraction(Decimal(text)) * Fraction(10**to_unit.exponent, 10**from_unit.exponent)
        return cls(
            from_unit=from_unit.code,
            to_unit=to_unit.code,
            numerator=exact.numerator,
            denominator=exact.denominator,
            valid_from=valid_from,
        )

    def factor(self) -> Fraction:
        """How many minor `to_unit`s one minor `from_unit` is worth, exactly."""
        return Fraction(self.numerator, self.denominator)

    def text(self) -> str:
        """The rate between minor units as an explanation shows it: a decimal where it is a short one, else "n/d"."""
        exact = self.factor()
        for digits in range(13):
            scaled = exact * 10**digits
            if scaled.denominator == 1:
                return f"{Decimal(scaled.numerator).scaleb(-digits):f}"
        return f"{exact.numerator}/{exact.denominator}"


def converted(minor: int, rate: Rate, rounding: Rounding) -> int:
    """The amount in minor units of the rate's `to_unit`, rounded once."""
    factor = rate.factor()
    return rounded_ratio(minor * factor.numerator, factor.denominator, rounding)


@dataclass(frozen=True, slots=True)
class Rates:
    """All dated rates an evaluation may use; per pair of units newest first."""

    by_pair: Mapping[tuple[str, str], tuple[Rate, ...]]

    @classmethod
    def of(cls, rates: Iterable[Rate] = ()) -> "Rates":
        """The table of these rates. Refuses: ValueError for two rates of one pair valid from one instant."""
        pairs: dict[tuple[str, str], dict[datetime, Rate]] = {}
        for rate in rates:
            dated = pairs.setdefault((rate.from_unit, rate.to_unit), {})
            if rate.valid_from in dated:
                raise ValueError(f"two rates {rate.from_unit}→{rate.to_unit} start at {rate.valid_from}")
            dated[rate.valid_from] = rate
        return cls({pair: tuple(dated[at] for at in sorted(dated, reverse=True)) for pair, dated in pairs.items()})

    def as_of(self, from_unit: str, to_unit: str, at: datetime) -> Rate:
        """The rate valid at the instant; a pair is never inverted or chained. Refuses: RateMissing."""
        for rate in self.by_pair.get((from_unit, to_unit), ()):
            if rate.valid_from <= at:
                return rate
        raise RateMissing(from_unit, to_unit, at)
