"""Runs one long suite or all of them, shows bars, prints a summary, and leaves a report in `reports/`."""

import argparse
import asyncio
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from embedded.supervisor import EmbeddedServers
from tests.long import boards, crash_points, kills, last_code, ledger, permutation, planted, races, redemptions
from tests.long.plan import Counts, Plan, short_home

REPORTS = Path("reports")
SUITES: Mapping[str, Callable[[Plan], Coroutine[Any, Any, Counts]]] = {
    "permutation": permutation.run,
    "ledger": ledger.run,
    "boards": boards.run,
    "races": races.run,
    "kills": kills.run,
    "crash-points": crash_points.run,
    "redemptions": redemptions.run,
    "last-code": last_code.run,
    "planted": planted.run,
}

# These kill PostgreSQL itself.
DURABLE = frozenset({"kills", "redemptions"})


def main() -> int:
    """0 where every law held in every suite that was asked for."""
    reader = argparse.ArgumentParser(prog="tests.long", description=__doc__)
    reader.add_argument("suite", choices=[*SUITES, "all"])
    reader.add_argument("--seed", type=int, default=0)
    reader.add_argument("--minutes", type=float, default=10.0, help="in all; shared evenly by the suites of `all`")
    asked = reader.parse_args()
    chosen = list(SUITES) if asked.suite == "all" else [asked.suite]
    console = Console()
    console.print(f"seed {asked.seed}, commit {_commit()}")
    told = [_played(console, name, asked.seed, asked.minutes / len(chosen)) for name in chosen]
    REPORTS.mkdir(exist_ok=True)
    path = REPORTS / f"long-{asked.suite}.json"
    path.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    _summary(console, told)
    console.print(f"report: {path}")
    return 0 if all(one["held"] for one in told) else 1


def _played(console: Console, name: str, seed: int, minutes: float) -> dict[str, Any]:
    began, home = time.monotonic(), short_home()
    counts: Counts = {}
    trouble = ""
    columns = (TextColumn(f"{name:<12}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    try:
        with EmbeddedServers(home, durable=name in DURABLE) as servers, Progress(*columns, console=console) as bars:
            task = bars.add_task("", total=minutes * 60)
            plan = Plan(
                seed=seed,
                minutes=minutes,
                began=time.monotonic(),
                progress=bars,
                task=task,
                servers=servers,
                home=home,
            )
            counts = asyncio.run(SUITES[name](plan))
    except Exception:  # a suite that fails in any way is told in the report, and the others still run
        trouble = traceback.format_exc()
        console.print(trouble, markup=False)
    if trouble:
        console.print(f"what it left, with the logs of its processes: {home}")
    else:
        shutil.rmtree(home, ignore_errors=True)
    return {
        "suite": name,
        "held": not trouble,
        "seed": seed,
        "commit": _commit(),
        "python": sys.version.split()[0],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 1),
        "counts": counts,
        "trouble": trouble,
    }


def _summary(console: Console, told: list[dict[str, Any]]) -> None:
    table = Table("suite", "held", "seconds", "counts")
    for one in told:
        counts = ", ".join(f"{name} {count}" for name, count in one["counts"].items())
        table.add_row(one["suite"], "yes" if one["held"] else "NO", str(one["seconds"]), counts)
    console.print(table)


def _commit() -> str:
    told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
