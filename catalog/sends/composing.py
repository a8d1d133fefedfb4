"""Sends are composed, scheduled and recalled: who gets what, from whose budget, when."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from catalog.sends.addressing import Found, filtered_in, named_in
from catalog.sends.delivering import INLINE_MAX, deliver_in
from catalog.sends.events import REWARD_MOVED, SEND_CHANGED
from catalog.sends.listing import SEND_RELATION
from catalog.sends.orders import bundles_in
from catalog.sends.refusals import BudgetOfAnotherUnit, SendNeedsApproval, SendNotInState
from catalog.sends.sent import (
    AMOUNT_MAX,
    CLAIM_DAYS_MAX,
    MESSAGE_LENGTH_MAX,
    Content,
    MixedCurrencies,
    PricedItem,
    SendDraft,
    SendPolicy,
    SendState,
    Worth,
    worth_of,
)
from catalog.sends.setting_aside import put_back_in
from domain.access.ownership import VIEWERS, viewer_arguments
from domain.access.principals import Actor
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import sure_value

PROGRAM = "SELECT id, unit FROM program WHERE id = $1 AND state = 'LIVE'"

PRICES = "SELECT id, cost, fair_value, currency FROM denomination WHERE id = ANY($1::uuid[])"

INSERT = """
INSERT INTO reward_send (id, program_id, principal_id, content, amount, bundle_id, is_gift, needs_claim, message, state,
                         unit, value, fair_value, currency, recipients, send_at, claim_days, recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1)
"""

INSERT_RECIPIENTS = """
INSERT INTO send_recipient (id, send_id, n, address, member_id, state, reason, set_aside, recorded_at, ended_at,
                            version)
SELECT id, $2, n, address, member_id, CASE WHEN reason IS NULL THEN 'PENDING' ELSE 'FAILED' END, reason, 0, $6,
       CASE WHEN reason IS NOT NULL THEN $6::timestamptz END, 1
