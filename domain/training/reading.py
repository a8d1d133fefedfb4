"""Every question the face may ask of training: courses, who stands where, what is required and who has it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation, Role
from domain.kernel.sql import Connection, Database, Row
from domain.training.attempt import AttemptOutcome
from domain.training.course import CourseVersion
from domain.training.machine import TrainingAction, TrainingState, available_actions
from domain.training.storing import version_of

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
OF_ONE_MAX = 100

# Whoever has left a firm is no longer its administrator's to see.
BELONGS = "LEFT JOIN belonging ON belonging.subject_id = training.member_id"
RELATION = relation_sql(member="training.member_id", partner="belonging.partner_id")
BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, training.*, {RELATION} AS relation
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN training ON training.id = asked.id {BELONGS}) AS seen
WHERE relation IS NOT NULL
"""
PAGE = f"""
SELECT * FROM (
  SELECT training.*, {RELATION} AS relation FROM {VIEWERS} CROSS JOIN training {BELONGS}
  WHERE ($6::text IS NULL OR training.state = $6) AND ($7::uuid IS NULL OR training.course_id = $7)
    AND ($8::uuid IS NULL OR training.member_id = $8)
    AND ($9::timestamptz IS NULL OR (training.recorded_at, training.id) < ($9, $10::uuid)) {{narrowed}}) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at DESC, id DESC LIMIT $11
"""
# A narrow viewer gets a condition that an index serves; the relation still decides.
NARROWED: Mapping[Role, str] = {Role.MEMBER: "AND training.member_id = viewer.member_id"}
ATTEMPTS = """
SELECT asked.place, attempt.* FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (training_id, place)
CROSS JOIN LATERAL (SELECT external_id, outcome, score, at, recorded_at FROM training_attempt
                    WHERE training_id = asked.training_id ORDER BY at DESC, id DESC LIMIT $2) AS attempt
"""
CERTIFICATES = """
SELECT asked.place, one.* FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (training_id, place)
CROSS JOIN LATERAL (SELECT valid_from, valid_until, revoked_at FROM certification
                    WHERE training_id = asked.training_id ORDER BY valid_from DESC, id DESC LIMIT $2) AS one
"""
COURSES = "SELECT * FROM course WHERE $1::text IS NULL OR code > $1 ORDER BY code LIMIT $2"
COURSES_BY_ID = "SELECT * FROM course WHERE id = ANY($1::uuid[])"
VERSIONS = "SELECT * FROM course_version WHERE course_id = ANY($1::uuid[]) ORDER BY course_id, n DESC"
VERSIONS_BY_ID = "SELECT * FROM course_version WHERE id = ANY($1::uuid[])"
REQUIREMENTS = "SELECT * FROM course_requirement WHERE course_id = ANY($1::uuid[]) ORDER BY recorded_at, id"
REQUIREMENTS_BY_ID = "SELECT * FROM course_requirement WHERE id = ANY($1::uuid[])"
FIRM = relation_sql(member="NULL::uuid", partner="standing.partner_id")
STANDINGS = f"""
SELECT * FROM (
  SELECT standing.*, requirement.course_id, {FIRM} AS relation
  FROM {VIEWERS} CROSS JOIN requirement_standing AS standing
  JOIN course_requirement AS requirement ON requirement.id = standing.requirement_id AND requirement.is_active
  WHERE ($6::bool IS NULL OR standing.is_met = $6) AND ($7::uuid IS NULL OR requirement.course_id = $7)
    AND ($8::uuid IS NULL OR standing.id > $8)) AS seen
WHERE relation IS NOT NULL ORDER BY id LIMIT $9
"""


@dataclass(frozen=True, kw_only=True)
class CourseRecord:
    """A course, as anybody may see it."""

    id: UUID
    code: str
    name: Mapping[str, str]
    n: int
    recorded_at: datetime
    version: int


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """A training as this viewer may see it."""

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
    recorded_at: datetime
    version: int
    relation: Relation
    available_actions: tuple[TrainingAction, ...]


@dataclass(frozen=True, kw_only=True)
class AttemptRecord:
    """An attempt as it was told and judged."""

    external_id: str
    outcome: AttemptOutcome
    score: int | None
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class CertificateRecord:
    """A span of time for which somebody was certified."""

    valid_from: datetime
    valid_until: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class RequirementRecord:
    """What a tier or program needs."""

    id: UUID
    course_id: UUID
    reps_min: int
    tier: str | None
    program_id: UUID | None
    is_active: bool
    recorded_at: datetime
    version: int


@dataclass(frozen=True, kw_only=True)
class StandingRecord:
    """How a firm stands to what is required."""

    id: UUID
    requirement_id: UUID
    partner_id: UUID
    certified: int
    is_met: bool
    changed_at: datetime
    relation: Relation


async def trainings_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, TrainingRecord]:
    """Those of the trainings that the actor may see."""
    arguments = viewer_arguments(actor for actor, _ in pairs), [training_id for _, training_id in pairs]
    rows = await source.fetch(BY_ID, *arguments[0], arguments[1])
    return {pairs[row["place"] - 1]: _training(row, pairs[row["place"] - 1][0]) for row in rows}


