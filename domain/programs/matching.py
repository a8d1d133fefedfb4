"""Which terms bind an activity: by set, as of when it happened and when it was first recorded."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.kernel.sql import Connection, Database, Row
from domain.partners.facts import QUESTIONS_MAX, facts_as_of
from domain.programs.audience import DATED, AudienceRule, audience_read
from domain.programs.document import InvalidTerms
from domain.programs.program import Audience, Pause, ProgramFacts, ProgramState
from domain.programs.terms import Terms

TERMS_CACHED_MAX = 500

BINDABLE = """
SELECT t.id AS terms_id, t.version AS terms_version, t.cohort, t.effective_from, t.effective_until, t.published_at,
       p.id AS program_id, p.code, p.zone, p.unit, p.state, p.audience, p.audience_rule, p.starts_at, p.ends_at,
       p.grace_days, b.id AS budget_id,
       (SELECT array_agg(pause.paused_at ORDER BY pause.paused_at) FROM program_pause AS pause
        WHERE pause.program_id = p.id) AS paused_at,
       (SELECT array_agg(pause.resumed_at ORDER BY pause.paused_at) FROM program_pause AS pause
        WHERE pause.program_id = p.id) AS resumed_at
FROM terms t JOIN program p ON p.id = t.program_id JOIN budget b ON b.program_id = p.id AND b.unit = p.unit
"""

# Every version of a program of which one is triggered: a newer one without the trigger takes the older's place.
PUBLISHED = f"""{BINDABLE}WHERE t.published_at IS NOT NULL AND p.starts_at <= $2 AND p.id IN (
  SELECT program_id FROM terms WHERE published_at IS NOT NULL AND triggers ?| $1::text[])
"""

BY_ID = f"{BINDABLE} WHERE t.id = ANY($1::uuid[])"

# What a partner is today: its types and country are not dated.
PARTNERS = "SELECT id, types, country FROM partner WHERE id = ANY($1::uuid[])"
NOBODY: Mapping[str, Any] = {"types": (), "country": None}

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


READING = """
SELECT terms.id, program.audience_rule FROM terms JOIN program ON program.id = terms.program_id
WHERE published_at IS NOT NULL AND (document->'facts' ?| $1::text[] OR document->'member' ?| $1::text[]
   OR document->'partner' ?| $1::text[] OR audience_rule ?| $2::text[])
"""
Reads = tuple[UUID, str, str]


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Withheld:
    """Why terms that would bind an activity give nothing for it: the code and facts of an explanation."""

    code: str
    facts: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Binding:
    """One version of terms that binds an activity, with the enrollment's parameters as of its occurrence; `withheld`
    where a pause, or a tier or segment that it lacked, lets it earn nothing.
    """

    program: ProgramFacts
    terms_id: UUID
    terms_version: int
    terms: Terms
    enrollment_id: UUID | None
    parameters: Mapping[str, object]
    withheld: Withheld | None = None


async def bindings(
    connection: Database | Connection, cache: TermsCache, activities: Sequence[Bindable]
) -> list[tuple[Binding, ...]]:
    """For each activity the terms that bind it, at most one version a program; three statements for any number, five
    where programs are for some partners only.

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
    known = await _known(connection, activities, rows)
    return [tuple(_bound(activity, programs, terms, enrollments, known)) for activity in activities]


async def terms_reading(connection: Connection, cache: TermsCache, kinds: Collection[str]) -> list[Reads]:
    """Every (terms, rule, kind) of published terms whose condition, or whose program's audience, reads such a fact."""
    if not kinds:
        return []
    rows = await connection.fetch(READING, list(kinds), [name for name, kind in DATED.items() if kind in kinds])
    audiences = {row["id"]: audience_read(row["audience_rule"]) for row in rows}
    return [
        (terms_id, rule.code, kind)
        for terms_id, terms in (await cache.of(connection, audiences)).items()
        for rule in terms.rules
        for kind in (terms.fact_kinds(rule) | _kinds(audiences[terms_id])) & set(kinds)
    ]


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


