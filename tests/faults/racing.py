"""Two API processes with eight connections each, asked everything at one instant, and how far they overlapped."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx2

from api.http.issuer import DEVELOPMENT, mint_token
from api.http.issuer import PATH as ISSUER_PATH
from api.http.signing import SigningKey
from api.settings import read_settings
from domain.access.admitting import Invitation, link_account
from domain.access.granting import create_key_in
from domain.access.principals import SYSTEM, Role, Scope
from domain.kernel.sql import Database
from tests.building import World
from tests.faults.face import Face, Question
from tests.faults.roles import started

PROCESSES = 2
CONNECTIONS = 8
KEYS = 10
"""So many API keys take turns, as so many machines would."""
ADMIN = "racing-admin"
TRIES_MAX = 5
ANSWER_SECONDS = 60
SAMPLE_SECONDS = 0.003
STOP_SECONDS = 20
APPLICATION = "guerdon-api"

IN_TRANSACTION = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1 AND xact_start IS NOT NULL AND state <> 'idle'
"""

CONNECTED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"


@dataclass(kw_only=True)
class Raced:
    """What every process answered, and how many transactions were open at once at the most."""

    answers: list[list[Any]]
    overlap: int

    @property
    def all(self) -> list[Any]:
        return [answer for each in self.answers for answer in each]


@dataclass(kw_only=True)
class Racers:
    """The processes, ready to be asked; `keys` are of machines, `admin` is a person's token."""

    processes: list[ForkServerProcess]
    faces: list[Face]
    clients: list[httpx2.AsyncClient]
    keys: list[str]
    admin: str
    watching: Database

    async def race(self, *asked: Sequence[Question], as_admin: bool = False) -> Raced:
        """Each process is asked its questions, all at one instant."""
        done = asyncio.Event()
        sampling = asyncio.create_task(self._peak(done))
        try:
            answers = await asyncio.gather(*(self._ask(n, questions, as_admin) for n, questions in enumerate(asked)))
        finally:
            done.set()
        return Raced(answers=list(answers), overlap=await sampling)

    async def connected(self) -> int:
        """How many connections to the database the processes have."""
        return await self.watching.fetchval(CONNECTED, APPLICATION)

    async def stop(self) -> None:
        """Both processes have ended, and told PostgreSQL's statistics what they went through."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            await asyncio.to_thread(process.join, STOP_SECONDS)
            assert process.exitcode is not None, "a racing process does not end"
        async with asyncio.timeout(STOP_SECONDS):
            while await self.connected():  # noqa: ASYNC110 (PostgreSQL sets no event)
                await asyncio.sleep(0.02)

    async def _ask(self, process: int, questions: Sequence[Question], as_admin: bool) -> list[Any]:
        face, client = self.faces[process], self.clients[process]
        credentials = [self.admin] if as_admin else self.keys
        return await asyncio.gather(
            *(_said(face, client, one, credentials[n % len(credentials)]) for n, one in enumerate(questions))
        )

    async def _peak(self, done: asyncio.Event) -> int:
        peak = 0
        while not done.is_set():
            peak = max(peak, await self.watching.fetchval(IN_TRANSACTION, APPLICATION))
            await asyncio.sleep(SAMPLE_SECONDS)
        return peak


async def _said(face: Face, client: httpx2.AsyncClient, question: Question, credential: str) -> Any:
    """The answer; told to try later, or cut off, it is asked again with the same key, as every client should."""
    answer: dict[str, Any] = {}
    for _ in range(TRIES_MAX):
        try:
            answer = await face.ask(client, question, credential)
        except httpx2.ReadError:  # a kept connection that the server was closing
            continue
        if answer.get("code") != "TRY_LATER":
            break
    return answer


@asynccontextmanager
async def racers(world: World, home: Path, valkey_url: str) -> AsyncIterator[Racers]:
    """Two API processes of one deployment, and whom they know; afterwards both are gone."""
    ports = free_ports(PROCESSES)
    environment = {
        "DATABASE_URL": world.database.url,
        "REDIS_URL": valkey_url,
        "GUERDON_HOME": str(home),
        "PUBLIC_URL": f"http://127.0.0.1:{ports[0]}",
        "GUERDON_DATABASE_CONNECTIONS_MAX": str(CONNECTIONS),
    }
    keys = [await _key(world, n) for n in range(KEYS)]
    await link_account(
        world.door, SYSTEM, Invitation(issuer=DEVELOPMENT, subject=ADMIN, role=Role.ADMIN, name="Admin", member_id=None)
    )
    settings = read_settings(environment)
    admin = mint_token(
        SigningKey.kept_in(home),
        issuer=settings.url + ISSUER_PATH,
        audience=settings.oidc_audience,
        subject=ADMIN,
        seconds=settings.access_token_seconds,
    )
    async with AsyncExitStack() as stack:
        watching = await Database.open(world.database.url, connections_max=1, application="watcher")
        stack.push_async_callback(watching.close)
        processes = [started("api", environment | {"PORT": str(port)}) for port in ports]
        faces = [Face(port, keys[0]) for port in ports]
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        clients = [
            await stack.enter_async_context(httpx2.AsyncClient(timeout=ANSWER_SECONDS, limits=limits)) for _ in ports
        ]
        found = Racers(processes=processes, faces=faces, clients=clients, keys=keys, admin=admin, watching=watching)
        stack.push_async_callback(found.stop)
        for face in faces:
            await face.ready()
        yield found


async def _key(world: World, n: int) -> str:
    scopes = [Scope.ACTIVITIES_WRITE]
    made = await world.door.operate(
        SYSTEM, lambda op: create_key_in(op, name=f"racer {n}", scopes=scopes, source_id=world.source_id)
    )
    assert made.text is not None
    return made.text


def free_ports(count: int) -> list[int]:
    """So many ports of the loopback that nobody listens on now."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
