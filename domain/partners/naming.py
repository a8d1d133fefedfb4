"""Who is meant: members and partners by our id or by the external id of a source, as a set."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from domain.kernel.sql import Connection, Database

Reference = UUID | str

MEMBERS = """
SELECT id, external_id, source_id = $1 AS told_by_source FROM member
WHERE id = ANY($2::uuid[]) OR (source_id = $1 AND external_id = ANY($3::text[]))
"""
PARTNERS = """
SELECT id, external_id, source_id = $1 AS told_by_source FROM partner
WHERE id = ANY($2::uuid[]) OR (source_id = $1 AND external_id = ANY($3::text[]))
"""


async def members_named(
    reader: Database | Connection, source_id: UUID, references: Iterable[Reference]
) -> Mapping[Reference, UUID]:
    """Our id for each reference to a member that exists; external ids are looked up within the source."""
    return await _named(reader, MEMBERS, source_id, set(references))


async def partners_named(
    reader: Database | Connection, source_id: UUID, references: Iterable[Reference]
) -> Mapping[Reference, UUID]:
    """Our id for each reference to a partner that exists; external ids are looked up within the source."""
    return await _named(reader, PARTNERS, source_id, set(references))


async def _named(
    reader: Database | Connection, statement: str, source_id: UUID, references: set[Reference]
) -> Mapping[Reference, UUID]:
    if not references:
        return {}
    ids = [reference for reference in references if isinstance(reference, UUID)]
    external_ids = [reference for reference in references if isinstance(reference, str)]
    found: dict[Reference, UUID] = {}
    for row in await reader.fetch(statement, source_id, ids, external_ids):
        found[row["id"]] = row["id"]
        if row["told_by_source"]:
            found[row["external_id"]] = row["id"]
    return found
