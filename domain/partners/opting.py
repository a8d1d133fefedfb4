"""A member decides for themselves whether rankings name them."""

from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import NotFound
from domain.partners.events import MEMBER_CHANGED

OPT = """
UPDATE member SET on_boards = $2, version = version + 1 WHERE id = $1 AND on_boards <> $2
RETURNING version, partner_id, left_at
"""


async def show_on_boards(door: Door, actor: Actor, shown: bool) -> UUID:
    """The acting member is ranked, or no longer; saying it again changes nothing. Answers the member's id.

    Refuses: NotFound (the actor is no member); TryLater.
    """

    async def work(op: Operation) -> UUID:
        if actor.member_id is None:
            raise NotFound(kind="member", id="")
        row = await op.sql.fetchrow(OPT, actor.member_id, shown)
        if row is not None:
            left_at = row["left_at"] and row["left_at"].isoformat()
            op.tell(
                MEMBER_CHANGED.about(
                    actor.member_id,
                    member_id=actor.member_id,
                    partner_id=row["partner_id"],
                    version=row["version"],
                    former_partner_id=None,
                    left_at=left_at,
                )
            )
        return actor.member_id

    return await door.operate(actor, work)
