"""What the face may ask of imports: the runs, and the rows that were not simply recorded, each with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS, viewer_arguments
from domain.access.principals import Actor
from domain.kernel.sql import Connection, Database

Pairs = Sequence[tuple[Actor, UUID]]


@dataclass(frozen=True, kw_only=True)
class ImportRunRecord:
    """One file being imported; `counts` by outcome, `next_row` is where it goes on."""

    id: UUID
    source_id: UUID
    file_name: str
    rows: int
    next_row: int
    counts: Mapping[str, int]
    recorded_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ImportProblemRecord:
    """How one row ended when it was not simply recorded."""

    run_id: UUID
    row: int
    external_id: str | None
    outcome: str
    reason: Mapping[str, Any]


SEEN = "(viewer.sees_all OR viewer.portfolio_of IS NOT NULL OR viewer.source_id = run.source_id)"
COLUMNS = (
    "run.id, run.source_id, run.file_name, run.rows, run.next_row, run.counts, run.recorded_at, run.finished_at"
)
RUNS = f"""
SELECT {COLUMNS} FROM {VIEWERS}, import_run AS run
WHERE {SEEN} AND ($6::uuid IS NULL OR run.source_id = $6)
    AND ($7::timestamptz IS NULL OR (run.recorded_at, run.id) < ($7, $8::uuid))
ORDER BY run.recorded_at DESC, run.id DESC LIMIT $9
"""
ASKED = f"{VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, asked_place) ON asked_place = place"
RUNS_BY_ID = f"SELECT place, {COLUMNS} FROM {ASKED} JOIN import_run AS run ON run.id = asked.id WHERE {SEEN}"
PROBLEMS = f"""
SELECT place, page.* FROM {ASKED} JOIN import_run AS run ON run.id = asked.id CROSS JOIN LATERAL (
    SELECT run_id, row, external_id, outcome, reason FROM import_row
    WHERE import_row.run_id = run.id AND ($7::int IS NULL OR import_row.row > $7)
    ORDER BY import_row.row LIMIT $8) AS page
WHERE {SEEN} ORDER BY place, page.row
"""


async def import_runs(
    sql: Database | Connection,
    actor: Actor,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
    source_id: UUID | None = None,
) -> list[ImportRunRecord]:
    """The imports the actor may see, newest first; `after` is (recorded_at, id)."""
    rows = await sql.fetch(RUNS, *viewer_arguments([actor]), source_id, *(after or (None, None)), limit)
    return [ImportRunRecord(**dict(row)) for row in rows]


async def import_runs_by_id(
    sql: Database | Connection, pairs: Pairs
) -> Mapping[tuple[Actor, UUID], ImportRunRecord]:
    """Those of the imports that their actor may see."""
    rows = await sql.fetch(RUNS_BY_ID, *_asked(pairs))
    fields = ImportRunRecord.__dataclass_fields__
    return {pairs[row["place"] - 1]: ImportRunRecord(**{name: row[name] for name in fields}) for row in rows}


async def import_problems_of(
    sql: Database | Connection, pairs: Pairs, *, limit: int, after: int | None = None
) -> Mapping[tuple[Actor, UUID], list[ImportProblemRecord]]:
    """A page of the rows of each run that were not simply recorded, in order of the file."""
    found: dict[tuple[Actor, UUID], list[ImportProblemRecord]] = {}
    for row in await sql.fetch(PROBLEMS, *_asked(pairs), after, limit):
        record = ImportProblemRecord(**{name: row[name] for name in ImportProblemRecord.__dataclass_fields__})
        found.setdefault(pairs[row["place"] - 1], []).append(record)
    return found


def _asked(pairs: Pairs) -> tuple[object, ...]:
    return *viewer_arguments(pair[0] for pair in pairs), [pair[1] for pair in pairs]
