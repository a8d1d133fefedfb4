"""The fold from stamped events into contributions and standings."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.access.principals import Actor, Role
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from domain.partners.opting import show_on_boards
from leaderboards.auditing import audit
from leaderboards.projecting import FOLD_POSITIONS_MAX, fold
from leaderboards.windows import Window
from tests.boards import board, corrected, fold_all, members, minutes, reversed_, season_of, standings, tell, won


class Heard(list[str]):
    """The statements of a database, in order."""


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def door(database: str, heard: Heard) -> AsyncIterator[Door]:
    opened = await Database.open(database, on_query=heard.append)
    yield Door(opened)
    await opened.close()


def counting(activity_type: str, **more: object) -> dict[str, object]:
    """A metric of its own for a test, so that other tests' deals stay out."""
    return {"event": "activity", "type": activity_type, "value": {"basis": "NET"}, "unit": "USD", **more}


async def test_a_deal_stands_on_the_board_and_a_second_adds_to_it(door: Door) -> None:
    ann, bob = await members(door.database, 2)
    board_id = await board(door, "sums")
    await tell(door.database, [won(ann, 100, minutes(1)), won(bob, 150, minutes(2)), won(ann, 70, minutes(3))])
    await fold_all(door)
    season_id = await season_of(door.database, board_id)
    assert await standings(door.database, season_id) == [
        (ann, 170, minutes(3), 2),
        (bob, 150, minutes(2), 1),
    ]


async def test_a_correction_moves_a_contribution_to_another_member_and_a_reversal_takes_it_away(door: Door) -> None:
    ann, bob = await members(door.database, 2)
    board_id = await board(door, "moves")
    deal, other = new_id(), new_id()
    await tell(door.database, [won(ann, 100, minutes(1), activity_id=deal), won(bob, 5, minutes(2), activity_id=other)])
    await fold_all(door)
    season_id = await season_of(door.database, board_id)
    mine = [row for row in await standings(door.database, season_id) if row[0] in (ann, bob)]
    assert mine == [(ann, 100, minutes(1), 1), (bob, 5, minutes(2), 1)]
    await tell(door.database, [corrected(deal, bob, 80, minutes(1)), reversed_(other, bob, 5, minutes(2))])
    await fold_all(door)
    mine = [row for row in await standings(door.database, season_id) if row[0] in (ann, bob)]
    assert mine == [(bob, 80, minutes(1), 1)]


async def test_a_board_created_later_folds_everything_that_happened_before(door: Door) -> None:
    (ann,) = await members(door.database, 1)
    await tell(door.database, [won(ann, 7, minutes(1), type="early") for _ in range(FOLD_POSITIONS_MAX + 10)])
    await fold_all(door)
    board_id = await board(door, "late", metric=counting("early"))
    await fold_all(door)
    season_id = await season_of(door.database, board_id)
    assert [row[3] for row in await standings(door.database, season_id)] == [FOLD_POSITIONS_MAX + 10]


async def test_a_backfill_never_holds_up_the_boards_that_are_up_to_date(door: Door) -> None:
    (ann,) = await members(door.database, 1)
    live = await board(door, "live", metric=counting("steady"))
    await tell(door.database, [won(ann, 1, minutes(1), type="filler") for _ in range(3 * FOLD_POSITIONS_MAX)])
    await fold_all(door)
    await board(door, "backfill", metric=counting("filler"))
    await tell(door.database, [won(ann, 1, minutes(1), type="steady")])
    await fold(door, None)
    season_id = await season_of(door.database, live)
    assert len(await standings(door.database, season_id)) == 1
    behind = await door.database.fetchval(
        "SELECT last_position - min(folded_position) FROM leaderboard, relay_state GROUP BY last_position"
    )
    assert behind > FOLD_POSITIONS_MAX


