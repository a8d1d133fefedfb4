"""The worker's step: wallets whose lots are due are brought up to date, a bounded batch at a time."""

from domain.kernel.operation import Door, Operation, Principal
from domain.ledger.booking import lock_periods_in
from domain.ledger.loading import due_instants, due_lots, open_debts
from domain.ledger.opening import brought_up_to_date_in

WALLETS_PER_STEP_MAX = 200

DUE = "SELECT id FROM wallet WHERE next_due_at <= $1 ORDER BY next_due_at, id LIMIT $2"

LOCK_DUE = """
-- lock: wallet
SELECT id FROM wallet WHERE id = ANY($1::uuid[]) AND next_due_at <= $2 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""


async def mature_due(door: Door, actor: Principal, limit: int = WALLETS_PER_STEP_MAX) -> int:
    """Up to `limit` wallets that are due, and that nobody else holds, are up to date; answers how many."""

    async def work(op: Operation) -> int:
        candidates = [row["id"] for row in await op.sql.fetch(DUE, op.now, limit)]
        if not candidates:
            return 0
        seen = await due_lots(op.sql, candidates, op.now)
        lots = [lot for some in seen.values() for lot in some]
        await lock_periods_in(op, due_instants(lots, await open_debts(op.sql, candidates), op.now))
        locked = [row["id"] for row in await op.sql.fetch(LOCK_DUE, candidates, op.now)]
        await brought_up_to_date_in(op, locked)
        op.failpoints.hit("mature.before_commit")
        return len(locked)

    return await door.operate(actor, work)
