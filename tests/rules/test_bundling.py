"""Pure rules of bundles and sends: the fold of a bundle, what follows from it, who is sent what."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from catalog.redemptions.machine import LineState
from catalog.sends.bundling import BundleMode, BundleState, PartState, bundle_state, next_of
from catalog.sends.entitlement import BenefitPeriod, OnTierLoss, revokes_at
from catalog.sends.sent import (
    EmployerPolicy,
    MixedCurrencies,
    NotSent,
    PricedItem,
    Worth,
    allotted,
    forbidden,
    worth_of,
)

H, ORDERED, F, R, C, X = (
    LineState.HELD,
    LineState.ORDERED,
    LineState.FULFILLED,
    LineState.REFUNDED,
    LineState.CANCELLED,
    LineState.FAILED,
)
NOW = datetime(2026, 5, 20, tzinfo=UTC)
FOLDS = [
    ((), True, False, BundleState.PENDING),
    ((), True, True, BundleState.COMPENSATED),
    ((H, ORDERED), False, False, BundleState.PENDING),
    ((X, ORDERED), False, False, BundleState.PENDING),
    ((F, ORDERED), False, False, BundleState.PARTIALLY_FULFILLED),
    ((F, X), False, False, BundleState.PARTIALLY_FULFILLED),
    ((F, R), False, False, BundleState.PARTIALLY_FULFILLED),
    ((F, F), False, False, BundleState.FULFILLED),
    ((X, None), False, False, BundleState.FAILED),
    ((X, C), False, False, BundleState.COMPENSATED),
    ((X, R), False, False, BundleState.COMPENSATED),
    ((R, R), False, False, BundleState.COMPENSATED),
    ((X, X), False, True, BundleState.COMPENSATED),
]


@pytest.mark.parametrize(("parts", "is_waiting", "is_revoked", "state"), FOLDS)
def test_a_bundle_is_the_fold_of_its_parts(
    parts: tuple[LineState | None, ...], is_waiting: bool, is_revoked: bool, state: BundleState
) -> None:
    assert bundle_state(parts, is_waiting=is_waiting, is_revoked=is_revoked) is state


def part(n: int, state: LineState | None, *, substitute: bool = False, at: datetime | None = None) -> PartState:
    line_id = None if state is None else UUID(int=100 + n)
    return PartState(id=UUID(int=n), line_id=line_id, state=state, fulfilled_at=at, has_substitute=substitute)


def test_what_failed_is_tried_with_its_substitute_before_anything_is_taken_back() -> None:
    parts = [part(1, F, at=NOW), part(2, X, substitute=True), part(3, H)]
    for mode in BundleMode:
        found = next_of(mode, parts, revoked_at=None, is_compensating=False)
        assert ([one.id.int for one in found.substitute], found.cancel, found.refund) == ([2], (), ())


def test_all_or_nothing_without_a_substitute_cancels_and_refunds_and_waits_for_what_is_on_its_way() -> None:
    parts = [part(1, F, at=NOW), part(2, X), part(3, H), part(4, ORDERED)]
    found = next_of(BundleMode.ALL_OR_NOTHING, parts, revoked_at=None, is_compensating=False)
    assert ([one.int for one in found.cancel], [one.int for one in found.refund]) == ([103], [101])
    assert found.compensates
    later = next_of(BundleMode.ALL_OR_NOTHING, [part(4, F, at=NOW)], revoked_at=None, is_compensating=True)
    assert [one.int for one in later.refund] == [104]
    assert next_of(BundleMode.BEST_EFFORT, parts, revoked_at=None, is_compensating=False).refund == ()


def test_what_was_delivered_before_a_revocation_stays() -> None:
    parts = [part(1, F, at=NOW - timedelta(days=1)), part(2, F, at=NOW + timedelta(days=1)), part(3, H)]
    found = next_of(BundleMode.BEST_EFFORT, parts, revoked_at=NOW, is_compensating=False)
    assert ([one.int for one in found.cancel], [one.int for one in found.refund]) == ([103], [102])
    assert not found.compensates


def item(cost: int | None, fair_value: int | None, quantity: int = 1, currency: str | None = "EUR") -> PricedItem:
    return PricedItem(cost=cost, fair_value=fair_value, quantity=quantity, currency=currency)


def test_a_bundle_takes_its_cost_or_else_its_fair_value_and_of_a_choice_the_dearest() -> None:
    items = [item(80, 100, 2), item(None, 50), item(10, None)]
    assert worth_of(items, None) == Worth(value=220, unit="EUR", fair_value=250, currency="EUR")
    assert worth_of(items, 1) == Worth(value=160, unit="EUR", fair_value=200, currency="EUR")
    assert worth_of([item(None, None, currency=None)], None) == Worth(value=0, unit=None)
    with pytest.raises(MixedCurrencies):
        worth_of([item(1, 1), item(1, 1, currency="USD")], None)


def test_an_employer_forbids_everything_or_what_is_above_its_ceiling() -> None:
    gift = Worth(value=90, unit="EUR", fair_value=100, currency="EUR")
    points = Worth(value=90, unit="POINTS")
    assert forbidden(None, gift) is None
    assert forbidden(EmployerPolicy.of({}), gift) is None
    assert forbidden(EmployerPolicy.of({"allowed": False}), points) is NotSent.EMPLOYER_FORBIDS
    ceiling = EmployerPolicy.of({"allowed": True, "ceiling": 100, "currency": "EUR"})
    assert forbidden(ceiling, gift) is None
    assert forbidden(ceiling, points) is None
    low = EmployerPolicy.of({"ceiling": 99, "currency": "EUR"})
    assert forbidden(low, gift) is NotSent.EMPLOYER_CEILING
    assert forbidden(EmployerPolicy.of({"ceiling": 999, "currency": "USD"}), gift) is NotSent.EMPLOYER_CEILING


def test_a_budget_is_allotted_in_order_and_whole() -> None:
    ids = [UUID(int=n) for n in range(4)]
    lines = [(ids[0], None), (ids[1], NotSent.MEMBER_LEFT), (ids[2], None), (ids[3], None)]
    found = allotted(lines, value=40, left=100)
    assert (found.sent, found.refused) == (
        (ids[0], ids[2]),
        {ids[1]: NotSent.MEMBER_LEFT, ids[3]: NotSent.OVER_BUDGET},
    )
    assert len(allotted(lines, value=0, left=0).sent) == 3


@pytest.mark.parametrize(
    ("on_tier_loss", "period", "ends"),
    [
        (OnTierLoss.KEEP, BenefitPeriod.MONTH, None),
        (OnTierLoss.NOW, BenefitPeriod.MONTH, NOW),
        (OnTierLoss.PERIOD_END, BenefitPeriod.MONTH, datetime(2026, 6, 1, tzinfo=UTC)),
        (OnTierLoss.PERIOD_END, BenefitPeriod.QUARTER, datetime(2026, 7, 1, tzinfo=UTC)),
        (OnTierLoss.PERIOD_END, BenefitPeriod.YEAR, datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_lost_tier_ends_a_benefit_as_it_says(
    on_tier_loss: OnTierLoss, period: BenefitPeriod, ends: datetime | None
) -> None:
    def when(*held: str, before: datetime | None = None) -> datetime | None:
        return revokes_at(NOW, tiers=("GOLD",), held=held, on_tier_loss=on_tier_loss, period=period, before=before)

    assert when("SILVER") == ends
    assert when("GOLD", "SILVER") is None
    if ends is not None:
        assert when(before=NOW - timedelta(days=1)) == NOW - timedelta(days=1)
