"""A batch turns out bad, or time passes: codes that nobody has become void, those in members' hands are flagged."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from catalog.codes.events import BATCH_RECALLED, CODES_EXPIRED, CODES_EXPIRING
from catalog.codes.records import Problem, last_day_too_late
from catalog.codes.taking import PoolMove, count_in, lock_pools_in
from catalog.suppliers.reading import sees
from domain.access import audit
from domain.access.principals import SYSTEM, Actor
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotFound
from domain.kernel.sql import Row

EXPIRE_MAX = 1_000
POOLS_TOLD_MAX = 100
EXPIRING_DAYS = 14

OWN_BATCH = """
SELECT b.pool_id FROM code_batch AS b JOIN code_pool AS p ON p.id = b.pool_id JOIN supplier AS s ON s.id = p.supplier_id
WHERE b.id = $1 AND ($2::bool OR s.source_id = $3)
"""
RECALL = "UPDATE code_batch SET state = 'RECALLED', recalled_at = $2 WHERE id = $1 AND state = 'ACTIVE' RETURNING id"
# Its size is bounded by a batch's. Reserved codes are flagged: issue_in leaves them, give_back_in voids them.
FLAG = """
WITH flagged AS (
    UPDATE voucher_code SET problem = $3, state = CASE WHEN state = 'FREE' THEN 'VOID' ELSE state END,
        voided_at = CASE WHEN state = 'FREE' THEN $2::timestamptz ELSE voided_at END
    WHERE batch_id = $1 AND state IN ('FREE', 'RESERVED', 'ISSUED') RETURNING state
) SELECT state, count(*) AS codes FROM flagged GROUP BY state
"""
EXPIRED_POOLS = """
SELECT DISTINCT pool_id FROM (
    SELECT pool_id FROM voucher_code WHERE state = 'FREE' AND expires_on <= $1 ORDER BY expires_on LIMIT $2
) AS due
"""
EXPIRE = """
UPDATE voucher_code SET state = 'VOID', voided_at = $2, problem = 'EXPIRED' WHERE id IN (
    SELECT id FROM voucher_code WHERE pool_id = ANY($1::uuid[]) AND state = 'FREE' AND expires_on <= $3
    ORDER BY expires_on LIMIT $4
) AND state = 'FREE' RETURNING pool_id
"""
SUPPLIERS = "SELECT id, supplier_id FROM code_pool WHERE id = ANY($1::uuid[])"
EXPIRING_POOLS = """
SELECT p.id FROM code_pool AS p WHERE (p.expiring_told_until IS NULL OR p.expiring_told_until < $1) AND EXISTS (
    SELECT 1 FROM voucher_code AS c WHERE c.pool_id = p.id AND c.state = 'FREE' AND c.expires_on <= $1
    AND (p.expiring_told_until IS NULL OR c.expires_on > p.expiring_told_until)
) ORDER BY p.id LIMIT $2
"""
EXPIRING = """
SELECT p.id, p.supplier_id, count(*) AS codes, min(c.expires_on) AS first
FROM code_pool AS p JOIN voucher_code AS c ON c.pool_id = p.id AND c.state = 'FREE' AND c.expires_on <= $2
     AND (p.expiring_told_until IS NULL OR c.expires_on > p.expiring_told_until)
