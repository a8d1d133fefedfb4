"""What a program is to reach: a metric, where it stands, where it is to stand, and by when; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.kernel.money import UNIT_CODE
from domain.kernel.points import AMOUNT_ABSOLUTE_MAX, is_whole
from domain.programs.document import CODE, Problem

IMPACT_LENGTH_MAX = 500
NEEDED = ("metric", "baseline", "target", "due_at")


@dataclass(frozen=True, kw_only=True)
class Objective:
    """`baseline` and `target` in minor units of `unit`, or counts where it is None; `metric` is the code of what is
    measured.
    """

    metric: str
    baseline: int
    target: int
    due_at: datetime
    unit: str | None = None
    expected_impact: str | None = None

    def to_json(self) -> dict[str, object]:
        """The record as it is stored."""
        return {
            "metric": self.metric,
            "unit": self.unit,
            "baseline": self.baseline,
            "target": self.target,
            "due_at": self.due_at.isoformat(),
            "expected_impact": self.expected_impact,
        }


def objective_problem(objective: Objective, starts_at: datetime) -> Problem | None:
    """The first thing that is wrong with the objective of a program that starts then."""
    if not CODE.fullmatch(objective.metric):
        return Problem(path="metric", reason="is a code: a lower-case letter, then letters, digits, dots, dashes")
    if objective.unit is not None and not UNIT_CODE.fullmatch(objective.unit):
        return Problem(path="unit", reason="is a unit code: 2 to 16 capital letters, digits, underscores")
    for name, value in (("baseline", objective.baseline), ("target", objective.target)):
        if not is_whole(value) or abs(value) > AMOUNT_ABSOLUTE_MAX:
            return Problem(path=name, reason=f"is a whole number within ± {AMOUNT_ABSOLUTE_MAX}")
    if objective.target == objective.baseline:
        return Problem(path="target", reason="is not where it stands already, at the baseline")
    if objective.due_at.tzinfo is None or objective.due_at <= starts_at:
        return Problem(path="dueAt", reason="is after the program starts")
    if objective.expected_impact is not None and not 1 <= len(objective.expected_impact) <= IMPACT_LENGTH_MAX:
        return Problem(path="expectedImpact", reason=f"is a text of 1 to {IMPACT_LENGTH_MAX} characters")
    return None


def missing_of(told: Mapping[str, object] | None) -> list[str]:
    """What a stored objective lacks of metric, baseline, target and date: a program without these cannot go live."""
    return [name for name in NEEDED if (told or {}).get(name) is None]


def objective_read(told: Mapping[str, object] | None) -> Objective | None:
    """The objective as it was stored, None where something of it is missing."""
    if told is None or missing_of(told):
        return None
    unit, impact = told.get("unit"), told.get("expected_impact")
    return Objective(
        metric=str(told["metric"]),
        baseline=int(str(told["baseline"])),
        target=int(str(told["target"])),
        due_at=datetime.fromisoformat(str(told["due_at"])),
        unit=None if unit is None else str(unit),
        expected_impact=None if impact is None else str(impact),
    )
