"""A small world for tests: a source, members at partners, programs with terms, and activities in one line each."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM, Actor
from domain.activities.activity import ActivityInput, Amount, Basis, RecordedBatch
from domain.activities.sources import SourceDefinition, TypeDefinition, define_types, ensure_source
from domain.activities.activity import OnChange
from domain.earning.evaluating import Knowledge
from domain.earning.recording import correct_activities, record_activities
from domain.kernel.expressions import ConditionCache
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.sql import Database
from domain.programs.budgeting import fund_budget
from domain.programs.defining import change_program_state, create_program, publish_terms
from domain.programs.enrolling import accept_parameters, enroll
from domain.programs.matching import TermsCache
from domain.programs.program import Audience, ProgramAction, ProgramDraft

START = datetime(2026, 1, 5, 9, tzinfo=UTC)

DEAL_WON: Mapping[str, Any] = {
    "attributes": [
        {"name": "product", "kind": "STRING"},
        {"name": "opportunity", "kind": "STRING", "length_max": 64},
        {"name": "helper", "kind": "STRING"},
    ],
    "amounts": [{"basis": "NET", "units": ["USD", "EUR"]}, {"basis": "LIST", "units": ["USD"]}],
    "deal_key": "opportunity",
}


@dataclass(kw_only=True)
class World:
    """One database with everything a story needs; `key()` is a fresh idempotency key."""

    database: Database
    door: Door
    actor: Actor
    source_id: UUID
    partners: list[UUID]
    members: list[UUID]
    knowledge: Knowledge = field(
        default_factory=lambda: Knowledge(terms=TermsCache(), conditions=ConditionCache())
    )
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def key(self, **request: Any) -> Keyed:
        return Keyed(key=f"k-{next(self.numbers)}", request=request or {"n": 1})

    async def launch(
        self,
        *rules: Mapping[str, Any],
        code: str | None = None,
        budget: int = 1_000_000_000,
        parameters: Mapping[str, Any] | None = None,
        unit: str = "POINTS",
        **draft: Any,
    ) -> UUID:
        """A live program with these rules and a funded budget; open to everyone unless told otherwise."""
        draft = {"audience": Audience.EVERYONE, "starts_at": START - timedelta(days=5)} | draft
        created = await create_program(
            self.door,
            self.actor,
            self.key(),
            ProgramDraft(code=code or f"p{next(self.numbers)}", name={"en": "A program"}, zone="UTC", unit=unit, **draft),
        )
        program_id = UUID(created.facts["program_id"])
        document: dict[str, Any] = {
            "unit": unit,
            "zone": "UTC",
            "attributes": {"product": {"type": "STRING", "default": ""}},
            "rules": [{"code": "won", "trigger": "deal.won", **rule} for rule in rules],
        }
        if parameters:
            document["parameters"] = parameters
        await publish_terms(self.door, self.actor, self.key(), program_id, document)
        if budget:
            await fund_budget(self.door, self.actor, self.key(), program_id=program_id, amount=budget, reason="start")
        await change_program_state(self.door, self.actor, self.key(), program_id, ProgramAction.LAUNCH)
        return program_id

    async def enroll(self, program_id: UUID, member_id: UUID, **parameters: Any) -> UUID:
        """The member takes part, its parameters accepted."""
        facts = (
            await enroll(
                self.door,
                self.actor,
                self.key(),
                program_id=program_id,
                subject_kind="MEMBER",
                subject_id=member_id,
                parameters=parameters,
                enrolled_at=START - timedelta(days=5),
            )
        ).facts
        enrollment_id = UUID(facts["enrollment_id"])
        if parameters:
            await accept_parameters(self.door, self.actor, self.key(), enrollment_id=enrollment_id)
        return enrollment_id

    async def record(self, *items: ActivityInput) -> RecordedBatch:
        return await record_activities(self.door, self.knowledge, self.actor, self.source_id, items)

    async def correct(self, *items: Any) -> RecordedBatch:
        return await correct_activities(self.door, self.knowledge, self.actor, self.source_id, items)

    async def balances(self, owner_id: UUID, unit: str = "POINTS") -> dict[str, int]:
        """The wallet's five balances; zeros where there is no wallet."""
        row = await self.database.fetchrow(
            "SELECT pending, available, held, payable, receivable FROM wallet WHERE owner_id = $1 AND unit = $2",
            owner_id,
            unit,
        )
        return dict(row) if row else dict.fromkeys(("pending", "available", "held", "payable", "receivable"), 0)

    async def worth(self, owner_id: UUID, unit: str = "POINTS") -> int:
        """pending + available + held − receivable: what the permutation law speaks of."""
        found = await self.balances(owner_id, unit)
        return found["pending"] + found["available"] + found["held"] - found["receivable"]


def deal(
    external_id: str,
    member_id: UUID,
    net: int = 10_000,
    *,
    days: float = 0,
    product: str = "GTX Basic",
    opportunity: str | None = None,
    quantity: int = 1,
    **more: Any,
) -> ActivityInput:
    """A won deal of so many cents, so many days after the start."""
    attributes: dict[str, Any] = {"product": product}
    if opportunity:
        attributes["opportunity"] = opportunity
    return ActivityInput(
        external_id=external_id,
        type="deal.won",
        occurred_at=START + timedelta(days=days),
        member=member_id,
        quantity=quantity,
        amounts={Basis.NET: Amount(minor=net, unit="USD")},
        attributes=attributes | more.pop("attributes", {}),
        **more,
    )


async def build_world(database: Database, *, members: int = 4, partners: int = 2, source: str = "crm") -> World:
    """A source that takes old activities, a declared deal, and members spread over partners."""
    door = Door(database)
    record = await ensure_source(
        door, SYSTEM, SourceDefinition(code=source, name="CRM", on_change=OnChange.REFUSE, backfill=True)
    )
    await define_types(
        door,
        SYSTEM,
        [
            TypeDefinition(code="deal.won", name={"en": "Deal won", "fr": "Affaire gagnée"}, declaration=DEAL_WON),
            TypeDefinition(code="demo.given", name={"en": "Demo given"}, declaration={"attributes": [], "amounts": []}),
        ],
    )
    partner_ids = [new_id() for _ in range(partners)]
    member_ids = [new_id() for _ in range(members)]
    await _insert_people(database, record.source_id, partner_ids, member_ids)
    return World(
        database=database, door=door, actor=SYSTEM, source_id=record.source_id, partners=partner_ids, members=member_ids
    )


async def _insert_people(
    database: Database, source_id: UUID, partner_ids: Sequence[UUID], member_ids: Sequence[UUID]
) -> None:
    for number, partner_id in enumerate(partner_ids):
        await database.fetch(
            "INSERT INTO partner (id, source_id, external_id, name, types, journey_stage, recorded_at, version)"
            " VALUES ($1, $2, $3, $4, '[]', 'ENGAGEMENT', guerdon_now(), 1)",
            partner_id,
            source_id,
            f"partner-{number}",
            f"Partner {number}",
        )
    for number, member_id in enumerate(member_ids):
        partner_id = partner_ids[number % len(partner_ids)]
        await database.fetch(
            "INSERT INTO member (id, source_id, external_id, kind, name, locale, partner_id, on_boards, recorded_at,"
            " version) VALUES ($1, $2, $3, 'REP', $4, 'en', $5, true, guerdon_now(), 1)",
            member_id,
            source_id,
            f"member-{number}",
            f"Member {number}",
            partner_id,
        )
        await database.fetch("INSERT INTO belonging (subject_id, partner_id) VALUES ($1, $2)", member_id, partner_id)
