"""Plans and what belongs to them as their readers see them; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.principals import Relation
from domain.kernel.sql import Row
from domain.plans.objective import CheckpointState, Line, ObjectiveState, ShareStep
from domain.plans.plan import (
    CommitmentState,
    ObjectiveAction,
    PlanAction,
    PlanState,
    RevisionState,
    Side,
    available_actions,
    objective_actions,
    side_of,
)
from domain.plans.standing import line_of


@dataclass(frozen=True, kw_only=True)
class PlanRecord:
    """A joint plan as this viewer sees it."""

    id: UUID
    partner_id: UUID | None
    program_id: UUID | None
    name: str
    zone: str
    state: PlanState
    starts_at: datetime
    ends_at: datetime
    agreed_at: datetime | None
    ended_at: datetime | None
    recorded_at: datetime
    version: int
    relation: Relation

    @property
    def available_actions(self) -> tuple[PlanAction, ...]:
        """What the viewer's side may do with it now."""
        return available_actions(self.state, side_of(self.relation))


@dataclass(frozen=True, kw_only=True)
class ObjectiveRecord:
    """An objective as it was last measured, and what its line says for that instant."""

    id: UUID
    plan_id: UUID
    code: str
    name: str
    side: Side
    member_id: UUID | None
    partner_id: UUID | None
    program_id: UUID | None
    supports_id: UUID | None
    replaces_id: UUID | None
    replaced_by_id: UUID | None
    line: Line
    reward: tuple[ShareStep, ...]
    expected_impact: str | None
    closes_at: datetime
    state: ObjectiveState
    value: int
    measured_at: datetime
    achieved_ppm: int | None
    share_ppm: int | None
    uplift: int | None
    closed_at: datetime | None
    recorded_at: datetime
    version: int
    now: datetime
    plan_state: PlanState
    waits_from: Side | None
    relation: Relation

    @property
    def available_actions(self) -> tuple[ObjectiveAction, ...]:
        """What the viewer's side may do with it now; a member looks at the own objective."""
        if self.relation is Relation.OWN:
            return ()
        return objective_actions(
            side_of(self.relation),
            is_open=self.closed_at is None and self.plan_state is not PlanState.ENDED,
            is_due=self.line.due_at <= self.now,
            waits_from=self.waits_from,
            is_own=self.partner_id is None,
        )

    @property
    def expected(self) -> int:
        """What the straight line says for the instant of the measurement."""
        return self.line.expected(self.measured_at)

    @property
    def progress_ppm(self) -> int:
        """How much of the way is done, in millionths."""
        return self.line.progress_ppm(self.value)

    @property
    def elapsed_ppm(self) -> int:
        """How much of the time had passed, in millionths."""
        return self.line.elapsed_ppm(self.measured_at)


@dataclass(frozen=True, kw_only=True)
class ValueNow:
    """What a metric measures by all that is known now, and against the baseline."""

    value: int
    uplift: int


@dataclass(frozen=True, kw_only=True)
class CheckpointRecord:
    """A date on the way."""

    id: UUID
    objective_id: UUID
    n: int
    due_at: datetime
    expected: int
    state: CheckpointState
    actual: int | None
    note: str | None
    held_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class CommitmentRecord:
    """What one side said it would do."""

    id: UUID
    side: Side
    text: str
    due_at: datetime | None
    state: CommitmentState
    note: str | None
    settled_at: datetime | None
    recorded_at: datetime
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class RevisionRecord:
    """Another target or date that was proposed, and its answer."""

    id: UUID
    objective_id: UUID
    n: int
    proposed_by: Side
    target: int
    due_at: datetime
    reason: str
    state: RevisionState
    recorded_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ReviewRecord:
    """A frozen review."""

    id: UUID
    plan_id: UUID
    period: str
    document: Mapping[str, Any]
    digest: bytes
    recorded_at: datetime
    relation: Relation


def plan_record(row: Row) -> PlanRecord:
    """The plan in a row."""
    said = {"state": PlanState(row["state"]), "relation": Relation(row["relation"])}
    return PlanRecord(**_told(PlanRecord, row, said))


def objective_record(row: Row) -> ObjectiveRecord:
    """The objective in a row."""
    said = {
        "side": Side(row["side"]),
        "state": ObjectiveState(row["state"]),
        "line": line_of(row),
        "reward": tuple(ShareStep(**step) for step in row["reward"]),
        "plan_state": PlanState(row["plan_state"]),
        "waits_from": row["waits_from"] and Side(row["waits_from"]),
        "relation": Relation(row["relation"]),
    }
    return ObjectiveRecord(**_told(ObjectiveRecord, row, said))


def checkpoint_record(row: Row) -> CheckpointRecord:
    """The checkpoint in a row."""
    return CheckpointRecord(**_told(CheckpointRecord, row, {"state": CheckpointState(row["state"])}))


def commitment_record(row: Row) -> CommitmentRecord:
    """The commitment in a row."""
    said = {
        "side": Side(row["side"]),
        "state": CommitmentState(row["state"]),
        "relation": Relation(row["relation"]),
    }
    return CommitmentRecord(**_told(CommitmentRecord, row, said))


def revision_record(row: Row) -> RevisionRecord:
    """The revision in a row."""
    said = {"proposed_by": Side(row["proposed_by"]), "state": RevisionState(row["state"])}
    return RevisionRecord(**_told(RevisionRecord, row, said))


def review_record(row: Row) -> ReviewRecord:
    """The review in a row."""
    return ReviewRecord(**_told(ReviewRecord, row, {"relation": Relation(row["relation"])}))


def _told(kind: Any, row: Row, said: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: said[field.name] if field.name in said else row[field.name] for field in fields(kind)}
