"""The vendor shares a lead, assigns one again, and hands on what was not answered in time."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM, Actor
from domain.access.reading import partners_reached
from domain.access.roles import PORTFOLIO_ROLES
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.money import Amount
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput
from domain.leads.distribution import Candidate, Choice, Wanted, Why, WhyCode, choose
from domain.leads.events import LEAD_MOVED
from domain.leads.machine import LeadAction, LeadState
from domain.leads.moving import Lead, Move, assign_in, lock_leads_in, locked_in, move_in, taken_away
from domain.leads.refusals import NobodyTakesLead
from domain.leads.routing import candidates_in, reached_partner_in
from domain.partners.customers.customer import CustomerSaid, normal_products, scopes_overlap
from domain.partners.customers.holding import HoldRecord, holds_on
from domain.partners.customers.matching import customers_in, lock_customers_in

TITLE_LENGTH_MAX = 200
ORIGIN_LENGTH_MAX = 64
VALUE_MAX = 10**15
HOURS_MAX = 720
ATTEMPTS_MAX = 20
STEP_MAX = 100
NOBODY_TAKES_IT = "NOBODY_TAKES_IT"
NOT_ANSWERED = "NOT_ANSWERED"

INSERT = """
INSERT INTO lead (id, principal_id, origin, title, customer, customer_id, products, value, currency, response_hours,
                  attempts_max, attempts, conversions, state, reason, recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 'RETURNED', $12, $13, 1)
"""
HAD = "SELECT lead_id, partner_id FROM lead_assignment WHERE lead_id = ANY($1::uuid[])"
DUE = "SELECT id, customer_id FROM lead WHERE state = 'ASSIGNED' AND due_at <= $1 ORDER BY due_at, id LIMIT $2"


@dataclass(frozen=True, kw_only=True)
class LeadSaid:
    """A lead as the vendor describes it: what it is worth, where it comes from, and how fast it is to be answered."""

    title: str
    origin: str
    customer: CustomerSaid
    value: Amount
    products: tuple[str, ...] = ()
    response_hours: int = 48
    attempts_max: int = 3

    def __post_init__(self) -> None:
        for name, said, most in (("title", self.title, TITLE_LENGTH_MAX), ("origin", self.origin, ORIGIN_LENGTH_MAX)):
            if not 1 <= len(said.strip()) <= most or "\x00" in said:
                raise InvalidInput(field=name, problem=f"1 to {most} characters")
        for field, number, least, most in (
            ("value", self.value.minor, 0, VALUE_MAX),
            ("responseHours", self.response_hours, 1, HOURS_MAX),
            ("attemptsMax", self.attempts_max, 1, ATTEMPTS_MAX),
        ):
            if not least <= number <= most:
                raise InvalidInput(field=field, problem=f"{least} to {most}")


async def share_lead(door: Door, actor: Actor, keyed: Keyed, said: LeadSaid) -> Outcome:
    """The lead is on the desk of the partner that it fits best, or of the one that registered a deal with it;
    with the vendor (RETURNED) where nobody takes it. Facts: lead_id.

    Refuses: InvalidInput.
    """
    products = normal_products(said.products)

    async def work(op: Operation) -> Mapping[str, Any]:
        (customer_id,) = await customers_in(op, [said.customer])
        lead_id = new_id()
        await op.sql.execute(
            INSERT,
            lead_id,
            actor.principal_id,
            said.origin.strip(),
            said.title.strip(),
            asdict(said.customer),
            customer_id,
            list(products),
            said.value.minor,
            said.value.unit,
            said.response_hours,
            said.attempts_max,
            NOBODY_TAKES_IT,
            op.now,
        )
        leads = list((await lock_leads_in(op, [lead_id])).values())
        chosen = await _chosen_in(op, actor, leads)
        if not chosen:
            op.tell(
                LEAD_MOVED.about(
                    lead_id,
                    from_state=None,
                    to_state=LeadState.RETURNED.value,
                    reason=NOBODY_TAKES_IT,
                    due_at=None,
                    version=1,
                )
            )
        await assign_in(op, [(Move(before=lead, after=lead), choice) for lead, choice in chosen])
        return {"lead_id": str(lead_id)}

    return await door.operate_keyed(actor, "shareLead", keyed, work)


async def assign_lead(
    door: Door, actor: Actor, keyed: Keyed, lead_id: UUID, *, member_id: UUID | None = None
) -> Outcome:
    """The lead is on the desk of the member's partner, or of the one that it fits best of those that have not had it.
    Whoever has it loses it, and keeps what accepting it earned. Facts: lead_id.

    Refuses: NotFound (lead, member); LeadActionNotAvailable; NobodyTakesLead.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        await _lock_customers_of_in(op, [lead_id])
        lead = await locked_in(op, actor, lead_id, LeadAction.ASSIGN)
        if member_id is not None:
            partner_id = await reached_partner_in(op, actor, member_id)
            by_hand = Choice(partner_id=partner_id, member_id=member_id, why=Why(code=WhyCode.BY_HAND))
            chosen = [(lead, by_hand)]
        else:
            chosen = await _chosen_in(op, actor, [lead])
        if not chosen:
            raise NobodyTakesLead(lead_id=str(lead_id))
        ends = "REASSIGNED" if lead.assignment_id is not None else None
        await assign_in(op, [(Move(before=one, after=one, ends=ends), choice) for one, choice in chosen])
        return {"lead_id": str(lead_id)}

    return await door.operate_keyed(actor, "assignLead", keyed, work)


