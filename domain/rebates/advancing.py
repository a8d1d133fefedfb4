"""The step: periods open with what is sold, run out, are calculated once nothing waits for a walk, and are paid."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.earning.accruing import AccrualKey, accrued_of
from domain.kernel.ids import new_ids
from domain.kernel.operation import Door, Operation
from domain.kernel.points import Rounding, rounded_ratio
from domain.rebates.accrual import PPM_WHOLE
from domain.rebates.machine import RebateState
from domain.rebates.moving import Move, Period, lock_periods_in, move_in, period_of, tell_in

PERIODS_PER_STEP_MAX = 100

# Every unit of a rebate's rule that has no period yet; a year ago the same wall clock showed the same start.
UNSEEN = """
SELECT DISTINCT ON (tally.program_id, tally.subject_id, tally.period_start)
       tally.program_id, rebate.rule, tally.subject_id, tally.period_start, tally.period_end,
       tally.period_end + make_interval(days => program.grace_days) AS grace_ends_at,
       (SELECT sum((old.state ->> 'basis_total')::bigint)::bigint FROM tally AS old
        WHERE old.subject_id = tally.subject_id AND old.program_id = tally.program_id AND old.rule = tally.rule
          AND old.period_start = (tally.period_start AT TIME ZONE program.zone - interval '1 year')
                                 AT TIME ZONE program.zone) AS baseline
FROM rebate_program AS rebate JOIN program ON program.id = rebate.program_id
JOIN tally ON tally.program_id = rebate.program_id AND tally.rule = rebate.rule
WHERE tally.activities > 0 AND NOT EXISTS (
  SELECT FROM rebate_period AS period WHERE period.program_id = tally.program_id
  AND period.partner_id = tally.subject_id AND period.starts_at = tally.period_start)
ORDER BY tally.program_id, tally.subject_id, tally.period_start LIMIT $1
"""
INSERT = """
INSERT INTO rebate_period (id, program_id, rule, partner_id, starts_at, ends_at, grace_ends_at, baseline, state,
                           recorded_at, version)
SELECT seen.*, 'OPEN', $9::timestamptz, 1
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
            $8::bigint[]) AS seen
ON CONFLICT (program_id, partner_id, starts_at) DO NOTHING
RETURNING *
"""
RUN_OUT = """
-- lock: rebate_period
SELECT * FROM rebate_period
WHERE state = 'OPEN' AND ends_at <= $1 OR state = 'GRACE' AND grace_ends_at <= $1 OR state = 'REOPENED'
ORDER BY id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""
CALCULATING = "SELECT id FROM rebate_period WHERE state = 'CALCULATING' ORDER BY ends_at, id LIMIT $1"
SETTINGS = "SELECT program_id, dispute_days, pass_through_ppm FROM rebate_program WHERE program_id = ANY($1::uuid[])"
FINALIZE = """
UPDATE rebate_period AS period SET final_total = said.total, final_due = said.due, final_granted = said.granted,
       passed_on = said.passed_on, finalized_at = $6, dispute_until = said.dispute_until
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $7::timestamptz[])
     AS said (id, total, due, granted, passed_on, dispute_until)
WHERE period.id = said.id
"""
SETTLED = """
SELECT period.id, payout.state AS payout_state FROM rebate_period AS period
JOIN payout ON payout.id = period.payout_id
WHERE period.state = 'APPROVED' AND payout.state IN ('PAID', 'RETURNED', 'CANCELLED')
   OR period.state = 'PAID' AND payout.state = 'RETURNED'
ORDER BY period.id LIMIT $1
"""
UNPAID = "UPDATE rebate_period SET payout_id = NULL, version = version + 1 WHERE id = ANY($1::uuid[])"
NEXT: Mapping[RebateState, RebateState] = {
    RebateState.OPEN: RebateState.GRACE,
    RebateState.GRACE: RebateState.CALCULATING,
    RebateState.REOPENED: RebateState.CALCULATING,
}


