"""What the vendor has to look at: conflicts of claims; and what may be claimed in a program."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.claims.claim import KeyKind
from domain.kernel.sql import Connection, Database, Row
from domain.programs.reading import programs_by_id

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

PAGE_MAX = 101
OF_CLAIM_MAX = 100

# Who handles the second claim handles the conflict.
RELATION = relation_sql(member="second.member_id", partner="second.partner_id")
COLUMNS = f"conflict.*, {RELATION} AS relation"
BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, {COLUMNS}
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN claim_conflict AS conflict ON conflict.id = asked.id
  JOIN claim AS second ON second.id = conflict.second_claim_id) AS seen
WHERE relation = 'OPERATOR'
"""
OF_CLAIMS = f"""
SELECT * FROM (
  SELECT viewer.place, {COLUMNS}
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN claim_conflict AS conflict ON asked.id IN (conflict.first_claim_id, conflict.second_claim_id)
  JOIN claim AS second ON second.id = conflict.second_claim_id) AS seen
WHERE relation = 'OPERATOR' ORDER BY place, recorded_at, id LIMIT {OF_CLAIM_MAX} * cardinality($6)
"""
PAGE = f"""
SELECT * FROM (
  SELECT {COLUMNS} FROM {VIEWERS} CROSS JOIN claim_conflict AS conflict
  JOIN claim AS second ON second.id = conflict.second_claim_id
  WHERE ($6::text IS NULL OR conflict.state = $6) AND ($7::uuid IS NULL OR conflict.program_id = $7)
    AND ($8::timestamptz IS NULL OR (conflict.recorded_at, conflict.id) > ($8, $9::uuid))) AS seen
WHERE relation = 'OPERATOR' ORDER BY recorded_at, id LIMIT $10
"""
CAMPAIGNS = """
SELECT DISTINCT ON (program_id) * FROM claim_campaign WHERE program_id = ANY($1::uuid[])
ORDER BY program_id, version DESC
"""
CAMPAIGNS_BY_ID = "SELECT * FROM claim_campaign WHERE id = ANY($1::uuid[])"
SKUS = """
SELECT asked.place, sku.* FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (program_id, place)
CROSS JOIN LATERAL (SELECT id, sku, valid_from, valid_until FROM claim_sku WHERE program_id = asked.program_id
                    AND ($2::text IS NULL OR (sku, valid_from) > ($2, $3::date))
                    ORDER BY sku, valid_from LIMIT $4) AS sku
ORDER BY asked.place, sku.sku, sku.valid_from
"""


class ConflictState(StrEnum):
    """Whether a conflict is open, or how it ended."""

    OPEN = "OPEN"
    FIRST = "FIRST"
    SECOND = "SECOND"
    BOTH = "BOTH"
    GONE = "GONE"


@dataclass(frozen=True, kw_only=True)
class KeyRecord:
    """What two claims name both, spelled for comparing."""

    kind: KeyKind
    value: str


@dataclass(frozen=True, kw_only=True)
class ConflictRecord:
    """Two claims of one sale, as operators see it."""

    id: UUID
    program_id: UUID
    first_claim_id: UUID
    second_claim_id: UUID
    keys: tuple[KeyRecord, ...]
    state: ConflictState
    reason: str | None
    decided_by: UUID | None
    recorded_at: datetime
    decided_at: datetime | None
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class CampaignRecord:
    """The window that holds now, or held when a claim was submitted."""

    id: UUID
    program_id: UUID
    version: int
    sold_from: datetime
    sold_until: datetime
    claims_until: datetime
    answer_days: int
    needs_proof: bool
    needs_serials: bool
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class SkuRecord:
    """A SKU that may be claimed for sales of these days, both included."""

    id: UUID
    sku: str
    valid_from: date
    valid_until: date | None


async def conflicts_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, ConflictRecord]:
    """Those of the conflicts that their actor handles."""
    rows = await sql.fetch(BY_ID, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _conflict(row) for row in rows}


async def conflicts_of_claims(sql: Source, pairs: Pairs) -> Mapping[Pair, list[ConflictRecord]]:
    """The conflicts that each claim has a part in, oldest first; to operators only."""
    rows = await sql.fetch(OF_CLAIMS, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    found = defaultdict[Pair, list[ConflictRecord]](list)
    for row in rows:
        found[pairs[row["place"] - 1]].append(_conflict(row))
    return found


async def conflicts(
    sql: Source,
    actor: Actor,
    *,
    state: ConflictState | None,
    program_id: UUID | None,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> list[ConflictRecord]:
    """A page of the conflicts that the actor handles, those that wait longest first."""
    at, last_id = after or (None, None)
    limit = min(limit, PAGE_MAX)
    rows = await sql.fetch(PAGE, *viewer_arguments([actor]), state, program_id, at, last_id, limit)
    return [_conflict(row) for row in rows]


async def campaigns_of_programs(sql: Source, pairs: Pairs) -> Mapping[Pair, CampaignRecord]:
    """The window that holds now of each program that its actor may be handed."""
    seen = await programs_by_id(sql, pairs)
    rows = await sql.fetch(CAMPAIGNS, [program_id for _, program_id in seen])
    known = {row["program_id"]: CampaignRecord(**dict(row)) for row in rows}
    return {pair: known[pair[1]] for pair in seen if pair[1] in known}


async def campaigns_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, CampaignRecord]:
    """The windows, for whoever was handed a claim that was submitted under one."""
    rows = await sql.fetch(CAMPAIGNS_BY_ID, [key for _, key in pairs])
    known = {row["id"]: CampaignRecord(**dict(row)) for row in rows}
    return {pair: known[pair[1]] for pair in pairs if pair[1] in known}


async def skus_of_programs(
    sql: Source, pairs: Pairs, *, limit: int, after: tuple[str, str] | None = None
) -> Mapping[Pair, list[SkuRecord]]:
    """A page of each program's eligible SKUs, in order of SKU and first day."""
    sku, first_day = after or (None, None)
    day = date.fromisoformat(first_day) if first_day else None
    rows = await sql.fetch(SKUS, [key for _, key in pairs], sku, day, min(limit, PAGE_MAX))
    found = defaultdict[Pair, list[SkuRecord]](list)
    for row in rows:
        values: dict[str, Any] = dict(row)
        found[pairs[values.pop("place") - 1]].append(SkuRecord(**values))
    return found


def _conflict(row: Row) -> ConflictRecord:
    values: dict[str, Any] = dict(row)
    values.pop("place", None)
    values["keys"] = tuple(KeyRecord(kind=KeyKind(one["kind"]), value=one["value"]) for one in row["keys"])
    values["state"], values["relation"] = ConflictState(row["state"]), Relation(row["relation"])
    return ConflictRecord(**values)
