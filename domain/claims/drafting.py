"""A rep writes a claim down, changes it while it is a draft, and takes it back before anything of it was approved."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.claims.claim import KIND, Claim, NewLine, check_lines, reps_json
from domain.claims.holding import release_in
from domain.claims.machine import ClaimAction, ClaimState
from domain.claims.moving import Move, claim_for_rep_in, move_in
from domain.claims.storing import locked_claims_in, newest_campaign
from domain.files.attaching import attach_in
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.periods import start_of_day, zone_named
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import json_texts
from domain.partners.facts import memberships_as_of

DRAFTS_MAX = 100

INSERT = """
INSERT INTO claim (id, program_id, campaign_id, member_id, state, recorded_at, queued_at, due_at, version)
VALUES ($1, $2, $3, $4, 'DRAFT', $5, $5, $6, 0)
"""
DRAFTS = "SELECT count(*) FROM claim WHERE member_id = $1 AND state = 'DRAFT'"
EMPLOYED = "UPDATE claim SET partner_id = $2, campaign_id = $3 WHERE id = $1"
FORGET_LINES = "DELETE FROM claim_line WHERE claim_id = $1"
INSERT_LINES = """
INSERT INTO claim_line (id, claim_id, n, sku, quantity, sold_on, sold_at, invoice, serials, amount, currency, reps)
SELECT line.id, $1, line.n, line.sku, line.quantity, line.sold_on, line.sold_at, line.invoice, line.serials::jsonb,
       line.amount, line.currency, line.reps::jsonb
FROM unnest($2::uuid[], $3::text[], $4::int[], $5::date[], $6::timestamptz[], $7::text[], $8::text[], $9::bigint[],
            $10::text[], $11::text[]) WITH ORDINALITY
     AS line (id, sku, quantity, sold_on, sold_at, invoice, serials, amount, currency, reps, n)
"""
ZONE = "SELECT zone FROM program WHERE id = $1"


async def save_claim(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    *,
    program_id: UUID,
    claim_id: UUID | None,
    lines: Sequence[NewLine],
    file_ids: Collection[UUID] = (),
) -> Outcome:
    """The actor's draft says these lines and no others; the files are its proof, beside those it has. Without
    `claim_id` it is a new one, at most 100 drafts a person. Facts: claim_id.

    Refuses: NotFound (program, claim, file); ClaimNotInState; InvalidInput; FileAttached.
    """
    check_lines(lines)

    async def work(op: Operation) -> Mapping[str, Any]:
        if actor.member_id is None:
            raise NotFound(kind="member", id="")
        campaign = await newest_campaign(op.sql, program_id)
        if campaign is None:
            raise NotFound(kind="program", id=str(program_id))
        if claim_id is None:
            if (await op.sql.fetchval(DRAFTS, actor.member_id) or 0) >= DRAFTS_MAX:
                raise InvalidInput(field="claimId", problem=f"at most {DRAFTS_MAX} drafts at a time")
            draft_id = new_id()
            await op.sql.execute(
                INSERT, draft_id, program_id, campaign.id, actor.member_id, op.now, campaign.claims_until
            )
        else:
            draft_id = claim_id
        claim = await claim_for_rep_in(op, actor, draft_id, ClaimAction.EDIT)
        if claim.program_id != program_id:
            raise NotFound(kind="claim", id=str(draft_id))
        partner_id = await _write_lines(op, claim, lines)
        await op.sql.execute(EMPLOYED, claim.id, partner_id, campaign.id)
        await attach_in(op, actor, file_ids, KIND, claim.id)
        written = (await locked_claims_in(op, [claim.id]))[claim.id]
        await move_in(op, actor, [Move(claim=written, state=ClaimState.DRAFT, action=ClaimAction.EDIT)])
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "saveClaim", keyed, work)


async def withdraw_claim(door: Door, actor: Actor, keyed: Keyed, claim_id: UUID) -> Outcome:
    """The claim is over, and what it held is free for others. Facts: claim_id.

    Refuses: NotFound; ClaimNotInState.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        claim = await claim_for_rep_in(op, actor, claim_id, ClaimAction.WITHDRAW)
        await release_in(op, claim, ())
        await move_in(op, actor, [Move(claim=claim, state=ClaimState.WITHDRAWN, action=ClaimAction.WITHDRAW)])
        return {"claim_id": str(claim.id)}

    return await door.operate_keyed(actor, "withdrawClaim", keyed, work)


async def _write_lines(op: Operation, claim: Claim, lines: Sequence[NewLine]) -> UUID | None:
    """The lines stand instead of the former ones; answers the claimant's employer as of the first sale."""
    zone = zone_named(await op.sql.fetchval(ZONE, claim.program_id) or "UTC")
    sold_at = [start_of_day(line.sold_on, zone) for line in lines]
    await op.sql.execute(FORGET_LINES, claim.id)
    await op.sql.execute(
        INSERT_LINES,
        claim.id,
        new_ids(len(lines)),
        [line.sku for line in lines],
        [line.quantity for line in lines],
        [line.sold_on for line in lines],
        sold_at,
        [line.invoice for line in lines],
        json_texts(list(line.serials) for line in lines),
        [line.amount for line in lines],
        [line.currency for line in lines],
        json_texts(reps_json(line.reps) for line in lines),
    )
    return (await memberships_as_of(op.sql, [(claim.member_id, sold_at[0])]))[0]
