"""Whose it is to change a program: a channel manager's, where the portfolio holds every partner it concerns."""

from uuid import UUID

from domain.access.ownership import EVERY_PARTNER
from domain.access.principals import Actor
from domain.access.reading import partners_of, reaches
from domain.access.roles import PORTFOLIO_ROLES
from domain.kernel.operation import Operation
from domain.kernel.refusals import NotFound
from domain.programs.program import Audience

# A program for everyone concerns every partner; another one those who take part, or whose members do.
CONCERNS_OTHERS = """
SELECT program.audience = 'EVERYONE' OR EXISTS (
    SELECT FROM enrollment JOIN belonging ON belonging.subject_id = enrollment.subject_id
    WHERE enrollment.program_id = program.id AND enrollment.state <> 'ENDED' AND NOT EXISTS (
        SELECT FROM reach WHERE reach.principal_id = $2 AND reach.relation = 'OPERATOR'
        AND reach.partner_id = belonging.partner_id))
FROM program WHERE program.id = $1
"""


async def check_program_in(op: Operation, actor: Actor, program_id: UUID) -> None:
    """The actor may change the program. Refuses: NotFound, as for a program that does not exist."""
    if await _is_bounded(op, actor) and await op.sql.fetchval(CONCERNS_OTHERS, program_id, actor.principal_id):
        raise NotFound(kind="program", id=str(program_id))


async def check_enrolling_in(
    op: Operation, actor: Actor, *, program_id: UUID, subject_kind: str, subject_id: UUID
) -> None:
    """The actor may let the subject take part: it is in the portfolio, and so is the program unless it is everyone's.

    Refuses: NotFound (subject, program), as for what does not exist.
    """
    if not await _is_bounded(op, actor):
        return
    partner_id = (await partners_of(op.sql, [subject_id])).get(subject_id)
    if partner_id is None or not await reaches(op.sql, actor, partner_id):
        raise NotFound(kind=subject_kind.lower(), id=str(subject_id))
    audience = await op.sql.fetchval("SELECT audience FROM program WHERE id = $1", program_id)
    if audience != Audience.EVERYONE:
        await check_program_in(op, actor, program_id)


async def _is_bounded(op: Operation, actor: Actor) -> bool:
    return actor.role in PORTFOLIO_ROLES and not await reaches(op.sql, actor, EVERY_PARTNER)
