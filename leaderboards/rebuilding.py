"""Bringing the index back: caught up from standing_change, or built anew beside the old one and swapped in whole."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.kernel.failpoints import Failpoints
from domain.kernel.sql import Connection, Database, Row
from leaderboards.loading import index_epoch
from leaderboards.restanding import Moved, SeasonMoved
from leaderboards.standings import Place
from leaderboards.store import IndexVersion, Store

LOAD_ROWS = 5_000
CHANGES_MAX = 10_000  # further behind, a new generation is quicker
RANGE_MAX = 1_000
SWAPS_MAX = 10
SEASONS_MAX = 200
REBUILDS_MAX = 20

_log = logging.getLogger("leaderboards")

STATE = """
SELECT s.id, s.seq, s.epoch, s.folded_position, r.epoch AS relay_epoch,
       (SELECT count(*) FROM standing WHERE season_id = s.id) AS subjects
FROM season s CROSS JOIN relay_state r WHERE s.id = $1
"""

SWEEP = """
SELECT s.id, s.seq, s.epoch, s.folded_position, r.epoch AS relay_epoch FROM season s CROSS JOIN relay_state r
WHERE ($1::uuid IS NULL OR s.id < $1) ORDER BY s.id DESC LIMIT $2
"""

WANTED = """
SELECT s.id, s.seq, s.epoch, s.folded_position, r.epoch AS relay_epoch FROM season s CROSS JOIN relay_state r
WHERE s.id = ANY($1::uuid[])
"""

STANDINGS = "SELECT subject_id, score, reached_at FROM standing WHERE season_id = $1"

# The newest change of each subject in a span of seq: absolute, so one is enough.
CHANGED = """
SELECT DISTINCT ON (subject_id) subject_id, score, reached_at, seq, position FROM standing_change
WHERE season_id = $1 AND seq > $2 AND seq <= $3 ORDER BY subject_id, seq DESC
"""


class RebuildOvertaken(Exception):
    """The season moved on, or lost its half-built generation, as often as we tried; try again later."""


@dataclass(frozen=True, kw_only=True)
class Healed:
    """What one step of healing did; `after` is where the next one goes on, None at the end of the sweep."""

    checked: int
    caught_up: int
    rebuilt: int
    after: UUID | None


async def heal(database: Database, failpoints: Failpoints, store: Store, after: UUID | None = None) -> Healed:
    """One step: seasons that readers missed, then the next 200 (newest first) are in the index as PostgreSQL has them.

    Caught up where the index is behind; rebuilt, at most 20 at a time, where it is missing, damaged, of another epoch
    or ahead of PostgreSQL. Refuses: IndexUnavailable.
    """
    wanted = await store.wanted(SEASONS_MAX)
    # The index first: whatever it has by now, PostgreSQL has too.
    sweep = await database.fetch(SWEEP, after, SEASONS_MAX)
    seen = {row["id"] for row in sweep}
    ids = [*(one for one in wanted if one not in seen), *seen]
    versions = dict(zip(ids, await store.versions(ids), strict=True))
    rows = await database.fetch(WANTED, ids)
    caught_up = rebuilt = 0
    for row in rows:
        held = versions[row["id"]]
        epoch = index_epoch(row["relay_epoch"], row["epoch"])
        if held is not None and held.epoch == epoch and held.seq == row["seq"]:
            continue
        if held is not None and held.epoch == epoch and row["seq"] - CHANGES_MAX <= held.seq < row["seq"]:
            caught_up += await catch_up(database, store, row["id"])
        elif rebuilt < REBUILDS_MAX:
            if held is not None and (held.epoch > epoch or (held.epoch == epoch and held.seq > row["seq"])):
                await store.drop(row["id"])
            try:
                await rebuild_index(database, failpoints, store, row["id"])
            except RebuildOvertaken as trouble:
                _log.warning("index.rebuild_overtaken season=%s", trouble)
                await store.want(row["id"])
            rebuilt += 1
        else:
            await store.want(row["id"])
    if caught_up or rebuilt:
        _log.info("index.healed checked=%d caught_up=%d rebuilt=%d", len(rows), caught_up, rebuilt)
    end = sweep[-1]["id"] if len(sweep) == SEASONS_MAX else None
    return Healed(checked=len(rows), caught_up=caught_up, rebuilt=rebuilt, after=end)


async def catch_up(database: Database, store: Store, season_id: UUID) -> bool:
    """The index reads on from what it has, 1,000 changes at a time, each time exact; True if it stands as PostgreSQL.

    Refuses: IndexUnavailable.
    """
    held = (await store.versions([season_id]))[0]
    if held is None:
        return False
    seq = held.seq
    for _ in range(CHANGES_MAX // RANGE_MAX + 1):
        async with database.snapshot() as connection:
            state = await connection.fetchrow(STATE, season_id)
            if state is None or state["seq"] <= seq:
                return state is not None and state["seq"] == seq
            until = min(state["seq"], seq + RANGE_MAX)
            moved, position = await _changed(connection, season_id, seq, until)
        season = SeasonMoved(
            season_id=season_id,
            epoch=held.epoch,
            from_seq=seq + 1,
            to_seq=until,
            as_of_position=state["folded_position"] if until == state["seq"] else position,
            moved=moved,
        )
        if not (await store.apply([season]))[0].stands:
            return False
        seq = until
    return False


async def rebuild_index(database: Database, failpoints: Failpoints, store: Store, season_id: UUID) -> IndexVersion:
    """A new generation with all standings is shown to readers at once; until then they read PostgreSQL, or the old one.

    Refuses: IndexUnavailable; RebuildOvertaken; LookupError for a season that is not there.
    """
    for _ in range(SWAPS_MAX):
        generation = await store.begin(season_id)
        state = await _load(database, failpoints, store, season_id, generation)
        failpoints.hit("rebuild.before_swap")
        version = await _swap(database, store, season_id, generation, state)
        if version is not None:
            return version
    raise RebuildOvertaken(str(season_id))


async def _load(database: Database, failpoints: Failpoints, store: Store, season_id: UUID, generation: int) -> Row:
    async with database.snapshot() as connection:
        state = await connection.fetchrow(STATE, season_id)
        if state is None:
            raise LookupError(f"there is no season {season_id}")
        loaded = 0
        cursor = await connection.cursor(STANDINGS, season_id)
        while rows := await cursor.fetch(LOAD_ROWS):
            chunk = [
                Place(subject_id=row["subject_id"], score=row["score"], reached_at=row["reached_at"]) for row in rows
            ]
            await store.load(season_id, generation, chunk)
            loaded += len(chunk)
            if loaded >= state["subjects"] // 2:
                failpoints.hit("rebuild.half_way")
    return state


async def _swap(database: Database, store: Store, season_id: UUID, generation: int, state: Row) -> IndexVersion | None:
    """Replays what changed since the load until the swap is accepted; None: the generation is lost."""
    seq = state["seq"]
    for _ in range(SWAPS_MAX):
        version = IndexVersion(
            epoch=index_epoch(state["relay_epoch"], state["epoch"]),
            generation=generation,
            seq=seq,
            as_of_position=state["folded_position"],
            subjects=state["subjects"],
        )
        outcome = (await store.swap(season_id, version)).outcome
        if outcome == "APPLIED":
            return version
        if outcome != "BEHIND":
            return None
        async with database.snapshot() as connection:
            newer = await connection.fetchrow(STATE, season_id)
            if newer is None or newer["epoch"] != state["epoch"]:
                return None
            moved, _ = await _changed(connection, season_id, seq, newer["seq"])
            await store.build(season_id, generation, moved)
        state, seq = newer, newer["seq"]
    return None


async def _changed(connection: Connection, season_id: UUID, after: int, until: int) -> tuple[Sequence[Moved], int]:
    """The subjects that changed in a span of seq, as they stood at its end, and the last position that moved one."""
    rows = await connection.fetch(CHANGED, season_id, after, until)
    moved = [
        Moved(subject_id=row["subject_id"], score=row["score"], reached_at=row["reached_at"], seq=row["seq"])
        for row in rows
    ]
    return sorted(moved, key=lambda one: one.seq), max((row["position"] for row in rows), default=0)
