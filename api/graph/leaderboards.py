"""Leaderboards: definitions, seasons, pages pinned to a version, the lines around you and your own rank."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, one, told, wording
from api.graph.ids import Tag, decode_as, encode_id
from api.graph.paging import (
    After,
    Connection,
    Edge,
    EdgeRecord,
    First,
    PageInfo,
    PageInfoRecord,
    limit_of,
    page_of,
    read_cursor,
    write_cursor,
)
from api.graph.readings import (
    activity_by_id,
    board_by_id,
    boards_by_code,
    instant_now,
    rank_of,
    reasons_of_standing,
    season_by_id,
    seasons_of_board,
    subject_shown,
)
from api.graph.refusing import as_error
from api.graph.scalars import Cursor, Json, Points
from api.graph.texts import Reason
from api.graph.units import unit_of
from domain.earning.reading import awards_by_id
from domain.programs.program import Visibility
from domain.programs.reading import programs_by_id
from leaderboards.boards import Operator, RankDisplay, Scope
from leaderboards.listing import boards
from leaderboards.reading import around, own_subject, page, page_as_of
from leaderboards.standings import Entry, Place
from leaderboards.telling import StandingDetails, details_of, rank_reasons, totals_of
from leaderboards.views import (
    AnswerSource,
    BoardShown,
    LinesShown,
    PageAfter,
    SeasonShown,
    Version,
)
from leaderboards.windows import WindowKind

SEASONS_MAX = 100
CURSOR_KINDS = (UUID, int, int, int, UUID, int, datetime)


@dataclass(frozen=True, kw_only=True)
class LineRecord:
    """One line of a season's board."""

    entry: Entry
    season: SeasonShown


@dataclass(frozen=True, kw_only=True)
class BoardPageRecord:
    """Lines at one version, as of an instant."""

    lines: LinesShown
    as_of: datetime
    edges: list[EdgeRecord[LineRecord]]
    page_info: PageInfoRecord


@dataclass(frozen=True, kw_only=True)
class MyRankRecord:
    """Where the viewer stands."""

    entry: Entry
    season: SeasonShown
    version: Version


@strawberry.type(description="Which state of a season an answer shows; it only ever grows.")
class BoardVersion:
    epoch: Points = strawberry.field(description="Grows when history is restored or rebuilt.")
    seq: Points = strawberry.field(description="Counts the changes of standings in the season.")


