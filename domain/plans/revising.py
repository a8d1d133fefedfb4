"""Another target or date for an objective: one side proposes, the other answers; what stood stays as REVISED."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access.audit import record_in
from domain.access.principals import Actor
from domain.earning.measuring import measured
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import Row, sure_value
from domain.plans.drafting import check_line, insert_in
from domain.plans.events import OBJECTIVE_CHANGED, REVISION_CHANGED
from domain.plans.objective import ObjectiveState
from domain.plans.plan import TEXT_LENGTH_MAX, PlanState, RevisionState, Side
from domain.plans.refusals import ConsentNeeded, ObjectiveClosed, PlanActionNotAvailable, RevisionWaits
from domain.plans.standing import Objective, Plan, objective_of, plan_in, touch_in

PLAN_OF = "SELECT plan_id FROM plan_objective WHERE id = $1"
OBJECTIVE = """
-- lock: plan_objective
SELECT * FROM plan_objective WHERE id = $1 FOR NO KEY UPDATE
"""
WAITING = "SELECT * FROM plan_revision WHERE objective_id = $1 AND state = 'PROPOSED'"
REVISIONS = "SELECT count(*) FROM plan_revision WHERE objective_id = $1"
PROPOSE = """
INSERT INTO plan_revision (id, objective_id, n, proposed_by, principal_id, target, due_at, reason, state, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'PROPOSED', $9)
"""
ANSWER = "UPDATE plan_revision SET state = $2, answered_at = $3, answered_by = $4 WHERE id = $1"
SUPERSEDE = """
UPDATE plan_objective SET state = 'REVISED', value = $2, measured_at = $3, look_at = NULL, closed_at = $3,
                          version = version + 1 WHERE id = $1
"""
DROP_CHECKPOINTS = "UPDATE plan_checkpoint SET state = 'DROPPED' WHERE objective_id = $1 AND state = 'PLANNED'"
CARRY_SUPPORT = """
UPDATE plan_objective SET supports_id = $2, version = version + 1 WHERE supports_id = $1 AND closed_at IS NULL
"""


async def propose_revision(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    objective_id: UUID,
    *,
    target: int,
    due_at: datetime | None = None,
    reason: str,
) -> Outcome:
    """Another target or date waits for the other side's answer; until then the objective stands. Facts: objective_id,
    revision_id.

    Refuses: NotFound; PlanActionNotAvailable; ObjectiveClosed; RevisionWaits; InvalidInput (target, date, reason).
    """
    if not 1 <= len(reason.strip()) <= TEXT_LENGTH_MAX:
        raise InvalidInput(field="reason", problem=f"1 to {TEXT_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        plan, objective, _ = await _open_in(op, actor, objective_id)
        if await op.sql.fetchrow(WAITING, objective_id) is not None:
            raise RevisionWaits(objective_id=str(objective_id))
        until = due_at or objective.line.due_at
        if (target, until) == (objective.line.target, objective.line.due_at) or until <= op.now:
            raise InvalidInput(field="target", problem="is another one than now, or its date is, and lies ahead")
        check_line(plan, replace(objective.line, target=target, due_at=until), objective.checkpoint_days)
        revision_id, n = new_id(), 1 + await sure_value(op.sql, REVISIONS, objective_id)
        await op.sql.execute(
            PROPOSE,
            revision_id,
            objective_id,
            n,
            plan.side.value,
            actor.principal_id,
            target,
            until,
            reason.strip(),
            op.now,
        )
        _tell(op, plan, objective, RevisionState.PROPOSED, target)
        await record_in(op, "proposeObjectiveRevision", "plan_objective", objective_id, target=target)
        return {"objective_id": str(objective_id), "revision_id": str(revision_id)}

    return await door.operate_keyed(actor, "proposeObjectiveRevision", keyed, work)


async def answer_revision(door: Door, actor: Actor, keyed: Keyed, objective_id: UUID, *, accept: bool) -> Outcome:
    """The other side consents: the objective stands as REVISED, as it was, and another one goes on from the same start
    to the new target and date; or it declines, and the objective goes on. Facts: objective_id (the one that goes on),
    accepted.

    Refuses: NotFound (objective, revision); PlanActionNotAvailable; ObjectiveClosed; ConsentNeeded; InvalidInput (the
    date has passed).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        plan, objective, row = await _open_in(op, actor, objective_id)
        waiting = await op.sql.fetchrow(WAITING, objective_id)
        if waiting is None:
            raise NotFound(kind="revision", id=str(objective_id))
        is_other_side = Side(waiting["proposed_by"]) is not plan.side or plan.partner_id is None
        if not is_other_side or waiting["principal_id"] == actor.principal_id:
            raise ConsentNeeded(objective_id=str(objective_id))
        state = RevisionState.ACCEPTED if accept else RevisionState.DECLINED
        await op.sql.execute(ANSWER, waiting["id"], state.value, op.now, actor.principal_id)
        _tell(op, plan, objective, state, waiting["target"])
        goes_on = await _replace_in(op, plan, objective, row, waiting) if accept else objective_id
        await touch_in(op, plan)
        await record_in(
            op,
            "answerObjectiveRevision",
            "plan_objective",
            objective_id,
            state=state.value,
            before=objective.line.target,
            now=waiting["target"] if accept else objective.line.target,
            replaced_by=goes_on if accept else None,
        )
        return {"objective_id": str(goes_on), "accepted": accept}

    return await door.operate_keyed(actor, "answerObjectiveRevision", keyed, work)


