"""When a delivery is tried again: the schedule that Standard Webhooks recommends, a little over 75 hours. Pure."""

from collections.abc import Sequence
from datetime import timedelta

SCHEDULE: Sequence[timedelta] = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
RETRY_AFTER_MAX = timedelta(hours=24)


def pause_after(failures: int, retry_after_seconds: int | None = None) -> timedelta | None:
    """How long to wait after so many failures in a row, from 1; None: no more, it is parked.

    Retry-After makes the wait longer, to a day at most, never shorter.
    """
    if failures > len(SCHEDULE):
        return None
    asked = timedelta(seconds=retry_after_seconds or 0)
    return max(SCHEDULE[failures - 1], min(asked, RETRY_AFTER_MAX))
