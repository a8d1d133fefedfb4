"""Our own pools deliver: a due attempt at a pool is taken, its code issued and its line fulfilled, in one operation."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from catalog.codes.taking import Issued, give_back_in, issue_in, lock_pools_in, reserve_in
from catalog.redemptions.attempting import Deliver, Refuse
from catalog.redemptions.machine import LineState
from catalog.redemptions.moving import lock_lines_in
from catalog.redemptions.recording import SET_ASIDE, Decided, record_in
from catalog.redemptions.taking import MAY_START, OPEN, Attempt, lease_in, lock_attempts_in, suppliers_due
from catalog.suppliers.outcomes import RefusalReason
from catalog.suppliers.reading import AdapterKind
from domain.access.principals import SYSTEM
from domain.kernel.operation import Door, Operation
from domain.kernel.sealing import Keyring

LINES_PER_STEP_MAX = 50

# Roots of which somebody else is busy are passed over; they come up again.
DUE = f"""
-- lock: redemption
SELECT a.id, a.line_id, a.fence FROM fulfilment_attempt AS a
JOIN redemption_line AS line ON line.id = a.line_id JOIN redemption ON redemption.id = line.redemption_id
WHERE a.supplier_id = $1 AND a.{OPEN} AND a.call_at <= $2 AND {MAY_START}
ORDER BY a.call_at, a.id LIMIT $3 FOR NO KEY UPDATE OF redemption SKIP LOCKED
"""


async def issue_due(door: Door, keyring: Keyring, limit: int = LINES_PER_STEP_MAX) -> int:
    """A step: up to `limit` due lines of each pool's supplier have their codes, or are tried elsewhere; answers how
    many.
    """
    done = 0
    for supplier in await suppliers_due(door.database, [AdapterKind.CODE_POOL]):
        delivered, dry = await door.operate(SYSTEM, lambda op, which=supplier.id: _issue_in(op, keyring, which, limit))
        if dry:
            await door.operate(SYSTEM, lambda op, which=tuple(dry): _refuse_in(op, keyring, which))
        done += delivered + len(dry)
    return done


async def _issue_in(op: Operation, keyring: Keyring, supplier_id: UUID, limit: int) -> tuple[int, Sequence[Attempt]]:
    seen = {row["id"]: row for row in await op.sql.fetch(DUE, supplier_id, op.now, limit)}
    lines = await lock_lines_in(op, [row["line_id"] for row in seen.values()])
    standing = await lock_attempts_in(op, seen)
    due = [
        one
        for one in standing.values()
        if one.is_open and one.fence == seen[one.id]["fence"] and lines[one.line_id].state is LineState.ORDERED
    ]
    # A line that has its code already: what bounced is on its way once more, and nothing else is to be given.
    again = [
        one
        for one in standing.values()
        if one.is_open and one.fence == seen[one.id]["fence"] and lines[one.line_id].state is LineState.FULFILLED
    ]
    issued = await _codes_in(op, {one.line_id: one.pool_id for one in due if one.pool_id is not None})
    held = await lease_in(op, [*(one for one in due if one.line_id in issued), *again], timedelta(0))
    decided = [
        Decided(
            attempt=one.attempt,
            line=line,
            decision=Deliver(expires_on=issued[line.id].expires_on if line.id in issued else line.expires_on),
        )
        for one in held
        for line in (lines[one.attempt.line_id],)
    ]
    await record_in(op, keyring, decided)
    op.failpoints.hit("issue.before_commit")
    return len(decided), [one for one in due if one.line_id not in issued]


async def _codes_in(op: Operation, wanted: Mapping[UUID, UUID]) -> Mapping[UUID, Issued]:
    """The codes that the lines had reserved are issued; who had none, one of another pool, or one that was recalled,
    gets one of the pool that is wanted."""
    if not wanted:
        return {}
    aside = {row["line_id"]: row["pool_id"] for row in await op.sql.fetch(SET_ASIDE, list(wanted))}
    await lock_pools_in(op, [*wanted.values(), *aside.values()])
    await give_back_in(op, [line_id for line_id, pool_id in aside.items() if pool_id != wanted[line_id]])
    issued = dict(await issue_in(op, wanted))
    missing = {line_id: pool_id for line_id, pool_id in wanted.items() if line_id not in issued}
    if missing:
        await give_back_in(op, missing)
        issued |= await issue_in(op, await reserve_in(op, missing))
    return issued


async def _refuse_in(op: Operation, keyring: Keyring, dry: Sequence[Attempt]) -> None:
    """The pool has no code for these: the next route, or the end of the line."""
    lines = await lock_lines_in(op, [one.line_id for one in dry])
    standing = await lock_attempts_in(op, [one.id for one in dry])
    fences = {one.id: one.fence for one in dry}
    refused = Refuse(reason=RefusalReason.OUT_OF_STOCK.value)
    decided = [
        Decided(attempt=one, line=lines[one.line_id], decision=refused)
        for one in standing.values()
        if one.is_open and one.fence == fences[one.id]
    ]
    await record_in(op, keyring, decided)
