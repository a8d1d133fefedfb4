"""The vendor embeds one of its people with a partner, pauses, replaces and ends it; dates alone decide what counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM, Actor
from domain.access.reading import reaches
from domain.assignments.machine import AssignmentAction, AssignmentState
from domain.assignments.reading import assignments_by_id
from domain.assignments.refusals import AssignmentActionNotAvailable, AssignmentOverlaps
from domain.assignments.storing import (
    LOCK_MEMBERS,
    LOCK_PARTNERS,
    Assignment,
    Move,
    cut_in,
    locked_in,
    move_in,
    span_in,
    state_in,
    tell,
)
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.partners.registration import BEGINNING, MemberKind

DAYS_MAX = 1_830
WEIGHT_MAX = 1_000_000
COST_MAX = 10**12
STEP_MAX = 100

INSERT = """
INSERT INTO assignment (id, partner_id, member_id, is_exclusive, weight, monthly_cost, starts_at, ends_at, state,
                        recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'PLANNED', $9, 1)
"""
# One person twice would be counted twice; whoever is exclusive has the partner alone.
OVERLAPPING = """
SELECT other.id FROM assignment AS other JOIN assignment_span AS span ON span.assignment_id = other.id
WHERE other.partner_id = $1 AND ($2 OR other.is_exclusive OR other.member_id = $3)
  AND span.valid_from < $5 AND span.valid_until > $4
ORDER BY span.valid_from, other.id LIMIT 1
"""
DUE = """
SELECT id FROM assignment WHERE state = 'PLANNED' AND starts_at <= $1
UNION SELECT id FROM assignment WHERE state <> 'ENDED' AND ends_at <= $1 LIMIT $2
"""


@dataclass(frozen=True, kw_only=True)
class AssignmentSaid:
    """Somebody is to be embedded from an instant until another; shared with others by weight unless exclusive.

    Refuses: InvalidInput.
    """

    partner_id: UUID
    member_id: UUID
    starts_at: datetime
    ends_at: datetime
    is_exclusive: bool = True
    weight: int = 1
    monthly_cost: int = 0

    def __post_init__(self) -> None:
        if self.starts_at < BEGINNING or not timedelta() < self.ends_at - self.starts_at <= timedelta(days=DAYS_MAX):
            raise InvalidInput(field="endsAt", problem=f"after startsAt, at most {DAYS_MAX} days")
        if not 1 <= self.weight <= WEIGHT_MAX:
            raise InvalidInput(field="weight", problem=f"1 to {WEIGHT_MAX}")
        if not 0 <= self.monthly_cost <= COST_MAX:
            raise InvalidInput(field="monthlyCost", problem=f"0 to {COST_MAX}")


async def plan_assignment(door: Door, actor: Actor, keyed: Keyed, said: AssignmentSaid) -> Outcome:
    """The person is PLANNED with the partner, also back-dated; what the partner sells inside the dates is credited.
    Facts: assignment_id.

    Refuses: NotFound (partner, member); InvalidInput (not of the vendor's own); AssignmentOverlaps.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        if not await op.sql.fetch(LOCK_PARTNERS, [said.partner_id]) or not await reaches(
            op.sql, actor, said.partner_id
        ):
            raise NotFound(kind="partner", id=str(said.partner_id))
        planned = await _plan_in(op, said)
        await state_in(op, [planned])
        return {"assignment_id": str(planned.id)}

    return await door.operate_keyed(actor, "planAssignment", keyed, work)


async def pause_assignment(door: Door, actor: Actor, keyed: Keyed, assignment_id: UUID) -> Outcome:
    """From now on nothing is credited. Facts: assignment_id. Refuses: NotFound; AssignmentActionNotAvailable."""

    async def work(op: Operation) -> Mapping[str, Any]:
        one = await _open_in(op, actor, assignment_id, AssignmentAction.PAUSE)
        await move_in(op, [Move(assignment=one, state=AssignmentState.PAUSED, ends_at=one.ends_at)])
        await cut_in(op, one.id, op.now)
        await state_in(op, [one])
        return {"assignment_id": str(one.id)}

    return await door.operate_keyed(actor, "pauseAssignment", keyed, work)


async def resume_assignment(door: Door, actor: Actor, keyed: Keyed, assignment_id: UUID) -> Outcome:
    """From now on it counts again. Facts: assignment_id.

    Refuses: NotFound; AssignmentActionNotAvailable; AssignmentOverlaps (somebody came meanwhile).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        one = await _open_in(op, actor, assignment_id, AssignmentAction.RESUME)
        await _check_alone(op, one.partner_id, one.member_id, one.is_exclusive, op.now, one.ends_at)
        await move_in(op, [Move(assignment=one, state=AssignmentState.ACTIVE, ends_at=one.ends_at)])
        await span_in(op, one.id, op.now, one.ends_at)
        await state_in(op, [one])
        return {"assignment_id": str(one.id)}

    return await door.operate_keyed(actor, "resumeAssignment", keyed, work)


async def end_assignment(
    door: Door, actor: Actor, keyed: Keyed, assignment_id: UUID, *, at: datetime | None = None
) -> Outcome:
    """It is over since an instant of the past, by default now. Facts: assignment_id.

    Refuses: NotFound; AssignmentActionNotAvailable; InvalidInput (at).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        one = await _open_in(op, actor, assignment_id, AssignmentAction.END)
        await _end_in(op, one, at or op.now)
        await state_in(op, [one])
        return {"assignment_id": str(one.id)}

    return await door.operate_keyed(actor, "endAssignment", keyed, work)


