"""What every long suite is given: a seed, an end, servers of its own, and a bar to move."""

import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress, TaskID

from domain.kernel.sql import Database
from embedded.supervisor import EmbeddedServers
from migrations import migrate

Counts = dict[str, int | float | str]


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

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self.began >= self.minutes * 60

    def show(self, text: str) -> None:
        """The bar stands where the time does, with a word on what was done."""
        self.progress.update(self.task, completed=time.monotonic() - self.began, description=text)

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
