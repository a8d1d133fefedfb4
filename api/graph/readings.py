"""The rooms' readings in the one shape that batches call: (sql, pairs, **arguments) → answers by pair."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from api.graph.context import Context
from domain.access.listing import accounts_by_id, api_keys_by_id
from domain.access.principals import Actor
from domain.activities.listing import sources_by_id
from domain.activities.reading import (
    ActivityPage,
    ActivityRecord,
    ActivityTypeRecord,
    activities_by_id,
    activities_of,
    activity_types,
)
from domain.kernel.sql import Database, sure_value
from domain.partners.reading import children_of_partners, members_by_pairs, members_of_partners, partners_by_pairs
from domain.partners.showing import SubjectShown, subjects_shown
from leaderboards.listing import boards, boards_by_id, seasons_of
from leaderboards.reading import RankAsked, ranks, seasons
from leaderboards.reasoning import reasons
from leaderboards.views import BoardShown, RankShown, Reasons, SeasonShown

Pairs = Sequence[tuple[Actor, UUID]]
TYPES_READ_MAX = 100
BOARDS_READ = 100

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


async def children_of_partner(
    sql: Database, pairs: Pairs, *, limit: int, after: tuple[str, UUID] | None = None
) -> Sequence[Any]:
    """A page of the firms below each partner, in order of name."""
    return await children_of_partners(sql, pairs, after=after, limit=limit - 1)


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


async def board_by_id(sql: Database, pairs: Pairs) -> Sequence[BoardShown | None]:
    """The boards of these ids that their actor may look at."""
    return await boards_by_id(sql, pairs)


async def boards_by_code(sql: Database, pairs: Sequence[tuple[Actor, str]]) -> Mapping[tuple[Actor, str], BoardShown]:
    """The boards of these codes that their actor may look at; there are few boards."""
    known: dict[Actor, dict[str, BoardShown]] = {}
    for actor in {pair[0] for pair in pairs}:
        known[actor] = {board.code: board for board in await every_board(sql, actor)}
    return {pair: known[pair[0]][pair[1]] for pair in pairs if pair[1] in known[pair[0]]}


async def every_board(sql: Database, actor: Actor) -> Sequence[BoardShown]:
    """Every board the actor may look at, at most 200, in order of code."""
    first = await boards(sql, actor)
    return first if len(first) < BOARDS_READ else [*first, *await boards(sql, actor, after_code=first[-1].code)]


async def boards_of_program(sql: Database, pairs: Pairs) -> Mapping[tuple[Actor, UUID], Sequence[BoardShown]]:
    """The boards that belong to each program, as far as their actor may look at them."""
    found: dict[tuple[Actor, UUID], list[BoardShown]] = {}
    for actor in {pair[0] for pair in pairs}:
        for board in await every_board(sql, actor):
            if board.program_id is not None and (actor, board.program_id) in pairs:
                found.setdefault((actor, board.program_id), []).append(board)
    return found


async def season_by_id(sql: Database, pairs: Pairs) -> Sequence[SeasonShown | None]:
    """The seasons of these ids whose board their actor may look at."""
    return await seasons(sql, pairs)


async def seasons_of_board(
    sql: Database, pairs: Pairs, *, first: int, before: datetime | None = None
) -> Sequence[Sequence[SeasonShown]]:
    """Each board's newest seasons."""
    return await seasons_of(sql, pairs, first=first, before=before)


async def subject_shown(sql: Database, pairs: Pairs) -> Mapping[tuple[Actor, UUID], SubjectShown]:
    """How members and partners are shown on boards; the same for everybody who may look at the board."""
    shown = await subjects_shown(sql, {pair[1] for pair in pairs})
    return {pair: shown[pair[1]] for pair in pairs if pair[1] in shown}


async def instant_now(sql: Database, pairs: Sequence[tuple[Actor, str]]) -> Mapping[tuple[Actor, str], datetime]:
    """The instant as Guerdon counts it, once an operation."""
    instant: datetime = await sure_value(sql, "SELECT guerdon_now()")
    return dict.fromkeys(pairs, instant)


async def rank_of(context: Context, season: SeasonShown, subject_id: UUID) -> RankShown | None:
    """Where the subject stands, read together with the other ranks of the operation."""
    shown: dict[UUID, SeasonShown] = context.remembered.setdefault("seasons", {})
    shown[season.id] = season
    if "ranks" not in context.remembered:

        async def read(sql: Database, pairs: Sequence[tuple[Actor, tuple[UUID, UUID]]]) -> Sequence[RankShown | None]:
            asked = [RankAsked(actor=actor, season=shown[key[0]], subject_id=key[1]) for actor, key in pairs]
            return await ranks(sql, context.store, asked)

        context.remembered["ranks"] = read
    found: RankShown | None = await context.batches.one(context.remembered["ranks"], (season.id, subject_id))
    return found


async def reasons_of_standing(
    sql: Database, pairs: Sequence[tuple[Actor, tuple[UUID, UUID]]], *, first: int
) -> Sequence[Reasons | None]:
    """The contributions behind each (season, subject)."""
    return await reasons(sql, [(actor, *key) for actor, key in pairs], first=first)
