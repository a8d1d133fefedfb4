"""What a CRM export says by itself, read with nothing but the csv module: the figures everything else must meet."""

import csv
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

MAIN = "sales_pipeline.csv"
TEAMS = "sales_teams.csv"
FILES = (MAIN, TEAMS, "products.csv", "accounts.csv")
PERCENT = 5  # of NET, what the program of the benchmark gives

# What the export of 8,800 opportunities is known to hold; amounts in whole USD.
ROWS = 8_800
YEAR_TOTAL = 10_005_534
YEAR_MEMBERS = 30
YEAR_FIRST = (1_153_214, 478_396, 454_298, 450_489, 445_860)
QUARTER_DEALS = 1_257
QUARTER_TOTAL = 2_982_255
QUARTER_FIRST = 373_218
QUARTERS = ("2017-01-01", "2017-04-01", "2017-07-01", "2017-10-01", "2018-01-01")


class Differs(AssertionError):
    """A figure is not what it must be."""


@dataclass(frozen=True, kw_only=True)
class Deal:
    """A won deal: whose, which office's, closed on which day, worth how many cents."""

    agent: str
    office: str
    closed: str
    cents: int

    @property
    def earns(self) -> int:
        """What the program gives for it, in cents: rounded once, half to even."""
        return round(Fraction(self.cents * PERCENT, 100))


Deals = Mapping[str, Deal]
Scores = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What must come of an export: its rows by outcome, the won deals by id, how many to change for a second copy."""

    rows: int
    counts: Mapping[str, int]
    partners: int
    members: int
    deals: Deals
    changes: int


def read_known(folder: Path) -> Known:
    """What the export in a folder says of itself.

    Refuses: FileNotFoundError; Differs unless it is the one that is known.
    """
    with (folder / TEAMS).open(encoding="utf-8", newline="") as file:
        offices = {row["sales_agent"]: row["regional_office"] for row in csv.DictReader(file)}
    with (folder / MAIN).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    stages = Counter(row["deal_stage"] for row in rows)
    deals = {
        row["opportunity_id"]: Deal(
            agent=row["sales_agent"],
            office=offices[row["sales_agent"]],
            closed=row["close_date"],
            cents=int(row["close_value"]) * 100,
        )
        for row in rows
        if row["deal_stage"] == "Won"
    }
    must_be_the_known_export(len(rows), deals)
    return Known(
        rows=len(rows),
        counts={
            "RECORDED": stages["Won"] + stages["Lost"],
            "SKIPPED": stages["Engaging"] + stages["Prospecting"],
        },
        partners=len(set(offices.values())),
        members=len(offices),
        deals=deals,
        changes=50,
    )


def must_be_the_known_export(rows: int, deals: Deals) -> None:
    """Refuses: Differs."""
    year = expected_boards(deals)["year", "2017-01-01"]
    quarter = expected_boards(deals)["quarter", "2017-07-01"]
    must_equal("rows", rows, ROWS)
    must_equal("won revenue of 2017", sum(year.values()), YEAR_TOTAL * 100)
    must_equal("members who won in 2017", len(year), YEAR_MEMBERS)
    must_equal("first five of 2017", first(year, 5), YEAR_FIRST)
    must_equal("deals won in the third quarter", len(won_in(deals, "2017-07-01", "2017-10-01")), QUARTER_DEALS)
    must_equal("won revenue of the third quarter", sum(quarter.values()), QUARTER_TOTAL * 100)
    must_equal("first of the third quarter", first(quarter, 1), (QUARTER_FIRST,))


def expected_boards(deals: Deals) -> Mapping[tuple[str, str], Scores]:
    """(board, first day of the season) → score by external id, as plain sums over the file."""
    year = won_in(deals, "2017-01-01", "2018-01-01")
    boards: dict[tuple[str, str], Scores] = {
        ("year", "2017-01-01"): _scores(year, _agent, sum),
        ("count", "2017-01-01"): _scores(year, _agent, len),
        ("best", "2017-01-01"): _scores(year, _agent, max),
        ("partners", "2017-01-01"): _scores(year, lambda deal: deal.office, sum),
        ("earned", "2017-01-01"): _earned(year),
        ("ever", "ever"): _earned(deals),
    }
    for start, end in pairwise(QUARTERS):
        if quarter := won_in(deals, start, end):
            boards["quarter", start] = _scores(quarter, _agent, sum)
    return boards


def won_in(deals: Deals, start: str, end: str) -> Deals:
    """The deals closed from `start`, before `end`."""
    return {name: deal for name, deal in deals.items() if start <= deal.closed < end}


def changed(deals: Deals, by: Mapping[str, int]) -> Deals:
    """The deals with some raised or lowered by so many whole USD."""
    return {
        name: replace(deal, cents=deal.cents + 100 * by[name]) if name in by else deal for name, deal in deals.items()
    }


def first(scores: Scores, count: int) -> tuple[int, ...]:
    """The highest scores, in whole USD."""
    return tuple(cents // 100 for cents in sorted(scores.values(), reverse=True)[:count])


def must_equal(what: str, found: object, expected: object) -> None:
    """Refuses: Differs."""
    if found != expected:
        raise Differs(f"{what}: {str(found)[:500]} instead of {str(expected)[:500]}")


def _agent(deal: Deal) -> str:
    return deal.agent


def _scores(deals: Deals, whose: Callable[[Deal], str], fold: Callable[[list[int]], int]) -> Scores:
    values: dict[str, list[int]] = {}
    for deal in deals.values():
        values.setdefault(whose(deal), []).append(deal.cents)
    return {name: fold(cents) for name, cents in values.items()}


def _earned(deals: Deals) -> Scores:
    earned: Counter[str] = Counter()
    for deal in deals.values():
        earned[deal.agent] += deal.earns
    return earned
