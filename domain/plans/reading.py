"""Every question the face may ask of plans: plans, objectives with their line, checkpoints, commitments, reviews."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from domain.access.ownership import VIEWERS, relation_sql, viewer_arguments
from domain.access.principals import Actor
from domain.earning.measuring import measured
from domain.kernel.sql import Connection, Database, Row
from domain.plans.records import (
    CheckpointRecord,
    CommitmentRecord,
    ObjectiveRecord,
    PlanRecord,
    ReviewRecord,
    RevisionRecord,
    ValueNow,
    checkpoint_record,
    commitment_record,
    objective_record,
    plan_record,
    review_record,
    revision_record,
)
from domain.plans.standing import objective_of

PAGE_MAX = 101  # a page of 100 and one more, which tells whether another follows
LISTED_MAX = 100

Source = Database | Connection
Pair = tuple[Actor, UUID]
Pairs = Sequence[Pair]
After = tuple[datetime, UUID] | None
RecordT = TypeVar("RecordT")

PLAN_RELATION = relation_sql(member="NULL::uuid", partner="plan.partner_id")
OBJECTIVE_RELATION = relation_sql(member="objective.member_id", partner="objective.partner_id")
ASKED = f"{VIEWERS} JOIN unnest($6::uuid[]) WITH ORDINALITY AS asked (id, asked_place) ON asked_place = place"

PLANS_BY_ID = f"""
SELECT * FROM (SELECT place, plan.*, {PLAN_RELATION} AS relation FROM {ASKED}
               JOIN joint_plan AS plan ON plan.id = asked.id) AS seen WHERE relation IS NOT NULL
"""
PLANS = f"""
SELECT * FROM (
  SELECT plan.*, {PLAN_RELATION} AS relation FROM {VIEWERS} CROSS JOIN joint_plan AS plan
  WHERE ($6::timestamptz IS NULL OR (plan.recorded_at, plan.id) < ($6, $7::uuid))
    AND ($8::text IS NULL OR plan.state = $8) AND ($9::uuid IS NULL OR plan.partner_id = $9)
    AND ($10::uuid IS NULL OR plan.program_id = $10)) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at DESC, id DESC LIMIT $11
"""
OBJECTIVE = f"""
SELECT objective.*, {OBJECTIVE_RELATION} AS relation, guerdon_now() AS now, successor.id AS replaced_by_id,
       of_plan.state AS plan_state, waiting.proposed_by AS waits_from
FROM plan_objective AS objective JOIN joint_plan AS of_plan ON of_plan.id = objective.plan_id
LEFT JOIN plan_objective AS successor ON successor.replaces_id = objective.id
LEFT JOIN plan_revision AS waiting ON waiting.objective_id = objective.id AND waiting.state = 'PROPOSED'"""
OBJECTIVES_BY_ID = f"""
SELECT place, seen.* FROM {ASKED} CROSS JOIN LATERAL ({OBJECTIVE} WHERE objective.id = asked.id) AS seen
WHERE seen.relation IS NOT NULL
"""
OBJECTIVES_OF_PLANS = f"""
SELECT place, seen.* FROM {ASKED} CROSS JOIN LATERAL (
    {OBJECTIVE} WHERE objective.plan_id = asked.id
    ORDER BY objective.recorded_at, objective.code, objective.id LIMIT {LISTED_MAX}
) AS seen
WHERE seen.relation IS NOT NULL ORDER BY place, seen.recorded_at, seen.code, seen.id
"""
OBJECTIVES = f"""
SELECT * FROM (
  SELECT {OBJECTIVE.strip().removeprefix("SELECT")} CROSS JOIN {VIEWERS}
  WHERE ($6::timestamptz IS NULL OR (objective.recorded_at, objective.id) < ($6, $7::uuid))
    AND ($8::text IS NULL OR objective.state = $8)) AS seen
WHERE relation IS NOT NULL ORDER BY recorded_at DESC, id DESC LIMIT $9
"""
SEEN_OBJECTIVES = f"""{ASKED} JOIN plan_objective AS objective ON objective.id = asked.id
AND {OBJECTIVE_RELATION} IS NOT NULL"""
CHECKPOINTS = f"""
SELECT place, checkpoint.* FROM {SEEN_OBJECTIVES} JOIN plan_checkpoint AS checkpoint
  ON checkpoint.objective_id = objective.id ORDER BY place, checkpoint.n
"""
REVISIONS = f"""
SELECT place, kept.* FROM {SEEN_OBJECTIVES} CROSS JOIN LATERAL (
    SELECT * FROM plan_revision WHERE objective_id = objective.id ORDER BY n DESC LIMIT {LISTED_MAX}) AS kept
ORDER BY place, kept.n DESC
"""
VALUES = f"SELECT place, objective.*, guerdon_now() AS now FROM {SEEN_OBJECTIVES} ORDER BY place"
SEEN_PLANS = f"{ASKED} JOIN joint_plan AS plan ON plan.id = asked.id AND {PLAN_RELATION} IS NOT NULL"
COMMITMENTS = f"""
SELECT place, commitment.*, {PLAN_RELATION} AS relation FROM {SEEN_PLANS} JOIN plan_commitment AS commitment
  ON commitment.plan_id = plan.id ORDER BY place, commitment.recorded_at, commitment.text, commitment.id
