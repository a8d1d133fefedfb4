"""Which terms bind an activity: by set, as of when it happened and when it was first recorded."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.sql import Connection, Database, Row
from domain.programs.document import InvalidTerms
from domain.programs.program import Audience, ProgramFacts, ProgramState
from domain.programs.terms import Terms

TERMS_CACHED_MAX = 500

PUBLISHED = """
SELECT t.id AS terms_id, t.version AS terms_version, t.cohort, t.effective_from, t.effective_until, t.published_at,
       p.id AS program_id, p.code, p.zone, p.unit, p.state, p.audience, p.starts_at, p.ends_at, p.grace_days,
       b.id AS budget_id
FROM terms t JOIN program p ON p.id = t.program_id JOIN budget b ON b.program_id = p.id AND b.unit = p.unit
WHERE t.published_at IS NOT NULL AND t.triggers ?| $1::text[] AND p.starts_at <= $2
"""

BY_ID = PUBLISHED.split("WHERE")[0] + "WHERE t.id = ANY($1::uuid[])"

DOCUMENTS = "SELECT id, document FROM terms WHERE id = ANY($1::uuid[])"

ENROLLED = """
SELECT e.id, e.program_id, e.subject_id, e.cohort, e.enrolled_at, e.ended_at, e.recorded_at,
       p.version, p.parameters, p.valid_from, greatest(p.vendor_consented_at, p.subject_consented_at) AS consented_at
FROM enrollment e
LEFT JOIN enrollment_parameters p ON p.enrollment_id = e.id
      AND p.vendor_consented_at IS NOT NULL AND p.subject_consented_at IS NOT NULL
WHERE e.subject_id = ANY($1::uuid[]) AND e.program_id = ANY($2::uuid[]) AND e.state <> 'PROPOSED'
ORDER BY e.id, p.version
"""


class TermsCache:
    """Parsed terms by id: they never change, so that an entry is right for ever; bounded, oldest use first out."""

    def __init__(self, size_max: int = TERMS_CACHED_MAX) -> None:
        self._size_max = size_max
        self._terms: OrderedDict[UUID, Terms] = OrderedDict()

    async def of(self, connection: Database | Connection, ids: Iterable[UUID]) -> dict[UUID, Terms]:
        """The parsed terms of all ids, one statement for those not known yet."""
        wanted = list(dict.fromkeys(ids))
        found = {terms_id: self._terms[terms_id] for terms_id in wanted if terms_id in self._terms}
        missing = [terms_id for terms_id in wanted if terms_id not in found]
        if missing:
            for row in await connection.fetch(DOCUMENTS, missing):
                found[row["id"]] = Terms.from_json(row["document"])
        for terms_id, terms in found.items():
            self._terms[terms_id] = terms
            self._terms.move_to_end(terms_id)
        while len(self._terms) > self._size_max:
            self._terms.popitem(last=False)
        return found


@dataclass(frozen=True, kw_only=True)
class Bindable:
    """What binding looks at: the activity's type, when it happened, when it was first recorded, and whose it is."""

    type: str
    occurred_at: datetime
    bound_at: datetime
    member_id: UUID | None
    partner_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Binding:
    """One version of terms that binds an activity, with the enrollment's parameters as of its occurrence."""

    program: ProgramFacts
    terms_id: UUID
    terms_version: int
    terms: Terms
    enrollment_id: UUID | None
    parameters: Mapping[str, object]


async def bindings(
    connection: Database | Connection, cache: TermsCache, activities: Sequence[Bindable]
) -> list[tuple[Binding, ...]]:
    """For each activity the terms that bind it, at most one version a program; three statements for any number.

    A version binds if it was published when the activity was first recorded, its span holds `occurredAt`, its cohort is
    that of the member's enrollment, or else of the partner's; the newest such version wins.
    """
    if not activities:
        return []
    types = sorted({activity.type for activity in activities})
    latest = max(activity.occurred_at for activity in activities)
    rows = await connection.fetch(PUBLISHED, types, latest)
    programs: dict[UUID, list[Row]] = {}
    for row in rows:
        programs.setdefault(row["program_id"], []).append(row)
    terms = await cache.of(connection, (row["terms_id"] for row in rows))
    enrollments = await _enrollments(connection, activities, list(programs))
    return [tuple(_bound(activity, programs, terms, enrollments)) for activity in activities]


