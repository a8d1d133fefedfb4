"""A member is told what something costs, from which points it would be paid and until when that stands."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from catalog.items.item import Offer
from catalog.items.offering import offers_in
from catalog.redemptions.acting import customer_in
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.quote import LotSpent, QuoteLine, QuoteRecord, Wanted, counted, hindrances
from catalog.redemptions.refusals import CannotRedeem
from domain.access.limiting import spend_in
from domain.access.principals import Actor
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotFound
from domain.ledger.holding import Preview, preview_hold_in
from domain.ledger.wallets import Owner, OwnerKind

PRUNED_PER_STEP_MAX = 1_000
KEPT_DAYS = 30

INSERT = """
INSERT INTO quote (id, member_id, unit, total, lines, recorded_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

PRUNE = """
DELETE FROM quote WHERE id IN (
  SELECT id FROM quote WHERE expires_at < guerdon_now() - make_interval(days => $1)
  ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
"""


async def quote(
    door: Door, actor: Actor, wanted: Sequence[Wanted], policy: ShopPolicy, *, on_behalf_of: UUID | None = None
) -> QuoteRecord:
    """Prices as of now, which stand until the quote expires, and what redeeming it would change in the wallet.

    Nothing is held or taken by it: stock, limits and points are judged again when it is redeemed.

    Refuses: NotAllowed; NotFound (member, denomination); InvalidInput (1 to 10 denominations of one unit, 1 to 20
    units); CannotRedeem with every obstacle; InsufficientPoints; WalletInDebt; RateLimited (60 a minute).
    """

    async def work(op: Operation) -> QuoteRecord:
        customer = await customer_in(op, actor, on_behalf_of)
        await spend_in(op, customer.member_id, "quote", policy.quotes_per_minute, 60)
        units = counted(wanted, policy)
        offers = await offers_in(op, customer.member_id, list(units), sandbox=policy.sandbox)
        for denomination_id in units.keys() - offers.keys():
            raise NotFound(kind="denomination", id=str(denomination_id))
        if found := hindrances(offers, units):
            raise CannotRedeem(obstacles=found)
        lines = tuple(_line(offers[denomination_id], count) for denomination_id, count in units.items())
        priced_in = {offer.unit for offer in offers.values()}
        if len(priced_in) > 1:
            raise InvalidInput(field="lines", problem="priced in one unit")
        preview, total = None, sum(line.total for line in lines)
        unit = priced_in.pop()
        if total:
            owner = Owner(kind=OwnerKind.MEMBER, id=customer.member_id, unit=unit)
            preview = await preview_hold_in(op, owner, total)
        record = _record(op, customer.member_id, unit, lines, preview, policy)
        stored = [line.to_json() for line in lines]
        times = (record.recorded_at, record.expires_at)
        await op.sql.execute(INSERT, record.id, customer.member_id, unit, total, stored, *times)
        return record

    return await door.operate(actor, work)


async def prune_quotes(door: Door, actor: Actor, limit: int = PRUNED_PER_STEP_MAX) -> int:
    """A step: forgets up to `limit` quotes that expired more than 30 days ago; answers how many."""

    async def work(op: Operation) -> int:
        return int((await op.sql.execute(PRUNE, KEPT_DAYS, limit)).split()[-1])

    return await door.operate(actor, work)


def _line(offer: Offer, quantity: int) -> QuoteLine:
    return QuoteLine(
        denomination_id=offer.denomination.id,
        item_id=offer.item.id,
        quantity=quantity,
        price=offer.price,
        face_value=offer.face_value,
        currency=offer.currency,
        fair_value=offer.fair_value,
        needs_address=offer.needs_address,
        needs_approval=offer.needs_approval,
    )


def _record(
    op: Operation,
    member_id: UUID,
    unit: str,
    lines: tuple[QuoteLine, ...],
    preview: Preview | None,
    policy: ShopPolicy,
) -> QuoteRecord:
    total = sum(line.total for line in lines)
    is_large = policy.approval_above is not None and total > policy.approval_above
    hold = timedelta(minutes=policy.fraud_hold_minutes)
    wallet = preview.wallet if preview else None
    taken = preview.taken if preview else ()
    return QuoteRecord(
        id=new_id(),
        member_id=member_id,
        unit=unit,
        total=total,
        lines=lines,
        lots=tuple(
            LotSpent(lot_id=lot.id, program_id=lot.program_id, amount=amount, expires_at=lot.expires_at)
            for lot, amount in taken
        ),
        wallet_id=wallet.id if wallet else None,
        available_before=wallet.available if wallet else None,
        available_after=wallet.available - total if wallet else None,
        held_after=wallet.held + total if wallet else None,
        needs_address=any(line.needs_address for line in lines),
        needs_approval=is_large or any(line.needs_approval for line in lines),
        held_until=op.now + hold if hold else None,
        recorded_at=op.now,
        expires_at=op.now + timedelta(seconds=policy.quote_seconds),
    )
