"""Mutations of customers: who has to do with them."""

from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.customers import CustomerInput
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import keyed, mutation, sure
from domain.kernel.refusals import InvalidInput, KeyReused, NotFound
from domain.partners.customers.customer import RelationKind
from domain.partners.customers.reading import customers_by_id
from domain.partners.customers.relating import end_relation, relate_customer


@strawberry.input(description="Somebody has to do with a customer from now on.")
class RelateCustomerInput:
    idempotency_key: str = key_field()
    customer: CustomerInput = strawberry.field(description="The customer; made where nobody has named it yet.")
    kind: RelationKind = strawberry.field(description="VENDOR_REP with a memberId, or INCUMBENT with a partnerId.")
    member_id: strawberry.ID | None = strawberry.field(default=None, description="The vendor's own rep.")
    partner_id: strawberry.ID | None = strawberry.field(default=None, description="The partner that serves it.")


@strawberry.input(description="Somebody has nothing more to do with a customer.")
class EndCustomerRelationInput:
    idempotency_key: str = key_field()
    relation_id: strawberry.ID = strawberry.field(description="The relation.")


@strawberry.type(description="It stands.")
class RelateCustomerSuccess:
    customer: Any = strawberry.field(graphql_type=nouns.CUSTOMER | None, description="The customer.")


@strawberry.type(description="It is over.")
class EndCustomerRelationSuccess:
    customer: Any = strawberry.field(graphql_type=nouns.CUSTOMER | None, description="The customer.")


@strawberry.type
class CustomerMutation:
    @mutation(
        RelateCustomerSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Says that the vendor's own rep, or a partner, has to do with a customer already.",
    )
    async def relate_customer(self, info: Info, input: RelateCustomerInput) -> Any:
        context = info.context
        done = await relate_customer(
            context.door,
            context.actor,
            keyed(input),
            input.customer.said(),
            input.kind,
            member_id=sure(Tag.MEMBER, input.member_id, "member") if input.member_id else None,
            partner_id=sure(Tag.PARTNER, input.partner_id, "partner") if input.partner_id else None,
        )
        return RelateCustomerSuccess(customer=await _customer(info, done.facts["customer_id"]))

    @mutation(
        EndCustomerRelationSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="Ends what relateCustomer began.",
    )
    async def end_customer_relation(self, info: Info, input: EndCustomerRelationInput) -> Any:
        context = info.context
        relation_id = sure(Tag.OBJECT, input.relation_id, "relation")
        done = await end_relation(context.door, context.actor, keyed(input), relation_id)
        return EndCustomerRelationSuccess(customer=await _customer(info, done.facts["customer_id"]))


async def _customer(info: Info, customer_id: str) -> Any:
    return await info.context.batches.one(customers_by_id, UUID(customer_id))
