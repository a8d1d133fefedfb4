"""Defines where activities come from and which types they may have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from domain.access.principals import Actor, Role
from domain.activities.activity import OnChange
from domain.activities.documents import Piece
from domain.activities.mapping_document import row_mapping
from domain.activities.refusals import InvalidActivityType, UnknownSource
from domain.activities.types import DeclaredType, declared_type
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotAllowed
from domain.kernel.sql import Connection, Database, Row

CODE_LENGTH_MAX = 64
TYPES_MAX = 100

UPSERT_SOURCE = """
INSERT INTO source (id, code, name, mapping, on_change, backfill, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, mapping = excluded.mapping, on_change = excluded.on_change,
                                 backfill = excluded.backfill
RETURNING id, code, name, mapping, on_change, backfill
"""

UPSERT_TYPES = """
INSERT INTO activity_type (code, name, declaration, recorded_at)
SELECT code, name, declaration, $4 FROM unnest($1::text[], $2::jsonb[], $3::jsonb[]) AS told (code, name, declaration)
ORDER BY code COLLATE "C"
ON CONFLICT (code) DO UPDATE SET name = excluded.name, declaration = excluded.declaration
"""

STANDING_TYPES = """
SELECT code, name, declaration FROM activity_type WHERE code = ANY($1::text[])
ORDER BY code COLLATE "C" FOR UPDATE
"""


@dataclass(frozen=True, kw_only=True)
class SourceRecord:
    """Where activities come from; a backfill source has no grace limit."""

    source_id: UUID
    code: str
    name: str
    on_change: OnChange
    backfill: bool
    mapping: Mapping[str, object] | None


@dataclass(frozen=True, kw_only=True)
class SourceDefinition:
    """What an operator states of a source."""

    code: str
    name: str
    on_change: OnChange = OnChange.REFUSE
    backfill: bool = False
    mapping: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class TypeDefinition:
    """What an operator states of an activity type: its code, its name by locale and its declaration as JSON."""

    code: str
    name: Mapping[str, str]
    declaration: Mapping[str, object]


async def ensure_source(door: Door, actor: Actor, definition: SourceDefinition) -> SourceRecord:
    """The source of this code stands as defined, new or changed; its id never changes.

    Refuses: NotAllowed; InvalidInput; InvalidMapping.
    """
    return await door.operate(actor, lambda op: ensure_source_in(op, actor, definition))


async def ensure_source_in(op: Operation, actor: Actor, definition: SourceDefinition) -> SourceRecord:
    """As `ensure_source`, in an open operation."""
    _allowed(actor, "defineSource")
    for field, text, length_max in (("code", definition.code, CODE_LENGTH_MAX), ("name", definition.name, 200)):
        if not 1 <= len(text) <= length_max:
            raise InvalidInput(field=field, problem=f"1 to {length_max} characters")
    if definition.mapping is not None:
        row_mapping(definition.mapping)
    row = await op.sql.fetchrow(
        UPSERT_SOURCE,
        new_id(),
        definition.code,
        definition.name,
        dict(definition.mapping) if definition.mapping is not None else None,
        definition.on_change.value,
        definition.backfill,
        op.now,
    )
    assert row is not None, "an upsert answers its row"
    return source_of(row)


async def define_types(door: Door, actor: Actor, definitions: Sequence[TypeDefinition]) -> tuple[DeclaredType, ...]:
    """The activity types stand as declared, all or none; what stands may gain attributes and lose none.

    Refuses: NotAllowed; InvalidInput; InvalidActivityType.
    """
    return await door.operate(actor, lambda op: define_types_in(op, actor, definitions))


async def define_types_in(
    op: Operation, actor: Actor, definitions: Sequence[TypeDefinition]
) -> tuple[DeclaredType, ...]:
    """As `define_types`, in an open operation."""
    _allowed(actor, "defineActivityType")
    if len(definitions) > TYPES_MAX:
        raise InvalidInput(field="types", problem=f"at most {TYPES_MAX} at once")
    kinds = {each.code: declared_type(each.code, each.name, each.declaration) for each in definitions}
    if len(kinds) < len(definitions):
        raise InvalidInput(field="types", problem="a code comes twice")
    units = sorted({unit for kind in kinds.values() for rule in kind.amounts.values() for unit in rule.units})
    known = {
        cast("str", row["code"])
        for row in await op.sql.fetch("SELECT code FROM unit WHERE kind = 'MONEY' AND code = ANY($1::text[])", units)
    }
    standing = {row["code"]: row for row in await op.sql.fetch(STANDING_TYPES, sorted(kinds))}
    for kind in kinds.values():
        before = standing.get(kind.code)
        _keeps(kind, declared_type(kind.code, before["name"], before["declaration"]) if before else None, known)
    await op.sql.execute(
        UPSERT_TYPES,
        list(kinds),
        [dict(kind.name) for kind in kinds.values()],
        [kind.document() for kind in kinds.values()],
        op.now,
    )
    return tuple(kinds.values())


async def source_by_code(reader: Database | Connection, code: str) -> SourceRecord:
    """The source of this code.

    Refuses: UnknownSource.
    """
    row = await reader.fetchrow(
        "SELECT id, code, name, mapping, on_change, backfill FROM source WHERE code = $1", code[:CODE_LENGTH_MAX]
    )
    if row is None:
        raise UnknownSource(source=code[:CODE_LENGTH_MAX])
    return source_of(row)


async def source_by_id(reader: Database | Connection, source_id: UUID) -> SourceRecord:
    """The source of this id.

    Refuses: UnknownSource.
    """
    row = await reader.fetchrow(
        "SELECT id, code, name, mapping, on_change, backfill FROM source WHERE id = $1", source_id
    )
    if row is None:
        raise UnknownSource(source=str(source_id))
    return source_of(row)


def source_of(row: Row) -> SourceRecord:
    return SourceRecord(
        source_id=row["id"],
        code=row["code"],
        name=row["name"],
        on_change=OnChange(row["on_change"]),
        backfill=row["backfill"],
        mapping=row["mapping"],
    )


def _keeps(kind: DeclaredType, before: DeclaredType | None, units: set[str]) -> None:
    """A standing declaration may grow; what activities already hold keeps its meaning."""
    whole = Piece(None)
    for rule in kind.amounts.values():
        for unit in rule.units:
            if unit not in units:
                Piece(None, f"amounts.{rule.basis}.units", whole.problems).note(f"{unit} is no currency here")
    for attribute in before.attributes.values() if before else ():
        now = kind.attributes.get(attribute.name)
        if now is None or now.kind is not attribute.kind:
            Piece(None, f"attributes.{attribute.name}", whole.problems).note(f"stands as {attribute.kind}")
    if before and before.deal_key != kind.deal_key:
        Piece(None, "deal_key", whole.problems).note(f"stands as {before.deal_key}")
    if whole.problems:
        raise InvalidActivityType(type=kind.code, problems=whole.problems)


def _allowed(actor: Actor, action: str) -> None:
    if actor.role not in (Role.ADMIN, Role.SYSTEM):
        raise NotAllowed(action=action)
