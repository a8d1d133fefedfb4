"""A tier or program needs certified people of a firm; who no longer has them is told, once, when it happens."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import Row
from domain.kernel.timeline import Span, Step, count_at, counted
from domain.partners.facts import FactKind, facts_as_of
from domain.programs.reaching import check_program_in
from domain.training.events import REQUIREMENT_AT_RISK, REQUIREMENT_CHANGED, REQUIREMENT_MET

REPS_MAX = 10_000
TIER_LENGTH_MAX = 64
REQUIREMENTS_MAX = 20

LOCK = "SELECT id FROM course WHERE id = $1 FOR NO KEY UPDATE"
PROGRAM = "SELECT id FROM program WHERE id = $1"
STANDING_ONES = """
SELECT id, version FROM course_requirement
WHERE course_id = $1 AND tier IS NOT DISTINCT FROM $2 AND program_id IS NOT DISTINCT FROM $3
"""
HOW_MANY = "SELECT count(*) FROM course_requirement WHERE course_id = $1"
INSERT = """
INSERT INTO course_requirement (id, course_id, reps_min, tier, program_id, is_active, recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
"""
UPDATE = "UPDATE course_requirement SET reps_min = $2, is_active = $3, version = version + 1 WHERE id = $1"
REQUIREMENTS = "SELECT * FROM course_requirement WHERE course_id = ANY($1::uuid[]) AND is_active"
STANDINGS = """
SELECT requirement_id, partner_id, certified, is_met, version FROM requirement_standing
WHERE requirement_id = ANY($1::uuid[]) AND partner_id = ANY($2::uuid[])
"""
WRITE = """
INSERT INTO requirement_standing (id, requirement_id, partner_id, certified, is_met, changed_at, version)
SELECT stood.id, stood.requirement_id, stood.partner_id, stood.certified, stood.is_met, $6, 1
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::bool[])
     AS stood (id, requirement_id, partner_id, certified, is_met)
ON CONFLICT (requirement_id, partner_id) DO UPDATE SET certified = excluded.certified, is_met = excluded.is_met,
    changed_at = excluded.changed_at, version = requirement_standing.version + 1
