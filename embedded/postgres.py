"""The embedded PostgreSQL: a data directory made whole or not at all, and one postmaster on a unix socket."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from embedded import child
from embedded.account import Account, choose_account, own
from embedded.errors import EmbeddedError
from embedded.places import open_log, postgres_binaries
from embedded.server import EmbeddedServer

USER = "guerdon"
DATABASE = "guerdon"
MAJOR = "18"
INITDB_SECONDS_MAX = 60.0
REMOVE_SECONDS_MAX = 5.0

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "",
        "max_connections": "120",
        "shared_buffers": "128MB",
        "work_mem": "8MB",
        "maintenance_work_mem": "64MB",
        "effective_cache_size": "1GB",
        "random_page_cost": "1.1",
        "max_wal_size": "1GB",
        "jit": "off",
        "max_parallel_workers_per_gather": "0",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "off",
        "log_destination": "stderr",
        "log_checkpoints": "off",
    }
)
"""For two cores and up to 100 connections of ours."""

DURABLE_SETTINGS: Mapping[str, str] = MappingProxyType(
    {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
)

FORGETFUL_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
    }
)
"""For tests only, and never for one about durability: a crash of the machine may lose everything."""


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL 18 in `home/postgres`, reachable through a unix socket only.

    `durable=False` is for tests: fast, and forgetful when the machine goes down.
    """

    name = "postgres"
    stop_signals = ((signal.SIGINT, 20.0),)  # a fast shutdown: sessions end, a checkpoint is written

    def __init__(self, home: Path, durable: bool = True) -> None:
        super().__init__(home)
        self.durable = durable
        self._data = self.folder / MAJOR

    def url(self, database: str = DATABASE, scheme: str = "postgres") -> str:
        """An address for asyncpg (`postgres`) and Tortoise (`postgres` or `asyncpg`)."""
        return f"{scheme}://{USER}@/{quote(database)}?host={quote(str(self.sockets))}"

    def _pid_file(self) -> Path:
        return self._data / "postmaster.pid"

    def _answers(self) -> bool:
        try:
            lines = self._pid_file().read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready" and self._is_ours(int(lines[0]))

    def _account(self) -> Account:
        return choose_account(self._data, self.sockets, postgres_binaries() / "postgres")

    def _prepare(self) -> None:
        account = self._account()
        for leftover in self.folder.glob(f"{MAJOR}.making-*"):
            _remove(leftover)
        own(account, self.folder)
        own(account, self.sockets)
        if not self._data.exists():
            self._make_data(account)

    def _make_data(self, account: Account) -> None:
        making = self.folder / f"{MAJOR}.making-{os.getpid()}"
        try:
            self._run(
                account,
                ["initdb", "-D", str(making), "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
                + ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
                + ([] if self.durable else ["--no-sync"]),
            )
            # Before the rename, so that a data directory always has its database.
            self._run(
                account,
                ["postgres", "--single", "-D", str(making)]
                + ([] if self.durable else ["-c", "fsync=off"])
                + ["template1"],
                f"CREATE DATABASE {DATABASE};\n",
            )
            making.rename(self._data)
        finally:
            _remove(making)
        if self.durable:
            _sync_directory(self.folder)

    def _run(self, account: Account, command: list[str], text: str = "") -> None:
        """Run one of PostgreSQL's tools to its end. Refuses: EmbeddedError when it fails or takes too long."""
        with open_log(self.home, self.name) as log:
            running = child.spawn(
                [str(postgres_binaries() / command[0]), *command[1:]],
                account=account,
                folder=self.folder,
                environment=_environment(),
                output=log,
                death_signal=signal.SIGKILL,
                text=text,
            )
            try:
                code = running.wait(INITDB_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                child.stop(running, ())
        if code != 0:
            raise EmbeddedError(f"{command[0]} failed ({code}); {self._last_words()}")

    def _spawn(self) -> "subprocess.Popen[bytes]":
        settings = {
            **SETTINGS,
            **(DURABLE_SETTINGS if self.durable else FORGETFUL_SETTINGS),
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
        }
        command = [str(postgres_binaries() / "postgres"), "-D", str(self._data)]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        with open_log(self.home, self.name) as log:
            return child.spawn(
                command,
                account=self._account(),
                folder=self.folder,
                environment=_environment(),
                output=log,
                death_signal=signal.SIGINT,
            )


def _environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA, PGPORT, LC_ALL or TZ would change what starts."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _remove(folder: Path) -> None:
    """Afterwards the folder is gone. A killed initdb's own child writes a moment longer than its parent lives."""
    deadline = time.monotonic() + REMOVE_SECONDS_MAX
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{folder} cannot be removed")


def _sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
