"""Attempts that are due are taken here, with a lease and the next fence; whoever holds an older fence is too late."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from catalog.redemptions.attempting import Taken, taken
from catalog.redemptions.machine import AttemptState
from domain.access.limiting import spend_in
from domain.access.refusals import RateLimited
from domain.kernel.operation import Operation
from domain.kernel.sql import Connection, Database, Row

TAKE_MAX = 100
SUPPLIER_LIMIT = "supplier"

OPEN = "state IN ('INTENT', 'SENT', 'UNKNOWN')"
COLUMNS = "id, line_id, n, supplier_id, priority, sku, pool_id, state, reason, supplier_reference, calls, fence"

# A paused supplier gets no new orders; what is under way is finished. $1 is the supplier.
MAY_START = "(a.state <> 'INTENT' OR EXISTS (SELECT FROM supplier AS s WHERE s.id = $1 AND s.state = 'ACTIVE'))"

SUPPLIERS_DUE = f"""
SELECT supplier.id, supplier.rate_calls, supplier.rate_seconds, due.waiting
FROM supplier CROSS JOIN LATERAL (
  SELECT count(*) AS waiting FROM (
    SELECT 1 FROM fulfilment_attempt AS a
    WHERE a.supplier_id = supplier.id AND a.{OPEN} AND a.call_at <= guerdon_now()
    AND (a.state <> 'INTENT' OR supplier.state = 'ACTIVE') LIMIT $2) AS found) AS due
WHERE supplier.adapter = ANY($1::text[]) AND due.waiting > 0
ORDER BY supplier.id
"""

LOCK_DUE = f"""
-- lock: fulfilment_attempt
SELECT {COLUMNS} FROM fulfilment_attempt AS a
WHERE supplier_id = $1 AND {OPEN} AND call_at <= $2 AND {MAY_START}
ORDER BY call_at, id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""

LOCK_HELD = f"""
-- lock: fulfilment_attempt
SELECT {COLUMNS} FROM fulfilment_attempt WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""

TAKE = f"""
UPDATE fulfilment_attempt AS a
SET state = told.state, reason = told.reason, calls = a.calls + 1, fence = a.fence + 1, lease_until = $4, call_at = $4
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS told (id, state, reason)
WHERE a.id = told.id
RETURNING {", ".join("a." + name for name in COLUMNS.split(", "))}
"""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """An open attempt as it stands: its route, how often it was tried, and the fence of its last lease."""

    id: UUID
    line_id: UUID
    n: int
    supplier_id: UUID
    priority: int
    sku: str
    pool_id: UUID | None
    state: AttemptState
    reason: str | None
    supplier_reference: str | None
    calls: int
    fence: int

    @property
    def is_open(self) -> bool:
        return self.state not in (AttemptState.DELIVERED, AttemptState.REFUSED)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A taken attempt: what stands now, and what is to be done with it."""

    attempt: Attempt
    was: Taken


@dataclass(frozen=True, kw_only=True)
class SupplierDue:
    """A supplier with attempts that are due, counted up to the bound that was asked for; and its rate."""

    id: UUID
    rate_calls: int
    rate_seconds: int
    waiting: int


async def suppliers_due(
    source: Database | Connection, adapters: Collection[str], counted_up_to: int = TAKE_MAX
) -> Sequence[SupplierDue]:
    """The suppliers of these adapters that have something due; a paused one only what is under way."""
    return [SupplierDue(**dict(row)) for row in await source.fetch(SUPPLIERS_DUE, list(adapters), counted_up_to)]


async def affordable_in(op: Operation, supplier: SupplierDue, wanted: int) -> int:
    """How many calls the supplier's rate allows now, at most `wanted`; they are spent. Spend before any other lock."""
    wanted = min(wanted, supplier.rate_calls)
    while wanted > 0:
        try:
            await spend_in(op, supplier.id, SUPPLIER_LIMIT, supplier.rate_calls, supplier.rate_seconds, tokens=wanted)
        except RateLimited as refusal:
            missing = -(-refusal.retry_after_ms * supplier.rate_calls // (supplier.rate_seconds * 1_000))
            wanted -= max(missing, 1)
        else:
            return wanted
    return 0


async def take_in(op: Operation, supplier_id: UUID, limit: int, lease: timedelta) -> Sequence[Held]:
    """Up to `limit` due attempts of the supplier, the longest waiting first, are leased under their next fence."""
    rows = await op.sql.fetch(LOCK_DUE, supplier_id, op.now, limit)
    return await lease_in(op, [attempt_of(row) for row in rows], lease)


async def lease_in(op: Operation, attempts: Sequence[Attempt], lease: timedelta) -> Sequence[Held]:
    """These locked attempts are leased under their next fence."""
    if not attempts:
        return []
    became = {one.id: taken(one.state, one.reason) for one in attempts}
    states = [each.state.value for each in became.values()]
    reasons = [each.reason for each in became.values()]
    rows = {row["id"]: row for row in await op.sql.fetch(TAKE, list(became), states, reasons, op.now + lease)}
    return [Held(attempt=attempt_of(rows[one.id]), was=became[one.id]) for one in attempts]


async def lock_attempts_in(op: Operation, attempt_ids: Collection[UUID]) -> dict[UUID, Attempt]:
    """The attempts as they stand, open or ended, locked by id; their lines are locked before."""
    return {row["id"]: attempt_of(row) for row in await op.sql.fetch(LOCK_HELD, list(attempt_ids))}


def attempt_of(row: Row) -> Attempt:
    """A row of `COLUMNS`."""
    return Attempt(
        id=row["id"],
        line_id=row["line_id"],
        n=row["n"],
        supplier_id=row["supplier_id"],
        priority=row["priority"],
        sku=row["sku"],
        pool_id=row["pool_id"],
        state=AttemptState(row["state"]),
        reason=row["reason"],
        supplier_reference=row["supplier_reference"],
        calls=row["calls"],
        fence=row["fence"],
    )
