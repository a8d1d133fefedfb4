"""The boards over the export: held against plain sums of the file, and PostgreSQL against the index, rank by rank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from benchmarks.crm_figures import Deals, Scores, expected_boards, first, must_equal, won_in
from benchmarks.crm_stage import Figures, Stage
from domain.access.principals import SYSTEM
from leaderboards.boards import RankDisplay
from leaderboards.reading import PAGE_MAX, RankAsked, page, page_as_of, ranks, season
from leaderboards.standings import Entry
from leaderboards.store import Store
from leaderboards.views import AnswerSource, PageAfter, SeasonShown
from leaderboards.windows import EARLIEST

SEASONS = """
SELECT season.id, leaderboard.code, season.starts_at FROM season JOIN leaderboard ON leaderboard.id = leaderboard_id
WHERE leaderboard_id = ANY($1::uuid[]) ORDER BY 2, 3
"""
NAMES = """
SELECT id, external_id FROM member WHERE source_id = $1 UNION ALL SELECT id, external_id FROM partner
WHERE source_id = $1
"""
BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """How much was compared: seasons, lines (each in both displays) and subjects who share their score."""

    seasons: int
    lines: int
    tied: int


async def boards_are_right(stage: Stage) -> Figures:
    """Every season of every board shows what the file adds up to; PostgreSQL and index agree on every rank."""
    agreed = await boards_follow(stage, stage.known.deals)
    must_equal("lines as of before the import", await _all_as_of(stage, BEFORE_ALL), {})
    expected = expected_boards(stage.known.deals)
    year, quarter = expected["year", "2017-01-01"], expected["quarter", "2017-07-01"]
    deals = len(won_in(stage.known.deals, "2017-07-01", "2017-10-01"))
    return [
        f"2017, won revenue: {_said(year)}",
        f"third quarter: {deals:,} deals, {_said(quarter)}",
        f"{agreed.seasons} seasons of {len(stage.boards)} boards are what the file adds up to; {agreed.lines:,} lines"
        f" agree between PostgreSQL and index in both displays, {agreed.tied} of them tied",
    ]


async def boards_follow(stage: Stage, deals: Deals) -> Agreed:
    """Refuses: Differs unless every season shows what these deals add up to, from PostgreSQL and index alike."""
    names = await _names(stage)
    found: dict[tuple[str, str], Scores] = {}
    lines = tied = 0
    for key, season_id in (await _seasons(stage)).items():
        for display in RankDisplay:
            entries = await _agreed(stage, season_id, display)
            lines += len(entries)
            tied += sum(entry.tied_with > 0 for entry in entries)
        found[key] = {names[entry.subject_id]: entry.score for entry in entries}
    _must_be(found, deals)
    return Agreed(seasons=len(found), lines=lines, tied=tied)


async def boards_as_of(stage: Stage, instant: datetime, deals: Deals) -> None:
    """Refuses: Differs unless the boards, as they were known at that instant, show what these deals add up to."""
    _must_be(await _all_as_of(stage, instant), deals)


async def _all_as_of(stage: Stage, instant: datetime) -> Mapping[tuple[str, str], Scores]:
    names = await _names(stage)
    found: dict[tuple[str, str], Scores] = {}
    for key, season_id in (await _seasons(stage)).items():
        shown, entries, after = await season(stage.database, SYSTEM, season_id), list[Entry](), None
        while True:
            lines = await page_as_of(stage.database, SYSTEM, shown, instant, first=PAGE_MAX, after=after)
            entries += lines.entries
            if (after := lines.next) is None:
                break
        if entries:
            found[key] = {names[entry.subject_id]: entry.score for entry in entries}
    return found


def _must_be(found: Mapping[tuple[str, str], Scores], deals: Deals) -> None:
    expected = expected_boards(deals)
    must_equal("seasons", sorted(found), sorted(expected))
    for key, scores in expected.items():
        must_equal(f"board {key[0]} from {key[1]}", found[key], scores)


async def _agreed(stage: Stage, season_id: UUID, display: RankDisplay) -> Sequence[Entry]:
    """All lines of a season in one display, the same by page and by subject, from PostgreSQL and from the index."""
    shown = await season(stage.database, SYSTEM, season_id)
    shown = replace(shown, board=replace(shown.board, rank_display=display))
    in_sql = await _lines(stage, None, shown)
    in_index = await _lines(stage, stage.store, shown)
    what = f"{shown.board.code} {display.value}"
    must_equal(f"{what}: lines of the index", in_index, in_sql)
    by_subject = {entry.subject_id: entry for entry in in_sql}
    for store in (None, stage.store):
        asked = [RankAsked(actor=SYSTEM, season=shown, subject_id=subject_id) for subject_id in by_subject]
        answers = [one for one in await ranks(stage.database, store, asked) if one is not None]
        must_equal(f"{what}: source of ranks", {one.source for one in answers}, {_source(store)})
        must_equal(f"{what}: ranks", {one.subject_id: one.entry for one in answers}, by_subject)
    return in_sql


async def _lines(stage: Stage, store: Store | None, shown: SeasonShown) -> Sequence[Entry]:
    entries, after = list[Entry](), None
    while True:
        lines = await page(stage.database, store, SYSTEM, shown, first=PAGE_MAX, after=after)
        must_equal(f"{shown.board.code}: source of lines", lines.source, _source(store))
        entries += lines.entries
        after: PageAfter | None = lines.next
        if after is None:
            return entries


def _source(store: Store | None) -> AnswerSource:
    return AnswerSource.LEDGER if store is None else AnswerSource.INDEX


async def _seasons(stage: Stage) -> Mapping[tuple[str, str], UUID]:
    rows = await stage.database.fetch(SEASONS, list(stage.boards.values()))
    return {(row["code"], _day(row["starts_at"])): row["id"] for row in rows}


def _day(instant: datetime) -> str:
    return "ever" if instant <= EARLIEST else instant.date().isoformat()


async def _names(stage: Stage) -> Mapping[UUID, str]:
    rows = await stage.database.fetch(NAMES, stage.source.source_id)
    return {row["id"]: row["external_id"] for row in rows}


def _said(scores: Scores) -> str:
    values = " · ".join(f"{value:,}" for value in first(scores, 5))
    return f"{len(scores)} members, {sum(scores.values()) / 100:,.0f} USD; first {values}"
