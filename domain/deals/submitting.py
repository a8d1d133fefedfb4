"""Registrations are submitted, one or a hundred: the first valid one for a customer and product wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.deals.conflict import (
    NEED_EVIDENCE,
    Conflict,
    Held,
    Related,
    Submission,
    Verdict,
    judge,
)
from domain.deals.drafting import draft_in, registrant_in
from domain.deals.events import DEAL_CONFLICT_FOUND
from domain.deals.expiring import expire_in
from domain.deals.machine import DealAction, DealState
from domain.deals.moving import Deal, Move, lock_deals_in, locked_in, move_in, moved
from domain.deals.policy import DealPolicy
from domain.deals.registration import BATCH_MAX, CheckedDeal, DealSaid
from domain.kernel.ids import new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput
from domain.kernel.turns import Turn
from domain.partners.customers.customer import CustomerSaid, normal_name
from domain.partners.customers.holding import NewHold, end_holds_in, hold_customers_in, holds_on, relations_of
from domain.partners.customers.matching import customers_in, similar_customers

POLICIES = "SELECT code, document FROM deal_policy WHERE code = ANY($1::text[])"
BIND = """
UPDATE deal SET customer_id = said.customer_id, bound = coalesce(deal.bound, said.bound),
       submitted_at = coalesce(deal.submitted_at, $4)
FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[]) AS said (id, customer_id, bound) WHERE deal.id = said.id
"""
KNOWN_CONFLICTS = "SELECT deal_id, kind, against_id, state FROM deal_conflict WHERE deal_id = ANY($1::uuid[])"
INSERT_CONFLICTS = """
INSERT INTO deal_conflict (id, deal_id, kind, against_id, state, due_at, recorded_at)
SELECT *, $6 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $7::timestamptz[])
"""


@dataclass(frozen=True, kw_only=True)
class ItemRegistered:
    """What became of one deal of a batch: its registration, or what is wrong with what was said."""

    deal_id: UUID | None = None
    field: str | None = None
    problem: str | None = None


async def register_deals(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    deals: Sequence[DealSaid],
    *,
    member_id: UUID | None = None,
    policy: str | None = None,
    submit: bool = True,
) -> Outcome:
    """Each valid deal is drafted and, unless told otherwise, submitted, in the order given; the others say what is
    wrong with them. At most 100. Facts: items ({deal_id} or {field, problem}).

    Refuses: NotFound; InvalidInput (number, for whom); DealPolicyUnknown; item by item: InvalidInput.
    """
    if not 1 <= len(deals) <= BATCH_MAX:
        raise InvalidInput(field="deals", problem=f"1 to {BATCH_MAX}")

    async def work(op: Operation) -> Mapping[str, Any]:
        registrant = await registrant_in(op, actor, member_id)
        judged = [_checked(deal) for deal in deals]
        good = [one for one in judged if isinstance(one, CheckedDeal)]
        ids = await draft_in(op, registrant, policy, good)
        if submit and ids:
            await submit_in(op, await _found_in(op, ids, [one.said.customer for one in good]))
        places = iter(ids)
        return {
            "items": [
                {"deal_id": str(next(places))}
                if isinstance(one, CheckedDeal)
                else {"field": one.field, "problem": one.problem}
                for one in judged
            ]
        }

    return await door.operate_keyed(actor, "registerDeals", keyed, work)


async def submit_deal(door: Door, actor: Actor, keyed: Keyed, deal_id: UUID) -> Outcome:
    """The registration is SUBMITTED and has its customer; IN_REVIEW where something stands in its way; REJECTED where
    somebody has the customer for one of its products already, which may be disputed. Facts: deal_id.

    Refuses: NotFound; DealActionNotAvailable.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        draft = await op.sql.fetchrow("SELECT customer, customer_id FROM deal WHERE id = $1", deal_id)
        if draft is not None and draft["customer_id"] is None:
            # The customer's keys and row come before the registration's.
            customer_ids = await customers_in(op, [CustomerSaid(**draft["customer"])])
            deal = (await locked_in(op, actor, deal_id, DealAction.SUBMIT)).deal
            if dict(deal.customer) != draft["customer"]:
                raise InvalidInput(field="customer", problem="was edited at this moment; submit again")
            await submit_in(op, [replace(deal, customer_id=customer_ids[0])])
        else:
            await submit_in(op, [(await locked_in(op, actor, deal_id, DealAction.SUBMIT)).deal])
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "submitDeal", keyed, work)


