"""Drafting programs, publishing terms in versions, and moving a program through its states."""

from collections.abc import Mapping
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
from domain.programs.events import PROGRAM_CHANGED, PROGRAM_CREATED, TERMS_PUBLISHED
from domain.programs.program import MOVES, ProgramAction, ProgramDraft, ProgramState
from domain.programs.reaching import check_program_in
from domain.programs.refusals import ProgramHasNoTerms, ProgramNotInState, TermsRefused
from domain.programs.terms import Terms

CODE_LENGTH_MAX = 64
TERMS_VERSIONS_MAX = 1_000

INSERT_PROGRAM = """
INSERT INTO program (id, code, name, description, zone, unit, state, visibility, audience, starts_at, ends_at,
                     grace_days, objective, debt_policy, expired_hold_days, recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, 'DRAFT', $7, $8, $9, $10, $11, $12, $13, $14, $15, 1)
ON CONFLICT (code) DO NOTHING RETURNING id
"""

INSERT_TERMS = """
INSERT INTO terms (id, program_id, version, cohort, effective_from, effective_until, published_at, document, triggers,
                   digest, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


async def create_program(door: Door, actor: Principal, keyed: Keyed, draft: ProgramDraft) -> Outcome:
    """A program stands in DRAFT with an empty budget in its unit; facts: program_id, budget_id.

    Refuses: InvalidInput (code, name, zone, unit, dates, bounds); AlreadyExists (code).
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        await _check_draft(op, draft)
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
            draft.starts_at,
            draft.ends_at,
            draft.grace_days,
            draft.objective,
            draft.debt_policy,
            draft.expired_hold_days,
            op.now,
        )
        if created is None:
            raise AlreadyExists(kind="program", name=draft.code)
        await op.sql.execute(
            "INSERT INTO budget (id, program_id, unit, balance) VALUES ($1, $2, $3, 0)",
            budget_id,
            program_id,
            draft.unit,
        )
        op.tell(PROGRAM_CREATED.about(program_id, program_id=program_id, code=draft.code, unit=draft.unit))
        return {"program_id": str(program_id), "budget_id": str(budget_id)}

    return await door.operate_keyed(actor, "createProgram", keyed, work)


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
    launch on. `effective_from` (default: the program's start) is compared with `occurredAt`.
    Facts: terms_id, version.

    Refuses: NotFound (also outside the portfolio); ProgramNotInState (ENDED, ARCHIVED); TermsRefused;
    InvalidInput (cohort).
    """
    try:
        terms = Terms.from_json(document)
    except InvalidTerms as trouble:
        raise TermsRefused(problems=[f"{problem.path}: {problem.reason}" for problem in trouble.problems]) from trouble

    async def work(op: Operation) -> Mapping[str, Any]:
        program = await _locked(op, program_id)
        await check_program_in(op, actor, program_id)
        state = ProgramState(program["state"])
        if state in (ProgramState.ENDED, ProgramState.ARCHIVED):
            raise ProgramNotInState(program_id=str(program_id), state=state, action="publishTerms")
        if terms.unit != program["unit"]:
            raise TermsRefused(problems=[f"unit: the program counts in {program['unit']}, not {terms.unit}"])
        if program["ends_at"] is None and (endless := [r.code for r in terms.rules if r.waits_for_program_end]):
            raise TermsRefused(problems=[f"rules: {', '.join(endless)}: allocate AT_CLOSE needs a program that ends"])
        if not 1 <= len(cohort) <= 32:
            raise InvalidInput(field="cohort", problem="1 to 32 characters")
        version = 1 + await sure_value(op.sql, "SELECT count(*) FROM terms WHERE program_id = $1", program_id)
        if version > TERMS_VERSIONS_MAX:
            raise InvalidInput(field="program", problem=f"at most {TERMS_VERSIONS_MAX} versions of terms")
        terms_id, start = new_id(), effective_from or program["starts_at"]
        await op.sql.execute(
            INSERT_TERMS,
            terms_id,
            program_id,
            version,
            cohort,
            start,
            None,
            op.now if state is ProgramState.LIVE else None,
            terms.to_json(),
            sorted({rule.trigger for rule in terms.rules}),
            bytes.fromhex(terms.digest),
            op.now,
        )
        await op.sql.execute("UPDATE program SET version = version + 1 WHERE id = $1", program_id)
        if state is ProgramState.LIVE:
            _tell_published(op, program_id, terms_id, version, cohort, start)
        return {"terms_id": str(terms_id), "version": version, "program_id": str(program_id)}

    return await door.operate_keyed(actor, "publishTerms", keyed, work)


async def change_program_state(
    door: Door, actor: Actor, keyed: Keyed, program_id: UUID, action: ProgramAction
) -> Outcome:
    """The program has moved along one drawn edge; LAUNCH publishes its drafted terms. Facts: program_id, state.

    Refuses: NotFound (also outside the portfolio); ProgramNotInState; ProgramHasNoTerms.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        program = await _locked(op, program_id)
        await check_program_in(op, actor, program_id)
        before = ProgramState(program["state"])
        after = MOVES.get((before, action))
        if after is None:
            raise ProgramNotInState(program_id=str(program_id), state=before, action=action)
        if action is ProgramAction.LAUNCH:
            await _publish_drafts(op, program_id)
        await op.sql.execute(
            "UPDATE program SET state = $2::text, version = version + 1,"
            " ends_at = CASE WHEN $2::text = 'ENDED' AND (ends_at IS NULL OR ends_at > $3) AND $3 > starts_at"
            " THEN $3 ELSE ends_at END WHERE id = $1",
            program_id,
            after,
            op.now,
        )
        op.tell(PROGRAM_CHANGED.about(program_id, program_id=program_id, from_state=before, to_state=after))
        return {"program_id": str(program_id), "state": after}

    return await door.operate_keyed(actor, "changeProgramState", keyed, work)


async def _publish_drafts(op: Operation, program_id: UUID) -> None:
    published = await op.sql.fetch(
        "UPDATE terms SET published_at = $2 WHERE program_id = $1 AND published_at IS NULL"
        " RETURNING id, version, cohort, effective_from",
        program_id,
        op.now,
    )
    if not published:
        raise ProgramHasNoTerms(program_id=str(program_id))
    for row in sorted(published, key=lambda row: row["version"]):
        _tell_published(op, program_id, row["id"], row["version"], row["cohort"], row["effective_from"])


def _tell_published(
    op: Operation, program_id: UUID, terms_id: UUID, version: int, cohort: str, effective_from: datetime
) -> None:
    op.tell(
        TERMS_PUBLISHED.about(
            terms_id,
            program_id=program_id,
            version=version,
            cohort=cohort,
            effective_from=effective_from.isoformat(),
        )
    )


async def _locked(op: Operation, program_id: UUID) -> Mapping[str, Any]:
    row = await op.sql.fetchrow("SELECT * FROM program WHERE id = $1 FOR NO KEY UPDATE", program_id)
    if row is None:
        raise NotFound(kind="program", id=str(program_id))
    return row


async def _check_draft(op: Operation, draft: ProgramDraft) -> None:
    if not 1 <= len(draft.code) <= CODE_LENGTH_MAX:
        raise InvalidInput(field="code", problem=f"1 to {CODE_LENGTH_MAX} characters")
    if not draft.name.get("en"):
        raise InvalidInput(field="name", problem="an English name is needed; others are welcome")
    if any(len(text) > 200 for text in draft.name.values()):
        raise InvalidInput(field="name", problem="at most 200 characters")
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
    if not await op.sql.fetchval("SELECT true FROM unit WHERE code = $1", draft.unit):
        raise InvalidInput(field="unit", problem=f"there is no unit {draft.unit}")
