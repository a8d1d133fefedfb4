"""What both servers share: one owner per home, orphans ended, launch until ready, attach, take over, stop."""

import atexit
import os
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from embedded import child
from embedded.errors import EmbeddedError
from embedded.places import Ownership, home_directory, socket_directory

READY_SECONDS_MAX = 120.0
"""How long a start may take; recovery after a kill under load is the slowest."""

LAUNCHES_MAX = 20
"""A killed server's own children may keep its memory for a moment; each failed launch waits LAUNCH_PAUSE_SECONDS."""

LAUNCH_PAUSE_SECONDS = 0.1
POLL_SECONDS = 0.01


class EmbeddedServer(ABC):
    """A server process that belongs to a home directory; several processes may share it, one of them owns it."""

    name: str
    stop_signals: Sequence[tuple[signal.Signals, float]]

    def __init__(self, home: Path) -> None:
        if sys.platform == "win32":
            raise EmbeddedError("there are no embedded servers on Windows: use WSL, or set DATABASE_URL and REDIS_URL")
        self.home = home_directory(home)
        self.sockets = socket_directory(self.home)
        self.folder = self.home / self.name
        self.folder.mkdir(exist_ok=True)
        self._ownership = Ownership(self.home / f"{self.name}.lock")
        self._child: subprocess.Popen[bytes] | None = None
        self._owner_process = 0
        self._wanted = False
        self._changing = threading.RLock()

    def start(self) -> None:
        """Afterwards the server answers: started here, or another process's one attached to.

        Call from a thread that lives as long as the server should (see child.spawn).
        Refuses: EmbeddedError with the last lines of its log when it does not become ready.
        """
        with self._changing:
            self._wanted = True
            self._start()

    def _start(self) -> None:
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self._ownership.take():
            if self._answers():
                return
            self._give_up_after(deadline, f"the {self.name} that another process runs in {self.home} is not ready")
            time.sleep(POLL_SECONDS)
        if self._running():
            return
        try:
            self._end_orphan()
            self._prepare()
            self._launch_until_ready(deadline)
        except BaseException:
            self._stop_child()
            self._ownership.release()
            raise
        self._owner_process = os.getpid()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Afterwards the server is gone if it was ours; an attached one keeps running."""
        atexit.unregister(self.stop)
        if self._owner_process not in (0, os.getpid()):  # a fork of the owner must not stop it
            return
        self._wanted = False  # ends a start that another thread is waiting for
        with self._changing:
            self._stop_child()
            self._ownership.release()

    def tend(self) -> bool:
        """Afterwards a wanted server runs, if it was found dead or its owner gone. Returns whether it was started."""
        with self._changing:
            if not self._wanted or not self._ownership.take() or self._running():
                return False
            self._start()
            return True

    @property
    def attached(self) -> bool:
        """Whether another process owns the server."""
        return not self._ownership.held

    @property
    def pid(self) -> int | None:
        """The server's process id, also when attached; None when it does not run."""
        pid = self._recorded_pid()
        return pid if pid is not None and self._is_ours(pid) else None

    @abstractmethod
    def _prepare(self) -> None:
        """Afterwards everything a launch needs is on disk."""

    @abstractmethod
    def _spawn(self) -> "subprocess.Popen[bytes]":
        """Start the server process."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the process recorded on disk accepts connections."""

    @abstractmethod
    def _pid_file(self) -> Path: ...

    def _running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def _recorded_pid(self) -> int | None:
        try:
            return int(self._pid_file().read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    def _is_ours(self, pid: int) -> bool:
        """Whether the process is a server of this home: ids are reused, so the command line must name our folder."""
        command = child.command_line(pid)
        return command is not None and str(self.folder) in command

    def _end_orphan(self) -> None:
        pid = self._recorded_pid()
        if pid is None:
            return
        if self._is_ours(pid):
            child.end_stranger(pid, self.stop_signals, lambda: self._is_ours(pid))
        self._pid_file().unlink(missing_ok=True)

    def _launch_until_ready(self, deadline: float) -> None:
        for _ in range(LAUNCHES_MAX):
            self._child = self._spawn()
            while self._child.poll() is None:
                if self._recorded_pid() == self._child.pid and self._answers():
                    return
                self._give_up_after(deadline, f"{self.name} did not become ready; see {self.home / 'logs'}")
                time.sleep(POLL_SECONDS)
            time.sleep(LAUNCH_PAUSE_SECONDS)
        raise EmbeddedError(f"{self.name} ended while starting; {self._last_words()}")

    def _give_up_after(self, deadline: float, reason: str) -> None:
        if not self._wanted:
            raise EmbeddedError(f"{self.name} was stopped while it started")
        if time.monotonic() > deadline:
            raise EmbeddedError(reason)

    def _stop_child(self) -> None:
        if self._child is not None:
            child.stop(self._child, self.stop_signals)
            self._child = None

    def _last_words(self) -> str:
        log = self.home / "logs" / f"{self.name}.log"
        lines = log.read_text(errors="replace").splitlines()[-5:] if log.is_file() else []
        return f"the end of {log}:\n" + "\n".join(lines)
