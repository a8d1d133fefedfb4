"""The background process: rooms offer bounded steps, these loops take them, quick while there is work, slow without."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

TROUBLE_PAUSE_MAX = 5.0


@dataclass(frozen=True, kw_only=True)
class Loop:
    """One kind of background work: `step` does at most one batch and answers how much it did.

    Without work the loop sleeps from `pause_min` seconds, doubling up to `pause_max`; a nudge ends the sleep.
    """

    name: str
    step: Callable[[], Awaitable[int]]
    pause_min: float
    pause_max: float


class Worker:
    """Runs loops until it is stopped; trouble in one is logged, waited out and tried again, and stops no other."""

    def __init__(self, loops: Sequence[Loop]) -> None:
        self._loops = loops
        self._nudged = {loop.name: asyncio.Event() for loop in loops}
        self._stopping = asyncio.Event()

    def nudge(self) -> None:
        """Something was committed: look now rather than at the next turn."""
        for event in self._nudged.values():
            event.set()

    def stop(self) -> None:
        """Every loop ends after its current step."""
        self._stopping.set()
        self.nudge()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for loop in self._loops:
                group.create_task(self._turn(loop), name=loop.name)

    async def _turn(self, loop: Loop) -> None:
        pause, trouble_pause = loop.pause_min, loop.pause_min
        while not self._stopping.is_set():
            self._nudged[loop.name].clear()
            try:
                done = await loop.step()
            except Exception as trouble:  # a database that restarts must not end the process that waits for it
                log.warning("worker.step_failed", loop=loop.name, trouble=type(trouble).__name__, detail=str(trouble))
                trouble_pause = min(max(trouble_pause, 0.1) * 2, TROUBLE_PAUSE_MAX)
                await self._sleep(loop, trouble_pause * random.uniform(0.8, 1.2), nudgeable=False)
                continue
            trouble_pause = loop.pause_min
            if done:
                pause = loop.pause_min
                self._wake_others(loop)
                continue
            await self._sleep(loop, pause, nudgeable=True)
            pause = min(pause * 2, loop.pause_max)
            if self._nudged[loop.name].is_set():
                pause = loop.pause_min

    def _wake_others(self, loop: Loop) -> None:
        for name, event in self._nudged.items():
            if name != loop.name:
                event.set()

    async def _sleep(self, loop: Loop, seconds: float, *, nudgeable: bool) -> None:
        waiting = self._nudged[loop.name].wait() if nudgeable else self._stopping.wait()
        try:
            await asyncio.wait_for(waiting, seconds)
        except TimeoutError:
            return
