"""Money leaves wallets: prepared for a reference, then paid or withdrawn, once; what was paid may come back.

Each function takes any number of payments and writes one journal: its statements do not grow with their number.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput, NotFound
from domain.ledger import transfers
from domain.ledger.booking import policies_of
from domain.ledger.events import PAYMENT_PAID, PAYMENT_PREPARED, PAYMENT_RETURNED, PAYMENT_WITHDRAWN
from domain.ledger.holding import AMOUNT_MAX, Reference
from domain.ledger.journal import Journal, expiries_told, told
from domain.ledger.loading import lots_by_id, open_debts, spendable_lots
from domain.ledger.lots import Lot, take
from domain.ledger.opening import bring_up_to_date_in
from domain.ledger.refusals import InsufficientPoints, PaymentEnded, PaymentNotPaid
from domain.ledger.transfers import Kind
from domain.ledger.wallets import WalletState
from domain.ledger.writing import write_in

PAYMENTS_MAX = 1_000

PAYMENTS = "SELECT id, wallet_id, state, returned_at FROM payment WHERE id = ANY($1::uuid[]) ORDER BY wallet_id, id"

PAYMENT_LOTS = """
SELECT payment_id, lot_id, amount FROM payment_lot WHERE payment_id = ANY($1::uuid[]) ORDER BY payment_id, lot_id
"""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """So much of one wallet, for one reference; None is all that is available, if that is anything."""

    wallet_id: UUID
    amount: int | None
    reference: Reference


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A payment as it was prepared."""

    payment_id: UUID
    amount: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A payment under its wallet's lock: where it stands, and how much of which lot it is made of."""

    id: UUID
    wallet: WalletState
    state: str
    is_returned: bool
    parts: tuple[tuple[UUID, int], ...]


async def prepare_each_in(op: Operation, claims: Sequence[Claim]) -> list[Prepared | None]:
    """Each claim's amount of available money is payable, earliest expiry first; answers in the order given.

    Debts were settled before, so what is available is free of them. A claim of all of a wallet that has nothing
    available is answered by None. One claim a wallet; all or none; at most 1,000.

    Refuses: NotFound (a wallet); InvalidInput (an amount: 1 to 10^15); InsufficientPoints; AlreadyPrepared.
    """
    if not claims:
        return []
    if len(claims) > PAYMENTS_MAX:
        raise ValueError(f"an operation prepares at most {PAYMENTS_MAX} payments")
    if len({claim.wallet_id for claim in claims}) < len(claims):
        raise ValueError("a wallet is claimed from once at a time")
    wallets = await bring_up_to_date_in(op, {claim.wallet_id for claim in claims})
    asked = dict[UUID, int]()
    for claim in claims:
        wallet = wallets[claim.wallet_id]
        amount = wallet.available if claim.amount is None else claim.amount
        if claim.amount is not None and not 1 <= amount <= AMOUNT_MAX:
            raise InvalidInput(field="amount", problem=f"1 to {AMOUNT_MAX}")
        if amount > wallet.available:
            raise InsufficientPoints(unit=wallet.owner.unit, available=wallet.available, needed=amount)
        if amount:
            asked[claim.wallet_id] = amount
    journal = Journal(op.now)
    journal.know(wallets=wallets.values())
    lots = await spendable_lots(op.sql, asked)
    journal.know(lots=[lot for some in lots.values() for lot in some])
    prepared = list[Prepared | None]()
    for claim in claims:
        if claim.wallet_id not in asked:
            prepared.append(None)
            continue
        taken = take(lots[claim.wallet_id], asked[claim.wallet_id])
        prepared.append(_prepare(journal, wallets[claim.wallet_id], taken, claim.reference))
    await write_in(op, journal)
    return prepared


async def pay_each_in(op: Operation, payment_ids: Collection[UUID]) -> None:
    """The prepared money is paid.

    Refuses: NotFound; PaymentEnded.
    """
    if not payment_ids:
        return
    payments = await _standing(op, payment_ids)
    _refuse_ended(payments)
    journal = Journal(op.now)
    journal.know(wallets=[payment.wallet for payment in payments], lots=await _lots(op, payments))
    for payment in payments:
        shares = [journal.move(lot_id, amount, "payable", "paid") for lot_id, amount in payment.parts]
        journal.payments_ended[payment.id] = "PAID"
        journal.draft(
            Kind.PAY,
            unit=payment.wallet.owner.unit,
            cause=("payment", payment.id),
            postings=transfers.paid(payment.wallet.id, shares),
            tell=told(PAYMENT_PAID.about, payment.wallet, payment.id, None, _total(payment)),
        )
    await write_in(op, journal)


async def withdraw_each_in(op: Operation, payment_ids: Collection[UUID]) -> None:
    """The prepared money is available again in the same lots and has paid what debts it could.

    A lot that expired meanwhile lives on for as many days as its program grants (none: it expires at once).

    Refuses: NotFound; PaymentEnded.
    """
    if not payment_ids:
        return
    payments = await _standing(op, payment_ids)
    _refuse_ended(payments)
    journal, extended = await _giving_back(op, payments)
    for payment in payments:
        mine = {lot_id: extended[lot_id] for lot_id, _ in payment.parts if lot_id in extended}
        shares = journal.give_back(payment.parts, "payable", mine)
        journal.payments_ended[payment.id] = "WITHDRAWN"
        journal.draft(
            Kind.WITHDRAW,
            unit=payment.wallet.owner.unit,
            cause=("payment", payment.id),
            postings=transfers.withdrawn(payment.wallet.id, shares),
            tell=told(
                PAYMENT_WITHDRAWN.about,
                payment.wallet,
                payment.id,
                None,
                _total(payment),
                extended=expiries_told(mine),
            ),
        )
    await _settled_and_written(op, journal, payments)


