"""Every question about invitations: decided per (actor, id) in SQL, newest first in pages; tokens are never read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation, Role
from domain.kernel.sql import Connection, Database, Row
from domain.partners.invitation import InvitationAction, InvitationState, available_actions, state_at

PAGE_MAX = 101
Pairs = Sequence[tuple[Actor, UUID]]
After = tuple[datetime, UUID]


@dataclass(frozen=True, kw_only=True)
class InvitationRecord:
    """An invitation as this viewer may see it."""

    id: UUID
    mailbox: str
    name: str
    role: Role
    locale: str
    partner_id: UUID | None
    member_id: UUID | None
    state: InvitationState
    available_actions: tuple[InvitationAction, ...]
    terms_version: int
    accepted_terms: int | None
    sends: int
    recorded_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    version: int
    relation: Relation


# Who invites an account manager sees that invitation, though it stands under no partner.
RELATION = f"""coalesce({relation_sql(member="NULL::uuid", partner="i.partner_id")},
    CASE WHEN i.invited_by = viewer.portfolio_of THEN 'OPERATOR' END)"""
BY_ID = f"""
SELECT viewer.place, i.*, guerdon_now() AS now, {RELATION} AS relation
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
JOIN invitation AS i ON i.id = asked.id
"""
# $6, $7: the record to continue after; $8: a partner; $9: a state; $10: how many.
PAGE = f"""
SELECT seen.* FROM (
  SELECT i.*, guerdon_now() AS now, {RELATION} AS relation FROM {VIEWERS} CROSS JOIN invitation AS i
  WHERE ($7::uuid IS NULL OR (i.recorded_at, i.id) < ($6::timestamptz, $7))
    AND ($8::uuid IS NULL OR i.partner_id = $8)
    AND ($9::text IS NULL OR $9 = CASE WHEN i.state = 'OPEN' AND i.expires_at <= guerdon_now() THEN 'EXPIRED'
                                       ELSE i.state END)
) AS seen
WHERE seen.relation IS NOT NULL ORDER BY seen.recorded_at DESC, seen.id DESC LIMIT $10
"""


async def invitations_by_id(sql: Database | Connection, pairs: Pairs) -> Mapping[tuple[Actor, UUID], InvitationRecord]:
    """The invitations that their actor may see. One statement."""
    if not pairs:
        return {}
    rows = await sql.fetch(BY_ID, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _record(row) for row in rows if row["relation"] is not None}


async def invitations_page(
    sql: Database | Connection,
    actor: Actor,
    *,
    after: After | None = None,
    limit: int = PAGE_MAX,
    partner_id: UUID | None = None,
    state: InvitationState | None = None,
) -> list[InvitationRecord]:
    """The invitations this actor sees, newest first, at most 101. One statement."""
    rows = await sql.fetch(
        PAGE,
        *viewer_arguments([actor]),
        *(after or (None, None)),
        partner_id,
        state and state.value,
        min(limit, PAGE_MAX),
    )
    return [_record(row) for row in rows]


def _record(row: Row) -> InvitationRecord:
    state = state_at(row["state"], row["expires_at"], row["now"])
    return InvitationRecord(
        id=row["id"],
        mailbox=row["mailbox"],
        name=row["name"],
        role=Role(row["role"]),
        locale=row["locale"],
        partner_id=row["partner_id"],
        member_id=row["member_id"],
        state=state,
        available_actions=available_actions(state, row["sends"]),
        terms_version=row["terms_version"],
        accepted_terms=row["accepted_terms"],
        sends=row["sends"],
        recorded_at=row["recorded_at"],
        expires_at=row["expires_at"],
        ended_at=row["ended_at"],
        version=row["version"],
        relation=Relation(row["relation"]),
    )
