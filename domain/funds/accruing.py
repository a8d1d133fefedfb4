"""What partners do accrues to funds by the stated formula: a step that follows the stamped events without a gap."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.funds.defining import allocations_in
from domain.funds.fund import Accrual, Fund, accrued, in_unit
from domain.funds.journal import Bucket, Movement, MovementKind, post_in
from domain.funds.storing import fund_of, locked_allocations_in, rates_to
from domain.kernel.ids import new_ids
from domain.kernel.operation import Door, Operation
from domain.kernel.rates import RateMissing, Rates
from domain.kernel.sql import Row
from domain.partners.facts import FactKind, facts_as_of

POSITIONS_MAX = 1_000
WAITING_MAX = 100

BEHIND = """
SELECT fund.*, relay.last_position FROM fund CROSS JOIN relay_state AS relay
WHERE fund.kind = 'ACCRUAL' AND fund.starts_at <= $1 AND fund.accrued_position < relay.last_position
ORDER BY fund.accrued_position, fund.id LIMIT 1 FOR NO KEY UPDATE OF fund SKIP LOCKED
"""
# A fund with activities that waited for a rate which is known by now.
WAITING = """
SELECT fund.* FROM fund WHERE fund.kind = 'ACCRUAL' AND EXISTS (
  SELECT FROM fund_accrual AS held JOIN activity ON activity.id = held.activity_id
  JOIN rate ON rate.from_unit = held.waits_for AND rate.to_unit = fund.unit AND rate.valid_from <= activity.occurred_at
  WHERE held.fund_id = fund.id AND held.waits_for IS NOT NULL)
ORDER BY fund.id LIMIT 1 FOR NO KEY UPDATE OF fund SKIP LOCKED
"""
WAITING_OF = """
SELECT held.activity_id FROM fund_accrual AS held JOIN activity ON activity.id = held.activity_id
JOIN rate ON rate.from_unit = held.waits_for AND rate.to_unit = $2 AND rate.valid_from <= activity.occurred_at
WHERE held.fund_id = $1 AND held.waits_for IS NOT NULL
GROUP BY held.activity_id ORDER BY held.activity_id LIMIT $3
"""
TOLD = """
SELECT DISTINCT aggregate_id FROM outbox
WHERE position > $1 AND position <= $2 AND name IN ('activity.recorded', 'activity.corrected', 'activity.reversed')
"""
FOLLOWED = "UPDATE fund SET accrued_position = $2 WHERE id = $1"
ACTIVITIES = """
SELECT activity.id, activity.state, activity.type, activity.occurred_at, activity.partner_id, activity.amounts,
       held.amount AS accrued, held.allocation_id, owner.partner_id AS accrued_to
FROM activity LEFT JOIN fund_accrual AS held ON held.activity_id = activity.id AND held.fund_id = $2
LEFT JOIN fund_allocation AS owner ON owner.id = held.allocation_id
WHERE activity.id = ANY($1::uuid[]) ORDER BY activity.id
"""
KEEP = """
INSERT INTO fund_accrual (id, fund_id, activity_id, allocation_id, amount, waits_for, recorded_at)
SELECT said.id, $1, said.activity_id, said.allocation_id, said.amount, said.waits_for, $7
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[])
     AS said (id, activity_id, allocation_id, amount, waits_for)
