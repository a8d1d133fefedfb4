"""Every edge case of a program type that the shop answers has its test; what is missing or unknown is caught."""

import ast
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "stories" / "edge_cases.toml"
# R19's seasons and R21's messages have issues of their own; the others come next.
NOT_TOLD_YET = frozenset(("R3", "R13", "R14", "R16", "R19", "R20", "R21", "R24", "R29"))
ROWS = frozenset(f"R{number}" for number in range(1, 30)) - NOT_TOLD_YET


def stories_told() -> frozenset[str]:
    """Every test of the stories, as pytest names it."""
    return frozenset(
        f"{path.relative_to(ROOT).as_posix()}::{node.name}"
        for path in (ROOT / "tests" / "stories").glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and node.name.startswith("test_")
    )


def wrong_with(rows: Mapping[str, Any], tests: Collection[str]) -> list[str]:
    """What is missing: a row, a case without test, a test that does not exist, one without a case, a planted bug."""
    found = [f"{row}: has no table" for row in sorted(ROWS - rows.keys())]
    named = set[str]()
    for row, told in rows.items():
        cases = told.get("cases", [])
        if [case.strip() for case in told["edge_cases"].split(";")] != [case["words"] for case in cases]:
            found.append(f"{row}: its cases are not those of its edge_cases, in order")
        if len({case["id"] for case in cases}) != len(cases):
            found.append(f"{row}: an id is given twice")
        if not any(test.endswith("_is_caught") for test in told.get("planted", [])):
            found.append(f"{row}: has no planted bug")
        if not any(test.startswith(f"tests/stories/test_{row.lower()}.py::") for test in tests):
            found.append(f"{row}: has no story")
        wanted = [*(test for case in cases for test in case.get("tests", [None])), *told.get("planted", [])]
        found += [f"{row}: {test} does not exist" for test in wanted if test not in tests]
        named |= set(wanted)
    return found + [f"{test} is no case of any row" for test in sorted(set(tests) - named)]


@pytest.fixture(scope="module")
def rows() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def test_every_edge_case_has_its_test(rows: dict[str, Any]) -> None:
    assert wrong_with(rows, stories_told()) == []


def test_what_is_missing_is_caught(rows: dict[str, Any]) -> None:
    tests = stories_told()
    gone = rows["R9"]["cases"][0]["tests"][0]
    assert wrong_with(rows, tests - {gone}) == [f"R9: {gone} does not exist"]
    more = "tests/stories/test_r9.py::test_of_nothing"
    assert wrong_with(rows, tests | {more}) == [f"{more} is no case of any row"]
    assert "R9: has no table" in wrong_with({row: told for row, told in rows.items() if row != "R9"}, tests)
    short = rows | {"R9": rows["R9"] | {"cases": rows["R9"]["cases"][1:]}}
    assert "R9: its cases are not those of its edge_cases, in order" in wrong_with(short, tests)
    unplanted = rows | {"R9": rows["R9"] | {"planted": []}}
    assert "R9: has no planted bug" in wrong_with(unplanted, tests)
    storyless = frozenset(test for test in tests if not test.startswith("tests/stories/test_r9.py::"))
    assert "R9: has no story" in wrong_with(rows, storyless)
    untested = rows | {"R9": rows["R9"] | {"cases": [{"id": "a", "words": rows["R9"]["edge_cases"]}]}}
    assert any("None does not exist" in said for said in wrong_with(untested, tests))
