"""Plans are proposed and agreed; objectives and both sides' commitments are added, and commitments settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.access.audit import record_in
from domain.access.principals import Actor
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.periods import zone_named
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import sure_value
from domain.partners.reading import partners_by_pairs
from domain.plans.drafting import ObjectiveDraft, set_objectives_in
from domain.plans.events import COMMITMENT_CHANGED
from domain.plans.plan import (
    COMMITMENTS_MAX,
    NAME_LENGTH_MAX,
    SPAN_MAX,
    TEXT_LENGTH_MAX,
    CommitmentState,
    PlanAction,
    PlanState,
    Side,
)
from domain.plans.refusals import AlreadySettled, PlanActionNotAvailable
from domain.plans.standing import Plan, plan_in, touch_in

INSERT = """
INSERT INTO joint_plan (id, partner_id, program_id, name, zone, state, starts_at, ends_at, agreed_at, agreed_by,
                        principal_id, recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)
"""
AGREE = "UPDATE joint_plan SET state = 'AGREED', agreed_at = $2, agreed_by = $3 WHERE id = $1"
COMMITTED = "SELECT count(*) FROM plan_commitment WHERE plan_id = $1"
COMMIT = """
INSERT INTO plan_commitment (id, plan_id, side, text, due_at, state, recorded_at)
SELECT id, $2, $3, text, due_at, 'OPEN', $4
FROM unnest($1::uuid[], $5::text[], $6::timestamptz[]) AS new (id, text, due_at)
"""
PLAN_OF_COMMITMENT = "SELECT plan_id FROM plan_commitment WHERE id = $1"
COMMITMENT = "SELECT side, state FROM plan_commitment WHERE id = $1 FOR NO KEY UPDATE"
SETTLE = """
UPDATE plan_commitment SET state = $2, note = $3, settled_at = $4, settled_by = $5 WHERE id = $1
"""


@dataclass(frozen=True, kw_only=True)
class CommitmentDraft:
    """What a side says it will do, and by when."""

    text: str
    due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class PlanDraft:
    """A plan as the vendor proposes it, with a partner or for a program."""

    name: str
    starts_at: datetime
    ends_at: datetime
    zone: str = "UTC"
    partner_id: UUID | None = None
    program_id: UUID | None = None
    objectives: Sequence[ObjectiveDraft] = field(default_factory=tuple[ObjectiveDraft, ...])
    commitments: Sequence[CommitmentDraft] = field(default_factory=tuple[CommitmentDraft, ...])


async def create_plan(door: Door, actor: Actor, keyed: Keyed, draft: PlanDraft) -> Outcome:
    """The plan is PROPOSED to its partner, with the vendor's objectives and commitments; one without a partner is the
    vendor's own and AGREED at once. Facts: plan_id.

    Refuses: InvalidInput (name, zone, span, and as for objectives); NotFound (partner, program, member).
    """
    zone = _checked(draft)

    async def work(op: Operation) -> Mapping[str, Any]:
        await _check_subjects(op, actor, draft)
        is_own = draft.partner_id is None
        state = PlanState.AGREED if is_own else PlanState.PROPOSED
        plan = Plan(
            id=new_id(),
            partner_id=draft.partner_id,
            program_id=draft.program_id,
            state=state,
            zone=zone,
            starts_at=draft.starts_at,
            ends_at=draft.ends_at,
            side=Side.VENDOR,
        )
        await op.sql.execute(
            INSERT,
            plan.id,
            plan.partner_id,
            plan.program_id,
            draft.name.strip(),
            draft.zone,
            state.value,
            plan.starts_at,
            plan.ends_at,
            op.now if is_own else None,
            actor.principal_id if is_own else None,
            actor.principal_id,
            op.now,
        )
        await set_objectives_in(op, plan, Side.VENDOR, draft.objectives)
        await _commit_in(op, plan, draft.commitments)
        await touch_in(op, plan)
        await record_in(op, "createJointPlan", "joint_plan", plan.id)
        return {"plan_id": str(plan.id)}

    return await door.operate_keyed(actor, "createJointPlan", keyed, work)


async def agree_plan(door: Door, actor: Actor, keyed: Keyed, plan_id: UUID) -> Outcome:
    """The partner agrees: the vendor's objectives stand from now on, and change only with both sides' consent.
    Facts: plan_id. Refuses: NotFound; PlanActionNotAvailable.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        plan = await plan_in(op, actor, plan_id, PlanAction.AGREE)
        await op.sql.execute(AGREE, plan.id, op.now, actor.principal_id)
        await touch_in(op, plan)
        await record_in(op, "agreeJointPlan", "joint_plan", plan.id)
        return {"plan_id": str(plan.id)}

    return await door.operate_keyed(actor, "agreeJointPlan", keyed, work)


