"""The review of a quarter: everything that the plan is, said and did, frozen as one document with its digest."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from domain.access.audit import record_in
from domain.access.principals import Actor
from domain.earning.measuring import measured
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.periods import Period, PeriodKind, period_of
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import Row
from domain.plans.events import REVIEW_RECORDED
from domain.plans.objective import ObjectiveState
from domain.plans.plan import ACTIONS_MAX, NOTE_LENGTH_MAX, TEXT_LENGTH_MAX, PlanAction, Side
from domain.plans.refusals import ReviewFrozen
from domain.plans.standing import Objective, Plan, objective_of, plan_in

OBJECTIVES = "SELECT * FROM plan_objective WHERE plan_id = $1 ORDER BY recorded_at, code, id LIMIT 200"
CHECKPOINTS = """
SELECT checkpoint.* FROM plan_checkpoint AS checkpoint JOIN plan_objective AS objective
  ON objective.id = checkpoint.objective_id
WHERE objective.plan_id = $1 AND checkpoint.state <> 'DROPPED' ORDER BY checkpoint.objective_id, checkpoint.n LIMIT 2000
"""
COMMITMENTS = "SELECT * FROM plan_commitment WHERE plan_id = $1 ORDER BY recorded_at, text, id LIMIT 100"
INSERT = """
INSERT INTO plan_review (id, plan_id, period, document, digest, principal_id, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (plan_id, period) DO NOTHING RETURNING id
"""


@dataclass(frozen=True, kw_only=True)
class ReviewAction:
    """What the review agreed is to be done, by which side, and by when."""

    text: str
    side: Side
    due_at: datetime | None = None


async def freeze_review(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    plan_id: UUID,
    *,
    on: datetime | None = None,
    actions: Sequence[ReviewAction] = (),
    notes: str = "",
) -> Outcome:
    """The review of the quarter (in the plan's zone) that holds the instant, by default now, stands for good: the
    objectives as measured now, checkpoints, commitments, actions. Facts: plan_id, review_id.

    Refuses: NotFound; PlanActionNotAvailable; InvalidInput (on, actions, notes); ReviewFrozen.
    """
    if len(notes) > NOTE_LENGTH_MAX:
        raise InvalidInput(field="notes", problem=f"at most {NOTE_LENGTH_MAX} characters")
    if len(actions) > ACTIONS_MAX or not all(1 <= len(one.text.strip()) <= TEXT_LENGTH_MAX for one in actions):
        raise InvalidInput(field="actions", problem=f"at most {ACTIONS_MAX}, of 1 to {TEXT_LENGTH_MAX} characters each")

    async def work(op: Operation) -> Mapping[str, Any]:
        plan = await plan_in(op, actor, plan_id, PlanAction.FREEZE_REVIEW)
        at = on or op.now
        if not plan.starts_at <= at <= op.now:
            raise InvalidInput(field="on", problem="lies within the plan, and not ahead")
        period = period_of(PeriodKind.QUARTER, at, plan.zone)
        document = await _document_in(op, plan, period, actions, notes)
        review_id = new_id()
        digest = digest_of(document)
        made = await op.sql.fetchval(
            INSERT, review_id, plan.id, period.key, document, digest, actor.principal_id, op.now
        )
        if made is None:
            raise ReviewFrozen(period=period.key)
        op.tell(
            REVIEW_RECORDED.about(
                review_id,
                partner_id=plan.partner_id,
                program_id=plan.program_id,
                digest=digest,
                joint_plan_id=str(plan.id),
                period=period.key,
            )
        )
        await record_in(op, "freezePlanReview", "plan_review", review_id, period=period.key, digest=digest.hex())
        return {"plan_id": str(plan.id), "review_id": str(review_id)}

    return await door.operate_keyed(actor, "freezePlanReview", keyed, work)


def digest_of(document: Mapping[str, Any]) -> bytes:
    """SHA-256 of the document as canonical JSON: keys sorted, no spaces, UTF-8."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).digest()


async def _document_in(
    op: Operation, plan: Plan, period: Period, actions: Sequence[ReviewAction], notes: str
) -> dict[str, Any]:
    rows = await op.sql.fetch(OBJECTIVES, plan.id)
    objectives = [objective_of(row) for row in rows]
    values = await measured(op.sql, [one.measured_at(op.now) for one in objectives])
    checkpoints = await op.sql.fetch(CHECKPOINTS, plan.id)
    return {
        "plan": {
            "id": str(plan.id),
            "partner": plan.partner_id and str(plan.partner_id),
            "program": plan.program_id and str(plan.program_id),
            "state": plan.state.value,
        },
        "period": {"key": period.key, "from": period.start.isoformat(), "until": period.end.isoformat()},
        "frozenAt": op.now.isoformat(),
        "objectives": [
            _objective(
                one, row["name"], value, op.now, [each for each in checkpoints if each["objective_id"] == one.id]
            )
            for one, row, value in zip(objectives, rows, values, strict=True)
        ],
        "commitments": [_commitment(row) for row in await op.sql.fetch(COMMITMENTS, plan.id)],
        "actions": [
            {"text": one.text.strip(), "side": one.side.value, "dueAt": one.due_at and one.due_at.isoformat()}
            for one in actions
        ],
        "notes": notes,
    }


def _objective(one: Objective, name: str, value: int, now: datetime, checkpoints: Sequence[Row]) -> dict[str, Any]:
    line = one.line
    is_final = one.closed_at is not None
    state = one.state if is_final else line.state(value, now)
    return {
        "id": str(one.id),
        "code": one.code,
        "name": name,
        "side": one.side.value,
        "metric": line.metric.to_json(),
        "baseline": line.baseline,
        "target": line.target,
        "startsAt": line.starts_at.isoformat(),
        "dueAt": line.due_at.isoformat(),
        "state": ObjectiveState(state).value,
        "value": one.value if is_final else value,
        "expected": line.expected(now),
        "progressPpm": line.progress_ppm(one.value if is_final else value),
        "checkpoints": [
            {
                "n": row["n"],
                "dueAt": row["due_at"].isoformat(),
                "expected": row["expected"],
                "actual": row["actual"],
                "state": row["state"],
            }
            for row in checkpoints
        ],
    }


def _commitment(row: Row) -> dict[str, Any]:
    return {
        "side": row["side"],
        "text": row["text"],
        "dueAt": row["due_at"] and row["due_at"].isoformat(),
        "state": row["state"],
        "note": row["note"],
    }
