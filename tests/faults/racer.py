"""One racing process: does all that a line of its input says at once, and answers a line: `python -m … url n`."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import structlog

from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityInput, ActivityReversal
from domain.earning.evaluating import Knowledge
from domain.earning.recording import correct_activities, record_activities
from domain.kernel.expressions import ConditionCache
from domain.kernel.failpoints import Failpoints
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.refusals import Refusal, TryLater
from domain.kernel.sql import Database
from domain.programs.budgeting import fund_budget
from domain.programs.matching import TermsCache
from tests.building import deal

APPLICATION = "racer"
TRIES_MAX = 5


def items_of(told: list[dict[str, Any]]) -> list[ActivityInput | ActivityReversal]:
    """Deals as `tests.building.deal` makes them; one with `reason` alone is a take-back."""
    return [
        ActivityReversal(external_id=one["id"], reason=one["reason"])
        if "reason" in one
        else deal(
            one["id"], UUID(one["member"]), one.get("net", 10_000), days=one.get("days", 0), opportunity=one.get("deal")
        )
        for one in told
    ]


class Racer:
    """What one process can be told to do."""

    def __init__(self, database: Database, failpoints: Failpoints | None = None) -> None:
        self.door = Door(database, failpoints)
        self.knowledge = Knowledge(terms=TermsCache(), conditions=ConditionCache())

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Everything in the order, at once; answers each part's answer, in order."""
        await asyncio.sleep(max(0.0, order.get("at", 0.0) - time.monotonic()))
        parts: list[Callable[[], Awaitable[Any]]] = [
            partial(self._record, order, batch) for batch in order.get("batches", [])
        ]
        parts += [partial(self._fund, fund) for fund in order.get("funds", [])]
        return {"answers": await asyncio.gather(*(self._said(part) for part in parts))}

    async def _record(self, order: dict[str, Any], batch: list[dict[str, Any]]) -> Any:
        opened = correct_activities if order.get("correcting") else record_activities
        told = await opened(self.door, self.knowledge, SYSTEM, UUID(order["source"]), items_of(batch))
        return [result.outcome.value for result in told.results]

    async def _fund(self, fund: dict[str, Any]) -> Any:
        keyed = Keyed(key=fund["key"], request={"amount": fund["amount"]})
        outcome = await fund_budget(
            self.door,
            SYSTEM,
            keyed,
            program_id=UUID(fund["program"]),
            amount=fund["amount"],
            reason="race",
        )
        return dict(outcome.facts) | {"replayed": outcome.replayed}

    async def _said(self, start: Callable[[], Awaitable[Any]]) -> Any:
        """The part's answer; told to try later, it does so with the same key, as every client should."""
        for _ in range(TRIES_MAX):
            try:
                return await start()
            except TryLater:
                continue
            except Refusal as refusal:
                return {"refusal": refusal.code()}
        return {"refusal": "TRIED_TOO_OFTEN"}


async def main(url: str, connections: int) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # its output is for answers
    database = await Database.open(url, connections_max=connections, application=APPLICATION)
    racer = Racer(database)
    await asyncio.gather(*(database.fetchval("SELECT pg_sleep(0.1)") for _ in range(connections)))
    sys.stdout.buffer.write(b'{"ready":true}\n')
    sys.stdout.buffer.flush()
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        answer = await racer.obey(orjson.loads(line))
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
