"""One viewer's board: a snapshot, then what moved, with the viewer's own part, which nobody else ever gets (law S1)."""

import time
from collections.abc import AsyncGenerator

from graphql import GraphQLError

from api.graph.cursors import Position, Stream
from api.graph.entitling import standing
from api.graph.streaming import (
    Beat,
    Chain,
    Changed,
    Content,
    Live,
    Message,
    Moved,
    Own,
    Snapshot,
    allowed,
    started,
    wall_clock,
)
from api.graph.ticking import Shown, Watcher
from domain.access.principals import Actor
from leaderboards.deltas import View
from leaderboards.reading import around, own_subject
from leaderboards.views import BoardShown, SeasonShown

ACTION = "Subscription.leaderboard"
TOP_MAX = 100
AROUND_MAX = 25
BEHIND_SECONDS = 0.1  # how soon the own part is read again where the index lags


class BoardStream:
    """What the viewer holds after the messages so far: a view of one season, and the own part."""

    def __init__(
        self, live: Live, given: Actor, board: BoardShown, *, top: int, around: int, resume: str | None
    ) -> None:
        """Refuses: GraphQLError (BAD_INPUT for top or around, INVALID_CURSOR)."""
        if not (1 <= top <= TOP_MAX and 0 <= around <= AROUND_MAX):
            said = f"top must lie between 1 and {TOP_MAX}, around between 0 and {AROUND_MAX}."
            raise GraphQLError(said, extensions={"code": "BAD_INPUT"})
        self._live, self._given, self._actor, self._board = live, given, given, board
        self._top, self._around = top, around
        stream = Stream(principal_id=given.principal_id, name=f"{ACTION}:{board.id}:{top}:{around}")
        text, _ = started(live.seal, stream, None, resume)
        self._chain = Chain(live.seal, stream, text)
        self._season: SeasonShown | None = None
        self._view: View | None = None
        self._own = Own(rank=None, around=(), at=(0, 0))
        self._total, self._beat_at, self._is_behind = 0, time.monotonic() + live.heartbeat_seconds, False

    async def messages(self) -> AsyncGenerator[Message]:
        """Until the caller closes it. Refuses: GraphQLError (ACCESS_REVOKED, TOKEN_EXPIRED)."""
        live = self._live
        self._actor = await allowed(live, ACTION, self._given)
        async with live.boards.watching(self._board.id, self._actor, self._top) as watcher:
            while True:
                await watcher.wait(self._patience())
                watcher.woken.clear()
                actor = await allowed(live, ACTION, self._given)
                if standing(actor) != standing(self._actor):
                    self._actor, self._view = actor, None
                    watcher.move(actor)
                    yield self._say(Changed(at=wall_clock()))
                    continue
                shown = watcher.shown
                content = None if shown is None else self._told(watcher, shown, await self._own_part(shown))
                if content is not None:
                    live.failpoints.hit("deliver.before_send")
                    yield self._say(content)
                elif time.monotonic() >= self._beat_at:
                    yield self._say(Beat(at=wall_clock()))

    def _patience(self) -> float:
        until_beat = max(0.0, self._beat_at - time.monotonic())
        return min(until_beat, BEHIND_SECONDS) if self._is_behind else until_beat

    async def _own_part(self, shown: Shown) -> Own:
        subject = own_subject(self._actor, shown.board)
        if subject is None or shown.season is None:
            return Own(rank=None, around=(), at=shown.at)
        if not self._around:
            return Own(rank=shown.ranks[subject], around=(), at=shown.at)
        live = self._live
        lines = await around(live.database, live.store, self._actor, shown.season, subject, k=self._around)
        mine = next((entry for entry in lines.entries if entry.subject_id == subject), None)
        return Own(rank=mine, around=tuple(lines.entries), at=(lines.version.epoch, lines.version.seq))

    def _told(self, watcher: Watcher, shown: Shown, own: Own) -> Content | None:
        """What the viewer must be told to hold what is shown; None where that reads as what the viewer holds."""
        watcher.has_seen, self._is_behind = True, own.at < shown.at
        before, season = self._view, shown.season
        is_new = before is None or (season, shown.version.epoch) != (self._season, before.version.epoch)
        if is_new or before is None or season is None:
            if not is_new:
                return None
            self._hold(shown, own)
            return Snapshot(shown=shown, top=shown.entries[: self._top], own=own)
        delta = watcher.delta(before)
        was = self._own
        if delta.empty and (own.rank, own.around, shown.total) == (was.rank, was.around, self._total):
            return None
        self._hold(shown, own)
        return Moved(
            shown=shown,
            season=season,
            since=delta.since,
            changed=delta.changed,
            left=delta.left,
            around=own.around if own.around != was.around else None,
            own=own,
        )

    def _hold(self, shown: Shown, own: Own) -> None:
        self._season, self._view, self._own, self._total = shown.season, shown.view(self._top), own, shown.total

    def _say(self, content: Content) -> Message:
        self._beat_at = time.monotonic() + self._live.heartbeat_seconds
        epoch, seq = (0, 0) if self._view is None else (self._view.version.epoch, self._view.version.seq)
        return self._chain.message(self._actor, Position(epoch=epoch, value=seq), content)
