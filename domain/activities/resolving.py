"""Who an activity is about: members and partners by our id or the source's, memberships as of the activity, by set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.activities.types import DeclaredType, declared_type
from domain.kernel.sql import Connection

TYPES = "SELECT code, name, declaration FROM activity_type WHERE code = ANY($1::text[])"

MEMBERS = """
SELECT id, external_id, source_id = $1 AS by_external_id FROM member
WHERE id = ANY($2::uuid[]) OR (source_id = $1 AND external_id = ANY($3::text[]))
"""

PARTNERS = """
SELECT id, external_id, source_id = $1 AS by_external_id FROM partner
WHERE id = ANY($2::uuid[]) OR (source_id = $1 AND external_id = ANY($3::text[]))
"""

# A dated membership decides; a member without one as of then stands under today's partner.
MEMBERSHIPS = """
SELECT asked.member_id, asked.at, coalesce(
  (SELECT (fact.value ->> 'partner_id')::uuid FROM fact
   WHERE fact.subject_id = asked.member_id AND fact.kind = $3 AND fact.valid_from <= asked.at
     AND (fact.valid_until IS NULL OR fact.valid_until > asked.at)
   ORDER BY fact.valid_from DESC, fact.recorded_at DESC, fact.id DESC LIMIT 1),
  (SELECT belonging.partner_id FROM belonging WHERE belonging.subject_id = asked.member_id)) AS partner_id
FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::timestamptz[])) AS asked (member_id, at)
"""
MEMBERSHIP = "membership"


@dataclass(frozen=True, kw_only=True)
class Parties:
    """The members and partners that a batch names: reference (our id or the external id) → our id."""

    members: Mapping[UUID | str, UUID]
    partners: Mapping[UUID | str, UUID]


async def types_in(connection: Connection, codes: Iterable[str]) -> dict[str, DeclaredType]:
    """The declared types among these codes."""
    rows = await connection.fetch(TYPES, sorted(set(codes)))
    return {row["code"]: declared_type(row["code"], row["name"], row["declaration"]) for row in rows}


async def parties_in(
    connection: Connection,
    source_id: UUID,
    members: Iterable[UUID | str],
    partners: Iterable[UUID | str],
) -> Parties:
    """Our ids for those that exist; external ids are looked up within the source."""
    return Parties(
        members=await _found(connection, MEMBERS, source_id, set(members)),
        partners=await _found(connection, PARTNERS, source_id, set(partners)),
    )


async def _found(
    connection: Connection, statement: str, source_id: UUID, references: set[UUID | str]
) -> dict[UUID | str, UUID]:
    if not references:
        return {}
    ids = [reference for reference in references if isinstance(reference, UUID)]
    external_ids = [reference for reference in references if isinstance(reference, str)]
    found: dict[UUID | str, UUID] = {}
    for row in await connection.fetch(statement, source_id, ids, external_ids):
        found[row["id"]] = row["id"]
        if row["by_external_id"]:
            found[row["external_id"]] = row["id"]
    return found


async def memberships_in(
    connection: Connection, asked: Iterable[tuple[UUID, datetime]]
) -> dict[tuple[UUID, datetime], UUID | None]:
    """The partner of each member as of an instant; None where there is none."""
    pairs = list(asked)
    if not pairs:
        return {}
    rows = await connection.fetch(MEMBERSHIPS, [pair[0] for pair in pairs], [pair[1] for pair in pairs], MEMBERSHIP)
    return {(row["member_id"], row["at"]): row["partner_id"] for row in rows}
