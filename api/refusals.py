"""Every refusal of every room, so that a receipt can repeat one and the schema has a type for each."""

from collections.abc import Mapping

from catalog.codes import refusals as codes
from catalog.items import refusals as items
from catalog.redemptions import refusals as redemptions
from catalog.sends import refusals as sends
from domain.access import refusals as access
from domain.activities import refusals as activities
from domain.assignments import refusals as assignments
from domain.claims import refusals as claims
from domain.deals import refusals as deals
from domain.earning import refusals as earning
from domain.files import refusals as files
from domain.funds import refusals as funds
from domain.kernel import refusals as kernel
from domain.kernel.refusals import Refusal, every_refusal
from domain.leads import refusals as leads
from domain.ledger import refusals as ledger
from domain.partners import refusals as partners
from domain.payouts import refusals as payouts
from domain.plans import refusals as plans
from domain.programs import refusals as programs
from domain.rebates import refusals as rebates
from domain.training import refusals as training
from leaderboards import refusals as leaderboards

ROOMS = (
    kernel,
    access,
    ledger,
    partners,
    programs,
    activities,
    earning,
    deals,
    leads,
    plans,
    payouts,
    rebates,
    leaderboards,
    codes,
    items,
    redemptions,
    sends,
    files,
    claims,
    funds,
    training,
    assignments,
)


def all_refusals() -> Mapping[str, tuple[type[Refusal], ...]]:
    """Every refusal of the rooms by its code; two rooms may say the same no with other facts."""
    names = {room.__name__ for room in ROOMS}
    found: dict[str, tuple[type[Refusal], ...]] = {}
    for kind in every_refusal():
        if kind.__module__ in names:
            found[kind.code()] = (*found.get(kind.code(), ()), kind)
    return found
