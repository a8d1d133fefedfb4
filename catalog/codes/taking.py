"""Codes are given: reserved for a line, issued to it, given back unseen, voided; law C1 is kept here.

Every move locks its pools by id first; counters move in the same statement order as codes, never read-judge-write.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from catalog.codes.events import CODE_ISSUED, CODE_VOIDED, LOW_STOCK
from catalog.codes.records import last_day_too_late
from domain.kernel.operation import Operation

LOCK = "SELECT id FROM code_pool WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
POOLS_OF_LINES = """
SELECT DISTINCT pool_id FROM voucher_code WHERE line_id = ANY($1::uuid[]) AND state IN ('RESERVED', 'ISSUED')
"""
# Codes of a recalled batch are never FREE: the recall voids them under the pool's lock.
RESERVE = """
WITH asked AS (
    SELECT line_id, pool_id, row_number() OVER (PARTITION BY pool_id ORDER BY place) AS n
    FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS a (line_id, pool_id, place)
), wanted AS (SELECT pool_id, count(*) AS units FROM asked GROUP BY pool_id),
picked AS (
    SELECT found.id, wanted.pool_id,
           row_number() OVER (PARTITION BY wanted.pool_id ORDER BY found.expires_on, found.id) AS n
    FROM wanted CROSS JOIN LATERAL (
        SELECT c.id, c.expires_on FROM voucher_code AS c
        WHERE c.pool_id = wanted.pool_id AND c.state = 'FREE' AND (c.expires_on IS NULL OR c.expires_on > $3)
        ORDER BY c.expires_on, c.id LIMIT wanted.units FOR UPDATE SKIP LOCKED
    ) AS found
)
UPDATE voucher_code AS c SET state = 'RESERVED', line_id = asked.line_id, reserved_at = $4
FROM picked JOIN asked USING (pool_id, n) WHERE c.id = picked.id AND c.state = 'FREE'
RETURNING c.id, c.line_id, c.pool_id
"""
ISSUE = """
UPDATE voucher_code SET state = 'ISSUED', issued_at = $2
WHERE line_id = ANY($1::uuid[]) AND state = 'RESERVED' AND problem IS NULL
RETURNING id, line_id, pool_id, last_four, expires_on
"""
# Flagged while it was reserved: nobody saw it, and nobody shall.
GIVE_BACK = """
UPDATE voucher_code
SET state = CASE WHEN problem IS NULL THEN 'FREE' ELSE 'VOID' END, line_id = NULL, reserved_at = NULL,
    voided_at = CASE WHEN problem IS NULL THEN NULL ELSE $2::timestamptz END
WHERE line_id = ANY($1::uuid[]) AND state = 'RESERVED'
RETURNING pool_id, state
"""
VOID = """
UPDATE voucher_code SET state = 'VOID', voided_at = $2, problem = coalesce($3, problem)
WHERE line_id = ANY($1::uuid[]) AND state = 'ISSUED'
RETURNING id, line_id, pool_id, problem
"""
COUNT = """
UPDATE code_pool AS p SET imported = p.imported + m.imported, free = p.free + m.free,
    reserved = p.reserved + m.reserved, issued = p.issued + m.issued, void = p.void + m.void, version = p.version + 1
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
     AS m (id, imported, free, reserved, issued, void)
WHERE p.id = m.id
RETURNING p.id, p.supplier_id, p.free, p.low_stock_at, p.free - m.free AS free_before
"""


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A code that belongs to its line for good; what may be shown of it."""

    code_id: UUID
    last_four: str
    expires_on: date | None


@dataclass(kw_only=True)
class PoolMove:
    """By how much one pool's counters move."""

    imported: int = 0
    free: int = 0
    reserved: int = 0
    issued: int = 0
    void: int = 0


