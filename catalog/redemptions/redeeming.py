"""A quote is redeemed: one operation from the key to the ordered lines, and a receipt with ids only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from catalog.items.offering import lock_limits_in, offers_in
from catalog.redemptions.acting import customer_in, note_in
from catalog.redemptions.address import checked_address
from catalog.redemptions.placing import NewOrder, claim_in, place_in
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.quote import hindrances, line_from
from catalog.redemptions.refusals import CannotRedeem, QuoteExpired, QuoteRedeemed
from catalog.redemptions.taxing import judge_tax_in
from catalog.suppliers.outcomes import Recipient
from domain.access.limiting import spend_in
from domain.access.principals import Actor
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotFound
from domain.kernel.sealing import Keyring

QUOTE = "SELECT id, member_id, unit, total, lines, expires_at FROM quote WHERE id = $1"
REDEEMED = "SELECT id FROM redemption WHERE origin = 'QUOTE' AND origin_id = $1"
WALLET = "SELECT id FROM wallet WHERE owner_kind = 'MEMBER' AND owner_id = $1 AND unit = $2"


@dataclass(frozen=True, kw_only=True)
class Redeeming:
    """Which quote is accepted, where goods go, and for whom, if not for oneself. The address is never printed."""

    quote_id: UUID
    recipient: Recipient | None = field(default=None, repr=False)
    on_behalf_of: UUID | None = None


async def redeem(
    door: Door, actor: Actor, keyed: Keyed, wanted: Redeeming, policy: ShopPolicy, keyring: Keyring
) -> Outcome:
    """The quoted lines are ordered at the quoted prices, or wait as `place_in` says; points are held until each line
    is delivered. What stands in the way is judged as of now. Facts: redemption_id, wallet_id (None: it cost nothing).

    Refuses: NotAllowed; NotFound (member, quote); RateLimited (10 a minute a member); QuoteExpired; QuoteRedeemed;
    CannotRedeem; AddressNeeded; InvalidInput (address); TaxThresholdReached; InsufficientPoints; WalletInDebt.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        return await redeem_in(op, actor, wanted, policy, keyring)

    return await door.operate_keyed(actor, "redeem", keyed, work)


async def redeem_in(
    op: Operation, actor: Actor, wanted: Redeeming, policy: ShopPolicy, keyring: Keyring
) -> Mapping[str, Any]:
    """As `redeem`, in the caller's operation."""
    customer = await customer_in(op, actor, wanted.on_behalf_of)
    await spend_in(op, customer.member_id, "redeem", policy.redemptions_per_minute, 60)
    await lock_limits_in(op, customer.member_id)
    row = await op.sql.fetchrow(QUOTE, wanted.quote_id)
    if row is None or row["member_id"] != customer.member_id:
        raise NotFound(kind="quote", id=str(wanted.quote_id))
    order = NewOrder(
        origin="QUOTE",
        origin_id=row["id"],
        customer=customer,
        unit=row["unit"],
        lines=tuple(line_from(line) for line in row["lines"]),
    )
    redemption_id = await claim_in(op, order)
    if redemption_id is None:
        earlier = await op.sql.fetchval(REDEEMED, wanted.quote_id)
        raise QuoteRedeemed(quote_id=str(wanted.quote_id), redemption_id=str(earlier))
    if row["expires_at"] <= op.now:
        raise QuoteExpired(quote_id=str(wanted.quote_id), expired_at=row["expires_at"].isoformat())
    offers = await offers_in(op, customer.member_id, list(order.units), sandbox=policy.sandbox)
    for denomination_id in order.units.keys() - offers.keys():
        raise NotFound(kind="denomination", id=str(denomination_id))
    if found := hindrances(offers, order.units):
        raise CannotRedeem(obstacles=found)
    is_needed = any(offer.needs_address for offer in offers.values())
    recipient = checked_address(wanted.recipient, is_needed=is_needed)
    await judge_tax_in(op, customer.member_id, customer.country, order.lines, policy)
    await place_in(op, redemption_id, order, offers, policy, keyring, recipient)
    await note_in(op, customer, redemption_id, {"quote_id": wanted.quote_id, "total": order.total})
    wallet_id = await op.sql.fetchval(WALLET, customer.member_id, order.unit) if order.total else None
    return {"redemption_id": str(redemption_id), "wallet_id": str(wallet_id) if wallet_id else None}
