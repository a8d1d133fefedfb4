"""What time brings to certificates: a reminder once a threshold, and the end. A step."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.kernel.operation import Door, Operation
from domain.training.attempt import next_look, reminder_due
from domain.training.counting import firm_steps
from domain.training.events import CERTIFICATE_EXPIRING
from domain.training.machine import VALID, TrainingState
from domain.training.requiring import stand_in
from domain.training.storing import Move, lock_courses_in, move_in, trainings_in

LOOKS_MAX = 100

DUE = "SELECT id, course_id FROM training WHERE look_at <= $1 ORDER BY look_at, id LIMIT $2"
# Somebody who passed another version of the course has another end.
OUTLASTED = """
SELECT DISTINCT training.id FROM training JOIN training AS other
    ON other.member_id = training.member_id AND other.course_id = training.course_id AND other.id <> training.id
WHERE training.id = ANY($1::uuid[]) AND other.state IN ('PASSED', 'RENEWED')
  AND (other.expires_at IS NULL OR other.expires_at > training.expires_at)
"""
FIRMS = """
SELECT DISTINCT course_id, partner_id FROM certified_span
JOIN unnest($1::uuid[], $2::uuid[]) AS asked (course_id, member_id) USING (course_id, member_id)
"""
REMINDED = """
UPDATE training SET told_days = told.days, look_at = told.look_at
FROM unnest($1::uuid[], $2::int[], $3::timestamptz[]) AS told (id, days, look_at) WHERE training.id = told.id
"""


async def look_at_due(door: Door) -> int:
    """A step: up to 100 certificates that are about to end are told, or have EXPIRED; answers how many were looked at.
    Firms that lack somebody from then on are told. Of several thresholds that passed at once the shortest is told.
    """

    async def work(op: Operation) -> int:
        due = await op.sql.fetch(DUE, op.now, LOOKS_MAX)
        if not due:
            return 0
        courses = await lock_courses_in(op, ids={row["course_id"] for row in due})
        found = (await trainings_in(op, [row["id"] for row in due])).values()
        outlasted = {row["id"] for row in await op.sql.fetch(OUTLASTED, [one.id for one in found])}
        moves, told = list[Move](), list[Move]()
        for training in found:
            if training.state not in VALID or training.expires_at is None:
                continue
            course = courses[training.course_id]
            version = next(each for each in course.versions if each.id == training.course_version_id)
            if training.expires_at <= op.now:
                after = replace(training, state=TrainingState.EXPIRED)
                moves.append(Move(before=training, after=after, version=version))
                continue
            days = reminder_due(training.expires_at, version.reminder_days, training.told_days, op.now)
            if days is not None:
                told.append(Move(before=training, after=replace(training, told_days=days), version=version))
        await move_in(op, moves)
        await _remind(op, told, outlasted)
        await _recount(op, moves)
        return len(due)

    return await door.operate(SYSTEM, work)


async def _remind(op: Operation, told: Sequence[Move], outlasted: Collection[UUID]) -> None:
    """Each is reminded, unless the person has another certificate of the course that ends later."""
    if not told:
        return
    afters = [move.after for move in told]
    looks = [next_look(move.after.expires_at, move.version.reminder_days, move.after.told_days) for move in told]
    await op.sql.execute(REMINDED, [one.id for one in afters], [one.told_days for one in afters], looks)
    for after in afters:
        if after.id not in outlasted and after.expires_at is not None:
            op.tell(
                CERTIFICATE_EXPIRING.about(
                    after.id,
                    member_id=after.member_id,
                    course_id=str(after.course_id),
                    days=after.told_days,
                    expires_at=after.expires_at.isoformat(),
                )
            )


async def _recount(op: Operation, moves: Sequence[Move]) -> None:
    """The facts knew the end from the beginning; how firms stand to what is required is judged as of now."""
    if not moves:
        return
    asked = [move.after.course_id for move in moves], [move.after.member_id for move in moves]
    firms = {(row["course_id"], row["partner_id"]) for row in await op.sql.fetch(FIRMS, *asked)}
    await stand_in(op, await firm_steps(op, firms))
