"""What people did with a course, and what follows: passed or not, from when until when, in which state. Pure.

The order in which attempts become known changes nothing but the state EXPIRED, which only time brings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.kernel.periods import months_later, zone_named
from domain.training.course import CourseVersion
from domain.training.machine import TrainingState

UTC_ZONE = zone_named("UTC")


class AttemptOutcome(StrEnum):
    """How an attempt ended, or that it began."""

    STARTED = "STARTED"
    PASSED = "PASSED"
    FAILED = "FAILED"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt at a version, as it was judged; `score` out of 100."""

    id: UUID
    outcome: AttemptOutcome
    at: datetime
    score: int | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a training stands by its attempts. `expires_at` is the end of the last certificate, None for never."""

    state: TrainingState
    score: int | None = None
    passed_at: datetime | None = None
    expires_at: datetime | None = None


def judged(version: CourseVersion, *, score: int | None, outcome: AttemptOutcome) -> AttemptOutcome:
    """What a learning system told, by our own pass mark: a score decides, whatever was said with it."""
    if score is None or outcome is AttemptOutcome.STARTED:
        return outcome
    return AttemptOutcome.PASSED if score >= version.pass_mark else AttemptOutcome.FAILED


def certified_until(version: CourseVersion, passed_at: datetime) -> datetime | None:
    """The end of a certificate that begins then; None for never."""
    if version.expiry_months is None:
        return None
    return months_later(passed_at.astimezone(UTC), version.expiry_months, UTC_ZONE)


def standing(version: CourseVersion, before: TrainingState, attempts: Sequence[Attempt], now: datetime) -> Standing:
    """Where a training stands that stood so before, by all attempts known now, in any order.

    What failed after a pass takes nothing away; a pass after another renews; revoked stays revoked.
    """
    told = sorted(attempts, key=lambda each: (each.at, each.id))
    passes = [each for each in told if each.outcome is AttemptOutcome.PASSED]
    if not passes:
        tried = [each for each in told if each.outcome is AttemptOutcome.FAILED]
        if before not in (TrainingState.ENROLLED, TrainingState.IN_PROGRESS, TrainingState.FAILED):
            return Standing(state=before)
        state = TrainingState.FAILED if tried else TrainingState.IN_PROGRESS if told else before
        if tried and told[-1].outcome is AttemptOutcome.STARTED:
            state = TrainingState.IN_PROGRESS
        return Standing(state=state, score=tried[-1].score if tried else None)
    ends = [certified_until(version, each.at) for each in passes]
    expires_at = None if None in ends else max(end for end in ends if end is not None)
    state = TrainingState.RENEWED if len(passes) > 1 else TrainingState.PASSED
    if before is TrainingState.REVOKED or (
        before is TrainingState.EXPIRED and expires_at is not None and expires_at <= now
    ):
        state = before
    return Standing(state=state, score=passes[0].score, passed_at=passes[0].at, expires_at=expires_at)


def next_look(expires_at: datetime | None, reminder_days: Sequence[int], told_days: int | None) -> datetime | None:
    """When time brings something next: a reminder that was not told yet, or the end; None for never."""
    if expires_at is None:
        return None
    ahead = [days for days in reminder_days if told_days is None or days < told_days]
    return expires_at - timedelta(days=max(ahead, default=0))


def reminder_due(
    expires_at: datetime, reminder_days: Sequence[int], told_days: int | None, now: datetime
) -> int | None:
    """The shortest threshold in days that has passed and was not told; those before it are told with it."""
    passed = [
        days
        for days in reminder_days
        if (told_days is None or days < told_days) and expires_at - timedelta(days=days) <= now
    ]
    return min(passed, default=None)
