"""Who owns a wallet, its balances, and the fold that matures, expires and settles its lots up to an instant."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.ledger.lots import Lot
from domain.ledger.reversals import Debt, Payment, settle


class OwnerKind(StrEnum):
    """Who may own a wallet."""

    MEMBER = "MEMBER"
    PARTNER = "PARTNER"


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A wallet's natural key: a member or a partner, in one unit."""

    kind: OwnerKind
    id: UUID
    unit: str


@dataclass(frozen=True, kw_only=True)
class WalletState:
    """A wallet's balances; `partner_id` is where its owner stands today, for the envelope of events."""

    id: UUID
    owner: Owner
    partner_id: UUID | None
    pending: int
    available: int
    held: int
    payable: int
    receivable: int
    seq: int
    next_due_at: datetime | None

    @property
    def member_id(self) -> UUID | None:
        return self.owner.id if self.owner.kind is OwnerKind.MEMBER else None


@dataclass(frozen=True, kw_only=True)
class Matured:
    """A lot's pending points became available at its own instant."""

    lot_id: UUID
    amount: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Expired:
    """A lot's available points expired at its own instant."""

    lot_id: UUID
    amount: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A debt was paid, in part or whole, from lots that had become available; never before the debt existed."""

    payment: Payment
    at: datetime


Step = Matured | Expired | Settled


def fold(
    lots: Iterable[Lot], debts: Iterable[Debt], until: datetime
) -> tuple[list[Step], Mapping[UUID, Lot], Mapping[UUID, Debt]]:
    """What one wallet's lots do on their own up to `until`, instant by instant: mature, expire, settle, in that order.

    Folding in two goes ends as folding once, so a stopped worker changes nothing. Points are available beside an
    open debt at no time; lots that are not due need not be given.
    """
    book = {lot.id: lot for lot in lots}
    owed = {debt.id: debt for debt in debts}
    due = defaultdict[datetime, set[UUID]](set)
    for lot in book.values():
        if lot.pending > 0 and lot.matures_at <= until:
            due[lot.matures_at].add(lot.id)
        if lot.pending + lot.available > 0 and lot.expires_at is not None and lot.expires_at <= until:
            due[lot.expires_at].add(lot.id)
    steps = list[Step]()
    for instant in sorted(due):
        here = sorted(due[instant])
        for lot_id in here:
            lot = book[lot_id]
            if lot.pending > 0 and lot.matures_at == instant:
                book[lot_id] = lot.moved(lot.pending, "pending", "available")
                steps.append(Matured(lot_id=lot_id, amount=lot.pending, at=instant))
        for lot_id in here:
            lot = book[lot_id]
            if lot.available > 0 and lot.expires_at == instant:
                book[lot_id] = lot.moved(lot.available, "available", "expired")
                steps.append(Expired(lot_id=lot_id, amount=lot.available, at=instant))
        if any(debt.outstanding for debt in owed.values()):
            steps.extend(pay(book, owed, here, instant))
    return steps, book, owed


def pay(book: dict[UUID, Lot], owed: dict[UUID, Debt], lot_ids: Iterable[UUID], instant: datetime) -> list[Settled]:
    """Settles what is owed from the named lots, changing `book` and `owed`; answers the steps."""
    payments, after = settle(owed.values(), [book[lot_id] for lot_id in lot_ids])
    book.update(after)
    for payment in payments:
        debt = payment.debt
        owed[debt.id] = replace(debt, outstanding=debt.outstanding - payment.amount)
    return [Settled(payment=payment, at=max(instant, payment.debt.recorded_at)) for payment in payments]


def after(state: WalletState, steps: Sequence[Step], next_due_at: datetime | None) -> WalletState:
    """The balances once the steps of a fold are done; the entries that a writer will post are not counted in `seq`."""
    pending, available, receivable = state.pending, state.available, state.receivable
    for step in steps:
        if isinstance(step, Matured):
            pending, available = pending - step.amount, available + step.amount
        elif isinstance(step, Expired):
            available -= step.amount
        else:
            available, receivable = available - step.payment.amount, receivable - step.payment.amount
    return replace(state, pending=pending, available=available, receivable=receivable, next_due_at=next_due_at)
