"""Two processes in which many members redeem at once, round after round; what carries a redemption is one function."""

import asyncio
import multiprocessing
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
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
TRIES_MAX = 50
THINK_SECONDS = 0.02
ROUND_SECONDS_MAX = 300
SAMPLE_SECONDS = 0.01
APPLICATION = "buyer"
WON = "WON"
# Members who are in every round would be told to come again in a minute.
UNHURRIED = ShopPolicy(redemptions_per_minute=600)

IN_TRANSACTION = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1 AND xact_start IS NOT NULL AND state <> 'idle'
"""


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """A member who accepts a quote."""

    member_id: UUID
    quote_id: UUID


@dataclass(frozen=True, kw_only=True)
class Raced:
    """How every purchase ended, round by round, and how many transactions were open at once at the most."""

    rounds: list[list[str]]
    overlap: int


Carry = Callable[[Purchase], Awaitable[Any]]
Transport = Callable[[str], Any]  # an address → an async context that gives a Carry


@asynccontextmanager
async def by_the_door(url: str) -> AsyncGenerator[Carry]:
    """Redeems through the door of this process."""
    database = await Database.open(url, connections_max=CONNECTIONS, application=APPLICATION)
    await asyncio.gather(*(database.fetchval("SELECT pg_sleep(0.05)") for _ in range(CONNECTIONS)))
    door = Door(database)

    async def carry(purchase: Purchase) -> Any:
        actor = Actor(principal_id=purchase.member_id, role=Role.MEMBER, member_id=purchase.member_id)
        key = Keyed(key=str(purchase.quote_id), request={"quote": str(purchase.quote_id)})
        return await redeem(door, actor, key, Redeeming(quote_id=purchase.quote_id), UNHURRIED, KEYRING)

    yield carry
    await database.close()


def buy(transport: Transport, url: str, rounds: Sequence[Sequence[Purchase]], start: Barrier, told: Connection) -> None:
    """Every round's purchases at once, from the instant on at which all processes are ready; tells WON or the refusal
    of each."""

    async def run() -> list[list[str]]:
        async with transport(url) as carry:
            ended = list[list[str]]()
            for purchases in rounds:
                await asyncio.to_thread(start.wait, ROUND_SECONDS_MAX)
                ended.append(await asyncio.gather(*(_tried(carry, purchase) for purchase in purchases)))
            return ended

    told.send(asyncio.run(run()))


async def _tried(carry: Carry, purchase: Purchase) -> str:
    await asyncio.sleep(random.random() * THINK_SECONDS)
    for _ in range(TRIES_MAX):
        try:
            await carry(purchase)
        except TryLater:
            continue
        except Refusal as no:
            return no.code()
        return WON
    return "TRIED_TOO_OFTEN"


async def race(database: Database, rounds: Sequence[Sequence[Purchase]], transport: Transport = by_the_door) -> Raced:
    """Two processes play all rounds, every other purchase of a round in each; afterwards both have ended."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.buyers", "tests.faults.roles"])
    start = context.Barrier(PROCESSES)
    ears, processes = list[Connection](), list[Any]()
    for place in range(PROCESSES):
        ear, mouth = context.Pipe(duplex=False)
        shares = [purchases[place::PROCESSES] for purchases in rounds]
        process = context.Process(target=buy, args=(transport, database.url, shares, start, mouth))
        process.start()
        mouth.close()
        ears.append(ear)
        processes.append(process)
    done = asyncio.Event()
    sampling = asyncio.create_task(_peak(database, done))
    try:
        shares_ended = await asyncio.gather(*(asyncio.to_thread(ear.recv) for ear in ears))
    finally:
        done.set()
        overlap = await sampling
        for process in processes:
            await asyncio.to_thread(process.join, ROUND_SECONDS_MAX)
    ended = [[one for share in shares for one in share] for shares in zip(*shares_ended, strict=True)]
    return Raced(rounds=ended, overlap=overlap)


async def _peak(database: Database, done: asyncio.Event) -> int:
    peak = 0
    while not done.is_set():
        peak = max(peak, await database.fetchval(IN_TRANSACTION, APPLICATION))
        await asyncio.sleep(SAMPLE_SECONDS)
    return peak
