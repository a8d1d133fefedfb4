"""Creating a leaderboard; its seasons open by themselves when an event falls into a new window."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.access.principals import Actor, Role
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import AlreadyExists, NotAllowed
from leaderboards.events import BOARD_CREATED, SEASON_OPENED
from leaderboards.metrics import Definition, metric_data, understood
from leaderboards.refusals import BoardNotUnderstood, TooManyBoards

BOARDS_MAX = 200

INSERT_BOARD = """
INSERT INTO leaderboard (id, code, name, metric, operator, scope, window_kind, zone, unit, rank_display, program_id,
                         visibility, folded_position, recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, 1)
ON CONFLICT (code) DO NOTHING RETURNING id
"""

INSERT_SEASON = """
INSERT INTO season (id, leaderboard_id, starts_at, ends_at, epoch, seq, folded_position, recorded_at)
VALUES ($1, $2, $3, $4, 1, 0, 0, $5)
"""


async def create_leaderboard(door: Door, actor: Actor, keyed: Keyed, wanted: Definition) -> Outcome:
    """A board stands and begins to fold at the first event (backfill); facts: leaderboard_id.

    Refuses: NotAllowed; BoardNotUnderstood; TooManyBoards; AlreadyExists (code).
    """
    if actor.role not in (Role.CHANNEL_MANAGER, Role.ADMIN, Role.SYSTEM):
        raise NotAllowed(action="createLeaderboard")

    async def work(op: Operation) -> Mapping[str, Any]:
        return {"leaderboard_id": str(await create_leaderboard_in(op, wanted))}

    return await door.operate_keyed(actor, "createLeaderboard", keyed, work)


async def create_leaderboard_in(op: Operation, wanted: Definition) -> UUID:
    """As create_leaderboard, inside an operation; answers the board's id."""
    parts = understood(wanted)
    if parts.metric.unit is not None:
        known = await op.sql.fetchval("SELECT 1 FROM unit WHERE code = $1", parts.metric.unit)
        if known is None:
            raise BoardNotUnderstood(field="metric.unit", problem="is not a unit")
    boards: int | None = await op.sql.fetchval("SELECT count(*) FROM leaderboard")
    if (boards or 0) >= BOARDS_MAX:
        raise TooManyBoards(boards_max=BOARDS_MAX)
    board_id = new_id()
    created = await op.sql.fetchval(
        INSERT_BOARD,
        board_id,
        wanted.code,
        dict(wanted.name),
        metric_data(parts.metric),
        parts.operator.value,
        parts.scope.value,
        parts.window_kind.value,
        wanted.zone,
        parts.metric.unit,
        parts.rank_display.value,
        wanted.program_id,
        parts.visibility.value,
        op.now,
    )
    if created is None:
        raise AlreadyExists(kind="leaderboard", name=wanted.code)
    op.tell(
        BOARD_CREATED.about(
            board_id,
            program_id=wanted.program_id,
            code=wanted.code,
            operator=parts.operator.value,
            scope=parts.scope.value,
            window=parts.window_kind.value,
            unit=parts.metric.unit,
        )
    )
    if wanted.span is not None:
        season_id = new_id()
        await op.sql.execute(INSERT_SEASON, season_id, board_id, wanted.span.starts_at, wanted.span.ends_at, op.now)
        op.tell(
            SEASON_OPENED.about(
                season_id,
                program_id=wanted.program_id,
                leaderboard_id=str(board_id),
                starts_at=wanted.span.starts_at.isoformat(),
                ends_at=wanted.span.ends_at and wanted.span.ends_at.isoformat(),
            )
        )
    return board_id
