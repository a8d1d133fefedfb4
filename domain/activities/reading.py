"""What the face may ask of activities: by (actor, id) pairs, by external id, in keyset pages, with their revisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.activities.activity import ActivityState, Basis
from domain.activities.storing import COLUMNS, state_of
from domain.kernel.money import Amount
from domain.kernel.sql import Connection, Database, Row

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
PAIRS_MAX = 1_000
REVISIONS_MAX = 100

RELATION = relation_sql(member="activity.member_id", partner="activity.partner_id", source="activity.source_id")
ACTIVITY_COLUMNS = ", ".join(f"activity.{column.strip()}" for column in COLUMNS.split(","))

BY_ID = f"""
SELECT place, {ACTIVITY_COLUMNS}, {RELATION} AS relation
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (activity_id, asked_place) ON asked_place = place
JOIN activity ON activity.id = asked.activity_id
WHERE {RELATION} IS NOT NULL
"""

BY_EXTERNAL_ID = f"""
SELECT place, {ACTIVITY_COLUMNS}, {RELATION} AS relation
FROM {VIEWERS} JOIN unnest($6::uuid[], $7::text[]) WITH ORDINALITY AS asked (source_id, external_id, asked_place)
  ON asked_place = place
JOIN activity ON activity.source_id = asked.source_id AND activity.external_id = asked.external_id
WHERE {RELATION} IS NOT NULL
"""

REVISIONS = f"""
SELECT place, kept.*
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (activity_id, asked_place) ON asked_place = place
JOIN activity ON activity.id = asked.activity_id
CROSS JOIN LATERAL (
  SELECT revision, kind, reason, content, recorded_at FROM activity_revision
  WHERE activity_revision.activity_id = activity.id ORDER BY revision DESC LIMIT {REVISIONS_MAX}) AS kept
WHERE {RELATION} IS NOT NULL
ORDER BY place, kept.revision
"""


def _page(order: str, past: str, of: str) -> str:
    return f"""
SELECT place, kept.*
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (parent_id, asked_place) ON asked_place = place
CROSS JOIN LATERAL (
  SELECT {ACTIVITY_COLUMNS}, {RELATION} AS relation FROM activity
  WHERE {of} AND {RELATION} IS NOT NULL
    AND ($8::timestamptz IS NULL OR (activity.occurred_at, activity.id) {past} ($8, $9::uuid))
    AND ($10::text IS NULL OR activity.type = $10)
    AND ($11::text IS NULL OR activity.state = $11)
    AND ($12::uuid IS NULL OR activity.source_id = $12)
    AND ($13::timestamptz IS NULL OR activity.occurred_at >= $13)
    AND ($14::timestamptz IS NULL OR activity.occurred_at < $14)
  ORDER BY activity.occurred_at {order}, activity.id {order} LIMIT $7) AS kept
