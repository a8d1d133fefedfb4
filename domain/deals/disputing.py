"""A partner disputes what stands in its way, with evidence and before it is due."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.deals.machine import DealAction, DealState
from domain.deals.moving import Move, change_in, locked_in, move_in
from domain.deals.reading import EVIDENCE_FILES
from domain.deals.refusals import DisputeOver
from domain.deals.registration import FILES_MAX, NOTE_LENGTH_MAX, text
from domain.files.attaching import attach_in
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import sure_value

EVIDENCE_MAX = 10

INSERT = """
INSERT INTO deal_evidence (id, deal_id, n, partner_id, principal_id, note, recorded_at)
SELECT $1, $2, 1 + count(*), $6, $3, $4, $5 FROM deal_evidence WHERE deal_id = $2
"""
COUNT = "SELECT count(*) FROM deal_evidence WHERE deal_id = $1"
DISPUTE = "UPDATE deal_conflict SET state = 'DISPUTED' WHERE deal_id = $1 AND state = 'OPEN'"


async def dispute_deal(
    door: Door, actor: Actor, keyed: Keyed, deal_id: UUID, note: str, file_ids: Sequence[UUID] = ()
) -> Outcome:
    """The evidence stands, and the vendor has the case (IN_REVIEW): until it decides, the partner's clock stands still.
    At most ten pieces, ten files each. Facts: deal_id.

    Refuses: NotFound (registration, file); DealActionNotAvailable; DisputeOver; FileAttached; InvalidInput.
    """
    said = text(note, "note", NOTE_LENGTH_MAX)
    if len(file_ids) > FILES_MAX:
        raise InvalidInput(field="fileIds", problem=f"at most {FILES_MAX}")

    async def work(op: Operation) -> Mapping[str, Any]:
        deal = (await locked_in(op, actor, deal_id, DealAction.DISPUTE)).deal
        if deal.turn.due_at is not None and deal.turn.is_overdue(op.now):
            raise DisputeOver(deal_id=str(deal_id), due_at=deal.turn.due_at)
        if await sure_value(op.sql, COUNT, deal_id) >= EVIDENCE_MAX:
            raise InvalidInput(field="note", problem=f"at most {EVIDENCE_MAX} pieces of evidence")
        evidence_id = new_id()
        await op.sql.execute(INSERT, evidence_id, deal_id, actor.principal_id, said, op.now, deal.partner_id)
        await attach_in(op, actor, file_ids, EVIDENCE_FILES, evidence_id)
        await op.sql.execute(DISPUTE, deal_id)
        turn = deal.turn.handed_over(op.now)
        if deal.state is DealState.REJECTED:
            await move_in(op, [Move(deal=deal, to=DealState.IN_REVIEW, turn=turn)])
        else:
            await change_in(op, deal, "EVIDENCE", turn)
        return {"deal_id": str(deal_id)}

    return await door.operate_keyed(actor, "disputeDeal", keyed, work)
