"""The locks say the same as the project file, and the container's lock leaves out what it does not run."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+)", re.MULTILINE)
LOCKS = ("requirements.lock", "requirements-run.lock")


def pinned(text: str) -> dict[str, str]:
    """The version of every package that a lock names."""
    return dict(PINNED.findall(text))


def unhashed(text: str) -> list[str]:
    """Packages of a lock that pip would take without knowing their content."""
    entries = text.replace("\\\n", " ").splitlines()
    return [entry.split()[0] for entry in entries if PINNED.match(entry) and "--hash=sha256:" not in entry]


def named(requirements: list[str]) -> set[str]:
    return {re.match(r"[A-Za-z0-9-]+", requirement)[0].lower() for requirement in requirements}


@pytest.fixture(scope="module")
def project() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_every_dependency_is_locked(project: dict[str, dict[str, list[str]]]) -> None:
    run = named(list(project["dependencies"]))
    extras = {name for extra in project["optional-dependencies"].values() for name in named(extra)}
    full, small = (pinned((ROOT / name).read_text()) for name in LOCKS)
    assert run | extras <= set(full)
    assert run <= set(small)
    assert not (extras - run) & set(small)


def test_both_locks_agree_on_every_version() -> None:
    full, small = (pinned((ROOT / name).read_text()) for name in LOCKS)
    assert small.items() <= full.items()


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_hash(name: str) -> None:
    assert unhashed((ROOT / name).read_text()) == []


def test_a_package_without_a_hash_is_caught() -> None:
    assert unhashed("a==1 \\\n    --hash=sha256:00\nb==2 ; python_version < '4'\n") == ["b==2"]


def test_every_file_the_container_copies_exists_and_is_let_in() -> None:
    copied = re.findall(r"^COPY (\S+) \.$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_in = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert "requirements-run.lock" in copied
    assert set(copied) - {"."} <= set(let_in)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(packages["packages"]) <= set(let_in)
