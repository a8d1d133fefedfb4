"""The file that a bank or payroll takes: comma-separated, one line a payout, no cell a formula."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

COLUMNS = ("payout", "owner_kind", "owner", "name", "currency", "amount", "payroll")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One payout as its file says it; `amount` in minor units, `exponent` decimals of the major one."""

    payout_id: UUID
    payout: str
    owner_kind: str
    owner: str
    name: str
    unit: str
    amount: int
    exponent: int
    by_payroll: bool


def sheet_of(lines: Iterable[Line]) -> str:
    """The file, with a header and CRLF at the end of lines (RFC 4180); every text cell is safe in a spreadsheet."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow(
            (
                safe(line.payout),
                line.owner_kind,
                safe(line.owner),
                safe(line.name),
                safe(line.unit),
                major(line.amount, line.exponent),
                "yes" if line.by_payroll else "no",
            )
        )
    return written.getvalue()


def safe(cell: str) -> str:
    """The text, which a spreadsheet does not take for a formula: one that begins like one gets an apostrophe first."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def major(amount: int, exponent: int) -> str:
    """Minor units as a decimal of the major unit: 1234 cents are 12.34."""
    if exponent == 0:
        return str(amount)
    whole, part = divmod(amount, 10**exponent)
    return f"{whole}.{part:0{exponent}d}"
