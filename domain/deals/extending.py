"""More time for a protected deal: asked for with the progress made, answered by the vendor, so many times."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.deals.machine import DealAction, DealState
from domain.deals.moving import Move, change_in, locked_in, move_in
from domain.deals.refusals import DealActionNotAvailable, NoExtensionLeft
from domain.deals.registration import NOTE_LENGTH_MAX, text
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import sure_value
from domain.kernel.turns import Turn

PROGRESS_LENGTH_MIN = 10
REQUESTS_MAX = 50

INSERT = """
INSERT INTO deal_extension (id, deal_id, n, progress, requested_at, partner_id)
SELECT $1, $2, 1 + count(*), $3, $4, $5 FROM deal_extension WHERE deal_id = $2
"""
ANSWER = """
UPDATE deal_extension SET answered_at = $2, granted = $3 WHERE deal_id = $1 AND answered_at IS NULL
"""
COUNT = "SELECT count(*) FROM deal_extension WHERE deal_id = $1"
EXTEND = "UPDATE deal SET extensions = extensions + 1 WHERE id = $1"


async def request_extension(door: Door, actor: Actor, keyed: Keyed, deal_id: UUID, progress: str) -> Outcome:
    """The vendor is asked for more time, and the protection's clock stands still until it answers. The progress that
    was made is said in 10 to 2,000 characters. Facts: deal_id.

    Refuses: NotFound; DealActionNotAvailable; NoExtensionLeft; InvalidInput.
    """
    said = text(progress, "progress", NOTE_LENGTH_MAX)
    if len(said) < PROGRESS_LENGTH_MIN:
        raise InvalidInput(field="progress", problem=f"at least {PROGRESS_LENGTH_MIN} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        deal = (await locked_in(op, actor, deal_id, DealAction.REQUEST_EXTENSION)).deal
        if deal.turn.is_overdue(op.now):
            raise DealActionNotAvailable(
                action=DealAction.REQUEST_EXTENSION.value, deal_id=str(deal_id), state=DealState.EXPIRED.value
            )
        if deal.extensions >= deal.binding.extensions_max:
            raise NoExtensionLeft(deal_id=str(deal_id), extensions_max=deal.binding.extensions_max)
        if await sure_value(op.sql, COUNT, deal_id) >= REQUESTS_MAX:
            raise InvalidInput(field="progress", problem=f"at most {REQUESTS_MAX} requests")
        await op.sql.execute(INSERT, new_id(), deal_id, said, op.now, deal.partner_id)
        await change_in(op, deal, "EXTENSION_ASKED", deal.turn.handed_over(op.now))
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "requestDealExtension", keyed, work)


async def answer_extension(door: Door, actor: Actor, keyed: Keyed, deal_id: UUID, *, granted: bool) -> Outcome:
    """Granted, the protection lasts the policy's days longer (EXTENDED); denied, it has as much time left as when it
    was asked. Facts: deal_id.

    Refuses: NotFound; DealActionNotAvailable.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        deal = (await locked_in(op, actor, deal_id, DealAction.ANSWER_EXTENSION)).deal
        await op.sql.execute(ANSWER, deal_id, op.now, granted)
        turn = deal.turn.handed_back(op.now)
        if not granted:
            await change_in(op, deal, "EXTENSION_DENIED", turn)
            return {"deal_id": str(deal_id)}
        assert turn.due_at is not None, "protection has an end"
        longer = Turn(due_at=turn.due_at + timedelta(days=deal.binding.extension_days))
        await op.sql.execute(EXTEND, deal_id)
        await move_in(op, [Move(deal=deal, to=DealState.EXTENDED, turn=longer)])
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "answerDealExtension", keyed, work)
