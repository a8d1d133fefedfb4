"""Making drafts of programs: from a template's form, as a copy of an earlier program, and field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.access.principals import Actor
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.programs.audience import AudienceRule, audience_read
from domain.programs.dates import Shift, shift_between, shifted_document
from domain.programs.defining import Filled, check_draft_in, create_in, locked_program_in, publish_in, terms_read
from domain.programs.events import PROGRAM_REVISED
from domain.programs.objective import Objective, objective_read
from domain.programs.program import Audience, DebtPolicy, ProgramDraft, ProgramState, Visibility
from domain.programs.reaching import check_program_in
from domain.programs.refusals import ProgramNotInState, TemplateRefused
from domain.programs.templates.form import Template, Values
from domain.programs.templates.registry import template_named

COHORTS_COPIED_MAX = 20

NEWEST_TERMS = """
SELECT DISTINCT ON (cohort) cohort, document FROM terms WHERE program_id = $1 ORDER BY cohort, version DESC LIMIT $2
"""
REVISE = """
UPDATE program SET name = $2, description = $3, visibility = $4, audience = $5, audience_rule = $6, starts_at = $7,
       ends_at = $8, grace_days = $9, objective = $10, debt_policy = $11, template_values = $12, version = version + 1
WHERE id = $1
"""
# Drafted terms that follow from the program's start go with it.
MOVE_TERMS = """
UPDATE terms SET effective_from = $3 WHERE program_id = $1 AND published_at IS NULL AND effective_from = $2
"""


@dataclass(frozen=True, kw_only=True)
class FilledForm:
    """A template's form as the vendor filled it in, and what is stated of the program; None: as the template says."""

    template: str
    values: Mapping[str, object]
    code: str
    zone: str
    starts_at: datetime
    ends_at: datetime | None = None
    name: Mapping[str, str] | None = None
    description: Mapping[str, str] | None = None
    unit: str | None = None
    visibility: Visibility = Visibility.MEMBERS
    audience: Audience | None = None
    audience_rule: AudienceRule | None = None
    objective: Objective | None = None
    grace_days: int = 10


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What changes of a draft; None leaves it as it is. Of `values` only those that are named change."""

    name: Mapping[str, str] | None = None
    description: Mapping[str, str] | None = None
    visibility: Visibility | None = None
    audience: Audience | None = None
    audience_rule: AudienceRule | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    grace_days: int | None = None
    objective: Objective | None = None
    debt_policy: DebtPolicy | None = None
    values: Mapping[str, object] | None = None


async def instantiate_template(door: Door, actor: Actor, keyed: Keyed, form: FilledForm) -> Outcome:
    """A program stands in DRAFT with drafted terms that the template made of the values.
    Facts: program_id, budget_id, terms_id.

    Refuses: NotFound (template); TemplateRefused, naming every field; InvalidInput; AlreadyExists (code); TermsRefused.
    """
    template = _template(form.template)

    async def work(op: Operation) -> Mapping[str, Any]:
        unit = form.unit or template.unit
        draft = ProgramDraft(
            code=form.code,
            name=form.name or template.name,
            description=form.description or template.description,
            zone=form.zone,
            unit=unit,
            starts_at=form.starts_at,
            ends_at=form.ends_at,
            visibility=form.visibility,
            audience=form.audience or template.audience,
            audience_rule=form.audience_rule or template.audience_rule,
            grace_days=form.grace_days,
            objective=form.objective,
        )
        await check_draft_in(op, draft)
        values = _read(template, form.values, unit=unit, zone=form.zone)
        terms = terms_read(template.document(values))
        made = await create_in(op, draft, Filled(template=template.code, values=form.values))
        drafted = await publish_in(op, await locked_program_in(op, UUID(made["program_id"])), terms)
        return {**made, "terms_id": drafted["terms_id"]}

    return await door.operate_keyed(actor, "instantiateTemplate", keyed, work)


async def revise_draft(door: Door, actor: Actor, keyed: Keyed, program_id: UUID, revision: Revision) -> Outcome:
    """The draft says what the revision says; with `values` a further version of its terms is drafted from its
    template. Facts: program_id, terms_id (None where the terms stay).

    Refuses: NotFound (also outside the portfolio); ProgramNotInState; TemplateRefused; InvalidInput; TermsRefused.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await locked_program_in(op, program_id)
        await check_program_in(op, actor, program_id)
        if row["state"] != ProgramState.DRAFT:
            raise ProgramNotInState(program_id=str(program_id), state=row["state"], action="reviseDraft")
        draft = _revised(_draft(row), revision)
        await check_draft_in(op, draft)
        values = row["template_values"]
        if revision.values is not None:
            if row["template"] is None:
                raise InvalidInput(field="values", problem="the program was not made from a template: publish terms")
            values = {**values, **revision.values}
        await op.sql.execute(
            REVISE,
            program_id,
            dict(draft.name),
            dict(draft.description or {}),
            draft.visibility,
            draft.audience,
            draft.audience_rule.to_json() if draft.audience_rule else None,
            draft.starts_at,
            draft.ends_at,
            draft.grace_days,
            draft.objective.to_json() if draft.objective else None,
            draft.debt_policy,
            values,
        )
        await op.sql.execute(MOVE_TERMS, program_id, row["starts_at"], draft.starts_at)
        drafted: Mapping[str, Any] = {"terms_id": None}
        if revision.values is not None:
            template = _template(row["template"])
            terms = terms_read(template.document(_read(template, values, unit=row["unit"], zone=row["zone"])))
            drafted = await publish_in(op, {**row, "starts_at": draft.starts_at, "ends_at": draft.ends_at}, terms)
        changed = [one.name for one in fields(revision) if getattr(revision, one.name) is not None]
        op.tell(PROGRAM_REVISED.about(program_id, program_id=program_id, fields=changed))
        return {"program_id": str(program_id), "terms_id": drafted["terms_id"]}

    return await door.operate_keyed(actor, "reviseDraft", keyed, work)