RETURNING id, requirement_id, partner_id, version
"""
FIRMS = "SELECT course_id, partner_id, member_id, valid_from, valid_until FROM certified_span WHERE course_id = $1"
TAKING_PART = """
SELECT enrollment.subject_id AS partner_id, enrollment.program_id FROM enrollment
WHERE enrollment.program_id = ANY($1::uuid[]) AND enrollment.subject_id = ANY($2::uuid[]) AND state <> 'ENDED'
UNION
SELECT asked.partner_id, program.id FROM program CROSS JOIN unnest($2::uuid[]) AS asked (partner_id)
WHERE program.id = ANY($1::uuid[]) AND program.audience = 'EVERYONE'
"""


@dataclass(frozen=True, kw_only=True)
class _Stood:
    """A firm stands so to a requirement from now on."""

    requirement: Row
    partner_id: UUID
    certified: int
    was_met: bool | None

    @property
    def is_met(self) -> bool:
        return self.certified >= self.requirement["reps_min"]


async def require_certificates(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    course_id: UUID,
    *,
    reps_min: int,
    tier: str | None = None,
    program_id: UUID | None = None,
    is_active: bool = True,
) -> Outcome:
    """The tier or the program needs so many certified people of a firm, or (not active) none any more; how firms stand
    to it is counted at once. Facts: course_id.

    Refuses: NotFound (course, program); InvalidInput (repsMin, tier, more than 20 of a course).
    """
    if not 1 <= reps_min <= REPS_MAX:
        raise InvalidInput(field="repsMin", problem=f"1 to {REPS_MAX}")
    if (tier is None) == (program_id is None):
        raise InvalidInput(field="tier", problem="either a tier or a program")
    if tier is not None and not 1 <= len(tier.strip()) <= TIER_LENGTH_MAX:
        raise InvalidInput(field="tier", problem=f"1 to {TIER_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        if await op.sql.fetchval(LOCK, course_id) is None:
            raise NotFound(kind="course", id=str(course_id))
        if program_id is not None:
            if await op.sql.fetchval(PROGRAM, program_id) is None:
                raise NotFound(kind="program", id=str(program_id))
            await check_program_in(op, actor, program_id)
        known = await op.sql.fetchrow(STANDING_ONES, course_id, tier, program_id)
        requirement_id, version = (known["id"], known["version"] + 1) if known else (new_id(), 1)
        if known:
            await op.sql.execute(UPDATE, requirement_id, reps_min, is_active)
        else:
            if (await op.sql.fetchval(HOW_MANY, course_id) or 0) >= REQUIREMENTS_MAX:
                raise InvalidInput(field="courseId", problem=f"at most {REQUIREMENTS_MAX} requirements of a course")
            await op.sql.execute(INSERT, requirement_id, course_id, reps_min, tier, program_id, is_active, op.now)
        op.tell(
            REQUIREMENT_CHANGED.about(
                requirement_id,
                program_id=program_id,
                course_id=str(course_id),
                reps_min=reps_min,
                tier=tier,
                is_active=is_active,
                version=version,
            )
        )
        await stand_in(op, await _every_firm(op, course_id))
        return {"course_id": str(course_id)}

    return await door.operate_keyed(actor, "requireCertificates", keyed, work)


async def stand_in(op: Operation, steps: Mapping[tuple[UUID, UUID], Sequence[Step]]) -> None:
    """How these firms, by (course, partner), stand now to what is required; whoever loses what a tier or program of
    theirs needs is told, and whoever has it. At most five statements."""
    required = defaultdict[UUID, list[Row]](list)
    for row in await op.sql.fetch(REQUIREMENTS, list({course_id for course_id, _ in steps})):
        required[row["course_id"]].append(row)
    if not required:
        return
    partners = list({partner_id for _, partner_id in steps})
    ids = [row["id"] for rows in required.values() for row in rows]
    known = {(row["requirement_id"], row["partner_id"]): row for row in await op.sql.fetch(STANDINGS, ids, partners)}
    stood = list[_Stood]()
    for (course_id, partner_id), found in steps.items():
        certified = count_at(found, op.now)
        for requirement in required[course_id]:
            before = known.get((requirement["id"], partner_id))
            was_met = None if before is None else before["is_met"]
            one = _Stood(requirement=requirement, partner_id=partner_id, certified=certified, was_met=was_met)
            if before is None or (before["certified"], before["is_met"]) != (certified, one.is_met):
                stood.append(one)
    if stood:
        await _write(op, stood)


async def _write(op: Operation, stood: Sequence[_Stood]) -> None:
    rows = await op.sql.fetch(
        WRITE,
        [new_id() for _ in stood],
        [one.requirement["id"] for one in stood],
        [one.partner_id for one in stood],
        [one.certified for one in stood],
        [one.is_met for one in stood],
        op.now,
    )
    written = {(row["requirement_id"], row["partner_id"]): row for row in rows}
    concerned = await _concerned(op, [one for one in stood if one.was_met and not one.is_met])
    for one in stood:
        key = (one.requirement["id"], one.partner_id)
        lost = one.was_met and not one.is_met and key in concerned
        if not lost and not (one.is_met and not one.was_met):
            continue
        kind = REQUIREMENT_AT_RISK if lost else REQUIREMENT_MET
        op.tell(
            kind.about(
                written[key]["id"],
                partner_id=one.partner_id,
                program_id=one.requirement["program_id"],
                requirement_id=str(one.requirement["id"]),
                course_id=str(one.requirement["course_id"]),
                certified=one.certified,
                reps_min=one.requirement["reps_min"],
                tier=one.requirement["tier"],
                version=written[key]["version"],
            )
        )


async def _concerned(op: Operation, stood: Collection[_Stood]) -> frozenset[tuple[UUID, UUID]]:
    """Which of them, by (requirement, partner), have the tier now, or take part in the program."""
    partners = list({one.partner_id for one in stood})
    if not partners:
        return frozenset()
    tiers = await facts_as_of(op.sql, [(partner_id, op.now) for partner_id in partners], (FactKind.TIER,))
    programs = list({one.requirement["program_id"] for one in stood} - {None})
    rows = await op.sql.fetch(TAKING_PART, programs, partners) if programs else []
    taking_part = {(row["program_id"], row["partner_id"]) for row in rows}
    found = set[tuple[UUID, UUID]]()
    for one in stood:
        held = tiers.get((one.partner_id, op.now), {}).get(FactKind.TIER)
        has_tier = one.requirement["tier"] in (held if isinstance(held, list) else [held])
        if (one.requirement["program_id"], one.partner_id) in taking_part or (one.requirement["tier"] and has_tier):
            found.add((one.requirement["id"], one.partner_id))
    return frozenset(found)


async def _every_firm(op: Operation, course_id: UUID) -> Mapping[tuple[UUID, UUID], Sequence[Step]]:
    """The count of every firm that ever had somebody certified for the course."""
    found = defaultdict[UUID, dict[UUID, list[Span]]](dict)
    for row in await op.sql.fetch(FIRMS, course_id):
        span = Span(start=row["valid_from"], end=row["valid_until"])
        found[row["partner_id"]].setdefault(row["member_id"], []).append(span)
    return {(course_id, partner_id): counted(spans) for partner_id, spans in found.items()}
