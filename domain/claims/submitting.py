"""A draft goes to the vendor, or says everything that is in the way; a question of the vendor is answered."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.claims.claim import KIND, Campaign, Claim, check_note
from domain.claims.holding import hold_in
from domain.claims.judging import Known, problems_of
from domain.claims.machine import ClaimAction, ClaimState
from domain.claims.moving import Move, claim_for_rep_in, move_in
from domain.claims.refusals import ClaimNotReady
from domain.claims.storing import eligible_skus, newest_campaign
from domain.files.attaching import attach_in
from domain.files.reading import files_of
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotFound
from domain.kernel.turns import Turn
from domain.partners.facts import FactKind, facts_as_of, memberships_as_of

TAKES_PART = """
SELECT audience = 'EVERYONE' OR EXISTS (
    SELECT FROM enrollment WHERE program_id = $1 AND subject_id = ANY($2::uuid[]) AND state <> 'PROPOSED')
FROM program WHERE id = $1 AND state IN ('LIVE', 'SCHEDULED', 'PAUSED', 'ENDED')
"""
BIND = "UPDATE claim SET campaign_id = $2, partner_id = $3 WHERE id = $1"


async def submit_claim(door: Door, actor: Actor, keyed: Keyed, claim_id: UUID) -> Outcome:
    """The claim waits for the vendor under the window that holds now, and holds its invoices and serial numbers; what
    another claim held before is a conflict, which the vendor decides. Facts: claim_id.

    Refuses: NotFound; ClaimNotInState; ClaimNotReady.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        claim = await claim_for_rep_in(op, actor, claim_id, ClaimAction.SUBMIT)
        campaign = await newest_campaign(op.sql, claim.program_id)
        assert campaign is not None, "a draft is of a program that has a window"
        known = await _known(op, claim, campaign)
        problems = problems_of(claim.member_id, claim.lines, campaign, known)
        if problems:
            told: list[Mapping[str, Any]] = [{"code": one.code.value, "line": one.line} for one in problems]
            raise ClaimNotReady(claim_id=str(claim.id), problems=told)
        employer = known.employers[claim.member_id, claim.lines[0].sold_at]
        await op.sql.execute(BIND, claim.id, campaign.id, employer)
        await hold_in(op, claim)
        # What is left until claims close is what is left to answer in, if the vendor asks.
        turn = Turn(due_at=campaign.claims_until)
        move = Move(claim=claim, state=ClaimState.SUBMITTED, action=ClaimAction.SUBMIT, turn=turn)
        await move_in(op, actor, [move])
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "submitClaim", keyed, work)


async def answer_claim(
    door: Door, actor: Actor, keyed: Keyed, claim_id: UUID, *, note: str | None, file_ids: Collection[UUID] = ()
) -> Outcome:
    """What the vendor asked for is there: the claim is in review again. Facts: claim_id.

    Refuses: NotFound (claim, file); ClaimNotInState (also when the time to answer is over); InvalidInput; FileAttached.
    """
    check_note(note)

    async def work(op: Operation) -> Mapping[str, Any]:
        claim = await claim_for_rep_in(op, actor, claim_id, ClaimAction.ANSWER)
        await attach_in(op, actor, file_ids, KIND, claim.id)
        await move_in(op, actor, [Move(claim=claim, state=ClaimState.IN_REVIEW, action=ClaimAction.ANSWER, note=note)])
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "answerClaim", keyed, work)


async def _known(op: Operation, claim: Claim, campaign: Campaign) -> Known:
    people = {claim.member_id, *(rep.member_id for line in claim.lines for rep in line.reps)}
    asked = sorted({(person, line.sold_at) for person in people for line in claim.lines})
    employers = dict(zip(asked, await memberships_as_of(op.sql, asked), strict=True))
    firms = sorted({(firm, at) for (_, at), firm in employers.items() if firm is not None})
    consents = await facts_as_of(op.sql, firms, (FactKind.CONSENT,))
    own = {firm for (person, _), firm in employers.items() if person == claim.member_id and firm is not None}
    takes_part = await op.sql.fetchval(TAKES_PART, claim.program_id, [claim.member_id, *own])
    if takes_part is None:
        raise NotFound(kind="program", id=str(claim.program_id))
    return Known(
        now=op.now,
        takes_part=takes_part,
        skus=await eligible_skus(op.sql, campaign.program_id, {line.sku for line in claim.lines}),
        employers=employers,
        consents={pair: str(told.get(FactKind.CONSENT)) for pair, told in consents.items()},
        has_proof=bool((await files_of(op.sql, KIND, [claim.id])).get(claim.id)),
    )
