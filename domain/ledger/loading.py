"""Rows of wallets, lots and debts as the pure records that decide; every statement takes a set of wallets."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.kernel.sql import Connection, Database, Row
from domain.ledger.lots import Lot
from domain.ledger.reversals import Debt
from domain.ledger.wallets import Owner, OwnerKind, WalletState

Source = Database | Connection

WALLET = """
SELECT wallet.id, owner_kind, owner_id, unit, pending, available, held, payable, receivable, seq, next_due_at,
       belonging.partner_id
FROM wallet LEFT JOIN belonging ON belonging.subject_id = wallet.owner_id
"""

WALLETS_BY_ID = f"{WALLET} WHERE wallet.id = ANY($1::uuid[])"

WALLETS_BY_OWNER = f"""{WALLET}
WHERE (owner_kind, owner_id, unit) IN (SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[]))
"""

LOT = """
SELECT id, award_id, wallet_id, program_id, amount, pending, available, held, payable, redeemed, paid, expired,
       reversed, settled, matures_at, expires_at
FROM lot
"""

DUE_LOTS = f"""{LOT}
WHERE wallet_id = ANY($1::uuid[]) AND pending + available + held + payable > 0
  AND (pending > 0 AND matures_at <= $2 OR available > 0 AND expires_at <= $2)
"""

LOTS_BY_ID = f"{LOT} WHERE id = ANY($1::uuid[])"

# The lots that cover what is asked of each wallet, in spending order, and not one more.
SPENDABLE_LOTS = """
SELECT id, award_id, wallet_id, program_id, amount, pending, available, held, payable, redeemed, paid, expired,
       reversed, settled, matures_at, expires_at
FROM (SELECT lot.*, asked.amount AS asked,
             sum(lot.available) OVER (PARTITION BY lot.wallet_id ORDER BY lot.expires_at NULLS LAST, lot.id)
               - lot.available AS before
      FROM unnest($1::uuid[], $2::bigint[]) AS asked (wallet_id, amount)
      JOIN lot ON lot.wallet_id = asked.wallet_id
      WHERE lot.available > 0 AND lot.pending + lot.available + lot.held + lot.payable > 0) AS ranked
WHERE before < asked
"""

OPEN_DEBTS = """
SELECT id, wallet_id, reversal_id, program_id, budget_id, amount, outstanding, recorded_at
FROM debt WHERE wallet_id = ANY($1::uuid[]) AND outstanding > 0 ORDER BY recorded_at, id
"""


def wallet_of(row: Row) -> WalletState:
    """A wallet's row as its record."""
    return WalletState(
        id=row["id"],
        owner=Owner(kind=OwnerKind(row["owner_kind"]), id=row["owner_id"], unit=row["unit"]),
        partner_id=row["partner_id"],
        pending=row["pending"],
        available=row["available"],
        held=row["held"],
        payable=row["payable"],
        receivable=row["receivable"],
        seq=row["seq"],
        next_due_at=row["next_due_at"],
    )


async def wallets_by_id(source: Source, wallet_ids: Collection[UUID]) -> dict[UUID, WalletState]:
    """The wallets that exist, by id."""
    rows = await source.fetch(WALLETS_BY_ID, list(wallet_ids))
    return {row["id"]: wallet_of(row) for row in rows}


async def wallets_by_owner(source: Source, owners: Collection[Owner]) -> dict[Owner, WalletState]:
    """The wallets that exist, by owner and unit."""
    kinds, ids, units = [o.kind.value for o in owners], [o.id for o in owners], [o.unit for o in owners]
    found = map(wallet_of, await source.fetch(WALLETS_BY_OWNER, kinds, ids, units))
    return {wallet.owner: wallet for wallet in found}


async def due_lots(source: Source, wallet_ids: Collection[UUID], until: datetime) -> dict[UUID, list[Lot]]:
    """The lots that mature or expire up to `until`, by wallet."""
    return by_wallet(Lot(**row) for row in await source.fetch(DUE_LOTS, list(wallet_ids), until))


async def lots_by_id(source: Source, lot_ids: Collection[UUID]) -> list[Lot]:
    """The named lots."""
    return [Lot(**row) for row in await source.fetch(LOTS_BY_ID, list(lot_ids))]


async def spendable_lots(source: Source, asked: Mapping[UUID, int]) -> dict[UUID, list[Lot]]:
    """For each wallet, lots whose available points cover the amount asked of it, or all it has."""
    rows = await source.fetch(SPENDABLE_LOTS, list(asked), list(asked.values()))
    return by_wallet(Lot(**row) for row in rows)


async def open_debts(source: Source, wallet_ids: Collection[UUID]) -> list[Debt]:
    """What these wallets still owe, oldest first."""
    return [Debt(**row) for row in await source.fetch(OPEN_DEBTS, list(wallet_ids))]


def by_wallet(lots: Iterable[Lot]) -> dict[UUID, list[Lot]]:
    """The lots grouped by wallet."""
    grouped = defaultdict[UUID, list[Lot]](list)
    for lot in lots:
        grouped[lot.wallet_id].append(lot)
    return grouped


def due_instants(lots: Sequence[Lot], debts: Sequence[Debt], until: datetime) -> set[tuple[UUID, datetime]]:
    """The (program, instant) pairs at which a fold of these lots may book an entry."""
    pairs = set[tuple[UUID, datetime]]()
    for lot in lots:
        for at in (lot.matures_at, lot.expires_at):
            if at is not None and at <= until:
                pairs.add((lot.program_id, at))
                pairs |= {(debt.program_id, max(at, debt.recorded_at)) for debt in debts}
                pairs |= {(lot.program_id, max(at, debt.recorded_at)) for debt in debts}
    return pairs
