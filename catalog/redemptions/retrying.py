"""An operator has an open order tried again now, and its calls counted from nothing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from catalog.redemptions.fulfilment_events import FULFILMENT_RETRIED, about_line
from catalog.redemptions.moving import lock_lines_in
from catalog.redemptions.refusals import NotParked
from catalog.redemptions.taking import COLUMNS, attempt_of, lock_attempts_in
from domain.access import audit
from domain.access.principals import Actor, Role
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import NotAllowed, NotFound

RETRIERS = frozenset({Role.SUPPORT, Role.ADMIN, Role.SYSTEM})

FIND = f"SELECT {COLUMNS} FROM fulfilment_attempt WHERE id = $1"
RETRY = """
UPDATE fulfilment_attempt SET call_at = $2, calls = 0
WHERE id = $1 AND (lease_until IS NULL OR lease_until <= $2) RETURNING id
"""


async def retry_fulfilment(door: Door, actor: Actor, keyed: Keyed, attempt_id: UUID) -> Outcome:
    """The open attempt is due now: what may have been delivered is asked about, what surely was not is sent again.

    Facts: attempt_id, redemption_id. Refuses: NotAllowed; NotFound; NotParked (it has ended, or is being called now).
    """
    if actor.role not in RETRIERS:
        raise NotAllowed(action="retryFulfilment")

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await op.sql.fetchrow(FIND, attempt_id)
        if row is None:
            raise NotFound(kind="fulfilment attempt", id=str(attempt_id))
        line_id = attempt_of(row).line_id
        line = (await lock_lines_in(op, [line_id], points=False))[line_id]
        standing = (await lock_attempts_in(op, [attempt_id]))[attempt_id]
        if not standing.is_open or await op.sql.fetchval(RETRY, attempt_id, op.now) is None:
            raise NotParked(attempt_id=str(attempt_id), state=standing.state.value)
        await audit.record_in(op, "fulfilment.retried", "fulfilment_attempt", attempt_id, line_id=line_id)
        told = {"attempt_id": str(attempt_id), "supplier_id": str(standing.supplier_id)}
        op.tell(about_line(FULFILMENT_RETRIED, line.redemption_id, line, line_id=str(line_id), **told))
        return {"attempt_id": str(attempt_id), "redemption_id": str(line.redemption_id)}

    return await door.operate_keyed(actor, "retryFulfilment", keyed, work)
