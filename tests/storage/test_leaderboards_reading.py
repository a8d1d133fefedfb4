"""Boards are read from the index and from PostgreSQL with the same answers."""

import random
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from domain.access.principals import ANONYMOUS, Actor, Role
from domain.kernel.ids import new_id
from domain.kernel.operation import Door
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import Database
from leaderboards import listing, reading, reasoning
from leaderboards.boards import RankDisplay
from leaderboards.rebuilding import heal, rebuild_index
from leaderboards.standings import Place, ranked
from leaderboards.store import Store
from leaderboards.views import AnswerSource
from tests.boards import board, fold_all, members, minutes, season_of, standings, tell, won

ADMIN = Actor(principal_id=new_id(), role=Role.ADMIN)


@pytest.fixture
async def door(database: str) -> AsyncIterator[Door]:
    opened = await Database.open(database)
    yield Door(opened)
    await opened.close()


@pytest.fixture
async def store(valkey_url: str) -> AsyncIterator[Store]:
    opened = Store.open(valkey_url, timeout_ms=1_000)
    yield opened
    await opened.close()


async def tied_board(door: Door, store: Store | None, code: str, display: RankDisplay, count: int = 60) -> UUID:
    """A board with planted ties: few scores, few instants, many members."""
    ids = await members(door.database, count)
    board_id = await board(door, code, rank_display=display.value)
    dice = random.Random(7)
    await tell(door.database, [won(one, dice.choice((10, 20, 30)), minutes(dice.choice((1, 2)))) for one in ids])
    await fold_all(door, store)
    return await season_of(door.database, board_id)


@pytest.mark.parametrize("display", list(RankDisplay))
async def test_index_and_sql_agree_on_every_line_with_planted_ties(
    door: Door, store: Store, display: RankDisplay
) -> None:
    season_id = await tied_board(door, store, f"ties-{display.value.lower()}", display)
    season = await reading.season(door.database, ADMIN, season_id)
    places = [
        Place(subject_id=one, score=score, reached_at=at)
        for one, score, at, _ in await standings(door.database, season_id)
    ]
    model = ranked(places, display)
    assert any(entry.tied_with for entry in model) == (display is RankDisplay.COMPETITION)
    for index, source in ((store, AnswerSource.INDEX), (None, AnswerSource.LEDGER)):
        lines, after = [], None
        while True:
            page = await reading.page(door.database, index, ADMIN, season, first=7, after=after)
            assert page.source is source or after is not None
            lines += page.entries
            if (after := page.next) is None:
                break
        assert lines == model
        asked = [reading.RankAsked(actor=ADMIN, season=season, subject_id=entry.subject_id) for entry in model]
        for few in (asked[:5], asked):
            answers = await reading.ranks(door.database, index, few)
            assert [one and one.entry for one in answers] == model[: len(few)]
            assert {one.source for one in answers if one} == {source}
        for at in (0, 1, 30, len(model) - 1):
            around = await reading.around(door.database, index, ADMIN, season, model[at].subject_id, k=4)
            assert list(around.entries) == model[max(0, at - 4) : at + 5]


async def test_a_second_page_shows_the_state_of_the_first_and_says_that_the_board_moved_on(
    door: Door, store: Store
) -> None:
    season_id = await tied_board(door, store, "pinned", RankDisplay.COMPETITION)
    season = await reading.season(door.database, ADMIN, season_id)
    whole = await reading.page(door.database, store, ADMIN, season, first=100)
    first = await reading.page(door.database, store, ADMIN, season, first=20)
    last = whole.entries[-1].subject_id
    newcomer = (await members(door.database, 1))[0]
    await tell(door.database, [won(last, 1_000, minutes(9)), won(newcomer, 500, minutes(9))])
    await fold_all(door, store)
    second = await reading.page(door.database, store, ADMIN, season, first=80, after=first.next)
    assert second.stale
    assert second.source is AnswerSource.LEDGER
    assert second.version.seq == first.version.seq
    assert [*first.entries, *second.entries] == list(whole.entries)
    now = await reading.page(door.database, store, ADMIN, season, first=2)
    assert [entry.subject_id for entry in now.entries] == [last, newcomer]
    assert not now.stale


async def test_the_board_as_of_an_instant_is_the_one_known_then(door: Door) -> None:
    season_id = await tied_board(door, None, "as-of", RankDisplay.ORDINAL)
    season = await reading.season(door.database, ADMIN, season_id)
    then = await door.database.fetchval("SELECT guerdon_now()")
    before = await reading.page(door.database, None, ADMIN, season, first=10)
    await tell(door.database, [won(before.entries[5].subject_id, 1_000, minutes(9))])
    await fold_all(door)
    known = await reading.page_as_of(door.database, ADMIN, season, then, first=10)
    assert list(known.entries) == list(before.entries)
    assert known.stale
    assert known.as_of_position == before.as_of_position
    earlier = await reading.page_as_of(door.database, ADMIN, season, minutes(-10_000_000))
    assert list(earlier.entries) == []


