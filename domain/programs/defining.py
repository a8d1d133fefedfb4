"""Drafting programs, publishing terms in versions, and moving a program through its states."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.access.principals import Actor
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome, Principal
from domain.kernel.refusals import AlreadyExists, InvalidInput, NotFound
from domain.kernel.sql import sure_value
from domain.programs.document import InvalidTerms
from domain.programs.events import PROGRAM_CREATED
from domain.programs.moving import brought_up_to_date_in, move_in, tell_published
from domain.programs.objective import objective_problem
from domain.programs.program import RUNNING, ProgramAction, ProgramDraft, ProgramState
from domain.programs.reaching import check_program_in
from domain.programs.refusals import ProgramNotInState, TermsRefused
from domain.programs.terms import Terms

CODE_LENGTH_MAX = 64
COHORT_LENGTH_MAX = 32
NAME_LENGTH_MAX = 200
TERMS_VERSIONS_MAX = 1_000

INSERT_PROGRAM = """
INSERT INTO program (id, code, name, description, zone, unit, state, visibility, audience, audience_rule, starts_at,
                     ends_at, grace_days, objective, debt_policy, expired_hold_days, template, template_values,
                     recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, 'DRAFT', $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1)
ON CONFLICT (code) DO NOTHING RETURNING id
"""

INSERT_TERMS = """
INSERT INTO terms (id, program_id, version, cohort, effective_from, effective_until, published_at, document, triggers,
                   digest, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """From which template a program was made, and with which values of its form."""

    template: str
    values: Mapping[str, object]


async def create_program(door: Door, actor: Principal, keyed: Keyed, draft: ProgramDraft) -> Outcome:
    """A program stands in DRAFT with an empty budget in its unit; facts: program_id, budget_id.

    Refuses: InvalidInput (code, name, zone, unit, dates, bounds, objective, audience); AlreadyExists (code).
    """
    return await door.operate_keyed(actor, "createProgram", keyed, lambda op: create_in(op, draft))


async def create_in(op: Operation, draft: ProgramDraft, filled: Filled | None = None) -> Mapping[str, Any]:
    """As `create_program`, inside an operation; `filled` is remembered."""
    await check_draft_in(op, draft)
    program_id, budget_id = new_id(), new_id()
    created = await op.sql.fetchval(
        INSERT_PROGRAM,
        program_id,
        draft.code,
        dict(draft.name),
        dict(draft.description or {}),
        draft.zone,
        draft.unit,
        draft.visibility,
        draft.audience,
        draft.audience_rule.to_json() if draft.audience_rule else None,
        draft.starts_at,
        draft.ends_at,
        draft.grace_days,
        draft.objective.to_json() if draft.objective else None,
        draft.debt_policy,
        draft.expired_hold_days,
        filled.template if filled else None,
        dict(filled.values) if filled else None,
        op.now,
    )
    if created is None:
        raise AlreadyExists(kind="program", name=draft.code)
    await op.sql.execute(
        "INSERT INTO budget (id, program_id, unit, balance) VALUES ($1, $2, $3, 0)", budget_id, program_id, draft.unit
    )
    op.tell(PROGRAM_CREATED.about(program_id, program_id=program_id, code=draft.code, unit=draft.unit))
    return {"program_id": str(program_id), "budget_id": str(budget_id)}


async def publish_terms(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    program_id: UUID,
    document: Mapping[str, Any],
    *,
    effective_from: datetime | None = None,
    cohort: str = "standard",
) -> Outcome:
    """A further version of the program's terms stands. It binds what is first recorded from now on, or, in DRAFT, from
    launch on, or, where SCHEDULED, from the start on. `effective_from` (default: the program's start) is compared with
    `occurredAt`. Facts: terms_id, version.

    Refuses: NotFound (also outside the portfolio); ProgramNotInState (ENDED, ARCHIVED); TermsRefused;
    InvalidInput (cohort).
    """
    terms = terms_read(document)

    async def work(op: Operation) -> Mapping[str, Any]:
        program = await locked_program_in(op, program_id)
        await check_program_in(op, actor, program_id)
        return await publish_in(op, program, terms, effective_from=effective_from, cohort=cohort)

    return await door.operate_keyed(actor, "publishTerms", keyed, work)


def terms_read(document: Mapping[str, Any]) -> Terms:
    """The terms in the document. Refuses: TermsRefused, with every problem found."""
    try:
        terms = Terms.from_json(document)
    except InvalidTerms as trouble:
        raise TermsRefused(problems=[f"{problem.path}: {problem.reason}" for problem in trouble.problems]) from trouble

    return terms


async def publish_in(
    op: Operation,
    program: Mapping[str, Any],
    terms: Terms,
    *,
    effective_from: datetime | None = None,
    cohort: str = "standard",
) -> Mapping[str, Any]:
    """As `publish_terms`, of a locked program, inside an operation."""
    program = await brought_up_to_date_in(op, program)
    program_id, state = program["id"], ProgramState(program["state"])
    if state in (ProgramState.ENDED, ProgramState.ARCHIVED):
        raise ProgramNotInState(program_id=str(program_id), state=state, action="publishTerms")
    if terms.unit != program["unit"]:
        raise TermsRefused(problems=[f"unit: the program counts in {program['unit']}, not {terms.unit}"])
    if program["ends_at"] is None and (endless := [rule.code for rule in terms.rules if rule.waits_for_program_end]):
        raise TermsRefused(problems=[f"rules: {', '.join(endless)}: allocate AT_CLOSE needs a program that ends"])
    if not 1 <= len(cohort) <= COHORT_LENGTH_MAX:
        raise InvalidInput(field="cohort", problem=f"1 to {COHORT_LENGTH_MAX} characters")
    version = 1 + await sure_value(op.sql, "SELECT count(*) FROM terms WHERE program_id = $1", program_id)
    if version > TERMS_VERSIONS_MAX:
        raise InvalidInput(field="program", problem=f"at most {TERMS_VERSIONS_MAX} versions of terms")
    terms_id, start = new_id(), effective_from or program["starts_at"]
    published_at = op.now if state in RUNNING else program["starts_at"] if state is ProgramState.SCHEDULED else None
    await op.sql.execute(
        INSERT_TERMS,
        terms_id,
        program_id,
        version,
        cohort,
        start,
        None,
        published_at,
        terms.to_json(),
        sorted({rule.trigger for rule in terms.rules}),
        bytes.fromhex(terms.digest),
        op.now,
    )
    await op.sql.execute("UPDATE program SET version = version + 1 WHERE id = $1", program_id)
    if state in RUNNING:
        told = {"id": terms_id, "version": version, "cohort": cohort, "effective_from": start}
        tell_published(op, program_id, told)
    return {"terms_id": str(terms_id), "version": version, "program_id": str(program_id)}


async def change_program_state(
    door: Door, actor: Actor, keyed: Keyed, program_id: UUID, action: ProgramAction
) -> Outcome:
    """The program has moved along one drawn edge; LAUNCH publishes its drafted terms, and SCHEDULE does so as of its
    start. Facts: program_id, state.

    Refuses: NotFound (also outside the portfolio); ProgramNotInState; ProgramHasNoTerms; ProgramHasNoObjective;
    ProgramNotSettled; InvalidInput (SCHEDULE with a start that is past).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        program = await locked_program_in(op, program_id)
        await check_program_in(op, actor, program_id)
        after = await move_in(op, program, action)
        return {"program_id": str(program_id), "state": after}

    return await door.operate_keyed(actor, "changeProgramState", keyed, work)


async def locked_program_in(op: Operation, program_id: UUID) -> Mapping[str, Any]:
    """The program's row, locked. Refuses: NotFound."""
    row = await op.sql.fetchrow("SELECT * FROM program WHERE id = $1 FOR NO KEY UPDATE", program_id)
    if row is None:
        raise NotFound(kind="program", id=str(program_id))
    return row


async def check_draft_in(op: Operation, draft: ProgramDraft) -> None:
    """What the vendor states can stand. Refuses: InvalidInput, naming the field."""
    if not 1 <= len(draft.code) <= CODE_LENGTH_MAX:
        raise InvalidInput(field="code", problem=f"1 to {CODE_LENGTH_MAX} characters")
    if not draft.name.get("en"):
        raise InvalidInput(field="name", problem="an English name is needed; others are welcome")
    if any(len(text) > NAME_LENGTH_MAX for text in draft.name.values()):
        raise InvalidInput(field="name", problem=f"at most {NAME_LENGTH_MAX} characters")
    try:
        ZoneInfo(draft.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidInput(field="zone", problem=f"{draft.zone} is not an IANA time zone") from None
    if draft.ends_at is not None and draft.ends_at <= draft.starts_at:
        raise InvalidInput(field="endsAt", problem="must be after startsAt")
    if not 0 <= draft.grace_days <= 366:
        raise InvalidInput(field="graceDays", problem="0 to 366")
    if not 0 <= draft.expired_hold_days <= 366:
        raise InvalidInput(field="expiredHoldDays", problem="0 to 366")
    wrong = draft.objective and objective_problem(draft.objective, draft.starts_at)
    if wrong:
        raise InvalidInput(field=f"objective.{wrong.path}", problem=wrong.reason)
    wrong = draft.audience_rule and draft.audience_rule.problem()
    if wrong:
        raise InvalidInput(field=f"audienceRule.{wrong.path}", problem=wrong.reason)
    if not await op.sql.fetchval("SELECT true FROM unit WHERE code = $1", draft.unit):
        raise InvalidInput(field="unit", problem=f"there is no unit {draft.unit}")
