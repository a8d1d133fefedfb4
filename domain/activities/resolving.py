"""What the items of a batch name: types, members and partners, and memberships as of the activity, all by set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.activities.activity import ActivityInput
from domain.activities.types import DeclaredType, declared_type
from domain.kernel.sql import Connection
from domain.partners.facts import memberships_as_of
from domain.partners.naming import members_named, partners_named

TYPES = "SELECT code, name, declaration FROM activity_type WHERE code = ANY($1::text[])"


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a batch names and we know: types by code; our ids of members and partners by reference."""

    types: Mapping[str, DeclaredType]
    members: Mapping[UUID | str, UUID]
    partners: Mapping[UUID | str, UUID]


async def named_in(connection: Connection, source_id: UUID, items: Sequence[ActivityInput]) -> Named:
    """What exists of all that the items name, external ids within the source; at most three statements."""
    return Named(
        types=await _types(connection, {item.type for item in items}),
        members=await members_named(connection, source_id, (i.member for i in items if i.member is not None)),
        partners=await partners_named(connection, source_id, (i.partner for i in items if i.partner is not None)),
    )


async def memberships_in(
    connection: Connection, asked: Iterable[tuple[UUID, datetime]]
) -> dict[tuple[UUID, datetime], UUID | None]:
    """The partner of each member as of an instant; None where there is none."""
    pairs = list(asked)
    return dict(zip(pairs, await memberships_as_of(connection, pairs), strict=True))


async def _types(connection: Connection, codes: set[str]) -> Mapping[str, DeclaredType]:
    if not codes:
        return {}
    rows = await connection.fetch(TYPES, list(codes))
    return {row["code"]: declared_type(row["code"], row["name"], row["declaration"]) for row in rows}
