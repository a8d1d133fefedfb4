"""A whole server in this process, API and worker, with people who listen over real sockets and event streams."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.background import loops
from api.face import build_server
from api.http.issuer import DEVELOPMENT, mint_token
from api.http.issuer import PATH as ISSUER_PATH
from api.http.signing import SigningKey
from api.logs import configure
from api.realtime import ended, hear_commits
from api.settings import Limits, Settings
from api.wiring import Wired, wired
from api.worker import Worker
from domain.access.admitting import Invitation, assign_portfolio_in, link_account
from domain.access.granting import create_key_in
from domain.access.principals import SYSTEM, Role, Scope
from domain.kernel import outbox
from tests.building import World, build_world
from tests.graph.signing_in import running

PROTOCOL = "graphql-transport-ws"
REWARDS = """
subscription Rewards($after: Cursor) { rewardEvents(after: $after) { cursor previous content {
  __typename ... on RewardEvent { id name memberId partnerId programId recordedAt }
  ... on AwardGranted { awardId amount unit rule walletId awardedFor: activityId }
  ... on ActivityRecorded { activityId type quantity amounts { basis amount unit } occurredAt }
  ... on AccessChanged { snapshot } ... on CursorExpired { snapshot } } } }
"""


@dataclass(kw_only=True)
class Hearer:
    """One subscription on one socket; `heard` are its messages in order, with the instant each came."""

    connection: ClientConnection
    heard: list[dict[str, Any]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)
    closed: tuple[int, str] | None = None

    @property
    def cursor(self) -> str:
        return self.heard[-1]["cursor"]

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was heard of what happened, without heartbeats and the like."""
        return [one["content"] for one in self.heard if "name" in one["content"]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one["content"] for one in self.heard if one["content"]["__typename"] == kind]

    async def run(self) -> None:
        try:
            async for text in self.connection:
                message = json.loads(text)
                if message["type"] in ("error", "complete"):
                    self.heard.append({"cursor": None, "content": {"__typename": "error", **message}})
                elif message["payload"].get("errors"):
                    refused = {"__typename": "error", "payload": message["payload"]["errors"]}
                    self.heard.append({"cursor": None, "content": refused})
                else:
                    (said,) = message["payload"]["data"].values()
                    self.heard.append(said)
                self.at.append(asyncio.get_running_loop().time())
                async with self._came:
                    self._came.notify_all()
        except ConnectionClosed:
            pass
        self.closed = (self.connection.close_code or 0, self.connection.close_reason or "")
        async with self._came:
            self._came.notify_all()

    async def until(self, holds: Callable[[], bool], seconds: float = 5) -> None:
        """Waits for it; fails with what was heard."""
        try:
            async with asyncio.timeout(seconds), self._came:
                await self._came.wait_for(holds)
        except TimeoutError:
            raise AssertionError(f"never came; heard {self.heard[-5:]}, closed {self.closed}") from None


@dataclass(kw_only=True)
class Stage:
    """A running server; people are named by their subject."""

    parts: Wired
    url: str
    key: SigningKey
    world: World
    worker: Worker
    accounts: dict[str, UUID] = field(default_factory=dict)
    api: Any = None

    async def person(
        self, subject: str, role: Role, member: int | None = None, portfolio: list[UUID] | None = None
    ) -> str:
        """An account and its access token."""
        member_id = None if member is None else self.world.members[member]
        invited = Invitation(issuer=DEVELOPMENT, subject=subject, role=role, name=subject, member_id=member_id)
        account = self.accounts[subject] = await link_account(self.world.door, SYSTEM, invited)
        if portfolio is not None:
            await self.world.door.operate(SYSTEM, lambda op: assign_portfolio_in(op, account, portfolio))
        # What linking told is stamped, so that a stream begun now does not begin with it.
        await self.settled()
        return self.token(subject)

    def token(self, subject: str) -> str:
        settings = self.parts.settings
        issuer = settings.url + ISSUER_PATH
        return mint_token(self.key, issuer=issuer, audience=settings.oidc_audience, subject=subject, seconds=600)

    async def machine(self, *scopes: Scope, source_id: UUID | None = None) -> tuple[str, UUID]:
        made = await self.world.door.operate(
            SYSTEM, lambda op: create_key_in(op, name="machine", scopes=scopes, source_id=source_id)
        )
        assert made.text is not None
        return made.text, made.id

    @asynccontextmanager
    async def hearing(
        self, token: str | None, query: str = REWARDS, resume: str | None = None, **variables: Any
    ) -> AsyncIterator[Hearer]:
        """A subscription over a socket of its own."""
        address = self.url.replace("http", "ws") + "/graphql"
        async with connect(address, subprotocols=[PROTOCOL], close_timeout=1) as connection:  # type: ignore[list-item] # a Subprotocol is a str
            payload: dict[str, Any] = {"authorization": token} if token else {}
            if resume:
                payload["resume"] = {"cursor": resume}
            await connection.send(json.dumps({"type": "connection_init", "payload": payload}))
            assert json.loads(await connection.recv())["type"] == "connection_ack"
            asked = {"query": query, "variables": variables}
            await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
            hearer = Hearer(connection=connection)
            reading = asyncio.create_task(hearer.run())
            try:
                yield hearer
            finally:
                await ended(reading)

    async def ask(self, token: str | None, query: str, **variables: Any) -> Any:
        """The data of a query; fails on errors."""
        answer = await self.answer(token, query, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def answer(self, token: str | None, query: str, **variables: Any) -> Any:
        """Data and errors as they come."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with httpx2.AsyncClient(timeout=10) as client:
            body = {"query": query, "variables": variables}
            return (await client.post(f"{self.url}/graphql", json=body, headers=headers)).json()

    async def settled(self) -> int:
        """Everything is stamped and folded; answers the last position."""
        database = self.parts.database
        while True:
            unstamped = await database.fetchval("SELECT count(*) FROM outbox WHERE position IS NULL")
            behind = await database.fetchval(
                "SELECT count(*) FROM leaderboard, relay_state WHERE folded_position < last_position"
            )
            if not unstamped and not behind:
                return await outbox.last_position(database)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def staged(
    database_url: str,
    valkey_url: str,
    home: Path,
    *,
    members: int = 4,
    limits: Limits | None = None,
    send_buffer_bytes: int | None = None,
    **chosen: Any,
) -> AsyncIterator[Stage]:
    """The stage is set until the block ends; nothing of it runs afterwards."""
    configure(as_json=True)
    listener = socket.create_server(("127.0.0.1", 0))
    if send_buffer_bytes is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
    settings = replace(
        Settings(home=home, database_url=database_url, redis_url=valkey_url, port=listener.getsockname()[1]),
        limits=limits or Limits(),
        **chosen,
    )
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(wired(settings, "test"))
        world = await build_world(parts.database, members=members)
        world.door = parts.door
        worker = Worker(loops(parts))
        working = asyncio.create_task(worker.run())
        hearing = asyncio.create_task(hear_commits(parts.redis, worker.nudge))
        stack.push_async_callback(ended, working)
        stack.push_async_callback(ended, hearing)
        app = build_server(parts)
        await stack.enter_async_context(running(app, listener, settings))
        yield Stage(
            parts=parts,
            url=f"http://127.0.0.1:{settings.port}",
            key=SigningKey.kept_in(home),
            world=world,
            worker=worker,
            api=app,
        )
