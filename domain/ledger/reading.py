"""What the face may ask of the ledger: wallets as they are now, their entries, lots, upcoming moves and debts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.kernel.sql import Connection, Database, Row, sure_value
from domain.ledger.loading import LOT, due_lots, open_debts, wallet_of
from domain.ledger.lots import Lot
from domain.ledger.reversals import Debt
from domain.ledger.wallets import OwnerKind, WalletState, after, fold

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
WALLETS_PER_OWNER_MAX = 100


@dataclass(frozen=True, kw_only=True)
class WalletRecord:
    """A wallet as of now: what is due is shown as done, also before a worker has posted it. `version` is its seq."""

    id: UUID
    version: int
    unit: str
    member_id: UUID | None
    partner_id: UUID | None
    pending: int
    available: int
    held: int
    payable: int
    receivable: int
    next_due_at: datetime | None
    as_of: datetime
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class TransactionRecord:
    """The transaction of an entry, with its cause."""

    id: UUID
    kind: str
    cause_kind: str
    cause_id: UUID
    reason: str | None
    effective_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class EntryRecord:
    """One entry of a wallet; the amount is signed (`receivable` entries are the debt's opposite)."""

    id: UUID
    seq: int
    kind: str
    amount: int
    effective_at: datetime
    booking: str
    transaction: TransactionRecord
    program_id: UUID
    lot_id: UUID | None
    reverses_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class UpcomingMove:
    """Points that will mature or expire at an instant."""

    at: datetime
    amount: int
    program_id: UUID


WALLET = f"""
SELECT viewer.place, wallet.id, owner_kind, owner_id, unit, pending, available, held, payable, receivable, seq,
       next_due_at, belonging.partner_id AS partner_id, guerdon_now() AS as_of,
       {{relation}} AS relation
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
""".format(
    relation=relation_sql(
        member="CASE WHEN wallet.owner_kind = 'MEMBER' THEN wallet.owner_id END", partner="belonging.partner_id"
    )
)

BY_ID = f"""
SELECT * FROM ({WALLET} JOIN wallet ON wallet.id = asked.id
               LEFT JOIN belonging ON belonging.subject_id = wallet.owner_id) AS seen WHERE relation IS NOT NULL
"""

BY_OWNER = f"""
SELECT * FROM ({WALLET} CROSS JOIN LATERAL (
                 SELECT * FROM wallet WHERE wallet.owner_kind = $7 AND wallet.owner_id = asked.id
                 ORDER BY unit LIMIT {WALLETS_PER_OWNER_MAX}) AS wallet
               LEFT JOIN belonging ON belonging.subject_id = wallet.owner_id) AS seen
WHERE relation IS NOT NULL ORDER BY place, unit
"""

ENTRIES = """
SELECT asked.id AS of, e.id, e.seq, e.kind, e.amount, e.effective_at, e.booking, e.program_id, e.lot_id, e.reverses_id,
       t.id AS transaction_id, t.kind AS transaction_kind, t.cause_kind, t.cause_id, t.reason,
       t.effective_at AS transaction_effective_at, t.recorded_at
FROM unnest($1::uuid[]) AS asked (id)
CROSS JOIN LATERAL (SELECT * FROM entry WHERE wallet_id = asked.id AND ($2::bigint IS NULL OR seq < $2)
                    ORDER BY seq DESC LIMIT $3) AS e
JOIN transaction AS t ON t.id = e.transaction_id ORDER BY e.seq DESC
"""

LOTS = f"""
SELECT page.* FROM unnest($1::uuid[]) AS asked (id)
CROSS JOIN LATERAL ({LOT} WHERE wallet_id = asked.id AND (NOT $2 OR pending + available + held + payable > 0)
                    AND ($4::uuid IS NULL
                         OR (coalesce(expires_at, 'infinity'), id) > (coalesce($3::timestamptz, 'infinity'), $4))
                    ORDER BY coalesce(expires_at, 'infinity'), id LIMIT $5) AS page
"""

# The sums of what moves at the same instant in the same program, soonest first.
UPCOMING = """
SELECT asked.id AS of, move.at, move.amount, move.program_id FROM unnest($1::uuid[]) AS asked (id)
CROSS JOIN LATERAL (
  SELECT {at} AS at, program_id, sum({part})::bigint AS amount FROM lot
  WHERE wallet_id = asked.id AND pending + available + held + payable > 0 AND {part} > 0 AND {at} > guerdon_now()
  GROUP BY {at}, program_id ORDER BY {at}, program_id LIMIT $2) AS move
ORDER BY move.at, move.program_id
"""

DEBTS = """
SELECT page.* FROM unnest($1::uuid[]) AS asked (id)
CROSS JOIN LATERAL (SELECT id, wallet_id, reversal_id, program_id, budget_id, amount, outstanding, recorded_at FROM debt
                    WHERE wallet_id = asked.id AND (NOT $2 OR outstanding > 0)
                      AND ($3::timestamptz IS NULL OR (recorded_at, id) > ($3, $4::uuid))
                    ORDER BY recorded_at, id LIMIT $5) AS page
"""


async def wallets_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, WalletRecord]:
    """Those of the wallets that their actor may be handed, as of now."""
    rows = await sql.fetch(BY_ID, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    records = await _as_of_now(sql, rows)
    return {pairs[row["place"] - 1]: record for row, record in zip(rows, records, strict=True)}


async def wallets_of_members(sql: Source, pairs: Pairs) -> Mapping[Pair, list[WalletRecord]]:
    """Each member's wallets, by unit, at most 100."""
    return await _wallets_of(sql, OwnerKind.MEMBER, pairs)


async def wallets_of_partners(sql: Source, pairs: Pairs) -> Mapping[Pair, list[WalletRecord]]:
    """Each partner's own wallets (not its members'), by unit, at most 100."""
    return await _wallets_of(sql, OwnerKind.PARTNER, pairs)


async def _wallets_of(sql: Source, kind: OwnerKind, pairs: Pairs) -> Mapping[Pair, list[WalletRecord]]:
    owners = [key for _, key in pairs]
    rows = await sql.fetch(BY_OWNER, *viewer_arguments(actor for actor, _ in pairs), owners, kind.value)
    grouped = defaultdict[Pair, list[WalletRecord]](list)
    for row, record in zip(rows, await _as_of_now(sql, rows), strict=True):
        grouped[pairs[row["place"] - 1]].append(record)
    return grouped


async def entries_of_wallets(
    sql: Source, pairs: Pairs, *, limit: int, after: int | None = None
) -> Mapping[Pair, list[EntryRecord]]:
    """A page of each wallet's entries, newest first: those with a `seq` below `after`."""
    grouped = defaultdict[UUID, list[EntryRecord]](list)
    allowed = await _allowed(sql, pairs)
    for row in await sql.fetch(ENTRIES, _ids(allowed), after, _bounded(limit)):
        grouped[row["of"]].append(_entry(row))
    return {pair: grouped[pair[1]] for pair in allowed}


async def lots_of_wallets(
    sql: Source, pairs: Pairs, *, limit: int, after: tuple[datetime | None, UUID] | None = None, live: bool = True
) -> Mapping[Pair, list[Lot]]:
    """A page of each wallet's lots in spending order, as of now; `after` is the last (expiresAt, id)."""
    allowed = await _allowed(sql, pairs)
    expires_at, lot_id = after or (None, None)
    rows = await sql.fetch(LOTS, _ids(allowed), live, expires_at, lot_id, _bounded(limit))
    folded = await _folded(sql, _ids(allowed))
    grouped = defaultdict[UUID, list[Lot]](list)
    for row in rows:
        lot = Lot(**row)
        grouped[lot.wallet_id].append(folded.lots.get(lot.id, lot))
    return {pair: grouped[pair[1]] for pair in allowed}


async def upcoming_expiries(sql: Source, pairs: Pairs, *, limit: int) -> Mapping[Pair, list[UpcomingMove]]:
    """What is available and will expire, soonest first."""
    return await _upcoming(sql, pairs, UPCOMING.format(at="expires_at", part="available"), limit)


async def upcoming_maturities(sql: Source, pairs: Pairs, *, limit: int) -> Mapping[Pair, list[UpcomingMove]]:
    """What is pending and will become available, soonest first."""
    return await _upcoming(sql, pairs, UPCOMING.format(at="matures_at", part="pending"), limit)


async def debts_of_wallets(
    sql: Source, pairs: Pairs, *, limit: int, after: tuple[datetime, UUID] | None = None, open_only: bool = True
) -> Mapping[Pair, list[Debt]]:
    """A page of each wallet's debts, oldest first, as of now; `after` is the last (recordedAt, id)."""
    allowed = await _allowed(sql, pairs)
    recorded_at, debt_id = after or (None, None)
    rows = await sql.fetch(DEBTS, _ids(allowed), open_only, recorded_at, debt_id, _bounded(limit))
    folded = await _folded(sql, _ids(allowed))
    grouped = defaultdict[UUID, list[Debt]](list)
    for row in rows:
        debt = Debt(**row)
        grouped[debt.wallet_id].append(folded.debts.get(debt.id, debt))
    return {pair: grouped[pair[1]] for pair in allowed}


async def debts_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, Debt]:
    """Those of the debts that their actor may be handed."""
    rows = await sql.fetch("SELECT * FROM debt WHERE id = ANY($1::uuid[])", [key for _, key in pairs])
    debts = {row["id"]: Debt(**row) for row in rows}
    known = [pair for pair in pairs if pair[1] in debts]
    allowed = set(await _allowed(sql, [(actor, debts[key].wallet_id) for actor, key in known]))
    return {pair: debts[pair[1]] for pair in known if (pair[0], debts[pair[1]].wallet_id) in allowed}


