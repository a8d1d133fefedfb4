"""API keys of machines, without their secrets."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, one
from api.graph.ids import Tag
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from domain.access.principals import Scope
from domain.access.reading import ApiKeyRecord, api_keys
from domain.activities.listing import sources_by_id


@strawberry.type(description="A machine's scoped key. Its secret is shown once, when it is created.")
class ApiKey(Node):
    id = identity(Tag.API_KEY)
    name: str = strawberry.field(description="What the key is for, at most 100 characters.")
    prefix: str = strawberry.field(description="How the key begins, to recognise it by.")
    scopes: list[Scope] = strawberry.field(description="What it may do, at most ten scopes.")
    source = one(nouns.SOURCE, sources_by_id, "source_id", "The source it records for, null for every source.")
    recorded_at: datetime = strawberry.field(description="When it was created.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself, null for never.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked, null while it works.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ApiKeyRecord)


@strawberry.type
class ApiKeyQuery:
    @strawberry.field(
        graphql_type=Connection[ApiKey] | None, description="Every key, in order of their ids; for administrators."
    )
    async def api_keys(self, info: Info, first: First = 25, after: After = None) -> Any:
        seen = read_cursor(after, UUID)
        rows = await api_keys(info.context.database, info.context.actor, after=seen and seen[0], limit=limit_of(first))
        return page_of(rows, first=first, after=after, key=lambda row: (row.id,))
