"""Sources of activities and the activity types they may record."""

from datetime import datetime
from typing import Any

import strawberry

from api.graph.context import Info
from api.graph.fields import Node, identity, wording
from api.graph.ids import Tag
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.scalars import Json
from domain.activities.activity import OnChange
from domain.activities.listing import sources_page
from domain.activities.reading import activity_types
from domain.activities.sources import SourceRecord


@strawberry.type(description="Where activities, partners and members come from; external ids are unique per source.")
class Source(Node):
    id = identity(Tag.SOURCE, "source_id")
    code: str = strawberry.field(description="Unique code, at most 64 characters.")
    name: str = strawberry.field(description="Name, at most 200 characters.")
    on_change: OnChange = strawberry.field(description="What another content under a known external id means.")
    backfill: bool = strawberry.field(description="True if its late activities have no grace limit.")
    mapping: Json | None = strawberry.field(
        description="How its rows become activities, as data; null if it sends activities."
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, SourceRecord)


@strawberry.type(description="A declared kind of activity.")
class ActivityType:
    code: str = strawberry.field(description="Unique code, for example deal.won.")
    name = wording("name", "What people call it.")
    declaration: Json = strawberry.field(
        description="Its attributes, its amounts by basis, and which attribute is the deal key."
    )
    recorded_at: datetime = strawberry.field(description="When it was first declared.")


@strawberry.type
class SourceQuery:
    @strawberry.field(
        graphql_type=Connection[Source] | None, description="Every source, in order of code; for operators."
    )
    async def sources(self, info: Info, first: First = 25, after: After = None) -> Any:
        seen = read_cursor(after, str)
        rows = await sources_page(
            info.context.database, info.context.actor, first=limit_of(first), after=seen and seen[0]
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.code,))

    @strawberry.field(
        graphql_type=Connection[ActivityType] | None, description="Every declared activity type, in order of code."
    )
    async def activity_types(self, info: Info, first: First = 25, after: After = None) -> Any:
        seen = read_cursor(after, str)
        rows = await activity_types(info.context.database, first=limit_of(first), after=seen and seen[0])
        return page_of(rows, first=first, after=after, key=lambda row: (row.code,))
