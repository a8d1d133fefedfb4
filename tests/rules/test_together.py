"""A cap that spans rules makes their units one: their own caps first, then the shared one, by occurrence."""

from dataclasses import replace
from typing import Any

import pytest

from domain.earning.evaluation import UnitTooLong
from domain.earning.tally import EMPTY, Tally
from domain.earning.together import Together, walk_together
from domain.earning.views import Case
from domain.programs.document import InvalidTerms
from domain.programs.terms import Terms
from tests.rules.builders import activity, case, document, unit_of

MOST = {"most": {"type": "INT", "min": 0, "max": 1_000, "default": 100}}


def rule(code: str, amount: int, **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "trigger": f"{code}.made",
        "period": "MONTH",
        "effect": {"kind": "FIXED", "amount": amount},
        **more,
    }


def shared(*caps: dict[str, Any], rules: list[dict[str, Any]] | None = None) -> Together:
    terms = Terms.from_json(
        document(
            parameters=MOST,
            rules=rules or [rule("call", 30), rule("demo", 50)],
            shared_caps=[{"code": "both", "rules": ["call", "demo"], "caps": list(caps)}],
        )
    )
    first = unit_of(terms)
    return Together(units=tuple(replace(first, rule=one) for one in terms.rules), shared=terms.shared_caps[0])


def made(kind: str, number: int, *, hours: float | None = None, **more: Any) -> Case:
    return case(replace(activity(number, hours=hours), type=f"{kind}.made"), **more)


def amounts(together: Together, *cases: Case, tally: Tally = EMPTY) -> tuple[list[tuple[str, int, str]], Tally]:
    walked = walk_together(together, tally, {unit.rule.code: cases for unit in together.units})
    assert not walked.rewalk_needed
    return [(due.rule, due.amount, due.explanation.code) for due in walked.dues], walked.tally


def test_the_shared_cap_follows_occurrence_over_all_its_rules() -> None:
    together = shared({"amount": 100})
    found, _ = amounts(together, made("demo", 3), made("call", 1), made("call", 2), made("demo", 4))
    assert found == [
        ("call", 30, "EFFECT_FIXED"),
        ("call", 30, "EFFECT_FIXED"),
        ("demo", 40, "SHARED_CAP_AMOUNT"),
        ("demo", 0, "SHARED_CAP_AMOUNT"),
    ]


def test_a_walk_in_pieces_is_the_walk_of_the_whole_and_a_late_one_asks_for_it() -> None:
    together = shared({"period": "DAY", "amount": 70}, {"count": 4})
    cases = [made(kind, n, hours=n * 7) for n, kind in enumerate(("call", "demo", "call", "demo", "demo", "call"))]
    whole, tally = amounts(together, *cases)
    pieces, part = list[tuple[str, int, str]](), EMPTY
    for each in cases:
        found, part = amounts(together, each, tally=Tally.from_json(part.to_json()))
        pieces += found
    assert (pieces, part) == (whole, tally)
    assert sum(amount > 0 for _, amount, _ in whole) == 4
    assert walk_together(together, tally, {"call": [made("call", 9, hours=1)], "demo": []}).rewalk_needed


def test_each_rules_own_cap_comes_first_and_parameters_measure_the_shared_one() -> None:
    rules = [rule("call", 30, caps=[{"amount": 40}]), rule("demo", 50)]
    together = shared({"amount": {"parameter": "most"}}, rules=rules)
    given = {"most": 60}
    found, _ = amounts(together, *(made(kind, n, parameters=given) for n, kind in enumerate(("call", "call", "demo"))))
    assert [(code, amount) for code, amount, _ in found] == [("call", 30), ("call", 10), ("demo", 20)]


def test_a_unit_over_several_rules_is_bounded_as_any_other() -> None:
    full = replace(EMPTY, seen=10_000)
    with pytest.raises(UnitTooLong):
        walk_together(shared({"count": 1}), full, {"call": [made("call", 1)]})


@pytest.mark.parametrize(
    ("second", "cap", "path"),
    [
        ({}, {"rules": ["a"], "amount": 1}, "shared_caps[0].rules"),
        ({}, {"rules": ["a", "c"], "amount": 1}, "shared_caps[0].rules"),
        ({}, {"code": "a", "amount": 1}, "shared_caps"),
        ({}, {}, "shared_caps[0].amount"),
        ({}, {"period": "YEAR", "count": 1}, "shared_caps[0].period"),
        ({"period": "DAY"}, {"count": 1}, "shared_caps[0].rules"),
        ({"subject": "PARTNER"}, {"count": 1}, "shared_caps[0].rules"),
    ],
)
def test_rules_that_cannot_be_one_unit_are_refused(second: dict[str, Any], cap: dict[str, Any], path: str) -> None:
    rules = [rule("a", 1), rule("b", 1) | second]
    with pytest.raises(InvalidTerms) as refused:
        Terms.from_json(document(rules=rules, shared_caps=[{"code": "s", "rules": ["a", "b"]} | cap]))
    assert path in {problem.path for problem in refused.value.problems}
