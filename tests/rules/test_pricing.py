"""What a denomination costs: fixed, or face value times a ratio, rounded up, exact in whole numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.items.pricing import RATIO_PART_MAX, Price
from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, AmountOutOfBounds

CASES = (
    (Price(fixed=0), None, 0),
    (Price(fixed=2_400), 5_000, 2_400),
    (Price(fixed=AMOUNT_ABSOLUTE_MAX), None, AMOUNT_ABSOLUTE_MAX),
    (Price(numerator=1, denominator=1), 5_000, 5_000),
    (Price(numerator=11, denominator=10), 5_000, 5_500),
    (Price(numerator=1, denominator=3), 100, 34),
    (Price(numerator=1, denominator=3), 99, 33),
    (Price(numerator=1, denominator=RATIO_PART_MAX), 1, 1),
    (Price(numerator=1, denominator=1), AMOUNT_ABSOLUTE_MAX, AMOUNT_ABSOLUTE_MAX),
)


@pytest.mark.parametrize(("price", "face_value", "expected"), CASES)
def test_a_price_is_what_its_rule_says(price: Price, face_value: int | None, expected: int) -> None:
    assert price.of(face_value) == expected


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"fixed": 1, "numerator": 1, "denominator": 1},
        {"fixed": 1, "numerator": 1},
        {"numerator": 1},
        {"denominator": 1},
        {"fixed": -1},
        {"fixed": AMOUNT_ABSOLUTE_MAX + 1},
        {"fixed": True},
        {"numerator": 0, "denominator": 1},
        {"numerator": 1, "denominator": 0},
        {"numerator": RATIO_PART_MAX + 1, "denominator": 1},
        {"numerator": 1, "denominator": RATIO_PART_MAX + 1},
    ],
)
def test_a_price_is_one_rule_within_its_bounds(said: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"price|parts"):
        Price(**said)


def test_a_ratio_needs_a_face_value_and_stays_within_what_a_wallet_holds() -> None:
    with pytest.raises(ValueError, match="face value"):
        Price(numerator=1, denominator=1).of(None)
    with pytest.raises(AmountOutOfBounds):
        Price(numerator=2, denominator=1).of(AMOUNT_ABSOLUTE_MAX // 2 + 1)


@given(
    st.integers(min_value=1, max_value=10**9),
    st.integers(min_value=1, max_value=10**5),
    st.integers(min_value=1, max_value=10**9),
)
def test_a_price_is_never_below_its_ratio_and_less_than_one_above(face: int, numerator: int, denominator: int) -> None:
    price = Price(numerator=numerator, denominator=denominator).of(face)
    assert price * denominator >= face * numerator > (price - 1) * denominator
