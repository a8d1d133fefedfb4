"""A small schema and a real uvicorn server in a thread: the face is tested over real connections."""

import argparse
import asyncio
import hashlib
import io
import json
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NewType

import httpx2
import strawberry
import uvicorn
from graphql import GraphQLError
from starlette.routing import BaseRoute

from api.http.callers import Actor, Circumstances, Credentials
from api.http.errors import Code, RequestRefused
from api.http.guards.cost import FieldCost
from api.http.server import build_app, server_config
from api.logs import configure
from api.settings import Limits, Profile, Settings

SECRET = "canary-9f3b2c"
TRUSTED_HELLO = "query Trusted { hello }"
TRUSTED_WIDE = "{ root { " + " ".join(f"a{number}: name" for number in range(700)) + " } }"
TRUSTED_COSTLY = "{ root { page(first: 100) { page(first: 100) { name } } } }"
HASHES = {hashlib.sha256(text.encode()).hexdigest(): text for text in (TRUSTED_HELLO, TRUSTED_WIDE, TRUSTED_COSTLY)}
GRAPHQL_JSON = "application/graphql-response+json"
Even = NewType("Even", int)


def read_even(value: Any) -> int:
    """An even number. Refuses: ValueError that holds the canary."""
    if not isinstance(value, int) or value % 2:
        raise ValueError(f"odd {SECRET}")
    return value


@strawberry.type
class Node:
    """A node that leads to itself."""

    name: str = "n"

    @strawberry.field
    def next(self) -> "Node":
        return Node()

    @strawberry.field
    def page(self, first: int | None = None) -> "list[Node]":
        return [Node()]

    @strawberry.field
    def nodes(self) -> "list[Node]":
        return [Node()]

    @strawberry.field
    def edges(self) -> "Node":
        return Node()

    @strawberry.field
    def node(self) -> "Node":
        return Node()


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def root(self) -> Node:
        return Node()

    @strawberry.field
    def items(self, ids: list[int]) -> list[int]:
        return ids

    @strawberry.field
    def even(self, value: Even) -> int:
        return value

    @strawberry.field
    def broken(self) -> str:
        raise RuntimeError(SECRET)

    @strawberry.field
    def refused(self) -> str:
        raise GraphQLError("Not now.", extensions={"code": "NOT_NOW", "retryable": True})

    @strawberry.field
    def caller(self, info: strawberry.Info[Any, Any]) -> str | None:
        return info.context.actor.principal_id

    @strawberry.field
    def address(self, info: strawberry.Info[Any, Any]) -> str:
        return info.context.circumstances.address


@strawberry.type
class Mutation:
    """Writes."""

    @strawberry.mutation
    def echo(self, text: str) -> str:
        return text

    @strawberry.mutation
    def batch(self, items: list[int]) -> int:
        return len(items)


@strawberry.type
class Subscription:
    """Streams."""

    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    @strawberry.subscription
    async def forever(self, info: strawberry.Info[Any, Any]) -> AsyncIterator[int]:
        toy: Toy = info.context.toy
        toy.streams_open += 1
        try:
            number = 0
            while True:
                yield number
                number += 1
                await asyncio.sleep(0.02)
        finally:
            toy.streams_open -= 1

    @strawberry.subscription
    async def large(self, bytes_each: int = 50_000) -> AsyncIterator[str]:
        while True:
            yield "x" * bytes_each

    @strawberry.subscription
    async def resumed(self, info: strawberry.Info[Any, Any]) -> AsyncIterator[str]:
        yield info.context.circumstances.resume_cursor or "none"

    @strawberry.subscription
    async def broken(self) -> AsyncIterator[int]:
        yield 1
        raise RuntimeError(SECRET)

    @strawberry.subscription
    async def crowded(self) -> AsyncIterator[int]:
        yield 1
        raise RequestRefused(Code.SUBSCRIBER_TOO_SLOW)


def toy_schema() -> strawberry.Schema:
    """A fresh schema."""
    even = strawberry.scalar(name="Even", serialize=int, parse_value=read_even)
    config = strawberry.schema.config.StrawberryConfig(scalar_map={Even: even})
    return strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription, config=config)


