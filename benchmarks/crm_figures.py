"""What a CRM export says by itself, read with nothing but the csv module: the figures everything else must meet."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

MAIN = "sales_pipeline.csv"
FILES = (MAIN, "sales_teams.csv", "products.csv", "accounts.csv")


class Differs(AssertionError):
    """A figure is not what it must be."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """Won revenue by agent in whole USD: deals, members, sum and the first values."""

    deals: int
    members: int
    total: int
    first: tuple[int, ...]

    def __str__(self) -> str:
        first = " · ".join(f"{value:,}" for value in self.first)
        return f"{self.deals:,} deals, {self.members} members, {self.total:,} USD; first {first}"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Rows by stage, and won revenue of the year and of its third quarter by closing date."""

    stages: dict[str, int]
    year: Board
    quarter: Board

    @property
    def rows(self) -> int:
        return sum(self.stages.values())


# What the export of 8,800 opportunities is known to hold.
ROWS = 8_800
YEAR_TOTAL = 10_005_534
YEAR_MEMBERS = 30
YEAR_FIRST = (1_153_214, 478_396, 454_298, 450_489, 445_860)
QUARTER_DEALS = 1_257
QUARTER_TOTAL = 2_982_255
QUARTER_FIRST = 373_218


def read_figures(folder: Path) -> Figures:
    """The figures of the export in a folder.

    Refuses: FileNotFoundError.
    """
    with (folder / MAIN).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    won = [row for row in rows if row["deal_stage"] == "Won"]
    return Figures(
        stages=dict(Counter(row["deal_stage"] for row in rows)),
        year=_board(row for row in won if row["close_date"].startswith("2017-")),
        quarter=_board(row for row in won if "2017-07-01" <= row["close_date"] < "2017-10-01"),
    )


def _board(rows: Iterable[dict[str, str]]) -> Board:
    totals: Counter[str] = Counter()
    deals = 0
    for row in rows:
        totals[row["sales_agent"]] += int(row["close_value"])
        deals += 1
    return board_of(deals, totals)


def board_of(deals: int, totals: Mapping[str, int]) -> Board:
    """A board from whole USD by agent."""
    values = sorted(totals.values(), reverse=True)
    return Board(deals=deals, members=len(values), total=sum(values), first=tuple(values[:5]))


def must_equal(what: str, found: object, expected: object) -> None:
    """Refuses: Differs."""
    if found != expected:
        raise Differs(f"{what}: {found} instead of {expected}")
