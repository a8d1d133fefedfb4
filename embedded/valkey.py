"""The embedded Valkey: derived data only, on a unix socket, refusing writes rather than evicting."""

import os
import signal
import socket
import subprocess
from pathlib import Path

from embedded import child
from embedded.account import Account
from embedded.places import open_log, valkey_binary
from embedded.server import EmbeddedServer

DATABASES = 64
"""Numbered databases: a server run needs one, the tests take one per module."""

_PING_SECONDS_MAX = 1.0


class EmbeddedValkey(EmbeddedServer):
    """Valkey 9 in `home/valkey`, reachable through a unix socket only; empty after a restart unless `appendonly`."""

    name = "valkey"
    stop_signals = ((signal.SIGTERM, 10.0),)

    def __init__(self, home: Path, appendonly: bool = False) -> None:
        super().__init__(home)
        self.appendonly = appendonly
        self._socket = self.sockets / "valkey.sock"

    def url(self, database: int = 0) -> str:
        """An address for `redis.asyncio.from_url`; `database` is 0 to DATABASES - 1."""
        return f"unix://{self._socket}?db={database}"

    def _pid_file(self) -> Path:
        return self.folder / "valkey.pid"

    def _prepare(self) -> None:
        self._socket.unlink(missing_ok=True)

    def _answers(self) -> bool:
        pid = self._recorded_pid()
        if pid is None or not self._is_ours(pid):
            return False
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_PING_SECONDS_MAX)
            try:
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def _spawn(self) -> "subprocess.Popen[bytes]":
        settings = {
            "dir": str(self.folder),
            "pidfile": str(self._pid_file()),
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "databases": str(DATABASES),
            "maxmemory-policy": "noeviction",
            "save": "",
            "appendonly": "yes" if self.appendonly else "no",
            "set-proc-title": "no",  # the command line is how an orphan is told from a reused process id
        }
        command = [str(valkey_binary())]
        for key, value in settings.items():
            command += [f"--{key}", value]
        with open_log(self.home, self.name) as log:
            return child.spawn(
                command,
                account=Account(),
                folder=self.folder,
                environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                output=log,
                death_signal=signal.SIGTERM,
            )
