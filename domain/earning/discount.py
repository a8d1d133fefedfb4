"""The discount of a sale, and what a rule's steps leave of its reward."""

from collections.abc import Mapping, Sequence

from domain.earning.views import ActivityView
from domain.programs.discounts import PPM_WHOLE, DiscountStep
from domain.programs.document import number_value
from domain.programs.kinds import Basis


def discount_ppm(activity: ActivityView) -> int | None:
    """What was taken off LIST to reach NET, in millionths of LIST, rounded up; below zero where NET is above LIST.

    None where one of them is missing, LIST is not above zero, or they are in two currencies.
    """
    listed, net = activity.amounts.get(Basis.LIST), activity.amounts.get(Basis.NET)
    if listed is None or net is None or listed.unit != net.unit or listed.minor <= 0:
        return None
    return -((net.minor - listed.minor) * PPM_WHOLE // listed.minor)


def step_of(steps: Sequence[DiscountStep], discount: int, parameters: Mapping[str, object]) -> DiscountStep | None:
    """The highest step that the discount is above."""
    above = [step for step in steps if discount > number_value(step.above_ppm, parameters)]
    return above[-1] if above else None
