"""What a bank says of exported payouts: paid, under its reference, or returned with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound, Refusal
from domain.ledger.paying import pay_each_in, return_each_in, withdraw_each_in
from domain.payouts.machine import PayoutOutcome, PayoutState
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

REFERENCE_LENGTH_MAX = 64
REASON_LENGTH_MAX = 500


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the bank says of one payout."""

    payout_id: UUID
    outcome: PayoutOutcome
    bank_reference: str | None = None
    reason: str | None = None


async def settle_payouts(door: Door, actor: Actor, keyed: Keyed, said: Sequence[Said]) -> Outcome:
    """Each of at most 1,000 payouts stands as the bank says: PAID, or RETURNED, its money in the same lots again. What
    the bank says twice changes nothing; the result of what cannot be says why (NotFound, PayoutActionNotAvailable,
    InvalidInput). Facts: results, in the order given.

    Refuses: InvalidInput.
    """
    check_batch([one.payout_id for one in said])

    async def work(op: Operation) -> Mapping[str, Any]:
        found = await lock_payouts_in(op, [one.payout_id for one in said])
        results, moves = list[Result](), list[Move]()
        for one in said:
            payout = found.get(one.payout_id)
            refusal = _unfit(payout, one)
            results.append(Result(payout_id=one.payout_id, refusal=refusal))
            if refusal is None and payout is not None and not _is_known(payout, one):
                to = PayoutState(one.outcome.value)
                moves.append(Move(payout=payout, to=to, reason=one.reason, bank_reference=one.bank_reference))
        await move_in(op, moves)
        paid = [move.payout.payment_id for move in moves if move.to is PayoutState.PAID]
        refused = [move for move in moves if move.to is PayoutState.RETURNED]
        await pay_each_in(op, paid)
        await withdraw_each_in(
            op, [one.payout.payment_id for one in refused if one.payout.state is not PayoutState.PAID]
        )
        await return_each_in(op, [one.payout.payment_id for one in refused if one.payout.state is PayoutState.PAID])
        return {"results": results_stored(results)}

    return await door.operate_keyed(actor, "settlePayouts", keyed, work)


def _unfit(payout: Payout | None, said: Said) -> Refusal | None:
    if payout is None:
        return NotFound(kind="payout", id=str(said.payout_id))
    if said.outcome is PayoutOutcome.PAID and not 1 <= len(said.bank_reference or "") <= REFERENCE_LENGTH_MAX:
        return InvalidInput(field="bankReference", problem=f"1 to {REFERENCE_LENGTH_MAX} characters of what was paid")
    if said.outcome is PayoutOutcome.RETURNED and not 1 <= len(said.reason or "") <= REASON_LENGTH_MAX:
        return InvalidInput(field="reason", problem=f"1 to {REASON_LENGTH_MAX} characters of what came back")
    if len(said.bank_reference or "") > REFERENCE_LENGTH_MAX:
        return InvalidInput(field="bankReference", problem=f"1 to {REFERENCE_LENGTH_MAX} characters")
    if _is_known(payout, said) or payout.state is PayoutState.EXPORTED:
        return None
    if payout.state is PayoutState.PAID and said.outcome is PayoutOutcome.RETURNED:
        return None
    return not_available(payout, said.outcome.value)


def _is_known(payout: Payout, said: Said) -> bool:
    if payout.state.value != said.outcome.value:
        return False
    return said.outcome is PayoutOutcome.RETURNED or payout.bank_reference == said.bank_reference
