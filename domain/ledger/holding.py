"""Points are set aside for references; each hold ends once: captured (spent) or released; a capture may be refunded.

Each function takes any number of holds and writes one journal: its statements do not grow with their number.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput, NotFound
from domain.ledger.booking import policies_of
from domain.ledger.journal import Journal
from domain.ledger.loading import lots_by_id, open_debts, spendable_lots
from domain.ledger.lots import Lot, take
from domain.ledger.opening import bring_up_to_date_in, open_wallets_in
from domain.ledger.refusals import HoldEnded, HoldNotCaptured, InsufficientPoints, WalletInDebt
from domain.ledger.wallets import Owner, WalletState
from domain.ledger.writing import write_in

AMOUNT_MAX = 10**15
HOLDS_MAX = 1_000

HOLDS = "SELECT id, wallet_id, state, refunded_at FROM hold WHERE id = ANY($1::uuid[]) ORDER BY wallet_id, id"

HOLD_LOTS = "SELECT hold_id, lot_id, amount FROM hold_lot WHERE hold_id = ANY($1::uuid[]) ORDER BY hold_id, lot_id"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What points are held for; a reference has one hold, ever."""

    kind: str
    id: UUID


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A hold under its wallet's lock: where it stands, and how much of which lot it is made of."""

    id: UUID
    wallet: WalletState
    state: str
    is_refunded: bool
    parts: tuple[tuple[UUID, int], ...]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What holding an amount would do: the wallet as it stands, and which lots would give how much."""

    wallet: WalletState
    taken: tuple[tuple[Lot, int], ...]


async def hold_each_in(op: Operation, owner: Owner, parts: Sequence[tuple[Reference, int]]) -> list[UUID]:
    """Each reference has its amount of the owner's available points held, earliest expiry first; answers the holds'
    ids in the order given. All or none; at most 1,000.

    An open debt is judged by the program of the oldest one: refused, written off, or allowed (what is available
    decides then).

    Refuses: InvalidInput (an amount and their sum: 1 to 10^15); WalletInDebt; InsufficientPoints; AlreadyHeld.
    """
    if not parts or min(amount for _, amount in parts) < 1:
        raise InvalidInput(field="amount", problem=f"1 to {AMOUNT_MAX}")
    if len(parts) > HOLDS_MAX:
        raise ValueError(f"an operation holds for at most {HOLDS_MAX} references")
    journal, wallet, lots = await _judged(op, owner, sum(amount for _, amount in parts))
    hold_ids = list[UUID]()
    for reference, amount in parts:
        taken = take([journal.lots[lot.id] for lot in lots], amount)
        hold_ids.append(journal.hold(wallet, taken, (reference.kind, reference.id)))
    await write_in(op, journal)
    return hold_ids


async def preview_hold_in(op: Operation, owner: Owner, amount: int) -> Preview:
    """What holding this much now would take; nothing is held, but the wallet is up to date and locked.

    Refuses: as `hold_each_in`.
    """
    _, wallet, lots = await _judged(op, owner, amount)
    return Preview(wallet=wallet, taken=tuple(take(lots, amount)))


async def _judged(op: Operation, owner: Owner, needed: int) -> tuple[Journal, WalletState, list[Lot]]:
    """The owner's wallet, open, with lots that cover what is needed, in a journal that knows what becomes of debts."""
    if not 1 <= needed <= AMOUNT_MAX:
        raise InvalidInput(field="amount", problem=f"1 to {AMOUNT_MAX}")
    wallet = (await open_wallets_in(op, [owner], budget_ids=()))[owner]
    journal = Journal(op.now)
    journal.know(wallets=[wallet])
    if wallet.receivable > 0:
        await _judge_debts(op, journal, wallet)
    lots = (await spendable_lots(op.sql, {wallet.id: needed})).get(wallet.id, [])
    journal.know(lots=lots)
    if sum(lot.available for lot in lots) < needed:
        raise InsufficientPoints(unit=owner.unit, available=wallet.available, needed=needed)
    return journal, wallet, lots


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


async def capture_each_in(op: Operation, hold_ids: Collection[UUID]) -> None:
    """The held points are spent.

    Refuses: NotFound; HoldEnded.
    """
    if not hold_ids:
        return
    holds = await _standing(op, hold_ids)
    _refuse_ended(holds)
    journal = Journal(op.now)
    journal.know(wallets=[hold.wallet for hold in holds], lots=await _lots(op, holds))
    for hold in holds:
        journal.capture(hold.wallet, hold.id, hold.parts)
    await write_in(op, journal)


async def release_each_in(op: Operation, hold_ids: Collection[UUID]) -> None:
    """The held points are back in the same lots and have paid what debts they could.

    A lot that expired meanwhile lives on for as many days as its program grants (none: it expires at once).

    Refuses: NotFound; HoldEnded.
    """
    if not hold_ids:
        return
    holds = await _standing(op, hold_ids)
    _refuse_ended(holds)
    journal, extended = await _giving_back(op, holds)
    for hold in holds:
        journal.release(hold.wallet, hold.id, hold.parts, _of(hold, extended))
    await _settled_and_written(op, journal, holds)


