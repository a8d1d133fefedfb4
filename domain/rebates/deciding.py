"""People decide on periods in review: the partner accepts or disputes, the vendor answers, approves, or reopens."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.earning.accruing import AccrualKey, accrued_of
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import sure_value
from domain.ledger.opening import open_wallets_in
from domain.ledger.wallets import Owner, OwnerKind
from domain.payouts.deciding import cancel_in
from domain.payouts.drafting import Wish, draft_in
from domain.payouts.machine import UNDER_WAY
from domain.payouts.moving import lock_payouts_in
from domain.rebates.machine import RebateAction, RebateState
from domain.rebates.moving import Move, Period, lock_periods_in, locked_in, move_in, tell_change_in

NOTE_LENGTH_MAX = 2_000
REASON_LENGTH_MAX = 500
PERIODS_MAX = 1_000
ORIGIN = "rebate_period"

ACCEPT = "UPDATE rebate_period SET accepted_at = $2, version = version + 1 WHERE id = $1"
DISPUTE = "UPDATE rebate_period SET disputed_at = $2, dispute = $3, answer = NULL, version = version + 1 WHERE id = $1"
ANSWER = "UPDATE rebate_period SET answer = $2 WHERE id = $1"
DISMISS = "UPDATE rebate_period SET disputed_at = NULL, version = version + 1 WHERE id = $1"
PAYING = "UPDATE rebate_period SET payout_id = $2 WHERE id = $1"
# The periods that are paid, or to be paid, out of the same program to the same partner.
PAYABLE = """
SELECT rule, starts_at FROM rebate_period
WHERE program_id = $1 AND partner_id = $2 AND (id = $3 OR state IN ('APPROVED', 'PAID'))
ORDER BY starts_at DESC LIMIT $4
"""
PAID_OUT = """
SELECT coalesce(sum(payout.amount), 0)::bigint FROM rebate_period AS period
JOIN payout ON payout.origin_kind = 'rebate_period' AND payout.origin_id = period.id
WHERE period.program_id = $1 AND period.partner_id = $2 AND payout.state NOT IN ('CANCELLED', 'RETURNED')
"""
UNIT = "SELECT unit FROM program WHERE id = $1"


async def accept_rebate(door: Door, actor: Actor, keyed: Keyed, period_id: UUID) -> Outcome:
    """The partner agrees with the final figures: nobody waits for the end of the time to dispute. Facts: period_id.

    Refuses: NotFound; RebateActionNotAvailable.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        period = await locked_in(op, actor, period_id, RebateAction.ACCEPT)
        await op.sql.execute(ACCEPT, period_id, op.now)
        tell_change_in(op, period, "ACCEPTED")
        return {"period_id": str(period_id)}

    return await door.operate_keyed(actor, "acceptRebate", keyed, work)


async def dispute_rebate(door: Door, actor: Actor, keyed: Keyed, period_id: UUID, note: str) -> Outcome:
    """The partner says what is wrong with the final figures; nothing is paid before the vendor has answered. Facts:
    period_id.

    Refuses: NotFound; RebateActionNotAvailable (also: the time for it is over); InvalidInput.
    """
    _said(note, "note", NOTE_LENGTH_MAX)

    async def work(op: Operation) -> Mapping[str, Any]:
        period = await locked_in(op, actor, period_id, RebateAction.DISPUTE)
        await op.sql.execute(DISPUTE, period_id, op.now, note)
        tell_change_in(op, period, "DISPUTED")
        return {"period_id": str(period_id)}

    return await door.operate_keyed(actor, "disputeRebate", keyed, work)


async def answer_rebate_dispute(
    door: Door, actor: Actor, keyed: Keyed, period_id: UUID, *, upheld: bool, answer: str
) -> Outcome:
    """Upheld, the period is REOPENED and calculated again; dismissed, the figures stand. Facts: period_id.

    Refuses: NotFound; RebateActionNotAvailable; InvalidInput.
    """
    _said(answer, "answer", NOTE_LENGTH_MAX)

    async def work(op: Operation) -> Mapping[str, Any]:
        period = await locked_in(op, actor, period_id, RebateAction.ANSWER_DISPUTE)
        await op.sql.execute(ANSWER, period_id, answer)
        if upheld:
            await move_in(op, [Move(period=period, to=RebateState.REOPENED, reason="DISPUTE_UPHELD")])
        else:
            await op.sql.execute(DISMISS, period_id)
            tell_change_in(op, period, "DISPUTE_DISMISSED")
        return {"period_id": str(period_id)}

    return await door.operate_keyed(actor, "answerRebateDispute", keyed, work)


