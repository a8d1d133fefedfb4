"""A worker killed anywhere between an event and its receiver: everything arrives, under its ids (C23, C24)."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.graph.event_bodies import event_types
from api.settings import read_settings
from api.webhooks.claiming import LEASE
from api.webhooks.registering import Registry, create_endpoint, delete_endpoint
from api.wiring import Wired, wired
from tests.building import World, build_world, deal
from tests.faults.receiver import Receiver, receiving
from tests.faults.roles import started
from tests.graph.asking import admin

KILLED_SECONDS_MAX = 60
EVENTS = 5
POINTS = ("webhooks.after_fan_out", "webhooks.before_post", "webhooks.after_post")


@pytest.fixture(scope="module")
async def parts(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wired]:
    home: Path = tmp_path_factory.mktemp("home")
    environment = {"DATABASE_URL": database, "REDIS_URL": valkey_url, "GUERDON_HOME": str(home)}
    async with wired(read_settings(environment), "test") as parts:
        yield parts


@pytest.fixture(scope="module")
async def world(parts: Wired) -> World:
    return await build_world(parts.database)


@pytest.mark.parametrize("point", POINTS)
async def test_a_worker_killed_there_loses_nothing_and_the_next_one_sends_under_the_same_ids(
    parts: Wired, world: World, point: str
) -> None:
    environment = {
        "DATABASE_URL": parts.settings.database_url or "",
        "REDIS_URL": parts.settings.redis_url or "",
        "GUERDON_HOME": str(parts.settings.home),
    }
    registry = Registry(keyring=parts.keyring, reach=parts.reach, known_events=frozenset(event_types()))
    async with receiving() as receiver:
        made = await create_endpoint(
            parts.door, registry, admin(), world.key(point=point), url=receiver.url, events=["activity.recorded"]
        )
        # The challenge is answered first, so that the point is hit by an event.
        process = started("worker", environment)
        async with asyncio.timeout(30):
            state = "SELECT state FROM webhook_endpoint WHERE id = $1"
            while await parts.database.fetchval(state, made.endpoint_id) != "ACTIVE":  # noqa: ASYNC110 a row tells nobody
                await asyncio.sleep(0.05)
        process.terminate()
        await asyncio.to_thread(process.join, 20)
        await world.record(*(deal(f"{point}-{n}", world.members[0]) for n in range(EVENTS)))
        process = started("worker", environment, f"{point}=crash")
        await asyncio.to_thread(process.join, KILLED_SECONDS_MAX)
        assert process.exitcode == -signal.SIGKILL
        heard_before = len(receiver.events)
        await parts.database.fetchval(
            "UPDATE clock_shift SET seconds = seconds + $1 WHERE id = 1", int(LEASE.total_seconds()) + 1
        )
        process = started("worker", environment)
        await _all_delivered(parts, receiver, made.endpoint_id)
        process.terminate()
        await asyncio.to_thread(process.join, 20)
        await delete_endpoint(parts.door, admin(), made.endpoint_id)
    told = await parts.database.fetch(
        "SELECT outbox.event_id FROM outbox JOIN activity ON activity.id = aggregate_id WHERE external_id LIKE $1",
        f"{point}-%",
    )
    assert {heard.id for heard in receiver.events} == {f"msg_{row['event_id'].hex}" for row in told}
    assert len(told) == EVENTS
    if point == "webhooks.after_post":
        assert heard_before >= 1, "it was sent, and nobody wrote it down"
        assert len(receiver.events) > EVENTS, "so it was sent again"


async def _all_delivered(parts: Wired, receiver: Receiver, endpoint_id: object) -> None:
    query = "SELECT count(*) FROM webhook_delivery WHERE endpoint_id = $1 AND kind = 'EVENT' AND state = 'DELIVERED'"
    async with asyncio.timeout(40):
        while await parts.database.fetchval(query, endpoint_id) < EVENTS:  # noqa: ASYNC110 a row tells nobody
            await asyncio.sleep(0.1)
