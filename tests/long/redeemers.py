"""A process of members who redeem, killed at any moment: what it asked and what it was told stands in a journal.

Started again, it asks once more, under the same key, for whatever it has no answer to. A line of the journal is one
JSON object: {"key", "quote", "member"} before asking, {"ok", "redemption"} after the answer, {"odd"} where a repeat
was answered differently.
"""

import asyncio
import random
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import orjson

from catalog.redemptions.quote import Wanted
from catalog.redemptions.quoting import quote
from catalog.redemptions.redeeming import Redeeming, redeem
from domain.access.principals import Actor, Role
from domain.access.refusals import RateLimited
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.refusals import TryLater
from domain.kernel.sql import TURBULENCE, Database
from tests.faults.workers import SANDBOX
from tests.orders import KEYRING

CONNECTIONS = 6
UNITS_MAX = 3
REPEATED = 0.1
PAUSE_SECONDS = 0.2
# The clock of the suite jumps, and a redemption may be asked for again and again while a server restarts.
PATIENT = replace(SANDBOX, quote_seconds=86_400)


@dataclass(kw_only=True)
class Journal:
    """What was asked and what was answered, in a file that outlives the process."""

    file: BinaryIO
    asked: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    answered: dict[str, UUID] = field(default_factory=dict[str, UUID])
    odd: list[str] = field(default_factory=list[str])

    @classmethod
    def opened(cls, path: Path) -> "Journal":
        """The journal as it stands; a last line that was cut by a kill says nothing, and is ended."""
        path.touch()
        journal = cls(file=path.open("r+b", buffering=0))
        for line in journal.file.read().splitlines():
            try:
                journal._take(orjson.loads(line))
            except orjson.JSONDecodeError:
                continue
        journal.file.write(b"\n")
        return journal

    def write(self, said: dict[str, str]) -> None:
        self.file.write(orjson.dumps(said) + b"\n")
        self._take(said)

    def _take(self, said: dict[str, str]) -> None:
        if "ok" in said:
            self.answered[said["ok"]] = UUID(said["redemption"])
        elif "odd" in said:
            self.odd.append(said["odd"])
        else:
            self.asked[said["key"]] = said


@dataclass(kw_only=True)
class Redeemer:
    """One member's redemptions, one after another, until the file that says that it is over exists."""

    door: Door
    member: UUID
    denominations: list[UUID]
    journal: Journal
    chance: random.Random
    over: Path

    async def run(self) -> None:
        for said in [one for one in self.journal.asked.values() if UUID(one["member"]) == self.member]:
            if said["key"] not in self.journal.answered:
                await self._redeem(said["key"], UUID(said["quote"]))
        while not self.over.exists():
            number = sum(UUID(one["member"]) == self.member for one in self.journal.asked.values())
            quote_id = await self._quote()
            key = f"{self.member}-{number}"
            self.journal.write({"key": key, "quote": str(quote_id), "member": str(self.member)})
            await self._redeem(key, quote_id)

    @property
    def actor(self) -> Actor:
        return Actor(principal_id=self.member, role=Role.MEMBER, member_id=self.member)

    async def _quote(self) -> UUID:
        units = self.chance.randint(1, UNITS_MAX)
        wanted = [Wanted(denomination_id=self.chance.choice(self.denominations), quantity=units)]
        while True:
            try:
                return (await quote(self.door, self.actor, wanted, PATIENT)).id
            except (TryLater, RateLimited, *TURBULENCE):
                await asyncio.sleep(PAUSE_SECONDS)

    async def _redeem(self, key: str, quote_id: UUID) -> None:
        redemption_id = await self._answer(key, quote_id)
        self.journal.write({"ok": key, "redemption": str(redemption_id)})
        if self.chance.random() < REPEATED and await self._answer(key, quote_id) != redemption_id:
            self.journal.write({"odd": key})

    async def _answer(self, key: str, quote_id: UUID) -> UUID:
        keyed = Keyed(key=key, request={"quote": str(quote_id)})
        wanted = Redeeming(quote_id=quote_id)
        while True:
            try:
                done = await redeem(self.door, self.actor, keyed, wanted, PATIENT, KEYRING)
                return UUID(done.facts["redemption_id"])
            except (TryLater, RateLimited, *TURBULENCE):
                await asyncio.sleep(PAUSE_SECONDS)


async def main(told: dict[str, Any]) -> None:
    journal = Journal.opened(Path(told["journal"]))
    database = await _opened(told["database"])
    door, seed = Door(database), f"{told['seed']}-{len(journal.asked)}"
    async with asyncio.TaskGroup() as group:
        for member in map(UUID, told["members"]):
            redeemer = Redeemer(
                door=door,
                member=member,
                denominations=[UUID(one) for one in told["denominations"]],
                journal=journal,
                chance=random.Random(f"{seed}-{member}"),
                over=Path(told["over"]),
            )
            group.create_task(redeemer.run())
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
