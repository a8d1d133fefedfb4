"""The same for sends, bundles and entitlements: what must be refused, and its facts."""

from dataclasses import replace
from uuid import UUID

from catalog.sends.bundling import BundleMode
from catalog.sends.claiming import decline_gift
from catalog.sends.composing import recall_send
from catalog.sends.defining import define_benefit
from catalog.sends.entitlement import BenefitDraft
from catalog.sends.following import follow_lines
from catalog.sends.sent import RECIPIENTS_MAX, Filter, SendPolicy
from catalog.sends.using import transfer_entitlement, use_entitlement
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel import outbox
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id
from tests.sends import claim, gift, line_ids, points, send
from tests.storage.refused import Provoked, Stage

CROWD = """
INSERT INTO member (id, source_id, external_id, kind, name, locale, partner_id, on_boards, recorded_at, version)
SELECT ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, $1, 'crowd-' || n, 'REP', 'One of many', 'en', $2,
       true, guerdon_now(), 1
FROM generate_series(1, $3::int) AS n
"""


async def nothing_chosen(stage: Stage) -> Provoked:
    shop = stage.shop
    draft = await gift(shop, await shop.item(), await shop.item(), mode=BundleMode.CHOICE)
    send_id = await send(shop, draft)
    code = await shop.world.database.fetchval("SELECT code FROM bundle WHERE id = $1", draft.bundle_id)
    return claim(shop, send_id), {"bundle": code, "choose": 1}


async def no_consent(stage: Stage) -> Provoked:
    shop = stage.shop
    send_id = await send(shop, await gift(shop, await shop.item(needs_address=True), is_gift=True))
    return claim(shop, send_id), {}


async def claimed_and_declined(stage: Stage) -> Provoked:
    shop = stage.shop
    send_id = await send(shop, await gift(shop, await shop.item(), is_gift=True))
    await claim(shop, send_id)
    (recipient_id,) = await line_ids(shop, send_id)
    return decline_gift(shop.world.door, shop.rep(), shop.world.key(n=1), recipient_id), {"state": "ACCEPTED"}


async def recalled_twice(stage: Stage) -> Provoked:
    shop = stage.shop
    send_id = await send(shop, await points(shop, 0))
    await recall_send(shop.world.door, SYSTEM, shop.world.key(n=1), send_id)
    again = recall_send(shop.world.door, SYSTEM, shop.world.key(n=1), send_id)
    return again, {"state": "RECALLED", "action": "recallSend"}


async def too_much_for_one(stage: Stage) -> Provoked:
    author, policy = Actor(principal_id=new_id(), role=Role.ADMIN), SendPolicy(approval_above=199)
    alone = send(stage.shop, await points(stage.shop, 0, 1), actor=author, policy=policy)
    return alone, {"total": 200, "approval_above": 199}


async def crowd(stage: Stage) -> Provoked:
    shop = stage.shop
    partner_id, counted = shop.world.partners[1], "SELECT count(*) FROM member WHERE partner_id = $1"
    there = await shop.world.database.fetchval(counted, partner_id)
    await shop.execute(CROWD, shop.world.source_id, partner_id, RECIPIENTS_MAX - there + 1)
    draft = replace(await points(shop, 0), addresses=(), filter=Filter(partner_ids=(partner_id,)))
    return send(shop, draft), {"found": RECIPIENTS_MAX + 1, "limit": RECIPIENTS_MAX}


async def paid_in_points(stage: Stage) -> Provoked:
    shop = stage.shop
    draft = await gift(shop, await shop.item())
    program_id = await shop.world.launch({"effect": {"kind": "FIXED", "amount": 1}})
    return send(shop, replace(draft, program_id=program_id)), {"unit": "POINTS", "asked": "EUR"}


async def entitled(stage: Stage, *, quota: int = 2, is_transferable: bool = False) -> UUID:
    """An entitlement of the first member, who redeemed the benefit."""
    shop = stage.shop
    card = await shop.item()
    await shop.execute(
        "UPDATE catalog_item SET kind = 'BENEFIT' WHERE id = (SELECT item_id FROM denomination WHERE id = $1)", card
    )
    draft = BenefitDraft(denomination_id=card, quota=quota, is_transferable=is_transferable)
    await define_benefit(shop.world.door, SYSTEM, shop.world.key(n=1), draft)
    (line_id,) = await shop.lines(await shop.order(shop.rep(), card))
    await shop.fulfil([line_id])
    await outbox.stamp(shop.world.database, Failpoints())
    while await follow_lines(shop.world.door):
        pass
    return await shop.world.database.fetchval("SELECT id FROM entitlement WHERE line_id = $1", line_id)


async def used_up(stage: Stage) -> Provoked:
    shop, entitlement_id = stage.shop, await entitled(stage, quota=1)
    await use_entitlement(shop.world.door, shop.rep(), shop.world.key(n=1), entitlement_id)
    again = use_entitlement(shop.world.door, shop.rep(), shop.world.key(n=1), entitlement_id)
    return again, {"state": "CONSUMED"}


async def more_than_left(stage: Stage) -> Provoked:
    shop, entitlement_id = stage.shop, await entitled(stage, quota=2)
    greedy = use_entitlement(shop.world.door, shop.rep(), shop.world.key(n=1), entitlement_id, 3)
    return greedy, {"left": 2, "asked": 3}


async def passed_on(stage: Stage) -> Provoked:
    shop, entitlement_id = stage.shop, await entitled(stage)
    other = shop.world.members[2]
    passed = transfer_entitlement(shop.world.door, shop.rep(), shop.world.key(n=1), entitlement_id, other)
    return passed, {"entitlement_id": str(entitlement_id)}


async def passed_outside(stage: Stage) -> Provoked:
    shop, entitlement_id = stage.shop, await entitled(stage, is_transferable=True)
    stranger = shop.world.members[1]
    passed = transfer_entitlement(shop.world.door, shop.rep(), shop.world.key(n=1), entitlement_id, stranger)
    return passed, {"member_id": str(stranger)}
