"""Certificates and memberships become dated facts, of people and of firms, and tell how firms stand to requirements.

Whoever calls has locked the courses, so that two changes of one firm never count past each other.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.timeline import Span, Step, counted, overlap
from domain.partners.facts import FactKind, FactRecord, SubjectKind, facts_of
from domain.partners.timelines import Subject, state_steps_in
from domain.training.course import certificate_fact, certified_fact
from domain.training.requiring import stand_in
from domain.training.storing import LockedCourse

# (course, member)
Pair = tuple[UUID, UUID]
# (course, partner)
Firm = tuple[UUID, UUID]

CERTIFICATES = """
SELECT course_id, member_id, valid_from, least(valid_until, revoked_at) AS valid_until FROM certification
JOIN unnest($1::uuid[], $2::uuid[]) AS asked (course_id, member_id) USING (course_id, member_id)
WHERE revoked_at IS NULL OR revoked_at > valid_from
"""
FORGET = """
DELETE FROM certified_span USING unnest($1::uuid[], $2::uuid[]) AS asked (course_id, member_id)
WHERE certified_span.course_id = asked.course_id AND certified_span.member_id = asked.member_id
RETURNING certified_span.course_id, certified_span.partner_id
"""
WRITE = """
INSERT INTO certified_span (id, course_id, partner_id, member_id, valid_from, valid_until)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
"""
OF_FIRMS = """
SELECT course_id, partner_id, member_id, valid_from, valid_until FROM certified_span
JOIN unnest($1::uuid[], $2::uuid[]) AS asked (course_id, partner_id) USING (course_id, partner_id)
"""


async def count_in(op: Operation, courses: Mapping[UUID, LockedCourse], pairs: Collection[Pair]) -> None:
    """The facts of these people and of every firm they were with say what their certificates say, also of the past;
    firms that no longer have whom they need are told. A number of statements that does not grow with the pairs.
    """
    if not pairs:
        return
    of_people = await _certified(op, pairs)
    members = await facts_of(op.sql, list({member_id for _, member_id in pairs}), FactKind.MEMBERSHIP)
    asked = [course_id for course_id, _ in pairs], [member_id for _, member_id in pairs]
    firms = {(row["course_id"], row["partner_id"]) for row in await op.sql.fetch(FORGET, *asked)}
    spans = list[tuple[UUID, UUID, UUID, Span]]()
    for (course_id, member_id), held in of_people.items():
        for partner_id, stay in stays(members.get(member_id, ())):
            spans += [(course_id, partner_id, member_id, both) for one in held if (both := overlap(one, stay))]
    firms |= {(course_id, partner_id) for course_id, partner_id, _, _ in spans}
    await op.sql.execute(
        WRITE,
        new_ids(len(spans)),
        [course_id for course_id, _, _, _ in spans],
        [partner_id for _, partner_id, _, _ in spans],
        [member_id for _, _, member_id, _ in spans],
        [span.start for _, _, _, span in spans],
        [span.end for _, _, _, span in spans],
    )
    steps = await firm_steps(op, firms)
    people: dict[Subject, Sequence[Step]] = {}
    for course_id, member_id in pairs:
        kind = certificate_fact(courses[course_id].code)
        held = of_people.get((course_id, member_id), ())
        people[SubjectKind.MEMBER, member_id, kind] = counted({member_id: held})
    await state_steps_in(op, people, flags=True)
    counts = {
        (SubjectKind.PARTNER, partner_id, certified_fact(courses[course_id].code)): found
        for (course_id, partner_id), found in steps.items()
    }
    await state_steps_in(op, counts)
    await stand_in(op, steps)


async def firm_steps(op: Operation, firms: Collection[Firm]) -> Mapping[Firm, Sequence[Step]]:
    """How many are certified for each course at each firm, step by step."""
    found: dict[Firm, dict[UUID, list[Span]]] = {firm: defaultdict(list) for firm in firms}
    asked = [course_id for course_id, _ in firms], [partner_id for _, partner_id in firms]
    for row in await op.sql.fetch(OF_FIRMS, *asked):
        span = Span(start=row["valid_from"], end=row["valid_until"])
        found[row["course_id"], row["partner_id"]][row["member_id"]].append(span)
    return {firm: counted(spans) for firm, spans in found.items()}


def stays(memberships: Iterable[FactRecord]) -> list[tuple[UUID, Span]]:
    """Under which partner somebody stood when: the membership that began last speaks."""
    told = list(memberships)
    found = list[tuple[UUID, Span]]()
    for place, fact in enumerate(told):
        follows = told[place + 1].valid_from if place + 1 < len(told) else None
        until = min((end for end in (fact.valid_until, follows) if end is not None), default=None)
        partner_id = fact.value.get("value")
        if partner_id is not None and (until is None or until > fact.valid_from):
            found.append((UUID(partner_id), Span(start=fact.valid_from, end=until)))
    return found


async def _certified(op: Operation, pairs: Collection[Pair]) -> Mapping[Pair, Sequence[Span]]:
    found = defaultdict[Pair, list[Span]](list)
    asked = [course_id for course_id, _ in pairs], [member_id for _, member_id in pairs]
    for row in await op.sql.fetch(CERTIFICATES, *asked):
        found[row["course_id"], row["member_id"]].append(Span(start=row["valid_from"], end=row["valid_until"]))
    return found
