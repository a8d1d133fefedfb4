"""Stores a journal: its transactions are numbered, booked and sealed; one statement a table whatever its size."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson

from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.ledger.booking import lock_periods_in
from domain.ledger.digests import STATED, Row, digest
from domain.ledger.journal import Draft, Journal
from domain.ledger.lots import PARTS, Lot
from domain.ledger.refusals import BudgetExceeded, HoldEnded, PaymentEnded, ReversalExceedsAward, translated
from domain.ledger.transfers import WALLET_KINDS, balance_of

TYPES: Mapping[str, str] = {
    **dict.fromkeys(("n",), "int"),
    **dict.fromkeys(("amount", "seq", "outstanding", *PARTS), "bigint"),
    **dict.fromkeys(("effective_at", "recorded_at", "occurred_at", "matures_at", "expires_at"), "timestamptz"),
    **dict.fromkeys(("kind", "unit", "cause_kind", "reason", "booking", "reference_kind", "state"), "text"),
    "explanation": "text",  # a JSON list inside a jsonb[] would be taken for a dimension of the array
}
LOT_COLUMNS = ("id", "award_id", "wallet_id", "program_id", "amount", *PARTS, "matures_at", "expires_at")


def _insert(table: str, columns: Sequence[str], constants: str = "", values: str = "") -> str:
    arrays = ", ".join(f"${place}::{TYPES.get(column, 'uuid')}[]" for place, column in enumerate(columns, start=1))
    listed = ", ".join(columns)
    selected = listed.replace("explanation", "explanation::jsonb")
    return (
        f'INSERT INTO "{table}" ({listed}{constants}) SELECT {selected}{values}'
        f" FROM unnest({arrays}) WITH ORDINALITY AS added ({listed}, place) ORDER BY place"
    )


INSERTS: Mapping[str, tuple[Sequence[str], str]] = {
    "transaction": (STATED["transaction"], _insert("transaction", STATED["transaction"])),
    "award": (STATED["award"], _insert("award", STATED["award"], ", reversed_total", ", 0")),
    "lot": (LOT_COLUMNS, _insert("lot", LOT_COLUMNS)),
    "entry": (STATED["entry"], _insert("entry", STATED["entry"])),
    "reversal": (STATED["reversal"], _insert("reversal", STATED["reversal"])),
    "debt": ((*STATED["debt"], "outstanding"), _insert("debt", (*STATED["debt"], "outstanding"))),
    "hold": ((*STATED["hold"], "state"), _insert("hold", (*STATED["hold"], "state"))),
    "hold_lot": (STATED["hold_lot"], _insert("hold_lot", STATED["hold_lot"])),
    "payment": ((*STATED["payment"], "state"), _insert("payment", (*STATED["payment"], "state"))),
    "payment_lot": (STATED["payment_lot"], _insert("payment_lot", STATED["payment_lot"])),
}

MOVE_LOTS = f"""
UPDATE lot SET expires_at = moved.expires_at, {", ".join(f"{part} = moved.{part}" for part in PARTS)}
FROM unnest($1::uuid[], $2::timestamptz[], {", ".join(f"${place}::bigint[]" for place in range(3, 3 + len(PARTS)))})
     AS moved (id, expires_at, {", ".join(PARTS)})
WHERE lot.id = moved.id
"""

MOVE_WALLETS = """
UPDATE wallet SET pending = wallet.pending + moved.pending, available = wallet.available + moved.available,
                  held = wallet.held + moved.held, payable = wallet.payable + moved.payable,
                  receivable = wallet.receivable + moved.receivable, seq = wallet.seq + moved.entries,
                  next_due_at = CASE WHEN moved.recount THEN (
                    SELECT min(CASE WHEN lot.pending > 0 THEN lot.matures_at
                                    WHEN lot.available > 0 THEN lot.expires_at END)
                    FROM lot WHERE lot.wallet_id = wallet.id
                      AND lot.pending + lot.available + lot.held + lot.payable > 0)
                  ELSE least(wallet.next_due_at, moved.due_at) END
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::boolean[], $10::timestamptz[])
     AS moved (id, seq, entries, pending, available, held, payable, receivable, recount, due_at)
WHERE wallet.id = moved.id AND wallet.seq = moved.seq
"""

LOCK_BUDGETS = """
-- lock: budget
SELECT id, balance FROM budget WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""

MOVE_BUDGETS = """
UPDATE budget SET balance = budget.balance + moved.amount
FROM unnest($1::uuid[], $2::bigint[]) AS moved (id, amount)
WHERE budget.id = moved.id AND budget.balance + moved.amount >= 0
"""

MOVE_AWARDS = """
UPDATE award SET reversed_total = award.reversed_total + moved.amount
FROM unnest($1::uuid[], $2::bigint[]) AS moved (id, amount)
WHERE award.id = moved.id AND award.reversed_total + moved.amount <= award.amount
"""

