"""What the commands for the shop's storeroom do: bring codes from a file, hold a supplier's list, rotate keys."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TextIO
from uuid import UUID

from api.upkeep import UpkeepRefused
from api.webhooks.registering import SEALED_SECRETS
from api.wiring import Wired
from catalog.codes.importing import BATCH_CODES_MAX, RECORDS_MAX, ImportedCodes, RowResult, digest_of, import_codes
from catalog.codes.records import CodeRow, row_of
from catalog.rewrapping import rewrap
from catalog.suppliers.reconciliation import ListRefused, orders_of_csv
from catalog.suppliers.reconciling import ReconciliationRecord, reconcile_supplier, reconciliations_by_id
from domain.access.principals import SYSTEM
from domain.kernel.keys import Keyed

BYTES_MAX = 256 * 1024 * 1024
ROWS_MAX = 1_000_000
REPORT_COLUMNS = ("row", "outcome", "reason")
POOL = """
SELECT p.id FROM code_pool AS p JOIN supplier AS s ON s.id = p.supplier_id WHERE s.code = $1 AND p.code = $2
"""


async def codes_from_file(
    parts: Wired,
    *,
    path: Path,
    pool: str,
    batch: str,
    report: Path | None,
    progress: Callable[[int, int], None],
) -> Mapping[str, int]:
    """Every row of the CSV file has ended; answers how many which way. `pool` is supplier code/pool code.

    The columns are code, pin, url, serial and expires_on; above 50,000 rows the batch goes on as `batch`-2, -3 and so
    on. Killed and called again, it goes on: rows that came in are replayed. `report` gets a line a row, without codes.
    Refuses: UpkeepRefused (the pool, the file); what `import_codes` refuses.
    """
    pool_id = await _pool_id(parts, pool)
    rows = _counted(path)
    counts, done = Counter[str](), 0
    unfinished = None if report is None else report.with_name(report.name + ".unfinished")
    with ExitStack() as stack:
        write = (
            _report_to(stack.enter_context(unfinished.open("w", encoding="utf-8", newline=""))) if unfinished else None
        )
        reading = _rows(path)
        while chunk := list(islice(reading, RECORDS_MAX)):
            ended = await _bring(parts, pool_id, _batch_of(batch, done), done, chunk)
            counts.update(result.outcome.value for result in ended.results)
            if write is not None:
                write(done, ended.results)
            done += len(chunk)
            progress(done, rows)
    if unfinished is not None and report is not None:
        unfinished.replace(report)
    return counts


async def list_reconciled(
    parts: Wired, *, path: Path, supplier: str, starts_at: datetime, ends_at: datetime
) -> ReconciliationRecord:
    """A supplier's list in a CSV file was held against our orders. Refuses: UpkeepRefused (the supplier, the file)."""
    supplier_id = await parts.database.fetchval("SELECT id FROM supplier WHERE code = $1", supplier)
    if supplier_id is None:
        raise UpkeepRefused(f"there is no supplier {supplier}")
    try:
        orders = orders_of_csv(_text(path))
    except ListRefused as trouble:
        raise UpkeepRefused(f"{path.name}: {trouble}") from trouble
    keyed = Keyed(key=f"{path.name[:60]}:{starts_at.isoformat()}:{ends_at.isoformat()}", request={})
    made = await reconcile_supplier(
        parts.door, SYSTEM, keyed, supplier_id, orders, starts_at=starts_at, ends_at=ends_at
    )
    pair = (SYSTEM, UUID(made.facts["reconciliation_id"]))
    return (await reconciliations_by_id(parts.database, [pair]))[pair]


async def rewrapped(parts: Wired, progress: Callable[[int], None]) -> int:
    """Everything that an older key sealed is sealed under today's; answers how much. Killed, it is called again."""
    total = 0
    while done := await rewrap(parts.door, parts.keyring, SEALED_SECRETS):
        total += done
        progress(total)
    return total


async def _bring(parts: Wired, pool_id: UUID, batch: str, first: int, chunk: Sequence[CodeRow]) -> ImportedCodes:
    # The key is of these very rows in this place of this batch: what was committed before a kill is replayed.
    key = parts.keyring.blind(f"{pool_id}:{batch}:{first}:{digest_of(parts.keyring, chunk)}").hex()
    return await import_codes(
        parts.door, SYSTEM, Keyed(key=f"codes-{key}", request={}), parts.keyring, pool_id, batch, chunk
    )


async def _pool_id(parts: Wired, pool: str) -> UUID:
    supplier, _, code = pool.partition("/")
    found = await parts.database.fetchval(POOL, supplier, code)
    if found is None:
        raise UpkeepRefused(f"there is no pool {pool}: name it as supplier/pool, by their codes")
    return found


def _batch_of(batch: str, row: int) -> str:
    number = row // BATCH_CODES_MAX + 1
    return batch if number == 1 else f"{batch}-{number}"


def _counted(path: Path) -> int:
    """How many rows the file has; the whole of it was read, so what a later pass reads is known to be readable."""
    rows = sum(1 for _ in _rows(path))
    if rows > ROWS_MAX:
        raise UpkeepRefused(f"{path.name} has more than {ROWS_MAX} rows")
    return rows


def _rows(path: Path) -> Iterator[CodeRow]:
    if path.stat().st_size > BYTES_MAX:
        raise UpkeepRefused(f"{path.name} is larger than {BYTES_MAX} bytes")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = {name.strip().lower() for name in reader.fieldnames or ()}
            if not names & {"code", "url"}:
                raise UpkeepRefused(f"{path.name} has no column code or url")
            for cells in reader:
                yield row_of({name: cell for name, cell in cells.items() if isinstance(name, str)})
    except (UnicodeDecodeError, csv.Error) as trouble:
        # Without its cause: what could not be read may hold codes.
        raise UpkeepRefused(f"{path.name} is no CSV file in UTF-8 ({type(trouble).__name__})") from None


def _report_to(file: TextIO) -> Callable[[int, Sequence[RowResult]], None]:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(REPORT_COLUMNS)

    def write(first: int, results: Sequence[RowResult]) -> None:
        for result in results:
            writer.writerow((first + result.row + 1, result.outcome.value.lower(), result.reason or ""))

    return write


def _text(path: Path) -> str:
    if path.stat().st_size > BYTES_MAX:
        raise UpkeepRefused(f"{path.name} is larger than {BYTES_MAX} bytes")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UpkeepRefused(f"{path.name} is not in UTF-8") from None
