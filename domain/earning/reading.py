"""What the face may ask of earning: awards with their lots, what each activity was due and why, reversals of awards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.earning.explanation import as_of
from domain.kernel.sql import Connection, Database, Row

AWARDS_PER_PARENT_MAX = 100
REVERSALS_PER_AWARD_MAX = 100


class AwardState(StrEnum):
    """Where most of an award stands: the first of these of which its lot still holds a part.

    HELD, PAYABLE, PENDING, AVAILABLE; with none of them left, what took the largest part: SPENT (redeemed, paid or
    settled a debt), EXPIRED or REVERSED.
    """

    PENDING = "PENDING"
    AVAILABLE = "AVAILABLE"
    HELD = "HELD"
    PAYABLE = "PAYABLE"
    SPENT = "SPENT"
    EXPIRED = "EXPIRED"
    REVERSED = "REVERSED"


class DueOutcome(StrEnum):
    """GRANTED in full, TRIMMED (granted less than the rule alone would give), or NOTHING."""

    GRANTED = "GRANTED"
    TRIMMED = "TRIMMED"
    NOTHING = "NOTHING"


@dataclass(frozen=True, kw_only=True)
class LotParts:
    """Where an award's points are now; the parts sum to `amount`."""

    id: UUID
    award_id: UUID
    program_id: UUID
    amount: int
    pending: int
    available: int
    held: int
    payable: int
    redeemed: int
    paid: int
    expired: int
    reversed: int
    settled: int
    matures_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AwardRecord:
    """Points granted once; `explanation` is a list of {code, …facts}."""

    id: UUID
    due_id: UUID
    n: int
    program_id: UUID
    terms_id: UUID
    wallet_id: UUID
    member_id: UUID | None
    partner_id: UUID | None
    activity_id: UUID | None
    milestone: str | None
    rule: str
    unit: str
    amount: int
    reversed_total: int
    occurred_at: datetime
    recorded_at: datetime
    explanation: Sequence[Mapping[str, Any]]
    lot: LotParts
    state: AwardState
    version: int
    relation: Relation

    @property
    def remaining(self) -> int:
        """What the award still stands at."""
        return self.amount - self.reversed_total


@dataclass(frozen=True, kw_only=True)
class DueRecord:
    """What one activity or milestone is due under one rule for one beneficiary, and why; also why nothing."""

    id: UUID
    program_id: UUID
    terms_id: UUID
    rule: str
    activity_id: UUID | None
    milestone: str | None
    member_id: UUID | None
    partner_id: UUID | None
    unit: str
    own_due: int
    due: int
    granted: int
    deal_key: str | None
    stacking_group: str | None
    occurred_at: datetime
    recorded_at: datetime
    explanation: Sequence[Mapping[str, Any]]
    relation: Relation

    @property
    def outcome(self) -> DueOutcome:
        """How the due ended."""
        if self.granted == 0:
            return DueOutcome.NOTHING
        return DueOutcome.GRANTED if self.granted == self.own_due else DueOutcome.TRIMMED


@dataclass(frozen=True, kw_only=True)
class AwardReversalRecord:
    """A part of an award that was taken back for one cause."""

    id: UUID
    award_id: UUID
    amount: int
    cause_id: UUID
    reason: str | None
    recorded_at: datetime


# One row per (actor, parent) pair; the place of a pair counts from 1.
ASKED = f"{VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, asked_place) ON asked_place = place"
AWARD_MEMBER = "CASE WHEN wallet.owner_kind = 'MEMBER' THEN wallet.owner_id END"
# A key that is bound to a source sees what the activities of that source made.
AWARD_RELATION = relation_sql(member=AWARD_MEMBER, partner="belonging.partner_id", source="activity.source_id")
LOT_PARTS = ("pending", "available", "held", "payable", "redeemed", "paid", "expired", "reversed", "settled")
AWARD = f"""
SELECT award.id, award.due_id, award.n, award.program_id, due.terms_id, award.wallet_id, {AWARD_MEMBER} AS member_id,
       CASE WHEN wallet.owner_kind = 'PARTNER' THEN wallet.owner_id END AS partner_id, due.activity_id, due.milestone,
       due.rule, wallet.unit, award.amount, award.reversed_total, award.occurred_at, award.recorded_at,
       award.explanation, lot.id AS lot_id, {", ".join(f"lot.{part}" for part in LOT_PARTS)}, lot.matures_at,
       lot.expires_at, wallet.seq AS version, {AWARD_RELATION} AS relation
FROM award JOIN due ON due.id = award.due_id JOIN wallet ON wallet.id = award.wallet_id
     JOIN lot ON lot.award_id = award.id LEFT JOIN belonging ON belonging.subject_id = wallet.owner_id
     LEFT JOIN activity ON activity.id = due.activity_id"""
KEYSET = "($7::timestamptz IS NULL OR (award.recorded_at, award.id) < ($7, $8::uuid))"
NEWEST = "ORDER BY award.recorded_at DESC, award.id DESC LIMIT $9"

