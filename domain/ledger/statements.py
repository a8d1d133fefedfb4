"""What entries say: a wallet as of an instant, its statement over booked periods, and a program's liability."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.sql import Connection, Database, Row
from domain.ledger.reading import Pair, Pairs, wallets_by_id
from domain.ledger.transfers import WALLET_KINDS, balance_of

Source = Database | Connection


@dataclass(frozen=True, kw_only=True)
class Balance:
    """The five balances of a wallet, as of `at`."""

    at: datetime
    pending: int
    available: int
    held: int
    payable: int
    receivable: int


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    """By how much the transactions of one kind changed each balance; `booking` tells late ones apart."""

    kind: str
    booking: str
    pending: int
    available: int
    held: int
    payable: int
    receivable: int
    transactions: int


@dataclass(frozen=True, kw_only=True)
class Statement:
    """The periods that start in [start, until): what stood before, what was booked in them, what stands after."""

    start: datetime
    until: datetime
    opening: Balance
    closing: Balance
    lines: Sequence[StatementLine]


@dataclass(frozen=True, kw_only=True)
class Liability:
    """What a program's points still oblige to in one unit, by booked period; `receivable` is what is owed back."""

    program_id: UUID
    unit: str
    pending: int
    available: int
    held: int
    payable: int
    receivable: int


_SUMS = ", ".join(
    f"coalesce(sum(entry.amount) FILTER (WHERE entry.kind = '{k}'), 0)::bigint AS {k}" for k in WALLET_KINDS
)

AS_OF = f"""
SELECT wallet_id, {_SUMS} FROM entry WHERE wallet_id = ANY($1::uuid[]) AND effective_at <= $2 GROUP BY wallet_id
"""

BOOKED = f"""
SELECT entry.wallet_id, period.starts_at < $2 AS earlier, transaction.kind, entry.booking,
       count(DISTINCT transaction.id)::bigint AS transactions, {_SUMS}
FROM entry JOIN booking_period AS period ON period.id = entry.booked_period_id
     JOIN transaction ON transaction.id = entry.transaction_id
WHERE entry.wallet_id = ANY($1::uuid[]) AND period.starts_at < $3
GROUP BY entry.wallet_id, earlier, transaction.kind, entry.booking
ORDER BY transaction.kind, entry.booking
"""

LIABILITIES = f"""
SELECT entry.program_id, entry.unit, {_SUMS}
FROM entry JOIN booking_period AS period ON period.id = entry.booked_period_id
WHERE entry.program_id = ANY($1::uuid[]) AND entry.kind = ANY($3::text[]) AND period.starts_at < $2
GROUP BY entry.program_id, entry.unit ORDER BY entry.program_id, entry.unit
"""


async def balances_as_of(sql: Source, pairs: Pairs, *, at: datetime) -> Mapping[Pair, Balance]:
    """Each wallet's balances from its entries that are effective up to `at`, as known today."""
    allowed = await wallets_by_id(sql, pairs)
    rows = await sql.fetch(AS_OF, _ids(allowed), at)
    known = {row["wallet_id"]: row for row in rows}
    return {pair: _balance(at, _amounts(known.get(pair[1]))) for pair in allowed}


async def statements_of(sql: Source, pairs: Pairs, *, start: datetime, until: datetime) -> Mapping[Pair, Statement]:
    """Each wallet's statement over the booked periods that start in [start, until).

    Refuses: ValueError unless start < until.
    """
    if start >= until:
        raise ValueError("a statement starts before it ends")
    allowed = await wallets_by_id(sql, pairs)
    opening = defaultdict[UUID, dict[str, int]](lambda: dict.fromkeys(WALLET_KINDS, 0))
    closing = defaultdict[UUID, dict[str, int]](lambda: dict.fromkeys(WALLET_KINDS, 0))
    lines = defaultdict[UUID, list[StatementLine]](list)
    for row in await sql.fetch(BOOKED, _ids(allowed), start, until):
        wallet_id, amounts = row["wallet_id"], _amounts(row)
        for kind, amount in amounts.items():
            closing[wallet_id][kind] += amount
            opening[wallet_id][kind] += amount if row["earlier"] else 0
        if not row["earlier"]:
            line = StatementLine(kind=row["kind"], booking=row["booking"], transactions=row["transactions"], **amounts)
            lines[wallet_id].append(line)
    return {
        pair: Statement(
            start=start,
            until=until,
            opening=_balance(start, opening[pair[1]]),
            closing=_balance(until, closing[pair[1]]),
            lines=tuple(lines[pair[1]]),
        )
        for pair in allowed
    }


async def liabilities_of(sql: Source, program_ids: Collection[UUID], *, until: datetime) -> Sequence[Liability]:
    """What each program owes by unit, from entries booked in periods that start before `until`. For operators only:
    the caller has judged the role."""
    rows = await sql.fetch(LIABILITIES, list(program_ids), until, list(WALLET_KINDS))
    return [Liability(program_id=row["program_id"], unit=row["unit"], **_amounts(row)) for row in rows]


def _ids(pairs: Collection[Pair]) -> list[UUID]:
    return sorted({key for _, key in pairs})


def _amounts(row: Row | None) -> dict[str, int]:
    return {kind: balance_of(kind, row[kind]) if row else 0 for kind in WALLET_KINDS}


def _balance(at: datetime, amounts: Mapping[str, int]) -> Balance:
    return Balance(at=at, **amounts)
