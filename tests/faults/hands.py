"""What people do to an order once: the work of a process about to be killed, and the order that they do it to."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from catalog.codes.records import Problem
from catalog.redemptions.approving import approve, reject
from catalog.redemptions.ending import cancel_lines, refund_lines
from catalog.redemptions.issuing import issue_due
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.problems import Settlement, report_code_problem, settle_code_problem
from catalog.redemptions.quote import Wanted
from catalog.redemptions.quoting import quote
from catalog.redemptions.redeeming import Redeeming, redeem
from domain.access.principals import SYSTEM
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.sealing import Keyring
from tests.faults.workers import SANDBOX, WORK, owner_of
from tests.orders import KEYRING, Shop

Told = Mapping[str, Any]
APPROVED = replace(SANDBOX, approval_above=0)
HELD = replace(SANDBOX, fraud_hold_minutes=1_440)
LINES = "SELECT id FROM redemption_line WHERE redemption_id = $1 ORDER BY n"


@dataclass(frozen=True, kw_only=True)
class Hand:
    """What is done to an order that was placed under `policy`, delivered or not, and how its lines end."""

    work: Callable[[Door, Told, Keyed], Awaitable[object]]
    policy: ShopPolicy = SANDBOX
    is_delivered: bool = False
    has_problem: bool = False
    ends: str = "FULFILLED"
    is_paid: bool = True


async def _cancel(door: Door, told: Told, keyed: Keyed) -> object:
    return await cancel_lines(door, owner_of(told), keyed, UUID(told["redemption"]))


async def _approve(door: Door, told: Told, keyed: Keyed) -> object:
    return await approve(door, SYSTEM, keyed, UUID(told["redemption"]))


async def _reject(door: Door, told: Told, keyed: Keyed) -> object:
    return await reject(door, SYSTEM, keyed, UUID(told["redemption"]))


async def _refund(door: Door, told: Told, keyed: Keyed) -> object:
    return await refund_lines(door, SYSTEM, keyed, UUID(told["redemption"]), None, "goodwill")


async def _report(door: Door, told: Told, keyed: Keyed) -> object:
    return await report_code_problem(
        door, owner_of(told), keyed, line_id=UUID(told["line"]), problem=Problem.ALREADY_USED
    )


async def _replace(door: Door, told: Told, keyed: Keyed) -> object:
    return await settle_code_problem(
        door, SYSTEM, keyed, problem_id=UUID(told["problem"]), settlement=Settlement.REPLACE
    )


HANDS: Mapping[str, Hand] = {
    "cancel": Hand(work=_cancel, policy=HELD, ends="CANCELLED", is_paid=False),
    "approve": Hand(work=_approve, policy=APPROVED),
    "reject": Hand(work=_reject, policy=APPROVED, ends="FAILED", is_paid=False),
    "refund": Hand(work=_refund, is_delivered=True, ends="REFUNDED", is_paid=False),
    "report": Hand(work=_report, is_delivered=True),
    "replace": Hand(work=_replace, is_delivered=True, has_problem=True),
}


async def do_work(door: Door, keyring: Keyring, told: Told) -> None:
    """What the process is told stands, or is lost with it; told again, it is not done again."""
    role = told["does"]
    if role in HANDS:
        await HANDS[role].work(door, told, Keyed(key=told["key"], request={"of": told["redemption"]}))
        return
    await WORK[role](door, keyring, told)


async def order_for(
    shop: Shop, role: str, member: UUID, denomination_id: UUID, units: int
) -> tuple[list[UUID], dict[str, Any]]:
    """An order as this role finds it; answers its lines, and what the process is told."""
    hand, owner = HANDS[role], shop.owner(member)
    quoted = await quote(shop.door, owner, [Wanted(denomination_id=denomination_id, quantity=units)], hand.policy)
    wanted = Redeeming(quote_id=quoted.id)
    done = await redeem(shop.door, owner, shop.world.key(), wanted, hand.policy, KEYRING)
    redemption_id = UUID(done.facts["redemption_id"])
    line_ids = [row["id"] for row in await shop.world.database.fetch(LINES, redemption_id)]
    told = {
        "does": role,
        "member": str(member),
        "redemption": str(redemption_id),
        "line": str(line_ids[0]),
        "key": f"{role}-{redemption_id}",
    }
    if hand.is_delivered:
        await issue_due(shop.door, KEYRING)
    if hand.has_problem:
        reported = await report_code_problem(
            shop.door, owner, shop.world.key(), line_id=line_ids[0], problem=Problem.ALREADY_USED
        )
        told["problem"] = reported.facts["problem_id"]
    return line_ids, told
