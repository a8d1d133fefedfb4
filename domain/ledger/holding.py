"""Points are set aside for one reference, and that hold ends once: captured (spent) or released (back to its lots)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput, NotFound
from domain.ledger.booking import policies_of
from domain.ledger.journal import Journal
from domain.ledger.loading import lots_by_id, open_debts, spendable_lots
from domain.ledger.lots import take
from domain.ledger.opening import bring_up_to_date_in, open_wallets_in
from domain.ledger.refusals import HoldEnded, InsufficientPoints, WalletInDebt
from domain.ledger.wallets import Owner, WalletState
from domain.ledger.writing import write_in

AMOUNT_MAX = 10**15

HOLD = "SELECT id, wallet_id, state FROM hold WHERE id = $1"

HOLD_LOTS = "SELECT lot_id, amount FROM hold_lot WHERE hold_id = $1 ORDER BY lot_id"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What points are held for; a reference has one hold, ever."""

    kind: str
    id: UUID


async def hold_in(op: Operation, owner: Owner, amount: int, reference: Reference) -> UUID:
    """`amount` of the owner's available points is held, earliest expiry first; answers the hold's id.

    An open debt is judged by the program of the oldest one: refused, written off, or allowed (what is available
    decides then).

    Refuses: InvalidInput (1 to 10^15); WalletInDebt; InsufficientPoints; AlreadyHeld.
    """
    if not 1 <= amount <= AMOUNT_MAX:
        raise InvalidInput(field="amount", problem=f"1 to {AMOUNT_MAX}")
    wallet = (await open_wallets_in(op, [owner], budget_ids=()))[owner]
    journal = Journal(op.now)
    journal.know(wallets=[wallet])
    if wallet.receivable > 0:
        await _judge_debts(op, journal, wallet)
    lots = (await spendable_lots(op.sql, {wallet.id: amount})).get(wallet.id, [])
    journal.know(lots=lots)
    taken = take(lots, amount)
    if sum(share for _, share in taken) < amount:
        raise InsufficientPoints(unit=owner.unit, available=wallet.available, needed=amount)
    hold_id = journal.hold(wallet, taken, (reference.kind, reference.id))
    await write_in(op, journal)
    return hold_id


async def _judge_debts(op: Operation, journal: Journal, wallet: WalletState) -> None:
    debts = await open_debts(op.sql, [wallet.id])
    oldest = debts[0].program_id
    policy = (await policies_of(op.sql, [oldest]))[oldest].debt_policy
    if policy == "REFUSE":
        raise WalletInDebt(unit=wallet.owner.unit, outstanding=wallet.receivable)
    if policy == "WRITE_OFF":
        journal.know(debts=debts)
        for debt in debts:
            journal.write_off(wallet, debt, "written off by the program's policy when points were redeemed")


async def capture_in(op: Operation, hold_id: UUID) -> None:
    """The held points are spent, for good.

    Refuses: NotFound; HoldEnded.
    """
    wallet, parts = await _open_hold(op, hold_id)
    journal = Journal(op.now)
    journal.know(wallets=[wallet], lots=await lots_by_id(op.sql, [lot_id for lot_id, _ in parts]))
    journal.capture(wallet, hold_id, parts)
    await write_in(op, journal)


async def release_in(op: Operation, hold_id: UUID) -> None:
    """The held points are back in the same lots and have paid what debts they could.

    A lot that expired meanwhile lives on for as many days as its program grants (none: it expires at once).

    Refuses: NotFound; HoldEnded.
    """
    wallet, parts = await _open_hold(op, hold_id)
    lots = await lots_by_id(op.sql, [lot_id for lot_id, _ in parts])
    expired = [lot for lot in lots if lot.expires_at is not None and lot.expires_at <= op.now]
    extended = dict[UUID, datetime]()
    if expired:
        policies = await policies_of(op.sql, {lot.program_id for lot in expired})
        extended = {lot.id: op.now + policies[lot.program_id].expired_hold for lot in expired}
    journal = Journal(op.now)
    journal.know(wallets=[wallet], lots=lots, debts=await open_debts(op.sql, [wallet.id]))
    journal.release(wallet, hold_id, parts, extended)
    lot_ids = [lot_id for lot_id, _ in parts]
    journal.bring_up_to_date(wallet.id, [journal.lots[lot_id] for lot_id in lot_ids])
    journal.settle(wallet.id, lot_ids)
    await write_in(op, journal)


async def _open_hold(op: Operation, hold_id: UUID) -> tuple[WalletState, list[tuple[UUID, int]]]:
    row = await op.sql.fetchrow(HOLD, hold_id)
    if row is None:
        raise NotFound(kind="hold", id=str(hold_id))
    wallet = (await bring_up_to_date_in(op, [row["wallet_id"]]))[row["wallet_id"]]
    standing = await op.sql.fetchrow(HOLD, hold_id)
    assert standing is not None, "holds are never deleted"
    if standing["state"] != "HELD":
        raise HoldEnded(state=standing["state"])
    parts = [(part["lot_id"], part["amount"]) for part in await op.sql.fetch(HOLD_LOTS, hold_id)]
    return wallet, parts
