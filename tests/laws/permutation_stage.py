"""Where permutation schedules are played: programs for a type of their own, and casts of people who are alike."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM
from domain.activities.activity import OnChange
from domain.activities.sources import SourceDefinition, TypeDefinition, define_types_in, ensure_source_in
from domain.kernel.ids import new_id, new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.partners.registering import register_members_in, register_partners_in
from domain.partners.registration import MemberRow, PartnerRow
from domain.programs.budgeting import fund_budget
from domain.programs.defining import change_program_state, create_program, publish_terms
from domain.programs.objective import Objective
from domain.programs.program import Audience, ProgramAction, ProgramDraft
from tests.laws.permutation_rules import Document, documents, kinds

START = datetime(2026, 2, 2, tzinfo=UTC)
BUDGET = 10**12
PARTNERS, MEMBERS = 2, 3
DECLARATION: dict[str, Any] = {
    "attributes": [{"name": name, "kind": "STRING"} for name in ("product", "opportunity", "helper", "moment")],
    "amounts": [{"basis": basis, "units": ["USD", "EUR"]} for basis in ("NET", "LIST")],
    "deal_key": "opportunity",
}
RATES = (("EUR", "USD", 11, 10), ("USD", "EUR", 10, 11), ("POINTS", "USD", 1, 10), ("USD", "POINTS", 10, 1))

ADD_RATES = """
INSERT INTO rate (id, from_unit, to_unit, numerator, denominator, valid_from, recorded_at)
SELECT *, $6, now() FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
ON CONFLICT DO NOTHING
"""

# In one go: what `enroll` and `accept_parameters` leave behind, for every cast at once.
ENROLL = """
WITH wanted AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::int[])
                AS told (id, parameters_id, program_id, subject_kind, subject_id, rate)),
enrolled AS (
  INSERT INTO enrollment (id, program_id, subject_kind, subject_id, cohort, state, enrolled_at, recorded_at, version)
  SELECT id, program_id, subject_kind, subject_id, 'standard', 'ACTIVE', $7, guerdon_now(), 1 FROM wanted)
INSERT INTO enrollment_parameters (id, enrollment_id, version, parameters, valid_from, vendor_consented_at,
                                   subject_consented_at, recorded_at)
SELECT parameters_id, id, 1, jsonb_build_object('rate', rate), $7, guerdon_now(), guerdon_now(), guerdon_now()
FROM wanted
"""


@dataclass(frozen=True, kw_only=True)
class Cast:
    """One copy of the people: partners, then members, with a source of their own, so that wallets are their own."""

    name: str
    type: str
    source_id: UUID
    owners: Sequence[UUID]

    @property
    def members(self) -> Sequence[UUID]:
        return self.owners[PARTNERS:]


async def stage(door: Door, seed: int, casts: int) -> tuple[list[Cast], set[str]]:
    """Random programs stand, live and funded without end, and so many casts whose enrollments are alike; also
    answers what the programs' rules exercise."""
    chance, name = random.Random(f"stage {seed}"), f"{seed}x{new_id().hex[-6:]}"
    kind = f"deal.n{name}"
    found = [f"{name}-{number}" for number in range(casts)]
    made = await door.operate(SYSTEM, lambda op: _people_in(op, found, kind))
    exercised = set[str]()
    columns: list[tuple[Any, ...]] = []
    for number, document in enumerate(documents(chance, kind)):
        exercised |= kinds(document)
        program_id = await _launch(door, f"{name}-{number}", document)
        if not document["parameters"]:
            continue
        for place in range(PARTNERS + MEMBERS):
            who, rate = "PARTNER" if place < PARTNERS else "MEMBER", chance.randint(1, 90)
            if chance.random() < 0.6:
                columns += [(*new_ids(2), program_id, who, cast.owners[place], rate) for cast in made]
    if columns:
        lists = [list(column) for column in zip(*columns, strict=True)]
        await door.operate(SYSTEM, lambda op: op.sql.execute(ENROLL, *lists, START - timedelta(days=20)))
    return made, exercised


async def _people_in(op: Operation, names: Sequence[str], kind: str) -> list[Cast]:
    units = [list(column) for column in zip(*RATES, strict=True)]
    await op.sql.execute(ADD_RATES, new_ids(len(RATES)), *units, START - timedelta(days=99))
    await define_types_in(op, SYSTEM, [TypeDefinition(code=kind, name={"en": "Deal"}, declaration=DECLARATION)])
    sources = [
        await ensure_source_in(
            op, SYSTEM, SourceDefinition(code=name, name=name, on_change=OnChange.CORRECT, backfill=True)
        )
        for name in names
    ]
    firms = [PartnerRow(external_id=f"{name}-p{n}", name="Firm") for name in names for n in range(PARTNERS)]
    reps = [
        MemberRow(external_id=f"{name}-m{n}", name="Rep", partner_external_id=f"{name}-p{n % PARTNERS}")
        for name in names
        for n in range(MEMBERS)
    ]
    told = [one.id for one in await register_partners_in(op, sources[0].source_id, firms) if one.id]
    members = [one.id for one in await register_members_in(op, sources[0].source_id, reps) if one.id]
    return [
        Cast(
            name=name,
            type=kind,
            source_id=source.source_id,
            owners=(*told[n * PARTNERS : (n + 1) * PARTNERS], *members[n * MEMBERS : (n + 1) * MEMBERS]),
        )
        for n, (name, source) in enumerate(zip(names, sources, strict=True))
    ]


async def _launch(door: Door, name: str, document: Document) -> UUID:
    plan = ProgramDraft(
        code=name,
        name={"en": name},
        zone=document["zone"],
        unit=document["unit"],
        starts_at=START - timedelta(days=30),
        audience=Audience.EVERYONE,
        objective=Objective(metric="deals.won", baseline=0, target=1, due_at=START),
    )
    keyed = Keyed(key=name, request={"permutation": name})
    created = await create_program(door, SYSTEM, keyed, plan)
    program_id = UUID(created.facts["program_id"])
    await publish_terms(door, SYSTEM, keyed, program_id, document)
    await fund_budget(door, SYSTEM, keyed, program_id=program_id, amount=BUDGET, reason="start")
    await change_program_state(door, SYSTEM, keyed, program_id, ProgramAction.LAUNCH)
    return program_id
