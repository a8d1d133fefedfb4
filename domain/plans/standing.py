"""Plans and objectives as operations find them: locked, and seen by whoever acts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.earning.measuring import Measured, MeasuredKind
from domain.earning.metric import Metric, metric_read
from domain.kernel.operation import Operation
from domain.kernel.refusals import NotFound
from domain.kernel.sql import Row
from domain.plans.events import PLAN_CHANGED
from domain.plans.objective import Line, ObjectiveState, ShareStep
from domain.plans.plan import PlanAction, PlanState, Side, available_actions, side_of
from domain.plans.refusals import PlanActionNotAvailable
from domain.programs.document import Reader

PLAN_RELATION = relation_sql(member="NULL::uuid", partner="plan.partner_id")
LOCK = f"""
-- lock: joint_plan
SELECT plan.*, {PLAN_RELATION} AS relation FROM {VIEWERS} CROSS JOIN joint_plan AS plan
WHERE plan.id = $6 FOR NO KEY UPDATE OF plan
"""
TOUCH = "UPDATE joint_plan SET version = version + 1 WHERE id = $1 RETURNING state, version"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan, locked, and the side that the actor speaks for."""

    id: UUID
    partner_id: UUID | None
    program_id: UUID | None
    state: PlanState
    zone: ZoneInfo
    starts_at: datetime
    ends_at: datetime
    side: Side


@dataclass(frozen=True, kw_only=True)
class Objective:
    """An objective as it is stored."""

    id: UUID
    plan_id: UUID
    code: str
    side: Side
    subject_kind: MeasuredKind
    subject_id: UUID
    partner_id: UUID | None
    member_id: UUID | None
    program_id: UUID | None
    line: Line
    reward: tuple[ShareStep, ...]
    checkpoint_days: int
    closes_at: datetime
    state: ObjectiveState
    value: int
    closed_at: datetime | None

    def measured_at(self, now: datetime) -> Measured:
        """The question that measures it: its metric from its start until now, or its due date."""
        end = max(min(now, self.line.due_at), self.line.starts_at)
        return Measured(
            kind=self.subject_kind,
            subject_id=self.subject_id,
            metric=self.line.metric,
            start=self.line.starts_at,
            end=end,
        )


async def plan_in(op: Operation, actor: Actor, plan_id: UUID, action: PlanAction | None = None) -> Plan:
    """The plan, locked; with an action, one that the actor's side may do now.

    Refuses: NotFound; PlanActionNotAvailable.
    """
    row = await op.sql.fetchrow(LOCK, *viewer_arguments([actor]), plan_id)
    if row is None or row["relation"] is None:
        raise NotFound(kind="plan", id=str(plan_id))
    plan = Plan(
        id=row["id"],
        partner_id=row["partner_id"],
        program_id=row["program_id"],
        state=PlanState(row["state"]),
        zone=ZoneInfo(row["zone"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        side=side_of(Relation(row["relation"])),
    )
    if action is not None and action not in available_actions(plan.state, plan.side):
        raise PlanActionNotAvailable(state=plan.state.value, action=action.value)
    return plan


async def touch_in(op: Operation, plan: Plan) -> None:
    """The plan's version moves, and whoever may see it knows that something was added."""
    row = await op.sql.fetchrow(TOUCH, plan.id)
    if row is not None:
        op.tell(
            PLAN_CHANGED.about(
                plan.id,
                partner_id=plan.partner_id,
                program_id=plan.program_id,
                state=row["state"],
                version=row["version"],
            )
        )


def objective_of(row: Mapping[str, Any] | Row) -> Objective:
    """The objective in a row of its table."""
    return Objective(
        id=row["id"],
        plan_id=row["plan_id"],
        code=row["code"],
        side=Side(row["side"]),
        subject_kind=MeasuredKind(row["subject_kind"]),
        subject_id=row["subject_id"],
        partner_id=row["partner_id"],
        member_id=row["member_id"],
        program_id=row["program_id"],
        line=line_of(row),
        reward=tuple(ShareStep(**step) for step in row["reward"]),
        checkpoint_days=row["checkpoint_days"],
        closes_at=row["closes_at"],
        state=ObjectiveState(row["state"]),
        value=row["value"],
        closed_at=row["closed_at"],
    )


def line_of(row: Mapping[str, Any] | Row) -> Line:
    """The straight line of a stored objective."""
    return Line(
        metric=stored_metric(row["metric"]),
        baseline=row["baseline"],
        target=row["target"],
        starts_at=row["starts_at"],
        due_at=row["due_at"],
        tolerance_ppm=row["tolerance_ppm"],
    )


def stored_metric(document: Mapping[str, object]) -> Metric:
    """The metric as it was stored; it was checked when it was."""
    return metric_read(Reader(fields=document, path=""))
