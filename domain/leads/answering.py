"""A partner answers a lead: accepted, worked on, converted, or returned with its reason."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.access.principals import Actor, Role
from domain.access.reading import partners_of
from domain.earning.evaluating import Knowledge
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.leads.machine import LeadAction, LeadState
from domain.leads.moving import Lead, Move, locked_in, move_in, taken_away, worked
from domain.leads.refusals import LeadAnsweredTooLate
from domain.leads.rewarding import ACCEPTED, CONVERTED, report_lead_in, take_back_in
from domain.partners.customers.customer import RelationKind
from domain.partners.customers.holding import part_in, relate_in

REASON_LENGTH_MAX = 32
NOTE_LENGTH_MAX = 2_000
OPPORTUNITY_LENGTH_MAX = 64

ANSWERED = "UPDATE lead_assignment SET answered_at = $2, member_id = $3 WHERE id = $1"
CONVERTED_THERE = "UPDATE lead_assignment SET ended_at = $2, outcome = 'CONVERTED' WHERE id = $1"


async def accept_lead(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, lead_id: UUID, *, member_id: UUID | None = None
) -> Outcome:
    """The partner has the lead, and a registration of its customer by another partner is looked at first. A partner's
    administrator may name who of the firm works on it. Facts: lead_id.

    Refuses: NotFound (lead, member); LeadActionNotAvailable; LeadAnsweredTooLate.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        lead = await locked_in(op, actor, lead_id, LeadAction.ACCEPT)
        if lead.due_at is not None and lead.due_at <= op.now:
            raise LeadAnsweredTooLate(lead_id=str(lead_id), due_at=lead.due_at)
        worker = await _worker_in(op, actor, lead, member_id)
        after = worked(lead, LeadState.ACCEPTED, accepted_at=op.now, member_id=worker)
        await op.sql.execute(ANSWERED, lead.assignment_id, op.now, worker)
        await move_in(op, [Move(before=lead, after=after)])
        await relate_in(
            op,
            lead.customer_id,
            RelationKind.LEAD,
            partner_id=lead.partner_id,
            member_id=worker,
            reference_id=lead_id,
        )
        await report_lead_in(op, knowledge, after, [ACCEPTED])
        return {"lead_id": str(lead_id)}

    return await door.operate_keyed(actor, "acceptLead", keyed, work)


async def work_lead(door: Door, actor: Actor, keyed: Keyed, lead_id: UUID) -> Outcome:
    """Somebody works on the lead. Facts: lead_id. Refuses: NotFound; LeadActionNotAvailable."""

    async def work(op: Operation) -> Mapping[str, Any]:
        lead = await locked_in(op, actor, lead_id, LeadAction.WORK)
        await move_in(op, [Move(before=lead, after=worked(lead, LeadState.WORKING))])
        return {"lead_id": str(lead_id)}

    return await door.operate_keyed(actor, "workLead", keyed, work)


async def convert_lead(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, lead_id: UUID, *, opportunity: str | None = None
) -> Outcome:
    """The lead became a deal; whoever has it now converted it. Facts: lead_id.

    Refuses: NotFound; LeadActionNotAvailable; InvalidInput (opportunity).
    """
    if opportunity is not None and not 1 <= len(opportunity) <= OPPORTUNITY_LENGTH_MAX:
        raise InvalidInput(field="opportunity", problem=f"1 to {OPPORTUNITY_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        lead = await locked_in(op, actor, lead_id, LeadAction.CONVERT)
        after = worked(
            lead,
            LeadState.CONVERTED,
            converted_at=op.now,
            conversions=lead.conversions + 1,
            opportunity=opportunity or lead.opportunity,
        )
        await op.sql.execute(CONVERTED_THERE, lead.assignment_id, op.now)
        await part_in(op, [lead_id])
        await move_in(op, [Move(before=lead, after=after)])
        await report_lead_in(op, knowledge, after, [CONVERTED])
        return {"lead_id": str(lead_id)}

    return await door.operate_keyed(actor, "convertLead", keyed, work)


async def return_lead(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, lead_id: UUID, *, reason: str, note: str | None = None
) -> Outcome:
    """The lead is back with the vendor, with the reason, a code; what accepting it earned is taken back.
    Facts: lead_id.

    Refuses: NotFound; LeadActionNotAvailable; InvalidInput (reason, note).
    """
    if not 1 <= len(reason.strip()) <= REASON_LENGTH_MAX:
        raise InvalidInput(field="reason", problem=f"1 to {REASON_LENGTH_MAX} characters")
    if note is not None and not 1 <= len(note.strip()) <= NOTE_LENGTH_MAX:
        raise InvalidInput(field="note", problem=f"1 to {NOTE_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        lead = await locked_in(op, actor, lead_id, LeadAction.RETURN)
        after = taken_away(lead, LeadState.RETURNED)
        await move_in(op, [Move(before=lead, after=after, reason=reason.strip(), note=note, ends="RETURNED")])
        if lead.accepted_at is not None:
            await take_back_in(op, knowledge, lead, ACCEPTED, reason.strip())
        return {"lead_id": str(lead_id)}

    return await door.operate_keyed(actor, "returnLead", keyed, work)


async def _worker_in(op: Operation, actor: Actor, lead: Lead, member_id: UUID | None) -> UUID:
    """Who works on it: whoever accepts, or the colleague that an administrator of the partner names."""
    named = member_id or actor.member_id or lead.member_id
    assert named is not None, "a lead is on somebody's desk"
    if named == actor.member_id:
        return named
    partner_id = (await partners_of(op.sql, [named])).get(named)
    if actor.role is not Role.PARTNER_ADMIN or partner_id != lead.partner_id:
        raise NotFound(kind="member", id=str(named))
    return named