FROM unnest($1::uuid[], $3::text[], $4::uuid[], $5::text[]) WITH ORDINALITY AS new (id, address, member_id, reason, n)
"""

LOCK = f"""
-- lock: reward_send
SELECT send.* FROM {VIEWERS} CROSS JOIN reward_send AS send
WHERE send.id = $6 AND {SEND_RELATION} IS NOT NULL FOR NO KEY UPDATE OF send
"""

SCHEDULE = """
UPDATE reward_send SET state = 'SCHEDULED', send_at = $2, approved_by = $3, version = version + 1
WHERE id = $1 RETURNING version
"""

RECALL = "UPDATE reward_send SET state = 'RECALLED', recalled_at = $2, version = version + 1 WHERE id = $1"

OPEN_LINES = """
-- lock: send_recipient
SELECT id, member_id, partner_id FROM send_recipient
WHERE send_id = $1 AND state IN ('PENDING', 'SENT', 'OPENED') AND ($2::uuid[] IS NULL OR id = ANY($2))
ORDER BY id FOR NO KEY UPDATE
"""

RECALL_LINES = """
UPDATE send_recipient SET state = 'RECALLED', ended_at = $2, version = version + 1 WHERE id = ANY($1::uuid[])
"""


async def send_rewards(door: Door, actor: Actor, keyed: Keyed, draft: SendDraft, policy: SendPolicy) -> Outcome:
    """The send stands with a line for everybody it is for; one that is due now has left, line by line: each says
    whether it was sent, and if not, why not. Above 1,000 people the worker sends the rest. Facts: send_id.

    Refuses: InvalidInput; NotFound (program, bundle); AudienceTooLarge; BudgetOfAnotherUnit; SendNeedsApproval (a send
    that is not a draft and needs a second person).
    """
    _check(draft)

    async def work(op: Operation) -> Mapping[str, Any]:
        program = await op.sql.fetchrow(PROGRAM, draft.program_id)
        if program is None:
            raise NotFound(kind="program", id=str(draft.program_id))
        worth = await _worth(op, draft, program["unit"])
        if draft.filter is not None:
            found = await filtered_in(op, actor, draft.filter)
        else:
            found = await named_in(op, actor, draft.addresses, draft.source_id)
        if not found:
            raise InvalidInput(field="recipients", problem="nobody is found")
        total = worth.value * sum(one.member_id is not None for one in found)
        if not draft.is_draft:
            _check_approval(total, policy)
        send_id = await _insert(op, draft, worth, program["unit"], found)
        if not draft.is_draft and (draft.send_at is None or draft.send_at <= op.now):
            await deliver_in(op, send_id, limit=INLINE_MAX)
        return {"send_id": str(send_id)}

    return await door.operate_keyed(actor, "sendRewards", keyed, work)


async def schedule_send(
    door: Door, actor: Actor, keyed: Keyed, send_id: UUID, send_at: datetime | None, policy: SendPolicy
) -> Outcome:
    """A draft will leave at that instant, or leaves now. Who schedules somebody else's draft approves it.
    Facts: send_id.

    Refuses: NotFound; SendNotInState; SendNeedsApproval (its own author, above the vendor's bound).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        send = await _locked(op, actor, send_id)
        if send["state"] != SendState.DRAFT:
            raise SendNotInState(state=send["state"], action="scheduleSend")
        is_author = send["principal_id"] == actor.principal_id
        if is_author:
            _check_approval(send["value"] * send["recipients"], policy)
        at = send_at or send["send_at"] or op.now
        version: int = await sure_value(op.sql, SCHEDULE, send_id, at, None if is_author else actor.principal_id)
        _tell(op, send_id, send["program_id"], SendState.SCHEDULED, version)
        if at <= op.now:
            await deliver_in(op, send_id, limit=INLINE_MAX)
        return {"send_id": str(send_id)}

    return await door.operate_keyed(actor, "scheduleSend", keyed, work)


async def recall_send(
    door: Door, actor: Actor, keyed: Keyed, send_id: UUID, recipient_ids: Sequence[UUID] | None = None
) -> Outcome:
    """What nobody claimed yet is recalled, of these lines or of all; what was set aside for it is in the budget again.
    What was claimed stays. Facts: send_id, recalled (how many lines).

    Refuses: NotFound; SendNotInState (RECALLED before).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        send = await _locked(op, actor, send_id)
        if send["state"] == SendState.RECALLED:
            raise SendNotInState(state=send["state"], action="recallSend")
        wanted = None if recipient_ids is None else list(recipient_ids)
        lines = await op.sql.fetch(OPEN_LINES, send_id, wanted)
        ids = [line["id"] for line in lines]
        await put_back_in(op, ids)
        await op.sql.execute(RECALL_LINES, ids, op.now)
        for line in lines:
            op.tell(
                REWARD_MOVED.about(
                    line["id"],
                    member_id=line["member_id"],
                    partner_id=line["partner_id"],
                    send_id=str(send_id),
                    state="RECALLED",
                    reason=None,
                )
            )
        if wanted is None:
            await op.sql.execute(RECALL, send_id, op.now)
            _tell(op, send_id, send["program_id"], SendState.RECALLED, send["version"] + 1)
        return {"send_id": str(send_id), "recalled": len(ids)}

    return await door.operate_keyed(actor, "recallSend", keyed, work)


async def _insert(op: Operation, draft: SendDraft, worth: Worth, unit: str, found: Sequence[Found]) -> UUID:
    send_id = new_id()
    state = SendState.DRAFT if draft.is_draft else SendState.SCHEDULED
    await op.sql.execute(
        INSERT,
        send_id,
        draft.program_id,
        op.actor.principal_id,
        draft.content,
        draft.amount,
        draft.bundle_id,
        draft.is_gift,
        draft.needs_claim,
        dict(draft.message),
        state,
        unit,
        worth.value,
        worth.fair_value,
        worth.currency,
        len(found),
        draft.send_at or (None if draft.is_draft else op.now),
        draft.claim_days,
        op.now,
    )
    await op.sql.execute(
        INSERT_RECIPIENTS,
        new_ids(len(found)),
        send_id,
        [one.text for one in found],
        [one.member_id for one in found],
        [one.reason for one in found],
        op.now,
    )
    _tell(op, send_id, draft.program_id, state, 1)
    return send_id


async def _worth(op: Operation, draft: SendDraft, unit: str) -> Worth:
    if draft.amount is not None:
        return Worth(value=draft.amount, unit=unit)
    assert draft.bundle_id is not None, "what is no points is a bundle"
    bundles = await bundles_in(op, ids=[draft.bundle_id])
    if not bundles:
        raise NotFound(kind="bundle", id=str(draft.bundle_id))
    items = bundles[0].items
    if bundles[0].choose is not None and not draft.needs_claim:
        raise InvalidInput(field="needsClaim", problem="who chooses claims")
    prices = {row["id"]: row for row in await op.sql.fetch(PRICES, [item.denomination_id for item in items])}
    priced = [
        PricedItem(
            quantity=item.quantity,
            cost=prices[item.denomination_id]["cost"],
            fair_value=prices[item.denomination_id]["fair_value"],
            currency=prices[item.denomination_id]["currency"],
        )
        for item in items
    ]
    try:
        worth = worth_of(priced, bundles[0].choose)
    except MixedCurrencies as trouble:
        raise BudgetOfAnotherUnit(unit=unit, asked=str(trouble)) from trouble
    if worth.value and worth.unit != unit:
        raise BudgetOfAnotherUnit(unit=unit, asked=worth.unit or "")
    return worth


async def _locked(op: Operation, actor: Actor, send_id: UUID) -> Mapping[str, Any]:
    row = await op.sql.fetchrow(LOCK, *viewer_arguments([actor]), send_id)
    if row is None:
        raise NotFound(kind="send", id=str(send_id))
    return row


def _tell(op: Operation, send_id: UUID, program_id: UUID, state: SendState, version: int) -> None:
    op.tell(SEND_CHANGED.about(send_id, program_id=program_id, state=state.value, version=version))


def _check_approval(total: int, policy: SendPolicy) -> None:
    if policy.approval_above is not None and total > policy.approval_above:
        raise SendNeedsApproval(total=total, approval_above=policy.approval_above)


def _check(draft: SendDraft) -> None:
    if (draft.amount is None) == (draft.bundle_id is None):
        raise InvalidInput(field="content", problem="either points or a bundle")
    if draft.amount is not None and not 1 <= draft.amount <= AMOUNT_MAX:
        raise InvalidInput(field="amount", problem=f"1 to {AMOUNT_MAX}")
    if bool(draft.addresses) == (draft.filter is not None):
        raise InvalidInput(field="recipients", problem="either addresses or a filter")
    if not draft.message.get("en") or any(len(text) > MESSAGE_LENGTH_MAX for text in draft.message.values()):
        raise InvalidInput(
            field="message", problem=f"an English one is needed; at most {MESSAGE_LENGTH_MAX} characters"
        )
    if draft.claim_days is not None and not 1 <= draft.claim_days <= CLAIM_DAYS_MAX:
        raise InvalidInput(field="claimDays", problem=f"1 to {CLAIM_DAYS_MAX}")
    if draft.is_gift and not draft.needs_claim:
        raise InvalidInput(field="needsClaim", problem="a gift is accepted or declined")
    if draft.content is Content.POINTS and draft.is_gift:
        raise InvalidInput(field="isGift", problem="a gift is a thing, not points")
