"""A live board is a snapshot and then what moved: applied by a client it reads like a fresh query (law S1)."""

import asyncio
import random
import statistics
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.graph.ids import Tag, encode_id
from domain.access.principals import SYSTEM, Role
from domain.activities.activity import ActivityInput
from leaderboards.boards import RankDisplay
from leaderboards.defining import create_leaderboard_in
from leaderboards.metrics import Definition
from leaderboards.windows import WindowKind
from tests.boards import REVENUE
from tests.building import START, deal
from tests.live.stage import Hearer, Stage, staged

LINE = "subjectId name partnerName isMe isFormer rank place tiedWith score reachedAt"
RANK = "rank place score tiedWith reachedAt"
BOARD = f"""
subscription Board($code: String!, $top: Int!, $around: Int!) {{
  leaderboard(code: $code, top: $top, around: $around) {{ cursor previous content {{
    __typename
    ... on BoardSnapshot {{ season {{ id startsAt }} version {{ epoch seq }} total top {{ {LINE} }}
      neighbours: around {{ {LINE} }} myRank {{ {RANK} }} }}
    ... on BoardDelta {{ from {{ epoch seq }} version {{ epoch seq }} total changed {{ {LINE} }} left
      around {{ {LINE} }} myRank {{ {RANK} }} }}
    ... on AccessChanged {{ snapshot }}
  }} }} }}
"""
FRESH = f"""
query Fresh($code: String!, $top: Int!, $k: Int!) {{ leaderboard(code: $code) {{
  page(first: $top) {{ edges {{ node {{ {LINE} }} }} }} aroundMe(k: $k) {{ {LINE} }} myRank {{ {RANK} }} }} }}
"""
Held = dict[str, Any]


