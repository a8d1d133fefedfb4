"""What a program is, how its state may move, and when it stands still; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.programs.audience import AudienceRule
from domain.programs.objective import Objective


class ProgramState(StrEnum):
    """A program's lifecycle; time alone makes a SCHEDULED one LIVE, and a LIVE or PAUSED one ENDED."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    PAUSED = "PAUSED"
    ENDED = "ENDED"
    ARCHIVED = "ARCHIVED"


class Visibility(StrEnum):
    PUBLIC = "PUBLIC"
    MEMBERS = "MEMBERS"


class Audience(StrEnum):
    """EVERYONE takes part under the standard cohort; ENROLLED means only those with an enrollment."""

    EVERYONE = "EVERYONE"
    ENROLLED = "ENROLLED"


class DebtPolicy(StrEnum):
    REFUSE = "REFUSE"
    ALLOW = "ALLOW"
    WRITE_OFF = "WRITE_OFF"


class ProgramAction(StrEnum):
    """What somebody may do with a program's state."""

    SCHEDULE = "SCHEDULE"
    UNSCHEDULE = "UNSCHEDULE"
    LAUNCH = "LAUNCH"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    END = "END"
    ARCHIVE = "ARCHIVE"


MOVES: Mapping[tuple[ProgramState, ProgramAction], ProgramState] = {
    (ProgramState.DRAFT, ProgramAction.SCHEDULE): ProgramState.SCHEDULED,
    (ProgramState.DRAFT, ProgramAction.LAUNCH): ProgramState.LIVE,
    (ProgramState.SCHEDULED, ProgramAction.UNSCHEDULE): ProgramState.DRAFT,
    (ProgramState.LIVE, ProgramAction.PAUSE): ProgramState.PAUSED,
    (ProgramState.LIVE, ProgramAction.END): ProgramState.ENDED,
    (ProgramState.PAUSED, ProgramAction.RESUME): ProgramState.LIVE,
    (ProgramState.PAUSED, ProgramAction.END): ProgramState.ENDED,
    (ProgramState.ENDED, ProgramAction.ARCHIVE): ProgramState.ARCHIVED,
}
RUNNING = frozenset((ProgramState.LIVE, ProgramState.PAUSED))


def by_time(state: ProgramState, starts_at: datetime, ends_at: datetime | None, now: datetime) -> ProgramState:
    """The state that time alone has brought about by now, one edge further at most."""
    if state is ProgramState.SCHEDULED and starts_at <= now:
        return ProgramState.LIVE
    if state in RUNNING and ends_at is not None and ends_at <= now:
        return ProgramState.ENDED
    return state


def settles_at(starts_at: datetime, ends_at: datetime | None, grace_days: int) -> datetime:
    """From when on an ended program may be archived: late activities are then no longer expected."""
    return (ends_at or starts_at) + timedelta(days=grace_days)


def available_actions(
    state: ProgramState, starts_at: datetime, ends_at: datetime | None, grace_days: int, now: datetime
) -> tuple[ProgramAction, ...]:
    """What may be done now with a program that stands so; whether it has terms and an objective is asked then."""
    hindered = set[ProgramAction]()
    if starts_at <= now:
        hindered.add(ProgramAction.SCHEDULE)
    if now < settles_at(starts_at, ends_at, grace_days):
        hindered.add(ProgramAction.ARCHIVE)
    stands = by_time(by_time(state, starts_at, ends_at, now), starts_at, ends_at, now)
    return tuple(action for (before, action) in MOVES if before is stands and action not in hindered)


@dataclass(frozen=True, kw_only=True)
class Pause:
    """From `paused_at` until `resumed_at` (excluded; None: still) nothing that occurs earns."""

    paused_at: datetime
    resumed_at: datetime | None

    def holds(self, occurred_at: datetime, bound_at: datetime) -> bool:
        """True when it withholds an activity of that instant that was first recorded then: never one known before."""
        is_within = self.paused_at <= occurred_at and (self.resumed_at is None or occurred_at < self.resumed_at)
        return is_within and self.paused_at <= bound_at


@dataclass(frozen=True, kw_only=True)
class ProgramDraft:
    """What a vendor states of a new program. Names and descriptions are texts by locale, `en` at least."""

    code: str
    name: Mapping[str, str]
    zone: str
    unit: str
    starts_at: datetime
    description: Mapping[str, str] | None = None
    ends_at: datetime | None = None
    visibility: Visibility = Visibility.MEMBERS
    audience: Audience = Audience.ENROLLED
    audience_rule: AudienceRule | None = None
    grace_days: int = 10
    objective: Objective | None = None
    debt_policy: DebtPolicy = DebtPolicy.REFUSE
    expired_hold_days: int = 30


@dataclass(frozen=True, kw_only=True)
class ProgramFacts:
    """What earning needs to know of a program."""

    id: UUID
    code: str
    zone: str
    unit: str
    state: ProgramState
    audience: Audience
    starts_at: datetime
    ends_at: datetime | None
    grace_days: int
    budget_id: UUID
