"""Which steps the worker takes: stamp, fold, heal, mature, walk again, close; each offered by its room, bounded."""

import asyncio
import signal
from datetime import timedelta

from api.realtime import ended, hear_commits
from api.wiring import Wired
from api.worker import Loop, Worker
from catalog.codes.recalling import expire_codes, tell_expiring
from domain.access.limiting import prune_buckets
from domain.access.principals import SYSTEM
from domain.access.spending import prune_spent
from domain.earning.rewalking import rewalk_due
from domain.kernel import outbox
from domain.ledger.booking import close_due
from domain.ledger.maturing import mature_due
from leaderboards.projecting import fold
from leaderboards.rebuilding import Healed, heal
from leaderboards.store import IndexUnavailable

POLL = timedelta(milliseconds=200).total_seconds()
SLOW_POLL = timedelta(seconds=5).total_seconds()


async def run_worker(parts: Wired) -> None:
    """Runs until SIGTERM or SIGINT; then every loop ends after its current step."""
    worker = Worker(loops(parts))
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, worker.stop)
    hearing = asyncio.create_task(hear_commits(parts.redis, worker.nudge), name="hear-commits")
    try:
        await worker.run()
    finally:
        await ended(hearing)


def loops(parts: Wired) -> list[Loop]:
    """The worker's loops: quick ones for events and boards, slow ones for what time brings."""
    sweep: list[Healed] = []

    async def stamp() -> int:
        return await outbox.stamp(parts.database, parts.failpoints)

    async def project() -> int:
        return await fold(parts.door, parts.store)

    async def healed() -> int:
        try:
            found = await heal(parts.database, parts.failpoints, parts.store, sweep[-1].after if sweep else None)
        except IndexUnavailable:
            return 0
        sweep[:] = [found]
        return found.caught_up + found.rebuilt

    async def mature() -> int:
        return await mature_due(parts.door, SYSTEM)

    async def rewalk() -> int:
        return await rewalk_due(parts.door, parts.knowledge)

    async def close() -> int:
        return await close_due(parts.door, SYSTEM)

    async def expire() -> int:
        return await expire_codes(parts.door) + await tell_expiring(parts.door)

    async def prune() -> int:
        return await prune_spent(parts.door) + await prune_buckets(parts.door)

    return [
        Loop(name="stamp", step=stamp, pause_min=0.01, pause_max=POLL),
        Loop(name="fold", step=project, pause_min=0.01, pause_max=POLL),
        Loop(name="heal", step=healed, pause_min=0.5, pause_max=2.0),
        Loop(name="mature", step=mature, pause_min=0.2, pause_max=SLOW_POLL),
        Loop(name="rewalk", step=rewalk, pause_min=0.1, pause_max=1.0),
        Loop(name="close", step=close, pause_min=1.0, pause_max=60.0),
        Loop(name="expire-codes", step=expire, pause_min=5.0, pause_max=300.0),
        Loop(name="prune", step=prune, pause_min=5.0, pause_max=300.0),
    ]
