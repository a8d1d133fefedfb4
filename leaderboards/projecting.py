"""Folding stamped events into contributions and standings, then into the index; one bounded step at a time."""

import logging
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.kernel import outbox
from domain.kernel.clock import now
from domain.kernel.events import Event, StampedEvent
from domain.kernel.ids import new_ids
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Row
from leaderboards.boards import COUNTED_EVENTS, Board, Contributed, Metric, Told, concerns, prize_candidate, told
from leaderboards.events import SEASON_OPENED
from leaderboards.loading import board_of, index_epoch
from leaderboards.rebuilding import catch_up
from leaderboards.restanding import SeasonHeld, SeasonMoved, Touched, restand_in
from leaderboards.standings import Part
from leaderboards.store import IndexUnavailable, Store
from leaderboards.windows import Window, WindowKind

FOLD_POSITIONS_MAX = 1_000

_log = logging.getLogger("leaderboards")

# Boards that are already being folded are skipped, so that projectors share the work and a zombie finds none.
BEHIND = """
SELECT b.*, r.last_position, r.epoch AS relay_epoch FROM leaderboard b CROSS JOIN relay_state r
WHERE b.folded_position < r.last_position ORDER BY b.folded_position, b.id FOR NO KEY UPDATE OF b SKIP LOCKED
"""

SPANS = "SELECT leaderboard_id, starts_at, ends_at FROM season WHERE leaderboard_id = ANY($1::uuid[])"

EVENTS = """
SELECT position, event_id, name, aggregate_kind, aggregate_id, member_id, partner_id, program_id, payload, recorded_at
FROM outbox
WHERE ((position > $1 AND position <= $2) OR (position > $3 AND position <= $4))
  AND (name = ANY($5::text[]) OR aggregate_kind = 'member')
ORDER BY position
"""

PRIZES = """
SELECT DISTINCT aggregate_id FROM outbox
WHERE aggregate_id = ANY($1::uuid[]) AND name = 'activity.recorded' AND starts_with(payload->>'type', 'season.')
"""

COUNTED_BEFORE = """
SELECT c.id, c.season_id, c.subject_id, c.origin_id, c.value, c.occurred_at, s.leaderboard_id, s.starts_at
FROM contribution c JOIN season s ON s.id = c.season_id
WHERE c.origin_id = ANY($1::uuid[]) AND s.leaderboard_id = ANY($2::uuid[]) AND s.closing_position IS NULL
"""

SEASONS_OF_MEMBERS = """
SELECT DISTINCT c.season_id, c.subject_id FROM season s
JOIN contribution c ON c.season_id = s.id AND c.subject_id = ANY($1::uuid[])
WHERE s.leaderboard_id = ANY($2::uuid[]) AND s.closing_position IS NULL
"""

OPEN_SEASONS = """
INSERT INTO season (id, leaderboard_id, starts_at, ends_at, epoch, seq, folded_position, recorded_at)
SELECT id, leaderboard_id, starts_at, ends_at, 1, 0, 0, $5
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
     AS wanted (id, leaderboard_id, starts_at, ends_at)
ON CONFLICT (leaderboard_id, starts_at) DO NOTHING RETURNING id, leaderboard_id, starts_at, ends_at
"""

HOLD_SEASONS = """
SELECT id, leaderboard_id, starts_at, seq, epoch, closing_position FROM season
WHERE id IN (
  SELECT unnest($1::uuid[])
  UNION ALL SELECT s.id FROM unnest($2::uuid[], $3::timestamptz[]) AS wanted (leaderboard_id, starts_at)
            JOIN season s ON s.leaderboard_id = wanted.leaderboard_id AND s.starts_at = wanted.starts_at
)
ORDER BY id FOR UPDATE
"""

TAKE_AWAY = "DELETE FROM contribution WHERE id = ANY($1::uuid[])"

CONTRIBUTE = """
INSERT INTO contribution (id, season_id, subject_id, origin_id, value, occurred_at, position)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::timestamptz[], $7::bigint[])
ON CONFLICT (season_id, origin_id) DO UPDATE
SET subject_id = excluded.subject_id, value = excluded.value, occurred_at = excluded.occurred_at,
    position = excluded.position
"""

ADVANCE_BOARDS = """
UPDATE leaderboard SET folded_position = moved.position
FROM unnest($1::uuid[], $2::bigint[]) AS moved (id, position) WHERE leaderboard.id = moved.id
"""

