"""A small world for tests: a source, members at partners, programs with terms, and activities in one line each."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access.principals import SYSTEM, Actor
from domain.activities.activity import ActivityInput, Amount, Basis, OnChange, RecordedBatch
from domain.activities.sources import SourceDefinition, TypeDefinition, define_types, ensure_source
from domain.earning.adjusting import Adjustment, adjust_points
from domain.earning.evaluating import Knowledge
from domain.earning.recording import correct_activities, record_activities
from domain.earning.rewalking import rewalk_due
from domain.kernel.expressions import ConditionCache
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import Database
from domain.ledger.holding import Reference, capture_in, hold_in
from domain.ledger.wallets import Owner, OwnerKind
from domain.partners.facts import NewFact, record_facts_in
from domain.partners.registering import register_members_in, register_partners_in
from domain.partners.registration import MemberRow, PartnerRow
from domain.programs.budgeting import fund_budget
from domain.programs.defining import change_program_state, create_program, publish_terms
from domain.programs.enrolling import accept_parameters, enroll
from domain.programs.matching import TermsCache
from domain.programs.objective import Objective
from domain.programs.program import Audience, ProgramAction, ProgramDraft

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
OBJECTIVE = Objective(metric="deals.won", baseline=10, target=20, due_at=datetime(2030, 1, 1, tzinfo=UTC))

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
    knowledge: Knowledge = field(default_factory=lambda: Knowledge(terms=TermsCache(), conditions=ConditionCache()))
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def key(self, **request: Any) -> Keyed:
        return Keyed(key=f"k-{next(self.numbers)}", request=request or {"n": 1})

    async def launch(
        self,
        *rules: Mapping[str, Any],
        code: str | None = None,
        budget: int = 1_000_000_000,
        parameters: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
        partner_facts: Mapping[str, Any] | None = None,
        unit: str = "POINTS",
        shared_caps: Sequence[Mapping[str, Any]] = (),
        attributes: Mapping[str, Any] | None = None,
        **draft: Any,
    ) -> UUID:
        """A live program with these rules and a funded budget; open to everyone unless told otherwise."""
        opened = {"audience": Audience.EVERYONE, "starts_at": START - timedelta(days=5), "objective": OBJECTIVE}
        draft = opened | draft
        created = await create_program(
            self.door,
            self.actor,
            self.key(),
            ProgramDraft(
                code=code or f"p{next(self.numbers)}", name={"en": "A program"}, zone="UTC", unit=unit, **draft
            ),
        )
        program_id = UUID(created.facts["program_id"])
        document: dict[str, Any] = {
            "unit": unit,
            "zone": "UTC",
            "attributes": {"product": {"type": "STRING", "default": ""}, **(attributes or {})},
            "rules": [{"code": "won", "trigger": "deal.won", **rule} for rule in rules],
        }
        if shared_caps:
            document["shared_caps"] = list(shared_caps)
        if parameters:
            document["parameters"] = parameters
        if facts:
            document["facts"] = facts
        if partner_facts:
            document["partner"] = partner_facts
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

    async def know(self, *facts: NewFact) -> list[UUID]:
        """The facts are recorded; what they change of the past is still to be walked again."""
        return await self.door.operate(self.actor, lambda op: record_facts_in(op, facts))

    async def catch_up(self) -> None:
        """All that was learned late has been walked again, as the worker would in time."""
        while await self.database.fetchval("SELECT EXISTS (SELECT FROM late_truth) OR EXISTS (SELECT FROM rewalk)"):
            await rewalk_due(self.door, self.knowledge)

    async def adjust(self, program_id: UUID, member_id: UUID, amount: int, reason: str) -> None:
        adjustment = Adjustment(member_id=member_id, program_id=program_id, amount=amount, reason=reason)
        await adjust_points(self.door, self.actor, self.key(amount=amount), adjustment)

    async def spend(self, member_id: UUID, amount: int, unit: str = "POINTS") -> None:
        """Holds and captures so many points, as a redemption will."""
        owner = Owner(kind=OwnerKind.MEMBER, id=member_id, unit=unit)

        async def work(op: Operation) -> None:
            await capture_in(op, await hold_in(op, owner, amount, Reference(kind="test", id=new_id())))

        await self.door.operate(self.actor, work)

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
    firms = [PartnerRow(external_id=f"partner-{n}", name=f"Partner {n}") for n in range(partners)]
    reps = [
        MemberRow(external_id=f"member-{n}", name=f"Member {n}", partner_external_id=f"partner-{n % partners}")
        for n in range(members)
    ]
    told = await door.operate(SYSTEM, lambda op: register_partners_in(op, record.source_id, firms))
    partner_ids = [each.id for each in told if each.id is not None]
    told = await door.operate(SYSTEM, lambda op: register_members_in(op, record.source_id, reps))
    member_ids = [each.id for each in told if each.id is not None]
    return World(
        database=database, door=door, actor=SYSTEM, source_id=record.source_id, partners=partner_ids, members=member_ids
    )
