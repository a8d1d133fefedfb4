"""What a take-back may touch, in which order, and how debts are settled afterwards: pure arithmetic over lots."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.ledger.lots import Lot, take

OWN_PARTS = ("pending", "available", "expired")


@dataclass(frozen=True, kw_only=True)
class Debt:
    """What a wallet still owes for one reversal; `budget_id` gets what is paid back."""

    id: UUID
    wallet_id: UUID
    reversal_id: UUID
    program_id: UUID
    budget_id: UUID
    amount: int
    outstanding: int
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One part of one award to be taken back: `lot_id` is the award's own lot."""

    lot_id: UUID
    program_id: UUID
    amount: int


@dataclass(frozen=True, kw_only=True)
class Taken:
    """An amount that left one part of one lot; `target` is `reversed` for the award's own lot, else `settled`."""

    lot_id: UUID
    part: str
    target: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How one claim is met: from which lots, and what is owed."""

    taken: tuple[Taken, ...]
    owed: int


@dataclass(frozen=True, kw_only=True)
class Payment:
    """A part of a debt that one settlement pays, from which lots."""

    debt: Debt
    amount: int
    taken: tuple[Taken, ...]


def cover(
    claims: Sequence[Claim], lots: Iterable[Lot], fresh: frozenset[UUID] = frozenset()
) -> tuple[list[Coverage], Mapping[UUID, Lot]]:
    """Meets the claims on one wallet; answers a coverage per claim and the lots as they are afterwards.

    Every claim takes its own lot first (pending, available, expired); then, which is the netting, what the same
    transaction grants (`fresh`) in the same program; then other available lots by earliest expiry; the rest is owed.
    Held points are not touched.
    """
    book = {lot.id: lot for lot in lots}
    rest = [claim.amount for claim in claims]
    taken: list[list[Taken]] = [[] for _ in claims]

    def move(place: int, lot_id: UUID, part: str, target: str, amount: int) -> None:
        book[lot_id] = book[lot_id].moved(amount, part, target)
        taken[place].append(Taken(lot_id=lot_id, part=part, target=target, amount=amount))
        rest[place] -= amount

    for place, claim in enumerate(claims):
        for part in OWN_PARTS:
            share = min(rest[place], book[claim.lot_id].part(part))
            if share > 0:
                move(place, claim.lot_id, part, "reversed", share)
    for place, claim in enumerate(claims):
        if rest[place] == 0:
            continue
        granted = [book[lot_id] for lot_id in fresh if lot_id in book and book[lot_id].program_id == claim.program_id]
        for lot, share in take(granted, rest[place], "pending"):
            move(place, lot.id, "pending", "settled", share)
    for place, _ in enumerate(claims):
        if rest[place] > 0:
            for lot, share in take(list(book.values()), rest[place]):
                move(place, lot.id, "available", "settled", share)
    return [Coverage(taken=tuple(parts), owed=owed) for parts, owed in zip(taken, rest, strict=True)], book


def settle(debts: Iterable[Debt], lots: Iterable[Lot]) -> tuple[list[Payment], Mapping[UUID, Lot]]:
    """Pays one wallet's debts from available lots, oldest debt first, earliest expiry first.

    Answers the payments and the lots as they are afterwards.
    """
    book = {lot.id: lot for lot in lots}
    payments = list[Payment]()
    for debt in sorted(debts, key=lambda debt: (debt.recorded_at, debt.id)):
        if debt.outstanding == 0:
            continue
        parts = list[Taken]()
        for lot, share in take(list(book.values()), debt.outstanding):
            book[lot.id] = lot.moved(share, "available", "settled")
            parts.append(Taken(lot_id=lot.id, part="available", target="settled", amount=share))
        if not parts:
            break
        payments.append(Payment(debt=debt, amount=sum(part.amount for part in parts), taken=tuple(parts)))
    return payments, book
