"""A process of members who redeem, killed at any moment: what it asked and what it was told stands in a journal.

Started again, it asks once more, under the same key, for whatever it has no answer to.
"""

import asyncio
import random
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from domain.kernel.operation import Door
from domain.kernel.sql import TURBULENCE, Database
from tests.long.journal import Journal
from tests.long.tills import Cut, OwnDoor, Till, over_http

CONNECTIONS = 6
UNITS = (1, 1, 1, 2, 3)
REPEATED = 0.1
PAUSE_SECONDS = 0.2


@dataclass(kw_only=True)
class Redeemer:
    """One member's redemptions, one after another, until the file that says that it is over exists."""

    till: Till
    member: UUID
    denominations: list[UUID]
    journal: Journal
    chance: random.Random
    over: Path
    think_seconds: float

    async def run(self) -> None:
        """Whatever was left without an answer has one first."""
        for said in self.journal.unanswered():
            if UUID(said["member"]) == self.member:
                self.journal.write({"resumed": said["key"]})
                await self._redeem(said["key"], UUID(said["quote"]))
        while not self.over.exists():
            await asyncio.sleep(self.chance.uniform(0, 2 * self.think_seconds))
            key = f"{self.member}-{self.journal.numbers[str(self.member)]}"
            quote_id = await self._quote()
            self.journal.write({"key": key, "quote": str(quote_id), "member": str(self.member)})
            await self._redeem(key, quote_id)

    async def _quote(self) -> UUID:
        units = self.chance.choice(UNITS)
        wanted = self.chance.choice(self.denominations)
        while True:
            if (quote_id := await self.till.quote(self.member, wanted, units)) is not None:
                return quote_id
            await asyncio.sleep(PAUSE_SECONDS)

    async def _redeem(self, key: str, quote_id: UUID) -> None:
        redemption_id = await self._answer(key, quote_id)
        self.journal.write({"ok": key, "redemption": str(redemption_id)})
        if self.chance.random() < REPEATED and await self._answer(key, quote_id) != redemption_id:
            self.journal.write({"odd": key})

    async def _answer(self, key: str, quote_id: UUID) -> UUID:
        while True:
            try:
                if (redemption_id := await self.till.redeem(self.member, key, quote_id)) is not None:
                    return redemption_id
            except Cut:
                self.journal.write({"cut": key})
            await asyncio.sleep(PAUSE_SECONDS)


async def main(told: dict[str, Any]) -> None:
    """All members of this process, until it is over and each has the answers that she waits for."""
    journal = Journal.opened(Path(told["journal"]))
    # A process that was killed goes on from here, not from the beginning.
    seed = f"{told['seed']}-{len(journal.asked)}"
    async with _till(told, seed) as till, asyncio.TaskGroup() as group:
        for member in map(UUID, told["members"]):
            redeemer = Redeemer(
                till=till,
                member=member,
                denominations=[UUID(one) for one in told["denominations"]],
                journal=journal,
                chance=random.Random(f"{seed}-{member}"),
                over=Path(told["over"]),
                think_seconds=told["think"],
            )
            group.create_task(redeemer.run())


@asynccontextmanager
async def _till(told: dict[str, Any], seed: str) -> AsyncGenerator[Till]:
    if told["urls"]:
        async with over_http(told["urls"], told["issuer"], Path(told["home"]), seed) as till:
            yield till
        return
    database = await _opened(told["database"])
    door = Door(database)
    yield OwnDoor(door=door)
    await door.close()
    await database.close()


async def _opened(url: str) -> Database:
    while True:
        try:
            return await Database.open(url, connections_max=CONNECTIONS, application="redeemer")
        except TURBULENCE:
            await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    asyncio.run(main(orjson.loads(sys.argv[1])))
