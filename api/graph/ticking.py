"""Live boards: each is read once per tick for all who watch it, at most four times a second, the first at once."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.principals import SYSTEM, Actor
from domain.kernel.sql import Database
from domain.partners.showing import SubjectShown, subjects_shown
from leaderboards.deltas import Delta, View, difference
from leaderboards.reading import RANKS_MAX, RankAsked, own_subject, page, ranks
from leaderboards.standings import Entry
from leaderboards.store import Store
from leaderboards.views import BoardShown, SeasonShown, Version
from leaderboards.watching import Newest, newest, subjects

TICK_SECONDS = 0.25

At = tuple[int, int]  # epoch and seq: which state of a season


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What everybody who watches a board is shown, and the ranks of those who watch; each picks only the own one.

    `at` is the state that every part of it has reached.
    """

    board: BoardShown
    season: SeasonShown | None
    version: Version
    at: At
    as_of: datetime
    total: int
    entries: Sequence[Entry]
    size: int
    names: Mapping[UUID, SubjectShown]
    ranks: Mapping[UUID, Entry | None]

    @property
    def lines_at(self) -> At:
        """The state that the lines show."""
        return (self.version.epoch, self.version.seq)

    def view(self, top: int) -> View:
        """The first lines, at most `top`."""
        return View(version=self.version, entries=tuple(self.entries[:top]), full=len(self.entries) >= top)


