"""Seals are closed and opened: a supplier's delivered code is stored, and the one place that reads a code again."""

from uuid import UUID

from catalog.codes.events import CODE_ISSUED, CODE_POOL_CREATED
from catalog.codes.records import code_context, compared, last_four, pool_context, read, written
from catalog.codes.refusals import CodeExists
from catalog.codes.taking import Issued, PoolMove, count_in, lock_pools_in
from catalog.suppliers.outcomes import Goods
from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from domain.kernel.refusals import NotFound
from domain.kernel.sealing import Keyring, new_data_key, open_with, seal_with

# Codes that suppliers deliver have a batch a day, so that a bad day can be recalled; importers cannot use the prefix.
DELIVERED_PREFIX = "delivered:"
DELIVERED_POOL = "delivered"

DATA_KEY = "SELECT data_key FROM code_pool WHERE id = $1"
ENSURE_BATCH = """
INSERT INTO code_batch (id, pool_id, external_id, recorded_at, state, imported, rejected)
VALUES ($1, $2, $3, $4, 'ACTIVE', 0, 0)
ON CONFLICT (pool_id, external_id) DO UPDATE SET external_id = excluded.external_id RETURNING id, state
"""
STORE = """
INSERT INTO voucher_code (id, pool_id, batch_id, state, sealed, blind_index, last_four, expires_on, line_id,
    recorded_at, reserved_at, issued_at)
VALUES ($1, $2, $3, 'ISSUED', $4, $5, $6, $7, $8, $9, $9, $9) ON CONFLICT (blind_index) DO NOTHING RETURNING id
"""
STORED = """
SELECT id, last_four, expires_on FROM voucher_code WHERE blind_index = $1 AND line_id = $2 AND state = 'ISSUED'
"""
COUNT_BATCH = "UPDATE code_batch SET imported = imported + 1 WHERE id = $1"
OPEN = """
UPDATE voucher_code AS c SET revealed_at = coalesce(c.revealed_at, $2) FROM code_pool AS p
WHERE c.line_id = $1 AND c.state = 'ISSUED' AND p.id = c.pool_id RETURNING c.id, c.pool_id, c.sealed, p.data_key
"""
FIND_POOL = "SELECT id FROM code_pool WHERE supplier_id = $1 AND code = $2"
MAKE_POOL = """
INSERT INTO code_pool (id, supplier_id, code, name, data_key, recorded_at, low_stock_at, imported, free, reserved,
    issued, void, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, 1) ON CONFLICT (supplier_id, code) DO NOTHING RETURNING id
"""


async def store_delivered_in(op: Operation, keyring: Keyring, pool_id: UUID, line_id: UUID, goods: Goods) -> Issued:
    """A supplier's code is sealed and ISSUED to its line; the same delivery again changes nothing.

    Refuses: CodeExists (it was stored for another line, or is void); NotFound (the pool).
    """
    await lock_pools_in(op, [pool_id])
    data_key = await data_key_in(op, keyring, pool_id)
    code_id, blind, shown = new_id(), keyring.blind(compared(goods)), last_four(goods)
    batch_id = await op.sql.fetchval(
        ENSURE_BATCH, new_id(), pool_id, f"{DELIVERED_PREFIX}{op.now.date().isoformat()}", op.now
    )
    sealed = seal_with(data_key, written(goods), code_context(pool_id, code_id))
    stored = await op.sql.fetchval(
        STORE, code_id, pool_id, batch_id, sealed, blind, shown, goods.expires_on, line_id, op.now
    )
    if stored is None:
        row = await op.sql.fetchrow(STORED, blind, line_id)
        if row is None:
            raise CodeExists(pool_id=str(pool_id))
        return Issued(code_id=row["id"], last_four=row["last_four"], expires_on=row["expires_on"])
    await op.sql.execute(COUNT_BATCH, batch_id)
    await count_in(op, {pool_id: PoolMove(imported=1, issued=1)})
    op.tell(CODE_ISSUED.about(code_id, pool_id=str(pool_id), line_id=str(line_id)))
    return Issued(code_id=code_id, last_four=shown, expires_on=goods.expires_on)


async def open_code_in(op: Operation, keyring: Keyring, line_id: UUID) -> Goods:
    """What the line's issued code says, in plain; `revealed_at` is set. The caller has checked whose line it is.

    Refuses: NotFound (the line has no issued code).
    """
    row = await op.sql.fetchrow(OPEN, line_id, op.now)
    if row is None:
        raise NotFound(kind="code", id=str(line_id))
    data_key = keyring.open(row["data_key"], pool_context(row["pool_id"]))
    return read(open_with(data_key, row["sealed"], code_context(row["pool_id"], row["id"])))


async def delivery_pool_in(op: Operation, keyring: Keyring, supplier_id: UUID) -> UUID:
    """The pool that keeps what a supplier delivers itself, for routes that name none; made when first needed."""
    found = await op.sql.fetchval(FIND_POOL, supplier_id, DELIVERED_POOL)
    return (
        found
        if found is not None
        else await make_pool_in(op, keyring, supplier_id, DELIVERED_POOL, "Delivered codes", 0)
    )


async def make_pool_in(
    op: Operation, keyring: Keyring, supplier_id: UUID, code: str, name: str, low_stock_at: int
) -> UUID:
    """A pool with a data key of its own stands; if one of this code stood already, that one."""
    pool_id = new_id()
    sealed = keyring.seal(new_data_key(), pool_context(pool_id))
    made = await op.sql.fetchval(MAKE_POOL, pool_id, supplier_id, code, name, sealed, op.now, low_stock_at)
    if made is None:
        standing: UUID | None = await op.sql.fetchval(FIND_POOL, supplier_id, code)
        assert standing is not None, "what the insert met stands, and is never deleted"
        return standing
    op.tell(CODE_POOL_CREATED.about(pool_id, supplier_id=str(supplier_id), code=code))
    return pool_id


async def data_key_in(op: Operation, keyring: Keyring, pool_id: UUID) -> bytes:
    """The key that seals the pool's codes. Refuses: NotFound (the pool)."""
    sealed = await op.sql.fetchval(DATA_KEY, pool_id)
    if sealed is None:
        raise NotFound(kind="code pool", id=str(pool_id))
    return keyring.open(sealed, pool_context(pool_id))
