"""Every story is told to an empty book, because stories move its clock."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.stories.teller import Teller, told


@pytest.fixture
async def teller(fresh_database: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Teller]:
    async with told(fresh_database, valkey_url, tmp_path) as teller:
        yield teller
