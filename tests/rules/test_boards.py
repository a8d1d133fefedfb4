"""What a board counts, how scores fold and how ranks are shown."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.kernel.events import StampedEvent
from domain.kernel.ids import new_id, new_ids
from domain.ledger.events import AWARD_GRANTED, AWARD_REVERSED
from leaderboards.boards import Board, Operator, RankDisplay, Scope, concerns, told
from leaderboards.breaker import FAILURES_MAX, OPEN_SECONDS, Breaker
from leaderboards.metrics import Definition, metric_data, metric_of, understood
from leaderboards.refusals import BoardNotUnderstood
from leaderboards.standings import SCORE_ABSOLUTE_MAX, Part, Place, Score, extended, fold, ranked
from leaderboards.windows import Window, WindowKind, window_of
from tests.boards import REVENUE, corrected, minutes, reversed_, won


def stamped(events, first: int = 1) -> list[StampedEvent]:
    return [
        StampedEvent(
            position=position,
            event_id=new_id(),
            name=event.name,
            aggregate_kind=event.aggregate_kind,
            aggregate_id=event.aggregate_id,
            member_id=event.member_id,
            partner_id=event.partner_id,
            program_id=event.program_id,
            payload=event.payload,
            recorded_at=minutes(0),
        )
        for position, event in enumerate(events, first)
    ]


def a_board(metric: dict[str, object] | None = None, **more: object) -> Board:
    given = {
        "id": new_id(),
        "metric": metric_of(metric or REVENUE),
        "operator": Operator.SUM,
        "scope": Scope.MEMBERS,
        "window_kind": WindowKind.ALL_TIME,
        "zone": "UTC",
        **more,
    }
    return Board(**given)


def values(board: Board, events, counted=(), prizes=()) -> dict[UUID, int | None]:
    concerned = [event for event in stamped(events) if concerns(board, event)]
    said = told(board, concerned, counted, prizes)
    return {origin: one.contribution.value if one.contribution else None for origin, one in said.items()}


ANN, BOB, FIRM = new_ids(3)


@pytest.mark.parametrize(
    ("metric", "event", "value"),
    [
        (REVENUE, won(ANN, 120, minutes(1)), 120),
        (REVENUE, won(ANN, 120, minutes(1), unit="EUR"), None),
        (REVENUE, won(None, 120, minutes(1), partner_id=FIRM), None),
        (REVENUE, won(ANN, 10**15 + 1, minutes(1)), None),
        (REVENUE, won(ANN, 120, datetime(1899, 12, 31, tzinfo=UTC)), None),
        ({**REVENUE, "value": {"quantity": True}, "unit": None}, won(ANN, 120, minutes(1), quantity=4), 4),
        ({**REVENUE, "value": {"count": True}, "unit": None}, won(ANN, 120, minutes(1)), 1),
        (
            {**REVENUE, "value": {"attribute": "seats"}, "unit": None},
            won(ANN, 120, minutes(1), attributes={"seats": 9}),
            9,
        ),
        (
            {**REVENUE, "value": {"attribute": "seats"}, "unit": None},
            won(ANN, 120, minutes(1), attributes={"seats": "9"}),
            None,
        ),
    ],
)
def test_an_activity_counts_what_the_metric_names(metric: dict[str, object], event, value: int | None) -> None:
    assert values(a_board(metric), [event]) == {event.aggregate_id: value}


def test_other_types_are_passed_over_but_a_correction_away_from_the_type_takes_the_value_back() -> None:
    board, deal = a_board(), new_id()
    assert values(board, [won(ANN, 5, minutes(1), type="lead.made")]) == {}
    events = [won(ANN, 5, minutes(1), activity_id=deal), corrected(deal, ANN, 5, minutes(1), type="lead.made")]
    assert values(board, events) == {deal: None}
    assert values(board, [events[0], reversed_(deal, ANN, 5, minutes(1))]) == {deal: None}


def test_partners_stand_for_what_was_done_for_them() -> None:
    board = a_board(scope=Scope.PARTNERS)
    event = won(ANN, 5, minutes(1), partner_id=FIRM)
    said = told(board, stamped([event]), (), ())
    assert said[event.aggregate_id].contribution.subject_id == FIRM


def award(amount: int, *, award_id: UUID, activity_id: UUID | None = None, remaining: int | None = None, unit="POINTS"):
    common = {"wallet_id": str(new_id()), "unit": unit, "amount": amount, "occurred_at": minutes(1).isoformat()}
    if remaining is None:
        return AWARD_GRANTED.about(
            award_id,
            member_id=ANN,
            **common,
            due_id=str(new_id()),
            rule="r",
            activity_id=activity_id and str(activity_id),
            milestone=None,
            matures_at=minutes(1).isoformat(),
            expires_at=None,
        )
    return AWARD_REVERSED.about(
        award_id,
        member_id=ANN,
        **common,
        reversed_total=0,
        remaining=remaining,
        cause_id=str(new_id()),
        indebted=0,
    )


def test_an_award_counts_what_remains_of_it_and_a_prize_never_does() -> None:
    board = a_board({"event": "award", "unit": "POINTS", "program": None})
    one, prize, activity_id = new_ids(3)
    granted = award(100, award_id=one)
    assert values(board, [granted]) == {one: 100}
    assert values(board, [granted, award(40, award_id=one, remaining=60)]) == {one: 60}
    assert values(board, [granted, award(100, award_id=one, remaining=0)]) == {one: None}
    given = [award(500, award_id=prize, activity_id=activity_id), award(1, award_id=prize, remaining=499)]
    assert values(board, given, prizes={activity_id}) == {prize: None}
    assert values(board, given[1:], counted={prize}) == {prize: 499}
    assert values(board, [award(5, award_id=one, unit="EUR")]) == {}


@pytest.mark.parametrize(
    ("operator", "score"),
    [
        (Operator.SUM, Score(score=25, reached_at=minutes(9), contributions=3)),
        (Operator.COUNT, Score(score=3, reached_at=minutes(9), contributions=3)),
        (Operator.BEST, Score(score=10, reached_at=minutes(2), contributions=3)),
    ],
)
def test_contributions_fold_into_score_and_the_instant_it_was_reached(operator: Operator, score: Score) -> None:
    parts = [Part(value=value, occurred_at=minutes(at)) for value, at in ((10, 9), (10, 2), (5, 1))]
    assert fold(operator, parts) == score
    assert fold(operator, []) is None
    assert extended(operator, fold(operator, parts[:1]), parts[1:]) == score
    assert extended(operator, fold(operator, parts[1:]), parts[:1]) == score


def test_a_sum_stays_within_what_the_index_holds_exactly() -> None:
    part = Part(value=10**15, occurred_at=minutes(1))
    most = fold(Operator.SUM, [part] * 10)
    assert most is not None
    assert most.score == SCORE_ABSOLUTE_MAX
    assert extended(Operator.SUM, most, [Part(value=-1, occurred_at=minutes(1))]) is None


def test_ties_are_shown_as_the_board_says_and_ordered_the_same() -> None:
    low, high = sorted(new_ids(2), key=lambda one: one.bytes)
    places = [
        Place(subject_id=high, score=5, reached_at=minutes(1)),
        Place(subject_id=low, score=5, reached_at=minutes(1)),
        Place(subject_id=ANN, score=9, reached_at=minutes(5)),
        Place(subject_id=BOB, score=5, reached_at=minutes(0)),
        Place(subject_id=FIRM, score=-1, reached_at=minutes(0)),
    ]
    ordinal, competition = ranked(places, RankDisplay.ORDINAL), ranked(places, RankDisplay.COMPETITION)
    assert [entry.subject_id for entry in ordinal] == [ANN, BOB, low, high, FIRM]
    assert [entry.subject_id for entry in competition] == [ANN, BOB, low, high, FIRM]
    assert [(entry.rank, entry.tied_with) for entry in ordinal] == [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]
    assert [(entry.rank, entry.tied_with) for entry in competition] == [(1, 0), (2, 2), (2, 2), (2, 2), (5, 0)]


def test_windows_follow_the_zone_and_a_programs_span() -> None:
    at = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    paris = window_of(WindowKind.QUARTER, at, "Europe/Paris")
    assert paris == Window(
        starts_at=datetime(2026, 6, 30, 22, tzinfo=UTC), ends_at=datetime(2026, 9, 30, 22, tzinfo=UTC)
    )
    assert window_of(WindowKind.QUARTER, at, "UTC") != paris
    assert window_of(WindowKind.ALL_TIME, at, "UTC").ends_at is None
    span = Window(starts_at=minutes(0), ends_at=minutes(10))
    assert window_of(WindowKind.PROGRAM, minutes(0), "UTC", span) == span
    assert window_of(WindowKind.PROGRAM, minutes(10), "UTC", span) is None


PROGRAM = new_id()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "No spaces"}, "code"),
        ({"code": "x" * 65}, "code"),
        ({"name": {"fr": "ventes"}}, "name"),
        ({"name": {"en": "x" * 201}}, "name"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"operator": "LAST"}, "operator"),
        ({"scope": "TEAMS"}, "scope"),
        ({"window_kind": "ROLLING"}, "window"),
        ({"window_kind": "PROGRAM"}, "span"),
        ({"window_kind": "PROGRAM", "span": Window(starts_at=minutes(0), ends_at=minutes(1))}, "program"),
        (
            {
                "window_kind": "PROGRAM",
                "program_id": PROGRAM,
                "span": Window(starts_at=minutes(1), ends_at=minutes(1)),
            },
            "span",
        ),
        ({"rank_display": "DENSE"}, "rankDisplay"),
        ({"visibility": "SECRET"}, "visibility"),
        ({"metric": {"event": "login"}}, "metric.event"),
        ({"metric": {**REVENUE, "more": 1}}, "metric"),
        ({"metric": {**REVENUE, "type": "season.prize"}}, "metric.type"),
        ({"metric": {**REVENUE, "value": {"basis": "GROSS"}}}, "metric.value.basis"),
        ({"metric": {**REVENUE, "value": {"basis": "NET", "count": True}}}, "metric.value"),
        ({"metric": {**REVENUE, "value": {"count": 1}}}, "metric.value.count"),
        ({"metric": {**REVENUE, "value": {"attribute": "a b"}}}, "metric.value.attribute"),
        ({"metric": {**REVENUE, "unit": None}}, "metric.unit"),
        ({"metric": {**REVENUE, "value": {"count": True}}}, "metric.unit"),
        ({"metric": {"event": "award"}}, "metric.unit"),
        ({"metric": {"event": "award", "unit": "POINTS", "program": "x"}}, "metric.program"),
        ({"metric": {**REVENUE, "prizes": "yes"}}, "metric.prizes"),
    ],
)
def test_a_definition_that_is_not_understood_says_which_part(change: dict[str, object], field: str) -> None:
    given = {"code": "revenue", "name": {"en": "Revenue"}, "metric": REVENUE}
    assert understood(Definition(**given)).operator is Operator.SUM
    with pytest.raises(BoardNotUnderstood) as refused:
        understood(Definition(**{**given, **change}))
    assert refused.value.field == field
    assert refused.value.text("fr") != refused.value.text("en")


@pytest.mark.parametrize(
    "metric",
    [
        REVENUE,
        {"event": "award", "program": str(PROGRAM), "unit": "POINTS"},
        {"event": "activity", "type": "season.prize", "value": {"count": True}, "prizes": True},
        {"event": "activity", "type": "a", "value": {"attribute": "seats"}, "vendor_staff": True},
    ],
)
def test_a_metric_is_the_same_after_a_trip_through_data(metric: dict[str, object]) -> None:
    understood_once = metric_of(metric)
    assert metric_of(metric_data(understood_once)) == understood_once


def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_try_through_at_a_time() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_MAX - 1):
        breaker.failed(0)
    assert breaker.allows(0)
    breaker.failed(0)
    assert not breaker.allows(OPEN_SECONDS / 2)
    assert breaker.allows(OPEN_SECONDS)
    assert not breaker.allows(OPEN_SECONDS)
    breaker.succeeded()
    assert breaker.allows(OPEN_SECONDS)
