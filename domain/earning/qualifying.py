"""Evaluates tiers when their calendar says so: metrics by set, then a decision for each partner; a bounded step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.earning.evaluating import Knowledge
from domain.earning.measuring import Measured, MeasuredKind, measured
from domain.earning.memberships import Membership, Move, membership_of, move_in, tell_at_risk
from domain.earning.tiers import Standing, Tiers, after_override, evaluated, warns_at
from domain.earning.topping_up import Held, top_up_in
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Row

PARTNERS_STEP_MAX = 500

DUE = """
-- lock: tier_set
SELECT * FROM tier_set WHERE look_at <= $1 OR EXISTS (
    SELECT FROM tier_membership WHERE set_id = tier_set.id AND valid_until IS NULL AND tier_membership.look_at <= $1)
ORDER BY look_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""
ENDING = """
SELECT * FROM tier_membership WHERE set_id = $1 AND valid_until IS NULL AND look_at <= $2
ORDER BY look_at, partner_id LIMIT $3
"""
HOLDING = """
SELECT * FROM tier_membership WHERE set_id = $1 AND valid_until IS NULL AND tier IS NOT NULL AND state <> 'GRACE'
    AND reason <> 'OVERRIDE' AND ($2::uuid IS NULL OR partner_id > $2)
ORDER BY partner_id LIMIT $3
"""
# Each partner with the span that stands now, and the tier that it had at the evaluation before.
PARTNERS = """
SELECT partner.id AS of_partner, now_held.*, held_then.tier AS tier_then, held_then.id IS NOT NULL AS was_there
FROM (SELECT id FROM partner WHERE $2::uuid IS NULL OR id > $2 ORDER BY id LIMIT $3) AS partner
LEFT JOIN tier_membership AS now_held
  ON now_held.set_id = $1 AND now_held.partner_id = partner.id AND now_held.valid_until IS NULL
LEFT JOIN tier_membership AS held_then
  ON held_then.set_id = $1 AND held_then.partner_id = partner.id AND held_then.valid_from <= $4
  AND (held_then.valid_until IS NULL OR held_then.valid_until > $4)
ORDER BY partner.id
"""
ADVANCE = "UPDATE tier_set SET after_partner = $2 WHERE id = $1"
WARNED = "UPDATE tier_set SET after_partner = NULL, look_at = evaluates_at WHERE id = $1"
EVALUATED = """
UPDATE tier_set SET after_partner = NULL, evaluated_at = evaluates_at, evaluates_at = $2, look_at = $3 WHERE id = $1
"""


@dataclass(frozen=True, kw_only=True)
class TierSetRow:
    """A set of tiers as an evaluation reads it."""

    id: UUID
    code: str
    fact_kind: str
    tiers: Tiers
    evaluates_at: datetime
    evaluated_at: datetime | None
    look_at: datetime
    after_partner: UUID | None


async def evaluate_due(door: Door, knowledge: Knowledge, *, batch_max: int = PARTNERS_STEP_MAX) -> int:
    """A step: of one set whose time has come, up to 500 partners are warned or evaluated, or their grace or override
    ends; in order of time. Answers how many were looked at, 1 for a pass that found nobody; 0 with nothing to do.
    """

    async def work(op: Operation) -> int:
        row = await op.sql.fetchrow(DUE, op.now)
        if row is None:
            return 0
        found = set_of(row)
        ending = await op.sql.fetch(ENDING, found.id, min(op.now, found.evaluates_at), batch_max)
        if ending:
            return await _end_in(op, found, [membership_of(each) for each in ending])
        if found.look_at < found.evaluates_at:
            return await _warn_in(op, found, batch_max)
        return await _evaluate_in(op, knowledge, found, batch_max)

    return await door.operate(SYSTEM, work)


def set_of(row: Row) -> TierSetRow:
    """The set in a row of its table."""
    return TierSetRow(
        id=row["id"],
        code=row["code"],
        fact_kind=row["fact_kind"],
        tiers=Tiers.from_json(row["document"]),
        evaluates_at=row["evaluates_at"],
        evaluated_at=row["evaluated_at"],
        look_at=row["look_at"],
        after_partner=row["after_partner"],
    )


def next_look(tiers: Tiers, evaluates_at: datetime, after: datetime) -> datetime:
    """When there is something to do next: the warning before the evaluation if it lies ahead, else the evaluation."""
    warned = warns_at(tiers, evaluates_at)
    return warned if warned is not None and after < warned else evaluates_at


