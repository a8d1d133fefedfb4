"""Every question the face may ask of claims: who sees which, their lines, steps and proof, and what may be claimed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.claims.claim import KIND, NamedRep
from domain.claims.machine import (
    ClaimAction,
    ClaimLineState,
    ClaimState,
    ClaimTurn,
    available_actions,
    turn_of,
)
from domain.claims.storing import reps_of
from domain.files.reading import FileRecord, files_of
from domain.kernel.sql import Connection, Database, Row
from domain.kernel.turns import Turn

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
STEPS_MAX = 50

RELATION = relation_sql(member="claim.member_id", partner="claim.partner_id")
COLUMNS = f"""
claim.*, guerdon_now() AS read_at, {RELATION} AS relation,
(SELECT array_agg(DISTINCT line.state) FROM claim_line AS line WHERE line.claim_id = claim.id) AS line_states,
EXISTS (SELECT FROM claim_conflict AS conflict
        WHERE conflict.second_claim_id = claim.id AND conflict.state = 'OPEN') AS is_contested
"""
# A draft is the rep's and the partner's own: the vendor sees what was submitted.
SEEN = "relation IS NOT NULL AND (relation <> 'OPERATOR' OR state <> 'DRAFT' AND submitted_at IS NOT NULL)"
BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, {COLUMNS}
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN claim ON claim.id = asked.id) AS seen
WHERE {SEEN}
"""
PAGE = f"""
SELECT * FROM (
  SELECT {COLUMNS} FROM {VIEWERS} CROSS JOIN claim
  WHERE ($6::text IS NULL OR claim.state = $6) AND ($7::uuid IS NULL OR claim.program_id = $7)
    AND ($8::uuid IS NULL OR claim.member_id = $8) AND ($9::uuid IS NULL OR claim.partner_id = $9)
    AND ($10::text[] IS NULL OR claim.state = ANY($10))
    AND ($11::timestamptz IS NULL OR (claim.queued_at, claim.id) {{past}} ($11, $12::uuid))) AS seen
WHERE {SEEN} AND ($13::bool IS NULL OR is_contested = $13) ORDER BY queued_at {{order}}, id {{order}} LIMIT $14
"""
LINES = f"""
SELECT viewer.place, line.*, claim.program_id
FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
JOIN claim ON claim.id = asked.id JOIN claim_line AS line ON line.claim_id = claim.id
WHERE {RELATION} IS NOT NULL ORDER BY viewer.place, line.n
"""
STEPS = f"""
SELECT viewer.place, step.* FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
JOIN claim ON claim.id = asked.id
CROSS JOIN LATERAL (SELECT version, action, state, is_vendor, note, recorded_at FROM claim_step
                    WHERE claim_id = claim.id ORDER BY version DESC LIMIT {STEPS_MAX}) AS step
WHERE {RELATION} IS NOT NULL ORDER BY viewer.place, step.version
"""


class ClaimSort(StrEnum):
    """The order of a page, by since when claims wait."""

    OLDEST = "OLDEST"
    NEWEST = "NEWEST"


@dataclass(frozen=True, kw_only=True)
class ClaimRecord:
    """A claim; `due_at` is by when the claimant must act, as of when it was read, None while nobody must."""

    id: UUID
    program_id: UUID
    campaign_id: UUID
    member_id: UUID
    partner_id: UUID | None
    state: ClaimState
    turn: ClaimTurn | None
    due_at: datetime | None
    is_contested: bool
    available_actions: tuple[ClaimAction, ...]
    recorded_at: datetime
    queued_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class ClaimLineRecord:
    """One product of a claim, with what became of it."""

    id: UUID
    claim_id: UUID
    program_id: UUID
    n: int
    sku: str
    quantity: int
    sold_on: date
    sold_at: datetime
    invoice: str
    serials: tuple[str, ...]
    amount: int | None
    currency: str | None
    reps: tuple[NamedRep, ...]
    state: ClaimLineState
    reason: str | None
    activity_id: UUID | None
    decided_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ClaimStepRecord:
    """What was done with a claim, by which side, and what was said."""

    version: int
    action: ClaimAction
    state: ClaimState
    is_vendor: bool
    note: str | None
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class ClaimFilter:
    """Only those that match everything said."""

    state: ClaimState | None = None
    turn: ClaimTurn | None = None
    program_id: UUID | None = None
    member_id: UUID | None = None
    partner_id: UUID | None = None
    is_contested: bool | None = None


