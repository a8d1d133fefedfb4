"""The signs of every transfer: which balances one move touches, by how much; each sums to zero."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from domain.ledger.reversals import Debt, Taken

WALLET_KINDS = ("pending", "available", "held", "payable", "receivable")


class Kind(StrEnum):
    """What a transaction does."""

    FUND = "FUND"
    AWARD = "AWARD"
    MATURE = "MATURE"
    EXPIRE = "EXPIRE"
    HOLD = "HOLD"
    CAPTURE = "CAPTURE"
    RELEASE = "RELEASE"
    REVERSE = "REVERSE"
    SETTLE = "SETTLE"
    WRITE_OFF = "WRITE_OFF"
    REFUND = "REFUND"
    PREPARE = "PREPARE"
    PAY = "PAY"
    WITHDRAW = "WITHDRAW"
    RETURN = "RETURN"


@dataclass(frozen=True, kw_only=True)
class Posting:
    """One signed amount on one balance: an entry before it has an id, a number and a period.

    Balances are sums of postings, except `issued` and `receivable`, which are the sum's opposite.
    """

    kind: str
    amount: int
    program_id: UUID
    wallet_id: UUID | None = None
    budget_id: UUID | None = None
    lot_id: UUID | None = None
    reverses_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Share:
    """A part of a move that concerns one lot."""

    lot_id: UUID
    program_id: UUID
    amount: int


def funded(program_id: UUID, budget_id: UUID, amount: int) -> list[Posting]:
    """Issued −, budget +; a negative amount lowers the budget."""
    return [
        Posting(kind="issued", amount=-amount, program_id=program_id),
        Posting(kind="budget", amount=amount, program_id=program_id, budget_id=budget_id),
    ]


def awarded(wallet_id: UUID, budget_id: UUID, share: Share) -> list[Posting]:
    """Budget −, pending +."""
    return [
        Posting(kind="budget", amount=-share.amount, program_id=share.program_id, budget_id=budget_id),
        _on_lot("pending", wallet_id, share, +1),
    ]


def matured(wallet_id: UUID, share: Share) -> list[Posting]:
    """Pending −, available +."""
    return [_on_lot("pending", wallet_id, share, -1), _on_lot("available", wallet_id, share, +1)]


def expired(wallet_id: UUID, share: Share) -> list[Posting]:
    """Available −, expired +."""
    return [_on_lot("available", wallet_id, share, -1), _on_lot("expired", None, share, +1)]


def held(wallet_id: UUID, shares: Iterable[Share]) -> list[Posting]:
    """Available −, held +, per lot."""
    return [
        posting
        for share in shares
        for posting in (_on_lot("available", wallet_id, share, -1), _on_lot("held", wallet_id, share, +1))
    ]


def captured(wallet_id: UUID, shares: Iterable[Share]) -> list[Posting]:
    """Held −, redeemed +, per lot."""
    return [
        posting
        for share in shares
        for posting in (_on_lot("held", wallet_id, share, -1), _on_lot("redeemed", None, share, +1))
    ]


def released(wallet_id: UUID, shares: Iterable[Share]) -> list[Posting]:
    """Held −, available +, per lot: the same lots."""
    return [
        posting
        for share in shares
        for posting in (_on_lot("held", wallet_id, share, -1), _on_lot("available", wallet_id, share, +1))
    ]


def refunded(wallet_id: UUID, shares: Iterable[Share]) -> list[Posting]:
    """Redeemed −, available +, per lot: the same lots."""
    return [
        posting
        for share in shares
        for posting in (_on_lot("redeemed", None, share, -1), _on_lot("available", wallet_id, share, +1))
    ]


def prepared(wallet_id: UUID, shares: Iterable[Share]) -> list[Posting]:
    """Available −, payable +, per lot."""
    return [
        posting
        for share in shares
        for posting in (_on_lot("available", wallet_id, share, -1), _on_lot("payable", wallet_id, share, +1))
    ]


def paid(wallet_id: UUID, shares: Iterable[Share]) -> list[Posting]:
    """Payable −, paid +, per lot."""
    return [
        posting
        for share in shares
        for posting in (_on_lot("payable", wallet_id, share, -1), _on_lot("paid", None, share, +1))
    ]


def withdrawn(wallet_id: UUID, shares: Iterable[Share]) -> list[Posting]:
    """Payable −, available +, per lot: the same lots."""
    return [
        posting
        for share in shares
        for posting in (_on_lot("payable", wallet_id, share, -1), _on_lot("available", wallet_id, share, +1))
    ]


def returned(wallet_id: UUID, shares: Iterable[Share]) -> list[Posting]:
    """Paid −, available +, per lot: the same lots."""
    return [
        posting
        for share in shares
        for posting in (_on_lot("paid", None, share, -1), _on_lot("available", wallet_id, share, +1))
    ]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The award that a reversal takes back: its budget and its two entries, which the reversal's entries point at."""

    program_id: UUID
    budget_id: UUID
    pending_entry_id: UUID | None
    budget_entry_id: UUID | None


def taken_back(wallet_id: UUID, origin: Origin, taken: Sequence[tuple[Taken, UUID]], owed: int) -> list[Posting]:
    """Each lot's part −; receivable − and recovering + for what is owed; budget + for what was covered.

    `taken` comes with the program of each lot. The expired part of the own lot leaves `expired`, which has no wallet.
    """
    postings = [
        Posting(
            kind=part.part,
            amount=-part.amount,
            program_id=program_id,
            wallet_id=None if part.part == "expired" else wallet_id,
            lot_id=part.lot_id,
            reverses_id=origin.pending_entry_id if part.target == "reversed" else None,
        )
        for part, program_id in taken
    ]
    covered = sum(part.amount for part, _ in taken)
    if owed:
        postings += [
            Posting(kind="receivable", amount=-owed, program_id=origin.program_id, wallet_id=wallet_id),
            Posting(kind="recovering", amount=owed, program_id=origin.program_id),
        ]
    if covered:
        postings.append(
            Posting(
                kind="budget",
                amount=covered,
                program_id=origin.program_id,
                budget_id=origin.budget_id,
                reverses_id=origin.budget_entry_id,
            )
        )
    return postings


def settled(debt: Debt, shares: Sequence[Share]) -> list[Posting]:
    """Available − per lot, receivable +, recovering −, budget + (that of the reversed award)."""
    amount = sum(share.amount for share in shares)
    return [
        *(_on_lot("available", debt.wallet_id, share, -1) for share in shares),
        *written_off(debt, amount),
        Posting(kind="budget", amount=amount, program_id=debt.program_id, budget_id=debt.budget_id),
    ]


def written_off(debt: Debt, amount: int) -> list[Posting]:
    """Receivable +, recovering −."""
    return [
        Posting(kind="receivable", amount=amount, program_id=debt.program_id, wallet_id=debt.wallet_id),
        Posting(kind="recovering", amount=-amount, program_id=debt.program_id),
    ]


def balance_of(kind: str, total: int) -> int:
    """The balance that a sum of entries means: `issued` and `receivable` are shown with the opposite sign."""
    return -total if kind in ("issued", "receivable") else total


def _on_lot(kind: str, wallet_id: UUID | None, share: Share, sign: int) -> Posting:
    return Posting(
        kind=kind, amount=sign * share.amount, program_id=share.program_id, wallet_id=wallet_id, lot_id=share.lot_id
    )
