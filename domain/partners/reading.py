"""Every question about partners and members: each decided per (actor, id) in SQL, by set, in pages by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation, Role
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import Connection, Database, Row
from domain.partners.parting import Partnership, PartnershipAction, available_actions
from domain.partners.registration import JourneyStage, MemberKind, PartnerType

PAGE_MAX = 100
PAIRS_MAX = 10_000
SEARCH_LENGTH_MAX = 100

T = TypeVar("T")
# The (name, id) of the last record seen: names repeat, ids do not.
After = tuple[str, UUID]


@dataclass(frozen=True, kw_only=True)
class PartnerRecord:
    """A partner as this viewer may see it."""

    id: UUID
    source_id: UUID
    external_id: str
    name: str
    types: tuple[PartnerType, ...]
    parent_id: UUID | None
    country: str | None
    vertical: str | None
    size: str | None
    journey_stage: JourneyStage
    partnership: Partnership
    available_actions: tuple[PartnershipAction, ...]
    run_off_until: datetime | None
    recorded_at: datetime
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class MemberRecord:
    """A member as this viewer may see them."""

    id: UUID
    source_id: UUID
    external_id: str
    kind: MemberKind
    name: str
    email: str | None
    locale: str
    partner_id: UUID | None
    on_boards: bool
    recorded_at: datetime
    left_at: datetime | None
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """Records in order, at most as many as asked; `has_more` says that others follow the last."""

    records: tuple[T, ...]
    has_more: bool


# A member sees the partner they stand under today; the matrix says how much of it.
PARTNER_RELATION = f"""coalesce({relation_sql(member="NULL::uuid", partner="p.id", source="p.source_id")}, CASE
    WHEN EXISTS (SELECT 1 FROM belonging WHERE subject_id = viewer.member_id AND partner_id = p.id) THEN 'PARTNER'
END)"""
MEMBER_RELATION = relation_sql(member="m.id", partner="m.partner_id", source="m.source_id")

# $6 are the ids, parallel to the viewers.
PARTNERS_BY_PAIRS = f"""
SELECT viewer.place, p.*, {PARTNER_RELATION} AS relation
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
JOIN partner p ON p.id = asked.id
"""
MEMBERS_BY_PAIRS = f"""
SELECT viewer.place, m.*, {MEMBER_RELATION} AS relation
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
JOIN member m ON m.id = asked.id
"""
# $6, $7: the record to continue after; $8: a part of the name; $9: how many.
PARTNERS_PAGE = f"""
SELECT seen.* FROM (
  SELECT p.*, {PARTNER_RELATION} AS relation FROM {VIEWERS} CROSS JOIN partner p
  WHERE ($7::uuid IS NULL OR (p.name, p.id) > ($6::text, $7))
    AND ($8::text IS NULL OR position($8 IN lower(p.name)) > 0)
) AS seen
WHERE seen.relation IS NOT NULL ORDER BY seen.name, seen.id LIMIT $9
"""
MEMBERS_PAGE = f"""
SELECT seen.* FROM (
  SELECT m.*, {MEMBER_RELATION} AS relation FROM {VIEWERS} CROSS JOIN member m
  WHERE ($7::uuid IS NULL OR (m.name, m.id) > ($6::text, $7))
    AND ($8::text IS NULL OR position($8 IN lower(m.name)) > 0)
    {{narrowed}}
) AS seen
WHERE seen.relation IS NOT NULL ORDER BY seen.name, seen.id LIMIT $9
"""
# $6: partners, parallel to the viewers; $7, $8: the record to continue after; $9: how many of each.
MEMBERS_OF_PARTNERS = f"""
SELECT viewer.place, seen.* FROM {VIEWERS}
JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (partner_id, place) USING (place)
CROSS JOIN LATERAL (
  SELECT m.*, {MEMBER_RELATION} AS relation FROM member m
  WHERE m.partner_id = asked.partner_id AND ($8::uuid IS NULL OR (m.name, m.id) > ($7::text, $8))
    AND {MEMBER_RELATION} IS NOT NULL
  ORDER BY m.name, m.id LIMIT $9
) AS seen
ORDER BY viewer.place, seen.name, seen.id
"""


CHILDREN_OF_PARTNERS = f"""
SELECT viewer.place, seen.* FROM {VIEWERS}
JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (parent_id, place) USING (place)
CROSS JOIN LATERAL (
  SELECT p.*, {PARTNER_RELATION} AS relation FROM partner p
  WHERE p.parent_id = asked.parent_id AND ($8::uuid IS NULL OR (p.name, p.id) > ($7::text, $8))
    AND {PARTNER_RELATION} IS NOT NULL
  ORDER BY p.name, p.id LIMIT $9
) AS seen
ORDER BY viewer.place, seen.name, seen.id
"""


async def partners_by_pairs(
    source: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> list[PartnerRecord | None]:
    """The partner of each (actor, id), None where there is none or it is not theirs to see. One statement."""
    rows = await _by_pairs(source, PARTNERS_BY_PAIRS, pairs)
    return [None if row is None else partner_record(row) for row in rows]


async def members_by_pairs(
    source: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> list[MemberRecord | None]:
    """The member of each (actor, id), None where there is none or they are not theirs to see. One statement."""
    rows = await _by_pairs(source, MEMBERS_BY_PAIRS, pairs)
    return [None if row is None else member_record(row) for row in rows]


async def partners_page(
    source: Database | Connection,
    actor: Actor,
    *,
    after: After | None = None,
    limit: int = PAGE_MAX,
    search: str | None = None,
) -> Page[PartnerRecord]:
    """The partners this actor sees, by name, at most 100; `search` is a part of the name in any case.

    Refuses: InvalidInput (limit, search).
    """
    arguments = (*viewer_arguments([actor]), *(after or (None, None)), _part(search), _most(limit) + 1)
    return _page(await source.fetch(PARTNERS_PAGE, *arguments), limit, partner_record)


async def members_page(
    source: Database | Connection,
    actor: Actor,
    *,
    after: After | None = None,
    limit: int = PAGE_MAX,
    search: str | None = None,
) -> Page[MemberRecord]:
    """The members this actor sees, by name, at most 100; `search` is a part of the name in any case.

    Refuses: InvalidInput (limit, search).
    """
    arguments = (*viewer_arguments([actor]), *(after or (None, None)), _part(search), _most(limit) + 1)
    # A narrow viewer gets a condition that an index serves; the relation still decides.
    narrowed = {
        Role.MEMBER: "AND m.id = viewer.member_id",
        Role.PARTNER_ADMIN: "AND (m.partner_id = viewer.partner_id OR m.id = viewer.member_id)",
    }.get(actor.role, "")
    return _page(await source.fetch(MEMBERS_PAGE.format(narrowed=narrowed), *arguments), limit, member_record)


async def members_of_partners(
    source: Database | Connection,
    pairs: Sequence[tuple[Actor, UUID]],
    *,
    after: After | None = None,
    limit: int = PAGE_MAX,
) -> list[Page[MemberRecord]]:
    """For each (actor, partner) a page of its members that the actor sees, by name. One statement.

    Refuses: InvalidInput (limit).
    """
    arguments = (*viewer_arguments(actor for actor, _ in _bounded(pairs)), [partner for _, partner in pairs])
    rows = await source.fetch(MEMBERS_OF_PARTNERS, *arguments, *(after or (None, None)), _most(limit) + 1)
    found: list[list[Row]] = [[] for _ in pairs]
    for row in rows:
        found[row["place"] - 1].append(row)
    return [_page(of_one, limit, member_record) for of_one in found]


async def children_of_partners(
    source: Database | Connection,
    pairs: Sequence[tuple[Actor, UUID]],
    *,
    after: After | None = None,
    limit: int = PAGE_MAX,
) -> list[Page[PartnerRecord]]:
    """For each (actor, partner) a page of the firms right below it that the actor sees, by name. One statement.

    Refuses: InvalidInput (limit).
    """
    arguments = (*viewer_arguments(actor for actor, _ in _bounded(pairs)), [partner for _, partner in pairs])
    rows = await source.fetch(CHILDREN_OF_PARTNERS, *arguments, *(after or (None, None)), _most(limit) + 1)
    found: list[list[Row]] = [[] for _ in pairs]
    for row in rows:
        found[row["place"] - 1].append(row)
    return [_page(of_one, limit, partner_record) for of_one in found]


async def partner_ids_of(
    source: Database | Connection, source_id: UUID, external_ids: Sequence[str]
) -> Mapping[str, UUID]:
    """Our ids of a source's partners; external ids it never told are absent."""
    return await _ids_of(source, "partner", source_id, external_ids)


