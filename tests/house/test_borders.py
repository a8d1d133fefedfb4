"""Each library and dangerous act stays in its few files, and each border catches a planted crossing."""

from collections.abc import Sequence

import pytest

from tests.house.borders import BORDERS, Border
from tests.house.source import Source

PLANTED = (
    ("the environment", "import os\nhome = os.environ['HOME']\n", "api/settings.py"),
    ("the environment", "from os import getenv\n", "api/settings.py"),
    ("redis", "import redis.asyncio\n", "leaderboards/store.py"),
    ("redis", "from redis import Redis\n", "api/realtime.py"),
    ("strawberry and starlette", "import strawberry\n", "api/graph/boards.py"),
    ("strawberry and starlette", "from starlette.applications import Starlette\n", "api/http/server.py"),
    ("tortoise", "from tortoise import fields\n", "domain/ledger/tables.py"),
    ("tortoise", "from tortoise.models import Model\n", "domain/ledger/posting.py"),
    ("tortoise", "import tortoise\n", "migrations/0001_first.py"),
    ("asyncpg", "import asyncpg\n", "domain/kernel/sql.py"),
    ("a transaction", "from tortoise.transactions import in_transaction\n", "domain/kernel/operation.py"),
    ("a transaction", "async with connection.transaction():\n    pass\n", "domain/kernel/operation.py"),
    ("a transaction", "connection.execute('BEGIN')\n", "domain/kernel/operation.py"),
    ("a sleeping loop", "while True:\n    await asyncio.sleep(1)\n", "api/worker.py"),
    ("a sleeping loop", "for _ in range(3):\n    time.sleep(1)\n", "embedded/server.py"),
    ("print", "print('hello')\n", "api/cli.py"),
    ("print", "sys.stdout.write('hello')\n", "api/cli.py"),
    ("CEL", "from cel_expr_python import cel\n", "domain/kernel/expressions.py"),
    ("the embedded servers", "from embedded.supervisor import EmbeddedServers\n", "api/cli.py"),
)


@pytest.mark.parametrize("border", BORDERS, ids=lambda border: border.what)
def test_nobody_crosses_the_border(border: Border, sources: Sequence[Source]) -> None:
    assert "\n".join(str(found) for source in sources for found in border.crossed(source)) == ""


@pytest.mark.parametrize(("what", "text", "home"), PLANTED)
def test_a_planted_crossing_is_caught_and_its_home_is_free_to(what: str, text: str, home: str) -> None:
    (border,) = [border for border in BORDERS if border.what == what]
    assert list(border.crossed(Source(path="domain/ledger/transfers.py", text=text)))
    assert list(border.crossed(Source(path=home, text=text))) == []


@pytest.mark.parametrize("pure", ["domain/activities/mapping.py", "leaderboards/standing.py"])
def test_a_gerund_is_told_by_its_ending(pure: str) -> None:
    (border,) = [border for border in BORDERS if border.what == "tortoise"]
    assert list(border.crossed(Source(path=pure, text="import tortoise\n"))) == []


def test_every_border_has_a_planted_crossing() -> None:
    assert {what for what, _, _ in PLANTED} == {border.what for border in BORDERS}


def test_a_ledger_transaction_and_a_retry_are_not_mistaken() -> None:
    text = "posting.transaction(wallet, 5)\nreading.transaction(id=3)\nasync def f():\n    await sleep(1)\n"
    spared = Source(path="domain/ledger/posting.py", text=text)
    assert [str(found) for border in BORDERS for found in border.crossed(spared)] == []
