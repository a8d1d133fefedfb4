"""Every question about funds and allocations: who sees which, and every balance as of any instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS
from domain.access.principals import Actor, Relation
from domain.funds.fund import Accrual, EligibleActivity, FundKind
from domain.funds.sighting import fund_viewers, relation_to
from domain.kernel.sql import Connection, Database, Row, sure_value
from domain.kernel.turns import Turn

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows

# The vendor's people know its funds; a partner those in which it has a part.
FUND_RELATION = """CASE
    WHEN viewer.sees_all OR viewer.portfolio_of IS NOT NULL THEN 'OPERATOR'
    WHEN EXISTS (SELECT FROM fund_allocation AS own
                 WHERE own.fund_id = fund.id AND own.partner_id = viewer.partner_id) THEN 'PARTNER'
END"""
FUNDS_BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, fund.*, {FUND_RELATION} AS relation
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN fund ON fund.id = asked.id) AS seen
WHERE relation IS NOT NULL
"""
FUNDS = f"""
SELECT * FROM (
  SELECT fund.*, {FUND_RELATION} AS relation FROM {VIEWERS} CROSS JOIN fund
  WHERE $6::timestamptz IS NULL OR (fund.recorded_at, fund.id) > ($6, $7::uuid)) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at, id LIMIT $8
"""
ACTIVITIES = """
SELECT fund_id, code, name, cofund_ppm, amount_max FROM fund_activity WHERE fund_id = ANY($1::uuid[])
ORDER BY fund_id, code
"""
RELATION = relation_to("held.partner_id")
COLUMNS = f"held.*, fund.unit, guerdon_now() AS read_at, {RELATION} AS relation"
ALLOCATIONS_BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, {COLUMNS}
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN fund_allocation AS held ON held.id = asked.id JOIN fund ON fund.id = held.fund_id) AS seen
WHERE relation IS NOT NULL
"""
ALLOCATIONS = f"""
SELECT * FROM (
  SELECT {COLUMNS} FROM {VIEWERS} CROSS JOIN fund_allocation AS held JOIN fund ON fund.id = held.fund_id
  WHERE ($6::uuid IS NULL OR held.fund_id = $6) AND ($7::uuid IS NULL OR held.partner_id = $7)
    AND ($8::text IS NULL OR held.extension_state = $8)
    AND ($9::timestamptz IS NULL OR (held.recorded_at, held.id) > ($9, $10::uuid))) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at, id LIMIT $11
"""
# Every amount stands in one column: what came there less what left it.
MOVED = """
coalesce(sum(CASE WHEN to_bucket = '{0}' THEN amount END), 0)
  - coalesce(sum(CASE WHEN from_bucket = '{0}' THEN amount END), 0)"""
BUCKETS = ", ".join(
    f"({MOVED.format(name)})::bigint AS {name.lower()}"
    for name in ("AVAILABLE", "REQUESTED", "APPROVED", "CLAIMED", "PAID", "POOL")
)
BALANCES = f"""
SELECT allocation_id AS id, {BUCKETS} FROM fund_movement
WHERE allocation_id = ANY($1::uuid[]) AND recorded_at <= $2 GROUP BY allocation_id
"""
FUND_BALANCES = f"""
SELECT fund_id AS id, {BUCKETS} FROM fund_movement
WHERE fund_id = ANY($1::uuid[]) AND recorded_at <= $2 GROUP BY fund_id
"""


@dataclass(frozen=True, kw_only=True)
class FundRecord:
    """A fund; `pool` is what no partner has."""

    id: UUID
    code: str
    name: Mapping[str, str]
    unit: str
    kind: FundKind
    starts_at: datetime
    ends_at: datetime
    use_by: datetime
    reminder_days: tuple[int, ...]
    answer_days: int
    claim_days: int
    rollover_ppm: int
    rolls_into_id: UUID | None
    accrual: Accrual | None
    pool: int
    recorded_at: datetime
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class AllocationRecord:
    """A partner's part of a fund; `use_by` as of when it was read: it moves on while an extension waits."""

    id: UUID
    fund_id: UUID
    partner_id: UUID
    unit: str
    available: int
    requested: int
    approved: int
    claimed: int
    paid: int
    owed: int
    use_by: datetime
    extension_state: str
    extension_until: datetime | None
    recorded_at: datetime
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class FundBalance:
    """What stood where at an instant: every amount in one column, `allocated` is their sum; `pool` is the fund's."""

    at: datetime
    available: int
    requested: int
    approved: int
    claimed: int
    paid: int
    pool: int = 0

    @property
    def allocated(self) -> int:
        return self.available + self.requested + self.approved + self.claimed + self.paid


