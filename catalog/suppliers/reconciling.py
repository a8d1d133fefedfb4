"""A supplier's list of orders is held against our attempts, once a list, and what was found is kept."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from catalog.suppliers.events import SUPPLIER_RECONCILED
from catalog.suppliers.reading import sees
from catalog.suppliers.reconciliation import ORDERS_MAX, Difference, OurOrder, TheirOrder, compared
from domain.access import audit
from domain.access.principals import Actor
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import Connection, Database

OURS_MAX = 20_000

OWN = "SELECT 1 FROM supplier AS s WHERE s.id = $1 AND ($2::bool OR s.source_id = $3)"
STORED = "SELECT id FROM reconciliation WHERE supplier_id = $1 AND file_digest = $2"
# An order is expected in their list if it went out in the span; one at its edge is found by its id all the same.
OURS = """
SELECT DISTINCT ON (a.line_id) a.line_id, a.state, l.face_value, l.currency,
       a.recorded_at >= $3 AND a.recorded_at < $4 AND a.state IN ('DELIVERED', 'UNKNOWN') AS expected
FROM fulfilment_attempt AS a JOIN redemption_line AS l ON l.id = a.line_id
WHERE a.supplier_id = $1 AND (a.line_id = ANY($2::uuid[])
      OR a.recorded_at >= $3 AND a.recorded_at < $4 AND a.state IN ('DELIVERED', 'UNKNOWN'))
ORDER BY a.line_id, a.n DESC LIMIT $5
"""
STORE = """
INSERT INTO reconciliation (id, supplier_id, starts_at, ends_at, file_digest, counts, differences, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
BY_ID = """
SELECT seer.place, r.id, r.supplier_id, r.starts_at, r.ends_at, r.counts, r.differences, r.recorded_at
FROM unnest($1::bool[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS seer (sees_all, source_id, id, place)
     JOIN reconciliation AS r ON r.id = seer.id JOIN supplier AS s ON s.id = r.supplier_id
WHERE seer.sees_all OR s.source_id = seer.source_id
"""


@dataclass(frozen=True, kw_only=True)
class OrderRecord:
    """One order as one side's list has it; the amount is in minor units."""

    state: str
    amount: int | None
    currency: str | None


@dataclass(frozen=True, kw_only=True)
class DifferenceRecord:
    """One order about which the two lists disagree."""

    kind: Difference
    external_id: str
    theirs: OrderRecord | None
    ours: OrderRecord | None


@dataclass(frozen=True, kw_only=True)
class ReconciliationRecord:
    """What holding a list against ours found."""

    id: UUID
    supplier_id: UUID
    starts_at: datetime
    ends_at: datetime
    counts: Mapping[str, int]
    differences: Sequence[DifferenceRecord]
    recorded_at: datetime

    @property
    def agrees(self) -> int:
        """How many orders agree."""
        return self.counts["AGREES"]

    @property
    def differs(self) -> int:
        """How many orders differ."""
        return sum(self.counts.values()) - self.agrees


async def reconcile_supplier(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    supplier_id: UUID,
    orders: Sequence[TheirOrder],
    *,
    starts_at: datetime,
    ends_at: datetime,
) -> Outcome:
    """The list, of orders between the two instants, was held against ours. Facts: reconciliation_id.

    The same list again answers what was found the first time. At most 10,000 orders, 20,000 of ours.
    Refuses: NotFound (the supplier, or not yours); InvalidInput (orders, span); KeyReused; TryLater.
    """
    if len(orders) > ORDERS_MAX:
        raise InvalidInput(field="orders", problem=f"at most {ORDERS_MAX}")
    if starts_at >= ends_at:
        raise InvalidInput(field="endsAt", problem="must come after startsAt")
    digest = _digest(orders, starts_at, ends_at)

    async def work(op: Operation) -> Mapping[str, Any]:
        if await op.sql.fetchval(OWN, supplier_id, *sees(actor)) is None:
            raise NotFound(kind="supplier", id=str(supplier_id))
        await op.sql.execute("SELECT 1 FROM supplier WHERE id = $1 FOR NO KEY UPDATE", supplier_id)
        found = await op.sql.fetchval(STORED, supplier_id, digest)
        if found is None:
            found = await _reconcile_in(op, supplier_id, orders, (starts_at, ends_at), digest)
        return {"reconciliation_id": str(found)}

    request = {"supplier": str(supplier_id), "list": digest.hex()}
    return await door.operate_keyed(actor, "reconcileSupplier", Keyed(key=keyed.key, request=request), work)


async def reconciliations_by_id(
    sql: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> Mapping[tuple[Actor, UUID], ReconciliationRecord]:
    """Those of the reconciliations whose supplier their actor may see."""
    seers = [sees(actor) for actor, _ in pairs]
    ids = [wanted for _, wanted in pairs]
    rows = await sql.fetch(BY_ID, [seer[0] for seer in seers], [seer[1] for seer in seers], ids)
    return {
        pairs[row["place"] - 1]: ReconciliationRecord(
            id=row["id"],
            supplier_id=row["supplier_id"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            counts=row["counts"],
            differences=[_difference(one) for one in row["differences"]],
            recorded_at=row["recorded_at"],
        )
        for row in rows
    }


async def _reconcile_in(
    op: Operation, supplier_id: UUID, orders: Sequence[TheirOrder], span: tuple[datetime, datetime], digest: bytes
) -> UUID:
    ids = [UUID(order.external_id) for order in orders]
    rows = await op.sql.fetch(OURS, supplier_id, ids, *span, OURS_MAX + 1)
    if len(rows) > OURS_MAX:
        raise InvalidInput(field="endsAt", problem=f"more than {OURS_MAX} orders lie in between; take a shorter span")
    ours = {
        row["line_id"].hex: OurOrder(
            external_id=row["line_id"].hex, state=row["state"], amount=row["face_value"], currency=row["currency"]
        )
        for row in rows
    }
    found = compared(orders, ours, frozenset(row["line_id"].hex for row in rows if row["expected"]))
    if len(found.differences) > ORDERS_MAX:
        raise InvalidInput(field="orders", problem=f"more than {ORDERS_MAX} differences: is it the right list?")
    made = new_id()
    await op.sql.execute(STORE, made, supplier_id, *span, digest, dict(found.counts), list(found.differences), op.now)
    await audit.record_in(op, "supplier.reconciled", "supplier", supplier_id, reconciliation_id=made)
    op.tell(
        SUPPLIER_RECONCILED.about(supplier_id, reconciliation_id=str(made), counts=dict(found.counts)),
    )
    return made


def _difference(said: Mapping[str, Any]) -> DifferenceRecord:
    theirs, ours = (None if said[side] is None else OrderRecord(**said[side]) for side in ("theirs", "ours"))
    return DifferenceRecord(kind=Difference(said["kind"]), external_id=said["externalId"], theirs=theirs, ours=ours)


def _digest(orders: Sequence[TheirOrder], starts_at: datetime, ends_at: datetime) -> bytes:
    rows = [[order.external_id, order.state, order.amount, order.currency] for order in orders]
    return hashlib.sha256(orjson.dumps([starts_at, ends_at, rows])).digest()
