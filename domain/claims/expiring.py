"""Who was asked and did not answer in time has claimed for nothing: a step."""

from domain.access.principals import SYSTEM
from domain.claims.claim import Line, RejectionReason
from domain.claims.holding import release_in
from domain.claims.machine import ClaimAction, ClaimLineState, state_after
from domain.claims.moving import Move, move_in
from domain.claims.storing import decide_lines_in, locked_claims_in
from domain.kernel.operation import Door, Operation

EXPIRED_MAX = 50

OVERDUE = """
SELECT id FROM claim WHERE state = 'INFO_REQUESTED' AND due_at <= $1
ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""


async def reject_overdue(door: Door) -> int:
    """A step: up to 50 claims whose question was not answered in time are decided as they stand, their open lines
    rejected as OVERDUE; answers how many."""

    async def work(op: Operation) -> int:
        rows = await op.sql.fetch(OVERDUE, op.now, EXPIRED_MAX)
        claims = await locked_claims_in(op, [row["id"] for row in rows])
        late = [line for claim in claims.values() for line in claim.lines if line.state is ClaimLineState.OPEN]
        reason = RejectionReason.OVERDUE.value
        await decide_lines_in(op, [(line.id, ClaimLineState.REJECTED, reason, None) for line in late])
        moves: list[Move] = []
        for claim in claims.values():
            states = [_ended(line) for line in claim.lines]
            standing = [line for line in claim.lines if _ended(line) is ClaimLineState.APPROVED]
            await release_in(op, claim, standing)
            moves.append(Move(claim=claim, state=state_after(claim.state, states), action=ClaimAction.DECIDE))
        await move_in(op, SYSTEM, moves)
        return len(moves)

    return await door.operate(SYSTEM, work)


def _ended(line: Line) -> ClaimLineState:
    return ClaimLineState.REJECTED if line.state is ClaimLineState.OPEN else line.state
