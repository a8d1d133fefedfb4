"""How long a redemption takes from its commit to its code, with our own pool: `python -m benchmarks.fulfilment`."""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

from api.background import run_worker
from api.settings import read_settings
from api.wiring import Wired, wired
from domain.kernel.operation import Door
from embedded.supervisor import EmbeddedServers
from migrations import migrate
from tests.building import build_world
from tests.orders import KEYRING, KEYS_ENVIRONMENT, Shop, Way

ROUNDS = 50
FULFILLED = "SELECT fulfilled_at FROM redemption_line WHERE id = $1"


async def _waited(parts: Wired, line_id: UUID) -> float:
    began = time.perf_counter()
    while await parts.database.fetchval(FULFILLED, line_id) is None:  # noqa: ASYNC110  # another process tells nobody here
        await asyncio.sleep(0.001)
    return (time.perf_counter() - began) * 1_000


async def _measured(environment: dict[str, str]) -> list[float]:
    async with wired(read_settings(environment), "guerdon-bench") as parts:
        working = asyncio.create_task(run_worker(parts))
        shop = Shop(world=await build_world(parts.database))
        # Orders go through the door that nudges, as those of an API process do.
        shop.world.door = Door(parts.database, after_commit=parts.door._after_commit)  # pyright: ignore[reportPrivateUsage]  # the bench stands for an API process
        await shop.rich(shop.world.members[0], 1_000_000)
        supplier_id = await shop.supplier("CODE_POOL")
        pool_id = await shop.pool(supplier_id, [f"BENCH-{n}" for n in range(ROUNDS)])
        goods = await shop.denomination(Way(supplier_id=supplier_id, pool_id=pool_id))
        took = list[float]()
        for _ in range(ROUNDS):
            line_id = (await shop.order(shop.world.members[0], goods, pool_id=pool_id))[0]
            took.append(await _waited(parts, line_id))
            await asyncio.sleep(0.3)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return took


def main() -> None:
    """Prints the median and the slowest of fifty orders, one at a time; asserts nothing."""
    assert KEYRING.current in KEYS_ENVIRONMENT["GUERDON_KEYS"]
    home = Path(tempfile.mkdtemp(prefix="guerdon-bench-"))
    home.chmod(0o711)
    with EmbeddedServers(home, durable=True) as servers:
        url = servers.postgres.url()
        asyncio.run(migrate(url))
        environment = {"DATABASE_URL": url, "REDIS_URL": servers.valkey.url(), "GUERDON_HOME": str(home / "keys")}
        took = asyncio.run(_measured({**environment, **KEYS_ENVIRONMENT}))
    slowest = max(took)
    sys.stdout.write(f"commit to code, ms: median {statistics.median(took):.0f}, slowest {slowest:.0f} of {ROUNDS}\n")


if __name__ == "__main__":
    main()
