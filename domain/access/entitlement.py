"""Whether an event is for somebody: the same decision that readings make in SQL, made on the event itself (pure)."""

from uuid import UUID

from domain.access.ownership import Sight
from domain.access.principals import Actor, Relation, Role
from domain.kernel.events import StampedEvent

# Who may act is the administrators' business, and that of the one it is about.
ADMINISTRATIVE = frozenset({"account", "api_key", "webhook_endpoint"})


def relation_to(
    event: StampedEvent, actor: Actor, seen: Sight, *, reached: bool, source_id: UUID | None
) -> Relation | None:
    """How the actor stands to what the event is about; None: it is not for them.

    `reached`: the event's partner is in the actor's portfolio. `source_id`: who registered what it is about, if known.
    """
    if event.member_id is not None and event.member_id == seen.member_id:
        return Relation.OWN
    if event.aggregate_kind in ADMINISTRATIVE:
        return Relation.OPERATOR if actor.role in (Role.ADMIN, Role.SYSTEM) else None
    if event.partner_id is not None and event.partner_id == seen.partner_id:
        return Relation.PARTNER
    if seen.sees_all or (seen.source_id is not None and source_id == seen.source_id):
        return Relation.OPERATOR
    if seen.portfolio_of is None:
        return None
    # A program and its budget are every channel manager's to read; people and firms are the portfolio's.
    is_program_wide = event.program_id is not None and event.member_id is None and event.partner_id is None
    return Relation.OPERATOR if reached or is_program_wide else None
