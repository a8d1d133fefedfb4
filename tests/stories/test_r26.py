"""R26, margin and fit: no reward for discounting, none before the moment that matters, none for what churns at once."""

from typing import Any

import pytest

from domain.earning import stacking
from tests.stories.earning import crm, happens, is_taken_back, item, launch, owns, told
from tests.stories.teller import Teller

STEPS = [{"above_ppm": 100_000, "keeps_ppm": 500_000}, {"above_ppm": 250_000, "keeps_ppm": 0}]
BOOKED: dict[str, Any] = {
    "code": "booked",
    "trigger": "subscription.booked",
    "effect": {"kind": "FIXED", "amount": 10_000},
}


async def test_a_discount_above_its_threshold_lowers_the_award_and_a_larger_one_bars_it(teller: Teller) -> None:
    await crm(teller)
    sale = {"code": "sale", "trigger": "sale.won", "effect": {"kind": "PERCENT", "ppm": 100_000}, "discount": STEPS}
    fit = {"code": "fit", "trigger": "sale.won", "effect": {"kind": "FIXED", "amount": 5}}
    await launch(teller, sale, {**fit, "condition": "activity.discount_ppm <= 100000"})
    member = teller.member(0)
    prices = {
        "none": (100_000, 100_000),
        "some": (80_000, 100_000),
        "much": (70_000, 100_000),
        "unknown": (9_000, None),
    }
    await happens(
        teller,
        *(
            item(name, "sale.won", None, day, member=member, net=net, listed=listed)
            for day, (name, (net, listed)) in enumerate(prices.items())
        ),
    )
    said = await told(teller, "rep0")
    assert {name: said[name, "sale"].granted for name in prices} == {
        "none": 10_000,
        "some": 4_000,
        "much": 0,
        "unknown": 0,
    }
    assert said["some", "sale"].texts[-1] == (
        "A discount of 20% is above 10%, so that 50% of 80.00 USD are kept: 40.00 USD."
    )
    assert said["much", "sale"].texts == ["A discount of 30% is above 25%, beyond which nothing is earned."]
    assert said["unknown", "sale"].codes == ["DISCOUNT_UNKNOWN"]
    assert {name: said[name, "fit"].granted for name in prices} == {"none": 5, "some": 0, "much": 0, "unknown": 0}
    # A corrected price is as if it had always been so.
    await happens(teller, item("much", "sale.won", None, 2, member=member, net=95_000, listed=100_000), correcting=True)
    assert (await told(teller, "rep0"))["much", "sale"].granted == 9_500


async def test_an_award_waits_for_the_activation_and_one_that_never_comes_is_never_due(teller: Teller) -> None:
    await crm(teller)
    await launch(teller, BOOKED | {"awaits": {"trigger": "subscription.activated", "within_days": 30}})
    member, other = teller.member(0), teller.member(1)
    await happens(
        teller,
        item("early", "subscription.booked", "acme", 0, member=member),
        item("never", "subscription.booked", "ajax", 1, member=member),
        item("alone", "subscription.booked", None, 2, member=member),
    )
    assert await owns(teller, "rep0") == 0
    # Somebody else, of another firm, activates one in time, and one a day too late.
    await happens(teller, item("start", "subscription.activated", "acme", 30, member=other))
    await happens(teller, item("late", "subscription.activated", "ajax", 32, member=other))
    said = await told(teller, "rep0")
    assert {name: said[name, "booked"].granted for name in ("early", "never", "alone")} == {
        "early": 10_000,
        "never": 0,
        "alone": 0,
    }
    assert said["never", "booked"].codes[-1] == "NEVER_CAME"
    assert said["never", "booked"].texts[-1] == (
        "It waited for subscription.activated, which had to come by 2026-02-05 and never came."
    )
    assert said["alone", "booked"].codes == ["DEAL_MISSING"]
    # One whose time has not passed still waits.
    now = await teller.world.database.fetchval("SELECT guerdon_now()")
    fresh = item("fresh", "subscription.booked", "apex", 0, member=member) | {"occurredAt": now.isoformat()}
    await happens(teller, fresh)
    assert (await told(teller, "rep0"))["fresh", "booked"].codes[-1] == "AWAITED"
    await is_taken_back(teller, "start")
    assert (await told(teller, "rep0"))["early", "booked"].granted == 0


async def test_a_churn_within_its_days_claws_back_and_a_churn_that_was_not_so_gives_back(teller: Teller) -> None:
    await crm(teller)
    await launch(teller, BOOKED | {"clawback": {"trigger": "subscription.churned", "within_days": 90}})
    member = teller.member(0)
    await happens(
        teller,
        item("soon", "subscription.booked", "acme", 0, member=member),
        item("late", "subscription.booked", "ajax", 0, member=member),
    )
    # The churn of a third customer is known before the sale is.
    await happens(
        teller,
        item("left-soon", "subscription.churned", "acme", 90, member=member),
        item("left-late", "subscription.churned", "ajax", 91, member=member),
        item("left-first", "subscription.churned", "apex", 20, member=member),
    )
    await happens(teller, item("first", "subscription.booked", "apex", 10, member=member))
    said = await told(teller, "rep0")
    assert {name: said[name, "booked"].granted for name in ("soon", "late", "first")} == {
        "soon": 0,
        "late": 10_000,
        "first": 0,
    }
    assert said["soon", "booked"].texts[-1] == (
        "subscription.churned came on 2026-04-05, within 90 days, which leaves 0.00 USD of 100.00 USD."
    )
    assert await owns(teller, "rep0") == 10_000
    await is_taken_back(teller, "left-soon", "left-first")
    said = await told(teller, "rep0")
    assert {said[name, "booked"].granted for name in ("soon", "late", "first")} == {10_000}
    assert await owns(teller, "rep0") == 30_000


async def test_a_deal_that_forgets_its_churn_is_caught(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(asked: object, own: object, deal: object, due: int, unit: str) -> tuple[int, tuple[()]]:
        return due, ()

    monkeypatch.setattr(stacking, "along", forgets)
    with pytest.raises(AssertionError):
        await test_a_churn_within_its_days_claws_back_and_a_churn_that_was_not_so_gives_back(teller)