async def replace_assignment(
    door: Door, actor: Actor, keyed: Keyed, assignment_id: UUID, *, member_id: UUID, at: datetime | None = None
) -> Outcome:
    """Somebody else goes on from an instant, by default now, until the same end: sales are credited to whoever was
    there. Facts: assignment_id (the new one).

    Refuses: NotFound (assignment, member); AssignmentActionNotAvailable; InvalidInput (at, member); AssignmentOverlaps.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        one = await _open_in(op, actor, assignment_id, AssignmentAction.REPLACE)
        since = at or op.now
        if not one.starts_at <= since < one.ends_at:
            raise InvalidInput(field="at", problem="inside the dates of the assignment")
        await _end_in(op, one, since)
        said = AssignmentSaid(
            partner_id=one.partner_id,
            member_id=member_id,
            starts_at=since,
            ends_at=one.ends_at,
            is_exclusive=one.is_exclusive,
            weight=one.weight,
            monthly_cost=one.monthly_cost,
        )
        planned = await _plan_in(op, said)
        await state_in(op, [one, planned])
        return {"assignment_id": str(planned.id)}

    return await door.operate_keyed(actor, "replaceAssignment", keyed, work)


async def move_due(door: Door) -> int:
    """A step: up to 100 assignments whose dates have come are ACTIVE or ENDED; answers how many."""

    async def work(op: Operation) -> int:
        due = await locked_in(op, [row["id"] for row in await op.sql.fetch(DUE, op.now, STEP_MAX)])
        ended = [one for one in due if one.state is not AssignmentState.ENDED and one.ends_at <= op.now]
        started = [one for one in due if one.state is AssignmentState.PLANNED and one.starts_at <= op.now < one.ends_at]
        moves = [Move(assignment=one, state=AssignmentState.ENDED, ends_at=one.ends_at) for one in ended]
        moves += [Move(assignment=one, state=AssignmentState.ACTIVE, ends_at=one.ends_at) for one in started]
        await move_in(op, moves)
        return len(moves)

    return await door.operate(SYSTEM, work)


async def _plan_in(op: Operation, said: AssignmentSaid) -> Assignment:
    kinds = {row["id"]: row["kind"] for row in await op.sql.fetch(LOCK_MEMBERS, [said.member_id])}
    if said.member_id not in kinds:
        raise NotFound(kind="member", id=str(said.member_id))
    if kinds[said.member_id] != MemberKind.VENDOR_STAFF:
        raise InvalidInput(field="memberId", problem="one of the vendor's own people")
    await _check_alone(op, said.partner_id, said.member_id, said.is_exclusive, said.starts_at, said.ends_at)
    planned = Assignment(id=new_id(), state=AssignmentState.PLANNED, version=1, **vars(said))
    await op.sql.execute(
        INSERT,
        planned.id,
        said.partner_id,
        said.member_id,
        said.is_exclusive,
        said.weight,
        said.monthly_cost,
        said.starts_at,
        said.ends_at,
        op.now,
    )
    await span_in(op, planned.id, said.starts_at, said.ends_at)
    tell(op, planned, from_state=None, to_state=planned.state, ends_at=said.ends_at, version=1)
    return planned


async def _end_in(op: Operation, one: Assignment, at: datetime) -> None:
    if at > op.now and at != one.starts_at and not one.starts_at <= at <= one.ends_at:
        raise InvalidInput(field="at", problem="inside the dates of the assignment")
    until = min(max(at, one.starts_at), one.ends_at)
    await cut_in(op, one.id, until)
    state = AssignmentState.ENDED if until <= op.now or until == one.starts_at else one.state
    await move_in(op, [Move(assignment=one, state=state, ends_at=until)])


async def _check_alone(
    op: Operation, partner_id: UUID, member_id: UUID, is_exclusive: bool, start: datetime, end: datetime
) -> None:
    other: Any = await op.sql.fetchval(OVERLAPPING, partner_id, is_exclusive, member_id, start, end)
    if other is not None:
        raise AssignmentOverlaps(assignment_id=str(other))


async def _open_in(op: Operation, actor: Actor, assignment_id: UUID, action: AssignmentAction) -> Assignment:
    """The assignment that the actor may do this with, locked. Refuses: NotFound; AssignmentActionNotAvailable."""
    found = await locked_in(op, [assignment_id])
    seen = (await assignments_by_id(op.sql, [(actor, assignment_id)])).get((actor, assignment_id))
    if seen is None or not found:
        raise NotFound(kind="assignment", id=str(assignment_id))
    if action not in seen.available_actions:
        raise AssignmentActionNotAvailable(
            action=action.value, assignment_id=str(assignment_id), state=seen.state.value
        )
    return found[0]
