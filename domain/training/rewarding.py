"""A course that was passed, as an activity: this is all that makes training earn, once per person and version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.activities.activity import ActivityInput, ActivityReversal
from domain.earning.evaluating import Knowledge
from domain.earning.reporting import ReportedType, Workflow, report_in
from domain.kernel.operation import Operation

PASSED = "course.passed"
WORKFLOW = Workflow(
    code="training",
    name="Training",
    types=(
        ReportedType(
            code=PASSED,
            name={"en": "Course passed", "fr": "Formation réussie"},
            attributes=(
                {"name": "course", "kind": "STRING", "length_max": 20},
                {"name": "version", "kind": "INTEGER"},
                {"name": "score", "kind": "INTEGER"},
            ),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Pass:
    """A person passed a version for the first time then, as far as is known now."""

    training_id: UUID
    member_id: UUID
    course: str
    version: int
    at: datetime
    score: int | None


async def report_passes_in(op: Operation, knowledge: Knowledge, passes: Sequence[Pass], *, correcting: bool) -> None:
    """Each pass is one activity of its instant; `correcting` moves those that were reported before.

    Refuses: as recording does.
    """
    if passes:
        await report_in(op, knowledge, WORKFLOW, [_activity(each) for each in passes], correcting=correcting)


async def take_back_in(op: Operation, knowledge: Knowledge, training_id: UUID, reason: str) -> None:
    """What passing earned is taken back."""
    await report_in(op, knowledge, WORKFLOW, [ActivityReversal(external_id=_external_id(training_id), reason=reason)])


def _external_id(training_id: UUID) -> str:
    # A training is one person's of one version: whatever is passed again is the same activity.
    return f"{training_id}:passed"


def _activity(one: Pass) -> ActivityInput:
    said = {"course": one.course, "version": one.version, "score": one.score}
    return ActivityInput(
        external_id=_external_id(one.training_id),
        type=PASSED,
        occurred_at=one.at,
        member=one.member_id,
        attributes={name: value for name, value in said.items() if value is not None},
    )
