"""What the digest of a transaction covers, and its canonical form: the same for the writer and for the audit."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

import orjson

Row = Mapping[str, object]

# The columns that never change after their transaction; those that do change are re-derived by the audit.
STATED: Mapping[str, tuple[str, ...]] = {
    "transaction": (
        "id",
        "kind",
        "unit",
        "cause_kind",
        "cause_id",
        "reason",
        "principal_id",
        "effective_at",
        "recorded_at",
    ),
    "entry": (
        "id",
        "transaction_id",
        "kind",
        "wallet_id",
        "budget_id",
        "lot_id",
        "program_id",
        "unit",
        "amount",
        "seq",
        "booked_period_id",
        "booking",
        "effective_at",
        "reverses_id",
    ),
    "award": (
        "id",
        "due_id",
        "n",
        "program_id",
        "budget_id",
        "wallet_id",
        "amount",
        "rate_id",
        "transaction_id",
        "occurred_at",
        "recorded_at",
        "explanation",
    ),
    "lot": ("id", "award_id", "wallet_id", "program_id", "amount", "matures_at"),
    "wallet": ("id", "owner_kind", "owner_id", "unit"),
    "reversal": ("id", "award_id", "cause_id", "amount", "transaction_id", "recorded_at"),
    "debt": ("id", "wallet_id", "reversal_id", "program_id", "budget_id", "amount", "recorded_at"),
    "hold": ("id", "wallet_id", "reference_kind", "reference_id", "amount", "recorded_at"),
    "hold_lot": ("id", "hold_id", "lot_id", "amount"),
    "payment": ("id", "wallet_id", "reference_kind", "reference_id", "amount", "recorded_at"),
    "payment_lot": ("id", "payment_id", "lot_id", "amount"),
}


_PICK: Mapping[str, Callable[[Row], tuple[object, ...]]] = {
    table: itemgetter(*columns) for table, columns in STATED.items()
}
_BY_ID = itemgetter("id")


def digest(rows: Mapping[str, Sequence[Row]]) -> bytes:
    """SHA-256 over the stated columns of a transaction's rows, table by table, each table by id."""
    body = [
        [table, [pick(row) for row in sorted(found, key=_BY_ID)]]
        for table, pick in _PICK.items()
        if (found := rows.get(table))
    ]
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS, default=str)).digest()
