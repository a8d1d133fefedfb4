"""What time brings to registrations, as a step: unanswered, unextended, undisputed ones end."""

from collections.abc import Sequence

from domain.access.principals import SYSTEM
from domain.deals.machine import PROTECTED, DealState
from domain.deals.moving import Deal, Move, change_in, lock_deals_in, move_in, settle_in
from domain.kernel.operation import Door, Operation
from domain.kernel.turns import Turn
from domain.partners.customers.matching import lock_customers_in

STEP_MAX = 100
# Why time ended something, as codes.
PROTECTION_OVER = "PROTECTION_OVER"
NOT_ANSWERED = "NOT_ANSWERED"
EVIDENCE_MISSING = "EVIDENCE_MISSING"

DUE = """
SELECT id, customer_id FROM deal
WHERE due_at <= $1 AND with_vendor_since IS NULL
  AND state IN ('APPROVED', 'EXTENDED', 'RETURNED', 'IN_REVIEW', 'REJECTED')
ORDER BY due_at, id LIMIT $2
"""


async def expire_due(door: Door) -> int:
    """Whatever its partner's own time has run out for has ended, at most 100; answers how many did."""

    async def work(op: Operation) -> int:
        rows = await op.sql.fetch(DUE, op.now, STEP_MAX)
        await lock_customers_in(op, [row["customer_id"] for row in rows])
        found = await lock_deals_in(op, [row["id"] for row in rows])
        return await expire_in(op, list(found.values()))

    return await door.operate(SYSTEM, work)


async def expire_in(op: Operation, deals: Sequence[Deal]) -> int:
    """Of these registrations, all locked, those whose time ran out have ended; answers how many.

    Protection and returned ones expire; where evidence was due and none came, the conflict decides.
    """
    over = [deal for deal in deals if deal.turn.is_overdue(op.now)]
    moves = list[Move]()
    for deal in over:
        was = Turn(due_at=deal.turn.due_at)
        if deal.state in PROTECTED:
            moves.append(Move(deal=deal, to=DealState.EXPIRED, turn=was, reason=PROTECTION_OVER))
        elif deal.state is DealState.RETURNED:
            moves.append(Move(deal=deal, to=DealState.EXPIRED, turn=was, reason=NOT_ANSWERED))
        elif deal.state is DealState.IN_REVIEW:
            moves.append(Move(deal=deal, to=DealState.REJECTED, reason=EVIDENCE_MISSING))
    undisputed = [deal for deal in over if deal.state in (DealState.IN_REVIEW, DealState.REJECTED)]
    await settle_in(op, undisputed, "LAPSED")
    for deal in undisputed:
        if deal.state is DealState.REJECTED:
            await change_in(op, deal, "DISPUTE_OVER", Turn(due_at=None))
    await move_in(op, moves)
    return len(over)
