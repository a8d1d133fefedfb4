"""The only place that moves a fund's money: guarded updates of the columns, and the journal that they sum up."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.access.principals import Actor
from domain.funds.events import FUND_MOVED
from domain.funds.refusals import FundsInsufficient
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation

LOCK = """
-- lock: fund_allocation
SELECT id FROM fund_allocation WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
# The guard is the WHERE: whoever finds too little moves nothing. What moves on one row moves later than what moved
# before it, also if its transaction began earlier: balances as of an instant never fall below zero.
MOVE_POOLS = """
UPDATE fund SET pool = fund.pool + said.amount, moved_at = greatest(fund.moved_at, $3)
FROM unnest($1::uuid[], $2::bigint[]) AS said (id, amount)
WHERE fund.id = said.id AND fund.pool + said.amount >= 0 RETURNING fund.id, fund.moved_at
"""
MOVE = """
UPDATE fund_allocation AS held SET available = held.available + said.available,
       requested = held.requested + said.requested, approved = held.approved + said.approved,
       claimed = held.claimed + said.claimed, paid = held.paid + said.paid,
       moved_at = greatest(held.moved_at, $7), version = held.version + 1
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
     AS said (id, available, requested, approved, claimed, paid)
WHERE held.id = said.id AND held.available + said.available >= 0 AND held.requested + said.requested >= 0
  AND held.approved + said.approved >= 0 AND held.claimed + said.claimed >= 0 AND held.paid + said.paid >= 0
RETURNING held.id, held.moved_at
"""
APPEND = """
INSERT INTO fund_movement (id, fund_id, allocation_id, kind, from_bucket, to_bucket, amount, request_id, claim_id,
                           reason, principal_id, recorded_at)
SELECT moved.*, $11, $12 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                                     $7::bigint[], $8::uuid[], $9::uuid[], $10::text[]) AS moved
"""
TOLD = "SELECT id, partner_id FROM fund_allocation WHERE id = ANY($1::uuid[])"
UNITS = "SELECT id, unit FROM fund WHERE id = ANY($1::uuid[])"


class Bucket(StrEnum):
    """Where money of a fund stands; OUTSIDE is where it comes from and goes to."""

    OUTSIDE = "OUTSIDE"
    POOL = "POOL"
    AVAILABLE = "AVAILABLE"
    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    CLAIMED = "CLAIMED"
    PAID = "PAID"


class MovementKind(StrEnum):
    """What moved it."""

    FILLED = "FILLED"
    ALLOCATED = "ALLOCATED"
    ACCRUED = "ACCRUED"
    CORRECTED = "CORRECTED"
    REQUESTED = "REQUESTED"
    RELEASED = "RELEASED"
    APPROVED = "APPROVED"
    CLAIMED = "CLAIMED"
    UNCLAIMED = "UNCLAIMED"
    PAID = "PAID"
    REVERSED = "REVERSED"
    RETURNED = "RETURNED"
    ROLLED_OVER = "ROLLED_OVER"


OF_ALLOCATION = (Bucket.AVAILABLE, Bucket.REQUESTED, Bucket.APPROVED, Bucket.CLAIMED, Bucket.PAID)


@dataclass(frozen=True, kw_only=True)
class Movement:
    """So much money of a fund goes from one place to another; `allocation_id` where one of them is an allocation's."""

    fund_id: UUID
    allocation_id: UUID | None
    kind: MovementKind
    source: Bucket
    target: Bucket
    amount: int
    request_id: UUID | None = None
    claim_id: UUID | None = None
    reason: str | None = None


async def post_in(op: Operation, actor: Actor, movements: Sequence[Movement]) -> None:
    """Every movement stands, with its event, or none does; those of nothing are left out. Pools are locked before
    allocations, these in the order of their ids.

    Refuses: FundsInsufficient.
    """
    moved = [one for one in movements if one.amount > 0]
    if not moved:
        return
    at = max(await _move_pools_in(op, moved), await _move_allocations_in(op, moved), op.now)
    await op.sql.execute(
        APPEND,
        new_ids(len(moved)),
        [one.fund_id for one in moved],
        [one.allocation_id for one in moved],
        [one.kind.value for one in moved],
        [one.source.value for one in moved],
        [one.target.value for one in moved],
        [one.amount for one in moved],
        [one.request_id for one in moved],
        [one.claim_id for one in moved],
        [one.reason for one in moved],
        actor.principal_id,
        at,
    )
    await _tell_in(op, moved)


async def _move_pools_in(op: Operation, moved: Sequence[Movement]) -> datetime:
    deltas = defaultdict[UUID, int](int)
    for one in moved:
        deltas[one.fund_id] += (one.target is Bucket.POOL) * one.amount - (one.source is Bucket.POOL) * one.amount
    wanted = {fund_id: amount for fund_id, amount in sorted(deltas.items()) if amount}
    if not wanted:
        return op.now
    rows = await op.sql.fetch(MOVE_POOLS, list(wanted), list(wanted.values()), op.now)
    for fund_id in wanted.keys() - {row["id"] for row in rows}:
        left = await op.sql.fetchval("SELECT pool FROM fund WHERE id = $1", fund_id)
        raise FundsInsufficient(of="pool", wanted=-wanted[fund_id], left=left or 0)
    return max(row["moved_at"] for row in rows)


async def _move_allocations_in(op: Operation, moved: Sequence[Movement]) -> datetime:
    deltas = defaultdict[UUID, dict[Bucket, int]](lambda: dict.fromkeys(OF_ALLOCATION, 0))
    for one in moved:
        if one.allocation_id is not None:
            for bucket, amount in ((one.target, one.amount), (one.source, -one.amount)):
                if bucket in OF_ALLOCATION:
                    deltas[one.allocation_id][bucket] += amount
    if not deltas:
        return op.now
    ids = sorted(deltas)
    if len(ids) > 1:
        await op.sql.fetch(LOCK, ids)
    columns = [[deltas[each][bucket] for each in ids] for bucket in OF_ALLOCATION]
    rows = await op.sql.fetch(MOVE, ids, *columns, op.now)
    for allocation_id in sorted(deltas.keys() - {row["id"] for row in rows}):
        raise await _insufficient(op, allocation_id, deltas[allocation_id])
    return max(row["moved_at"] for row in rows)


async def _insufficient(op: Operation, allocation_id: UUID, wanted: Mapping[Bucket, int]) -> FundsInsufficient:
    row = await op.sql.fetchrow("SELECT * FROM fund_allocation WHERE id = $1", allocation_id)
    assert row is not None, "an allocation is never deleted"
    for bucket, amount in wanted.items():
        if row[bucket.value.lower()] + amount < 0:
            return FundsInsufficient(of="allocation", wanted=-amount, left=row[bucket.value.lower()])
    raise LookupError("an allocation that holds enough was not moved")


async def _tell_in(op: Operation, moved: Sequence[Movement]) -> None:
    rows = await op.sql.fetch(TOLD, [one.allocation_id for one in moved if one.allocation_id is not None])
    partners = {row["id"]: row["partner_id"] for row in rows}
    units = {row["id"]: row["unit"] for row in await op.sql.fetch(UNITS, [one.fund_id for one in moved])}
    for one in moved:
        if one.allocation_id is not None:
            op.tell(
                FUND_MOVED.about(
                    one.allocation_id,
                    partner_id=partners[one.allocation_id],
                    kind=one.kind.value,
                    from_bucket=one.source.value,
                    to_bucket=one.target.value,
                    amount=one.amount,
                    unit=units[one.fund_id],
                )
            )
