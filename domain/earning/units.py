"""Units of evaluation in storage: found or made, locked in one order, with the activities they hold."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.earning.tally import Tally
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation

INSERT_MISSING = """
INSERT INTO tally (id, program_id, terms_id, rule, subject_id, period_start, period_end, activities, state)
SELECT new.id, new.program_id, new.terms_id, new.rule, new.subject_id, new.period_start, new.period_end, 0, '{}'
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[], $7::timestamptz[])
     AS new (id, program_id, terms_id, rule, subject_id, period_start, period_end)
ORDER BY new.id
ON CONFLICT (terms_id, rule, subject_id, period_start) DO NOTHING
"""

LOCK = """
SELECT t.id, t.program_id, t.terms_id, t.rule, t.subject_id, t.period_start, t.period_end, t.state,
       t.id = ANY($5::uuid[]) AS held_changed
FROM tally t
WHERE t.id = ANY($5::uuid[]) OR (t.terms_id, t.rule, t.subject_id, t.period_start) IN (
      SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[]))
ORDER BY t.id FOR UPDATE
"""

HOLDING = "SELECT DISTINCT tally_id FROM due WHERE activity_id = ANY($1::uuid[])"

ACTIVITIES_OF = """
SELECT DISTINCT tally_id, activity_id FROM due WHERE tally_id = ANY($1::uuid[]) AND activity_id IS NOT NULL
"""

STORE = """
UPDATE tally SET state = walked.state, activities = walked.activities
FROM unnest($1::uuid[], $2::jsonb[], $3::int[]) AS walked (id, state, activities) WHERE tally.id = walked.id
"""


@dataclass(frozen=True, kw_only=True)
class UnitKey:
    """What one unit of evaluation is: (terms version, rule, subject, period)."""

    terms_id: UUID
    rule: str
    subject_id: UUID
    period_start: datetime


@dataclass(frozen=True, kw_only=True)
class NewUnit:
    """What a unit that may not exist yet needs besides its key."""

    program_id: UUID
    period_end: datetime


@dataclass(frozen=True, kw_only=True)
class LockedUnit:
    """A unit whose row this operation holds. `held_changed`: it counted an activity that this operation changes."""

    id: UUID
    key: UnitKey
    program_id: UUID
    period_end: datetime
    tally: Tally
    held_changed: bool


async def lock_units_in(
    op: Operation, wanted: Mapping[UnitKey, NewUnit], changed_activities: Collection[UUID]
) -> dict[UnitKey, LockedUnit]:
    """Every unit wanted, and every unit that counted one of the changed activities, locked in id order; three
    statements for any number. Missing ones are made empty.
    """
    holding = (
        [row["tally_id"] for row in await op.sql.fetch(HOLDING, list(changed_activities))] if changed_activities else []
    )
    keys = list(wanted)
    columns: tuple[list[Any], ...] = (
        [key.terms_id for key in keys],
        [key.rule for key in keys],
        [key.subject_id for key in keys],
        [key.period_start for key in keys],
    )
    if keys:
        await op.sql.execute(
            INSERT_MISSING,
            new_ids(len(keys)),
            [wanted[key].program_id for key in keys],
            *columns,
            [wanted[key].period_end for key in keys],
        )
    return await _locked(op, columns, holding)


async def lock_known_units_in(op: Operation, unit_ids: Collection[UUID]) -> dict[UnitKey, LockedUnit]:
    """These units, locked in id order, each to be walked whole."""
    return await _locked(op, ([], [], [], []), unit_ids)


async def _locked(
    op: Operation, columns: tuple[list[Any], ...], unit_ids: Collection[UUID]
) -> dict[UnitKey, LockedUnit]:
    units: dict[UnitKey, LockedUnit] = {}
    for row in await op.sql.fetch(LOCK, *columns, list(unit_ids)):
        key = UnitKey(
            terms_id=row["terms_id"],
            rule=row["rule"],
            subject_id=row["subject_id"],
            period_start=row["period_start"],
        )
        units[key] = LockedUnit(
            id=row["id"],
            key=key,
            program_id=row["program_id"],
            period_end=row["period_end"],
            tally=Tally.from_json(row["state"]),
            held_changed=row["held_changed"],
        )
    return units


async def activities_of(op: Operation, unit_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """The activities that each unit has counted or judged so far: unit id → activity ids."""
    held: dict[UUID, set[UUID]] = {unit_id: set() for unit_id in unit_ids}
    if unit_ids:
        for row in await op.sql.fetch(ACTIVITIES_OF, list(unit_ids)):
            held[row["tally_id"]].add(row["activity_id"])
    return held


async def store_tallies_in(op: Operation, tallies: Mapping[UUID, Tally]) -> None:
    """The running states of the walked units, by unit id."""
    if tallies:
        await op.sql.execute(
            STORE,
            list(tallies),
            [tally.to_json() for tally in tallies.values()],
            [tally.seen for tally in tallies.values()],
        )
