"""R2, a rebate: a share after a volume is reached, live while it accrues, reviewed, disputed and paid by quarter."""

from datetime import timedelta
from typing import Any

import pytest

from api.graph.ids import Tag, encode_id
from domain.kernel.periods import PeriodKind, period_of
from domain.kernel.rates import Rate
from domain.kernel.rating import record_rates_in
from domain.ledger.auditing import audit
from domain.rebates import machine, reading
from tests.stories.rebating import DISPUTE_DAYS, UTC, quarter, rebate, tiered
from tests.stories.teller import Teller

BOOKINGS = """query($id: ID!) { node(id: $id) { ... on Partner { wallets { entries(first: 50) {
    edges { node { kind amount booking } } } } } } }"""


async def test_the_accrual_and_the_way_to_the_next_tier_are_live(teller: Teller) -> None:
    """Retroactive over all products in any currency, and marginal by product family, at once."""
    one = await rebate(teller)
    other = tiered((0, 20_000), (50_000, 40_000), mode="MARGINAL", condition='activity.product == "MG Special"')
    family = await rebate(teller, other)
    now = await one.now()
    rate = Rate(from_unit="EUR", to_unit="USD", numerator=11, denominator=10, valid_from=now - timedelta(days=1))
    await teller.world.door.operate(teller.world.actor, lambda op: record_rates_in(op, [rate]))
    await one.sells(0, 60_000)
    (period,) = await one.periods("boss")
    assert (period["state"], period["accrual"]["isFinal"], period["accrual"]["due"]) == ("OPEN", False, 0)
    coming = {"startsAt": 100_000, "missing": 40_000, "rate": 50_000, "worth": 5_000, "gain": 5_000}
    assert period["accrual"]["nextTier"] == coming
    await one.sells(2, 50_000, unit="EUR", product="MG Special")  # 55,000 dollars, by the same firm's other rep
    (period,) = await one.periods("boss")
    assert (period["accrual"]["total"], period["accrual"]["due"]) == (115_000, 5_750)
    coming = {"startsAt": 200_000, "missing": 85_000, "rate": 100_000, "worth": 20_000, "gain": 14_250}
    assert period["accrual"]["nextTier"] == coming
    (special,) = await family.periods("boss")
    assert (special["accrual"]["total"], special["accrual"]["due"]) == (55_000, 1_000 + 200)
    await one.sells(0, 90_000)
    (period,) = await one.periods("boss")
    assert (period["accrual"]["due"], period["accrual"]["nextTier"]) == (20_500, None)
    assert await one.periods("rival") == []


async def test_a_late_sale_counts_inside_the_grace_and_is_an_adjustment_after_it(teller: Teller) -> None:
    told = await rebate(teller, passThroughPpm=250_000)
    first = await quarter(told)
    await told.sells(0, 110_000)
    await told.until(first.end)
    assert [one["state"] for one in await told.periods("boss")] == ["GRACE"]
    await told.sells(0, 100_000, at=first.end - timedelta(days=1))
    review = await told.reviewed(first)
    assert (review["finalTotal"], review["finalGranted"], review["passedOn"]) == (210_000, 21_000, 5_250)
    paid = await told.paid(review)
    assert (paid["state"], paid["payout"]["amount"], paid["payout"]["state"]) == ("PAID", 21_000, "PAID")
    await told.sells(0, 10_000, at=first.end - timedelta(days=1))
    (paid,) = await told.periods("boss")
    assert (paid["state"], paid["finalGranted"], paid["accrual"]["difference"]) == ("PAID", 21_000, 1_000)
    seen = await teller.ask("boss", BOOKINGS, id=told.partner(0))
    entries = [edge["node"] for wallet in seen["node"]["wallets"] for edge in wallet["entries"]["edges"]]
    assert {one["booking"] for one in entries if one["amount"] == 1_000} == {"ADJUSTMENT"}
    second = await quarter(told)
    await told.sells(0, 100_000)
    approved = await told.approved(await told.reviewed(second))
    assert (approved["finalGranted"], approved["payout"]["amount"]) == (5_000, 6_000)


async def test_a_return_that_drops_the_firm_under_a_paid_tier_is_offset_by_the_next_payout(teller: Teller) -> None:
    told = await rebate(teller)
    first = await quarter(told)
    await told.sells(0, 100_000)
    sale = await told.sells(0, 110_000)
    paid = await told.paid(await told.reviewed(first))
    assert paid["payout"]["amount"] == 21_000
    await told.takes_back(sale)
    (paid,) = await told.periods("boss")
    assert (paid["state"], paid["finalGranted"], paid["accrual"]["difference"]) == ("PAID", 21_000, -16_000)
    assert (await told.wallet(0))["receivable"] == 16_000
    second = await quarter(told)
    await told.sells(0, 250_000)
    wallet = await told.wallet(0)
    assert (wallet["receivable"], wallet["available"]) == (0, 9_000)
    approved = await told.approved(await told.reviewed(second))
    assert (approved["finalGranted"], approved["payout"]["amount"]) == (25_000, 9_000)
    assert (await told.wallet(0))["payable"] == 9_000
    report = await audit(teller.world.database)
    assert report.violations == 0, report.to_json()


