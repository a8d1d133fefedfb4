"""Every question about codes that the face and the rooms above may ask: pools with counters, batches; never a code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from catalog.suppliers.reading import sees
from domain.access.principals import Actor
from domain.kernel.sql import Connection, Database, Row

BATCHES_MAX = 100
POOLS_MAX = 100

COLUMNS = """
p.id, p.supplier_id, p.code, p.name, p.imported, p.free, p.reserved, p.issued, p.void, p.low_stock_at, p.recorded_at,
p.version
"""
BATCH_COLUMNS = "b.id, b.pool_id, b.external_id, b.state, b.imported, b.rejected, b.recorded_at, b.recalled_at"
SEERS = "unnest($1::bool[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS seer (sees_all, source_id, id, place)"
SEEN = "(seer.sees_all OR s.source_id = seer.source_id)"
PAGE = f"""
SELECT {COLUMNS} FROM (SELECT $1::bool AS sees_all, $2::uuid AS source_id) AS seer,
     code_pool AS p JOIN supplier AS s ON s.id = p.supplier_id
WHERE {SEEN} AND ($3::uuid IS NULL OR p.id > $3) AND ($4::uuid IS NULL OR p.supplier_id = $4) ORDER BY p.id LIMIT $5
"""
BY_ID = f"""
SELECT seer.place, {COLUMNS}
FROM {SEERS} JOIN code_pool AS p ON p.id = seer.id JOIN supplier AS s ON s.id = p.supplier_id WHERE {SEEN}
"""
BATCHES_BY_ID = f"""
SELECT seer.place, {BATCH_COLUMNS}
FROM {SEERS} JOIN code_batch AS b ON b.id = seer.id JOIN code_pool AS p ON p.id = b.pool_id
     JOIN supplier AS s ON s.id = p.supplier_id WHERE {SEEN}
"""
BATCHES = f"""
SELECT seer.place, {BATCH_COLUMNS}
FROM {SEERS} JOIN code_pool AS p ON p.id = seer.id JOIN supplier AS s ON s.id = p.supplier_id
     CROSS JOIN LATERAL (SELECT * FROM code_batch AS b WHERE b.pool_id = p.id ORDER BY b.id DESC LIMIT $4) AS b
WHERE {SEEN} ORDER BY seer.place, b.id DESC
"""
POOLS = f"""
SELECT seer.place, {COLUMNS}
FROM {SEERS} JOIN supplier AS s ON s.id = seer.id
     CROSS JOIN LATERAL (SELECT * FROM code_pool AS p WHERE p.supplier_id = s.id ORDER BY p.id LIMIT $4) AS p
WHERE {SEEN} ORDER BY seer.place, p.id
"""
SHOWN = """
SELECT line_id, id, last_four, expires_on, revealed_at, problem FROM voucher_code
WHERE line_id = ANY($1::uuid[]) AND state = 'ISSUED'
"""
RECALLED = """
SELECT c.line_id, c.id, c.pool_id FROM voucher_code AS c
WHERE c.state = 'ISSUED' AND c.problem = 'RECALLED' AND ($1::uuid IS NULL OR (c.issued_at, c.id) >
      (SELECT seen.issued_at, seen.id FROM voucher_code AS seen WHERE seen.id = $1))
ORDER BY c.issued_at, c.id LIMIT $2
"""
FREE = "SELECT id, free FROM code_pool WHERE id = ANY($1::uuid[])"


class BatchState(StrEnum):
    """A RECALLED batch gives nothing any more."""

    ACTIVE = "ACTIVE"
    RECALLED = "RECALLED"


@dataclass(frozen=True, kw_only=True)
class CodePoolRecord:
    """A pool with its counters: free + reserved + issued + void = imported."""

    id: UUID
    supplier_id: UUID
    code: str
    name: str
    imported: int
    free: int
    reserved: int
    issued: int
    void: int
    low_stock_at: int
    recorded_at: datetime
    version: int

    @property
    def is_low(self) -> bool:
        """True at or below the threshold."""
        return self.free <= self.low_stock_at


@dataclass(frozen=True, kw_only=True)
class CodeBatchRecord:
    """The codes of one import; duplicates count as neither imported nor rejected."""

    id: UUID
    pool_id: UUID
    external_id: str
    state: BatchState
    imported: int
    rejected: int
    recorded_at: datetime
    recalled_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class CodeShown:
    """What may be shown of a line's code without opening it."""

    code_id: UUID
    last_four: str
    expires_on: date | None
    revealed_at: datetime | None
    problem: str | None


