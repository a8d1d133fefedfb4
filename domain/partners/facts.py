"""Dated facts: what was true of a member or partner at an instant, appended by set and looked up by set."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.kernel.ids import new_ids
from domain.kernel.late import About, LateTruth, note_late_in
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import Connection, Database, Row
from domain.partners.events import FACT_ENDED, FACT_RECORDED

QUESTIONS_MAX = 20_000
FACTS_MAX = 10_000
KIND_LENGTH_MAX = 32

RECORD = """
INSERT INTO fact (id, subject_kind, subject_id, kind, value, valid_from, valid_until, recorded_at)
SELECT *, $8 FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::jsonb[], $6::timestamptz[],
                         $7::timestamptz[])
"""
END = """
UPDATE fact SET valid_until = ended.at FROM unnest($1::uuid[], $2::timestamptz[]) AS ended (id, at)
WHERE fact.id = ended.id AND (fact.valid_until IS NULL OR fact.valid_until > ended.at)
RETURNING fact.*
"""
# The fact that began last speaks for its kind.
AS_OF = """
SELECT DISTINCT ON (asked.place, fact.kind) asked.place, fact.kind, fact.value
FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS asked (subject_id, at, place)
JOIN fact ON fact.subject_id = asked.subject_id AND fact.kind = ANY($3::text[])
         AND fact.valid_from <= asked.at AND (fact.valid_until IS NULL OR fact.valid_until > asked.at)
