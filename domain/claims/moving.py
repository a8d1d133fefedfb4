"""The only place that moves a claim: along drawn edges, with its step and its event, by set."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.access.principals import Actor
from domain.claims.claim import Claim
from domain.claims.events import BY_STATE
from domain.claims.machine import EDGES, ClaimAction, ClaimState, ClaimTurn, is_possible, turn_of
from domain.claims.refusals import ClaimNotInState
from domain.claims.storing import locked_claims_in
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.refusals import NotFound
from domain.kernel.turns import Turn

MOVE = """
UPDATE claim SET state = said.state, due_at = said.due_at, with_vendor_since = said.with_vendor_since,
       version = version + 1,
       submitted_at = CASE WHEN said.state = 'SUBMITTED' THEN coalesce(submitted_at, $5) ELSE submitted_at END,
       queued_at = CASE WHEN said.state = 'SUBMITTED' THEN $5 ELSE queued_at END,
       decided_at = CASE WHEN said.state IN ('APPROVED', 'PARTIALLY_APPROVED', 'REJECTED', 'WITHDRAWN')
                         THEN coalesce(decided_at, $5) ELSE decided_at END
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])
     AS said (id, state, due_at, with_vendor_since)
WHERE claim.id = said.id
"""
STEP = """
INSERT INTO claim_step (id, claim_id, version, action, state, principal_id, is_vendor, note, recorded_at)
SELECT step.*, $9 FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::uuid[], $7::bool[],
                              $8::text[]) AS step
"""


@dataclass(frozen=True, kw_only=True)
class Move:
    """Where a claim goes (or stays), by which action, with what was said; `turn` replaces its clock."""

    claim: Claim
    state: ClaimState
    action: ClaimAction
    note: str | None = None
    turn: Turn | None = None


async def claim_for_rep_in(op: Operation, actor: Actor, claim_id: UUID, action: ClaimAction) -> Claim:
    """The actor's own claim, locked, if the action is possible. Refuses: NotFound; ClaimNotInState."""
    claim = (await locked_claims_in(op, [claim_id])).get(claim_id)
    if claim is None or actor.member_id is None or claim.member_id != actor.member_id:
        raise NotFound(kind="claim", id=str(claim_id))
    check_possible(claim, action)
    return claim


def check_possible(claim: Claim, action: ClaimAction) -> None:
    """Refuses: ClaimNotInState."""
    if not is_possible(action, claim.state, claim.line_states):
        raise ClaimNotInState(claim_id=str(claim.id), state=claim.state.value, action=action.value)


async def move_in(op: Operation, actor: Actor, moves: Sequence[Move]) -> None:
    """Each claim, locked before, stands where its move says: the clock of whoever has to act runs, no other. Two
    statements.

    Refuses: ClaimNotInState for an edge that is not drawn.
    """
    if not moves:
        return
    for move in moves:
        if move.state is not move.claim.state and move.state not in EDGES[move.claim.state]:
            raise ClaimNotInState(claim_id=str(move.claim.id), state=move.claim.state.value, action=move.action.value)
    turns = [_turn(op, move) for move in moves]
    ids = [move.claim.id for move in moves]
    states = [move.state.value for move in moves]
    versions = [move.claim.version + 1 for move in moves]
    await op.sql.execute(
        MOVE, ids, states, [turn.due_at for turn in turns], [turn.with_vendor_since for turn in turns], op.now
    )
    await op.sql.execute(
        STEP,
        new_ids(len(moves)),
        ids,
        versions,
        [move.action.value for move in moves],
        states,
        [actor.principal_id] * len(moves),
        [actor.is_operator] * len(moves),
        [move.note for move in moves],
        op.now,
    )
    for move, version in zip(moves, versions, strict=True):
        op.tell(
            BY_STATE[move.state].about(
                move.claim.id,
                member_id=move.claim.member_id,
                partner_id=move.claim.partner_id,
                program_id=move.claim.program_id,
                from_state=move.claim.state.value,
                action=move.action.value,
                version=version,
            )
        )


def _turn(op: Operation, move: Move) -> Turn:
    """The vendor's turn stops the partner's clock; the partner's own lets it run; decided, it stands for good."""
    turn = move.turn or move.claim.turn
    match turn_of(move.state):
        case ClaimTurn.VENDOR:
            return turn.handed_over(op.now)
        case ClaimTurn.PARTNER:
            return turn.handed_back(op.now)
        case None:
            return Turn(due_at=turn.due_by(op.now))
