"""The vendor corrects what a lead is worth, or takes a conversion back; what it earned follows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.access import audit
from domain.access.principals import Actor
from domain.earning.evaluating import Knowledge
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import sure_value
from domain.leads.events import LEAD_CORRECTED
from domain.leads.machine import LeadAction, LeadState
from domain.leads.moving import Move, locked_in, move_in, worked
from domain.leads.rewarding import ACCEPTED, CONVERTED, report_lead_in, take_back_in
from domain.leads.sharing import VALUE_MAX

CORRECT = "UPDATE lead SET value = $2, version = version + 1 WHERE id = $1 RETURNING version"
STILL_THERE = "UPDATE lead_assignment SET ended_at = NULL, outcome = NULL WHERE id = $1"
REASON_LENGTH_MAX = 500


async def correct_value(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, lead_id: UUID, *, value: int, reason: str
) -> Outcome:
    """The lead is worth so much, in minor units of its currency; what its present partner earned by it follows.
    Facts: lead_id.

    Refuses: NotFound; LeadActionNotAvailable; InvalidInput (value, reason).
    """
    if not 0 <= value <= VALUE_MAX:
        raise InvalidInput(field="value", problem=f"0 to {VALUE_MAX}")
    if not 1 <= len(reason.strip()) <= REASON_LENGTH_MAX:
        raise InvalidInput(field="reason", problem=f"1 to {REASON_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        lead = await locked_in(op, actor, lead_id, LeadAction.CORRECT)
        version = await sure_value(op.sql, CORRECT, lead_id, value)
        op.tell(LEAD_CORRECTED.about(lead_id, member_id=lead.member_id, partner_id=lead.partner_id, version=version))
        await audit.record_in(
            op, "lead.correct_value", "lead", lead_id, before=lead.value, after=value, reason=reason.strip()
        )
        codes = [ACCEPTED] if lead.accepted_at is not None else []
        codes += [CONVERTED] if lead.state is LeadState.CONVERTED else []
        if codes:
            await report_lead_in(op, knowledge, replace(lead, value=value), codes, correcting=True)
        return {"lead_id": str(lead_id)}

    return await door.operate_keyed(actor, "correctLeadValue", keyed, work)


async def revert_conversion(
    door: Door, knowledge: Knowledge, actor: Actor, keyed: Keyed, lead_id: UUID, *, reason: str
) -> Outcome:
    """The lead was not converted after all: its partner works on it again, and what the conversion earned is taken
    back. Facts: lead_id.

    Refuses: NotFound; LeadActionNotAvailable; InvalidInput (reason).
    """
    if not 1 <= len(reason.strip()) <= REASON_LENGTH_MAX:
        raise InvalidInput(field="reason", problem=f"1 to {REASON_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        lead = await locked_in(op, actor, lead_id, LeadAction.REVERT)
        await move_in(op, [Move(before=lead, after=worked(lead, LeadState.WORKING, converted_at=None))])
        await op.sql.execute(STILL_THERE, lead.assignment_id)
        await take_back_in(op, knowledge, lead, CONVERTED, reason.strip())
        return {"lead_id": str(lead_id)}

    return await door.operate_keyed(actor, "revertLeadConversion", keyed, work)
