"""A source may send by itself once it is connected: its inlet stands, its secret is sealed."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access import audit
from domain.access.principals import Actor
from domain.activities.inlets import Inlet, inlet
from domain.activities.mapping import RowMapping
from domain.activities.mapping_document import row_mapping
from domain.activities.refusals import UnknownSource
from domain.activities.sources import SourceRecord, source_by_id, source_of
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Database

SECRET_LENGTH_MIN, SECRET_LENGTH_MAX = 16, 500

CONNECT = """
INSERT INTO source_inlet (source_id, document, secret, recorded_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (source_id) DO UPDATE SET document = excluded.document, secret = excluded.secret,
  recorded_at = excluded.recorded_at
"""
# The sender signs by the world's clock, which no sandbox moves.
CONNECTED = """
SELECT source.id, code, name, mapping, on_change, backfill, document, secret, clock_timestamp() AS at
FROM source JOIN source_inlet ON source_inlet.source_id = source.id WHERE code = $1
"""


@dataclass(frozen=True, kw_only=True)
class Connected:
    """A source that sends by itself, as of one instant; `at` is the world's time."""

    source: SourceRecord
    inlet: Inlet
    secret: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The source and the secret that was made for it: told once; None where it was given, or in a repeat."""

    source_id: UUID
    code: str
    secret: str | None = field(repr=False)


def sealed_context(source_id: UUID) -> str:
    """What a sealed secret is bound to."""
    return f"source_inlet|{source_id}"


async def connect_source(
    door: Door,
    keyring: Keyring,
    actor: Actor,
    keyed: Keyed,
    source_id: UUID,
    document: Mapping[str, object],
    secret: str | None = None,
) -> Connection:
    """The source sends by itself, proven by this secret or by one that is made now; what stood before is replaced.

    Refuses: UnknownSource; InvalidInlet; InvalidMapping and InvalidInput (the source's mapping cannot read messages,
    the secret's length); KeyReused; TryLater.
    """
    made = None if secret is not None else "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    text = secret if made is None else made
    assert text is not None, "given or made"

    async def work(op: Operation) -> dict[str, Any]:
        inlet(document)
        if not SECRET_LENGTH_MIN <= len(text) <= SECRET_LENGTH_MAX:
            raise InvalidInput(field="secret", problem=f"{SECRET_LENGTH_MIN} to {SECRET_LENGTH_MAX} characters")
        source = await source_by_id(op.sql, source_id)
        mapping_of(source)
        sealed = keyring.seal(text.encode(), sealed_context(source_id))
        await op.sql.execute(CONNECT, source_id, dict(document), sealed, op.now)
        await audit.record_in(op, "source.connected", "source", source_id)
        return {"code": source.code}

    outcome = await door.operate_keyed(actor, "connectSource", keyed, work)
    return Connection(source_id=source_id, code=outcome.facts["code"], secret=None if outcome.replayed else made)


async def connected_source(database: Database, keyring: Keyring, code: str) -> Connected:
    """The connected source of this code, its secret opened. Refuses: UnknownSource, also where it is not connected."""
    row = await database.fetchrow(CONNECTED, code)
    if row is None:
        raise UnknownSource(source=code[:64])
    secret = keyring.open(row["secret"], sealed_context(row["id"])).decode()
    return Connected(source=source_of(row), inlet=inlet(row["document"]), secret=secret, at=row["at"])


def mapping_of(source: SourceRecord) -> RowMapping:
    """How the source's messages become activities. Refuses: InvalidInput (no mapping, or one with side files)."""
    if source.mapping is None:
        raise InvalidInput(field="mapping", problem="the source needs one before it can send by itself")
    mapping = row_mapping(source.mapping)
    if mapping.files:
        raise InvalidInput(field="mapping.files", problem="a message has no files beside it")
    return mapping
