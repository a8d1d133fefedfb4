"""What time brings to funds, as bounded steps: reminders, requests that expire, unused money that goes on or back."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.funds.claiming import claim_with_request_in, end_lines_in, give_back_in
from domain.funds.defining import allocations_in
from domain.funds.events import FUND_REMINDER
from domain.funds.fund import Allocation, Fund, LineRejection, next_reminder, rolled_over, threshold_at
from domain.funds.journal import Bucket, Movement, MovementKind, post_in
from domain.funds.machine import ClaimAction, ClaimState, RequestAction, RequestState, is_possible
from domain.funds.moving import ClaimMove, RequestMove, move_claim_in, move_requests_in
from domain.funds.requesting import freed
from domain.funds.storing import locked_allocations_in, locked_funds_in, locked_requests_in
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import sure_value

STEP_MAX = 100
CLAIMS_MAX = 20

REMIND = """
SELECT held.*, fund.reminder_days AS days, fund.unit FROM fund_allocation AS held
JOIN fund ON fund.id = held.fund_id
WHERE held.remind_at <= $1 AND held.available > 0 AND held.with_vendor_since IS NULL
ORDER BY held.remind_at, held.id LIMIT $2 FOR NO KEY UPDATE OF held SKIP LOCKED
"""
REMINDED = """
UPDATE fund_allocation AS held SET reminded_days = said.days, remind_at = said.remind_at
FROM unnest($1::uuid[], $2::int[], $3::timestamptz[]) AS said (id, days, remind_at) WHERE held.id = said.id
"""
EXPIRED = """
SELECT id FROM fund_request
WHERE due_at <= $1 AND with_vendor_since IS NULL
  AND (state IN ('INFO_REQUESTED', 'REJECTED') OR state = 'APPROVED' AND unclaimed > 0)
ORDER BY due_at, id LIMIT $2
"""
OVERDUE = "SELECT id FROM fund_claim WHERE state = 'INFO_REQUESTED' AND due_at <= $1 ORDER BY due_at, id LIMIT $2"
UNUSED = """
SELECT fund_id FROM fund_allocation
WHERE use_by <= $1 AND available > 0 AND with_vendor_since IS NULL ORDER BY use_by, id LIMIT 1
"""
UNUSED_OF = """
SELECT id FROM fund_allocation
WHERE fund_id = $1 AND use_by <= $2 AND available > 0 AND with_vendor_since IS NULL ORDER BY id LIMIT $3
"""
POOL = "SELECT id FROM fund WHERE ends_at <= $1 AND rolls_into_id IS NOT NULL AND pool > 0 ORDER BY ends_at, id LIMIT 1"
INTO = "SELECT rolls_into_id FROM fund WHERE id = $1"


async def remind_due(door: Door) -> int:
    """A step: up to 100 allocations with money that would be lost are told so, once a threshold: where several have
    passed, the nearest. Answers how many."""

    async def work(op: Operation) -> int:
        rows = await op.sql.fetch(REMIND, op.now, STEP_MAX)
        told = [threshold_at(row["use_by"], row["days"], op.now) for row in rows]
        await op.sql.execute(
            REMINDED,
            [row["id"] for row in rows],
            told,
            [next_reminder(row["use_by"], row["days"], days) for row, days in zip(rows, told, strict=True)],
        )
        for row, days in zip(rows, told, strict=True):
            if days is not None and row["use_by"] > op.now:
                op.tell(
                    FUND_REMINDER.about(
                        row["id"],
                        partner_id=row["partner_id"],
                        amount=row["available"],
                        unit=row["unit"],
                        days=days,
                        use_by=row["use_by"].isoformat(),
                    )
                )
        return len(rows)

    return await door.operate(SYSTEM, work)


async def expire_requests(door: Door) -> int:
    """A step: up to 100 requests whose partner's own time is over have expired, and what nobody claimed of them is
    free again. Answers how many."""

    async def work(op: Operation) -> int:
        rows = await op.sql.fetch(EXPIRED, op.now, STEP_MAX)
        found = await locked_requests_in(op, [row["id"] for row in rows])
        over = [
            request
            for request in found.values()
            if request.turn.is_overdue(op.now)
            and is_possible(RequestAction.EXPIRE, request.state, request.claims)
            and (request.state is not RequestState.APPROVED or request.unclaimed > 0)
        ]
        await post_in(op, SYSTEM, [freed(request) for request in over])
        moves = [
            RequestMove(request=request, state=RequestState.EXPIRED, action=RequestAction.EXPIRE, unclaimed=0)
            for request in over
        ]
        await move_requests_in(op, SYSTEM, moves)
        return len(over)

    return await door.operate(SYSTEM, work)


async def reject_overdue_claims(door: Door) -> int:
    """A step: up to 20 claims whose question was not answered in time are rejected as OVERDUE; what they asked may be
    claimed again. Answers how many."""

    async def work(op: Operation) -> int:
        done = 0
        for row in await op.sql.fetch(OVERDUE, op.now, CLAIMS_MAX):
            request, claim = await claim_with_request_in(op, row["id"])
            if claim.state is ClaimState.INFO_REQUESTED and claim.due_at is not None and claim.due_at <= op.now:
                await end_lines_in(op, claim, LineRejection.OVERDUE.value)
                await give_back_in(op, SYSTEM, request, claim, claim.amount)
                move = ClaimMove(claim=claim, state=ClaimState.REJECTED, action=ClaimAction.DECIDE)
                await move_claim_in(op, SYSTEM, move)
                done += 1
        return done

    return await door.operate(SYSTEM, work)


async def return_unused(door: Door) -> int:
    """A step: of one fund up to 100 allocations whose date is over hold nothing available any more: a part went to the
    partner's allocation in the fund that it rolls into, the rest is in the pool. Answers how many."""

    async def work(op: Operation) -> int:
        fund_id = await op.sql.fetchval(UNUSED, op.now)
        if fund_id is None:
            return 0
        funds = await _with_next_in(op, fund_id)
        ids = [row["id"] for row in await op.sql.fetch(UNUSED_OF, fund_id, op.now, STEP_MAX)]
        locked = await locked_allocations_in(op, ids)
        late = [one for one in locked.values() if one.available and one.turn.is_overdue(op.now)]
        await post_in(op, SYSTEM, await _unused_in(op, funds[fund_id], funds, late))
        return len(late)

    return await door.operate(SYSTEM, work)


