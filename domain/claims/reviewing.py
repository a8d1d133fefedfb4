"""Somebody at the vendor takes a claim up, or asks for more; the partner's clock runs only while it is asked."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor
from domain.claims.claim import Claim, check_note
from domain.claims.machine import ClaimAction, ClaimState
from domain.claims.moving import Move, check_possible, move_in
from domain.claims.storing import campaign_of, locked_claims_in
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotFound
from domain.kernel.turns import Turn

RELATION = relation_sql(member="claim.member_id", partner="claim.partner_id")
SEEN = f"""
SELECT claim.id FROM {VIEWERS} CROSS JOIN claim
WHERE claim.id = ANY($6::uuid[]) AND claim.state <> 'DRAFT' AND {RELATION} = 'OPERATOR'
"""
CAMPAIGN = "SELECT * FROM claim_campaign WHERE id = $1"


async def claims_for_vendor_in(op: Operation, actor: Actor, claim_ids: Collection[UUID]) -> Mapping[UUID, Claim]:
    """Those of the claims that are the actor's to handle, locked."""
    rows = await op.sql.fetch(SEEN, *viewer_arguments([actor]), list(claim_ids))
    return await locked_claims_in(op, [row["id"] for row in rows])


async def claim_for_vendor_in(op: Operation, actor: Actor, claim_id: UUID, action: ClaimAction) -> Claim:
    """The claim, locked, if the actor may do that with it now. Refuses: NotFound; ClaimNotInState."""
    claim = (await claims_for_vendor_in(op, actor, [claim_id])).get(claim_id)
    if claim is None:
        raise NotFound(kind="claim", id=str(claim_id))
    check_possible(claim, action)
    return claim


async def review_claim(door: Door, actor: Actor, keyed: Keyed, claim_id: UUID) -> Outcome:
    """The claim is in review. Facts: claim_id. Refuses: NotFound; ClaimNotInState."""

    async def work(op: Operation) -> Mapping[str, Any]:
        claim = await claim_for_vendor_in(op, actor, claim_id, ClaimAction.REVIEW)
        await move_in(op, actor, [Move(claim=claim, state=ClaimState.IN_REVIEW, action=ClaimAction.REVIEW)])
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "reviewClaim", keyed, work)


async def request_information(door: Door, actor: Actor, keyed: Keyed, claim_id: UUID, question: str) -> Outcome:
    """The claimant is asked: they have as much time as they had left when they handed the claim in, and at least the
    campaign's days for answering; then the claim is rejected. Facts: claim_id.

    Refuses: NotFound; ClaimNotInState; InvalidInput (question).
    """
    check_note(question, "question")

    async def work(op: Operation) -> Mapping[str, Any]:
        action = ClaimAction.REQUEST_INFORMATION
        claim = await claim_for_vendor_in(op, actor, claim_id, action)
        row = await op.sql.fetchrow(CAMPAIGN, claim.campaign_id)
        assert row is not None, "a claim has the window it was submitted under"
        least = op.now + timedelta(days=campaign_of(row).answer_days)
        left = claim.turn.due_by(op.now)
        turn = Turn(due_at=least if left is None else max(left, least))
        move = Move(claim=claim, state=ClaimState.INFO_REQUESTED, action=action, note=question, turn=turn)
        await move_in(op, actor, [move])
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "requestClaimInformation", keyed, work)
