"""Objectives are measured as time goes by, and closed: the state, the share of the reward, the fact, the uplift."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.access.principals import SYSTEM
from domain.activities.activity import ActivityInput
from domain.earning.evaluating import Knowledge
from domain.earning.measuring import measured
from domain.earning.reporting import ReportedType, Workflow, report_in
from domain.kernel.operation import Door, Operation
from domain.partners.facts import FactKind, NewFact, SubjectKind, record_facts_in
from domain.plans.events import OBJECTIVE_CHANGED, PLAN_CHANGED
from domain.plans.objective import WHOLE_PPM, ObjectiveState, share_of
from domain.plans.standing import Objective, objective_of

STEP_MAX = 200
LOOKED_AT_AGAIN = timedelta(hours=1)
PERCENT_PPM = WHOLE_PPM // 100
OBJECTIVE_MET = "objective.met"
OBJECTIVE_PARTLY_MET = "objective.partly_met"
ATTRIBUTES = (
    {"name": "objective", "kind": "STRING"},
    {"name": "share_ppm", "kind": "INTEGER"},
    {"name": "achieved_ppm", "kind": "INTEGER"},
)
WORKFLOW = Workflow(
    code="plans",
    name="Joint plans",
    types=(
        ReportedType(code=OBJECTIVE_MET, name={"en": "Objective met", "fr": "Objectif atteint"}, attributes=ATTRIBUTES),
        ReportedType(
            code=OBJECTIVE_PARTLY_MET,
            name={"en": "Objective partly met", "fr": "Objectif atteint en partie"},
            attributes=ATTRIBUTES,
        ),
    ),
)

DUE = """
-- lock: plan_objective
SELECT objective.* FROM plan_objective AS objective
JOIN joint_plan AS plan ON plan.id = objective.plan_id AND plan.state = 'AGREED'
WHERE objective.look_at <= $1 ORDER BY objective.look_at, objective.id LIMIT $2
FOR NO KEY UPDATE OF objective SKIP LOCKED
"""
MEASURED = """
UPDATE plan_objective SET value = told.value, state = told.state, measured_at = $2, look_at = told.look_at,
       closed_at = told.closed_at, achieved_ppm = told.achieved_ppm, share_ppm = told.share_ppm, uplift = told.uplift,
       version = version + 1
FROM unnest($1::uuid[], $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bigint[], $8::int[],
            $9::bigint[]) AS told (told_id, value, state, look_at, closed_at, achieved_ppm, share_ppm, uplift)
