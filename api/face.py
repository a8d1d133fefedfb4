"""The face of one process: the whole HTTP application over what is wired, and the process that serves it."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import httpx2
import typer
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from api.graph.context import Context
from api.graph.cursors import CursorSeal
from api.graph.entitling import Accesses
from api.graph.event_bodies import event_types
from api.graph.feeding import EventFeed
from api.graph.file_links import FileLinks
from api.graph.streaming import Live
from api.graph.ticking import BoardFeed
from api.http.auth import Caller, Recognizer, TrustedIssuer, development_issuer, outside_issuer
from api.http.callers import Actor as FaceActor
from api.http.callers import Circumstances
from api.http.event_schemas import schema_routes
from api.http.files import FilePoint
from api.http.ingest import ingest_routes
from api.http.issuer import PATH as ISSUER_PATH
from api.http.issuer import DevelopmentIssuer
from api.http.jwks import RemoteKeys
from api.http.keeping import kept_secret
from api.http.server import build_app, server_config
from api.http.signing import SigningKey
from api.logs import configure
from api.opening import prepare
from api.realtime import Realtime, ended
from api.schema import sdl, served_schema
from api.settings import Settings, read_settings
from api.web.pages import web_routes
from api.webhooks.registering import Registry
from api.wiring import Wired, build_charge, silence, wired
from domain.access.audit import record_denial
from domain.access.matrix import Matrix
from domain.access.principals import Role


def build_server(parts: Wired) -> Starlette:
    """The whole HTTP application: GraphQL with its guards, sign-in, streams, health; `app.state.live` feeds these."""
    settings = parts.settings
    key = None if settings.is_production else SigningKey.kept_in(settings.home)
    client = httpx2.AsyncClient(timeout=5)
    recognizer = Recognizer(parts.database, _issuers(settings, key, client), test_keys=not settings.is_production)
    routes: list[BaseRoute] = []
    if key is not None:
        routes += DevelopmentIssuer(parts.door, key, settings, url=settings.url + ISSUER_PATH).routes()

    routes += web_routes(settings)
    routes += schema_routes(settings)
    routes += ingest_routes(parts.door, parts.knowledge, parts.keyring, settings)
    charge = build_charge(parts)
    links = FileLinks(_secret(settings), url=settings.url, seconds=settings.limits.file_link_seconds)
    routes += FilePoint(parts.door, recognizer, links, settings, charge).routes()
    realtime = Realtime(parts.redis)
    live = build_live(parts, parts.matrix, realtime)
    registry = Registry(keyring=parts.keyring, reach=parts.reach, known_events=frozenset(event_types()))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        feeding = asyncio.create_task(realtime.run((live.events, live.boards)), name="realtime")
        async with client:
            try:
                yield
            finally:
                await ended(feeding)

    async def context_for(caller: FaceActor, circumstances: Circumstances) -> Context:
        assert isinstance(caller, Caller), "the recognizer makes every caller"
        return Context.of(
            caller.actor,
            parts.database,
            parts.door,
            parts.knowledge,
            keys=parts.keyring,
            shop=settings.shop,
            sends=settings.sends,
            payouts=settings.payouts,
            store=parts.store,
            live=live,
            webhooks=registry,
            files=links,
            resume_cursor=circumstances.resume_cursor,
            sandbox=not settings.is_production,
            request_id=circumstances.request_id,
        )

    async def ready() -> Mapping[str, str | None]:
        await parts.database.fetchval("SELECT 1")
        return {"database": None, "valkey": await silence(parts.redis)}

    def body_limit(caller: FaceActor) -> int:
        is_machine = isinstance(caller, Caller) and caller.actor.role is Role.INTEGRATION
        return settings.limits.body_bytes_keys if is_machine else settings.limits.body_bytes_people

    app = build_app(
        served_schema(partial(record_denial, parts.door)),
        settings,
        authenticate=recognizer,
        context_for=context_for,
        ready=ready,
        body_limit=body_limit,
        charge=charge,
        routes=routes,
        lifespan=lifespan,
    )
    app.state.live = live
    return app


def _secret(settings: Settings) -> bytes:
    """What cursors and links are sealed with: the setting, or what this home keeps."""
    return settings.secret.encode() if settings.secret else kept_secret(settings.home, "stream-key")


def build_live(parts: Wired, matrix: Matrix, realtime: Realtime) -> Live:
    """What this process's streams stand on; `realtime` feeds it."""
    settings = parts.settings
    accesses = Accesses(parts.database)
    return Live(
        database=parts.database,
        store=parts.store,
        matrix=matrix,
        failpoints=parts.failpoints,
        seal=CursorSeal(_secret(settings)),
        accesses=accesses,
        events=EventFeed(parts.database, accesses, realtime.nudge),
        boards=BoardFeed(parts.database, parts.store, realtime.nudge),
        heartbeat_seconds=settings.heartbeat_seconds,
        retention_days=settings.event_retention_days,
    )


def _issuers(settings: Settings, key: SigningKey | None, client: httpx2.AsyncClient) -> list[TrustedIssuer]:
    found: list[TrustedIssuer] = []
    if key is not None:
        found.append(development_issuer(settings.url + ISSUER_PATH, settings.oidc_audience, key))
    outside = (settings.oidc_issuer, *settings.oidc_other_issuers)
    found += [
        outside_issuer(issuer, settings.oidc_audience, RemoteKeys(issuer, client))
        for issuer in outside
        if issuer is not None
    ]
    return found


async def _serve(settings: Settings) -> None:
    await prepare(settings)
    async with wired(settings, "guerdon-api") as parts:
        await uvicorn.Server(server_config(build_server(parts), settings)).serve()


def main() -> None:
    """`serve`: one API process, as `guerdon serve` starts it; `schema`: the schema, printed."""
    if sys.argv[1:] == ["schema"]:
        typer.echo(sdl(), nl=False)
        return
    settings = read_settings()
    configure(as_json=settings.is_production)
    asyncio.run(_serve(settings))


if __name__ == "__main__":
    main()
