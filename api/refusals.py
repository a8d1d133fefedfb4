"""Every refusal of every room, so that a receipt can repeat one and the schema has a type for each."""

from domain.access import refusals as access
from domain.activities import refusals as activities
from domain.kernel import refusals as kernel
from domain.kernel.refusals import Refusal, every_refusal
from domain.partners import refusals as partners

ROOMS = (kernel, access, partners, activities)


def all_refusals() -> tuple[type[Refusal], ...]:
    """Every refusal type of the rooms, in order of their codes."""
    names = {room.__name__ for room in ROOMS}
    return tuple(kind for kind in every_refusal() if kind.__module__ in names)