@dataclass(frozen=True, kw_only=True)
class ToyActor:
    """Who the token says: `Bearer NAME` or `Bearer NAME:SECONDS`."""

    principal_id: str | None = None
    expires_at: datetime | None = None
    is_stranger: bool = False


@dataclass(frozen=True, kw_only=True)
class ToyContext:
    """The context of one operation."""

    actor: Actor
    circumstances: Circumstances
    toy: "Toy"


@dataclass(kw_only=True)
class Toy:
    """A running server and what it saw."""

    url: str = ""
    port: int = 0
    app: Any = None
    streams_open: int = 0
    contexts: list[int] = field(default_factory=list[int])
    loop: asyncio.AbstractEventLoop | None = None
    logged: io.StringIO = field(default_factory=io.StringIO)

    def post(self, body: Any = None, *, content: bytes | str | None = None, **headers: str) -> httpx2.Response:
        """POST /graphql with a JSON body (or raw content); `content_type` and other headers by keyword."""
        sent = {"content-type": "application/json", "accept": GRAPHQL_JSON} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        sent = {name: value for name, value in sent.items() if value}
        if content is not None:
            return httpx2.post(f"{self.url}/graphql", content=content, headers=sent, timeout=20)
        return httpx2.post(f"{self.url}/graphql", content=json.dumps(body), headers=sent, timeout=20)

    def ask(self, query: str, **variables: Any) -> httpx2.Response:
        """POST one document with variables."""
        return self.post({"query": query, "variables": variables})

    async def authenticate(self, credentials: Credentials) -> Actor:
        """Any name but `bad`; for `disturbed` the connection to what knows names is lost."""
        scheme, _, token = (credentials.authorization or "").partition(" ")
        if not token:
            return ToyActor()
        name, _, seconds = token.partition(":")
        if scheme != "Bearer" or name == "bad":
            raise RequestRefused(Code.UNAUTHENTICATED)
        if name == "disturbed":
            raise ConnectionResetError(SECRET)
        ends = datetime.now(UTC) + timedelta(seconds=float(seconds)) if seconds else None
        return ToyActor(principal_id=name, expires_at=ends)

    async def context_for(self, actor: Actor, circumstances: Circumstances) -> object:
        """A context of its own for every operation."""
        context = ToyContext(actor=actor, circumstances=circumstances, toy=self)
        self.contexts.append(id(context))
        self.loop = asyncio.get_running_loop()
        return context


async def _ready() -> Mapping[str, str | None]:
    return {"database": None}


@contextmanager
def serving(
    *,
    profile: Profile = Profile.DEVELOPMENT,
    trusted: Mapping[str, str] | None = None,
    origins: tuple[str, ...] = ("https://app.example",),
    ready: Callable[[], Any] = _ready,
    uvicorn_overrides: Mapping[str, Any] | None = None,
    charge: Any = None,
    routes: Sequence[BaseRoute] = (),
    **limits: Any,
) -> Iterator[Toy]:
    """A toy server on a free port until the block ends."""
    settings = Settings(port=0, profile=profile, allowed_origins=origins, limits=replace(Limits(), **limits))
    toy = Toy()
    configure(as_json=True, stream=toy.logged)
    toy.app = build_app(
        toy_schema(),
        settings,
        authenticate=toy.authenticate,
        context_for=toy.context_for,
        ready=ready,
        trusted_documents=trusted,
        body_limit=lambda actor: (
            settings.limits.body_bytes_keys if actor.principal_id == "key" else settings.limits.body_bytes_people
        ),
        cost_overrides={"Mutation.batch": FieldCost(own=10, size=1)},
        charge=charge,
        routes=routes,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    toy.port = listener.getsockname()[1]
    toy.url = f"http://127.0.0.1:{toy.port}"
    server = uvicorn.Server(server_config(toy.app, settings, **(uvicorn_overrides or {})))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield toy
    finally:
        server.should_exit = True
        thread.join(15)
        listener.close()


def main() -> None:
    """Serve until a signal comes; the address is the first line of standard output."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--profile", type=Profile, default=Profile.DEVELOPMENT)
    chosen = arguments.parse_args()
    with serving(profile=chosen.profile) as toy:
        print(toy.url, flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
