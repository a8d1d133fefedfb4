"""The report of an import: a CSV file with one line a row, safe to open in a spreadsheet."""

import csv
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from domain.earning.import_runs import Ended

COLUMNS = ("row", "external_id", "outcome", "reason", "details")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


class Report(Protocol):
    """Where the lines of a report go, in order."""

    def __call__(self, ended: Iterable[Ended]) -> None: ...


@contextmanager
def report_at(path: Path) -> Generator[Report]:
    """A report that appears at `path` once it is whole; until then it stands beside it."""
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)

        def write(ended: Iterable[Ended]) -> None:
            writer.writerows(line(end) for end in ended)

        yield write
    unfinished.replace(path)


def line(end: Ended) -> list[str]:
    """One line: the row counted from 1, as a spreadsheet's reader counts below the header."""
    code = str(end.reason.get("code", ""))
    return [
        str(end.row + 1),
        harmless(end.external_id),
        end.outcome.value.lower(),
        harmless(code),
        harmless(details(end.reason)),
    ]


def details(reason: Mapping[str, object]) -> str:
    """The facts of a reason in one cell."""
    return "; ".join(f"{name}: {value}" for name, value in reason.items() if name != "code" and value not in ("", None))


def harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run as a formula."""
    return "'" + cell if cell.startswith(DANGEROUS) else cell
