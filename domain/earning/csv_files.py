"""Reads the CSV files of an import as a stream: declared encoding, checked header, bounded size, rows as text."""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from domain.activities.mapping import Row, RowMapping, SideFile
from domain.earning.refusals import UnreadableFile

BYTES_MAX = 512 * 1024 * 1024
ROWS_MAX = 1_000_000
SIDE_ROWS_MAX = 100_000
COLUMNS_MAX = 200


@dataclass(frozen=True, kw_only=True)
class RowRead:
    """One record of the file, from 0; without `cells` it does not fit the header."""

    number: int
    cells: Row | None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large a file may be; the defaults are those of an import."""

    bytes_max: int = BYTES_MAX
    rows_max: int = ROWS_MAX
    side_rows_max: int = SIDE_ROWS_MAX


def rows_of(path: Path, columns: tuple[str, ...], encoding: str, delimiter: str, rows_max: int) -> Iterator[RowRead]:
    """The records in order; bytes that are not of the encoding are kept as lone surrogates, for the row to answer.

    Refuses: UnreadableFile (absent, header, too many rows, quoting that swallows the file).
    """
    try:
        # A byte order mark is no part of the first column's name, whichever way the encoding was declared.
        encoding = "utf-8-sig" if encoding == "utf-8" else encoding
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            header = _header(path, next(reader, []), columns)
            for number, cells in enumerate(record for record in reader if record):
                if number >= rows_max:
                    raise UnreadableFile(file=path.name, problem=f"more than {rows_max} rows")
                fits = len(cells) == len(header)
                yield RowRead(number=number, cells=dict(zip(header, cells, strict=True)) if fits else None)
    except OSError as trouble:
        raise UnreadableFile(file=path.name, problem=trouble.strerror or "cannot be opened") from trouble
    except csv.Error as trouble:
        raise UnreadableFile(file=path.name, problem=str(trouble)) from trouble


def rows_of_main(path: Path, mapping: RowMapping, limits: Limits) -> Iterator[RowRead]:
    """The records of the main file."""
    return rows_of(path, mapping.columns, mapping.encoding, mapping.delimiter, limits.rows_max)


def count_rows(path: Path, mapping: RowMapping, limits: Limits) -> int:
    """How many records the file holds; the whole of it was read, so what a later pass reads is known to be readable."""
    return sum(1 for _ in rows_of_main(path, mapping, limits))


def side_rows(folder: Path, mapping: RowMapping, limits: Limits) -> dict[str, dict[str, Row]]:
    """The side files by name, each a table by its key; the first row of a key stands, blank keys are left out."""
    return {name: _table(folder, file, mapping, limits) for name, file in mapping.files.items()}


def digest_of(path: Path, mapping: RowMapping, document: Mapping[str, object], limits: Limits) -> bytes:
    """SHA-256 over the file, its side files and the mapping: another import exactly where one of them differs.

    Refuses: UnreadableFile (absent, too large).
    """
    digest = hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
    for part in (path, *(path.parent / file.file_name for file in mapping.files.values())):
        try:
            if part.stat().st_size > limits.bytes_max:
                raise UnreadableFile(file=part.name, problem=f"larger than {limits.bytes_max} bytes")
            with part.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as trouble:
            raise UnreadableFile(file=part.name, problem=trouble.strerror or "cannot be opened") from trouble
    return digest.digest()


def _table(folder: Path, file: SideFile, mapping: RowMapping, limits: Limits) -> dict[str, Row]:
    table: dict[str, Row] = {}
    path = folder / file.file_name
    for row in rows_of(path, file.columns, mapping.encoding, mapping.delimiter, limits.side_rows_max):
        if row.cells is None:
            raise UnreadableFile(file=path.name, problem=f"row {row.number + 1} does not fit the header")
        key = row.cells[file.key].strip()
        if key:
            table.setdefault(key, row.cells)
    return table


def _header(path: Path, header: list[str], columns: tuple[str, ...]) -> list[str]:
    names = [name.strip() for name in header]
    if len(names) > COLUMNS_MAX:
        raise UnreadableFile(file=path.name, problem=f"more than {COLUMNS_MAX} columns")
    if len(set(names)) < len(names):
        raise UnreadableFile(file=path.name, problem="a column name comes twice")
    missing = [column for column in columns if column not in names]
    if missing:
        raise UnreadableFile(file=path.name, problem=f"no column {', '.join(missing)}")
    return names