async def add_objective(door: Door, actor: Actor, keyed: Keyed, plan_id: UUID, draft: ObjectiveDraft) -> Outcome:
    """The objective stands in the plan: the vendor's while it is proposed, the partner's own goal until it ends.
    Facts: plan_id, objective_id. Refuses: NotFound; PlanActionNotAvailable; InvalidInput (as for objectives).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        plan = await plan_in(op, actor, plan_id, PlanAction.ADD_OBJECTIVE)
        (objective_id,) = await set_objectives_in(op, plan, plan.side, [draft])
        await touch_in(op, plan)
        return {"plan_id": str(plan.id), "objective_id": str(objective_id)}

    return await door.operate_keyed(actor, "addObjective", keyed, work)


async def add_commitment(door: Door, actor: Actor, keyed: Keyed, plan_id: UUID, draft: CommitmentDraft) -> Outcome:
    """The actor's side is committed to it. Facts: plan_id, commitment_id.

    Refuses: NotFound; PlanActionNotAvailable; InvalidInput (text, number).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        plan = await plan_in(op, actor, plan_id, PlanAction.ADD_COMMITMENT)
        (commitment_id,) = await _commit_in(op, plan, [draft])
        await touch_in(op, plan)
        return {"plan_id": str(plan.id), "commitment_id": str(commitment_id)}

    return await door.operate_keyed(actor, "addCommitment", keyed, work)


async def settle_commitment(
    door: Door, actor: Actor, keyed: Keyed, commitment_id: UUID, *, done: bool, note: str | None = None
) -> Outcome:
    """The side that committed itself says whether it did it, once. Facts: plan_id, state.

    Refuses: NotFound; PlanActionNotAvailable (the other side's); AlreadySettled; InvalidInput (note).
    """
    if note is not None and not 1 <= len(note) <= TEXT_LENGTH_MAX:
        raise InvalidInput(field="note", problem=f"1 to {TEXT_LENGTH_MAX} characters")
    state = CommitmentState.DONE if done else CommitmentState.NOT_DONE

    async def work(op: Operation) -> Mapping[str, Any]:
        plan_id = await op.sql.fetchval(PLAN_OF_COMMITMENT, commitment_id)
        if plan_id is None:
            raise NotFound(kind="commitment", id=str(commitment_id))
        plan = await plan_in(op, actor, plan_id)
        row = await op.sql.fetchrow(COMMITMENT, commitment_id)
        if row is None or row["side"] != plan.side.value:
            raise PlanActionNotAvailable(state=plan.state.value, action="settleCommitment")
        if row["state"] != CommitmentState.OPEN.value:
            raise AlreadySettled(state=row["state"])
        await op.sql.execute(SETTLE, commitment_id, state.value, note, op.now, actor.principal_id)
        _tell_commitment(op, plan, commitment_id, state)
        await touch_in(op, plan)
        return {"plan_id": str(plan.id), "state": state.value}

    return await door.operate_keyed(actor, "settleCommitment", keyed, work)


async def _commit_in(op: Operation, plan: Plan, drafts: Sequence[CommitmentDraft]) -> list[UUID]:
    for draft in drafts:
        if not 1 <= len(draft.text.strip()) <= TEXT_LENGTH_MAX:
            raise InvalidInput(field="text", problem=f"1 to {TEXT_LENGTH_MAX} characters")
    if await sure_value(op.sql, COMMITTED, plan.id) + len(drafts) > COMMITMENTS_MAX:
        raise InvalidInput(field="commitments", problem=f"at most {COMMITMENTS_MAX} in a plan")
    ids = new_ids(len(drafts))
    texts, dates = [draft.text.strip() for draft in drafts], [draft.due_at for draft in drafts]
    await op.sql.execute(COMMIT, ids, plan.id, plan.side.value, op.now, texts, dates)
    for commitment_id in ids:
        _tell_commitment(op, plan, commitment_id, CommitmentState.OPEN)
    return ids


def _tell_commitment(op: Operation, plan: Plan, commitment_id: UUID, state: CommitmentState) -> None:
    op.tell(
        COMMITMENT_CHANGED.about(
            commitment_id,
            partner_id=plan.partner_id,
            program_id=plan.program_id,
            joint_plan_id=str(plan.id),
            side=plan.side.value,
            state=state.value,
        )
    )


async def _check_subjects(op: Operation, actor: Actor, draft: PlanDraft) -> None:
    if draft.partner_id is not None:
        (partner,) = await partners_by_pairs(op.sql, [(actor, draft.partner_id)])
        if partner is None:
            raise NotFound(kind="partner", id=str(draft.partner_id))
    if draft.program_id is not None and not await op.sql.fetchval(
        "SELECT true FROM program WHERE id = $1", draft.program_id
    ):
        raise NotFound(kind="program", id=str(draft.program_id))


def _checked(draft: PlanDraft) -> ZoneInfo:
    if draft.partner_id is None and draft.program_id is None:
        raise InvalidInput(field="partnerId", problem="a plan is with a partner or for a program")
    if not 1 <= len(draft.name.strip()) <= NAME_LENGTH_MAX:
        raise InvalidInput(field="name", problem=f"1 to {NAME_LENGTH_MAX} characters")
    if not draft.starts_at < draft.ends_at <= draft.starts_at + SPAN_MAX:
        raise InvalidInput(field="endsAt", problem=f"lies after startsAt, by at most {SPAN_MAX.days} days")
    try:
        return zone_named(draft.zone)
    except ValueError as trouble:
        raise InvalidInput(field="zone", problem=str(trouble)) from trouble
