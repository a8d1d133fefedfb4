"""Drafts of registrations, and the policies that will bind them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from domain.access.principals import Actor, Role
from domain.access.reading import partners_of, reaches
from domain.deals.events import DEAL_MOVED, DEAL_POLICY_CHANGED
from domain.deals.machine import DealAction, DealState
from domain.deals.moving import change_in, locked_in
from domain.deals.policy import STANDARD, DealPolicy
from domain.deals.refusals import DealPolicyUnknown
from domain.deals.registration import CheckedDeal, DealSaid, text
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import json_texts

CODE_LENGTH_MAX = 64

INSERT = """
INSERT INTO deal (id, partner_id, member_id, principal_id, policy, title, opportunity, customer, products, value,
                  currency, state, recorded_at, extensions, version)
SELECT id, $8, $9, $10, $11, title, opportunity, customer::jsonb, products::jsonb, value, currency, 'DRAFT', $12, 0, 1
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[])
     AS said (id, title, opportunity, customer, products, value, currency)
"""
EDIT = """
UPDATE deal SET title = $2, opportunity = $3, customer = $4, products = $5, value = $6, currency = $7 WHERE id = $1
"""
UPSERT_POLICY = """
INSERT INTO deal_policy (id, code, document, recorded_at, version) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (code) DO UPDATE SET document = excluded.document, version = deal_policy.version + 1
RETURNING id, version
"""


@dataclass(frozen=True, kw_only=True)
class Registrant:
    """For whom a deal is registered."""

    partner_id: UUID
    member_id: UUID


async def registrant_in(op: Operation, actor: Actor, member_id: UUID | None) -> Registrant:
    """The member in whose name the actor registers: themselves, one of their firm, or one that an operator reaches.

    Refuses: NotFound; InvalidInput (nobody is named).
    """
    named = member_id or actor.member_id
    if named is None:
        raise InvalidInput(field="memberId", problem="say for whom")
    partner_id = (await partners_of(op.sql, [named])).get(named)
    is_theirs = (
        named == actor.member_id
        or (actor.role is Role.PARTNER_ADMIN and partner_id is not None and partner_id == actor.partner_id)
        or (partner_id is not None and await reaches(op.sql, actor, partner_id))
    )
    if partner_id is None or not is_theirs:
        raise NotFound(kind="member", id=str(named))
    return Registrant(partner_id=partner_id, member_id=named)


async def draft_in(
    op: Operation, registrant: Registrant, policy: str | None, deals: Sequence[CheckedDeal]
) -> list[UUID]:
    """The drafts stand; their ids in the same order. Two statements. Refuses: DealPolicyUnknown."""
    if not deals:
        return []
    code = policy or STANDARD
    known = await op.sql.fetchval("SELECT true FROM deal_policy WHERE code = $1", code)
    if not known and code != STANDARD:
        raise DealPolicyUnknown(policy=code)
    ids = new_ids(len(deals))
    await op.sql.execute(
        INSERT,
        ids,
        [deal.said.title.strip() for deal in deals],
        [deal.said.opportunity for deal in deals],
        json_texts(asdict(deal.said.customer) for deal in deals),
        json_texts(list(deal.products) for deal in deals),
        [deal.said.value and deal.said.value.minor for deal in deals],
        [deal.said.value and deal.said.value.unit for deal in deals],
        registrant.partner_id,
        registrant.member_id,
        op.actor.principal_id,
        code,
        op.now,
    )
    for deal_id in ids:
        op.tell(
            DEAL_MOVED.about(
                deal_id,
                member_id=registrant.member_id,
                partner_id=registrant.partner_id,
                from_state=None,
                to_state=DealState.DRAFT.value,
                reason=None,
                due_at=None,
                version=1,
            )
        )
    return ids


async def edit_deal(door: Door, actor: Actor, keyed: Keyed, deal_id: UUID, said: DealSaid) -> Outcome:
    """A draft, or what was returned, reads so. Who the customer is stays once it was submitted. Facts: deal_id.

    Refuses: NotFound; DealActionNotAvailable; InvalidInput.
    """
    checked = said.checked()

    async def work(op: Operation) -> Mapping[str, Any]:
        deal = (await locked_in(op, actor, deal_id, DealAction.EDIT)).deal
        customer = asdict(said.customer)
        if deal.customer_id is not None and customer != dict(deal.customer):
            raise InvalidInput(field="customer", problem="stays as it was submitted; cancel, and register another")
        value, unit = (said.value.minor, said.value.unit) if said.value is not None else (None, None)
        await op.sql.execute(
            EDIT, deal_id, said.title.strip(), said.opportunity, customer, list(checked.products), value, unit
        )
        await change_in(op, deal, "EDITED", deal.turn)
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "editDeal", keyed, work)


async def define_policy(door: Door, actor: Actor, keyed: Keyed, code: str, policy: DealPolicy) -> Outcome:
    """Registrations under this code that are submitted from now on are bound so. Facts: code.

    Refuses: InvalidInput (code).
    """
    bare = text(code, "code", CODE_LENGTH_MAX)

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await op.sql.fetchrow(UPSERT_POLICY, new_id(), bare, policy.to_json(), op.now)
        assert row is not None, "an upsert answers its row"
        op.tell(DEAL_POLICY_CHANGED.about(row["id"], code=bare, version=row["version"]))
        return {"code": bare}

    return await door.operate_keyed(actor, "defineDealPolicy", keyed, work)