MOVE_DEBTS = """
UPDATE debt SET outstanding = moved.outstanding
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS moved (id, before, outstanding)
WHERE debt.id = moved.id AND debt.outstanding = moved.before
"""

END_HOLDS = """
UPDATE hold SET state = ended.state, ended_at = $3
FROM unnest($1::uuid[], $2::text[]) AS ended (id, state)
WHERE hold.id = ended.id AND hold.state = 'HELD'
"""


REFUND_HOLDS = """
UPDATE hold SET refunded_at = $2
WHERE id = ANY($1::uuid[]) AND state = 'CAPTURED' AND refunded_at IS NULL
"""

END_PAYMENTS = """
UPDATE payment SET state = ended.state, ended_at = $3
FROM unnest($1::uuid[], $2::text[]) AS ended (id, state)
WHERE payment.id = ended.id AND payment.state = 'PREPARED'
"""

RETURN_PAYMENTS = """
UPDATE payment SET returned_at = $2
WHERE id = ANY($1::uuid[]) AND state = 'PAID' AND returned_at IS NULL
"""


async def write_in(op: Operation, journal: Journal) -> None:
    """Everything the journal drafted is stored and its events are told; the wallets were locked by the caller.

    Refuses: BudgetExceeded, AwardExists, AlreadyReversed, ReversalExceedsAward, AlreadyHeld, HoldEnded,
    AlreadyPrepared, PaymentEnded.
    """
    if not journal.drafts:
        return
    entries = await _entries(op, journal)
    by_transaction = defaultdict[UUID, list[Row]](list)
    for entry in entries:
        by_transaction[entry["transaction_id"]].append(entry)  # pyright: ignore[reportArgumentType] a row's own id
    transactions = [_transaction(op, draft) for draft in journal.drafts]
    async with translated():
        await _insert_rows(op, "transaction", transactions)
        await _insert_rows(op, "award", journal.rows["award"])
        new_lots = [_lot_row(journal.lots[row["id"]]) for row in journal.rows["lot"]]  # pyright: ignore[reportArgumentType] a row's own id
        await _insert_rows(op, "lot", new_lots)
        await _insert_rows(op, "entry", entries)
        op.failpoints.hit("post.after_entries")
        await _insert_rows(op, "reversal", journal.rows["reversal"])
        debts = [{**row, "outstanding": journal.debts[row["id"]].outstanding} for row in journal.rows["debt"]]  # pyright: ignore[reportArgumentType] a row's own id
        await _insert_rows(op, "debt", debts)
        await _insert_rows(op, "hold", [{**row, "state": "HELD"} for row in journal.rows["hold"]])
        await _insert_rows(op, "hold_lot", journal.rows["hold_lot"])
        await _insert_rows(op, "payment", [{**row, "state": "PREPARED"} for row in journal.rows["payment"]])
        await _insert_rows(op, "payment_lot", journal.rows["payment_lot"])
        await _move_what_stood(op, journal)
        await _move_wallets(op, journal)
        await _move_budgets(op, journal)
    for draft, transaction in zip(journal.drafts, transactions, strict=True):
        stated = defaultdict[str, list[Row]](list)
        stated["transaction"].append(transaction)
        stated["entry"] = by_transaction[draft.id]
        for table, row in journal.stating.get(draft.id, ()):
            stated[table].append(row)
        op.tell(draft.tell(draft.id, digest(stated)))


async def _entries(op: Operation, journal: Journal) -> list[Row]:
    pairs = {(posting.program_id, draft.effective_at) for draft in journal.drafts for posting in draft.postings}
    calendar = await lock_periods_in(op, pairs)
    places = {pair: calendar.book(*pair, backfill=journal.backfill) for pair in pairs}
    numbers = {wallet.id: wallet.seq for wallet in journal.wallets.values()}
    ids = iter(new_ids(sum(len(draft.postings) for draft in journal.drafts)))
    rows = list[Row]()
    for draft in journal.drafts:
        for posting in draft.postings:
            period, booking = places[posting.program_id, draft.effective_at]
            seq = None
            if posting.wallet_id is not None:
                seq = numbers[posting.wallet_id] = numbers[posting.wallet_id] + 1
            rows.append(
                {
                    "id": next(ids),
                    "transaction_id": draft.id,
                    "kind": posting.kind,
                    "wallet_id": posting.wallet_id,
                    "budget_id": posting.budget_id,
                    "lot_id": posting.lot_id,
                    "program_id": posting.program_id,
                    "unit": draft.unit,
                    "amount": posting.amount,
                    "seq": seq,
                    "booked_period_id": period.id,
                    "booking": booking.value,
                    "effective_at": draft.effective_at,
                    "reverses_id": posting.reverses_id,
                }
            )
    return rows


def _transaction(op: Operation, draft: Draft) -> Row:
    return {
        "id": draft.id,
        "kind": draft.kind.value,
        "unit": draft.unit,
        "cause_kind": draft.cause_kind,
        "cause_id": draft.cause_id,
        "reason": draft.reason,
        "principal_id": op.actor.principal_id,
        "effective_at": draft.effective_at,
        "recorded_at": op.now,
    }