ORDER BY asked.place, fact.kind, fact.valid_from DESC, fact.recorded_at DESC, fact.id DESC
"""


class SubjectKind(StrEnum):
    """Of whom a fact is told."""

    MEMBER = "MEMBER"
    PARTNER = "PARTNER"


class FactKind(StrEnum):
    """The kinds that exist; rooms above write theirs downhill."""

    MEMBERSHIP = "membership"
    TIER = "tier"
    OBJECTIVE = "objective"
    CERTIFICATE = "certificate"
    ASSIGNMENT = "assignment"
    ATTRIBUTION = "attribution"
    CONSENT = "consent"
    GROUP = "group"


@dataclass(frozen=True, kw_only=True)
class NewFact:
    """Something true of a subject from an instant on, until another (excluded) or for ever.

    The member `value` of `value` is what conditions of rules read; the others explain it.
    """

    subject_kind: SubjectKind
    subject_id: UUID
    kind: str
    value: Mapping[str, Any]
    valid_from: datetime
    valid_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FactRecord:
    """A fact as it is stored; `recorded_at` is when it became known."""

    id: UUID
    subject_kind: SubjectKind
    subject_id: UUID
    kind: str
    value: Mapping[str, Any]
    valid_from: datetime
    valid_until: datetime | None
    recorded_at: datetime


async def record_facts_in(
    op: Operation, facts: Sequence[NewFact], *, recorded_at: datetime | None = None
) -> list[UUID]:
    """The facts stand; their ids in the same order; what was evaluated without them is to be evaluated again. Of facts
    that begin together the one recorded last speaks: who waited for a lock may say `recorded_at`. Two
    statements. Refuses: InvalidInput (number, kind, span).
    """
    if not facts:
        return []
    _check(facts)
    ids = new_ids(len(facts))
    await op.sql.execute(
        RECORD,
        ids,
        [fact.subject_kind.value for fact in facts],
        [fact.subject_id for fact in facts],
        [fact.kind for fact in facts],
        [fact.value for fact in facts],
        [fact.valid_from for fact in facts],
        [fact.valid_until for fact in facts],
        recorded_at or op.now,
    )
    for fact_id, fact in zip(ids, facts, strict=True):
        op.tell(
            FACT_RECORDED.about(
                fact_id,
                member_id=_owner(fact.subject_kind, fact.subject_id, SubjectKind.MEMBER),
                partner_id=_owner(fact.subject_kind, fact.subject_id, SubjectKind.PARTNER),
                subject_kind=fact.subject_kind.value,
                subject_id=str(fact.subject_id),
                kind=str(fact.kind),
                valid_from=fact.valid_from.isoformat(),
                valid_until=fact.valid_until and fact.valid_until.isoformat(),
            )
        )
    await note_late_in(op, [_learned(fact.subject_id, fact.kind, fact.valid_from, fact.valid_until) for fact in facts])
    return ids


async def end_facts_in(op: Operation, ends: Mapping[UUID, datetime]) -> int:
    """Each fact stops being true at its instant, unless it ended earlier; answers how many did. Two statements."""
    if not ends:
        return 0
    rows = await op.sql.fetch(END, list(ends.keys()), list(ends.values()))
    for row in rows:
        op.tell(
            FACT_ENDED.about(
                row["id"],
                member_id=_owner(SubjectKind(row["subject_kind"]), row["subject_id"], SubjectKind.MEMBER),
                partner_id=_owner(SubjectKind(row["subject_kind"]), row["subject_id"], SubjectKind.PARTNER),
                subject_kind=row["subject_kind"],
                subject_id=str(row["subject_id"]),
                kind=row["kind"],
                valid_until=row["valid_until"].isoformat(),
            )
        )
    # Until when it had been true is gone from the row: for ever is never too short.
    await note_late_in(op, [_learned(row["subject_id"], row["kind"], row["valid_until"], None) for row in rows])
    return len(rows)


async def facts_as_of(
    source: Database | Connection, asked: Sequence[tuple[UUID, datetime]], kinds: Collection[str]
) -> dict[tuple[UUID, datetime], dict[str, Any]]:
    """What conditions may know: per (subject, instant) the value by kind of the facts that were true then.

    At most 20,000 pairs, one statement; pairs of whom nothing is known are absent. Refuses: InvalidInput (number).
    """
    if len(asked) > QUESTIONS_MAX:
        raise InvalidInput(field="subjects", problem=f"at most {QUESTIONS_MAX}")
    if not asked or not kinds:
        return {}
    subjects, instants = [subject_id for subject_id, _ in asked], [at for _, at in asked]
    answers: dict[tuple[UUID, datetime], dict[str, Any]] = {}
    for row in await source.fetch(AS_OF, subjects, instants, [str(kind) for kind in kinds]):
        answers.setdefault(asked[row["place"] - 1], {})[row["kind"]] = row["value"].get("value")
    return answers


async def memberships_as_of(source: Database | Connection, asked: Sequence[tuple[UUID, datetime]]) -> list[UUID | None]:
    """For each (member, instant) the partner the member stood under then, or None. At most 20,000 pairs."""
    known = await facts_as_of(source, asked, (FactKind.MEMBERSHIP,))
    held = [known.get(pair, {}).get(FactKind.MEMBERSHIP) for pair in asked]
    return [None if partner_id is None else UUID(partner_id) for partner_id in held]


async def facts_of(
    source: Database | Connection, subject_ids: Sequence[UUID], kind: str
) -> Mapping[UUID, tuple[FactRecord, ...]]:
    """All facts of a kind about each subject, oldest first; subjects without any are absent."""
    rows = await source.fetch(
        "SELECT * FROM fact WHERE subject_id = ANY($1::uuid[]) AND kind = $2 ORDER BY valid_from, recorded_at, id"
        " LIMIT $3",
        list(subject_ids),
        str(kind),
        QUESTIONS_MAX,
    )
    found: dict[UUID, list[FactRecord]] = {}
    for row in rows:
        found.setdefault(row["subject_id"], []).append(_record(row))
    return {subject_id: tuple(facts) for subject_id, facts in found.items()}


def _check(facts: Sequence[NewFact]) -> None:
    if len(facts) > FACTS_MAX:
        raise InvalidInput(field="facts", problem=f"at most {FACTS_MAX}")
    for fact in facts:
        if not 1 <= len(fact.kind) <= KIND_LENGTH_MAX:
            raise InvalidInput(field="kind", problem=f"1 to {KIND_LENGTH_MAX} characters")
        if fact.valid_until is not None and fact.valid_until <= fact.valid_from:
            raise InvalidInput(field="validUntil", problem="must be after validFrom")


def _learned(subject_id: UUID, kind: str, true_from: datetime, true_until: datetime | None) -> LateTruth:
    return LateTruth(
        about=About.FACT, subject_id=subject_id, kind=str(kind), true_from=true_from, true_until=true_until
    )


def _owner(kind: SubjectKind, subject_id: UUID, of: SubjectKind) -> UUID | None:
    return subject_id if kind is of else None


def _record(row: Row) -> FactRecord:
    return FactRecord(
        id=row["id"],
        subject_kind=SubjectKind(row["subject_kind"]),
        subject_id=row["subject_id"],
        kind=row["kind"],
        value=row["value"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        recorded_at=row["recorded_at"],
    )
