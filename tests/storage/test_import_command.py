"""The command `guerdon import`, driven as its guide drives it: every block of the page runs and is right."""

import asyncio
import csv
import os
import re
import stat
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from api import commands
from domain.kernel.sql import Database

ROOT = Path(__file__).parents[2]
EXPORT = ROOT / "tests" / "data" / "crm_dirty" / "sales_pipeline.csv"
GUIDE = ROOT / "docs" / "guides" / "import.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a script ended and what it said."""

    code: int
    said: str
    trouble: str


def environment(database_url: str, valkey_url: str, home: Path) -> Mapping[str, str]:
    """Servers of the test, a home and temporary folder of its own, and a `guerdon` that is this checkout's."""
    (home / "bin").mkdir()
    command = home / "bin" / "guerdon"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m api.cli "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    given = {"DATABASE_URL": database_url, "REDIS_URL": valkey_url, "GUERDON_HOME": str(home), "TMPDIR": str(home)}
    return {**os.environ, **given, "PATH": f"{home / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


async def run(script: str, given: Mapping[str, str]) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *("sh", "-e", "-c", script),
        cwd=ROOT,
        env=given,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, trouble = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    assert process.returncode is not None
    return Ended(code=process.returncode, said=said.decode(), trouble=trouble.decode())


def outcomes(home: Path) -> Counter[str]:
    with next(home.glob("*/report.csv")).open(encoding="utf-8", newline="") as file:
        return Counter(row["outcome"] for row in csv.DictReader(file))


async def events(database_url: str) -> int:
    opened = await Database.open(database_url, connections_max=1)
    try:
        return await opened.fetchval("SELECT count(*) FROM outbox")
    finally:
        await opened.close()


@pytest.mark.timeout(SECONDS_MAX + 40)
async def test_every_block_of_the_guide_runs_and_says_what_it_should(
    fresh_database: str, valkey_url: str, tmp_path: Path
) -> None:
    blocks = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    # The environment of the checkout is the one that runs this test.
    script = "\n".join(blocks).replace('export PATH="$PWD/.venv/bin:$PATH"\n', "")
    ended = await run(script, environment(fresh_database, valkey_url, tmp_path))
    assert ended.code == 0, ended.trouble
    said = [line for line in ended.said.splitlines() if re.match(r"\d+ rows: ", line)]
    assert [sorted(re.findall(r"\d+ [a-z]+", line)) for line in said] == [
        ["1 duplicate", "20 skipped", "24 rejected", "42 recorded", "87 rows"],
        ["20 skipped", "24 rejected", "43 duplicate", "87 rows"],
        ["1 corrected", "20 skipped", "24 rejected", "42 duplicate", "87 rows"],
    ]
    assert outcomes(tmp_path) == {"recorded": 42, "skipped": 20, "rejected": 24, "duplicate": 1}
    assert re.search(r"^\d+,W00004,corrected,", ended.said, re.MULTILINE)
    assert re.search(r"^L4 +42 examined +0 broken", ended.said, re.MULTILINE)


async def test_a_mapping_that_is_not_one_ends_the_command_with_a_sentence(
    database: str,
    valkey_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text('{"columns": []}')
    for name, value in {"DATABASE_URL": database, "REDIS_URL": valkey_url, "GUERDON_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["guerdon", "import", str(EXPORT), "--mapping", str(mapping)])
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(commands.main)
    assert ended.value.code == 2
    said = capsys.readouterr().err.strip()
    assert said
    assert "Traceback" not in said
    assert await events(database) == 0
