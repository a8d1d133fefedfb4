"""Which lines of a redemption somebody means, whether they may, and that these lines stand locked until it is done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from catalog.redemptions.line import Line
from catalog.redemptions.machine import GRANTED, Action, LineState, OrderState, order_state
from catalog.redemptions.moving import lock_lines_in
from catalog.redemptions.policy import UNITS_MAX
from catalog.redemptions.refusals import ActionNotAvailable
from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation, Role
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput, NotAllowed, NotFound

SEEN = f"""
SELECT line.id, {relation_sql(member="redemption.member_id", partner="redemption.partner_id")} AS relation,
       wallet.id AS wallet_id
FROM {VIEWERS} JOIN redemption ON redemption.id = $6
JOIN redemption_line AS line ON line.redemption_id = redemption.id
LEFT JOIN wallet ON wallet.owner_kind = 'MEMBER' AND wallet.owner_id = redemption.member_id
                AND wallet.unit = redemption.unit
ORDER BY line.n
"""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The lines that are meant, locked, in their order; `facts` are what the receipt says of them."""

    lines: Sequence[Line]
    facts: Mapping[str, Any]


async def chosen_in(
    op: Operation,
    actor: Actor,
    redemption_id: UUID,
    line_ids: Collection[UUID] | None,
    action: Action,
    states: Collection[LineState],
) -> Chosen:
    """The named lines of the redemption, or all that stand in one of the states.

    Refuses: NotFound (redemption, line; also where they are not the actor's to see); NotAllowed; ActionNotAvailable
    (a named line stands elsewhere, or none stands there); InvalidInput (1 to 20 lines).
    """
    if line_ids is not None and not 1 <= len(set(line_ids)) <= UNITS_MAX:
        raise InvalidInput(field="lines", problem=f"1 to {UNITS_MAX}")
    rows = await op.sql.fetch(SEEN, *viewer_arguments([actor]), redemption_id)
    if not rows or rows[0]["relation"] is None:
        raise NotFound(kind="redemption", id=str(redemption_id))
    if not _may(actor, Relation(rows[0]["relation"]), action):
        raise NotAllowed(action=action.value.lower())
    for line_id in set(line_ids or ()) - {row["id"] for row in rows}:
        raise NotFound(kind="line", id=str(line_id))
    wanted = [row["id"] for row in rows if line_ids is None or row["id"] in line_ids]
    locked = await lock_lines_in(op, wanted)
    lines = [locked[line_id] for line_id in wanted]
    standing = [line for line in lines if line.state in states]
    if not standing or (line_ids is not None and len(standing) < len(lines)):
        other = next((line for line in lines if line.state not in states), lines[0])
        state: OrderState | LineState = other.state if line_ids else order_state(line.state for line in lines)
        raise ActionNotAvailable(action=action.value, line_id=str(other.id), state=state.value)
    wallet_id = rows[0]["wallet_id"]
    return Chosen(
        lines=standing,
        facts={
            "redemption_id": str(redemption_id),
            "line_ids": [str(line.id) for line in standing],
            "wallet_id": str(wallet_id) if wallet_id else None,
        },
    )


def _may(actor: Actor, relation: Relation, action: Action) -> bool:
    by_role = GRANTED[relation]
    return actor.role is Role.SYSTEM or action in (
        by_role.get(actor.role, frozenset()) | by_role.get(None, frozenset())
    )
