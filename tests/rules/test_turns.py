"""A partner's clock stands still while the vendor holds the case."""

from datetime import UTC, datetime, timedelta

from domain.kernel.turns import Turn

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_deadline_moves_by_the_time_that_the_vendor_took() -> None:
    turn = Turn(due_at=START + 10 * DAY).handed_over(START + 4 * DAY)
    assert not turn.is_overdue(START + 100 * DAY)
    assert turn.handed_over(START + 50 * DAY) == turn
    back = turn.handed_back(START + 104 * DAY)
    assert back.due_at == START + 110 * DAY
    assert not back.is_overdue(START + 110 * DAY - timedelta(seconds=1))
    assert back.is_overdue(START + 110 * DAY)


def test_without_a_deadline_nothing_is_overdue() -> None:
    turn = Turn(due_at=None).handed_over(START)
    assert turn.handed_back(START + DAY).due_at is None
    assert not turn.is_overdue(START + DAY)
