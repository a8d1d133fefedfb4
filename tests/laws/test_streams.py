"""E2 at the ear: between two cursors of a stream nothing entitled is missing, whatever cuts, floods or revokes it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.graph.feeding import QUEUE_MAX
from api.graph.ids import Tag, encode_id
from api.settings import Limits
from domain.access.admitting import assign_portfolio_in, unlink_account
from domain.access.granting import revoke_key
from domain.access.principals import SYSTEM, Role, Scope
from tests.building import deal
from tests.live.stage import PROTOCOL, REWARDS, Hearer, Stage, staged

STALL_SECONDS = 1.0
SLOW = 400
"""Deals that a reader who takes nothing is told of: more than its socket's buffers and its queue hold."""
FIXED = {"effect": {"kind": "FIXED", "amount": 10}}


@pytest.fixture(scope="module")
async def stage(database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    limits = Limits(socket_stall_seconds=STALL_SECONDS, socket_queue_events_max=20)
    async with staged(
        database,
        valkey_url,
        tmp_path_factory.mktemp("home"),
        limits=limits,
        heartbeat_seconds=0.5,
        send_buffer_bytes=16_384,
    ) as stage:
        await stage.world.launch(FIXED, code="law")
        yield stage


async def told_of(stage: Stage, member: int, after: int = 0) -> list[str]:
    """The ids of what PostgreSQL has of a member after a position; points mature at a time of their own."""
    rows = await stage.parts.database.fetch(
        "SELECT event_id FROM outbox WHERE member_id = $1 AND position > $2"
        " AND name IN ('activity.recorded', 'award.granted') ORDER BY position",
        stage.world.members[member],
        after,
    )
    return [encode_id(Tag.EVENT, row["event_id"]) for row in rows]


def is_chained(hearer: Hearer, first: str | None) -> bool:
    cursors = [one["cursor"] for one in hearer.heard]
    return [one["previous"] for one in hearer.heard] == [first, *cursors[:-1]]


def ids(*hearers: Hearer) -> list[str]:
    kinds = ("activity.recorded", "award.granted")
    return [event["id"] for hearer in hearers for event in hearer.events if event["name"] in kinds]


@pytest.mark.parametrize("way", ["after", "resume"])
async def test_a_stream_cut_again_and_again_misses_nothing_and_repeats_nothing(stage: Stage, way: str) -> None:
    token = await stage.person(f"cut-{way}", Role.MEMBER, 0)
    start = await stage.settled()
    heard: list[str] = []
    cursor: str | None = None
    writing = asyncio.create_task(_write(stage, f"cut-{way}", 30))
    for cut in range(5):
        # As clients do: the first document again, whose cursor is old, and the newest in connection_init.
        given = {} if cursor is None else {"after": cursor} if way == "after" else {"resume": cursor, "after": cursor}
        async with stage.hearing(token, **given) as hearer:
            await hearer.until(lambda hearer=hearer, cut=cut: len(hearer.heard) >= (1 if cut == 0 else 4))
        assert is_chained(hearer, cursor)
        heard += ids(hearer)
        cursor = hearer.cursor
    await writing
    await stage.settled()
    wanted = await told_of(stage, 0, start)
    wanted = wanted[wanted.index(heard[0]) :]
    async with stage.hearing(token, after=cursor) as last:
        await last.until(lambda: len(heard) + len(ids(last)) >= len(wanted))
    assert heard + ids(last) == wanted


async def _write(stage: Stage, name: str, count: int) -> None:
    for n in range(count):
        await stage.world.record(*(deal(f"{name}-{n}-{m}", stage.world.members[m]) for m in range(4)))
        await asyncio.sleep(0.01)


async def test_two_actors_never_hear_each_other(stage: Stage) -> None:
    tokens = [await stage.person(f"pair-{n}", Role.MEMBER, n) for n in range(2)]
    async with stage.hearing(tokens[0]) as one, stage.hearing(tokens[1]) as two:
        for hearer in (one, two):
            await hearer.until(lambda hearer=hearer: bool(hearer.heard))
        start = await stage.settled()
        await _write(stage, "pair", 10)
        for hearer in (one, two):
            await hearer.until(lambda hearer=hearer: len(hearer.of("AwardGranted")) == 10)
    assert ids(one) == await told_of(stage, 0, start)
    assert ids(two) == await told_of(stage, 1, start)
    assert not set(ids(one)) & set(ids(two))


async def test_more_than_the_queue_holds_is_read_from_postgres_without_a_gap(stage: Stage) -> None:
    token = await stage.person("flood", Role.MEMBER, 0)
    count = QUEUE_MAX + 50
    async with stage.hearing(token) as hearer:
        await hearer.until(lambda: bool(hearer.heard))
        start = await stage.settled()
        await stage.world.record(*(deal(f"flood-{n}", stage.world.members[0]) for n in range(count)))
        await hearer.until(lambda: len(ids(hearer)) == 2 * count, 10)
        assert is_chained(hearer, None)
    assert ids(hearer) == await told_of(stage, 0, start)


async def test_who_does_not_read_is_cut_and_resumes_where_reading_stopped(stage: Stage) -> None:
    token = await stage.person("slow", Role.MEMBER, 0)
    before = await stage.settled()
    async with stage.hearing(token) as hearer:
        await hearer.until(lambda: bool(hearer.heard))
        cursor = hearer.cursor
    # A reader that takes nothing: its socket's buffers fill, then our bounded queue.
    wide = REWARDS.replace("quantity", " ".join(f"q{n}: activityId" for n in range(25)))
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    small.connect(("127.0.0.1", stage.parts.settings.port))
    address = stage.url.replace("http", "ws") + "/graphql"
    async with connect(address, sock=small, subprotocols=[PROTOCOL], max_queue=1) as stuck:  # type: ignore[list-item] # a Subprotocol is a str
        await stuck.send(json.dumps({"type": "connection_init", "payload": {"authorization": token}}))
        await stuck.recv()
        await stuck.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": wide}}))
        stuck.transport.pause_reading()
        await stage.world.record(*(deal(f"slow-{n}", stage.world.members[0]) for n in range(SLOW)))
        await stage.settled()
        await asyncio.sleep(STALL_SECONDS + 1)
        stuck.transport.resume_reading()
        received = 0
        with suppress(ConnectionClosed):
            async for _ in stuck:
                received += 1
        assert stuck.close_code == 1013
        assert received < 2 * SLOW
    async with stage.hearing(token, after=cursor) as resumed:
        await resumed.until(lambda: len(resumed.of("AwardGranted")) == SLOW, 30)
    assert ids(resumed) == await told_of(stage, 0, before)


async def test_a_revoked_credential_hears_nothing_more(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    person = await stage.person("gone", Role.MEMBER, 0)
    machine, key_id = await stage.machine(Scope.EVENTS_READ)
    async with stage.hearing(person) as gone, stage.hearing(machine) as cut:
        for hearer in (gone, cut):
            await hearer.until(lambda hearer=hearer: bool(hearer.heard))
        await unlink_account(stage.world.door, SYSTEM, stage.accounts["gone"])
        await revoke_key(stage.world.door, SYSTEM, key_id)
        revoked = asyncio.get_running_loop().time()
        for hearer in (gone, cut):
            await hearer.until(lambda hearer=hearer: hearer.closed is not None, 3)
            assert hearer.closed is not None
            assert hearer.closed[0] == 4403
        silent = asyncio.get_running_loop().time() - revoked
        with capsys.disabled():
            print(f"\nfrom revocation to silence: {silent * 1000:.0f} ms")
        await stage.world.record(deal("after-the-end", stage.world.members[0]))
        await stage.settled()
    assert not [event for event in gone.events + cut.events if event["name"] == "activity.recorded"]


async def test_a_portfolio_that_changes_is_told_and_gained_history_is_not_replayed(stage: Stage) -> None:
    partners, world = stage.world.partners, stage.world
    token = await stage.person("mover", Role.CHANNEL_MANAGER, portfolio=[partners[0]])
    async with stage.hearing(token) as mover:
        await mover.until(lambda: bool(mover.heard))
        await world.record(deal("before-0", world.members[0]), deal("before-1", world.members[1]))
        await mover.until(lambda: len(mover.of("AwardGranted")) == 1)
        account = stage.accounts["mover"]
        await world.door.operate(SYSTEM, lambda op: assign_portfolio_in(op, account, [partners[1]]))
        await mover.until(lambda: len(mover.of("AccessChanged")) == 1)
        await world.record(deal("after-0", world.members[0]), deal("after-1", world.members[1]))
        await mover.until(lambda: len(mover.of("AwardGranted")) == 2)
        assert is_chained(mover, None)
    firms = [one["partnerId"] for one in mover.of("AwardGranted")]
    assert firms == [encode_id(Tag.PARTNER, partners[0]), encode_id(Tag.PARTNER, partners[1])]
    assert mover.of("AccessChanged")[0]["snapshot"] is True


async def test_a_cursor_beyond_retention_or_of_another_history_is_told_to_be_expired(stage: Stage) -> None:
    database = stage.parts.database
    token = await stage.person("late", Role.MEMBER, 0)
    async with stage.hearing(token) as hearer:
        await hearer.until(lambda: bool(hearer.heard))
        cursor = hearer.cursor
    await stage.world.record(deal("late-1", stage.world.members[0]))
    await stage.settled()
    days = timedelta(days=stage.parts.settings.event_retention_days + 1)
    await database.fetchval("UPDATE clock_shift SET seconds = $1 RETURNING seconds", int(days.total_seconds()))
    async with stage.hearing(token, after=cursor) as late:
        await late.until(lambda: bool(late.heard))
    await database.fetchval("UPDATE clock_shift SET seconds = 0 RETURNING seconds")
    assert late.heard[0]["content"] == {"__typename": "CursorExpired", "snapshot": True}
    assert late.heard[0]["previous"] == cursor
    async with stage.hearing(token, after=cursor) as fine:
        await fine.until(lambda: len(ids(fine)) == 2)
    await database.fetchval("UPDATE relay_state SET epoch = epoch + 1 RETURNING epoch")
    async with stage.hearing(token, after=fine.cursor) as restored:
        await restored.until(lambda: bool(restored.heard))
    assert restored.heard[0]["content"]["__typename"] == "CursorExpired"
