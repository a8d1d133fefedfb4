"""The few shapes that most fields have: an opaque id, a text in a locale, another noun, a page of another noun."""

from collections.abc import Callable, Hashable
from operator import attrgetter
from typing import Annotated, Any
from uuid import UUID

import strawberry
from graphql import GraphQLError

from api.graph.batching import Reading
from api.graph.context import Info
from api.graph.ids import Tag, decode_as, encode_id
from api.graph.paging import After, Connection, First, Key, Page, limit_of, page_of, read_cursor
from api.graph.texts import Locale, LocaleArgument, in_locale

LIST_MAX = 100


@strawberry.interface(description="Something with an id of its own; `Query.node` finds it again.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque and typed; the same for as long as the thing exists.")


def identity(tag: Tag, attribute: str = "id") -> Any:
    """The field `id`: the record's own."""

    @staticmethod
    def resolve(parent: strawberry.Parent[Any]) -> strawberry.ID:
        return strawberry.ID(encode_id(tag, getattr(parent, attribute)))

    return strawberry.field(resolver=resolve, description="Opaque and typed; the same for as long as it exists.")


def reference(tag: Tag, attribute: str, description: str) -> Any:
    """The id of something else, null where the record names none."""

    @staticmethod
    def resolve(parent: strawberry.Parent[Any]) -> strawberry.ID | None:
        value = getattr(parent, attribute)
        return None if value is None else strawberry.ID(encode_id(tag, value))

    return strawberry.field(resolver=resolve, description=description)


def sure_reference(tag: Tag, attribute: str, description: str) -> Any:
    """The id of something else that every record names."""

    @staticmethod
    def resolve(parent: strawberry.Parent[Any]) -> strawberry.ID:
        return strawberry.ID(encode_id(tag, getattr(parent, attribute)))

    return strawberry.field(resolver=resolve, description=description)


def told(path: str, noun: Any, description: str, *, name: str | None = None) -> Any:
    """A value that stands deeper in the record, by its dotted path."""
    read = attrgetter(path)

    @staticmethod
    def resolve(parent: strawberry.Parent[Any]) -> Any:
        return read(parent)

    return strawberry.field(resolver=resolve, graphql_type=noun, description=description, name=name)


def wording(attribute: str, description: str) -> Any:
    """A text that the record holds by locale."""

    @staticmethod
    def resolve(parent: strawberry.Parent[Any], info: Info, locale: LocaleArgument = None) -> str:
        return in_locale(getattr(parent, attribute), locale or Locale(info.context.locale))

    return strawberry.field(resolver=resolve, description=description)


def one(noun: Any, reading: Reading[Any, Any], attribute: str, description: str, **arguments: Hashable) -> Any:
    """Another noun that the record names by id; null where it names none or the viewer may not see it."""

    read = attrgetter(attribute)

    @staticmethod
    async def resolve(parent: strawberry.Parent[Any], info: Info) -> Any:
        return await info.context.batches.one(reading, read(parent), **arguments)

    return strawberry.field(resolver=resolve, graphql_type=noun | None, description=description)


def many(
    noun: Any, reading: Reading[Any, Any], description: str, attribute: str = "id", *, nullable: bool = False
) -> Any:
    """All of a bounded list of another noun, batched over parents."""

    @staticmethod
    async def resolve(parent: strawberry.Parent[Any], info: Info) -> Any:
        return await info.context.batches.many(reading, getattr(parent, attribute))

    shown = list[noun] | None if nullable else list[noun]
    return strawberry.field(resolver=resolve, graphql_type=shown, description=description)


def pages(
    noun: Any,
    reading: Reading[Any, Any],
    description: str,
    *,
    key: Callable[[Any], Key],
    kinds: tuple[type, ...],
    attribute: str = "id",
    nullable: bool = True,
) -> Any:
    """A connection of another noun, one LATERAL page a parent."""

    @staticmethod
    async def resolve(parent: strawberry.Parent[Any], info: Info, first: First = 25, after: After = None) -> Page[Any]:
        return await page_by(info, reading, getattr(parent, attribute), first, after, key=key, kinds=kinds)

    shown = Connection[noun] | None if nullable else Connection[noun]
    return strawberry.field(resolver=resolve, graphql_type=shown, description=description)


async def page_by(
    info: Info,
    reading: Reading[Any, Any],
    parent_id: UUID,
    first: int,
    after: str | None,
    *,
    key: Callable[[Any], Key],
    kinds: tuple[type, ...],
    **arguments: Hashable,
) -> Page[Any]:
    """The page of one parent, read together with those of its siblings."""
    last = read_cursor(after, *kinds)
    seen = last[0] if last is not None and len(kinds) == 1 else last
    found = await info.context.batches.one(reading, parent_id, limit=limit_of(first), after=seen, **arguments)
    # Most readings answer one row more than the page; those of partners know by themselves whether others follow.
    rows, has_more = getattr(found, "records", found), getattr(found, "has_more", None)
    return page_of(rows or (), first=first, after=after, key=key, has_more=has_more)


def wanted(tag: Tag, text: str | None) -> UUID | None:
    """The UUID of an id given as a filter; None without one.

    Refuses: GraphQLError (BAD_INPUT) for an id of another kind.
    """
    if text is None:
        return None
    value = decode_as(tag, text)
    if value is None:
        kind = tag.name.lower().replace("_", " ")
        raise GraphQLError(f"This is not the id of a {kind}.", extensions={"code": "BAD_INPUT"})
    return value


IdArgument = Annotated[strawberry.ID | None, strawberry.argument(description="Only those of this id.")]
