"""Lines that are held until a time are ordered once it has come."""

from catalog.redemptions.machine import LineState
from catalog.redemptions.moving import lock_lines_in, order_in
from domain.access.principals import SYSTEM
from domain.kernel.operation import Door, Operation

LINES_PER_STEP_MAX = 100

DUE = """
-- lock: redemption
SELECT line.id FROM redemption_line AS line JOIN redemption ON redemption.id = line.redemption_id
WHERE line.state = 'HELD' AND line.held_until <= $1
ORDER BY line.held_until LIMIT $2 FOR NO KEY UPDATE OF redemption SKIP LOCKED
"""


async def release_waiting(door: Door, limit: int = LINES_PER_STEP_MAX) -> int:
    """A step: up to `limit` lines whose time has come, and that nobody else moves, are ordered; answers how many."""

    async def work(op: Operation) -> int:
        due = [row["id"] for row in await op.sql.fetch(DUE, op.now, limit)]
        lines = [line for line in (await lock_lines_in(op, due)).values() if line.state is LineState.HELD]
        await order_in(op, lines)
        op.failpoints.hit("release.before_commit")
        return len(lines)

    return await door.operate(SYSTEM, work)
