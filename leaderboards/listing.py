"""Which boards there are, and the seasons of each."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import Connection, Database
from leaderboards.boards import Visibility
from leaderboards.loading import board_shown, season_shown
from leaderboards.reading import sees
from leaderboards.views import BoardShown, SeasonShown

PAGE_MAX = 100
BOARDS = """
SELECT * FROM leaderboard WHERE ($1::text IS NULL OR code > $1) AND visibility = ANY($2::text[]) ORDER BY code LIMIT $3
"""
BOARD = "SELECT * FROM leaderboard WHERE id = ANY($1::uuid[])"

SEASONS_OF = """
SELECT of_board.*, b.* FROM unnest($1::uuid[]) AS asked (board_id)
JOIN leaderboard b ON b.id = asked.board_id
CROSS JOIN LATERAL (
  SELECT s.id AS season_id, s.starts_at, s.ends_at, s.closing_position IS NOT NULL AS closed FROM season s
  WHERE s.leaderboard_id = b.id AND ($2::timestamptz IS NULL OR s.starts_at < $2)
  ORDER BY s.starts_at DESC LIMIT $3
) AS of_board
ORDER BY b.id, of_board.starts_at DESC
"""

SEASON_AT = """
SELECT s.id AS season_id, s.starts_at, s.ends_at, s.closing_position IS NOT NULL AS closed, b.*
FROM leaderboard b JOIN season s ON s.leaderboard_id = b.id
WHERE b.id = $1 AND s.starts_at <= coalesce($2, guerdon_now()) ORDER BY s.starts_at DESC LIMIT 1
"""


async def boards(
    source: Database | Connection, actor: Actor, *, first: int = PAGE_MAX, after_code: str | None = None
) -> list[BoardShown]:
    """The next boards that the actor may look at, by code. Refuses: InvalidInput (first outside 1 to 100)."""
    if not 1 <= first <= PAGE_MAX:
        raise InvalidInput(field="first", problem=f"1 to {PAGE_MAX}")
    seen = [one.value for one in Visibility if sees(actor, one)]
    return [board_shown(row) for row in await source.fetch(BOARDS, after_code, seen, first)]


async def boards_by_id(source: Database | Connection, asked: Sequence[tuple[Actor, UUID]]) -> list[BoardShown | None]:
    """Boards, one per (actor, board) in order; None where there is none for that actor."""
    rows = await source.fetch(BOARD, list({board_id for _, board_id in asked}))
    found = {row["id"]: board_shown(row) for row in rows}
    return [
        one if (one := found.get(board_id)) is not None and sees(actor, one.visibility) else None
        for actor, board_id in asked
    ]


async def seasons_of(
    source: Database | Connection,
    asked: Sequence[tuple[Actor, UUID]],
    *,
    first: int = 10,
    before: datetime | None = None,
) -> list[Sequence[SeasonShown]]:
    """Per (actor, board) the newest seasons that start before an instant, newest first; none where not allowed.

    One statement. Refuses: InvalidInput (first outside 1 to 100).
    """
    if not 1 <= first <= PAGE_MAX:
        raise InvalidInput(field="first", problem=f"1 to {PAGE_MAX}")
    found = dict[UUID, list[SeasonShown]]()
    for row in await source.fetch(SEASONS_OF, list({board_id for _, board_id in asked}), before, first):
        found.setdefault(row["id"], []).append(season_shown(row))
    return [[one for one in found.get(board_id, ()) if sees(actor, one.board.visibility)] for actor, board_id in asked]


async def season_at(
    source: Database | Connection, actor: Actor, board_id: UUID, instant: datetime | None = None
) -> SeasonShown:
    """The board's season that began last before an instant (now, unless given).

    Refuses: NotFound (also for a window without any contribution yet, when it is the first).
    """
    row = await source.fetchrow(SEASON_AT, board_id, instant)
    found = season_shown(row) if row is not None else None
    if found is None or not sees(actor, found.board.visibility):
        raise NotFound(kind="season", id=str(board_id))
    return found
