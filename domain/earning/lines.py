"""Lines in storage: what each activity or milestone is due under one rule for one beneficiary, and what was granted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.kernel.operation import Operation
from domain.kernel.sql import Row, json_texts

COLUMNS = """id, tally_id, program_id, terms_id, rule, activity_id, milestone, beneficiary_kind, beneficiary_id, unit,
own_due, due, granted, awards, deal_key, stacking_group, is_weighed, occurred_at,
matures_at, expires_at, waits_until, explanation"""

# Every due names an activity or a milestone; said aloud, the two partial indexes answer, else none would.
OF_UNITS = f"""
SELECT {COLUMNS} FROM due
WHERE (tally_id = ANY($1::uuid[]) AND activity_id IS NOT NULL)
   OR (tally_id = ANY($1::uuid[] || $2::uuid[]) AND milestone IS NOT NULL) ORDER BY id FOR UPDATE
"""

LOCK_DEALS = """
SELECT pg_advisory_xact_lock(hashtextextended(deal, 0))
FROM (SELECT DISTINCT deal FROM unnest($1::text[]) AS deals (deal) ORDER BY deal) AS ordered
"""

OF_DEALS = f"""
SELECT {COLUMNS} FROM due
WHERE deal_key = ANY($1::text[]) AND is_weighed ORDER BY id FOR UPDATE
"""

INSERT = f"""
INSERT INTO due ({COLUMNS}, recorded_at)
SELECT id, tally_id, program_id, terms_id, rule, activity_id, milestone, beneficiary_kind, beneficiary_id, unit,
       own_due, due, granted, awards, deal_key, stacking_group, is_weighed, occurred_at, matures_at, expires_at,
       waits_until, explanation::jsonb, $23
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::uuid[],
            $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::int[], $15::text[], $16::text[],
            $17::bool[], $18::timestamptz[], $19::timestamptz[], $20::timestamptz[], $21::timestamptz[],
            $22::text[]) AS new ({COLUMNS})
"""

UPDATE = """
UPDATE due SET own_due = new.own_due, due = new.due, granted = new.granted, awards = new.awards,
               deal_key = new.deal_key, occurred_at = new.occurred_at, matures_at = new.matures_at,
               expires_at = new.expires_at, waits_until = new.waits_until, explanation = new.explanation::jsonb
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::int[], $6::text[], $7::timestamptz[],
            $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::text[])
     AS new (id, own_due, due, granted, awards, deal_key, occurred_at, matures_at, expires_at, waits_until,
             explanation)
WHERE due.id = new.id
"""

OF_IDS = f"SELECT {COLUMNS} FROM due WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"

LineKey = tuple[UUID, str, UUID | str, UUID]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One due as it stands: `own_due` after caps, `due` after stacking, `granted` what its awards stand at."""

    id: UUID
    tally_id: UUID
    program_id: UUID
    terms_id: UUID
    rule: str
    activity_id: UUID | None
    milestone: str | None
    beneficiary_kind: str
    beneficiary_id: UUID
    unit: str
    own_due: int
    due: int
    granted: int
    awards: int
    deal_key: str | None
    stacking_group: str | None
    occurred_at: datetime
    matures_at: datetime
    expires_at: datetime | None
    explanation: list[dict[str, Any]]
    is_weighed: bool = False
    waits_until: datetime | None = None

    @property
    def asked(self) -> int:
        """What budgets have been asked for so far: nothing while it waits for the close of its period."""
        return 0 if self.waits_until is not None else self.due

    @property
    def key(self) -> LineKey:
        """What makes it the same line after another walk: its unit, rule, activity or milestone, and beneficiary."""
        return (self.tally_id, self.rule, self.activity_id or self.milestone or "", self.beneficiary_id)

    @property
    def bundles(self) -> Mapping[str, int]:
        """How many of which bundle come with it as it stands; none where stacking left nothing of its points."""
        if self.due == 0 and self.own_due > 0:
            return {}
        told = (reason["facts"] for reason in self.explanation if reason["code"] == "GRANTS_BUNDLE")
        return {facts["bundle"]: facts["quantity"] for facts in told}


async def lines_of_units(op: Operation, unit_ids: Collection[UUID], milestones_of: Collection[UUID]) -> list[Line]:
    """Every line of these units, and every milestone's line of the other ones, locked."""
    if not unit_ids and not milestones_of:
        return []
    return [_line(row) for row in await op.sql.fetch(OF_UNITS, list(unit_ids), list(milestones_of))]


async def lock_deals_in(op: Operation, deals: Collection[str]) -> None:
    """Nobody else weighs these deals until this operation ends.

    Deals are locked after units and before any line, so that two operations that share units and deals wait in turn.
    """
    if deals:
        await op.sql.execute(LOCK_DEALS, list(deals))


async def lines_of_deals(op: Operation, deals: Collection[str]) -> list[Line]:
    """Every line that is weighed within one of these deals, locked."""
    return [_line(row) for row in await op.sql.fetch(OF_DEALS, list(deals))] if deals else []


async def lines_by_id(op: Operation, line_ids: Collection[UUID]) -> list[Line]:
    """These lines, locked."""
    return [_line(row) for row in await op.sql.fetch(OF_IDS, list(line_ids))] if line_ids else []


async def insert_lines_in(op: Operation, lines: Sequence[Line]) -> None:
    """New lines stand."""
    if lines:
        await op.sql.execute(INSERT, *_columns(lines, NAMES), op.now)


async def update_lines_in(op: Operation, lines: Sequence[Line]) -> None:
    """Known lines stand at their new amounts and explanations."""
    if lines:
        await op.sql.execute(UPDATE, *_columns(lines, MOVING))


MOVING = (
    "id",
    "own_due",
    "due",
    "granted",
    "awards",
    "deal_key",
    "occurred_at",
    "matures_at",
    "expires_at",
    "waits_until",
    "explanation",
)
NAMES = tuple(name.strip() for name in COLUMNS.split(","))


def _columns(lines: Sequence[Line], names: Sequence[str]) -> list[list[Any]]:
    plain: list[list[Any]] = [[getattr(line, name) for line in lines] for name in names[:-1]]
    return [*plain, json_texts(line.explanation for line in lines)]


def _line(row: Row) -> Line:
    return Line(**{name: row[name] for name in NAMES})