async def copy_program(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    program_id: UUID,
    *,
    code: str,
    name: Mapping[str, str] | None = None,
    starts_at: datetime | None = None,
) -> Outcome:
    """A draft like the program stands, its dates and its objective's moved to the next period (it starts where the
    other ends), or so that it begins at `starts_at`; the newest terms of each cohort are drafted. Nobody is enrolled,
    and its budget is empty. Facts: program_id, budget_id.

    Refuses: NotFound (also outside the portfolio); AlreadyExists (code); InvalidInput (no end and no start; more than
    20 cohorts); TermsRefused.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await locked_program_in(op, program_id)
        await check_program_in(op, actor, program_id)
        target = starts_at or row["ends_at"]
        if target is None:
            raise InvalidInput(field="startsAt", problem="is needed, because the program has no end")
        shift = shift_between(row["starts_at"], target, ZoneInfo(row["zone"]))
        draft = _shifted(_draft(row), shift)
        filled = Filled(template=row["template"], values=row["template_values"]) if row["template"] else None
        made = await create_in(op, replace(draft, code=code, name=name or draft.name), filled)
        copy = await locked_program_in(op, UUID(made["program_id"]))
        versions = await op.sql.fetch(NEWEST_TERMS, program_id, COHORTS_COPIED_MAX + 1)
        if len(versions) > COHORTS_COPIED_MAX:
            raise InvalidInput(field="programId", problem=f"at most {COHORTS_COPIED_MAX} cohorts are copied")
        for version in versions:
            terms = terms_read(shifted_document(version["document"], shift))
            await publish_in(op, copy, terms, cohort=version["cohort"])
        return made

    return await door.operate_keyed(actor, "copyProgram", keyed, work)


def _template(code: str) -> Template:
    template = template_named(code)
    if template is None:
        raise NotFound(kind="template", id=code)
    return template


def _read(template: Template, given: Mapping[str, object], *, unit: str, zone: str) -> Values:
    values = template.read(given, unit=unit, zone=zone)
    if isinstance(values, Values):
        return values
    raise TemplateRefused(problems=[{"path": problem.path, "problem": problem.reason} for problem in values])


def _draft(row: Mapping[str, Any]) -> ProgramDraft:
    return ProgramDraft(
        code=row["code"],
        name=row["name"],
        description=row["description"],
        zone=row["zone"],
        unit=row["unit"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        visibility=Visibility(row["visibility"]),
        audience=Audience(row["audience"]),
        audience_rule=audience_read(row["audience_rule"]),
        grace_days=row["grace_days"],
        objective=objective_read(row["objective"]),
        debt_policy=DebtPolicy(row["debt_policy"]),
        expired_hold_days=row["expired_hold_days"],
    )


def _revised(draft: ProgramDraft, revision: Revision) -> ProgramDraft:
    told = {one.name: getattr(revision, one.name) for one in fields(revision) if one.name != "values"}
    return replace(draft, **{name: value for name, value in told.items() if value is not None})


def _shifted(draft: ProgramDraft, shift: Shift) -> ProgramDraft:
    objective = draft.objective
    return replace(
        draft,
        starts_at=shift.of(draft.starts_at),
        ends_at=shift.of(draft.ends_at) if draft.ends_at else None,
        objective=replace(objective, due_at=shift.of(objective.due_at)) if objective else None,
    )
