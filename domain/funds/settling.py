"""The vendor decides claims invoice by invoice, finance pays what was approved, and takes back what came back."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.earning.evaluating import Knowledge
from domain.earning.reporting import report_in
from domain.funds.claiming import (
    check_possible,
    claim_movement,
    claim_with_request_in,
    end_lines_in,
    give_back_in,
)
from domain.funds.fund import REFERENCE_LENGTH_MAX, Claim, LineRejection, LineState, Request, check_text
from domain.funds.journal import Bucket, MovementKind, post_in
from domain.funds.machine import ClaimAction, ClaimState, RequestState
from domain.funds.moving import ClaimMove, hold_request_in, move_claim_in
from domain.funds.reporting import WORKFLOW, activity_of, reversal_of
from domain.funds.sighting import check_reaches_in
from domain.funds.storing import sure_fund
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotFound
from domain.kernel.turns import Turn
from domain.kernel.units import UnitKind

DECIDE_LINES = """
UPDATE fund_claim_line AS line SET state = said.state, reason = said.reason
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS said (id, state, reason) WHERE line.id = said.id
"""
PAID = "UPDATE fund_claim SET bank_reference = $2, activity_id = $3, paid_at = $4, state = $5 WHERE id = $1"
UNIT = "SELECT kind FROM unit WHERE code = $1"


async def ask_about_claim(door: Door, actor: Actor, keyed: Keyed, claim_id: UUID, question: str) -> Outcome:
    """The partner is asked, and has the fund's days for answering; then the claim is rejected. Facts:
    claim_id. Refuses: NotFound; FundClaimNotInState; InvalidInput (question).
    """
    check_text(question, "question")

    async def work(op: Operation) -> Mapping[str, Any]:
        action = ClaimAction.REQUEST_INFORMATION
        request, claim = await claim_for_vendor_in(op, actor, claim_id, action)
        fund = await sure_fund(op.sql, request.fund_id)
        turn = Turn(due_at=op.now + timedelta(days=fund.answer_days))
        state = ClaimState.INFO_REQUESTED
        await move_claim_in(op, actor, ClaimMove(claim=claim, state=state, action=action, note=question, turn=turn))
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "requestFundClaimInformation", keyed, work)


async def decide_claim(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    claim_id: UUID,
    *,
    rejected: Mapping[UUID, LineRejection],
    note: str | None = None,
) -> Outcome:
    """Every line is approved but those that are rejected here, and those without proof, which are rejected for that;
    what is not approved may be claimed again. Facts: claim_id.

    Refuses: NotFound (claim, line); FundClaimNotInState; InvalidInput (note).
    """
    if note is not None:
        check_text(note, "note")

    async def work(op: Operation) -> Mapping[str, Any]:
        request, claim = await claim_for_vendor_in(op, actor, claim_id, ClaimAction.DECIDE)
        for line_id in rejected.keys() - {line.id for line in claim.lines}:
            raise NotFound(kind="fund claim line", id=str(line_id))
        await decide_in(op, actor, request, claim, rejected, note)
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "decideFundClaim", keyed, work)


async def pay_claim(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, claim_id: UUID, bank_reference: str
) -> Outcome:
    """What was approved of the claim was paid outside, under this reference: PAID, or PARTIALLY_PAID where a part of
    the claim was not approved. It is an activity that rules may reward. Facts: claim_id.

    Refuses: NotFound; FundClaimNotInState; InvalidInput (reference); UnitIsFull.
    """
    check_text(bank_reference, "bankReference", REFERENCE_LENGTH_MAX)

    async def work(op: Operation) -> Mapping[str, Any]:
        request, claim = await claim_for_vendor_in(op, actor, claim_id, ClaimAction.PAY)
        fund = await sure_fund(op.sql, request.fund_id)
        paid = claim_movement(
            claim, fund.id, MovementKind.PAID, claim.approved, source=Bucket.CLAIMED, target=Bucket.PAID
        )
        await post_in(op, actor, [paid])
        kind = UnitKind(await op.sql.fetchval(UNIT, fund.unit))
        batch = await report_in(op, knowledge, WORKFLOW, [activity_of(claim, request, fund, kind)])
        (result,) = batch.results
        assert result.activity is not None, "what was not refused stands"
        state = ClaimState.PAID if claim.state is ClaimState.APPROVED else ClaimState.PARTIALLY_PAID
        await op.sql.execute(PAID, claim.id, bank_reference, result.activity.activity_id, op.now, state.value)
        await move_claim_in(op, actor, ClaimMove(claim=claim, state=state, action=ClaimAction.PAY))
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "payFundClaim", keyed, work)


async def reverse_claim(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, claim_id: UUID, reason: str
) -> Outcome:
    """What was paid came back, and so does what it earned: it may be claimed again while the request stands approved,
    else it is available again. Facts: claim_id.

    Refuses: NotFound; FundClaimNotInState; InvalidInput (reason).
    """
    check_text(reason, "reason")

    async def work(op: Operation) -> Mapping[str, Any]:
        request, claim = await claim_for_vendor_in(op, actor, claim_id, ClaimAction.REVERSE)
        stands = request.state is RequestState.APPROVED
        target = Bucket.APPROVED if stands else Bucket.AVAILABLE
        back = claim_movement(
            claim,
            request.fund_id,
            MovementKind.REVERSED,
            claim.approved,
            source=Bucket.PAID,
            target=target,
            reason=reason,
        )
        await post_in(op, actor, [back])
        if stands:
            holds = bool(request.claims)
            await hold_request_in(op, request, request.unclaimed + claim.approved, vendor_holds=holds)
        await end_lines_in(op, claim, "REVERSED")
        await report_in(op, knowledge, WORKFLOW, [reversal_of(claim, reason)])
        move = ClaimMove(claim=claim, state=ClaimState.REVERSED, action=ClaimAction.REVERSE, note=reason)
        await move_claim_in(op, actor, move)
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "reverseFundClaim", keyed, work)


async def claim_for_vendor_in(
    op: Operation, actor: Actor, claim_id: UUID, action: ClaimAction
) -> tuple[Request, Claim]:
    """The claim of a partner in the actor's reach and its request, both locked, if the action is possible. Refuses:
    NotFound; FundClaimNotInState."""
    request, claim = await claim_with_request_in(op, claim_id)
    await check_reaches_in(op, actor, claim.partner_id, "fund claim", claim_id)
    check_possible(claim, action)
    return request, claim


async def decide_in(
    op: Operation,
    actor: Actor,
    request: Request,
    claim: Claim,
    rejected: Mapping[UUID, LineRejection],
    note: str | None,
) -> None:
    """The claim, locked with its request, is decided line by line."""
    reasons = {
        line.id: rejected.get(line.id, LineRejection.PROOF_MISSING)
        for line in claim.lines
        if line.id in rejected or line.file_id is None
    }
    approved = sum(line.amount for line in claim.lines if line.id not in reasons)
    await op.sql.execute(
        DECIDE_LINES,
        [line.id for line in claim.lines],
        [(LineState.REJECTED if line.id in reasons else LineState.APPROVED).value for line in claim.lines],
        [reasons[line.id].value if line.id in reasons else None for line in claim.lines],
    )
    await give_back_in(op, actor, request, claim, claim.amount - approved)
    state = ClaimState.REJECTED
    if approved:
        state = ClaimState.PARTIALLY_APPROVED if reasons else ClaimState.APPROVED
    move = ClaimMove(claim=claim, state=state, action=ClaimAction.DECIDE, note=note, approved=approved)
    await move_claim_in(op, actor, move)
