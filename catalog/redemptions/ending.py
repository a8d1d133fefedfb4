"""Lines end here by somebody's hand: cancelled by the member before they are ordered, refunded by the vendor after."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from catalog.redemptions.choosing import chosen_in
from catalog.redemptions.machine import Action, LineState, sources
from catalog.redemptions.moving import cancel_in, refund_in
from domain.access.audit import record_in
from domain.access.principals import Actor
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput

REASON_LENGTH_MAX = 32
CANCELLED_BY_MEMBER = "CANCELLED_BY_MEMBER"


async def cancel_lines(
    door: Door, actor: Actor, keyed: Keyed, redemption_id: UUID, line_ids: Collection[UUID] | None = None
) -> Outcome:
    """The member's named lines (all that can be, if none are named) are cancelled: stock, codes and points are back.
    Facts: redemption_id, line_ids, wallet_id.

    Refuses: NotFound (also for somebody else's); NotAllowed; ActionNotAvailable; InvalidInput (1 to 20 lines).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        chosen = await chosen_in(op, actor, redemption_id, line_ids, Action.CANCEL, sources(LineState.CANCELLED))
        await cancel_in(op, chosen.lines, CANCELLED_BY_MEMBER)
        return chosen.facts

    return await door.operate_keyed(actor, "cancelRedemption", keyed, work)


async def refund_lines(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    redemption_id: UUID,
    line_ids: Sequence[UUID] | None,
    reason: str,
) -> Outcome:
    """The named fulfilled lines (all, if none are named) are refunded whole by finance or an administrator: points are
    back in the same lots, codes void. Facts: redemption_id, line_ids, wallet_id.

    Refuses: NotFound; NotAllowed; ActionNotAvailable; InvalidInput (1 to 20 lines; a reason of 1 to 32 characters).
    """
    if not 1 <= len(reason.strip()) <= REASON_LENGTH_MAX:
        raise InvalidInput(field="reason", problem=f"1 to {REASON_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        chosen = await chosen_in(op, actor, redemption_id, line_ids, Action.REFUND, sources(LineState.REFUNDED))
        await refund_in(op, chosen.lines, reason)
        await record_in(op, "refund", "redemption", redemption_id, reason=reason, lines=chosen.facts["line_ids"])
        return chosen.facts

    return await door.operate_keyed(actor, "refundRedemption", keyed, work)
