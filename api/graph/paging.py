"""Keyset connections: pages of at most 100, cursors that are read strictly, no offset and no slice in memory."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
import strawberry
from graphql import GraphQLError

from api.graph.scalars import Cursor

PAGE_MAX = 100

Item = TypeVar("Item")
Key = tuple[Any, ...]
After = Annotated[Cursor | None, strawberry.argument(description="The cursor of the last item you have seen.")]
First = Annotated[int, strawberry.argument(description="How many items at most, 1 to 100.")]


@dataclass(frozen=True, kw_only=True)
class EdgeRecord(Generic[Item]):
    """One item of a page with its cursor."""

    cursor: str
    node: Item


@dataclass(frozen=True, kw_only=True)
class PageInfoRecord:
    """Where a page stands in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Item]):
    """A page of items; `count` is asked only when a client selects totalCount."""

    edges: Sequence[EdgeRecord[Item]]
    page_info: PageInfoRecord
    count: Callable[[], Awaitable[int | None]] | None = None


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="True if items follow this page.")
    has_previous_page: bool = strawberry.field(description="True if the page was asked for after a cursor.")
    start_cursor: Cursor | None = strawberry.field(description="The cursor of the first item, null for an empty page.")
    end_cursor: Cursor | None = strawberry.field(description="The cursor of the last item: `after` of the next page.")


@strawberry.type(description="An item of a page with its cursor.")
class Edge(Generic[Item]):
    cursor: Cursor = strawberry.field(description="The place of this item in the list.")
    node: Item = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list, at most 100 items.")
class Connection(Generic[Item]):
    edges: list[Edge[Item]] = strawberry.field(description="The items of the page, at most 100.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


@strawberry.type(description="A page of a list, at most 100 items, that knows the length of the whole list.")
class CountedConnection(Generic[Item]):
    edges: list[Edge[Item]] = strawberry.field(description="The items of the page, at most 100.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")

    @strawberry.field(description="How many items the whole list has with these filters; null where that is dear.")
    @staticmethod
    async def total_count(parent: strawberry.Parent[Page[Any]]) -> int | None:
        return None if parent.count is None else await parent.count()


def limit_of(first: int) -> int:
    """How many rows to ask for: one more than the page, to know whether another follows.

    Refuses: GraphQLError (PAGE_TOO_LARGE) unless 1 ≤ first ≤ 100.
    """
    if not 1 <= first <= PAGE_MAX:
        raise GraphQLError(f"first must lie between 1 and {PAGE_MAX}.", extensions={"code": "PAGE_TOO_LARGE"})
    return first + 1


def page_of(
    rows: Sequence[Item],
    *,
    first: int,
    after: str | None,
    key: Callable[[Item], Key],
    count: Callable[[], Awaitable[int | None]] | None = None,
    has_more: bool | None = None,
) -> Page[Item]:
    """The page of the first rows of those that were read with `limit_of(first)`, or whose reading knows `has_more`."""
    edges = [EdgeRecord(cursor=write_cursor(*key(row)), node=row) for row in rows[:first]]
    info = PageInfoRecord(
        has_next_page=len(rows) > first if has_more is None else has_more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Page(edges=edges, page_info=info, count=count)


def write_cursor(*key: object) -> str:
    """The cursor of a sort key made of text, whole numbers, instants and UUIDs."""
    return base64.urlsafe_b64encode(orjson.dumps([_written(part) for part in key])).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type) -> Any:
    """The sort key that a cursor holds, as a tuple of these kinds; None without a cursor.

    Refuses: GraphQLError (BAD_INPUT) for a cursor that is not one of this list.
    """
    if cursor is None:
        return None
    try:
        parts = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if isinstance(parts, list) and len(parts) == len(kinds):
            return tuple(_read(kind, part) for kind, part in zip(kinds, parts, strict=True))
    except (binascii.Error, ValueError, TypeError):
        pass
    raise GraphQLError("This cursor does not belong to this list.", extensions={"code": "BAD_INPUT"})


def _written(part: object) -> object:
    return str(part) if isinstance(part, UUID) else part.isoformat() if isinstance(part, datetime) else part


def _read(kind: type, part: object) -> object:
    if kind is UUID and isinstance(part, str):
        return UUID(part)
    if kind is datetime and isinstance(part, str):
        instant = datetime.fromisoformat(part)
        if instant.tzinfo is None:
            raise ValueError(part)
        return instant
    if kind in (int, str) and type(part) is kind:
        return part
    raise ValueError(part)
