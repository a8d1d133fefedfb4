"""Mutations of drafts: made from a template, changed field by field, copied from an earlier program."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import LocalizedTextInput, key_field
from api.graph.mutating import json_object, keyed, mutation, sure
from api.graph.programs_in import AudienceRuleInput, ObjectiveInput
from api.graph.scalars import Json
from domain.kernel.refusals import AlreadyExists, InvalidInput, KeyReused, NotFound
from domain.programs.drafting import FilledForm, Revision, copy_program, instantiate_template, revise_draft
from domain.programs.program import Audience, DebtPolicy, Visibility
from domain.programs.reading import programs_by_id, terms_by_id
from domain.programs.refusals import ProgramNotInState, TemplateRefused, TermsRefused


@strawberry.input(description="A template's form, filled in.")
class InstantiateTemplateInput:
    idempotency_key: str = key_field()
    template: str = strawberry.field(description="The template's code.")
    values: Json = strawberry.field(description="The form's values by field; what is left out has its default.")
    code: str = strawberry.field(description="The program's unique code, 1 to 64 characters.")
    starts_at: datetime = strawberry.field(description="Activities before this instant earn nothing.")
    ends_at: datetime | None = strawberry.field(
        default=None, description="Activities from this instant on earn nothing."
    )
    zone: str = strawberry.field(default="UTC", description="The IANA zone of its calendar.")
    name: LocalizedTextInput | None = strawberry.field(default=None, description="By default the template's.")
    description: LocalizedTextInput | None = strawberry.field(default=None, description="By default the template's.")
    unit: str | None = strawberry.field(default=None, description="What it awards; by default as the template says.")
    visibility: Visibility = strawberry.field(default=Visibility.MEMBERS, description="Who may know of it.")
    audience: Audience | None = strawberry.field(default=None, description="Who earns; by default as it says.")
    audience_rule: AudienceRuleInput | None = strawberry.field(
        default=None, description="Only these partners; by default as the template says."
    )
    objective: ObjectiveInput | None = strawberry.field(default=None, description="What it is to reach.")
    grace_days: int = strawberry.field(default=10, description="Days in which late activities still count, 0 to 366.")

    def form(self) -> FilledForm:
        """As the room of programs takes it."""
        return FilledForm(
            template=self.template,
            values=json_object(self.values, "values"),
            code=self.code,
            zone=self.zone,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            name=self.name.texts() if self.name else None,
            description=self.description.texts() if self.description else None,
            unit=self.unit,
            visibility=self.visibility,
            audience=self.audience,
            audience_rule=self.audience_rule.rule() if self.audience_rule else None,
            objective=self.objective.objective() if self.objective else None,
            grace_days=self.grace_days,
        )


@strawberry.input(description="What changes of a draft; what is left out stays as it is.")
class ReviseDraftInput:
    idempotency_key: str = key_field()
    program_id: strawberry.ID = strawberry.field(description="A program in state DRAFT.")
    values: Json | None = strawberry.field(
        default=None, description="Values of its template's form by field; those that are not named stay, null resets."
    )
    name: LocalizedTextInput | None = strawberry.field(default=None, description="Its name.")
    description: LocalizedTextInput | None = strawberry.field(default=None, description="What it is about.")
    starts_at: datetime | None = strawberry.field(default=None, description="Its start; drafted terms move with it.")
    ends_at: datetime | None = strawberry.field(default=None, description="Its end.")
    visibility: Visibility | None = strawberry.field(default=None, description="Who may know of it.")
    audience: Audience | None = strawberry.field(default=None, description="Who earns.")
    audience_rule: AudienceRuleInput | None = strawberry.field(
        default=None, description="Only these partners; one without any value: everybody."
    )
    objective: ObjectiveInput | None = strawberry.field(default=None, description="What it is to reach.")
    grace_days: int | None = strawberry.field(default=None, description="0 to 366.")
    debt_policy: DebtPolicy | None = strawberry.field(default=None, description="What a redemption in debt meets.")

    def revision(self) -> Revision:
        """As the room of programs takes it."""
        return Revision(
            values=None if self.values is None else json_object(self.values, "values"),
            name=self.name.texts() if self.name else None,
            description=self.description.texts() if self.description else None,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            visibility=self.visibility,
            audience=self.audience,
            audience_rule=self.audience_rule.rule() if self.audience_rule else None,
            objective=self.objective.objective() if self.objective else None,
            grace_days=self.grace_days,
            debt_policy=self.debt_policy,
        )


@strawberry.input(description="Another program like one there is, for the next period.")
class CopyProgramInput:
    idempotency_key: str = key_field()
    program_id: strawberry.ID = strawberry.field(description="The program that is copied, in any state.")
    code: str = strawberry.field(description="The copy's unique code, 1 to 64 characters.")
    name: LocalizedTextInput | None = strawberry.field(default=None, description="By default the same.")
    starts_at: datetime | None = strawberry.field(
        default=None, description="Its start; by default where the other one ends. All dates move as far."
    )


@strawberry.type(description="A draft stands, with terms.")
class InstantiateTemplateSuccess:
    program: Any = strawberry.field(graphql_type=nouns.PROGRAM, description="The program, a draft.")
    terms: Any = strawberry.field(graphql_type=nouns.TERMS, description="Its drafted terms.")


@strawberry.type(description="The draft is changed.")
class ReviseDraftSuccess:
    program: Any = strawberry.field(graphql_type=nouns.PROGRAM, description="The program, a draft.")
    terms: Any = strawberry.field(
        graphql_type=nouns.TERMS | None, description="Its new drafted terms; null where they stay as they are."
    )


@strawberry.type(description="The copy stands as a draft.")
class CopyProgramSuccess:
    program: Any = strawberry.field(graphql_type=nouns.PROGRAM, description="The copy.")


@strawberry.type
class ProgramDraftMutation:
    @mutation(
        InstantiateTemplateSuccess,
        NotFound,
        InvalidInput,
        AlreadyExists,
        KeyReused,
        TemplateRefused,
        TermsRefused,
        description="A program stands as a draft, with terms made from a template's form.",
    )
    async def instantiate_template(self, info: Info, input: InstantiateTemplateInput) -> Any:
        context = info.context
        made = await instantiate_template(context.door, context.actor, keyed(input), input.form())
        return InstantiateTemplateSuccess(
            program=await context.batches.one(programs_by_id, UUID(made.facts["program_id"])),
            terms=await context.batches.one(terms_by_id, UUID(made.facts["terms_id"])),
        )

    @mutation(
        ReviseDraftSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        ProgramNotInState,
        TemplateRefused,
        TermsRefused,
        description="A draft is changed field by field; terms that came from a template are made again.",
    )
    async def revise_draft(self, info: Info, input: ReviseDraftInput) -> Any:
        context = info.context
        program_id = sure(Tag.PROGRAM, input.program_id, "program")
        made = await revise_draft(context.door, context.actor, keyed(input), program_id, input.revision())
        terms_id = made.facts["terms_id"]
        return ReviseDraftSuccess(
            program=await context.batches.one(programs_by_id, program_id),
            terms=None if terms_id is None else await context.batches.one(terms_by_id, UUID(terms_id)),
        )

    @mutation(
        CopyProgramSuccess,
        NotFound,
        InvalidInput,
        AlreadyExists,
        KeyReused,
        TermsRefused,
        description="A draft like an earlier program stands, its dates and its objective's moved to the next period.",
    )
    async def copy_program(self, info: Info, input: CopyProgramInput) -> Any:
        context = info.context
        made = await copy_program(
            context.door,
            context.actor,
            keyed(input),
            sure(Tag.PROGRAM, input.program_id, "program"),
            code=input.code,
            name=input.name.texts() if input.name else None,
            starts_at=input.starts_at,
        )
        return CopyProgramSuccess(program=await context.batches.one(programs_by_id, UUID(made.facts["program_id"])))
