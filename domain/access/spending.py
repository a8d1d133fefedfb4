"""One-time tokens are spent once: a second use ends the whole family of tokens that grew from one sign-in."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.kernel.operation import Door, Operation

PRUNE_MAX = 1_000

# A family that ended has a row whose token id is the family's own.
SPEND = """
INSERT INTO spent_token (jti, family_id, expires_at, spent_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (jti) DO NOTHING RETURNING EXISTS (SELECT 1 FROM spent_token WHERE jti = $2) AS family_ended
"""
END_FAMILY = """
INSERT INTO spent_token (jti, family_id, expires_at, spent_at) VALUES ($1, $1, $2, $3)
ON CONFLICT (jti) DO UPDATE SET expires_at = greatest(spent_token.expires_at, excluded.expires_at)
"""
# Tokens end by the clock on the wall, whatever a sandbox does to ours.
PRUNE = """
DELETE FROM spent_token WHERE jti IN (SELECT jti FROM spent_token WHERE expires_at < clock_timestamp() LIMIT $1)
RETURNING jti
"""


class Spent(StrEnum):
    """What spending a token found."""

    FRESH = "FRESH"
    AGAIN = "AGAIN"
    FAMILY_ENDED = "FAMILY_ENDED"


async def spend_in(op: Operation, token_id: UUID, family_id: UUID, family_expires_at: datetime) -> Spent:
    """The token is spent. FRESH: this was its one use. AGAIN: it had been used, and its family has ended by now.

    `family_expires_at` is when the last token of the family can still be shown; rows are kept until then.
    """
    row = await op.sql.fetchrow(SPEND, token_id, family_id, family_expires_at, op.now)
    if row is None:
        await end_family_in(op, family_id, family_expires_at)
        return Spent.AGAIN
    return Spent.FAMILY_ENDED if row["family_ended"] else Spent.FRESH


async def end_family_in(op: Operation, family_id: UUID, family_expires_at: datetime) -> None:
    """No token of the family is good any more."""
    await op.sql.execute(END_FAMILY, family_id, family_expires_at, op.now)


async def prune_spent(door: Door) -> int:
    """A step: forgets up to 1,000 spent tokens that nobody can show any more; answers how many."""

    async def work(op: Operation) -> int:
        return len(await op.sql.fetch(PRUNE, PRUNE_MAX))

    return await door.operate(SYSTEM, work)