async def funds_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, FundRecord]:
    """Those of the funds that their actor may be handed."""
    rows = await sql.fetch(FUNDS_BY_ID, *fund_viewers(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _fund(row) for row in rows}


async def funds(
    sql: Source, actor: Actor, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[FundRecord]:
    """A page of all that the actor may be handed, in the order in which they were defined."""
    at, last_id = after or (None, None)
    rows = await sql.fetch(FUNDS, *fund_viewers([actor]), at, last_id, min(limit, PAGE_MAX))
    return [_fund(row) for row in rows]


async def activities_of_funds(sql: Source, pairs: Pairs) -> Mapping[Pair, list[EligibleActivity]]:
    """What each fund pays for, at most 50, in order of their codes. Whoever asks was handed the fund."""
    found: dict[Pair, list[EligibleActivity]] = {pair: [] for pair in pairs}
    rows = await sql.fetch(ACTIVITIES, [key for _, key in pairs])
    for pair in pairs:
        for row in rows:
            if row["fund_id"] == pair[1]:
                values: dict[str, Any] = {name: row[name] for name in EligibleActivity.__dataclass_fields__}
                found[pair].append(EligibleActivity(**values))
    return found


async def allocations_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, AllocationRecord]:
    """Those of the allocations that their actor may be handed."""
    rows = await sql.fetch(ALLOCATIONS_BY_ID, *fund_viewers(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _allocation(row) for row in rows}


async def allocations(
    sql: Source,
    actor: Actor,
    *,
    fund_id: UUID | None = None,
    partner_id: UUID | None = None,
    extension_state: str | None = None,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> list[AllocationRecord]:
    """A page of all that the actor may be handed and that matches, oldest first."""
    at, last_id = after or (None, None)
    rows = await sql.fetch(
        ALLOCATIONS,
        *fund_viewers([actor]),
        fund_id,
        partner_id,
        extension_state,
        at,
        last_id,
        min(limit, PAGE_MAX),
    )
    return [_allocation(row) for row in rows]


async def balances_of_allocations(
    sql: Source, pairs: Pairs, *, at: datetime | None = None
) -> Mapping[Pair, FundBalance]:
    """What stood in each allocation at the instant (now, without one), summed from the journal. Whoever asks was handed
    the allocation."""
    return await _balances(sql, BALANCES, pairs, at)


async def balances_of_funds(sql: Source, pairs: Pairs, *, at: datetime | None = None) -> Mapping[Pair, FundBalance]:
    """What stood in each fund at the instant, all its allocations together. Whoever asks may know."""
    return await _balances(sql, FUND_BALANCES, pairs, at)


async def _balances(sql: Source, statement: str, pairs: Pairs, at: datetime | None) -> Mapping[Pair, FundBalance]:
    when: datetime = at or await sure_value(sql, "SELECT guerdon_now()")
    rows = {row["id"]: row for row in await sql.fetch(statement, [key for _, key in pairs], when)}
    nothing = dict.fromkeys(("available", "requested", "approved", "claimed", "paid", "pool"), 0)
    found: dict[Pair, FundBalance] = {}
    for pair in pairs:
        row = rows.get(pair[1])
        values = nothing if row is None else {name: int(row[name]) for name in nothing}
        found[pair] = FundBalance(at=when, **values)
    return found


def _fund(row: Row) -> FundRecord:
    values: dict[str, Any] = {name: row[name] for name in FundRecord.__dataclass_fields__}
    values["kind"], values["relation"] = FundKind(row["kind"]), Relation(row["relation"])
    values["reminder_days"] = tuple(row["reminder_days"])
    values["accrual"] = None if row["accrual"] is None else Accrual(**row["accrual"])
    return FundRecord(**values)


def _allocation(row: Row) -> AllocationRecord:
    values: dict[str, Any] = {name: row[name] for name in AllocationRecord.__dataclass_fields__}
    turn = Turn(due_at=row["use_by"], with_vendor_since=row["with_vendor_since"])
    values["use_by"], values["relation"] = turn.due_by(row["read_at"]), Relation(row["relation"])
    return AllocationRecord(**values)