async def test_a_group_counts_together_from_when_it_was_said(teller: Teller) -> None:
    told = await rebate(teller, tiered(aggregate="GROUP"))
    await told.sells(1, 90_000)
    await teller.does("manager", "groupPartner", "partner { id }", partnerId=told.partner(1), groupId=told.partner(0))
    await told.later(seconds=5)
    await told.sells(0, 60_000)
    await told.sells(1, 70_000)
    (head,) = await told.periods("boss")
    assert (head["accrual"]["total"], head["accrual"]["due"], head["accrual"]["activities"]) == (130_000, 6_500, 2)
    (alone,) = await told.periods("rival")
    assert (alone["accrual"]["total"], alone["accrual"]["due"]) == (90_000, 0)
    refused = await teller.says(
        "boss", "groupPartner", "partner { id }", idempotencyKey=teller.key(), partnerId=told.partner(0)
    )
    assert refused["code"] == "NOT_ALLOWED"


async def test_who_joins_inside_the_year_has_its_part_of_the_target(teller: Teller) -> None:
    """And whoever sold the year before has its growth to reach."""
    target: dict[str, Any] = {"target": {"type": "INT", "min": 1, "max": 10**12, "default": 10**12}}
    rule = tiered((0, 0), ({"parameter": "target"}, 100_000), period="YEAR")
    told = await rebate(teller, rule, parameters=target)
    year = period_of(PeriodKind.YEAR, await told.now(), UTC)
    await told.until(year.end)
    year = period_of(PeriodKind.YEAR, await told.now(), UTC)
    await told.sells(1, 300_000, at=year.start - timedelta(days=100))
    await told.until(year.start + timedelta(days=181))
    program = encode_id(Tag.PROGRAM, told.program_id)
    await _targeted(teller, "boss", program, told.partner(0), target=1_000_000)
    days = (year.end - year.start).days
    part = 1_000_000 * (days - 181) // days
    await told.sells(0, 400_000)
    (joined,) = await told.periods("boss")
    assert joined["accrual"]["nextTier"]["missing"] == part - 400_000
    await told.sells(0, part - 400_000)
    (joined,) = await told.periods("boss")
    assert (joined["accrual"]["due"], joined["accrual"]["nextTier"]) == (round(part / 10), None)
    await _targeted(
        teller, "rival", program, told.partner(1), growthPpm=200_000, since=year.start - timedelta(days=300)
    )
    await told.sells(1, 330_000)
    period = (await told.periods("rival"))[0]
    assert (period["baseline"], period["accrual"]["growthPpm"]) == (300_000, 100_000)
    assert period["accrual"]["nextTier"]["missing"] == 30_000


async def test_a_dispute_is_answered_before_anything_is_paid_and_comes_in_time(teller: Teller) -> None:
    told = await rebate(teller)
    first = await quarter(told)
    await told.sells(0, 110_000)
    review = await told.reviewed(first)
    assert (await told.acts("finance", "approveRebate", review))["code"] == "REBATE_ACTION_NOT_AVAILABLE"
    assert (await told.acts("rival", "disputeRebate", review, note="mine"))["code"] == "NOT_FOUND"
    disputed = await told.acts("boss", "disputeRebate", review, note="A sale of 90,000 is missing.")
    assert (disputed["state"], disputed["dispute"]) == ("IN_REVIEW", "A sale of 90,000 is missing.")
    await told.later(days=DISPUTE_DAYS + 1)
    assert (await told.acts("finance", "approveRebate", review))["code"] == "REBATE_ACTION_NOT_AVAILABLE"
    await told.sells(0, 90_000, at=first.end - timedelta(days=1))
    await told.acts("finance", "answerRebateDispute", review, upheld=True, answer="You are right.")
    await told.works()
    (again,) = await told.periods("boss")
    assert (again["state"], again["finalGranted"], again["answer"]) == ("IN_REVIEW", 20_000, "You are right.")
    await told.acts("boss", "disputeRebate", again, note="More.")
    dismissed = await told.acts("manager", "answerRebateDispute", again, upheld=False, answer="That is all there is.")
    assert dismissed["state"] == "IN_REVIEW"
    await told.later(days=DISPUTE_DAYS + 1)
    late = await told.acts("boss", "disputeRebate", again, note="Still more.")
    assert late["code"] == "REBATE_ACTION_NOT_AVAILABLE"
    approved = await told.acts("finance", "approveRebate", again)
    assert (approved["state"], approved["payout"]["amount"]) == ("APPROVED", 20_000)
    reopened = await told.acts("finance", "reopenRebate", approved, reason="the wrong quarter")
    assert (reopened["state"], reopened["payout"]) == ("REOPENED", None)
    assert (await told.wallet(0))["available"] == 20_000


async def test_an_approval_that_does_not_wait_for_a_dispute_is_caught(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hasty(standing: machine.Standing, **more: Any) -> tuple[machine.RebateAction, ...]:
        found = machine.available_actions(standing, **more)
        return (*found, machine.RebateAction.APPROVE) if standing.state is machine.RebateState.IN_REVIEW else found

    monkeypatch.setattr(reading, "available_actions", hasty)
    with pytest.raises((AssertionError, KeyError)):
        await test_a_dispute_is_answered_before_anything_is_paid_and_comes_in_time(teller)


async def _targeted(teller: Teller, who: str, program: str, partner: str, **target: Any) -> None:
    """The manager enrols the firm and proposes its target; its administrator consents."""
    since = target.pop("since", None)
    fields = "enrollment { id }"
    more = {"enrolledAt": since.isoformat()} if since else {}
    made = await teller.does("manager", "enroll", fields, programId=program, partnerId=partner, **more)
    enrollment = made["enrollment"]["id"]
    now = await teller.world.database.fetchval("SELECT guerdon_now()")
    await teller.does("manager", "proposeRebateTarget", fields, enrollmentId=enrollment, at=now.isoformat(), **target)
    await teller.does(who, "acceptParameters", fields, enrollmentId=enrollment)