async def approve_rebate(door: Door, actor: Actor, keyed: Keyed, period_id: UUID) -> Outcome:
    """The period is APPROVED, and a draft pays what is outstanding of it and of earlier ones, as far as the wallet has
    it: what came late since is paid with it, what was taken back is not. PAID at once where nothing is outstanding;
    what is not available yet is approved again once it is. Facts: period_id, payout_id.

    Refuses: NotFound; RebateActionNotAvailable.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        period = await locked_in(op, actor, period_id, RebateAction.APPROVE)
        if period.state is not RebateState.APPROVED:
            await move_in(op, [Move(period=period, to=RebateState.APPROVED, amount=period.final_granted)])
        outstanding = await _outstanding(op, period)
        payout_id = await _draft_in(op, period, outstanding)
        if payout_id is None and outstanding <= 0:
            standing = (await lock_periods_in(op, [period_id]))[period_id]
            await move_in(op, [Move(period=standing, to=RebateState.PAID, reason="NOTHING_OUTSTANDING", amount=0)])
        return {"period_id": str(period_id), "payout_id": str(payout_id) if payout_id else None}

    return await door.operate_keyed(actor, "approveRebate", keyed, work)


async def reopen_rebate(door: Door, actor: Actor, keyed: Keyed, period_id: UUID, reason: str) -> Outcome:
    """The period is to be calculated and reviewed again; its payout is cancelled, unless the bank has it. What was paid
    stays paid: the next approval pays the difference. Facts: period_id.

    Refuses: NotFound; RebateActionNotAvailable; PayoutActionNotAvailable (its payout was exported); InvalidInput.
    """
    _said(reason, "reason", REASON_LENGTH_MAX)

    async def work(op: Operation) -> Mapping[str, Any]:
        period = await locked_in(op, actor, period_id, RebateAction.REOPEN)
        await move_in(op, [Move(period=period, to=RebateState.REOPENED, reason=reason)])
        if period.payout_id is not None:
            payout = (await lock_payouts_in(op, [period.payout_id]))[period.payout_id]
            await cancel_in(op, [payout] if payout.state in UNDER_WAY else [], "the period was reopened")
        return {"period_id": str(period_id)}

    return await door.operate_keyed(actor, "reopenRebate", keyed, work)


async def _draft_in(op: Operation, period: Period, outstanding: int) -> UUID | None:
    unit = await sure_value(op.sql, UNIT, period.program_id)
    owner = Owner(kind=OwnerKind.PARTNER, id=period.partner_id, unit=unit)
    wallet = (await open_wallets_in(op, [owner], budget_ids=()))[owner]
    amount = min(outstanding, wallet.available)
    if amount <= 0:
        return None
    (payout,) = await draft_in(op, [Wish(wallet=wallet, amount=amount, origin_kind=ORIGIN, origin_id=period.id)])
    await op.sql.execute(PAYING, period.id, payout.id)
    return payout.id


async def _outstanding(op: Operation, period: Period) -> int:
    rows = await op.sql.fetch(PAYABLE, period.program_id, period.partner_id, period.id, PERIODS_MAX)
    keys = [
        AccrualKey(
            program_id=period.program_id,
            rule=row["rule"],
            subject_id=period.partner_id,
            period_start=row["starts_at"],
        )
        for row in rows
    ]
    accrued = await accrued_of(op.sql, keys)
    paid = await sure_value(op.sql, PAID_OUT, period.program_id, period.partner_id)
    return sum(found.granted for found in accrued.values()) - paid


def _said(text: str, field: str, length_max: int) -> None:
    if not 1 <= len(text) <= length_max:
        raise InvalidInput(field=field, problem=f"1 to {length_max} characters")
