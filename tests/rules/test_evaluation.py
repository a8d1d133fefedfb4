"""What stands between an activity and its due: window, enrollment, moment, condition, cooldown, shares, caps, dates."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.earning.evaluation import UnitTooLong, walk
from domain.earning.tally import EMPTY, UNIT_ACTIVITIES_MAX
from domain.earning.unit import Due
from domain.earning.views import Case, Facts
from domain.kernel.money import Unit
from domain.kernel.rates import Rate
from domain.programs.rules import Moment, SubjectKind
from domain.programs.terms import Terms
from tests.rules.builders import FIRM, OTHER_REP, REP, START, activity, case, document, unit_of

USD, EUR, POINTS = Unit(code="USD", exponent=2), Unit(code="EUR", exponent=2), Unit(code="POINTS", exponent=0)


def dues_of(rule: dict[str, object], cases: list[Case], rates: tuple[Rate, ...] = (), **terms: object) -> list[Due]:
    return list(walk(unit_of(Terms.from_json(document(rule, **terms)), rates=rates), EMPTY, cases).dues)


@pytest.mark.parametrize(
    ("rule", "terms", "one", "code"),
    [
        ({}, {"window": {"until": "2017-07-03"}}, case(activity(1)), "OUTSIDE_WINDOW"),
        ({}, {}, case(activity(1), enrolled=False), "NOT_ENROLLED"),
        ({"moment": "PAID"}, {}, case(activity(1)), "MOMENT_OTHER"),
        ({"condition": "activity.quantity > 1"}, {}, case(activity(1)), "CONDITION_FALSE"),
        ({"condition": "activity.quantity / 0 > 1"}, {}, case(activity(1)), "CONDITION_ERROR"),
        ({"condition": 'facts.tier == "GOLD"'}, {"facts": {"tier": "STRING"}}, case(activity(1)), "CONDITION_ERROR"),
        ({"effect": {"kind": "PERCENT", "ppm": 1}}, {}, case(activity(1)), "BASIS_MISSING"),
        ({"effect": {"kind": "PERCENT", "ppm": 1}}, {}, case(activity(1, net=5, unit="USD")), "RATE_MISSING"),
        ({"caps": [{"count": 0}]}, {}, case(activity(1)), "CAP_COUNT"),
        ({"caps": [{"amount": 0}]}, {}, case(activity(1)), "CAP_AMOUNT"),
    ],
)
def test_a_non_award_is_a_due_of_zero_with_its_reason(
    rule: dict[str, object], terms: dict[str, object], one: Case, code: str
) -> None:
    (due,) = dues_of(rule, [one], **terms)
    assert (due.amount, due.explanation.code) == (0, code)
    assert due.explanation.text("en")
    assert due.explanation.text("fr")


def test_another_trigger_is_none_of_the_rules_business() -> None:
    assert dues_of({"trigger": "call.made"}, [case(activity(1))]) == []


def test_facts_parameters_attributes_and_the_tally_are_readable_and_shown() -> None:
    rule = {
        "condition": 'facts.tier == "GOLD" && member.role == "REP" && partner.id.endsWith("64") '
        "&& activity.seats >= parameters.least && tally.count < 1 && activity.amount_net > 5"
    }
    declared = {
        "facts": {"tier": "STRING"},
        "member": {"role": "STRING"},
        "attributes": {"seats": "INT"},
        "parameters": {"least": {"type": "INT", "min": 0, "max": 9}},
    }
    facts = Facts(subject={"tier": "GOLD"}, member={"role": "REP"})
    cases = [case(activity(i, attributes={"seats": 3}, net=6), facts=facts, parameters={"least": 3}) for i in range(2)]
    first, second = dues_of(rule, cases, **declared)
    assert (first.amount, second.amount) == (100, 0)
    inputs = first.explanation.reasons[1].facts["inputs"]
    assert isinstance(inputs, dict)
    assert inputs["facts.tier"] == "GOLD"
    assert "tally.count = 1" in second.explanation.text("en")


def test_a_fact_that_is_absent_has_its_default_and_one_of_another_type_is_no_fact() -> None:
    rule = {"condition": 'facts.tier == "NONE"'}
    declared = {"facts": {"tier": {"type": "STRING", "default": "NONE"}}}
    assert dues_of(rule, [case(activity(1))], **declared)[0].amount == 100
    assert dues_of(rule, [case(activity(1), facts=Facts(subject={"tier": 5}))], **declared)[0].amount == 0


def test_a_cooldown_counts_from_the_last_activity_that_counted() -> None:
    minutes = [0, 59, 60, 119, 121]
    cases = [case(activity(i, hours=minute / 60)) for i, minute in enumerate(minutes)]
    assert [due.amount for due in dues_of({"cooldown_minutes": 60}, cases)] == [100, 0, 100, 0, 100]


def test_shares_sum_exactly_and_a_missing_beneficiary_leaves_its_share_ungiven() -> None:
    rule = {
        "effect": {"kind": "FIXED", "amount": 101},
        "beneficiaries": [
            {"to": "MEMBER", "share_ppm": 333_333},
            {"to": "activity.helper", "share_ppm": 333_333},
            {"to": "PARTNER", "share_ppm": "REST"},
        ],
    }
    declared = {"attributes": {"helper": "STRING"}}
    shared = dues_of(rule, [case(activity(1, attributes={"helper": str(OTHER_REP)}))], **declared)
    assert {(due.beneficiary.kind, due.beneficiary.id): due.amount for due in shared} == {
        (SubjectKind.MEMBER, REP): 34,
        (SubjectKind.MEMBER, OTHER_REP): 33,
        (SubjectKind.PARTNER, FIRM): 34,
    }
    alone = dues_of(rule, [case(activity(1, attributes={"helper": "nobody"}))], **declared)
    assert sum(due.amount for due in alone) == 68
    assert "BENEFICIARY_MISSING" in {reason.code for due in alone for reason in due.explanation.reasons}
    twice = dues_of(rule, [case(activity(1, attributes={"helper": str(REP)}))], **declared)
    assert sorted(due.amount for due in twice) == [34, 67]


def test_shares_that_the_activity_names_split_the_whole_by_largest_remainder() -> None:
    rule = {
        "effect": {"kind": "FIXED", "amount": 100},
        "beneficiaries": [{"to": f"activity.rep_{n}", "share_ppm": f"activity.share_{n}"} for n in (1, 2)],
    }
    declared = {"attributes": {"rep_1": "STRING", "rep_2": "STRING", "share_1": "INT", "share_2": "INT"}}

    def shared(**attributes: str | int) -> dict[UUID, int]:
        return {
            due.beneficiary.id: due.amount
            for due in dues_of(rule, [case(activity(1, attributes=attributes))], **declared)
        }

    two = {"rep_1": str(REP), "rep_2": str(OTHER_REP)}
    assert shared(**two, share_1=666_667, share_2=333_333) == {REP: 67, OTHER_REP: 33}
    assert shared(rep_1=str(OTHER_REP), share_1=1_000_000) == {OTHER_REP: 100}
    assert shared(**two, share_1=3_000_000, share_2=1_000_000) == {REP: 50, OTHER_REP: 50}
    assert shared(**two, share_1=-5, share_2=7) == {OTHER_REP: 100}
    assert shared(**two) == {REP: 0}
    (nothing,) = dues_of(rule, [case(activity(1))], **declared)
    assert nothing.explanation.code == "BENEFICIARY_MISSING"


def test_caps_trim_per_beneficiary_and_period_and_say_so() -> None:
    rule = {"period": "MONTH", "caps": [{"period": "DAY", "count": 2}, {"period": "MONTH", "amount": 350}]}
    hours = [0, 1, 2, 24, 25, 26, 48]
    found = dues_of(rule, [case(activity(i, hours=hour)) for i, hour in enumerate(hours)])
    assert [due.amount for due in found] == [100, 100, 0, 100, 50, 0, 0]
    assert [due.explanation.code for due in found[2:]] == [
        "CAP_COUNT",
        "EFFECT_FIXED",
        "CAP_AMOUNT",
        "CAP_COUNT",
        "CAP_AMOUNT",
    ]
    assert "left 50 POINTS of 100 POINTS" in found[4].explanation.text("en")


def test_hold_counts_from_occurrence_and_expiry_from_the_later_of_maturity_and_recording() -> None:
    rule = {"hold_days": 30, "expires_after": {"days": 10}}
    (due,) = dues_of(rule, [case(activity(0))], zone="Europe/Paris")
    assert due.matures_at == START + timedelta(days=30)
    assert due.expires_at == datetime(2017, 8, 12, 22, tzinfo=UTC)
    (late,) = dues_of(rule, [case(activity(0, recorded_at=START + timedelta(days=400)))], zone="Europe/Paris")
    assert late.matures_at == due.matures_at
    assert late.expires_at == datetime(2018, 8, 17, 22, tzinfo=UTC)
    assert [reason.code for reason in late.explanation.reasons][-2:] == ["HOLDS_UNTIL", "EXPIRES_AT"]
    (never,) = dues_of({}, [case(activity(0))])
    assert (never.matures_at, never.expires_at) == (START, None)


def test_units_are_crossed_by_the_dated_rate_which_is_shown() -> None:
    rates = (
        Rate.from_text("2", from_unit=USD, to_unit=POINTS, valid_from=START),
        Rate.from_text("3", from_unit=USD, to_unit=POINTS, valid_from=START + timedelta(hours=2)),
        Rate.from_text("1.5", from_unit=EUR, to_unit=USD, valid_from=START),
    )
    rule = {"effect": {"kind": "PERCENT", "ppm": 100_000}, "basis_unit": "USD"}
    cases = [case(activity(1, net=10_000, unit="EUR")), case(activity(3, net=10_000, unit="USD"))]
    found = dues_of(rule, cases, rates)
    assert [(due.basis_amount, due.amount) for due in found] == [(15_000, 30), (10_000, 30)]
    assert "Converted from USD to POINTS at 0.02" in found[0].explanation.text("en")


def test_a_rule_for_a_moment_takes_that_moment_and_one_without_takes_all() -> None:
    paid = case(activity(1, moment=Moment.PAID))
    assert dues_of({"moment": "PAID"}, [paid])[0].amount == dues_of({}, [paid])[0].amount == 100


def test_a_unit_is_bounded_and_takes_an_activity_once() -> None:
    unit = unit_of(Terms.from_json(document({"effect": {"kind": "FIXED", "amount": 1}})))
    full = walk(unit, EMPTY, [case(activity(i)) for i in range(UNIT_ACTIVITIES_MAX)])
    assert full.tally.seen == full.tally.due_total == UNIT_ACTIVITIES_MAX
    with pytest.raises(UnitTooLong):
        walk(unit, full.tally, [case(activity(UNIT_ACTIVITIES_MAX))])
    with pytest.raises(ValueError, match="once"):
        walk(unit, EMPTY, [case(activity(1)), case(activity(1))])


def test_two_activities_of_one_instant_are_ordered_by_source_and_external_id() -> None:
    one, two = activity(1, hours=0), activity(2, hours=0)
    found = dues_of({"caps": [{"count": 1}]}, [case(two), case(one)])
    assert [(due.activity_id, due.amount) for due in found] == [(one.id, 100), (two.id, 0)]
    assert one.id == UUID(int=10_001)
