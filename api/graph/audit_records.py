"""The audit log: what was done, and what was denied."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph.context import Info
from api.graph.fields import reference
from api.graph.ids import Tag, encode_id
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.scalars import Json
from domain.access.principals import Role
from domain.access.reading import AuditRecord as AuditLine
from domain.access.reading import audit_records


@strawberry.type(description="One line of the audit log; never edited.")
class AuditRecord:
    @strawberry.field(description="Opaque; lines recorded later have later cursors.")
    @staticmethod
    def id(parent: strawberry.Parent[AuditLine]) -> strawberry.ID:
        return strawberry.ID(encode_id(Tag.AUDIT_RECORD, UUID(int=parent.id)))

    at: datetime = strawberry.field(description="When it was done.")
    principal_id = reference(Tag.PRINCIPAL, "principal_id", "The account or key that did it.")
    role: Role = strawberry.field(description="The role it was done in.")
    action: str = strawberry.field(description="What was done, dotted and past tense; authz_fail for a denial.")
    object_kind: str = strawberry.field(description="What it was done to.")
    object_id = reference(Tag.OBJECT, "object_id", "Which one.")
    facts: Json = strawberry.field(description="Ids, codes and amounts; never names or secrets.")
    request_id: str | None = strawberry.field(description="The request it came with, as in answers and logs.")


@strawberry.type
class AuditQuery:
    @strawberry.field(
        graphql_type=Connection[AuditRecord] | None,
        description="The audit log, newest first: all of it for administrators, one's own deeds for everybody else.",
    )
    async def audit_log(self, info: Info, first: First = 25, after: After = None) -> Any:
        seen = read_cursor(after, int)
        rows = await audit_records(
            info.context.database, info.context.actor, before=seen and seen[0], limit=limit_of(first)
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.id,))
