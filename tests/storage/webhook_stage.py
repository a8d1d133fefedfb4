"""A world with a sender whose steps tests take by hand, under a clock that they move."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from api.graph.event_bodies import event_types, message_of
from api.webhooks.fanning import fan_out
from api.webhooks.registering import Registry, Secret, create_endpoint
from api.webhooks.sending import Sender
from domain.access.matrix import Matrix
from domain.access.principals import Actor
from domain.kernel import outbox
from domain.kernel.failpoints import Failpoints
from domain.kernel.outbound import Reach, open_client
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Database, Row
from tests.building import World, build_world, deal
from tests.faults.receiver import Receiver
from tests.graph.asking import admin

KEYRING = Keyring(current="k", keys={"k": b"k" * 32}, index_key=b"i" * 32)
REACH = Reach.of(sandbox=True)


@dataclass(kw_only=True)
class Hooks:
    """The world, and what webhooks stand on."""

    world: World
    matrix: Matrix
    registry: Registry
    sender: Sender
    boss: Actor
    deals: int = 0

    async def listening(
        self, receiver: Receiver, *events: str, actor: Actor | None = None, active: bool = True, path: str = ""
    ) -> Secret:
        """An endpoint at the receiver, which has answered its challenge."""
        await self.stamp()
        made = await create_endpoint(
            self.world.door,
            self.registry,
            actor or self.boss,
            self.world.key(path=path, port=receiver.port),
            url=receiver.url + path,
            events=events,
        )
        if active:
            await self.send()
            assert (await self.endpoint(made.endpoint_id))["state"] == "ACTIVE"
        return made

    async def happen(self, count: int = 1) -> None:
        """So many deals are recorded, one event each, and stamped."""
        items = [deal(f"deal-{self.deals + n}", self.world.members[0], days=1) for n in range(count)]
        self.deals += count
        await self.world.record(*items)
        await self.stamp()

    async def stamp(self) -> None:
        while await outbox.stamp(self.world.database, Failpoints()):
            pass

    async def fan(self) -> None:
        """Every active endpoint has looked at everything."""
        await self.stamp()
        while await fan_out(self.world.door, self.matrix):
            pass

    async def send(self) -> None:
        """All that is due now was tried."""
        while await self.sender.step():
            pass

    async def pass_time(self, span: timedelta) -> None:
        await self.world.database.fetchval(
            "UPDATE clock_shift SET seconds = seconds + $1 WHERE id = 1", int(span.total_seconds()) + 1
        )

    async def endpoint(self, endpoint_id: UUID) -> Row:
        row = await self.world.database.fetchrow("SELECT * FROM webhook_endpoint WHERE id = $1", endpoint_id)
        assert row is not None
        return row

    async def deliveries(self, endpoint_id: UUID) -> list[Row]:
        """The endpoint's deliveries of events and tests in order of their positions."""
        return await self.world.database.fetch(
            "SELECT * FROM webhook_delivery WHERE endpoint_id = $1 AND kind <> 'CHALLENGE' ORDER BY position, id",
            endpoint_id,
        )

    async def attempts(self, endpoint_id: UUID) -> list[Row]:
        return await self.world.database.fetch(
            "SELECT attempt.* FROM webhook_attempt attempt JOIN webhook_delivery delivery"
            " ON delivery.id = attempt.delivery_id WHERE endpoint_id = $1 AND kind <> 'CHALLENGE'"
            " ORDER BY attempt.at, attempt.n",
            endpoint_id,
        )


@asynccontextmanager
async def hooks_on(url: str, *, seconds: float = 5, **chosen: Any) -> AsyncIterator[Hooks]:
    """The stage, closed afterwards; a call may take so many seconds."""
    database = await Database.open(url, connections_max=8)
    world = await build_world(database)
    matrix = Matrix.load()
    async with open_client(REACH) as client:
        sender = Sender(world.door, matrix, KEYRING, client, message_of, seconds=seconds)
        registry = Registry(keyring=KEYRING, reach=REACH, known_events=frozenset(event_types()))
        yield Hooks(world=world, matrix=matrix, registry=registry, sender=sender, boss=admin(), **chosen)
        await sender.close()
    await world.door.close()
    await database.close()
