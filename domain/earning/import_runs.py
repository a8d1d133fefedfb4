"""The rows of an import: where it stands, what became of each row, and the counts; all in the batch's transaction."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Operation
from domain.kernel.sql import Connection, Database

PAGE = 1_000

BEGIN = """
INSERT INTO import_run (id, source_id, file_name, file_digest, rows, next_row, counts, recorded_at)
VALUES ($1, $2, $3, $4, $5, 0, '{}', $6)
ON CONFLICT (source_id, file_digest) DO UPDATE SET
  next_row = CASE WHEN import_run.finished_at IS NULL THEN import_run.next_row ELSE 0 END,
  counts = CASE WHEN import_run.finished_at IS NULL THEN import_run.counts ELSE '{}' END,
  finished_at = NULL, file_name = excluded.file_name
RETURNING id, next_row, counts
"""

ADVANCE = "UPDATE import_run SET next_row = $2, counts = $3 WHERE id = $1"
FORGET = "DELETE FROM import_row WHERE run_id = $1 AND row >= $2 AND row < $3"
KEEP = """
INSERT INTO import_row (id, run_id, row, external_id, outcome, reason)
SELECT id, $2, row, external_id, outcome, reason
FROM unnest($1::uuid[], $3::int[], $4::text[], $5::text[], $6::jsonb[]) AS told (id, row, external_id, outcome, reason)
"""
KEPT = "SELECT row, external_id, outcome, reason FROM import_row WHERE run_id = $1 AND row > $2 ORDER BY row LIMIT $3"


class RowOutcome(StrEnum):
    """How one row ended."""

    RECORDED = "RECORDED"
    DUPLICATE = "DUPLICATE"
    CORRECTED = "CORRECTED"
    REVERSED = "REVERSED"
    STALE = "STALE"
    SKIPPED = "SKIPPED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one row ended and, unless it was simply recorded, why: a code with its facts."""

    row: int
    external_id: str
    outcome: RowOutcome
    reason: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Run:
    """Where an import stands."""

    run_id: UUID
    rows: int
    next_row: int
    counts: Mapping[str, int]


async def begin_in(op: Operation, source_id: UUID, file_name: str, digest: bytes, rows: int) -> Run:
    """The import of these files stands: new, to be resumed, or, had it finished, to be gone through once more."""
    row = await op.sql.fetchrow(BEGIN, new_id(), source_id, file_name[:255], digest, rows, op.now)
    assert row is not None, "an upsert answers its row"
    return Run(run_id=row["id"], rows=rows, next_row=row["next_row"], counts=row["counts"])


async def standing_in(op: Operation, run: Run) -> Run:
    """Where the import stands now; the run is locked until the operation ends."""
    row = await op.sql.fetchrow("SELECT next_row, counts FROM import_run WHERE id = $1 FOR UPDATE", run.run_id)
    assert row is not None, "an import that began is never deleted"
    return Run(run_id=run.run_id, rows=run.rows, next_row=row["next_row"], counts=row["counts"])


async def advance_in(op: Operation, run: Run, ended: Sequence[Ended]) -> Run:
    """These rows, which follow each other from `run.next_row`, have ended; answers where the import stands now."""
    next_row = run.next_row + len(ended)
    counts = dict(Counter(run.counts) + Counter(end.outcome.value for end in ended))
    kept = [end for end in ended if end.outcome is not RowOutcome.RECORDED]
    await op.sql.execute(FORGET, run.run_id, run.next_row, next_row)
    await op.sql.execute(
        KEEP,
        new_ids(len(kept)),
        run.run_id,
        [end.row for end in kept],
        [end.external_id[:128] or None for end in kept],
        [end.outcome.value for end in kept],
        [dict(end.reason) for end in kept],
    )
    await op.sql.execute(ADVANCE, run.run_id, next_row, counts)
    return Run(run_id=run.run_id, rows=run.rows, next_row=next_row, counts=counts)


async def finish_in(op: Operation, run: Run) -> None:
    """The import has gone through the whole file."""
    await op.sql.execute("UPDATE import_run SET finished_at = $2 WHERE id = $1 AND next_row = rows", run.run_id, op.now)


async def kept_rows(reader: Database | Connection, run_id: UUID) -> AsyncIterator[Ended]:
    """The rows that were not simply recorded, in order of the file, read a thousand at a time."""
    last = -1
    while True:
        rows = await reader.fetch(KEPT, run_id, last, PAGE)
        for row in rows:
            last = row["row"]
            yield Ended(
                row=last,
                external_id=row["external_id"] or "",
                outcome=RowOutcome(row["outcome"]),
                reason=row["reason"],
            )
        if len(rows) < PAGE:
            return
