"""Checkpoints are held by either side, or told of when nobody held them in time."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM, Actor
from domain.earning.measuring import measured
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.plans.events import CHECKPOINT_HELD, CHECKPOINT_OVERDUE
from domain.plans.objective import CheckpointState
from domain.plans.plan import NOTE_LENGTH_MAX
from domain.plans.refusals import AlreadySettled, ObjectiveClosed
from domain.plans.standing import objective_of, plan_in

HELD_WITHIN = timedelta(days=3)
STEP_MAX = 500

OF = """
SELECT checkpoint.objective_id, objective.plan_id FROM plan_checkpoint AS checkpoint
JOIN plan_objective AS objective ON objective.id = checkpoint.objective_id WHERE checkpoint.id = $1
"""
LOCK = "SELECT * FROM plan_checkpoint WHERE id = $1 FOR NO KEY UPDATE"
OBJECTIVE = "SELECT * FROM plan_objective WHERE id = $1"
HOLD = """
UPDATE plan_checkpoint SET state = 'HELD', actual = $2, note = $3, held_at = $4, held_by = $5 WHERE id = $1
"""
OVERDUE = """
UPDATE plan_checkpoint SET state = 'OVERDUE' FROM plan_objective AS objective
WHERE plan_checkpoint.id IN (
    SELECT waiting.id FROM plan_checkpoint AS waiting
    JOIN plan_objective AS of ON of.id = waiting.objective_id
    JOIN joint_plan AS plan ON plan.id = of.plan_id AND plan.state = 'AGREED'
    WHERE waiting.state = 'PLANNED' AND waiting.due_at <= $1
    ORDER BY waiting.due_at, waiting.id LIMIT $2 FOR NO KEY UPDATE OF waiting SKIP LOCKED)
  AND objective.id = plan_checkpoint.objective_id
RETURNING plan_checkpoint.id, plan_checkpoint.objective_id, plan_checkpoint.due_at, plan_checkpoint.expected,
          objective.member_id, objective.partner_id, objective.program_id
"""


async def hold_checkpoint(door: Door, actor: Actor, keyed: Keyed, checkpoint_id: UUID, note: str) -> Outcome:
    """The checkpoint is HELD, also a late one: what was said, and what is measured now, stand beside what the line
    said. Facts: objective_id, actual.

    Refuses: NotFound; InvalidInput (note); AlreadySettled; ObjectiveClosed (it was dropped).
    """
    if not 1 <= len(note.strip()) <= NOTE_LENGTH_MAX:
        raise InvalidInput(field="note", problem=f"1 to {NOTE_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        named = await op.sql.fetchrow(OF, checkpoint_id)
        if named is None:
            raise NotFound(kind="checkpoint", id=str(checkpoint_id))
        await plan_in(op, actor, named["plan_id"])
        row = await op.sql.fetchrow(LOCK, checkpoint_id)
        stored = await op.sql.fetchrow(OBJECTIVE, named["objective_id"])
        if row is None or stored is None:
            raise NotFound(kind="checkpoint", id=str(checkpoint_id))
        objective = objective_of(stored)
        if row["state"] == CheckpointState.DROPPED.value:
            raise ObjectiveClosed(objective_id=str(objective.id), state=objective.state.value)
        if row["state"] == CheckpointState.HELD.value:
            raise AlreadySettled(state=row["state"])
        (actual,) = await measured(op.sql, [objective.measured_at(op.now)])
        await op.sql.execute(HOLD, checkpoint_id, actual, note.strip(), op.now, actor.principal_id)
        op.tell(
            CHECKPOINT_HELD.about(
                checkpoint_id,
                member_id=objective.member_id,
                partner_id=objective.partner_id,
                program_id=objective.program_id,
                plan_objective_id=str(objective.id),
                due_at=row["due_at"].isoformat(),
                expected=row["expected"],
                actual=actual,
            )
        )
        return {"objective_id": str(objective.id), "actual": actual}

    return await door.operate_keyed(actor, "holdCheckpoint", keyed, work)


async def tell_overdue(door: Door) -> int:
    """A step: up to 500 checkpoints of agreed plans that nobody held within three days are OVERDUE, told of once."""

    async def work(op: Operation) -> int:
        rows = await op.sql.fetch(OVERDUE, op.now - HELD_WITHIN, STEP_MAX)
        for row in rows:
            op.tell(
                CHECKPOINT_OVERDUE.about(
                    row["id"],
                    member_id=row["member_id"],
                    partner_id=row["partner_id"],
                    program_id=row["program_id"],
                    plan_objective_id=str(row["objective_id"]),
                    due_at=row["due_at"].isoformat(),
                    expected=row["expected"],
                )
            )
        return len(rows)

    return await door.operate(SYSTEM, work)
