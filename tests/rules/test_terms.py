"""Terms documents: what they may say, and the path and reason of everything they may not."""

import copy
import json
from datetime import UTC, datetime

import pytest

from domain.kernel.expressions import ValueType
from domain.programs.document import FromParameter, InvalidTerms
from domain.programs.effects.brackets import Brackets
from domain.programs.rules import Allocation, Basis, StackingMode
from domain.programs.terms import Terms
from tests.rules.builders import document

FULL: dict[str, object] = {
    "unit": "POINTS",
    "zone": "Europe/Paris",
    "window": {"from": "2017-01-01", "until": "2018-01-01T00:00:00+01:00"},
    "attributes": {"product": "STRING", "referrer": {"type": "STRING"}, "new": {"type": "BOOL", "default": False}},
    "facts": {"tier": {"type": "STRING", "default": "NONE"}},
    "member": {"role": "STRING"},
    "partner": {"vertical": "STRING"},
    "parameters": {
        "rate": {"type": "INT", "min": 0, "max": 100_000, "default": 20_000},
        "target": {"type": "INT", "min": 10, "max": 500},
        "deadline": {"type": "TIMESTAMP", "default": "2017-06-30"},
    },
    "rules": [
        {
            "code": "won",
            "trigger": "deal.won",
            "condition": 'facts.tier == "GOLD" && partner.vertical != "NONE" '
            "&& activity.occurred_at < parameters.deadline",
            "effect": {"kind": "PERCENT", "ppm": {"parameter": "rate"}},
            "basis": "NET",
            "basis_unit": "USD",
            "moment": "PAID",
            "period": "QUARTER",
            "beneficiaries": [
                {"to": "MEMBER", "share_ppm": 700_000},
                {"to": "activity.referrer", "share_ppm": {"parameter": "rate"}},
                {"to": "PARTNER", "share_ppm": "REST"},
            ],
            "caps": [{"period": "DAY", "count": 5}, {"period": "MONTH", "amount": 1_000}],
            "campaign_cap": 50_000,
            "cooldown_minutes": 60,
            "hold_days": 30,
            "expires_after": {"months": 12},
            "stacking": {"group": "deals", "mode": "BEST_OF", "priority": 10, "ceiling_ppm": 150_000},
            "allocate": "AT_CLOSE",
            "rounding": "DOWN",
        },
        {
            "code": "growth",
            "trigger": "deal.won",
            "basis_unit": "USD",
            "effect": {
                "kind": "BRACKETS",
                "mode": "RETROACTIVE",
                "per": 100,
                "brackets": [{"from": 0, "rate": 1}, {"from": {"parameter": "target"}, "rate": 2}],
            },
        },
        {
            "code": "ten",
            "trigger": "deal.won",
            "effect": {"kind": "MILESTONE", "milestones": [{"code": "m10", "at": 10, "amount": 500}]},
        },
    ],
}


def problems_of(found: object) -> dict[str, str]:
    with pytest.raises(InvalidTerms) as refused:
        Terms.from_json(found)
    return {problem.path: problem.reason for problem in refused.value.problems}


def changed(path: str, value: object) -> dict[str, object]:
    found = copy.deepcopy(FULL)
    place: object = found
    *parents, last = path.split(".")
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return found


def test_a_document_says_every_field_of_the_terms() -> None:
    terms = Terms.from_json(FULL)
    won, growth = terms.rule("won"), terms.rule("growth")
    assert (won.basis, won.allocate, won.hold_days) == (Basis.NET, Allocation.AT_CLOSE, 30)
    assert won.stacking is not None
    assert won.stacking.mode is StackingMode.BEST_OF
    assert isinstance(growth.effect, Brackets)
    assert growth.effect.brackets[1].starts_at == FromParameter(name="target", minimum=10, maximum=500)
    assert terms.window.start == datetime(2016, 12, 31, 23, tzinfo=UTC)
    assert terms.variables["facts.tier"] is ValueType.STRING
    assert terms.fact_kinds(won) == {"tier", "vertical"}
    assert terms.fact_kinds(growth) == frozenset()


