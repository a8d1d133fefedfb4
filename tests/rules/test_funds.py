"""The machines and formulas of funds: every edge that is drawn, none that is not, who may do what, every bound."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from domain.access.principals import Relation, Role
from domain.funds.fund import (
    ACTIVITIES_MAX,
    AMOUNT_MAX,
    DAYS_MAX,
    LINES_MAX,
    PPM,
    REMINDERS_MAX,
    TIERS_MAX,
    Accrual,
    EligibleActivity,
    FundDraft,
    FundKind,
    NewClaimLine,
    Plan,
    accrued,
    check_converted,
    check_draft,
    check_lines,
    check_plan,
    in_unit,
    next_reminder,
    rolled_over,
    share_of,
    threshold_at,
)
from domain.funds.machine import (
    CLAIM_EDGES,
    CLAIM_POSSIBLE,
    EDGES,
    POSSIBLE,
    ClaimAction,
    ClaimState,
    FundTurn,
    RequestAction,
    RequestState,
    claim_actions,
    claim_turn_of,
    is_possible,
    request_actions,
    turn_of,
)
from domain.kernel.rates import Rate, RateMissing, Rates
from domain.kernel.refusals import InvalidInput

DAY = datetime(2026, 3, 1, tzinfo=UTC)
DRAFT = FundDraft(
    code="emea.2026",
    name={"en": "EMEA"},
    unit="EUR",
    kind=FundKind.DISCRETIONARY,
    starts_at=DAY,
    ends_at=DAY + timedelta(days=365),
    use_by=DAY + timedelta(days=300),
    activities=[EligibleActivity(code="event", name={"en": "Event"})],
)
PLAN = Plan(
    activity="event",
    title="Breakfast",
    starts_on=date(2026, 3, 2),
    ends_on=date(2026, 3, 3),
    cost=100,
    currency="EUR",
    cofund_ppm=0,
)
LINE = NewClaimLine(invoice="A-1", invoiced_on=date(2026, 3, 3), cost=100, currency="EUR")
DRAWN = {
    "DRAFT>SUBMITTED",
    "DRAFT>CANCELLED",
    "SUBMITTED>INFO_REQUESTED",
    "SUBMITTED>APPROVED",
    "SUBMITTED>REJECTED",
    "SUBMITTED>DECLINED",
    "SUBMITTED>CANCELLED",
    "INFO_REQUESTED>SUBMITTED",
    "INFO_REQUESTED>EXPIRED",
    "INFO_REQUESTED>CANCELLED",
    "REJECTED>SUBMITTED",
    "REJECTED>EXPIRED",
    "REJECTED>CANCELLED",
    "APPROVED>EXPIRED",
    "APPROVED>CANCELLED",
}
CLAIMS_DRAWN = {
    *(
        f"{a}>{b}"
        for a in ("SUBMITTED", "IN_REVIEW")
        for b in ("INFO_REQUESTED", "WITHDRAWN", "APPROVED", "PARTIALLY_APPROVED", "REJECTED")
    ),
    *(f"INFO_REQUESTED>{b}" for b in ("IN_REVIEW", "REJECTED", "WITHDRAWN")),
    "APPROVED>PAID",
    "PARTIALLY_APPROVED>PARTIALLY_PAID",
    "PAID>REVERSED",
    "PARTIALLY_PAID>REVERSED",
}


def test_the_edges_of_a_request_are_those_of_the_drawing_and_no_others() -> None:
    assert {f"{a}>{b}" for a, b in product(RequestState, RequestState) if b in EDGES[a]} == DRAWN


def test_the_edges_of_a_claim_are_those_of_the_drawing_and_no_others() -> None:
    assert {f"{a}>{b}" for a, b in product(ClaimState, ClaimState) if b in CLAIM_EDGES[a]} == CLAIMS_DRAWN


@pytest.mark.parametrize("state", RequestState)
def test_nobody_is_offered_what_they_may_not_do_with_a_request(state: RequestState) -> None:
    def offered(relation: Relation, role: Role) -> set[RequestAction]:
        return set(request_actions(state, (), relation=relation, role=role))

    boss, manager = offered(Relation.PARTNER, Role.PARTNER_ADMIN), offered(Relation.OPERATOR, Role.CHANNEL_MANAGER)
    assert not boss & manager
    assert offered(Relation.PARTNER, Role.MEMBER) == offered(Relation.OPERATOR, Role.SUPPORT) == set()
    assert offered(Relation.OPERATOR, Role.FINANCE) == set()
    assert RequestAction.EXPIRE not in boss | manager | offered(Relation.OPERATOR, Role.ADMIN)
    assert (turn_of(state) is None) == (not EDGES[state])
    assert (turn_of(state) is FundTurn.VENDOR) == (state is RequestState.SUBMITTED)


@pytest.mark.parametrize("state", ClaimState)
def test_nobody_is_offered_what_they_may_not_do_with_a_claim(state: ClaimState) -> None:
    def offered(relation: Relation, role: Role) -> set[ClaimAction]:
        return set(claim_actions(state, relation=relation, role=role))

    roles = (Role.CHANNEL_MANAGER, Role.FINANCE)
    manager, finance = (offered(Relation.OPERATOR, role) for role in roles)
    boss = offered(Relation.PARTNER, Role.PARTNER_ADMIN)
    assert not manager & finance
    assert not boss & (manager | finance)
    assert finance <= {ClaimAction.PAY, ClaimAction.REVERSE}
    assert offered(Relation.PARTNER, Role.MEMBER) == offered(Relation.OPERATOR, Role.ACCOUNT_MANAGER) == set()
    possible = {action for action in ClaimAction if state in CLAIM_POSSIBLE[action]}
    assert offered(Relation.OPERATOR, Role.ADMIN) | boss == possible
    assert claim_turn_of(state) is None or CLAIM_EDGES[state]


def test_what_has_an_open_claim_is_neither_cancelled_nor_expired() -> None:
    for action in (RequestAction.CANCEL, RequestAction.EXPIRE):
        assert is_possible(action, RequestState.APPROVED, [ClaimState.APPROVED, ClaimState.PAID])
        assert not is_possible(action, RequestState.APPROVED, [ClaimState.PAID, ClaimState.INFO_REQUESTED])
    assert is_possible(RequestAction.CLAIM, RequestState.APPROVED, [ClaimState.SUBMITTED])
    assert all(POSSIBLE[action] for action in RequestAction)


@pytest.mark.parametrize(
    ("cost", "cofund", "share"), [(100, 0, 100), (101, 500_000, 50), (1, 500_000, 0), (10**12, 999_999, 10**6)]
)
def test_the_fund_pays_all_but_the_partners_part_rounded_down(cost: int, cofund: int, share: int) -> None:
    assert share_of(cost, cofund) == share


def test_a_cost_has_room_in_the_unit_or_is_refused() -> None:
    check_converted(AMOUNT_MAX, "cost")
    with pytest.raises(InvalidInput):
        check_converted(AMOUNT_MAX + 1, "cost")


def test_what_accrues_is_half_up_and_what_rolls_over_is_rounded_down() -> None:
    assert [accrued(amount, 20_000) for amount in (0, 24, 25, 100_025)] == [0, 0, 1, 2_001]
    assert [rolled_over(100, ppm) for ppm in (0, 333_333, PPM)] == [0, 33, 100]
    accrual = Accrual(trigger="deal.won", basis="NET", tiers={"GOLD": 5}, default_ppm=2)
    assert [accrual.ppm(tier) for tier in ("GOLD", "TIN", None)] == [5, 2, 2]


def test_a_cost_is_converted_by_the_rate_of_its_instant_and_by_no_other() -> None:
    rates = Rates.of(
        [
            Rate(from_unit="USD", to_unit="EUR", numerator=9, denominator=10, valid_from=DAY),
            Rate(from_unit="USD", to_unit="EUR", numerator=1, denominator=2, valid_from=DAY + timedelta(days=1)),
        ]
    )
    assert in_unit(101, "EUR", "EUR", DAY, Rates.of()) == 101
    assert [in_unit(101, "USD", "EUR", DAY + timedelta(days=n), rates) for n in (0, 1)] == [91, 51]
    with pytest.raises(RateMissing):
        in_unit(101, "USD", "EUR", DAY - timedelta(seconds=1), rates)


def test_a_threshold_is_reached_at_its_instant_and_the_next_one_follows() -> None:
    days = (30, 7, 1)
    assert [threshold_at(DAY, days, DAY - timedelta(days=n)) for n in (31, 30, 8, 7, 1, 0)] == [None, 30, 30, 7, 1, 1]
    assert [next_reminder(DAY, days, told) for told in (None, 30, 7, 1)] == [
        DAY - timedelta(days=30),
        DAY - timedelta(days=7),
        DAY - timedelta(days=1),
        None,
    ]
    assert next_reminder(DAY, (), None) is None


def test_a_fund_inside_its_bounds_is_taken() -> None:
    check_draft(DRAFT)
    most = [EligibleActivity(code=f"a{n}", name={"en": "A"}, cofund_ppm=PPM - 1) for n in range(ACTIVITIES_MAX)]
    check_draft(replace(DRAFT, activities=most, reminder_days=tuple(range(1, REMINDERS_MAX + 1)), rollover_ppm=PPM))
    tiers = {f"T{n}": PPM for n in range(TIERS_MAX)}
    accrual = Accrual(trigger="deal.won", basis="NET", tiers=tiers)
    check_draft(replace(DRAFT, kind=FundKind.ACCRUAL, accrual=accrual, answer_days=DAYS_MAX, use_by=DRAFT.ends_at))


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "No"},
        {"name": {"en": "x" * 201}},
        {"use_by": DAY},
        {"use_by": DAY + timedelta(days=366)},
        {"activities": []},
        {"activities": [EligibleActivity(code=f"a{n}", name={"en": "A"}) for n in range(ACTIVITIES_MAX + 1)]},
        {"activities": [EligibleActivity(code="event", name={"en": "A"})] * 2},
        {"activities": [EligibleActivity(code="event", name={"en": "A"}, cofund_ppm=PPM)]},
        {"activities": [EligibleActivity(code="event", name={"en": "A"}, amount_max=0)]},
        {"reminder_days": tuple(range(1, REMINDERS_MAX + 2))},
        {"reminder_days": (7, 7)},
        {"reminder_days": (0,)},
        {"answer_days": DAYS_MAX + 1},
        {"claim_days": 0},
        {"rollover_ppm": PPM + 1},
        {"kind": FundKind.ACCRUAL},
        {"accrual": Accrual(trigger="deal.won", basis="NET", tiers={})},
        {"kind": FundKind.ACCRUAL, "accrual": Accrual(trigger="", basis="NET", tiers={})},
        {"kind": FundKind.ACCRUAL, "accrual": Accrual(trigger="a", basis="NET", tiers={"A": PPM + 1})},
        {"kind": FundKind.ACCRUAL, "accrual": Accrual(trigger="a", basis="MARGIN_OF_A_FRIEND", tiers={})},
        {
            "kind": FundKind.ACCRUAL,
            "accrual": Accrual(trigger="a", basis="NET", tiers={f"T{n}": 1 for n in range(TIERS_MAX + 1)}),
        },
    ],
)
def test_a_fund_out_of_its_bounds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        check_draft(replace(DRAFT, **wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"activity": "Not a code"},
        {"currency": "euro"},
        {"title": "x" * 201},
        {"cost": 0},
        {"cost": AMOUNT_MAX + 1},
        {"cofund_ppm": PPM},
        {"ends_on": date(2026, 3, 1)},
        {"ends_on": date(2027, 3, 4)},
    ],
)
def test_a_plan_out_of_its_bounds_is_refused(wrong: dict[str, Any]) -> None:
    check_plan(replace(PLAN, ends_on=date(2027, 3, 3), cost=AMOUNT_MAX, title="x" * 200))
    with pytest.raises(InvalidInput):
        check_plan(replace(PLAN, **wrong))


def test_a_claim_has_one_to_ten_different_invoices() -> None:
    lines = [replace(LINE, invoice=f"A-{n}") for n in range(LINES_MAX + 1)]
    check_lines(lines[:LINES_MAX])
    for wrong in (
        [],
        lines,
        [LINE, LINE],
        [replace(LINE, invoice="")],
        [replace(LINE, cost=0)],
        [replace(LINE, currency="€")],
    ):
        with pytest.raises(InvalidInput):
            check_lines(wrong)
    with pytest.raises(InvalidInput):
        check_lines([replace(LINE, amount=0)])
