"""A milestone that was reached, as an activity: this is all that makes an assignment earn."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.activities.activity import ActivityInput, ActivityReversal, Amount, Basis
from domain.assignments.credit import PEOPLE_MAX, Reached
from domain.earning.reporting import ReportedType, Workflow
from domain.kernel.points import SHARES_PPM_WHOLE

MILESTONE = "assignment.milestone"
WORKFLOW = Workflow(
    code="assignments",
    name="Assignments",
    types=(
        ReportedType(
            code=MILESTONE,
            name={"en": "Milestone of an assignment reached", "fr": "Palier d’une affectation atteint"},
            attributes=(
                {"name": "target", "kind": "STRING", "length_max": 36},
                {"name": "milestone", "kind": "INTEGER"},
                {"name": "cost", "kind": "INTEGER"},
                {"name": "share_partner", "kind": "INTEGER"},
                *({"name": f"rep_{n}", "kind": "STRING", "length_max": 36} for n in range(1, PEOPLE_MAX + 1)),
                *({"name": f"share_{n}", "kind": "INTEGER"} for n in range(1, PEOPLE_MAX + 1)),
            ),
            amounts=("NET", "MARGIN"),
        ),
    ),
)


def told_of(reached: Reached, *, amount: int, partner_share_ppm: int) -> Mapping[str, Any]:
    """What is reported of a milestone, as it is kept: another content is another report."""
    people = SHARES_PPM_WHOLE - partner_share_ppm
    shared: Mapping[str, Any] = {
        name: value
        for n, (member_id, part) in enumerate(reached.parts, 1)
        for name, value in ((f"rep_{n}", str(member_id)), (f"share_{n}", part * people // SHARES_PPM_WHOLE))
    }
    return {
        "at": reached.at.isoformat(),
        "attained": reached.attained,
        "attributes": {"milestone": amount, "cost": reached.cost, "share_partner": partner_share_ppm, **shared},
    }


def activity_of(
    external_id: str, reached: Reached, told: Mapping[str, Any], *, target_id: UUID, partner_id: UUID, currency: str
) -> ActivityInput:
    """The milestone under its own id; MARGIN is what is left of the sales after what the people cost."""
    left = max(0, reached.attained - reached.cost)
    return ActivityInput(
        external_id=external_id,
        type=MILESTONE,
        occurred_at=reached.at,
        member=reached.parts[0][0],
        partner=partner_id,
        amounts={
            Basis.NET: Amount(minor=reached.attained, unit=currency),
            Basis.MARGIN: Amount(minor=left, unit=currency),
        },
        attributes={"target": str(target_id), **told["attributes"]},
    )


def reversal_of(external_id: str) -> ActivityReversal:
    """The milestone is reached no longer."""
    return ActivityReversal(external_id=external_id, reason="REACHED_NO_LONGER")
