"""Accounts and keys by id, as the face asks for them: one's own, or any for administrators."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.access.principals import Actor, Role
from domain.access.reading import AccountRecord, ApiKeyRecord, account_record, key_record
from domain.kernel.sql import Connection, Database

Pairs = Sequence[tuple[Actor, UUID]]

ACCOUNTS = """
SELECT id, issuer, subject, role, name, locale, member_id, recorded_at, disabled_at
FROM account WHERE id = ANY($1::uuid[])
"""
KEYS = """
SELECT id, name, prefix, scopes, source_id, recorded_at, expires_at, revoked_at FROM api_key WHERE id = ANY($1::uuid[])
"""


async def accounts_by_id(sql: Database | Connection, pairs: Pairs) -> Mapping[tuple[Actor, UUID], AccountRecord]:
    """Accounts that are the actor's own; an administrator's or the system's may be anybody's."""
    seen = [pair for pair in pairs if pair[0].principal_id == pair[1] or pair[0].role in (Role.ADMIN, Role.SYSTEM)]
    rows = await sql.fetch(ACCOUNTS, [pair[1] for pair in seen])
    found = {row["id"]: account_record(row) for row in rows}
    return {pair: found[pair[1]] for pair in seen if pair[1] in found}


async def api_keys_by_id(sql: Database | Connection, pairs: Pairs) -> Mapping[tuple[Actor, UUID], ApiKeyRecord]:
    """Keys that are the actor itself; an administrator's or the system's may be any."""
    seen = [pair for pair in pairs if pair[0].principal_id == pair[1] or pair[0].role in (Role.ADMIN, Role.SYSTEM)]
    rows = await sql.fetch(KEYS, [pair[1] for pair in seen])
    found = {row["id"]: key_record(row) for row in rows}
    return {pair: found[pair[1]] for pair in seen if pair[1] in found}
