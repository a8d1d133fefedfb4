"""Every question about boards: from the index where it stands, else from PostgreSQL with the same answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.principals import Actor, Role, Scope
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import Connection, Database, Row
from leaderboards import lines
from leaderboards.boards import RankDisplay, Visibility
from leaderboards.boards import Scope as BoardScope
from leaderboards.loading import index_epoch, season_shown
from leaderboards.refusals import PageExpired
from leaderboards.standings import Entry, Place
from leaderboards.store import Asked, IndexLines, IndexUnavailable, Store
from leaderboards.views import AnswerSource, BoardShown, LinesShown, PageAfter, RankShown, SeasonShown, Version

PAGE_MAX = 100
AROUND_MAX = 25
RANKS_MAX = 1_000
FEW = 8  # above so many of one season, ranking it once costs less than counting for each

SEQ_KNOWN = "SELECT max(seq) FROM standing_change WHERE season_id = $1 AND changed_at <= $2"


@dataclass(frozen=True, kw_only=True)
class RankAsked:
    """Where does this subject stand in this season, for this actor?"""

    actor: Actor
    season: SeasonShown
    subject_id: UUID


def sees(actor: Actor, visibility: Visibility) -> bool:
    """True if the actor may look at a board of this visibility; who may see it sees all of its lines."""
    match actor.role:
        case Role.ANONYMOUS:
            return visibility is Visibility.PUBLIC
        case Role.INTEGRATION:
            return Scope.ACTIVITIES_READ in actor.scopes
        case _:
            return True


async def season(source: Database | Connection, actor: Actor, season_id: UUID) -> SeasonShown:
    """One season with its board. Refuses: NotFound (also where the actor may not look)."""
    found = (await seasons(source, [(actor, season_id)]))[0]
    if found is None:
        raise NotFound(kind="season", id=str(season_id))
    return found


async def seasons(source: Database | Connection, asked: Sequence[tuple[Actor, UUID]]) -> list[SeasonShown | None]:
    """Seasons with their boards, one per (actor, season) in order; None where there is none for that actor."""
    rows = await source.fetch(SEASONS, list({season_id for _, season_id in asked}))
    found = {row["season_id"]: season_shown(row) for row in rows}
    return [
        one if (one := found.get(season_id)) is not None and sees(actor, one.board.visibility) else None
        for actor, season_id in asked
    ]


SEASONS = """
SELECT s.id AS season_id, s.starts_at, s.ends_at, s.closing_position IS NOT NULL AS closed, b.*
FROM season s JOIN leaderboard b ON b.id = s.leaderboard_id WHERE s.id = ANY($1::uuid[])
"""


async def page(
    database: Database,
    store: Store | None,
    actor: Actor,
    season: SeasonShown,
    *,
    first: int = 50,
    after: PageAfter | None = None,
) -> LinesShown:
    """The next `first` lines (1 to 100). A page after another shows the state that the first one showed.

    Refuses: NotFound; InvalidInput (first); PageExpired.
    """
    _check(actor, season, "first", first, PAGE_MAX)
    display = season.board.rank_display
    offset = after.ordinal if after is not None else 0
    found = await _indexed(store, season.id, lambda index: index.page(season.id, offset, first, display))
    if found is not None and (after is None or (found.version.epoch, found.version.seq) == (after.epoch, after.seq)):
        return _from_index(season, found, first)
    if after is None:
        rows = await database.fetch(lines.PAGE, *_page_arguments(season, None, first))
    else:
        rows = await database.fetch(lines.PAGE_AT, *_page_arguments(season, after, first), after.seq)
    return _from_sql(season, rows, first, after)


async def page_as_of(
    database: Database,
    actor: Actor,
    season: SeasonShown,
    instant: datetime,
    *,
    first: int = 50,
    after: PageAfter | None = None,
) -> LinesShown:
    """The board as it was known at an instant. Refuses: NotFound; InvalidInput (first); PageExpired."""
    _check(actor, season, "first", first, PAGE_MAX)
    seq = after.seq if after is not None else await database.fetchval(SEQ_KNOWN, season.id, instant) or 0
    rows = await database.fetch(lines.PAGE_AT, *_page_arguments(season, after, first), seq)
    return _from_sql(season, rows, first, after, seq=seq)


async def around_me(
    database: Database, store: Store | None, actor: Actor, season: SeasonShown, *, k: int = 5
) -> LinesShown:
    """The actor's line with up to k (1 to 25) on each side; no lines if the actor does not stand.

    Refuses: NotFound; InvalidInput (k).
    """
    subject_id = own_subject(actor, season)
    _check(actor, season, "k", k, AROUND_MAX)
    if subject_id is None:
        raise NotFound(kind="standing", id=str(season.id))
    return await around(database, store, actor, season, subject_id, k=k)


async def around(
    database: Database, store: Store | None, actor: Actor, season: SeasonShown, subject_id: UUID, *, k: int = 5
) -> LinesShown:
    """A subject's line with up to k (1 to 25) on each side; no lines if it does not stand.

    Refuses: NotFound; InvalidInput (k).
    """
    _check(actor, season, "k", k, AROUND_MAX)
    display = season.board.rank_display
    found = await _indexed(store, season.id, lambda index: index.around(season.id, subject_id, k, display))
    if found is not None:
        return _from_index(season, found, PAGE_MAX)
    rows = await database.fetch(lines.AROUND, season.id, subject_id, k, _competing(season))
    me = next((row for row in rows if row["subject_id"] == subject_id), None)
    key = _key(me) if me is not None else None
    better = sum(1 for row in rows if key is not None and _key(row) < key)
    return _from_sql(season, rows, PAGE_MAX, None, before=rows[0]["before"] - better if rows else 0)


async def ranks(database: Database, store: Store | None, asked: Sequence[RankAsked]) -> list[RankShown | None]:
    """Where each asked subject stands, in order; None where the actor may not look. Statements do not grow with it.

    Refuses: InvalidInput (more than 1,000).
    """
    if len(asked) > RANKS_MAX:
        raise InvalidInput(field="ranks", problem=f"at most {RANKS_MAX} at a time")
    wanted = [one for one in asked if sees(one.actor, one.season.board.visibility)]
    displays = {one.season.id: one.season.board.rank_display for one in wanted}
    subjects = dict[UUID, list[UUID]]()
    for season_id, subject_id in dict.fromkeys((one.season.id, one.subject_id) for one in wanted):
        subjects.setdefault(season_id, []).append(subject_id)
    found = await _ranks_indexed(store, subjects, displays)
    missing = {season_id: ids for season_id, ids in subjects.items() if (season_id, ids[0]) not in found}
    found |= await _ranks_in_sql(database, missing, displays)
    return [
        found.get((one.season.id, one.subject_id)) if sees(one.actor, one.season.board.visibility) else None
        for one in asked
    ]


async def my_rank(database: Database, store: Store | None, actor: Actor, season: SeasonShown) -> RankShown | None:
    """Where the actor (or the actor's partner, on a board of partners) stands; None for somebody without a subject.

    Refuses: NotFound.
    """
    _check(actor, season, "first", 1, PAGE_MAX)
    subject_id = own_subject(actor, season)
    if subject_id is None:
        return None
    return (await ranks(database, store, [RankAsked(actor=actor, season=season, subject_id=subject_id)]))[0]


def own_subject(actor: Actor, shown: SeasonShown | BoardShown) -> UUID | None:
    """Whose place on this board is the actor's own."""
    board = shown.board if isinstance(shown, SeasonShown) else shown
    return actor.member_id if board.scope is BoardScope.MEMBERS else actor.partner_id


async def _indexed(
    store: Store | None, season_id: UUID, ask: Callable[[Store], Awaitable[IndexLines | None]]
) -> IndexLines | None:
    if store is None:
        return None
    try:
        found = await ask(store)
        if found is None:
            await store.want(season_id)
    except IndexUnavailable:
        return None
    return found


async def _ranks_indexed(
    store: Store | None, subjects: Mapping[UUID, Sequence[UUID]], displays: Mapping[UUID, RankDisplay]
) -> dict[tuple[UUID, UUID], RankShown]:
    if store is None or not subjects:
        return {}
    questions = [
        Asked(season_id=season_id, display=displays[season_id], subject_ids=ids) for season_id, ids in subjects.items()
    ]
    try:
        answers = await store.ranks(questions)
    except IndexUnavailable:
        return {}
    return {
        (question.season_id, subject_id): RankShown(
            season_id=question.season_id,
            subject_id=subject_id,
            entry=found,
            version=Version(epoch=answer.version.epoch, generation=answer.version.generation, seq=answer.version.seq),
            source=AnswerSource.INDEX,
        )
        for question, answer in zip(questions, answers, strict=True)
        if answer is not None
        for subject_id, found in answer.entries.items()
    }


async def _ranks_in_sql(
    database: Database, subjects: Mapping[UUID, Sequence[UUID]], displays: Mapping[UUID, RankDisplay]
) -> dict[tuple[UUID, UUID], RankShown]:
    rows = list[Row]()
    for statement, many in ((lines.RANKS_OF_FEW, False), (lines.RANKS_OF_MANY, True)):
        pairs = [(season, one) for season, ids in subjects.items() if (len(ids) > FEW) is many for one in ids]
        if pairs:
            rows += await database.fetch(statement, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    return {
        (row["season_id"], row["subject_id"]): RankShown(
            season_id=row["season_id"],
            subject_id=row["subject_id"],
            entry=lines.ranked_entry(row, displays[row["season_id"]]),
            version=_version(row),
            source=AnswerSource.LEDGER,
        )
        for row in rows
    }


def _check(actor: Actor, season: SeasonShown, field: str, value: int, most: int) -> None:
    if not sees(actor, season.board.visibility):
        raise NotFound(kind="season", id=str(season.id))
    if not 1 <= value <= most:
        raise InvalidInput(field=field, problem=f"1 to {most}")


def _page_arguments(season: SeasonShown, after: PageAfter | None, first: int) -> tuple[object, ...]:
    place = (after.place.score, after.place.reached_at, after.place.subject_id) if after else (None, None, None)
    return (season.id, *place, first, _competing(season))


def _from_index(season: SeasonShown, found: IndexLines, first: int) -> LinesShown:
    version = Version(epoch=found.version.epoch, generation=found.version.generation, seq=found.version.seq)
    return LinesShown(
        season=season,
        version=version,
        as_of_position=found.version.as_of_position,
        source=AnswerSource.INDEX,
        stale=False,
        entries=found.entries,
        next=_next(found.entries, first, version),
        subjects=found.version.subjects,
    )


def _from_sql(
    season: SeasonShown,
    rows: Sequence[Row],
    first: int,
    after: PageAfter | None,
    *,
    seq: int | None = None,
    before: int = 0,
) -> LinesShown:
    if not rows:
        raise NotFound(kind="season", id=str(season.id))
    now = _version(rows[0])
    pinned = after.seq if after is not None else seq
    # In another epoch (a restore, a rebuild that found differences) the same seq may mean another state.
    if pinned is not None and (pinned > now.seq or (after is not None and after.epoch != now.epoch)):
        raise PageExpired(season_id=str(season.id))
    version = now if pinned is None else Version(epoch=now.epoch, generation=0, seq=pinned)
    entries = lines.entries(rows, after.ordinal if after else before, season.board.rank_display)
    return LinesShown(
        season=season,
        version=version,
        as_of_position=rows[0]["as_of_position"] or 0,
        source=AnswerSource.LEDGER,
        stale=version.seq < now.seq,
        entries=entries,
        next=_next(entries, first, version),
    )


def _next(entries: Sequence[Entry], first: int, version: Version) -> PageAfter | None:
    if len(entries) < first:
        return None
    last = entries[-1]
    return PageAfter(epoch=version.epoch, seq=version.seq, ordinal=last.ordinal, place=last.place)


def _version(row: Row) -> Version:
    return Version(epoch=index_epoch(row["relay_epoch"], row["epoch"]), generation=0, seq=row["seq"])


def _key(row: Row) -> tuple[int, datetime, bytes]:
    return Place(subject_id=row["subject_id"], score=row["score"], reached_at=row["reached_at"]).key


def _competing(season: SeasonShown) -> bool:
    return season.board.rank_display is RankDisplay.COMPETITION
