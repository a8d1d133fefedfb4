"""Several servers together: started in order, tended by one thread, stopped in reverse."""

import logging
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.errors import EmbeddedError
from embedded.postgres import EmbeddedPostgres
from embedded.server import EmbeddedServer
from embedded.valkey import EmbeddedValkey

TEND_SECONDS = 0.1
TEND_SECONDS_MAX = 5.0
"""The pause after a restart that failed doubles up to this."""

_log = logging.getLogger("embedded")


class Supervisor:
    """Servers as a context manager; a killed one is started again until `stop`.

    `start` must be called from a thread that lives as long as the servers should (the main thread).
    """

    def __init__(self, servers: Sequence[EmbeddedServer]) -> None:
        self.restarts = 0
        self._servers = tuple(servers)
        self._ending = threading.Event()
        self._watch: threading.Thread | None = None

    def start(self) -> None:
        """Afterwards all answer and are watched. Refuses: EmbeddedError; then none of ours runs."""
        self._ending.clear()
        try:
            for server in self._servers:
                server.start()
        except BaseException:
            self.stop()
            raise
        self._watch = threading.Thread(target=self._tend_until_ended, name="embedded-watch", daemon=True)
        self._watch.start()

    def stop(self) -> None:
        """Afterwards the servers we own are gone, the last one first; attached ones keep running."""
        self._ending.set()
        for server in reversed(self._servers):
            server.stop()
        if self._watch is not None:
            self._watch.join()
            self._watch = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _tend_until_ended(self) -> None:
        pause = TEND_SECONDS
        while not self._ending.wait(pause):
            well = [self._tend(server) for server in self._servers]
            pause = TEND_SECONDS if all(well) else min(pause * 2, TEND_SECONDS_MAX)

    def _tend(self, server: EmbeddedServer) -> bool:
        try:
            if server.tend():
                self.restarts += 1
                _log.warning("embedded.restarted %s", server.name)
        # The thread must outlive a full disk or table of processes: the servers it started die with it.
        except (EmbeddedError, OSError, subprocess.SubprocessError) as error:
            if not self._ending.is_set():
                _log.error("embedded.restart_failed %s: %s", server.name, error)
            return False
        return True


class EmbeddedServers(Supervisor):
    """PostgreSQL and Valkey of one home, supervised."""

    def __init__(self, home: Path, durable: bool = True) -> None:
        self.postgres = EmbeddedPostgres(home, durable=durable)
        self.valkey = EmbeddedValkey(home)
        super().__init__((self.postgres, self.valkey))
