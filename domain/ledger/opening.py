"""Wallets and budgets are locked here, in the one order, and wallets come out of it up to date."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.refusals import NotFound
from domain.ledger.booking import lock_periods_in
from domain.ledger.journal import Journal
from domain.ledger.loading import due_instants, due_lots, open_debts, wallets_by_id, wallets_by_owner
from domain.ledger.wallets import Owner, WalletState
from domain.ledger.writing import LOCK_BUDGETS, write_in

OWNERS_MAX = 5_000

CREATE_WALLETS = """
INSERT INTO wallet (id, owner_kind, owner_id, unit, pending, available, held, payable, receivable, seq)
SELECT id, owner_kind, owner_id, unit, 0, 0, 0, 0, 0, 0
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[]) AS opened (id, owner_kind, owner_id, unit)
ORDER BY owner_kind, owner_id, unit
ON CONFLICT (owner_kind, owner_id, unit) DO NOTHING
"""

LOCK_WALLETS = """
-- lock: wallet
SELECT id FROM wallet WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""

ALL_BUDGETS = "SELECT id FROM budget ORDER BY id"


async def open_wallets_in(
    op: Operation,
    owners: Collection[Owner],
    *,
    bookings: Iterable[tuple[UUID, datetime]] = (),
    budget_ids: Collection[UUID] | None = None,
) -> Mapping[Owner, WalletState]:
    """Each owner has a wallet, locked by id and up to date, until the operation ends.

    `bookings` are the (program, occurredAt) pairs that the caller will post at: their periods are locked first.
    `budget_ids` are the budgets that the caller will lock next: where a debt is settled here, they are locked with
    the debt's own, in one go (all budgets, if not told), so that no two operations wait for each other.
    At most 5,000 owners.
    """
    if len(owners) > OWNERS_MAX:
        raise ValueError(f"an operation opens at most {OWNERS_MAX} wallets")
    if bookings := list(bookings):
        await lock_periods_in(op, bookings)
    known = await _existing(op, owners)
    opened = await bring_up_to_date_in(op, [wallet.id for wallet in known.values()], budget_ids=budget_ids)
    return {wallet.owner: wallet for wallet in opened.values()}


async def lock_owners_in(op: Operation, owners: Collection[Owner]) -> None:
    """Each owner has a wallet, locked by id, but not yet up to date: for an operation that locks stock and codes next
    and moves points afterwards, so that budgets come last.
    """
    await lock_wallets_in(op, [wallet.id for wallet in (await _existing(op, owners)).values()])


async def lock_wallets_in(op: Operation, wallet_ids: Collection[UUID]) -> None:
    """As `lock_owners_in`, for wallets by id."""
    await _lock_periods_of_due(op, wallet_ids)
    await op.sql.fetch(LOCK_WALLETS, list(wallet_ids))


async def bring_up_to_date_in(
    op: Operation, wallet_ids: Collection[UUID], *, budget_ids: Collection[UUID] | None = ()
) -> Mapping[UUID, WalletState]:
    """The wallets are locked by id, and matured, expired and settled up to now; answers their balances.

    Refuses: NotFound for an id that is no wallet's.
    """
    await lock_wallets_in(op, wallet_ids)
    return await brought_up_to_date_in(op, wallet_ids, budget_ids=budget_ids)


async def brought_up_to_date_in(
    op: Operation, wallet_ids: Collection[UUID], *, budget_ids: Collection[UUID] | None = ()
) -> Mapping[UUID, WalletState]:
    """As `bring_up_to_date_in`, for wallets that this operation has locked already."""
    wallets = await wallets_by_id(op.sql, wallet_ids)
    for wallet_id in set(wallet_ids) - wallets.keys():
        raise NotFound(kind="wallet", id=str(wallet_id))
    due = [wallet for wallet in wallets.values() if wallet.next_due_at is not None and wallet.next_due_at <= op.now]
    if not due:
        return wallets
    journal = Journal(op.now)
    lots = await due_lots(op.sql, [wallet.id for wallet in due], op.now)
    in_debt = [wallet.id for wallet in due if wallet.receivable > 0]
    debts = await open_debts(op.sql, in_debt) if in_debt else []
    journal.know(wallets=due, lots=[lot for some in lots.values() for lot in some], debts=debts)
    for wallet in sorted(due, key=lambda wallet: wallet.id):
        journal.bring_up_to_date(wallet.id, lots.get(wallet.id, ()))
    settled = {debt.budget_id for debt in debts if journal.debts[debt.id] != debt}
    if settled:
        await lock_budgets_in(op, settled | set(await _budgets(op) if budget_ids is None else budget_ids))
    await write_in(op, journal)
    return {**wallets, **await wallets_by_id(op.sql, [wallet.id for wallet in due])}


async def lock_budgets_in(
    op: Operation, budget_ids: Collection[UUID], *, wallets: Iterable[WalletState] = ()
) -> Mapping[UUID, int]:
    """The budgets are locked by id until the operation ends; answers what each may still award.

    `wallets` are those the caller opened: the budgets to which their debts would be paid are locked in the same go.
    """
    in_debt = [wallet.id for wallet in wallets if wallet.receivable > 0]
    debts = await open_debts(op.sql, in_debt) if in_debt else []
    rows = await op.sql.fetch(LOCK_BUDGETS, sorted({*budget_ids, *(debt.budget_id for debt in debts)}))
    return {row["id"]: row["balance"] for row in rows}


async def _existing(op: Operation, owners: Collection[Owner]) -> Mapping[Owner, WalletState]:
    known = await wallets_by_owner(op.sql, owners)
    missing = sorted(set(owners) - known.keys(), key=lambda owner: (owner.kind, owner.id, owner.unit))
    if missing:
        kinds, ids, units = [o.kind.value for o in missing], [o.id for o in missing], [o.unit for o in missing]
        await op.sql.execute(CREATE_WALLETS, new_ids(len(missing)), kinds, ids, units)
        known = await wallets_by_owner(op.sql, owners)
    return known


async def _budgets(op: Operation) -> list[UUID]:
    return [row["id"] for row in await op.sql.fetch(ALL_BUDGETS)]


async def _lock_periods_of_due(op: Operation, wallet_ids: Collection[UUID]) -> None:
    # Periods come before wallets in the lock order, so what is due is looked at once before its wallet is locked.
    seen = await due_lots(op.sql, wallet_ids, op.now)
    if seen:
        lots = [lot for some in seen.values() for lot in some]
        await lock_periods_in(op, due_instants(lots, await open_debts(op.sql, list(seen)), op.now))
