"""How an approved line is told to earning: the workflow `claims`, its one type, the activity of a line. Pure."""

from collections.abc import Mapping
from typing import Any

from domain.activities.activity import ActivityInput, ActivityReversal, Amount, Basis
from domain.claims.claim import REPS_MAX, Claim, Line, NamedRep
from domain.earning.reporting import ReportedType, Workflow
from domain.kernel.expressions import variables_named
from domain.kernel.points import SHARES_PPM_WHOLE

CLAIMED = "sale.claimed"
VARIABLE = "activity.campaign"
WORKFLOW = Workflow(
    code="claims",
    name="Claims",
    types=(
        ReportedType(
            code=CLAIMED,
            name={"en": "Sale claimed", "fr": "Vente déclarée"},
            attributes=(
                {"name": "campaign", "kind": "STRING", "required": True, "length_max": 64},
                {"name": "sku", "kind": "STRING", "required": True, "length_max": 64},
                {"name": "invoice", "kind": "STRING", "required": True, "length_max": 64},
                *({"name": f"rep_{n}", "kind": "STRING", "length_max": 36} for n in range(1, REPS_MAX + 1)),
                *({"name": f"share_{n}", "kind": "INTEGER"} for n in range(1, REPS_MAX + 1)),
            ),
            amounts=("NET",),
            deal_key="invoice",
        ),
    ),
)


def activity_of(claim: Claim, line: Line, campaign: str) -> ActivityInput:
    """The sale that the line proves, under its own id: the claimant's and their firm's as of it, shared as named."""
    reps = line.reps or (NamedRep(member_id=claim.member_id, share_ppm=SHARES_PPM_WHOLE),)
    shared: Mapping[str, Any] = {
        name: value
        for n, rep in enumerate(reps, 1)
        for name, value in ((f"rep_{n}", str(rep.member_id)), (f"share_{n}", rep.share_ppm))
    }
    amounts = {} if line.amount is None or line.currency is None else _net(line.amount, line.currency)
    return ActivityInput(
        external_id=str(line.id),
        type=CLAIMED,
        occurred_at=line.sold_at,
        member=claim.member_id,
        partner=claim.partner_id,
        quantity=line.quantity,
        amounts=amounts,
        attributes={"campaign": campaign, "sku": line.sku, "invoice": line.invoice, **shared},
    )


def careless_rules(document: Mapping[str, Any]) -> list[str]:
    """The codes of the rules in a terms document that would pay claims of every campaign."""
    return [
        str(rule["code"])
        for rule in document["rules"]
        if rule["trigger"] == CLAIMED and VARIABLE not in variables_named(rule.get("condition") or "true")
    ]


def reversal_of(line: Line, reason: str) -> ActivityReversal:
    """The wish that what the line earned is taken back."""
    return ActivityReversal(external_id=str(line.id), reason=reason)


def _net(amount: int, currency: str) -> Mapping[Basis, Amount]:
    return {Basis.NET: Amount(minor=amount, unit=currency)}
