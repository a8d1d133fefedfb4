"""Payouts move along drawn edges here, many at a time, under their locks and with their events.

Lock order: payouts by id → what the ledger locks (periods, wallets, budgets).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput, Refusal, refusal_again
from domain.kernel.sql import Row
from domain.payouts.events import PAYOUT_MOVED
from domain.payouts.machine import PayoutState, is_edge
from domain.payouts.refusals import PayoutActionNotAvailable

PAYOUTS_MAX = 1_000

LOCK = """
-- lock: payout
SELECT * FROM payout WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
MOVE = """
UPDATE payout SET state = moved.state, version = payout.version + 1, reason = coalesce(moved.reason, payout.reason),
       bank_reference = coalesce(moved.bank_reference, payout.bank_reference),
       approved_at = CASE WHEN moved.state = 'APPROVED' THEN $5 ELSE approved_at END,
       approved_by = CASE WHEN moved.state = 'APPROVED' THEN $6 ELSE approved_by END,
       exported_at = CASE WHEN moved.state = 'EXPORTED' THEN $5 ELSE exported_at END,
       settled_at = CASE WHEN moved.state IN ('PAID', 'RETURNED') THEN $5 ELSE settled_at END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS moved (id, state, reason, bank_reference)
WHERE payout.id = moved.id
"""


@dataclass(frozen=True, kw_only=True)
class Payout:
    """A payout whose row is locked."""

    id: UUID
    owner_kind: str
    owner_id: UUID
    unit: str
    amount: int
    payment_id: UUID
    state: PayoutState
    by_payroll: bool
    bank_reference: str | None
    created_by: UUID
    version: int


@dataclass(frozen=True, kw_only=True)
class Move:
    """One payout goes to a state."""

    payout: Payout
    to: PayoutState
    reason: str | None = None
    bank_reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one item of a batch: the payout, or why not."""

    payout_id: UUID
    refusal: Refusal | None = None


async def lock_payouts_in(op: Operation, payout_ids: Collection[UUID]) -> Mapping[UUID, Payout]:
    """The payouts are locked by id until the operation ends; an id that is none's is left out."""
    return {row["id"]: payout_of(row) for row in await op.sql.fetch(LOCK, list(payout_ids))}


async def move_in(op: Operation, moves: Sequence[Move]) -> None:
    """Each payout is in its new state. One statement.

    Refuses: PayoutActionNotAvailable for an edge that is not drawn.
    """
    if not moves:
        return
    for move in moves:
        if not is_edge(move.payout.state, move.to):
            raise not_available(move.payout, move.to.value)
    await op.sql.execute(
        MOVE,
        [move.payout.id for move in moves],
        [move.to.value for move in moves],
        [move.reason for move in moves],
        [move.bank_reference for move in moves],
        op.now,
        op.actor.principal_id,
    )
    for move in moves:
        tell_in(op, move.payout, before=move.payout.state, after=move.to, reason=move.reason)


def tell_in(
    op: Operation, payout: Payout, *, before: PayoutState | None, after: PayoutState, reason: str | None = None
) -> None:
    """The payout's owner hears where it stands."""
    op.tell(
        PAYOUT_MOVED.about(
            payout.id,
            member_id=payout.owner_id if payout.owner_kind == "MEMBER" else None,
            partner_id=payout.owner_id if payout.owner_kind == "PARTNER" else None,
            from_state=before.value if before else None,
            to_state=after.value,
            unit=payout.unit,
            amount=payout.amount,
            reason=reason,
            version=payout.version if before is None else payout.version + 1,
        )
    )


def not_available(payout: Payout, action: str) -> PayoutActionNotAvailable:
    """The payout is not in a state for that."""
    return PayoutActionNotAvailable(action=action, payout_id=str(payout.id), state=payout.state.value)


def payout_of(row: Row) -> Payout:
    """A row of payout as its record."""
    return Payout(
        id=row["id"],
        owner_kind=row["owner_kind"],
        owner_id=row["owner_id"],
        unit=row["unit"],
        amount=row["amount"],
        payment_id=row["payment_id"],
        state=PayoutState(row["state"]),
        by_payroll=row["by_payroll"],
        bank_reference=row["bank_reference"],
        created_by=row["created_by"],
        version=row["version"],
    )


def check_batch(ids: Sequence[UUID]) -> None:
    """Refuses: InvalidInput for an empty batch, one of more than a thousand, or one that names a payout twice."""
    if not 1 <= len(ids) <= PAYOUTS_MAX:
        raise InvalidInput(field="items", problem=f"1 to {PAYOUTS_MAX}")
    if len(set(ids)) < len(ids):
        raise InvalidInput(field="items", problem="each payout once")


def results_stored(results: Sequence[Result]) -> list[Mapping[str, Any]]:
    """The results as facts of a receipt."""
    return [
        {
            "payout_id": str(result.payout_id),
            "code": result.refusal.code() if result.refusal else None,
            "facts": result.refusal.facts() if result.refusal else None,
        }
        for result in results
    ]


def results_told(stored: Sequence[Mapping[str, Any]]) -> list[Result]:
    """The results of a receipt, as they were first given."""
    return [
        Result(
            payout_id=UUID(one["payout_id"]),
            refusal=refusal_again(one["code"], one["facts"]) if one["code"] else None,
        )
        for one in stored
    ]
