"""The arrows of the house hold, every room has its place, and a planted import uphill is caught."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import ROOMS, tracked_files

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / ".importlinter"
LINT = Path(sys.executable).with_name("lint-imports")

UPHILL = (
    ("domain/kernel/points.py", "import domain.ledger"),
    ("domain/activities/revision.py", "from domain.programs import terms"),
    ("domain/programs/terms.py", "import domain.activities"),
    ("domain/partners/facts.py", "import domain.earning"),
    ("domain/ledger/posting.py", "import api.refusals"),
    ("domain/ledger/posting.py", "import leaderboards"),
    ("leaderboards/boards.py", "import catalog"),
    ("catalog/offers.py", "import leaderboards"),
    ("leaderboards/boards.py", "import migrations"),
    ("api/settings.py", "import api.logs"),
    ("api/graph/boards.py", "import api.http"),
    ("api/plan/reads.py", "import api.graph"),
    ("api/elsewhere.py", ""),
    ("domain/elsewhere.py", ""),
    ("embedded/server.py", "import domain"),
    ("embedded/server.py", "import redis"),
    ("migrations/m0001.py", "import domain.ledger"),
)


def test_the_arrows_hold(tmp_path: Path) -> None:
    for name in tracked_files(ROOT):
        if name.endswith(".py") and name.split("/")[0] in ROOMS:
            _write(tmp_path / name, (ROOT / name).read_text())
    _write_contracts(tmp_path)
    done = _lint(tmp_path)
    assert done.returncode == 0, done.stdout


def test_every_room_on_disk_is_in_the_contracts() -> None:
    rooms = {name.split("/")[0] for name in tracked_files(ROOT) if name.endswith(".py")} - {
        "tests",
        "benchmarks",
        "docs",
    }
    assert rooms <= set(ROOMS)
    assert set(_contracts()["importlinter"]["root_packages"].split()) == set(ROOMS)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty house in which every room of the contracts exists."""
    house = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        _write(house / room / "__init__.py", "")
    for section in _contracts().values():
        container = section.get("containers", "").strip()
        for layer in re.findall(r"\w+", section.get("layers", "")) if container else ():
            _write(house / container / layer / "__init__.py", "")
    _write_contracts(house)
    return house


def test_a_house_without_imports_keeps_every_contract(house: Path) -> None:
    done = _lint(house)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(("path", "text"), UPHILL)
def test_an_import_uphill_is_caught(house: Path, tmp_path: Path, path: str, text: str) -> None:
    planted = tmp_path / "house"
    shutil.copytree(house, planted)
    _write(planted / path, text + "\n")
    for name in re.findall(r"from ([\w.]+) import (\w+)", text):
        _write(planted / "/".join(name[0].split(".")) / f"{name[1]}.py", "")
    done = _lint(planted)
    assert done.returncode == 1, done.stdout
    assert "broken" in done.stdout or "Missing" in done.stdout


def _contracts() -> configparser.ConfigParser:
    contracts = configparser.ConfigParser()
    contracts.read(CONTRACTS)
    return contracts


def _write_contracts(house: Path) -> None:
    """The contracts, less the rooms that are not built yet."""
    contracts = _contracts()
    built = {room for room in ROOMS if (house / room).is_dir()}
    for section in contracts.values():
        for key in ("root_packages", "source_modules", "forbidden_modules"):
            if key in section:
                kept = [room for room in section[key].split() if room not in ROOMS or room in built]
                section[key] = "\n" + "\n".join(kept)
        if "layers" in section and "containers" not in section:
            layers = [re.findall(r"\w+", layer) for layer in section["layers"].splitlines()]
            kept = [" | ".join(room for room in layer if room in built) for layer in layers]
            section["layers"] = "\n" + "\n".join(layer for layer in kept if layer)
    for name in contracts.sections():
        container = contracts[name].get("containers", "").strip()
        emptied = any(
            not contracts[name].get(key, "kept").strip() for key in ("source_modules", "forbidden_modules", "layers")
        )
        if emptied or (container and container not in built):
            contracts.remove_section(name)
    with (house / ".importlinter").open("w") as file:
        contracts.write(file)


def _lint(house: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([LINT, "--no-cache"], cwd=house, capture_output=True, text=True, check=False, timeout=60)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
