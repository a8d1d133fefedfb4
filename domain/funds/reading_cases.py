"""Every question about requests and claims: who sees which, their invoices, their proof, what was done with them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS
from domain.access.principals import Actor, Relation
from domain.files.reading import FileRecord, files_of
from domain.funds.fund import CLAIM_KIND, LineState
from domain.funds.machine import (
    OPEN_CLAIMS,
    ClaimAction,
    ClaimState,
    FundTurn,
    RequestAction,
    RequestState,
    claim_actions,
    claim_turn_of,
    request_actions,
    turn_of,
)
from domain.funds.sighting import fund_viewers, relation_to
from domain.kernel.sql import Connection, Database, Row
from domain.kernel.turns import Turn

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
STEPS_MAX = 50

RELATION = relation_to("request.partner_id")
OPEN = ", ".join(f"'{state.value}'" for state in OPEN_CLAIMS)
COLUMNS = f"""
request.*, fund.unit, guerdon_now() AS read_at, {RELATION} AS relation,
(SELECT array_agg(claim.state) FROM fund_claim AS claim
 WHERE claim.request_id = request.id AND claim.state IN ({OPEN})) AS claims
"""
# A draft is the partner's own.
SEEN = "relation IS NOT NULL AND (relation <> 'OPERATOR' OR submitted_at IS NOT NULL)"
REQUESTS_BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, {COLUMNS}
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN fund_request AS request ON request.id = asked.id JOIN fund ON fund.id = request.fund_id) AS seen
WHERE {SEEN}
"""
REQUESTS = f"""
SELECT * FROM (
  SELECT {COLUMNS} FROM {VIEWERS} CROSS JOIN fund_request AS request JOIN fund ON fund.id = request.fund_id
  WHERE ($6::text IS NULL OR request.state = $6) AND ($7::uuid IS NULL OR request.fund_id = $7)
    AND ($8::uuid IS NULL OR request.partner_id = $8)
    AND ($9::timestamptz IS NULL OR (request.queued_at, request.id) > ($9, $10::uuid))) AS seen
WHERE {SEEN} ORDER BY queued_at, id LIMIT $11
"""
CLAIM_RELATION = relation_to("claim.partner_id")
CLAIM_COLUMNS = f"claim.*, fund.unit, guerdon_now() AS read_at, {CLAIM_RELATION} AS relation"
CLAIMS_BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, {CLAIM_COLUMNS}
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN fund_claim AS claim ON claim.id = asked.id JOIN fund ON fund.id = claim.fund_id) AS seen
WHERE relation IS NOT NULL
"""
CLAIMS_OF = f"""
SELECT * FROM (
  SELECT viewer.place, {CLAIM_COLUMNS}
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN fund_claim AS claim ON claim.request_id = asked.id JOIN fund ON fund.id = claim.fund_id) AS seen
WHERE relation IS NOT NULL ORDER BY place, n
"""
CLAIMS = f"""
SELECT * FROM (
  SELECT {CLAIM_COLUMNS} FROM {VIEWERS} CROSS JOIN fund_claim AS claim JOIN fund ON fund.id = claim.fund_id
  WHERE ($6::text IS NULL OR claim.state = $6) AND ($7::uuid IS NULL OR claim.fund_id = $7)
    AND ($8::uuid IS NULL OR claim.partner_id = $8)
    AND ($9::timestamptz IS NULL OR (claim.submitted_at, claim.id) > ($9, $10::uuid))) AS seen
WHERE relation IS NOT NULL ORDER BY submitted_at, id LIMIT $11
"""
LINES = "SELECT * FROM fund_claim_line WHERE claim_id = ANY($1::uuid[]) ORDER BY claim_id, n"
STEPS = f"""
SELECT asked.id AS subject_id, step.* FROM unnest($1::uuid[]) AS asked (id)
CROSS JOIN LATERAL (SELECT version, action, state, is_vendor, note, recorded_at FROM fund_step
                    WHERE subject_id = asked.id ORDER BY version DESC LIMIT {STEPS_MAX}) AS step