async def hand_on_due(door: Door) -> int:
    """What was not answered in time is on the next partner's desk, at most 100; EXPIRED where it was handed on as often
    as it may be, or nobody else takes it. Who had it is told, and so is who has it. Answers how many there were.
    """

    async def work(op: Operation) -> int:
        due = [row["id"] for row in await op.sql.fetch(DUE, op.now, STEP_MAX)]
        await _lock_customers_of_in(op, due)
        found = (await lock_leads_in(op, due)).values()
        leads = [
            lead
            for lead in found
            if lead.state is LeadState.ASSIGNED and lead.due_at is not None and lead.due_at <= op.now
        ]
        chosen = await _chosen_in(op, None, [lead for lead in leads if lead.attempts < lead.attempts_max])
        taken = {lead.id for lead, _ in chosen}
        over = [lead for lead in leads if lead.id not in taken]
        await move_in(
            op,
            [
                Move(before=one, after=taken_away(one, LeadState.EXPIRED), reason=NOT_ANSWERED, ends=NOT_ANSWERED)
                for one in over
            ],
        )
        await assign_in(op, [(Move(before=one, after=one, ends=NOT_ANSWERED), choice) for one, choice in chosen])
        return len(leads)

    return await door.operate(SYSTEM, work)


async def _lock_customers_of_in(op: Operation, lead_ids: Sequence[UUID]) -> None:
    rows = await op.sql.fetch("SELECT customer_id FROM lead WHERE id = ANY($1::uuid[])", list(lead_ids))
    await lock_customers_in(op, [row["customer_id"] for row in rows])


async def _chosen_in(op: Operation, actor: Actor | None, leads: Sequence[Lead]) -> list[tuple[Lead, Choice]]:
    """Where each lead goes, one after the other, each choice a part of the load that the next one sees; leads that
    nobody takes are left out. An actor with a portfolio hands out within it; a registered deal goes to its partner.
    """
    if not leads:
        return []
    holds = await holds_on(op.sql, {lead.customer_id for lead in leads})
    had = defaultdict[UUID, set[UUID]](set)
    for row in await op.sql.fetch(HAD, [lead.id for lead in leads]):
        had[row["lead_id"]].add(row["partner_id"])
    candidates = await candidates_in(op)
    if actor is not None and actor.role in PORTFOLIO_ROLES:
        reached = await partners_reached(op.sql, actor.principal_id, [one.partner_id for one in candidates])
        candidates = [one for one in candidates if one.partner_id in reached]
    chosen = list[tuple[Lead, Choice]]()
    for lead in leads:
        held = [
            hold
            for hold in holds.get(lead.customer_id, ())
            if not hold.is_over(op.now) and scopes_overlap(hold.products, lead.products)
        ]
        choice = _registered(held, had[lead.id]) if held else choose(_wanted(lead), candidates, had[lead.id])
        if choice is not None:
            chosen.append((lead, choice))
            candidates = [_loaded(one, choice, op.now) for one in candidates]
    return chosen


def _registered(held: Sequence[HoldRecord], had: Collection[UUID]) -> Choice | None:
    """The partner that registered a deal with the customer, and nobody else."""
    hold = held[0]
    if hold.partner_id in had or hold.member_id is None:
        return None
    return Choice(partner_id=hold.partner_id, member_id=hold.member_id, why=Why(code=WhyCode.REGISTERED_DEAL))


def _loaded(one: Candidate, choice: Choice, now: datetime) -> Candidate:
    return one if one.partner_id != choice.partner_id else replace(one, open=one.open + 1, last_at=now)


def _wanted(lead: Lead) -> Wanted:
    said = lead.customer
    return Wanted(segment=said.get("size"), vertical=said.get("vertical"), country=said.get("country"))
