"""What `guerdon serve` runs: the embedded servers if needed, and two child processes that it keeps alive."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from api.settings import Settings, environment_of
from embedded.account import Account
from embedded.child import spawn
from embedded.errors import EmbeddedError
from embedded.places import postgres_binaries
from embedded.postgres import EmbeddedPostgres
from embedded.supervisor import Supervisor
from embedded.valkey import EmbeddedValkey

RESTART_PAUSE_MIN = 0.2
RESTART_PAUSE_MAX = 5.0
STOP_SECONDS = 10.0
CHILDREN: Mapping[str, Sequence[str]] = {"api": ("api.face",), "worker": ("api.commands", "worker")}


class Stopped(Exception):
    """Somebody asked this process to end."""


@contextmanager
def with_servers(settings: Settings) -> Generator[Settings]:
    """The settings with addresses of both servers: the ones given, or embedded ones that live as long as this block."""
    if settings.database_url and settings.redis_url:
        yield settings
        return
    settings.home.mkdir(parents=True, exist_ok=True)
    home = settings.home.resolve()
    postgres = None if settings.database_url else EmbeddedPostgres(home)
    valkey = None if settings.redis_url else EmbeddedValkey(home)
    with Supervisor([server for server in (postgres, valkey) if server is not None]):
        yield replace(
            settings,
            database_url=postgres.url("guerdon") if postgres else settings.database_url,
            redis_url=valkey.url() if valkey else settings.redis_url,
        )


def postgres_programs() -> Path | None:
    """Where the embedded PostgreSQL keeps pg_dump and its kind; None where it is not installed."""
    try:
        return postgres_binaries()
    except EmbeddedError:
        return None


def run_children(settings: Settings, announce: Callable[[], None]) -> None:
    """Runs the API and the worker as processes of their own until a signal comes; one that dies is started again.

    `announce` is called once, when the API answers that it is ready.
    """
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _raise_stopped)
    environment = environment_of(settings)
    running = {name: _started(name, environment) for name in CHILDREN}
    pauses = dict.fromkeys(CHILDREN, RESTART_PAUSE_MIN)
    announced = False
    try:
        while True:
            time.sleep(0.1)
            if not announced and _is_ready(settings):
                announced = True
                announce()
            for name, child in running.items():
                if child.poll() is None:
                    continue
                time.sleep(pauses[name])
                pauses[name] = min(pauses[name] * 2, RESTART_PAUSE_MAX)
                running[name] = _started(name, environment)
    except Stopped:
        pass
    finally:
        _stop(list(running.values()))


def _started(name: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # It hears no Ctrl-C itself, so that we end them in order, and it dies with us if we are killed.
    return spawn(
        [sys.executable, "-m", *CHILDREN[name]],
        account=Account(),
        folder=Path.cwd(),
        environment=environment,
        output=sys.stderr.fileno(),
        death_signal=signal.SIGTERM,
    )


def _is_ready(settings: Settings) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{settings.port}/ready", timeout=1) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _raise_stopped(_number: int, _frame: object) -> None:
    raise Stopped
