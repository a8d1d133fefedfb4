"""Saved goals: what a member saves for, one denomination at a time."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from catalog.items.events import GOAL_CHANGED
from domain.access.principals import Actor
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotAllowed, NotFound

SAVE = """
INSERT INTO saved_goal (member_id, denomination_id, recorded_at)
SELECT $1, d.id, $3 FROM denomination AS d JOIN catalog_item AS item ON item.id = d.item_id
WHERE d.id = $2 AND d.is_offered AND item.state = 'LISTED'
ON CONFLICT (member_id) DO UPDATE SET denomination_id = excluded.denomination_id, recorded_at = excluded.recorded_at
RETURNING denomination_id
"""
FORGET = "DELETE FROM saved_goal WHERE member_id = $1"


async def save_goal(door: Door, actor: Actor, keyed: Keyed, denomination_id: UUID | None) -> Outcome:
    """The member saves for this denomination, and for no other; None: for nothing any more.

    Refuses: NotAllowed (who is no member); NotFound (denomination); KeyReused.
    """
    member_id = actor.member_id
    if member_id is None:
        raise NotAllowed(action="setSavedGoal")

    async def work(op: Operation) -> Mapping[str, Any]:
        if denomination_id is None:
            await op.sql.execute(FORGET, member_id)
        elif await op.sql.fetchval(SAVE, member_id, denomination_id, op.now) is None:
            raise NotFound(kind="denomination", id=str(denomination_id))
        told = denomination_id and str(denomination_id)
        op.tell(GOAL_CHANGED.about(member_id, member_id=member_id, partner_id=actor.partner_id, denomination_id=told))
        return {"denomination_id": told}

    return await door.operate_keyed(actor, "setSavedGoal", keyed, work)
