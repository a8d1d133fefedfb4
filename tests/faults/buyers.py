"""Two processes in which many members redeem at once; what carries a redemption (here: the door) is one function."""

import asyncio
import multiprocessing
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.redeeming import Redeeming, redeem
from domain.access.principals import Actor, Role
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.refusals import Refusal, TryLater
from domain.kernel.sql import Database
from tests.shop import KEYRING

PROCESSES = 2
CONNECTIONS = 8
TRIES_MAX = 5
START_DELAY_SECONDS = 0.3
WON = "WON"


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """A member who accepts a quote."""

    member_id: UUID
    quote_id: UUID


Carry = Callable[[Purchase], Awaitable[Any]]
Transport = Callable[[str], Any]  # an address → an async context that gives a Carry


@asynccontextmanager
async def by_the_door(url: str) -> AsyncGenerator[Carry]:
    """Redeems through the door of this process."""
    database = await Database.open(url, connections_max=CONNECTIONS, application="buyer")
    await asyncio.gather(*(database.fetchval("SELECT pg_sleep(0.05)") for _ in range(CONNECTIONS)))
    door = Door(database)

    async def carry(purchase: Purchase) -> Any:
        actor = Actor(principal_id=purchase.member_id, role=Role.MEMBER, member_id=purchase.member_id)
        key = Keyed(key=str(purchase.quote_id), request={"quote": str(purchase.quote_id)})
        return await redeem(door, actor, key, Redeeming(quote_id=purchase.quote_id), ShopPolicy(), KEYRING)

    yield carry
    await database.close()


def buy(transport: Transport, url: str, purchases: Sequence[Purchase], at: float) -> tuple[int, list[str]]:
    """All purchases at once, from an instant on; answers this process's id, and WON or the refusal of each."""

    async def run() -> list[str]:
        async with transport(url) as carry:
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            return await asyncio.gather(*(_tried(carry, purchase) for purchase in purchases))

    return os.getpid(), asyncio.run(run())


async def _tried(carry: Carry, purchase: Purchase) -> str:
    for _ in range(TRIES_MAX):
        try:
            await carry(purchase)
        except TryLater:
            continue
        except Refusal as no:
            return no.code()
        return WON
    return "TRIED_TOO_OFTEN"


class Buyers:
    """Two processes that wait for purchases."""

    def __init__(self, url: str, transport: Transport = by_the_door) -> None:
        self._url, self._transport = url, transport
        self._pool = ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("forkserver"))

    async def race(self, purchases: Sequence[Purchase]) -> list[str]:
        """Every other purchase in each process, all starting at one instant; answers how each ended."""
        at, loop = time.monotonic() + START_DELAY_SECONDS, asyncio.get_running_loop()
        shares = [purchases[place::PROCESSES] for place in range(PROCESSES)]
        done = await asyncio.gather(
            *(loop.run_in_executor(self._pool, buy, self._transport, self._url, share, at) for share in shares)
        )
        assert len({process for process, _ in done}) == PROCESSES
        return [ended for _, some in done for ended in some]

    def close(self) -> None:
        self._pool.shutdown()