WHERE id = told.told_id
"""
END_PLANS = """
UPDATE joint_plan SET state = 'ENDED', ended_at = $1, version = version + 1 WHERE id IN (
    SELECT id FROM joint_plan WHERE state <> 'ENDED' AND ends_at <= $1 AND (state = 'PROPOSED' OR NOT EXISTS (
        SELECT FROM plan_objective WHERE plan_id = joint_plan.id AND closed_at IS NULL))
    ORDER BY ends_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, partner_id, program_id, state, version
"""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a look at an objective found; what only a closing knows is None before."""

    objective: Objective
    value: int
    state: ObjectiveState
    look_at: datetime | None
    achieved_ppm: int | None = None
    share_ppm: int | None = None
    uplift: int | None = None


async def track_due(door: Door, knowledge: Knowledge) -> int:
    """A step: up to 200 objectives of agreed plans are measured and have their state; those whose date, and time for
    late sales, is over are closed, with their activity and their fact. Answers how many were looked at.
    """

    async def work(op: Operation) -> int:
        objectives = [objective_of(row) for row in await op.sql.fetch(DUE, op.now, STEP_MAX)]
        if not objectives:
            return 0
        values = await measured(op.sql, [one.measured_at(op.now) for one in objectives])
        looks = [look(one, value, op.now) for one, value in zip(objectives, values, strict=True)]
        await op.sql.execute(
            MEASURED,
            [one.objective.id for one in looks],
            op.now,
            [one.value for one in looks],
            [one.state.value for one in looks],
            [one.look_at for one in looks],
            [op.now if one.look_at is None else None for one in looks],
            [one.achieved_ppm for one in looks],
            [one.share_ppm for one in looks],
            [one.uplift for one in looks],
        )
        for one in looks:
            _tell(op, one)
        closed = [one for one in looks if one.look_at is None]
        await record_facts_in(op, [fact for one in closed if (fact := _fact(one)) is not None])
        items = [item for one in closed if (item := _activity(one)) is not None]
        if items:
            await report_in(op, knowledge, WORKFLOW, items)
        return len(looks)

    return await door.operate(SYSTEM, work)


async def end_plans(door: Door) -> int:
    """A step: up to 200 plans whose time is over, and whose objectives are closed or were never agreed, are ENDED."""

    async def work(op: Operation) -> int:
        rows = await op.sql.fetch(END_PLANS, op.now, STEP_MAX)
        for row in rows:
            op.tell(
                PLAN_CHANGED.about(
                    row["id"],
                    partner_id=row["partner_id"],
                    program_id=row["program_id"],
                    state=row["state"],
                    version=row["version"],
                )
            )
        return len(rows)

    return await door.operate(SYSTEM, work)


def look(objective: Objective, value: int, now: datetime) -> Look:
    """What the value means now: a state on the way, or at `closes_at` the end."""
    line = objective.line
    if now < objective.closes_at:
        turns = [at for at in (line.due_at, objective.closes_at, now + LOOKED_AT_AGAIN) if at > now]
        return Look(objective=objective, value=value, state=line.state(value, now), look_at=min(turns))
    achieved = max(line.progress_ppm(value), 0)
    return Look(
        objective=objective,
        value=value,
        state=line.final(value),
        look_at=None,
        achieved_ppm=achieved,
        share_ppm=share_of(achieved, objective.reward),
        uplift=value - line.baseline,
    )


def _tell(op: Operation, one: Look) -> None:
    objective = one.objective
    if one.look_at is not None and one.state is objective.state:
        return
    op.tell(
        OBJECTIVE_CHANGED.about(
            objective.id,
            member_id=objective.member_id,
            partner_id=objective.partner_id,
            program_id=objective.program_id,
            joint_plan_id=str(objective.plan_id),
            state=one.state.value,
            value=one.value,
            target=objective.line.target,
            due_at=objective.line.due_at.isoformat(),
            is_closed=one.look_at is None,
        )
    )


def _fact(one: Look) -> NewFact | None:
    """What rules read as `partner.objective` or `member.objective` from the closing on; a program's is nobody's."""
    objective = one.objective
    subject = objective.member_id or objective.partner_id
    if subject is None:
        return None
    return NewFact(
        subject_kind=SubjectKind.PARTNER if objective.member_id is None else SubjectKind.MEMBER,
        subject_id=subject,
        kind=FactKind.OBJECTIVE,
        value={
            "value": one.state.value,
            "code": objective.code,
            "achieved_ppm": one.achieved_ppm,
            "objective": str(objective.id),
        },
        valid_from=objective.closes_at,
    )


def _activity(one: Look) -> ActivityInput | None:
    """What the objective may earn: met, or the stated share of it. It occurred in the last second of its time."""
    objective, share = one.objective, one.share_ppm or 0
    is_met = one.state is ObjectiveState.MET
    if objective.partner_id is None or not (is_met or share):
        return None
    if is_met and not objective.reward:
        share = WHOLE_PPM
    return ActivityInput(
        external_id=str(objective.id),
        type=OBJECTIVE_MET if is_met else OBJECTIVE_PARTLY_MET,
        occurred_at=objective.line.due_at - timedelta(seconds=1),
        member=objective.member_id,
        partner=objective.partner_id,
        quantity=max(share // PERCENT_PPM, 1),
        attributes={
            "objective": objective.code,
            "share_ppm": share,
            "achieved_ppm": one.achieved_ppm or 0,
        },
    )
