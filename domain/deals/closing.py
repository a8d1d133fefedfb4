"""How registrations end: won (also inside the grace rule), corrected, lost, cancelled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.activities.activity import Amount, Basis
from domain.deals.machine import PROTECTED, DealAction, DealState
from domain.deals.moving import Deal, Move, change_in, locked_in, move_in, settle_in
from domain.deals.refusals import CustomerProtected, WinTooLate
from domain.deals.registration import AMOUNT_MAX, NOTE_LENGTH_MAX, OPPORTUNITY_LENGTH_MAX, text
from domain.deals.rewarding import report_won_in, take_back_registered_in, take_back_won_in
from domain.earning.evaluating import Knowledge
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput
from domain.kernel.turns import Turn

WITHDRAWN = "WITHDRAWN"
FELL_THROUGH = "FELL_THROUGH"

WIN = """
UPDATE deal SET won_at = $2, won_net = $3, won_list = $4, won_currency = $5, opportunity = coalesce($6, opportunity)
WHERE id = $1
"""


@dataclass(frozen=True, kw_only=True)
class Win:
    """When a deal was won, and what for, in minor units of one currency."""

    won_at: datetime
    net: int
    currency: str
    list_amount: int | None = None
    opportunity: str | None = None

    def __post_init__(self) -> None:
        for name, amount in (("net", self.net), ("list", self.list_amount or 0)):
            if not 0 <= amount <= AMOUNT_MAX:
                raise InvalidInput(field=name, problem=f"0 to {AMOUNT_MAX}")
        if self.opportunity is not None:
            text(self.opportunity, "opportunity", OPPORTUNITY_LENGTH_MAX)

    def amounts(self) -> dict[Basis, Amount]:
        found = {Basis.NET: Amount(minor=self.net, unit=self.currency)}
        if self.list_amount is not None:
            found[Basis.LIST] = Amount(minor=self.list_amount, unit=self.currency)
        return found


async def win_deal(door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, deal_id: UUID, win: Win) -> Outcome:
    """The deal is WON, and earns by the terms of the instant it was won. It counts from its submission to the end of
    its protection, and for the policy's grace days after it, unless somebody else has the customer. Facts: deal_id.

    Refuses: NotFound; DealActionNotAvailable; WinTooLate; CustomerProtected; InvalidInput; OccursInFuture.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        found = await locked_in(op, actor, deal_id, DealAction.WIN)
        deal = found.deal
        in_grace = _is_in_grace(deal, win, op.now)
        if in_grace and found.rivals:
            raise CustomerProtected(deal_id=str(deal_id))
        await _win_in(op, deal_id, win)
        deal = _told(deal, win)
        # The end of its protection stays known: a correction asks for it.
        await move_in(op, [Move(deal=deal, to=DealState.WON, turn=Turn(due_at=deal.turn.due_by(op.now)))])
        await report_won_in(op, knowledge, deal, win.won_at, win.amounts(), in_grace=in_grace)
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "winDeal", keyed, work)


async def correct_win(door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, deal_id: UUID, win: Win) -> Outcome:
    """The won deal reads so, and what it earned follows. Facts: deal_id.

    Refuses: NotFound; DealActionNotAvailable; WinTooLate; InvalidInput; OccursInFuture.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        deal = (await locked_in(op, actor, deal_id, DealAction.CORRECT_WIN)).deal
        in_grace = _is_in_grace(deal, win, op.now)
        await _win_in(op, deal_id, win)
        deal = _told(deal, win)
        await change_in(op, deal, "WIN_CORRECTED", deal.turn)
        await report_won_in(op, knowledge, deal, win.won_at, win.amounts(), in_grace=in_grace, correcting=True)
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "correctDealWin", keyed, work)


async def lose_deal(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, deal_id: UUID, note: str | None = None
) -> Outcome:
    """The deal is LOST. What was won fell through: what it earned is taken back. Facts: deal_id.

    Refuses: NotFound; DealActionNotAvailable; InvalidInput.
    """
    said = None if note is None else text(note, "note", NOTE_LENGTH_MAX)

    async def work(op: Operation) -> Mapping[str, Any]:
        deal = (await locked_in(op, actor, deal_id, DealAction.LOSE)).deal
        was_won = deal.state is DealState.WON
        reason = FELL_THROUGH if was_won else None
        await move_in(op, [Move(deal=deal, to=DealState.LOST, reason=reason, note=said)])
        if was_won:
            await take_back_won_in(op, knowledge, deal, FELL_THROUGH)
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "loseDeal", keyed, work)


async def cancel_deal(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, deal_id: UUID, note: str | None = None
) -> Outcome:
    """The registration is CANCELLED and its customer free; what its approval earned is taken back. Facts: deal_id.

    Refuses: NotFound; DealActionNotAvailable; InvalidInput.
    """
    said = None if note is None else text(note, "note", NOTE_LENGTH_MAX)

    async def work(op: Operation) -> Mapping[str, Any]:
        deal = (await locked_in(op, actor, deal_id, DealAction.CANCEL)).deal
        await settle_in(op, [deal], "DISMISSED")
        await move_in(op, [Move(deal=deal, to=DealState.CANCELLED, reason=WITHDRAWN, note=said)])
        if deal.state in PROTECTED:
            await take_back_registered_in(op, knowledge, deal, WITHDRAWN)
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "cancelDeal", keyed, work)


def _is_in_grace(deal: Deal, win: Win, now: datetime) -> bool:
    """True where the deal was won after its protection, but inside the grace. Refuses: WinTooLate."""
    until = deal.turn.due_by(now)
    assert deal.submitted_at is not None, "what can be won was submitted"
    assert until is not None, "what can be won was protected"
    grace_until = until + timedelta(days=deal.binding.grace_days)
    if not deal.submitted_at <= win.won_at < grace_until:
        raise WinTooLate(deal_id=str(deal.id), grace_until=grace_until)
    return win.won_at >= until


async def _win_in(op: Operation, deal_id: UUID, win: Win) -> None:
    await op.sql.execute(WIN, deal_id, win.won_at, win.net, win.list_amount, win.currency, win.opportunity)


def _told(deal: Deal, win: Win) -> Deal:
    return replace(deal, opportunity=win.opportunity or deal.opportunity)
