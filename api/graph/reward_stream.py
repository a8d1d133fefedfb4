"""One subscriber's events: replayed from PostgreSQL after a cursor, then live, judged as they are sent (law E2)."""

import time
from collections.abc import AsyncGenerator
from uuid import UUID

from api.graph.cursors import Position, Stream
from api.graph.entitling import standing
from api.graph.feeding import Listener
from api.graph.streaming import Beat, Chain, Changed, Content, Expired, Live, Message, allowed, started, wall_clock
from catalog.redemptions.entitling import entitled_of_all
from domain.access.ownership import sight
from domain.access.principals import Actor
from domain.kernel import outbox
from domain.kernel.events import StampedEvent

ACTION = "Subscription.rewardEvents"


class RewardStream:
    """Everything up to `_sent` was sent or is not for this subscriber."""

    def __init__(
        self,
        live: Live,
        given: Actor,
        *,
        after: str | None,
        resume: str | None,
        action: str = ACTION,
        about: UUID | None = None,
    ) -> None:
        """With `about`, only events of this aggregate are sent, in a stream of its own.

        Refuses: GraphQLError (INVALID_CURSOR).
        """
        self._live, self._given, self._actor = live, given, given
        self._action, self._about = action, about
        stream = Stream(principal_id=given.principal_id, name=action if about is None else f"{action}:{about}")
        text, self._start = started(live.seal, stream, after, resume)
        self._chain = Chain(live.seal, stream, text)
        self._epoch, self._sent, self._through, self._beat_at = 0, 0, 0, 0.0

    async def messages(self) -> AsyncGenerator[Message]:
        """Until the caller closes it. Refuses: GraphQLError (ACCESS_REVOKED, TOKEN_EXPIRED)."""
        live = self._live
        self._actor = await allowed(live, self._action, self._given)
        async with live.events.listening(self._given.principal_id, sight(self._actor)) as listener:
            opening = await self._opening()
            if opening is not None:
                yield self._say(self._sent, opening)
            while True:
                events = await self._next(listener)
                interruption = await self._interruption(listener)
                if interruption is not None:
                    yield self._say(self._sent, interruption)
                    continue
                for event in await entitled_of_all(live.database, live.matrix, self._action, self._actor, events):
                    if await self._is_moved(listener):
                        # What is left is read and judged again, as whoever the subscriber is now.
                        listener.lose(live.events.head)
                        break
                    live.failpoints.hit("deliver.before_send")
                    yield self._say(event.position, event)
                else:
                    self._sent = max(self._sent, self._through)
                    if time.monotonic() >= self._beat_at:
                        yield self._say(self._sent, Beat(at=wall_clock()))

    async def _opening(self) -> Content | None:
        """What is said before anything else. Without a cursor one is given at once, to resume from after a cut."""
        live, start = self._live, self._start
        self._epoch, self._sent = live.events.epoch, live.events.head
        self._beat_at = time.monotonic() + live.heartbeat_seconds
        if start is None:
            return Beat(at=wall_clock())
        is_known = start.epoch == self._epoch and start.value <= self._sent
        if not is_known or await outbox.is_older(live.database, start.value, live.retention_days):
            return Expired(at=wall_clock())
        self._sent = start.value
        return None

    async def _next(self, listener: Listener) -> list[StampedEvent]:
        if self._sent >= listener.whole_from:
            await listener.wait(max(0.0, self._beat_at - time.monotonic()))
        listener.woken.clear()
        events, self._through = await self._live.events.read(listener, self._sent)
        return [event for event in events if self._about in (None, event.aggregate_id)]

    async def _interruption(self, listener: Listener) -> Content | None:
        feed = self._live.events
        actor = await allowed(self._live, self._action, self._given)
        if feed.epoch != self._epoch:
            self._epoch, self._sent = feed.epoch, feed.head
            listener.lose(feed.head)
            return Expired(at=wall_clock())
        if listener.access_moved or standing(actor) != standing(self._actor):
            listener.access_moved, self._actor = False, actor
            feed.move(listener, sight(actor))
            return Changed(at=wall_clock())
        return None

    async def _is_moved(self, listener: Listener) -> bool:
        actor = await allowed(self._live, self._action, self._given)
        is_other = standing(actor) != standing(self._actor) or self._live.events.epoch != self._epoch
        return listener.access_moved or is_other

    def _say(self, position: int, content: Content) -> Message:
        self._sent, self._beat_at = position, time.monotonic() + self._live.heartbeat_seconds
        return self._chain.message(self._actor, Position(epoch=self._epoch, value=position), content)
