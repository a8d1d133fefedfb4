"""Codes come in: judged row by row, sealed at once, each stored once however often it is sent."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from catalog.codes.events import CODES_IMPORTED
from catalog.codes.opening import DELIVERED_PREFIX, data_key_in, make_pool_in
from catalog.codes.recalling import tell_late_in
from catalog.codes.records import CodeRow, Rejection, code_context, compared, judged, last_four, written
from catalog.codes.refusals import BatchFull, BatchRecalled
from catalog.codes.taking import PoolMove, count_in, lock_pools_in
from catalog.suppliers.outcomes import Goods
from catalog.suppliers.reading import sees
from domain.access import audit
from domain.access.principals import Actor
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import AlreadyExists, InvalidInput, NotFound
from domain.kernel.sealing import Keyring, seal_with

RECORDS_MAX = 1_000
BATCH_CODES_MAX = 50_000
BATCH_ID_LENGTH_MAX = 128
CODE_LENGTH_MAX = 64
NAME_LENGTH_MAX = 200
LOW_STOCK_MAX = 1_000_000_000

OWN_POOL = """
SELECT p.id FROM code_pool AS p JOIN supplier AS s ON s.id = p.supplier_id
WHERE p.id = $1 AND ($2::bool OR s.source_id = $3)
"""
OWN_SUPPLIER = "SELECT 1 FROM supplier AS s WHERE s.id = $1 AND ($2::bool OR s.source_id = $3)"
BATCH = """
INSERT INTO code_batch (id, pool_id, external_id, recorded_at, state, imported, rejected)
VALUES ($1, $2, $3, $4, 'ACTIVE', 0, 0)
ON CONFLICT (pool_id, external_id) DO UPDATE SET external_id = excluded.external_id RETURNING id, state, imported
"""
# In order of the index that decides, so that two imports of the same codes wait for each other and do not deadlock.
STORE = """
INSERT INTO voucher_code (id, pool_id, batch_id, state, sealed, blind_index, last_four, expires_on, recorded_at)
SELECT a.id, $1, $2, 'FREE', a.sealed, a.blind, a.last_four, a.expires_on, $3
FROM unnest($4::uuid[], $5::bytea[], $6::bytea[], $7::text[], $8::date[])
     AS a (id, sealed, blind, last_four, expires_on)