OPEN_OF_PROGRAM = """
SELECT COALESCE(sum(CASE WHEN matures_at > guerdon_now() THEN pending ELSE 0 END + payable), 0)::bigint
FROM lot WHERE program_id = $1 AND (pending > 0 OR payable > 0)
"""


async def open_amount_of(sql: Source, program_id: UUID) -> int:
    """What of the program's awards is still pending, or on its way to be paid."""
    return await sure_value(sql, OPEN_OF_PROGRAM, program_id)


async def _upcoming(sql: Source, pairs: Pairs, statement: str, limit: int) -> Mapping[Pair, list[UpcomingMove]]:
    allowed = await _allowed(sql, pairs)
    grouped = defaultdict[UUID, list[UpcomingMove]](list)
    for row in await sql.fetch(statement, _ids(allowed), _bounded(limit)):
        grouped[row["of"]].append(UpcomingMove(at=row["at"], amount=row["amount"], program_id=row["program_id"]))
    return {pair: grouped[pair[1]] for pair in allowed}


async def _allowed(sql: Source, pairs: Pairs) -> list[Pair]:
    rows = await sql.fetch(BY_ID, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    return [pairs[row["place"] - 1] for row in rows]


def _ids(pairs: Iterable[Pair]) -> list[UUID]:
    return sorted({key for _, key in pairs})


def _bounded(limit: int) -> int:
    if not 1 <= limit <= PAGE_MAX:
        raise ValueError(f"a page holds 1 to {PAGE_MAX - 1} rows")
    return limit


@dataclass(frozen=True, kw_only=True)
class Folded:
    """What due lots and debts are once they have moved, and the wallets they belong to."""

    lots: Mapping[UUID, Lot]
    debts: Mapping[UUID, Debt]
    wallets: Mapping[UUID, WalletState]


NEXT_DUE = """
SELECT id, wallet_id, pending, available, matures_at, expires_at FROM lot
WHERE wallet_id = ANY($1::uuid[]) AND pending + available + held + payable > 0
  AND CASE WHEN pending > 0 THEN matures_at ELSE expires_at END > $2
"""

DUE_WALLETS = """
SELECT wallet.*, belonging.partner_id FROM wallet LEFT JOIN belonging ON belonging.subject_id = wallet.owner_id
WHERE wallet.id = ANY($1::uuid[]) AND wallet.next_due_at <= $2
"""


async def _folded(sql: Source, wallet_ids: Sequence[UUID], as_of: datetime | None = None) -> Folded:
    now = as_of
    if now is None:
        now = await sql.fetchval("SELECT guerdon_now()")
        assert now is not None, "a clock always answers"
    due = {row["id"]: wallet_of(row) for row in await sql.fetch(DUE_WALLETS, wallet_ids, now)}
    lots, debts = dict[UUID, Lot](), dict[UUID, Debt]()
    if not due:
        return Folded(lots=lots, debts=debts, wallets=due)
    owed = defaultdict[UUID, list[Debt]](list)
    for debt in await open_debts(sql, list(due)):
        owed[debt.wallet_id].append(debt)
    moving = await due_lots(sql, list(due), now)
    later = defaultdict[UUID, list[datetime]](list)
    for row in await sql.fetch(NEXT_DUE, list(due), now):
        at = row["matures_at"] if row["pending"] > 0 else row["expires_at"] if row["available"] > 0 else None
        if at is not None:
            later[row["wallet_id"]].append(at)
    for wallet_id, wallet in due.items():
        steps, moved, paid = fold(moving.get(wallet_id, ()), owed[wallet_id], now)
        lots.update(moved)
        debts.update(paid)
        coming = [*later[wallet_id], *(lot.next_due_at for lot in moved.values() if lot.next_due_at)]
        due[wallet_id] = after(wallet, steps, min(coming, default=None))
    return Folded(lots=lots, debts=debts, wallets=due)


async def _as_of_now(sql: Source, rows: Sequence[Row]) -> list[WalletRecord]:
    due = [row["id"] for row in rows if row["next_due_at"] is not None and row["next_due_at"] <= row["as_of"]]
    folded = (await _folded(sql, due, rows[0]["as_of"])).wallets if due else {}
    return [_wallet(row, folded.get(row["id"]) or wallet_of(row)) for row in rows]


def _wallet(row: Row, wallet: WalletState) -> WalletRecord:
    return WalletRecord(
        id=wallet.id,
        version=wallet.seq,
        unit=wallet.owner.unit,
        member_id=wallet.member_id,
        partner_id=wallet.owner.id if wallet.owner.kind is OwnerKind.PARTNER else None,
        pending=wallet.pending,
        available=wallet.available,
        held=wallet.held,
        payable=wallet.payable,
        receivable=wallet.receivable,
        next_due_at=wallet.next_due_at,
        as_of=row["as_of"],
        relation=Relation(row["relation"]),
    )


def _entry(row: Row) -> EntryRecord:
    return EntryRecord(
        id=row["id"],
        seq=row["seq"],
        kind=row["kind"],
        amount=row["amount"],
        effective_at=row["effective_at"],
        booking=row["booking"],
        program_id=row["program_id"],
        lot_id=row["lot_id"],
        reverses_id=row["reverses_id"],
        transaction=TransactionRecord(
            id=row["transaction_id"],
            kind=row["transaction_kind"],
            cause_kind=row["cause_kind"],
            cause_id=row["cause_id"],
            reason=row["reason"],
            effective_at=row["transaction_effective_at"],
            recorded_at=row["recorded_at"],
        ),
    )
