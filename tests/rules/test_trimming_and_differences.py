"""Scarcity is shared in order and never overspent; differences raise and lower exactly what changed."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.earning.differences import Awarded, LineKey, Lower, OldLine, Raise, differences
from domain.earning.trimming import Request, in_order_of_occurrence, trim
from domain.earning.views import Beneficiary
from domain.programs.rules import SubjectKind
from tests.rules.builders import REP, START


def request(number: int, amount: int, campaign: str | None = None, budget: str = "b") -> Request:
    order = (START + timedelta(hours=number), "crm", f"d{number}")
    return Request(key=f"r{number}", order=order, amount=amount, unit="POINTS", campaign=campaign, budget=budget)


def line_key(number: int) -> LineKey:
    who = Beneficiary(kind=SubjectKind.MEMBER, id=REP)
    return LineKey(unit_key="u", activity_id=UUID(int=number), milestone=None, beneficiary=who)


def test_the_last_grant_is_trimmed_and_says_so() -> None:
    found = trim([request(1, 60), request(2, 60), request(3, 5)], campaigns={}, budgets={"b": 100})
    assert [grant.granted for grant in found.grants] == [60, 40, 0]
    assert [grant.explanation.code for grant in found.grants] == ["", "BUDGET_TRIM", "BUDGET_TRIM"]
    assert found.grants[1].explanation.text("fr") == "Il restait 40 POINTS dans le budget sur 60 POINTS."
    assert found.budgets == {"b": 0}


def test_the_campaign_comes_before_the_budget_and_gets_nothing_back() -> None:
    asked = [request(1, 80, "c"), request(2, 80, "c"), request(3, 10)]
    found = trim(asked, campaigns={"c": 100}, budgets={"b": 70})
    assert [(grant.granted, grant.campaign_taken) for grant in found.grants] == [(70, 80), (0, 20), (0, 0)]
    assert [reason.code for reason in found.grants[1].explanation.reasons] == ["CAMPAIGN_CAP", "BUDGET_TRIM"]
    assert (found.campaigns, found.budgets) == ({"c": 0}, {"b": 0})


@given(
    st.lists(st.tuples(st.integers(0, 100), st.sampled_from([None, "c"]), st.sampled_from("ab"))), st.integers(0, 500)
)
def test_grants_never_exceed_and_always_exhaust_a_budget(asked: list[tuple[int, str | None, str]], left: int) -> None:
    requests = [request(i, amount, campaign, budget) for i, (amount, campaign, budget) in enumerate(asked)]
    found = trim(requests, campaigns={"c": 10**9}, budgets={"a": left, "b": left})
    for budget in "ab":
        granted = sum(g.granted for g, r in zip(found.grants, requests, strict=True) if r.budget == budget)
        assert granted == min(left, sum(r.amount for r in requests if r.budget == budget))
        assert found.budgets[budget] == left - granted


def test_a_close_allocates_in_order_of_occurrence() -> None:
    late, early = request(2, 60), request(1, 60)
    found = trim(in_order_of_occurrence([late, early]), campaigns={}, budgets={"b": 100})
    assert [(grant.key, grant.granted) for grant in found.grants] == [("r1", 60), ("r2", 40)]


def test_an_unknown_budget_or_a_negative_request_is_refused() -> None:
    with pytest.raises(KeyError):
        trim([request(1, 1)], campaigns={}, budgets={})
    with pytest.raises(ValueError):
        trim([request(1, -1)], campaigns={}, budgets={"b": 1})
    assert trim([request(1, 5)], campaigns={}, budgets={"b": -3}).grants[0].granted == 0


@pytest.mark.parametrize(
    ("old_due", "awards", "new_due", "raises", "lowers"),
    [
        (0, [], 10, [(1, 10)], []),
        (10, [10], 10, [], []),
        (10, [10], 25, [(2, 15)], []),
        (25, [10, 15], 5, [], [(2, 15), (1, 5)]),
        (25, [10, 15], 0, [], [(2, 15), (1, 10)]),
        (25, [10, 0, 15], 20, [], [(3, 5)]),
        (100, [60], 80, [], []),
        (100, [60], 40, [], [(1, 20)]),
        (80, [60], 100, [(2, 20)], []),
        (0, [0, 0], 7, [(3, 7)], []),
        (0, [], 0, [], []),
    ],
)
def test_a_line_is_raised_or_lowered_by_the_difference(
    old_due: int, awards: list[int], new_due: int, raises: list[tuple[int, int]], lowers: list[tuple[int, int]]
) -> None:
    key = line_key(1)
    stood = tuple(Awarded(n=n, standing=amount) for n, amount in enumerate(awards, 1))
    found = differences([OldLine(key=key, due=old_due, awards=stood)], {key: new_due})
    assert found.raises == tuple(Raise(key=key, n=n, amount=amount) for n, amount in raises)
    assert found.lowers == tuple(Lower(key=key, n=n, amount=amount) for n, amount in lowers)


def test_a_line_that_is_gone_is_lowered_to_nothing_and_a_new_one_is_award_one() -> None:
    old = OldLine(key=line_key(1), due=9, awards=(Awarded(n=1, standing=9),))
    found = differences([old], {line_key(2): 4, line_key(3): 0})
    assert found.lowers == (Lower(key=line_key(1), n=1, amount=9),)
    assert found.raises == (Raise(key=line_key(2), n=1, amount=4),)


def test_returned_budget_never_tops_up_an_earlier_trim() -> None:
    key = line_key(1)
    trimmed = OldLine(key=key, due=100, awards=(Awarded(n=1, standing=60),))
    lowered = differences([trimmed], {key: 70})
    assert (lowered.raises, lowered.lowers) == ((), ())
    raised = differences([OldLine(key=key, due=70, awards=trimmed.awards)], {key: 100})
    assert raised.raises == (Raise(key=key, n=2, amount=30),)


def test_a_line_stands_once_and_no_due_is_negative() -> None:
    old = OldLine(key=line_key(1), due=1)
    with pytest.raises(ValueError):
        differences([old, old], {})
    with pytest.raises(ValueError):
        differences([], {line_key(1): -1})
    with pytest.raises(ValueError):
        differences([OldLine(key=line_key(1), due=1, awards=(Awarded(n=1, standing=0),) * 1_001)], {})
