"""A real CRM export goes through the pipe, and every figure on the way is held against the file (`make crm`)."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.crm_audit import the_books_are_clean
from benchmarks.crm_boards import boards_are_right
from benchmarks.crm_figures import FILES, Differs, Known, read_known
from benchmarks.crm_import import (
    a_second_run_changes_nothing,
    changed_rows_post_their_differences,
    every_row_is_accounted_for,
)
from benchmarks.crm_ledger import the_ledger_moves_as_designed
from benchmarks.crm_stage import Stage, Step, stage_at
from domain.earning.importing import Progress as Imported
from embedded.supervisor import EmbeddedServers
from migrations import migrate

STEPS: Sequence[tuple[str, Step]] = (
    ("Every row is accounted for", every_row_is_accounted_for),
    ("The boards are right", boards_are_right),
    ("A second run changes nothing", a_second_run_changes_nothing),
    ("Changed rows post their differences", changed_rows_post_their_differences),
    ("The ledger moves as designed", the_ledger_moves_as_designed),
    ("The books are clean", the_books_are_clean),
)


async def run(folder: Path, known: Known, servers: EmbeddedServers, scratch: Path, bar: Progress) -> list[str]:
    """All steps in order on a fresh database; answers their figures, said plainly.

    Refuses: Differs, at the first figure that is not what it must be.
    """
    url = servers.postgres.url("postgres")
    await migrate(url)
    task = bar.add_task("", total=len(STEPS))
    rows = bar.add_task("rows", total=known.rows, visible=False)

    def progress(at: Imported) -> None:
        bar.update(rows, completed=at.ended, total=at.rows, visible=at.ended < at.rows)

    said: list[str] = []
    stages = stage_at(
        folder, known, database_url=url, valkey_url=servers.valkey.url(), scratch=scratch, progress=progress
    )
    async with stages as stage:
        for name, step in STEPS:
            bar.update(task, description=name)
            said += await timed(name, step, stage)
            bar.advance(task)
    return said


async def timed(name: str, step: Step, stage: Stage) -> list[str]:
    """What a step has to say, under its name and how long it took."""
    started = time.monotonic()
    figures = await step(stage)
    return [f"{name} ({time.monotonic() - started:.1f} s)", *(f"  {figure}" for figure in figures)]


def main() -> int:
    """0 if every figure is right; 1 if one differs; 2 if the folder does not hold the export."""
    parser = argparse.ArgumentParser(prog="benchmarks.crm", description=__doc__)
    parser.add_argument("--folder", required=True, help=f"the folder with {', '.join(FILES)}")
    folder = Path(parser.parse_args().folder)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        sys.stderr.write(f"{folder} has no {', '.join(missing)}\n")
        return 2
    started = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory(prefix="guerdon-") as home:
        home_path = Path(home)
        home_path.chmod(0o711)  # the embedded PostgreSQL runs as another user when we are root
        try:
            known = read_known(folder)
            with (
                EmbeddedServers(home_path / "servers", durable=False) as servers,
                Progress(*columns, console=Console(stderr=True), transient=True) as bar,
            ):
                said = asyncio.run(run(folder, known, servers, home_path, bar))
        except Differs as difference:
            sys.stderr.write(f"DIFFERS: {difference}\n")
            return 1
    said.append(f"All figures are as they must be, in {time.monotonic() - started:.1f} s.")
    sys.stdout.write("\n".join(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
