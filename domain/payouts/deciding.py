"""Somebody decides on drafts: approved, by a second person where the amount asks for one, or cancelled."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound, Refusal
from domain.ledger.paying import withdraw_each_in
from domain.payouts.machine import OPEN_TO, PayoutAction, PayoutState, needs_another
from domain.payouts.moving import (
    Move,
    Payout,
    Result,
    check_batch,
    lock_payouts_in,
    move_in,
    not_available,
    results_stored,
)
from domain.payouts.refusals import SecondPersonNeeded

REASON_LENGTH_MAX = 500


async def approve_payouts(
    door: Door, actor: Actor, keyed: Keyed, payout_ids: Sequence[UUID], *, second_person_above: int | None = None
) -> Outcome:
    """Each of at most 1,000 drafts that may be is APPROVED; the result of any other says why not (NotFound,
    PayoutActionNotAvailable, SecondPersonNeeded). Facts: results, in the order given.

    Refuses: InvalidInput.
    """
    check_batch(payout_ids)

    async def work(op: Operation) -> Mapping[str, Any]:
        found = await lock_payouts_in(op, payout_ids)
        results, moves = list[Result](), list[Move]()
        for payout_id in payout_ids:
            refusal = _unfit(found.get(payout_id), payout_id, PayoutAction.APPROVE)
            payout = found.get(payout_id)
            if refusal is None and payout is not None:
                if payout.created_by == actor.principal_id and needs_another(payout.amount, second_person_above):
                    refusal = SecondPersonNeeded(payout_id=str(payout_id))
                else:
                    moves.append(Move(payout=payout, to=PayoutState.APPROVED))
            results.append(Result(payout_id=payout_id, refusal=refusal))
        await move_in(op, moves)
        return {"results": results_stored(results)}

    return await door.operate_keyed(actor, "approvePayouts", keyed, work)


async def cancel_payouts(door: Door, actor: Actor, keyed: Keyed, payout_ids: Sequence[UUID], *, reason: str) -> Outcome:
    """Each of at most 1,000 payouts that was not exported is CANCELLED, and its money its owner's again; the result of
    any other says why not (NotFound, PayoutActionNotAvailable). Facts: results, in the order given.

    Refuses: InvalidInput.
    """
    check_batch(payout_ids)
    if not 1 <= len(reason) <= REASON_LENGTH_MAX:
        raise InvalidInput(field="reason", problem=f"1 to {REASON_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        found = await lock_payouts_in(op, payout_ids)
        results = [
            Result(payout_id=payout_id, refusal=_unfit(found.get(payout_id), payout_id, PayoutAction.CANCEL))
            for payout_id in payout_ids
        ]
        await cancel_in(op, [found[one.payout_id] for one in results if one.refusal is None], reason)
        return {"results": results_stored(results)}

    return await door.operate_keyed(actor, "cancelPayouts", keyed, work)


async def cancel_in(op: Operation, payouts: Sequence[Payout], reason: str) -> None:
    """The payouts, which this operation locked, are CANCELLED, and their money is available again.

    Refuses: PayoutActionNotAvailable (it was exported).
    """
    await move_in(op, [Move(payout=payout, to=PayoutState.CANCELLED, reason=reason) for payout in payouts])
    await withdraw_each_in(op, [payout.payment_id for payout in payouts])


def _unfit(payout: Payout | None, payout_id: UUID, action: PayoutAction) -> Refusal | None:
    if payout is None:
        return NotFound(kind="payout", id=str(payout_id))
    return None if payout.state in OPEN_TO[action] else not_available(payout, action.value)
