"""What was learned late: a row beside the fact or rate, in its operation, so that what was judged without it is not
forgotten; rooms that judge look here, in two looks, because somebody may still be judging without it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.kernel.clock import FUTURE_TOLERANCE
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation

LOOK_MAX = 1_000
TAKE_MAX = 200
# Beyond the tolerance stands the time that an operation may take until others see what it recorded.
AHEAD = FUTURE_TOLERANCE + timedelta(minutes=1)

NOTE = """
INSERT INTO late_truth (id, about, subject_id, kind, true_from, true_until, recorded_at)
SELECT *, $7 FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[])
"""
# Who judges has taken a lock, and with it a transaction id, before reading facts and rates. This statement sees the
# truth committed and only then gets an id: whoever read without the truth has an older one.
LOOK = """
UPDATE late_truth SET settled_after = pg_current_xact_id()::text::bigint
WHERE id IN (SELECT id FROM late_truth WHERE settled_after IS NULL
             ORDER BY recorded_at, id LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""
TAKE = """
DELETE FROM late_truth WHERE id IN (
    SELECT id FROM late_truth WHERE settled_after < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY recorded_at, id LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING about, subject_id, kind, true_from, true_until
"""


class About(StrEnum):
    """What was learned: a dated fact of a subject, or a dated rate of a pair of units."""

    FACT = "FACT"
    RATE = "RATE"


@dataclass(frozen=True, kw_only=True)
class LateTruth:
    """From when until when (excluded; None: for ever) something else is true than was known.

    FACT: `kind` of `subject_id`; RATE: `kind` is "FROM/TO", without a subject.
    """

    about: About
    subject_id: UUID | None
    kind: str
    true_from: datetime
    true_until: datetime | None


async def note_late_in(op: Operation, truths: Sequence[LateTruth]) -> None:
    """Those of the truths that may speak of activities judged already are to be looked at. One statement."""
    late = [truth for truth in truths if truth.true_from <= op.now + AHEAD]
    if late:
        await op.sql.execute(
            NOTE,
            new_ids(len(late)),
            [truth.about.value for truth in late],
            [truth.subject_id for truth in late],
            [truth.kind for truth in late],
            [truth.true_from for truth in late],
            [truth.true_until for truth in late],
            op.now,
        )


async def look_in(op: Operation) -> int:
    """Up to 1,000 new truths are seen, as the first write of the operation; answers how many."""
    return len(await op.sql.fetch(LOOK, LOOK_MAX))


async def take_in(op: Operation) -> Collection[LateTruth]:
    """Up to 200 truths that nobody can be judging without any more; they leave with this operation."""
    return [
        LateTruth(
            about=About(row["about"]),
            subject_id=row["subject_id"],
            kind=row["kind"],
            true_from=row["true_from"],
            true_until=row["true_until"],
        )
        for row in await op.sql.fetch(TAKE, TAKE_MAX)
    ]
