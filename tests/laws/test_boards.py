"""B1, B2 and S1: live boards = rebuilt boards = a naive model; SQL and index agree on every rank; deltas = refetch."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.access.principals import Actor, Role
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from leaderboards import reading
from leaderboards.auditing import audit
from leaderboards.boards import Operator, RankDisplay
from leaderboards.deltas import View, applied, difference, moves
from leaderboards.projecting import fold
from leaderboards.rebuilding import heal
from leaderboards.refolding import rebuild_standings
from leaderboards.standings import Entry, Place, ranked
from leaderboards.store import Store
from leaderboards.views import AnswerSource, Change, Version
from tests.boards import T0, board, corrected, fold_all, members, reversed_, season_of, tell, won

EXAMPLES = 15
ADMIN = Actor(principal_id=new_id(), role=Role.ADMIN)
PEOPLE = new_ids(4)
FIRMS = new_ids(2)
NUMBERS = count(1)


@dataclass(frozen=True)
class Step:
    """What a source tells next: of one of a few activities, a first or a further revision."""

    activity: int
    act: str
    member: int
    firm: int
    amount: int
    hours: int
    counted: bool
    fold: bool


STEPS = st.lists(
    st.builds(
        Step,
        activity=st.integers(0, 7),
        act=st.sampled_from(("tell", "tell", "tell", "reverse")),
        member=st.integers(0, 3),
        firm=st.integers(0, 1),
        amount=st.sampled_from((-10, 0, 10, 10, 20)),
        hours=st.sampled_from((0, 1, 1, 740, 741)),
        counted=st.sampled_from((True, True, True, False)),
        fold=st.booleans(),
    ),
    min_size=1,
    max_size=30,
)


@pytest.fixture(scope="module")
async def door(database: str) -> AsyncIterator[Door]:
    opened = await Database.open(database)
    yield Door(opened)
    await opened.close()


@pytest.fixture(scope="module")
async def store(valkey_url: str) -> AsyncIterator[Store]:
    opened = Store.open(valkey_url, timeout_ms=1_000)
    yield opened
    await opened.close()


BOARDS: Mapping[str, Mapping[str, str]] = {
    "sum": {"operator": "SUM", "window_kind": "MONTH", "zone": "America/New_York", "rank_display": "COMPETITION"},
    "count": {"operator": "COUNT", "window_kind": "ALL_TIME", "rank_display": "COMPETITION"},
    "best": {"operator": "BEST", "window_kind": "ALL_TIME"},
    "firms": {"operator": "SUM", "window_kind": "DAY", "scope": "PARTNERS"},
}


def modelled(told: Mapping[UUID, tuple[Any, ...]], spec: Mapping[str, str]) -> dict[str, list[Entry]]:
    """The lines of every season, from the last thing told of each activity: written without the room's code."""
    windows = dict[str, dict[UUID, list[tuple[int, datetime]]]]()
    for member_id, firm_id, amount, at, live in told.values():
        if not live:
            continue
        local = at.astimezone(ZoneInfo(spec.get("zone", "UTC")))
        form = {"MONTH": "%Y-%m", "DAY": "%Y-%m-%d", "ALL_TIME": "all"}[spec["window_kind"]]
        subject = firm_id if spec.get("scope") == "PARTNERS" else member_id
        windows.setdefault(local.strftime(form), {}).setdefault(subject, []).append((amount, at))
    boards = dict[str, list[Entry]]()
    for key, subjects in windows.items():
        places = []
        for subject, parts in subjects.items():
            if spec["operator"] == "BEST":
                score = max(value for value, _ in parts)
                reached = min(at for value, at in parts if value == score)
            else:
                score = len(parts) if spec["operator"] == "COUNT" else sum(value for value, _ in parts)
                reached = max(at for _, at in parts)
            places.append((-score, reached, subject.bytes, subject))
        places.sort()
        shown = []
        for ordinal, (negative, reached, _, subject) in enumerate(places, 1):
            better = sum(1 for other in places if other[0] < negative)
            tied = sum(1 for other in places if other[0] == negative) - 1
            competing = spec.get("rank_display") == "COMPETITION"
            shown.append(
                Entry(
                    rank=better + 1 if competing else ordinal,
                    ordinal=ordinal,
                    subject_id=subject,
                    score=-negative,
                    reached_at=reached,
                    tied_with=tied if competing else 0,
                )
            )
        boards[key] = shown
    return boards