ORDER BY a.blind
ON CONFLICT (blind_index) DO NOTHING RETURNING id
"""
COUNT_BATCH = """
UPDATE code_batch SET imported = imported + $2, rejected = rejected + $3 WHERE id = $1
"""


class RowOutcome(StrEnum):
    """How one row of an import ended."""

    IMPORTED = "IMPORTED"
    DUPLICATE = "DUPLICATE"
    REJECTED = "REJECTED"


@dataclass(frozen=True, kw_only=True)
class RowResult:
    """How one row ended; `reason` only where it was rejected. Rows count from 0, in the order sent."""

    row: int
    outcome: RowOutcome
    reason: Rejection | None = None


@dataclass(frozen=True, kw_only=True)
class ImportedCodes:
    """What became of every row of one call."""

    batch_id: UUID
    results: tuple[RowResult, ...]
    replayed: bool

    @property
    def counts(self) -> Mapping[RowOutcome, int]:
        """How many rows ended which way."""
        outcomes = [result.outcome for result in self.results]
        return {outcome: outcomes.count(outcome) for outcome in RowOutcome}


@dataclass(frozen=True, kw_only=True)
class _Fresh:
    """A code on its way into the pool."""

    row: int
    code_id: UUID
    goods: Goods
    blind: bytes


async def create_code_pool(
    door: Door, actor: Actor, keyed: Keyed, keyring: Keyring, supplier_id: UUID, code: str, name: str, low_stock_at: int
) -> Outcome:
    """A pool of the supplier stands empty, with a data key of its own. Facts: pool_id.

    Refuses: NotFound (the supplier, or not yours); InvalidInput; AlreadyExists; KeyReused; TryLater.
    """
    if not 1 <= len(code) <= CODE_LENGTH_MAX or not code.isprintable():
        raise InvalidInput(field="code", problem=f"1 to {CODE_LENGTH_MAX} characters")
    if not 1 <= len(name.strip()) <= NAME_LENGTH_MAX:
        raise InvalidInput(field="name", problem=f"1 to {NAME_LENGTH_MAX} characters")
    if not 0 <= low_stock_at <= LOW_STOCK_MAX:
        raise InvalidInput(field="lowStockAt", problem=f"0 to {LOW_STOCK_MAX}")

    async def work(op: Operation) -> Mapping[str, Any]:
        if await op.sql.fetchval(OWN_SUPPLIER, supplier_id, *sees(actor)) is None:
            raise NotFound(kind="supplier", id=str(supplier_id))
        known = await op.sql.fetchval("SELECT 1 FROM code_pool WHERE supplier_id = $1 AND code = $2", supplier_id, code)
        if known is not None:
            raise AlreadyExists(kind="code pool", name=code)
        pool_id = await make_pool_in(op, keyring, supplier_id, code, name.strip(), low_stock_at)
        await audit.record_in(op, "code_pool.created", "code_pool", pool_id, supplier_id=supplier_id)
        return {"pool_id": str(pool_id)}

    return await door.operate_keyed(actor, "createCodePool", keyed, work)


async def import_codes(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    keyring: Keyring,
    pool_id: UUID,
    batch_external_id: str,
    records: Sequence[CodeRow],
) -> ImportedCodes:
    """Every row has ended: IMPORTED (sealed, FREE), DUPLICATE (stored already, in any pool) or REJECTED (why).

    At most 1,000 rows a call and 50,000 codes a batch; further calls under the same batch id continue it. Neither the
    receipt nor the fingerprint of the request holds a code: the key stands for keyed digests of the rows, whatever
    `keyed.request` is.
    Refuses: NotFound (the pool, or not yours); InvalidInput (batch, records); BatchRecalled; BatchFull; KeyReused;
    TryLater.
    """
    if not 1 <= len(records) <= RECORDS_MAX:
        raise InvalidInput(field="records", problem=f"1 to {RECORDS_MAX}")
    if not 1 <= len(batch_external_id) <= BATCH_ID_LENGTH_MAX or batch_external_id.startswith(DELIVERED_PREFIX):
        problem = f"1 to {BATCH_ID_LENGTH_MAX} characters, not beginning with {DELIVERED_PREFIX}"
        raise InvalidInput(field="batchExternalId", problem=problem)
    request = {"pool": str(pool_id), "batch": batch_external_id, "rows": digest_of(keyring, records)}

    async def work(op: Operation) -> Mapping[str, Any]:
        if await op.sql.fetchval(OWN_POOL, pool_id, *sees(actor)) is None:
            raise NotFound(kind="code pool", id=str(pool_id))
        batch_id, results = await _import_in(op, keyring, pool_id, batch_external_id, records)
        told = [result.outcome[0] if result.reason is None else result.reason.value for result in results]
        return {"batch_id": str(batch_id), "results": told}

    outcome = await door.operate_keyed(actor, "importCodes", Keyed(key=keyed.key, request=request), work)
    results = tuple(_result(row, told) for row, told in enumerate(outcome.facts["results"]))
    return ImportedCodes(batch_id=UUID(outcome.facts["batch_id"]), results=results, replayed=outcome.replayed)


def digest_of(keyring: Keyring, records: Sequence[CodeRow]) -> str:
    """The same text for the same rows, telling nothing of them to who lacks the key."""
    rows = [[row.code, row.pin, row.url, row.serial, row.expires_on] for row in records]
    return keyring.blind("rows:" + hashlib.sha256(orjson.dumps(rows)).hexdigest()).hex()


async def _import_in(
    op: Operation, keyring: Keyring, pool_id: UUID, batch_external_id: str, records: Sequence[CodeRow]
) -> tuple[UUID, list[RowResult]]:
    await lock_pools_in(op, [pool_id])
    batch = await op.sql.fetchrow(BATCH, new_id(), pool_id, batch_external_id, op.now)
    assert batch is not None, "the batch was found or made"
    if batch["state"] == "RECALLED":
        raise BatchRecalled(batch=batch_external_id)
    ends, fresh = _sorted_out(op, keyring, records)
    if batch["imported"] + len(fresh) > BATCH_CODES_MAX:
        raise BatchFull(batch=batch_external_id, codes_max=BATCH_CODES_MAX)
    stored = await _store(op, keyring, pool_id, batch["id"], fresh)
    await tell_late_in(op, pool_id, stored)
    for one in fresh:
        outcome = RowOutcome.IMPORTED if one.code_id in stored else RowOutcome.DUPLICATE
        ends[one.row] = RowResult(row=one.row, outcome=outcome)
    results = [ends[row] for row in range(len(records))]
    await _tell(op, pool_id, batch["id"], results)
    return batch["id"], results


def _sorted_out(
    op: Operation, keyring: Keyring, records: Sequence[CodeRow]
) -> tuple[dict[int, RowResult], list[_Fresh]]:
    """How rows end that are refused or come twice in this call, and the others."""
    ends, fresh, seen = dict[int, RowResult](), list[_Fresh](), set[bytes]()
    for row, (record, code_id) in enumerate(zip(records, new_ids(len(records)), strict=True)):
        found = judged(record, op.now.date())
        if isinstance(found, Rejection):
            ends[row] = RowResult(row=row, outcome=RowOutcome.REJECTED, reason=found)
            continue
        blind = keyring.blind(compared(found))
        if blind in seen:
            ends[row] = RowResult(row=row, outcome=RowOutcome.DUPLICATE)
            continue
        seen.add(blind)
        fresh.append(_Fresh(row=row, code_id=code_id, goods=found, blind=blind))
    return ends, fresh


async def _store(
    op: Operation, keyring: Keyring, pool_id: UUID, batch_id: UUID, fresh: Sequence[_Fresh]
) -> frozenset[UUID]:
    if not fresh:
        return frozenset()
    data_key = await data_key_in(op, keyring, pool_id)
    sealed = [seal_with(data_key, written(one.goods), code_context(pool_id, one.code_id)) for one in fresh]
    rows = await op.sql.fetch(
        STORE,
        pool_id,
        batch_id,
        op.now,
        [one.code_id for one in fresh],
        sealed,
        [one.blind for one in fresh],
        [last_four(one.goods) for one in fresh],
        [one.goods.expires_on for one in fresh],
    )
    return frozenset(row["id"] for row in rows)


async def _tell(op: Operation, pool_id: UUID, batch_id: UUID, results: Sequence[RowResult]) -> None:
    counts = {outcome: sum(result.outcome is outcome for result in results) for outcome in RowOutcome}
    imported, rejected = counts[RowOutcome.IMPORTED], counts[RowOutcome.REJECTED]
    await op.sql.execute(COUNT_BATCH, batch_id, imported, rejected)
    if imported:
        await count_in(op, {pool_id: PoolMove(imported=imported, free=imported)})
    await audit.record_in(
        op, "codes.imported", "code_pool", pool_id, batch_id=batch_id, imported=imported, rejected=rejected
    )
    if imported:
        op.tell(
            CODES_IMPORTED.about(
                pool_id,
                batch_id=str(batch_id),
                imported=imported,
                duplicates=counts[RowOutcome.DUPLICATE],
                rejected=rejected,
                free=await op.sql.fetchval("SELECT free FROM code_pool WHERE id = $1", pool_id),
            )
        )


def _result(row: int, told: str) -> RowResult:
    """A result as the receipt holds it: the first letter of its outcome, or the reason it was rejected for."""
    for outcome in (RowOutcome.IMPORTED, RowOutcome.DUPLICATE):
        if told == outcome[0]:
            return RowResult(row=row, outcome=outcome)
    return RowResult(row=row, outcome=RowOutcome.REJECTED, reason=Rejection(told))
