"""The matrix at work: no schema without a row for every field, and every field resolved by what its row grants."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import isawaitable
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    default_field_resolver,
    get_named_type,
)

from domain.access.matrix import GRANTED, Cell, Extent, Matrix, MatrixRow, SchemaField
from domain.access.principals import Actor, Relation, Role, Scope
from domain.access.refusals import ScopeMissing
from domain.access.roles import FACE_ROLES
from domain.kernel.refusals import NotAllowed, NotFound, Refusal

Resolver = Callable[..., Any]
# The relations that a field may be read in, None among them for records that belong to nobody.
Verdict = frozenset[Relation | None]
EVERYTHING: Verdict = GRANTED[Extent.ALL]
TABLES_MAX = 256


class SchemaNotCovered(RuntimeError):
    """A field has no row, or one that could deny it though it must not be null: the server does not start."""


@dataclass(frozen=True, kw_only=True)
class Denials:
    """What becomes of a denied action: it is told (the audit log), and answered as a member of the result's union.

    `told` is awaited before the answer. `answered` makes the union's member; without it, and where the result is no
    union that names the refusal, the refusal is raised.
    """

    told: Callable[[Actor, str], Awaitable[None]]
    answered: Callable[[Refusal, Any], object] | None = None


def schema_fields(schema: GraphQLSchema) -> Iterator[SchemaField]:
    """Every field of every object type, as the matrix looks at it; introspection aside."""
    roots = {root.name for root in _roots(schema)}
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            interfaces = tuple(interface.name for interface in kind.interfaces)
            for field in kind.fields:
                yield SchemaField(type_name=name, name=field, interfaces=interfaces, is_root=name in roots)


def check_schema(schema: GraphQLSchema, matrix: Matrix) -> None:
    """Afterwards every field has a row, and each that its noun's row shows more often than its own may be null.

    Refuses: SchemaNotCovered, naming all that lack a row or must become nullable.
    """
    fields = list(schema_fields(schema))
    uncovered = matrix.uncovered(fields)
    if uncovered:
        raise SchemaNotCovered(f"no access row for {', '.join(uncovered)}")
    strict = [
        str(field)
        for field in fields
        if not field.is_root
        and isinstance(_object(schema, field.type_name).fields[field.name].type, GraphQLNonNull)
        and _may_be_denied(matrix, field)
    ]
    if strict:
        raise SchemaNotCovered(f"the matrix may deny these, so they must be nullable: {', '.join(strict)}")


def authorize(schema: GraphQLSchema, matrix: Matrix, actor_of: Callable[[Any], Actor], denials: Denials) -> None:
    """Afterwards nothing of this schema is resolved beyond the matrix. `actor_of` finds the actor in the context.

    A root field that is denied is refused (NotAllowed, ScopeMissing); a denied field is null, or where it cannot be
    null its object is not found. Fields that everybody may read in every relation cost nothing.
    Refuses: SchemaNotCovered.
    """
    check_schema(schema, matrix)
    tables = Tables(matrix)
    for field in list(schema_fields(schema)):
        found = _object(schema, field.type_name).fields[field.name]
        if field.is_root:
            _guard_action(schema, found, str(field), matrix, actor_of, denials)
            continue
        row = matrix.row_of(field.type_name, field.name, field.interfaces)
        assert row is not None, "check_schema found a row for every field"
        if any(row.cell(role).scope or GRANTED[row.cell(role).extent] != EVERYTHING for role in FACE_ROLES):
            _guard_field(found, row, tables, actor_of)


class Tables:
    """For each role and set of scopes, computed once: what every row grants. At most 256 are kept."""

    def __init__(self, matrix: Matrix) -> None:
        self._rows = matrix.nouns
        self._known: dict[tuple[Role, frozenset[Scope]], Mapping[str, Verdict]] = {}

    def of(self, actor: Actor) -> Mapping[str, Verdict]:
        """The actor's verdicts by row."""
        place = (actor.role, actor.scopes)
        known = self._known.get(place)
        if known is None:
            if len(self._known) >= TABLES_MAX:
                self._known.clear()
            known = {name: _verdict(row, actor.role, actor.scopes) for name, row in self._rows.items()}
            self._known[place] = known
        return known


