"""What is approved and what is won, as activities: this is all that makes a registered deal earn."""

from datetime import datetime

from domain.activities.activity import ActivityInput, ActivityReversal, Amount, Basis
from domain.deals.moving import Deal
from domain.earning.evaluating import Knowledge
from domain.earning.reporting import ReportedType, Workflow, report_in
from domain.kernel.operation import Operation

ATTRIBUTES = (
    {"name": "registration", "kind": "STRING", "length_max": 36},
    {"name": "opportunity", "kind": "STRING", "length_max": 64},
    {"name": "registered_at", "kind": "INSTANT"},
    {"name": "product", "kind": "STRING", "length_max": 64},
    {"name": "vertical", "kind": "STRING", "length_max": 64},
    {"name": "size", "kind": "STRING", "length_max": 64},
    {"name": "extensions", "kind": "INTEGER"},
    {"name": "in_grace", "kind": "BOOLEAN"},
)
REGISTERED = "deal.registered"
REGISTERED_WON = "deal.registered_won"
WORKFLOW = Workflow(
    code="deals",
    name="Deal registration",
    types=(
        ReportedType(
            code=REGISTERED,
            name={"en": "Deal registered", "fr": "Affaire enregistrée"},
            attributes=ATTRIBUTES,
            amounts=("NET",),
            deal_key="opportunity",
        ),
        ReportedType(
            code=REGISTERED_WON,
            name={"en": "Registered deal won", "fr": "Affaire enregistrée gagnée"},
            attributes=ATTRIBUTES,
            amounts=("NET", "LIST"),
            deal_key="opportunity",
        ),
    ),
)


async def report_registered_in(op: Operation, knowledge: Knowledge, deal: Deal, value: Amount | None) -> None:
    """The approved registration is an activity of the instant it was first submitted: a slow vendor changes no terms.

    Refuses: as recording does.
    """
    amounts = {} if value is None else {Basis.NET: value}
    assert deal.submitted_at is not None, "what is approved was submitted"
    item = _activity(deal, f"{deal.id}:registered", REGISTERED, deal.submitted_at, amounts, in_grace=False)
    await report_in(op, knowledge, WORKFLOW, [item])


async def take_back_registered_in(op: Operation, knowledge: Knowledge, deal: Deal, reason: str) -> None:
    """What the approved registration earned is taken back."""
    await report_in(op, knowledge, WORKFLOW, [ActivityReversal(external_id=f"{deal.id}:registered", reason=reason)])


async def report_won_in(
    op: Operation,
    knowledge: Knowledge,
    deal: Deal,
    won_at: datetime,
    amounts: dict[Basis, Amount],
    *,
    in_grace: bool,
    correcting: bool = False,
) -> None:
    """The won deal is an activity of the instant it was won; the terms of that instant bind, and may ask when it was
    registered.

    Refuses: as recording does.
    """
    item = _activity(deal, f"{deal.id}:won", REGISTERED_WON, won_at, amounts, in_grace=in_grace)
    await report_in(op, knowledge, WORKFLOW, [item], correcting=correcting)


async def take_back_won_in(op: Operation, knowledge: Knowledge, deal: Deal, reason: str) -> None:
    """What the won deal earned is taken back."""
    await report_in(op, knowledge, WORKFLOW, [ActivityReversal(external_id=f"{deal.id}:won", reason=reason)])


def _activity(
    deal: Deal, external_id: str, code: str, at: datetime, amounts: dict[Basis, Amount], *, in_grace: bool
) -> ActivityInput:
    assert deal.submitted_at is not None, "what is reported was submitted"
    said = {
        "registration": str(deal.id),
        "opportunity": deal.opportunity or str(deal.id),
        "registered_at": deal.submitted_at,
        "product": deal.products[0] if deal.products else None,
        "vertical": deal.customer.get("vertical"),
        "size": deal.customer.get("size"),
        "extensions": deal.extensions,
        "in_grace": in_grace,
    }
    return ActivityInput(
        external_id=external_id,
        type=code,
        occurred_at=at,
        member=deal.member_id,
        partner=deal.partner_id,
        amounts=amounts,
        attributes={name: value for name, value in said.items() if value is not None},
    )
