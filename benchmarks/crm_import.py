"""The steps of the export itself: every row accounted for, a second run that changes nothing, and corrections."""

import shutil
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.crm_boards import boards_as_of, boards_follow
from benchmarks.crm_figures import FILES, MAIN, Deals, changed, must_equal
from benchmarks.crm_stage import Figures, Stage, imported, now
from domain.earning.importing import Imported

CHANGE_MIN = 100  # USD

AWARDED = """
SELECT activity.external_id, sum(award.amount - award.reversed_total)::bigint AS amount
FROM award JOIN due ON due.id = award.due_id JOIN activity ON activity.id = due.activity_id
WHERE award.program_id = $1 GROUP BY 1
"""

POSTED_SINCE = """
SELECT activity.external_id, award.amount
FROM award JOIN due ON due.id = award.due_id JOIN activity ON activity.id = due.activity_id
WHERE award.recorded_at > $1
UNION ALL
SELECT activity.external_id, -reversal.amount
FROM reversal JOIN award ON award.id = reversal.award_id JOIN due ON due.id = award.due_id
     JOIN activity ON activity.id = due.activity_id
WHERE reversal.recorded_at > $1
"""

KINDS_SINCE = "SELECT kind, count(*) AS total FROM transaction WHERE recorded_at > $1 GROUP BY 1"

ENTRIES_UNTIL = """
SELECT count(*) AS total, md5(string_agg(entry::text, '|' ORDER BY entry.id)) AS digest
FROM entry JOIN transaction ON transaction.id = entry.transaction_id WHERE transaction.recorded_at <= $1
"""


@dataclass(frozen=True, kw_only=True)
class Books:
    """What stood at an instant: the entries so far and their digest."""

    at: datetime
    entries: int
    digest: str


async def every_row_is_accounted_for(stage: Stage) -> Figures:
    """The import ends every row; every won deal is awarded its percentage, and nothing else is."""
    started = time.monotonic()
    done = await imported(stage, stage.folder)
    seconds = time.monotonic() - started
    must_equal("rows accounted for", sum(done.counts.values()), stage.known.rows)
    must_equal("rows by outcome", dict(done.counts), dict(stage.known.counts))
    must_equal("people refused", done.people.refused, ())
    must_equal("partners", done.people.partners, stage.known.partners)
    must_equal("members", done.people.members, stage.known.members)
    must_equal("lines of the report", len(_report(stage)), stage.known.rows)
    await awards_are_right(stage, stage.known.deals)
    earned = sum(deal.earns for deal in stage.known.deals.values())
    return [
        f"{done.rows:,} rows: {counted(done)}; {done.people.partners} partners, {done.people.members} members",
        f"{len(stage.known.deals):,} deals awarded {earned / 100:,.2f} USD in all",
        f"{seconds:.1f} s with awards and boards, {done.rows / seconds:,.0f} rows a second, batches of {stage.batch:,}",
    ]


async def a_second_run_changes_nothing(stage: Stage) -> Figures:
    """The same file again: nothing new, nothing told, nothing posted."""
    before = await _told(stage)
    done = await imported(stage, stage.folder)
    must_equal("rows accounted for", sum(done.counts.values()), stage.known.rows)
    must_equal("new, corrected or reversed", {"RECORDED", "CORRECTED", "REVERSED"} & done.counts.keys(), set[str]())
    must_equal("events and awards", await _told(stage), before)
    return [f"0 new: {counted(done)}; {before[0]:,} events and {before[1]:,} awards as before"]


async def changed_rows_post_their_differences(stage: Stage) -> Figures:
    """A copy with won deals raised and lowered by at least 100 USD posts exactly that; the file corrects back."""
    deals = stage.known.deals
    folder, changes = changed_copy(stage.folder, stage.scratch, deals, stage.known.changes)
    after = changed(deals, changes)
    first = await _posted(stage, folder, deals, after)
    await boards_as_of(stage, first, deals)
    second = await _posted(stage, stage.folder, after, deals)
    await boards_as_of(stage, second, after)
    up, down = sum(by for by in changes.values() if by > 0), sum(by for by in changes.values() if by < 0)
    lowered = sum(by < 0 for by in changes.values())
    raised = len(changes) - lowered
    return [
        f"{len(changes)} rows changed: {raised} raised by {up:,} USD, {lowered} lowered by {-down:,} USD",
        f"posted: {raised} awards and {lowered} reversals, each its difference; then back the same way",
        "entries of before unchanged; boards followed, and as of before they stand as they stood",
    ]


