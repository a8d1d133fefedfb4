"""Two racing processes with eight connections each, told to start at one instant, and how far they overlapped."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from domain.kernel.sql import Database
from tests.faults.racer import APPLICATION

PROCESSES = 2
CONNECTIONS = 8
LINE_BYTES_MAX = 2**24
ANSWER_SECONDS = 60
START_DELAY_SECONDS = 0.15
SAMPLE_SECONDS = 0.003

IN_TRANSACTION = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1 AND xact_start IS NOT NULL AND state <> 'idle'
"""

Order = dict[str, Any]


@dataclass(kw_only=True)
class Raced:
    """What every process answered, and how many transactions were open at once at the most."""

    answers: list[list[Any]]
    overlap: int

    @property
    def all(self) -> list[Any]:
        return [answer for each in self.answers for answer in each]


@dataclass(kw_only=True)
class Racers:
    """The processes, ready for orders."""

    processes: list[asyncio.subprocess.Process]
    watching: Database

    async def race(self, *orders: Order) -> Raced:
        """Each process does its order, all starting at one instant."""
        at = time.monotonic() + START_DELAY_SECONDS
        for process, order in zip(self.processes, orders, strict=True):
            assert process.stdin is not None
            process.stdin.write(orjson.dumps(order | {"at": at}) + b"\n")
        done = asyncio.Event()
        sampling = asyncio.create_task(self._peak(done))
        try:
            lines = await asyncio.gather(*(_line(process) for process in self.processes))
        finally:
            done.set()
        return Raced(answers=[line["answers"] for line in lines], overlap=await sampling)

    async def _peak(self, done: asyncio.Event) -> int:
        peak = 0
        while not done.is_set():
            peak = max(peak, await self.watching.fetchval(IN_TRANSACTION, APPLICATION))
            await asyncio.sleep(SAMPLE_SECONDS)
        return peak


@asynccontextmanager
async def racers(url: str) -> AsyncIterator[Racers]:
    """Two processes with all their connections open; afterwards both are gone."""
    watching = await Database.open(url, connections_max=1, application="watcher")
    command = [sys.executable, "-m", "tests.faults.racer", url, str(CONNECTIONS)]
    pipe = asyncio.subprocess.PIPE
    started = [
        await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, limit=LINE_BYTES_MAX
        )
        for _ in range(PROCESSES)
    ]
    try:
        await asyncio.gather(*(_line(process) for process in started))
        yield Racers(processes=started, watching=watching)
    finally:
        for process in started:
            assert process.stdin is not None
            process.stdin.close()
        await asyncio.gather(*(asyncio.wait_for(process.wait(), 20) for process in started))
        await watching.close()


async def _line(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), ANSWER_SECONDS)
    assert line, "a racing process died"
    return orjson.loads(line)
