"""R11, an intangible reward: the right to use a benefit, tied to a tier, passed on within one firm."""

from collections.abc import Mapping
from typing import Any

import pytest

from catalog.sends import entitling
from tests.stories.giving import ended, fact, settled, tiers_checked
from tests.stories.teller import Teller

ENTITLEMENT = "id state reason left revokesAt member { name }"


async def entitled(teller: Teller, **benefit: Any) -> str:
    """The catalog's keeper offers a benefit, the first rep redeems it; answers her entitlement."""
    supplier = await teller.supplier("SCRIPTED")
    lounge = await teller.item(supplier, 10, kind="BENEFIT")
    await teller.does("catalog", "defineBenefit", "denomination { id }", denominationId=lounge, **benefit)
    await teller.give(0, 10)
    await teller.order("rep0", lounge)
    await settled(teller)
    found = await teller.ask("rep0", "{ viewer { entitlements { edges { node { id denomination { id } } } } } }")
    edges = found["viewer"]["entitlements"]["edges"]
    return next(edge["node"]["id"] for edge in edges if edge["node"]["denomination"]["id"] == lounge)


async def stands(teller: Teller, who: str, entitlement_id: str) -> Mapping[str, Any] | None:
    document = f"query($id: ID!) {{ entitlement(id: $id) {{ {ENTITLEMENT} }} }}"
    return (await teller.ask(who, document, id=entitlement_id))["entitlement"]


async def used(teller: Teller, who: str, entitlement_id: str) -> Mapping[str, Any]:
    fields = f"entitlement {{ {ENTITLEMENT} }}"
    return await teller.says(who, "useEntitlement", fields, idempotencyKey=teller.key(), entitlementId=entitlement_id)


async def test_a_lost_tier_revokes_now_or_at_the_end_of_the_period_as_the_benefit_says(teller: Teller) -> None:
    gold = await fact(teller, 0, "tier", {"value": "GOLD"})
    at_once = await entitled(teller, quota=3, tiers=["GOLD"], onTierLoss="NOW")
    in_time = await entitled(teller, quota=3, tiers=["GOLD"], onTierLoss="PERIOD_END", period="QUARTER")
    await tiers_checked(teller)
    assert (await used(teller, "rep0", at_once))["entitlement"]["left"] == 2
    await ended(teller, gold)
    await tiers_checked(teller)
    seen = await stands(teller, "rep0", at_once)
    assert seen is not None
    assert (seen["state"], seen["reason"]) == ("REVOKED", "TIER_LOST")
    assert (await used(teller, "rep0", at_once))["code"] == "ENTITLEMENT_NOT_OPEN"
    assert (await used(teller, "rep0", in_time))["entitlement"]["left"] == 2
    await teller.later(days=93)
    await tiers_checked(teller)
    seen = await stands(teller, "rep0", in_time)
    assert seen is not None
    assert (seen["state"], seen["left"]) == ("REVOKED", 2)


async def test_an_entitlement_passes_to_a_colleague_and_to_nobody_else(teller: Teller) -> None:
    seat = await entitled(teller, quota=2, transferable=True)
    asked = {"entitlementId": seat, "memberId": teller.member(1)}
    refused = await teller.says("rep0", "transferEntitlement", "entitlement { id }", idempotencyKey="far", **asked)
    assert refused["code"] == "OTHER_ORGANISATION"
    await teller.does(
        "rep0", "transferEntitlement", "entitlement { id }", entitlementId=seat, memberId=teller.member(2)
    )
    assert (await used(teller, "rep0", seat))["code"] == "NOT_FOUND"
    assert (await used(teller, "rep2", seat))["entitlement"]["left"] == 1


async def test_a_check_of_tiers_that_lets_everybody_keep_everything_is_caught(
    teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entitling, "revokes_at", lambda *_, **more: more["before"])
    with pytest.raises(AssertionError):
        await test_a_lost_tier_revokes_now_or_at_the_end_of_the_period_as_the_benefit_says(teller)
