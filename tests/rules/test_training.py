"""Training without storage: the machine edge by edge, judging in any order, spans as facts, what systems say."""

from datetime import UTC, datetime, timedelta
from itertools import permutations, product
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.access.principals import Relation, Role
from domain.activities.mapping_document import row_mapping
from domain.kernel.refusals import InvalidInput
from domain.kernel.timeline import Span, Step, count_at, counted, differences, merged, overlap
from domain.training.attempt import Attempt, AttemptOutcome, certified_until, judged, next_look, reminder_due, standing
from domain.training.course import CourseSaid, CourseVersion
from domain.training.machine import EDGES, OPEN_TO, TrainingAction, TrainingState, available_actions
from domain.training.recording import AttemptTold
from domain.training.refusals import StatementNotUnderstood
from domain.training.statements import CSV_BYTES_MAX, attempt_of, attempts_of_csv

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
ENROLLED, IN_PROGRESS, PASSED, FAILED, EXPIRED, REVOKED, RENEWED = TrainingState
DRAWN = """ENROLLED>IN_PROGRESS ENROLLED>PASSED ENROLLED>FAILED ENROLLED>RENEWED IN_PROGRESS>PASSED IN_PROGRESS>FAILED
    IN_PROGRESS>RENEWED FAILED>IN_PROGRESS FAILED>PASSED FAILED>RENEWED PASSED>RENEWED PASSED>EXPIRED PASSED>REVOKED
    RENEWED>EXPIRED RENEWED>REVOKED EXPIRED>RENEWED EXPIRED>REVOKED"""
