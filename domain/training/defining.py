"""The vendor says what a course is; said anew it is another version, and what was passed before keeps its own."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.earning.reporting import workflow_source_in
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput
from domain.training.course import CourseSaid, CourseVersion
from domain.training.events import COURSE_CHANGED
from domain.training.rewarding import WORKFLOW
from domain.training.storing import lock_courses_in

VERSIONS_MAX = 100

INSERT = """
INSERT INTO course (id, code, name, n, recorded_at, version) VALUES ($1, $2, $3, 0, $4, 0)
ON CONFLICT (code) DO NOTHING
"""
VERSION = """
INSERT INTO course_version (id, course_id, n, pass_mark, expiry_months, reminder_days, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
RENAME = "UPDATE course SET name = $2, n = $3, version = version + 1 WHERE id = $1"


async def define_course(door: Door, actor: Actor, keyed: Keyed, said: CourseSaid) -> Outcome:
    """The course is as said. Another pass mark, expiry or reminders make the next version, which each person may pass
    once more; another name alone makes none. The type `course.passed` is declared. Facts: course_id, n.

    Refuses: InvalidInput (also beyond 100 versions).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        await workflow_source_in(op, WORKFLOW)
        await op.sql.execute(INSERT, new_id(), said.code, dict(said.name), op.now)
        (course,) = (await lock_courses_in(op, codes=[said.code])).values()
        n = course.n
        if not course.versions or _differs(course.versions[-1], said):
            n = await _next_version(op, course.id, course.n + 1, said)
        await op.sql.execute(RENAME, course.id, dict(said.name), n)
        op.tell(COURSE_CHANGED.about(course.id, code=said.code, n=n))
        return {"course_id": str(course.id), "n": n}

    return await door.operate_keyed(actor, "defineCourse", keyed, work)


async def _next_version(op: Operation, course_id: UUID, n: int, said: CourseSaid) -> int:
    if n > VERSIONS_MAX:
        raise InvalidInput(field="code", problem=f"at most {VERSIONS_MAX} versions")
    days = sorted(said.reminder_days, reverse=True)
    await op.sql.execute(VERSION, new_id(), course_id, n, said.pass_mark, said.expiry_months, days, op.now)
    return n


def _differs(stands: CourseVersion, said: CourseSaid) -> bool:
    return (stands.pass_mark, stands.expiry_months, stands.reminder_days) != (
        said.pass_mark,
        said.expiry_months,
        tuple(sorted(said.reminder_days, reverse=True)),
    )
