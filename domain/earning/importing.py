"""Imports a CSV file by its source's mapping: in batches, resumable, each row ending with a reason or as recorded."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

from domain.access.principals import Actor, Role
from domain.activities.activity import (
    ITEMS_MAX,
    ActivityInput,
    ActivityReversal,
    ItemResult,
    Outcome,
    RecordedBatch,
)
from domain.activities.mapping import Mapped, Rejected, Row, RowMapping, Skipped, identity_of, mapped, reversal_of
from domain.activities.mapping_document import row_mapping
from domain.activities.refusals import UnknownActivity
from domain.activities.sources import SourceRecord
from domain.earning.csv_files import Limits, RowRead, count_rows, digest_of, rows_of_main, side_rows
from domain.earning.import_report import report_at
from domain.earning.import_runs import (
    Ended,
    RowOutcome,
    Run,
    advance_in,
    begin_in,
    finish_in,
    kept_rows,
    standing_in,
)
from domain.earning.importing_people import PeopleRegistered, register_people
from domain.earning.refusals import ImportMoved, SourceHasNoMapping
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotAllowed
from domain.kernel.sql import Database

BATCH_DEFAULT = 500
DEFAULT_LIMITS = Limits()

RecordIn = Callable[[Operation, UUID, Sequence[ActivityInput | ActivityReversal]], Awaitable[RecordedBatch]]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an import is: rows ended, rows in all, and how many ended which way."""

    ended: int
    rows: int
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did: counts over all rows of the file, by outcome; `resumed_at` is the row it began from."""

    run_id: UUID
    rows: int
    resumed_at: int
    counts: Mapping[str, int]
    people: PeopleRegistered


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """One row on its way: what the mapping makes of it."""

    row: int
    made: Mapped

    @property
    def item(self) -> ActivityInput | ActivityReversal | None:
        """What is to be recorded or taken back, if anything."""
        if isinstance(self.made, ActivityInput):
            return self.made
        if isinstance(self.made, Skipped) and self.made.reverses:
            return reversal_of(self.made)
        return None


async def import_file(
    door: Door,
    actor: Actor,
    source: SourceRecord,
    path: Path,
    record: RecordIn,
    *,
    report: Path | None = None,
    batch: int = BATCH_DEFAULT,
    progress: Callable[[Progress], None] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Imported:
    """Every row of the file has ended: recorded, duplicate, corrected, reversed, stale, skipped or rejected.

    `record` joins each batch's operation, in which the import's position moves too: killed anywhere, a second call
    goes on after the last batch that was committed. A file that was imported whole is gone through again; what did not
    change ends as a duplicate. Partners and members of the side files are registered first. `batch` is in rows, 1 to
    1,000. `report` gets a CSV with a line a row, in order.

    Refuses: NotAllowed; InvalidInput (batch); SourceHasNoMapping; InvalidMapping; UnreadableFile; ImportMoved; what
    `record` refuses as a whole.
    """
    if actor.role not in (Role.ADMIN, Role.SYSTEM):
        raise NotAllowed(action="import")
    if not 1 <= batch <= ITEMS_MAX:
        raise InvalidInput(field="batch", problem=f"1 to {ITEMS_MAX} rows")
    if source.mapping is None:
        raise SourceHasNoMapping(source=source.code)
    mapping = row_mapping(source.mapping)
    digest = digest_of(path, mapping, source.mapping, limits)
    rows = count_rows(path, mapping, limits)
    files = side_rows(path.parent, mapping, limits)
    people = await register_people(door, actor, source.source_id, mapping, files)
    run = await door.operate(actor, lambda op: begin_in(op, source.source_id, path.name, digest, rows))
    resumed_at = run.next_row
    drafts = (draft for draft in _drafts(path, mapping, files, limits) if draft.row >= resumed_at)
    while part := list(islice(drafts, batch)):
        run = await _import_part(door, actor, source, run, part, record)
        door.failpoints.hit("import.after_batch")
        if progress is not None:
            progress(Progress(ended=run.next_row, rows=rows, counts=run.counts))
    await door.operate(actor, lambda op: finish_in(op, run))
    if report is not None:
        named = (
            (read.number, identity_of(mapping, read.cells or {}, files)) for read in rows_of_main(path, mapping, limits)
        )
        await _report(door.database, run.run_id, named, report)
    return Imported(run_id=run.run_id, rows=rows, resumed_at=resumed_at, counts=run.counts, people=people)


def _drafts(
    path: Path, mapping: RowMapping, files: Mapping[str, Mapping[str, Row]], limits: Limits
) -> Iterator[_Draft]:
    """What the mapping makes of each row; an id that came before in the file with another content is rejected.

    Without versions nothing says which of two rows is newer, and a second run would move between them for ever.
    """
    seen: dict[int, int] = {}
    for read in rows_of_main(path, mapping, limits):
        made = _made(mapping, read, files)
        if mapping.source_version is None and read.cells is not None and not isinstance(made, Rejected):
            content = hash(tuple(read.cells.values()))
            if seen.setdefault(hash(made.external_id), content) != content:
                made = Rejected(external_id=made.external_id, code="REPEATED_IN_FILE", facts={})
        yield _Draft(row=read.number, made=made)


def _made(mapping: RowMapping, read: RowRead, files: Mapping[str, Mapping[str, Row]]) -> Mapped:
    if read.cells is None:
        return Rejected(external_id="", code="RAGGED_ROW", facts={})
    return mapped(mapping, read.cells, files)


async def _import_part(
    door: Door, actor: Actor, source: SourceRecord, run: Run, part: Sequence[_Draft], record: RecordIn
) -> Run:
    async def work(op: Operation) -> Run:
        standing = await standing_in(op, run)
        if standing.next_row == run.next_row + len(part):
            return standing  # this batch was committed before: by us, with the answer lost, or by another import
        if standing.next_row != run.next_row:
            raise ImportMoved(row=standing.next_row)
        items = [item for draft in part if (item := draft.item) is not None]
        results = iter((await record(op, source.source_id, items)).results if items else ())
        ended = [_ended(draft, next(results) if draft.item is not None else None) for draft in part]
        return await advance_in(op, run, ended)

    return await door.operate(actor, work)


def _ended(draft: _Draft, result: ItemResult | None) -> Ended:
    """How a row ended, given what became of its item."""
    made = draft.made
    outcome, reason = RowOutcome.REJECTED, {}
    match made:
        case Rejected():
            reason = {"code": made.code, **made.facts}
        case Skipped():
            reason = {"code": made.reason}
            outcome = RowOutcome.SKIPPED
            if result is not None and result.outcome in (Outcome.REVERSED, Outcome.STALE):
                outcome = RowOutcome(result.outcome.value)
            elif result is not None and result.refusal and not isinstance(result.refusal, UnknownActivity):
                outcome, reason = RowOutcome.REJECTED, {"code": result.refusal.code(), **result.refusal.facts()}
        case ActivityInput():
            assert result is not None, "an activity has a result"
            outcome = RowOutcome(result.outcome.value)
            reason = {"code": outcome.value}
            if result.refusal is not None:
                reason = {"code": result.refusal.code(), **result.refusal.facts()}
    return Ended(row=draft.row, external_id=made.external_id, outcome=outcome, reason=reason)


async def _report(database: Database, run_id: UUID, named: Iterator[tuple[int, str]], path: Path) -> None:
    """Goes through the file once more, beside the rows that were kept for not being simply recorded."""
    kept = kept_rows(database, run_id)
    following = await anext(kept, None)
    with report_at(path) as write:
        for row, external_id in named:
            if following is not None and following.row == row:
                write([following])
                following = await anext(kept, None)
            else:
                write([Ended(row=row, external_id=external_id, outcome=RowOutcome.RECORDED, reason={})])