async def terms_facts(connection: Database | Connection, cache: TermsCache, ids: Iterable[UUID]) -> dict[UUID, Binding]:
    """The program and parsed terms behind terms ids, without any enrollment."""
    wanted = list(dict.fromkeys(ids))
    rows = await connection.fetch(BY_ID, wanted)
    terms = await cache.of(connection, wanted)
    return {row["terms_id"]: _binding(row, terms[row["terms_id"]], None, {}) for row in rows}


async def _enrollments(
    connection: Database | Connection, activities: Sequence[Bindable], program_ids: list[UUID]
) -> dict[tuple[UUID, UUID], list[Row]]:
    subjects = {one for activity in activities for one in (activity.member_id, activity.partner_id) if one is not None}
    found: dict[tuple[UUID, UUID], list[Row]] = {}
    if program_ids and subjects:
        for row in await connection.fetch(ENROLLED, list(subjects), program_ids):
            found.setdefault((row["program_id"], row["subject_id"]), []).append(row)
    return found


def _bound(
    activity: Bindable,
    programs: Mapping[UUID, list[Row]],
    terms: Mapping[UUID, Terms],
    enrollments: Mapping[tuple[UUID, UUID], list[Row]],
) -> Iterable[Binding]:
    for program_id, versions in programs.items():
        program = versions[0]
        if program["starts_at"] > activity.occurred_at:
            continue
        if program["ends_at"] is not None and program["ends_at"] <= activity.occurred_at:
            continue
        enrolled = _enrolled(activity, program_id, enrollments)
        if not enrolled and program["audience"] != Audience.EVERYONE:
            continue
        cohort = enrolled[0]["cohort"] if enrolled else "standard"
        fitting = [row for row in versions if row["cohort"] == cohort and _in_force(row, activity)]
        if not fitting:
            continue
        row = max(fitting, key=lambda row: row["terms_version"])
        given = _parameters(activity, enrolled)
        try:
            parameters = terms[row["terms_id"]].resolved(given)
        except InvalidTerms:
            continue  # a parameter these terms need was never agreed on: they cannot bind
        yield _binding(row, terms[row["terms_id"]], enrolled[0]["id"] if enrolled else None, parameters)


def _enrolled(activity: Bindable, program_id: UUID, enrollments: Mapping[tuple[UUID, UUID], list[Row]]) -> list[Row]:
    for subject in (activity.member_id, activity.partner_id):
        rows = enrollments.get((program_id, subject), []) if subject is not None else []
        if rows and (
            rows[0]["enrolled_at"] <= activity.occurred_at
            and (rows[0]["ended_at"] is None or activity.occurred_at < rows[0]["ended_at"])
            and rows[0]["recorded_at"] <= activity.bound_at
        ):
            return rows
    return []


def _in_force(row: Row, activity: Bindable) -> bool:
    return (
        row["published_at"] <= activity.bound_at
        and row["effective_from"] <= activity.occurred_at
        and (row["effective_until"] is None or activity.occurred_at < row["effective_until"])
    )


def _parameters(activity: Bindable, enrolled: list[Row]) -> Mapping[str, object]:
    given: Mapping[str, object] = {}
    for row in enrolled:
        if row["parameters"] is None:
            continue
        if row["valid_from"] <= activity.occurred_at and row["consented_at"] <= activity.bound_at:
            given = row["parameters"]
    return given


def _binding(row: Row, terms: Terms, enrollment_id: UUID | None, parameters: Mapping[str, object]) -> Binding:
    program = ProgramFacts(
        id=row["program_id"],
        code=row["code"],
        zone=row["zone"],
        unit=row["unit"],
        state=ProgramState(row["state"]),
        audience=Audience(row["audience"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        grace_days=row["grace_days"],
        budget_id=row["budget_id"],
    )
    return Binding(
        program=program,
        terms_id=row["terms_id"],
        terms_version=row["terms_version"],
        terms=terms,
        enrollment_id=enrollment_id,
        parameters=parameters,
    )
