"""A person takes a course up, and begins it; where a learning system tells of it, that happens by itself."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.access.principals import Actor, Role
from domain.access.reading import partners_of
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotFound
from domain.training.machine import TrainingAction, TrainingState
from domain.training.reading import trainings_by_id
from domain.training.refusals import TrainingActionNotAvailable
from domain.training.storing import LockedCourse, Move, Training, lock_courses_in, move_in, opened_in, trainings_in

COURSE_OF = "SELECT course_id FROM training WHERE id = $1"


async def enroll_in_course(
    door: Door, actor: Actor, keyed: Keyed, course_id: UUID, *, member_id: UUID | None = None
) -> Outcome:
    """The actor, or the colleague that a partner's administrator names, is ENROLLED in the version that holds now, or
    stays where they stand with it. Facts: training_id.

    Refuses: NotFound (course, member).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        course = (await lock_courses_in(op, ids=[course_id])).get(course_id)
        if course is None or not course.versions:
            raise NotFound(kind="course", id=str(course_id))
        learner = await _learner_in(op, actor, member_id)
        version = course.versions[-1]
        found, opened = await opened_in(op, [(learner, version)])
        (training,) = found.values()
        if training.id in opened:
            await move_in(op, [Move(before=None, after=training, version=version)])
        return {"training_id": str(training.id)}

    return await door.operate_keyed(actor, "enrollInCourse", keyed, work)


async def start_course(door: Door, actor: Actor, keyed: Keyed, training_id: UUID) -> Outcome:
    """The actor's own training is IN_PROGRESS. Facts: training_id. Refuses: NotFound; TrainingActionNotAvailable."""

    async def work(op: Operation) -> Mapping[str, Any]:
        course, training = await locked_in(op, actor, training_id, TrainingAction.START)
        version = next(each for each in course.versions if each.id == training.course_version_id)
        after = replace(training, state=TrainingState.IN_PROGRESS)
        await move_in(op, [Move(before=training, after=after, version=version)])
        return {"training_id": str(training_id)}

    return await door.operate_keyed(actor, "startCourse", keyed, work)


async def locked_in(
    op: Operation, actor: Actor, training_id: UUID, action: TrainingAction
) -> tuple[LockedCourse, Training]:
    """The training that the actor may do this with, and its course, locked until the operation ends.

    Refuses: NotFound; TrainingActionNotAvailable.
    """
    course_id = await op.sql.fetchval(COURSE_OF, training_id)
    course = (await lock_courses_in(op, ids=[course_id])).get(course_id) if course_id else None
    seen = (await trainings_by_id(op.sql, [(actor, training_id)])).get((actor, training_id))
    if course is None or seen is None:
        raise NotFound(kind="training", id=str(training_id))
    if action not in seen.available_actions:
        raise TrainingActionNotAvailable(action=action.value, training_id=str(training_id), state=seen.state.value)
    return course, (await trainings_in(op, [training_id]))[training_id]


async def _learner_in(op: Operation, actor: Actor, member_id: UUID | None) -> UUID:
    named = member_id or actor.member_id
    if named is not None and named == actor.member_id:
        return named
    partner_id = (await partners_of(op.sql, [named])).get(named) if named is not None else None
    if named is None or partner_id is None or actor.role is not Role.PARTNER_ADMIN or partner_id != actor.partner_id:
        raise NotFound(kind="member", id=str(named or ""))
    return named
