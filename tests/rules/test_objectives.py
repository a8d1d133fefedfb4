"""Objectives: the straight line and the state that follows from it, checkpoints backwards, shares of a reward."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.earning.metric import Metric, MetricKind
from domain.plans.objective import (
    CHECKPOINTS_MAX,
    Line,
    ObjectiveState,
    ShareStep,
    checkpoints_backwards,
    share_of,
    steps_problem,
)
from domain.plans.plan import PlanAction, PlanState, Side, available_actions

START = datetime(2026, 1, 1, tzinfo=UTC)
SUM = Metric(kind=MetricKind.COUNT, types=("deal.won",))
LEVEL = Metric(kind=MetricKind.HOLDERS, fact="certificate")


def line(metric: Metric = SUM, baseline: int = 40, target: int = 100, **more: int) -> Line:
    due = START + timedelta(days=100)
    return Line(metric=metric, baseline=baseline, target=target, starts_at=START, due_at=due, **more)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


@pytest.mark.parametrize(
    ("value", "at", "state"),
    [
        (0, 0, ObjectiveState.ON_TRACK),
        (45, 50, ObjectiveState.ON_TRACK),
        (44, 50, ObjectiveState.AT_RISK),
        (90, 100, ObjectiveState.ON_TRACK),
        (99, 100, ObjectiveState.ON_TRACK),
        (100, 10, ObjectiveState.MET),
    ],
)
def test_a_sum_is_judged_by_the_line_from_zero(value: int, at: int, state: ObjectiveState) -> None:
    assert line().state(value, day(at)) is state


@pytest.mark.parametrize(
    ("value", "at", "state"),
    [
        (40, 0, ObjectiveState.ON_TRACK),
        (67, 50, ObjectiveState.ON_TRACK),
        (66, 50, ObjectiveState.AT_RISK),
        (39, 1, ObjectiveState.AT_RISK),
        (101, 1, ObjectiveState.MET),
    ],
)
def test_a_level_is_judged_by_the_line_from_its_baseline(value: int, at: int, state: ObjectiveState) -> None:
    assert line(LEVEL).state(value, day(at)) is state


def test_the_line_is_straight_and_ends_at_the_target() -> None:
    assert [line().expected(day(at)) for at in (-1, 0, 33, 50, 100, 101)] == [0, 0, 33, 50, 100, 100]
    assert [line(LEVEL).expected(day(at)) for at in (0, 50, 100)] == [40, 70, 100]
    down = line(LEVEL, baseline=100, target=40)
    assert [down.expected(day(at)) for at in (0, 50, 100)] == [100, 70, 40]
    assert down.state(40, day(3)) is ObjectiveState.MET
    assert down.state(100, day(50)) is ObjectiveState.AT_RISK


def test_a_stricter_tolerance_asks_for_the_whole_line() -> None:
    assert line(tolerance_ppm=1_000_000).state(49, day(50)) is ObjectiveState.AT_RISK
    assert line(tolerance_ppm=1_000_000).state(50, day(50)) is ObjectiveState.ON_TRACK


def test_it_closes_as_met_or_missed() -> None:
    assert line().final(100) is ObjectiveState.MET
    assert line().final(99) is ObjectiveState.MISSED


def test_checkpoints_go_backwards_from_the_date_and_never_reach_the_start() -> None:
    found = checkpoints_backwards(START, day(100), 30, ZoneInfo("UTC"))
    assert found == [day(10), day(40), day(70), day(100)]
    assert checkpoints_backwards(START, day(90), 30, ZoneInfo("UTC")) == [day(30), day(60), day(90)]


def test_checkpoints_keep_the_time_on_the_wall_over_a_change_of_clocks() -> None:
    due = datetime(2026, 4, 6, 7, tzinfo=UTC)  # nine in the morning in Paris
    found = checkpoints_backwards(due - timedelta(days=15), due, 7, ZoneInfo("Europe/Paris"))
    assert [one.hour for one in found] == [8, 7, 7]


def test_sixty_checkpoints_are_allowed_and_no_more() -> None:
    limit = timedelta(days=7 * CHECKPOINTS_MAX)
    assert len(checkpoints_backwards(START, START + limit, 7, ZoneInfo("UTC"))) == CHECKPOINTS_MAX
    with pytest.raises(ValueError, match="at most 60"):
        checkpoints_backwards(START, START + limit + timedelta(days=1), 7, ZoneInfo("UTC"))


def test_a_share_is_that_of_the_highest_step_reached() -> None:
    steps = (ShareStep(from_ppm=750_000, share_ppm=500_000), ShareStep(from_ppm=1_000_000, share_ppm=1_000_000))
    assert [share_of(ppm, steps) for ppm in (749_999, 750_000, 999_999, 1_000_000, 1_500_000)] == [
        0,
        500_000,
        500_000,
        1_000_000,
        1_000_000,
    ]
    assert share_of(2_000_000, ()) == 0
    assert steps_problem(steps) is None
    assert steps_problem(steps[::-1]) is not None
    assert steps_problem([ShareStep(from_ppm=n, share_ppm=n) for n in range(1, 11)]) is None
    assert steps_problem([ShareStep(from_ppm=n, share_ppm=n) for n in range(1, 12)]) is not None
    assert steps_problem([ShareStep(from_ppm=0, share_ppm=1)]) is not None
    assert steps_problem([ShareStep(from_ppm=1, share_ppm=1_000_001)]) is not None


def test_each_side_may_do_its_own() -> None:
    assert PlanAction.AGREE in available_actions(PlanState.PROPOSED, Side.PARTNER)
    assert PlanAction.AGREE not in available_actions(PlanState.PROPOSED, Side.VENDOR)
    assert PlanAction.ADD_OBJECTIVE not in available_actions(PlanState.AGREED, Side.VENDOR)
    assert PlanAction.ADD_OBJECTIVE in available_actions(PlanState.AGREED, Side.PARTNER)
    assert available_actions(PlanState.ENDED, Side.PARTNER) == ()
