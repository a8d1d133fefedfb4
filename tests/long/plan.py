"""What every long suite is given: a seed, an end, servers of its own, and a bar to move."""

import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import Progress, TaskID

from domain.kernel.sql import Database
from embedded.supervisor import EmbeddedServers
from migrations import migrate

Counts = dict[str, int | float | str]

LOG_SECONDS = 15.0


class SuiteFailed(AssertionError):
    """A law did not hold; the message says which, and with which seed to see it again."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long a suite may go on, from which seed, and where it shows how far it is."""

    seed: int
    minutes: float
    began: float
    progress: Progress
    task: TaskID
    servers: EmbeddedServers
    home: Path
    logged: list[float] = field(default_factory=list[float])

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self.began >= self.minutes * 60

    def show(self, text: str) -> None:
        """The bar stands where the time does, with a word on what was done; in a log, a line every now and then."""
        elapsed = time.monotonic() - self.began
        self.progress.update(self.task, completed=elapsed, description=text)
        if not self.progress.console.is_terminal and elapsed - (self.logged or [0.0])[-1] >= LOG_SECONDS:
            self.logged[:] = [elapsed]
            self.say(text)

    def say(self, text: str) -> None:
        """A line that stays."""
        self.progress.console.print(f"{time.monotonic() - self.began:>6.0f} s  {text}")

    @asynccontextmanager
    async def database(self, connections: int = 6) -> AsyncIterator[Database]:
        """The suite's database at the newest schema."""
        await migrate(self.servers.postgres.url())
        opened = await Database.open(self.servers.postgres.url(), connections_max=connections)
        try:
            yield opened
        finally:
            await opened.close()


def short_home() -> Path:
    """A new folder whose paths are short enough for sockets and open to `nobody`."""
    home = Path(tempfile.mkdtemp(prefix="guerdon-long-"))
    home.chmod(0o711)
    return home
