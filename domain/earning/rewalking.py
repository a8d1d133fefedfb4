"""What was learned late changes what it should: units that could have known it are walked again, step by step."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.earning.evaluating import Knowledge, evaluate_again
from domain.earning.events import UNIT_REWALKED
from domain.earning.granting import grant_in
from domain.earning.tally import UNIT_ACTIVITIES_MAX
from domain.kernel.ids import new_id, new_ids
from domain.kernel.late import About, LateTruth, look_in, take_in
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import json_texts
from domain.programs.matching import TermsCache, terms_reading

UNITS_MAX = 50
ACTIVITIES_MAX = UNIT_ACTIVITIES_MAX

WAITING = "SELECT EXISTS (SELECT FROM late_truth) AS truths, EXISTS (SELECT FROM rewalk) AS units"

# A unit's activities are those it has a due for; a milestone's due has none, the activity that reached it has.
OF_FACTS = """
SELECT DISTINCT due.tally_id
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])
     AS late (subject_id, kind, true_from, true_until)
CROSS JOIN LATERAL (
    SELECT id FROM activity WHERE member_id = late.subject_id
           AND occurred_at >= late.true_from AND (late.true_until IS NULL OR occurred_at < late.true_until)
    UNION
    SELECT id FROM activity WHERE partner_id = late.subject_id
           AND occurred_at >= late.true_from AND (late.true_until IS NULL OR occurred_at < late.true_until)) AS known
JOIN due ON due.activity_id = known.id
JOIN unnest($5::uuid[], $6::text[], $7::text[]) AS reads (terms_id, rule, kind)
     ON reads.terms_id = due.terms_id AND reads.rule = due.rule AND reads.kind = late.kind
"""
# A deal without a NET does not say which rate it lacked.
OF_RATES = """
SELECT DISTINCT due.tally_id
FROM unnest($1::text[], $2::timestamptz[]) AS late (lacked, true_from)
JOIN due ON due.occurred_at >= late.true_from
     AND (explanation @> '[{"code": "RATE_MISSING"}]' OR explanation @> '[{"code": "STACKING_NET_MISSING"}]')
     AND (explanation @> late.lacked::jsonb OR explanation @> '[{"code": "STACKING_NET_MISSING"}]')
"""
ASK = """
INSERT INTO rewalk (id, tally_id, activities, attempts, recorded_at)
SELECT asked.id, tally.id, tally.activities, 0, $3
FROM unnest($1::uuid[], $2::uuid[]) AS asked (id, tally_id) JOIN tally ON tally.id = asked.tally_id ORDER BY tally.id
ON CONFLICT (tally_id) DO NOTHING
"""
NEXT = """
SELECT id, tally_id, activities, attempts FROM rewalk ORDER BY attempts, recorded_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
DONE = "DELETE FROM rewalk WHERE id = ANY($1::uuid[])"
FAILED = "UPDATE rewalk SET attempts = attempts + 1 WHERE id = ANY($1::uuid[])"


@dataclass(kw_only=True)
class Turn:
    """What one walk took up, so that what fails can be put behind the others."""

    ids: list[UUID] = field(default_factory=list[UUID])


async def rewalk_due(door: Door, knowledge: Knowledge) -> int:
    """A step: new truths are seen, seen ones name the units that could have known them, and some units are walked
    again (at most 50, of at most 10,000 activities together, or one); answers how many of all these moved.

    Each of the three is an operation of its own and may be repeated: a truth leaves with the units it named, a unit
    with its walk. A unit that fails goes behind the others.
    """
    waiting = await door.database.fetchrow(WAITING)
    assert waiting is not None, "a question without FROM has one row"
    moved = 0
    if waiting["truths"]:
        moved += await door.operate(SYSTEM, look_in)
        moved += await door.operate(SYSTEM, lambda op: _ask_in(op, knowledge.terms))
    if moved or waiting["units"]:
        moved += await _walk_some(door, knowledge)
    return moved


async def _ask_in(op: Operation, terms: TermsCache) -> int:
    truths = await take_in(op)
    if not truths:
        return 0
    units = await _units_of_facts(op, terms, [truth for truth in truths if truth.about is About.FACT])
    units |= await _units_of_rates(op, [truth for truth in truths if truth.about is About.RATE])
    if units:
        await op.sql.execute(ASK, new_ids(len(units)), sorted(units), op.now)
    return len(truths)


async def _units_of_facts(op: Operation, cache: TermsCache, facts: Sequence[LateTruth]) -> set[UUID]:
    reads = await terms_reading(op.sql, cache, {fact.kind for fact in facts})
    if not reads:
        return set()
    read_kinds = {kind for _, _, kind in reads}
    told = [(fact.subject_id, fact.kind, fact.true_from, fact.true_until) for fact in facts if fact.kind in read_kinds]
    rows = await op.sql.fetch(OF_FACTS, *map(list, zip(*told, strict=True)), *map(list, zip(*reads, strict=True)))
    return {row["tally_id"] for row in rows}


async def _units_of_rates(op: Operation, rates: Sequence[LateTruth]) -> set[UUID]:
    if not rates:
        return set()
    pairs = [rate.kind.split("/") for rate in rates]
    lacked = json_texts([{"code": "RATE_MISSING", "facts": {"from_unit": of, "to_unit": to}}] for of, to in pairs)
    rows = await op.sql.fetch(OF_RATES, lacked, [rate.true_from for rate in rates])
    return {row["tally_id"] for row in rows}


async def _walk_some(door: Door, knowledge: Knowledge) -> int:
    turn = Turn()
    try:
        return await door.operate(SYSTEM, lambda op: _walk_in(op, knowledge, turn))
    except Exception:  # what fails must not stand before the rest for ever; the trouble itself is told as it is
        await door.operate(SYSTEM, lambda op: op.sql.execute(FAILED, turn.ids))
        raise


async def _walk_in(op: Operation, knowledge: Knowledge, turn: Turn) -> int:
    rows = await op.sql.fetch(NEXT, UNITS_MAX)
    taken, activities = list[tuple[UUID, UUID]](), 0
    for row in rows:
        activities += row["activities"]
        # What has failed before is tried alone.
        if taken and (activities > ACTIVITIES_MAX or row["attempts"] > 0):
            break
        taken.append((row["id"], row["tally_id"]))
    turn.ids = [asked_id for asked_id, _ in taken]
    if not taken:
        return 0
    await walk_again_in(op, knowledge, [unit_id for _, unit_id in taken])
    await op.sql.execute(DONE, turn.ids)
    op.failpoints.hit("rewalk.before_commit")
    return len(taken)


async def walk_again_in(op: Operation, knowledge: Knowledge, unit_ids: Collection[UUID]) -> None:
    """These units stand as a walk by what is known now says; the differences are posted like a correction's."""
    cause_id = new_id()
    evaluated = await evaluate_again(op, knowledge, unit_ids)
    await grant_in(op, knowledge, evaluated, (), backfill=False, cause_id=cause_id)
    for unit in evaluated.units:
        op.tell(
            UNIT_REWALKED.about(
                unit.row.id,
                program_id=unit.row.program_id,
                terms_id=str(unit.row.key.terms_id),
                rule=unit.row.key.rule,
                subject_id=str(unit.row.key.subject_id),
                period_start=unit.row.key.period_start.isoformat(),
                cause_id=str(cause_id),
            )
        )
