"""Who sees which money: a partner's people that of their firm, managers their portfolio, and who may touch it."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from domain.access.ownership import relation_sql, viewer_arguments
from domain.access.principals import Actor, Role
from domain.access.reading import reaches
from domain.access.roles import PORTFOLIO_ROLES
from domain.kernel.operation import Operation
from domain.kernel.refusals import NotFound


def relation_to(partner: str) -> str:
    """How a viewer stands to money of the partner that the expression names."""
    return relation_sql(member="NULL::uuid", partner=partner)


def fund_viewers(actors: Iterable[Actor]) -> tuple[list[object], ...]:
    """As `viewer_arguments`: a rep sees of funds what the own firm's admin sees."""
    return viewer_arguments(
        replace(actor, role=Role.PARTNER_ADMIN) if actor.role is Role.MEMBER else actor for actor in actors
    )


async def check_reaches_in(op: Operation, actor: Actor, partner_id: UUID, kind: str, thing_id: UUID) -> None:
    """The partner is the vendor's actor to handle. Refuses: NotFound, as for what does not exist."""
    is_bounded = actor.role in PORTFOLIO_ROLES
    if not actor.is_operator or (is_bounded and not await reaches(op.sql, actor, partner_id)):
        raise NotFound(kind=kind, id=str(thing_id))


def check_own(actor: Actor, partner_id: UUID | None, kind: str, thing_id: UUID) -> None:
    """The partner is the actor's own. Refuses: NotFound, as for what does not exist."""
    if actor.partner_id is None or actor.is_operator or actor.partner_id != partner_id:
        raise NotFound(kind=kind, id=str(thing_id))
