"""What waits for people: open attempts at suppliers, problems with codes; actor first, set-based, frozen records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from catalog.codes.records import Problem
from catalog.redemptions.machine import AttemptState
from catalog.redemptions.reading import AttemptRecord
from catalog.suppliers.reading import sees
from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.kernel.sql import Connection, Database, Row

Source = Database | Connection
Pair = tuple[Actor, UUID]

ATTEMPT = """
a.id, a.line_id, a.n, a.supplier_id, a.priority, a.sku, a.state, a.reason, a.supplier_reference, a.calls, a.call_at,
a.recorded_at, a.ended_at
"""
OPEN_ATTEMPTS = f"""
SELECT {ATTEMPT} FROM fulfilment_attempt AS a JOIN supplier AS s ON s.id = a.supplier_id
WHERE a.state IN ('INTENT', 'SENT', 'UNKNOWN') AND ($1::bool OR s.source_id = $2)
  AND ($3::uuid IS NULL OR a.supplier_id = $3) AND ($4::bool IS NULL OR (a.call_at IS NULL) = $4)
  AND ($5::timestamptz IS NULL OR (a.recorded_at, a.id) > ($5, $6::uuid))
ORDER BY a.recorded_at, a.id LIMIT $7
"""
ATTEMPTS_BY_ID = f"""
SELECT seer.place, {ATTEMPT}
FROM unnest($1::bool[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS seer (sees_all, source_id, id, place)
JOIN fulfilment_attempt AS a ON a.id = seer.id JOIN supplier AS s ON s.id = a.supplier_id
WHERE seer.sees_all OR s.source_id = seer.source_id
"""
RELATION = relation_sql(member="redemption.member_id", partner="NULL::uuid")
PROBLEM = "p.id, p.line_id, p.problem, p.note, p.answer, p.state, p.recorded_at, p.settled_at"
OF_LINE = """
JOIN redemption_line AS line ON line.id = p.line_id JOIN redemption ON redemption.id = line.redemption_id
"""
PROBLEMS = f"""
SELECT * FROM (
  SELECT {PROBLEM}, {RELATION} AS relation FROM {VIEWERS} CROSS JOIN code_problem AS p {OF_LINE}
  WHERE ($6::text IS NULL OR p.state = $6)
    AND ($7::timestamptz IS NULL OR (p.recorded_at, p.id) > ($7, $8::uuid))) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at, id LIMIT $9
"""
PROBLEMS_BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, {PROBLEM}, {RELATION} AS relation
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN code_problem AS p ON p.id = asked.id {OF_LINE}) AS seen
WHERE relation IS NOT NULL
"""


class ProblemState(StrEnum):
    """Whether a problem waits, or how it was settled."""

    OPEN = "OPEN"
    REPLACED = "REPLACED"
    REFUNDED = "REFUNDED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, kw_only=True)
class ProblemRecord:
    """What a member said of her code, and what she was answered."""

    id: UUID
    line_id: UUID
    problem: Problem
    note: str
    answer: str | None
    state: ProblemState
    recorded_at: datetime
    settled_at: datetime | None
    relation: Relation


async def open_attempts(
    source: Source,
    actor: Actor,
    *,
    first: int,
    after: tuple[datetime, UUID] | None = None,
    supplier_id: UUID | None = None,
    parked: bool | None = None,
) -> Sequence[AttemptRecord]:
    """Attempts that have not ended, the oldest first; a key sees those of its own supplier.

    `parked`: only those that wait for an operator (or, false, only those that go on by themselves).
    """
    seen = after or (None, None)
    rows = await source.fetch(OPEN_ATTEMPTS, *sees(actor), supplier_id, parked, *seen, first)
    return [_attempt(row) for row in rows]


async def attempts_by_id(source: Source, pairs: Sequence[Pair]) -> Mapping[Pair, AttemptRecord]:
    """Those of the attempts that their actor may see."""
    seers = [sees(actor) for actor, _ in pairs]
    ids = [attempt_id for _, attempt_id in pairs]
    rows = await source.fetch(ATTEMPTS_BY_ID, [seer[0] for seer in seers], [seer[1] for seer in seers], ids)
    return {pairs[row["place"] - 1]: _attempt(row) for row in rows}


async def code_problems(
    source: Source,
    actor: Actor,
    *,
    first: int,
    after: tuple[datetime, UUID] | None = None,
    state: ProblemState | None = None,
) -> Sequence[ProblemRecord]:
    """Problems with codes that the actor may see, the oldest first."""
    seen = after or (None, None)
    wanted = None if state is None else state.value
    rows = await source.fetch(PROBLEMS, *viewer_arguments([actor]), wanted, *seen, first)
    return [_problem(row) for row in rows]


async def code_problems_by_id(source: Source, pairs: Sequence[Pair]) -> Mapping[Pair, ProblemRecord]:
    """Those of the problems that their actor may see."""
    actors, ids = [actor for actor, _ in pairs], [problem_id for _, problem_id in pairs]
    rows = await source.fetch(PROBLEMS_BY_ID, *viewer_arguments(actors), ids)
    return {pairs[row["place"] - 1]: _problem(row) for row in rows}


def _attempt(row: Row) -> AttemptRecord:
    return AttemptRecord(
        id=row["id"],
        line_id=row["line_id"],
        n=row["n"],
        supplier_id=row["supplier_id"],
        priority=row["priority"],
        sku=row["sku"],
        state=AttemptState(row["state"]),
        reason=row["reason"],
        supplier_reference=row["supplier_reference"],
        calls=row["calls"],
        call_at=row["call_at"],
        recorded_at=row["recorded_at"],
        ended_at=row["ended_at"],
        relation=Relation.OPERATOR,
    )


def _problem(row: Row) -> ProblemRecord:
    return ProblemRecord(
        id=row["id"],
        line_id=row["line_id"],
        problem=Problem(row["problem"]),
        note=row["note"],
        answer=row["answer"],
        state=ProblemState(row["state"]),
        recorded_at=row["recorded_at"],
        settled_at=row["settled_at"],
        relation=Relation(row["relation"]),
    )
