"""Rows of funds under their locks: read whole, as the records that gerunds judge."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from domain.funds.fund import (
    Accrual,
    Allocation,
    Claim,
    ClaimLine,
    EligibleActivity,
    Fund,
    FundKind,
    LineState,
    Plan,
    Request,
)
from domain.funds.machine import OPEN_CLAIMS, ClaimState, RequestState
from domain.kernel.operation import Operation
from domain.kernel.rates import Rate, Rates
from domain.kernel.refusals import NotFound
from domain.kernel.sql import Connection, Row

LOCK_FUNDS = """
-- lock: fund
SELECT * FROM fund WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
LOCK_ALLOCATIONS = """
-- lock: fund_allocation
SELECT * FROM fund_allocation WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
LOCK_REQUESTS = """
-- lock: fund_request
SELECT * FROM fund_request WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
LOCK_CLAIMS = """
-- lock: fund_claim
SELECT * FROM fund_claim WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
STATES = "SELECT request_id, state FROM fund_claim WHERE request_id = ANY($1::uuid[]) AND state = ANY($2::text[])"
LINES = "SELECT * FROM fund_claim_line WHERE claim_id = ANY($1::uuid[]) ORDER BY claim_id, n"
FUND = "SELECT * FROM fund WHERE id = $1"
ACTIVITY = "SELECT code, name, cofund_ppm, amount_max FROM fund_activity WHERE fund_id = $1 AND code = $2"
RATES = "SELECT from_unit, to_unit, numerator, denominator, valid_from FROM rate WHERE to_unit = $1"


async def locked_funds_in(op: Operation, fund_ids: Collection[UUID]) -> Mapping[UUID, Fund]:
    """Those of the funds that exist, locked in the order of their ids."""
    return {row["id"]: fund_of(row) for row in await op.sql.fetch(LOCK_FUNDS, sorted(set(fund_ids)))}


async def locked_fund_in(op: Operation, fund_id: UUID) -> Fund:
    """The fund, locked. Refuses: NotFound."""
    found = (await locked_funds_in(op, [fund_id])).get(fund_id)
    if found is None:
        raise NotFound(kind="fund", id=str(fund_id))
    return found


async def sure_fund(sql: Connection, fund_id: UUID) -> Fund:
    """The fund that a row names."""
    row = await sql.fetchrow(FUND, fund_id)
    assert row is not None, "what names a fund names one that exists"
    return fund_of(row)


async def locked_allocations_in(op: Operation, ids: Collection[UUID]) -> Mapping[UUID, Allocation]:
    """Those of the allocations that exist, locked in the order of their ids."""
    return {row["id"]: allocation_of(row) for row in await op.sql.fetch(LOCK_ALLOCATIONS, sorted(set(ids)))}


async def locked_requests_in(op: Operation, ids: Collection[UUID]) -> Mapping[UUID, Request]:
    """Those of the requests that exist, locked in the order of their ids, with the states of their open claims."""
    rows = await op.sql.fetch(LOCK_REQUESTS, sorted(set(ids)))
    claims = defaultdict[UUID, list[ClaimState]](list)
    for row in await op.sql.fetch(STATES, [row["id"] for row in rows], [state.value for state in OPEN_CLAIMS]):
        claims[row["request_id"]].append(ClaimState(row["state"]))
    return {row["id"]: _request(row, tuple(claims[row["id"]])) for row in rows}


async def locked_claims_in(op: Operation, ids: Collection[UUID]) -> Mapping[UUID, Claim]:
    """Those of the claims that exist, locked in the order of their ids, with their lines; their requests were locked
    before."""
    rows = await op.sql.fetch(LOCK_CLAIMS, sorted(set(ids)))
    lines = defaultdict[UUID, list[ClaimLine]](list)
    for row in await op.sql.fetch(LINES, [row["id"] for row in rows]):
        lines[row["claim_id"]].append(
            ClaimLine(
                id=row["id"],
                claim_id=row["claim_id"],
                n=row["n"],
                amount=row["amount"],
                file_id=row["file_id"],
                state=LineState(row["state"]),
            )
        )
    return {row["id"]: _claim(row, tuple(lines[row["id"]])) for row in rows}


async def eligible_activity(sql: Connection, fund_id: UUID, code: str) -> EligibleActivity | None:
    """The activity of this code, if the fund pays for it."""
    row = await sql.fetchrow(ACTIVITY, fund_id, code)
    return None if row is None else EligibleActivity(**dict(row))


async def rates_to(sql: Connection, unit: str) -> Rates:
    """Every dated rate into the unit."""
    return Rates.of(Rate(**dict(row)) for row in await sql.fetch(RATES, unit))


def fund_of(row: Row) -> Fund:
    """A row of fund."""
    return Fund(
        id=row["id"],
        code=row["code"],
        unit=row["unit"],
        kind=FundKind(row["kind"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        use_by=row["use_by"],
        reminder_days=tuple(row["reminder_days"]),
        answer_days=row["answer_days"],
        claim_days=row["claim_days"],
        rollover_ppm=row["rollover_ppm"],
        rolls_into_id=row["rolls_into_id"],
        accrual=None if row["accrual"] is None else Accrual(**row["accrual"]),
    )


def allocation_of(row: Row) -> Allocation:
    """A row of fund_allocation."""
    return Allocation(
        id=row["id"],
        fund_id=row["fund_id"],
        partner_id=row["partner_id"],
        available=row["available"],
        owed=row["owed"],
        use_by=row["use_by"],
        with_vendor_since=row["with_vendor_since"],
        version=row["version"],
    )


def plan_of(row: Row) -> Plan:
    """The plan in a row of fund_request."""
    values: dict[str, Any] = {name: row[name] for name in Plan.__dataclass_fields__}
    return Plan(**values)


def _request(row: Row, claims: tuple[ClaimState, ...]) -> Request:
    return Request(
        id=row["id"],
        fund_id=row["fund_id"],
        allocation_id=row["allocation_id"],
        partner_id=row["partner_id"],
        member_id=row["member_id"],
        plan=plan_of(row),
        amount=row["amount"],
        approved=row["approved"],
        unclaimed=row["unclaimed"],
        state=RequestState(row["state"]),
        due_at=row["due_at"],
        with_vendor_since=row["with_vendor_since"],
        version=row["version"],
        claims=claims,
    )


def _claim(row: Row, lines: tuple[ClaimLine, ...]) -> Claim:
    return Claim(
        id=row["id"],
        request_id=row["request_id"],
        allocation_id=row["allocation_id"],
        partner_id=row["partner_id"],
        state=ClaimState(row["state"]),
        amount=row["amount"],
        approved=row["approved"],
        due_at=row["due_at"],
        version=row["version"],
        submitted_at=row["submitted_at"],
        lines=lines,
    )
