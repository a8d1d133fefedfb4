"""Every question about suppliers that the face and the rooms above may ask; actor first, by set, frozen records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.access.principals import Actor, Role
from domain.kernel.sql import Connection, Database, Row


class AdapterKind(StrEnum):
    """How a supplier delivers."""

    CODE_POOL = "CODE_POOL"
    HTTP_PUSH = "HTTP_PUSH"
    PULL_QUEUE = "PULL_QUEUE"
    BY_HAND = "BY_HAND"
    SCRIPTED = "SCRIPTED"


class SupplierState(StrEnum):
    """PAUSED suppliers get no new orders; what is under way is finished."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"


# A key reads and feeds the one supplier of its own source; an unbound key has none.
EVERY_SUPPLIER = frozenset(
    {Role.CHANNEL_MANAGER, Role.CATALOG, Role.SUPPORT, Role.FINANCE, Role.ADMIN, Role.SYSTEM},
)
COLUMNS = """
s.id, s.code, s.name, s.source_id, s.adapter, s.state, s.settings, s.credentials, s.is_test, s.rate_calls,
s.rate_seconds, s.float_balance, s.float_currency, s.float_alert_below, s.float_checked_at, s.recorded_at, s.version
"""
SEEN = "(seer.sees_all OR s.source_id = seer.source_id)"
PAGE = f"""
SELECT {COLUMNS} FROM (SELECT $1::bool AS sees_all, $2::uuid AS source_id) AS seer, supplier AS s
WHERE {SEEN} AND ($3::text IS NULL OR s.code > $3) ORDER BY s.code LIMIT $4
"""
BY_ID = f"""
SELECT seer.place, {COLUMNS}
FROM unnest($1::bool[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS seer (sees_all, source_id, id, place)
     JOIN supplier AS s ON s.id = seer.id WHERE {SEEN}
"""
OF_SOURCE = f"SELECT {COLUMNS} FROM supplier AS s WHERE s.source_id = $1"


@dataclass(frozen=True, kw_only=True)
class SupplierRecord:
    """A supplier as it stands. `sealed_credentials` open with the keyring only; the float is in minor units."""

    id: UUID
    code: str
    name: str
    source_id: UUID | None
    adapter: AdapterKind
    state: SupplierState
    settings: Mapping[str, Any]
    sealed_credentials: bytes | None = field(repr=False)
    is_test: bool
    rate_calls: int
    rate_seconds: int
    float_balance: int | None
    float_currency: str | None
    float_alert_below: int | None
    float_checked_at: datetime | None
    recorded_at: datetime
    version: int

    @property
    def has_credentials(self) -> bool:
        return self.sealed_credentials is not None


def sees(actor: Actor) -> tuple[bool, UUID | None]:
    """Whose suppliers the actor is handed: all, or those of one source; (False, None) for none."""
    if actor.role in EVERY_SUPPLIER:
        return True, None
    return False, actor.source_id if actor.role is Role.INTEGRATION else None


async def suppliers(
    sql: Database | Connection, actor: Actor, *, first: int, after: str | None = None
) -> list[SupplierRecord]:
    """The suppliers the actor may see, in order of code, after a code."""
    return [supplier_record(row) for row in await sql.fetch(PAGE, *sees(actor), after, first)]


async def suppliers_by_id(
    sql: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> Mapping[tuple[Actor, UUID], SupplierRecord]:
    """Those of the suppliers that their actor may see."""
    seers = [sees(actor) for actor, _ in pairs]
    ids = [supplier_id for _, supplier_id in pairs]
    rows = await sql.fetch(BY_ID, [seer[0] for seer in seers], [seer[1] for seer in seers], ids)
    return {pairs[row["place"] - 1]: supplier_record(row) for row in rows}


async def supplier_of_source(sql: Database | Connection, source_id: UUID) -> SupplierRecord | None:
    """The supplier that a source's key feeds and fulfils for; None where the source is nobody's."""
    row = await sql.fetchrow(OF_SOURCE, source_id)
    return None if row is None else supplier_record(row)


def supplier_record(row: Row) -> SupplierRecord:
    """The record of a row with `COLUMNS`."""
    return SupplierRecord(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        source_id=row["source_id"],
        adapter=AdapterKind(row["adapter"]),
        state=SupplierState(row["state"]),
        settings=row["settings"],
        sealed_credentials=row["credentials"],
        is_test=row["is_test"],
        rate_calls=row["rate_calls"],
        rate_seconds=row["rate_seconds"],
        float_balance=row["float_balance"],
        float_currency=row["float_currency"],
        float_alert_below=row["float_alert_below"],
        float_checked_at=row["float_checked_at"],
        recorded_at=row["recorded_at"],
        version=row["version"],
    )
