"""LAWS.md tells the truth: every test, constraint, trigger and check that it names exists, and none is left out."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog.auditing import QUESTIONS as CODES
from catalog.redemptions.laws import QUESTIONS as REDEMPTIONS
from catalog.sends.laws import QUESTIONS as SENDS
from catalog.telling import QUESTIONS as TOLD
from domain.kernel.sql import Database
from domain.ledger.laws import QUESTIONS

ROOT = Path(__file__).parents[2]
CODES_OF_LAWS = "L1 L2 L3 L4 L5 L6 L7 L8 C1 C2 C3 C4 C5 E1 E2 B1 B2 S1 P1 P2 A1"
LAWS = frozenset(CODES_OF_LAWS.split())
AUDITED = frozenset(law for law in LAWS if law[0] in "LCEB")
HEADING = re.compile(r"^## ([A-Z]\d) ", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
CONSTRAINT = re.compile(r"`([a-z]\d_\w+)`")
CODE = re.compile(r"`(\w+)`")
FILE = re.compile(r"`((?:domain|leaderboards|catalog|api)/[\w/]+\.\w+)`")
AUDITORS = ("domain/ledger/laws.py", "domain/ledger/auditing.py", "leaderboards/auditing.py")

NAMES = """
SELECT conname AS name FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
UNION SELECT indexname FROM pg_indexes WHERE schemaname = 'public'
"""
OF_A_LAW = re.compile(r"[lebc]\d_\w+")


@dataclass(frozen=True, kw_only=True)
class Law:
    """One section of the page: what enforces the law, its tests, and the checks of the audit."""

    tests: frozenset[tuple[str, str]]
    constraints: frozenset[str]
    checks: frozenset[str]


def laws_in(page: str) -> Mapping[str, Law]:
    """Every section headed by a law."""
    parts = HEADING.split(page)
    return {
        code: Law(
            tests=frozenset(TEST.findall(body)),
            constraints=frozenset(CONSTRAINT.findall(_line(body, "Enforced"))),
            checks=frozenset(CODE.findall(_line(body, "Audit"))),
        )
        for code, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def _line(body: str, name: str) -> str:
    found = re.search(rf"^- {name}: (.*?)(?=^- |^#|\Z)", body, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def untested(page: str, tests: Mapping[str, frozenset[str]]) -> list[str]:
    """Laws without a test, and tests that do not exist."""
    found = [code for code, law in laws_in(page).items() if not law.tests]
    for law in laws_in(page).values():
        found += [f"{path}::{name}" for path, name in law.tests if name not in tests.get(path, frozenset())]
    return sorted(found)


def unlike_the_database(page: str, names: frozenset[str]) -> list[str]:
    """Constraints of laws that only the page or only the database has."""
    stated = frozenset(name for law in laws_in(page).values() for name in law.constraints)
    return sorted(stated ^ frozenset(name for name in names if OF_A_LAW.fullmatch(name)))


def collected_tests() -> Mapping[str, frozenset[str]]:
    """Test names by file, by syntax alone."""
    return {
        path.relative_to(ROOT).as_posix(): frozenset(
            node.name
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        )
        for path in (ROOT / "tests").rglob("test_*.py")
    }


def spoken_checks() -> Iterator[str]:
    """The names of the audit's checks: those of the ledger's questions, and every name an auditor gives an answer."""
    for questions in (*QUESTIONS.values(), *CODES.values(), *REDEMPTIONS.values(), *SENDS.values(), *TOLD.values()):
        yield from questions
    for path in AUDITORS:
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_check", "Tally"):
                given = [*node.args, *(word.value for word in node.keywords)]
                yield from (one.value for one in given if isinstance(one, ast.Constant) and "_" in str(one.value))


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "LAWS.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
async def names(database: str) -> frozenset[str]:
    connected = await Database.open(database, connections_max=1)
    found = frozenset(row["name"] for row in await connected.fetch(NAMES))
    await connected.close()
    return found


def test_every_law_of_today_has_its_section(page: str) -> None:
    assert laws_in(page).keys() == LAWS


def test_every_law_names_a_test_that_exists(page: str) -> None:
    assert untested(page, collected_tests()) == []


def test_every_constraint_of_a_law_is_named_and_every_named_one_exists(page: str, names: frozenset[str]) -> None:
    assert unlike_the_database(page, names) == []


def test_every_check_of_the_audit_is_named_and_every_named_one_exists(page: str) -> None:
    laws = laws_in(page)
    assert {code for code, law in laws.items() if law.checks} == AUDITED
    assert frozenset(name for law in laws.values() for name in law.checks) == frozenset(spoken_checks())
    for code, questions in (*QUESTIONS.items(), *CODES.items(), *REDEMPTIONS.items(), *SENDS.items()):
        assert questions.keys() <= laws[code].checks


def test_every_file_that_is_named_exists(page: str) -> None:
    assert [name for name in FILE.findall(page) if not (ROOT / name).is_file()] == []


def test_a_law_without_a_test_and_a_constraint_that_is_unknown_or_unsaid_are_caught() -> None:
    planted = "## L1 A\n\n- Enforced: `l1_planted`;\n  `l1_known`\n- Tests: `tests/a.py::test_gone`\n\n## L2 B\n\nNo.\n"
    assert untested(planted, {"tests/a.py": frozenset({"test_here"})}) == ["L2", "tests/a.py::test_gone"]
    assert unlike_the_database(planted, frozenset({"l1_known", "l3_unsaid", "wallet_kind"})) == [
        "l1_planted",
        "l3_unsaid",
    ]
