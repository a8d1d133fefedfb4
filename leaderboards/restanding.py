"""Standings after contributions changed: recomputed for touched subjects only, each change appended with a seq."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.sql import Row
from domain.partners.showing import OffBoards, subjects_off_boards
from leaderboards.boards import Board, Operator, Scope
from leaderboards.standings import Part, Score, bounded, extended

REFOLD = """
SELECT season_id, subject_id, count(*) AS contributions, sum(value) AS total, best, max(occurred_at) AS latest,
       min(occurred_at) FILTER (WHERE value = best) AS best_reached
FROM (
  SELECT c.season_id, c.subject_id, c.value, c.occurred_at,
         max(c.value) OVER (PARTITION BY c.season_id, c.subject_id) AS best
  FROM contribution c
  JOIN unnest($1::uuid[], $2::uuid[]) AS asked (season_id, subject_id)
    ON asked.season_id = c.season_id AND asked.subject_id = c.subject_id
) AS held
GROUP BY season_id, subject_id, best
"""

CURRENT = """
SELECT s.season_id, s.subject_id, s.score, s.reached_at, s.contributions FROM standing s
JOIN unnest($1::uuid[], $2::uuid[]) AS asked (season_id, subject_id)
  ON asked.season_id = s.season_id AND asked.subject_id = s.subject_id
"""

LEAVE = """
DELETE FROM standing s USING unnest($1::uuid[], $2::uuid[]) AS gone (season_id, subject_id)
WHERE s.season_id = gone.season_id AND s.subject_id = gone.subject_id
"""

STAND = """
INSERT INTO standing (id, season_id, subject_id, score, reached_at, contributions, seq)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::int[], $7::bigint[])
ON CONFLICT (season_id, subject_id) DO UPDATE
SET score = excluded.score, reached_at = excluded.reached_at, contributions = excluded.contributions, seq = excluded.seq
"""

CHANGE = """
INSERT INTO standing_change (id, season_id, subject_id, score, reached_at, contributions, seq, position, changed_at)
SELECT *, $9 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::timestamptz[], $6::int[], $7::bigint[],
                         $8::bigint[])
