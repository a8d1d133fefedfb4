"""Both servers together: started in order, tended by one thread, stopped in reverse."""

import logging
import threading
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


class EmbeddedServers:
    """The servers of one home as a context manager; a killed one is started again until `stop`.

    `start` must be called from a thread that lives as long as the servers should (the main thread).
    """

    def __init__(self, home: Path, durable: bool = True) -> None:
        self.postgres = EmbeddedPostgres(home, durable=durable)
        self.valkey = EmbeddedValkey(home)
        self.restarts = 0
        self._ending = threading.Event()
        self._watch: threading.Thread | None = None

    def start(self) -> None:
        """Afterwards both answer and are watched. Refuses: EmbeddedError; then neither runs."""
        self._ending.clear()
        self.postgres.start()
        try:
            self.valkey.start()
        except BaseException:
            self.postgres.stop()
            raise
        self._watch = threading.Thread(target=self._tend_until_ended, name="embedded-watch", daemon=True)
        self._watch.start()

    def stop(self) -> None:
        """Afterwards the servers we own are gone, Valkey first; attached ones keep running."""
        self._ending.set()
        if self._watch is not None:
            self._watch.join()
            self._watch = None
        self.valkey.stop()
        self.postgres.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _tend_until_ended(self) -> None:
        pause = TEND_SECONDS
        while not self._ending.wait(pause):
            pause = TEND_SECONDS if self._tend_all() else min(pause * 2, TEND_SECONDS_MAX)

    def _tend_all(self) -> bool:
        postgres, valkey = self._tend(self.postgres), self._tend(self.valkey)
        return postgres and valkey

    def _tend(self, server: EmbeddedServer) -> bool:
        try:
            if server.tend():
                self.restarts += 1
                _log.warning("embedded.restarted %s", server.name)
        except EmbeddedError as error:
            _log.error("embedded.restart_failed %s: %s", server.name, error)
            return False
        return True
