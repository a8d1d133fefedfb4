"""Every workflow of an order at every point it passes, killed, paused past its lease, and done twice at once."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Mapping
from typing import Any

from domain.kernel.sql import Database
from migrations import migrate
from tests.faults.fulfilment import ASKED, PASSED, FulfilmentStage, fulfilment_stage
from tests.faults.roles import started
from tests.faults.supplying import supplying
from tests.long.plan import Counts, Plan, SuiteFailed

MODES = ("kill", "pause", "duplicate")
PAUSE_SECONDS = 2
JOIN_SECONDS_MAX = 120


async def run(plan: Plan) -> Counts:
    """After each, every line was delivered and paid once, and the supplier's book is ours. Refuses: SuiteFailed."""
    url = plan.servers.postgres.url()
    await migrate(url)
    database = await Database.open(url, connections_max=6)
    environment = {
        "DATABASE_URL": url,
        "REDIS_URL": plan.servers.valkey.url(),
        "GUERDON_HOME": str(plan.home / "keys"),
    }
    cases = [(role, point, mode) for role, points in PASSED.items() for point in points for mode in MODES]
    random.Random(plan.seed).shuffle(cases)
    done, rounds = Counter[str](), 0
    with supplying(plan.home / "book.db", seed=plan.seed) as supplier:
        async with fulfilment_stage(database, supplier, environment, codes=5_000) as stage:
            while rounds == 0 or not plan.is_over:
                for role, point, mode in cases:
                    await _case(stage, role, point, mode)
                    done[mode] += 1
                    plan.show(f"{done.total()} of {len(cases)} a round")
                await stage.judged(supplier)
                rounds += 1
    await database.close()
    return {
        "workflows": len(PASSED),
        "points of a workflow": len(cases) // len(MODES),
        "cases": f"{done.total() // rounds} of {len(cases)}",
        "rounds": rounds,
        **done,
        "lost": 0,
        "twice": 0,
    }


async def _case(stage: FulfilmentStage, role: str, point: str, mode: str) -> None:
    before = (await stage.shop.world.balances(stage.member))["available"]
    line_ids, told = await stage.prepare(role)
    armed = {"kill": "crash", "pause": f"sleep:{PAUSE_SECONDS}", "duplicate": "sleep:0.2"}[mode]
    first = started("work", stage.environment, f"{point}={armed}", **told)
    second = started("work", stage.environment, **told) if mode == "duplicate" else None
    if mode == "pause":
        await asyncio.sleep(PAUSE_SECONDS / 2)
        # What the paused one holds locked stays open until it goes on; then it is too late for it.
        await _meanwhile(stage, role, told, is_paused=True)
    for process in (first, second):
        if process is not None:
            await asyncio.to_thread(process.join, JOIN_SECONDS_MAX)
    wanted = -signal.SIGKILL if mode == "kill" else 0
    if first.exitcode != wanted or (second is not None and second.exitcode != 0):
        raise SuiteFailed(f"{role} at {point}, {mode}: ended with {first.exitcode}")
    await _meanwhile(stage, role, told)
    if wrong := await stage.ended(role, line_ids, told, before):
        raise SuiteFailed(f"{role} at {point}, {mode}: {wrong}")


async def _meanwhile(stage: FulfilmentStage, role: str, told: Mapping[str, Any], *, is_paused: bool = False) -> None:
    """Others go on: whoever got no answer tries again, and leases run out."""
    if role in ASKED:
        await stage.again(told)
    await stage.recover(3 if is_paused else 50, must_end=not is_paused)
