"""A real CRM export goes through the pipe; every figure is held against the file. `make crm CRM=folder`"""

import argparse
import asyncio
import csv
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from benchmarks.crm_figures import (
    FILES,
    MAIN,
    QUARTER_DEALS,
    QUARTER_FIRST,
    QUARTER_TOTAL,
    ROWS,
    YEAR_FIRST,
    YEAR_MEMBERS,
    YEAR_TOTAL,
    Board,
    Differs,
    Figures,
    board_of,
    must_equal,
    read_figures,
)
from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityInput, ActivityReversal, OnChange, RecordedBatch
from domain.activities.sources import SourceDefinition, SourceRecord, TypeDefinition, define_types, ensure_source
from domain.earning.evaluating import Knowledge
from domain.earning.importing import Imported, RecordIn, import_file
from domain.earning.recording import record_and_award_in
from domain.kernel.expressions import ConditionCache
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Database
from domain.programs.matching import TermsCache
from embedded.supervisor import EmbeddedServers
from migrations import migrate

MAPPINGS = Path(__file__).parents[1] / "docs" / "mappings"
CHANGED_ROWS = 50
BATCH = 1_000

WON = """
SELECT member.external_id, count(*) AS deals, sum((activity.amounts -> 'NET' ->> 'amount')::bigint) AS cents
FROM activity JOIN member ON member.id = activity.member_id
WHERE activity.source_id = $1 AND activity.type = 'deal.won' AND activity.state = 'ACTIVE'
  AND activity.occurred_at >= $2::text::timestamptz AND activity.occurred_at < $3::text::timestamptz
GROUP BY 1
"""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What every step works on: the export, a database that nobody else uses, and the CRM as a source."""

    folder: Path
    scratch: Path
    figures: Figures
    servers: EmbeddedServers
    database: Database
    door: Door
    source: SourceRecord
    record: RecordIn


Step = Callable[[Stage], Awaitable[Sequence[str]]]


async def rows_are_as_known(stage: Stage) -> Sequence[str]:
    """The export is the known one: rows and won revenue, by the csv module alone."""
    figures = stage.figures
    must_equal("rows", figures.rows, ROWS)
    must_equal("won revenue of 2017", figures.year.total, YEAR_TOTAL)
    must_equal("members who won in 2017", figures.year.members, YEAR_MEMBERS)
    must_equal("first five of 2017", figures.year.first, YEAR_FIRST)
    must_equal("deals won in the third quarter", figures.quarter.deals, QUARTER_DEALS)
    must_equal("won revenue of the third quarter", figures.quarter.total, QUARTER_TOTAL)
    must_equal("first of the third quarter", figures.quarter.first[0], QUARTER_FIRST)
    return [f"stages {figures.stages}", f"2017: {figures.year}", f"third quarter: {figures.quarter}"]


async def every_row_is_accounted_for(stage: Stage) -> Sequence[str]:
    """The import ends every row; what is recorded is what the file says."""
    started = time.monotonic()
    done = await imported(stage, stage.folder)
    seconds = time.monotonic() - started
    stages = stage.figures.stages
    must_equal("rows accounted for", sum(done.counts.values()), stage.figures.rows)
    must_equal("rows recorded", done.counts.get("RECORDED"), stages["Won"] + stages["Lost"])
    must_equal("open deals skipped", done.counts.get("SKIPPED"), stages["Engaging"] + stages["Prospecting"])
    must_equal("people refused", done.people.refused, ())
    year = await board(stage, "2017-01-01Z", "2018-01-01Z")
    quarter = await board(stage, "2017-07-01Z", "2017-10-01Z")
    must_equal("recorded revenue of 2017", year, stage.figures.year)
    must_equal("recorded revenue of the third quarter", quarter, stage.figures.quarter)
    return [
        f"{done.rows:,} rows: {counted(done)}; {done.people.partners} partners, {done.people.members} members",
        f"{seconds:.1f} s, {done.rows / seconds:,.0f} rows a second, in batches of {BATCH:,}",
    ]


async def a_second_run_changes_nothing(stage: Stage) -> Sequence[str]:
    """The same file again: nothing new, nothing told."""
    before = await told(stage)
    done = await imported(stage, stage.folder)
    must_equal("rows accounted for", sum(done.counts.values()), stage.figures.rows)
    must_equal("new, corrected or reversed", {"RECORDED", "CORRECTED", "REVERSED"} & done.counts.keys(), set[str]())
    must_equal("events", await told(stage), before)
    return [f"0 new: {counted(done)}; {before:,} events as before"]


async def changed_rows_are_corrections(stage: Stage) -> Sequence[str]:
    """A copy with fifty won deals raised by 100 to 149 USD corrects exactly those; the file as it was corrects back."""
    folder, raised = changed_copy(stage.folder, stage.scratch)
    forth = await imported(stage, folder)
    must_equal("corrections", forth.counts.get("CORRECTED"), CHANGED_ROWS)
    year = await board(stage, "2017-01-01Z", "2018-01-01Z")
    must_equal("recorded revenue of 2017", year.total, stage.figures.year.total + raised)
    back = await imported(stage, stage.folder)
    must_equal("corrections back", back.counts.get("CORRECTED"), CHANGED_ROWS)
    must_equal("recorded revenue of 2017", await board(stage, "2017-01-01Z", "2018-01-01Z"), stage.figures.year)
    return [f"{CHANGED_ROWS} corrected by {raised:,} USD in all, and back"]


STEPS: Sequence[tuple[str, Step]] = (
    ("The export is the known one", rows_are_as_known),
    ("Every row is accounted for", every_row_is_accounted_for),
    ("A second run changes nothing", a_second_run_changes_nothing),
    ("Changed rows are corrections", changed_rows_are_corrections),
)


async def imported(stage: Stage, folder: Path) -> Imported:
    """The main file of a folder, imported; the report stands in the scratch folder."""
    return await import_file(
        stage.door,
        SYSTEM,
        stage.source,
        folder / MAIN,
        stage.record,
        batch=BATCH,
        report=stage.scratch / "report.csv",
    )


async def award(
    knowledge: Knowledge, op: Operation, source_id: UUID, items: Sequence[ActivityInput | ActivityReversal]
) -> RecordedBatch:
    """Records a batch of the import and posts what it earns."""
    return await record_and_award_in(op, knowledge, source_id, items)


async def board(stage: Stage, start: str, end: str) -> Board:
    """Won revenue by agent as recorded, in whole USD."""
    rows = await stage.database.fetch(WON, stage.source.source_id, start, end)
    for row in rows:
        must_equal(f"cents of {row['external_id']}", row["cents"] % 100, 0)
    return board_of(sum(row["deals"] for row in rows), {row["external_id"]: int(row["cents"]) // 100 for row in rows})


async def told(stage: Stage) -> int:
    """How many events stand."""
    return await stage.database.fetchval("SELECT count(*) FROM outbox")


def counted(done: Imported) -> str:
    return ", ".join(f"{count:,} {outcome.lower()}" for outcome, count in sorted(done.counts.items()))


def changed_copy(folder: Path, scratch: Path) -> tuple[Path, int]:
    """A copy of the export with fifty won deals, spread over the file, raised; answers by how many USD in all."""
    copy = scratch / "changed"
    copy.mkdir()
    for name in FILES:
        shutil.copy(folder / name, copy / name)
    with (folder / MAIN).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    won = [row for row in rows if row["deal_stage"] == "Won"]
    raised = 0
    for number, row in enumerate(won[:: len(won) // CHANGED_ROWS][:CHANGED_ROWS]):
        row["close_value"] = str(int(row["close_value"]) + 100 + number)
        raised += 100 + number
    with (copy / MAIN).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return copy, raised


async def run(folder: Path, servers: EmbeddedServers, scratch: Path) -> None:
    """All steps in order on a fresh database.

    Refuses: Differs, at the first figure that is not what it must be.
    """
    url = servers.postgres.url("postgres")
    await migrate(url)
    database = await Database.open(url, application="guerdon-crm")
    door = Door(database)
    try:
        types = json.loads((MAPPINGS / "crm_activity_types.json").read_text(encoding="utf-8"))
        mapping = json.loads((MAPPINGS / "crm_sales_pipeline.json").read_text(encoding="utf-8"))
        await define_types(door, SYSTEM, [TypeDefinition(**each) for each in types])
        definition = SourceDefinition(
            code="crm", name="CRM export", on_change=OnChange.CORRECT, backfill=True, mapping=mapping
        )
        knowledge = Knowledge(terms=TermsCache(), conditions=ConditionCache())
        stage = Stage(
            folder=folder,
            scratch=scratch,
            figures=read_figures(folder),
            servers=servers,
            database=database,
            door=door,
            source=await ensure_source(door, SYSTEM, definition),
            record=partial(award, knowledge),
        )
        for name, step in STEPS:
            say(name)
            for figure in await step(stage):
                say(f"  {figure}")
    finally:
        await door.close()
        await database.close()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """0 if every figure is right; 1 if one differs; 2 if the folder does not hold the export."""
    parser = argparse.ArgumentParser(prog="benchmarks.crm")
    parser.add_argument("--folder", required=True, help=f"the folder with {', '.join(FILES)}")
    folder = Path(parser.parse_args().folder)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        sys.stderr.write(f"{folder} has no {', '.join(missing)}\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="guerdon-") as home:
        home_path = Path(home)
        home_path.chmod(0o711)  # the embedded PostgreSQL runs as another user when we are root
        with EmbeddedServers(home_path / "servers", durable=False) as servers:
            try:
                asyncio.run(run(folder, servers, home_path))
            except Differs as difference:
                sys.stderr.write(f"DIFFERS: {difference}\n")
                return 1
    say("All figures are as they must be.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
