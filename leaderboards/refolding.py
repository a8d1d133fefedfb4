"""Folding a board's events again from the first: to compare with what stands, and to put right what differs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.kernel import outbox
from domain.kernel.clock import now
from domain.kernel.events import StampedEvent
from domain.kernel.ids import new_ids
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Connection, Row
from leaderboards.boards import COUNTED_EVENTS, Board, Contributed, Told, concerns, prize_candidate, told
from leaderboards.events import SEASON_REBUILT
from leaderboards.loading import board_of, index_epoch
from leaderboards.restanding import SeasonHeld, Touched, restand_in

POSITIONS_MAX = 5_000

EVENTS = """
SELECT position, event_id, name, aggregate_kind, aggregate_id, member_id, partner_id, program_id, payload, recorded_at
FROM outbox WHERE position > $1 AND position <= $2 AND name = ANY($3::text[]) ORDER BY position
"""

PRIZES = """
SELECT DISTINCT aggregate_id FROM outbox
WHERE aggregate_id = ANY($1::uuid[]) AND name = 'activity.recorded' AND starts_with(payload->>'type', 'season.')
"""

BOARD_OF_SEASON = """
SELECT b.*, r.epoch AS relay_epoch FROM leaderboard b CROSS JOIN relay_state r
WHERE b.id = (SELECT leaderboard_id FROM season WHERE id = $1) FOR NO KEY UPDATE OF b
"""

HOLD = """
SELECT id, leaderboard_id, starts_at, ends_at, seq, epoch, folded_position, closing_position FROM season
WHERE id = $1 FOR UPDATE
"""

HELD = "SELECT id, subject_id, origin_id, value, occurred_at FROM contribution WHERE season_id = $1"

# Whose last told change is not what stands, either way.
MISTOLD = """
SELECT subject_id FROM (
  SELECT DISTINCT ON (subject_id) subject_id, score, reached_at, contributions FROM standing_change
  WHERE season_id = $1 ORDER BY subject_id, seq DESC
) AS last
FULL JOIN (SELECT subject_id, score, reached_at, contributions FROM standing WHERE season_id = $1) AS stands
  USING (subject_id)
WHERE (last.score, last.reached_at) IS DISTINCT FROM (stands.score, stands.reached_at)
   OR (stands.score IS NOT NULL AND last.contributions <> stands.contributions)
"""

STANDING = "SELECT subject_id FROM standing WHERE season_id = $1"
RAISE_EPOCH = "UPDATE season SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch"
TAKE_AWAY = "DELETE FROM contribution WHERE id = ANY($1::uuid[])"
CONTRIBUTE = """
INSERT INTO contribution (id, season_id, subject_id, origin_id, value, occurred_at, position)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::timestamptz[], $7::bigint[])
"""


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """What a rebuild of standings looked at and replaced."""

    contributions: int
    standings: int
    contributions_replaced: int
    standings_replaced: int


class Refold:
    """A board's contributions by origin, as its events say up to the last one taken in; each season as it closed."""

    def __init__(self, board: Board, closings: Mapping[datetime, int]) -> None:
        self.board = board
        self._now = dict[UUID, Told]()
        self._closings = dict(sorted(closings.items(), key=lambda one: one[1]))
        self._closed = dict[datetime, dict[UUID, Told]]()

    def take(self, events: Iterable[StampedEvent], prizes: set[UUID]) -> None:
        """Takes in the next events, in order."""
        for event in events:
            self._close_before(event.position)
            if concerns(self.board, event):
                counted = {event.aggregate_id} & self._now.keys()
                one = told(self.board, [event], counted, prizes)[event.aggregate_id]
                if one.contribution is None:
                    self._now.pop(event.aggregate_id, None)
                else:
                    self._now[event.aggregate_id] = one

    def season(self, starts_at: datetime) -> Mapping[UUID, Told]:
        """The contributions of the season that starts then, by origin."""
        if starts_at in self._closings:
            self._close_before(self._closings[starts_at] + 1)
            return self._closed[starts_at]
        return self._of(starts_at)

    def by_season(self) -> dict[datetime, dict[UUID, Told]]:
        """All seasons that have contributions now, by their start."""
        seasons = dict[datetime, dict[UUID, Told]]()
        for origin_id, one in self._now.items():
            if one.contribution is not None:
                seasons.setdefault(one.contribution.window.starts_at, {})[origin_id] = one
        return seasons | self._closed

    def _close_before(self, position: int) -> None:
        for starts_at, closing in self._closings.items():
            if closing < position and starts_at not in self._closed:
                self._closed[starts_at] = self._of(starts_at)

    def _of(self, starts_at: datetime) -> dict[UUID, Told]:
        return {
            origin_id: one
            for origin_id, one in self._now.items()
            if one.contribution is not None and one.contribution.window.starts_at == starts_at
        }


