"""An objective: the straight line to its target, the state that follows from it, its checkpoints and shares; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from domain.earning.metric import Metric

WHOLE_PPM = 1_000_000
TOLERANCE_PPM = 900_000
ACHIEVED_PPM_MAX = 10 * WHOLE_PPM
CHECKPOINT_DAYS_MIN, CHECKPOINT_DAYS_MAX = 7, 92
CHECKPOINTS_MAX = 60
SETTLE_DAYS_MAX = 90
STEPS_MAX = 10
VALUE_MAX = 10**15
MICROSECOND = timedelta(microseconds=1)


class ObjectiveState(StrEnum):
    """Where an objective stands; MET may be lost again until it closes, MISSED and REVISED are final."""

    ON_TRACK = "ON_TRACK"
    AT_RISK = "AT_RISK"
    MET = "MET"
    MISSED = "MISSED"
    REVISED = "REVISED"


class CheckpointState(StrEnum):
    """PLANNED, HELD by either side, OVERDUE when nobody held it in time, DROPPED with the objective it belonged to."""

    PLANNED = "PLANNED"
    HELD = "HELD"
    OVERDUE = "OVERDUE"
    DROPPED = "DROPPED"


@dataclass(frozen=True, kw_only=True)
class ShareStep:
    """From this part of the way on (ppm) this share of the reward is due (ppm)."""

    from_ppm: int
    share_ppm: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """The straight way of an objective. A metric that adds up begins at 0, whatever its baseline; a level begins at
    its baseline. The baseline is what the result is compared with afterwards.
    """

    metric: Metric
    baseline: int
    target: int
    starts_at: datetime
    due_at: datetime
    tolerance_ppm: int = TOLERANCE_PPM

    @property
    def origin(self) -> int:
        """Where the line begins."""
        return self.baseline if self.metric.is_level else 0

    def elapsed_ppm(self, at: datetime) -> int:
        """How much of the time has passed, 0 to 1,000,000."""
        passed, whole = self._times(at)
        return passed * WHOLE_PPM // whole

    def expected(self, at: datetime) -> int:
        """What the line says for the instant: origin + (target − origin) × time passed, rounded towards the origin."""
        way = self.target - self.origin
        passed, whole = self._times(at)
        walked = abs(way) * passed // whole
        return self.origin + (walked if way >= 0 else -walked)

    def progress_ppm(self, value: int) -> int:
        """How much of the way from origin to target the value has come, in ppm; below 0 where it went the other way."""
        way = self.target - self.origin
        return min((value - self.origin) * WHOLE_PPM // way, ACHIEVED_PPM_MAX)

    def state(self, value: int, at: datetime) -> ObjectiveState:
        """MET from the target on; ON_TRACK where progress ≥ tolerance × time passed; AT_RISK below that."""
        progress = self.progress_ppm(value)
        if progress >= WHOLE_PPM:
            return ObjectiveState.MET
        passed, whole = self._times(at)
        is_on_track = progress * whole >= passed * self.tolerance_ppm
        return ObjectiveState.ON_TRACK if is_on_track else ObjectiveState.AT_RISK

    def final(self, value: int) -> ObjectiveState:
        """The state it closes with."""
        return ObjectiveState.MET if self.progress_ppm(value) >= WHOLE_PPM else ObjectiveState.MISSED

    def _times(self, at: datetime) -> tuple[int, int]:
        """The time that has passed, and the whole of it, in microseconds."""
        whole = (self.due_at - self.starts_at) // MICROSECOND
        return min(max((at - self.starts_at) // MICROSECOND, 0), whole), whole


def share_of(progress_ppm: int, steps: Sequence[ShareStep]) -> int:
    """The share of the reward (ppm) that this much of the way earns: the highest step reached, else nothing."""
    return max((step.share_ppm for step in steps if step.from_ppm <= progress_ppm), default=0)


def checkpoints_backwards(starts_at: datetime, due_at: datetime, days: int, zone: ZoneInfo) -> list[datetime]:
    """The due date, and every so many days before it at the same time on the wall, as long as that is after the start;
    the earliest first. Refuses: ValueError for more than 60.
    """
    found, local, back = list[datetime](), due_at.astimezone(zone), 0
    while (instant := (local - timedelta(days=back)).astimezone(UTC)) > starts_at:
        if len(found) == CHECKPOINTS_MAX:
            raise ValueError(f"at most {CHECKPOINTS_MAX} checkpoints")
        found.append(instant)
        back += days
    return found[::-1]


def steps_problem(steps: Sequence[ShareStep]) -> str | None:
    """What is wrong with the shares of a reward, if anything: at most ten, each further and larger than the last."""
    if len(steps) > STEPS_MAX:
        return f"at most {STEPS_MAX} steps"
    for step in steps:
        if not 1 <= step.from_ppm <= ACHIEVED_PPM_MAX or not 1 <= step.share_ppm <= WHOLE_PPM:
            return "fromPpm lies between 1 and 10,000,000, sharePpm between 1 and 1,000,000"
    for one, following in pairwise(steps):
        if following.from_ppm <= one.from_ppm or following.share_ppm <= one.share_ppm:
            return "each step is further and larger than the one before"
    return None
