"""The only pub/sub: hears that something was committed and lets the feeds of this process look, else they poll."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

NUDGE_CHANNEL = "guerdon:committed"
RECONNECT_MAX = 5.0
# Right after a nudge the relay is about to stamp: the first looks come quickly, then ever more slowly.
POLL_MIN = 0.02
POLL_MAX = 0.25
SPACING = 0.005  # between two looks, however many commits there are
TROUBLE_MAX = 5.0

_log = logging.getLogger("realtime")


class Feed(Protocol):
    """Something that streams are fed from."""

    @property
    def wanted(self) -> bool:
        """True while somebody listens: nothing is read for nobody."""
        ...

    @property
    def is_pending(self) -> bool:
        """True while it knows of something that it could not hand out yet."""
        ...

    async def step(self) -> int:
        """One bounded look; answers how much there was."""
        ...


class Realtime:
    """One subscription and one loop per process; any number of streams hang on its feeds."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Look now: something was committed, or somebody began to listen."""
        self._nudged.set()

    async def run(self, feeds: Sequence[Feed]) -> None:
        """Feeds whoever listens, until it is cancelled; no task of it outlives this call."""
        async with asyncio.TaskGroup() as group:
            group.create_task(hear_commits(self._redis, self.nudge), name="hear-commits")
            group.create_task(self._turn(feeds), name="feed-streams")

    async def _turn(self, feeds: Sequence[Feed]) -> None:
        pause, trouble_pause = POLL_MIN, POLL_MIN
        while True:
            wanted = [feed for feed in feeds if feed.wanted]
            if not wanted:
                await self._nudged.wait()
            self._nudged.clear()
            try:
                done = sum([await feed.step() for feed in wanted])
                trouble_pause = POLL_MIN
            except Exception as trouble:  # a database that restarts must not end the streams that wait for it
                _log.warning("realtime.step_failed %s %s", type(trouble).__name__, trouble)
                trouble_pause = min(trouble_pause * 2, TROUBLE_MAX)
                await asyncio.sleep(trouble_pause)
                continue
            await asyncio.sleep(SPACING)
            if done:
                pause = POLL_MIN
            elif not await self._nudged_within(pause):
                pause = POLL_MIN if any(feed.is_pending for feed in feeds) else min(pause * 2, POLL_MAX)
            else:
                pause = POLL_MIN

    async def _nudged_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._nudged.wait()
        return False


async def hear_commits(redis: "Redis", nudge: Callable[[], None]) -> None:
    """Calls `nudge` for every commit that another process tells of; reconnects with a growing pause, for ever."""
    pause = 0.1
    while True:
        try:
            async with redis.pubsub() as channel:
                await channel.subscribe(NUDGE_CHANNEL)
                # What was told while nobody heard is looked up once.
                nudge()
                pause = 0.1
                while True:
                    if await channel.get_message(ignore_subscribe_messages=True, timeout=0.9) is not None:
                        nudge()
        except (RedisError, OSError, TimeoutError) as trouble:
            _log.warning("realtime.nudges_lost %s", type(trouble).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, RECONNECT_MAX)


async def ended(task: "asyncio.Task[None]") -> None:
    """The task is cancelled and over."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
