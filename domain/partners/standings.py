"""Every question about partners' types: how each stands, decided per (actor, id) in SQL, by set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.files.reading import FileRecord, files_of
from domain.kernel.sql import Connection, Database, Row
from domain.partners.registration import PartnerType
from domain.partners.standing import LapsedFor, StandingAction, StandingState, available_actions
from domain.partners.verifying import FILES_KIND

Pairs = Sequence[tuple[Actor, UUID]]
PAGE_MAX = 101


@dataclass(frozen=True, kw_only=True)
class StandingRecord:
    """How a partner stands with one type, as this viewer may see it."""

    id: UUID
    partner_id: UUID
    type: PartnerType
    state: StandingState
    available_actions: tuple[StandingAction, ...]
    applied_at: datetime
    verified_at: datetime | None
    enrolled_at: datetime | None
    valid_until: datetime | None
    lapsed_at: datetime | None
    lapsed_for: LapsedFor | None
    version: int
    relation: Relation


RELATION = f"""coalesce({relation_sql(member="NULL::uuid", partner="s.partner_id")}, CASE
    WHEN EXISTS (SELECT 1 FROM belonging WHERE subject_id = viewer.member_id AND partner_id = s.partner_id)
    THEN 'PARTNER' END)"""
ASKED = f"""
SELECT viewer.place, s.*, {RELATION} AS relation
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
JOIN partner_standing AS s ON s.{{column}} = asked.id ORDER BY viewer.place, s.type
"""
PAGE = f"""
SELECT seen.* FROM (
  SELECT s.*, {RELATION} AS relation FROM {VIEWERS} CROSS JOIN partner_standing AS s
  WHERE ($6::uuid IS NULL OR s.id > $6) AND ($7::text IS NULL OR s.state = $7) AND ($8::text IS NULL OR s.type = $8)
) AS seen WHERE seen.relation IS NOT NULL ORDER BY seen.id LIMIT $9
"""


async def standings_by_id(sql: Database | Connection, pairs: Pairs) -> Mapping[tuple[Actor, UUID], StandingRecord]:
    """The standings that their actor may see. One statement."""
    return {pairs[row["place"] - 1]: _record(row) for row in await _asked(sql, "id", pairs)}


async def standings_of_partners(
    sql: Database | Connection, pairs: Pairs
) -> Mapping[tuple[Actor, UUID], Sequence[StandingRecord]]:
    """How each partner stands with its types, at most twelve. One statement."""
    found: dict[tuple[Actor, UUID], list[StandingRecord]] = {}
    for row in await _asked(sql, "partner_id", pairs):
        found.setdefault(pairs[row["place"] - 1], []).append(_record(row))
    return found


async def standings_page(
    sql: Database | Connection,
    actor: Actor,
    *,
    after: UUID | None = None,
    limit: int = PAGE_MAX,
    state: StandingState | None = None,
    kind: PartnerType | None = None,
) -> list[StandingRecord]:
    """What this actor sees, in order of ids, at most 101. One statement."""
    rows = await sql.fetch(
        PAGE, *viewer_arguments([actor]), after, state and state.value, kind and kind.value, min(limit, PAGE_MAX)
    )
    return [_record(row) for row in rows]


async def proof_of_standings(
    sql: Database | Connection, pairs: Pairs
) -> Mapping[tuple[Actor, UUID], Sequence[FileRecord]]:
    """The files that prove each standing, at most 20, for those who may see it."""
    seen = await standings_by_id(sql, pairs)
    files = await files_of(sql, FILES_KIND, [key for _, key in seen])
    return {pair: files.get(pair[1], []) for pair in seen}


async def _asked(sql: Database | Connection, column: str, pairs: Pairs) -> list[Row]:
    if not pairs:
        return []
    arguments = (*viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    return [row for row in await sql.fetch(ASKED.format(column=column), *arguments) if row["relation"] is not None]


def _record(row: Row) -> StandingRecord:
    state = StandingState(row["state"])
    return StandingRecord(
        id=row["id"],
        partner_id=row["partner_id"],
        type=PartnerType(row["type"]),
        state=state,
        available_actions=available_actions(state),
        applied_at=row["applied_at"],
        verified_at=row["verified_at"],
        enrolled_at=row["enrolled_at"],
        valid_until=row["valid_until"],
        lapsed_at=row["lapsed_at"],
        lapsed_for=row["lapsed_for"] and LapsedFor(row["lapsed_for"]),
        version=row["version"],
        relation=Relation(row["relation"]),
    )
