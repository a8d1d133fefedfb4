"""Where one award's points are: the parts of a lot, when it moves next, and which lots a spender takes first."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

PARTS = ("pending", "available", "held", "payable", "redeemed", "paid", "expired", "reversed", "settled")
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Lot:
    """The points of one award by where they are; the parts always sum to `amount`."""

    id: UUID
    award_id: UUID
    wallet_id: UUID
    program_id: UUID
    amount: int
    pending: int = 0
    available: int = 0
    held: int = 0
    payable: int = 0
    redeemed: int = 0
    paid: int = 0
    expired: int = 0
    reversed: int = 0
    settled: int = 0
    matures_at: datetime
    expires_at: datetime | None

    def part(self, name: str) -> int:
        """The amount of one of PARTS."""
        return getattr(self, name)

    def moved(self, amount: int, source: str, target: str) -> "Lot":
        """The lot after `amount` went from one part to another.

        Refuses: ValueError if the part holds less, or the amount is not positive.
        """
        if not 0 < amount <= self.part(source):
            raise ValueError(f"{amount} cannot leave the {source} part of a lot, which holds {self.part(source)}")
        return replace(self, **{source: self.part(source) - amount, target: self.part(target) + amount})

    @property
    def next_due_at(self) -> datetime | None:
        """When it next moves on its own: it matures, or what is available expires."""
        if self.pending > 0:
            return self.matures_at
        return self.expires_at if self.available > 0 else None


def in_spending_order(lots: Iterable[Lot]) -> list[Lot]:
    """Earliest expiry first; lots that never expire come last, by id: the order of every taker."""
    return sorted(lots, key=lambda lot: (lot.expires_at or NEVER, lot.id))


def take(lots: Iterable[Lot], amount: int, part: str = "available") -> list[tuple[Lot, int]]:
    """Which lots give how much of `amount` from one part, in spending order; less than asked if they hold less."""
    taken = list[tuple[Lot, int]]()
    for lot in in_spending_order(lots):
        if amount == 0:
            break
        share = min(amount, lot.part(part))
        if share > 0:
            taken.append((lot, share))
            amount -= share
    return taken
