"""Whole numbers: bounds, rounding, splits, and the parsers by which amounts enter."""

from datetime import UTC, datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.money import Amount, AmountParser, AmountRefused, Unit, document_from_text, minor_units
from domain.kernel.points import (
    AMOUNT_ABSOLUTE_MAX,
    QUANTITY_MAX,
    AmountOutOfBounds,
    Rounding,
    checked_amount,
    checked_quantity,
    rounded_ratio,
    split,
)
from domain.kernel.rates import Rate, RateMissing, Rates, converted

MODES = {
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.DOWN: ROUND_DOWN,
}
EUR, USD, JPY = Unit(code="EUR", exponent=2), Unit(code="USD", exponent=2), Unit(code="JPY", exponent=0)
DAY_1, DAY_2 = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_amount_is_whole_and_within_ten_to_the_fifteen(sign: int) -> None:
    assert checked_amount(sign * AMOUNT_ABSOLUTE_MAX) == sign * 10**15
    for refused in (sign * (AMOUNT_ABSOLUTE_MAX + 1), 1.0, True, "1"):
        with pytest.raises(AmountOutOfBounds):
            checked_amount(refused)


def test_a_quantity_is_whole_and_not_negative() -> None:
    assert checked_quantity(0) == 0
    assert checked_quantity(QUANTITY_MAX) == QUANTITY_MAX
    for refused in (-1, QUANTITY_MAX + 1):
        with pytest.raises(AmountOutOfBounds):
            checked_quantity(refused)


@given(
    st.integers(-(10**12), 10**12),
    st.sampled_from([1, 2, 3, 4, 8, 10, 1_000, 1_000_000]),
    st.sampled_from(list(Rounding)),
)
def test_a_rounded_ratio_is_what_decimal_says(numerator: int, denominator: int, rounding: Rounding) -> None:
    exact = Fraction(numerator, denominator)
    near = Decimal(exact.numerator * 10**6 // exact.denominator) / 10**6 if denominator == 3 else None
    expected = (near if near is not None else Decimal(numerator) / denominator).quantize(Decimal(1), MODES[rounding])
    if near is None or rounding is not Rounding.DOWN:
        assert rounded_ratio(numerator, denominator, rounding) == expected
    assert abs(Fraction(rounded_ratio(numerator, denominator, rounding)) - exact) < 1


def test_a_ratio_needs_a_positive_denominator() -> None:
    with pytest.raises(ValueError):
        rounded_ratio(1, 0, Rounding.DOWN)


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_a_split_sums_exactly_and_no_part_is_a_unit_off(amount: int, weights: list[int]) -> None:
    parts = split(amount, weights)
    assert sum(parts) == amount
    assert all(abs(Fraction(amount * w, sum(weights)) - part) < 1 for part, w in zip(parts, weights, strict=True))


def test_a_tie_of_remainders_goes_to_the_earlier_part() -> None:
    assert split(100, [1, 1, 1]) == (34, 33, 33)
    assert split(-1, [1, 1]) == (-1, 0)
    for refused in ([], [0, 0], [1, -1], [1] * 1_001):
        with pytest.raises(ValueError):
            split(1, refused)


@pytest.mark.parametrize(
    ("value", "exponent", "minor"),
    [
        ("12.34", 2, 1234),
        ("-12.3", 2, -1230),
        ("12.3400", 2, 1234),
        (Decimal("0.001"), 3, 1),
        (Decimal("1E+3"), 2, 100_000),
        (7, 2, 700),
        ("10000000000000.00", 2, AMOUNT_ABSOLUTE_MAX),
        ("0." + "0" * 39, 2, 0),
    ],
)
def test_decimal_text_becomes_minor_units(value: object, exponent: int, minor: int) -> None:
    assert minor_units(value, exponent=exponent) == minor


@pytest.mark.parametrize(
    "value",
    [
        "12.345",
        1.5,
        True,
        None,
        "1e3",
        "NaN",
        "١٢",
        "",
        "1,000",
        "10000000000000.01",
        Decimal("NaN"),
        Decimal("1E+999999"),
        Decimal("Infinity"),
        [],
        "0x10",
        "1" * 41,
        Decimal("1E-999999"),
    ],
)  # fmt: skip the rows are a table
def test_what_is_not_an_exact_amount_is_refused(value: object) -> None:
    with pytest.raises(AmountRefused):
        minor_units(value, exponent=2, path="amount")


def test_a_declared_parser_reads_path_currency_and_exponent_from_json_text() -> None:
    document = document_from_text('{"deal": {"value": 19.99, "currency": "EUR", "bad": "eur"}}')
    assert AmountParser(path="deal.value", exponent=2, currency="USD").parse(document) == Amount(minor=1999, unit="USD")
    by_path = AmountParser(path="deal.value", exponent=2, currency_path="deal.currency")
    assert by_path.parse(document) == Amount(minor=1999, unit="EUR")
    for path, currency_path in (("deal.none", "deal.currency"), ("deal.value", "deal.bad"), ("deal", "deal.currency")):
        with pytest.raises(AmountRefused):
            AmountParser(path=path, exponent=2, currency_path=currency_path).parse(document)
    with pytest.raises(ValueError):
        AmountParser(path="a", exponent=2)


@pytest.mark.parametrize("text", ["[1]", '{"a": NaN}', "{", "[" * 5_000, '{"a": 1}' + " " * 2_000_000])
def test_a_document_is_a_bounded_json_object_without_floats(text: str) -> None:
    with pytest.raises(AmountRefused):
        document_from_text(text)


def test_a_rate_converts_between_minor_units_exactly() -> None:
    rate = Rate.from_text("1.0834", from_unit=EUR, to_unit=USD, valid_from=DAY_1)
    assert converted(10_000, rate, Rounding.HALF_EVEN) == 10_834
    yen = Rate.from_text("160", from_unit=EUR, to_unit=JPY, valid_from=DAY_1)
    assert converted(150, yen, Rounding.DOWN) == 240
    assert yen.text() == "1.6"
    assert Rate(from_unit="A1", to_unit="B1", numerator=1, denominator=3, valid_from=DAY_1).text() == "1/3"


def test_the_rate_valid_at_the_instant_is_used_and_none_is_invented() -> None:
    old = Rate.from_text("1.1", from_unit=EUR, to_unit=USD, valid_from=DAY_1)
    new = Rate.from_text("1.2", from_unit=EUR, to_unit=USD, valid_from=DAY_2)
    rates = Rates.of([new, old])
    assert rates.as_of("EUR", "USD", DAY_2) == new
    assert rates.as_of("EUR", "USD", datetime(2026, 1, 1, 23, 59, tzinfo=UTC)) == old
    for pair, at in ((("USD", "EUR"), DAY_2), (("EUR", "USD"), datetime(2025, 1, 1, tzinfo=UTC))):
        with pytest.raises(RateMissing):
            rates.as_of(*pair, at)
    with pytest.raises(ValueError):
        Rates.of([old, old])
