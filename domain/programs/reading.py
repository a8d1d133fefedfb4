"""What the face may ask of programs: programs, terms, enrollments with their parameters, and figures of budgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.ownership import EVERY_PARTNER, VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.kernel.sql import Connection, Database, Row, sure_value
from domain.programs.program import Pause, ProgramAction, ProgramState, available_actions

PARAMETER_VERSIONS_MAX = 100

Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]


@dataclass(frozen=True, kw_only=True)
class ProgramRecord:
    """A program as its viewer may see it; `relation` is OPERATOR for the vendor's people, else None."""

    id: UUID
    version: int
    code: str
    name: Mapping[str, str]
    description: Mapping[str, str]
    zone: str
    unit: str
    state: str
    visibility: str
    audience: str
    audience_rule: Mapping[str, Any] | None
    starts_at: datetime
    ends_at: datetime | None
    grace_days: int
    objective: Mapping[str, Any] | None
    debt_policy: str
    template: str | None
    template_values: Mapping[str, Any] | None
    relation: Relation | None


@dataclass(frozen=True, kw_only=True)
class BudgetRecord:
    """A program's budget in one unit: `allocated` was funded, `committed` of it is awarded, `balance` is left."""

    program_id: UUID
    unit: str
    balance: int
    allocated: int
    committed: int
    as_of: datetime


@dataclass(frozen=True, kw_only=True)
class TermsRecord:
    """One published (for operators also unpublished) version of a program's rules."""

    id: UUID
    program_id: UUID
    version: int
    cohort: str
    effective_from: datetime
    effective_until: datetime | None
    published_at: datetime | None
    document: Mapping[str, Any]
    triggers: Sequence[str]
    digest: str


@dataclass(frozen=True, kw_only=True)
class EnrollmentRecord:
    """A subject's part in a program."""

    id: UUID
    version: int
    program_id: UUID
    member_id: UUID | None
    partner_id: UUID | None
    cohort: str
    state: str
    enrolled_at: datetime
    ended_at: datetime | None
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class ParametersRecord:
    """One dated version of an enrollment's parameters; `in_force` says that it is the one that counts now."""

    enrollment_id: UUID
    version: int
    values: Mapping[str, Any]
    valid_from: datetime
    vendor_consented_at: datetime | None
    subject_consented_at: datetime | None
    in_force: bool


# One row per (actor, parent) pair; the place of a pair counts from 1.
ASKED = f"{VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, asked_place) ON asked_place = place"
OPERATES = "(viewer.sees_all OR viewer.portfolio_of IS NOT NULL)"
SIGNED_IN = f"({OPERATES} OR COALESCE(viewer.member_id, viewer.partner_id, viewer.source_id) IS NOT NULL)"
VISIBLE = f"""({OPERATES} OR program.state IN ('SCHEDULED', 'LIVE', 'PAUSED', 'ENDED')
    AND (program.visibility = 'PUBLIC' OR {SIGNED_IN}))"""
PROGRAM = f"SELECT program.*, {OPERATES} AS operated FROM {VIEWERS}, program WHERE {VISIBLE}"

PROGRAMS = f"""{PROGRAM} AND ($6::text IS NULL OR program.state = $6)
    AND ($7::text IS NULL OR strpos(lower(program.code || ' ' || program.name::text), lower($7)) > 0)
    AND ($8::timestamptz IS NULL OR (program.starts_at, program.id) < ($8, $9::uuid))
ORDER BY program.starts_at DESC, program.id DESC LIMIT $10"""


async def programs(
    sql: Database | Connection,
    actor: Actor,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
    state: str | None = None,
    search: str | None = None,
) -> list[ProgramRecord]:
    """The programs the actor may know of, newest start first; `after` is (starts_at, id) of the last one seen."""
    instant, last = after or (None, None)
    rows = await sql.fetch(PROGRAMS, *viewer_arguments([actor]), state, search, instant, last, limit)
    return [_program(row) for row in rows]


async def programs_total(
    sql: Database | Connection, actor: Actor, *, state: str | None = None, search: str | None = None
) -> int:
    """How many programs `programs` would list in all; there are few."""
    counted = f"SELECT count(*) FROM ({PROGRAMS}) AS listed"
    return await sure_value(sql, counted, *viewer_arguments([actor]), state, search, None, None, None)


