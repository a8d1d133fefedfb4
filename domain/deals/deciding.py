"""The vendor decides on registrations, while the partner's clock stands still."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.access import audit
from domain.access.principals import Actor
from domain.deals.machine import PROTECTED, DealAction, DealState
from domain.deals.moving import Deal, Locked, Move, locked_in, move_in, settle_in
from domain.deals.refusals import CustomerProtected
from domain.deals.registration import NOTE_LENGTH_MAX, text
from domain.deals.rewarding import report_registered_in, take_back_registered_in
from domain.earning.evaluating import Knowledge
from domain.kernel.keys import Keyed
from domain.kernel.money import Amount
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput
from domain.kernel.turns import Turn
from domain.partners.customers.holding import NewHold, hold_customers_in, hold_until_in, holds_on

REASON_LENGTH_MAX = 32
DISPLACED = "DISPUTE_LOST"

APPROVE = "UPDATE deal SET approved_at = $2 WHERE id = $1 RETURNING value, currency"


class Decision(StrEnum):
    """What the vendor decides."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    RETURN = "RETURN"


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A decision with its reason, a code (needed to reject), and a note to the partner (needed to return).

    `displaces`: who has the customer now loses it to this registration.
    """

    decision: Decision
    reason: str | None = None
    note: str | None = None
    displaces: bool = False

    def __post_init__(self) -> None:
        if self.decision is Decision.REJECT or self.reason is not None:
            text(self.reason or "", "reason", REASON_LENGTH_MAX)
        if self.decision is Decision.RETURN or self.note is not None:
            text(self.note or "", "note", NOTE_LENGTH_MAX)
        if self.displaces and self.decision is not Decision.APPROVE:
            raise InvalidInput(field="displaceHolder", problem="goes with APPROVE")


async def review_deal(door: Door, actor: Actor, keyed: Keyed, deal_id: UUID) -> Outcome:
    """Somebody looks at it: IN_REVIEW. Facts: deal_id. Refuses: NotFound; DealActionNotAvailable."""

    async def work(op: Operation) -> Mapping[str, Any]:
        deal = (await locked_in(op, actor, deal_id, DealAction.REVIEW)).deal
        await move_in(op, [Move(deal=deal, to=DealState.IN_REVIEW, turn=deal.turn)])
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "reviewDeal", keyed, work)


async def decide_deal(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, deal_id: UUID, decided: Decided
) -> Outcome:
    """Approved, its partner is protected for the days of its policy, from now; rejected, with its reason; or returned,
    and the partner has the policy's days to answer. Every conflict of it is settled by that. Facts: deal_id.

    Refuses: NotFound; DealActionNotAvailable; CustomerProtected; InvalidInput.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        found = await locked_in(op, actor, deal_id, DealAction(decided.decision.value))
        match decided.decision:
            case Decision.APPROVE:
                await _approve_in(op, knowledge, found, decided)
            case Decision.REJECT:
                await settle_in(op, [found.deal], "DISMISSED")
                move = Move(deal=found.deal, to=DealState.REJECTED, reason=decided.reason, note=decided.note)
                await move_in(op, [move])
            case Decision.RETURN:
                turn = Turn(due_at=op.now + timedelta(days=found.deal.binding.answer_days))
                await move_in(op, [Move(deal=found.deal, to=DealState.RETURNED, turn=turn, note=decided.note)])
        await audit.record_in(
            op,
            f"deal.{decided.decision.value.lower()}",
            "deal",
            deal_id,
            reason=decided.reason,
            displaced=[str(rival.id) for rival in found.rivals] if decided.displaces else [],
        )
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "decideDeal", keyed, work)


async def _approve_in(op: Operation, knowledge: Knowledge, found: Locked, decided: Decided) -> None:
    deal = found.deal
    if found.rivals and not decided.displaces:
        raise CustomerProtected(deal_id=str(deal.id))
    await _displace_in(op, knowledge, found.rivals)
    await settle_in(op, [deal], "UPHELD")
    await _hold_in(op, deal)
    row = await op.sql.fetchrow(APPROVE, deal.id, op.now)
    assert row is not None, "a locked registration exists"
    turn = Turn(due_at=op.now + timedelta(days=deal.binding.protection_days))
    await move_in(op, [Move(deal=deal, to=DealState.APPROVED, turn=turn, reason=decided.reason, note=decided.note)])
    value = None if row["value"] is None else Amount(minor=row["value"], unit=row["currency"])
    await report_registered_in(op, knowledge, replace(deal, approved_at=op.now), value)


async def _displace_in(op: Operation, knowledge: Knowledge, rivals: tuple[Deal, ...]) -> None:
    """Who had the customer has it no longer, and keeps nothing that the registration alone earned."""
    await settle_in(op, rivals, "DISMISSED")
    await move_in(op, [Move(deal=rival, to=DealState.CANCELLED, reason=DISPLACED) for rival in rivals])
    for rival in rivals:
        if rival.state in PROTECTED:
            await take_back_registered_in(op, knowledge, rival, DISPLACED)


async def _hold_in(op: Operation, deal: Deal) -> None:
    """The partner has the customer, also where it was rejected before and disputed that."""
    assert deal.customer_id is not None, "what was submitted has its customer"
    held = (await holds_on(op.sql, [deal.customer_id])).get(deal.customer_id, ())
    if not any(hold.reference_id == deal.id for hold in held):
        hold = NewHold(
            customer_id=deal.customer_id,
            reference_id=deal.id,
            partner_id=deal.partner_id,
            member_id=deal.member_id,
            products=deal.products,
        )
        await hold_customers_in(op, [hold])
    else:
        await hold_until_in(op, {deal.id: None})
