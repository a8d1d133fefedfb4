"""What a member does with a reward sent to them: open, claim or accept, choose, decline."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from catalog.redemptions.giving import Origin
from catalog.sends.bundling import WaitsFor
from catalog.sends.delivering import reason_of
from catalog.sends.events import REWARD_MOVED
from catalog.sends.granting import choose_in
from catalog.sends.orders import NewOrder, bundles_in, lock_order_in, open_orders_in
from catalog.sends.refusals import AddressConsentNeeded, ChoiceRefused, RewardNotOpen
from catalog.sends.sent import Content, RewardState
from catalog.sends.setting_aside import CAUSE, put_back_in
from catalog.sends.settling import Shipping, settle_in
from domain.access.principals import Actor
from domain.earning.sending import SentPoints, SetAside, send_points_in
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotFound

LOCK = """
-- lock: send_recipient
SELECT line.*, send.content, send.amount, send.bundle_id, send.is_gift, send.program_id, send.message
FROM send_recipient AS line JOIN reward_send AS send ON send.id = line.send_id
WHERE line.id = $1 AND line.member_id = $2 AND line.state NOT IN ('PENDING', 'FAILED') FOR NO KEY UPDATE OF line
"""

OPEN = "UPDATE send_recipient SET state = 'OPENED', opened_at = $2, version = version + 1 WHERE id = $1"

GIVEN = """
UPDATE send_recipient SET state = $2, claimed_at = $3, opened_at = coalesce(opened_at, $3), version = version + 1,
       activity_id = $4, set_aside = CASE WHEN $4::uuid IS NULL THEN set_aside ELSE 0 END,
       address_consent_at = CASE WHEN $5::bool THEN $3::timestamptz END
WHERE id = $1
"""

DECLINE = "UPDATE send_recipient SET state = 'DECLINED', ended_at = $2, version = version + 1 WHERE id = $1"

UNCLAIMED = (RewardState.SENT, RewardState.OPENED)


async def open_reward(door: Door, actor: Actor, recipient_id: UUID) -> UUID:
    """The reward counts as seen; saying it again changes nothing. Answers its id.

    Refuses: NotFound; TryLater.
    """

    async def work(op: Operation) -> UUID:
        line = await _locked(op, actor, recipient_id)
        if line["state"] == RewardState.SENT:
            await op.sql.execute(OPEN, recipient_id, op.now)
            _tell(op, line, RewardState.OPENED)
        return recipient_id

    return await door.operate(actor, work)


async def claim_reward(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    recipient_id: UUID,
    *,
    choices: Sequence[UUID] = (),
    shipping: Shipping | None = None,
    operation: str = "claimReward",
    sandbox: bool = False,
) -> Outcome:
    """The reward is the member's: points are awarded, a bundle (or what they chose of it) is ordered, and shipped to
    the address where something is. A gift is accepted by it. Facts: recipient_id, order_id (null for points).

    Refuses: NotFound; RewardNotOpen; ChoiceRefused; AddressConsentNeeded.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        line = await _open(op, actor, recipient_id)
        activity_id, order_id = None, None
        if line["content"] == Content.POINTS:
            points = SentPoints(external_id=f"send:{recipient_id}", member_id=line["member_id"], amount=line["amount"])
            aside = SetAside(kind=CAUSE, id=line["send_id"], amount=line["set_aside"])
            reason = reason_of(line["message"])
            told = await send_points_in(op, line["program_id"], [points], reason=reason, set_aside=aside)
            activity_id = told[points.external_id]
        else:
            order_id = await _ordered(op, line, choices, shipping, sandbox=sandbox)
        state = RewardState.ACCEPTED if line["is_gift"] else RewardState.CLAIMED
        await op.sql.execute(GIVEN, recipient_id, state, op.now, activity_id, shipping is not None)
        _tell(op, line, state)
        return {"recipient_id": str(recipient_id), "order_id": order_id and str(order_id)}

    return await door.operate_keyed(actor, operation, keyed, work)


async def decline_gift(door: Door, actor: Actor, keyed: Keyed, recipient_id: UUID) -> Outcome:
    """The member does not want it: what was set aside for it is in the budget again. Facts: recipient_id.

    Refuses: NotFound; RewardNotOpen.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        line = await _open(op, actor, recipient_id)
        await put_back_in(op, [recipient_id])
        await op.sql.execute(DECLINE, recipient_id, op.now)
        _tell(op, line, RewardState.DECLINED)
        return {"recipient_id": str(recipient_id)}

    return await door.operate_keyed(actor, "declineGift", keyed, work)


async def _ordered(
    op: Operation, line: Mapping[str, Any], choices: Sequence[UUID], shipping: Shipping | None, *, sandbox: bool
) -> UUID:
    order_id = new_id()
    bundle = (await bundles_in(op, ids=[line["bundle_id"]]))[0]
    new = NewOrder(
        id=order_id,
        bundle=bundle,
        origin=Origin.SEND,
        origin_id=line["id"],
        member_id=line["member_id"],
        partner_id=line["partner_id"],
    )
    await open_orders_in(op, [new])
    order = await lock_order_in(op, order_id)
    assert order is not None, "the order was opened just now"
    if order.waits_for is WaitsFor.CHOICE:
        await choose_in(op, order, choices, shipping, sandbox=sandbox)
        return order_id
    if choices:
        raise ChoiceRefused(bundle=bundle.code, choose=0)
    await settle_in(op, order_id, shipping=shipping, sandbox=sandbox)
    if await op.sql.fetchval("SELECT waits_for FROM bundle_order WHERE id = $1", order_id) is not None:
        raise AddressConsentNeeded
    return order_id


async def _locked(op: Operation, actor: Actor, recipient_id: UUID) -> Mapping[str, Any]:
    row = await op.sql.fetchrow(LOCK, recipient_id, actor.member_id)
    if row is None:
        raise NotFound(kind="reward", id=str(recipient_id))
    return row


async def _open(op: Operation, actor: Actor, recipient_id: UUID) -> Mapping[str, Any]:
    """The member's own line, locked, if it can still be claimed. Refuses: NotFound; RewardNotOpen."""
    line = await _locked(op, actor, recipient_id)
    state = RewardState(line["state"])
    if state in UNCLAIMED and line["expires_at"] is not None and line["expires_at"] <= op.now:
        state = RewardState.EXPIRED
    if state not in UNCLAIMED:
        raise RewardNotOpen(state=state.value)
    return line


def _tell(op: Operation, line: Mapping[str, Any], state: RewardState) -> None:
    op.tell(
        REWARD_MOVED.about(
            line["id"],
            member_id=line["member_id"],
            partner_id=line["partner_id"],
            send_id=str(line["send_id"]),
            state=state.value,
            reason=None,
        )
    )