AWARDS_BY_ID = f"""
SELECT place, seen.* FROM {ASKED} CROSS JOIN LATERAL ({AWARD} WHERE award.id = asked.id) AS seen
WHERE seen.relation IS NOT NULL
"""
AWARDS_OF_WALLETS = f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL (
    {AWARD} WHERE award.wallet_id = asked.id AND {KEYSET} AND ($10::uuid IS NULL OR award.program_id = $10)
    {NEWEST}) AS page
WHERE page.relation IS NOT NULL ORDER BY place, page.recorded_at DESC, page.id DESC
"""
AWARDS_OF_OWNERS = f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL (
    {AWARD} WHERE award.wallet_id = ANY(ARRAY(SELECT own.id FROM wallet AS own WHERE own.owner_id = asked.id))
        AND {KEYSET} AND ($10::uuid IS NULL OR award.program_id = $10) {NEWEST}) AS page
WHERE page.relation IS NOT NULL ORDER BY place, page.recorded_at DESC, page.id DESC
"""
AWARDS_OF_ACTIVITIES = f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL (
    {AWARD} WHERE due.activity_id = asked.id ORDER BY award.recorded_at, award.id LIMIT {AWARDS_PER_PARENT_MAX}) AS page
WHERE page.relation IS NOT NULL ORDER BY place
"""
AWARDS_OF_DUES = f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL (
    {AWARD} WHERE award.due_id = asked.id ORDER BY award.n LIMIT {AWARDS_PER_PARENT_MAX}) AS page
WHERE page.relation IS NOT NULL ORDER BY place
"""

After = tuple[datetime, UUID] | None
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]


async def awards_by_id(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, AwardRecord]:
    """Those of the awards that the actor may see."""
    rows = await sql.fetch(AWARDS_BY_ID, *_asked(pairs))
    return {pairs[row["place"] - 1]: _award(row) for row in rows}


async def awards_of_wallets(
    sql: Database | Connection,
    pairs: Pairs,
    *,
    limit: int,
    after: After = None,
    program_id: UUID | None = None,
) -> Mapping[Pair, list[AwardRecord]]:
    """A page of each wallet's awards, last recorded first; `after` is (recorded_at, id)."""
    rows = await sql.fetch(AWARDS_OF_WALLETS, *_asked(pairs), *(after or (None, None)), limit, program_id)
    return _grouped(pairs, rows)


async def awards_of_owners(
    sql: Database | Connection,
    pairs: Pairs,
    *,
    limit: int,
    after: After = None,
    program_id: UUID | None = None,
) -> Mapping[Pair, list[AwardRecord]]:
    """A page of each member's or partner's awards over all units, last recorded first; `after` is (recorded_at, id)."""
    rows = await sql.fetch(AWARDS_OF_OWNERS, *_asked(pairs), *(after or (None, None)), limit, program_id)
    return _grouped(pairs, rows)


async def awards_of_activities(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, list[AwardRecord]]:
    """The first hundred awards that each activity made, for whom the actor may see."""
    return _grouped(pairs, await sql.fetch(AWARDS_OF_ACTIVITIES, *_asked(pairs)))


async def awards_of_dues(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, list[AwardRecord]]:
    """The first hundred awards of each due, in order of n."""
    return _grouped(pairs, await sql.fetch(AWARDS_OF_DUES, *_asked(pairs)))


REVERSALS = f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL ({AWARD} WHERE award.id = asked.id) AS seen CROSS JOIN LATERAL (
    SELECT reversal.id, reversal.award_id, reversal.amount, reversal.cause_id, transaction.reason, reversal.recorded_at
    FROM reversal JOIN transaction ON transaction.id = reversal.transaction_id WHERE reversal.award_id = seen.id
    ORDER BY reversal.recorded_at, reversal.id LIMIT {REVERSALS_PER_AWARD_MAX}) AS page
WHERE seen.relation IS NOT NULL
"""


async def reversals_of(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, list[AwardReversalRecord]]:
    """What was taken back of each award, oldest first, at most a hundred."""
    found: dict[Pair, list[AwardReversalRecord]] = {}
    for row in await sql.fetch(REVERSALS, *_asked(pairs)):
        found.setdefault(pairs[row["place"] - 1], []).append(
            AwardReversalRecord(**{name: row[name] for name in AwardReversalRecord.__dataclass_fields__})
        )
    return found


DUE_MEMBER = "CASE WHEN due.beneficiary_kind = 'MEMBER' THEN due.beneficiary_id END"
DUE_RELATION = relation_sql(member=DUE_MEMBER, partner="belonging.partner_id", source="activity.source_id")
DUE = f"""
SELECT due.id, due.program_id, due.terms_id, due.rule, due.activity_id, due.milestone, {DUE_MEMBER} AS member_id,
       CASE WHEN due.beneficiary_kind = 'PARTNER' THEN due.beneficiary_id END AS partner_id, due.beneficiary_id,
       due.unit, due.own_due, due.due, due.granted, due.deal_key, due.stacking_group, due.occurred_at, due.recorded_at,
       due.explanation, guerdon_now() AS told_at, {DUE_RELATION} AS relation
