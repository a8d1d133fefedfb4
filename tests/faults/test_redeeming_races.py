"""Many members want the last of something, in two processes at once: it is won as often as it is there."""

from collections.abc import AsyncIterator

import pytest

from domain.kernel.sql import Database
from tests.faults.buyers import WON
from tests.faults.last_code import MEMBERS, crowded_shop, judged, play, scarce
from tests.shop import Shop

ROUNDS = 20
OVERLAP_MIN = 8


@pytest.fixture(scope="module")
async def shop(database: str) -> AsyncIterator[Shop]:
    opened = await Database.open(database, connections_max=4)
    yield await crowded_shop(opened)
    await opened.close()


@pytest.mark.timeout(600)
async def test_the_last_of_it_is_won_once_however_many_want_it(shop: Shop) -> None:
    offered = [await scarce(shop, number) for number in range(ROUNDS)]
    offered += [await scarce(shop, ROUNDS, by_codes=False), await scarce(shop, ROUNDS + 1, 7)]
    played = await play(shop, offered)
    print(played)
    assert played.wrong == []
    assert (played.winners, played.deadlocks) == (ROUNDS + 1 + 7, 0)
    assert played.overlap >= OVERLAP_MIN


def test_a_round_that_is_won_twice_or_by_nobody_is_told() -> None:
    lost = ["CANNOT_REDEEM"] * (MEMBERS - 2)
    assert judged([WON, "CANNOT_REDEEM", *lost], 1, ["ORDERED"], 0) == []
    assert len(judged([WON, WON, *lost], 1, ["ORDERED"] * 2, 0)) == 2
    assert len(judged(["CANNOT_REDEEM"] * MEMBERS, 1, [], 1)) == 3
    assert len(judged([WON, "TRIED_TOO_OFTEN", *lost], 1, ["ORDERED"], 0)) == 1
