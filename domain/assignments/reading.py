"""Every question the face may ask of assignments: who is embedded where, and what was attained of which target."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor, Relation
from domain.assignments.machine import AssignmentAction, AssignmentState, available_actions
from domain.kernel.sql import Connection, Database, Row

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows

RELATION = relation_sql(member="assignment.member_id", partner="assignment.partner_id")
BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, assignment.*, {RELATION} AS relation
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN assignment ON assignment.id = asked.id) AS seen
WHERE relation IS NOT NULL
"""
PAGE = f"""
SELECT * FROM (
  SELECT assignment.*, {RELATION} AS relation FROM {VIEWERS} CROSS JOIN assignment
  WHERE ($6::text IS NULL OR assignment.state = $6) AND ($7::uuid IS NULL OR assignment.partner_id = $7)
    AND ($8::timestamptz IS NULL OR (assignment.recorded_at, assignment.id) < ($8, $9::uuid))) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at DESC, id DESC LIMIT $10
"""
# Whoever is or was embedded with the partner inside its dates sees the target.
EMBEDDED = """CASE WHEN EXISTS (
    SELECT FROM assignment JOIN assignment_span AS span ON span.assignment_id = assignment.id
    WHERE assignment.member_id = viewer.member_id AND assignment.partner_id = target.partner_id
      AND span.valid_from < target.ends_at AND span.valid_until > target.starts_at) THEN 'OWN' END"""
OF_TARGET = f"coalesce({relation_sql(member='NULL::uuid', partner='target.partner_id')}, {EMBEDDED})"
TARGET_BY_ID = f"""
SELECT * FROM (
  SELECT viewer.place, target.*, {OF_TARGET} AS relation
  FROM {VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, place) USING (place)
  JOIN assignment_target AS target ON target.id = asked.id) AS seen
WHERE relation IS NOT NULL
"""
TARGETS = f"""
SELECT * FROM (
  SELECT target.*, {OF_TARGET} AS relation FROM {VIEWERS} CROSS JOIN assignment_target AS target
  WHERE ($6::uuid IS NULL OR target.partner_id = $6)
    AND ($7::timestamptz IS NULL OR (target.recorded_at, target.id) < ($7, $8::uuid))) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at DESC, id DESC LIMIT $9
"""
MILESTONES = """
SELECT target_id, amount, reached_at FROM assignment_milestone WHERE target_id = ANY($1::uuid[])
ORDER BY target_id, amount
"""


@dataclass(frozen=True, kw_only=True)
class AssignmentRecord:
    """An assignment as this viewer may see it."""

    id: UUID
    partner_id: UUID
    member_id: UUID
    is_exclusive: bool
    weight: int
    monthly_cost: int
    starts_at: datetime
    ends_at: datetime
    state: AssignmentState
    recorded_at: datetime
    version: int
    relation: Relation
    available_actions: tuple[AssignmentAction, ...]


@dataclass(frozen=True, kw_only=True)
class TargetRecord:
    """A target as this viewer may see it."""

    id: UUID
    partner_id: UUID
    title: str
    activity_type: str
    currency: str
    partner_share_ppm: int
    starts_at: datetime
    ends_at: datetime
    attained: int
    cost: int
    recorded_at: datetime
    version: int
    relation: Relation


@dataclass(frozen=True, kw_only=True)
class MilestoneRecord:
    """A milestone of a target."""

    amount: int
    reached_at: datetime | None


async def assignments_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, AssignmentRecord]:
    """Those of the assignments that the actor may see."""
    rows = await source.fetch(BY_ID, *viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs])
    return {pairs[row["place"] - 1]: _assignment(row, pairs[row["place"] - 1][0]) for row in rows}


async def assignments_page(
    source: Source,
    actor: Actor,
    *,
    state: AssignmentState | None = None,
    partner_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_MAX,
) -> list[AssignmentRecord]:
    """A page of the assignments that the actor may see, newest first."""
    arguments = (state and state.value, partner_id, *(after or (None, None)), min(limit, PAGE_MAX))
    return [_assignment(row, actor) for row in await source.fetch(PAGE, *viewer_arguments([actor]), *arguments)]


async def targets_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, TargetRecord]:
    """Those of the targets that the actor may see."""
    asked = viewer_arguments(actor for actor, _ in pairs), [key for _, key in pairs]
    return {pairs[row["place"] - 1]: _target(row) for row in await source.fetch(TARGET_BY_ID, *asked[0], asked[1])}


async def targets_page(
    source: Source,
    actor: Actor,
    *,
    partner_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_MAX,
) -> list[TargetRecord]:
    """A page of the targets that the actor may see, newest first."""
    arguments = (partner_id, *(after or (None, None)), min(limit, PAGE_MAX))
    return [_target(row) for row in await source.fetch(TARGETS, *viewer_arguments([actor]), *arguments)]


async def milestones_of_targets(source: Source, pairs: Pairs) -> Mapping[Pair, Sequence[MilestoneRecord]]:
    """The milestones of each target that its actor was handed, lowest first, at most ten."""
    known = defaultdict[UUID, list[MilestoneRecord]](list)
    for row in await source.fetch(MILESTONES, [target_id for _, target_id in pairs]):
        known[row["target_id"]].append(MilestoneRecord(amount=row["amount"], reached_at=row["reached_at"]))
    return {pair: known[pair[1]] for pair in pairs}


def _assignment(row: Row, actor: Actor) -> AssignmentRecord:
    state, relation = AssignmentState(row["state"]), Relation(row["relation"])
    names = ("id", "partner_id", "member_id", "is_exclusive", "weight", "monthly_cost", "starts_at", "ends_at")
    return AssignmentRecord(
        **{name: row[name] for name in (*names, "recorded_at", "version")},
        state=state,
        relation=relation,
        available_actions=available_actions(state, relation=relation, role=actor.role),
    )


def _target(row: Row) -> TargetRecord:
    names = ("id", "partner_id", "title", "activity_type", "currency", "partner_share_ppm", "starts_at", "ends_at")
    more = ("attained", "cost", "recorded_at", "version")
    return TargetRecord(**{name: row[name] for name in (*names, *more)}, relation=Relation(row["relation"]))
