"""A learning system reports attempts by its own ids: each is judged by our pass mark, and what follows is done at once.

The order in which attempts arrive changes nothing; the same again changes nothing; passed twice pays once.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import orjson

from domain.access.principals import Actor
from domain.activities.refusals import BatchTooLarge, OccursInFuture, UnknownMember
from domain.activities.sources import source_by_id
from domain.earning.evaluating import Knowledge
from domain.kernel.clock import FUTURE_TOLERANCE
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotFound, Refusal
from domain.partners.naming import members_named
from domain.partners.registration import BEGINNING
from domain.training.attempt import Attempt, AttemptOutcome, certified_until, judged, standing
from domain.training.counting import count_in
from domain.training.course import SCORE_MAX, CourseVersion
from domain.training.machine import TrainingState
from domain.training.refusals import AttemptConflict, TrainingActionNotAvailable
from domain.training.rewarding import Pass, report_passes_in
from domain.training.storing import LockedCourse, Move, Training, attempts_in, lock_courses_in, move_in, opened_in

ITEMS_MAX = 1_000
EXTERNAL_ID_LENGTH_MAX = 128

KNOWN = "SELECT external_id, digest FROM training_attempt WHERE source_id = $1 AND external_id = ANY($2::text[])"
# An address that two people have is nobody's.
BY_EMAIL = """
SELECT lower(email) AS email, min(id::text)::uuid AS id FROM member
WHERE lower(email) = ANY($1::text[]) GROUP BY lower(email) HAVING count(*) = 1
"""
INSERT = """
INSERT INTO training_attempt (id, training_id, source_id, external_id, digest, outcome, score, at, recorded_at)
SELECT told.id, told.training_id, $8, told.external_id, told.digest, told.outcome, told.score, told.at, $9
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::int[], $7::timestamptz[])
     AS told (id, training_id, external_id, digest, outcome, score, at)