def test_the_canonical_document_round_trips_with_its_digest() -> None:
    terms = Terms.from_json(FULL)
    again = Terms.from_json(json.loads(json.dumps(terms.to_json())))
    assert again == terms
    assert again.digest == terms.digest
    reordered = Terms.from_json(dict(reversed(list(FULL.items()))))
    assert reordered.digest == terms.digest
    assert Terms.from_json(changed("rules.0.hold_days", 31)).digest != terms.digest


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("unit", "points", "unit"),
        ("zone", "Mars/Olympus", "zone"),
        ("window", {"from": "2018-01-01", "until": "2017-01-01"}, "window"),
        ("window", {"from": "soon"}, "window.from"),
        ("nonsense", 1, "nonsense"),
        ("rules", [], "rules"),
        ("attributes.Bad", "INT", "attributes"),
        ("attributes.quantity", "INT", "attributes.quantity"),
        ("attributes.amount", "FLOAT", "attributes.amount.type"),
        ("facts.tier", {"type": "STRING", "default": 5}, "facts.tier.default"),
        ("parameters.rate", {"type": "INT", "min": 0, "max": 10, "default": 11}, "parameters.rate.default"),
        ("parameters.rate", {"type": "INT", "min": 0}, "parameters.rate.max"),
        ("parameters.rate", {"type": "INT", "min": 0, "max": 10**9}, "rules[0].effect.ppm"),
        ("rules.0.code", "Won!", "rules[0].code"),
        ("rules.0.condition", "activity.price > 1", "rules[0].condition"),
        ("rules.0.condition", "1 + 1", "rules[0].condition"),
        ("rules.0.effect", {"kind": "MAGIC"}, "rules[0].effect.kind"),
        ("rules.0.effect", {"kind": "FIXED", "amount": 1.5}, "rules[0].effect.amount"),
        ("rules.0.effect", {"kind": "FIXED", "amount": True}, "rules[0].effect.amount"),
        ("rules.0.effect", {"kind": "FIXED", "amount": -1}, "rules[0].effect.amount"),
        ("rules.0.effect", {"kind": "FIXED", "amount": 10**15 + 1}, "rules[0].effect.amount"),
        ("rules.0.effect", {"kind": "FIXED", "amount": {"parameter": "deadline"}}, "rules[0].effect.amount"),
        ("rules.0.basis", "UNITS", "rules[0].basis_unit"),
        ("rules.0.period", "FORTNIGHT", "rules[0].period"),
        ("rules.0.hold_days", -1, "rules[0].hold_days"),
        ("rules.0.expires_after", {"days": 1, "months": 1}, "rules[0].expires_after"),
        ("rules.0.caps.0", {"period": "YEAR", "count": 1}, "rules[0].caps[0].period"),
        ("rules.0.caps.0", {"period": "WEEK", "count": 1}, "rules[0].caps[0].period"),
        ("rules.0.caps.0", {"period": "DAY"}, "rules[0].caps[0].amount"),
        ("rules.0.beneficiaries.0.share_ppm", 950_000, "rules[0].beneficiaries"),
        ("rules.0.beneficiaries.2.share_ppm", 100_000, "rules[0].beneficiaries"),
        ("rules.0.beneficiaries.1.to", "activity.new", "rules[0].beneficiaries"),
        ("rules.0.beneficiaries.1.share_ppm", "activity.nothing", "rules[0].beneficiaries"),
        ("rules.0.beneficiaries.1.share_ppm", "activity.referrer", "rules[0].beneficiaries"),
        ("rules.0.beneficiaries.1.to", "SOMEONE", "rules[0].beneficiaries[1].to"),
        ("rules.0.stacking.mode", "MAYBE", "rules[0].stacking.mode"),
        ("rules.1.code", "won", "rules"),
        ("rules.1.condition", "tally.due_total < 5", "rules[1].condition"),
        ("rules.1.effect.brackets.0.from", 5, "rules[1].effect.brackets"),
        ("rules.1.effect.brackets.1.from", 0, "rules[1].effect.brackets[1].from"),
        ("rules.1.effect.per", None, "rules[1].effect.per"),
        ("rules.2.stacking", {"group": "g"}, "rules[2].stacking"),
        ("rules.2.beneficiaries", [{"to": "PARTNER"}], "rules[2].beneficiaries"),
        ("rules.2.caps", [{"count": 1}], "rules[2].caps"),
    ],
)
def test_what_terms_may_not_say_is_refused_with_its_path(path: str, value: object, problem: str) -> None:
    assert problem in problems_of(changed(path, value))


@pytest.mark.parametrize("found", [None, [], "terms", 5, {}, {"rules": [None]}, {"unit": {}, "zone": [], "rules": {}}])
def test_what_is_no_terms_document_at_all_is_refused(found: object) -> None:
    assert problems_of(found)


def test_problems_are_collected_and_bounded() -> None:
    rules = [{"code": "X", "trigger": "Y", "effect": {"kind": "Z"}, f"odd{index}": 1} for index in range(50)]
    assert len(problems_of(document(rules=rules))) <= 100
    assert "rules" in problems_of(document(rules=rules + rules[:1]))


def test_parameters_take_their_defaults_and_stay_within_their_bounds() -> None:
    terms = Terms.from_json(FULL)
    assert terms.resolved({"target": 25}) == {
        "rate": 20_000,
        "target": 25,
        "deadline": datetime(2017, 6, 29, 22, tzinfo=UTC),
    }
    for given in ({}, {"target": 9}, {"target": 501}, {"target": "25"}, {"target": 25, "other": 1}, {"target": True}):
        with pytest.raises(InvalidTerms):
            terms.resolved(given)
    with pytest.raises(InvalidTerms):
        terms.resolved({"target": 25, "deadline": "tomorrow"})


def test_bundles_are_granted_to_persons_each_bundle_once_and_within_bounds() -> None:
    granted = Terms.from_json(document({"grants": [{"bundle": "welcome"}, {"bundle": "extra", "quantity": 10}]}))
    assert [(grant.bundle, grant.quantity) for grant in granted.rules[0].grants] == [("welcome", 1), ("extra", 10)]
    assert Terms.from_json(granted.to_json()).digest == granted.digest
    for grants, said in (
        ([{"bundle": "a"}, {"bundle": "a"}], "each bundle stands once"),
        ([{"bundle": "a", "quantity": 11}], "from 1 to 10"),
        ([{"bundle": str(n)} for n in range(6)], "0 to 5 objects"),
        ([{"bundle": "A b"}], "is a code"),
    ):
        with pytest.raises(InvalidTerms, match=said):
            Terms.from_json(document({"grants": grants}))
    with pytest.raises(InvalidTerms, match="no beneficiary is one"):
        Terms.from_json(document({"grants": [{"bundle": "a"}], "subject": "PARTNER"}))
