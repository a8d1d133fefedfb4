"""What is accepted and what is converted, as activities: this is all that makes a lead earn."""

from collections.abc import Sequence

from domain.activities.activity import ActivityInput, ActivityReversal, Amount, Basis
from domain.earning.evaluating import Knowledge
from domain.earning.reporting import ReportedType, Workflow, report_in
from domain.kernel.operation import Operation
from domain.leads.moving import Lead

ATTRIBUTES = (
    {"name": "lead", "kind": "STRING", "length_max": 36},
    {"name": "opportunity", "kind": "STRING", "length_max": 64},
    {"name": "origin", "kind": "STRING", "length_max": 64},
    {"name": "segment", "kind": "STRING", "length_max": 64},
    {"name": "vertical", "kind": "STRING", "length_max": 64},
    {"name": "country", "kind": "STRING", "length_max": 2},
    {"name": "response_minutes", "kind": "INTEGER"},
)
ACCEPTED = "lead.accepted"
CONVERTED = "lead.converted"
WORKFLOW = Workflow(
    code="leads",
    name="Lead sharing",
    types=(
        ReportedType(
            code=ACCEPTED,
            name={"en": "Lead accepted", "fr": "Opportunité acceptée"},
            attributes=ATTRIBUTES,
            amounts=("NET",),
        ),
        ReportedType(
            code=CONVERTED,
            name={"en": "Lead converted", "fr": "Opportunité convertie"},
            attributes=ATTRIBUTES,
            amounts=("NET",),
            deal_key="opportunity",
        ),
    ),
)


async def report_lead_in(
    op: Operation, knowledge: Knowledge, lead: Lead, codes: Sequence[str], *, correcting: bool = False
) -> None:
    """The lead's acceptance or conversion is an activity of the instant it happened.

    Refuses: as recording does.
    """
    items = [_activity(lead, code) for code in codes]
    await report_in(op, knowledge, WORKFLOW, items, correcting=correcting)


async def take_back_in(op: Operation, knowledge: Knowledge, lead: Lead, code: str, reason: str) -> None:
    """What the lead's acceptance or conversion earned is taken back."""
    await report_in(op, knowledge, WORKFLOW, [ActivityReversal(external_id=_external_id(lead, code), reason=reason)])


def _external_id(lead: Lead, code: str) -> str:
    """Each partner that has the lead may accept it; a conversion that was taken back may be followed by another."""
    return f"{lead.assignment_id}:accepted" if code == ACCEPTED else f"{lead.id}:converted:{lead.conversions}"


def _activity(lead: Lead, code: str) -> ActivityInput:
    at = lead.accepted_at if code == ACCEPTED else lead.converted_at
    assert at is not None, "what is reported has happened"
    assert lead.accepted_at is not None, "what is converted was accepted"
    said = {
        "lead": str(lead.id),
        "opportunity": lead.opportunity or str(lead.id),
        "origin": lead.origin,
        "segment": lead.customer.get("size"),
        "vertical": lead.customer.get("vertical"),
        "country": lead.customer.get("country"),
        "response_minutes": int((lead.accepted_at - lead.assigned_at).total_seconds() // 60),
    }
    return ActivityInput(
        external_id=_external_id(lead, code),
        type=code,
        occurred_at=at,
        member=lead.member_id,
        partner=lead.partner_id,
        amounts={Basis.NET: Amount(minor=lead.value, unit=lead.currency)},
        attributes={name: value for name, value in said.items() if value is not None},
    )
