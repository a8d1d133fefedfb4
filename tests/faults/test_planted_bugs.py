"""The checker of redemptions finds nothing where nothing is wrong, and finds bugs that were planted; all of them:
`python -m tests.long planted`.
"""

from collections.abc import AsyncIterator

import pytest

from domain.kernel.sql import Database
from tests.faults.planted_bugs import BUGS
from tests.faults.planted_round import played

QUICK = ("the key row is forgotten", "a recalled code is issued", "a send is not charged to its budget")
CONNECTIONS = 12


@pytest.fixture
async def opened(fresh_database: str) -> AsyncIterator[Database]:
    connected = await Database.open(fresh_database, connections_max=CONNECTIONS)
    yield connected
    await connected.close()


async def test_a_round_without_a_bug_is_clean(opened: Database) -> None:
    assert await played(opened) == []


@pytest.mark.parametrize("name", QUICK)
async def test_a_planted_bug_is_found(opened: Database, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (bug,) = (bug for bug in BUGS if bug.name == name)
    bug.plant(monkeypatch)
    assert await played(opened) != []