async def _replace_in(op: Operation, plan: Plan, objective: Objective, row: Row, waiting: Row) -> UUID:
    if waiting["due_at"] <= op.now:
        raise InvalidInput(field="dueAt", problem="has passed while the revision waited")
    (value,) = await measured(op.sql, [objective.measured_at(op.now)])
    await op.sql.execute(SUPERSEDE, objective.id, value, op.now)
    await op.sql.execute(DROP_CHECKPOINTS, objective.id)
    op.tell(
        OBJECTIVE_CHANGED.about(
            objective.id,
            member_id=objective.member_id,
            partner_id=objective.partner_id,
            program_id=objective.program_id,
            joint_plan_id=str(plan.id),
            state=ObjectiveState.REVISED.value,
            value=value,
            target=objective.line.target,
            due_at=objective.line.due_at.isoformat(),
            is_closed=True,
        )
    )
    line = replace(objective.line, target=waiting["target"], due_at=waiting["due_at"])
    check_line(plan, line, objective.checkpoint_days)
    new, settle = new_id(), (objective.closes_at - objective.line.due_at) // timedelta(days=1)
    await insert_in(op, new, plan, line, dict(row) | {"replaces_id": objective.id, "settle_days": settle})
    await op.sql.execute(CARRY_SUPPORT, objective.id, new)
    return new


async def _open_in(op: Operation, actor: Actor, objective_id: UUID) -> tuple[Plan, Objective, Row]:
    """The plan of an open objective, both locked. Refuses: NotFound; PlanActionNotAvailable; ObjectiveClosed."""
    plan_id = await op.sql.fetchval(PLAN_OF, objective_id)
    if plan_id is None:
        raise NotFound(kind="objective", id=str(objective_id))
    plan = await plan_in(op, actor, plan_id)
    row = await op.sql.fetchrow(OBJECTIVE, objective_id)
    if row is None:
        raise NotFound(kind="objective", id=str(objective_id))
    objective = objective_of(row)
    if objective.closed_at is not None or objective.line.due_at <= op.now:
        raise ObjectiveClosed(objective_id=str(objective_id), state=objective.state.value)
    if plan.state is PlanState.ENDED:
        raise PlanActionNotAvailable(state=plan.state.value, action="revise")
    return plan, objective, row


def _tell(op: Operation, plan: Plan, objective: Objective, state: RevisionState, target: int) -> None:
    op.tell(
        REVISION_CHANGED.about(
            objective.id,
            member_id=objective.member_id,
            partner_id=objective.partner_id,
            program_id=objective.program_id,
            joint_plan_id=str(plan.id),
            state=state.value,
            target=target,
        )
    )