"""

ADVANCE_SEASONS = """
UPDATE season SET seq = moved.seq, folded_position = moved.position
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS moved (id, seq, position) WHERE season.id = moved.id
"""

Key = tuple[UUID, UUID]  # season, subject


@dataclass(frozen=True, kw_only=True)
class SeasonHeld:
    """A season whose row is locked, and the position up to which this fold has looked."""

    id: UUID
    board: Board
    seq: int
    epoch: int
    folded_until: int


@dataclass(kw_only=True)
class Touched:
    """What happened to subjects in seasons: the last event that touched each, what was added, who must be refolded.

    `forced` get a change even if their standing does not differ: what was told of them before is not what stands.
    """

    positions: dict[Key, int] = field(default_factory=dict[Key, int])
    added: dict[Key, list[Part]] = field(default_factory=dict[Key, list[Part]])
    refolded: set[Key] = field(default_factory=set[Key])
    forced: set[Key] = field(default_factory=set[Key])

    def touch(self, key: Key, position: int) -> None:
        self.positions[key] = max(position, self.positions.get(key, 0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """One standing as it is after a change; no score means that the subject left."""

    subject_id: UUID
    score: int | None
    reached_at: datetime | None
    seq: int


@dataclass(frozen=True, kw_only=True)
class SeasonMoved:
    """The changes of one season in one fold, in order of seq, dense from `from_seq` to `to_seq`, one per subject."""

    season_id: UUID
    epoch: int
    from_seq: int
    to_seq: int
    as_of_position: int
    moved: Sequence[Moved]


async def restand_in(
    op: Operation, seasons: Mapping[UUID, SeasonHeld], touched: Touched, *, changed_at: datetime
) -> list[SeasonMoved]:
    """Recomputes the touched subjects, writes what differs and appends one change for each, dense per season.

    The seasons' rows are locked by the caller. At most seven statements.
    """
    keys = list(touched.positions)
    if not keys:
        return []
    current = {
        (row["season_id"], row["subject_id"]): _score(row)
        for row in await op.sql.fetch(CURRENT, [key[0] for key in keys], [key[1] for key in keys])
    }
    off = await _off_boards(op, seasons, keys)
    wanted = dict[Key, Score | None]()
    unknown = list[Key]()
    for key in keys:
        board = seasons[key[0]].board
        score = current.get(key)
        if board.scope is Scope.MEMBERS and off.holds(key[1], staff_allowed=board.metric.vendor_staff):
            wanted[key] = None
            continue
        # Without a standing there may still be contributions (a return to the board), so only a refold can tell.
        more = (
            None
            if key in touched.refolded or score is None
            else extended(board.operator, score, touched.added.get(key, ()))
        )
        if more is None:
            unknown.append(key)
        wanted[key] = more
    wanted.update(await _refolded(op, seasons, unknown))
    changes = [(key, wanted[key]) for key in keys if wanted[key] != current.get(key) or key in touched.forced]
    return await _write(op, seasons, changes, touched.positions, changed_at)


async def _off_boards(op: Operation, seasons: Mapping[UUID, SeasonHeld], keys: Sequence[Key]) -> OffBoards:
    members = {subject_id for season_id, subject_id in keys if seasons[season_id].board.scope is Scope.MEMBERS}
    return await subjects_off_boards(op.sql, members)


async def _refolded(op: Operation, seasons: Mapping[UUID, SeasonHeld], keys: Sequence[Key]) -> dict[Key, Score | None]:
    scores = dict[Key, Score | None].fromkeys(keys)
    if keys:
        for row in await op.sql.fetch(REFOLD, [key[0] for key in keys], [key[1] for key in keys]):
            operator = seasons[row["season_id"]].board.operator
            scores[row["season_id"], row["subject_id"]] = score_of(operator, row)
    return scores


def score_of(operator: Operator, row: Row) -> Score:
    """The score from SQL's sums of one subject's contributions."""
    if operator is Operator.BEST:
        return Score(score=row["best"], reached_at=row["best_reached"], contributions=row["contributions"])
    total = row["contributions"] if operator is Operator.COUNT else int(row["total"])
    return Score(score=bounded(total), reached_at=row["latest"], contributions=row["contributions"])


async def _write(
    op: Operation,
    seasons: Mapping[UUID, SeasonHeld],
    changes: Sequence[tuple[Key, Score | None]],
    positions: Mapping[Key, int],
    changed_at: datetime,
) -> list[SeasonMoved]:
    by_season = dict[UUID, list[Moved]]()
    rows = list[tuple[UUID, UUID, int | None, datetime | None, int, int]]()
    for (season_id, subject_id), score in changes:
        moved = by_season.setdefault(season_id, [])
        seq = seasons[season_id].seq + len(moved) + 1
        value, reached, contributions = (
            (score.score, score.reached_at, score.contributions) if score else (None, None, 0)
        )
        moved.append(Moved(subject_id=subject_id, score=value, reached_at=reached, seq=seq))
        rows.append((season_id, subject_id, value, reached, contributions, seq))
    if not rows:
        return []
    gone = [row for row in rows if row[2] is None]
    if gone:
        await op.sql.execute(LEAVE, [row[0] for row in gone], [row[1] for row in gone])
    if stand := [row for row in rows if row[2] is not None]:
        await op.sql.execute(STAND, new_ids(len(stand)), *map(list, zip(*stand, strict=True)))
    at = [positions[row[0], row[1]] for row in rows]
    await op.sql.execute(CHANGE, new_ids(len(rows)), *map(list, zip(*rows, strict=True)), at, changed_at)
    seqs = [seasons[season_id].seq + len(moved) for season_id, moved in by_season.items()]
    await op.sql.execute(ADVANCE_SEASONS, list(by_season), seqs, [seasons[one].folded_until for one in by_season])
    return [
        SeasonMoved(
            season_id=season_id,
            epoch=seasons[season_id].epoch,
            from_seq=seasons[season_id].seq + 1,
            to_seq=seasons[season_id].seq + len(moved),
            as_of_position=seasons[season_id].folded_until,
            moved=moved,
        )
        for season_id, moved in by_season.items()
    ]


def _score(row: Row) -> Score:
    return Score(score=row["score"], reached_at=row["reached_at"], contributions=row["contributions"])
