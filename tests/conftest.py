"""Real servers for every test: one PostgreSQL and Valkey per run, one migrated database per test file."""

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
from hypothesis import settings

from embedded.supervisor import EmbeddedServers
from embedded.valkey import DATABASES
from migrations import migrate
from tests.shares import MINUTES, share_of

TEMPLATE = "guerdon_template"
SHARED_MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 8 * 2**30

# The files that take longest, in seconds from the longest down: two processes that begin with them end together.
LONGEST: Sequence[str] = (
    "house/test_docs.py",
    "laws/test_permutation_in_postgres.py",
    "faults/test_races.py",
    "faults/test_crash_points.py",
    "faults/test_embedded_servers.py",
    "faults/test_index_loss.py",
    "laws/test_streams.py",
    "storage/test_import_command.py",
    "laws/test_permutation_of_evaluation.py",
    "laws/test_ledger_model.py",
    "live/test_board_ticks.py",
)
FOLDER = Path(__file__).parent

# No test judges how fast a machine is, hypothesis neither.
settings.register_profile("guerdon", deadline=None)
settings.load_profile("guerdon")

OwnServers = Callable[..., EmbeddedServers]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first; the others keep their order."""
    places = {FOLDER / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """What was imported stays for the whole run: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells what each part of the product took of the ten minutes, its seconds divided by the processes."""
    seconds = dict.fromkeys(MINUTES, 0.0)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[share_of(report.nodeid)] += report.duration
    processes = terminalreporter.config.getoption("numprocesses", None) or 1
    told = [f"{part} {seconds[part] / processes:.0f} of {minutes * 60} s" for part, minutes in MINUTES.items()]
    terminalreporter.write_line(f"In {processes} processes: {', '.join(told)}")


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder whose paths are short enough for sockets and open to `nobody`, removed after the run; in memory where
    there is plenty."""
    with _folder(_in_memory()) as folder:
        yield folder


@pytest.fixture(scope="session")
def disk_folder() -> Iterator[Path]:
    """The same on disk, for servers that must keep what they were told."""
    with _folder(None) as folder:
        yield folder


@contextmanager
def _folder(place: Path | None) -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="guerdon-", dir=place))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """Where files live in memory and leave half of a large one free; None on other machines."""
    if not os.access(SHARED_MEMORY, os.W_OK):
        return None
    return SHARED_MEMORY if shutil.disk_usage(SHARED_MEMORY).free >= MEMORY_BYTES_MIN else None


@pytest.fixture(scope="session")
def servers(short_folder: Path) -> Iterator[EmbeddedServers]:
    """PostgreSQL and Valkey of this run: fast, and forgetful if the machine goes down."""
    with EmbeddedServers(short_folder / "shared", durable=False) as running:
        yield running


@pytest.fixture
def own_servers(short_folder: Path, disk_folder: Path) -> Iterator[OwnServers]:
    """A factory of servers with a home of their own, for tests that kill them: `own_servers(home, durable=True)`."""
    with ExitStack() as stack:

        def start(home: Path | None = None, *, durable: bool = True) -> EmbeddedServers:
            chosen = home or Path(tempfile.mkdtemp(dir=disk_folder if durable else short_folder))
            chosen.chmod(0o711)
            return stack.enter_context(EmbeddedServers(chosen, durable=durable))

        yield start


@pytest.fixture(scope="session")
async def template(servers: EmbeddedServers) -> str:
    """The name of a database at the newest migration, to be copied and never written."""
    await _administer(servers, f'CREATE DATABASE "{TEMPLATE}"')
    await migrate(servers.postgres.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
async def fresh_database(servers: EmbeddedServers, template: str, _numbers: Iterator[int]) -> AsyncIterator[str]:
    """The address of a migrated, empty database of this one test, dropped afterwards."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await _administer(servers, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield servers.postgres.url(name)
    await _administer(servers, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
async def database(servers: EmbeddedServers, template: str, _numbers: Iterator[int]) -> AsyncIterator[str]:
    """The address of a migrated, empty database of this test file, dropped afterwards."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await _administer(servers, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield servers.postgres.url(name)
    await _administer(servers, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
async def valkey_url(servers: EmbeddedServers, _numbers: Iterator[int]) -> str:
    """The address of an empty numbered Valkey database of this test file."""
    url = servers.valkey.url(1 + next(_numbers) % (DATABASES - 1))
    async with redis.asyncio.from_url(url) as client:
        await client.flushdb()
    return url


async def _administer(servers: EmbeddedServers, statement: str) -> None:
    connection = await asyncpg.connect(servers.postgres.url("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