PROGRAMS_BY_ID = f"""
SELECT place, program.*, {OPERATES} AS operated FROM {ASKED} JOIN program ON program.id = asked.id WHERE {VISIBLE}
"""


async def programs_by_id(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, ProgramRecord]:
    """Those of the programs that the actor may know of."""
    rows = await sql.fetch(PROGRAMS_BY_ID, *_asked(pairs))
    return {pairs[row["place"] - 1]: _program(row) for row in rows}


async def program_by_code(sql: Database | Connection, actor: Actor, code: str) -> ProgramRecord | None:
    """The program of this code, if the actor may know of it."""
    row = await sql.fetchrow(f"{PROGRAM} AND program.code = $6", *viewer_arguments([actor]), code)
    return None if row is None else _program(row)


# As for a change: a program for everyone concerns every partner, another one those who take part.
ACTIONS = f"""
SELECT place, program.state, program.starts_at, program.ends_at, program.grace_days, guerdon_now() AS now
FROM {ASKED} JOIN program ON program.id = asked.id
WHERE viewer.sees_all OR viewer.portfolio_of IS NOT NULL AND (
    EXISTS (SELECT FROM reach WHERE reach.principal_id = viewer.portfolio_of AND reach.relation = 'OPERATOR'
            AND reach.partner_id = '{EVERY_PARTNER}'::uuid)
    OR program.audience <> 'EVERYONE' AND NOT EXISTS (
        SELECT FROM enrollment JOIN belonging ON belonging.subject_id = enrollment.subject_id
        WHERE enrollment.program_id = program.id AND enrollment.state <> 'ENDED' AND NOT EXISTS (
            SELECT FROM reach WHERE reach.principal_id = viewer.portfolio_of AND reach.relation = 'OPERATOR'
            AND reach.partner_id = belonging.partner_id)))
"""


async def actions_of(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, list[ProgramAction]]:
    """What the actor may do now with each program's state; nothing where it is not theirs to change."""
    return {
        pairs[row["place"] - 1]: list(
            available_actions(
                ProgramState(row["state"]), row["starts_at"], row["ends_at"], row["grace_days"], row["now"]
            )
        )
        for row in await sql.fetch(ACTIONS, *_asked(pairs))
    }


PAUSES_MAX = 100
PAUSES = f"""
SELECT place, pause.paused_at, pause.resumed_at FROM {ASKED} JOIN program ON program.id = asked.id
CROSS JOIN LATERAL (SELECT * FROM program_pause WHERE program_pause.program_id = program.id
                    ORDER BY paused_at DESC LIMIT {PAUSES_MAX}) AS pause
WHERE {VISIBLE} ORDER BY place, pause.paused_at DESC
"""


async def pauses_of(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, list[Pause]]:
    """The newest hundred pauses of each program that the actor may know of, newest first."""
    found: dict[Pair, list[Pause]] = {}
    for row in await sql.fetch(PAUSES, *_asked(pairs)):
        pause = Pause(paused_at=row["paused_at"], resumed_at=row["resumed_at"])
        found.setdefault(pairs[row["place"] - 1], []).append(pause)
    return found


# Only funding writes `issued`, so the sum is over the few fundings and not over every award.
BUDGETS = f"""
SELECT place, budget.program_id, budget.unit, budget.balance, guerdon_now() AS as_of,
       (SELECT COALESCE(-sum(entry.amount), 0)::bigint FROM entry
        WHERE entry.program_id = budget.program_id AND entry.kind = 'issued' AND entry.unit = budget.unit) AS allocated
FROM {ASKED} JOIN program ON program.id = asked.id
     JOIN budget ON budget.program_id = program.id AND budget.unit = program.unit
WHERE {OPERATES}
"""


async def budgets_of(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, BudgetRecord]:
    """The budget of each program in its own unit, for operators; a program that was never funded has none."""
    rows = await sql.fetch(BUDGETS, *_asked(pairs))
    return {
        pairs[row["place"] - 1]: BudgetRecord(
            program_id=row["program_id"],
            unit=row["unit"],
            balance=row["balance"],
            allocated=row["allocated"],
            committed=row["allocated"] - row["balance"],
            as_of=row["as_of"],
        )
        for row in rows
    }


TERMS_SEEN = f"""({OPERATES} OR terms.published_at IS NOT NULL AND (terms.cohort = 'standard' OR EXISTS (
    SELECT 1 FROM enrollment WHERE enrollment.program_id = terms.program_id AND enrollment.cohort = terms.cohort
        AND enrollment.subject_id IN (viewer.member_id, viewer.partner_id))))"""
