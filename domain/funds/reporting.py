"""How a paid claim is told to earning: the workflow `mdf`, its one type, the activity of a claim. Pure."""

from domain.activities.activity import ActivityInput, ActivityReversal, Amount, Basis
from domain.earning.reporting import ReportedType, Workflow
from domain.funds.fund import Claim, Fund, Request
from domain.kernel.units import UnitKind

CLAIMED = "mdf.claimed"
WORKFLOW = Workflow(
    code="mdf",
    name="Market development funds",
    types=(
        ReportedType(
            code=CLAIMED,
            name={"en": "MDF claim paid", "fr": "Fonds marketing versé"},
            attributes=(
                {"name": "fund", "kind": "STRING", "required": True, "length_max": 64},
                {"name": "activity", "kind": "STRING", "required": True, "length_max": 64},
                {"name": "request", "kind": "STRING", "required": True, "length_max": 36},
            ),
            amounts=("NET",),
        ),
    ),
)


def activity_of(claim: Claim, request: Request, fund: Fund, kind: UnitKind) -> ActivityInput:
    """The paid claim under its own id, of the instant it was submitted: a slow vendor changes no terms. Money is its
    NET amount, any other unit its quantity."""
    is_money = kind is UnitKind.MONEY
    return ActivityInput(
        external_id=str(claim.id),
        type=CLAIMED,
        occurred_at=claim.submitted_at,
        member=request.member_id,
        partner=claim.partner_id,
        quantity=1 if is_money else claim.approved,
        amounts={Basis.NET: Amount(minor=claim.approved, unit=fund.unit)} if is_money else {},
        attributes={"fund": fund.code, "activity": request.plan.activity, "request": str(request.id)},
    )


def reversal_of(claim: Claim, reason: str) -> ActivityReversal:
    """The wish that what the claim earned is taken back."""
    return ActivityReversal(external_id=str(claim.id), reason=reason)