@dataclass(frozen=True, kw_only=True)
class Known:
    """What audiences are judged by: partners as they are, and dated facts of subjects as of instants."""

    partners: Mapping[UUID, Mapping[str, Any]]
    facts: Mapping[tuple[UUID, datetime], Mapping[str, object]]

    def admits(self, rule: AudienceRule, activity: Bindable) -> bool:
        """True when the activity's partner is one that the program is for."""
        partner = self.partners.get(activity.partner_id) if activity.partner_id else None
        found = partner or NOBODY
        return rule.names(found["types"], found["country"])

    def misses(self, rule: AudienceRule, activity: Bindable) -> str | None:
        """Which list neither the member nor the partner answered when the activity occurred."""
        subjects = (activity.member_id, activity.partner_id)
        return rule.misses([self.facts.get((one, activity.occurred_at), {}) for one in subjects if one is not None])


async def _known(connection: Database | Connection, activities: Sequence[Bindable], rows: Sequence[Row]) -> Known:
    """Nothing is asked where every program is for everyone; else two statements."""
    rules = [rule for row in rows if (rule := audience_read(row["audience_rule"])) is not None]
    rows_of = await connection.fetch(PARTNERS, _partner_ids(activities)) if rules else []
    partners: dict[UUID, Mapping[str, Any]] = {row["id"]: dict(row) for row in rows_of}
    kinds = frozenset[str]().union(*(rule.fact_kinds for rule in rules))
    facts: dict[tuple[UUID, datetime], dict[str, Any]] = {}
    if kinds:
        asked = [
            (subject_id, activity.occurred_at)
            for activity in activities
            for subject_id in (activity.member_id, activity.partner_id)
            if subject_id is not None
        ]
        asked = list(dict.fromkeys(asked))
        for start in range(0, len(asked), QUESTIONS_MAX):
            facts |= await facts_as_of(connection, asked[start : start + QUESTIONS_MAX], kinds)
    return Known(partners=partners, facts=facts)


def _partner_ids(activities: Sequence[Bindable]) -> list[UUID]:
    return list({activity.partner_id for activity in activities if activity.partner_id is not None})


def _kinds(rule: AudienceRule | None) -> frozenset[str]:
    return rule.fact_kinds if rule else frozenset()


def _bound(
    activity: Bindable,
    programs: Mapping[UUID, list[Row]],
    terms: Mapping[UUID, Terms],
    enrollments: Mapping[tuple[UUID, UUID], list[Row]],
    known: Known,
) -> Iterable[Binding]:
    for program_id, versions in programs.items():
        program = versions[0]
        if program["starts_at"] > activity.occurred_at:
            continue
        if program["ends_at"] is not None and program["ends_at"] <= activity.occurred_at:
            continue
        enrolled = _enrolled(activity, program_id, enrollments)
        # Everyone is every partner's people: the vendor's own staff has a pool of its own, and is enrolled in it.
        if not enrolled and (program["audience"] != Audience.EVERYONE or activity.partner_id is None):
            continue
        rule = audience_read(program["audience_rule"])
        if rule is not None and not known.admits(rule, activity):
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
        found = _binding(row, terms[row["terms_id"]], enrolled[0]["id"] if enrolled else None, parameters)
        withheld = _paused(program, activity) or _left_out(rule, activity, known)
        yield replace(found, withheld=withheld) if withheld else found


def _paused(program: Row, activity: Bindable) -> Withheld | None:
    for paused_at, resumed_at in zip(program["paused_at"] or (), program["resumed_at"] or (), strict=True):
        if Pause(paused_at=paused_at, resumed_at=resumed_at).holds(activity.occurred_at, activity.bound_at):
            return Withheld(code="PROGRAM_PAUSED", facts={"since_at": paused_at.isoformat()})
    return None


def _left_out(rule: AudienceRule | None, activity: Bindable, known: Known) -> Withheld | None:
    missed = rule and known.misses(rule, activity)
    if not rule or not missed:
        return None
    wanted = (rule.to_json() or {}).get(missed, [])
    return Withheld(code="AUDIENCE_OTHER", facts={"list": missed, "wanted": ", ".join(wanted)})


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