async def member_ids_of(
    source: Database | Connection, source_id: UUID, external_ids: Sequence[str]
) -> Mapping[str, UUID]:
    """Our ids of a source's members; external ids it never told are absent."""
    return await _ids_of(source, "member", source_id, external_ids)


def partner_record(row: Row) -> PartnerRecord:
    """A row of partner with its relation."""
    return PartnerRecord(
        id=row["id"],
        source_id=row["source_id"],
        external_id=row["external_id"],
        name=row["name"],
        types=tuple(PartnerType(code) for code in row["types"]),
        parent_id=row["parent_id"],
        country=row["country"],
        vertical=row["vertical"],
        size=row["size"],
        journey_stage=JourneyStage(row["journey_stage"]),
        partnership=Partnership(row["partnership"]),
        available_actions=available_actions(Partnership(row["partnership"])),
        run_off_until=row["run_off_until"],
        recorded_at=row["recorded_at"],
        version=row["version"],
        relation=Relation(row["relation"]),
    )


def member_record(row: Row) -> MemberRecord:
    """A row of member with its relation."""
    return MemberRecord(
        id=row["id"],
        source_id=row["source_id"],
        external_id=row["external_id"],
        kind=MemberKind(row["kind"]),
        name=row["name"],
        email=row["email"],
        locale=row["locale"],
        partner_id=row["partner_id"],
        on_boards=row["on_boards"],
        recorded_at=row["recorded_at"],
        left_at=row["left_at"],
        version=row["version"],
        relation=Relation(row["relation"]),
    )