WHERE p.id = ANY($1::uuid[]) GROUP BY p.id, p.supplier_id ORDER BY p.id
"""
# Codes that came after their pool had told of the days on which they expire.
LATE = """
SELECT p.supplier_id, count(*) AS codes, min(c.expires_on) AS first
FROM code_pool AS p JOIN voucher_code AS c ON c.pool_id = p.id AND c.expires_on <= p.expiring_told_until
WHERE p.id = $1 AND c.id = ANY($2::uuid[]) GROUP BY p.supplier_id
"""
TOLD = "UPDATE code_pool SET expiring_told_until = $2 WHERE id = ANY($1::uuid[])"


async def recall_code_batch(door: Door, actor: Actor, keyed: Keyed, batch_id: UUID) -> Outcome:
    """The batch gives nothing any more: FREE codes are VOID, reserved and issued ones have the problem RECALLED.

    Recalling again changes nothing. Facts: batch_id, voided, reserved, issued.
    Refuses: NotFound (the batch, or not yours); KeyReused; TryLater.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        pool_id = await op.sql.fetchval(OWN_BATCH, batch_id, *sees(actor))
        if pool_id is None:
            raise NotFound(kind="code batch", id=str(batch_id))
        await lock_pools_in(op, [pool_id])
        if await op.sql.fetchval(RECALL, batch_id, op.now) is None:
            return {"batch_id": str(batch_id), "voided": 0, "reserved": 0, "issued": 0}
        found = {row["state"]: row["codes"] for row in await op.sql.fetch(FLAG, batch_id, op.now, Problem.RECALLED)}
        voided, reserved, issued = (found.get(state, 0) for state in ("VOID", "RESERVED", "ISSUED"))
        await count_in(op, {pool_id: PoolMove(free=-voided, void=voided)})
        await audit.record_in(op, "code_batch.recalled", "code_batch", batch_id, voided=voided, issued=issued)
        told = BATCH_RECALLED.about(batch_id, pool_id=str(pool_id), voided=voided, reserved=reserved, issued=issued)
        op.tell(told)
        return {"batch_id": str(batch_id), "voided": voided, "reserved": reserved, "issued": issued}

    return await door.operate_keyed(actor, "recallCodeBatch", keyed, work)


async def expire_codes(door: Door) -> int:
    """A step: up to 1,000 free codes that can no longer be given are VOID; answers how many."""

    async def work(op: Operation) -> int:
        too_late = last_day_too_late(op.now.date())
        due = await op.sql.fetch(EXPIRED_POOLS, too_late, EXPIRE_MAX)
        pool_ids = [row["pool_id"] for row in due]
        await lock_pools_in(op, pool_ids)
        moves = dict[UUID, PoolMove]()
        for row in await op.sql.fetch(EXPIRE, pool_ids, op.now, too_late, EXPIRE_MAX):
            move = moves.setdefault(row["pool_id"], PoolMove())
            move.free -= 1
            move.void += 1
        await count_in(op, moves)
        for row in await op.sql.fetch(SUPPLIERS, list(moves)):
            count = moves[row["id"]].void
            op.tell(CODES_EXPIRED.about(row["id"], supplier_id=str(row["supplier_id"]), count=count))
        return sum(move.void for move in moves.values())

    return await door.operate(SYSTEM, work)


async def tell_expiring(door: Door) -> int:
    """A step: up to 100 pools tell of free codes whose last good day is two weeks ahead or less; each code once.

    Answers how many pools told.
    """

    async def work(op: Operation) -> int:
        until = op.now.date() + timedelta(days=EXPIRING_DAYS)
        pools = [row["id"] for row in await op.sql.fetch(EXPIRING_POOLS, until, POOLS_TOLD_MAX)]
        await lock_pools_in(op, pools)
        rows = await op.sql.fetch(EXPIRING, pools, until)
        await op.sql.execute(TOLD, pools, until)
        for row in rows:
            _tell_expiring(op, row["id"], row)
        return len(rows)

    return await door.operate(SYSTEM, work)


async def tell_late_in(op: Operation, pool_id: UUID, code_ids: Collection[UUID]) -> None:
    """Those of the new codes of a locked pool that expire on days of which it told already are told of now."""
    row = await op.sql.fetchrow(LATE, pool_id, list(code_ids)) if code_ids else None
    if row is not None:
        _tell_expiring(op, pool_id, row)


def _tell_expiring(op: Operation, pool_id: UUID, row: Row) -> None:
    supplier, first = str(row["supplier_id"]), row["first"].isoformat()
    op.tell(CODES_EXPIRING.about(pool_id, supplier_id=supplier, count=row["codes"], first_expires_on=first))