async def claims_by_id(sql: Source, pairs: Pairs) -> Mapping[Pair, ClaimRecord]:
    """Those of the claims that their actor may be handed."""
    rows = await sql.fetch(BY_ID, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _claim(row, pairs[row["place"] - 1][0]) for row in rows}


async def claims(
    sql: Source,
    actor: Actor,
    wanted: ClaimFilter,
    *,
    sort: ClaimSort = ClaimSort.OLDEST,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> list[ClaimRecord]:
    """A page of all that the actor may be handed and that matches; those that wait longest first."""
    at, last_id = after or (None, None)
    past, order = (">", "ASC") if sort is ClaimSort.OLDEST else ("<", "DESC")
    turn = None if wanted.turn is None else [state for state in ClaimState if turn_of(state) is wanted.turn]
    rows = await sql.fetch(
        PAGE.format(past=past, order=order),
        *viewer_arguments([actor]),
        wanted.state,
        wanted.program_id,
        wanted.member_id,
        wanted.partner_id,
        turn,
        at,
        last_id,
        wanted.is_contested if actor.is_operator else None,
        min(limit, PAGE_MAX),
    )
    return [_claim(row, actor) for row in rows]


async def lines_of_claims(sql: Source, pairs: Pairs) -> Mapping[Pair, list[ClaimLineRecord]]:
    """Each claim's lines in order, at most 10."""
    rows = await sql.fetch(LINES, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    found = defaultdict[Pair, list[ClaimLineRecord]](list)
    for row in rows:
        values: dict[str, Any] = dict(row)
        pair = pairs[values.pop("place") - 1]
        values["serials"], values["reps"] = tuple(row["serials"]), reps_of(row["reps"])
        values["state"] = ClaimLineState(row["state"])
        found[pair].append(ClaimLineRecord(**values))
    return found


async def steps_of_claims(sql: Source, pairs: Pairs) -> Mapping[Pair, list[ClaimStepRecord]]:
    """The last 50 steps of each claim, in their order."""
    rows = await sql.fetch(STEPS, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    found = defaultdict[Pair, list[ClaimStepRecord]](list)
    for row in rows:
        values: dict[str, Any] = dict(row)
        pair = pairs[values.pop("place") - 1]
        values["action"], values["state"] = ClaimAction(row["action"]), ClaimState(row["state"])
        found[pair].append(ClaimStepRecord(**values))
    return found


async def files_of_claims(sql: Source, pairs: Pairs) -> Mapping[Pair, list[FileRecord]]:
    """The proof of each claim that its actor may be handed, at most 20 files."""
    seen = await claims_by_id(sql, pairs)
    found = await files_of(sql, KIND, [claim_id for _, claim_id in seen])
    return {pair: found.get(pair[1], []) for pair in seen}


def _claim(row: Row, actor: Actor) -> ClaimRecord:
    values: dict[str, Any] = dict(row)
    values.pop("place", None)
    read_at, since = values.pop("read_at"), values.pop("with_vendor_since")
    lines = [ClaimLineState(state) for state in values.pop("line_states") or ()]
    state, relation = ClaimState(row["state"]), Relation(row["relation"])
    turn = turn_of(state)
    due = None if turn is None else Turn(due_at=row["due_at"], with_vendor_since=since).due_by(read_at)
    actions = available_actions(state, lines, relation=relation, role=actor.role)
    values |= {"state": state, "relation": relation, "turn": turn, "due_at": due, "available_actions": actions}
    return ClaimRecord(**values)
