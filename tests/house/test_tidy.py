"""Every file is tidy, and each rule about tidiness catches a planted violation and spares its honest neighbour."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.house import tidy
from tests.house.dead import dead_files, started_modules
from tests.house.source import Source

ROOT = Path(__file__).parents[2]

PLANTED = (
    (tidy.long_files, '"""Says."""\n' * 401),
    (tidy.long_functions, "def f() -> None:\n" + "    pass\n" * 70),
    (tidy.long_functions, "@decorated\n@again\nasync def f() -> None:\n" + "    pass\n" * 68),
    (tidy.hidden_imports, "def f() -> None:\n    import os\n"),
    (tidy.hidden_imports, "async def f() -> None:\n    if True:\n        from a import b\n"),
    (tidy.module_state, "cache = {}\n"),
    (tidy.module_state, "seen: set[int] = set()\n"),
    (tidy.module_state, "if True:\n    names = [n for n in range(3)]\n"),
    (tidy.module_state, "import collections\nwaiting = collections.deque(maxlen=3)\n"),
    (tidy.module_state, "total = 0\ndef f() -> None:\n    global total\n    total = 1\n"),
    (tidy.module_state, "import functools\n@functools.lru_cache(maxsize=2)\ndef f() -> int: ...\n"),
    (tidy.naive_times, "now = datetime.now()\n"),
    (tidy.naive_times, "now = datetime.utcnow()\n"),
    (tidy.naive_times, "now = dt.datetime.fromtimestamp(0)\n"),
    (tidy.naive_times, "day = datetime(2026, 1, 1)\n"),
    (tidy.naive_times, "today = date.today()\n"),
    (tidy.naive_times, "bare = now.replace(tzinfo=None)\n"),
    (tidy.unexplained_ignores, "x = 1  # type: " + "ignore\n"),
    (tidy.unexplained_ignores, "x = 1  # no" + "qa: E501\n"),
    (tidy.unexplained_ignores, "x = 1  # no" + "qa because the line is long\n"),
    (tidy.unexplained_ignores, "x = 1  # pyright: " + "ignore[reportAny] ok\n"),
    (tidy.unexplained_ignores, "# pyright: " + "basic\n"),
    (tidy.vague_names, "class OrderManager: ...\n"),
    (tidy.vague_names, "class PointsHelper: ...\n"),
    (tidy.missing_openings, "import os\n"),
    (tidy.missing_openings, '"""points"""\n'),
)

HONEST = (
    (tidy.long_files, '"""Says."""\n' * 400),
    (tidy.long_functions, "def f() -> None:\n" + "    pass\n" * 69),
    (
        tidy.module_state,
        "__all__ = ['a']\nLIMITS = MappingProxyType({'a': 1})\nNAMES = frozenset({'a'})\nPAIR = (1, 2)\n",
    ),
    (tidy.module_state, "NAMES: Mapping[str, str] = {'a': 'b'}\nORDER: Sequence[int] = [1, 2]\n"),
    (tidy.module_state, "def f() -> list[int]:\n    found = []\n    return found\n"),
    (tidy.naive_times, "now = datetime.now(UTC)\nday = datetime(2026, 1, 1, tzinfo=UTC)\n"),
    (tidy.unexplained_ignores, "x = 1  # no" + "qa: E501 (the address cannot be split)\n"),
    (tidy.vague_names, "class AccountManager: ...\nclass Manages: ...\n"),
    (tidy.missing_openings, '"""Says what is true."""\n'),
    (tidy.missing_openings, ""),
)


@pytest.mark.parametrize("rule", tidy.RULES)
def test_every_file_keeps_the_rule(rule: object, sources: Sequence[Source]) -> None:
    assert callable(rule)
    assert "\n".join(str(found) for source in sources for found in rule(source)) == ""


@pytest.mark.parametrize(("rule", "text"), PLANTED)
def test_a_planted_violation_is_caught(rule: object, text: str) -> None:
    assert callable(rule)
    assert list(rule(Source(path="domain/planted.py", text=text)))


@pytest.mark.parametrize(("rule", "text"), HONEST)
def test_an_honest_file_is_spared(rule: object, text: str) -> None:
    assert callable(rule)
    assert list(rule(Source(path="domain/honest.py", text=text))) == []


@pytest.mark.parametrize("path", ["api/utils.py", "domain/helpers/points.py", "api/session_manager.py"])
def test_a_path_with_a_vague_name_is_caught(path: str) -> None:
    assert list(tidy.vague_names(Source(path=path, text="")))


def test_a_table_of_cases_may_be_a_list_in_a_test_only() -> None:
    for path, found in (("tests/rules/test_x.py", 0), ("domain/x.py", 1)):
        assert len(list(tidy.module_state(Source(path=path, text="CASES = [1, 2]\n")))) == found


def test_a_migration_is_as_long_as_its_change() -> None:
    assert list(tidy.long_files(Source(path="migrations/0001_initial.py", text="\n" * 500))) == []
    assert list(tidy.long_files(Source(path="migrations/apply.py", text="\n" * 500)))


def test_every_rule_has_a_planted_violation() -> None:
    assert {rule for rule, _ in PLANTED} == set(tidy.RULES)


def test_no_file_is_dead(sources: Sequence[Source]) -> None:
    started = started_modules(*((ROOT / name).read_text() for name in ("Makefile", "pyproject.toml")))
    assert "\n".join(map(str, dead_files(sources, started))) == ""


def test_a_file_nobody_imports_is_caught_and_one_that_is_named_is_spared() -> None:
    planted = [
        Source(path="domain/dead.py", text="from domain import alive\nimport domain.dead\n"),
        Source(path="domain/alive.py", text=""),
        Source(path="domain/tables.py", text=""),
        Source(path="api/cli.py", text="MODELS = ('domain.tables',)\n"),
        Source(path="tests/test_x.py", text=""),
        Source(path="migrations/0001_first.py", text=""),
    ]
    started = started_modules('guerdon = "api.cli:main"')
    assert [found.path for found in dead_files(planted, started)] == ["domain/dead.py"]
