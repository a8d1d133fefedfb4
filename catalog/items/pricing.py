"""What a denomination costs: a fixed price, or its face value times a ratio, rounded up to a whole unit."""

from dataclasses import dataclass

from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, AmountOutOfBounds, is_whole

RATIO_PART_MAX = 10**9


@dataclass(frozen=True, kw_only=True)
class Price:
    """Either `fixed`, or `numerator` / `denominator` units for each minor unit of the face value.

    Refuses: ValueError unless exactly one of the two is stated, in its bounds.
    """

    fixed: int | None = None
    numerator: int | None = None
    denominator: int | None = None

    def __post_init__(self) -> None:
        is_ratio = self.numerator is not None and self.denominator is not None
        if (self.fixed is not None) == is_ratio or (self.numerator is None) != (self.denominator is None):
            raise ValueError("a price is fixed, or a numerator with its denominator")
        if self.fixed is not None and not (is_whole(self.fixed) and 0 <= self.fixed <= AMOUNT_ABSOLUTE_MAX):
            raise ValueError("a fixed price is a whole number from 0 to 10^15")
        for part in (self.numerator, self.denominator):
            if part is not None and not (is_whole(part) and 1 <= part <= RATIO_PART_MAX):
                raise ValueError("both parts of a ratio are whole numbers from 1 to 10^9")

    def of(self, face_value: int | None) -> int:
        """The price in whole units, never below what the ratio says.

        Refuses: ValueError for a ratio without a face value; AmountOutOfBounds above 10^15.
        """
        if self.fixed is not None:
            return self.fixed
        if face_value is None:
            raise ValueError("a price by ratio needs a face value")
        assert self.numerator is not None, "a price that is not fixed is a ratio"
        assert self.denominator is not None, "a price that is not fixed is a ratio"
        price = -(-face_value * self.numerator // self.denominator)
        if price > AMOUNT_ABSOLUTE_MAX:
            raise AmountOutOfBounds(f"{price} is above {AMOUNT_ABSOLUTE_MAX}")
        return price
