"""Sources as the face lists them: for the vendor's people and for machines' keys."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.access.ownership import VIEWERS, viewer_arguments
from domain.access.principals import Actor
from domain.activities.sources import SourceRecord, source_of
from domain.kernel.sql import Connection, Database

SEEN = "(viewer.sees_all OR viewer.portfolio_of IS NOT NULL OR viewer.source_id = source.id)"
COLUMNS = "source.id, source.code, source.name, source.mapping, source.on_change, source.backfill"
PAGE = f"""
SELECT {COLUMNS} FROM {VIEWERS}, source WHERE {SEEN} AND ($6::text IS NULL OR source.code > $6)
ORDER BY source.code LIMIT $7
"""
BY_ID = f"""
SELECT place, {COLUMNS}
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, asked_place) ON asked_place = place
     JOIN source ON source.id = asked.id WHERE {SEEN}
"""


async def sources_page(
    sql: Database | Connection, actor: Actor, *, first: int, after: str | None = None
) -> list[SourceRecord]:
    """The sources the actor may see in order of code, after a code; a key bound to a source sees that one."""
    rows = await sql.fetch(PAGE, *viewer_arguments([actor]), after, first)
    return [source_of(row) for row in rows]


async def sources_by_id(
    sql: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> Mapping[tuple[Actor, UUID], SourceRecord]:
    """Those of the sources that their actor may see."""
    rows = await sql.fetch(BY_ID, *viewer_arguments(pair[0] for pair in pairs), [pair[1] for pair in pairs])
    return {pairs[row["place"] - 1]: source_of(row) for row in rows}