async def reserve_in(op: Operation, wanted: Mapping[UUID, UUID]) -> Mapping[UUID, UUID]:
    """line → pool in, line → its code out, RESERVED; a line that is missing met an empty pool.

    The earliest last good day goes first; a code good for a day or less is not given. Tells code_pool.low_stock.
    """
    if not wanted:
        return {}
    await lock_pools_in(op, wanted.values())
    too_late = last_day_too_late(op.now.date())
    rows = await op.sql.fetch(RESERVE, list(wanted), list(wanted.values()), too_late, op.now)
    moves = dict[UUID, PoolMove]()
    for row in rows:
        move = moves.setdefault(row["pool_id"], PoolMove())
        move.free -= 1
        move.reserved += 1
    await count_in(op, moves)
    return {row["line_id"]: row["id"] for row in rows}


async def issue_in(op: Operation, line_ids: Collection[UUID]) -> Mapping[UUID, Issued]:
    """The lines' reserved codes are ISSUED. A line that is missing had none, or its code was recalled meanwhile:
    give that back and reserve another.
    """
    await lock_pools_of_lines_in(op, line_ids)
    rows = await op.sql.fetch(ISSUE, list(line_ids), op.now)
    moves = dict[UUID, PoolMove]()
    for row in rows:
        move = moves.setdefault(row["pool_id"], PoolMove())
        move.reserved -= 1
        move.issued += 1
        op.tell(CODE_ISSUED.about(row["id"], pool_id=str(row["pool_id"]), line_id=str(row["line_id"])))
    await count_in(op, moves)
    return {
        row["line_id"]: Issued(code_id=row["id"], last_four=row["last_four"], expires_on=row["expires_on"])
        for row in rows
    }


async def give_back_in(op: Operation, line_ids: Collection[UUID]) -> None:
    """The lines' reserved codes, which nobody saw, are FREE again; VOID if they were recalled meanwhile."""
    await lock_pools_of_lines_in(op, line_ids)
    moves = dict[UUID, PoolMove]()
    for row in await op.sql.fetch(GIVE_BACK, list(line_ids), op.now):
        move = moves.setdefault(row["pool_id"], PoolMove())
        move.reserved -= 1
        if row["state"] == "FREE":
            move.free += 1
        else:
            move.void += 1
    await count_in(op, moves)


async def void_in(op: Operation, line_ids: Collection[UUID], problem: str | None) -> None:
    """The lines' issued codes are VOID and stay with their lines; None keeps the problem that was noted before."""
    await lock_pools_of_lines_in(op, line_ids)
    moves = dict[UUID, PoolMove]()
    for row in await op.sql.fetch(VOID, list(line_ids), op.now, problem):
        move = moves.setdefault(row["pool_id"], PoolMove())
        move.issued -= 1
        move.void += 1
        pool, line = str(row["pool_id"]), str(row["line_id"])
        op.tell(CODE_VOIDED.about(row["id"], pool_id=pool, line_id=line, problem=row["problem"]))
    await count_in(op, moves)


async def lock_pools_in(op: Operation, pool_ids: Collection[UUID]) -> None:
    """The pools are locked, by id; codes only move under their pool's lock."""
    await op.sql.execute(LOCK, sorted(set(pool_ids)))


async def lock_pools_of_lines_in(op: Operation, line_ids: Collection[UUID], more: Collection[UUID] = ()) -> None:
    """The pools of the codes that the lines have, and any `more` that are named, are locked, by id."""
    rows = await op.sql.fetch(POOLS_OF_LINES, list(line_ids))
    await lock_pools_in(op, [*(row["pool_id"] for row in rows), *more])


async def count_in(op: Operation, moves: Mapping[UUID, PoolMove]) -> None:
    """The counters have moved; a pool that fell to its threshold by this is told of, once."""
    if not moves:
        return
    columns = [
        [getattr(move, name) for move in moves.values()] for name in ("imported", "free", "reserved", "issued", "void")
    ]
    for row in await op.sql.fetch(COUNT, list(moves), *columns):
        if row["free"] <= row["low_stock_at"] < row["free_before"]:
            supplier, free, threshold = str(row["supplier_id"]), row["free"], row["low_stock_at"]
            op.tell(LOW_STOCK.about(row["id"], supplier_id=supplier, free=free, low_stock_at=threshold))
