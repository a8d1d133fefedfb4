"""Moving programs through their states: by somebody's action, or by time, which waits for no worker."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput
from domain.ledger.reading import open_amount_of
from domain.programs.events import PROGRAM_CHANGED, TERMS_PUBLISHED
from domain.programs.objective import missing_of
from domain.programs.program import MOVES, RUNNING, ProgramAction, ProgramState, by_time, settles_at
from domain.programs.refusals import ProgramHasNoObjective, ProgramHasNoTerms, ProgramNotInState, ProgramNotSettled

PROGRAMS_MAX = 50

DUE = """
SELECT * FROM program WHERE state = 'SCHEDULED' AND starts_at <= guerdon_now()
   OR state IN ('LIVE', 'PAUSED') AND ends_at <= guerdon_now()
ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
"""
# What ends before it began never bound anything: its terms are drafts again.
MOVE = """
UPDATE program SET state = $2::text, version = version + 1,
       ends_at = CASE WHEN $2::text = 'ENDED' AND (ends_at IS NULL OR ends_at > $3) AND $3 > starts_at
                 THEN $3 ELSE ends_at END
WHERE id = $1 RETURNING *
"""
PUBLISH = """
UPDATE terms SET published_at = $2 WHERE program_id = $1 AND published_at IS NULL
RETURNING id, version, cohort, effective_from
"""
PUBLISHED = "SELECT id, version, cohort, effective_from FROM terms WHERE program_id = $1 AND published_at IS NOT NULL"

Row = Mapping[str, Any]


async def move_due(door: Door) -> int:
    """A step: at most 50 programs whose time has come start or end; answers how many. Harmless when it runs twice:
    terms of a scheduled program bind from its start on, whether or not this has run.
    """

    async def work(op: Operation) -> int:
        rows = await op.sql.fetch(DUE, PROGRAMS_MAX)
        for row in rows:
            await brought_up_to_date_in(op, row)
        return len(rows)

    return await door.operate(SYSTEM, work)


async def brought_up_to_date_in(op: Operation, row: Row) -> Row:
    """The locked program as time has left it: started, ended, or both, with an event each."""
    for _ in RUNNING:
        state = ProgramState(row["state"])
        after = by_time(state, row["starts_at"], row["ends_at"], op.now)
        if after is state:
            break
        if state is ProgramState.SCHEDULED:
            for terms in await op.sql.fetch(PUBLISHED, row["id"]):
                tell_published(op, row["id"], terms)
        row = await _moved(op, row, after)
    return row


async def move_in(op: Operation, row: Row, action: ProgramAction) -> ProgramState:
    """The locked program has moved along one drawn edge.

    Refuses: ProgramNotInState; ProgramHasNoTerms; ProgramHasNoObjective; ProgramNotSettled; InvalidInput (a start that
    is past).
    """
    row = await brought_up_to_date_in(op, row)
    before = ProgramState(row["state"])
    after = MOVES.get((before, action))
    if after is None:
        raise ProgramNotInState(program_id=str(row["id"]), state=before, action=action)
    match action:
        case ProgramAction.SCHEDULE:
            if row["starts_at"] <= op.now:
                raise InvalidInput(field="startsAt", problem="is past: launch the program, or move its start first")
            await _publish(op, row, row["starts_at"], is_told=False)
        case ProgramAction.LAUNCH:
            await _publish(op, row, op.now, is_told=True)
        case ProgramAction.UNSCHEDULE:
            await _unpublish(op, row["id"])
        case ProgramAction.PAUSE:
            await op.sql.execute(
                "INSERT INTO program_pause (id, program_id, paused_at) VALUES ($1, $2, $3)", new_id(), row["id"], op.now
            )
        case ProgramAction.RESUME:
            pass
        case ProgramAction.END:
            if op.now <= row["starts_at"]:
                await _unpublish(op, row["id"])
        case ProgramAction.ARCHIVE:
            await _check_settled(op, row)
    await _moved(op, row, after)
    return after


async def _moved(op: Operation, row: Row, after: ProgramState) -> Row:
    if row["state"] == ProgramState.PAUSED:
        await op.sql.execute(
            "UPDATE program_pause SET resumed_at = $2 WHERE program_id = $1 AND resumed_at IS NULL", row["id"], op.now
        )
    moved = await op.sql.fetchrow(MOVE, row["id"], after, op.now)
    assert moved is not None, "a locked row is there"
    op.tell(PROGRAM_CHANGED.about(row["id"], program_id=row["id"], from_state=row["state"], to_state=after))
    return moved


async def _publish(op: Operation, row: Row, at: datetime, *, is_told: bool) -> None:
    missing = missing_of(row["objective"])
    if missing:
        raise ProgramHasNoObjective(program_id=str(row["id"]), missing=missing)
    published = await op.sql.fetch(PUBLISH, row["id"], at)
    if not published:
        raise ProgramHasNoTerms(program_id=str(row["id"]))
    if is_told:
        for terms in sorted(published, key=lambda one: one["version"]):
            tell_published(op, row["id"], terms)


async def _unpublish(op: Operation, program_id: UUID) -> None:
    await op.sql.execute("UPDATE terms SET published_at = NULL WHERE program_id = $1", program_id)


async def _check_settled(op: Operation, row: Row) -> None:
    settles = settles_at(row["starts_at"], row["ends_at"], row["grace_days"])
    open_amount = await open_amount_of(op.sql, row["id"])
    if op.now < settles or open_amount:
        raise ProgramNotSettled(program_id=str(row["id"]), settles_at=settles, open_amount=open_amount)


def tell_published(op: Operation, program_id: UUID, terms: Row) -> None:
    """The version binds from now on."""
    op.tell(
        TERMS_PUBLISHED.about(
            terms["id"],
            program_id=program_id,
            version=terms["version"],
            cohort=terms["cohort"],
            effective_from=terms["effective_from"].isoformat(),
        )
    )
