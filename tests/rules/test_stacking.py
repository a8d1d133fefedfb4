"""Stacking: one deal under several rules and programs, by mode, priority and ceiling."""

from collections.abc import Sequence
from itertools import permutations
from uuid import UUID

import pytest

from domain.earning.explanation import Explanation
from domain.earning.stacking import Deal, DealLine, DealTooLong, Place, deal_of, place_of, stacked
from domain.earning.views import Beneficiary
from domain.kernel.money import Amount, Unit
from domain.kernel.rates import Rate, Rates
from domain.programs.rules import Basis, Moment, StackingMode, SubjectKind
from domain.programs.terms import Terms
from tests.rules.builders import REP, START, activity, document

POINTS, USD = Unit(code="POINTS", exponent=0), Unit(code="USD", exponent=2)
CENT_A_POINT = Rates.of([Rate.from_text("0.01", from_unit=POINTS, to_unit=USD, valid_from=START)])
ADDITIVE, BEST_OF, EXCLUSIVE = StackingMode.ADDITIVE, StackingMode.BEST_OF, StackingMode.EXCLUSIVE


def line(
    rule: str,
    due: int,
    mode: StackingMode | None = ADDITIVE,
    *,
    priority: int = 0,
    ceiling_ppm: int | None = None,
    terms: int = 1,
    unit: str = "POINTS",
    group: str = "g",
    at: int = 1,
) -> DealLine:
    place = None if mode is None else Place(group=group, mode=mode, priority=priority, ceiling_ppm=ceiling_ppm)
    return DealLine(
        terms_id=UUID(int=terms),
        rule=rule,
        activity_id=UUID(int=at),
        order=(START, "crm", f"d{at}"),
        beneficiary=Beneficiary(kind=SubjectKind.MEMBER, id=REP),
        due=due,
        unit=unit,
        place=place,
        explanation=Explanation(()),
    )


def after(lines: Sequence[DealLine], net: int | None = 100_000, rates: Rates = CENT_A_POINT) -> dict[str, int]:
    amount = None if net is None else Amount(minor=net, unit="USD")
    found = stacked(Deal(key="d", net=amount, occurred_at=START, lines=tuple(lines)), rates)
    return {f"{each.rule}{each.activity_id.int}": each.due for each in found}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line("a", 10), line("b", 20)], {"a1": 10, "b1": 20}),
        ([line("a", 10, BEST_OF), line("b", 20, BEST_OF)], {"a1": 0, "b1": 20}),
        ([line("a", 20, BEST_OF), line("b", 20, BEST_OF)], {"a1": 20, "b1": 0}),
        ([line("a", 20, BEST_OF), line("b", 20, BEST_OF, priority=1)], {"a1": 0, "b1": 20}),
        ([line("a", 20, BEST_OF, terms=2), line("b", 20, BEST_OF)], {"a1": 0, "b1": 20}),
        ([line("a", 5, BEST_OF), line("b", 9, BEST_OF), line("c", 3)], {"a1": 0, "b1": 9, "c1": 3}),
        ([line("a", 5, EXCLUSIVE), line("b", 90, BEST_OF), line("c", 3)], {"a1": 5, "b1": 0, "c1": 0}),
        ([line("a", 0, EXCLUSIVE), line("b", 90, BEST_OF), line("c", 3)], {"a1": 0, "b1": 90, "c1": 3}),
        ([line("a", 5, EXCLUSIVE), line("b", 9, EXCLUSIVE, priority=1)], {"a1": 0, "b1": 9}),
        ([line("a", 5, EXCLUSIVE), line("b", 9, EXCLUSIVE, group="h")], {"a1": 5, "b1": 9}),
        ([line("a", 5, EXCLUSIVE), line("b", 9, None)], {"a1": 5, "b1": 9}),
        ([line("a", 6, BEST_OF), line("a", 6, BEST_OF, at=2), line("b", 9, BEST_OF)], {"a1": 6, "a2": 6, "b1": 0}),
    ],
)
def test_a_group_shares_a_deal_by_its_modes_in_any_order(lines: list[DealLine], expected: dict[str, int]) -> None:
    for order in permutations(lines):
        assert after(order) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line("a", 60, ceiling_ppm=100_000), line("b", 60)], {"a1": 60, "b1": 40}),
        ([line("a", 60, ceiling_ppm=100_000), line("b", 60, priority=1)], {"a1": 40, "b1": 60}),
        ([line("a", 60, ceiling_ppm=100_000), line("b", 60, ceiling_ppm=50_000)], {"a1": 50, "b1": 0}),
        ([line("a", 60, ceiling_ppm=100_000), line("a", 60, at=2)], {"a1": 60, "a2": 40}),
        ([line("a", 60, ceiling_ppm=100_000), line("b", 4_100, unit="USD")], {"a1": 60, "b1": 4_000}),
        ([line("a", 60, ceiling_ppm=0)], {"a1": 0}),
        ([line("a", 60, EXCLUSIVE), line("b", 60, ceiling_ppm=0)], {"a1": 60, "b1": 0}),
    ],
)
def test_the_ceiling_is_a_part_of_the_net_shared_by_priority(lines: list[DealLine], expected: dict[str, int]) -> None:
    for order in permutations(lines):
        assert after(order, net=100_000, rates=dollar_a_point()) == expected


