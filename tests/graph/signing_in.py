"""A real server with the development issuer, an outside issuer on another port, and a browser's part of signing in."""

import asyncio
import base64
import hashlib
import html
import re
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from strawberry.types import Info

from api.http.auth import Caller, Recognizer, development_issuer, outside_issuer
from api.http.callers import Circumstances
from api.http.issuer import DevelopmentIssuer
from api.http.jwks import RemoteKeys
from api.http.server import build_app, server_config
from api.http.signing import SigningKey
from api.settings import Settings
from domain.kernel.operation import Door

REDIRECT = "http://127.0.0.1:49152/done"
ORIGIN = "https://portal.example"


@strawberry.type
class Query:
    """Who am I?"""

    @strawberry.field
    def role(self, info: Info[Caller, None]) -> str:
        return info.context.actor.role.value

    @strawberry.field
    def principal(self, info: Info[Caller, None]) -> str | None:
        return info.context.principal_id


@dataclass(kw_only=True)
class Server:
    """A running server with the parts that tests reach into."""

    url: str
    key: SigningKey
    recognizer: Recognizer
    client: httpx2.AsyncClient
    clock: "Clock"

    @property
    def issuer(self) -> str:
        return f"{self.url}/issuer"

    async def ask(self, token: str | None) -> tuple[int, Any]:
        """Status and body of `{ role principal }` with this token."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = await self.client.post(f"{self.url}/graphql", json={"query": "{ role principal }"}, headers=headers)
        return answer.status_code, answer.json()

    async def refusal(self, token: str) -> str:
        """The code under which this token is refused."""
        _, body = await self.ask(token)
        return body["errors"][0]["extensions"]["code"] if "errors" in body else "ACCEPTED"

    async def token(self, **form: str) -> tuple[int, dict[str, Any]]:
        """Status and body of the token endpoint."""
        answer = await self.client.post(f"{self.issuer}/token", data=form)
        return answer.status_code, answer.json()


@dataclass(kw_only=True)
class Clock:
    """The wall clock, which a test may push."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass(frozen=True, kw_only=True)
class Proof:
    """PKCE's two halves."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def asking(proof: Proof, **more: str | None) -> dict[str, str]:
    """The parameters of /authorize; a None leaves one out."""
    parameters: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "guerdon-web",
        "redirect_uri": REDIRECT,
        "state": "s-1",
        "scope": "openid",
        "code_challenge": proof.challenge,
        "code_challenge_method": "S256",
        **more,
    }
    return {name: value for name, value in parameters.items() if value is not None}


async def choose(server: Server, subject: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Opens the page, presses the person's button, and answers what came back to the redirect address."""
    page = await server.client.get(f"{server.issuer}/authorize", params=dict(parameters))
    assert page.status_code == 200, page.text
    assert f'value="{html.escape(subject)}"' in page.text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
    form = {name: html.unescape(value) for name, value in fields.items()}
    answer = await server.client.post(f"{server.issuer}/authorize", data={**form, "subject": subject})
    return returned(answer)


def returned(answer: httpx2.Response) -> dict[str, str]:
    """The parameters that a redirect carries."""
    assert answer.status_code == 303, answer.text
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


async def signed_in(server: Server, subject: str) -> dict[str, Any]:
    """The tokens of a whole sign-in."""
    proof = Proof()
    back = await choose(server, subject, asking(proof))
    status, tokens = await server.token(
        grant_type="authorization_code",
        code=back["code"],
        redirect_uri=REDIRECT,
        client_id="guerdon-web",
        code_verifier=proof.verifier,
    )
    assert status == 200, tokens
    return tokens


class _QuietServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running(app: Any, listener: socket.socket, settings: Settings) -> AsyncIterator[None]:
    """The application answers on the listener until the block ends."""
    server = _QuietServer(server_config(app, settings, log_level="error"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  uvicorn offers no event for it
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def sign_in_server(door: Door, settings: Settings, outside: str) -> AsyncIterator[Server]:
    """A server that trusts its own issuer and the one at `outside`."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    key, clock = SigningKey.kept_in(settings.home), Clock()
    issuer = DevelopmentIssuer(door, key, settings, url=f"{url}/issuer", clock=clock)
    async with httpx2.AsyncClient(timeout=10) as client:
        trusted = [
            development_issuer(issuer.url, settings.oidc_audience, key),
            outside_issuer(outside, settings.oidc_audience, RemoteKeys(outside, client, pause_seconds=0.2)),
        ]
        recognizer = Recognizer(door.database, trusted, test_keys=False, clock=clock)

        async def context_for(caller: Caller, _: Circumstances) -> Caller:
            return caller

        async def ready() -> dict[str, None]:
            return {}

        schema = strawberry.Schema(query=Query)
        app = build_app(
            schema,
            settings,
            authenticate=recognizer,
            context_for=context_for,
            ready=ready,
            routes=issuer.routes(),
        )
        async with running(app, listener, settings):
            yield Server(url=url, key=key, recognizer=recognizer, client=client, clock=clock)


@dataclass(kw_only=True)
class OutsideIssuer:
    """Somebody else's issuer: it publishes what `keys` holds, counts who asks, and can be down."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    asked: int = 0
    down: bool = False

    def app(self) -> Starlette:
        async def discovery(_: Request) -> JSONResponse:
            self.asked += 1
            return JSONResponse({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}, 503 if self.down else 200)

        async def keys(_: Request) -> JSONResponse:
            return JSONResponse({"keys": self.keys})

        return Starlette(routes=[Route("/.well-known/openid-configuration", discovery), Route("/keys", keys)])
