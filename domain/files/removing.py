"""What was handed in and attached to nothing is removed after a day."""

from datetime import timedelta

from domain.access.principals import SYSTEM
from domain.files.events import FILE_REMOVED
from domain.kernel.operation import Door, Operation

KEPT = timedelta(hours=24)
REMOVED_MAX = 100
UNATTACHED = "UNATTACHED"

REMOVE = """
DELETE FROM file_record WHERE id IN (
    SELECT id FROM file_record WHERE attached_id IS NULL AND recorded_at <= $1
    ORDER BY recorded_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING id
"""


async def remove_unattached(door: Door) -> int:
    """A step: up to 100 files handed in 24 hours ago and attached to nothing are gone; answers how many."""

    async def work(op: Operation) -> int:
        rows = await op.sql.fetch(REMOVE, op.now - KEPT, REMOVED_MAX)
        op.tell(*(FILE_REMOVED.about(row["id"], reason=UNATTACHED) for row in rows))
        return len(rows)

    return await door.operate(SYSTEM, work)
