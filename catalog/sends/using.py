"""Using an entitlement within its quota, and passing it on inside its organisation."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from catalog.sends.entitlement import EntitlementState
from catalog.sends.entitling import MOVED, tell_moved
from catalog.sends.refusals import EntitlementNotOpen, NotTransferable, OtherOrganisation, QuotaExceeded
from domain.access.audit import record_in
from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound

NOTE_LENGTH_MAX = 200
QUANTITY_MAX = 1_000_000

OWNER_MEMBER = "CASE WHEN e.owner_kind = 'MEMBER' THEN e.owner_id END"
ENTITLEMENT_RELATION = relation_sql(member=OWNER_MEMBER, partner="e.partner_id")

LOCK = f"""
-- lock: entitlement
SELECT e.*, {ENTITLEMENT_RELATION} AS relation FROM {VIEWERS} CROSS JOIN entitlement AS e
WHERE e.id = $6 FOR NO KEY UPDATE OF e
"""

USE = f"""
UPDATE entitlement SET used = used + $2, version = version + 1,
       state = CASE WHEN used + $2 = quota THEN 'CONSUMED' ELSE 'ACTIVE' END,
       ended_at = CASE WHEN used + $2 = quota THEN $3::timestamptz END
WHERE id = $1 AND state IN ('GRANTED', 'ACTIVE') AND used + $2 <= quota AND valid_from <= $3
  AND (valid_until IS NULL OR valid_until > $3) AND (revokes_at IS NULL OR revokes_at > $3) {MOVED}
"""

USED = """
INSERT INTO entitlement_use (id, entitlement_id, quantity, note, principal_id, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""

PASS_ON = f"""
UPDATE entitlement SET owner_kind = 'MEMBER', owner_id = $2, tier_checked_at = NULL, version = version + 1
WHERE id = $1 {MOVED}
"""


async def use_entitlement(
    door: Door, actor: Actor, keyed: Keyed, entitlement_id: UUID, quantity: int = 1, note: str = ""
) -> Outcome:
    """So many of the entitlement are used, once for one key. Facts: entitlement_id, used, left.

    Refuses: NotFound; InvalidInput (quantity, note); EntitlementNotOpen; QuotaExceeded.
    """
    if not 1 <= quantity <= QUANTITY_MAX:
        raise InvalidInput(field="quantity", problem=f"1 to {QUANTITY_MAX}")
    if len(note) > NOTE_LENGTH_MAX:
        raise InvalidInput(field="note", problem=f"at most {NOTE_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await _locked(op, actor, entitlement_id)
        moved = await op.sql.fetch(USE, entitlement_id, quantity, op.now)
        if not moved:
            _check_open(op, row)
            raise QuotaExceeded(left=row["quota"] - row["used"], asked=quantity)
        await op.sql.execute(USED, new_id(), entitlement_id, quantity, note, op.actor.principal_id, op.now)
        tell_moved(op, moved)
        left = row["quota"] - row["used"] - quantity
        return {"entitlement_id": str(entitlement_id), "used": quantity, "left": left}

    return await door.operate_keyed(actor, "useEntitlement", keyed, work)


async def transfer_entitlement(
    door: Door, actor: Actor, keyed: Keyed, entitlement_id: UUID, member_id: UUID
) -> Outcome:
    """What is left of the entitlement is another member's of the same partner. Facts: entitlement_id, member_id.

    Refuses: NotFound; NotTransferable; EntitlementNotOpen; OtherOrganisation.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await _locked(op, actor, entitlement_id)
        if not row["is_transferable"]:
            raise NotTransferable(entitlement_id=str(entitlement_id))
        _check_open(op, row)
        partner_id = await op.sql.fetchval("SELECT partner_id FROM member WHERE id = $1 AND left_at IS NULL", member_id)
        if partner_id is None or partner_id != row["partner_id"]:
            raise OtherOrganisation(member_id=str(member_id))
        tell_moved(op, await op.sql.fetch(PASS_ON, entitlement_id, member_id))
        await record_in(op, "transferEntitlement", "entitlement", entitlement_id, before=row["owner_id"], now=member_id)
        return {"entitlement_id": str(entitlement_id), "member_id": str(member_id)}

    return await door.operate_keyed(actor, "transferEntitlement", keyed, work)


async def _locked(op: Operation, actor: Actor, entitlement_id: UUID) -> Mapping[str, Any]:
    row = await op.sql.fetchrow(LOCK, *viewer_arguments([actor]), entitlement_id)
    if row is None or row["relation"] is None:
        raise NotFound(kind="entitlement", id=str(entitlement_id))
    return row


def _check_open(op: Operation, row: Mapping[str, Any]) -> None:
    state = EntitlementState(row["state"])
    ends = [one for one in (row["valid_until"], row["revokes_at"]) if one is not None]
    if state in (EntitlementState.GRANTED, EntitlementState.ACTIVE) and ends and min(ends) <= op.now:
        state = EntitlementState.EXPIRED
    if state not in (EntitlementState.GRANTED, EntitlementState.ACTIVE) or row["valid_from"] > op.now:
        raise EntitlementNotOpen(state=state.value)
