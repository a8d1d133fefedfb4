"""The index may be lost, late, hung or half built at any moment: boards stay right and readers never see half."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest
import redis.asyncio

from domain.access.principals import Actor, Role
from domain.kernel.failpoints import Failpoint, Failpoints
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from embedded.valkey import EmbeddedValkey
from leaderboards import reading
from leaderboards.auditing import audit
from leaderboards.boards import RankDisplay
from leaderboards.projecting import fold
from leaderboards.rebuilding import heal, rebuild_index
from leaderboards.restanding import Moved, SeasonMoved
from leaderboards.standings import Place
from leaderboards.store import IndexUnavailable, IndexUnfit, IndexVersion, Store
from leaderboards.views import AnswerSource, SeasonShown
from tests.boards import T0, board, fold_all, minutes, season_of, standings, tell, won

ADMIN = Actor(principal_id=new_id(), role=Role.ADMIN)
MEMBERS = 5_100
FLUSHES = 6
ORDINAL = RankDisplay.ORDINAL


@pytest.fixture(scope="module")
async def door(database: str) -> AsyncIterator[Door]:
    opened = await Database.open(database)
    yield Door(opened)
    await opened.close()


@pytest.fixture(scope="module")
async def season(door: Door) -> SeasonShown:
    """A board of 7,000 members with many ties."""
    board_id = await board(door, "large")
    await tell(door.database, [won(one, n % 50, minutes(n % 7)) for n, one in enumerate(new_ids(MEMBERS))])
    await fold_all(door)
    return await reading.season(door.database, ADMIN, await season_of(door.database, board_id))


@pytest.fixture
async def store(valkey_url: str) -> AsyncIterator[Store]:
    opened = Store.open(valkey_url, timeout_ms=1_000)
    yield opened
    await opened.close()


@pytest.fixture
async def raw(valkey_url: str) -> AsyncIterator["redis.asyncio.Redis"]:
    async with redis.asyncio.from_url(valkey_url) as client:
        await client.flushdb()
        yield client


@pytest.fixture
def own_valkey(short_folder: Path, tmp_path: Path) -> Iterator[EmbeddedValkey]:
    home = short_folder / f"v{tmp_path.name[-8:]}"
    home.mkdir(mode=0o711)
    server = EmbeddedValkey(home)
    server.start()
    yield server
    server.stop()


async def test_readers_see_the_whole_board_while_the_index_is_flushed_and_rebuilt(
    door: Door, store: Store, raw: "redis.asyncio.Redis", season: SeasonShown
) -> None:
    top = (await reading.page(door.database, None, ADMIN, season, first=20)).entries
    middle = (await reading.page_as_of(door.database, ADMIN, season, await now(door), first=100)).entries[-1]
    sources = set[AnswerSource]()
    done = asyncio.Event()

    async def read() -> int:
        reads = 0
        while not done.is_set():
            page = await reading.page(door.database, store, ADMIN, season, first=20)
            around = await reading.around(door.database, store, ADMIN, season, middle.subject_id, k=2)
            assert list(page.entries) == list(top)
            assert around.entries[2] == middle
            sources.add(page.source)
            reads += 1
        return reads

    readers = [asyncio.create_task(read()) for _ in range(3)]
    for _ in range(FLUSHES):
        await raw.flushdb()
        await asyncio.sleep(0.01)
        assert (await heal(door.database, door.failpoints, store)).rebuilt == 1
        await asyncio.sleep(0.02)
    done.set()
    assert sum(await asyncio.gather(*readers)) >= FLUSHES
    assert sources == {AnswerSource.INDEX, AnswerSource.LEDGER}


async def now(door: Door):
    return await door.database.fetchval("SELECT guerdon_now()")


@pytest.mark.parametrize("point", ["rebuild.half_way", "rebuild.before_swap"])
async def test_a_rebuild_that_dies_leaves_the_old_index_and_the_next_one_succeeds(
    door: Door, store: Store, raw: "redis.asyncio.Redis", season: SeasonShown, point: str
) -> None:
    await rebuild_index(door.database, Failpoints(), store, season.id)
    with pytest.raises(Failpoint):
        await rebuild_index(door.database, Failpoints({point: "raise"}), store, season.id)
    page = await reading.page(door.database, store, ADMIN, season)
    assert (page.source, page.version.generation) == (AnswerSource.INDEX, 1)
    assert await raw.ttl(f"lb:{{{season.id.hex}}}:g2") > 0
    assert (await rebuild_index(door.database, Failpoints(), store, season.id)).generation == 3
    assert await raw.ttl(f"lb:{{{season.id.hex}}}:g3") == -1
    assert await raw.exists(f"lb:{{{season.id.hex}}}:g1") == 0


@pytest.mark.parametrize("suffix", ["", ":g1", ":g1:m"])
async def test_one_lost_key_is_noticed_by_every_script_and_healed(
    door: Door, store: Store, raw: "redis.asyncio.Redis", season: SeasonShown, suffix: str
) -> None:
    await rebuild_index(door.database, door.failpoints, store, season.id)
    await raw.delete(f"lb:{{{season.id.hex}}}{suffix}")
    page = await reading.page(door.database, store, ADMIN, season)
    assert (page.source, len(page.entries)) == (AnswerSource.LEDGER, 50)
    assert (await heal(door.database, door.failpoints, store)).rebuilt == 1
    assert (await reading.page(door.database, store, ADMIN, season)).source is AnswerSource.INDEX


def changed(season_id: UUID, epoch: int, first: int, last: int, subject: UUID, score: int | None) -> SeasonMoved:
    moved = [Moved(subject_id=subject, score=score, reached_at=T0 if score is not None else None, seq=last)]
    return SeasonMoved(season_id=season_id, epoch=epoch, from_seq=first, to_seq=last, as_of_position=last, moved=moved)


async def test_duplicates_change_nothing_and_gaps_wrong_epochs_and_zombies_are_refused(
    store: Store, raw: "redis.asyncio.Redis"
) -> None:
    season_id, one, two = new_ids(3)

    async def outcome(*changes: SeasonMoved) -> str:
        return (await store.apply(changes))[0].outcome

    async def lines() -> list[tuple[UUID, int]]:
        found = await store.page(season_id, 0, 10, ORDINAL)
        assert found is not None
        return [(entry.subject_id, entry.score) for entry in found.entries]

    assert await outcome(changed(season_id, 5, 2, 2, one, 10)) == "MISSING"
    assert await outcome(changed(season_id, 5, 1, 1, one, 10)) == "APPLIED"
    assert await outcome(changed(season_id, 5, 2, 3, two, 20)) == "APPLIED"
    assert await outcome(changed(season_id, 5, 1, 1, one, 99)) == "KNOWN"
    assert await outcome(changed(season_id, 5, 5, 5, one, 99)) == "GAP"
    assert await outcome(changed(season_id, 4, 4, 4, one, 99)) == "EPOCH"
    assert await outcome(changed(season_id, 6, 4, 4, one, 99)) == "EPOCH"
    assert await lines() == [(two, 20), (one, 10)]
    assert await outcome(changed(season_id, 5, 3, 4, two, None)) == "APPLIED"
    assert await lines() == [(one, 10)]
    zombie = await store.begin(season_id)
    await store.load(season_id, zombie, [Place(subject_id=two, score=7, reached_at=T0)])
    for epoch, seq, subjects, answer in ((5, 3, 1, "BEHIND"), (4, 9, 1, "EPOCH"), (5, 9, 2, "DAMAGED")):
        version = IndexVersion(epoch=epoch, generation=zombie, seq=seq, as_of_position=1, subjects=subjects)
        assert (await store.swap(season_id, version)).outcome == answer
    assert await lines() == [(one, 10)]
    await raw.flushdb()
    version = IndexVersion(epoch=5, generation=zombie, seq=9, as_of_position=1, subjects=1)
    assert (await store.swap(season_id, version)).outcome == "DAMAGED"
    assert await store.page(season_id, 0, 10, ORDINAL) is None


async def test_an_index_that_missed_folds_catches_up_and_one_ahead_of_the_ledger_is_replaced(
    door: Door, store: Store, raw: "redis.asyncio.Redis", season: SeasonShown
) -> None:
    await rebuild_index(door.database, door.failpoints, store, season.id)
    await tell(door.database, [won(new_id(), 1, minutes(1)) for _ in range(1_500)])
    await fold_all(door)
    healed = await heal(door.database, door.failpoints, store)
    assert (healed.caught_up, healed.rebuilt) == (1, 0)
    assert [one.examples for one in await audit(door.database, store)] == [()] * 4
    version = (await store.versions([season.id]))[0]
    assert version is not None
    await store.apply([changed(season.id, version.epoch, version.seq + 1, version.seq + 1, new_id(), 1_000)])
    healed = await heal(door.database, door.failpoints, store)
    assert (healed.caught_up, healed.rebuilt) == (0, 1)
    assert [one.examples for one in await audit(door.database, store)] == [()] * 4


async def test_valkey_killed_and_empty_again_is_read_around_and_healed(
    door: Door, own_valkey: EmbeddedValkey, season: SeasonShown
) -> None:
    store = Store.open(own_valkey.url(), timeout_ms=200)
    await rebuild_index(door.database, door.failpoints, store, season.id)
    before = await reading.page(door.database, store, ADMIN, season)
    assert before.source is AnswerSource.INDEX
    pid = own_valkey.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    during = await reading.page(door.database, store, ADMIN, season)
    assert (during.source, during.entries) == (AnswerSource.LEDGER, before.entries)
    await tell(door.database, [won(new_id(), 90_000, minutes(1))])
    assert await fold(door, store) > 0
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        own_valkey.tend()
        try:
            if (await heal(door.database, door.failpoints, store)).rebuilt:
                break
        except IndexUnavailable:
            await asyncio.sleep(0.05)
    after = await reading.page(door.database, store, ADMIN, season)
    assert (after.source, after.entries[0].score) == (AnswerSource.INDEX, 90_000)
    await store.close()


async def test_a_hung_valkey_costs_a_bounded_wait_a_few_times_and_then_nothing(
    door: Door, own_valkey: EmbeddedValkey, season: SeasonShown
) -> None:
    store = Store.open(own_valkey.url())
    await rebuild_index(door.database, door.failpoints, store, season.id)
    pid = own_valkey.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        waits = list[float]()
        for _ in range(10):
            started = time.monotonic()
            page = await reading.page(door.database, store, ADMIN, season, first=5)
            waits.append(time.monotonic() - started)
            assert (page.source, len(page.entries)) == (AnswerSource.LEDGER, 5)
        assert min(waits) < 0.05
        assert sum(waits) < 3
    finally:
        os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 10
    while (await reading.page(door.database, store, ADMIN, season)).source is AnswerSource.LEDGER:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    await store.close()


async def test_cancelled_questions_never_hand_their_answer_to_the_next(
    door: Door, store: Store, season: SeasonShown
) -> None:
    await rebuild_index(door.database, door.failpoints, store, season.id)
    subjects = [row[0] for row in (await standings(door.database, season.id))[:40]]
    for n, subject in enumerate(subjects):
        task = asyncio.create_task(store.around(season.id, subject, 0, ORDINAL))
        for _ in range(n % 5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        found = await store.around(season.id, subjects[-1 - n], 0, ORDINAL)
        assert found is not None
        assert [entry.subject_id for entry in found.entries] == [subjects[-1 - n]]


@pytest.mark.parametrize("point", ["project.before_fold", "project.after_fold", "project.after_index"])
async def test_a_projector_that_dies_anywhere_leaves_a_board_that_the_next_one_completes(
    door: Door, store: Store, season: SeasonShown, point: str
) -> None:
    await heal(door.database, door.failpoints, store)
    winner = new_id()
    await tell(door.database, [won(winner, 100_000, minutes(2))])
    with pytest.raises(Failpoint):
        await fold(Door(door.database, Failpoints({point: "raise"})), store)
    await fold_all(door, store)
    await heal(door.database, door.failpoints, store)
    assert [(one.violations, one.examined > 0) for one in await audit(door.database, store)] == [(0, True)] * 4
    rank = await reading.ranks(door.database, store, [reading.RankAsked(actor=ADMIN, season=season, subject_id=winner)])
    assert rank[0] is not None
    assert rank[0].entry is not None
    assert rank[0].source is AnswerSource.INDEX


async def test_two_projectors_at_once_fold_every_event_once(door: Door, store: Store, season: SeasonShown) -> None:
    await tell(door.database, [won(new_id(), 3, minutes(2)) for _ in range(1_200)])
    while any(await asyncio.gather(*(fold(door, store) for _ in range(4)))):
        pass
    await heal(door.database, door.failpoints, store)
    assert [(one.violations, one.examined > 0) for one in await audit(door.database, store)] == [(0, True)] * 4


async def test_a_valkey_that_may_evict_is_not_accepted(own_valkey: EmbeddedValkey) -> None:
    store = Store.open(own_valkey.url())
    await store.refuse_eviction()
    async with redis.asyncio.from_url(own_valkey.url()) as client:
        await client.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(IndexUnfit):
        await store.refuse_eviction()
    await store.close()
