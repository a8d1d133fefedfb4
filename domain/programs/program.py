"""What a program is and how its state may move; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ProgramState(StrEnum):
    """A program's lifecycle. PAUSED and ARCHIVED are drawn already; their moves come with the program builder."""

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
    LAUNCH = "LAUNCH"
    END = "END"


MOVES: Mapping[tuple[ProgramState, ProgramAction], ProgramState] = {
    (ProgramState.DRAFT, ProgramAction.LAUNCH): ProgramState.LIVE,
    (ProgramState.LIVE, ProgramAction.END): ProgramState.ENDED,
}


def available_actions(state: ProgramState) -> tuple[ProgramAction, ...]:
    """What may be done with a program in this state."""
    return tuple(action for (from_state, action) in MOVES if from_state is state)


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
    grace_days: int = 10
    objective: Mapping[str, object] | None = None
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
