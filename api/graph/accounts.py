"""Accounts: who may sign in, and as whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, one
from api.graph.ids import Tag
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.readings import member_by_id
from api.graph.texts import Locale
from domain.access.principals import Role
from domain.access.reading import AccountRecord, accounts


@strawberry.type(description="A person who may sign in: an issuer's subject with one role.")
class Account(Node):
    id = identity(Tag.ACCOUNT)
    name: str = strawberry.field(description="The person's name, at most 200 characters.")
    role: Role = strawberry.field(description="What the person may do.")
    locale: Locale = strawberry.field(description="The language the API speaks to the person.")
    issuer: str | None = strawberry.field(description="The address of the issuer that vouches for the person.")
    subject: str | None = strawberry.field(description="The person's subject at that issuer.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "The member this account acts as, if a partner's person.")
    recorded_at: datetime = strawberry.field(description="When the account was linked.")
    disabled_at: datetime | None = strawberry.field(description="When it ended, null while it may sign in.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, AccountRecord)


@strawberry.type
class AccountQuery:
    @strawberry.field(
        graphql_type=Connection[Account] | None,
        description="Everybody who may sign in, in order of their ids; for administrators.",
    )
    async def accounts(self, info: Info, first: First = 25, after: After = None) -> Any:
        seen = read_cursor(after, UUID)
        rows = await accounts(info.context.database, info.context.actor, after=seen and seen[0], limit=limit_of(first))
        return page_of(rows, first=first, after=after, key=lambda row: (row.id,))
