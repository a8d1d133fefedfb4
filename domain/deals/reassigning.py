"""A protected deal is given to another partner or rep, with a reason in the audit log; neither hears of the other."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from domain.access import audit
from domain.access.principals import Actor
from domain.deals.drafting import Registrant, registrant_in
from domain.deals.events import DEAL_REASSIGNED
from domain.deals.machine import DealAction
from domain.deals.moving import locked_in
from domain.deals.registration import NOTE_LENGTH_MAX, text
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.sql import sure_value
from domain.partners.customers.holding import hand_over_hold_in

GIVE = """
UPDATE deal SET partner_id = $2, member_id = $3, version = version + 1 WHERE id = $1 RETURNING version
"""


async def reassign_deal(door: Door, actor: Actor, keyed: Keyed, deal_id: UUID, member_id: UUID, reason: str) -> Outcome:
    """The member and their partner have the registration, its protection and what it will earn when it is won; what its
    approval earned stays with whoever registered it. Facts: deal_id.

    Refuses: NotFound (registration, member); DealActionNotAvailable; InvalidInput.
    """
    said = text(reason, "reason", NOTE_LENGTH_MAX)

    async def work(op: Operation) -> Mapping[str, Any]:
        deal = (await locked_in(op, actor, deal_id, DealAction.REASSIGN)).deal
        taker = await registrant_in(op, actor, member_id)
        version = await sure_value(op.sql, GIVE, deal_id, taker.partner_id, taker.member_id)
        await hand_over_hold_in(op, deal_id, taker.partner_id, taker.member_id)
        giver = Registrant(partner_id=deal.partner_id, member_id=deal.member_id)
        for scope, party in (("FROM", giver), ("TO", taker)):
            op.tell(
                DEAL_REASSIGNED.about(
                    deal_id, member_id=party.member_id, partner_id=party.partner_id, scope=scope, version=version
                )
            )
        await audit.record_in(
            op,
            "deal.reassign",
            "deal",
            deal_id,
            from_partner=deal.partner_id,
            from_member=deal.member_id,
            to_partner=taker.partner_id,
            to_member=taker.member_id,
            reason=said,
        )
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "reassignDeal", keyed, work)
