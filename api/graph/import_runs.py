"""Imports of files: how far they are, and what became of every row that was not simply recorded."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import IdArgument, Node, identity, one, pages, wanted
from api.graph.ids import Tag
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.readings import source_by_id
from api.graph.scalars import Json
from domain.earning.runs import ImportRunRecord, import_problems_of, import_runs


@strawberry.type(description="A row of a file that was not simply recorded.")
class ImportRow:
    row: int = strawberry.field(description="Its number in the file, from 1.")
    external_id: str | None = strawberry.field(description="Its external id, if it could be read.")
    outcome: str = strawberry.field(description="SKIPPED, REJECTED, CORRECTED or STALE.")
    reason: Json = strawberry.field(description="Why: a code and its facts.")


@strawberry.type(description="One file being imported by a source's mapping; resumable.")
class ImportRun(Node):
    id = identity(Tag.IMPORT_RUN)
    source = one(nouns.SOURCE, source_by_id, "source_id", "The source whose mapping reads it.")
    file_name: str = strawberry.field(description="The file's name, at most 255 characters.")
    rows: int = strawberry.field(description="How many rows the file has.")
    next_row: int = strawberry.field(description="Where it goes on: `rows` when it is done.")
    counts: Json = strawberry.field(description="How many rows ended in which way, by outcome.")
    recorded_at: datetime = strawberry.field(description="When it began.")
    finished_at: datetime | None = strawberry.field(description="When it was done, null while it runs.")
    unrecorded = pages(
        ImportRow,
        import_problems_of,
        "Rows that were not simply recorded, in order of the file.",
        key=lambda row: (row.row,),
        kinds=(int,),
        nullable=False,
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ImportRunRecord)


@strawberry.type
class ImportRunQuery:
    @strawberry.field(graphql_type=Connection[ImportRun] | None, description="Imports, newest first; for operators.")
    async def import_runs(
        self, info: Info, first: First = 25, after: After = None, source_id: IdArgument = None
    ) -> Any:
        rows = await import_runs(
            info.context.database,
            info.context.actor,
            limit=limit_of(first),
            after=read_cursor(after, datetime, UUID),
            source_id=wanted(Tag.SOURCE, source_id),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.recorded_at, row.id))
