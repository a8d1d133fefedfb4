"""Boards are created by operators, once per key and code."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from domain.access.principals import Actor, Role
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.refusals import AlreadyExists, NotAllowed
from domain.kernel.sql import Database
from leaderboards import listing
from leaderboards.defining import BOARDS_MAX, create_leaderboard
from leaderboards.metrics import Definition
from leaderboards.refusals import BoardNotUnderstood, TooManyBoards
from leaderboards.windows import Window, WindowKind
from tests.boards import REVENUE, minutes

ADMIN = Actor(principal_id=new_id(), role=Role.ADMIN)
WANTED = Definition(code="revenue", name={"en": "Revenue", "fr": "Chiffre d’affaires"}, metric=REVENUE)


@pytest.fixture
async def door(database: str) -> AsyncIterator[Door]:
    opened = await Database.open(database)
    yield Door(opened)
    await opened.close()


def key() -> Keyed:
    return Keyed(key=str(new_id()), request={"code": "any"})


async def test_a_board_is_created_once_per_key_and_its_event_is_told(door: Door) -> None:
    keyed = key()
    made = await create_leaderboard(door, ADMIN, keyed, WANTED)
    again = await create_leaderboard(door, ADMIN, keyed, WANTED)
    assert (again.replayed, again.facts) == (True, made.facts)
    assert [one.code for one in await listing.boards(door.database, ADMIN)] == ["revenue"]
    told = await door.database.fetch(
        "SELECT name FROM outbox WHERE aggregate_id::text = $1", made.facts["leaderboard_id"]
    )
    assert [row["name"] for row in told] == ["board.created"]
    with pytest.raises(AlreadyExists):
        await create_leaderboard(door, ADMIN, key(), WANTED)


async def test_a_board_of_a_program_has_its_one_season_from_the_start(door: Door) -> None:
    span = Window(starts_at=minutes(0), ends_at=minutes(60))
    wanted = replace(WANTED, code="race", window_kind=WindowKind.PROGRAM, program_id=new_id(), span=span)
    made = await create_leaderboard(door, ADMIN, key(), wanted)
    board = next(one for one in await listing.boards(door.database, ADMIN) if one.code == "race")
    assert str(board.id) == made.facts["leaderboard_id"]
    (seasons,) = await listing.seasons_of(door.database, [(ADMIN, board.id)])
    assert [(one.starts_at, one.ends_at) for one in seasons] == [(minutes(0), minutes(60))]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.PARTNER_ADMIN, Role.INTEGRATION, Role.ANONYMOUS])
async def test_only_operators_create_boards(door: Door, role: Role) -> None:
    with pytest.raises(NotAllowed):
        await create_leaderboard(door, Actor(principal_id=new_id(), role=role), key(), replace(WANTED, code="mine"))


async def test_a_unit_that_does_not_exist_is_refused(door: Door) -> None:
    with pytest.raises(BoardNotUnderstood):
        await create_leaderboard(door, ADMIN, key(), replace(WANTED, code="odd", metric={**REVENUE, "unit": "ODD"}))


async def test_there_are_at_most_two_hundred_boards(door: Door) -> None:
    await create_leaderboard(door, ADMIN, key(), replace(WANTED, code="model"))
    await door.database.fetch(
        """
        INSERT INTO leaderboard (id, code, name, metric, operator, scope, window_kind, zone, rank_display, visibility,
                                 folded_position, recorded_at, version)
        SELECT gen_random_uuid(), 'copy-' || n, name, metric, operator, scope, window_kind, zone, rank_display,
               visibility, 0, recorded_at, 1
        FROM leaderboard, generate_series(1, $1 - 1 - (SELECT count(*) FROM leaderboard)) AS n WHERE code = 'model'
        """,
        BOARDS_MAX,
    )
    await create_leaderboard(door, ADMIN, key(), replace(WANTED, code="the-last-one"))
    with pytest.raises(TooManyBoards):
        await create_leaderboard(door, ADMIN, key(), replace(WANTED, code="one-too-many"))
    assert len(await listing.boards(door.database, ADMIN)) == listing.PAGE_MAX
