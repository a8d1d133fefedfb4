"""The composition root: builds what a process needs once, in order, and closes it in reverse."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

import httpx2
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from api.graph.context import Context
from api.graph.cursors import CursorSeal
from api.graph.entitling import Accesses
from api.graph.event_bodies import event_types, message_of
from api.graph.feeding import EventFeed
from api.graph.file_links import FileLinks
from api.graph.streaming import Live
from api.graph.ticking import BoardFeed
from api.http.auth import Caller, Recognizer, TrustedIssuer, development_issuer, outside_issuer
from api.http.callers import Actor as FaceActor
from api.http.callers import Charge, Circumstances
from api.http.event_schemas import schema_routes
from api.http.files import FilePoint
from api.http.ingest import ingest_routes
from api.http.issuer import PATH as ISSUER_PATH
from api.http.issuer import DevelopmentIssuer
from api.http.jwks import RemoteKeys
from api.http.keeping import kept_secret
from api.http.limiting import TAKE, BucketsAway, RateLimits
from api.http.server import build_app
from api.http.signing import SigningKey
from api.keyrings import keyring_of
from api.realtime import NUDGE_CHANNEL, Realtime, ended
from api.schema import served_schema
from api.settings import Settings
from api.web.pages import web_routes
from api.webhooks.registering import Registry
from api.webhooks.sending import Sender
from domain.access.audit import record_denial
from domain.access.matrix import Matrix
from domain.access.principals import Role
from domain.earning.evaluating import Knowledge
from domain.kernel.expressions import ConditionCache
from domain.kernel.failpoints import Failpoints
from domain.kernel.operation import Door
from domain.kernel.outbound import Reach, open_client
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Database
from domain.programs.matching import TermsCache
from leaderboards.store import Store

PING_SECONDS = 0.5
BUCKET_SECONDS_MAX = 0.1


@dataclass(frozen=True, kw_only=True)
class Wired:
    """What every process shares: the database with its door, the boards' index, what evaluation keeps in mind, and what
    calls to others stand on: the keys that seal secrets, and who sends webhooks.
    """

    settings: Settings
    database: Database
    door: Door
    store: Store
    redis: "Redis"
    buckets: "Redis"
    knowledge: Knowledge
    keyring: Keyring
    failpoints: Failpoints
    matrix: Matrix
    reach: Reach
    sender: Sender


class Nudger:
    """After a commit, tells the other processes to look: once however many commits, and nobody waits for it."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._committed = asyncio.Event()

    def committed(self) -> None:
        self._committed.set()

    async def run(self) -> None:
        while True:
            await self._committed.wait()
            self._committed.clear()
            # Lost nudges cost a poll's delay, nothing else.
            with suppress(RedisError, OSError, TimeoutError):
                await self._redis.publish(NUDGE_CHANNEL, b"1")


@asynccontextmanager
async def wired(settings: Settings, application: str) -> AsyncGenerator[Wired]:
    """Everything is connected; on leaving, what runs is awaited and all is closed.

    Refuses: an unreachable database, after its driver's own time.
    """
    assert settings.database_url is not None, "serving gives every process its addresses"
    assert settings.redis_url is not None, "serving gives every process its addresses"
    failpoints = Failpoints(settings.failpoints)
    keyring = keyring_of(settings)
    async with AsyncExitStack() as stack:
        database = await Database.open(
            settings.database_url, connections_max=settings.database_connections_max, application=application
        )
        stack.push_async_callback(database.close)
        redis = Redis.from_url(settings.redis_url, socket_timeout=1, socket_connect_timeout=1)
        stack.push_async_callback(redis.aclose)
        # Every request waits for its bucket: this client gives up soon.
        buckets = Redis.from_url(
            settings.redis_url,
            socket_timeout=BUCKET_SECONDS_MAX,
            socket_connect_timeout=BUCKET_SECONDS_MAX,
            retry=Retry(NoBackoff(), 0),
        )
        stack.push_async_callback(buckets.aclose)
        store = Store.open(settings.redis_url)
        stack.push_async_callback(store.close)
        nudger = Nudger(redis)
        nudging = asyncio.create_task(nudger.run(), name="nudger")
        stack.callback(nudging.cancel)
        door = Door(database, failpoints, nudger.committed)
        stack.push_async_callback(door.close)
        matrix = Matrix.load()
        reach = Reach.of(sandbox=not settings.is_production)
        client = await stack.enter_async_context(open_client(reach))
        sender = Sender(door, matrix, keyring, client, message_of)
        stack.push_async_callback(sender.close)
        yield Wired(
            settings=settings,
            database=database,
            door=door,
            store=store,
            redis=redis,
            buckets=buckets,
            knowledge=Knowledge(terms=TermsCache(), conditions=ConditionCache()),
            keyring=keyring,
            failpoints=failpoints,
            matrix=matrix,
            reach=reach,
            sender=sender,
        )


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
        return {"database": None, "valkey": await _silence(parts.redis)}

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


def build_charge(parts: Wired) -> Charge | None:
    """What takes a request's cost from its caller's bucket; None where limits are switched off."""
    if not parts.settings.rate_limits:
        return None
    script = parts.buckets.register_script(TAKE)

    async def take(bucket: str, cost_us: int, whole_us: int) -> int:
        try:
            return int(await script(keys=[f"rate:{bucket}"], args=[cost_us, whole_us]))
        except (RedisError, OSError, TimeoutError) as trouble:
            raise BucketsAway from trouble

    return RateLimits(parts.settings.limits, take)


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


def _secret(settings: Settings) -> bytes:
    """What cursors and links are sealed with: the setting, or what this home keeps."""
    return settings.secret.encode() if settings.secret else kept_secret(settings.home, "stream-key")


async def _silence(redis: "Redis") -> str | None:
    """Why Valkey does not answer; None where it does."""
    try:
        async with asyncio.timeout(PING_SECONDS):
            await redis.ping()
    except (RedisError, OSError, TimeoutError) as trouble:
        return type(trouble).__name__
    return None


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