async def roll_pools(door: Door) -> int:
    """A step: what the pool of one fund whose year is over held is in the pool of the fund that it rolls into. Answers
    how many funds."""

    async def work(op: Operation) -> int:
        fund_id = await op.sql.fetchval(POOL, op.now)
        if fund_id is None:
            return 0
        funds = await _with_next_in(op, fund_id)
        pool: int = await sure_value(op.sql, "SELECT pool FROM fund WHERE id = $1", fund_id)
        into = funds[fund_id].rolls_into_id
        assert into is not None, "only funds that roll into another are asked for"
        await post_in(op, SYSTEM, [*_carried(fund_id, None, into, None, pool)])
        return 1

    return await door.operate(SYSTEM, work)


async def _with_next_in(op: Operation, fund_id: UUID) -> Mapping[UUID, Fund]:
    """The fund and the one it rolls into, locked in the order of their ids."""
    into = await op.sql.fetchval(INTO, fund_id)
    return await locked_funds_in(op, [one for one in (fund_id, into) if one is not None])


async def _unused_in(
    op: Operation, fund: Fund, funds: Mapping[UUID, Fund], late: Sequence[Allocation]
) -> list[Movement]:
    following = funds.get(fund.rolls_into_id) if fund.rolls_into_id is not None else None
    if following is not None and following.use_by <= op.now:
        following = None
    carried = {one.id: rolled_over(one.available, fund.rollover_ppm) if following else 0 for one in late}
    partners: Collection[UUID] = [one.partner_id for one in late if carried[one.id]]
    into = await allocations_in(op, following, partners) if following and partners else {}
    movements: list[Movement] = []
    for one in late:
        if following is not None and carried[one.id]:
            movements += _carried(fund.id, one.id, following.id, into[one.partner_id], carried[one.id])
        movements.append(
            Movement(
                fund_id=fund.id,
                allocation_id=one.id,
                kind=MovementKind.RETURNED,
                source=Bucket.AVAILABLE,
                target=Bucket.POOL,
                amount=one.available - carried[one.id],
            )
        )
    return movements


def _carried(
    fund_id: UUID, allocation_id: UUID | None, into_id: UUID, into_allocation_id: UUID | None, amount: int
) -> list[Movement]:
    """What leaves one fund and comes to another: from allocation to allocation, or from pool to pool."""
    place = Bucket.POOL if allocation_id is None else Bucket.AVAILABLE
    return [
        Movement(
            fund_id=one,
            allocation_id=held,
            kind=MovementKind.ROLLED_OVER,
            source=source,
            target=target,
            amount=amount,
        )
        for one, held, source, target in (
            (fund_id, allocation_id, place, Bucket.OUTSIDE),
            (into_id, into_allocation_id, Bucket.OUTSIDE, place),
        )
    ]
