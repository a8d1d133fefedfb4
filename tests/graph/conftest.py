"""Toy servers shared by the tests of the face: one per profile and run."""

from collections.abc import Iterator

import pytest

from api.settings import Profile
from tests.graph.toy import HASHES, Toy, serving


@pytest.fixture(scope="session")
def development() -> Iterator[Toy]:
    """A server with every comfort."""
    with serving() as toy:
        yield toy


@pytest.fixture(scope="session")
def production() -> Iterator[Toy]:
    """A server that keeps every promise; two trusted documents."""
    with serving(profile=Profile.PRODUCTION, trusted=HASHES) as toy:
        yield toy
