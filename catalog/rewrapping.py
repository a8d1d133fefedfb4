"""Keys are rotated: what an older key sealed is sealed again under today's, in bounded steps that can be resumed.

Codes themselves are not touched: each pool's data key is sealed again, and that opens the same codes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from catalog.codes.events import CODE_POOL_RESEALED
from catalog.codes.records import pool_context
from catalog.suppliers.recipients import shipment_context
from catalog.suppliers.registry import supplier_context
from domain.access.principals import SYSTEM
from domain.activities.connecting import sealed_context
from domain.kernel.operation import Door, Operation
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Connection, Database

REWRAP_MAX = 500

SUPPLIERS = "SELECT id, supplier_id FROM code_pool WHERE id = ANY($1::uuid[]) ORDER BY id"


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """One column of sealed values, and what each is bound to; what is empty is not sealed."""

    table: str
    key: str
    column: str
    context: Callable[[UUID], str]


SEALED = (
    Sealed(table="code_pool", key="id", column="data_key", context=pool_context),
    Sealed(table="supplier", key="id", column="credentials", context=supplier_context),
    Sealed(table="shipment", key="redemption_id", column="sealed", context=shipment_context),
    Sealed(table="source_inlet", key="source_id", column="secret", context=sealed_context),
)


async def rewrap(door: Door, keyring: Keyring, more: Sequence[Sealed] = ()) -> int:
    """A step: up to 500 values of each kind, and of any `more` that a room above names, that another key sealed are
    sealed under today's; answers how many.

    Refuses: SealBroken (a fault) where the key that sealed one is not on the ring; nothing is then changed.
    """

    async def work(op: Operation) -> int:
        return sum([await _rewrap_in(op, keyring, one) for one in (*SEALED, *more)])

    return await door.operate(SYSTEM, work)


async def keys_in_use(sql: Database | Connection, more: Sequence[Sealed] = ()) -> Mapping[str, int]:
    """Key id → how many values it seals."""
    counts = dict[str, int]()
    for one in (*SEALED, *more):
        for row in await sql.fetch(
            f"SELECT convert_from(substring({one.column} FROM 2 FOR get_byte({one.column}, 0)), 'UTF8') AS id,"
            f" count(*) AS sealed FROM {one.table} WHERE {one.column} <> '' GROUP BY 1"
        ):
            counts[row["id"]] = counts.get(row["id"], 0) + row["sealed"]
    return counts


async def _rewrap_in(op: Operation, keyring: Keyring, one: Sealed) -> int:
    name = keyring.current.encode()
    mark = bytes([len(name)]) + name
    rows = await op.sql.fetch(
        f"SELECT {one.key} AS id, {one.column} AS sealed FROM {one.table}"
        f" WHERE {one.column} <> '' AND substring({one.column} FROM 1 FOR $1) <> $2"
        f" ORDER BY {one.key} LIMIT $3 FOR NO KEY UPDATE",
        len(mark),
        mark,
        REWRAP_MAX,
    )
    again = [keyring.seal(keyring.open(row["sealed"], one.context(row["id"])), one.context(row["id"])) for row in rows]
    await op.sql.execute(
        f"UPDATE {one.table} AS t SET {one.column} = a.sealed FROM unnest($1::uuid[], $2::bytea[]) AS a (id, sealed)"
        f" WHERE t.{one.key} = a.id",
        [row["id"] for row in rows],
        again,
    )
    if one.table == "code_pool":
        suppliers = await op.sql.fetch(SUPPLIERS, [row["id"] for row in rows])
        op.tell(*(CODE_POOL_RESEALED.about(row["id"], supplier_id=str(row["supplier_id"])) for row in suppliers))
    return len(rows)
