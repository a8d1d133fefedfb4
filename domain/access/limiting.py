"""Value-bearing limits: token buckets in PostgreSQL that are spent in the operation they bound, and fail closed."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.access.refusals import RateLimited
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation

CAPACITY_MAX = 100_000
PER_SECONDS_MAX = 400 * 24 * 3600
LIMIT_NAME_LENGTH_MAX = 64
SUBJECT_LENGTH_MAX = 200
PRUNE_MAX = 1_000

# A bucket is one instant: when it will be full. A token takes per/capacity seconds to come back, so that spending one
# moves the instant by as much, and there was one if the instant stays within the time of a whole bucket.
SPEND = """
INSERT INTO rate_bucket AS bucket (id, limit_name, subject, full_at) VALUES ($1, $2, $3, $4::timestamptz + $5)
ON CONFLICT (limit_name, subject) DO UPDATE SET full_at = greatest(bucket.full_at, $4) + $5
WHERE greatest(bucket.full_at, $4) + $5 <= $4 + $6
RETURNING full_at
"""
FULL_AT = "SELECT full_at FROM rate_bucket WHERE limit_name = $1 AND subject = $2"
PRUNE = """
DELETE FROM rate_bucket WHERE id IN (
    SELECT id FROM rate_bucket WHERE full_at < guerdon_now() ORDER BY full_at LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""


async def spend_in(
    op: Operation, subject: UUID | str, limit_name: str, capacity: int, per_seconds: int, *, tokens: int = 1
) -> None:
    """So many tokens of the subject's bucket are gone; it holds `capacity` and fills up again in `per_seconds`.

    What refuses the operation gives the tokens back with everything else it did. The bucket's row stays locked until
    the operation ends: spend before any other lock, and several limits in the order of their names. Each limit is a
    bucket of its own; a changed capacity or time holds from the next spending on.

    Refuses: RateLimited; ValueError for a limit out of bounds (1 to 100,000 tokens; 1 second to 400 days).
    """
    _check(str(subject), limit_name, capacity, per_seconds, tokens)
    whole = timedelta(seconds=per_seconds)
    cost = whole * tokens // capacity
    row_id, now = new_id(), op.now
    if await op.sql.fetchval(SPEND, row_id, limit_name, str(subject), now, cost, whole) is not None:
        return
    full_at: datetime | None = await op.sql.fetchval(FULL_AT, limit_name, str(subject))
    assert full_at is not None, "a bucket that has too little left has a row, which this operation holds"
    wait = full_at + cost - whole - now
    raise RateLimited(limit_name=limit_name, retry_after_ms=-(-wait // timedelta(milliseconds=1)))


async def prune_buckets(door: Door) -> int:
    """A step: forgets up to 1,000 buckets that are full again; answers how many."""

    async def work(op: Operation) -> int:
        return len(await op.sql.fetch(PRUNE, PRUNE_MAX))

    return await door.operate(SYSTEM, work)


def _check(subject: str, limit_name: str, capacity: int, per_seconds: int, tokens: int) -> None:
    if not 1 <= capacity <= CAPACITY_MAX or not 1 <= per_seconds <= PER_SECONDS_MAX or not 1 <= tokens <= capacity:
        raise ValueError(
            f"a limit has 1 to {CAPACITY_MAX} tokens in 1 to {PER_SECONDS_MAX} seconds, and takes no more at once"
        )
    if not 1 <= len(subject) <= SUBJECT_LENGTH_MAX or not 1 <= len(limit_name) <= LIMIT_NAME_LENGTH_MAX:
        raise ValueError("a limit and its subject have names of bounded length")