def _verdict(row: MatrixRow, role: Role, scopes: frozenset[Scope]) -> Verdict:
    if role is Role.SYSTEM:
        return EVERYTHING
    return frozenset(relation for relation in EVERYTHING if row.cell(role).grants(relation, scopes))


def _guard_field(field: GraphQLField, row: MatrixRow, tables: Tables, actor_of: Callable[[Any], Actor]) -> None:
    resolve = field.resolve or default_field_resolver
    name, is_strict = row.name, isinstance(field.type, GraphQLNonNull)

    def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        if getattr(source, "relation", None) in tables.of(actor_of(info.context))[name]:
            return resolve(source, info, **arguments)
        if is_strict:
            raise NotFound(kind=row.type_name, id="")
        return None

    field.resolve = guarded


def _guard_action(
    schema: GraphQLSchema,
    field: GraphQLField,
    name: str,
    matrix: Matrix,
    actor_of: Callable[[Any], Actor],
    denials: Denials,
) -> None:
    cells = {role: matrix.action_cell(name, role) for role in FACE_ROLES}
    if all(cell.extent in (Extent.ALL, Extent.PUBLIC) for cell in cells.values()):
        return
    denied = partial(_denied, name=name, cells=cells)
    answer = partial(_answer, denials=denials, name=name, named=_union_members(field), actor_of=actor_of)
    if schema.subscription_type is not None and name.startswith(f"{schema.subscription_type.name}."):
        field.subscribe = _guarded_stream(field.subscribe, denied, answer, actor_of)
    else:
        field.resolve = _guarded_root(field.resolve or default_field_resolver, denied, answer, actor_of)


def _guarded_root(resolve: Resolver, denied: Resolver, answer: Resolver, actor_of: Callable[[Any], Actor]) -> Resolver:
    def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        refusal = denied(actor_of(info.context))
        return resolve(source, info, **arguments) if refusal is None else answer(refusal, info)

    return guarded


def _guarded_stream(
    subscribe: Resolver | None, denied: Resolver, answer: Resolver, actor_of: Callable[[Any], Actor]
) -> Resolver:
    assert subscribe is not None, "every subscription field says where its events come from"

    async def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        refusal = denied(actor_of(info.context))
        if refusal is not None:
            await answer(refusal, info, is_stream=True)
        events = subscribe(source, info, **arguments)
        return await events if isawaitable(events) else events

    return guarded


def _denied(actor: Actor, *, name: str, cells: Mapping[Role, Cell]) -> Refusal | None:
    if actor.role is Role.SYSTEM:
        return None
    cell = cells.get(actor.role)
    if cell is None or cell.extent is Extent.NOTHING:
        return NotAllowed(action=name)
    if cell.scope is not None and cell.scope not in actor.scopes:
        return ScopeMissing(action=name, scope=cell.scope.value)
    return None


async def _answer(
    refusal: Refusal,
    info: Any,
    *,
    denials: Denials,
    name: str,
    named: frozenset[str],
    actor_of: Callable[[Any], Actor],
    is_stream: bool = False,
) -> object:
    await denials.told(actor_of(info.context), name)
    if is_stream or denials.answered is None or type(refusal).__name__ not in named:
        raise refusal
    return denials.answered(refusal, info.context)


def _union_members(field: GraphQLField) -> frozenset[str]:
    kind = get_named_type(field.type)
    return frozenset(member.name for member in kind.types) if isinstance(kind, GraphQLUnionType) else frozenset()


def _may_be_denied(matrix: Matrix, field: SchemaField) -> bool:
    """True where the field's own row shows less than its noun's: then its object may be there and it may not."""
    own, noun = matrix.nouns.get(str(field)), matrix.nouns.get(field.type_name)
    if own is None or noun is None:
        return False
    every = frozenset(Scope)
    return any(not _verdict(own, role, every) >= _verdict(noun, role, every) for role in FACE_ROLES) or any(
        own.cell(role).scope not in (None, noun.cell(role).scope) for role in FACE_ROLES
    )


def _object(schema: GraphQLSchema, name: str) -> GraphQLObjectType:
    kind = schema.type_map[name]
    assert isinstance(kind, GraphQLObjectType), f"{name} is an object type"
    return kind


def _roots(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    return [root for root in (schema.query_type, schema.mutation_type, schema.subscription_type) if root is not None]