SAID: dict[str, Any] = {"code": "gtx", "name": {"en": "GTX"}, "pass_mark": 80}
STATEMENT: dict[str, Any] = {
    "id": "s-1",
    "actor": {"mbox": "mailto:ada@example.com"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://lms.example/courses/gtx/"},
    "timestamp": "2026-01-05T10:00:00+01:00",
}
MAPPING: dict[str, Any] = {
    "columns": ["id", "who", "how", "when"],
    "zone": "UTC",
    "external_id": {"column": "id"},
    "type": {"column": "how"},
    "occurred_at": {"column": "when"},
    "member": {"column": "who"},
    "attributes": {"course": {"constant": "gtx"}},
}


def version(**said: Any) -> CourseVersion:
    known: dict[str, Any] = {"pass_mark": 80, "expiry_months": 12, "reminder_days": (30, 7)} | said
    return CourseVersion(id=uuid4(), course_id=uuid4(), n=1, recorded_at=START, **known)


def attempt(days: int, outcome: AttemptOutcome = AttemptOutcome.PASSED, score: int | None = None) -> Attempt:
    return Attempt(id=uuid4(), outcome=outcome, at=START + timedelta(days=days), score=score)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def test_the_edges_of_a_training_are_those_of_the_drawing_and_no_others() -> None:
    assert {f"{a}>{b}" for a, b in product(TrainingState, TrainingState) if b in EDGES[a]} == set(DRAWN.split())


@pytest.mark.parametrize("state", TrainingState)
def test_everybody_is_offered_what_is_theirs_and_open(state: TrainingState) -> None:
    for role, relation in product(Role, Relation):
        offered = available_actions(state, relation=relation, role=role)
        starts = relation is Relation.OWN and role in (Role.MEMBER, Role.PARTNER_ADMIN)
        revokes = relation is Relation.OPERATOR and role in (Role.ADMIN, Role.CHANNEL_MANAGER)
        assert (TrainingAction.START in offered) == (starts and state in (ENROLLED, FAILED))
        assert (TrainingAction.REVOKE in offered) == (revokes and state in OPEN_TO[TrainingAction.REVOKE])


@pytest.mark.parametrize(("score", "said", "found"), [(79, "PASSED", "FAILED"), (80, "FAILED", "PASSED")])
def test_the_mark_decides_at_its_edge_whatever_was_said(score: int, said: str, found: str) -> None:
    assert judged(version(), score=score, outcome=AttemptOutcome(said)) == found
    assert judged(version(), score=None, outcome=AttemptOutcome(said)) == said
    assert judged(version(), score=score, outcome=AttemptOutcome.STARTED) is AttemptOutcome.STARTED


def test_the_order_in_which_attempts_become_known_changes_nothing() -> None:
    told = [attempt(0, AttemptOutcome.FAILED, 10), attempt(3, score=90), attempt(1, score=85), attempt(5)]
    course, now = version(), day(10)
    found = set[Any]()
    for order in permutations(told):
        state = ENROLLED
        for known in range(1, len(order) + 1):
            after = standing(course, state, order[:known], now).state
            assert after is state or after in EDGES[state]
            state = after
        last = standing(course, state, order, now)
        found.add((last.state, last.score, last.passed_at, last.expires_at))
    assert found == {(RENEWED, 85, day(1), certified_until(course, day(5)))}


def test_a_certificate_stays_expired_or_revoked_until_a_pass_that_lasts() -> None:
    course = version(expiry_months=1)
    old, older, new = attempt(0), attempt(-5), attempt(40)
    assert standing(course, EXPIRED, [old, older], day(60)).state is EXPIRED
    assert standing(course, EXPIRED, [old, new], day(60)).state is RENEWED
    assert standing(course, REVOKED, [old, new], day(60)).state is REVOKED
    assert (
        standing(course, FAILED, [attempt(0, AttemptOutcome.FAILED), attempt(1, AttemptOutcome.STARTED)], day(2)).state
        is IN_PROGRESS
    )  # fmt: skip the case reads as one line
    assert standing(version(expiry_months=None), PASSED, [old], day(9_000)).expires_at is None


def test_a_reminder_is_due_once_and_the_next_look_goes_to_the_end() -> None:
    end, days = day(100), (30, 7)
    assert next_look(end, days, None) == day(70)
    assert reminder_due(end, days, None, day(70) - timedelta(seconds=1)) is None
    assert reminder_due(end, days, None, day(70)) == 30
    assert reminder_due(end, days, 30, day(92)) is None
    assert reminder_due(end, days, None, day(93)) == 7
    assert (next_look(end, days, 30), next_look(end, days, 7), next_look(None, days, None)) == (day(93), end, None)


def test_people_are_counted_step_by_step_and_nobody_twice() -> None:
    ada, ben = UUID(int=1), UUID(int=2)
    spans = {
        ada: [Span(start=day(0), end=day(10)), Span(start=day(5), end=day(20)), Span(start=day(20), end=day(25))],
        ben: [Span(start=day(8))],
    }
    assert merged(spans[ada]) == [Span(start=day(0), end=day(25))]
    steps = counted(spans)
    assert [(step.at, step.count) for step in steps] == [(day(0), 1), (day(8), 2), (day(25), 1)]
    assert [count_at(steps, day(at)) for at in (-1, 0, 24, 25)] == [0, 1, 2, 1]
    assert overlap(Span(start=day(0), end=day(5)), Span(start=day(5))) is None
    assert overlap(Span(start=day(0)), Span(start=day(5), end=day(6))) == Span(start=day(5), end=day(6))


def test_facts_that_are_added_make_what_began_last_say_what_is_wanted() -> None:
    timelines = [
        [Step(at=day(at), count=count) for at, count in zip(range(4), counts, strict=True) if count is not None]
        for counts in product((0, 1, 2, None), repeat=4)
    ]
    for known, wanted in product(timelines[::5], timelines[::3]):
        after = {step.at: step for step in known} | {step.at: step for step in differences(known, wanted)}
        stated = sorted(after.values(), key=lambda step: step.at)
        assert [count_at(stated, day(at)) for at in range(4)] == [count_at(wanted, day(at)) for at in range(4)]
        assert differences(stated, wanted) == []


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("code", {"code": "a" * 21}),
        ("code", {"code": "GTX"}),
        ("name", {"name": {"fr": "GTX"}}),
        ("passMark", {"pass_mark": 101}),
        ("expiryMonths", {"expiry_months": 121}),
        ("reminderDays", {"expiry_months": 12, "reminder_days": (1, 2, 3, 4, 5, 6)}),
        ("reminderDays", {"expiry_months": 12, "reminder_days": (366,)}),
        ("reminderDays", {"reminder_days": (7,)}),
    ],
)
def test_a_course_out_of_its_bounds_is_refused(field: str, said: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        CourseSaid(**SAID | said)
    assert refused.value.field == field
    edge: dict[str, Any] = {
        "code": "a" * 20,
        "pass_mark": 100,
        "expiry_months": 120,
        "reminder_days": (1, 2, 3, 4, 365),
    }
    assert CourseSaid(**SAID | edge).pass_mark == 100


def test_a_statement_is_read_as_an_attempt_or_says_where_it_is_not() -> None:
    read = attempt_of(STATEMENT | {"result": {"score": {"raw": 17, "max": 20}}})
    assert isinstance(read, AttemptTold)
    assert (read.course, read.email, read.score, read.outcome) == ("gtx", "ada@example.com", 85, AttemptOutcome.PASSED)
    failed = attempt_of(STATEMENT | {"result": {"success": False}})
    assert isinstance(failed, AttemptTold)
    assert failed.outcome is AttemptOutcome.FAILED
    for path, wrong in (
        ("verb.id", {"verb": {"id": "liked"}}),
        ("timestamp", {"timestamp": "yesterday"}),
        ("id", {"id": ""}),
        ("result.score.scaled", {"result": {"score": {"scaled": 1.01}}}),
        ("result.score.raw", {"result": {"score": {"raw": 5, "max": 0}}}),
        ("$", {"result": [[[[[[[[[[1]]]]]]]]]]}),
    ):
        refused = attempt_of(STATEMENT | wrong)
        assert isinstance(refused, StatementNotUnderstood)
        assert refused.path == path


def test_a_csv_file_is_read_within_its_bounds() -> None:
    mapping = row_mapping(MAPPING)
    rows = [f"r-{n},ada@example.com,PASSED,2026-01-05T09:00:00Z" for n in range(1_001)]
    assert len(attempts_of_csv("\n".join(["\ufeffid,who,how,when", *rows[:1_000]]), mapping)) == 1_000
    for text in (
        "\n".join(["id,who,how,when", *rows]),
        "id,who,how\n",
        "id,who,how,when\n" + "x" * CSV_BYTES_MAX,
    ):
        with pytest.raises(InvalidInput):
            attempts_of_csv(text, mapping)
    (short, strange) = attempts_of_csv("id,who,how,when\na,b\nr,ada,DREAMT,2026-01-05T09:00:00Z\n", mapping)
    assert isinstance(short, StatementNotUnderstood)
    assert isinstance(strange, StatementNotUnderstood)
    assert strange.path == "type"
