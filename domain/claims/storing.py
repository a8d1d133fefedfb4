"""Rows of claims under their locks: read whole, written by set."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.claims.claim import Campaign, Claim, EligibleSku, Line, NamedRep
from domain.claims.machine import ClaimLineState, ClaimState
from domain.kernel.operation import Operation
from domain.kernel.sql import Connection, Row

SKUS_MAX = 5_000

LOCK = """
-- lock: claim
SELECT * FROM claim WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
LINES = "SELECT * FROM claim_line WHERE claim_id = ANY($1::uuid[]) ORDER BY claim_id, n"
NEWEST = "SELECT * FROM claim_campaign WHERE program_id = $1 ORDER BY version DESC LIMIT 1"
CAMPAIGNS = "SELECT * FROM claim_campaign WHERE id = ANY($1::uuid[])"
SKUS = """
SELECT sku, valid_from, valid_until FROM claim_sku WHERE program_id = $1 AND ($2::text[] IS NULL OR sku = ANY($2))
ORDER BY sku, valid_from LIMIT $3
"""
DECIDE_LINES = """
UPDATE claim_line AS line SET state = said.state, reason = said.reason, decided_at = $5,
       activity_id = coalesce(said.activity_id, line.activity_id)
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS said (id, state, reason, activity_id)
WHERE line.id = said.id
"""


async def locked_claims_in(op: Operation, claim_ids: Collection[UUID]) -> Mapping[UUID, Claim]:
    """Those of the claims that exist, locked in the order of their ids, with their lines."""
    rows = await op.sql.fetch(LOCK, sorted(set(claim_ids)))
    lines = defaultdict[UUID, list[Line]](list)
    for row in await op.sql.fetch(LINES, [row["id"] for row in rows]):
        lines[row["claim_id"]].append(line_of(row))
    return {row["id"]: _claim(row, tuple(lines[row["id"]])) for row in rows}


async def newest_campaign(sql: Connection, program_id: UUID) -> Campaign | None:
    """The window that holds now; None where nothing may be claimed in the program."""
    row = await sql.fetchrow(NEWEST, program_id)
    return None if row is None else campaign_of(row)


async def eligible_skus(sql: Connection, program_id: UUID, skus: Collection[str] | None = None) -> list[EligibleSku]:
    """The spans of these SKUs in the program (of all without), at most 5,000."""
    rows = await sql.fetch(SKUS, program_id, None if skus is None else list(skus), SKUS_MAX)
    return [EligibleSku(**dict(row)) for row in rows]


async def decide_lines_in(
    op: Operation, decided: Sequence[tuple[UUID, ClaimLineState, str | None, UUID | None]]
) -> None:
    """Each line stands as said, with its reason and its activity. One statement."""
    if decided:
        ids, states, reasons, activities = zip(*decided, strict=True)
        await op.sql.execute(DECIDE_LINES, list(ids), list(states), list(reasons), list(activities), op.now)


def campaign_of(row: Row) -> Campaign:
    """A row of claim_campaign."""
    return Campaign(**dict(row))


def line_of(row: Row) -> Line:
    """A row of claim_line."""
    values: dict[str, Any] = dict(row)
    for unused in ("activity_id", "decided_at"):
        values.pop(unused)
    values["serials"], values["reps"] = tuple(row["serials"]), reps_of(row["reps"])
    values["state"] = ClaimLineState(row["state"])
    return Line(**values)


def reps_of(stored: Sequence[Mapping[str, Any]]) -> tuple[NamedRep, ...]:
    """Who shares, as it is stored."""
    return tuple(NamedRep(member_id=UUID(one["member_id"]), share_ppm=one["share_ppm"]) for one in stored)


def _claim(row: Row, lines: tuple[Line, ...]) -> Claim:
    return Claim(
        id=row["id"],
        program_id=row["program_id"],
        campaign_id=row["campaign_id"],
        member_id=row["member_id"],
        partner_id=row["partner_id"],
        state=ClaimState(row["state"]),
        due_at=row["due_at"],
        with_vendor_since=row["with_vendor_since"],
        version=row["version"],
        lines=lines,
    )
