"""Claims are decided line by line, one or many at once; what is approved is an activity and earns at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.claims.claim import BULK_MAX, Claim, Line, RejectionReason, check_note
from domain.claims.holding import clashing_in, release_in
from domain.claims.machine import ClaimAction, ClaimLineState, state_after
from domain.claims.moving import Move, check_possible, move_in
from domain.claims.refusals import ClaimInConflict, RulesNotOfCampaign
from domain.claims.reporting import CLAIMED, WORKFLOW, activity_of, careless_rules
from domain.claims.reviewing import claims_for_vendor_in
from domain.claims.storing import decide_lines_in
from domain.earning.evaluating import Knowledge
from domain.earning.reporting import report_in
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound, Refusal

# Of every program that pays claims its newest published terms, a cohort each.
PAYING = """
SELECT DISTINCT ON (terms.program_id, terms.cohort) program.code, terms.document FROM terms
JOIN program ON program.id = terms.program_id
WHERE terms.published_at IS NOT NULL AND terms.triggers ? $1 AND program.state IN ('LIVE', 'PAUSED')
ORDER BY terms.program_id, terms.cohort, terms.version DESC
"""
CODES = "SELECT id, code FROM program WHERE id = ANY($1::uuid[])"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of one open line: approved, or rejected for a reason."""

    line_id: UUID
    rejected: RejectionReason | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of a claim's open lines: as the verdicts say, others stay open; None: all are approved."""

    claim_id: UUID
    verdicts: Sequence[Verdict] | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A claim with what becomes of each line that was decided."""

    claim: Claim
    note: str | None
    decided: Mapping[UUID, Verdict]

    @property
    def approved(self) -> list[Line]:
        return [line for line in self.claim.lines if (said := self.decided.get(line.id)) and said.rejected is None]

    def state_of(self, line: Line) -> ClaimLineState:
        said = self.decided.get(line.id)
        if said is None:
            return line.state
        return ClaimLineState.REJECTED if said.rejected else ClaimLineState.APPROVED


async def decide_claim(door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, decision: Decision) -> Outcome:
    """The named lines are decided, and what is approved earns at once. Facts: claim_id.

    Refuses: NotFound (claim, line); ClaimNotInState; ClaimInConflict; InvalidInput; RulesNotOfCampaign; UnitIsFull.
    """
    check_note(decision.note)

    async def work(op: Operation) -> Mapping[str, Any]:
        refused = await decide_in(op, knowledge, actor, [decision])
        for refusal in refused.values():
            raise refusal
        return {"claim_id": str(decision.claim_id)}

    return await door.operate_keyed(actor, "decideClaim", keyed, work)


async def approve_claims(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, claim_ids: Sequence[UUID]
) -> Outcome:
    """All open lines of each claim are approved, or the claim says why not; 1 to 100 claims. Facts: results, each
    {claim_id, refusal (a code, or null), facts}, in the order of the claims.

    Refuses: InvalidInput.
    """
    if not 1 <= len(claim_ids) <= BULK_MAX or len(set(claim_ids)) < len(claim_ids):
        raise InvalidInput(field="claimIds", problem=f"1 to {BULK_MAX} different claims")
    decisions = [Decision(claim_id=claim_id) for claim_id in claim_ids]

    async def work(op: Operation) -> Mapping[str, Any]:
        try:
            async with op.part():
                refused = dict(await decide_in(op, knowledge, actor, decisions))
        except Refusal:
            # Earning refused one of them: each is judged by itself, so that the others stand.
            refused = {}
            for decision in decisions:
                try:
                    async with op.part():
                        refused |= await decide_in(op, knowledge, actor, [decision])
                except Refusal as refusal:
                    refused[decision.claim_id] = refusal
        return {"results": [_result(claim_id, refused.get(claim_id)) for claim_id in claim_ids]}

    return await door.operate_keyed(actor, "approveClaims", keyed, work)


async def decide_in(
    op: Operation, knowledge: Knowledge, actor: Actor, decisions: Sequence[Decision]
) -> Mapping[UUID, Refusal]:
    """Every decision that can be carried out is; the others say why not, by claim. One report for all.

    Refuses: RulesNotOfCampaign; the first refusal of an activity (nothing of this stands then).
    """
    claims = await claims_for_vendor_in(op, actor, [decision.claim_id for decision in decisions])
    clashing = await clashing_in(op, claims.keys())
    refused: dict[UUID, Refusal] = {}
    judged: list[Judged] = []
    for decision in decisions:
        try:
            judged.append(_judged(decision, claims.get(decision.claim_id), clashing.get(decision.claim_id, ())))
        except Refusal as refusal:
            refused[decision.claim_id] = refusal
    activities = await _reported(op, knowledge, judged)
    await decide_lines_in(
        op,
        [
            (line.id, each.state_of(line), said.rejected, activities.get(line.id))
            for each in judged
            for line in each.claim.lines
            if (said := each.decided.get(line.id)) is not None
        ],
    )
    for each in judged:
        if any(said.rejected for said in each.decided.values()):
            standing = [
                line
                for line in each.claim.lines
                if each.state_of(line) in (ClaimLineState.OPEN, ClaimLineState.APPROVED)
            ]
            await release_in(op, each.claim, standing)
    await move_in(
        op,
        actor,
        [
            Move(
                claim=each.claim,
                state=state_after(each.claim.state, [each.state_of(line) for line in each.claim.lines]),
                action=ClaimAction.DECIDE,
                note=each.note,
            )
            for each in judged
        ],
    )
    return refused


def _judged(decision: Decision, claim: Claim | None, clashing: Collection[Any]) -> Judged:
    """The decision over the claim's open lines. Refuses: NotFound; ClaimNotInState; ClaimInConflict; InvalidInput."""
    if claim is None:
        raise NotFound(kind="claim", id=str(decision.claim_id))
    check_possible(claim, ClaimAction.DECIDE)
    still_open = {line.id: line for line in claim.lines if line.state is ClaimLineState.OPEN}
    said = decision.verdicts
    if said is None:
        said = [Verdict(line_id=line_id) for line_id in still_open]
    if not said or len({one.line_id for one in said}) < len(said):
        raise InvalidInput(field="lines", problem="at least one, each once")
    for one in said:
        if one.line_id not in still_open:
            raise NotFound(kind="claim line", id=str(one.line_id))
    contested = [
        still_open[one.line_id].n
        for one in said
        if one.rejected is None and not still_open[one.line_id].keys.isdisjoint(clashing)
    ]
    if contested:
        raise ClaimInConflict(claim_id=str(claim.id), lines=contested)
    return Judged(claim=claim, note=decision.note, decided={one.line_id: one for one in said})


async def _reported(op: Operation, knowledge: Knowledge, judged: Sequence[Judged]) -> Mapping[UUID, UUID]:
    """The activity of each line that was approved."""
    codes = {row["id"]: row["code"] for row in await op.sql.fetch(CODES, [one.claim.program_id for one in judged])}
    lines = [(each.claim, line) for each in judged for line in each.approved]
    if not lines:
        return {}
    for row in await op.sql.fetch(PAYING, CLAIMED):
        if careless := careless_rules(row["document"]):
            raise RulesNotOfCampaign(rules=careless, campaign=row["code"])
    items = [activity_of(claim, line, codes[claim.program_id]) for claim, line in lines]
    batch = await report_in(op, knowledge, WORKFLOW, items)
    return {
        line.id: result.activity.activity_id
        for (_, line), result in zip(lines, batch.results, strict=True)
        if result.activity is not None
    }


def _result(claim_id: UUID, refusal: Refusal | None) -> Mapping[str, Any]:
    code, facts = (refusal.code(), refusal.facts()) if refusal else (None, {})
    return {"claim_id": str(claim_id), "refusal": code, "facts": facts}
