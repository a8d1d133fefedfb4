"""The machines of payouts and rebates, what a total is worth and what is missing, targets in part, and safe cells."""

import csv
import io
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.access.principals import Relation, Role
from domain.kernel.points import Rounding
from domain.payouts import machine as payouts
from domain.payouts.machine import PayoutAction, PayoutState
from domain.payouts.sheet import Line, major, safe, sheet_of
from domain.programs.effects.brackets import Bracket, BracketMode, Brackets
from domain.programs.effects.effect import Measure
from domain.programs.terms import Terms
from domain.rebates import machine as rebates
from domain.rebates.accrual import a_year_before, grown, growth_ppm, next_tier, prorated, worth_at
from domain.rebates.defining import check_rule
from domain.rebates.machine import RebateAction, RebateState, Standing
from domain.rebates.refusals import RebateRuleUnfit

PARIS = ZoneInfo("Europe/Paris")
TIERS = (
    Bracket(starts_at=0, rate=10_000),
    Bracket(starts_at=1_000, rate=50_000),
    Bracket(starts_at=5_000, rate=80_000),
)


def effect(mode: BracketMode) -> Brackets:
    return Brackets(mode=mode, measure=Measure.BASIS, per=1_000_000, brackets=TIERS)


def standing(state: RebateState, **said: bool) -> Standing:
    defaults = dict.fromkeys(("is_disputed", "is_accepted", "is_disputable", "is_paying"), False)
    return Standing(state=state, **(defaults | said))


def test_a_payout_goes_along_its_drawing_only() -> None:
    drawn = {(one.value, other.value) for one in PayoutState for other in PayoutState if payouts.is_edge(one, other)}
    assert drawn == {
        ("DRAFT", "APPROVED"),
        ("DRAFT", "CANCELLED"),
        ("APPROVED", "EXPORTED"),
        ("APPROVED", "CANCELLED"),
        ("EXPORTED", "PAID"),
        ("EXPORTED", "RETURNED"),
        ("PAID", "RETURNED"),
    }


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        (PayoutState.DRAFT, (PayoutAction.APPROVE, PayoutAction.CANCEL)),
        (PayoutState.APPROVED, (PayoutAction.CANCEL, PayoutAction.EXPORT)),
        (PayoutState.EXPORTED, (PayoutAction.SETTLE,)),
        (PayoutState.PAID, (PayoutAction.SETTLE,)),
        (PayoutState.RETURNED, ()),
        (PayoutState.CANCELLED, ()),
    ],
)
def test_finance_does_with_a_payout_what_its_state_allows_and_others_nothing(
    state: PayoutState, actions: tuple[PayoutAction, ...]
) -> None:
    assert payouts.available_actions(state, role=Role.FINANCE) == actions
    assert payouts.available_actions(state, role=Role.MEMBER) == ()
    assert payouts.available_actions(PayoutState.DRAFT, role=Role.ADMIN, may_approve=False) == (PayoutAction.CANCEL,)
    assert [payouts.needs_another(amount, 100) for amount in (100, 101)] == [False, True]
    assert not payouts.needs_another(10**15, None)


def test_a_period_goes_along_its_drawing_only() -> None:
    drawn = {(one.value, other.value) for one in RebateState for other in RebateState if rebates.is_edge(one, other)}
    assert drawn == {
        ("OPEN", "GRACE"),
        ("GRACE", "CALCULATING"),
        ("CALCULATING", "IN_REVIEW"),
        ("IN_REVIEW", "APPROVED"),
        ("IN_REVIEW", "REOPENED"),
        ("APPROVED", "PAID"),
        ("APPROVED", "REOPENED"),
        ("PAID", "APPROVED"),
        ("PAID", "REOPENED"),
        ("REOPENED", "CALCULATING"),
    }


@pytest.mark.parametrize(
    ("seen", "partner", "vendor"),
    [
        (standing(RebateState.OPEN), "", ""),
        (standing(RebateState.IN_REVIEW, is_disputable=True), "ACCEPT DISPUTE", "REOPEN"),
        (standing(RebateState.IN_REVIEW, is_disputable=True, is_accepted=True), "", "APPROVE REOPEN"),
        (standing(RebateState.IN_REVIEW, is_disputed=True), "", "ANSWER_DISPUTE REOPEN"),
        (standing(RebateState.IN_REVIEW), "ACCEPT", "APPROVE REOPEN"),
        (standing(RebateState.APPROVED, is_paying=True), "", "REOPEN"),
        (standing(RebateState.APPROVED), "", "APPROVE REOPEN"),
        (standing(RebateState.PAID, is_paying=True), "", "REOPEN"),
        (standing(RebateState.REOPENED), "", ""),
    ],
)
def test_a_partner_settles_in_time_and_the_vendor_pays_what_is_settled(
    seen: Standing, partner: str, vendor: str
) -> None:
    found = rebates.available_actions(seen, relation=Relation.PARTNER, role=Role.PARTNER_ADMIN)
    assert " ".join(found) == partner
    found = rebates.available_actions(seen, relation=Relation.OPERATOR, role=Role.FINANCE)
    assert " ".join(found) == vendor
    assert rebates.available_actions(seen, relation=Relation.OPERATOR, role=Role.SUPPORT) == ()
    managers = rebates.available_actions(seen, relation=Relation.OPERATOR, role=Role.CHANNEL_MANAGER)
    assert set(managers) <= {RebateAction.ANSWER_DISPUTE}


