"""The command `guerdon import` on a dirty export: a line of counts, a report of every row, nothing the second time."""

import asyncio
import csv
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.kernel.sql import Database

ROOT = Path(__file__).parents[2]
EXPORT = ROOT / "tests" / "data" / "crm_dirty" / "sales_pipeline.csv"
MAPPINGS = ROOT / "docs" / "mappings"
SECONDS_MAX = 60


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    said: str
    trouble: str


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Where commands run: the addresses of the servers and a home of its own."""

    environment: Mapping[str, str]

    async def guerdon(self, *arguments: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "api.cli", *arguments),
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, trouble = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
        assert process.returncode is not None
        return Ended(code=process.returncode, said=said.decode(), trouble=trouble.decode())

    async def imports(self, report: Path, mapping: Path = MAPPINGS / "crm_sales_pipeline.json") -> Ended:
        types = MAPPINGS / "crm_activity_types.json"
        options = ("--mapping", str(mapping), "--types", str(types), "--source", "crm", "--report", str(report))
        return await self.guerdon("import", str(EXPORT), *options)


def shell_of(database_url: str, valkey_url: str, home: Path) -> Shell:
    given = {"DATABASE_URL": database_url, "REDIS_URL": valkey_url, "GUERDON_HOME": str(home)}
    return Shell(environment={**os.environ, **given})


def outcomes(report: Path) -> Counter[str]:
    with report.open(encoding="utf-8", newline="") as file:
        return Counter(row["outcome"] for row in csv.DictReader(file))


async def events(database_url: str) -> int:
    opened = await Database.open(database_url, connections_max=1)
    try:
        return await opened.fetchval("SELECT count(*) FROM outbox")
    finally:
        await opened.close()


async def test_the_command_ends_every_row_and_a_second_run_changes_nothing(
    fresh_database: str, valkey_url: str, tmp_path: Path
) -> None:
    shell, report = shell_of(fresh_database, valkey_url, tmp_path), tmp_path / "report.csv"
    first = await shell.imports(report)
    assert first.code == 0, first.trouble
    assert "87 rows" in first.said
    assert all(part in first.said for part in ("42 recorded", "20 skipped", "24 rejected", "1 duplicate"))
    assert outcomes(report) == {"recorded": 42, "skipped": 20, "rejected": 24, "duplicate": 1}
    told = await events(fresh_database)

    second = await shell.imports(report)
    assert second.code == 0, second.trouble
    assert "43 duplicate" in second.said
    assert outcomes(report) == {"duplicate": 43, "skipped": 20, "rejected": 24}
    assert await events(fresh_database) == told

    audit = await shell.guerdon("audit", "--json", "--laws", "L4,E1")
    assert audit.code == 0, audit.trouble
    assert json.loads(audit.said)["laws"]["L4"] >= 42


async def test_a_mapping_that_is_not_one_ends_the_command_with_a_sentence(
    fresh_database: str, valkey_url: str, tmp_path: Path
) -> None:
    broken = tmp_path / "mapping.json"
    broken.write_text('{"columns": []}')
    ended = await shell_of(fresh_database, valkey_url, tmp_path).imports(tmp_path / "report.csv", broken)
    assert ended.code == 2
    assert "Traceback" not in ended.trouble
    assert await events(fresh_database) == 0
