"""Many members want the last of something, in two processes at once: it is won as often as it is there."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest

from catalog.auditing import questions
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.building import deal
from tests.faults.buyers import WON, Buyers, Purchase
from tests.shop import Shop, build_shop

MEMBERS = 200
POINTS = 10
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@pytest.fixture(scope="module")
async def shop(database: str) -> AsyncIterator[Shop]:
    opened = await Database.open(database)
    built = await build_shop(opened, members=MEMBERS)
    for _ in range(2):
        await built.world.record(
            *(deal(f"d-{next(built.world.numbers)}", member_id) for member_id in built.world.members)
        )
    yield built
    await opened.close()


@pytest.fixture(scope="module")
def buyers(database: str) -> Iterator[Buyers]:
    started = Buyers(database)
    yield started
    started.close()


@pytest.mark.parametrize(("what", "there"), [("stock", 1), ("codes", 7)])
async def test_the_last_of_it_is_won_once_however_many_want_it(
    shop: Shop, buyers: Buyers, what: str, there: int
) -> None:
    if what == "stock":
        pool, routes = None, [(await shop.supplier(), None)]
    else:
        pool = await shop.pool(there)
        routes = [(shop.supplier_id, pool)]
    card = await shop.item(POINTS, stock=there if what == "stock" else None, routes=routes)
    quotes = await asyncio.gather(*(shop.quote(shop.rep(place), card) for place in range(MEMBERS)))
    purchases = [Purchase(member_id=quote.member_id, quote_id=quote.id) for quote in quotes]
    ended = Counter(await buyers.race(purchases))
    assert ended == {WON: there, "CANNOT_REDEEM": MEMBERS - there}
    rows = await shop.world.database.fetch(
        "SELECT state FROM redemption_line WHERE denomination_id = $1 ORDER BY id", card
    )
    assert [row["state"] for row in rows] == ["ORDERED"] * there
    if pool is None:
        assert await shop.stock(card) == 0
    else:
        assert await shop.pool_counts(pool) == (0, there, 0, 0)


async def test_after_the_races_every_law_holds_and_nothing_waited_in_a_circle(shop: Shop) -> None:
    report = await audit(shop.world.database, ["L1", "L2", "L3", "L4", "L7", "L8", "C1", "C2", "C3"], questions())
    broken = [check for check in report.checks if check.violations]
    # The test's own codes are not sealed, but they are counted.
    assert broken == []
    assert await shop.world.database.fetchval(DEADLOCKS) == 0