ORDER BY asked.id, step.version
"""


@dataclass(frozen=True, kw_only=True)
class RequestRecord:
    """A request; `due_at` is by when the partner must act, as of when it was read."""

    id: UUID
    fund_id: UUID
    allocation_id: UUID
    partner_id: UUID
    member_id: UUID | None
    unit: str
    activity: str
    title: str
    starts_on: date
    ends_on: date
    cost: int
    currency: str
    cofund_ppm: int
    amount: int
    approved: int
    unclaimed: int
    state: RequestState
    turn: FundTurn | None
    due_at: datetime | None
    available_actions: tuple[RequestAction, ...]
    recorded_at: datetime
    queued_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class FundClaimRecord:
    """A claim against an approved request; `due_at` is by when the partner must answer, if they were asked."""

    id: UUID
    request_id: UUID
    fund_id: UUID
    partner_id: UUID
    unit: str
    n: int
    amount: int
    approved: int
    state: ClaimState
    turn: FundTurn | None
    due_at: datetime | None
    bank_reference: str | None
    activity_id: UUID | None
    available_actions: tuple[ClaimAction, ...]
    submitted_at: datetime
    decided_at: datetime | None
    paid_at: datetime | None
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class FundClaimLineRecord:
    """One invoice of a claim, with what became of it."""

    id: UUID
    claim_id: UUID
    n: int
    invoice: str
    invoiced_on: date
    cost: int
    currency: str
    cost_in_unit: int
    amount: int
    file_id: UUID | None
    state: LineState
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class FundStepRecord:
    """What was done with a request, a claim or an allocation, by which side, and what was said."""

    version: int
    action: str
    state: str
    is_vendor: bool
    note: str | None
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class CaseFilter:
    """Only those that match everything said."""

    state: str | None = None
    fund_id: UUID | None = None
    partner_id: UUID | None = None


async def requests_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, RequestRecord]:
    """Those of the requests that their actor may be handed."""
    rows = await sql.fetch(REQUESTS_BY_ID, *fund_viewers(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _request(row, pairs[row["place"] - 1][0]) for row in rows}


async def requests(
    sql: Source, actor: Actor, wanted: CaseFilter, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[RequestRecord]:
    """A page of all that the actor may be handed and that matches; those that wait longest first."""
    return [_request(row, actor) for row in await _page(sql, REQUESTS, actor, wanted, limit, after)]


async def claims_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, FundClaimRecord]:
    """Those of the claims that their actor may be handed."""
    rows = await sql.fetch(CLAIMS_BY_ID, *fund_viewers(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _claim(row, pairs[row["place"] - 1][0]) for row in rows}


async def claims_of_requests(sql: Source, pairs: Pairs) -> Mapping[Pair, list[FundClaimRecord]]:
    """Each request's claims in order, at most 100."""
    rows = await sql.fetch(CLAIMS_OF, *fund_viewers(actor for actor, _ in pairs), [key for _, key in pairs])
    found = defaultdict[Pair, list[FundClaimRecord]](list)
    for row in rows:
        pair = pairs[row["place"] - 1]
        found[pair].append(_claim(row, pair[0]))
    return found


async def claims(
    sql: Source, actor: Actor, wanted: CaseFilter, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[FundClaimRecord]:
    """A page of all that the actor may be handed and that matches; those that wait longest first."""
    return [_claim(row, actor) for row in await _page(sql, CLAIMS, actor, wanted, limit, after)]


async def lines_of_claims(sql: Source, pairs: Pairs) -> Mapping[Pair, list[FundClaimLineRecord]]:
    """Each claim's invoices in order, at most 10. Whoever asks was handed the claim."""
    found = defaultdict[UUID, list[FundClaimLineRecord]](list)
    for row in await sql.fetch(LINES, [key for _, key in pairs]):
        values: dict[str, Any] = {name: row[name] for name in FundClaimLineRecord.__dataclass_fields__}
        values["state"] = LineState(row["state"])
        found[row["claim_id"]].append(FundClaimLineRecord(**values))
    return {pair: found[pair[1]] for pair in pairs}


async def steps_of_cases(sql: Source, pairs: Pairs) -> Mapping[Pair, list[FundStepRecord]]:
    """The last 50 steps of each, in their order. Whoever asks was handed the request, claim or allocation."""
    found = defaultdict[UUID, list[FundStepRecord]](list)
    for row in await sql.fetch(STEPS, [key for _, key in pairs]):
        values: dict[str, Any] = {name: row[name] for name in FundStepRecord.__dataclass_fields__}
        found[row["subject_id"]].append(FundStepRecord(**values))
    return {pair: found[pair[1]] for pair in pairs}


async def files_of_fund_claims(sql: Source, pairs: Pairs) -> Mapping[Pair, list[FileRecord]]:
    """The proof of each claim that its actor may be handed, at most 20 files."""
    seen = await claims_by_id(sql, pairs)
    found = await files_of(sql, CLAIM_KIND, [claim_id for _, claim_id in seen])
    return {pair: found.get(pair[1], []) for pair in seen}


async def _page(
    sql: Source, statement: str, actor: Actor, wanted: CaseFilter, limit: int, after: tuple[datetime, UUID] | None
) -> list[Row]:
    at, last_id = after or (None, None)
    return await sql.fetch(
        statement,
        *fund_viewers([actor]),
        wanted.state,
        wanted.fund_id,
        wanted.partner_id,
        at,
        last_id,
        min(limit, PAGE_MAX),
    )


def _request(row: Row, actor: Actor) -> RequestRecord:
    state, relation = RequestState(row["state"]), Relation(row["relation"])
    open_claims = [ClaimState(one) for one in row["claims"] or ()]
    side = turn_of(state)
    due = None if side is None else Turn(due_at=row["due_at"], with_vendor_since=row["with_vendor_since"])
    told: dict[str, Any] = {
        "state": state,
        "relation": relation,
        "turn": side,
        "due_at": None if due is None else due.due_by(row["read_at"]),
        "available_actions": request_actions(state, open_claims, relation=relation, role=actor.role),
    }
    named = [name for name in RequestRecord.__dataclass_fields__ if name not in told]
    return RequestRecord(**{name: row[name] for name in named}, **told)


def _claim(row: Row, actor: Actor) -> FundClaimRecord:
    state, relation = ClaimState(row["state"]), Relation(row["relation"])
    told: dict[str, Any] = {
        "state": state,
        "relation": relation,
        "turn": claim_turn_of(state),
        "available_actions": claim_actions(state, relation=relation, role=actor.role),
    }
    named = [name for name in FundClaimRecord.__dataclass_fields__ if name not in told]
    return FundClaimRecord(**{name: row[name] for name in named}, **told)
