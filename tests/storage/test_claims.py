"""What becomes of a reward that was sent: claimed, accepted, declined, recalled or expired; its budget follows."""

from collections.abc import AsyncIterator

import pytest

from catalog.auditing import questions
from catalog.sends.bundling import BundleMode
from catalog.sends.claiming import claim_reward, decline_gift, open_reward
from catalog.sends.composing import recall_send
from catalog.sends.delivering import expire_due
from catalog.sends.refusals import (
    AddressConsentNeeded,
    ChoiceRefused,
    RewardNotOpen,
    SendNotInState,
)
from catalog.sends.settling import Shipping, settle_due
from domain.access.principals import SYSTEM
from domain.kernel.refusals import NotFound
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.sends import budget, claim, gift, later, line_ids, lines, points, send, state, to
from tests.shop import ADDRESS, KEYRING, Shop, build_shop


@pytest.fixture
async def shop(fresh_database: str) -> AsyncIterator[Shop]:
    opened = await Database.open(fresh_database, connections_max=4)
    yield await build_shop(opened)
    await opened.close()


async def test_points_are_set_aside_when_sent_and_awarded_through_an_activity_when_claimed(shop: Shop) -> None:
    draft = await points(shop, 0)
    send_id = await send(shop, draft)
    assert (await state(shop, send_id), await lines(shop, send_id)) == ("SENT", [("SENT", None, 100)])
    assert (await budget(shop, draft), await shop.world.worth(shop.world.members[0])) == (900, 0)
    await open_reward(shop.world.door, shop.rep(), (await line_ids(shop, send_id))[0])
    await claim(shop, send_id)
    assert await lines(shop, send_id) == [("CLAIMED", None, 0)]
    assert (await budget(shop, draft), await shop.world.worth(shop.world.members[0])) == (900, 100)
    row = await shop.world.database.fetchrow(
        "SELECT a.type, d.explanation FROM send_recipient r JOIN activity a ON a.id = r.activity_id"
        " JOIN due d ON d.activity_id = a.id"
    )
    assert row is not None
    assert (row["type"], row["explanation"][0]["code"]) == ("reward.sent", "SENT")
    assert (await audit(shop.world.database, more=questions())).is_clean()


async def test_what_is_recalled_before_it_is_claimed_goes_back_to_the_budget_and_what_is_claimed_stays(
    shop: Shop,
) -> None:
    draft = await points(shop, 0, 1)
    send_id = await send(shop, draft)
    await claim(shop, send_id)
    done = await recall_send(shop.world.door, SYSTEM, shop.world.key(n=1), send_id)
    assert done.facts["recalled"] == 1
    assert await lines(shop, send_id) == [("CLAIMED", None, 0), ("RECALLED", None, 0)]
    assert (await state(shop, send_id), await budget(shop, draft)) == ("RECALLED", 900)
    with pytest.raises(RewardNotOpen):
        await claim(shop, send_id, 1, line=1)
    with pytest.raises(SendNotInState):
        await recall_send(shop.world.door, SYSTEM, shop.world.key(n=1), send_id)


async def test_one_line_is_recalled_alone(shop: Shop) -> None:
    send_id = await send(shop, await points(shop, 0, 1))
    wanted = (await line_ids(shop, send_id))[:1]
    await recall_send(shop.world.door, SYSTEM, shop.world.key(n=1), send_id, wanted)
    assert [line[0] for line in await lines(shop, send_id)] == ["RECALLED", "SENT"]
    assert await state(shop, send_id) == "SENT"


async def test_what_nobody_claims_in_time_expires_and_goes_back_to_the_budget(shop: Shop) -> None:
    draft = await points(shop, 0, 1, claim_days=3)
    send_id = await send(shop, draft)
    await later(shop, days=2)
    await claim(shop, send_id)
    assert await expire_due(shop.world.door) == 0
    await later(shop, days=1)
    with pytest.raises(RewardNotOpen):
        await claim(shop, send_id, 1, line=1)
    assert await expire_due(shop.world.door) == 1
    assert await expire_due(shop.world.door) == 0
    assert await lines(shop, send_id) == [("CLAIMED", None, 0), ("EXPIRED", None, 0)]
    assert await budget(shop, draft) == 900
    assert (await audit(shop.world.database, more=questions())).is_clean()


