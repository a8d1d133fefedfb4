"""Bundles, sends, rewards and entitlements through the schema: what a vendor gives and what a rep sees of it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from api.graph.ids import Tag
from catalog.sends.following import follow_lines
from catalog.sends.granting import follow_grants
from catalog.sends.settling import settle_due
from domain.access.principals import Actor, Role
from domain.kernel import outbox
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id
from tests.building import deal
from tests.graph.asking import Asker, admin, listening, member, opaque, partner_admin
from tests.shop import KEYRING, Shop, build_shop

REFUSAL = "... on Refusal { code text retryable french: text(locale: FR) }"
REWARDS = """{ viewer { rewards(first: 10) { edges { node {
    id state content amount message isGift fairValue currency address reason member { id }
    bundle { code items { denominationId quantity } } bundleOrder { state parts { state fairValue } } } } } } }"""


@pytest.fixture(scope="module")
async def shop(database: str) -> AsyncIterator[tuple[Asker, Shop]]:
    heard: list[str] = []
    opened = await listening(database, heard)
    shop = await build_shop(opened)
    asker = Asker.over(shop.world, heard)
    asker.keys = KEYRING
    yield asker, shop
    await opened.close()


async def change(asker: Asker, actor: Actor, name: str, fields: str, /, **asked: Any) -> Mapping[str, Any]:
    """The result of one mutation: of its success the fields, of any refusal the common ones."""
    upper = name[0].upper() + name[1:]
    document = (
        f"mutation($input: {upper}Input!) {{ {name}(input: $input) {{"
        f" __typename ... on {upper}Success {{ {fields} }} {REFUSAL} }} }}"
    )
    return (await asker.ask(actor, document, input=asked))[name]


async def defined(asker: Asker, shop: Shop, code: str, mode: str = "BEST_EFFORT", *items: Any, **more: Any) -> str:
    """A bundle by the API; answers its id."""
    chosen = items or (await shop.item(), await shop.item())
    said = [{"denominationId": opaque(Tag.DENOMINATION, one)} for one in chosen]
    fields = "bundle { id code mode choose items { quantity denomination { id } substitutes { id } } }"
    asked = {"idempotencyKey": code, "code": code, "name": {"en": "A set", "fr": "Un lot"}, "mode": mode}
    made = await change(asker, admin(), "defineBundle", fields, **asked, items=said, **more)
    assert len(made["bundle"]["items"]) == len(chosen)
    return made["bundle"]["id"]


async def sent(asker: Asker, shop: Shop, actor: Actor, key: str, **more: Any) -> Mapping[str, Any]:
    program = await shop.world.launch({"effect": {"kind": "FIXED", "amount": 1}}, unit=more.pop("unit", "POINTS"))
    fields = """send { id state value counts { state count } recipients(first: 5) { edges { node {
        id state reason address } } } }"""
    asked = {"idempotencyKey": key, "programId": opaque(Tag.PROGRAM, program), "message": {"en": "Hi", "fr": "Salut"}}
    said = {"recipients": [{"memberId": opaque(Tag.MEMBER, shop.world.members[0])}]} | more
    return await change(asker, actor, "sendRewards", fields, **asked, **said)


def nodes(connection: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


async def steps(shop: Shop) -> None:
    while True:
        await outbox.stamp(shop.world.database, Failpoints())
        moved = await follow_grants(shop.world.door) + await settle_due(shop.world.door)
        if not moved + await follow_lines(shop.world.door):
            return


async def test_points_are_sent_opened_and_claimed(shop: tuple[Asker, Shop]) -> None:
    asker, world = shop
    told = await sent(asker, world, admin(), "points", amount=50)
    assert told["send"]["counts"] == [{"state": "SENT", "count": 1}]
    rep = member(world.world, 0)
    reward = nodes((await asker.ask(rep, REWARDS))["viewer"]["rewards"])[0]
    assert (reward["state"], reward["amount"], reward["message"]) == ("SENT", 50, "Hi")
    assert (reward["address"], reward["reason"]) == (None, None)
    opened = await change(asker, rep, "openReward", "reward { state message(locale: FR) }", rewardId=reward["id"])
    assert opened["reward"] == {"state": "OPENED", "message": "Salut"}
    asked = {"idempotencyKey": "claim", "rewardId": reward["id"]}
    claimed = await change(asker, rep, "claimReward", "reward { state activity { id } }", **asked)
    assert claimed["reward"]["state"] == "CLAIMED"
    assert await change(asker, rep, "claimReward", "reward { state activity { id } }", **asked) == claimed
    again = await change(
        asker, rep, "claimReward", "reward { id }", idempotencyKey="claim-again", rewardId=reward["id"]
    )
    assert (again["code"], again["retryable"]) == ("REWARD_NOT_OPEN", False)
    assert "CLAIMED" in again["french"]


async def test_each_line_of_a_send_says_why_it_was_not_sent_and_csv_is_read(shop: tuple[Asker, Shop]) -> None:
    asker, world = shop
    told = await sent(asker, world, admin(), "csv", amount=5, recipients=None, csv="email\nnobody@example.com\n")
    line = nodes(told["send"]["recipients"])[0]
    assert (line["state"], line["reason"], line["address"]) == ("FAILED", "ADDRESS_UNKNOWN", "nobody@example.com")
    both = await sent(asker, world, admin(), "both", amount=5, csv="email\na@b.c\n")
    assert both["code"] == "INVALID_INPUT"


async def test_a_choice_is_claimed_by_choosing_and_shows_its_parts(shop: tuple[Asker, Shop]) -> None:
    asker, world = shop
    items = [await world.item(), await world.item()]
    bundle = await defined(asker, world, "choice", "CHOICE", *items, choose=1)
    told = await sent(asker, world, admin(), "choice", unit="EUR", bundleId=bundle)
    reward, rep = nodes(told["send"]["recipients"])[0]["id"], member(world.world, 0)
    wrong = await change(asker, rep, "chooseRewards", "reward { id }", idempotencyKey="c0", rewardId=reward, choices=[])
    assert wrong["code"] == "CHOICE_REFUSED"
    done = await change(
        asker,
        rep,
        "chooseRewards",
        "reward { state } bundleOrder { state parts { state fairValue currency redemption { origin total } } }",
        idempotencyKey="c1",
        rewardId=reward,
        choices=[opaque(Tag.DENOMINATION, items[1])],
    )
    assert done["reward"] == {"state": "CLAIMED"}
    assert done["bundleOrder"]["parts"] == [
        {"state": "ORDERED", "fairValue": 1_000, "currency": "EUR", "redemption": {"origin": "SEND", "total": 0}}
    ]


async def test_a_gift_takes_an_address_with_consent_or_is_declined(shop: tuple[Asker, Shop]) -> None:
    asker, world = shop
    bundle = await defined(asker, world, "gift", "BEST_EFFORT", await world.item(needs_address=True))
    people = [{"memberId": opaque(Tag.MEMBER, one)} for one in world.world.members[:2]]
    told = await sent(asker, world, admin(), "gift", unit="EUR", bundleId=bundle, isGift=True, recipients=people)
    first, second = (line["id"] for line in nodes(told["send"]["recipients"]))
    rep, other = member(world.world, 0), member(world.world, 1)
    address = {"name": "Ada", "lines": ["1 Rue"], "city": "Paris", "country": "FR"}
    asked = {"idempotencyKey": "accept-1", "rewardId": first, "address": address}
    refused = await change(asker, rep, "acceptGift", "reward { id }", **asked)
    assert refused["code"] == "ADDRESS_CONSENT_NEEDED"
    asked = asked | {"idempotencyKey": "accept-2", "addressConsent": True}
    assert (await change(asker, rep, "acceptGift", "reward { state }", **asked))["reward"] == {"state": "ACCEPTED"}
    declined = await change(asker, other, "declineGift", "reward { state }", idempotencyKey="d", rewardId=second)
    assert declined["reward"] == {"state": "DECLINED"}


async def test_a_draft_is_scheduled_and_a_send_recalled(shop: tuple[Asker, Shop]) -> None:
    asker, world = shop
    boss = admin()
    told = await sent(asker, world, boss, "draft", amount=7, isDraft=True)
    send = told["send"]["id"]
    assert told["send"]["state"] == "DRAFT"
    left = await change(asker, boss, "scheduleSend", "send { state }", idempotencyKey="go", sendId=send)
    assert left["send"] == {"state": "SENT"}
    back = await change(asker, boss, "recallSend", "recalled send { state }", idempotencyKey="back", sendId=send)
    assert back == {"__typename": "RecallSendSuccess", "recalled": 1, "send": {"state": "RECALLED"}}
    listed = await asker.ask(boss, "{ rewardSends(first: 50, state: RECALLED) { edges { node { id } } } }")
    assert send in [node["id"] for node in nodes(listed["rewardSends"])]


async def test_a_channel_manager_sees_the_own_sends_and_no_member_sends(shop: tuple[Asker, Shop]) -> None:
    asker, world = shop
    manager = Actor(principal_id=new_id(), role=Role.CHANNEL_MANAGER)
    told = await sent(asker, world, manager, "manager", amount=7)
    assert nodes(told["send"]["recipients"])[0]["reason"] == "ADDRESS_UNKNOWN"
    asked = "{ rewardSends(first: 50) { edges { node { id } } } }"
    assert [node["id"] for node in nodes((await asker.ask(manager, asked))["rewardSends"])] == [told["send"]["id"]]
    stranger = Actor(principal_id=new_id(), role=Role.CHANNEL_MANAGER)
    assert nodes((await asker.ask(stranger, asked))["rewardSends"]) == []
    hidden = await change(asker, stranger, "recallSend", "recalled", idempotencyKey="x", sendId=told["send"]["id"])
    assert hidden["code"] == "NOT_FOUND"
    denied = await sent(asker, world, member(world.world, 0), "member", amount=7)
    assert denied["code"] == "NOT_ALLOWED"


async def test_a_granted_bundle_is_seen_with_its_parts_by_its_owner_and_their_admin(shop: tuple[Asker, Shop]) -> None:
    asker, world = shop
    await defined(asker, world, "granted")
    await world.world.launch({"effect": {"kind": "FIXED", "amount": 1}, "grants": [{"bundle": "granted"}]})
    await world.world.record(deal("granting", world.world.members[2]))
    await steps(world)
    asked = """{ viewer { bundleOrders(first: 5) { edges { node {
        id origin state bundle { code name(locale: FR) } parts { n state denomination { id } } } } } } }"""
    order = nodes((await asker.ask(member(world.world, 2), asked))["viewer"]["bundleOrders"])[0]
    assert (order["origin"], order["bundle"]) == ("GRANT", {"code": "granted", "name": "Un lot"})
    assert [part["state"] for part in order["parts"]] == ["ORDERED", "ORDERED"]
    one = "query($id: ID!) { bundleOrder(id: $id) { state relation } node(id: $id) { id } }"
    assert (await asker.ask(partner_admin(world.world, 0), one, id=order["id"]))["bundleOrder"] == {
        "state": "PENDING",
        "relation": "PARTNER",
    }
    assert (await asker.ask(member(world.world, 1), one, id=order["id"])) == {"bundleOrder": None, "node": None}


async def test_a_benefit_is_defined_redeemed_used_and_passed_on(shop: tuple[Asker, Shop]) -> None:
    asker, world = shop
    item, rep = await world.item(), member(world.world, 0)
    await world.execute(
        "UPDATE catalog_item SET kind = 'BENEFIT' WHERE id = (SELECT item_id FROM denomination WHERE id = $1)", item
    )
    asked = {"idempotencyKey": "benefit", "denominationId": opaque(Tag.DENOMINATION, item), "quota": 2}
    await change(asker, admin(), "defineBenefit", "denomination { id }", **asked, transferable=True, tiers=["GOLD"])
    await world.give(0, 100)
    await world.fulfil(await world.lines(await world.order(rep, item)))
    await steps(world)
    mine = "{ viewer { entitlements(first: 5) { edges { node { id state quota left tiers owner } } } } }"
    entitlement = nodes((await asker.ask(rep, mine))["viewer"]["entitlements"])[0]
    assert (entitlement["state"], entitlement["left"], entitlement["tiers"]) == ("GRANTED", 2, ["GOLD"])
    used = await change(
        asker,
        rep,
        "useEntitlement",
        "entitlement { state used left }",
        idempotencyKey="use",
        entitlementId=entitlement["id"],
        note="a seat",
    )
    assert used["entitlement"] == {"state": "ACTIVE", "used": 1, "left": 1}
    asked = {"idempotencyKey": "over", "entitlementId": entitlement["id"], "quantity": 2}
    over = await change(asker, rep, "useEntitlement", "entitlement { id }", **asked)
    assert over["code"] == "QUOTA_EXCEEDED"
    passed = await change(
        asker,
        rep,
        "transferEntitlement",
        "entitlement { id }",
        idempotencyKey="pass",
        entitlementId=entitlement["id"],
        memberId=opaque(Tag.MEMBER, world.world.members[2]),
    )
    assert passed == {"__typename": "TransferEntitlementSuccess", "entitlement": None}
    theirs = nodes((await asker.ask(member(world.world, 2), mine))["viewer"]["entitlements"])
    assert [one["id"] for one in theirs] == [entitlement["id"]]