async def _posted(stage: Stage, folder: Path, before: Deals, after: Deals) -> datetime:
    """Imports the folder; exactly the differences are posted and the boards follow. Answers the instant before."""
    books = await _books(stage, await now(stage))
    done = await imported(stage, folder)
    changes = {name: after[name].earns - deal.earns for name, deal in before.items() if after[name] != deal}
    must_equal("corrections", done.counts.get("CORRECTED"), len(changes))
    rows = await stage.database.fetch(POSTED_SINCE, books.at)
    must_equal("posted, row by row", sorted(tuple(row) for row in rows), sorted(changes.items()))
    kinds = {row["kind"]: row["total"] for row in await stage.database.fetch(KINDS_SINCE, books.at)}
    raised = sum(by > 0 for by in changes.values())
    must_equal("transactions by kind", kinds, {"AWARD": raised, "MATURE": raised, "REVERSE": len(changes) - raised})
    must_equal("entries of before", await _books(stage, books.at), books)
    await awards_are_right(stage, after)
    await boards_follow(stage, after)
    return books.at


async def awards_are_right(stage: Stage, deals: Deals) -> None:
    """What stands awarded, deal by deal, is the percentage of the file's own values."""
    rows = await stage.database.fetch(AWARDED, stage.program_id)
    found = {row["external_id"]: row["amount"] for row in rows}
    must_equal("deals awarded", found.keys(), {name for name, deal in deals.items() if deal.earns})
    wrong = {name: (amount, deals[name].earns) for name, amount in found.items() if amount != deals[name].earns}
    must_equal("awards that differ", wrong, {})


def changed_copy(folder: Path, scratch: Path, deals: Deals, count: int) -> tuple[Path, Mapping[str, int]]:
    """A copy of the export with `count` won deals changed in place, byte by byte elsewhere the same; answers by how
    many whole USD each: every second one lowered where its value allows.
    """
    copy = scratch / "changed"
    copy.mkdir()
    for name in FILES:
        shutil.copy(folder / name, copy / name)
    lines = (folder / MAIN).read_bytes().splitlines(keepends=True)
    ids = [line.split(b",", 1)[0].decode(errors="replace") for line in lines]
    once = Counter(ids)
    whole = [
        number
        for number, name in enumerate(ids)
        if name in deals and once[name] == 1 and lines[number].rsplit(b",", 1)[1].strip().isdigit()
    ]
    by: dict[str, int] = {}
    for turn, number in enumerate(whole[:: max(1, len(whole) // count)][:count]):
        head, value = lines[number].rsplit(b",", 1)
        change = CHANGE_MIN + turn
        if turn % 2 and int(value) > change:
            change = -change
        ending = value[len(value.rstrip()) :]
        lines[number] = head + b"," + str(int(value) + change).encode() + ending
        by[ids[number]] = change
    must_equal("rows to change", len(by), count)
    (copy / MAIN).write_bytes(b"".join(lines))
    return copy, by


async def _books(stage: Stage, at: datetime) -> Books:
    row = await stage.database.fetchrow(ENTRIES_UNTIL, at)
    assert row is not None, "an aggregate has one row"
    return Books(at=at, entries=row["total"], digest=row["digest"])


async def _told(stage: Stage) -> tuple[int, int]:
    events = await stage.database.fetchval("SELECT count(*) FROM outbox")
    return events, await stage.database.fetchval("SELECT count(*) FROM award")


def _report(stage: Stage) -> list[str]:
    with (stage.scratch / "report.csv").open(encoding="utf-8") as file:
        return file.read().splitlines()[1:]


def counted(done: Imported) -> str:
    """The outcomes of an import in words."""
    return ", ".join(f"{count:,} {outcome.lower()}" for outcome, count in sorted(done.counts.items()))
