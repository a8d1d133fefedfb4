"""The parts that feed streams keep their bounds: queues, holes, restored histories, cursors, and who is concerned."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from api.graph.cursors import CursorSeal, ForeignStream, NoCursor, Position, Stream
from api.graph.entitling import Accesses
from api.graph.feeding import QUEUE_BYTES_MAX, QUEUE_MAX, EventFeed, Listener
from domain.access.ownership import Sight
from domain.kernel.events import StampedEvent
from domain.kernel.ids import new_id
from domain.kernel.sql import Database
from tests.boards import minutes, tell, won

MEMBER = new_id()
SEEN = Sight(member_id=MEMBER)


@pytest.fixture
async def feed(fresh_database: str) -> AsyncIterator[EventFeed]:
    database = await Database.open(fresh_database)
    yield EventFeed(database, Accesses(database), wake=lambda: None)
    await database.close()


def event(position: int, member_id: UUID = MEMBER) -> StampedEvent:
    return StampedEvent(
        position=position,
        event_id=new_id(),
        name="activity.recorded",
        aggregate_kind="activity",
        aggregate_id=new_id(),
        member_id=member_id,
        partner_id=None,
        program_id=None,
        payload={},
        recorded_at=minutes(0),
    )


def test_a_queue_holds_its_bound_and_one_more_leaves_everything_to_postgres() -> None:
    for size, most in ((1, QUEUE_MAX), (QUEUE_BYTES_MAX // 10, 10)):
        listener = Listener(new_id(), SEEN, 0)
        for position in range(1, most + 1):
            listener.offer(event(position), size)
        assert listener.whole_from == 0
        listener.offer(event(most + 1), size)
        assert (listener.whole_from, listener.take(0)) == (most + 1, [])
        listener.offer(event(most + 2), size)
        assert [one.position for one in listener.take(most + 1)] == [most + 2]


async def test_a_hole_is_closed_by_reading_postgres(feed: EventFeed) -> None:
    database = feed._database
    async with feed.listening(new_id(), SEEN) as listener:
        await tell(database, [won(MEMBER, 100, minutes(n)) for n in range(5)])
        feed._hand_out([event(1), event(3)], 0)
        assert (feed.head, listener.whole_from) == (3, 3)
        events, through = await feed.read(listener, 0)
        assert ([one.position for one in events], through) == ([1, 2, 3], 3)
        assert await feed.step() == 2
        events, through = await feed.read(listener, through)
        assert ([one.position for one in events], through) == ([4, 5], 5)


async def test_only_those_concerned_are_offered_an_event(feed: EventFeed) -> None:
    partner = new_id()
    async with (
        feed.listening(new_id(), SEEN) as own,
        feed.listening(new_id(), Sight(member_id=new_id(), partner_id=partner)) as firm,
        feed.listening(new_id(), Sight(sees_all=True)) as wide,
        feed.listening(new_id(), Sight(member_id=new_id())) as other,
    ):
        await tell(feed._database, [won(MEMBER, 1, minutes(0)), won(new_id(), 1, minutes(1), partner_id=partner)])
        assert await feed.step() == 2
        found = [[one.position for one in listener.take(0)] for listener in (own, firm, wide, other)]
    assert found == [[1], [2], [1, 2], []]
    assert not feed.wanted


async def test_another_epoch_is_noticed_at_the_next_look(feed: EventFeed) -> None:
    async with feed.listening(new_id(), SEEN) as listener:
        await feed._database.fetchval("UPDATE relay_state SET epoch = epoch + 1 RETURNING epoch")
        before = feed.epoch
        assert await feed.step() == 1
        assert feed.epoch == before + 1
        assert listener.woken.is_set()


def test_a_cursor_is_sealed_and_bound_to_its_principal_and_stream() -> None:
    seal, mine = CursorSeal(b"s" * 32), Stream(principal_id=new_id(), name="rewards")
    place = Position(epoch=7, value=2**60)
    text = seal.write(mine, place)
    assert seal.read(mine, text) == place
    assert text == seal.write(mine, place)
    assert text != seal.write(mine, Position(epoch=8, value=2**60))
    with pytest.raises(ForeignStream):
        seal.read(Stream(principal_id=mine.principal_id, name="board"), text)
    others = Stream(principal_id=new_id(), name="rewards")
    changed = [text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :] for at in range(len(text))]
    for stream, wrong in ((others, text), *((mine, one) for one in (*changed, "", "é" * 71, text + "=", text[:-1]))):
        with pytest.raises(NoCursor):
            seal.read(stream, wrong)
    with pytest.raises(NoCursor):
        CursorSeal(b"t" * 32).read(mine, text)