ON CONFLICT (fund_id, activity_id) DO UPDATE
SET allocation_id = excluded.allocation_id, amount = excluded.amount, waits_for = excluded.waits_for
"""
OWE = """
UPDATE fund_allocation AS held SET owed = said.owed FROM unnest($1::uuid[], $2::bigint[]) AS said (id, owed)
WHERE held.id = said.id
"""


@dataclass(frozen=True, kw_only=True)
class Accrued:
    """What an activity accrues now, to whom; `waits_for` is a currency without a rate: nothing, until there is one."""

    activity_id: UUID
    partner_id: UUID
    amount: int
    waits_for: str | None


async def accrue_due(door: Door) -> int:
    """A step: one fund has accrued what the next thousand events say of activities, or what up to a hundred activities
    waited for a rate with. A correction accrues its difference; what is taken back beyond what is available is owed,
    and settled by what accrues next. Answers how many events it passed, or activities it looked at again.
    """

    async def work(op: Operation) -> int:
        row = await op.sql.fetchrow(BEHIND, op.now)
        if row is not None:
            until = min(row["last_position"], row["accrued_position"] + POSITIONS_MAX)
            told = await op.sql.fetch(TOLD, row["accrued_position"], until)
            await _accrue_in(op, fund_of(row), [one["aggregate_id"] for one in told])
            await op.sql.execute(FOLLOWED, row["id"], until)
            return until - row["accrued_position"]
        row = await op.sql.fetchrow(WAITING)
        if row is None:
            return 0
        waiting = await op.sql.fetch(WAITING_OF, row["id"], row["unit"], WAITING_MAX)
        await _accrue_in(op, fund_of(row), [one["activity_id"] for one in waiting])
        return len(waiting)

    return await door.operate(SYSTEM, work)


async def _accrue_in(op: Operation, fund: Fund, activity_ids: Collection[UUID]) -> None:
    """The fund, locked, has accrued what these activities are worth by their current content, no more and no less."""
    assert fund.accrual is not None, "only accrual funds are asked for"
    rows = await op.sql.fetch(ACTIVITIES, list(activity_ids), fund.id)
    counting = [row for row in rows if _counts(row, fund, fund.accrual)]
    asked = [(row["partner_id"], row["occurred_at"]) for row in counting]
    tiers = await facts_as_of(op.sql, asked, (FactKind.TIER,))
    rates = await rates_to(op.sql, fund.unit)
    now = {row["id"]: _accrued(row, fund, fund.accrual, tiers, rates) for row in counting}
    before = {row["id"]: row for row in rows if row["accrued"] is not None}
    deltas = defaultdict[UUID, int](int)
    for one in now.values():
        deltas[one.partner_id] += one.amount
    for row in before.values():
        deltas[row["accrued_to"]] -= row["accrued"]
    if not deltas:
        return
    held = await allocations_in(op, fund, list(deltas))
    await _post_in(op, fund, {held[partner_id]: amount for partner_id, amount in deltas.items()})
    # What counts no longer stands with nothing, under whom it stood.
    kept = list(now.values()) + [
        Accrued(activity_id=activity_id, partner_id=row["accrued_to"], amount=0, waits_for=None)
        for activity_id, row in before.items()
        if activity_id not in now
    ]
    await op.sql.execute(
        KEEP,
        fund.id,
        new_ids(len(kept)),
        [one.activity_id for one in kept],
        [held[one.partner_id] for one in kept],
        [one.amount for one in kept],
        [one.waits_for for one in kept],
        op.now,
    )


async def _post_in(op: Operation, fund: Fund, deltas: Mapping[UUID, int]) -> None:
    locked = await locked_allocations_in(op, deltas)
    movements: list[Movement] = []
    owed: dict[UUID, int] = {}
    for allocation_id, allocation in locked.items():
        net = deltas[allocation_id] - allocation.owed
        taken = max(net, -allocation.available)
        owed[allocation_id] = taken - net
        coming = taken > 0
        movements.append(
            Movement(
                fund_id=fund.id,
                allocation_id=allocation_id,
                kind=MovementKind.ACCRUED if coming else MovementKind.CORRECTED,
                source=Bucket.OUTSIDE if coming else Bucket.AVAILABLE,
                target=Bucket.AVAILABLE if coming else Bucket.OUTSIDE,
                amount=abs(taken),
            )
        )
    await post_in(op, SYSTEM, movements)
    await op.sql.execute(OWE, list(owed), list(owed.values()))


def _counts(row: Row, fund: Fund, accrual: Accrual) -> bool:
    return (
        row["state"] == "ACTIVE"
        and row["type"] == accrual.trigger
        and row["partner_id"] is not None
        and accrual.basis in row["amounts"]
        and fund.starts_at <= row["occurred_at"] < fund.ends_at
    )


def _accrued(
    row: Row, fund: Fund, accrual: Accrual, tiers: Mapping[tuple[UUID, Any], Mapping[str, Any]], rates: Rates
) -> Accrued:
    tier = tiers.get((row["partner_id"], row["occurred_at"]), {}).get(FactKind.TIER)
    worth = row["amounts"][accrual.basis]
    amount, waits_for = 0, None
    try:
        inside = in_unit(worth["amount"], worth["unit"], fund.unit, row["occurred_at"], rates)
        amount = max(accrued(inside, accrual.ppm(tier)), 0)
    except RateMissing as missing:
        waits_for = missing.from_unit
    return Accrued(activity_id=row["id"], partner_id=row["partner_id"], amount=amount, waits_for=waits_for)