TERMS_COLUMNS = """terms.id, terms.program_id, terms.version, terms.cohort, terms.effective_from, terms.effective_until,
    terms.published_at, terms.document, terms.triggers, encode(terms.digest, 'hex') AS digest"""
TERMS_OF = f"""
SELECT place, page.* FROM {ASKED} JOIN program ON program.id = asked.id CROSS JOIN LATERAL (
    SELECT {TERMS_COLUMNS} FROM terms
    WHERE terms.program_id = program.id AND {TERMS_SEEN} AND ($7::int IS NULL OR terms.version < $7)
    ORDER BY terms.version DESC LIMIT $8) AS page
WHERE {VISIBLE} ORDER BY place, page.version DESC
"""
TERMS_BY_ID = f"""
SELECT place, {TERMS_COLUMNS}
FROM {ASKED} JOIN terms ON terms.id = asked.id JOIN program ON program.id = terms.program_id
WHERE {VISIBLE} AND {TERMS_SEEN}
"""
CURRENT_TERMS = f"""
SELECT place, page.* FROM {ASKED} JOIN program ON program.id = asked.id CROSS JOIN LATERAL (
    SELECT {TERMS_COLUMNS} FROM terms
    WHERE terms.program_id = program.id AND terms.cohort = $7 AND {TERMS_SEEN} AND terms.published_at <= guerdon_now()
        AND terms.effective_from <= guerdon_now()
        AND (terms.effective_until IS NULL OR terms.effective_until > guerdon_now())
    ORDER BY terms.effective_from DESC, terms.version DESC LIMIT 1) AS page
WHERE {VISIBLE}
"""


async def terms_of(
    sql: Database | Connection, pairs: Pairs, *, limit: int, after: int | None = None
) -> Mapping[Pair, list[TermsRecord]]:
    """A page of each program's terms, newest version first; `after` is the version seen last.

    Terms of a special cohort are shown to operators and to those who are enrolled in it.
    """
    found: dict[Pair, list[TermsRecord]] = {}
    for row in await sql.fetch(TERMS_OF, *_asked(pairs), after, limit):
        found.setdefault(pairs[row["place"] - 1], []).append(_terms(row))
    return found


async def terms_by_id(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, TermsRecord]:
    """Those of the terms that the actor may read."""
    return {pairs[row["place"] - 1]: _terms(row) for row in await sql.fetch(TERMS_BY_ID, *_asked(pairs))}


async def current_terms(sql: Database | Connection, pairs: Pairs, *, cohort: str) -> Mapping[Pair, TermsRecord]:
    """The terms of the cohort that are in force now, per program."""
    return {pairs[row["place"] - 1]: _terms(row) for row in await sql.fetch(CURRENT_TERMS, *_asked(pairs), cohort)}


ENROLLED_MEMBER = "CASE WHEN enrollment.subject_kind = 'MEMBER' THEN enrollment.subject_id END"
ENROLLED_RELATION = relation_sql(member=ENROLLED_MEMBER, partner="belonging.partner_id")
ENROLLMENT = f"""
SELECT enrollment.id, enrollment.version, enrollment.program_id, {ENROLLED_MEMBER} AS member_id,
       CASE WHEN enrollment.subject_kind = 'PARTNER' THEN enrollment.subject_id END AS partner_id,
       enrollment.cohort, enrollment.state, enrollment.enrolled_at, enrollment.ended_at,
       {ENROLLED_RELATION} AS relation
FROM enrollment LEFT JOIN belonging ON belonging.subject_id = enrollment.subject_id"""
KEYSET = "($7::timestamptz IS NULL OR (enrollment.enrolled_at, enrollment.id) < ($7, $8::uuid))"
NEWEST = "ORDER BY enrollment.enrolled_at DESC, enrollment.id DESC LIMIT $9"


def _enrollments(where: str) -> str:
    return f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL ({ENROLLMENT} WHERE {where}) AS page
