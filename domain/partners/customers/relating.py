"""The vendor says who has to do with a customer: its own rep, or the partner that serves it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.access import audit
from domain.access.principals import Actor
from domain.access.reading import reaches
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.partners.customers.customer import CustomerSaid, RelationKind
from domain.partners.customers.holding import part_in, relate_in
from domain.partners.customers.matching import customers_in
from domain.partners.registration import MemberKind

OF_REFERENCE = "SELECT customer_id FROM customer_relation WHERE reference_id = $1 AND ended_at IS NULL"


async def relate_customer(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    said: CustomerSaid,
    kind: RelationKind,
    *,
    member_id: UUID | None = None,
    partner_id: UUID | None = None,
) -> Outcome:
    """The vendor's rep, or the partner, has to do with the customer from now on; registrations of it by others are
    looked at first. Facts: customer_id, relation_id.

    Refuses: NotFound (member, partner); InvalidInput.
    """
    wants_member = kind is RelationKind.VENDOR_REP
    if kind is RelationKind.LEAD or wants_member != (member_id is not None) or wants_member == (partner_id is not None):
        raise InvalidInput(field="kind", problem="VENDOR_REP with a memberId, or INCUMBENT with a partnerId")

    async def work(op: Operation) -> Mapping[str, Any]:
        if member_id is not None:
            staff = await op.sql.fetchval("SELECT kind FROM member WHERE id = $1", member_id)
            if staff != MemberKind.VENDOR_STAFF:
                raise NotFound(kind="member", id=str(member_id))
        elif partner_id is not None and not await reaches(op.sql, actor, partner_id):
            raise NotFound(kind="partner", id=str(partner_id))
        (customer_id,) = await customers_in(op, [said])
        relation_id = await relate_in(op, customer_id, kind, member_id=member_id, partner_id=partner_id)
        await audit.record_in(
            op, "customer.relate", "customer", customer_id, kind=kind.value, member=member_id, partner=partner_id
        )
        return {"customer_id": str(customer_id), "relation_id": str(relation_id)}

    return await door.operate_keyed(actor, "relateCustomer", keyed, work)


async def end_relation(door: Door, actor: Actor, keyed: Keyed, relation_id: UUID) -> Outcome:
    """That is over from now on. Facts: customer_id. Refuses: NotFound."""

    async def work(op: Operation) -> Mapping[str, Any]:
        customer_id = await op.sql.fetchval(OF_REFERENCE, relation_id)
        if customer_id is None or not await part_in(op, [relation_id]):
            raise NotFound(kind="relation", id=str(relation_id))
        await audit.record_in(op, "customer.part", "customer", customer_id, relation=relation_id)
        return {"customer_id": str(customer_id)}

    return await door.operate_keyed(actor, "endCustomerRelation", keyed, work)
