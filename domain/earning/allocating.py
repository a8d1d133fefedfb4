"""Allocation at close: what waited for its period's close is granted in order of occurrence, step by step."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.activities.states import states_of
from domain.earning.cases import place
from domain.earning.drafting import Draft, origin_of
from domain.earning.evaluating import Knowledge, rates_in
from domain.earning.granting import settle_in
from domain.earning.lines import Line, lines_by_id
from domain.kernel.operation import Door, Operation

LINES_MAX = 1_000

# The first close of a program that is over, by the rule's own period or because the program ended before.
NEXT = """
SELECT program.id, waiting.waits_until
FROM program CROSS JOIN LATERAL (
    SELECT min(waits_until) AS waits_until FROM due
    WHERE program_id = program.id AND waits_until IS NOT NULL) AS waiting
WHERE waiting.waits_until <= $1 OR (waiting.waits_until IS NOT NULL AND program.state IN ('ENDED', 'ARCHIVED')
      AND program.ends_at + make_interval(hours => 24 * program.grace_days) <= $1)
ORDER BY waiting.waits_until, program.id LIMIT 1
"""

# Who allocates a program is its only allocator.
LOCK = "SELECT id FROM program WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED"

IN_ORDER = """
SELECT due.id FROM due LEFT JOIN activity ON activity.id = due.activity_id
WHERE due.program_id = $1 AND due.waits_until = $2
ORDER BY due.occurred_at, coalesce(activity.source_id::text, '') COLLATE "C",
         coalesce(activity.external_id, '') COLLATE "C", due.rule COLLATE "C",
         coalesce(due.milestone, '') COLLATE "C", due.beneficiary_id, due.id LIMIT $3
"""


async def allocate_due(door: Door, knowledge: Knowledge, limit: int = LINES_MAX) -> int:
    """A step: of the first close that is over, up to so many dues that waited for it are granted, exactly in order of
    occurrence, from what the campaigns and the budget of the program still hold; answers how many waited.

    What is recorded after the close is granted by the next step, after what was granted before.
    """
    return await door.operate(SYSTEM, lambda op: _allocate_in(op, knowledge, limit))


async def _allocate_in(op: Operation, knowledge: Knowledge, limit: int) -> int:
    closed = await op.sql.fetchrow(NEXT, op.now)
    if closed is None or await op.sql.fetchval(LOCK, closed["id"]) is None:
        return 0
    lines = await _waiting(op, closed["id"], closed["waits_until"], limit)
    drafts = await _drafts(op, knowledge, lines)
    _, rate_ids = await rates_in(op)
    await settle_in(op, knowledge, drafts, {}, {}, rate_ids, backfill=False)
    return len(drafts)


async def _waiting(op: Operation, program_id: UUID, waits_until: datetime, limit: int) -> list[Line]:
    ids = [row["id"] for row in await op.sql.fetch(IN_ORDER, program_id, waits_until, limit)]
    return [line for line in await lines_by_id(op, ids) if line.waits_until is not None]


async def _drafts(op: Operation, knowledge: Knowledge, lines: Sequence[Line]) -> list[Draft]:
    """Each line as one that waits no longer, with what its activity tells of it."""
    states = await states_of(op.sql, {line.activity_id for line in lines if line.activity_id is not None})
    placed = {
        (one.state.activity_id, one.binding.terms_id): one.binding.parameters
        for one in await place(op, knowledge.terms, list(states.values()))
    }
    drafts = list[Draft]()
    for line in lines:
        told = [reason for reason in line.explanation if reason["code"] != "WAITS_FOR_CLOSE"]
        state = states.get(line.activity_id) if line.activity_id else None
        drafts.append(
            Draft(
                line=replace(line, waits_until=None, explanation=told),
                stored=line,
                origin=None if state is None else origin_of(state),
                parameters=placed.get((line.activity_id, line.terms_id)) if line.activity_id else None,
            )
        )
    return drafts