ORDER BY place, kept.occurred_at {order}, kept.id {order}
"""


PARENTS: Mapping[str, str] = {
    "MEMBER": "activity.member_id = asked.parent_id",
    "PARTNER": "activity.partner_id = asked.parent_id",
    "ALL": "true",
}


@dataclass(frozen=True, kw_only=True)
class ActivityRecord:
    """An activity as its current revision says, with how the viewer stands to it; `version` is the revision."""

    state: ActivityState
    relation: Relation

    @property
    def id(self) -> UUID:
        return self.state.activity_id

    @property
    def version(self) -> int:
        return self.state.revision


@dataclass(frozen=True, kw_only=True)
class RevisionRecord:
    """One revision; its content is what stood from then on."""

    revision: int
    kind: str
    reason: str | None
    type: str
    occurred_at: datetime
    quantity: int
    amounts: Mapping[Basis, Amount]
    attributes: Mapping[str, object]
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class ActivityTypeRecord:
    """A declared activity type, as operators see it."""

    code: str
    name: Mapping[str, str]
    declaration: Mapping[str, object]
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class ActivityPage:
    """Which activities: at most `first` (100) past `after` = (occurredAt, id), newest first unless `oldest_first`."""

    first: int = 25
    after: tuple[datetime, UUID] | None = None
    oldest_first: bool = False
    type: str | None = None
    state: str | None = None
    source_id: UUID | None = None
    occurred_from: datetime | None = None
    occurred_until: datetime | None = None


async def activities_by_id(
    reader: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> dict[tuple[Actor, UUID], ActivityRecord]:
    """The activities that exist and that their actor may be handed; the others are absent."""
    _bounded(pairs)
    rows = await reader.fetch(BY_ID, *viewer_arguments(pair[0] for pair in pairs), [pair[1] for pair in pairs])
    return {pairs[row["place"] - 1]: _record(row) for row in rows}


async def activities_by_external_id(
    reader: Database | Connection, asked: Sequence[tuple[Actor, UUID, str]]
) -> dict[tuple[Actor, UUID, str], ActivityRecord]:
    """As `activities_by_id`, by (actor, source, external id)."""
    _bounded(asked)
    rows = await reader.fetch(
        BY_EXTERNAL_ID,
        *viewer_arguments(each[0] for each in asked),
        [each[1] for each in asked],
        [each[2] for each in asked],
    )
    return {asked[row["place"] - 1]: _record(row) for row in rows}


async def activities_of(
    reader: Database | Connection, parent: str, pairs: Sequence[tuple[Actor, UUID]], page: ActivityPage
) -> dict[tuple[Actor, UUID], tuple[ActivityRecord, ...]]:
    """One page per (actor, parent), all in one statement; `parent` is MEMBER or PARTNER. Every pair has its page."""
    _bounded(pairs)
    found: dict[tuple[Actor, UUID], list[ActivityRecord]] = {pair: [] for pair in pairs}
    for row in await _rows_of_page(reader, parent, pairs, page):
        found[pairs[row["place"] - 1]].append(_record(row))
    return {pair: tuple(records) for pair, records in found.items()}


async def activities_page(
    reader: Database | Connection, actor: Actor, page: ActivityPage
) -> tuple[ActivityRecord, ...]:
    """One page of all activities that the actor may be handed."""
    rows = await _rows_of_page(reader, "ALL", [(actor, UUID(int=0))], page)
    return tuple(_record(row) for row in rows)


async def revisions_of(
    reader: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> dict[tuple[Actor, UUID], tuple[RevisionRecord, ...]]:
    """The revisions of each activity, oldest first, the newest hundred of them; empty where it is not to be seen."""
    _bounded(pairs)
    rows = await reader.fetch(REVISIONS, *viewer_arguments(pair[0] for pair in pairs), [pair[1] for pair in pairs])
    found: dict[tuple[Actor, UUID], list[RevisionRecord]] = {pair: [] for pair in pairs}
    for row in rows:
        found[pairs[row["place"] - 1]].append(_revision(row))
    return {pair: tuple(revisions) for pair, revisions in found.items()}


async def activity_types(
    reader: Database | Connection, *, first: int = 25, after: str | None = None
) -> tuple[ActivityTypeRecord, ...]:
    """The declared activity types in order of code, at most `first` (100) past `after`; the same for everybody."""
    rows = await reader.fetch(
        'SELECT code, name, declaration, recorded_at FROM activity_type WHERE code COLLATE "C" > $1'
        ' ORDER BY code COLLATE "C" LIMIT $2',
        after or "",
        min(first, PAGE_MAX),
    )
    return tuple(ActivityTypeRecord(**row) for row in rows)


async def _rows_of_page(
    reader: Database | Connection, parent: str, pairs: Sequence[tuple[Actor, UUID]], page: ActivityPage
) -> list[Row]:
    order, past = ("ASC", ">") if page.oldest_first else ("DESC", "<")
    return await reader.fetch(
        _page(order, past, PARENTS[parent]),
        *viewer_arguments(pair[0] for pair in pairs),
        [pair[1] for pair in pairs],
        min(page.first, PAGE_MAX),
        page.after[0] if page.after else None,
        page.after[1] if page.after else None,
        page.type,
        page.state,
        page.source_id,
        page.occurred_from,
        page.occurred_until,
    )


def _bounded(asked: Sequence[object]) -> None:
    if len(asked) > PAIRS_MAX:
        raise ValueError(f"at most {PAIRS_MAX} are asked at once")


def _record(row: Row) -> ActivityRecord:
    return ActivityRecord(state=state_of(row), relation=Relation(row["relation"]))


def _revision(row: Row) -> RevisionRecord:
    content = row["content"]
    return RevisionRecord(
        revision=row["revision"],
        kind=row["kind"],
        reason=row["reason"],
        type=content["type"],
        occurred_at=datetime.fromisoformat(content["occurred_at"]).astimezone(UTC),
        quantity=content["quantity"],
        amounts={
            Basis(basis): Amount(minor=amount["amount"], unit=amount["unit"])
            for basis, amount in content["amounts"].items()
        },
        attributes=content["attributes"],
        recorded_at=row["recorded_at"],
    )