async def test_the_number_of_statements_does_not_grow_with_the_batch(door: Door, heard: Heard) -> None:
    await board(door, "counted", metric=counting("many", prizes=True), window_kind="DAY")
    counts = list[int]()
    for size in (3, 30, 900):
        ids = await members(door.database, size)
        deals = new_ids(size)
        first = [won(one, 5, minutes(n % 600), type="many", activity_id=deals[n]) for n, one in enumerate(ids)]
        await tell(door.database, first)
        await fold_all(door)
        moved = [corrected(deals[n], one, 6, minutes(n % 600 + 1_440), type="many") for n, one in enumerate(ids)]
        gone = [
            reversed_(deals[n], one, 6, minutes(n % 600 + 1_440), type="many") for n, one in enumerate(ids[: size // 3])
        ]
        await tell(door.database, [*moved[size // 3 :], *gone][:FOLD_POSITIONS_MAX])
        heard.clear()
        await fold(door, None)
        counts.append(len(heard))
    assert counts[1] == counts[2]
    assert counts[2] <= 24


async def test_a_correction_into_another_window_leaves_the_old_season(door: Door) -> None:
    ann, bob = await members(door.database, 2)
    board_id = await board(door, "days", metric=counting("daily"), window_kind="DAY", zone="Europe/Paris")
    deal = new_id()
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    await tell(door.database, [won(ann, 5, late, type="daily", activity_id=deal), won(bob, 1, late, type="daily")])
    await fold_all(door)
    rows = await door.database.fetch("SELECT * FROM season WHERE leaderboard_id = $1", board_id)
    assert [row["starts_at"] for row in rows] == [datetime(2026, 3, 1, 23, tzinfo=UTC)]
    await tell(door.database, [corrected(deal, ann, 5, late - timedelta(hours=1), type="daily")])
    await fold_all(door)
    assert [row[0] for row in await standings(door.database, rows[0]["id"])] == [bob]
    assert await door.database.fetchval("SELECT count(*) FROM season WHERE leaderboard_id = $1", board_id) == 2


async def test_a_programs_board_counts_what_happened_within_its_span(door: Door) -> None:
    ann, bob = await members(door.database, 2)
    span = Window(starts_at=minutes(10), ends_at=minutes(20))
    wanted = {"window_kind": "PROGRAM", "program_id": new_id(), "span": span}
    board_id = await board(door, "span", metric=counting("spanned"), **wanted)
    times = [(ann, 9), (bob, 10), (bob, 19), (ann, 20)]
    await tell(door.database, [won(one, 5, minutes(at), type="spanned") for one, at in times])
    await fold_all(door)
    season_id = await season_of(door.database, board_id)
    assert await standings(door.database, season_id) == [(bob, 10, minutes(19), 2)]


async def test_who_opts_out_leaves_the_ranking_at_once_and_comes_back_with_everything(door: Door) -> None:
    ann, bob = await members(door.database, 2)
    board_id = await board(door, "opting", metric=counting("opted"))
    await tell(door.database, [won(ann, 5, minutes(1), type="opted"), won(bob, 3, minutes(1), type="opted")])
    await fold_all(door)
    season_id = await season_of(door.database, board_id)
    actor = Actor(principal_id=new_id(), role=Role.MEMBER, member_id=ann)
    await show_on_boards(door, actor, False)
    await fold_all(door)
    await tell(door.database, [won(ann, 5, minutes(2), type="opted")])
    await fold_all(door)
    assert [row[0] for row in await standings(door.database, season_id)] == [bob]
    await show_on_boards(door, actor, True)
    await fold_all(door)
    assert await standings(door.database, season_id) == [(ann, 10, minutes(2), 2), (bob, 3, minutes(1), 1)]


@pytest.mark.parametrize("allowed", [True, False])
async def test_the_vendors_own_people_stand_only_where_they_may(door: Door, allowed: bool) -> None:
    (staff,) = await members(door.database, 1, kind="VENDOR_STAFF")
    kind = f"staffed-{str(allowed).lower()}"
    board_id = await board(door, kind, metric=counting(kind, vendor_staff=allowed))
    await tell(door.database, [won(staff, 5, minutes(1), type=kind)])
    await fold_all(door)
    assert bool(await standings(door.database, await season_of(door.database, board_id))) is allowed


async def test_a_closed_season_never_changes_and_is_still_the_fold_of_its_events(door: Door) -> None:
    ann, bob = await members(door.database, 2)
    board_id = await board(door, "closed", metric=counting("closing"))
    deal = new_id()
    await tell(door.database, [won(ann, 5, minutes(1), type="closing", activity_id=deal)])
    await fold_all(door)
    season_id = await season_of(door.database, board_id)
    await door.database.fetch(
        "UPDATE season SET closing_position = (SELECT last_position FROM relay_state) WHERE id = $1", season_id
    )
    late = [corrected(deal, bob, 9, minutes(1), type="closing"), won(bob, 1, minutes(1), type="closing")]
    await tell(door.database, late)
    await fold_all(door)
    assert await standings(door.database, season_id) == [(ann, 5, minutes(1), 1)]
    assert [one.examples for one in await audit(door.database, None)] == [()] * 4


async def test_partners_are_ranked_by_what_their_people_did_then(door: Door) -> None:
    ann, bob = await members(door.database, 2)
    north, south = sorted(new_ids(2))
    board_id = await board(door, "firms", metric=counting("firmly"), scope="PARTNERS", operator="COUNT")
    deals: list[tuple[UUID, UUID]] = [(ann, north), (bob, north), (ann, south)]
    await tell(door.database, [won(one, 5, minutes(1), type="firmly", partner_id=firm) for one, firm in deals])
    await fold_all(door)
    season_id = await season_of(door.database, board_id)
    assert [(row[0], row[1]) for row in await standings(door.database, season_id)] == [(north, 2), (south, 1)]
