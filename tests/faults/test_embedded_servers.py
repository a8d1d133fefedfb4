"""The embedded servers start, survive kills and stop, as whoever runs them and wherever their home is."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
from tortoise import Tortoise, fields
from tortoise.models import Model

from embedded import server
from embedded.account import choose_account
from embedded.errors import EmbeddedError
from embedded.places import SOCKET_PATH_BYTES_MAX, Ownership
from embedded.postgres import EmbeddedPostgres
from embedded.supervisor import EmbeddedServers
from tests.conftest import OwnServers

ROOT = Path(__file__).parents[2]
SERVE = """
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit it ignored
from embedded.supervisor import EmbeddedServers
with EmbeddedServers(Path(sys.argv[1])) as servers:
    print(servers.postgres.pid, servers.valkey.pid, servers.postgres.attached, flush=True)
    time.sleep(120)
"""


class Mark(Model):
    """A row that shows that the ORM reached the database."""

    id = fields.IntField(primary_key=True)
    text = fields.TextField()


@pytest.fixture
def home(short_folder: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=short_folder))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_a_cold_start_answers_and_so_does_a_warm_one(home: Path) -> None:
    for kind in ("cold", "warm"):
        began = time.monotonic()
        with EmbeddedServers(home) as servers:
            print(f"{kind} start: {time.monotonic() - began:.2f} s")
            assert servers.postgres.pid is not None
            assert servers.valkey.pid is not None


def test_a_clean_stop_leaves_no_process_and_no_socket(home: Path) -> None:
    with EmbeddedServers(home) as servers:
        pids = [servers.postgres.pid, servers.valkey.pid]
    assert not any(_alive(pid) for pid in pids)
    assert servers.postgres.pid is None
    assert list(servers.postgres.sockets.iterdir()) == []
    assert not (home / "postgres" / "18" / "postmaster.pid").exists()


async def test_a_killed_postgres_comes_back_with_every_committed_row(own_servers: OwnServers) -> None:
    servers = own_servers()
    await _run(servers.postgres.url(), "CREATE TABLE kept (n int)")
    await _run(servers.postgres.url(), "INSERT INTO kept SELECT generate_series(1, 1000)")
    await _kill_and_await_restart(servers, servers.postgres.pid)
    assert await _run(servers.postgres.url(), "SELECT count(*) FROM kept") == 1000


async def test_a_killed_valkey_comes_back_empty(own_servers: OwnServers) -> None:
    servers = own_servers(durable=False)
    async with redis.asyncio.from_url(servers.valkey.url()) as client:
        await client.set("derived", 1)
    await _kill_and_await_restart(servers, servers.valkey.pid)
    async with redis.asyncio.from_url(servers.valkey.url()) as client:
        assert await client.get("derived") is None
        assert (await client.config_get("maxmemory-policy")) == {"maxmemory-policy": "noeviction"}


async def test_both_styles_of_address_reach_the_same_database(servers: EmbeddedServers) -> None:
    assert await _run(servers.postgres.url(), "SHOW timezone") == "UTC"
    for scheme in ("postgres", "asyncpg"):
        url = servers.postgres.url("guerdon", scheme)
        await Tortoise.init(db_url=url, modules={"models": [__name__]})
        try:
            await Tortoise.generate_schemas(safe=True)
            await Mark.create(text=scheme)
            assert scheme in await Mark.all().values_list("text", flat=True)
        finally:
            await Tortoise.close_connections()


async def test_a_hundred_connections_fit(servers: EmbeddedServers) -> None:
    opened = await asyncio.gather(*(asyncpg.connect(servers.postgres.url()) for _ in range(100)))
    await asyncio.gather(*(connection.close() for connection in opened))


async def test_a_second_start_attaches_and_takes_over_when_the_owner_dies(home: Path) -> None:
    first = _serve(home)
    owned = _first_line(first)
    assert owned[2] == "False"
    with EmbeddedServers(home) as second:
        assert second.postgres.attached
        assert [str(second.postgres.pid), str(second.valkey.pid)] == owned[:2]
        first.kill()
        first.wait()
        await _until(lambda: second.restarts == 2)
        assert not second.postgres.attached
        assert str(second.postgres.pid) != owned[0]
        assert await _run(second.postgres.url(), "SELECT 1") == 1


async def test_children_die_with_a_killed_parent(home: Path) -> None:
    parent = _serve(home)
    pids = [int(word) for word in _first_line(parent)[:2]]
    parent.kill()
    parent.wait()
    await _until(lambda: not any(_alive(pid) for pid in pids))


def test_an_orphan_of_an_earlier_run_is_ended_before_a_new_server_starts(home: Path) -> None:
    orphaned = EmbeddedPostgres(home)
    orphaned.start()
    pid = orphaned.pid
    orphaned._ownership.release()  # as after a kill -9 where the system has no death signal
    successor = EmbeddedPostgres(home)
    successor.start()
    try:
        assert successor.pid not in (None, pid)
        assert orphaned._child is not None
        assert orphaned._child.poll() is not None
    finally:
        successor.stop()


def test_a_reused_process_id_in_the_pid_file_is_not_killed(home: Path) -> None:
    postgres = EmbeddedPostgres(home)
    postgres.start()
    postgres.stop()
    (home / "postgres" / "18" / "postmaster.pid").write_text(f"{os.getpid()}\n{home}/postgres/18\n")
    postgres.start()
    assert postgres.pid not in (None, os.getpid())
    postgres.stop()


async def test_a_long_home_path_gets_a_short_private_socket_directory(home: Path) -> None:
    deep = home / ("d" * 90) / ("e" * 90)
    with EmbeddedServers(deep, durable=False) as servers:
        folder = servers.postgres.sockets
        assert len(os.fsencode(folder / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_BYTES_MAX
        assert folder.stat().st_mode & 0o777 == 0o700
        assert await _run(servers.postgres.url(), "SELECT 1") == 1
        assert EmbeddedPostgres(deep).sockets == folder
    folder.rmdir()


async def test_a_home_with_commas_spaces_and_accents_works(home: Path) -> None:
    with EmbeddedServers(home / "chez nous, à côté", durable=False) as servers:
        assert await _run(servers.postgres.url(), "SELECT 1") == 1
        async with redis.asyncio.from_url(servers.valkey.url()) as client:
            assert await client.ping()
    servers.postgres.sockets.rmdir()


def test_a_stop_ends_a_start_that_another_thread_waits_for(home: Path) -> None:
    owner, other = Ownership(home / "postgres.lock"), EmbeddedPostgres(home)
    assert owner.take()  # a server that never becomes ready
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(other.start)
        _wait_for(starting.running)
        time.sleep(0.1)
        other.stop()
        with pytest.raises(EmbeddedError, match="stopped while it started"):
            starting.result(5)
    owner.release()


def test_a_socket_directory_of_somebody_else_is_refused(home: Path) -> None:
    deep = home / ("d" * 90) / ("f" * 90)
    folder = EmbeddedPostgres(deep).sockets
    folder.rmdir()
    folder.symlink_to(home)
    try:
        with pytest.raises(EmbeddedError, match="belongs to somebody else"):
            EmbeddedPostgres(deep)
    finally:
        folder.unlink()


def test_an_interrupted_initdb_leaves_no_half_directory(home: Path) -> None:
    first = _serve(home)
    making = home / "postgres"
    _wait_for(lambda: any(making.glob("18.making-*/PG_VERSION")))
    first.kill()
    first.wait()
    assert not (making / "18").exists()
    with EmbeddedServers(home) as servers:
        assert servers.postgres.pid is not None
        assert [entry.name for entry in making.iterdir()] == ["18"]


def test_a_start_that_fails_says_why_and_can_be_repeated(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LAUNCHES_MAX", 2)
    postgres = EmbeddedPostgres(home)
    (home / "postgres" / "18").mkdir()
    with pytest.raises(EmbeddedError, match="ended while starting"):
        postgres.start()
    (home / "postgres" / "18").rmdir()
    postgres.start()
    postgres.stop()


@pytest.mark.skipif(os.getuid() != 0, reason="only root must become somebody else")
async def test_root_runs_postgres_as_nobody_or_in_a_namespace_when_nobody_cannot_reach_it(home: Path) -> None:
    assert choose_account(home).uid is not None
    private = home / "private"
    private.mkdir(mode=0o700)
    assert choose_account(private / "h").prefix
    with EmbeddedServers(private / "h", durable=False) as servers:
        assert await _run(servers.postgres.url(), "SELECT 1") == 1
        pid = servers.postgres.pid
        await _kill_and_await_restart(servers, pid)
        assert await _run(servers.postgres.url(), "SELECT 1") == 1


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("unshare"), reason="needs root to become another user")
async def test_an_ordinary_user_needs_no_other_account(home: Path) -> None:
    serving = _serve(home / "mine", "unshare", "-U", "--map-user=1000", "--map-group=1000", "--")
    assert _first_line(serving)[2] == "False"
    assert (home / "mine" / "postgres" / "18").stat().st_uid == os.getuid()
    assert await _run(EmbeddedPostgres(home / "mine").url(), "SELECT 1") == 1
    serving.send_signal(signal.SIGINT)
    serving.wait(20)


def _serve(home: Path, *prefix: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", SERVE, str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )


def _first_line(serving: "subprocess.Popen[str]") -> list[str]:
    assert serving.stdout is not None
    return serving.stdout.readline().split()


def _alive(pid: int | None) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def _kill_and_await_restart(servers: EmbeddedServers, pid: int | None) -> None:
    before = servers.restarts
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await _until(lambda: servers.restarts > before)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (watches processes, which set no event)
            await asyncio.sleep(0.02)


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


async def _run(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
