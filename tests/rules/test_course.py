"""The course of a deal: what came before, what follows, what takes back and whose it is, in any order of recording."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.earning.course import along, asked_of
from domain.earning.discount import discount_ppm
from domain.earning.evaluation import walk
from domain.earning.tally import EMPTY
from domain.earning.views import ActivityView
from domain.kernel.money import Amount
from domain.programs.document import InvalidTerms
from domain.programs.kinds import Basis, Moment
from domain.programs.terms import Terms
from tests.rules.builders import activity, case, document, unit_of

DAYS: Mapping[str, Any] = {"days": {"type": "INT", "min": 1, "max": 90, "default": 2}}
CHURN = {"trigger": "deal.lost", "within_days": 2}


def happened(number: int, kind: str = "deal.won", *, hours: float, partner: int = 100) -> ActivityView:
    return replace(activity(number, hours=hours, deal_key="d"), type=kind, partner_id=UUID(int=partner))


def left(
    rule: dict[str, object], *others: ActivityView, parameters: Mapping[str, object] | None = None
) -> tuple[int, str]:
    """What is left of 100, due for the activity at hour 48, and the code that decided; in every order the same."""
    own = happened(1, hours=48)
    asked = asked_of(Terms.from_json(document(rule, parameters=DAYS)).rules[0], parameters or {}, ZoneInfo("UTC"))
    assert asked is not None
    found = [along(asked, own, order, 100, "POINTS") for order in permutations((own, *others))]
    assert all(one == found[0] for one in found)
    due, reasons = found[0]
    return due, reasons[-1].code if reasons else ""


@pytest.mark.parametrize(
    ("rule", "others", "expected"),
    [
        ({"clawback": CHURN}, [], (100, "")),
        ({"clawback": CHURN}, [happened(2, "deal.lost", hours=96)], (0, "CHURNED")),
        ({"clawback": CHURN}, [happened(2, "deal.lost", hours=96.01)], (100, "")),
        ({"clawback": CHURN}, [happened(2, "deal.lost", hours=48)], (0, "CHURNED")),
        ({"clawback": CHURN}, [happened(2, "deal.lost", hours=47)], (100, "")),
        ({"clawback": [CHURN | {"keeps_ppm": 333_333}]}, [happened(2, "deal.lost", hours=49)], (33, "CHURNED")),
        (
            {"clawback": [CHURN | {"keeps_ppm": 500_000}, CHURN | {"trigger": "deal.cut", "keeps_ppm": 200_000}]},
            [happened(2, "deal.lost", hours=49), happened(3, "deal.cut", hours=50)],
            (20, "CHURNED"),
        ),
        ({"awaits": CHURN}, [], (0, "AWAITED")),
        ({"awaits": CHURN}, [happened(2, "deal.lost", hours=96)], (100, "AWAITED_CAME")),
        ({"awaits": CHURN}, [happened(2, "deal.lost", hours=97)], (0, "AWAITED")),
        ({"follows": CHURN}, [happened(2, "deal.lost", hours=0)], (100, "")),
        ({"follows": CHURN}, [happened(2, "deal.lost", hours=-1)], (0, "NOT_PRECEDED")),
        ({"follows": {"trigger": "deal.lost"}}, [happened(2, "deal.lost", hours=-999)], (100, "")),
        ({"follows": {"trigger": "deal.lost"}}, [happened(2, "deal.lost", hours=49)], (0, "NOT_PRECEDED")),
        ({"touch": {"triggers": ["seen"]}}, [happened(2, "seen", hours=1, partner=7)], (0, "TOUCHED_BY_ANOTHER")),
        ({"touch": {"triggers": ["seen"]}}, [happened(2, "seen", hours=49, partner=7)], (100, "")),
        (
            {"touch": {"mode": "LAST", "triggers": ["seen"]}},
            [happened(2, "seen", hours=1, partner=7), happened(3, "seen", hours=2)],
            (100, ""),
        ),
    ],
)
def test_the_set_of_the_deals_activities_decides(
    rule: dict[str, object], others: list[ActivityView], expected: tuple[int, str]
) -> None:
    assert left(rule, *others) == expected


def test_the_days_may_be_the_enrollments_own() -> None:
    rule: dict[str, object] = {"clawback": {"trigger": "deal.lost", "within_days": {"parameter": "days"}}}
    lost = happened(2, "deal.lost", hours=48 + 72)
    assert left(rule, lost, parameters={"days": 3}) == (0, "CHURNED")
    assert left(rule, lost, parameters={"days": 2}) == (100, "")


def test_one_type_may_tell_its_moments() -> None:
    rule: dict[str, object] = {"clawback": {"trigger": "deal.won", "moment": "CHURNED", "within_days": 9}}
    later = happened(2, hours=50)
    assert left(rule, later) == (100, "")
    assert left(rule, replace(later, moment=Moment.CHURNED)) == (0, "CHURNED")


@pytest.mark.parametrize(
    ("listed", "net", "unit", "expected"),
    [
        (1_000, 900, "USD", 100_000),
        (3, 2, "USD", 333_334),
        (100, 110, "USD", -100_000),
        (0, 0, "USD", None),
        (9, 9, "EUR", None),
    ],
)
def test_a_discount_is_rounded_up_and_known_only_within_one_currency(
    listed: int, net: int, unit: str, expected: int | None
) -> None:
    assert (
        discount_ppm(activity(1, net=net, unit="USD", amounts={Basis.LIST: Amount(minor=listed, unit=unit)}))
        == expected
    )


def test_a_discount_of_exactly_the_threshold_is_not_above_it() -> None:
    steps = [{"above_ppm": 100_000, "keeps_ppm": {"parameter": "kept"}}, {"above_ppm": 200_000, "keeps_ppm": 0}]
    kept = {"kept": {"type": "INT", "min": 0, "max": 1_000_000, "default": 500_000}}
    terms = Terms.from_json(document({"discount": steps}, parameters=kept))
    dues: list[int] = []
    for number, net in enumerate((1_000, 900, 899, 800, 799)):
        sold = activity(number, net=net, amounts={Basis.LIST: Amount(minor=1_000, unit="POINTS")})
        (due,) = walk(unit_of(terms), EMPTY, [case(sold, parameters={"kept": 250_000})]).dues
        dues.append(due.amount)
    assert dues == [100, 100, 25, 25, 0]


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"clawback": {"trigger": "a", "within_days": 3_661}}, "rules[0].clawback.within_days"),
        ({"clawback": [CHURN] * 5}, "rules[0].clawback"),
        ({"awaits": {"within_days": 3}}, "rules[0].awaits.trigger"),
        ({"touch": {"triggers": ["a", "a"]}}, "rules[0].touch.triggers"),
        ({"touch": {"triggers": []}}, "rules[0].touch.triggers"),
        (
            {"discount": [{"above_ppm": 5, "keeps_ppm": 0}, {"above_ppm": 5, "keeps_ppm": 0}]},
            "rules[0].discount[1].above_ppm",
        ),
        ({"campaign_count": -1}, "rules[0].campaign_count"),
        ({"allocate": "AT_CLOSE", "period": "ALL_TIME"}, "rules[0].allocate"),
        ({"allocate": "AT_CLOSE", "period": "DAY", "grants": [{"bundle": "b"}]}, "rules[0].grants"),
        ({"awaits": CHURN, "effect": {"kind": "FIXED", "amount": 0}, "grants": [{"bundle": "b"}]}, "rules[0].grants"),
        (
            {"awaits": CHURN, "effect": {"kind": "MILESTONE", "milestones": [{"code": "m", "at": 1, "amount": 1}]}},
            "rules[0].clawback",
        ),
    ],
)
def test_terms_refuse_what_does_not_go_together(rule: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidTerms) as refused:
        Terms.from_json(document(rule))
    assert path in {problem.path for problem in refused.value.problems}


def test_what_a_rule_asks_of_its_deal_survives_its_canonical_form() -> None:
    rule: dict[str, object] = {
        "clawback": CHURN,
        "awaits": CHURN,
        "follows": {"trigger": "deal.seen"},
        "touch": {"mode": "LAST", "triggers": ["deal.seen"]},
        "campaign_count": {"parameter": "days"},
        "discount": [{"above_ppm": 5, "keeps_ppm": 0}],
    }
    terms = Terms.from_json(document(rule, parameters=DAYS))
    again = Terms.from_json(terms.to_json())
    assert (again.digest, again.rules) == (terms.digest, terms.rules)