FROM due LEFT JOIN belonging ON belonging.subject_id = due.beneficiary_id
     LEFT JOIN activity ON activity.id = due.activity_id"""
DUES_BY_ID = f"""
SELECT place, seen.* FROM {ASKED} CROSS JOIN LATERAL ({DUE} WHERE due.id = asked.id) AS seen
WHERE seen.relation IS NOT NULL
"""
DUES_OF_ACTIVITIES = f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL (
    {DUE} WHERE due.activity_id = asked.id ORDER BY due.program_id, due.rule, due.id
    LIMIT {AWARDS_PER_PARENT_MAX}) AS page
WHERE page.relation IS NOT NULL ORDER BY place
"""
DUES_OF_BENEFICIARIES = f"""
SELECT place, page.* FROM {ASKED} CROSS JOIN LATERAL (
    {DUE} WHERE due.beneficiary_id = asked.id
        AND ($7::timestamptz IS NULL OR (due.occurred_at, due.id) < ($7, $8::uuid))
        AND ($10::uuid IS NULL OR due.program_id = $10)
        AND ($11::text IS NULL OR $11 = CASE WHEN due.granted = 0 THEN 'NOTHING'
             WHEN due.granted = due.own_due THEN 'GRANTED' ELSE 'TRIMMED' END)
    ORDER BY due.occurred_at DESC, due.id DESC LIMIT $9) AS page
WHERE page.relation IS NOT NULL ORDER BY place, page.occurred_at DESC, page.id DESC
"""


async def dues_by_id(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, DueRecord]:
    """Those of the dues that the actor may see."""
    rows = await sql.fetch(DUES_BY_ID, *_asked(pairs))
    return {pairs[row["place"] - 1]: _due(row) for row in rows}


async def dues_of_activities(sql: Database | Connection, pairs: Pairs) -> Mapping[Pair, list[DueRecord]]:
    """What each activity was due under every rule it met, awards and non-awards, at most a hundred."""
    found: dict[Pair, list[DueRecord]] = {}
    for row in await sql.fetch(DUES_OF_ACTIVITIES, *_asked(pairs)):
        found.setdefault(pairs[row["place"] - 1], []).append(_due(row))
    return found


async def dues_of_beneficiaries(
    sql: Database | Connection,
    pairs: Pairs,
    *,
    limit: int,
    after: After = None,
    program_id: UUID | None = None,
    outcome: DueOutcome | None = None,
) -> Mapping[Pair, list[DueRecord]]:
    """A page of what each member or partner was due, latest occurrence first; `after` is (occurred_at, id)."""
    rows = await sql.fetch(
        DUES_OF_BENEFICIARIES,
        *_asked(pairs),
        *(after or (None, None)),
        limit,
        program_id,
        outcome,
    )
    found: dict[Pair, list[DueRecord]] = {}
    for row in rows:
        found.setdefault(pairs[row["place"] - 1], []).append(_due(row))
    return found


def award_state(parts: Mapping[str, int]) -> AwardState:
    """The documented fold of a lot's parts into one word: see AwardState."""
    for state in (AwardState.HELD, AwardState.PAYABLE, AwardState.PENDING, AwardState.AVAILABLE):
        if parts[state.lower()] > 0:
            return state
    spent = parts["redeemed"] + parts["paid"] + parts["settled"]
    ends = ((spent, AwardState.SPENT), (parts["expired"], AwardState.EXPIRED), (parts["reversed"], AwardState.REVERSED))
    return max(ends, key=lambda end: end[0])[1]


def _asked(pairs: Pairs) -> tuple[object, ...]:
    return *viewer_arguments(pair[0] for pair in pairs), [pair[1] for pair in pairs]


def _award(row: Row) -> AwardRecord:
    parts = {part: row[part] for part in LOT_PARTS}
    lot = LotParts(
        id=row["lot_id"],
        award_id=row["id"],
        program_id=row["program_id"],
        amount=row["amount"],
        matures_at=row["matures_at"],
        expires_at=row["expires_at"],
        **parts,
    )
    taken = {"lot", "state", "relation"}
    fields = {name: row[name] for name in AwardRecord.__dataclass_fields__ if name not in taken}
    return AwardRecord(**fields, lot=lot, state=award_state(parts), relation=Relation(row["relation"]))


def _due(row: Row) -> DueRecord:
    taken = {"explanation", "relation"}
    fields = {name: row[name] for name in DueRecord.__dataclass_fields__ if name not in taken}
    explanation = as_of(row["explanation"], row["told_at"])
    return DueRecord(**fields, explanation=explanation, relation=Relation(row["relation"]))


def _grouped(pairs: Pairs, rows: Sequence[Row]) -> Mapping[Pair, list[AwardRecord]]:
    found: dict[Pair, list[AwardRecord]] = {}
    for row in rows:
        found.setdefault(pairs[row["place"] - 1], []).append(_award(row))
    return found