WHERE page.relation IS NOT NULL ORDER BY place, page.enrolled_at DESC, page.id DESC
"""


ENROLLMENTS_BY_ID = _enrollments("enrollment.id = asked.id")
ENROLLMENTS_OF_SUBJECTS = _enrollments(f"enrollment.subject_id = asked.id AND {KEYSET} {NEWEST}")
ENROLLMENTS_OF_PROGRAMS = _enrollments(
    f"enrollment.program_id = asked.id AND {OPERATES} AND {ENROLLED_RELATION} IS NOT NULL AND {KEYSET} {NEWEST}"
)
MY_ENROLLMENTS = _enrollments(
    "enrollment.program_id = asked.id AND enrollment.subject_id IN (viewer.member_id, viewer.partner_id)"
    " ORDER BY enrollment.subject_kind LIMIT 1"
)


async def enrollments_by_id(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, EnrollmentRecord]:
    """Those of the enrollments that the actor may see."""
    return {pairs[row["place"] - 1]: _enrollment(row) for row in await sql.fetch(ENROLLMENTS_BY_ID, *_asked(pairs))}


async def my_enrollments(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, EnrollmentRecord]:
    """The actor's own enrollment in each program, or else the one of the partner whom the actor administers."""
    return {pairs[row["place"] - 1]: _enrollment(row) for row in await sql.fetch(MY_ENROLLMENTS, *_asked(pairs))}


async def enrollments_of_subjects(
    sql: Database | Connection, pairs: Pairs, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> Mapping[Pair, list[EnrollmentRecord]]:
    """A page of each member's or partner's enrollments, newest first; `after` is (enrolled_at, id)."""
    rows = await sql.fetch(ENROLLMENTS_OF_SUBJECTS, *_asked(pairs), *(after or (None, None)), limit)
    return _by_parent(pairs, rows)


async def enrollments_of_programs(
    sql: Database | Connection, pairs: Pairs, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> Mapping[Pair, list[EnrollmentRecord]]:
    """A page of each program's enrollments, newest first, for operators (a channel manager: the portfolio's)."""
    rows = await sql.fetch(ENROLLMENTS_OF_PROGRAMS, *_asked(pairs), *(after or (None, None)), limit)
    return _by_parent(pairs, rows)


PARAMETERS = f"""
SELECT place, page.*, page.agreed AND page.version = max(page.version) FILTER (WHERE page.agreed)
           OVER (PARTITION BY place) AS in_force
FROM {ASKED} CROSS JOIN LATERAL ({ENROLLMENT} WHERE enrollment.id = asked.id) AS seen
CROSS JOIN LATERAL (
    SELECT given.enrollment_id, given.version, given.parameters AS values, given.valid_from, given.vendor_consented_at,
           given.subject_consented_at,
           given.vendor_consented_at IS NOT NULL AND given.subject_consented_at IS NOT NULL
               AND given.valid_from <= guerdon_now() AS agreed
    FROM enrollment_parameters AS given WHERE given.enrollment_id = seen.id
    ORDER BY given.version DESC LIMIT {PARAMETER_VERSIONS_MAX}) AS page
WHERE seen.relation IS NOT NULL ORDER BY place, page.version DESC
"""


async def parameters_of(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, list[ParametersRecord]]:
    """The newest hundred versions of each enrollment's parameters, newest first."""
    found: dict[Pair, list[ParametersRecord]] = {}
    for row in await sql.fetch(PARAMETERS, *_asked(pairs)):
        record = ParametersRecord(**{name: row[name] for name in ParametersRecord.__dataclass_fields__})
        found.setdefault(pairs[row["place"] - 1], []).append(record)
    return found


def _asked(pairs: Pairs) -> tuple[object, ...]:
    return *viewer_arguments(pair[0] for pair in pairs), [pair[1] for pair in pairs]


def _program(row: Row) -> ProgramRecord:
    fields = {name: row[name] for name in ProgramRecord.__dataclass_fields__ if name != "relation"}
    return ProgramRecord(**fields, relation=Relation.OPERATOR if row["operated"] else None)


def _enrollment(row: Row) -> EnrollmentRecord:
    fields = {name: row[name] for name in EnrollmentRecord.__dataclass_fields__ if name != "relation"}
    return EnrollmentRecord(**fields, relation=Relation(row["relation"]))


def _terms(row: Row) -> TermsRecord:
    return TermsRecord(**{name: row[name] for name in TermsRecord.__dataclass_fields__})


def _by_parent(pairs: Pairs, rows: Sequence[Row]) -> Mapping[Pair, list[EnrollmentRecord]]:
    found: dict[Pair, list[EnrollmentRecord]] = {}
    for row in rows:
        found.setdefault(pairs[row["place"] - 1], []).append(_enrollment(row))
    return found
