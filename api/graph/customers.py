"""Customers as the vendor knows them, and as a partner describes one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, many, one, sure_reference
from api.graph.ids import Tag, decode_as
from api.graph.readings import member_by_id, partner_by_id
from domain.partners.customers.customer import CustomerSaid, KeyKind, RelationKind
from domain.partners.customers.reading import (
    CustomerRecord,
    customers_by_id,
    holds_of_customers,
    keys_of_customers,
    relations_of_customers,
)


def said(name: str, description: str, *, sure: bool = False) -> Any:
    """What was said of the customer under this name."""

    @staticmethod
    def resolve(parent: strawberry.Parent[Mapping[str, Any]]) -> Any:
        return parent.get(name)

    shown: Any = str if sure else str | None
    return strawberry.field(resolver=resolve, graphql_type=shown, description=description)


@strawberry.type(description="A customer as somebody describes it.")
class CustomerDetails:
    name = said("name", "Its name.", sure=True)
    domain = said("domain", "Its web domain.")
    tax_id = said("tax_id", "Its tax or company number.")
    country = said("country", "Where it is, ISO 3166.")
    vertical = said("vertical", "Its industry, a code.")
    size = said("size", "Its segment by size, a code.")


@strawberry.input(
    description="A customer. Its domain and tax id are what it is known by; a name alone may be anybody's."
)
class CustomerInput:
    name: str = strawberry.field(description="Its name, 1 to 200 characters.")
    domain: str | None = strawberry.field(default=None, description="Its web domain, an address or a mailbox of it.")
    tax_id: str | None = strawberry.field(default=None, description="Its tax or company number, 4 to 32 characters.")
    country: str | None = strawberry.field(default=None, description="Two capital letters, ISO 3166.")
    vertical: str | None = strawberry.field(default=None, description="Its industry, a code of 1 to 64 characters.")
    size: str | None = strawberry.field(default=None, description="Its segment by size, 1 to 64 characters.")

    def said(self) -> CustomerSaid:
        """As the rooms take it."""
        return CustomerSaid(**vars(self))


@strawberry.type(description="What a customer is known by, in normal form.")
class CustomerKey:
    kind: KeyKind = strawberry.field(description="What it is.")
    value: str = strawberry.field(
        description="Lower case without accents and legal forms; a host; capitals and digits."
    )


@strawberry.type(description="A partner has a customer for some products.")
class CustomerHold:
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Who.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Which of its people.")
    deal_id = sure_reference(Tag.DEAL, "reference_id", "By which registration.")
    products: list[str] = strawberry.field(description="For which products, at most 50; none: for all.")
    since: datetime = strawberry.field(description="Since when.")
    until: datetime | None = strawberry.field(description="Until when; null while the clock stands still.")


@strawberry.type(description="Somebody has to do with a customer.")
class CustomerRelation:
    id = sure_reference(Tag.OBJECT, "reference_id", "What endCustomerRelation asks for.")
    kind: RelationKind = strawberry.field(description="How.")
    partner = one(nouns.PARTNER, partner_by_id, "partner_id", "Which partner, null for the vendor's own rep.")
    member = one(nouns.MEMBER, member_by_id, "member_id", "Who.")
    since: datetime = strawberry.field(description="Since when.")


@strawberry.type(description="A customer, as the first who named it called it. Its partners are never shown it.")
class Customer(Node):
    id = identity(Tag.CUSTOMER)
    name: str = strawberry.field(description="Its name.")
    country: str | None = strawberry.field(description="Where it is, ISO 3166.")
    vertical: str | None = strawberry.field(description="Its industry, a code.")
    size: str | None = strawberry.field(description="Its segment by size, a code.")
    recorded_at: datetime = strawberry.field(description="When it was first named.")
    keys = many(CustomerKey, keys_of_customers, "What it is known by, at most 100.")
    holds = many(CustomerHold, holds_of_customers, "Who has it now, at most one a product.")
    relations = many(CustomerRelation, relations_of_customers, "Who has to do with it now, at most 100.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, CustomerRecord)


@strawberry.type
class CustomerQuery:
    @strawberry.field(
        graphql_type=Customer | None, description="A customer by its id; null where there is none for you."
    )
    async def customer(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> Any:
        return await info.context.batches.one(customers_by_id, decode_as(Tag.CUSTOMER, id))
