"""Account managers: who of the vendor's looks after which partner, and since when."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, one, sure_reference
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from api.graph.readings import partner_by_id
from api.graph.scalars import Points
from domain.access.assigning import Span, assign_account_manager, unassign_account_manager
from domain.access.portfolios import (
    AccountManagerRecord,
    AssignmentRecord,
    account_managers,
    assignments_by_id,
)
from domain.access.principals import Relation
from domain.access.refusals import AccountManagerAssigned
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound


@strawberry.type(description="Somebody of the vendor's who looks after partners.")
class AccountManager:
    account_id = sure_reference(Tag.ACCOUNT, "id", "Their account: what `assignAccountManager` takes.")
    name: str = strawberry.field(description="Their name, at most 200 characters.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, AccountManagerRecord)


@strawberry.type(description="An account manager looks after a partner for a time.")
class AccountManagerAssignment(Node):
    id = identity(Tag.ACCOUNT_MANAGER)
    version: Points = strawberry.field(description="Moves with every change.")
    account_id = sure_reference(Tag.ACCOUNT, "account_id", "The account manager's account.")
    name: str = strawberry.field(description="The account manager's name, at most 200 characters.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "The partner.")
    since: datetime = strawberry.field(description="From when on.")
    until: datetime | None = strawberry.field(description="Until when, excluded; null for good.")
    relation: Relation = strawberry.field(description="How you stand to the partner.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, AssignmentRecord)


@strawberry.input(description="Partners for an account manager.")
class AssignAccountManagerInput:
    idempotency_key: str = key_field()
    account_id: strawberry.ID = strawberry.field(description="The account manager's account.")
    partner_ids: list[strawberry.ID] = strawberry.field(description="1 to 1,000 partners of your own portfolio.")
    since: datetime | None = strawberry.field(default=None, description="From when on; null: now.")
    until: datetime | None = strawberry.field(default=None, description="Until when, excluded; null: for good.")


@strawberry.input(description="An assignment that ends.")
class UnassignAccountManagerInput:
    idempotency_key: str = key_field()
    assignment_id: strawberry.ID = strawberry.field(description="The assignment.")
    until: datetime | None = strawberry.field(default=None, description="Until when; null: now.")


@strawberry.type(description="The account manager looks after these partners.")
class AssignAccountManagerSuccess:
    assignments: list[Any] = strawberry.field(
        graphql_type=list[AccountManagerAssignment], description="One a partner, at most 1,000."
    )


@strawberry.type(description="The assignment ends.")
class UnassignAccountManagerSuccess:
    partner: Any = strawberry.field(graphql_type=nouns.PARTNER | None, description="The partner.")


@strawberry.type
class AccountManagerQuery:
    @strawberry.field(
        graphql_type=Connection[AccountManager] | None,
        description="Everybody who may be given partners, in order of name.",
    )
    async def account_managers(self, info: Info, first: First = 25, after: After = None) -> Any:
        seen = read_cursor(after, str, UUID)
        rows = await account_managers(info.context.database, info.context.actor, after=seen, limit=limit_of(first))
        return page_of(rows, first=first, after=after, key=lambda row: (row.name, row.id))


@strawberry.type
class AccountManagerMutation:
    @mutation(
        AssignAccountManagerSuccess,
        NotFound,
        InvalidInput,
        AccountManagerAssigned,
        KeyReused,
        description="An account manager looks after partners, from an instant on.",
    )
    async def assign_account_manager(self, info: Info, input: AssignAccountManagerInput) -> Any:
        context = info.context
        ids = await assign_account_manager(
            context.door,
            context.actor,
            keyed(input),
            account_id=sure(Tag.ACCOUNT, input.account_id, "account"),
            partner_ids=[sure(Tag.PARTNER, one, "partner") for one in input.partner_ids],
            span=Span(since=input.since, until=input.until),
        )
        found = await assignments_by_id(context.database, [(context.actor, one) for one in ids])
        return AssignAccountManagerSuccess(assignments=list(found.values()))

    @mutation(
        UnassignAccountManagerSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="An account manager looks after a partner no longer, from an instant on.",
    )
    async def unassign_account_manager(self, info: Info, input: UnassignAccountManagerInput) -> Any:
        context = info.context
        assignment_id = sure(Tag.ACCOUNT_MANAGER, input.assignment_id, "account manager")
        partner_id = await unassign_account_manager(
            context.door, context.actor, keyed(input), assignment_id, input.until
        )
        return UnassignAccountManagerSuccess(partner=await context.batches.one(partner_by_id, partner_id))
