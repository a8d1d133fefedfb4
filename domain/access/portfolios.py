"""Who looks after which partner: account managers with their assignments, each decided per (actor, parent) in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation, Role
from domain.kernel.sql import Connection, Database, Row

LISTED_MAX = 100
PAGE_MAX = 101
Pairs = Sequence[tuple[Actor, UUID]]
After = tuple[str, UUID]


@dataclass(frozen=True, kw_only=True)
class AccountManagerRecord:
    """Somebody of the vendor's who may be given partners."""

    id: UUID
    name: str


@dataclass(frozen=True, kw_only=True)
class AssignmentRecord:
    """An account manager's span at a partner, as this viewer may see it."""

    id: UUID
    account_id: UUID
    name: str
    partner_id: UUID
    since: datetime
    until: datetime | None
    version: int
    relation: Relation


# People see who looks after the firm they stand under today.
RELATION = f"""coalesce({relation_sql(member="NULL::uuid", partner="a.partner_id")}, CASE
    WHEN EXISTS (SELECT 1 FROM belonging WHERE subject_id = viewer.member_id AND partner_id = a.partner_id)
    THEN 'PARTNER' END)"""
BY_ID = f"""
SELECT viewer.place, a.*, account.name, {RELATION} AS relation
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
JOIN account_manager AS a ON a.id = asked.id JOIN account ON account.id = a.account_id
"""
OF_PARTNERS = f"""
SELECT viewer.place, seen.* FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
CROSS JOIN LATERAL (
  SELECT a.*, account.name, {RELATION} AS relation FROM account_manager AS a JOIN account ON account.id = a.account_id
  WHERE a.partner_id = asked.id AND {RELATION} IS NOT NULL ORDER BY a.since DESC, a.id DESC LIMIT {LISTED_MAX}
) AS seen ORDER BY viewer.place, seen.since DESC, seen.id DESC
"""
MANAGERS = """
SELECT id, name FROM account WHERE role = 'ACCOUNT_MANAGER' AND disabled_at IS NULL
AND ($2::uuid IS NULL OR (name, id) > ($1::text, $2)) ORDER BY name, id LIMIT $3
"""


async def assignments_by_id(sql: Database | Connection, pairs: Pairs) -> Mapping[tuple[Actor, UUID], AssignmentRecord]:
    """The assignments that their actor may see. One statement."""
    rows = await _asked(sql, BY_ID, pairs)
    return {pairs[row["place"] - 1]: _assignment(row) for row in rows if row["relation"] is not None}


async def assignments_of_partners(
    sql: Database | Connection, pairs: Pairs
) -> Mapping[tuple[Actor, UUID], Sequence[AssignmentRecord]]:
    """Who looks after each partner, past and to come too, latest first, at most 100. One statement."""
    found: dict[tuple[Actor, UUID], list[AssignmentRecord]] = {}
    for row in await _asked(sql, OF_PARTNERS, pairs):
        found.setdefault(pairs[row["place"] - 1], []).append(_assignment(row))
    return found


async def account_managers(
    sql: Database | Connection, actor: Actor, *, after: After | None = None, limit: int = PAGE_MAX
) -> list[AccountManagerRecord]:
    """Everybody who may be given partners, by name, at most 101; for those who may give them."""
    if actor.role not in (Role.CHANNEL_MANAGER, Role.ADMIN, Role.SYSTEM):
        return []
    rows = await sql.fetch(MANAGERS, *(after or (None, None)), min(limit, PAGE_MAX))
    return [AccountManagerRecord(id=row["id"], name=row["name"]) for row in rows]


async def _asked(sql: Database | Connection, statement: str, pairs: Pairs) -> list[Row]:
    if not pairs:
        return []
    return await sql.fetch(statement, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])


def _assignment(row: Row) -> AssignmentRecord:
    return AssignmentRecord(
        id=row["id"],
        account_id=row["account_id"],
        name=row["name"],
        partner_id=row["partner_id"],
        since=row["since"],
        until=row["until"],
        version=row["version"],
        relation=Relation(row["relation"]),
    )
