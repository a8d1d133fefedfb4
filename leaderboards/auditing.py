"""B1 and B2 examined: standings are the fold of their events, in one total order that SQL and index share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.kernel.sql import Connection, Database, Row
from domain.ledger.auditing import EXAMPLES_MAX, Check, Question
from domain.partners.showing import OffBoards, subjects_off_boards
from leaderboards import lines
from leaderboards.boards import Board, Scope
from leaderboards.loading import board_of, index_epoch, season_shown
from leaderboards.refolding import Refold, refold
from leaderboards.standings import Entry, Part, Place, Score, fold, ranked
from leaderboards.store import IndexUnavailable, Store
from leaderboards.views import SeasonShown

INDEX_PAGE = 1_000
INDEX_TRIES_MAX = 3

BOARDS = """
SELECT b.*, s.id AS season_id, s.starts_at, s.ends_at, s.seq, s.epoch, s.folded_position AS moved_position,
       s.closing_position, s.closing_position IS NOT NULL AS closed, r.epoch AS relay_epoch
FROM leaderboard b JOIN season s ON s.leaderboard_id = b.id CROSS JOIN relay_state r ORDER BY b.id, s.starts_at
"""
CONTRIBUTIONS = "SELECT origin_id, subject_id, value, occurred_at FROM contribution WHERE season_id = $1"
STANDINGS = """
SELECT subject_id, score, reached_at, contributions FROM standing WHERE season_id = $1
ORDER BY score DESC, reached_at, subject_id
"""
LAST_TOLD = """
SELECT DISTINCT ON (subject_id) subject_id, score, reached_at, contributions FROM standing_change
WHERE season_id = $1 ORDER BY subject_id, seq DESC
"""
CHANGES = "SELECT count(*) AS told, min(seq) AS first, max(seq) AS last FROM standing_change WHERE season_id = $1"


@dataclass(kw_only=True)
class Tally:
    """How many rows one question examined, and what broke it."""

    law: str
    name: str
    examined: int = 0
    broken: int = 0
    examples: list[str] = field(default_factory=list[str])

    def expect(self, holds: bool, what: str) -> None:
        """Counts one row, and what is wrong with it."""
        self.examined += 1
        if not holds:
            self.broken += 1
            if len(self.examples) < EXAMPLES_MAX:
                self.examples.append(what)

    def check(self) -> Check:
        return Check(
            law=self.law,
            name=self.name,
            examined=self.examined,
            violations=self.broken,
            examples=tuple(self.examples),
        )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One season as the audit's snapshot has it."""

    shown: SeasonShown
    board: Board
    row: Row
    standings: Sequence[Row]


def questions(store: Store | None) -> Mapping[str, Sequence[Question]]:
    """What `guerdon audit` asks of boards, by law; with `store` also of what the index has at the snapshot's seq.

    A season whose index is missing, behind or away is not compared (it heals by itself) and not counted.
    """

    async def folded(connection: Connection) -> Check:
        tally = Tally(law="B1", name="standings_are_the_fold_of_their_events")
        rows = await connection.fetch(BOARDS)
        refolds = _refolds(rows)
        await refold(connection, refolds)
        for row in rows:
            await _fold_agrees(connection, tally, refolds[row["id"]][0], await _seen(connection, row))
        return tally.check()

    async def told(connection: Connection) -> Check:
        tally = Tally(law="B1", name="changes_are_dense_and_tell_what_stands")
        for row in await connection.fetch(BOARDS):
            await _changes_agree(connection, tally, await _seen(connection, row))
        return tally.check()

    async def ordered(connection: Connection) -> Check:
        tally = Tally(law="B2", name="order_is_total_and_ranks_follow_it")
        for row in await connection.fetch(BOARDS):
            await _order_is_total(connection, tally, await _seen(connection, row))
        return tally.check()

    async def indexed(connection: Connection) -> Check:
        tally = Tally(law="B2", name="index_agrees_on_every_line")
        for row in await connection.fetch(BOARDS) if store is not None else []:
            assert store is not None, "without an index there is nothing to compare"
            await _index_agrees(tally, store, await _seen(connection, row))
        return tally.check()

    return {"B1": [folded, told], "B2": [ordered, indexed]}


async def audit(database: Database, store: Store | None) -> list[Check]:
    """All of this room's questions, asked of one snapshot."""
    async with database.snapshot() as connection:
        return [await question(connection) for some in questions(store).values() for question in some]


async def _seen(connection: Connection, row: Row) -> Seen:
    return Seen(
        shown=season_shown(row),
        board=board_of(row, row),
        row=row,
        standings=await connection.fetch(STANDINGS, row["season_id"]),
    )


def _refolds(rows: Sequence[Row]) -> dict[UUID, tuple[Refold, int]]:
    refolds = dict[UUID, tuple[Refold, int]]()
    closings = dict[UUID, dict[datetime, int]]()
    for row in rows:
        if row["closing_position"] is not None:
            closings.setdefault(row["id"], {})[row["starts_at"]] = row["closing_position"]
    for row in rows:
        if row["id"] not in refolds:
            refolds[row["id"]] = (Refold(board_of(row, row), closings.get(row["id"], {})), row["folded_position"])
    return refolds