@dataclass(frozen=True, kw_only=True)
class RecalledCode:
    """A code in a member's hands whose batch was recalled: its line is to be given another, or refunded."""

    line_id: UUID
    code_id: UUID
    pool_id: UUID


async def code_pools(
    sql: Database | Connection,
    actor: Actor,
    *,
    first: int,
    after: UUID | None = None,
    supplier_id: UUID | None = None,
) -> list[CodePoolRecord]:
    """The pools the actor may see, oldest first, after a pool; of one supplier, if it is named."""
    rows = await sql.fetch(PAGE, *sees(actor), after, supplier_id, first)
    return [_pool(row) for row in rows]


async def code_pools_by_id(
    sql: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> Mapping[tuple[Actor, UUID], CodePoolRecord]:
    """Those of the pools that their actor may see."""
    rows = await sql.fetch(BY_ID, *_seers(pairs))
    return {pairs[row["place"] - 1]: _pool(row) for row in rows}


async def pools_of_suppliers(
    sql: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> Mapping[tuple[Actor, UUID], Sequence[CodePoolRecord]]:
    """Each supplier's oldest 100 pools."""
    found = dict[tuple[Actor, UUID], list[CodePoolRecord]]()
    for row in await sql.fetch(POOLS, *_seers(pairs), POOLS_MAX):
        found.setdefault(pairs[row["place"] - 1], []).append(_pool(row))
    return found


async def code_batches_by_id(
    sql: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> Mapping[tuple[Actor, UUID], CodeBatchRecord]:
    """Those of the batches that their actor may see."""
    rows = await sql.fetch(BATCHES_BY_ID, *_seers(pairs))
    return {pairs[row["place"] - 1]: _batch(row) for row in rows}


async def batches_of_pools(
    sql: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> Mapping[tuple[Actor, UUID], Sequence[CodeBatchRecord]]:
    """Each pool's newest 100 batches, newest first."""
    found = dict[tuple[Actor, UUID], list[CodeBatchRecord]]()
    for row in await sql.fetch(BATCHES, *_seers(pairs), BATCHES_MAX):
        found.setdefault(pairs[row["place"] - 1], []).append(_batch(row))
    return found


async def codes_shown(sql: Database | Connection, line_ids: Sequence[UUID]) -> Mapping[UUID, CodeShown]:
    """What may be shown of the lines' issued codes; the caller has decided whose lines they are."""
    rows = await sql.fetch(SHOWN, list(line_ids))
    return {
        row["line_id"]: CodeShown(
            code_id=row["id"],
            last_four=row["last_four"],
            expires_on=row["expires_on"],
            revealed_at=row["revealed_at"],
            problem=row["problem"],
        )
        for row in rows
    }


async def recalled_codes(
    sql: Database | Connection, *, first: int, after: UUID | None = None
) -> Sequence[RecalledCode]:
    """Recalled codes in members' hands, the earliest issued first, after a code."""
    rows = await sql.fetch(RECALLED, after, first)
    return [RecalledCode(line_id=row["line_id"], code_id=row["id"], pool_id=row["pool_id"]) for row in rows]


async def free_codes(sql: Database | Connection, pool_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """How many codes each pool can give; those that are about to expire are among them until a step voids them."""
    return {row["id"]: row["free"] for row in await sql.fetch(FREE, list(pool_ids))}


def _seers(pairs: Sequence[tuple[Actor, UUID]]) -> tuple[list[object], list[object], list[object]]:
    seers = [sees(actor) for actor, _ in pairs]
    return [seer[0] for seer in seers], [seer[1] for seer in seers], [pair[1] for pair in pairs]


def _pool(row: Row) -> CodePoolRecord:
    return CodePoolRecord(
        id=row["id"],
        supplier_id=row["supplier_id"],
        code=row["code"],
        name=row["name"],
        imported=row["imported"],
        free=row["free"],
        reserved=row["reserved"],
        issued=row["issued"],
        void=row["void"],
        low_stock_at=row["low_stock_at"],
        recorded_at=row["recorded_at"],
        version=row["version"],
    )


def _batch(row: Row) -> CodeBatchRecord:
    return CodeBatchRecord(
        id=row["id"],
        pool_id=row["pool_id"],
        external_id=row["external_id"],
        state=BatchState(row["state"]),
        imported=row["imported"],
        rejected=row["rejected"],
        recorded_at=row["recorded_at"],
        recalled_at=row["recalled_at"],
    )
