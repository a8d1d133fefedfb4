"""Lines that wait for approval are let through or rejected by who answers for the partner at the vendor."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from catalog.redemptions.choosing import chosen_in
from catalog.redemptions.line import Failure
from catalog.redemptions.machine import Action, LineState
from catalog.redemptions.moving import fail_in, order_in
from domain.access.audit import record_in
from domain.access.principals import Actor
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput

WAITING = frozenset({LineState.PENDING_APPROVAL})
REJECTED = "REJECTED"
NOTE_LENGTH_MAX = 500


async def approve(
    door: Door, actor: Actor, keyed: Keyed, redemption_id: UUID, line_ids: Collection[UUID] | None = None
) -> Outcome:
    """The named lines (all that wait, if none are named) are ordered. Facts: redemption_id, line_ids, wallet_id.

    Refuses: NotFound; NotAllowed; ActionNotAvailable; InvalidInput (1 to 20 lines).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        chosen = await chosen_in(op, actor, redemption_id, line_ids, Action.APPROVE, WAITING)
        await order_in(op, chosen.lines)
        await record_in(op, "approve", "redemption", redemption_id, lines=chosen.facts["line_ids"])
        return chosen.facts

    return await door.operate_keyed(actor, "approveRedemption", keyed, work)


async def reject(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    redemption_id: UUID,
    line_ids: Collection[UUID] | None = None,
    note: str | None = None,
) -> Outcome:
    """The named lines (all that wait, if none are named) have failed: stock, codes and points are back; the note
    stands in the audit log. Facts: redemption_id, line_ids, wallet_id.

    Refuses: NotFound; NotAllowed; ActionNotAvailable; InvalidInput (1 to 20 lines; a note of at most 500 characters).
    """
    if note is not None and len(note) > NOTE_LENGTH_MAX:
        raise InvalidInput(field="note", problem=f"at most {NOTE_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        chosen = await chosen_in(op, actor, redemption_id, line_ids, Action.REJECT, WAITING)
        await fail_in(op, [Failure(line=line, reason=REJECTED) for line in chosen.lines])
        await record_in(op, "reject", "redemption", redemption_id, lines=chosen.facts["line_ids"], note=note)
        return chosen.facts

    return await door.operate_keyed(actor, "rejectRedemption", keyed, work)