"""
CERTIFY = """
INSERT INTO certification (id, training_id, course_id, member_id, attempt_id, valid_from, valid_until)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::timestamptz[])
"""


class AttemptResult(StrEnum):
    """What became of one reported attempt."""

    RECORDED = "RECORDED"
    DUPLICATE = "DUPLICATE"
    REJECTED = "REJECTED"


@dataclass(frozen=True, kw_only=True)
class AttemptTold:
    """An attempt as a learning system tells it; the member by our id, by the source's, or by an address that one person
    alone has. Without `version` it is of the one that held then.
    """

    external_id: str
    course: str
    member: UUID | str | None
    at: datetime
    outcome: AttemptOutcome
    email: str | None = None
    score: int | None = None
    version: int | None = None

    def digest(self) -> bytes:
        """SHA-256 of the content: another one under the same id is a conflict."""
        said = (self.course, str(self.member), self.email, self.at.astimezone(UTC), self.outcome, self.score)
        return hashlib.sha256(orjson.dumps([*said, self.version])).digest()


@dataclass(frozen=True, kw_only=True)
class AttemptItem:
    """The result of one item; `state` is where the person stands now, `refusal` why it was rejected."""

    external_id: str
    result: AttemptResult
    state: TrainingState | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, kw_only=True)
class _Draft:
    told: AttemptTold
    course: LockedCourse
    version: CourseVersion
    member_id: UUID
    attempt: Attempt


@dataclass(kw_only=True)
class _Batch:
    """The items while they are judged, in order: what is refused, what is known, what is to be written."""

    results: dict[int, AttemptItem] = field(default_factory=dict[int, AttemptItem])
    drafts: dict[int, _Draft] = field(default_factory=dict[int, _Draft])

    def refuse(self, place: int, external_id: str, refusal: Refusal) -> None:
        self.results[place] = AttemptItem(external_id=external_id, result=AttemptResult.REJECTED, refusal=refusal)


async def record_attempts(
    door: Door, knowledge: Knowledge, actor: Actor, source_id: UUID, items: Sequence[AttemptTold | Refusal]
) -> list[AttemptItem]:
    """Every item has ended on its own: recorded, known before, or rejected with its refusal; and what was passed for
    the first time is reported, in one transaction. An item that could not be read comes as its refusal.

    Refuses: UnknownSource; BatchTooLarge; item by item: InvalidInput, NotFound (course, course version),
    UnknownMember, OccursInFuture, AttemptConflict, TrainingActionNotAvailable (revoked).
    """
    if len(items) > ITEMS_MAX:
        raise BatchTooLarge(items=len(items), items_max=ITEMS_MAX)
    return await door.operate(actor, lambda op: _record_in(op, knowledge, source_id, items))


async def _record_in(
    op: Operation, knowledge: Knowledge, source_id: UUID, items: Sequence[AttemptTold | Refusal]
) -> list[AttemptItem]:
    await source_by_id(op.sql, source_id)
    batch = _Batch()
    told = [item for item in items if isinstance(item, AttemptTold)]
    courses = await lock_courses_in(op, codes={item.course for item in told})
    await _draft(op, batch, source_id, items, {course.code: course for course in courses.values()})
    await _sort_out(op, batch, source_id)
    people = {(draft.member_id, draft.version.id): draft.version for draft in batch.drafts.values()}
    found, opened = await opened_in(op, [(member_id, version) for (member_id, _), version in people.items()])
    for place, draft in list(batch.drafts.items()):
        training = found[draft.member_id, draft.version.id]
        if training.state is TrainingState.REVOKED:
            refusal = TrainingActionNotAvailable(
                action="RECORD", training_id=str(training.id), state=training.state.value
            )
            batch.refuse(place, draft.told.external_id, refusal)
            del batch.drafts[place]
    moves = await _write(op, batch, source_id, found, opened)
    await _certify(op, batch, found)
    passed = {
        (draft.course.id, draft.member_id)
        for draft in batch.drafts.values()
        if draft.attempt.outcome is AttemptOutcome.PASSED
    }
    await count_in(op, courses, passed)
    await _report(op, knowledge, moves, courses)
    states = {move.after.id: move.after.state for move in moves}
    for place, draft in batch.drafts.items():
        state = states[found[draft.member_id, draft.version.id].id]
        recorded = AttemptResult.RECORDED
        batch.results[place] = AttemptItem(external_id=draft.told.external_id, result=recorded, state=state)
    return [batch.results[place] for place in range(len(items))]


async def _draft(
    op: Operation,
    batch: _Batch,
    source_id: UUID,
    items: Sequence[AttemptTold | Refusal],
    courses: Mapping[str, LockedCourse],
) -> None:
    told = [item for item in items if isinstance(item, AttemptTold)]
    named = await members_named(op.sql, source_id, {item.member for item in told if item.member is not None})
    emails = {item.email.lower() for item in told if item.email is not None}
    rows = await op.sql.fetch(BY_EMAIL, list(emails)) if emails else []
    addressed = {row["email"]: row["id"] for row in rows}
    for place, item in enumerate(items):
        if isinstance(item, Refusal):
            batch.refuse(place, "", item)
            continue
        member_id = named.get(item.member) if item.member is not None else addressed.get((item.email or "").lower())
        found = _one(op, item, courses.get(item.course), member_id)
        if isinstance(found, Refusal):
            batch.refuse(place, item.external_id[:EXTERNAL_ID_LENGTH_MAX], found)
        else:
            batch.drafts[place] = found


def _one(op: Operation, item: AttemptTold, course: LockedCourse | None, member_id: UUID | None) -> _Draft | Refusal:
    """The item as an attempt of a version, or why it is none."""
    if not 1 <= len(item.external_id.strip()) <= EXTERNAL_ID_LENGTH_MAX or "\x00" in item.external_id:
        return InvalidInput(field="externalId", problem=f"1 to {EXTERNAL_ID_LENGTH_MAX} characters")
    if item.score is not None and not 0 <= item.score <= SCORE_MAX:
        return InvalidInput(field="score", problem=f"0 to {SCORE_MAX}")
    if item.at.tzinfo is None or item.at < BEGINNING:
        return InvalidInput(field="at", problem="an instant with its zone, from 1970 on")
    if item.at > op.now + FUTURE_TOLERANCE:
        return OccursInFuture(occurred_at=item.at.isoformat(), now=op.now.isoformat())
    if course is None or not course.versions:
        return NotFound(kind="course", id=item.course[:EXTERNAL_ID_LENGTH_MAX])
    if member_id is None:
        return UnknownMember(member=str(item.member or item.email or "")[:EXTERNAL_ID_LENGTH_MAX])
    version = course.version_at(item.at)
    if item.version is not None:
        wanted = [each for each in course.versions if each.n == item.version]
        if not wanted:
            return NotFound(kind="course version", id=f"{course.code} {item.version}")
        version = wanted[0]
    outcome = judged(version, score=item.score, outcome=item.outcome)
    attempt = Attempt(id=new_id(), outcome=outcome, at=item.at, score=item.score)
    return _Draft(told=item, course=course, version=version, member_id=member_id, attempt=attempt)


async def _sort_out(op: Operation, batch: _Batch, source_id: UUID) -> None:
    """What is known under its id, also from earlier in the batch, is a duplicate or a conflict."""
    external_ids = [draft.told.external_id for draft in batch.drafts.values()]
    rows = await op.sql.fetch(KNOWN, source_id, external_ids)
    known: dict[str, bytes] = {row["external_id"]: bytes(row["digest"]) for row in rows}
    for place, draft in list(batch.drafts.items()):
        external_id, digest = draft.told.external_id, draft.told.digest()
        if external_id not in known:
            known[external_id] = digest
            continue
        del batch.drafts[place]
        if known[external_id] == digest:
            batch.results[place] = AttemptItem(external_id=external_id, result=AttemptResult.DUPLICATE)
        else:
            batch.refuse(place, external_id, AttemptConflict(external_id=external_id))


async def _write(
    op: Operation,
    batch: _Batch,
    source_id: UUID,
    found: Mapping[tuple[UUID, UUID], Training],
    opened: frozenset[UUID],
) -> list[Move]:
    """The attempts stand, and each training stands where all its attempts say."""
    drafts = list(batch.drafts.values())
    of = [found[draft.member_id, draft.version.id] for draft in drafts]
    await op.sql.execute(
        INSERT,
        [draft.attempt.id for draft in drafts],
        [training.id for training in of],
        [draft.told.external_id for draft in drafts],
        [draft.told.digest() for draft in drafts],
        [draft.attempt.outcome.value for draft in drafts],
        [draft.attempt.score for draft in drafts],
        [draft.attempt.at for draft in drafts],
        source_id,
        op.now,
    )
    versions = {training.id: draft.version for training, draft in zip(of, drafts, strict=True)}
    touched = {training.id: training for training in of}
    attempts = await attempts_in(op, touched)
    moves = [
        Move(
            before=None if training.id in opened else training,
            after=training.stood(standing(versions[training.id], training.state, attempts[training.id], op.now)),
            version=versions[training.id],
        )
        for training in touched.values()
    ]
    await move_in(op, moves)
    return moves


async def _certify(op: Operation, batch: _Batch, found: Mapping[tuple[UUID, UUID], Training]) -> None:
    passed = [draft for draft in batch.drafts.values() if draft.attempt.outcome is AttemptOutcome.PASSED]
    await op.sql.execute(
        CERTIFY,
        [new_id() for _ in passed],
        [found[draft.member_id, draft.version.id].id for draft in passed],
        [draft.course.id for draft in passed],
        [draft.member_id for draft in passed],
        [draft.attempt.id for draft in passed],
        [draft.attempt.at for draft in passed],
        [certified_until(draft.version, draft.attempt.at) for draft in passed],
    )


async def _report(
    op: Operation, knowledge: Knowledge, moves: Sequence[Move], courses: Mapping[UUID, LockedCourse]
) -> None:
    """The first pass of each training is reported once; where an earlier one became known, it moves there."""
    by_kind = defaultdict[bool, list[Pass]](list)
    for move in moves:
        after, before = move.after, move.before
        if after.passed_at is None:
            continue
        was = before.passed_at if before is not None else None
        if was == after.passed_at:
            continue
        by_kind[was is not None].append(
            Pass(
                training_id=after.id,
                member_id=after.member_id,
                course=courses[after.course_id].code,
                version=move.version.n,
                at=after.passed_at,
                score=after.score,
            )
        )
    for correcting, passes in by_kind.items():
        await report_passes_in(op, knowledge, passes, correcting=correcting)
