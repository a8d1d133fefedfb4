"""More time for money that would be lost: a partner asks, the clock stands still, the vendor answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.funds.events import EXTENSION_ANSWERED, EXTENSION_REQUESTED
from domain.funds.fund import Allocation, Fund, check_text, next_reminder
from domain.funds.moving import write_steps_in
from domain.funds.refusals import FundExtensionNotOpen, FundTimeOver
from domain.funds.sighting import check_own, check_reaches_in
from domain.funds.storing import locked_allocations_in, sure_fund
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound

ASK = """
UPDATE fund_allocation SET extension_state = 'ASKED', extension_until = $2, with_vendor_since = $3,
       version = version + 1 WHERE id = $1
"""
ANSWER = """
UPDATE fund_allocation SET extension_state = $2::text, with_vendor_since = NULL, use_by = $3, remind_at = $4,
       reminded_days = CASE WHEN $2::text = 'GRANTED' THEN NULL ELSE reminded_days END, version = version + 1
WHERE id = $1 RETURNING use_by
"""
GIVE_TIME = "UPDATE fund_allocation SET use_by = $2, remind_at = $3 WHERE id = $1 AND use_by < $2"
REMINDED = "SELECT reminded_days FROM fund_allocation WHERE id = $1 FOR NO KEY UPDATE"


async def request_extension(
    door: Door, actor: Actor, keyed: Keyed, allocation_id: UUID, *, until: datetime, reason: str
) -> Outcome:
    """The vendor is asked for time until then, at the latest when the fund ends; the clock of the allocation stands
    still until they answer. Facts: allocation_id.

    Refuses: NotFound; InvalidInput; FundExtensionNotOpen (one waits already); FundTimeOver.
    """
    check_text(reason, "reason")

    async def work(op: Operation) -> Mapping[str, Any]:
        allocation = (await locked_allocations_in(op, [allocation_id])).get(allocation_id)
        check_own(actor, allocation.partner_id if allocation else None, "fund allocation", allocation_id)
        assert allocation is not None, "an unknown allocation is nobody's own"
        if allocation.with_vendor_since is not None:
            raise FundExtensionNotOpen(fund_allocation_id=str(allocation_id), state="ASKED")
        if allocation.use_by <= op.now:
            raise FundTimeOver(use_by=allocation.use_by.isoformat())
        fund = await sure_fund(op.sql, allocation.fund_id)
        if not allocation.use_by < until <= fund.ends_at:
            raise InvalidInput(field="until", problem=f"later than now, at the latest {fund.ends_at.isoformat()}")
        await op.sql.execute(ASK, allocation_id, until, op.now)
        await _step_in(op, actor, allocation, "REQUEST_EXTENSION", "ASKED", reason)
        op.tell(EXTENSION_REQUESTED.about(allocation_id, partner_id=allocation.partner_id, until=until.isoformat()))
        return {"allocation_id": str(allocation_id)}

    return await door.operate_keyed(actor, "requestFundExtension", keyed, work)


async def answer_extension(
    door: Door, actor: Actor, keyed: Keyed, allocation_id: UUID, *, is_granted: bool, note: str | None = None
) -> Outcome:
    """Granted: the money is to be used by then, and reminders begin anew. Refused: the partner has as much time left
    as when they asked. Facts: allocation_id.

    Refuses: NotFound; FundExtensionNotOpen; InvalidInput (note).
    """
    if note is not None:
        check_text(note, "note")

    async def work(op: Operation) -> Mapping[str, Any]:
        allocation = (await locked_allocations_in(op, [allocation_id])).get(allocation_id)
        if allocation is None:
            raise NotFound(kind="fund allocation", id=str(allocation_id))
        await check_reaches_in(op, actor, allocation.partner_id, "fund allocation", allocation_id)
        row = await op.sql.fetchrow(
            "SELECT extension_state, extension_until, reminded_days FROM fund_allocation WHERE id = $1", allocation_id
        )
        assert row is not None, "it is locked"
        if row["extension_state"] != "ASKED":
            raise FundExtensionNotOpen(fund_allocation_id=str(allocation_id), state=row["extension_state"])
        fund = await sure_fund(op.sql, allocation.fund_id)
        left = allocation.turn.due_by(op.now)
        assert left is not None, "an allocation has a date"
        use_by, state = (max(row["extension_until"], left), "GRANTED") if is_granted else (left, "REFUSED")
        remind_at = next_reminder(use_by, fund.reminder_days, None if is_granted else row["reminded_days"])
        await op.sql.execute(ANSWER, allocation_id, state, use_by, remind_at)
        await _step_in(op, actor, allocation, "ANSWER_EXTENSION", state, note)
        op.tell(
            EXTENSION_ANSWERED.about(
                allocation_id, partner_id=allocation.partner_id, is_granted=is_granted, use_by=use_by.isoformat()
            )
        )
        return {"allocation_id": str(allocation_id)}

    return await door.operate_keyed(actor, "answerFundExtension", keyed, work)


async def give_time_in(op: Operation, fund: Fund, allocation_id: UUID, until: datetime | None) -> None:
    """What the vendor freed may be used until then, if that is later than before: the partner has as much time left as
    when the vendor got the request. A threshold that was told is not told again."""
    if until is not None:
        told = await op.sql.fetchval(REMINDED, allocation_id)
        await op.sql.execute(GIVE_TIME, allocation_id, until, next_reminder(until, fund.reminder_days, told))


async def _step_in(
    op: Operation, actor: Actor, allocation: Allocation, action: str, state: str, note: str | None
) -> None:
    await write_steps_in(op, actor, [(allocation.id, allocation.version + 1, action, state)], note)
