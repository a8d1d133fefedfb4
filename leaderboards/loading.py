"""Boards and seasons from their rows."""

from uuid import UUID

from domain.kernel.sql import Row
from leaderboards.boards import Board, Operator, RankDisplay, Scope, Visibility
from leaderboards.metrics import metric_of
from leaderboards.views import BoardShown, SeasonShown
from leaderboards.windows import Window, WindowKind

SEASON_EPOCHS_MAX = 1_000_000


def board_of(row: Row, span: Row | None) -> Board:
    """The board that a row of `leaderboard` describes, with its one season's span where the window is the program's."""
    board_id: UUID = row["id"]
    return Board(
        id=board_id,
        metric=metric_of(row["metric"]),
        operator=Operator(row["operator"]),
        scope=Scope(row["scope"]),
        window_kind=WindowKind(row["window_kind"]),
        zone=row["zone"],
        span=None if span is None else Window(starts_at=span["starts_at"], ends_at=span["ends_at"]),
    )


def index_epoch(relay_epoch: int, season_epoch: int) -> int:
    """One ascending number for "this database, this history of the season": a restore or a rebuild raises it."""
    return relay_epoch * SEASON_EPOCHS_MAX + season_epoch


def board_shown(row: Row) -> BoardShown:
    """A row of `leaderboard` as its viewers know it."""
    return BoardShown(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        metric=row["metric"],
        operator=Operator(row["operator"]),
        scope=Scope(row["scope"]),
        window_kind=WindowKind(row["window_kind"]),
        zone=row["zone"],
        unit=row["unit"],
        rank_display=RankDisplay(row["rank_display"]),
        program_id=row["program_id"],
        visibility=Visibility(row["visibility"]),
        version=row["version"],
    )


def season_shown(row: Row) -> SeasonShown:
    """A season with its board, from a row of both (season_id, starts_at, ends_at, closed, and the board's columns)."""
    return SeasonShown(
        id=row["season_id"],
        board=board_shown(row),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        closed=row["closed"],
    )