async def test_a_rank_comes_with_the_contributions_behind_it_for_those_who_may_see_them(door: Door) -> None:
    ann, bob = await members(door.database, 2)
    board_id = await board(door, "best", operator="BEST")
    deals = [won(ann, 10_000, minutes(3)), won(ann, 10_000, minutes(1)), won(ann, 40, minutes(2))]
    await tell(door.database, [*deals, won(bob, 5, minutes(1))])
    await fold_all(door)
    season = await reading.season(door.database, ADMIN, await season_of(door.database, board_id))
    own = Actor(principal_id=new_id(), role=Role.MEMBER, member_id=ann)
    mine = await reading.my_rank(door.database, None, own, season)
    assert mine is not None
    assert mine.entry is not None
    assert (mine.entry.rank, mine.entry.score, mine.entry.reached_at) == (1, 10_000, minutes(1))
    asked = [(own, season.id, ann), (own, season.id, bob), (ADMIN, season.id, bob)]
    hers, his, operators = await reasoning.reasons(door.database, asked)
    assert hers is not None
    assert [(one.value, one.in_score) for one in hers.reasons] == [(10_000, False), (40, False), (10_000, True)]
    assert {one.origin_id for one in hers.reasons} == {deal.aggregate_id for deal in deals}
    assert his is None
    assert operators is not None
    assert operators.total == 1


async def test_a_board_of_members_does_not_exist_for_strangers_and_a_public_one_does(door: Door) -> None:
    await board(door, "hidden")
    public = await board(door, "shown", visibility="PUBLIC")
    codes = [one.code for one in await listing.boards(door.database, ANONYMOUS)]
    assert codes == ["shown"]
    assert "hidden" in [one.code for one in await listing.boards(door.database, ADMIN)]
    ann = (await members(door.database, 1))[0]
    await tell(door.database, [won(ann, 1, minutes(1))])
    await fold_all(door)
    season_id = await season_of(door.database, public)
    assert (await reading.season(door.database, ANONYMOUS, season_id)).board.code == "shown"
    assert (await listing.season_at(door.database, ANONYMOUS, public)).id == season_id
    hidden = await door.database.fetchval(
        "SELECT s.id FROM season s JOIN leaderboard b ON b.id = s.leaderboard_id WHERE b.code = 'hidden'"
    )
    with pytest.raises(NotFound):
        await reading.season(door.database, ANONYMOUS, hidden)


@pytest.mark.parametrize("first", [0, 101])
async def test_a_page_has_one_to_a_hundred_lines(door: Door, first: int) -> None:
    season_id = await tied_board(door, None, f"limits-{first}", RankDisplay.ORDINAL, count=1)
    season = await reading.season(door.database, ADMIN, season_id)
    with pytest.raises(InvalidInput):
        await reading.page(door.database, None, ADMIN, season, first=first)
    with pytest.raises(InvalidInput):
        await reading.around(door.database, None, ADMIN, season, new_id(), k=26)
    asked = [reading.RankAsked(actor=ADMIN, season=season, subject_id=new_id())] * (reading.RANKS_MAX + 1)
    with pytest.raises(InvalidInput):
        await reading.ranks(door.database, None, asked)
    assert await reading.ranks(door.database, None, asked[:-1])


async def test_healing_an_empty_index_brings_every_season_back(door: Door, store: Store) -> None:
    season_id = await tied_board(door, None, "healed", RankDisplay.ORDINAL)
    season = await reading.season(door.database, ADMIN, season_id)
    missing = await reading.page(door.database, store, ADMIN, season)
    assert missing.source is AnswerSource.LEDGER
    healed = await heal(door.database, door.failpoints, store)
    assert healed.rebuilt >= 1
    again = await reading.page(door.database, store, ADMIN, season)
    assert again.source is AnswerSource.INDEX
    assert again.entries == missing.entries
    assert (again.version.seq, again.as_of_position) == (missing.version.seq, missing.as_of_position)
    assert (await heal(door.database, door.failpoints, store)).rebuilt == 0
    version = await rebuild_index(door.database, door.failpoints, store, season_id)
    assert version.generation > again.version.generation
    assert (await reading.page(door.database, store, ADMIN, season)).entries == missing.entries
