"""What the stories of deals and leads share: a partner's admin, programs paid by what workflows report, short asks."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api.graph.ids import Tag, encode_id
from domain.access.principals import SYSTEM, Role
from domain.deals.expiring import expire_due
from domain.deals.rewarding import WORKFLOW as DEALS
from domain.earning.reporting import workflow_source_in
from domain.kernel.operation import Operation
from domain.leads.rewarding import WORKFLOW as LEADS
from domain.leads.sharing import hand_on_due
from domain.partners.registering import register_members_in
from domain.partners.registration import MemberKind, MemberRow
from tests.stories.teller import Teller

DEAL = """id state reason note dueAt isWithVendor holdsCustomer availableActions extensions
    conflicts { kind state outcome dueAt against { id } } partner { name }"""
LEAD = """id state reason dueAt value partner { name } availableActions
    assignments { n outcome partner { name } why { code matches text(locale: FR) } }"""
ACME: Mapping[str, Any] = {"name": "Société Acme, S.A.S.", "domain": "https://www.acme.example/fr", "country": "FR"}


async def prepared(teller: Teller) -> None:
    """The types of both workflows are declared, and an administrator of the first partner may sign in."""

    async def declare(op: Operation) -> None:
        await workflow_source_in(op, DEALS)
        await workflow_source_in(op, LEADS)

    await teller.world.door.operate(SYSTEM, declare)
    await teller.person("boss0", Role.PARTNER_ADMIN, 0)


async def vendor_staff(teller: Teller) -> str:
    """A rep of the vendor's own; answers the id."""
    row = MemberRow(external_id="house-rep", name="House Rep", kind=MemberKind.VENDOR_STAFF)
    (made,) = await teller.world.door.operate(SYSTEM, lambda op: register_members_in(op, teller.world.source_id, [row]))
    assert made.id is not None, made
    return encode_id(Tag.MEMBER, made.id)


def partner_of(teller: Teller, member: int) -> str:
    """The id of the partner under which this member stands."""
    return encode_id(Tag.PARTNER, teller.world.partners[member % len(teller.world.partners)])


def acme(**more: Any) -> dict[str, Any]:
    """A deal with Acme."""
    return {"title": "Acme, 40 seats", "customer": ACME, "value": 500_000, "currency": "EUR"} | more


async def registered(teller: Teller, who: str, *deals: Mapping[str, Any], **more: Any) -> list[Any]:
    """The deals are registered and submitted; answers what became of each."""
    fields = f"results {{ field problem deal {{ {DEAL} }} }}"
    return (await teller.does(who, "registerDeals", fields, deals=list(deals), **more))["results"]


async def one_registered(teller: Teller, who: str, **more: Any) -> Mapping[str, Any]:
    """One deal with Acme is registered; answers the registration."""
    (result,) = await registered(teller, who, acme(**more))
    assert result["deal"] is not None, result
    return result["deal"]


async def acted(teller: Teller, who: str, name: str, deal: Mapping[str, Any], /, **asked: Any) -> Mapping[str, Any]:
    """What became of the registration by this mutation, or the refusal with its code."""
    answer = await teller.says(who, name, f"deal {{ {DEAL} }}", idempotencyKey=teller.key(), dealId=deal["id"], **asked)
    return answer["deal"] if answer["__typename"].endswith("Success") else answer


async def approved(teller: Teller, deal: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
    """The channel manager approves it."""
    return await acted(teller, "manager", "decideDeal", deal, decision="APPROVE", **more)


async def won(teller: Teller, deal: Mapping[str, Any], net: int = 1_000_000, **more: Any) -> Mapping[str, Any]:
    """The channel manager says that it was won now."""
    asked = {"wonAt": await moment(teller), "net": net, "currency": "EUR"} | more
    return await acted(teller, "manager", "winDeal", deal, **asked)


async def seen(teller: Teller, who: str, deal: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The registration as this person sees it now."""
    document = f"query($id: ID!) {{ dealRegistration(id: $id) {{ {DEAL} }} }}"
    return (await teller.ask(who, document, id=deal["id"]))["dealRegistration"]


async def moment(teller: Teller) -> str:
    """The instant as the database counts it."""
    now: datetime = await teller.world.database.fetchval("SELECT guerdon_now()")
    return now.astimezone(UTC).isoformat()


async def time_passes(teller: Teller, **span: int) -> None:
    """The clock moves, and the worker does what that brings."""
    await teller.later(**span)
    while await expire_due(teller.world.door) + await hand_on_due(teller.world.door):
        pass


async def points(teller: Teller, member: int) -> int:
    """What the member has earned by now."""
    return await teller.world.worth(teller.world.members[member])


async def lead_acted(
    teller: Teller, who: str, name: str, lead: Mapping[str, Any], /, **asked: Any
) -> Mapping[str, Any]:
    """What became of the lead by this mutation, or the refusal with its code."""
    answer = await teller.says(who, name, f"lead {{ {LEAD} }}", idempotencyKey=teller.key(), leadId=lead["id"], **asked)
    return (answer["lead"] or {}) if answer["__typename"].endswith("Success") else answer
