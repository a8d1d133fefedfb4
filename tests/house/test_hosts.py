"""Nothing that is committed names a package registry or a place on one machine."""

import re
from pathlib import Path

import pytest

from tests.house.source import tracked_files

ROOT = Path(__file__).parents[2]
LOCKS = re.compile(r"(.*/)?(.*\.lock|.*-lock\.json|.*\.lock\.toml|\.npmrc|pip\.conf)")
HOST = re.compile(r"https?://|git\+|file:|--(index-url|extra-index-url|find-links|trusted-host)|\"resolved\"")
# Home folders and the like; /tmp, /opt and /var belong to every machine.
MACHINE_PATH = re.compile(r"(?<![\w.*$)}~])/(?:home|Users|root|work|workspace|mnt)/[\w./-]+")
TEXT_BYTES_MAX = 2_000_000


def hosts_in_lock(text: str) -> list[str]:
    """The lines of a lock file that name a host or another source."""
    return [line.strip() for line in text.splitlines() if HOST.search(line)]


def machine_paths(text: str) -> list[str]:
    """Absolute paths that exist on one machine only."""
    return MACHINE_PATH.findall(text)


def test_no_lock_file_names_a_host() -> None:
    locks = [name for name in tracked_files(ROOT) if LOCKS.fullmatch(name)]
    assert "requirements.lock" in locks
    assert {name: found for name in locks if (found := hosts_in_lock((ROOT / name).read_text()))} == {}


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    found = {
        name: paths
        for name in tracked_files(ROOT)
        if (ROOT / name).stat().st_size <= TEXT_BYTES_MAX
        and name != "tests/house/test_hosts.py"
        and (paths := machine_paths((ROOT / name).read_bytes().decode(errors="ignore")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://registry.example/simple",
        "a==1 @ file:///wheels/a.whl",
        '"resolved": "https://registry.example/a.tgz"',
    ],
)
def test_a_host_in_a_lock_is_caught(line: str) -> None:
    assert hosts_in_lock(f"a==1 \\\n{line}\n") == [line]


@pytest.mark.parametrize("path", ["/home/ann/guerdon", "/workspace/ann", "/Users/ann", "/root/.cache"])
def test_a_path_of_one_machine_is_caught(path: str) -> None:
    assert machine_paths(f"cd {path} && make") == [path]


@pytest.mark.parametrize("text", ["https://example.org/home/page", "/tmp/x", "GET /ready", "~/home/x", "$HOME/x"])
def test_an_address_or_shared_path_is_spared(text: str) -> None:
    assert machine_paths(text) == []
