"""Grants beside awards become bundle orders, once each; a revoked grant's order gives up what is not delivered yet."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from catalog.redemptions.giving import Origin
from catalog.sends.bundling import WaitsFor
from catalog.sends.events import BUNDLE_ORDER_MOVED
from catalog.sends.orders import NewOrder, OrderRow, add_parts_in, bundles_in, lock_order_in, open_orders_in
from catalog.sends.refusals import AddressConsentNeeded, ChoiceRefused, RewardNotOpen
from catalog.sends.settling import Shipping, settle_in
from domain.access.principals import SYSTEM, Actor
from domain.earning.bundles import GrantState, followed_in, waiting_grants_in
from domain.kernel.ids import new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotFound
from domain.kernel.sql import Row

GRANTS_MAX = 200  # grants of one step

CODES = "SELECT code FROM bundle"

REVOKE = """
UPDATE bundle_order SET revoked_at = $2, look_at = $2, version = version + 1
WHERE origin = 'GRANT' AND origin_id = ANY($1::uuid[]) AND revoked_at IS NULL
RETURNING id, member_id, partner_id, version, waits_for
"""

CHOSEN = "UPDATE bundle_order SET waits_for = NULL, look_at = $2 WHERE id = $1"


async def follow_grants(door: Door) -> int:
    """A step: up to 200 grants have their order, or lost it; answers how many. Set-based, safe to repeat.

    A grant of a bundle that does not exist yet waits until it does.
    """

    async def work(op: Operation) -> int:
        codes = [row["code"] for row in await op.sql.fetch(CODES)]
        grants = await waiting_grants_in(op, codes, GRANTS_MAX)
        if not grants:
            return 0
        bundles = {bundle.code: bundle for bundle in await bundles_in(op, codes=[grant.bundle for grant in grants])}
        given = [grant for grant in grants if grant.state is GrantState.GRANTED]
        orders = [
            NewOrder(
                id=order_id,
                bundle=bundles[grant.bundle],
                origin=Origin.GRANT,
                origin_id=grant.id,
                member_id=grant.member_id,
                partner_id=grant.partner_id,
                quantity=grant.quantity,
            )
            for order_id, grant in zip(new_ids(len(given)), given, strict=True)
        ]
        await open_orders_in(op, orders)
        revoked = [grant.id for grant in grants if grant.state is GrantState.REVOKED]
        if revoked:
            _tell_revoked(op, await op.sql.fetch(REVOKE, revoked, op.now))
        await followed_in(op, [grant.id for grant in grants])
        return len(grants)

    return await door.operate(SYSTEM, work)


def _tell_revoked(op: Operation, rows: Sequence[Row]) -> None:
    """What is taken back of each is told when that is done."""
    for row in rows:
        op.tell(
            BUNDLE_ORDER_MOVED.about(
                row["id"],
                member_id=row["member_id"],
                partner_id=row["partner_id"],
                version=row["version"],
                waits_for=row["waits_for"],
                substituted=0,
                cancelled=0,
                refunded=0,
            )
        )


async def choose_rewards(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    order_id: UUID,
    choices: Sequence[UUID],
    shipping: Shipping | None = None,
    *,
    sandbox: bool = False,
) -> Outcome:
    """What the member chose of the bundle is ordered, and shipped to the address where something is.
    Facts: order_id.

    Refuses: NotFound; ChoiceRefused; AddressConsentNeeded; RewardNotOpen.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        order = await lock_order_in(op, order_id)
        if order is None or order.member_id != actor.member_id:
            raise NotFound(kind="bundle order", id=str(order_id))
        if order.revoked_at is not None:
            raise RewardNotOpen(state="REVOKED")
        await choose_in(op, order, choices, shipping, sandbox=sandbox)
        return {"order_id": str(order_id)}

    return await door.operate_keyed(actor, "chooseRewards", keyed, work)


async def choose_in(
    op: Operation,
    order: OrderRow,
    choices: Sequence[UUID],
    shipping: Shipping | None,
    *,
    sandbox: bool = False,
) -> None:
    """As `choose_rewards`, for an order that the operation has locked.

    Refuses: ChoiceRefused; AddressConsentNeeded; RewardNotOpen (it waits for nothing).
    """
    if order.waits_for is None:
        raise RewardNotOpen(state="CHOSEN")
    if order.waits_for is WaitsFor.CHOICE:
        bundle = (await bundles_in(op, ids=[order.bundle_id]))[0]
        chosen = [item for item in bundle.items if item.denomination_id in choices]
        choose = order.choose or 0
        if len(choices) != choose or len(set(choices)) != choose or len(chosen) != choose:
            raise ChoiceRefused(bundle=bundle.code, choose=choose)
        await add_parts_in(op, {order.id: (chosen, order.quantity)})
    await op.sql.execute(CHOSEN, order.id, op.now)
    await settle_in(op, order.id, shipping=shipping, sandbox=sandbox)
    waits_for = await op.sql.fetchval("SELECT waits_for FROM bundle_order WHERE id = $1", order.id)
    if waits_for is not None:
        raise AddressConsentNeeded()
