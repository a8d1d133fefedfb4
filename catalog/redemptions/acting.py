"""For whom somebody redeems: a member for themselves; a supplier's key and support for a member, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.access.audit import record_in
from domain.access.principals import Actor, Role, Scope
from domain.kernel.operation import Operation
from domain.kernel.refusals import NotAllowed, NotFound

ON_BEHALF = frozenset({Role.SUPPORT, Role.ADMIN, Role.SYSTEM})

CUSTOMER = """
SELECT member.id, member.source_id, member.locale, member.partner_id, partner.country
FROM member LEFT JOIN partner ON partner.id = member.partner_id WHERE member.id = $1
"""


@dataclass(frozen=True, kw_only=True)
class Customer:
    """The member whose points are spent, with the partner and the country that they stand under today."""

    member_id: UUID
    partner_id: UUID | None
    country: str | None
    locale: str
    is_self: bool


async def customer_in(op: Operation, actor: Actor, on_behalf_of: UUID | None) -> Customer:
    """The actor's own member, or the one they name.

    A member may be named by support, administrators and keys with fulfilment:write; a key bound to a source names only
    members of that source.

    Refuses: NotAllowed; NotFound.
    """
    member_id = on_behalf_of or actor.member_id
    is_self = member_id is not None and member_id == actor.member_id
    is_machine = actor.role is Role.INTEGRATION and Scope.FULFILMENT_WRITE in actor.scopes
    if member_id is None or not (is_self or actor.role in ON_BEHALF or is_machine):
        raise NotAllowed(action="redeem")
    row = await op.sql.fetchrow(CUSTOMER, member_id)
    if row is None or (is_machine and actor.source_id not in (None, row["source_id"])):
        raise NotFound(kind="member", id=str(member_id))
    return Customer(
        member_id=member_id,
        partner_id=row["partner_id"],
        country=row["country"],
        locale=row["locale"],
        is_self=is_self,
    )


async def note_in(op: Operation, customer: Customer, redemption_id: UUID, facts: Mapping[str, object]) -> None:
    """What was done for somebody else stands in the audit log."""
    if not customer.is_self:
        await record_in(op, "redeem_on_behalf", "redemption", redemption_id, member_id=customer.member_id, **facts)