def _lot_row(lot: Lot) -> Row:
    return {column: getattr(lot, column) for column in LOT_COLUMNS}


async def _insert_rows(op: Operation, table: str, rows: Sequence[Row]) -> None:
    if rows:
        columns, statement = INSERTS[table]
        await op.sql.execute(statement, *(_column(rows, column) for column in columns))


def _column(rows: Sequence[Row], column: str) -> list[object]:
    if column == "explanation":
        return [orjson.dumps(row[column]).decode() for row in rows]
    return [row[column] for row in rows]


async def _move_what_stood(op: Operation, journal: Journal) -> None:
    lots = [journal.lots[lot_id] for lot_id, before in journal.lots_as_read.items() if journal.lots[lot_id] != before]
    if lots:
        parts = ([lot.part(part) for lot in lots] for part in PARTS)
        await op.sql.execute(MOVE_LOTS, [lot.id for lot in lots], [lot.expires_at for lot in lots], *parts)
    if journal.reversed_by_award:
        ids, amounts = list(journal.reversed_by_award), list(journal.reversed_by_award.values())
        if _count(await op.sql.execute(MOVE_AWARDS, ids, amounts)) != len(ids):
            raise ReversalExceedsAward
    pairs = [(old, journal.debts[old.id]) for old in journal.debts_as_read.values() if journal.debts[old.id] != old]
    if pairs:
        columns = ([old.id for old, _ in pairs], [old.outstanding for old, _ in pairs])
        moved = _count(await op.sql.execute(MOVE_DEBTS, *columns, [new.outstanding for _, new in pairs]))
        assert moved == len(pairs), "a debt moves only under its wallet's lock"
    if journal.holds_ended:
        ids, states = list(journal.holds_ended), list(journal.holds_ended.values())
        if _count(await op.sql.execute(END_HOLDS, ids, states, op.now)) != len(ids):
            raise HoldEnded(state="CAPTURED | RELEASED")
    if journal.holds_refunded:
        ids = list(journal.holds_refunded)
        if _count(await op.sql.execute(REFUND_HOLDS, ids, op.now)) != len(ids):
            raise HoldEnded(state="REFUNDED")
    await _end_payments(op, journal)


async def _end_payments(op: Operation, journal: Journal) -> None:
    if journal.payments_ended:
        ids, states = list(journal.payments_ended), list(journal.payments_ended.values())
        if _count(await op.sql.execute(END_PAYMENTS, ids, states, op.now)) != len(ids):
            raise PaymentEnded(state="PAID | WITHDRAWN")
    if journal.payments_returned:
        ids = list(journal.payments_returned)
        if _count(await op.sql.execute(RETURN_PAYMENTS, ids, op.now)) != len(ids):
            raise PaymentEnded(state="RETURNED")


async def _move_wallets(op: Operation, journal: Journal) -> None:
    moves = defaultdict[UUID, dict[str, int]](lambda: dict.fromkeys((*WALLET_KINDS, "entries"), 0))
    for draft in journal.drafts:
        for posting in draft.postings:
            if posting.wallet_id is not None:
                moves[posting.wallet_id][posting.kind] += posting.amount
                moves[posting.wallet_id]["entries"] += 1
    if not moves:
        return
    recount = {lot.wallet_id for lot in journal.lots_as_read.values()}
    due = defaultdict[UUID, list[Lot]](list)
    for row in journal.rows["lot"]:
        lot = journal.lots[row["id"]]  # pyright: ignore[reportArgumentType] a row's own id
        due[lot.wallet_id].append(lot)
    ids = sorted(moves)
    moved = await op.sql.execute(
        MOVE_WALLETS,
        ids,
        [journal.wallets[wallet_id].seq for wallet_id in ids],
        [moves[wallet_id]["entries"] for wallet_id in ids],
        *([balance_of(kind, moves[wallet_id][kind]) for wallet_id in ids] for kind in WALLET_KINDS),
        [wallet_id in recount for wallet_id in ids],
        [min((lot.next_due_at for lot in due[wallet_id] if lot.next_due_at), default=None) for wallet_id in ids],
    )
    assert _count(moved) == len(ids), "a wallet is locked before it is posted to"


async def _move_budgets(op: Operation, journal: Journal) -> None:
    moves = defaultdict[UUID, int](int)
    for draft in journal.drafts:
        for posting in draft.postings:
            if posting.budget_id is not None:
                moves[posting.budget_id] += posting.amount
    moves = {budget_id: amount for budget_id, amount in moves.items() if amount}
    if moves:
        await op.sql.fetch(LOCK_BUDGETS, sorted(moves))
        if _count(await op.sql.execute(MOVE_BUDGETS, list(moves), list(moves.values()))) != len(moves):
            raise BudgetExceeded


def _count(tag: str) -> int:
    return int(tag.split()[-1])