async def test_a_gift_is_accepted_with_its_value_recorded_or_declined_and_paid_back(shop: Shop) -> None:
    item = await shop.item(fair_value=1_000)
    draft = await gift(shop, item, is_gift=True, addresses=to(*shop.world.members[:2]))
    send_id = await send(shop, draft)
    row = await shop.world.database.fetchrow("SELECT fair_value, currency FROM reward_send")
    assert row is not None
    assert tuple(row) == (1_000, "EUR")
    assert await budget(shop, draft) == 8_000
    first, second = await line_ids(shop, send_id)
    await claim(shop, send_id)
    await decline_gift(shop.world.door, shop.rep(1), shop.world.key(n=1), second)
    assert await lines(shop, send_id) == [("ACCEPTED", None, 1_000), ("DECLINED", None, 0)]
    assert await budget(shop, draft) == 9_000
    assert await shop.world.database.fetchval("SELECT fair_value FROM redemption_line") == 1_000
    with pytest.raises(RewardNotOpen):
        await decline_gift(shop.world.door, shop.rep(0), shop.world.key(n=1), first)


async def test_a_gift_that_is_shipped_takes_an_address_and_the_consent_to_pass_it_on(shop: Shop) -> None:
    send_id = await send(shop, await gift(shop, await shop.item(needs_address=True), is_gift=True))
    with pytest.raises(AddressConsentNeeded):
        await claim(shop, send_id)
    assert await lines(shop, send_id) == [("SENT", None, 1_000)]
    await claim(shop, send_id, shipping=Shipping(recipient=ADDRESS, keyring=KEYRING))
    row = await shop.world.database.fetchrow(
        "SELECT r.address_consent_at IS NOT NULL AS consented, s.sealed FROM send_recipient r, shipment s"
    )
    assert row is not None
    assert row["consented"]
    assert b"Paix" not in row["sealed"]


async def test_a_choice_that_is_sent_is_claimed_by_choosing(shop: Shop) -> None:
    cheap, dear = await shop.item(fair_value=500), await shop.item(fair_value=1_500)
    draft = await gift(shop, cheap, dear, mode=BundleMode.CHOICE)
    send_id = await send(shop, draft)
    assert await lines(shop, send_id) == [("SENT", None, 1_500)]
    with pytest.raises(ChoiceRefused):
        await claim(shop, send_id)
    await claim(shop, send_id, choices=[cheap])
    rows = await shop.world.database.fetch("SELECT denomination_id, state FROM redemption_line")
    assert [tuple(row) for row in rows] == [(cheap, "ORDERED")]


async def test_a_sent_bundle_that_nobody_can_deliver_is_paid_back(shop: Shop) -> None:
    draft = await gift(shop, await shop.item(stock=0))
    send_id = await send(shop, draft)
    assert await budget(shop, draft) == 9_000
    await claim(shop, send_id)
    assert await settle_due(shop.world.door) == 1
    assert await lines(shop, send_id) == [("CLAIMED", None, 0)]
    assert await budget(shop, draft) == 10_000


async def test_nobody_else_opens_claims_or_declines_a_reward(shop: Shop) -> None:
    send_id = await send(shop, await points(shop, 0))
    recipient_id = (await line_ids(shop, send_id))[0]
    with pytest.raises(NotFound):
        await open_reward(shop.world.door, shop.rep(1), recipient_id)
    with pytest.raises(NotFound):
        await claim(shop, send_id, 1)
    with pytest.raises(NotFound):
        await decline_gift(shop.world.door, shop.rep(1), shop.world.key(n=1), recipient_id)


async def test_a_claim_with_the_same_key_awards_once_and_a_second_claim_is_refused(shop: Shop) -> None:
    send_id = await send(shop, await points(shop, 0))
    recipient_id, key, rep = (await line_ids(shop, send_id))[0], shop.world.key(n=1), shop.rep()
    told = [await claim_reward(shop.world.door, rep, key, recipient_id) for _ in range(2)]
    assert [one.replayed for one in told] == [False, True]
    with pytest.raises(RewardNotOpen):
        await claim(shop, send_id)
    assert await shop.world.worth(shop.world.members[0]) == 100


async def test_the_audit_sees_what_was_set_aside_and_not_returned_and_a_grant_without_its_due(shop: Shop) -> None:
    send_id = await send(shop, await points(shop, 0, 1))
    assert (await audit(shop.world.database, {"C4"}, questions())).is_clean()
    await shop.execute("UPDATE send_recipient SET set_aside = set_aside - 1 WHERE send_id = $1 AND n = 1", send_id)
    report = await audit(shop.world.database, {"C4"}, questions())
    assert [check.name for check in report.checks if check.violations] == ["sends_equal_their_entries"]