WindowKey = tuple[UUID, datetime]  # board, start


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one fold looks at: the boards with the position each has folded, and the events they share."""

    boards: Mapping[UUID, Board]
    folded: Mapping[UUID, int]
    until: Mapping[UUID, int]
    events: Sequence[StampedEvent]
    relay_epoch: int

    @property
    def looked_at(self) -> int:
        """The most positions that one board moved on by."""
        return max(until - self.folded[board_id] for board_id, until in self.until.items())


async def fold(door: Door, store: Store | None) -> int:
    """One step: the boards that are behind have folded up to 1,000 more positions; answers how many, 0 when done.

    The newest boards' backfill and the live boards each get their own 1,000. The number of statements does not grow
    with the batch. An index that is away or behind is left to `heal`.
    """

    async def work(op: Operation) -> tuple[int, list[SeasonMoved]]:
        return await _fold_in(op)

    looked_at, moved = await door.operate(SYSTEM, work)
    door.failpoints.hit("project.after_fold")
    if store is not None and moved:
        try:
            await _index(door, store, moved)
        except IndexUnavailable as trouble:
            _log.warning("index.behind seasons=%d %s", len(moved), trouble)
        door.failpoints.hit("project.after_index")
    return looked_at


async def _index(door: Door, store: Store, moved: Sequence[SeasonMoved]) -> None:
    for one in await store.apply(moved):
        # A gap is quickly read up; anything else needs a new generation, which is the healer's work.
        if one.outcome == "GAP":
            await catch_up(door.database, store, one.season_id)
        elif not one.stands:
            await store.want(one.season_id)


async def _fold_in(op: Operation) -> tuple[int, list[SeasonMoved]]:
    batch = await _batch(op)
    if batch is None:
        return 0, []
    op.failpoints.hit("project.before_fold")
    # Read under the boards' locks, so that a later fold of a season never changes it at an earlier instant.
    changed_at = await now(op.sql)
    concerned = _concerned(batch)
    origins = {event.aggregate_id for events in concerned.values() for event in events}
    before = await op.sql.fetch(COUNTED_BEFORE, list(origins), list(concerned)) if origins else []
    said = await _said(op, batch, concerned, before)
    members = await _seasons_of_members(op, batch)
    seasons, windows = await _hold_seasons(op, batch, said, before, members)
    touched = await _recount(op, said, before, windows)
    for (season_id, subject_id), position in members.items():
        touched.touch((season_id, subject_id), position)
        touched.refolded.add((season_id, subject_id))
    moved = await restand_in(op, seasons, touched, changed_at=changed_at)
    await op.sql.execute(ADVANCE_BOARDS, list(batch.until), list(batch.until.values()))
    return batch.looked_at, moved


async def _batch(op: Operation) -> Batch | None:
    rows = await op.sql.fetch(BEHIND)
    if not rows:
        return None
    last: int = rows[0]["last_position"]
    first, newest = rows[0]["folded_position"], rows[-1]["folded_position"]
    ends = {first: min(last, first + FOLD_POSITIONS_MAX)}
    if newest >= ends[first]:
        ends[newest] = min(last, newest + FOLD_POSITIONS_MAX)
    folded, until = dict[UUID, int](), dict[UUID, int]()
    for row in rows:
        for start, end in ends.items():
            if start <= row["folded_position"] < end:
                folded[row["id"]], until[row["id"]] = row["folded_position"], end
    programs = [row["id"] for row in rows if row["window_kind"] == WindowKind.PROGRAM]
    spans = {row["leaderboard_id"]: row for row in (await op.sql.fetch(SPANS, programs) if programs else [])}
    boards = {row["id"]: board_of(row, spans.get(row["id"])) for row in rows if row["id"] in until}
    events = await op.sql.fetch(EVENTS, first, ends[first], newest, ends.get(newest, newest), list(COUNTED_EVENTS))
    return Batch(
        boards=boards,
        folded=folded,
        until=until,
        events=[outbox.stamped(row) for row in events],
        relay_epoch=rows[0]["relay_epoch"],
    )


def _concerned(batch: Batch) -> dict[UUID, list[StampedEvent]]:
    positions = [event.position for event in batch.events]
    concerned = dict[UUID, list[StampedEvent]]()
    of_metric = dict[tuple[Metric, int, int], list[StampedEvent]]()  # boards of one metric differ in what comes after
    for board_id, board in batch.boards.items():
        start, end = batch.folded[board_id], batch.until[board_id]
        shared = (board.metric, start, end)
        if shared not in of_metric:
            span = batch.events[bisect_right(positions, start) : bisect_right(positions, end)]
            of_metric[shared] = [event for event in span if concerns(board, event)]
        if of_metric[shared]:
            concerned[board_id] = of_metric[shared]
    return concerned


async def _said(
    op: Operation, batch: Batch, concerned: Mapping[UUID, Sequence[StampedEvent]], before: Sequence[Row]
) -> dict[UUID, dict[UUID, Told]]:
    candidates = {prize_candidate(event) for board_id in concerned for event in concerned[board_id]} - {None}
    prizes = (
        {row["aggregate_id"] for row in await op.sql.fetch(PRIZES, list(candidates))} if candidates else set[UUID]()
    )
    counted = dict[UUID, set[UUID]]()
    for row in before:
        counted.setdefault(row["leaderboard_id"], set()).add(row["origin_id"])
    return {
        board_id: told(batch.boards[board_id], events, counted.get(board_id, ()), prizes)
        for board_id, events in concerned.items()
    }


async def _seasons_of_members(op: Operation, batch: Batch) -> dict[tuple[UUID, UUID], int]:
    """Where members stand of whom something changed that may take them off the boards, or bring them back."""
    changed = {event.aggregate_id: event.position for event in batch.events if event.aggregate_kind == "member"}
    if not changed:
        return {}
    rows = await op.sql.fetch(SEASONS_OF_MEMBERS, list(changed), list(batch.boards))
    return {(row["season_id"], row["subject_id"]): changed[row["subject_id"]] for row in rows}


async def _hold_seasons(
    op: Operation,
    batch: Batch,
    said: Mapping[UUID, Mapping[UUID, Told]],
    before: Sequence[Row],
    members: Collection[tuple[UUID, UUID]],
) -> tuple[dict[UUID, SeasonHeld], dict[WindowKey, UUID]]:
    """Opens the seasons that are missing and locks all that may change, by id; those closed are left out."""
    wanted = dict[WindowKey, Window]()
    for board_id, origins in said.items():
        for one in origins.values():
            if one.contribution is not None:
                wanted[board_id, one.contribution.window.starts_at] = one.contribution.window
    known = {row["season_id"] for row in before} | {season_id for season_id, _ in members}
    if wanted:
        keys = sorted(wanted)
        opened = await op.sql.fetch(
            OPEN_SEASONS,
            new_ids(len(keys)),
            [board_id for board_id, _ in keys],
            [starts_at for _, starts_at in keys],
            [wanted[key].ends_at for key in keys],
            op.now,
        )
        op.tell(*(_opened(row) for row in opened))
    if not wanted and not known:
        return {}, {}
    rows = await op.sql.fetch(HOLD_SEASONS, list(known), [key[0] for key in wanted], [key[1] for key in wanted])
    held = dict[UUID, SeasonHeld]()
    windows = dict[WindowKey, UUID]()
    for row in rows:
        if row["closing_position"] is None:
            board = batch.boards[row["leaderboard_id"]]
            held[row["id"]] = SeasonHeld(
                id=row["id"],
                board=board,
                seq=row["seq"],
                epoch=index_epoch(batch.relay_epoch, row["epoch"]),
                folded_until=batch.until[board.id],
            )
            windows[row["leaderboard_id"], row["starts_at"]] = row["id"]
    return held, windows


def _opened(row: Row) -> Event:
    return SEASON_OPENED.about(
        row["id"],
        leaderboard_id=str(row["leaderboard_id"]),
        starts_at=row["starts_at"].isoformat(),
        ends_at=row["ends_at"] and row["ends_at"].isoformat(),
    )


async def _recount(
    op: Operation,
    said: Mapping[UUID, Mapping[UUID, Told]],
    before: Sequence[Row],
    windows: Mapping[WindowKey, UUID],
) -> Touched:
    """Replaces contributions by origin, across seasons and subjects; what did not change is not touched."""
    touched = Touched()
    old = {(row["leaderboard_id"], row["origin_id"]): row for row in before}
    gone = list[UUID]()
    rows = list[tuple[UUID, UUID, UUID, int, datetime, int]]()
    for board_id, origins in said.items():
        for origin_id, one in origins.items():
            new = one.contribution
            season_id = windows.get((board_id, new.window.starts_at)) if new is not None else None
            was = old.get((board_id, origin_id))
            if was is not None:
                if new is not None and season_id == was["season_id"] and _same(was, new):
                    continue
                key = (was["season_id"], was["subject_id"])
                touched.touch(key, one.position)
                touched.refolded.add(key)
                if season_id != was["season_id"]:
                    gone.append(was["id"])
            if new is None or season_id is None:
                continue
            key = (season_id, new.subject_id)
            touched.touch(key, one.position)
            if was is not None and season_id == was["season_id"]:
                touched.refolded.add(key)
            touched.added.setdefault(key, []).append(Part(value=new.value, occurred_at=new.occurred_at))
            rows.append((season_id, new.subject_id, origin_id, new.value, new.occurred_at, one.position))
    if gone:
        await op.sql.execute(TAKE_AWAY, gone)
    if rows:
        await op.sql.execute(CONTRIBUTE, new_ids(len(rows)), *map(list, zip(*rows, strict=True)))
    return touched


def _same(was: Row, new: Contributed) -> bool:
    return (was["subject_id"], was["value"], was["occurred_at"]) == (new.subject_id, new.value, new.occurred_at)
