"""Conditions: type-checked, bounded, and never an exception."""

from datetime import UTC, datetime

import pytest

from domain.kernel.expressions import (
    Condition,
    ConditionCache,
    ExpressionProblem,
    ValueType,
    compiled,
    restored,
    value_fits,
)

DECLARED = {
    "activity.product": ValueType.STRING,
    "activity.seats": ValueType.INT,
    "activity.is_new": ValueType.BOOL,
    "activity.occurred_at": ValueType.TIMESTAMP,
    "facts.tier": ValueType.STRING,
    "parameters.target": ValueType.INT,
    "tally.count": ValueType.INT,
}
VALUES: dict[str, object] = {
    "activity.product": "GTX",
    "activity.seats": 5,
    "activity.is_new": True,
    "activity.occurred_at": datetime(2026, 3, 1, tzinfo=UTC),
    "facts.tier": "GOLD",
    "parameters.target": 10,
    "tally.count": 9,
}


def held(source: str, values: dict[str, object] | None = None) -> bool | ExpressionProblem:
    condition = compiled(source, DECLARED)
    return condition.holds(VALUES if values is None else values) if isinstance(condition, Condition) else condition


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('activity.product in ["GTX", "MG"] && activity.seats >= 5', True),
        ("activity.is_new ? activity.seats > 5 : true", False),
        ('activity.occurred_at >= timestamp("2026-01-01T00:00:00Z")', True),
        ('activity.occurred_at.getMonth("Europe/Paris") == 2', True),
        ('facts.tier == "GOLD" && tally.count + 1 >= parameters.target', True),
        ('activity.product.startsWith("G") && !activity.product.matches("(a+)+$")', True),
        ('activity.product == "partner.secret"', False),
        ("activity . seats // facts.none\n > 4", True),
        ("true", True),
    ],
)
def test_a_condition_over_declared_variables_is_judged(source: str, expected: bool) -> None:
    assert held(source) is expected


@pytest.mark.parametrize(
    "source",
    [
        "",
        "1 + 1",
        "activity.seats",
        'activity.seats > "x"',
        "activity.seat > 1",
        "activity > 1",
        'activity["seats"] > 1',
        "os.environ == 1",
        "true\x00",
        'activity.product == "\ud800"',
        "has(facts.tier)",
        "[1, 2].all(x, x > 0)",
        "[1,2,3].map(x, [1,2,3].map(y, [1,2,3].map(z, x*y*z))).size() > 0",
        "[1].exists /* */ (x, true)",
        "[[1]].exists_one(x, true)",
        "cel.bind(x, 1, x > 0)",
        "(" * 990 + "true" + ")" * 990,
        "1" + " + 1" * 490 + " > 0",
        "activity.seats > 18446744073709551616",
        "true" + " " * 2_000,
        "undeclared()",
        "activity.seats > 1 &&",
        "'unclosed",
    ],
)
def test_a_condition_that_is_not_one_is_a_problem_told_in_words(source: str) -> None:
    found = compiled(source, DECLARED)
    assert isinstance(found, ExpressionProblem)
    assert 0 < len(found.reason) <= 500


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("activity.seats / 0 > 1", VALUES),
        ("activity.seats * 9223372036854775807 > 1", VALUES),
        ("activity.seats > 1", {}),
        ("activity.seats > 1", {"activity.seats": 2**70}),
        ("activity.seats > 1", {"activity.seats": "5"}),
        ("activity.seats > 1", {"activity.seats": None}),
        ("activity.seats > 1", {"activity.seats": 1.5}),
        ('activity.product > "a"', {"activity.product": "\ud800"}),
        ('activity.occurred_at > timestamp("x")', VALUES),
    ],
)
def test_an_error_of_evaluation_is_a_value(source: str, values: dict[str, object]) -> None:
    assert isinstance(held(source, values), ExpressionProblem)


def test_an_unknown_value_does_not_matter_where_the_other_side_decides() -> None:
    assert held('facts.tier == "GOLD" || activity.seats > 1', {"activity.seats": 5}) is True


def test_two_thousand_characters_are_accepted_and_one_more_is_not() -> None:
    assert isinstance(compiled("true" + " " * 1_996, DECLARED), Condition)
    assert isinstance(compiled("true" + " " * 1_997, DECLARED), ExpressionProblem)


def test_text_that_grows_in_a_condition_stays_small() -> None:
    source = "(" + " + ".join(["activity.product"] * 20) + ").size() > 3"
    assert held(source, {"activity.product": "x" * 10_000}) is True


def test_a_checked_condition_is_kept_and_read_again() -> None:
    condition = compiled('activity.product == "GTX" && tally.count > 3', DECLARED)
    assert isinstance(condition, Condition)
    again = restored(condition.source, condition.serialized(), DECLARED)
    assert isinstance(again, Condition)
    assert again.variables == condition.variables == ("activity.product", "tally.count")
    assert again.holds(VALUES) is True
    assert isinstance(restored(condition.source, b"\xff\xfe nonsense", DECLARED), ExpressionProblem)


def test_the_cache_compiles_once_and_forgets_the_least_used() -> None:
    cache = ConditionCache(entries_max=2)
    first = cache.compiled("true", DECLARED, "d")
    assert cache.compiled("true", DECLARED, "d") is first
    cache.compiled("false", DECLARED, "d")
    cache.compiled("true", DECLARED, "d")
    cache.compiled("1 < 2", DECLARED, "d")
    assert len(cache) == 2
    assert cache.compiled("true", DECLARED, "d") is first
    assert cache.compiled("true", DECLARED, "other") is not first
    with pytest.raises(ValueError):
        ConditionCache(entries_max=0)


def test_a_name_is_declared_under_a_known_root() -> None:
    for name in ("secrets.key", "activity", "activity.Upper", "activity.a.b"):
        assert isinstance(compiled("true", {name: ValueType.INT}), ExpressionProblem)


def test_a_value_fits_its_declared_type_only() -> None:
    assert value_fits(2**63 - 1, ValueType.INT)
    assert not value_fits(2**63, ValueType.INT)
    assert not value_fits(True, ValueType.INT)
    assert value_fits("x" * 10_000, ValueType.STRING)
    assert not value_fits("x" * 10_001, ValueType.STRING)
    assert not value_fits(datetime(2026, 1, 1), ValueType.TIMESTAMP)  # noqa: DTZ001 - naive on purpose
