"""Scalars of the schema: Points, DateTime, Cursor and JSON, each strict about what it reads."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError

POINTS_MAX = 10**15
CURSOR_LENGTH_MAX = 512

Points = NewType("Points", int)
Cursor = NewType("Cursor", str)
Json = NewType("Json", object)


def read_points(value: Any) -> int:
    """A whole number within the bound. Refuses: GraphQLError for floats, booleans, text and larger numbers."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise GraphQLError("Points must be a whole JSON number, not a float, a boolean or text.")
    if abs(value) > POINTS_MAX:
        raise GraphQLError("Points must lie between -10^15 and 10^15.")
    return value


def read_instant(value: Any) -> datetime:
    """An aware instant, in UTC. Refuses: GraphQLError for text without an offset or out of the years 1900 to 2999."""
    if not isinstance(value, str) or len(value) > 40:
        raise GraphQLError("DateTime must be ISO 8601 text with an offset.")
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise GraphQLError("DateTime must be ISO 8601 text with an offset, such as 2026-03-31T22:00:00Z.") from None
    if instant.tzinfo is None:
        raise GraphQLError("DateTime must say its offset: end with Z or +02:00.")
    if not 1900 <= instant.year < 3000:
        raise GraphQLError("DateTime must lie in the years 1900 to 2999.")
    return instant.astimezone(UTC)


def write_instant(value: datetime) -> str:
    """ISO 8601 in UTC, ending with Z."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_cursor(value: Any) -> str:
    """Text of at most 512 characters. Refuses: GraphQLError otherwise."""
    if not isinstance(value, str) or not 0 < len(value) <= CURSOR_LENGTH_MAX:
        raise GraphQLError(f"A cursor is text of 1 to {CURSOR_LENGTH_MAX} characters.")
    return value


SCALARS: Mapping[Any, Any] = {
    Points: strawberry.scalar(
        name="Points",
        description="A whole number, |x| ≤ 10^15, as a JSON number: points, or money in minor units. Never a float.",
        serialize=lambda value: value,
        parse_value=read_points,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, ISO 8601 with an offset; answered in UTC, ending with Z.",
        serialize=write_instant,
        parse_value=read_instant,
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description="An opaque place in a list or a stream: keep it, send it back, never parse it. ≤ 512 characters.",
        serialize=str,
        parse_value=read_cursor,
    ),
    Json: strawberry.scalar(
        name="JSON",
        description="A JSON value as data (an object, list, text, number or boolean), not text that holds JSON.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
}
