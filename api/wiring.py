"""The composition root: builds what a process needs once, in order, and closes it in reverse."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from api.graph.event_bodies import message_of
from api.http.callers import Charge
from api.http.limiting import TAKE, BucketsAway, RateLimits
from api.keyrings import keyring_of
from api.realtime import NUDGE_CHANNEL
from api.settings import Settings
from api.webhooks.sending import Sender
from domain.access.matrix import Matrix
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


async def silence(redis: "Redis") -> str | None:
    """Why Valkey does not answer; None where it does."""
    try:
        async with asyncio.timeout(PING_SECONDS):
            await redis.ping()
    except (RedisError, OSError, TimeoutError) as trouble:
        return type(trouble).__name__
    return None