def dollar_a_point() -> Rates:
    return Rates.of([Rate.from_text("1", from_unit=POINTS, to_unit=USD, valid_from=START)])


def test_what_the_ceiling_trims_says_so_and_a_missing_rate_or_net_leaves_nothing() -> None:
    lines = [line("a", 60, ceiling_ppm=10_000)]
    deal = Deal(key="d", net=Amount(minor=100_000, unit="USD"), occurred_at=START, lines=tuple(lines))
    (trimmed,) = stacked(deal, dollar_a_point())
    assert (trimmed.due, trimmed.explanation.code) == (10, "STACKING_CEILING")
    assert trimmed.explanation.text("en", {"USD": 2}) == (
        "The ceiling of 1% of the deal, 10.00 USD, left 10 POINTS of 60 POINTS."
    )
    (unrated,) = stacked(deal, Rates.of())
    assert (unrated.due, unrated.explanation.code) == (0, "RATE_MISSING")
    (no_net,) = stacked(Deal(key="d", net=None, occurred_at=START, lines=tuple(lines)), Rates.of())
    assert (no_net.due, no_net.explanation.code) == (0, "STACKING_NET_MISSING")


def test_a_deal_sums_its_net_within_one_moment_and_takes_the_largest_moment() -> None:
    booked = [activity(i, net=100 * i, unit="USD") for i in (1, 2)]
    paid = activity(3, net=250, unit="USD", moment=Moment.PAID)
    assert deal_of("d", [*booked, paid], [], Rates.of()).net == Amount(minor=300, unit="USD")
    assert deal_of("d", [activity(1)], [], Rates.of()).net is None
    mixed = [activity(1, net=100, unit="USD"), activity(2, net=7)]
    assert deal_of("d", mixed, [], dollar_a_point()).net == Amount(minor=800, unit="USD")
    assert deal_of("d", mixed, [], Rates.of()).net is None
    listed = activity(1, amounts={Basis.LIST: Amount(minor=1, unit="USD")})
    assert deal_of("d", [listed], [], Rates.of()).net is None
    with pytest.raises(ValueError):
        deal_of("d", [], [], Rates.of())


def test_a_rules_place_resolves_its_ceiling() -> None:
    parameters = {"top": {"type": "INT", "min": 0, "max": 10, "default": 5}}
    stacking = {"group": "g", "mode": "BEST_OF", "priority": 3, "ceiling_ppm": {"parameter": "top"}}
    terms = Terms.from_json(document({"stacking": stacking}, parameters=parameters))
    assert place_of(terms.rules[0], {"top": 7}) == Place(group="g", mode=BEST_OF, priority=3, ceiling_ppm=7)
    assert place_of(Terms.from_json(document()).rules[0], {}) is None


def test_a_deal_is_bounded() -> None:
    deal = Deal(key="d", net=None, occurred_at=START, lines=(line("a", 1, None),) * 10_001)
    with pytest.raises(DealTooLong):
        stacked(deal, Rates.of())
