"""Objectives as somebody states them: checked, measured where they state no baseline, stored with their checkpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.earning.measuring import Measured, MeasuredKind, measured
from domain.earning.metric import Metric, metric_read
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput, NotFound
from domain.plans.events import OBJECTIVE_CHANGED
from domain.plans.objective import (
    CHECKPOINT_DAYS_MAX,
    CHECKPOINT_DAYS_MIN,
    SETTLE_DAYS_MAX,
    TOLERANCE_PPM,
    VALUE_MAX,
    WHOLE_PPM,
    Line,
    ShareStep,
    checkpoints_backwards,
    steps_problem,
)
from domain.plans.plan import NAME_LENGTH_MAX, OBJECTIVES_MAX, TEXT_LENGTH_MAX, Side
from domain.plans.standing import Plan
from domain.programs.document import CODE, Reader

INSERT = """
INSERT INTO plan_objective (id, plan_id, code, name, side, subject_kind, subject_id, partner_id, member_id, program_id,
    supports_id, replaces_id, metric, baseline, target, expected_impact, tolerance_ppm, checkpoint_days, settle_days,
    reward, starts_at, due_at, closes_at, state, value, measured_at, look_at, recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
    $25, $26, $26, $26, 1)
"""
INSERT_CHECKPOINTS = """
INSERT INTO plan_checkpoint (id, objective_id, n, due_at, expected, state)
SELECT id, $2, n, due_at, expected, 'PLANNED'
FROM unnest($1::uuid[], $3::timestamptz[], $4::bigint[]) WITH ORDINALITY AS new (id, due_at, expected, n)
"""
STANDING = "SELECT code, id FROM plan_objective WHERE plan_id = $1 AND state <> 'REVISED'"
MEMBER = "SELECT true FROM member WHERE id = $1 AND partner_id = $2 AND left_at IS NULL"


@dataclass(frozen=True, kw_only=True)
class ObjectiveDraft:
    """An objective as somebody states it; without `baseline` it is measured: over as long before the start for what
    adds up, at the start for a level. `metric` is the metric's document; `supports` is the objective this one is for.
    """

    code: str
    name: str
    metric: Mapping[str, Any]
    target: int
    due_at: datetime
    starts_at: datetime | None = None
    baseline: int | None = None
    member_id: UUID | None = None
    supports: UUID | None = None
    expected_impact: str | None = None
    tolerance_ppm: int = TOLERANCE_PPM
    checkpoint_days: int = 30
    settle_days: int = 0
    reward: Sequence[ShareStep] = field(default_factory=tuple[ShareStep, ...])


async def set_objectives_in(op: Operation, plan: Plan, side: Side, drafts: Sequence[ObjectiveDraft]) -> list[UUID]:
    """The objectives stand in the plan, with their checkpoints; at most 20 stand in one plan. One baseline statement a
    kind of metric; the plan is locked.

    Refuses: InvalidInput (number, code, name, metric, target, baseline, dates, days, reward); NotFound (member,
    objective).
    """
    standing = {row["code"]: row["id"] for row in await op.sql.fetch(STANDING, plan.id)}
    if len(standing) + len(drafts) > OBJECTIVES_MAX:
        raise InvalidInput(field="objectives", problem=f"at most {OBJECTIVES_MAX} in a plan")
    metrics = [_checked(plan, side, draft) for draft in drafts]
    for draft in drafts:
        if draft.code in standing:
            raise InvalidInput(field="code", problem=f"{draft.code} stands in this plan")
        if draft.supports is not None and draft.supports not in standing.values():
            raise NotFound(kind="objective", id=str(draft.supports))
        if draft.member_id is not None and not await op.sql.fetchval(MEMBER, draft.member_id, plan.partner_id):
            raise NotFound(kind="member", id=str(draft.member_id))
        standing[draft.code] = new_id()
    before = await measured(
        op.sql, [_before(plan, draft, metric) for draft, metric in zip(drafts, metrics, strict=True)]
    )
    found = list[UUID]()
    for draft, metric, value in zip(drafts, metrics, before, strict=True):
        line = _line(plan, draft, metric, value)
        objective_id = standing[draft.code]
        kind, subject_id = _subject(plan, draft)
        stored: dict[str, Any] = {
            "code": draft.code,
            "name": draft.name,
            "side": side.value,
            "subject_kind": kind.value,
            "subject_id": subject_id,
            "partner_id": plan.partner_id,
            "member_id": draft.member_id,
            "program_id": plan.program_id,
            "supports_id": draft.supports,
            "replaces_id": None,
            "expected_impact": draft.expected_impact,
            "checkpoint_days": draft.checkpoint_days,
            "settle_days": draft.settle_days,
            "reward": [vars_of(step) for step in draft.reward],
        }
        await insert_in(op, objective_id, plan, line, stored)
        found.append(objective_id)
    return found


async def insert_in(op: Operation, objective_id: UUID, plan: Plan, line: Line, stored: Mapping[str, Any]) -> None:
    """One objective stands, with the checkpoints that still lie ahead; it is measured by the next step."""
    closes_at = line.due_at + timedelta(days=stored["settle_days"])
    state, origin = line.state(line.origin, op.now), line.origin
    names = ("code", "name", "side", "subject_kind", "subject_id", "partner_id", "member_id", "program_id")
    await op.sql.execute(
        INSERT,
        objective_id,
        plan.id,
        *(stored[name] for name in (*names, "supports_id", "replaces_id")),
        line.metric.to_json(),
        line.baseline,
        line.target,
        stored["expected_impact"],
        line.tolerance_ppm,
        stored["checkpoint_days"],
        stored["settle_days"],
        stored["reward"],
        line.starts_at,
        line.due_at,
        closes_at,
        state.value,
        origin,
        op.now,
    )
    ahead = [at for at in _checkpoints(plan.zone, line, stored["checkpoint_days"]) if at > op.now]
    expected = [line.expected(at) for at in ahead]
    await op.sql.execute(INSERT_CHECKPOINTS, new_ids(len(ahead)), objective_id, ahead, expected)
    op.tell(
        OBJECTIVE_CHANGED.about(
            objective_id,
            member_id=stored["member_id"],
            partner_id=plan.partner_id,
            program_id=plan.program_id,
            joint_plan_id=str(plan.id),
            state=state.value,
            value=origin,
            target=line.target,
            due_at=line.due_at.isoformat(),
            is_closed=False,
        )
    )


def vars_of(step: ShareStep) -> dict[str, int]:
    """A step of a reward as it is stored."""
    return {"from_ppm": step.from_ppm, "share_ppm": step.share_ppm}


def check_line(plan: Plan, line: Line, days: int) -> None:
    """Refuses: InvalidInput where the line leads nowhere, ends outside the plan, or has too many checkpoints."""
    if not plan.starts_at <= line.starts_at < line.due_at <= plan.ends_at:
        raise InvalidInput(field="dueAt", problem="starts and is due within the plan, in this order")
    if abs(line.target) > VALUE_MAX or abs(line.baseline) > VALUE_MAX:
        raise InvalidInput(field="target", problem=f"within ± {VALUE_MAX}")
    if line.target in (line.baseline, line.origin) or (not line.metric.is_level and line.target < 0):
        raise InvalidInput(field="target", problem="is not where it stands already, at the baseline, nor below 0")
    _checkpoints(plan.zone, line, days)


def _checked(plan: Plan, side: Side, draft: ObjectiveDraft) -> Metric:
    if not CODE.fullmatch(draft.code):
        raise InvalidInput(field="code", problem="is a code: a lower-case letter, then letters, digits, dots, dashes")
    if not 1 <= len(draft.name.strip()) <= NAME_LENGTH_MAX:
        raise InvalidInput(field="name", problem=f"1 to {NAME_LENGTH_MAX} characters")
    if draft.expected_impact is not None and not 1 <= len(draft.expected_impact) <= TEXT_LENGTH_MAX:
        raise InvalidInput(field="expectedImpact", problem=f"1 to {TEXT_LENGTH_MAX} characters")
    reader = Reader(fields=draft.metric, path="metric")
    metric = metric_read(reader)
    if reader.problems:
        raise InvalidInput(field=reader.problems[0].path, problem=reader.problems[0].reason)
    for name, value, least, most in (
        ("toleranceInMillionths", draft.tolerance_ppm, 1, WHOLE_PPM),
        ("checkpointDays", draft.checkpoint_days, CHECKPOINT_DAYS_MIN, CHECKPOINT_DAYS_MAX),
        ("settleDays", draft.settle_days, 0, SETTLE_DAYS_MAX),
    ):
        if not least <= value <= most:
            raise InvalidInput(field=name, problem=f"{least} to {most}")
    problem = steps_problem(draft.reward)
    if problem is not None:
        raise InvalidInput(field="reward", problem=problem)
    if draft.reward and (side is Side.PARTNER or plan.partner_id is None):
        raise InvalidInput(field="reward", problem="only an objective that the vendor sets for a partner is rewarded")
    if draft.member_id is not None and plan.partner_id is None:
        raise InvalidInput(field="memberId", problem="belongs to a plan with their partner")
    return metric


def _subject(plan: Plan, draft: ObjectiveDraft) -> tuple[MeasuredKind, UUID]:
    if draft.member_id is not None:
        return MeasuredKind.MEMBER, draft.member_id
    if plan.partner_id is not None:
        return MeasuredKind.PARTNER, plan.partner_id
    if plan.program_id is None:
        raise AssertionError("a plan is with a partner or for a program")
    return MeasuredKind.PROGRAM, plan.program_id


def _before(plan: Plan, draft: ObjectiveDraft, metric: Metric) -> Measured:
    start = draft.starts_at or plan.starts_at
    kind, subject_id = _subject(plan, draft)
    earlier = start - max(draft.due_at - start, timedelta())
    return Measured(kind=kind, subject_id=subject_id, metric=metric, start=earlier, end=start)


def _line(plan: Plan, draft: ObjectiveDraft, metric: Metric, before: int) -> Line:
    line = Line(
        metric=metric,
        baseline=before if draft.baseline is None else draft.baseline,
        target=draft.target,
        starts_at=draft.starts_at or plan.starts_at,
        due_at=draft.due_at,
        tolerance_ppm=draft.tolerance_ppm,
    )
    check_line(plan, line, draft.checkpoint_days)
    return line


def _checkpoints(zone: ZoneInfo, line: Line, days: int) -> list[datetime]:
    try:
        return checkpoints_backwards(line.starts_at, line.due_at, days, zone)
    except ValueError as trouble:
        raise InvalidInput(field="checkpointDays", problem=str(trouble)) from trouble