async def _by_pairs(
    source: Database | Connection, statement: str, pairs: Sequence[tuple[Actor, UUID]]
) -> list[Row | None]:
    if not pairs:
        return []
    actors = (actor for actor, _ in _bounded(pairs))
    answers: list[Row | None] = [None] * len(pairs)
    for row in await source.fetch(statement, *viewer_arguments(actors), [wanted for _, wanted in pairs]):
        if row["relation"] is not None:
            answers[row["place"] - 1] = row
    return answers


async def _ids_of(
    source: Database | Connection, table: str, source_id: UUID, external_ids: Sequence[str]
) -> Mapping[str, UUID]:
    statement = f"SELECT external_id, id FROM {table} WHERE source_id = $1 AND external_id = ANY($2::text[])"
    return {row["external_id"]: row["id"] for row in await source.fetch(statement, source_id, list(external_ids))}


def _page(rows: Sequence[Row], limit: int, record: Callable[[Row], T]) -> Page[T]:
    return Page(records=tuple(record(row) for row in rows[:limit]), has_more=len(rows) > limit)


def _bounded(pairs: Sequence[tuple[Actor, UUID]]) -> Sequence[tuple[Actor, UUID]]:
    if len(pairs) > PAIRS_MAX:
        raise InvalidInput(field="ids", problem=f"at most {PAIRS_MAX}")
    return pairs


def _most(limit: int) -> int:
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidInput(field="first", problem=f"1 to {PAGE_MAX}")
    return limit


def _part(search: str | None) -> str | None:
    if search is None or not search.strip():
        return None
    if len(search) > SEARCH_LENGTH_MAX or "\x00" in search:
        raise InvalidInput(field="search", problem=f"at most {SEARCH_LENGTH_MAX} characters")
    return search.strip().lower()
