"""Suppliers are defined, paused and watched: credentials under seal, prepaid money with an alert."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from catalog.suppliers.definition import SupplierDefinition, check_definition
from catalog.suppliers.events import FLOAT_LOW, SUPPLIER_DEFINED, SUPPLIER_STATE_CHANGED
from catalog.suppliers.reading import AdapterKind, SupplierState
from catalog.suppliers.registry import supplier_context
from domain.access import audit
from domain.access.principals import Actor
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import AlreadyExists, InvalidInput, NotFound
from domain.kernel.sealing import Keyring
from domain.kernel.sql import UniqueViolation

LOCK = "SELECT id, adapter, is_test, credentials FROM supplier WHERE code = $1 FOR NO KEY UPDATE"
INSERT = """
INSERT INTO supplier (id, code, name, source_id, adapter, settings, credentials, is_test, rate_calls, rate_seconds,
                      float_currency, float_alert_below, recorded_at, state, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'ACTIVE', 1)
"""
CHANGE = """
UPDATE supplier SET name = $2, source_id = $3, settings = $4, credentials = coalesce($5, credentials), rate_calls = $6,
    rate_seconds = $7, float_currency = $8::varchar, float_alert_below = $9,
    float_balance = CASE WHEN float_currency IS NOT DISTINCT FROM $8::varchar THEN float_balance END,
    version = version + 1
WHERE id = $1
"""
MOVE = "UPDATE supplier SET state = $2, version = version + 1 WHERE id = $1 AND state <> $2 RETURNING id"
# The row is locked by the inner query, so what was before is what this report replaces.
REPORT = """
WITH before AS (SELECT id, float_balance FROM supplier WHERE id = $1 FOR NO KEY UPDATE)
UPDATE supplier AS s SET float_balance = $2, float_checked_at = $3, version = version + 1 FROM before
WHERE s.id = before.id AND s.float_currency IS NOT NULL
RETURNING s.float_currency, s.float_alert_below, before.float_balance AS before
"""


async def define_supplier(
    door: Door, actor: Actor, keyed: Keyed, keyring: Keyring, definition: SupplierDefinition, *, sandbox: bool = False
) -> Outcome:
    """The supplier of this code stands as defined, new or changed; its secret is sealed. Facts: supplier_id.

    A secret that is not given is kept. How it delivers, and whether it is for tests, never changes.
    Refuses: InvalidInput; AlreadyExists (another supplier has the source); NotFound (the source); KeyReused; TryLater.
    """
    check_definition(definition, sandbox=sandbox)
    told = keyring.blind(f"secret:{definition.secret}").hex() if definition.secret else None

    async def work(op: Operation) -> Mapping[str, Any]:
        supplier_id = await define_supplier_in(op, keyring, definition)
        return {"supplier_id": str(supplier_id)}

    request = {name: value for name, value in keyed.request.items() if name != "secret"} | {"secret": told}
    return await door.operate_keyed(actor, "defineSupplier", Keyed(key=keyed.key, request=request), work)


async def define_supplier_in(op: Operation, keyring: Keyring, definition: SupplierDefinition) -> UUID:
    """As `define_supplier`, in the caller's operation, of a definition that was checked."""
    if definition.source_id is not None:
        known = await op.sql.fetchval("SELECT 1 FROM source WHERE id = $1", definition.source_id)
        if known is None:
            raise NotFound(kind="source", id=str(definition.source_id))
    row = await op.sql.fetchrow(LOCK, definition.code)
    if row is not None and (row["adapter"], row["is_test"]) != (definition.adapter, definition.is_test):
        raise InvalidInput(field="adapter", problem="how a supplier delivers, and for whom, never changes")
    if definition.adapter is AdapterKind.HTTP_PUSH and definition.secret is None and row is None:
        raise InvalidInput(field="secret", problem="HTTP_PUSH needs one, to sign with")
    supplier_id = new_id() if row is None else row["id"]
    sealed = None
    if definition.secret is not None:
        sealed = keyring.seal(orjson.dumps({"secret": definition.secret}), supplier_context(supplier_id))
    try:
        await _write(op, supplier_id, definition, sealed, is_new=row is None)
    except UniqueViolation as trouble:
        raise AlreadyExists(kind="supplier", name=definition.code) from trouble
    if definition.float_balance is not None:
        await report_float_in(op, supplier_id, definition.float_balance)
    changed = sealed is not None
    await audit.record_in(
        op, "supplier.defined", "supplier", supplier_id, code=definition.code, credentials_changed=changed
    )
    adapter = definition.adapter.value
    op.tell(
        SUPPLIER_DEFINED.about(supplier_id, code=definition.code, adapter=adapter, credentials_changed=changed),
    )
    return supplier_id


async def pause_supplier(door: Door, actor: Actor, keyed: Keyed, supplier_id: UUID, *, paused: bool = True) -> Outcome:
    """The supplier gets no new orders, or gets them again. Facts: supplier_id.

    Refuses: NotFound; KeyReused; TryLater.
    """
    state = SupplierState.PAUSED if paused else SupplierState.ACTIVE

    async def work(op: Operation) -> Mapping[str, Any]:
        if await op.sql.fetchval("SELECT 1 FROM supplier WHERE id = $1", supplier_id) is None:
            raise NotFound(kind="supplier", id=str(supplier_id))
        if await op.sql.fetchval(MOVE, supplier_id, state) is not None:
            await audit.record_in(op, "supplier.state_changed", "supplier", supplier_id, state=state.value)
            op.tell(SUPPLIER_STATE_CHANGED.about(supplier_id, state=state.value))
        return {"supplier_id": str(supplier_id)}

    return await door.operate_keyed(actor, "pauseSupplier", keyed, work)


async def report_float_in(op: Operation, supplier_id: UUID, balance: int) -> None:
    """The supplier says so much is left, in minor units of its float's currency; tells supplier.float_low at a fall
    below the alert. A supplier without a float is left as it is.
    """
    row = await op.sql.fetchrow(REPORT, supplier_id, balance, op.now)
    if row is None or row["float_alert_below"] is None:
        return
    alert, before = row["float_alert_below"], row["before"]
    if balance < alert and (before is None or before >= alert):
        op.tell(FLOAT_LOW.about(supplier_id, balance=balance, currency=row["float_currency"], alert_below=alert))


async def _write(
    op: Operation, supplier_id: UUID, definition: SupplierDefinition, sealed: bytes | None, *, is_new: bool
) -> None:
    settings, name = dict(definition.settings), definition.name.strip()
    rates = (definition.rate_calls, definition.rate_seconds)
    float_ = (definition.float_currency, definition.float_alert_below)
    if not is_new:
        await op.sql.execute(CHANGE, supplier_id, name, definition.source_id, settings, sealed, *rates, *float_)
        return
    await op.sql.execute(
        INSERT,
        supplier_id,
        definition.code,
        name,
        definition.source_id,
        definition.adapter,
        settings,
        sealed,
        definition.is_test,
        *rates,
        *float_,
        op.now,
    )