async def advance_periods(door: Door) -> int:
    """New periods are there, those that ran out have moved, what could be calculated is in review, and what the bank
    settled is PAID, or APPROVED again; at most 100 of each. Answers how many of all these moved.
    """
    moved = await door.operate(SYSTEM, _open)
    moved += await door.operate(SYSTEM, _run_out)
    moved += await door.operate(SYSTEM, _calculate)
    return moved + await door.operate(SYSTEM, _follow_payouts)


async def _open(op: Operation) -> int:
    rows = await op.sql.fetch(UNSEEN, PERIODS_PER_STEP_MAX)
    if not rows:
        return 0
    columns = ("program_id", "rule", "subject_id", "period_start", "period_end", "grace_ends_at", "baseline")
    arrays = [[row[column] for row in rows] for column in columns]
    opened = await op.sql.fetch(INSERT, new_ids(len(rows)), *arrays, op.now)
    for row in opened:
        tell_in(op, period_of(row))
    return len(opened)


async def _run_out(op: Operation) -> int:
    found = [period_of(row) for row in await op.sql.fetch(RUN_OUT, op.now, PERIODS_PER_STEP_MAX)]
    await move_in(op, [Move(period=period, to=NEXT[period.state]) for period in found])
    return len(found)


async def _calculate(op: Operation) -> int:
    ids = [row["id"] for row in await op.sql.fetch(CALCULATING, PERIODS_PER_STEP_MAX)]
    found = [one for one in (await lock_periods_in(op, ids)).values() if one.state is RebateState.CALCULATING]
    return await _finalize_in(op, found)


async def _finalize_in(op: Operation, periods: Sequence[Period]) -> int:
    """Those of the periods that wait for nothing are final as they stand now; answers how many."""
    if not periods:
        return 0
    accrued = await accrued_of(op.sql, [key_of(period) for period in periods])
    settings = {row["program_id"]: row for row in await op.sql.fetch(SETTINGS, [one.program_id for one in periods])}
    ready = [(period, accrued[key_of(period)]) for period in periods if not accrued[key_of(period)].is_waiting]
    if not ready:
        return 0
    shares = [settings[period.program_id]["pass_through_ppm"] for period, _ in ready]
    await op.sql.execute(
        FINALIZE,
        [period.id for period, _ in ready],
        [found.total for _, found in ready],
        [found.due for _, found in ready],
        [found.granted for _, found in ready],
        [
            None if share is None else rounded_ratio(found.granted * share, PPM_WHOLE, Rounding.DOWN)
            for share, (_, found) in zip(shares, ready, strict=True)
        ],
        op.now,
        [op.now + timedelta(days=settings[period.program_id]["dispute_days"]) for period, _ in ready],
    )
    await move_in(op, [Move(period=one, to=RebateState.IN_REVIEW, amount=found.granted) for one, found in ready])
    return len(ready)


async def _follow_payouts(op: Operation) -> int:
    rows = await op.sql.fetch(SETTLED, PERIODS_PER_STEP_MAX)
    found = await lock_periods_in(op, [row["id"] for row in rows])
    paid, unpaid = list[Move](), list[Period]()
    for row in rows:
        period = found[row["id"]]
        if row["payout_state"] == "PAID" and period.state is RebateState.APPROVED:
            paid.append(Move(period=period, to=RebateState.PAID, amount=period.final_granted))
        elif row["payout_state"] != "PAID" and period.payout_id is not None:
            unpaid.append(period)
    returned = [one for one in unpaid if one.state is RebateState.PAID]
    await move_in(op, [*paid, *(Move(period=one, to=RebateState.APPROVED, reason="RETURNED") for one in returned)])
    ids: list[UUID] = [one.id for one in unpaid]
    if ids:
        await op.sql.execute(UNPAID, ids)
    return len(paid) + len(unpaid)


def key_of(period: Period) -> AccrualKey:
    """Which units of earning the period gathers."""
    return AccrualKey(
        program_id=period.program_id, rule=period.rule, subject_id=period.partner_id, period_start=period.starts_at
    )