@strawberry.type(description="One window of a leaderboard, half-open: startsAt ≤ occurredAt < endsAt.")
class Season(Node):
    id = identity(Tag.SEASON)
    starts_at: datetime = strawberry.field(description="When it begins.")
    ends_at: datetime | None = strawberry.field(description="When it ends, null for never.")
    is_closed = told("closed", bool, "True once its result is final.")
    leaderboard = told("board", nouns.LEADERBOARD, "Its leaderboard.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, SeasonShown)


@strawberry.type(description="One line of a leaderboard.")
class BoardEntry:
    rank = told("entry.rank", int, "The rank to show, with ties as the board shows them.")
    place = told("entry.ordinal", int, "The place in the total order, from 1; no two lines share one.")
    tied_with = told("entry.tied_with", int, "How many others share the rank; 0 on an ORDINAL board.")
    score = told("entry.score", Points, "The score, in the board's unit.")
    reached_at = told("entry.reached_at", datetime, "When the score was reached: earlier stands first.")

    @strawberry.field(description="The member or partner it is about: a key that stays through every change.")
    @staticmethod
    def subject_id(parent: strawberry.Parent[LineRecord]) -> strawberry.ID:
        return subject_id(parent.season, parent.entry.subject_id)

    @strawberry.field(description="The name to show.")
    @staticmethod
    async def name(parent: strawberry.Parent[LineRecord], info: Info) -> str:
        shown = await info.context.batches.one(subject_shown, parent.entry.subject_id)
        return shown.name if shown else ""

    @strawberry.field(description="The firm's name, on a board of members.")
    @staticmethod
    async def partner_name(parent: strawberry.Parent[LineRecord], info: Info) -> str | None:
        if parent.season.board.scope is Scope.PARTNERS:
            return None
        shown = await info.context.batches.one(subject_shown, parent.entry.subject_id)
        firm = await info.context.batches.one(subject_shown, shown.partner_id if shown else None)
        return firm.name if firm else None

    @strawberry.field(description="True for someone who has left.")
    @staticmethod
    async def is_former(parent: strawberry.Parent[LineRecord], info: Info) -> bool:
        shown = await info.context.batches.one(subject_shown, parent.entry.subject_id)
        return shown is None or shown.former

    @strawberry.field(description="How many contributions the score holds.")
    @staticmethod
    async def contributions(parent: strawberry.Parent[LineRecord], info: Info) -> int:
        found = await info.context.batches.one(details_of, (parent.season.id, parent.entry.subject_id))
        return found.contributions if found else 0

    @strawberry.field(description="True for your own line, or your firm's on a board of partners.")
    @staticmethod
    def is_me(parent: strawberry.Parent[LineRecord], info: Info) -> bool:
        return parent.entry.subject_id == own_subject(info.context.actor, parent.season)


@strawberry.type(description="Lines of one season at one version; the pages after it show the same version.")
class BoardPage:
    season = told("lines.season", Season, "The season.")
    version = told("lines.version", BoardVersion, "The state that this page and the pages after it show.")
    source = told("lines.source", AnswerSource, "Where it was read.")

    @strawberry.field(description="How many stand on the board now.")
    @staticmethod
    async def total(parent: strawberry.Parent[BoardPageRecord], info: Info) -> int:
        return await info.context.batches.one(totals_of, parent.lines.season.id) or 0

    is_stale = told("lines.stale", bool, "True if the board has moved on since that version.")
    as_of: datetime = strawberry.field(description="The instant of this answer, or the one that was asked for.")
    edges: list[Edge[BoardEntry]] = strawberry.field(description="The lines in order, at most 100.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


@strawberry.type(description="One thing that counts for your score.")
class BoardContribution:
    value: Points = strawberry.field(description="What it is worth, in the board's unit.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    counts = told("in_score", bool, "False where another one attains the score (BEST).")
    activity = one(nouns.ACTIVITY, activity_by_id, "origin_id", "The activity that counts, if it is one.")
    award = one(nouns.AWARD, awards_by_id, "origin_id", "The award that counts, if it is one.")


@strawberry.type(description="Where you stand, and why.")
class MyRank:
    rank = told("entry.rank", int, "The rank to show.")
    place = told("entry.ordinal", int, "The place in the total order, from 1.")
    score = told("entry.score", Points, "Your score, in the board's unit.")
    tied_with = told("entry.tied_with", int, "How many others share the rank; 0 on an ORDINAL board.")
    reached_at = told("entry.reached_at", datetime, "When your score was reached.")
    version: BoardVersion = strawberry.field(description="The state it was read at.")

    @strawberry.field(description="How many stand on the board.")
    @staticmethod
    async def total(parent: strawberry.Parent[MyRankRecord], info: Info) -> int:
        return await info.context.batches.one(totals_of, parent.season.id) or 0

    @strawberry.field(description="What is missing to the next score above; null for the highest.")
    @staticmethod
    async def points_to_next(parent: strawberry.Parent[MyRankRecord], info: Info) -> Points | None:
        found = await _details(info, parent)
        return Points(found.to_next) if found and found.to_next is not None else None

    @strawberry.field(graphql_type=list[Reason], description="Why you stand there, in words; at most three.")
    @staticmethod
    async def reasons(parent: strawberry.Parent[MyRankRecord], info: Info) -> Any:
        found = await _details(info, parent)
        return rank_reasons(parent.entry, found) if found else []

    @strawberry.field(
        graphql_type=list[BoardContribution], description="The newest contributions to it, at most `first`."
    )
    @staticmethod
    async def contributions(parent: strawberry.Parent[MyRankRecord], info: Info, first: First = 25) -> Any:
        limit_of(first)
        key = (parent.season.id, parent.entry.subject_id)
        found = await info.context.batches.one(reasons_of_standing, key, first=first)
        return found.reasons if found else []


At = Annotated[
    datetime | None, strawberry.argument(description="The season that began last before it; now by default.")
]
SeasonArgument = Annotated[
    strawberry.ID | None, strawberry.argument(description="Which season; the present one by default.")
]


@strawberry.type(description="A leaderboard: what counts, for whom, over which windows.")
class Leaderboard(Node):
    id = identity(Tag.LEADERBOARD)
    version: Points = strawberry.field(description="Moves with every change of its definition.")
    code: str = strawberry.field(description="Unique code, at most 64 characters.")
    name = wording("name", "Its name.")
    metric: Json = strawberry.field(
        description="What counts, as data: activities or awards, which measure, which unit."
    )
    unit = unit_of("What scores count in; null where they count things.")
    operator: Operator = strawberry.field(description="How contributions become a score.")
    scope: Scope = strawberry.field(description="Who is ranked.")
    window = told("window_kind", WindowKind, "Over which stretch of time it counts.")
    zone: str = strawberry.field(description="The IANA zone of its calendar.")
    rank_display: RankDisplay = strawberry.field(description="What ties look like.")
    program = one(nouns.PROGRAM, programs_by_id, "program_id", "The program it belongs to, if any.")

    @strawberry.field(description="Who may look at it.")
    @staticmethod
    def visibility(parent: strawberry.Parent[BoardShown]) -> Visibility:
        return Visibility(parent.visibility.value)

    @strawberry.field(graphql_type=list[Season], description="Its seasons, newest first, at most 100.")
    @staticmethod
    async def seasons(parent: strawberry.Parent[BoardShown], info: Info, first: First = 10) -> Any:
        limit_of(first)
        return await info.context.batches.many(seasons_of_board, parent.id, first=first)

    @strawberry.field(graphql_type=Season | None, description="One season; null before its first contribution.")
    @staticmethod
    async def season(parent: strawberry.Parent[BoardShown], info: Info, at: At = None) -> Any:
        found = await info.context.batches.many(seasons_of_board, parent.id, first=1, before=at)
        return next(iter(found), None)

    @strawberry.field(
        graphql_type=BoardPage | None, description="The lines in order; null where there is no such season."
    )
    @staticmethod
    async def page(
        parent: strawberry.Parent[BoardShown],
        info: Info,
        first: First = 25,
        after: After = None,
        season_id: SeasonArgument = None,
        as_of: Annotated[
            datetime | None, strawberry.argument(description="The board as it was known at this instant.")
        ] = None,
    ) -> Any:
        limit_of(first)
        key = read_cursor(after, *CURSOR_KINDS)
        season = await _season(info, parent, encode_id(Tag.SEASON, key[0]) if key else season_id)
        if season is None:
            return None
        return await _page(info, season, first, _page_after(key) if key else None, as_of)

    @strawberry.field(graphql_type=list[BoardEntry], description="Your line with at most k on each side; k is 1 to 25.")
    @staticmethod
    async def around_me(
        parent: strawberry.Parent[BoardShown],
        info: Info,
        k: Annotated[int, strawberry.argument(description="How many on each side, 1 to 25.")] = 3,
        season_id: SeasonArgument = None,
    ) -> Any:
        season = await _season(info, parent, season_id)
        subject = own_subject(info.context.actor, season) if season else None
        if season is None or subject is None:
            return []
        with as_error(info):
            lines = await around(info.context.database, info.context.store, info.context.actor, season, subject, k=k)
        return [LineRecord(entry=entry, season=season) for entry in lines.entries]

    @strawberry.field(graphql_type=MyRank | None, description="Where you stand; null while you have no contribution.")
    @staticmethod
    async def my_rank(parent: strawberry.Parent[BoardShown], info: Info, season_id: SeasonArgument = None) -> Any:
        season = await _season(info, parent, season_id)
        subject = own_subject(info.context.actor, season) if season else None
        if season is None or subject is None:
            return None
        found = await rank_of(info.context, season, subject)
        if found is None or found.entry is None:
            return None
        return MyRankRecord(entry=found.entry, season=season, version=found.version)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, BoardShown)


def subject_id(season: SeasonShown, subject: UUID) -> strawberry.ID:
    """The opaque id of a ranked member or partner."""
    return strawberry.ID(encode_id(Tag.MEMBER if season.board.scope is Scope.MEMBERS else Tag.PARTNER, subject))


async def _season(info: Info, board: BoardShown, season_id: str | None) -> SeasonShown | None:
    if season_id is None:
        return next(iter(await info.context.batches.many(seasons_of_board, board.id, first=1)), None)
    found: SeasonShown | None = await info.context.batches.one(season_by_id, decode_as(Tag.SEASON, season_id))
    return found if found is not None and found.board.id == board.id else None


async def _page(
    info: Info, season: SeasonShown, first: int, after: PageAfter | None, as_of: datetime | None
) -> BoardPageRecord:
    context = info.context
    with as_error(info):
        if as_of is None:
            lines = await page(context.database, context.store, context.actor, season, first=first, after=after)
        else:
            lines = await page_as_of(context.database, context.actor, season, as_of, first=first, after=after)
    edges = [
        EdgeRecord(cursor=_cursor(lines, entry), node=LineRecord(entry=entry, season=season)) for entry in lines.entries
    ]
    return BoardPageRecord(
        lines=lines,
        as_of=as_of or await context.batches.sure(instant_now, "*"),
        edges=edges,
        page_info=PageInfoRecord(
            has_next_page=lines.next is not None,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )


def _cursor(lines: LinesShown, entry: Entry) -> str:
    version = lines.version
    return write_cursor(
        lines.season.id, version.epoch, version.seq, entry.ordinal, entry.subject_id, entry.score, entry.reached_at
    )


def _page_after(key: tuple[Any, ...]) -> PageAfter:
    _, epoch, seq, ordinal, subject, score, reached_at = key
    return PageAfter(
        epoch=epoch, seq=seq, ordinal=ordinal, place=Place(subject_id=subject, score=score, reached_at=reached_at)
    )


async def _details(info: Info, mine: MyRankRecord) -> StandingDetails | None:
    return await info.context.batches.one(details_of, (mine.season.id, mine.entry.subject_id))


@strawberry.type
class LeaderboardQuery:
    @strawberry.field(
        graphql_type=Connection[Leaderboard],
        description="Leaderboards you may look at, in order of code; without signing in the public ones.",
    )
    async def leaderboards(self, info: Info, first: First = 25, after: After = None) -> Any:
        return await leaderboards_page(info, first, after)

    @strawberry.field(graphql_type=Leaderboard | None, description="One leaderboard, by its id or by its code.")
    async def leaderboard(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id.")] = None,
        code: Annotated[str | None, strawberry.argument(description="Its code, where no id is given.")] = None,
    ) -> Any:
        if id is not None:
            return await info.context.batches.one(board_by_id, decode_as(Tag.LEADERBOARD, id))
        return await info.context.batches.one(boards_by_code, code)


async def leaderboards_page(info: Info, first: int, after: Cursor | None) -> Any:
    """A page of the boards the viewer may look at; the hundredth asks once more whether others follow."""
    limit_of(first)
    seen = read_cursor(after, str)
    context = info.context
    rows = await boards(context.database, context.actor, first=first, after_code=seen and seen[0])
    more = len(rows) == first and bool(await boards(context.database, context.actor, first=1, after_code=rows[-1].code))
    return page_of(rows, first=first, after=after, key=lambda row: (row.code,), has_more=more)
