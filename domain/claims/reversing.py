"""An approved line is taken back: what it earned is reversed by the ledger, as a debt where it is spent."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.claims.claim import Claim, Line, ReversalReason, check_note
from domain.claims.machine import ClaimAction, ClaimLineState, state_after
from domain.claims.moving import Move, move_in
from domain.claims.reporting import WORKFLOW, reversal_of
from domain.claims.reviewing import claim_for_vendor_in
from domain.claims.storing import decide_lines_in
from domain.earning.evaluating import Knowledge
from domain.earning.reporting import report_in
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotFound


async def reverse_claim(
    door: Door,
    knowledge: Knowledge,
    actor: Actor,
    keyed: Keyed,
    claim_id: UUID,
    *,
    line_ids: Collection[UUID] | None,
    reason: ReversalReason,
    note: str | None = None,
) -> Outcome:
    """The named approved lines (all, if none are named) count no longer: their sale was refunded, or never should have
    been paid. Facts: claim_id.

    Refuses: NotFound (claim, approved line); ClaimNotInState; InvalidInput (note).
    """
    check_note(note)

    async def work(op: Operation) -> Mapping[str, Any]:
        claim = await claim_for_vendor_in(op, actor, claim_id, ClaimAction.REVERSE)
        approved = {line.id: line for line in claim.lines if line.state is ClaimLineState.APPROVED}
        for line_id in line_ids or ():
            if line_id not in approved:
                raise NotFound(kind="claim line", id=str(line_id))
        taken = [line for line_id, line in approved.items() if line_ids is None or line_id in line_ids]
        await take_back_in(op, knowledge, taken, reason)
        states = [ClaimLineState.REVERSED if line in taken else line.state for line in claim.lines]
        state = state_after(claim.state, states)
        await move_in(op, actor, [Move(claim=claim, state=state, action=ClaimAction.REVERSE, note=note)])
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "reverseClaim", keyed, work)


async def take_back_in(op: Operation, knowledge: Knowledge, lines: Sequence[Line], reason: ReversalReason) -> None:
    """The approved lines are reversed, and so is what they earned; their claims were locked before."""
    if not lines:
        return
    await report_in(op, knowledge, WORKFLOW, [reversal_of(line, reason.value) for line in lines])
    await decide_lines_in(op, [(line.id, ClaimLineState.REVERSED, reason.value, None) for line in lines])


async def lose_lines_in(
    op: Operation, knowledge: Knowledge, actor: Actor, claims: Mapping[UUID, Collection[Line]], known: Collection[Claim]
) -> None:
    """These lines of these claims (all locked) are lost to another claim: open ones are rejected, approved ones
    reversed."""
    lost = {line.id: line for lines in claims.values() for line in lines if line.stands}
    approved = [line for line in lost.values() if line.state is ClaimLineState.APPROVED]
    await take_back_in(op, knowledge, approved, ReversalReason.CLAIMED_BEFORE)
    rejected = [line for line in lost.values() if line.state is ClaimLineState.OPEN]
    reason = ReversalReason.CLAIMED_BEFORE.value
    await decide_lines_in(op, [(line.id, ClaimLineState.REJECTED, reason, None) for line in rejected])
    ends = {ClaimLineState.APPROVED: ClaimLineState.REVERSED, ClaimLineState.OPEN: ClaimLineState.REJECTED}
    moves = [
        Move(
            claim=claim,
            state=state_after(
                claim.state, [ends[line.state] if line.id in lost else line.state for line in claim.lines]
            ),
            action=ClaimAction.DECIDE,
        )
        for claim in known
        if any(line.id in lost for line in claim.lines)
    ]
    await move_in(op, actor, moves)