@pytest.fixture(scope="module")
async def stage(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(
        database, valkey_url, tmp_path_factory.mktemp("home"), members=12, heartbeat_seconds=0.5
    ) as stage:
        yield stage


async def board(stage: Stage, code: str, **wanted: Any) -> UUID:
    definition = Definition(**{"code": code, "name": {"en": code}, "metric": REVENUE, **wanted})
    return await stage.world.door.operate(SYSTEM, lambda op: create_leaderboard_in(op, definition))


def applied(held: Held | None, content: Mapping[str, Any]) -> Held | None:
    """What a client holds after a message."""
    if content["__typename"] == "BoardSnapshot":
        return {**content, "around": content["neighbours"]}
    if content["__typename"] != "BoardDelta":
        return held
    assert held is not None
    assert content["from"] == held["version"], "a delta fits on what the client holds"
    gone = set(content["left"]) | {line["subjectId"] for line in content["changed"]}
    kept = [line for line in held["top"] if line["subjectId"] not in gone]
    top = sorted(kept + list(content["changed"]), key=lambda line: line["place"])
    around = held["around"] if content["around"] is None else content["around"]
    return {**held, "top": top, "around": around, **{key: content[key] for key in ("version", "total", "myRank")}}


def held_by(hearer: Hearer) -> Held | None:
    held: Held | None = None
    for message in hearer.heard:
        held = applied(held, message["content"])
    return held


async def fresh(stage: Stage, token: str | None, code: str, top: int, around: int) -> Held:
    found = (await stage.ask(token, FRESH, code=code, top=top, k=max(1, around)))["leaderboard"]
    page = found["page"] or {"edges": []}
    return {
        "top": [edge["node"] for edge in page["edges"]],
        "around": found["aroundMe"] if around else [],
        "myRank": found["myRank"],
    }


async def agrees(stage: Stage, hearer: Hearer, token: str | None, code: str, top: int, around: int) -> None:
    """After everything is folded the client soon holds what a fresh query reads."""
    await stage.settled()
    wanted = await fresh(stage, token, code, top, around)

    def same() -> bool:
        held = held_by(hearer)
        return held is not None and {key: held[key] for key in wanted} == wanted

    await hearer.until(same)


@pytest.mark.parametrize("display", list(RankDisplay))
async def test_snapshot_and_deltas_are_a_fresh_query(stage: Stage, display: RankDisplay) -> None:
    code, seed = f"s1-{display.lower()}", random.randrange(10**6)
    chance = random.Random(seed)
    print(f"seed {seed}")
    await board(stage, code, rank_display=display)
    asked = {"top-only": (0, 5, 0), "around": (1, 3, 2), "rank": (2, 10, 0), "watcher": (None, 100, 2)}
    async with (
        stage.hearing(t0 := await _viewer(stage, code, 0), BOARD, code=code, top=5, around=0) as h0,
        stage.hearing(t1 := await _viewer(stage, code, 1), BOARD, code=code, top=3, around=2) as h1,
        stage.hearing(t2 := await _viewer(stage, code, 2), BOARD, code=code, top=10, around=0) as h2,
        stage.hearing(t3 := await _viewer(stage, code, None), BOARD, code=code, top=100, around=2) as h3,
    ):
        told: list[ActivityInput] = []
        for step in range(8):
            if told and chance.random() < 0.4:
                old = chance.choice(told)
                await stage.world.correct(
                    deal(old.external_id, old.member, chance.randrange(0, 5) * 100, source_version=f"v{step + 2}")  # type: ignore[arg-type] # a UUID in this world
                )
            items = [
                deal(f"{code}-{step}-{n}", chance.choice(stage.world.members), chance.randrange(1, 5) * 100, days=step)
                for n in range(chance.randrange(1, 6))
            ]
            told += items
            await stage.world.record(*items)
            await asyncio.sleep(chance.random() * 0.3)
        for hearer, token, (_, top, around) in zip((h0, h1, h2, h3), (t0, t1, t2, t3), asked.values(), strict=True):
            await agrees(stage, hearer, token, code, top, around)
            chain = [message["previous"] for message in hearer.heard[1:]]
            assert chain == [message["cursor"] for message in hearer.heard[:-1]]


async def _viewer(stage: Stage, code: str, member: int | None) -> str:
    role = Role.MEMBER if member is not None else Role.ADMIN
    return await stage.person(f"{code}-{member}", role, member)


async def test_a_tick_is_read_once_for_all_and_at_most_four_times_a_second(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    await board(stage, "ticks")
    token = await _viewer(stage, "ticks", 3)
    loop, feed = asyncio.get_running_loop(), stage.api.state.live.boards
    async with (
        stage.hearing(token, BOARD, code="ticks", top=5, around=0) as one,
        stage.hearing(token, BOARD, code="ticks", top=5, around=0) as two,
    ):
        for hearer in (one, two):
            await hearer.until(lambda hearer=hearer: len(hearer.of("BoardSnapshot")) > 0)
        taken = []
        for n in range(5):
            count = sum("version" in message["content"] for message in one.heard)
            await stage.world.record(deal(f"lead-{n}", stage.world.members[3], 700))
            committed = loop.time()
            await one.until(lambda count=count: sum("version" in each["content"] for each in one.heard) > count)
            taken.append(one.at[-1] - committed)
            await asyncio.sleep(0.3)
        began, before, count = loop.time(), feed.ticks, len(one.of("BoardDelta"))
        for n in range(40):
            await stage.world.record(deal(f"storm-{n}", stage.world.members[n % 12], 100 + n))
        await agrees(stage, one, token, "ticks", 5, 0)
        await agrees(stage, two, token, "ticks", 5, 0)
        lasted, ticks, deltas = loop.time() - began, feed.ticks - before, len(one.of("BoardDelta")) - count
    assert ticks <= lasted * 4 + 2
    assert deltas <= lasted * 4 + 2
    with capsys.disabled():
        median, worst = statistics.median(taken) * 1000, max(taken) * 1000
        said = f"commit to first delta: median {median:.0f} ms, worst {worst:.0f} ms; {deltas} deltas of 40 commits"
        print(f"\n{said}")


async def test_a_new_season_begins_with_a_new_snapshot(stage: Stage) -> None:
    await board(stage, "quarters", window_kind=WindowKind.QUARTER)
    token = await _viewer(stage, "quarters", 4)
    async with stage.hearing(token, BOARD, code="quarters", top=3, around=1) as hearer:
        await hearer.until(lambda: len(hearer.of("BoardSnapshot")) == 1)
        await stage.world.record(deal("q-1", stage.world.members[4], 500, days=100))
        await hearer.until(lambda: len(hearer.of("BoardSnapshot")) == 2)
        await stage.world.record(deal("q-2", stage.world.members[4], 900, days=200))
        await hearer.until(lambda: len(hearer.of("BoardSnapshot")) == 3)
        await agrees(stage, hearer, token, "quarters", 3, 1)
    seasons = [one["season"] and one["season"]["startsAt"] for one in hearer.of("BoardSnapshot")]
    assert len(set(seasons)) == 3
    assert seasons[-1] > (START + timedelta(days=100)).isoformat()


async def test_the_own_part_is_never_anybody_elses(stage: Stage) -> None:
    await board(stage, "own")
    mine, other = await _viewer(stage, "own", 5), await _viewer(stage, "own", 6)
    async with (
        stage.hearing(mine, BOARD, code="own", top=1, around=1) as me,
        stage.hearing(other, BOARD, code="own", top=1, around=1) as them,
    ):
        await stage.world.record(*(deal(f"own-{n}", stage.world.members[n], 100 * (n + 1)) for n in range(12)))
        await agrees(stage, me, mine, "own", 1, 1)
        await agrees(stage, them, other, "own", 1, 1)
        for hearer, member in ((me, 5), (them, 6)):
            own = encode_id(Tag.MEMBER, stage.world.members[member])
            held = held_by(hearer)
            assert held is not None
            assert {line["subjectId"] for line in held["top"] + held["around"] if line["isMe"]} == {own}
            assert held["myRank"]["score"] == next(line["score"] for line in held["around"] if line["isMe"])


async def test_bounds_hold_at_their_edges(stage: Stage) -> None:
    await board(stage, "edges")
    token = await _viewer(stage, "edges", 7)
    within, beyond = ((1, 0), (100, 25)), ((0, 0), (101, 0), (1, 26), (1, -1))
    for top, around in (*within, *beyond):
        async with stage.hearing(token, BOARD, code="edges", top=top, around=around) as hearer:
            await hearer.until(lambda hearer=hearer: bool(hearer.heard))
            assert (hearer.heard[0]["content"]["__typename"] == "BoardSnapshot") is ((top, around) in within)
    async with stage.hearing(token, BOARD, code="nowhere", top=1, around=0) as hearer:
        await hearer.until(lambda: bool(hearer.heard))
        assert hearer.heard[0]["content"]["payload"][0]["extensions"]["code"] == "NOT_FOUND"
