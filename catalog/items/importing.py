"""Imports a CSV feed of items: in batches, safe to repeat and to kill, each row ending as fed or with a reason."""

import csv
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from uuid import UUID

from catalog.items.csv_rows import IDENTITY, KNOWN, item_said
from catalog.items.plain_text import printable
from catalog.items.said import ItemSaid
from catalog.items.upserting import ITEMS_MAX, ItemOutcome, upsert_items_in
from domain.access.principals import Actor
from domain.earning.csv_files import RowRead, rows_of
from domain.earning.import_report import COLUMNS, details, harmless
from domain.earning.refusals import UnreadableFile
from domain.kernel.operation import Door
from domain.kernel.refusals import InvalidInput, Refusal

BYTES_MAX = 64 * 1024 * 1024
ROWS_MAX = 200_000
ROWS_PER_ITEM_MAX = 50
BATCH_DEFAULT = 250


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an import is: rows ended, and rows in all."""

    ended: int
    rows: int


@dataclass(frozen=True, kw_only=True)
class CatalogImported:
    """What an import did: rows of the file, and items by outcome."""

    rows: int
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class _Group:
    """The rows of one item, as numbers from 0, with what they say or why they are refused."""

    rows: Sequence[int]
    external_id: str
    said: ItemSaid | Refusal


async def import_catalog(
    door: Door,
    actor: Actor,
    supplier_id: UUID,
    path: Path,
    *,
    report: Path | None = None,
    delimiter: str = ",",
    batch: int = BATCH_DEFAULT,
    progress: Callable[[Progress], None] | None = None,
    rows_max: int = ROWS_MAX,
) -> CatalogImported:
    """Every item of the file has ended, as `upsert_items` ends it; the same file again changes nothing.

    Killed anywhere, a second call begins anew and finds what was fed unchanged. `batch` is in items, 1 to 1,000.
    `report` gets a CSV with a line a row, in order.
    Refuses: UnreadableFile (absent, too large, a column that is not known); InvalidInput (batch); NotAllowed; NotFound.
    """
    if not 1 <= batch <= ITEMS_MAX:
        raise InvalidInput(field="batch", problem=f"1 to {ITEMS_MAX} items")
    rows = _check(path, delimiter, rows_max)
    counts, ended = Counter[str](), 0
    groups = _groups(rows_of(path, (IDENTITY,), "utf-8", delimiter, rows_max))
    with _report(report) as write:
        while part := list(islice(groups, batch)):
            for group, (outcome, refusal) in zip(part, await _feed(door, actor, supplier_id, part), strict=True):
                counts[outcome.value] += 1
                write(group, outcome, refusal)
            ended += sum(len(group.rows) for group in part)
            if progress is not None:
                progress(Progress(ended=ended, rows=rows))
    return CatalogImported(rows=rows, counts=dict(counts))


async def _feed(
    door: Door, actor: Actor, supplier_id: UUID, part: Sequence[_Group]
) -> list[tuple[ItemOutcome, Refusal | None]]:
    said = [group.said for group in part if isinstance(group.said, ItemSaid)]
    fed = await door.operate(actor, lambda op: upsert_items_in(op, actor, supplier_id, said)) if said else ()
    results = iter(fed)
    ends = list[tuple[ItemOutcome, Refusal | None]]()
    for group in part:
        if isinstance(group.said, ItemSaid):
            result = next(results)
            ends.append((result.outcome, result.refusal))
        else:
            ends.append((ItemOutcome.REJECTED, group.said))
    return ends


def _check(path: Path, delimiter: str, rows_max: int) -> int:
    """How many rows there are; the whole file was read, so that a later pass finds it readable."""
    try:
        if path.stat().st_size > BYTES_MAX:
            raise UnreadableFile(file=path.name, problem=f"larger than {BYTES_MAX} bytes")
    except OSError as trouble:
        raise UnreadableFile(file=path.name, problem=trouble.strerror or "cannot be opened") from trouble
    rows = 0
    for read in rows_of(path, (IDENTITY,), "utf-8", delimiter, rows_max):
        unknown = sorted(set(read.cells or ()) - KNOWN)
        if unknown:
            raise UnreadableFile(file=path.name, problem=f"no column is called {printable(unknown[0], 40)}")
        rows += 1
    return rows


def _groups(rows: Iterator[RowRead]) -> Iterator[_Group]:
    """The rows of one item together; an item that comes again further down is refused: it would lose variants."""
    seen = set[int]()
    for external_id, of_one in groupby(rows, key=lambda read: (read.cells or {}).get(IDENTITY, "").strip()):
        together = list(of_one)
        cells = [read.cells for read in together if read.cells is not None]
        said = _said(cells)
        if cells and hash(external_id) in seen:
            said = InvalidInput(field=IDENTITY, problem="stands further up: the rows of an item follow each other")
        seen.add(hash(external_id))
        yield _Group(rows=[read.number for read in together], external_id=external_id, said=said)


def _said(rows: Sequence[Mapping[str, str]]) -> ItemSaid | Refusal:
    if not rows:
        return InvalidInput(field=IDENTITY, problem="the row does not fit the header")
    if len(rows) > ROWS_PER_ITEM_MAX:
        return InvalidInput(field="denomination_id", problem=f"at most {ROWS_PER_ITEM_MAX} rows an item")
    try:
        return item_said(rows)
    except Refusal as refusal:
        return refusal


Write = Callable[[_Group, ItemOutcome, Refusal | None], None]


@contextmanager
def _report(path: Path | None) -> Generator[Write]:
    """A report that appears at `path` once it is whole; without a path nothing is written."""
    if path is None:
        yield lambda group, outcome, refusal: None
        return
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)

        def write(group: _Group, outcome: ItemOutcome, refusal: Refusal | None) -> None:
            code, facts = (refusal.code(), refusal.facts()) if refusal else ("", {})
            named, said = harmless(printable(group.external_id, 128)), harmless(details(facts))
            writer.writerows([str(row + 1), named, outcome.value.lower(), code, said] for row in group.rows)

        yield write
    unfinished.replace(path)