async def return_each_in(op: Operation, payment_ids: Collection[UUID]) -> None:
    """The paid money of whole payments is back in the same lots and has paid what debts it could; once.

    Refuses: NotFound; PaymentNotPaid; PaymentEnded (it came back before).
    """
    if not payment_ids:
        return
    payments = await _standing(op, payment_ids)
    for payment in payments:
        if payment.state != "PAID":
            raise PaymentNotPaid(state=payment.state)
        if payment.is_returned:
            raise PaymentEnded(state="RETURNED")
    journal, extended = await _giving_back(op, payments)
    for payment in payments:
        mine = {lot_id: extended[lot_id] for lot_id, _ in payment.parts if lot_id in extended}
        shares = journal.give_back(payment.parts, "paid", mine)
        journal.payments_returned.add(payment.id)
        journal.draft(
            Kind.RETURN,
            unit=payment.wallet.owner.unit,
            cause=("payment", payment.id),
            postings=transfers.returned(payment.wallet.id, shares),
            tell=told(
                PAYMENT_RETURNED.about,
                payment.wallet,
                payment.id,
                None,
                _total(payment),
                extended=expiries_told(mine),
            ),
        )
    await _settled_and_written(op, journal, payments)


def _prepare(journal: Journal, wallet: WalletState, taken: Sequence[tuple[Lot, int]], reference: Reference) -> Prepared:
    payment_id, total = new_id(), sum(amount for _, amount in taken)
    shares = [journal.move(lot.id, amount, "available", "payable") for lot, amount in taken]
    transaction_id = journal.draft(
        Kind.PREPARE,
        unit=wallet.owner.unit,
        cause=("payment", payment_id),
        postings=transfers.prepared(wallet.id, shares),
        tell=told(
            PAYMENT_PREPARED.about,
            wallet,
            payment_id,
            None,
            total,
            reference_kind=reference.kind,
            reference_id=str(reference.id),
        ),
    )
    journal.state(
        transaction_id,
        "payment",
        {
            "id": payment_id,
            "wallet_id": wallet.id,
            "reference_kind": reference.kind,
            "reference_id": reference.id,
            "amount": total,
            "recorded_at": journal.now,
        },
    )
    for share in shares:
        part = {"id": new_id(), "payment_id": payment_id, "lot_id": share.lot_id, "amount": share.amount}
        journal.state(transaction_id, "payment_lot", part)
    return Prepared(payment_id=payment_id, amount=total)


async def _standing(op: Operation, payment_ids: Collection[UUID]) -> list[Standing]:
    if len(payment_ids) > PAYMENTS_MAX:
        raise ValueError(f"an operation moves at most {PAYMENTS_MAX} payments")
    ids = list(set(payment_ids))
    seen = await op.sql.fetch(PAYMENTS, ids)
    for payment_id in set(ids) - {row["id"] for row in seen}:
        raise NotFound(kind="payment", id=str(payment_id))
    wallets = await bring_up_to_date_in(op, {row["wallet_id"] for row in seen})
    parts = defaultdict[UUID, list[tuple[UUID, int]]](list)
    for part in await op.sql.fetch(PAYMENT_LOTS, ids):
        parts[part["payment_id"]].append((part["lot_id"], part["amount"]))
    return [
        Standing(
            id=row["id"],
            wallet=wallets[row["wallet_id"]],
            state=row["state"],
            is_returned=row["returned_at"] is not None,
            parts=tuple(parts[row["id"]]),
        )
        for row in await op.sql.fetch(PAYMENTS, ids)
    ]


def _refuse_ended(payments: Sequence[Standing]) -> None:
    for payment in payments:
        if payment.state != "PREPARED":
            raise PaymentEnded(state=payment.state)


def _total(payment: Standing) -> int:
    return sum(amount for _, amount in payment.parts)


async def _lots(op: Operation, payments: Sequence[Standing]) -> list[Lot]:
    return await lots_by_id(op.sql, {lot_id for payment in payments for lot_id, _ in payment.parts})


async def _giving_back(op: Operation, payments: Sequence[Standing]) -> tuple[Journal, Mapping[UUID, datetime]]:
    """A journal that knows all that a giving back may touch, and the new expiry of lots that expired meanwhile."""
    lots = await _lots(op, payments)
    expired = [lot for lot in lots if lot.expires_at is not None and lot.expires_at <= op.now]
    extended = dict[UUID, datetime]()
    if expired:
        policies = await policies_of(op.sql, {lot.program_id for lot in expired})
        extended = {lot.id: op.now + policies[lot.program_id].expired_hold for lot in expired}
    journal = Journal(op.now)
    debts = await open_debts(op.sql, {payment.wallet.id for payment in payments})
    journal.know(wallets=[payment.wallet for payment in payments], lots=lots, debts=debts)
    return journal, extended


async def _settled_and_written(op: Operation, journal: Journal, payments: Sequence[Standing]) -> None:
    back = defaultdict[UUID, set[UUID]](set)
    for payment in payments:
        back[payment.wallet.id] |= {lot_id for lot_id, _ in payment.parts}
    for wallet_id in sorted(back):
        lot_ids = sorted(back[wallet_id])
        journal.bring_up_to_date(wallet_id, [journal.lots[lot_id] for lot_id in lot_ids])
        journal.settle(wallet_id, lot_ids)
    await write_in(op, journal)
