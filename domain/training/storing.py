"""Rows of training as values: courses locked for writing, their versions, trainings with their attempts."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from domain.kernel.sql import Row
from domain.training.attempt import Attempt, AttemptOutcome, Standing, next_look
from domain.training.course import CourseVersion
from domain.training.events import TRAINING_MOVED
from domain.training.machine import VALID, TrainingState, sources
from domain.training.refusals import TrainingActionNotAvailable

LOCK_COURSES = """
-- lock: course
SELECT id, code, n FROM course WHERE id = ANY($1::uuid[]) OR code = ANY($2::text[]) ORDER BY id FOR NO KEY UPDATE
"""
VERSIONS = "SELECT * FROM course_version WHERE course_id = ANY($1::uuid[]) ORDER BY course_id, n"
OPEN = """
INSERT INTO training (id, course_id, course_version_id, member_id, state, recorded_at, version)
SELECT opened.*, 'ENROLLED', $5, 1 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) AS opened
ON CONFLICT (member_id, course_version_id) DO NOTHING RETURNING id
"""
OF_PEOPLE = """
SELECT training.* FROM training JOIN unnest($1::uuid[], $2::uuid[]) AS asked (member_id, course_version_id)
  USING (member_id, course_version_id)
"""
TRAININGS = "SELECT * FROM training WHERE id = ANY($1::uuid[])"
ATTEMPTS = "SELECT id, training_id, outcome, at, score FROM training_attempt WHERE training_id = ANY($1::uuid[])"
MOVE = """
UPDATE training SET state = moved.state, score = moved.score, passed_at = moved.passed_at,
       expires_at = moved.expires_at, look_at = moved.look_at, told_days = moved.told_days, version = version + 1,
       revoked_at = moved.revoked_at, reason = moved.reason
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::int[],
            $8::timestamptz[], $9::text[])
     AS moved (id, state, score, passed_at, expires_at, look_at, told_days, revoked_at, reason)
