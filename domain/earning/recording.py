"""The doors by which activities come in: recorded, corrected or taken back, and awarded in one transaction."""

from collections.abc import Sequence
from uuid import UUID

from domain.access.principals import Actor
from domain.activities.activity import ActivityInput, ActivityReversal, RecordedBatch
from domain.activities.recording import record_in
from domain.activities.sources import SourceRecord, source_by_id
from domain.earning.adjusting import ADJUSTED, VENDOR
from domain.earning.evaluating import Evaluated, Knowledge, UnitsAreFull, evaluate
from domain.earning.granting import grant_in
from domain.earning.refusals import VendorActivity
from domain.earning.sending import SENT
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import Refusal

BY_HAND = """
SELECT external_id, type FROM activity WHERE source_id = $1 AND external_id = ANY($2::text[]) AND type = ANY($3::text[])
"""

Item = ActivityInput | ActivityReversal


async def record_activities(
    door: Door, knowledge: Knowledge, actor: Actor, source_id: UUID, items: Sequence[Item]
) -> RecordedBatch:
    """Every item has ended on its own, and what the good ones earn is posted, in one transaction. The identity of an
    activity is its key: the same batch again changes nothing.

    Refuses: UnknownSource; BatchTooLarge; TryLater; item by item: also UnitIsFull, VendorActivity.
    """
    return await door.operate(actor, lambda op: record_and_award_in(op, knowledge, source_id, items))


async def correct_activities(
    door: Door, knowledge: Knowledge, actor: Actor, source_id: UUID, items: Sequence[Item]
) -> RecordedBatch:
    """As `record_activities`, but another content under a known id is a correction whatever the source says, and an
    unknown id is refused.

    Refuses: UnknownSource; BatchTooLarge; TryLater; item by item: also UnitIsFull, VendorActivity.
    """
    return await door.operate(actor, lambda op: record_and_award_in(op, knowledge, source_id, items, correcting=True))


async def record_and_award_in(
    op: Operation, knowledge: Knowledge, source_id: UUID, items: Sequence[Item], *, correcting: bool = False
) -> RecordedBatch:
    """The same, inside an operation that does more (an import advances its position in it).

    An activity that finds no room in a unit is rejected with all items of its external id, and the others are judged
    again without it.
    """
    source = await source_by_id(op.sql, source_id)
    refused: dict[str, Refusal] = {}
    if source.code == VENDOR:
        # No rule has granted these, so there is none to walk again.
        rows = await op.sql.fetch(BY_HAND, source_id, [item.external_id for item in items], [SENT, ADJUSTED])
        refused.update(
            (row["external_id"], VendorActivity(external_id=row["external_id"], type=row["type"])) for row in rows
        )
    while True:
        batch, evaluated = await _evaluated_in(op, knowledge, source, items, refused, correcting=correcting)
        if batch is not None:
            break
    if evaluated is not None:
        op.failpoints.hit("record.after_evaluation")
        await grant_in(op, knowledge, evaluated, batch.changes, backfill=source.backfill)
    return batch


async def _evaluated_in(
    op: Operation,
    knowledge: Knowledge,
    source: SourceRecord,
    items: Sequence[Item],
    refused: dict[str, Refusal],
    *,
    correcting: bool,
) -> tuple[RecordedBatch | None, Evaluated | None]:
    """The batch recorded, and its units walked where something changed; no batch where somebody found no room: then
    nothing of this stands, and `refused` has grown by at least one."""
    try:
        async with op.part():
            batch = await record_in(op, source, items, correcting=correcting, refused=refused)
            return batch, await evaluate(op, knowledge, batch.changes) if batch.changes else None
    except UnitsAreFull as trouble:
        refused.update(trouble.refused)
        return None, None
