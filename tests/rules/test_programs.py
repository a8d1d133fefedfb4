"""Programs as they are drawn: moves, pauses, objectives, audiences; and how their dates move to another period."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.programs.audience import VALUES_MAX, AudienceRule, audience_read
from domain.programs.dates import shift_between, shifted_document
from domain.programs.objective import IMPACT_LENGTH_MAX, Objective, missing_of, objective_problem, objective_read
from domain.programs.program import MOVES, Pause, ProgramAction, ProgramState, available_actions, by_time, settles_at

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 1, 1, tzinfo=PARIS)
END = datetime(2026, 4, 1, tzinfo=PARIS)
NOW = datetime(2026, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def actions(state: ProgramState, now: datetime = NOW) -> set[str]:
    return {action.value for action in available_actions(state, START, END, 10, now)}


def test_every_state_offers_what_is_drawn_and_nothing_else() -> None:
    early = START - DAY
    assert actions(ProgramState.DRAFT, early) == {"SCHEDULE", "LAUNCH"}
    assert actions(ProgramState.DRAFT) == {"LAUNCH"}
    assert actions(ProgramState.SCHEDULED, early) == {"UNSCHEDULE"}
    assert actions(ProgramState.SCHEDULED) == {"PAUSE", "END"}
    assert actions(ProgramState.LIVE) == {"PAUSE", "END"}
    assert actions(ProgramState.PAUSED) == {"RESUME", "END"}
    assert actions(ProgramState.LIVE, END) == set()
    assert actions(ProgramState.ENDED, END + 10 * DAY - timedelta(seconds=1)) == set()
    assert actions(ProgramState.ENDED, settles_at(START, END, 10)) == {"ARCHIVE"}
    assert actions(ProgramState.ARCHIVED) == set()
    assert {action for _, action in MOVES} == set(ProgramAction)


def test_time_starts_and_ends_a_program_at_its_very_instants() -> None:
    second = timedelta(seconds=1)
    assert by_time(ProgramState.SCHEDULED, START, END, START - second) is ProgramState.SCHEDULED
    assert by_time(ProgramState.SCHEDULED, START, END, START) is ProgramState.LIVE
    for running in (ProgramState.LIVE, ProgramState.PAUSED):
        assert by_time(running, START, END, END - second) is running
        assert by_time(running, START, END, END) is ProgramState.ENDED
        assert by_time(running, START, None, END) is running
    assert by_time(ProgramState.DRAFT, START, END, END) is ProgramState.DRAFT


def test_a_pause_withholds_what_occurs_in_it_and_nothing_that_was_known_before() -> None:
    pause = Pause(paused_at=NOW, resumed_at=NOW + DAY)
    assert pause.holds(NOW, NOW)
    assert pause.holds(NOW, NOW + 9 * DAY)
    assert not pause.holds(NOW + DAY, NOW + DAY)
    assert not pause.holds(NOW - timedelta(seconds=1), NOW + DAY)
    assert not pause.holds(NOW, NOW - timedelta(seconds=1))
    assert Pause(paused_at=NOW, resumed_at=None).holds(NOW + 99 * DAY, NOW + 99 * DAY)


def test_an_objective_keeps_its_shape_and_says_what_it_lacks() -> None:
    whole = Objective(metric="deals.won", baseline=1, target=2, due_at=END, unit="USD", expected_impact="x")
    assert objective_read(whole.to_json()) == whole
    assert missing_of(None) == ["metric", "baseline", "target", "due_at"]
    assert missing_of(whole.to_json() | {"target": None}) == ["target"]
    assert objective_read({"metric": "deals.won"}) is None
    assert objective_problem(whole, START) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("metric", "Deals won"),
        ("unit", "usd"),
        ("baseline", 10**15 + 1),
        ("target", 1),
        ("due_at", START),
        ("expected_impact", "x" * (IMPACT_LENGTH_MAX + 1)),
    ],
)
def test_an_objective_that_cannot_be_is_refused_at_its_field(field: str, value: object) -> None:
    told: dict[str, object] = {"metric": "deals.won", "baseline": 1, "target": 2, "due_at": END} | {field: value}
    problem = objective_problem(Objective(**told), START)  # pyright: ignore[reportArgumentType] wrong on purpose
    assert problem is not None
    assert problem.path.lower() == field.replace("_", "")


def test_an_audience_asks_only_what_it_names() -> None:
    rule = AudienceRule(types=("MSP",), countries=("FR", "BE"), tiers=("gold",), segments=("smb",))
    assert audience_read(rule.to_json()) == rule
    assert AudienceRule().to_json() is None
    assert rule.names(["VAR", "MSP"], "FR")
    assert not rule.names(["VAR"], "FR")
    assert not rule.names(["MSP"], None)
    assert rule.misses([{"tier": "gold"}, {"segment": ["emea", "smb"]}]) is None
    assert rule.misses([{"tier": "silver", "segment": "smb"}]) == "tiers"
    assert rule.misses([{"tier": "gold"}]) == "segments"
    assert AudienceRule(types=("MSP",)).misses([]) is None
    assert rule.fact_kinds == {"tier", "segment"}


def test_an_audience_is_bounded() -> None:
    assert AudienceRule(tiers=tuple(f"t{n}" for n in range(VALUES_MAX))).problem() is None
    for wrong in (
        AudienceRule(tiers=tuple(f"t{n}" for n in range(VALUES_MAX + 1))),
        AudienceRule(tiers=("a b",)),
        AudienceRule(countries=("fr",)),
    ):
        assert wrong.problem() is not None


def test_a_quarter_moves_to_the_next_over_the_change_of_clocks_and_a_month_s_end() -> None:
    shift = shift_between(START, END, PARIS)
    assert shift.months == 3
    assert shift.of(END) == datetime(2026, 7, 1, tzinfo=PARIS)
    assert shift.of(datetime(2026, 1, 31, 9, tzinfo=PARIS)) == datetime(2026, 4, 30, 9, tzinfo=PARIS)
    weeks = shift_between(datetime(2026, 3, 2, tzinfo=PARIS), datetime(2026, 4, 6, tzinfo=PARIS), PARIS)
    assert weeks.of(datetime(2026, 3, 16, tzinfo=PARIS)) == datetime(2026, 4, 20, tzinfo=PARIS)


def test_the_window_of_terms_moves_with_the_program() -> None:
    window = {"from": "2026-01-01", "until": "2026-04-01T00:00:00+02:00"}
    moved = shifted_document({"unit": "POINTS", "window": window}, shift_between(START, END, PARIS))
    assert moved == {"unit": "POINTS", "window": {"from": "2026-04-01", "until": "2026-06-30T22:00:00+00:00"}}
    assert shifted_document({"window": {}}, shift_between(START, END, PARIS)) == {"window": {}}
