"""One reading of new events per process, handed to everybody whom they may concern; nobody's queue grows unbounded."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import orjson

from api.graph.entitling import Accesses
from domain.access.events import REVOKING
from domain.access.ownership import Sight
from domain.kernel import outbox
from domain.kernel.events import StampedEvent
from domain.kernel.sql import Database

QUEUE_MAX = 100
QUEUE_BYTES_MAX = 262_144
REPLAY_MAX = 500
ENVELOPE_BYTES = 256  # about what an event weighs without its payload

_log = logging.getLogger("realtime")


class Listener:
    """One stream's ear: a bounded queue that is whole for positions above `whole_from`; below, PostgreSQL is read."""

    def __init__(self, principal_id: UUID, seen: Sight, whole_from: int) -> None:
        self.principal_id, self.seen, self.whole_from = principal_id, seen, whole_from
        self.access_moved = False
        self.woken = asyncio.Event()
        self._queue: deque[StampedEvent] = deque()
        self._bytes = 0

    def offer(self, event: StampedEvent, size: int) -> None:
        """Queue the event; where there is no room, everything up to it is left to a reading of PostgreSQL."""
        self.woken.set()
        if len(self._queue) >= QUEUE_MAX or self._bytes + size > QUEUE_BYTES_MAX:
            self.lose(event.position)
        elif event.position > self.whole_from:
            self._queue.append(event)
            self._bytes += size

    def lose(self, until: int) -> None:
        """The queue is empty and says nothing of positions up to here."""
        self._queue.clear()
        self._bytes, self.whole_from = 0, max(self.whole_from, until)

    def take(self, after: int) -> list[StampedEvent]:
        """All that is queued above a position, in order; the queue is empty afterwards."""
        taken = [event for event in self._queue if event.position > after]
        self._queue.clear()
        self._bytes = 0
        return taken

    async def wait(self, seconds: float) -> None:
        """Until something came or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.woken.wait()


class EventFeed:
    """Reads stamped events once and offers each to those whom it may concern; whether it does is judged later."""

    def __init__(self, database: Database, accesses: Accesses, wake: Callable[[], None]) -> None:
        self._database, self._accesses, self._wake = database, accesses, wake
        self._listeners: set[Listener] = set()
        self._entering = asyncio.Lock()
        self.epoch, self.head = 0, 0

    @property
    def wanted(self) -> bool:
        return bool(self._listeners)

    @property
    def is_pending(self) -> bool:
        return False

    @asynccontextmanager
    async def listening(self, principal_id: UUID, seen: Sight) -> AsyncGenerator[Listener]:
        """A listener that is offered every event after the head as it is now."""
        async with self._entering:
            if not self._listeners:
                self.epoch, self.head = await outbox.head(self._database)
            listener = Listener(principal_id, seen, self.head)
            self._listeners.add(listener)
        self._wake()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def move(self, listener: Listener, seen: Sight) -> None:
        """The listener hears other events from now on; what it did not hear before is left to PostgreSQL."""
        listener.seen = seen
        listener.lose(self.head)

    async def read(self, listener: Listener, after: int) -> tuple[list[StampedEvent], int]:
        """What may concern the listener after a position, and up to which position that is all there is."""
        if after >= listener.whole_from:
            until = self.head
            return listener.take(after), max(until, after)
        until, seen = self.head, listener.seen
        is_narrow = not seen.sees_all and seen.portfolio_of is None and seen.source_id is None
        about = (seen.member_id, seen.partner_id) if is_narrow else None
        events = await outbox.read_until(self._database, after, until, REPLAY_MAX, about=about)
        return events, events[-1].position if len(events) == REPLAY_MAX else until

    async def step(self) -> int:
        """One look: at most 1,000 events are handed out; answers how many."""
        before = self.head
        epoch, last = await outbox.head(self._database)
        if epoch != self.epoch:
            # Another history, after a restore: every stream must say so.
            self.epoch, self.head = epoch, last
            self._lose(last)
            return 1
        if last <= before:
            return 0
        events = await outbox.read(self._database, before)
        if self.head != before:  # somebody began to listen anew meanwhile
            return 0
        self._hand_out(events, before)
        return len(events)

    def _hand_out(self, events: Sequence[StampedEvent], after: int) -> None:
        if [event.position for event in events] != list(range(after + 1, after + 1 + len(events))):
            _log.error("realtime.hole after=%d", after)
            self.head = events[-1].position
            self._lose(self.head)
            return
        self.head = after + len(events)
        concerned = _Concerned(self._listeners)
        for event in events:
            size = 0
            for listener in concerned.by(event):
                size = size or ENVELOPE_BYTES + len(orjson.dumps(event.payload))
                listener.offer(event, size)
            if event.name in REVOKING:
                self._accesses.forget(event.aggregate_id)
                for listener in self._listeners:
                    if listener.principal_id == event.aggregate_id:
                        listener.access_moved = True
                        listener.woken.set()
            elif event.aggregate_kind == "member":
                self._forget_member(event)

    def _forget_member(self, event: StampedEvent) -> None:
        for listener in self._listeners:
            if listener.seen.member_id == event.aggregate_id:
                self._accesses.forget(listener.principal_id)

    def _lose(self, until: int) -> None:
        for listener in self._listeners:
            listener.lose(until)
            listener.woken.set()


class _Concerned:
    """The listeners by what they may see: an event of one member never looks at those of a thousand others."""

    def __init__(self, listeners: Iterable[Listener]) -> None:
        self._wide = list[Listener]()
        self._of_member, self._of_partner = dict[UUID, list[Listener]](), dict[UUID, list[Listener]]()
        for listener in listeners:
            seen = listener.seen
            if seen.sees_all or seen.portfolio_of is not None or seen.source_id is not None:
                self._wide.append(listener)
                continue
            if seen.member_id is not None:
                self._of_member.setdefault(seen.member_id, []).append(listener)
            if seen.partner_id is not None:
                self._of_partner.setdefault(seen.partner_id, []).append(listener)

    def by(self, event: StampedEvent) -> Iterable[Listener]:
        """Each listener that the event may concern, once."""
        found = list(self._wide)
        if event.member_id is not None:
            found += self._of_member.get(event.member_id, ())
        if event.partner_id is not None:
            found += self._of_partner.get(event.partner_id, ())
        return dict.fromkeys(found)