WHERE training.id = moved.id
"""


@dataclass(frozen=True, kw_only=True)
class LockedCourse:
    """A course whose row is locked, with all its versions from the first on."""

    id: UUID
    code: str
    n: int
    versions: tuple[CourseVersion, ...]

    def version_at(self, at: datetime) -> CourseVersion:
        """The version that held then; the first one for whatever was before."""
        held = [version for version in self.versions if version.recorded_at <= at]
        return held[-1] if held else self.versions[0]


@dataclass(frozen=True, kw_only=True)
class Training:
    """A training whose course is locked."""

    id: UUID
    course_id: UUID
    course_version_id: UUID
    member_id: UUID
    state: TrainingState
    score: int | None
    passed_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    reason: str | None
    told_days: int | None
    version: int

    def stood(self, found: Standing) -> "Training":
        """The training as its attempts say; what is renewed is reminded of anew."""
        told_days = self.told_days if found.expires_at == self.expires_at else None
        return replace(
            self,
            state=found.state,
            score=found.score,
            passed_at=found.passed_at,
            expires_at=found.expires_at,
            told_days=told_days,
        )


@dataclass(frozen=True, kw_only=True)
class Move:
    """A training as it was (None: it is new), and as it is from now on."""

    before: Training | None
    after: Training
    version: CourseVersion


async def lock_courses_in(
    op: Operation, *, ids: Collection[UUID] = (), codes: Collection[str] = ()
) -> Mapping[UUID, LockedCourse]:
    """The courses are locked in order of their ids until the operation ends. Two statements."""
    rows = await op.sql.fetch(LOCK_COURSES, list(ids), list(codes))
    versions = defaultdict[UUID, list[CourseVersion]](list)
    for row in await op.sql.fetch(VERSIONS, [row["id"] for row in rows]):
        versions[row["course_id"]].append(version_of(row))
    return {
        row["id"]: LockedCourse(id=row["id"], code=row["code"], n=row["n"], versions=tuple(versions[row["id"]]))
        for row in rows
    }


async def trainings_in(op: Operation, training_ids: Collection[UUID]) -> Mapping[UUID, Training]:
    """The trainings by id; their courses are locked."""
    return {row["id"]: training_of(row) for row in await op.sql.fetch(TRAININGS, list(training_ids))}


async def opened_in(
    op: Operation, wanted: Collection[tuple[UUID, CourseVersion]]
) -> tuple[dict[tuple[UUID, UUID], Training], frozenset[UUID]]:
    """The training of each (member, version), ENROLLED where there was none, by member and version; and which are new.
    Two statements; who is new is to be moved, which tells it."""
    people = [member_id for member_id, _ in wanted]
    versions = [version.id for _, version in wanted]
    ids = [new_id() for _ in wanted]
    courses = [version.course_id for _, version in wanted]
    opened = await op.sql.fetch(OPEN, ids, courses, versions, people, op.now)
    rows = await op.sql.fetch(OF_PEOPLE, people, versions)
    found = {(row["member_id"], row["course_version_id"]): training_of(row) for row in rows}
    return found, frozenset(row["id"] for row in opened)


async def attempts_in(op: Operation, training_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Attempt]]:
    """All attempts of each training."""
    found = defaultdict[UUID, list[Attempt]](list)
    for row in await op.sql.fetch(ATTEMPTS, list(training_ids)):
        outcome = AttemptOutcome(row["outcome"])
        found[row["training_id"]].append(Attempt(id=row["id"], outcome=outcome, at=row["at"], score=row["score"]))
    return found


async def move_in(op: Operation, moves: Sequence[Move]) -> None:
    """Each training is as its move says, and is told; what time brings next is set. One statement.

    Refuses: TrainingActionNotAvailable (no such edge).
    """
    if not moves:
        return
    for move in moves:
        state = move.before.state if move.before is not None else TrainingState.ENROLLED
        if state is not move.after.state and state not in sources(move.after.state):
            action, training_id = move.after.state.value, str(move.after.id)
            raise TrainingActionNotAvailable(action=action, training_id=training_id, state=state.value)
    afters = [move.after for move in moves]
    await op.sql.execute(
        MOVE,
        [after.id for after in afters],
        [after.state.value for after in afters],
        [after.score for after in afters],
        [after.passed_at for after in afters],
        [after.expires_at for after in afters],
        [_look_at(move) for move in moves],
        [after.told_days for after in afters],
        [after.revoked_at for after in afters],
        [after.reason for after in afters],
    )
    for move in moves:
        after = move.after
        op.tell(
            TRAINING_MOVED.about(
                after.id,
                member_id=after.member_id,
                course_id=str(after.course_id),
                n=move.version.n,
                from_state=move.before and move.before.state.value,
                to_state=after.state.value,
                score=after.score,
                expires_at=after.expires_at and after.expires_at.isoformat(),
                reason=after.reason,
                version=after.version + 1,
            )
        )


def version_of(row: Row) -> CourseVersion:
    """A row of course_version."""
    return CourseVersion(
        id=row["id"],
        course_id=row["course_id"],
        n=row["n"],
        pass_mark=row["pass_mark"],
        expiry_months=row["expiry_months"],
        reminder_days=tuple(row["reminder_days"]),
        recorded_at=row["recorded_at"],
    )


def training_of(row: Row) -> Training:
    """A row of training."""
    names = ("id", "course_id", "course_version_id", "member_id", "score", "passed_at", "expires_at", "revoked_at")
    more = ("reason", "told_days", "version")
    return Training(state=TrainingState(row["state"]), **{name: row[name] for name in (*names, *more)})


def _look_at(move: Move) -> datetime | None:
    after = move.after
    if after.state not in VALID:
        return None
    return next_look(after.expires_at, move.version.reminder_days, after.told_days)