async def refund_each_in(op: Operation, hold_ids: Collection[UUID]) -> None:
    """The spent points of whole holds are back in the same lots and have paid what debts they could; once.

    A lot that expired meanwhile lives on as after a release. Awards that were taken back meanwhile owe nothing new:
    what was then missing is a debt, which these points pay first.

    Refuses: NotFound; HoldNotCaptured; HoldEnded (refunded before).
    """
    if not hold_ids:
        return
    holds = await _standing(op, hold_ids)
    for hold in holds:
        if hold.state != "CAPTURED":
            raise HoldNotCaptured(state=hold.state)
        if hold.is_refunded:
            raise HoldEnded(state="REFUNDED")
    journal, extended = await _giving_back(op, holds)
    for hold in holds:
        journal.refund(hold.wallet, hold.id, hold.parts, _of(hold, extended))
    await _settled_and_written(op, journal, holds)


async def hold_in(op: Operation, owner: Owner, amount: int, reference: Reference) -> UUID:
    """As `hold_each_in`, for one reference; answers the hold's id."""
    return (await hold_each_in(op, owner, [(reference, amount)]))[0]


async def capture_in(op: Operation, hold_id: UUID) -> None:
    """As `capture_each_in`, for one hold."""
    await capture_each_in(op, [hold_id])


async def release_in(op: Operation, hold_id: UUID) -> None:
    """As `release_each_in`, for one hold."""
    await release_each_in(op, [hold_id])


async def refund_in(op: Operation, hold_id: UUID) -> None:
    """As `refund_each_in`, for one hold."""
    await refund_each_in(op, [hold_id])


async def _standing(op: Operation, hold_ids: Collection[UUID]) -> list[Standing]:
    if len(hold_ids) > HOLDS_MAX:
        raise ValueError(f"an operation moves at most {HOLDS_MAX} holds")
    ids = list(set(hold_ids))
    seen = await op.sql.fetch(HOLDS, ids)
    for hold_id in set(ids) - {row["id"] for row in seen}:
        raise NotFound(kind="hold", id=str(hold_id))
    wallets = await bring_up_to_date_in(op, {row["wallet_id"] for row in seen})
    parts = defaultdict[UUID, list[tuple[UUID, int]]](list)
    for part in await op.sql.fetch(HOLD_LOTS, ids):
        parts[part["hold_id"]].append((part["lot_id"], part["amount"]))
    return [
        Standing(
            id=row["id"],
            wallet=wallets[row["wallet_id"]],
            state=row["state"],
            is_refunded=row["refunded_at"] is not None,
            parts=tuple(parts[row["id"]]),
        )
        for row in await op.sql.fetch(HOLDS, ids)
    ]


def _refuse_ended(holds: Sequence[Standing]) -> None:
    for hold in holds:
        if hold.state != "HELD":
            raise HoldEnded(state=hold.state)


def _of(hold: Standing, extended: Mapping[UUID, datetime]) -> dict[UUID, datetime]:
    return {lot_id: extended[lot_id] for lot_id, _ in hold.parts if lot_id in extended}


async def _lots(op: Operation, holds: Sequence[Standing]) -> list[Lot]:
    return await lots_by_id(op.sql, {lot_id for hold in holds for lot_id, _ in hold.parts})


async def _giving_back(op: Operation, holds: Sequence[Standing]) -> tuple[Journal, Mapping[UUID, datetime]]:
    """A journal that knows all that a giving back may touch, and the new expiry of lots that expired meanwhile."""
    lots = await _lots(op, holds)
    expired = [lot for lot in lots if lot.expires_at is not None and lot.expires_at <= op.now]
    extended = dict[UUID, datetime]()
    if expired:
        policies = await policies_of(op.sql, {lot.program_id for lot in expired})
        extended = {lot.id: op.now + policies[lot.program_id].expired_hold for lot in expired}
    journal = Journal(op.now)
    debts = await open_debts(op.sql, {hold.wallet.id for hold in holds})
    journal.know(wallets=[hold.wallet for hold in holds], lots=lots, debts=debts)
    return journal, extended


async def _settled_and_written(op: Operation, journal: Journal, holds: Sequence[Standing]) -> None:
    back = defaultdict[UUID, set[UUID]](set)
    for hold in holds:
        back[hold.wallet.id] |= {lot_id for lot_id, _ in hold.parts}
    for wallet_id in sorted(back):
        lot_ids = sorted(back[wallet_id])
        journal.bring_up_to_date(wallet_id, [journal.lots[lot_id] for lot_id in lot_ids])
        journal.settle(wallet_id, lot_ids)
    await write_in(op, journal)
