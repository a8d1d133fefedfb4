"""Whole-number amounts: their bounds, their rounding, and splits that lose nothing."""

from collections.abc import Sequence
from enum import StrEnum

AMOUNT_ABSOLUTE_MAX = 10**15
QUANTITY_MAX = 10**12
SHARES_PPM_WHOLE = 1_000_000
SPLIT_PARTS_MAX = 1_000


class Rounding(StrEnum):
    """How a ratio becomes a whole number; DOWN is towards zero, HALF_UP is away from zero at the half."""

    HALF_EVEN = "HALF_EVEN"
    HALF_UP = "HALF_UP"
    DOWN = "DOWN"


class AmountOutOfBounds(ValueError):
    """A whole number that the ledger would not hold: outside ± 10^15, or a quantity outside 0 … 10^12."""


def is_whole(value: object) -> bool:
    """True for an int that is not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_within_bounds(amount: int) -> bool:
    """True when |amount| ≤ 10^15."""
    return -AMOUNT_ABSOLUTE_MAX <= amount <= AMOUNT_ABSOLUTE_MAX


def checked_amount(amount: int) -> int:
    """The same amount, now known to be a whole number with |amount| ≤ 10^15. Refuses: AmountOutOfBounds."""
    if not is_whole(amount) or not is_within_bounds(amount):
        raise AmountOutOfBounds(f"{amount!r} is not a whole number within ±{AMOUNT_ABSOLUTE_MAX}")
    return amount


def checked_quantity(quantity: int) -> int:
    """The same quantity, now known to be whole and in 0 … 10^12. Refuses: AmountOutOfBounds."""
    if not is_whole(quantity) or not 0 <= quantity <= QUANTITY_MAX:
        raise AmountOutOfBounds(f"{quantity!r} is not a whole quantity from 0 to {QUANTITY_MAX}")
    return quantity


def rounded_ratio(numerator: int, denominator: int, rounding: Rounding) -> int:
    """numerator ÷ denominator as a whole number, exact in integers; the denominator is positive.

    Refuses: ValueError for a denominator below 1.
    """
    if denominator < 1:
        raise ValueError("the denominator of a ratio is at least 1")
    whole, rest = divmod(abs(numerator), denominator)
    double = 2 * rest
    up = (rounding is Rounding.HALF_UP and double >= denominator) or (
        rounding is Rounding.HALF_EVEN and (double > denominator or (double == denominator and whole % 2 == 1))
    )
    magnitude = whole + 1 if up else whole
    return -magnitude if numerator < 0 else magnitude


def split(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Parts in proportion to the weights (largest remainder, ties to the earlier part); they sum to the amount.

    Refuses: ValueError without a positive weight, for a negative weight, or for more than 1,000 parts.
    """
    total = sum(weights)
    if total < 1 or min(weights) < 0 or len(weights) > SPLIT_PARTS_MAX:
        raise ValueError(f"a split takes 1 to {SPLIT_PARTS_MAX} weights, none negative, at least one positive")
    sign = -1 if amount < 0 else 1
    shares = [divmod(abs(amount) * weight, total) for weight in weights]
    left = abs(amount) - sum(whole for whole, _ in shares)
    by_remainder = sorted(range(len(shares)), key=lambda index: (-shares[index][1], index))
    favoured = frozenset(by_remainder[:left])
    return tuple(sign * (whole + (index in favoured)) for index, (whole, _) in enumerate(shares))