async def _fold_agrees(connection: Connection, tally: Tally, again: Refold, seen: Seen) -> None:
    """Contributions are what the events say; standings are the fold of those, without who stays off the board."""
    season_id = seen.shown.id
    held = {row["origin_id"]: row for row in await connection.fetch(CONTRIBUTIONS, season_id)}
    told = again.season(seen.shown.starts_at)
    parts = dict[UUID, list[Part]]()
    for origin_id in held.keys() | told.keys():
        row, one = held.get(origin_id), told.get(origin_id)
        new = one.contribution if one is not None else None
        same = (
            row is not None
            and new is not None
            and (row["subject_id"], row["value"], row["occurred_at"]) == (new.subject_id, new.value, new.occurred_at)
        )
        tally.expect(same, f"season {season_id}: contribution of {origin_id} is not what its events say")
        if new is not None:
            parts.setdefault(new.subject_id, []).append(Part(value=new.value, occurred_at=new.occurred_at))
    off = await _off(connection, seen, parts)
    wanted = {
        subject_id: fold(seen.board.operator, some)
        for subject_id, some in parts.items()
        if off is None or not off.holds(subject_id, staff_allowed=seen.board.metric.vendor_staff)
    }
    stands = {row["subject_id"]: _score(row) for row in seen.standings}
    for subject_id in stands.keys() | wanted.keys():
        same = stands.get(subject_id) == wanted.get(subject_id)
        tally.expect(same, f"season {season_id}: standing of {subject_id} is not the fold of its contributions")


async def _off(connection: Connection, seen: Seen, parts: Mapping[UUID, object]) -> OffBoards | None:
    return await subjects_off_boards(connection, list(parts)) if seen.board.scope is Scope.MEMBERS else None


async def _changes_agree(connection: Connection, tally: Tally, seen: Seen) -> None:
    """Changes are dense up to the season's seq, and the last one told of each subject is what stands."""
    season_id = seen.shown.id
    count = await connection.fetchrow(CHANGES, season_id)
    assert count is not None, "an aggregate has one row"
    seq = seen.row["seq"]
    dense = (count["told"], count["first"] or 1, count["last"] or 0) == (seq, 1, seq)
    tally.expect(dense, f"season {season_id}: changes are not dense from 1 to {seq}")
    told = {
        row["subject_id"]: _score(row)
        for row in await connection.fetch(LAST_TOLD, season_id)
        if row["score"] is not None
    }
    stands = {row["subject_id"]: _score(row) for row in seen.standings}
    for subject_id in stands.keys() | told.keys():
        same = stands.get(subject_id) == told.get(subject_id)
        tally.expect(same, f"season {season_id}: the last change told of {subject_id} is not its standing")


async def _order_is_total(connection: Connection, tally: Tally, seen: Seen) -> None:
    """PostgreSQL's order is strictly ascending in the order's own key, and its ranks are those of the plain model."""
    places = _places(seen)
    season_id, display = seen.shown.id, seen.shown.board.rank_display
    ids = [place.subject_id for place in places]
    rows = await connection.fetch(lines.RANKS_OF_MANY, [season_id] * len(ids), ids) if ids else []
    in_sql = {row["subject_id"]: lines.ranked_entry(row, display) for row in rows}
    model = ranked(places, display)
    for at, entry in enumerate(model):
        total = at == 0 or model[at - 1].place.key < entry.place.key
        same = total and places[at] == entry.place and in_sql.get(entry.subject_id) == entry
        tally.expect(same, f"season {season_id}: {entry.subject_id} is not in one place of one order")


async def _index_agrees(tally: Tally, store: Store, seen: Seen) -> None:
    """Every line of the index at the snapshot's seq is the model's: subject, score, instant and rank."""
    there = await _index_lines(store, seen)
    if there is None:
        return
    model = ranked(_places(seen), seen.shown.board.rank_display)
    for at in range(max(len(there), len(model))):
        same = there[at : at + 1] == model[at : at + 1]
        tally.expect(same, f"season {seen.shown.id}: line {at + 1} of the index is another one")


def _places(seen: Seen) -> list[Place]:
    return [
        Place(subject_id=row["subject_id"], score=row["score"], reached_at=row["reached_at"]) for row in seen.standings
    ]


async def _index_lines(store: Store, seen: Seen) -> list[Entry] | None:
    wanted = (index_epoch(seen.row["relay_epoch"], seen.row["epoch"]), seen.row["seq"])
    for _ in range(INDEX_TRIES_MAX):
        found = list[Entry]()
        try:
            while True:
                page = await store.page(seen.shown.id, len(found), INDEX_PAGE, seen.shown.board.rank_display)
                if page is None or (page.version.epoch, page.version.seq) != wanted:
                    return None
                found += page.entries
                if len(page.entries) < INDEX_PAGE:
                    return found
        except IndexUnavailable:
            continue
    return None


def _score(row: Row) -> Score:
    return Score(score=row["score"], reached_at=row["reached_at"], contributions=row["contributions"])