async def fresh_boards(door: Door, number: int) -> dict[str, UUID]:
    """The four boards of one example, counting an activity type of its own from here on."""
    for table in ("standing_change", "standing", "contribution", "season", "leaderboard"):
        await door.database.fetch(f"DELETE FROM {table}")
    metric = {"event": "activity", "type": f"deal{number}", "value": {"basis": "NET"}, "unit": "USD"}
    ids = {name: await board(door, f"{name}-{number}", metric=metric, **spec) for name, spec in BOARDS.items()}
    await door.database.fetch("UPDATE leaderboard SET folded_position = (SELECT last_position FROM relay_state)")
    return ids


@given(steps=STEPS)
@settings(
    max_examples=EXAMPLES,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking on a database outlasts the test's time
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_live_boards_are_rebuilt_boards_are_the_naive_model(door: Door, store: Store, steps: list[Step]) -> None:
    number = next(NUMBERS)
    boards = await fresh_boards(door, number)
    activities = new_ids(8)
    told = dict[UUID, tuple[Any, ...]]()
    for step in steps:
        activity_id, at = activities[step.activity], T0 + timedelta(hours=step.hours)
        first = activity_id not in told
        make = won if first else (corrected if step.act == "tell" else reversed_)
        event_type = f"deal{number}" if step.counted else "lead"
        member_id, firm_id = PEOPLE[step.member], FIRMS[step.firm]
        more: dict[str, Any] = {"type": event_type, "partner_id": firm_id}
        if first:
            event = won(member_id, step.amount, at, activity_id=activity_id, **more)
        else:
            event = make(activity_id, member_id, step.amount, at, **more)
        live = step.counted and (first or step.act == "tell")
        told[activity_id] = (member_id, firm_id, step.amount, at, live)
        await tell(door.database, [event])
        if step.fold:
            await fold(door, store if step.amount else None)  # now and then the index hears nothing
    await fold_all(door, store)
    await heal(door.database, door.failpoints, store)
    for name, board_id in boards.items():
        await _agrees(door, store, board_id, modelled(told, BOARDS[name]))
    assert [one.examples for one in await audit(door.database, store)] == [()] * 4
    for row in await door.database.fetch("SELECT id FROM season"):
        rebuilt = await rebuild_standings(door, row["id"])
        assert (rebuilt.contributions_replaced, rebuilt.standings_replaced) == (0, 0)


async def _agrees(door: Door, store: Store, board_id: UUID, model: dict[str, list[Entry]]) -> None:
    seasons = await door.database.fetch("SELECT id FROM season WHERE leaderboard_id = $1", board_id)
    found = list[list[Entry]]()
    for row in seasons:
        season = await reading.season(door.database, ADMIN, row["id"])
        indexed = await reading.page(door.database, store, ADMIN, season)
        in_sql = await reading.page(door.database, None, ADMIN, season)
        assert (indexed.source, in_sql.source) == (AnswerSource.INDEX, AnswerSource.LEDGER)
        assert (indexed.version.epoch, indexed.version.seq) == (in_sql.version.epoch, in_sql.version.seq)
        assert indexed.as_of_position == in_sql.as_of_position
        assert list(indexed.entries) == list(in_sql.entries)
        if in_sql.entries:
            found.append(list(in_sql.entries))
    assert sorted(found, key=str) == sorted(model.values(), key=str)


async def test_what_was_tampered_with_is_found_and_a_rebuild_puts_it_right(door: Door, store: Store) -> None:
    boards = await fresh_boards(door, next(NUMBERS))
    number = (await door.database.fetchval("SELECT code FROM leaderboard LIMIT 1")).split("-")[1]
    ids = await members(door.database, 20)
    await tell(door.database, [won(one, 10, T0, type=f"deal{number}") for one in ids])
    await fold_all(door, store)
    await heal(door.database, door.failpoints, store)
    season_id = await season_of(door.database, boards["best"])
    season = await reading.season(door.database, ADMIN, season_id)
    right = await reading.page(door.database, None, ADMIN, season)
    tampering = (
        "UPDATE standing SET score = score + 1 WHERE season_id = $1 AND subject_id = $2",
        "UPDATE standing SET reached_at = reached_at - interval '1 s' WHERE season_id = $1 AND subject_id = $2",
        "UPDATE standing SET contributions = 7 WHERE season_id = $1 AND subject_id = $2",
        "DELETE FROM standing WHERE season_id = $1 AND subject_id = $2",
        "UPDATE contribution SET value = 11 WHERE season_id = $1 AND subject_id = $2",
        "DELETE FROM contribution WHERE season_id = $1 AND subject_id = $2",
        "UPDATE standing_change SET score = 12 WHERE season_id = $1 AND subject_id = $2",
    )
    for place, statement in enumerate(tampering):
        await door.database.fetch(statement, season_id, ids[place])
        folded, told, *_ = await audit(door.database, None)
        assert (folded.law, told.law) == ("B1", "B1")
        assert folded.violations + told.violations >= 1, statement
        epoch = await door.database.fetchval("SELECT epoch FROM season WHERE id = $1", season_id)
        await rebuild_standings(door, season_id)
        assert await door.database.fetchval("SELECT epoch FROM season WHERE id = $1", season_id) == epoch + 1
        await heal(door.database, door.failpoints, store)
        assert [one.examples for one in await audit(door.database, store)] == [()] * 4
        shown = await reading.page(door.database, store, ADMIN, season)
        assert shown.source is AnswerSource.INDEX
        assert list(shown.entries) == list(right.entries)


SUBJECTS = new_ids(9)
SCORES = st.dictionaries(
    st.sampled_from(SUBJECTS), st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=len(SUBJECTS)
)


def _ranked(scores: Mapping[UUID, tuple[int, int]], display: RankDisplay) -> list[Entry]:
    return ranked(
        [
            Place(subject_id=one, score=score, reached_at=T0 + timedelta(minutes=at))
            for one, (score, at) in scores.items()
        ],
        display,
    )


def _views(seq: int, entries: list[Entry], subject: UUID, size: int) -> list[View]:
    """The top, and the lines around a subject."""
    version = Version(epoch=1, generation=0, seq=seq)
    at = next((entry.ordinal - 1 for entry in entries if entry.subject_id == subject), None)
    around = [] if at is None else entries[max(0, at - size) : at + size + 1]
    return [
        View(version=version, entries=tuple(entries[:size]), full=len(entries) >= size),
        View(version=version, entries=tuple(around), full=len(around) == 2 * size + 1),
    ]


@given(
    states=st.lists(SCORES, min_size=2, max_size=5),
    display=st.sampled_from(list(RankDisplay)),
    subject=st.sampled_from(SUBJECTS),
    size=st.integers(1, 4),
)
@settings(max_examples=150, deadline=None)
def test_a_snapshot_and_its_deltas_are_what_a_refetch_shows(
    states: list[dict[UUID, tuple[int, int]]], display: RankDisplay, subject: UUID, size: int
) -> None:
    views = _views(0, _ranked(states[0], display), subject, size)
    held = list(views)
    for seq, (before, after) in enumerate(pairwise(states), 1):
        fresh = _views(seq, _ranked(after, display), subject, size)
        lines = [{entry.subject_id: entry.place for entry in _ranked(one, display)} for one in (before, after)]
        changes = [
            Change(
                seq=seq,
                subject_id=one,
                before=lines[0].get(one),
                after=lines[1].get(one),
                position=seq,
                changed_at=T0,
            )
            for one in SUBJECTS
            if lines[0].get(one) != lines[1].get(one)
        ]
        for n, view in enumerate(views):
            delta = difference(view, fresh[n])
            held[n] = applied(held[n], delta)
            assert held[n] == fresh[n]
            if not moves(view, changes):
                assert delta.empty
        views = fresh


def test_every_operator_has_a_model() -> None:
    assert {spec["operator"] for spec in BOARDS.values()} == {one.value for one in Operator}
