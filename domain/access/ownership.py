"""How every reading decides ownership in its WHERE clause: viewers as columns, and the relation as one expression."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from domain.access.principals import Actor, Role

# A portfolio that names this partner names them all.
EVERY_PARTNER = UUID(int=0)

# The columns of `VIEWERS` in order: place counts from 1.
VIEWER_ARRAYS = "$1::uuid[], $2::uuid[], $3::bool[], $4::uuid[], $5::uuid[]"
VIEWER_COLUMNS = "member_id, partner_id, sees_all, portfolio_of, source_id"

# `FROM {VIEWERS}` in a statement whose first five arguments are `viewer_arguments(actors)`.
VIEWERS = f"unnest({VIEWER_ARRAYS}) WITH ORDINALITY AS viewer ({VIEWER_COLUMNS}, place)"


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Whose records an actor may be handed: the own member's, those under the own partner, a portfolio, or all."""

    member_id: UUID | None = None
    partner_id: UUID | None = None
    sees_all: bool = False
    portfolio_of: UUID | None = None
    source_id: UUID | None = None


def sight(actor: Actor) -> Sight:
    """What the actor's role lets through; nothing for roles without records."""
    match actor.role:
        case Role.MEMBER:
            return Sight(member_id=actor.member_id)
        case Role.PARTNER_ADMIN:
            return Sight(member_id=actor.member_id, partner_id=actor.partner_id)
        case Role.CHANNEL_MANAGER | Role.ACCOUNT_MANAGER:
            return Sight(portfolio_of=actor.principal_id)
        case Role.SUPPORT | Role.FINANCE | Role.ADMIN | Role.SYSTEM:
            return Sight(sees_all=True)
        case Role.INTEGRATION:
            # A key bound to a source sees what that source registered; an unbound one belongs to the deployment.
            return Sight(sees_all=actor.source_id is None, source_id=actor.source_id)
        case Role.CATALOG | Role.APPLICANT | Role.ANONYMOUS:
            # The catalog belongs to nobody, and nobody's record to an applicant.
            return Sight()


def viewer_arguments(actors: Iterable[Actor]) -> tuple[list[object], ...]:
    """The five arrays that `VIEWERS` reads, one place per actor."""
    sights = [sight(actor) for actor in actors]
    return (
        [seen.member_id for seen in sights],
        [seen.partner_id for seen in sights],
        [seen.sees_all for seen in sights],
        [seen.portfolio_of for seen in sights],
        [seen.source_id for seen in sights],
    )


def relation_sql(*, member: str, partner: str, source: str = "NULL::uuid") -> str:
    """The viewer's relation to a row, as an expression: OWN, PARTNER, OPERATOR, or NULL where the row is not for them.

    `member` and `partner` are expressions for the member and the partner the row stands under (`NULL::uuid` for none).
    """
    return f"""CASE
        WHEN {member} = viewer.member_id THEN 'OWN'
        WHEN {partner} = viewer.partner_id THEN 'PARTNER'
        WHEN viewer.sees_all OR {source} = viewer.source_id THEN 'OPERATOR'
        WHEN viewer.portfolio_of IS NOT NULL AND EXISTS (
            SELECT 1 FROM reach WHERE reach.principal_id = viewer.portfolio_of AND reach.relation = 'OPERATOR'
            AND reach.partner_id IN ({partner}, '{EVERY_PARTNER}'::uuid)) THEN 'OPERATOR'
    END"""