"""
REVIEWS = f"""
SELECT place, kept.*, {PLAN_RELATION} AS relation FROM {SEEN_PLANS} CROSS JOIN LATERAL (
    SELECT * FROM plan_review WHERE plan_id = plan.id ORDER BY period DESC LIMIT 20) AS kept
ORDER BY place, kept.period DESC
"""
REVIEWS_BY_ID = f"""
SELECT * FROM (SELECT place, review.*, {PLAN_RELATION} AS relation FROM {ASKED}
               JOIN plan_review AS review ON review.id = asked.id
               JOIN joint_plan AS plan ON plan.id = review.plan_id) AS seen WHERE relation IS NOT NULL
"""


async def plans_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, PlanRecord]:
    """Those of the plans that the actor may see."""
    return {pairs[row["place"] - 1]: plan_record(row) for row in await source.fetch(PLANS_BY_ID, *_asked(pairs))}


async def plans_page(
    source: Source,
    actor: Actor,
    *,
    limit: int,
    after: After = None,
    state: str | None = None,
    partner_id: UUID | None = None,
    program_id: UUID | None = None,
) -> list[PlanRecord]:
    """The plans this actor may see, newest first; `after` is (recorded_at, id)."""
    arguments = (*viewer_arguments([actor]), *(after or (None, None)), state, partner_id, program_id)
    return [plan_record(row) for row in await source.fetch(PLANS, *arguments, min(limit, PAGE_MAX))]


async def objectives_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, ObjectiveRecord]:
    """Those of the objectives that the actor may see."""
    rows = await source.fetch(OBJECTIVES_BY_ID, *_asked(pairs))
    return {pairs[row["place"] - 1]: objective_record(row) for row in rows}


async def objectives_of_plans(source: Source, pairs: Pairs) -> Mapping[Pair, list[ObjectiveRecord]]:
    """The objectives of each plan, the oldest first, then by code, at most 100."""
    return _grouped(pairs, await source.fetch(OBJECTIVES_OF_PLANS, *_asked(pairs)), objective_record)


async def objectives_page(
    source: Source, actor: Actor, *, limit: int, after: After = None, state: str | None = None
) -> list[ObjectiveRecord]:
    """The objectives this actor may see, newest first: a member's own, a partner's, a portfolio's."""
    arguments = (*viewer_arguments([actor]), *(after or (None, None)), state, min(limit, PAGE_MAX))
    return [objective_record(row) for row in await source.fetch(OBJECTIVES, *arguments)]


async def checkpoints_of_objectives(source: Source, pairs: Pairs) -> Mapping[Pair, list[CheckpointRecord]]:
    """The checkpoints of each objective in order, at most 60."""
    return _grouped(pairs, await source.fetch(CHECKPOINTS, *_asked(pairs)), checkpoint_record)


async def revisions_of_objectives(source: Source, pairs: Pairs) -> Mapping[Pair, list[RevisionRecord]]:
    """The revisions proposed for each objective, the newest first, at most 100."""
    return _grouped(pairs, await source.fetch(REVISIONS, *_asked(pairs)), revision_record)


async def values_now(source: Source, pairs: Pairs) -> Mapping[Pair, ValueNow]:
    """What each objective's metric measures by all that is known now, also after it closed."""
    rows = await source.fetch(VALUES, *_asked(pairs))
    objectives = [(row, objective_of(row)) for row in rows]
    values = await measured(source, [one.measured_at(row["now"]) for row, one in objectives])
    return {
        pairs[row["place"] - 1]: ValueNow(value=value, uplift=value - one.line.baseline)
        for (row, one), value in zip(objectives, values, strict=True)
    }


async def commitments_of_plans(source: Source, pairs: Pairs) -> Mapping[Pair, list[CommitmentRecord]]:
    """Both sides' commitments of each plan, the oldest first, at most 50."""
    return _grouped(pairs, await source.fetch(COMMITMENTS, *_asked(pairs)), commitment_record)


async def reviews_of_plans(source: Source, pairs: Pairs) -> Mapping[Pair, list[ReviewRecord]]:
    """The frozen reviews of each plan, the newest first, at most 20."""
    return _grouped(pairs, await source.fetch(REVIEWS, *_asked(pairs)), review_record)


async def reviews_by_id(source: Source, pairs: Pairs) -> Mapping[Pair, ReviewRecord]:
    """Those of the reviews that the actor may see."""
    return {pairs[row["place"] - 1]: review_record(row) for row in await source.fetch(REVIEWS_BY_ID, *_asked(pairs))}


def _asked(pairs: Pairs) -> tuple[Any, ...]:
    return *viewer_arguments(pair[0] for pair in pairs), [pair[1] for pair in pairs]


def _grouped(pairs: Pairs, rows: Sequence[Row], record: Callable[[Row], RecordT]) -> Mapping[Pair, list[RecordT]]:
    found = defaultdict[Pair, list[RecordT]](list)
    for row in rows:
        found[pairs[row["place"] - 1]].append(record(row))
    return found