@pytest.mark.parametrize(
    ("mode", "total", "worth", "coming"),
    [
        (BracketMode.RETROACTIVE, 999, 10, (1_000, 1, 50, 40)),
        (BracketMode.RETROACTIVE, 1_000, 50, (5_000, 4_000, 400, 350)),
        (BracketMode.RETROACTIVE, 5_000, 400, None),
        (BracketMode.MARGINAL, 1_000, 10, (5_000, 4_000, 210, 200)),
        (BracketMode.MARGINAL, 6_000, 290, None),
    ],
)
def test_the_next_tier_says_what_is_missing_and_what_all_would_be_worth(
    mode: BracketMode, total: int, worth: int, coming: tuple[int, int, int, int] | None
) -> None:
    assert worth_at(effect(mode), total, {}, Rounding.HALF_EVEN) == worth
    found = next_tier(effect(mode), total, {}, Rounding.HALF_EVEN)
    assert (found and (found.starts_at, found.missing, found.worth, found.gain)) == coming


def test_a_target_is_taken_in_part_by_days_and_grows_from_a_year_before() -> None:
    start, end = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert prorated(365_000, start, start, end, PARIS) == 365_000
    assert prorated(365_000, datetime(2026, 12, 31, 12, tzinfo=UTC), start, end, PARIS) == 1_000
    assert prorated(365_000, end, start, end, PARIS) == 0
    assert prorated(100, datetime(2026, 7, 2, 12, tzinfo=UTC), start, end, PARIS) == 50
    assert a_year_before(start, PARIS) == datetime(2024, 12, 31, 23, tzinfo=UTC)
    assert (grown(1_001, 100_000), growth_ppm(110, 100), growth_ppm(90, 100)) == (1_101, 100_000, -100_000)
    assert growth_ppm(5, None) is growth_ppm(5, 0) is None


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, None),
        ({"code": "other"}, "no such rule"),
        ({"effect": {"kind": "FIXED", "amount": 1}}, "BRACKETS"),
        ({"period": "MONTH"}, "QUARTER"),
        ({"subject": "MEMBER", "beneficiaries": [{"to": "MEMBER", "share_ppm": 1_000_000}]}, "PARTNER"),
    ],
)
def test_a_rebate_has_brackets_per_quarter_or_year_for_the_firm(
    changed: dict[str, object], problem: str | None
) -> None:
    brackets = [{"from": 0, "rate": 0}, {"from": 10, "rate": 5}]
    rule = {
        "code": "volume",
        "trigger": "deal.won",
        "subject": "PARTNER",
        "period": "QUARTER",
        "effect": {"kind": "BRACKETS", "mode": "RETROACTIVE", "brackets": brackets},
    } | changed
    terms = Terms.from_json({"unit": "USD", "zone": "UTC", "rules": [rule]})
    if problem is None:
        assert check_rule(terms, "volume").code == "volume"
    else:
        with pytest.raises(RebateRuleUnfit, match=problem):
            check_rule(terms, "volume")


def test_a_group_is_said_in_the_terms_only_where_it_aggregates() -> None:
    rule = {"code": "volume", "trigger": "deal.won", "subject": "PARTNER", "effect": {"kind": "FIXED", "amount": 1}}
    document = {"unit": "USD", "zone": "UTC", "rules": [rule]}
    assert "aggregate" not in Terms.from_json(document).rules[0].to_json()
    grouped = Terms.from_json({**document, "rules": [{**rule, "aggregate": "GROUP"}]})
    assert Terms.from_json(grouped.to_json()).rules[0].aggregate == "GROUP"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_sheet_is_a_formula(start: str) -> None:
    assert safe(f"{start}1+1") == f"'{start}1+1"
    assert (safe("Ann"), safe("")) == ("Ann", "")
    line = Line(
        payout_id=UUID(int=1),
        payout="id",
        owner_kind="MEMBER",
        owner="m,1",
        name=f'{start}"x"',
        unit="USD",
        amount=5,
        exponent=2,
        by_payroll=True,
    )
    rows = list(csv.reader(io.StringIO(sheet_of([line]), newline="")))
    assert rows[1] == ["id", "MEMBER", "m,1", f'\'{start}"x"', "USD", "0.05", "yes"]
    assert (major(1_234, 0), major(1_234, 3)) == ("1234", "1.234")