async def trainings_page(
    source: Source,
    actor: Actor,
    *,
    state: TrainingState | None = None,
    course_id: UUID | None = None,
    member_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_MAX,
) -> list[TrainingRecord]:
    """A page of the trainings that the actor may see, newest first."""
    page = PAGE.format(narrowed=NARROWED.get(actor.role, ""))
    arguments = (state and state.value, course_id, member_id, *(after or (None, None)), min(limit, PAGE_MAX))
    return [_training(row, actor) for row in await source.fetch(page, *viewer_arguments([actor]), *arguments)]


async def attempts_of_trainings(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[AttemptRecord]]:
    """The attempts of each training that its actor was handed, newest first, at most a hundred."""
    found = defaultdict[Pair, list[AttemptRecord]](list)
    for row in await source.fetch(ATTEMPTS, [training_id for _, training_id in pairs], OF_ONE_MAX):
        found[pairs[row["place"] - 1]].append(
            AttemptRecord(
                external_id=row["external_id"],
                outcome=AttemptOutcome(row["outcome"]),
                score=row["score"],
                at=row["at"],
                recorded_at=row["recorded_at"],
            )
        )
    return found


async def certificates_of_trainings(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[CertificateRecord]]:
    """The certificates of each training that its actor was handed, newest first, at most a hundred."""
    found = defaultdict[Pair, list[CertificateRecord]](list)
    for row in await source.fetch(CERTIFICATES, [training_id for _, training_id in pairs], OF_ONE_MAX):
        found[pairs[row["place"] - 1]].append(
            CertificateRecord(
                valid_from=row["valid_from"], valid_until=row["valid_until"], revoked_at=row["revoked_at"]
            )
        )
    return found


async def courses_page(source: Source, *, after: str | None = None, limit: int = PAGE_MAX) -> list[CourseRecord]:
    """A page of all courses, in order of their codes."""
    return [CourseRecord(**dict(row)) for row in await source.fetch(COURSES, after, min(limit, PAGE_MAX))]


async def courses_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, CourseRecord]:
    """The courses, which everybody may see."""
    rows = await source.fetch(COURSES_BY_ID, [course_id for _, course_id in pairs])
    known = {row["id"]: CourseRecord(**dict(row)) for row in rows}
    return {pair: known[pair[1]] for pair in pairs if pair[1] in known}


async def versions_of_courses(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[CourseVersion]]:
    """The versions of each course, newest first, at most a hundred."""
    known = defaultdict[UUID, list[CourseVersion]](list)
    for row in await source.fetch(VERSIONS, [course_id for _, course_id in pairs]):
        known[row["course_id"]].append(version_of(row))
    return {pair: known[pair[1]] for pair in pairs}


async def course_versions_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, CourseVersion]:
    """The versions, which everybody may see."""
    rows = await source.fetch(VERSIONS_BY_ID, [version_id for _, version_id in pairs])
    known = {row["id"]: version_of(row) for row in rows}
    return {pair: known[pair[1]] for pair in pairs if pair[1] in known}


async def requirements_of_courses(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[RequirementRecord]]:
    """What is required of each course, at most twenty."""
    known = defaultdict[UUID, list[RequirementRecord]](list)
    for row in await source.fetch(REQUIREMENTS, [course_id for _, course_id in pairs]):
        known[row["course_id"]].append(RequirementRecord(**dict(row)))
    return {pair: known[pair[1]] for pair in pairs}


async def requirements_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, RequirementRecord]:
    """What is required, which everybody may see."""
    rows = await source.fetch(REQUIREMENTS_BY_ID, [requirement_id for _, requirement_id in pairs])
    known = {row["id"]: RequirementRecord(**dict(row)) for row in rows}
    return {pair: known[pair[1]] for pair in pairs if pair[1] in known}


async def standings_page(
    source: Source,
    actor: Actor,
    *,
    is_met: bool | None = None,
    course_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = PAGE_MAX,
) -> list[StandingRecord]:
    """How the firms that the actor may see stand to what is required, a page."""
    arguments = (*viewer_arguments([actor]), is_met, course_id, after, min(limit, PAGE_MAX))
    names = ("id", "requirement_id", "partner_id", "certified", "is_met", "changed_at")
    return [
        StandingRecord(**{name: row[name] for name in names}, relation=Relation(row["relation"]))
        for row in await source.fetch(STANDINGS, *arguments)
    ]


def _training(row: Row, actor: Actor) -> TrainingRecord:
    state, relation = TrainingState(row["state"]), Relation(row["relation"])
    names = ("id", "course_id", "course_version_id", "member_id", "score", "passed_at", "expires_at", "revoked_at")
    values: dict[str, Any] = {name: row[name] for name in (*names, "reason", "recorded_at", "version")}
    return TrainingRecord(
        **values,
        state=state,
        relation=relation,
        available_actions=available_actions(state, relation=relation, role=actor.role),
    )
