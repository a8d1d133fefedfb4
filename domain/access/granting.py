"""Machines get keys and lose them."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access import audit
from domain.access.events import API_KEY_CREATED, API_KEY_REVOKED
from domain.access.keys import ID_BYTES, SECRET_BYTES, ApiKeyText, KeyKind
from domain.access.principals import Actor, Scope
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotFound

NAME_LENGTH_MAX = 100

CREATE = """
INSERT INTO api_key (id, name, prefix, secret_hash, scopes, source_id, recorded_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
REVOKE = "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING prefix"


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key as it is handed over. `text` is the whole key, once; None where a repeated request gets the receipt."""

    id: UUID
    prefix: str
    text: str | None = field(repr=False)


async def create_key(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    *,
    name: str,
    scopes: Collection[Scope],
    source_id: UUID | None = None,
    expires_at: datetime | None = None,
    kind: KeyKind = KeyKind.LIVE,
) -> NewKey:
    """A key with these scopes exists; its secret is told now and never again.

    Refuses: InvalidInput (name, scopes, expiry); KeyReused; TryLater.
    """
    text: str | None = None

    async def work(op: Operation) -> dict[str, Any]:
        nonlocal text
        made = await create_key_in(op, name=name, scopes=scopes, source_id=source_id, expires_at=expires_at, kind=kind)
        text = made.text
        return {"id": str(made.id), "prefix": made.prefix}

    outcome = await door.operate_keyed(actor, "createApiKey", keyed, work)
    told = None if outcome.replayed else text
    return NewKey(id=UUID(outcome.facts["id"]), prefix=outcome.facts["prefix"], text=told)


async def create_key_in(
    op: Operation,
    *,
    name: str,
    scopes: Collection[Scope],
    source_id: UUID | None = None,
    expires_at: datetime | None = None,
    kind: KeyKind = KeyKind.LIVE,
) -> NewKey:
    """As `create_key`, in the caller's operation. Refuses: InvalidInput."""
    if not 1 <= len(name.strip()) <= NAME_LENGTH_MAX:
        raise InvalidInput(field="name", problem=f"1 to {NAME_LENGTH_MAX} characters")
    if not scopes:
        raise InvalidInput(field="scopes", problem="at least one")
    if expires_at is not None and expires_at <= op.now:
        raise InvalidInput(field="expiresAt", problem="must be in the future")
    key_id, key = new_id(), ApiKeyText.made(kind, secrets.token_bytes(ID_BYTES + SECRET_BYTES))
    granted = sorted(scope.value for scope in set(scopes))
    await op.sql.execute(
        CREATE, key_id, name.strip(), key.prefix, key.secret_hash, granted, source_id, op.now, expires_at
    )
    await audit.record_in(op, "api_key.created", "api_key", key_id, scopes=granted, source_id=source_id)
    op.tell(API_KEY_CREATED.about(key_id, scopes=granted, source_id=source_id and str(source_id)))
    return NewKey(id=key_id, prefix=key.prefix, text=key.text)


async def revoke_key(door: Door, actor: Actor, key_id: UUID) -> None:
    """The key proves nothing from now on; revoking again changes nothing. Refuses: NotFound; TryLater."""

    async def work(op: Operation) -> None:
        await revoke_key_in(op, key_id)

    await door.operate(actor, work)


async def revoke_key_in(op: Operation, key_id: UUID) -> None:
    """As `revoke_key`, in the caller's operation. Refuses: NotFound."""
    if await op.sql.fetchval(REVOKE, key_id, op.now) is None:
        if await op.sql.fetchval("SELECT 1 FROM api_key WHERE id = $1", key_id) is None:
            raise NotFound(kind="API key", id=str(key_id))
        return
    await audit.record_in(op, "api_key.revoked", "api_key", key_id)
    op.tell(API_KEY_REVOKED.about(key_id))
