"""What a live board asks again and again: has it moved, what does its top read now, and how many stand on it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.sql import Connection, Database, sure_value
from leaderboards.loading import board_shown, index_epoch, season_shown
from leaderboards.views import BoardShown, LinesShown, SeasonShown

# The newest season of each board, as pages without a season show it.
NEWEST = """
SELECT b.*, s.season_id, s.starts_at, s.ends_at, s.closed, s.seq, s.season_epoch, r.epoch AS relay_epoch,
       guerdon_now() AS instant
FROM leaderboard b CROSS JOIN relay_state r
LEFT JOIN LATERAL (
  SELECT id AS season_id, starts_at, ends_at, closing_position IS NOT NULL AS closed, seq, epoch AS season_epoch
  FROM season WHERE leaderboard_id = b.id ORDER BY starts_at DESC LIMIT 1
) AS s ON true
WHERE b.id = ANY($1::uuid[])
"""


@dataclass(frozen=True, kw_only=True)
class Newest:
    """A board's newest season (None before its first contribution) and which state of it stands, (epoch, seq)."""

    board: BoardShown
    season: SeasonShown | None
    at: tuple[int, int]
    instant: datetime


async def newest(source: Database | Connection, board_ids: Collection[UUID]) -> Mapping[UUID, Newest]:
    """The newest season of each board; one statement however many."""
    return {
        row["id"]: Newest(
            board=board_shown(row),
            season=season_shown(row) if row["season_id"] is not None else None,
            at=(index_epoch(row["relay_epoch"], row["season_epoch"] or 0), row["seq"] or 0),
            instant=row["instant"],
        )
        for row in await source.fetch(NEWEST, list(board_ids))
    }


async def subjects(source: Database | Connection, lines: LinesShown) -> int:
    """How many stand on the board: as the index knew with the lines, else counted now."""
    if lines.subjects is not None:
        return lines.subjects
    return await sure_value(source, "SELECT count(*) FROM standing WHERE season_id = $1", lines.season.id)