async def values_in(
    op: Operation, tiers: Tiers, asked: Sequence[tuple[UUID, datetime, datetime]]
) -> list[Mapping[str, int]]:
    """For each (partner, start, end) the value of every metric of the set, in the same order."""
    questions = [
        Measured(kind=MeasuredKind.PARTNER, subject_id=partner_id, metric=metric, start=start, end=end)
        for partner_id, start, end in asked
        for metric in tiers.metrics.values()
    ]
    found = await measured(op.sql, questions)
    width = len(tiers.metrics)
    return [
        dict(zip(tiers.metrics, found[place * width : (place + 1) * width], strict=True)) for place in range(len(asked))
    ]


def ended(tiers: Tiers, before: Membership, values: Mapping[str, int], at: datetime) -> Standing:
    """What stands once the membership's override, or its grace, has come to its end."""
    if before.is_override:
        return after_override(tiers, before.earned_before, values, at)
    return evaluated(tiers, before.standing, values, at)


async def _end_in(op: Operation, found: TierSetRow, memberships: Sequence[Membership]) -> int:
    dated = [(one, one.standing.look_at) for one in memberships if one.standing.look_at is not None]
    values = await values_in(op, found.tiers, [(one.partner_id, found.tiers.window(at), at) for one, at in dated])
    moves = [
        Move(partner_id=one.partner_id, before=one, after=ended(found.tiers, one, known, at), values=known, at=at)
        for (one, at), known in zip(dated, values, strict=True)
    ]
    await move_in(op, found.id, found.fact_kind, found.tiers, moves)
    return len(moves)


async def _warn_in(op: Operation, found: TierSetRow, batch_max: int) -> int:
    """Who would fall at the next evaluation, by what is known today, is told; a warning changes nothing."""
    tiers, at = found.tiers, found.evaluates_at
    rows = await op.sql.fetch(HOLDING, found.id, found.after_partner, batch_max)
    memberships = [membership_of(row) for row in rows]
    values = await values_in(op, tiers, [(one.partner_id, tiers.window(at), at) for one in memberships])
    for one, known in zip(memberships, values, strict=True):
        if not tiers.stays(tiers.place(one.standing.tier), known):
            move = Move(partner_id=one.partner_id, before=one, after=one.standing, values=known, at=at)
            tell_at_risk(op, found.id, tiers, one.id, move, at)
    if len(rows) < batch_max:
        await op.sql.execute(WARNED, found.id)
    else:
        await op.sql.execute(ADVANCE, found.id, memberships[-1].partner_id)
    return len(rows) or 1


async def _evaluate_in(op: Operation, knowledge: Knowledge, found: TierSetRow, batch_max: int) -> int:
    tiers, at = found.tiers, found.evaluates_at
    rows = await op.sql.fetch(PARTNERS, found.id, found.after_partner, batch_max, found.evaluated_at or at)
    values = await values_in(op, tiers, [(row["of_partner"], tiers.window(at), at) for row in rows])
    moves = list[Move]()
    for row, known in zip(rows, values, strict=True):
        before = None if row["id"] is None else membership_of(row)
        if before is not None and (before.valid_from >= at or before.is_override):
            continue  # what began later is not rewritten, what was set by hand has its own end
        after = evaluated(tiers, before and before.standing, known, at)
        moves.append(Move(partner_id=row["of_partner"], before=before, after=after, values=known, at=at))
    await move_in(op, found.id, found.fact_kind, tiers, moves)
    if found.evaluated_at is not None and tiers.top_up is not None:
        held = [Held(partner_id=row["of_partner"], tier=row["tier_then"]) for row in rows if row["was_there"]]
        then = found.evaluated_at
        past = await values_in(op, tiers, [(one.partner_id, tiers.window(then), then) for one in held])
        await top_up_in(op, knowledge, (found.id, found.code), tiers, list(zip(held, past, strict=True)), (then, at))
    if len(rows) < batch_max:
        following = tiers.next_evaluation(at)
        await op.sql.execute(EVALUATED, found.id, following, next_look(tiers, following, at))
    else:
        await op.sql.execute(ADVANCE, found.id, rows[-1]["of_partner"])
    return len(rows) or 1
