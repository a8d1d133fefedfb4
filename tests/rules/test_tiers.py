"""Tiers: what an evaluation makes of a membership, edge by edge; what a document may say; when windows begin."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.earning.tiers import (
    EDGES,
    Downgrade,
    MembershipReason,
    MembershipState,
    Standing,
    Tiers,
    after_override,
    evaluated,
    months_earlier,
    needed,
    warns_at,
)
from domain.earning.topping_up import deserved
from domain.programs.document import InvalidTerms

AT = datetime(2026, 4, 1, tzinfo=UTC)
QUALIFYING, ACTIVE, GRACE, DOWNGRADED = MembershipState
COUNT = {"kind": "COUNT", "types": ["deal.won"]}


def document(**more: Any) -> dict[str, Any]:
    return {
        "metrics": {"sold": COUNT, "certified": {"kind": "HOLDERS", "fact": "certificate"}},
        "tiers": [
            {"code": "one", "name": {"en": "One"}, "needs": {"sold": 10}},
            {"code": "two", "name": {"en": "Two"}, "needs": {"sold": 20}, "keeps": {"sold": 15}},
            {"code": "three", "name": {"en": "Three"}, "needs": {"sold": 30, "certified": 2}},
        ],
        "grace_days": 30,
    } | more


def tiers(**more: Any) -> Tiers:
    return Tiers.from_json(document(**more))


def standing(state: MembershipState, tier: str | None, look_at: datetime | None = None) -> Standing:
    return Standing(state=state, tier=tier, reason=MembershipReason.QUALIFIED, look_at=look_at)


def sold(count: int, certified: int = 0) -> Mapping[str, int]:
    return {"sold": count, "certified": certified}


@pytest.mark.parametrize(
    ("before", "values", "state", "tier"),
    [
        (None, sold(9), QUALIFYING, None),
        (None, sold(10), ACTIVE, "one"),
        (standing(QUALIFYING, None), sold(9), QUALIFYING, None),
        (standing(QUALIFYING, None), sold(30, 1), ACTIVE, "two"),
        (standing(ACTIVE, "one"), sold(30, 2), ACTIVE, "three"),
        (standing(ACTIVE, "two"), sold(15), ACTIVE, "two"),
        (standing(ACTIVE, "two"), sold(14), GRACE, "two"),
        (standing(GRACE, "two", AT + timedelta(days=1)), sold(14), GRACE, "two"),
        (standing(GRACE, "two", AT), sold(14), DOWNGRADED, "one"),
        (standing(GRACE, "two", AT), sold(15), ACTIVE, "two"),
        (standing(GRACE, "two", AT), sold(30, 2), ACTIVE, "three"),
        (standing(GRACE, "one", AT), sold(0), DOWNGRADED, None),
        (standing(DOWNGRADED, "one"), sold(10), ACTIVE, "one"),
        (standing(DOWNGRADED, "one"), sold(9), GRACE, "one"),
        (standing(DOWNGRADED, "one"), sold(20), ACTIVE, "two"),
        (standing(DOWNGRADED, None), sold(0), QUALIFYING, None),
        (standing(ACTIVE, "gone"), sold(0), DOWNGRADED, None),
    ],
)
def test_an_evaluation_takes_only_drawn_edges(
    before: Standing | None, values: Mapping[str, int], state: MembershipState, tier: str | None
) -> None:
    after = evaluated(tiers(), before, values, AT)
    assert (after.state, after.tier) == (state, tier)
    assert before is None or after == before or after.state in EDGES[before.state]
    assert (after.state is GRACE) == (after.look_at is not None)


def test_without_grace_a_tier_is_lost_at_once_and_never_means_never() -> None:
    three = standing(ACTIVE, "three")
    assert evaluated(tiers(grace_days=0), three, sold(10), AT).tier == "one"
    assert evaluated(tiers(grace_days=0, downgrade="ONE_STEP"), three, sold(10), AT).tier == "two"
    assert evaluated(tiers(grace_days=0, downgrade=Downgrade.NEVER.value), three, sold(0), AT) == three


def test_an_override_that_ended_leaves_what_was_earned_before_it() -> None:
    assert after_override(tiers(), None, sold(0), AT).state is QUALIFYING
    assert after_override(tiers(), "two", sold(16), AT).tier == "two"
    assert after_override(tiers(), "two", sold(3), AT).state is GRACE
    assert after_override(tiers(), None, sold(12), AT).tier == "one"


def test_any_threshold_is_enough_where_the_set_says_so() -> None:
    either = tiers(match="ANY")
    assert either.qualified(sold(0, 2)) == 3
    assert tiers().qualified(sold(0, 2)) == 0


def test_what_is_needed_is_never_negative() -> None:
    assert [one.missing for one in needed({"sold": 20, "certified": 2}, sold(25, 1))] == [0, 1]


def test_a_top_up_is_for_a_higher_tier_only() -> None:
    assert deserved(tiers(), "one", sold(20)) == "two"
    assert deserved(tiers(), "two", sold(20)) is None
    assert deserved(tiers(), "three", sold(0)) is None
    assert deserved(tiers(), None, sold(9)) is None


def test_a_window_goes_back_by_the_wall_clock_and_the_calendar() -> None:
    paris = ZoneInfo("Europe/Paris")
    assert months_earlier(datetime(2026, 5, 31, 12, tzinfo=UTC), 3, ZoneInfo("UTC")).day == 28
    # Midnight in Paris is 23:00 before in winter, 22:00 in summer.
    summer = datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert months_earlier(summer, 6, paris) == datetime(2025, 12, 31, 23, tzinfo=UTC)
    monthly = tiers(evaluate="MONTH", zone="Europe/Paris", at_risk_days=7)
    assert monthly.next_evaluation(summer) == datetime(2026, 7, 31, 22, tzinfo=UTC)
    assert warns_at(monthly, summer) == summer - timedelta(days=7)
    assert warns_at(tiers(), summer) is None


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"zone": "Europe/Atlantis"}, "zone"),
        ({"look_back_months": 0}, "look_back_months"),
        ({"look_back_months": 61}, "look_back_months"),
        ({"grace_days": 367}, "grace_days"),
        ({"at_risk_days": 91}, "at_risk_days"),
        ({"metrics": {}}, "metrics"),
        ({"metrics": {f"m{n}": COUNT for n in range(11)}}, "metrics"),
        ({"metrics": {"sold": {"kind": "COUNT", "types": []}}}, "metrics.sold.types"),
        ({"metrics": {"sold": {"kind": "FACT", "fact": "managed", "field": "Not a name"}}}, "metrics.sold.field"),
        ({"tiers": []}, "tiers"),
        ({"top_up": {"kind": "HOLDERS", "fact": "certificate"}}, "top_up"),
        ({"tiers": [{"code": "a", "name": {"en": "A"}, "needs": {}}]}, "tiers[0].needs"),
        ({"tiers": [{"code": "a", "name": {"en": "A"}, "needs": {"sold": 0}}]}, "tiers[0].needs.sold"),
        ({"tiers": [{"code": "a", "name": {"en": "A"}, "needs": {"sold": 1}, "keeps": {"sold": 2}}]}, "tiers[0].keeps"),
        ({"tiers": [{"code": "a", "name": {"en": "A"}, "needs": {"sold": 1}}] * 2}, "tiers"),
        ({"more": 1}, "more"),
    ],
)
def test_a_document_that_says_something_else_is_refused_with_its_path(change: Mapping[str, Any], path: str) -> None:
    with pytest.raises(InvalidTerms) as refused:
        Tiers.from_json(document(**change))
    assert path in {problem.path for problem in refused.value.problems}


def test_the_bounds_themselves_are_allowed() -> None:
    found = tiers(look_back_months=60, grace_days=366, at_risk_days=90)
    assert (found.look_back_months, found.grace_days, found.at_risk_days) == (60, 366, 90)


def test_the_document_of_the_page_on_tiers_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "programs" / "tiers.md").read_text(encoding="utf-8")
    told = json.loads(page.split("```json variables\n")[1].split("```")[0])["input"]
    assert [tier.code for tier in Tiers.from_json(told["document"]).tiers] == ["silver", "gold"]