async def submit_in(op: Operation, deals: Sequence[Deal]) -> Mapping[UUID, Verdict]:
    """The registrations, each with its customer, all locked, are submitted in this order; the verdict on each.

    Names similar to a customer's are looked for without a lock: of two at one instant, neither may hear of the other.
    """
    policies = {row["code"]: row["document"] for row in await op.sql.fetch(POLICIES, [d.policy for d in deals])}
    deals = [replace(deal, bound=deal.bound or DealPolicy.from_json(policies.get(deal.policy, {}))) for deal in deals]
    verdicts = await _judged_in(op, deals)
    await op.sql.execute(
        BIND,
        [deal.id for deal in deals],
        [deal.customer_id for deal in deals],
        [deal.binding.to_json() for deal in deals],
        op.now,
    )
    deals = [replace(deal, submitted_at=deal.submitted_at or op.now) for deal in deals]
    with_vendor = Turn(due_at=None, with_vendor_since=op.now)
    submitted = [Move(deal=deal, to=DealState.SUBMITTED, turn=with_vendor) for deal in deals]
    # What a returned one had, it has anew, for the products that it names now.
    await end_holds_in(op, [deal.id for deal in deals if deal.state is DealState.RETURNED])
    await hold_customers_in(op, [_hold(deal) for deal in deals if verdicts[deal.id].holds])
    await move_in(op, submitted)
    disputed = await _record_conflicts_in(op, deals, verdicts)
    judged = [(moved(move), verdicts[move.deal.id]) for move in submitted]
    await move_in(
        op,
        [
            Move(deal=deal, to=one.state, turn=_turn(op, deal, one, deal.id in disputed), reason=one.reason)
            for deal, one in judged
            if one.state is not DealState.SUBMITTED
        ],
    )
    return verdicts


def _turn(op: Operation, deal: Deal, verdict: Verdict, has_disputed: bool) -> Turn:
    """The partner's clock runs where evidence is wanted of it that it has not given."""
    if verdict.awaits_evidence and not has_disputed:
        return Turn(due_at=op.now + timedelta(days=deal.binding.dispute_days))
    return Turn(due_at=None, with_vendor_since=None if verdict.state is DealState.REJECTED else op.now)


def _due(op: Operation, deal: Deal, conflict: Conflict) -> datetime | None:
    """Until when evidence is taken in this conflict; None where the vendor judges it alone."""
    return op.now + timedelta(days=deal.binding.dispute_days) if conflict.kind in NEED_EVIDENCE else None


def _hold(deal: Deal) -> NewHold:
    assert deal.customer_id is not None, "what is submitted has its customer"
    return NewHold(
        customer_id=deal.customer_id,
        reference_id=deal.id,
        partner_id=deal.partner_id,
        member_id=deal.member_id,
        products=deal.products,
    )


def _checked(deal: DealSaid) -> CheckedDeal | InvalidInput:
    try:
        return deal.checked()
    except InvalidInput as refusal:
        return refusal


async def _found_in(op: Operation, ids: Sequence[UUID], customers: Sequence[CustomerSaid]) -> list[Deal]:
    """These drafts with their customers, which are locked first."""
    customer_ids = await customers_in(op, customers)
    found = await lock_deals_in(op, ids)
    return [
        replace(found[deal_id], customer_id=customer_id) for deal_id, customer_id in zip(ids, customer_ids, strict=True)
    ]


async def _judged_in(op: Operation, deals: Sequence[Deal]) -> Mapping[UUID, Verdict]:
    """The verdicts; what was held longer than its time is brought up to date first."""
    customers = {deal.customer_id: deal for deal in deals if deal.customer_id is not None}
    names = [(customer_id, normal_name(str(deal.customer["name"]))) for customer_id, deal in customers.items()]
    similar = await similar_customers(op.sql, names)
    every = await holds_on(op.sql, {*customers, *(one for others in similar.values() for one in others)})
    over = [
        hold.reference_id for customer_id in customers for hold in every.get(customer_id, ()) if hold.is_over(op.now)
    ]
    await expire_in(op, list((await lock_deals_in(op, over)).values()))
    relations = await relations_of(op.sql, customers)
    return judge(
        [
            Submission(
                registration_id=deal.id,
                partner_id=deal.partner_id,
                customer_id=deal.customer_id,
                products=deal.products,
            )
            for deal in deals
            if deal.customer_id is not None
        ],
        {
            customer_id: [
                Held(registration_id=hold.reference_id, partner_id=hold.partner_id, products=hold.products)
                for hold in holds
                if not hold.is_over(op.now)
            ]
            for customer_id, holds in every.items()
        },
        similar,
        {
            customer_id: [Related(kind=one.kind, partner_id=one.partner_id) for one in found]
            for customer_id, found in relations.items()
        },
    )


async def _record_conflicts_in(
    op: Operation, deals: Sequence[Deal], verdicts: Mapping[UUID, Verdict]
) -> frozenset[UUID]:
    """New conflicts stand and are told; answers which registrations gave evidence before."""
    rows = await op.sql.fetch(KNOWN_CONFLICTS, [deal.id for deal in deals])
    known = {(row["deal_id"], row["kind"], row["against_id"]) for row in rows}
    disputed = frozenset(row["deal_id"] for row in rows if row["state"] == "DISPUTED")
    found = [
        (deal, conflict)
        for deal in deals
        for conflict in verdicts[deal.id].conflicts
        if (deal.id, conflict.kind.value, conflict.against_id) not in known
    ]
    if found:
        dues = [_due(op, deal, conflict) for deal, conflict in found]
        await op.sql.execute(
            INSERT_CONFLICTS,
            new_ids(len(found)),
            [deal.id for deal, _ in found],
            [conflict.kind.value for _, conflict in found],
            [conflict.against_id for _, conflict in found],
            ["OPEN"] * len(found),
            op.now,
            dues,
        )
        for (deal, conflict), due in zip(found, dues, strict=True):
            op.tell(
                DEAL_CONFLICT_FOUND.about(
                    deal.id,
                    member_id=deal.member_id,
                    partner_id=deal.partner_id,
                    kind=conflict.kind.value,
                    due_at=due and due.isoformat(),
                )
            )
    return disputed
