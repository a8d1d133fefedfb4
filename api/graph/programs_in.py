"""Mutations of programs: created, given terms, launched and ended, funded."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import LocalizedTextInput, key_field
from api.graph.mutating import json_object, keyed, mutation, sure
from api.graph.scalars import Json, Points
from domain.kernel.refusals import AlreadyExists, InvalidInput, KeyReused, NotFound
from domain.ledger.refusals import BudgetExceeded
from domain.partners.registration import PartnerType
from domain.programs.audience import AudienceRule
from domain.programs.budgeting import fund_budget
from domain.programs.defining import change_program_state, create_program, publish_terms
from domain.programs.objective import Objective
from domain.programs.program import Audience, DebtPolicy, ProgramAction, ProgramDraft, Visibility
from domain.programs.reading import programs_by_id, terms_by_id
from domain.programs.refusals import (
    ProgramHasNoObjective,
    ProgramHasNoTerms,
    ProgramNotInState,
    ProgramNotSettled,
    TermsRefused,
)


@strawberry.input(description="What a program is to reach.")
class ObjectiveInput:
    metric: str = strawberry.field(description="The code of what is measured, for example deals.won.")
    baseline: Points = strawberry.field(description="Where it stood before.")
    target: Points = strawberry.field(description="Where it is to stand.")
    due_at: datetime = strawberry.field(description="By when.")
    expected_impact: str | None = strawberry.field(
        default=None, description="What it is expected to bring, at most 500 characters."
    )
    unit: str | None = strawberry.field(default=None, description="The unit it is measured in; none for a count.")

    def objective(self) -> Objective:
        """As the room of programs takes it."""
        return Objective(**vars(self))


@strawberry.input(description="Which partners a program is for; a list that is left out asks nothing.")
class AudienceRuleInput:
    types: list[PartnerType] = strawberry.field(default_factory=list, description="Types of partner, at most 100.")
    countries: list[str] = strawberry.field(default_factory=list, description="ISO 3166 codes, at most 100.")
    tiers: list[str] = strawberry.field(default_factory=list, description="Codes of tiers, at most 100.")
    segments: list[str] = strawberry.field(default_factory=list, description="Codes of segments, at most 100.")

    def rule(self) -> AudienceRule:
        """As the room of programs takes it."""
        return AudienceRule(
            types=tuple(kind.value for kind in self.types),
            countries=tuple(self.countries),
            tiers=tuple(self.tiers),
            segments=tuple(self.segments),
        )


@strawberry.input(description="A new program.")
class CreateProgramInput:
    idempotency_key: str = key_field()
    code: str = strawberry.field(description="Unique code, 1 to 64 characters.")
    name: LocalizedTextInput = strawberry.field(description="Its name, at most 200 characters a language.")
    description: LocalizedTextInput | None = strawberry.field(default=None, description="What it is about.")
    unit: str = strawberry.field(default="POINTS", description="Code of the unit it awards.")
    zone: str = strawberry.field(default="UTC", description="The IANA zone of its calendar; frozen once it is live.")
    visibility: Visibility = strawberry.field(default=Visibility.MEMBERS, description="Who may know of it.")
    audience: Audience = strawberry.field(default=Audience.ENROLLED, description="Who earns.")
    audience_rule: AudienceRuleInput | None = strawberry.field(
        default=None, description="Only these partners and their people; everybody by default."
    )
    starts_at: datetime = strawberry.field(description="Activities before this instant earn nothing.")
    ends_at: datetime | None = strawberry.field(
        default=None, description="Activities from this instant on earn nothing."
    )
    grace_days: int = strawberry.field(
        default=10, description="Days after a month in which late activities still count for it, 0 to 366."
    )
    objective: ObjectiveInput | None = strawberry.field(default=None, description="What it is to reach.")
    debt_policy: DebtPolicy = strawberry.field(
        default=DebtPolicy.REFUSE, description="What a redemption in debt meets."
    )
    expired_hold_days: int = strawberry.field(
        default=30, description="Days that released points are good for if their lot expired meanwhile, 0 to 366."
    )

    def draft(self) -> ProgramDraft:
        """As the room of programs takes it."""
        return ProgramDraft(
            code=self.code,
            name=self.name.texts(),
            description=self.description.texts() if self.description else None,
            unit=self.unit,
            zone=self.zone,
            visibility=self.visibility,
            audience=self.audience,
            audience_rule=self.audience_rule.rule() if self.audience_rule else None,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            grace_days=self.grace_days,
            objective=self.objective.objective() if self.objective else None,
            debt_policy=self.debt_policy,
            expired_hold_days=self.expired_hold_days,
        )


@strawberry.input(description="A further version of a program's rules.")
class PublishTermsInput:
    idempotency_key: str = key_field()
    program_id: strawberry.ID = strawberry.field(description="The program.")
    document: Json = strawberry.field(description="The rules as data: see the guide to terms.")
    effective_from: datetime | None = strawberry.field(
        default=None, description="Activities from this instant on follow it; by default from the program's start."
    )
    cohort: str = strawberry.field(default="standard", description="Whom it binds.")


@strawberry.input(description="A move of a program along its lifecycle.")
class ChangeProgramStateInput:
    idempotency_key: str = key_field()
    program_id: strawberry.ID = strawberry.field(description="The program.")
    action: ProgramAction = strawberry.field(
        description="LAUNCH publishes its drafted terms, SCHEDULE does so at its start. What occurs in a pause earns"
        " nothing. END lets nothing more earn; ARCHIVE puts it away once nothing of it is pending."
    )


@strawberry.input(description="More, or less, for a program to award.")
class FundBudgetInput:
    idempotency_key: str = key_field()
    program_id: strawberry.ID = strawberry.field(description="The program.")
    amount: Points = strawberry.field(description="How much more; negative: how much less.")
    reason: str = strawberry.field(description="Why, 1 to 500 characters.")


@strawberry.type(description="The program stands as a draft.")
class CreateProgramSuccess:
    program: Any = strawberry.field(graphql_type=nouns.PROGRAM, description="The program.")


@strawberry.type(description="The version stands.")
class PublishTermsSuccess:
    terms: Any = strawberry.field(graphql_type=nouns.TERMS, description="The version; a draft until the launch.")
    program: Any = strawberry.field(graphql_type=nouns.PROGRAM, description="The program.")


@strawberry.type(description="The program has moved.")
class ChangeProgramStateSuccess:
    program: Any = strawberry.field(graphql_type=nouns.PROGRAM, description="The program in its new state.")


@strawberry.type(description="The budget has changed.")
class FundBudgetSuccess:
    program: Any = strawberry.field(graphql_type=nouns.PROGRAM, description="The program with its budget.")


@strawberry.type
class ProgramMutation:
    @mutation(
        CreateProgramSuccess,
        InvalidInput,
        AlreadyExists,
        KeyReused,
        description="A program stands as a draft with an empty budget.",
    )
    async def create_program(self, info: Info, input: CreateProgramInput) -> Any:
        context = info.context
        made = await create_program(context.door, context.actor, keyed(input), input.draft())
        return CreateProgramSuccess(program=await _program(info, UUID(made.facts["program_id"])))

    @mutation(
        PublishTermsSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ProgramNotInState,
        TermsRefused,
        description="A further version of the rules stands; it never rewrites what was earned under another.",
    )
    async def publish_terms(self, info: Info, input: PublishTermsInput) -> Any:
        context = info.context
        program_id = sure(Tag.PROGRAM, input.program_id, "program")
        made = await publish_terms(
            context.door,
            context.actor,
            keyed(input),
            program_id,
            json_object(input.document, "document"),
            effective_from=input.effective_from,
            cohort=input.cohort,
        )
        terms = await context.batches.one(terms_by_id, UUID(made.facts["terms_id"]))
        return PublishTermsSuccess(terms=terms, program=await _program(info, program_id))

    @mutation(
        ChangeProgramStateSuccess,
        NotFound,
        KeyReused,
        ProgramNotInState,
        ProgramHasNoTerms,
        ProgramHasNoObjective,
        ProgramNotSettled,
        InvalidInput,
        description="The program has moved along one edge of its lifecycle.",
    )
    async def change_program_state(self, info: Info, input: ChangeProgramStateInput) -> Any:
        context = info.context
        program_id = sure(Tag.PROGRAM, input.program_id, "program")
        await change_program_state(context.door, context.actor, keyed(input), program_id, input.action)
        return ChangeProgramStateSuccess(program=await _program(info, program_id))

    @mutation(
        FundBudgetSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        BudgetExceeded,
        description="The program may award more, or less; its budget is never below zero.",
    )
    async def fund_budget(self, info: Info, input: FundBudgetInput) -> Any:
        context = info.context
        program_id = sure(Tag.PROGRAM, input.program_id, "program")
        await fund_budget(
            context.door,
            context.actor,
            keyed(input),
            program_id=program_id,
            amount=input.amount,
            reason=input.reason,
        )
        return FundBudgetSuccess(program=await _program(info, program_id))


async def _program(info: Info, program_id: UUID) -> Any:
    return await info.context.batches.one(programs_by_id, program_id)
