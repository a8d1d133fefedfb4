"""The only place that moves a request or a claim: along drawn edges, with its clock, its step and its event."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.access.principals import Actor
from domain.funds.events import BY_CLAIM_STATE, BY_STATE, REQUEST_DRAFTED
from domain.funds.fund import Claim, Request
from domain.funds.machine import (
    CLAIM_EDGES,
    EDGES,
    ClaimAction,
    ClaimState,
    FundTurn,
    RequestAction,
    RequestState,
    turn_of,
)
from domain.funds.refusals import FundClaimNotInState, FundRequestNotInState
from domain.kernel.events import EventType
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.turns import Turn

MOVE_REQUESTS = """
UPDATE fund_request AS request SET state = said.state, due_at = said.due_at, with_vendor_since = said.since,
       amount = said.amount, approved = said.approved, unclaimed = said.unclaimed, version = version + 1,
       submitted_at = CASE WHEN said.state = 'SUBMITTED' THEN coalesce(submitted_at, $8) ELSE submitted_at END,
       queued_at = CASE WHEN said.state = 'SUBMITTED' AND request.state <> 'SUBMITTED' THEN $8 ELSE queued_at END,
       decided_at = CASE WHEN said.state IN ('APPROVED', 'REJECTED', 'DECLINED') AND request.state = 'SUBMITTED'
                         THEN $8 ELSE decided_at END
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::bigint[])
     AS said (id, state, due_at, since, amount, approved, unclaimed)
WHERE request.id = said.id
"""
MOVE_CLAIM = """
UPDATE fund_claim SET state = $2::text, due_at = $3, approved = $4, version = version + 1,
       decided_at = CASE WHEN $2::text IN ('APPROVED', 'PARTIALLY_APPROVED', 'REJECTED') THEN $5 ELSE decided_at END
WHERE id = $1
"""
HOLD = """
UPDATE fund_request SET unclaimed = $2, due_at = $3, with_vendor_since = $4, version = version + 1 WHERE id = $1
"""
STEP = """
INSERT INTO fund_step (id, subject_id, version, action, state, principal_id, is_vendor, note, recorded_at)
SELECT step.*, $7, $8, $9 FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::uuid[]) AS step
"""


@dataclass(frozen=True, kw_only=True)
class RequestMove:
    """Where a request goes (or stays), by which action; what is not said stays. `turn` replaces its clock."""

    request: Request
    state: RequestState
    action: RequestAction
    turn: Turn | None = None
    amount: int | None = None
    approved: int | None = None
    unclaimed: int | None = None


@dataclass(frozen=True, kw_only=True)
class ClaimMove:
    """Where a claim goes, by which action; `turn` is by when the partner has to answer, if they have to."""

    claim: Claim
    state: ClaimState
    action: ClaimAction
    note: str | None = None
    turn: Turn | None = None
    approved: int | None = None


async def move_requests_in(op: Operation, actor: Actor, moves: Sequence[RequestMove], note: str | None = None) -> None:
    """Each request, locked before, stands where its move says: the clock of whoever has to act runs, no other.

    Refuses: FundRequestNotInState for an edge that is not drawn.
    """
    if not moves:
        return
    for move in moves:
        if move.state is not move.request.state and move.state not in EDGES[move.request.state]:
            raise FundRequestNotInState(
                fund_request_id=str(move.request.id), state=move.request.state.value, action=move.action.value
            )
    turns = [_turn(op, move) for move in moves]
    await op.sql.execute(
        MOVE_REQUESTS,
        [move.request.id for move in moves],
        [move.state.value for move in moves],
        [turn.due_at for turn in turns],
        [turn.with_vendor_since for turn in turns],
        [move.request.amount if move.amount is None else move.amount for move in moves],
        [move.request.approved if move.approved is None else move.approved for move in moves],
        [move.request.unclaimed if move.unclaimed is None else move.unclaimed for move in moves],
        op.now,
    )
    await write_steps_in(
        op, actor, [(one.request.id, one.request.version + 1, one.action.value, one.state.value) for one in moves], note
    )
    for move in moves:
        op.tell(
            _told(move).about(
                move.request.id,
                member_id=move.request.member_id,
                partner_id=move.request.partner_id,
                from_state=move.request.state.value,
                action=move.action.value,
                version=move.request.version + 1,
            )
        )


async def move_claim_in(op: Operation, actor: Actor, move: ClaimMove) -> None:
    """The claim, locked before, stands where its move says. Refuses: FundClaimNotInState for an edge not drawn."""
    claim = move.claim
    if move.action is not ClaimAction.SUBMIT and move.state not in CLAIM_EDGES[claim.state]:
        raise FundClaimNotInState(fund_claim_id=str(claim.id), state=claim.state.value, action=move.action.value)
    due_at = move.turn.due_at if move.turn is not None and move.state is ClaimState.INFO_REQUESTED else None
    approved = claim.approved if move.approved is None else move.approved
    await op.sql.execute(MOVE_CLAIM, claim.id, move.state.value, due_at, approved, op.now)
    await write_steps_in(op, actor, [(claim.id, claim.version + 1, move.action.value, move.state.value)], move.note)
    op.tell(
        BY_CLAIM_STATE[move.state].about(
            claim.id,
            partner_id=claim.partner_id,
            from_state=claim.state.value,
            action=move.action.value,
            version=claim.version + 1,
        )
    )


async def hold_request_in(op: Operation, request: Request, unclaimed: int, *, vendor_holds: bool) -> None:
    """So much of the approved request, locked before, is unclaimed; its clock stands still while the vendor holds a
    claim."""
    turn = request.turn.handed_over(op.now) if vendor_holds else request.turn.handed_back(op.now)
    await op.sql.execute(HOLD, request.id, unclaimed, turn.due_at, turn.with_vendor_since)


async def write_steps_in(
    op: Operation, actor: Actor, steps: Sequence[tuple[UUID, int, str, str]], note: str | None
) -> None:
    """What was done with each subject, at which version, and where it stands; one note for all. One statement."""
    subjects, versions, actions, states = zip(*steps, strict=True)
    await op.sql.execute(
        STEP,
        new_ids(len(steps)),
        list(subjects),
        list(versions),
        list(actions),
        list(states),
        [actor.principal_id] * len(steps),
        actor.is_operator,
        note,
        op.now,
    )


def _turn(op: Operation, move: RequestMove) -> Turn:
    """The vendor's turn stops the partner's clock; the partner's own lets it run; what is over stands for good."""
    turn = move.turn or move.request.turn
    match turn_of(move.state):
        case FundTurn.VENDOR:
            return turn.handed_over(op.now)
        case FundTurn.PARTNER:
            return turn.handed_back(op.now)
        case None:
            return Turn(due_at=turn.due_by(op.now))


def _told(move: RequestMove) -> EventType:
    return REQUEST_DRAFTED if move.action is RequestAction.EDIT else BY_STATE[move.state]
