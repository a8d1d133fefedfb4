"""The fold from stamped events into contributions and standings."""

from collections.abc import AsyncIterator

import pytest

from domain.kernel.ids import new_id
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from tests.boards import board, corrected, fold_all, members, minutes, reversed_, season_of, standings, tell, won


@pytest.fixture
async def door(database: str) -> AsyncIterator[Door]:
    opened = await Database.open(database)
    yield Door(opened)
    await opened.close()


async def test_a_deal_stands_on_the_board_and_a_second_adds_to_it(door: Door) -> None:
    ann, bob = await members(door.database, 2)
    board_id = await board(door, "sums")
    await tell(door.database, [won(ann, 100, minutes(1)), won(bob, 150, minutes(2)), won(ann, 70, minutes(3))])
    await fold_all(door)
    season_id = await season_of(door.database, board_id)
    assert await standings(door.database, season_id) == [
        (ann, 170, minutes(3), 2),
        (bob, 150, minutes(2), 1),
    ]


async def test_a_correction_moves_a_contribution_to_another_member_and_a_reversal_takes_it_away(door: Door) -> None:
    ann, bob = await members(door.database, 2)
    board_id = await board(door, "moves")
    deal, other = new_id(), new_id()
    await tell(door.database, [won(ann, 100, minutes(1), activity_id=deal), won(bob, 5, minutes(2), activity_id=other)])
    await fold_all(door)
    season_id = await season_of(door.database, board_id)
    mine = [row for row in await standings(door.database, season_id) if row[0] in (ann, bob)]
    assert mine == [(ann, 100, minutes(1), 1), (bob, 5, minutes(2), 1)]
    await tell(door.database, [corrected(deal, bob, 80, minutes(1)), reversed_(other, bob, 5, minutes(2))])
    await fold_all(door)
    mine = [row for row in await standings(door.database, season_id) if row[0] in (ann, bob)]
    assert mine == [(bob, 80, minutes(1), 1)]
