"""A dirty CRM export is imported: every row ends with a reason or recorded, again, changed, or killed half-way."""

import asyncio
import csv
import json
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from domain.access.principals import SYSTEM, Actor, Role
from domain.activities.activity import ActivityInput, ActivityReversal, OnChange, RecordedBatch
from domain.activities.recording import record_in
from domain.activities.refusals import InvalidMapping
from domain.activities.sources import (
    SourceDefinition,
    SourceRecord,
    TypeDefinition,
    define_types,
    ensure_source,
    source_by_id,
)
from domain.earning.csv_files import Limits
from domain.earning.import_report import harmless
from domain.earning.importing import Imported, Progress, import_file
from domain.earning.refusals import ImportMoved, SourceHasNoMapping, UnreadableFile
from domain.kernel.failpoints import Failpoint, Failpoints
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotAllowed
from domain.kernel.sql import Database

ROOT = Path(__file__).parents[2]
DIRTY = ROOT / "tests" / "data" / "crm_dirty"
MAPPING = json.loads((ROOT / "docs" / "mappings" / "crm_sales_pipeline.json").read_text())
TYPES = json.loads((ROOT / "docs" / "mappings" / "crm_activity_types.json").read_text())
ROWS = 87
COUNTS = {"RECORDED": 42, "DUPLICATE": 1, "SKIPPED": 20, "REJECTED": 24}

