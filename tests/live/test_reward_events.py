"""Reward events reach whom they are for, with what a portal shows, within moments of the commit."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from domain.access.principals import Role, Scope
from tests.building import deal
from tests.live.stage import REWARDS, Stage, staged

PERCENT = {"effect": {"kind": "FIXED", "amount": 100}}


@pytest.fixture(scope="module")
async def stage(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(database, valkey_url, tmp_path_factory.mktemp("home"), heartbeat_seconds=0.4) as stage:
        await stage.world.launch(PERCENT, code="spring")
        yield stage


async def test_a_rep_hears_of_the_own_deal_and_its_points(stage: Stage) -> None:
    token = await stage.person("ann", Role.MEMBER, 0)
    async with stage.hearing(token) as ann:
        await ann.until(lambda: bool(ann.heard))
        assert ann.heard[0]["content"]["__typename"] == "Heartbeat", ann.heard
        await stage.world.record(deal("d-1", stage.world.members[0], 12_345), deal("d-2", stage.world.members[1]))
        await ann.until(lambda: len(ann.of("AwardGranted")) == 1)
    (recorded,) = ann.of("ActivityRecorded")
    (granted,) = ann.of("AwardGranted")
    assert recorded["amounts"] == [{"basis": "NET", "amount": 12_345, "unit": "USD"}]
    assert (granted["amount"], granted["unit"], granted["rule"]) == (100, "POINTS", "won")
    assert granted["awardedFor"] == recorded["activityId"]
    assert {event["memberId"] for event in ann.events} == {recorded["memberId"]}


async def test_an_idle_stream_beats_and_its_cursor_moves_on(stage: Stage) -> None:
    token = await stage.person("idle", Role.MEMBER, 2)
    async with stage.hearing(token) as idle:
        await idle.until(lambda: len(idle.heard) == 1)
        await stage.world.record(deal("d-3", stage.world.members[3]))
        # The position of what others did is in the cursor of a later beat.
        await idle.until(lambda: len({one["cursor"] for one in idle.heard}) > 1)
    assert idle.events == []


async def test_each_role_hears_what_the_matrix_grants(stage: Stage) -> None:
    world = stage.world
    admin = await stage.person("boss", Role.ADMIN)
    manager = await stage.person("manager", Role.CHANNEL_MANAGER, portfolio=[world.partners[1]])
    firm = await stage.person("firm", Role.PARTNER_ADMIN, 0)
    key, _ = await stage.machine(Scope.EVENTS_READ, source_id=world.source_id)
    async with (
        stage.hearing(admin) as all_,
        stage.hearing(manager) as portfolio,
        stage.hearing(firm) as own_firm,
        stage.hearing(key) as machine,
    ):
        hearers = (all_, portfolio, own_firm, machine)
        for hearer in hearers:
            await hearer.until(lambda hearer=hearer: bool(hearer.heard))
        await world.record(*(deal(f"r-{n}", world.members[n]) for n in range(4)))
        for hearer, count in zip(hearers, (4, 2, 2, 4), strict=True):
            await hearer.until(lambda hearer=hearer, count=count: len(hearer.of("AwardGranted")) == count)
    assert {one["partnerId"] for one in portfolio.of("AwardGranted")}.isdisjoint(
        {one["partnerId"] for one in own_firm.of("AwardGranted")}
    )


async def test_who_may_not_listen_is_told_so(stage: Stage) -> None:
    key, _ = await stage.machine(Scope.ACTIVITIES_READ)
    for token, code in ((None, "NOT_ALLOWED"), (key, "SCOPE_MISSING")):
        async with stage.hearing(token) as nobody:
            await nobody.until(lambda nobody=nobody: bool(nobody.heard))
            (error,) = nobody.heard[0]["content"]["payload"]
            assert error["extensions"]["code"] == code


async def test_a_cursor_of_somebody_else_or_of_nobody_is_refused(stage: Stage) -> None:
    one, two = await stage.person("one", Role.MEMBER, 0), await stage.person("two", Role.MEMBER, 1)
    async with stage.hearing(one) as hearer:
        await hearer.until(lambda: bool(hearer.heard))
        cursor = hearer.cursor
    flipped = cursor[:30] + ("A" if cursor[30] != "A" else "B") + cursor[31:]
    for text, token in ((cursor, two), (flipped, one), ("x", one), (cursor + "A", one)):
        async with stage.hearing(token, after=text) as refused:
            await refused.until(lambda refused=refused: bool(refused.heard))
            (error,) = refused.heard[0]["content"]["payload"]
            assert error["extensions"]["code"] == "INVALID_CURSOR"


async def test_an_event_stream_gives_cursors_as_ids_and_resumes_from_the_last_one(stage: Stage) -> None:
    token = await stage.person("sse", Role.MEMBER, 0)
    headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}

    async def first(count: int, last: str | None = None) -> list[str]:
        found: list[str] = []
        more = {"last-event-id": last} if last else {}
        async with (
            httpx2.AsyncClient(timeout=5) as client,
            client.stream("POST", f"{stage.url}/graphql", json={"query": REWARDS}, headers=headers | more) as answer,
        ):
            async for line in answer.aiter_lines():
                found.append(line)
                if sum(text.startswith("data: {") for text in found) == count:
                    return found
        raise AssertionError(found)

    (begun,) = [line.removeprefix("id: ") for line in await first(1) if line.startswith("id: ")]
    await stage.world.record(deal("sse-1", stage.world.members[0]))
    await stage.settled()
    resumed = [line for line in await first(2, begun) if line.startswith("data: {")]
    assert f'"previous":"{begun}"' in resumed[0]
    assert "activity.recorded" in resumed[0]
    assert "award.granted" in resumed[1]


async def test_the_time_from_commit_to_subscriber(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    token = await stage.person("timed", Role.MEMBER, 0)
    taken: list[float] = []
    async with stage.hearing(token) as timed:
        await timed.until(lambda: bool(timed.heard))
        for n in range(20):
            count = len(timed.events)
            await stage.world.record(deal(f"t-{n}", stage.world.members[0]))
            committed = asyncio.get_running_loop().time()
            await timed.until(lambda count=count: len(timed.events) >= count + 2)
            taken.append(timed.at[-1] - committed)
            await asyncio.sleep(0.05)
    with capsys.disabled():
        median, worst = statistics.median(taken) * 1000, max(taken) * 1000
        print(f"\ncommit to subscriber: median {median:.0f} ms, worst {worst:.0f} ms of 20")


async def test_closing_leaves_no_listener_and_no_task(stage: Stage) -> None:
    token = await stage.person("leaver", Role.MEMBER, 0)
    for _ in range(3):
        async with stage.hearing(token) as leaver:
            await leaver.until(lambda: bool(leaver.heard))
    until = time.monotonic() + 3
    while time.monotonic() < until and (stage.api.state.live.events.wanted or _serving()):  # noqa: ASYNC110 (no event tells of it)
        await asyncio.sleep(0.02)
    assert not stage.api.state.live.events.wanted
    assert _serving() == []


def _serving() -> list[str]:
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return [name for name in names if name.partition(".")[0] in ("Socket", "Outbox", "Listener", "EventStream")]


def test_the_cursor_key_is_kept_for_its_owner_alone(stage: Stage) -> None:
    path: Path = stage.parts.settings.home / "stream-key"
    assert path.stat().st_mode & 0o077 == 0
    assert len(path.read_bytes()) == 32
