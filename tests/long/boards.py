"""Boards: a flushed index of 100,000 members is right again, then the laws of boards with ever new seeds."""

import asyncio
import time

import redis.asyncio

from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Door
from leaderboards import reading
from leaderboards.auditing import audit
from leaderboards.rebuilding import heal
from leaderboards.store import Store
from leaderboards.views import AnswerSource
from tests.boards import board, fold_all, minutes, season_of, tell, won
from tests.long.plan import Counts, Plan, SuiteFailed
from tests.long.rounds import rounds_of

MEMBERS = 100_000
TELL = 5_000
ADMIN = Actor(principal_id=SYSTEM.principal_id, role=Role.ADMIN)


async def run(plan: Plan) -> Counts:
    """Readers never saw half of a board. Refuses: SuiteFailed."""
    healed = await _flushed(plan)
    counts = await rounds_of(plan, ["tests/laws/test_boards.py", "tests/faults/test_index_loss.py"])
    return {"members": MEMBERS, "right again after seconds": round(healed, 2), **counts}


async def _flushed(plan: Plan) -> float:
    async with plan.database() as database:
        store, door = Store.open(plan.servers.valkey.url(), timeout_ms=1_000), Door(database)
        board_id = await board(door, f"large-{new_id().hex[:6]}")
        for start in range(0, MEMBERS, TELL):
            some = new_ids(TELL)
            await tell(database, [won(one, (start + n) % 9_973, minutes(n % 7)) for n, one in enumerate(some)])
            plan.show(f"{start + TELL} members told")
        await fold_all(door, store)
        await heal(database, Failpoints(), store)
        season = await reading.season(database, ADMIN, await season_of(database, board_id))
        expected = (await reading.page(database, None, ADMIN, season, first=50)).entries
        async with redis.asyncio.from_url(plan.servers.valkey.url()) as client:
            await client.flushall()
        began, healing = time.monotonic(), asyncio.create_task(heal(database, Failpoints(), store))
        while True:
            page = await reading.page(database, store, ADMIN, season, first=50)
            if page.entries != expected:
                raise SuiteFailed("a reader saw another board while the index was rebuilt")
            if page.source is AnswerSource.INDEX:
                break
            if healing.done():
                await heal(database, Failpoints(), store)
            await asyncio.sleep(0.01)
        healed = time.monotonic() - began
        await healing
        plan.progress.console.print(f"FLUSHALL at {MEMBERS} members: right again after {healed:.2f} s")
        if broken := [one for one in await audit(database, store) if one.violations]:
            raise SuiteFailed(str(broken))
        await store.close()
    return healed
