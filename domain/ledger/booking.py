"""Booking periods: months of a program, born when first needed, held open by writers, closed after their grace."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.kernel.ids import new_ids
from domain.kernel.operation import Door, Operation, Principal
from domain.kernel.sql import Connection, Database
from domain.ledger.periods import Booking, Period, book, month_of

CLOSED_PER_STEP_MAX = 100

# What bookings depend on: the columns of `program` that are frozen once it is live, or set its policies.
POLICIES = "SELECT id, zone, grace_days, debt_policy, expired_hold_days FROM program WHERE id = ANY($1::uuid[])"

LOCK_PERIODS = """
-- lock: period
SELECT id, program_id, starts_at, ends_at, grace_ends_at, closed_at FROM booking_period
WHERE (program_id, starts_at) IN (SELECT * FROM unnest($1::uuid[], $2::timestamptz[]))
ORDER BY program_id, starts_at FOR SHARE
"""

OPEN_PERIODS = """
INSERT INTO booking_period (id, program_id, starts_at, ends_at, grace_ends_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
         AS opened (id, program_id, starts_at, ends_at, grace_ends_at)
ORDER BY program_id, starts_at
ON CONFLICT (program_id, starts_at) DO NOTHING
"""

CLOSE_PERIODS = """
UPDATE booking_period SET closed_at = $1
WHERE id IN (SELECT id FROM booking_period WHERE closed_at IS NULL AND grace_ends_at <= $1
             ORDER BY grace_ends_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, kw_only=True)
class Policies:
    """What a program decides about its bookings, debts and holds."""

    zone: ZoneInfo
    grace: timedelta
    debt_policy: str
    expired_hold: timedelta


class Calendar:
    """Answers in which period an entry of a program is booked, as of one instant."""

    def __init__(
        self, policies: Mapping[UUID, Policies], periods: Mapping[tuple[UUID, datetime], Period], now: datetime
    ) -> None:
        self._policies = policies
        self._periods = periods
        self._now = now

    def book(self, program_id: UUID, at: datetime, *, backfill: bool) -> tuple[Period, Booking]:
        """The period and how; KeyError unless the pair was asked for when the calendar was opened."""
        zone = self._policies[program_id].zone
        own = self._periods[program_id, month_of(at, zone)[0]]
        current = self._periods[program_id, month_of(self._now, zone)[0]]
        return book(own, current, self._now, backfill=backfill)


async def policies_of(source: Database | Connection, program_ids: Collection[UUID]) -> Mapping[UUID, Policies]:
    """The policies of each program."""
    rows = await source.fetch(POLICIES, list(program_ids))
    return {
        row["id"]: Policies(
            zone=ZoneInfo(row["zone"]),
            grace=timedelta(days=row["grace_days"]),
            debt_policy=row["debt_policy"],
            expired_hold=timedelta(days=row["expired_hold_days"]),
        )
        for row in rows
    }


async def lock_periods_in(op: Operation, bookings: Iterable[tuple[UUID, datetime]]) -> Calendar:
    """The months of these (program, instant) pairs, and each program's current one, exist and cannot be closed
    before this operation ends. First in the lock order: call it before wallets are locked.
    """
    asked = {(program_id, at) for program_id, at in bookings}
    asked |= {(program_id, op.now) for program_id, _ in asked}
    policies = await policies_of(op.sql, {program_id for program_id, _ in asked})
    months = {
        (program_id, month[0]): (month[1], month[1] + policies[program_id].grace)
        for program_id, at in asked
        for month in [month_of(at, policies[program_id].zone)]
    }
    periods = await _locked(op, months)
    missing = sorted(months.keys() - periods.keys())
    if missing:
        rows = [(*key, *months[key]) for key in missing]
        await op.sql.execute(OPEN_PERIODS, new_ids(len(rows)), *map(list, zip(*rows, strict=True)))
        periods = await _locked(op, months)
    return Calendar(policies, periods, op.now)


async def _locked(op: Operation, months: Collection[tuple[UUID, datetime]]) -> dict[tuple[UUID, datetime], Period]:
    keys = sorted(months)
    rows = await op.sql.fetch(LOCK_PERIODS, [key[0] for key in keys], [key[1] for key in keys])
    return {(row["program_id"], row["starts_at"]): Period(**row) for row in rows}


async def close_due(door: Door, actor: Principal, limit: int = CLOSED_PER_STEP_MAX) -> int:
    """Closes up to `limit` periods whose grace is over; answers how many. A period in use waits for the next step."""

    async def work(op: Operation) -> int:
        tag = await op.sql.execute(CLOSE_PERIODS, op.now, limit)
        return int(tag.split()[-1])

    return await door.operate(actor, work)
