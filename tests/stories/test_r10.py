"""R10, a personal gift: a thing for somebody, within what her employer allows, which she may also decline."""

import pytest

from catalog.sends import claiming
from domain.access.principals import Scope
from tests.stories.giving import budget_of, bundle, employer_says, lines_of, program, rewards, send, settled
from tests.stories.teller import Teller

ADDRESS = {"name": "Ada", "lines": ["1 Rue de la Paix"], "city": "Paris", "postcode": "75002", "country": "FR"}


async def test_a_gift_above_the_employers_ceiling_is_not_sent_and_one_at_it_is(teller: Teller) -> None:
    await employer_says(teller, 0, allowed=True, ceiling=1_000, currency="EUR")
    supplier = await teller.supplier("SCRIPTED")
    dear = await teller.item(supplier, 0, denomination={"fairValue": 1_001})
    fair = await teller.item(supplier, 0, denomination={"fairValue": 1_000})
    pays = await program(teller, 10_000, "EUR")
    above = await send(teller, pays, 0, 1, isGift=True, bundleId=await bundle(teller, "BEST_EFFORT", dear))
    assert lines_of(above) == [("FAILED", "EMPLOYER_CEILING"), ("SENT", None)]
    within = await send(teller, pays, 0, isGift=True, bundleId=await bundle(teller, "BEST_EFFORT", fair))
    assert lines_of(within) == [("SENT", None)]
    (gift,) = await rewards(teller, "rep0")
    assert (gift["isGift"], gift["fairValue"], gift["currency"]) == (True, 1_000, "EUR")


async def test_a_declined_gift_goes_back_to_the_budget(teller: Teller) -> None:
    supplier = await teller.supplier("SCRIPTED")
    card = await teller.item(supplier, 0)
    pays = await program(teller, 10_000, "EUR")
    await send(teller, pays, 0, isGift=True, bundleId=await bundle(teller, "BEST_EFFORT", card))
    assert await budget_of(teller, pays) == 9_000
    (gift,) = await rewards(teller, "rep0")
    stranger = await teller.says("rep1", "declineGift", "reward { id }", idempotencyKey="x", rewardId=gift["id"])
    assert stranger["code"] == "NOT_FOUND"
    declined = await teller.does("rep0", "declineGift", "reward { state }", rewardId=gift["id"])
    assert declined["reward"]["state"] == "DECLINED"
    await settled(teller)
    assert await budget_of(teller, pays) == 10_000
    late = await teller.says("rep0", "acceptGift", "reward { id }", idempotencyKey="late", rewardId=gift["id"])
    assert late["code"] == "REWARD_NOT_OPEN"


async def test_a_parcel_needs_an_address_and_the_consent_to_pass_it_on(teller: Teller) -> None:
    source = await teller.machine("platform", "platform", Scope.FULFILMENT_READ, Scope.FULFILMENT_WRITE)
    supplier = await teller.supplier("PULL_QUEUE", sourceId=source)
    lamp = await teller.item(supplier, 0, kind="MERCHANDISE", needsAddress=True)
    pays = await program(teller, 10_000, "EUR")
    await send(teller, pays, 0, isGift=True, bundleId=await bundle(teller, "BEST_EFFORT", lamp))
    (gift,) = await rewards(teller, "rep0")
    for given in ({}, {"address": ADDRESS}, {"address": ADDRESS, "addressConsent": False}):
        refused = await teller.says(
            "rep0", "acceptGift", "reward { id }", idempotencyKey=teller.key(), rewardId=gift["id"], **given
        )
        assert refused.get("code") == "ADDRESS_CONSENT_NEEDED"
    accepted = await teller.does(
        "rep0", "acceptGift", "reward { state }", rewardId=gift["id"], address=ADDRESS, addressConsent=True
    )
    assert accepted["reward"]["state"] == "ACCEPTED"
    await settled(teller)
    claim = await teller.does("platform", "claimFulfilments", "orders { recipient { name city } }", first=10)
    assert [order["recipient"] for order in claim["orders"]] == [{"name": "Ada", "city": "Paris"}]


async def test_a_decline_that_keeps_the_money_is_caught(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forgets(*_: object) -> None:
        """Nothing goes back."""

    monkeypatch.setattr(claiming, "put_back_in", forgets)
    with pytest.raises(AssertionError):
        await test_a_declined_gift_goes_back_to_the_budget(teller)
