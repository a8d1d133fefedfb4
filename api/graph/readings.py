"""The rooms' readings in the one shape that batches call: (sql, pairs, **arguments) → answers by pair."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.listing import accounts_by_id, api_keys_by_id
from domain.access.principals import Actor
from domain.activities.listing import sources_by_id
from domain.activities.reading import ActivityPage, ActivityRecord, ActivityTypeRecord, activities_by_id, activities_of, activity_types
from domain.kernel.sql import Database
from domain.partners.reading import members_by_pairs, members_of_partners, partners_by_pairs

Pairs = Sequence[tuple[Actor, UUID]]
TYPES_READ_MAX = 100

account_by_id = accounts_by_id
api_key_by_id = api_keys_by_id
partner_by_id = partners_by_pairs
source_by_id = sources_by_id
member_by_id = members_by_pairs


async def members_of_partner(
    sql: Database, pairs: Pairs, *, limit: int, after: tuple[str, UUID] | None = None
) -> Sequence[Any]:
    """A page of each partner's members, in order of name; one less than `limit`, because each page knows its end."""
    return await members_of_partners(sql, pairs, after=after, limit=limit - 1)


async def activities_of_members(
    sql: Database, pairs: Pairs, *, limit: int, after: tuple[datetime, UUID] | None = None, **wanted: Any
) -> Mapping[tuple[Actor, UUID], Sequence[ActivityRecord]]:
    """A page of each member's activities."""
    return await activities_of(sql, "MEMBER", pairs, ActivityPage(first=limit, after=after, **wanted))


async def activities_of_partners(
    sql: Database, pairs: Pairs, *, limit: int, after: tuple[datetime, UUID] | None = None, **wanted: Any
) -> Mapping[tuple[Actor, UUID], Sequence[ActivityRecord]]:
    """A page of each partner's activities."""
    return await activities_of(sql, "PARTNER", pairs, ActivityPage(first=limit, after=after, **wanted))


async def activity_type_by_code(
    sql: Database, pairs: Sequence[tuple[Actor, str]]
) -> Mapping[tuple[Actor, str], ActivityTypeRecord]:
    """The declared types of these codes; the same for everybody."""
    known = {kind.code: kind for kind in await activity_types(sql, first=TYPES_READ_MAX)}
    return {pair: known[pair[1]] for pair in pairs if pair[1] in known}


async def activity_by_id(sql: Database, pairs: Pairs) -> Mapping[tuple[Actor, UUID], ActivityRecord]:
    """Those of the activities that their actor may be handed."""
    return await activities_by_id(sql, pairs)
