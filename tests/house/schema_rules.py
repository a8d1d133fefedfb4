"""What must hold of the schema, as functions from a schema to its violations."""

import difflib
import re
from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    find_breaking_changes,
    get_nullable_type,
    is_list_type,
)

BUILT_IN = frozenset({"String", "Int", "Float", "Boolean", "ID"})
# How a description says the bound of a list.
BOUND = re.compile(r"at most|at least one|1 to 1,000|one a unit")


def undescribed(schema: GraphQLSchema) -> list[str]:
    """Types, fields, arguments and input fields that say nothing of themselves; enumerations speak as a whole."""
    silent = list[str]()
    for name, kind in _own_types(schema):
        if not kind.description and name not in ("Query", "Mutation", "Subscription"):
            silent.append(name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                if not field.description:
                    silent.append(f"{name}.{field_name}")
                silent += [
                    f"{name}.{field_name}({argument_name})"
                    for argument_name, argument in field.args.items()
                    if not argument.description and not _is_the_input(argument_name, field)
                ]
        if isinstance(kind, GraphQLInputObjectType):
            silent += [f"{name}.{field_name}" for field_name, field in kind.fields.items() if not field.description]
    return silent


def unbounded(schema: GraphQLSchema) -> list[str]:
    """Lists without a stated bound: neither a page, nor a `first`, nor a number in the description."""
    endless = list[str]()
    for name, kind in _own_types(schema):
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            continue
        for field_name, field in kind.fields.items():
            is_page = isinstance(field, GraphQLField) and "first" in field.args
            if (
                is_list_type(get_nullable_type(field.type))
                and not is_page
                and not BOUND.search(field.description or "")
            ):
                endless.append(f"{name}.{field_name}")
    return endless


def unlike(printed: str, now: str) -> list[str]:
    """Lines that only one of two prints of a schema has, marked - and +."""
    told = difflib.unified_diff(printed.splitlines(), now.splitlines(), n=0, lineterm="")
    return [line for line in told if not line.startswith(("---", "+++", "@@"))]


def broken(released: GraphQLSchema, now: GraphQLSchema) -> list[str]:
    """What a client of the released schema could trip over."""
    return [change.description for change in find_breaking_changes(released, now)]


def _own_types(
    schema: GraphQLSchema,
) -> Iterator[
    tuple[
        str,
        GraphQLObjectType
        | GraphQLInterfaceType
        | GraphQLUnionType
        | GraphQLEnumType
        | GraphQLInputObjectType
        | GraphQLScalarType,
    ]
]:
    return (
        (name, kind) for name, kind in schema.type_map.items() if not name.startswith("__") and name not in BUILT_IN
    )


def _is_the_input(argument_name: str, field: GraphQLField) -> bool:
    """The one `input` of a mutation is described by its type."""
    return argument_name == "input" and len(field.args) == 1