REASONS = {
    "D-UTF": "BAD_CHARACTERS",
    "D-AGENT": "UNKNOWN_MEMBER",
    "D-NOAGENT": "INVALID_ACTIVITY",
    "D-PRODUCT": "UNKNOWN_VALUE",
    "D-NOPRODUCT": "INVALID_ATTRIBUTE",
    "D-DATE": "BAD_DATE",
    "D-NODATE": "BLANK",
    "D-SLASHDATE": "BAD_DATE",
    "D-ENGAGED": "BAD_DATE",
    "D-FUTURE": "OCCURS_IN_FUTURE",
    "D-NUMBER": "BAD_NUMBER",
    "D-COMMA": "BAD_NUMBER",
    "D-DECIMALS": "BAD_NUMBER",
    "D-EXPONENT": "BAD_NUMBER",
    "D-NEGATIVE": "AMOUNT_OUT_OF_BOUNDS",
    "D-HUGE": "BAD_NUMBER",
    "D-NOVALUE": "INVALID_ATTRIBUTE",
    "D-STAGE": "UNKNOWN_VALUE",
    "D-NOSTAGE": "BLANK",
    "'=HYPERLINK(1)": "UNKNOWN_VALUE",
    "W00001": "REPEATED_IN_FILE",
}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A source with the mapping, in a database of its own, and a folder with a copy of the files."""

    database: Database
    door: Door
    source: SourceRecord
    folder: Path

    @property
    def main(self) -> Path:
        return self.folder / "sales_pipeline.csv"

    @property
    def report(self) -> Path:
        return self.folder / "report.csv"

    async def run(self, **options: object) -> Imported:
        options = {"door": self.door, "actor": SYSTEM, "record": record, "batch": 10, "report": self.report} | options
        return await import_file(source=self.source, path=self.main, **options)

    def lines(self) -> list[dict[str, str]]:
        with self.report.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def change(self, old: str, new: str) -> None:
        text = self.main.read_bytes()
        assert text.count(old.encode()) == 1, old
        self.main.write_bytes(text.replace(old.encode(), new.encode()))

    async def events(self) -> Counter[str]:
        return Counter(row["name"] for row in await self.database.fetch("SELECT name FROM outbox"))

    async def activities(self) -> list[tuple[object, ...]]:
        rows = await self.database.fetch(
            "SELECT external_id, revision, state, type, occurred_at, amounts, attributes FROM activity"
            " WHERE source_id = $1 ORDER BY external_id",
            self.source.source_id,
        )
        return [tuple(row.values()) for row in rows]


async def record(op: Operation, source_id: UUID, items: Sequence[ActivityInput | ActivityReversal]) -> RecordedBatch:
    return await record_in(op, await source_by_id(op.sql, source_id), items)


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Desk]:
    opened = await Database.open(database, connections_max=4)
    door = Door(opened)
    await define_types(door, SYSTEM, [TypeDefinition(**kind) for kind in TYPES])
    code = f"crm-{tmp_path.name}"
    definition = SourceDefinition(
        code=code[:64], name="CRM", on_change=OnChange.CORRECT, backfill=True, mapping=MAPPING
    )
    source = await ensure_source(door, SYSTEM, definition)
    shutil.copytree(DIRTY, tmp_path, dirs_exist_ok=True)
    yield Desk(database=opened, door=door, source=source, folder=tmp_path)
    await door.close()
    await opened.close()


async def test_every_row_of_a_dirty_file_ends_with_a_reason_or_recorded(desk: Desk) -> None:
    steps: list[Progress] = []
    done = await desk.run(progress=steps.append)
    assert (done.rows, dict(done.counts), done.resumed_at) == (ROWS, COUNTS, 0)
    assert (done.people.partners, done.people.members, done.people.refused) == (3, 7, ())
    assert [step.ended for step in steps] == [*range(10, ROWS, 10), ROWS]
    lines = desk.lines()
    assert [int(line["row"]) for line in lines] == list(range(1, ROWS + 1))
    assert Counter(line["outcome"].upper() for line in lines) == COUNTS
    assert {line["reason"] for line in lines if line["outcome"] == "skipped"} == {"OPEN_DEAL"}
    rejected = {line["external_id"]: line["reason"] for line in lines if line["outcome"] == "rejected"}
    assert {name: reason for name, reason in rejected.items() if name in REASONS} == REASONS
    assert rejected["X" * 128] == "INVALID_ACTIVITY"  # 129 characters, cut where the report keeps it
    assert {line["reason"] for line in lines if not line["external_id"]} == {"BLANK", "RAGGED_ROW"}


async def test_what_is_recorded_is_clean(desk: Desk) -> None:
    await desk.run()
    found = {activity[0]: activity for activity in await desk.activities()}
    assert len(found) == COUNTS["RECORDED"]
    assert {attributes["product"] for *_, attributes in found.values()} == {
        "GTX Basic",
        "GTX Pro",
        "MG Special",
        "MG Advanced",
    }
    spaced = found["D-SPACES"]
    assert spaced[4] == datetime(2017, 12, 31, tzinfo=UTC)
    assert spaced[5] == {"NET": {"amount": 4550, "unit": "USD"}, "LIST": {"amount": 5500, "unit": "USD"}}
    assert spaced[6] == {
        "opportunity": "D-SPACES",
        "product": "MG Special",
        "series": "MG",
        "account": "Zoombit",
        "sector": "technology",
        "country": "Kenya",
        "engaged_at": "2017-01-05T00:00:00+00:00",
    }
    assert "account" not in found["W00007"][6]
    assert "NET" not in found["L00007"][5]
    partners = await desk.database.fetch(
        "SELECT DISTINCT member.name, partner.name AS partner FROM activity JOIN member ON member.id = member_id"
        " JOIN partner ON partner.id = activity.partner_id WHERE activity.source_id = $1",
        desk.source.source_id,
    )
    assert {row["name"]: row["partner"] for row in partners} == {
        "Ada Quill": "North",
        "Bram Osei": "North",
        "Cleo Marsh": "North",
        "Dov Laurent": "South",
        "Élise Fournier": "South",
        "Finn O'Dell": "South",
    }


async def test_the_planted_ties_are_ties(desk: Desk) -> None:
    await desk.run()
    rows = await desk.database.fetch(
        "SELECT member.name, sum((amounts -> 'NET' ->> 'amount')::bigint) AS won FROM activity"
        " JOIN member ON member.id = member_id WHERE activity.source_id = $1 AND type = 'deal.won' GROUP BY 1",
        desk.source.source_id,
    )
    won = {row["name"]: row["won"] for row in rows}
    assert won["Ada Quill"] == won["Dov Laurent"] == 350_000
    assert won["Bram Osei"] == won["Cleo Marsh"] == 140_000


async def test_a_second_run_changes_nothing(desk: Desk) -> None:
    first = await desk.run()
    before, events = await desk.activities(), await desk.events()
    second = await desk.run()
    assert second.run_id == first.run_id
    assert second.counts == {"DUPLICATE": 43, "SKIPPED": 20, "REJECTED": 24}
    assert await desk.activities() == before
    assert await desk.events() == events
    assert Counter(line["outcome"] for line in desk.lines())["duplicate"] == 43


async def test_a_changed_row_is_a_correction_and_a_reopened_deal_is_taken_back_until_it_is_won_again(
    desk: Desk,
) -> None:
    await desk.run()
    desk.change("2017-04-15,3000", "2017-04-15,3100")
    won = 'W00002,Ada Quill,MG Special,"Hall, Sons & Co",Won,2017-01-05,2017-04-12,2000'
    reopened = won.replace("Won", "Engaging").replace("2017-04-12,2000", ",")
    desk.change(won, reopened)
    second = await desk.run()
    assert second.counts == {"CORRECTED": 1, "REVERSED": 1, "DUPLICATE": 41, "SKIPPED": 20, "REJECTED": 24}
    found = {activity[0]: activity for activity in await desk.activities()}
    assert found["W00005"][1:3] == (2, "ACTIVE")
    assert found["W00002"][1:3] == (2, "REVERSED")
    assert (await desk.run()).counts["SKIPPED"] == 21
    desk.change(reopened, won)
    assert (await desk.run()).counts["CORRECTED"] == 1
    assert {activity[0]: activity for activity in await desk.activities()}["W00002"][1:3] == (3, "ACTIVE")


@pytest.mark.parametrize("point", ["import.after_batch", "operation.before_commit", "record.after_activities"])
async def test_an_import_that_stumbles_goes_on_where_it_stopped(desk: Desk, point: str) -> None:
    """The door of the second call stumbles after some batches; the third call ends as one run would have."""
    calls = 0

    async def stumbling(
        op: Operation, source_id: UUID, items: Sequence[ActivityInput | ActivityReversal]
    ) -> RecordedBatch:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise Failpoint(point)
        return await record(op, source_id, items)

    armed = Door(desk.database, Failpoints({point: "raise"}))
    if point == "operation.before_commit":
        with pytest.raises(Failpoint):
            await desk.run(door=armed)
    with pytest.raises(Failpoint):
        await desk.run(record=stumbling)
    if point != "operation.before_commit":
        with pytest.raises(Failpoint):
            await desk.run(door=armed)
    last = await desk.run()
    assert last.resumed_at == (40 if point == "import.after_batch" else 30)
    assert last.counts == COUNTS
    assert len(desk.lines()) == ROWS
    assert len(await desk.activities()) == COUNTS["RECORDED"]


async def test_an_import_killed_with_its_process_goes_on_where_it_stopped(desk: Desk) -> None:
    killed = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.storage.import_and_die",
        desk.database.url,
        desk.source.code,
        str(desk.main),
        cwd=ROOT,
    )
    assert await asyncio.wait_for(killed.wait(), 60) == -9
    last = await desk.run()
    assert (last.resumed_at, last.counts) == (10, COUNTS)


async def test_two_imports_of_one_file_share_its_batches_or_one_of_them_ends(desk: Desk) -> None:
    together = await asyncio.gather(desk.run(report=None), desk.run(report=None))
    assert [each.counts for each in together] == [COUNTS, COUNTS]
    assert {activity[1] for activity in await desk.activities()} == {1}
    apart = await asyncio.gather(desk.run(batch=7, report=None), desk.run(report=None), return_exceptions=True)
    assert [type(each) for each in apart].count(ImportMoved) <= 1
    assert (await desk.run()).rows == ROWS
    assert {activity[1] for activity in await desk.activities()} == {1}


async def test_a_batch_whose_answer_was_lost_is_not_imported_twice(desk: Desk) -> None:
    """The connection breaks after the commit, as the door sees it: the door tries again."""
    broken = 0

    class Losing(Failpoints):
        def hit(self, name: str) -> None:
            nonlocal broken
            if name == "operation.after_commit" and (broken := broken + 1) == 6:
                raise ConnectionResetError("the answer is lost")

    done = await desk.run(door=Door(desk.database, Losing()))
    assert broken > 6
    assert (done.counts, done.resumed_at) == (COUNTS, 0)
    assert len(await desk.activities()) == COUNTS["RECORDED"]


async def test_members_registered_later_are_found_by_another_run(desk: Desk) -> None:
    await desk.run()
    with (desk.folder / "sales_teams.csv").open("a", encoding="utf-8") as file:
        file.write("Nobody Known,Ines Roy,West\n")
    second = await desk.run()
    assert second.counts == {"RECORDED": 1, "DUPLICATE": 43, "SKIPPED": 20, "REJECTED": 23}


def written(desk: Desk, text: str) -> None:
    desk.main.write_text(text, encoding="utf-8")


HEADER = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
LINE = "A{},Ada Quill,GTX Pro,,Won,2017-01-01,2017-02-01,1\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no column opportunity_id"),
        (HEADER.replace("close_value", "value"), "no column close_value"),
        (HEADER.replace("product", "account"), "twice"),
        (HEADER + "".join(LINE.format(n) for n in range(4)), "more than 3 rows"),
        (HEADER + '"A1,' + "x" * 140_000, "field larger"),
        (HEADER + LINE.format(1) * 40, "larger than 2000 bytes"),
    ],
)
async def test_a_file_that_is_not_the_declared_table_is_refused_whole(desk: Desk, text: str, problem: str) -> None:
    written(desk, text)
    bytes_max = 2_000 if "bytes" in problem else 1_000_000
    with pytest.raises(UnreadableFile) as told:
        await desk.run(limits=Limits(rows_max=3, bytes_max=bytes_max))
    assert problem in str(told.value)
    assert await desk.activities() == []


async def test_a_file_as_large_as_allowed_is_taken(desk: Desk) -> None:
    written(desk, "\ufeff" + HEADER + "".join(LINE.format(n) for n in range(3)))
    assert (await desk.run(limits=Limits(rows_max=3, bytes_max=desk.main.stat().st_size))).counts == {"RECORDED": 3}


async def test_an_import_asks_for_an_operator_a_mapping_and_a_batch_within_bounds(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        await desk.run(actor=Actor(principal_id=new_id(), role=Role.PARTNER_ADMIN))
    for batch in (0, 1_001):
        with pytest.raises(InvalidInput):
            await desk.run(batch=batch)
    assert (await desk.run(batch=1_000)).rows == ROWS
    bare = replace(desk, source=replace(desk.source, mapping=None))
    with pytest.raises(SourceHasNoMapping):
        await bare.run()
    (desk.folder / "products.csv").unlink()
    with pytest.raises(UnreadableFile):
        await desk.run()


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_report_never_holds_a_formula(cell: str) -> None:
    assert harmless(cell) == "'" + cell
    assert harmless("x" + cell) == "x" + cell


async def test_a_source_never_stands_with_a_mapping_that_is_not_one(desk: Desk) -> None:
    wrong = SourceDefinition(code="wrong", name="CRM", on_change=OnChange.CORRECT, backfill=False, mapping={"rows": 1})
    with pytest.raises(InvalidMapping):
        await ensure_source(desk.door, SYSTEM, wrong)
    assert await desk.database.fetchval("SELECT count(*) FROM source WHERE code = 'wrong'") == 0
