"""Boards measured: folding, reading and rebuilding at a size; `python -m benchmarks.boards 100000 POSTGRES VALKEY`."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import UUID

from domain.access.principals import SYSTEM, Actor, Role
from domain.activities.events import ACTIVITY_RECORDED
from domain.kernel import outbox
from domain.kernel.events import Event
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Database
from leaderboards import reading
from leaderboards.defining import create_leaderboard_in
from leaderboards.metrics import Definition
from leaderboards.projecting import fold
from leaderboards.rebuilding import rebuild_index
from leaderboards.refolding import rebuild_standings
from leaderboards.store import Store
from leaderboards.views import SeasonShown
from migrations import migrate

T0 = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 1_000
ROUNDS = 100
BOARDS = 20
ADMIN = Actor(principal_id=new_id(), role=Role.ADMIN)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


@contextmanager
def timed(what: str) -> Generator[None]:
    started = time.perf_counter()
    yield
    say(f"{what:<58} {1000 * (time.perf_counter() - started):9.1f} ms")


async def rounds(what: str, ask: Callable[[], Awaitable[object]]) -> None:
    """The median of a hundred."""
    spent = list[float]()
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await ask()
        spent.append(time.perf_counter() - started)
    say(f"{what:<58} {1000 * median(spent):9.2f} ms (median of {ROUNDS})")


def deal(member_id: UUID, n: int) -> Event:
    return ACTIVITY_RECORDED.about(
        new_id(),
        member_id=member_id,
        source_id=str(SYSTEM.principal_id),
        type="deal.won",
        revision=1,
        occurred_at=(T0 + timedelta(seconds=n % 86_400)).isoformat(),
        quantity=1,
        amounts={"NET": {"amount": n % 9_973, "unit": "USD"}},
        attributes={},
        deal_key=None,
    )


async def tell(database: Database, events: list[Event]) -> None:
    for start in range(0, len(events), BATCH):
        async with database.transaction() as connection:
            await outbox.append(connection, datetime.now(UTC), events[start : start + BATCH])
    while await outbox.stamp(database, Failpoints()):
        pass


async def define(door: Door, code: str, window: str = "ALL_TIME", display: str = "ORDINAL") -> UUID:
    metric = {"event": "activity", "type": "deal.won", "value": {"basis": "NET"}, "unit": "USD"}
    wanted = Definition(code=code, name={"en": code}, metric=metric, window_kind=window, rank_display=display)

    async def work(op: Operation) -> UUID:
        return await create_leaderboard_in(op, wanted)

    return await door.operate(SYSTEM, work)


async def fold_all(door: Door, store: Store) -> int:
    steps = 0
    while True:
        await outbox.stamp(door.database, Failpoints())
        if await fold(door, store) == 0:
            return steps
        steps += 1


async def readings(database: Database, store: Store, season: SeasonShown, subjects: list[UUID]) -> None:
    middle = subjects[len(subjects) // 2]
    asked = [reading.RankAsked(actor=ADMIN, season=season, subject_id=one) for one in subjects[:100]]
    for name, index in (("index", store), ("SQL", None)):
        await rounds(f"page of 50, {name}", lambda index=index: reading.page(database, index, ADMIN, season))
        await rounds(f"around, k 5, {name}", lambda index=index: reading.around(database, index, ADMIN, season, middle))
        await rounds(f"one rank, {name}", lambda index=index: reading.ranks(database, index, asked[:1]))
    with timed("100 ranks, index"):
        await reading.ranks(database, store, asked)
    with timed("100 ranks, SQL"):
        await reading.ranks(database, None, asked)


async def run(members: int, postgres: str, valkey: str) -> None:
    await migrate(postgres)
    database = await Database.open(postgres)
    store = Store.open(valkey)
    door = Door(database)
    subjects = new_ids(members)
    await define(door, "large")
    say(f"{members} members, one board")
    with timed("told and stamped"):
        await tell(database, [deal(one, n) for n, one in enumerate(subjects)])
    with timed("folded from the first event (backfill, with the index)"):
        steps = await fold_all(door, store)
    say(f"{'':<58} {steps:9d} steps")
    season_id = await database.fetchval("SELECT id FROM season")
    season = await reading.season(database, ADMIN, season_id)
    for n in range(3):
        await tell(database, [deal(one, n) for one in subjects[n * BATCH : (n + 1) * BATCH]])
        with timed("fold of 1,000 events, 1 board"):
            await fold(door, store)
    first = await reading.page(database, store, ADMIN, season)
    await readings(database, store, season, subjects)
    await tell(database, [deal(subjects[0], 1)])
    await fold_all(door, store)
    await rounds("second page of 50, pinned to a past state, SQL", lambda: second(database, store, season, first))
    for _ in range(3):
        with timed("index rebuilt beside the old one and swapped"):
            await rebuild_index(database, Failpoints(), store, season_id)
    with timed("standings rebuilt from their events"):
        await rebuild_standings(door, season_id)
    for n in range(BOARDS - 1):
        await define(door, f"small-{n}", window=("DAY", "MONTH", "ALL_TIME")[n % 3])
    await database.fetch("UPDATE leaderboard SET folded_position = (SELECT last_position FROM relay_state)")
    await tell(database, [deal(one, n) for n, one in enumerate(subjects[:BATCH])])
    with timed(f"fold of 1,000 events, {BOARDS} boards"):
        await fold(door, store)
    await store.close()
    await database.close()


async def second(database: Database, store: Store, season: SeasonShown, first: reading.LinesShown) -> None:
    page = await reading.page(database, store, ADMIN, season, after=first.next)
    assert page.stale, "the board moved on"


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
