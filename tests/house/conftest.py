"""The sources of the checkout, read and parsed once for all house tests."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.house.source import Source, read_sources


@pytest.fixture(scope="session")
def sources() -> Sequence[Source]:
    """Every Python file of the checkout."""
    return read_sources(Path(__file__).parents[2])
