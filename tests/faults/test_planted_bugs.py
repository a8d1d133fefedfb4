"""The checker of redemptions finds nothing where nothing is wrong, and finds bugs that were planted."""

from tests.faults.planted_round import played
from domain.kernel.sql import Database


async def test_a_round_without_a_bug_is_clean(fresh_database: str) -> None:
    opened = await Database.open(fresh_database, connections_max=12)
    try:
        assert await played(opened) == []
    finally:
        await opened.close()