async def refold(connection: Connection, refolds: Mapping[UUID, tuple[Refold, int]]) -> int:
    """Takes all stamped events, each up to its own position, into the refolds; answers how many events were read."""
    last = max((until for _, until in refolds.values()), default=0)
    read = 0
    for start in range(0, last, POSITIONS_MAX):
        rows = await connection.fetch(EVENTS, start, start + POSITIONS_MAX, list(COUNTED_EVENTS))
        events = [outbox.stamped(row) for row in rows]
        candidates = [one for event in events if (one := prize_candidate(event)) is not None]
        prizes = {row["aggregate_id"] for row in (await connection.fetch(PRIZES, candidates) if candidates else [])}
        for one, until in refolds.values():
            one.take((event for event in events if event.position <= until), prizes)
        read += len(events)
    return read


async def rebuild_standings(door: Door, season_id: UUID) -> Rebuilt:
    """A season's contributions and standings are the fold of its events; what differed is replaced and told as changes.

    If anything differed, the season's epoch rises: the index is rebuilt and subscribers start again.
    Refuses: LookupError for a season that is not there.
    """

    async def work(op: Operation) -> Rebuilt:
        row = await op.sql.fetchrow(BOARD_OF_SEASON, season_id)
        season = await op.sql.fetchrow(HOLD, season_id)
        if row is None or season is None:
            raise LookupError(f"there is no season {season_id}")
        board = board_of(row, season)
        closing = season["closing_position"]
        again = Refold(board, {} if closing is None else {season["starts_at"]: closing})
        await refold(op.sql, {board.id: (again, row["folded_position"] if closing is None else closing)})
        wanted = {
            origin_id: (one.contribution, one.position)
            for origin_id, one in again.season(season["starts_at"]).items()
            if one.contribution is not None
        }
        touched = await _replace(op, season_id, wanted)
        replaced = len(touched.positions)
        everybody = {contribution.subject_id for contribution, _ in wanted.values()}
        everybody |= {one["subject_id"] for one in await op.sql.fetch(STANDING, season_id)}
        mistold = {one["subject_id"] for one in await op.sql.fetch(MISTOLD, season_id)}
        for subject_id in everybody | mistold:
            touched.touch((season_id, subject_id), season["folded_position"])
        touched.refolded |= set(touched.positions)
        touched.forced |= {(season_id, subject_id) for subject_id in mistold}
        return await _restand(op, row, season, board, touched, replaced, len(wanted))

    return await door.operate(SYSTEM, work)


async def _replace(op: Operation, season_id: UUID, wanted: Mapping[UUID, tuple[Contributed, int]]) -> Touched:
    held = {row["origin_id"]: row for row in await op.sql.fetch(HELD, season_id)}
    touched = Touched()
    gone = list[UUID]()
    for origin_id, row in held.items():
        one = wanted.get(origin_id)
        if one is None or (row["subject_id"], row["value"], row["occurred_at"]) != (
            one[0].subject_id,
            one[0].value,
            one[0].occurred_at,
        ):
            gone.append(row["id"])
            touched.touch((season_id, row["subject_id"]), one[1] if one else 0)
    kept = {origin_id for origin_id, row in held.items() if row["id"] not in set(gone)}
    rows = [
        (season_id, one.subject_id, origin_id, one.value, one.occurred_at, position)
        for origin_id, (one, position) in wanted.items()
        if origin_id not in kept
    ]
    if gone:
        await op.sql.execute(TAKE_AWAY, gone)
    if rows:
        await op.sql.execute(CONTRIBUTE, new_ids(len(rows)), *map(list, zip(*rows, strict=True)))
    for row in rows:
        touched.touch((season_id, row[1]), row[5])
    return touched


async def _restand(
    op: Operation, board_row: Row, season: Row, board: Board, touched: Touched, replaced: int, contributions: int
) -> Rebuilt:
    held = SeasonHeld(
        id=season["id"],
        board=board,
        seq=season["seq"],
        epoch=index_epoch(board_row["relay_epoch"], season["epoch"]),
        folded_until=season["folded_position"],
    )
    moved = await restand_in(op, {held.id: held}, touched, changed_at=await now(op.sql))
    standings = len(moved[0].moved) if moved else 0
    if replaced or standings:
        epoch = await op.sql.fetchval(RAISE_EPOCH, held.id)
        op.tell(SEASON_REBUILT.about(held.id, leaderboard_id=str(board.id), epoch=epoch, replaced=standings))
    return Rebuilt(
        contributions=contributions,
        standings=len(touched.positions),
        contributions_replaced=replaced,
        standings_replaced=standings,
    )