class Watcher:
    """One viewer of one board; `woken` is set when there is something new to look at."""

    def __init__(self, watched: "Watched", actor: Actor, top: int) -> None:
        self._watched, self.actor, self.top = watched, actor, top
        self.woken, self.has_seen = asyncio.Event(), False

    @property
    def shown(self) -> Shown | None:
        """The newest reading, once it has as many lines as this viewer wants, and the viewer's own rank."""
        shown = self._watched.shown
        if shown is None or shown.size < self.top:
            return None
        subject = own_subject(self.actor, shown.board)
        return shown if subject is None or subject in shown.ranks else None

    def move(self, actor: Actor) -> None:
        """The viewer is somebody else on boards from now on."""
        self.actor, self.has_seen = actor, False
        self._watched.awaited = True

    def delta(self, before: View) -> Delta:
        """What makes the view that this viewer holds into the newest; computed once for all who hold the same."""
        shown, known = self._watched.shown, self._watched.deltas
        assert shown is not None, "a delta is asked for after a first view"
        key = (self.top, before.version)
        if key not in known:
            known[key] = difference(before, shown.view(self.top))
        return known[key]

    async def wait(self, seconds: float) -> None:
        """Until something new was read or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.woken.wait()


class Watched:
    """One board with those who watch it. `awaited`: somebody came who waits for a first view."""

    def __init__(self) -> None:
        self.watchers: set[Watcher] = set()
        self.shown: Shown | None = None
        self.deltas: dict[tuple[int, Version], Delta] = {}
        self.awaited, self.untold, self.rests_until = True, False, 0.0

    def is_behind(self, now: Newest) -> bool:
        """True where the board stands otherwise than it was last read."""
        shown = self.shown
        return shown is None or (shown.board, shown.season, shown.at) != (now.board, now.season, now.at)

    def is_older(self, read: Shown, season: SeasonShown | None) -> bool:
        """True where a reading comes before the one that is shown: the index may lag behind PostgreSQL."""
        shown = self.shown
        return shown is not None and shown.season == season and read.lines_at < shown.lines_at

    def publish(self, shown: Shown) -> None:
        """Whoever waits for a first view sees it; the others are told of it at their next tick."""
        self.shown, self.deltas, self.untold = shown, {}, True

    def tell(self, now: float) -> None:
        """Those who have rested look again, and rest."""
        if self.untold and now >= self.rests_until:
            self.untold, self.rests_until = False, now + TICK_SECONDS
            for watcher in self.watchers:
                watcher.woken.set()


class BoardFeed:
    """The boards that somebody watches now, each read when it moved."""

    def __init__(
        self,
        database: Database,
        store: Store | None,
        wake: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._store, self._wake, self._clock = database, store, wake, clock
        self._boards: dict[UUID, Watched] = {}
        self.is_pending = False
        self.ticks = 0

    @property
    def wanted(self) -> bool:
        return bool(self._boards)

    @asynccontextmanager
    async def watching(self, board_id: UUID, actor: Actor, top: int) -> AsyncGenerator[Watcher]:
        """A viewer of the board; a first view follows at once, then one for each tick."""
        watched = self._boards.setdefault(board_id, Watched())
        watcher = Watcher(watched, actor, top)
        watched.watchers.add(watcher)
        if watcher.shown is not None:
            watcher.woken.set()
        else:
            watched.awaited = True
            self._wake()
        try:
            yield watcher
        finally:
            watched.watchers.discard(watcher)
            if not watched.watchers and self._boards.get(board_id) is watched:
                del self._boards[board_id]

    async def step(self) -> int:
        """One look at all watched boards, one reading of each that moved and has rested; answers how many."""
        read, self.is_pending = 0, False
        found = await newest(self._database, list(self._boards))
        for board_id, now in found.items():
            watched = self._boards.get(board_id)
            if watched is None or not watched.watchers:
                continue
            if watched.awaited or (watched.is_behind(now) and self._clock() >= watched.rests_until):
                read += await self._tick(watched, now)
            watched.tell(self._clock())
            self.is_pending = self.is_pending or watched.awaited or watched.untold or watched.is_behind(now)
        self.ticks += read
        return read

    async def _tick(self, watched: Watched, now: Newest) -> int:
        """Reads and publishes, unless the index has not come any further yet; answers 1 if it did."""
        was_awaited, watched.awaited = watched.awaited, False
        read = await self._read(watched, now)
        held = watched.shown
        if watched.is_older(read, now.season) or (held == read and not was_awaited):
            watched.awaited = watched.awaited or was_awaited
            return 0
        watched.publish(read)
        for watcher in watched.watchers:
            if not watcher.has_seen and watcher.shown is not None:
                watcher.woken.set()
        return 1

    async def _read(self, watched: Watched, now: Newest) -> Shown:
        size, season = max((watcher.top for watcher in watched.watchers), default=1), now.season
        if season is None:
            version = Version(epoch=now.at[0], generation=0, seq=now.at[1])
            return Shown(
                board=now.board,
                season=None,
                version=version,
                at=now.at,
                as_of=now.instant,
                total=0,
                entries=(),
                size=size,
                names={},
                ranks=dict.fromkeys(_subjects(watched, now.board)),
            )
        lines = await page(self._database, self._store, SYSTEM, season, first=size)
        own, ranked_at = await self._ranks(season, _subjects(watched, now.board))
        names = await subjects_shown(self._database, {entry.subject_id for entry in lines.entries})
        firms = {name.partner_id for name in names.values() if name.partner_id is not None}
        return Shown(
            board=now.board,
            season=season,
            version=lines.version,
            at=min((lines.version.epoch, lines.version.seq), *ranked_at),
            as_of=now.instant,
            total=await subjects(self._database, lines),
            entries=tuple(lines.entries),
            size=size,
            names={**await subjects_shown(self._database, firms - names.keys()), **names},
            ranks=own,
        )

    async def _ranks(
        self, season: SeasonShown, subject_ids: Sequence[UUID]
    ) -> tuple[dict[UUID, Entry | None], list[At]]:
        found, at = dict[UUID, Entry | None](), list[At]()
        asked = [RankAsked(actor=SYSTEM, season=season, subject_id=one) for one in subject_ids]
        for start in range(0, len(asked), RANKS_MAX):
            for one in await ranks(self._database, self._store, asked[start : start + RANKS_MAX]):
                if one is not None:
                    found[one.subject_id] = one.entry
                    at.append((one.version.epoch, one.version.seq))
        return found, at or [(2**62, 0)]


def _subjects(watched: Watched, board: BoardShown) -> list[UUID]:
    found = {own_subject(watcher.actor, board) for watcher in watched.watchers}
    return [subject for subject in found if subject is not None]
