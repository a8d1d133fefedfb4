"""Enrolling members and partners in programs, made to measure by parameters that both sides consent to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.principals import Actor
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome, Principal
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import sure_value
from domain.programs.document import InvalidTerms
from domain.programs.events import ENROLLMENT_CHANGED
from domain.programs.reaching import check_enrolling_in
from domain.programs.refusals import AlreadyEnrolled, NothingToAccept, ParametersRefused
from domain.programs.terms import Terms

INSERT = """
INSERT INTO enrollment (id, program_id, subject_kind, subject_id, cohort, state, enrolled_at, recorded_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)
ON CONFLICT (program_id, subject_id) DO NOTHING RETURNING id
"""

INSERT_PARAMETERS = """
INSERT INTO enrollment_parameters (id, enrollment_id, version, parameters, valid_from, vendor_consented_at, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
"""

ACCEPT = """
UPDATE enrollment_parameters SET subject_consented_at = $2
WHERE enrollment_id = $1 AND subject_consented_at IS NULL
RETURNING version
"""


async def enroll(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    *,
    program_id: UUID,
    subject_kind: str,
    subject_id: UUID,
    cohort: str = "standard",
    parameters: Mapping[str, Any] | None = None,
    enrolled_at: datetime | None = None,
) -> Outcome:
    """The subject takes part from `enrolled_at` (default: now). With parameters the enrollment is PROPOSED until the
    subject accepts them; without, it is ACTIVE. Facts: enrollment_id, state.

    Refuses: NotFound (program, subject; also outside the portfolio); AlreadyEnrolled; ParametersRefused; InvalidInput.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        await _check_subject(op, subject_kind, subject_id)
        await check_enrolling_in(op, actor, program_id=program_id, subject_kind=subject_kind, subject_id=subject_id)
        terms = await _newest_terms(op, program_id, cohort)
        if parameters:
            _check_parameters(terms, parameters)
        enrollment_id, state = new_id(), "PROPOSED" if parameters else "ACTIVE"
        start = enrolled_at or op.now
        created = await op.sql.fetchval(
            INSERT, enrollment_id, program_id, subject_kind, subject_id, cohort, state, start, op.now
        )
        if created is None:
            existing = await op.sql.fetchval(
                "SELECT id FROM enrollment WHERE program_id = $1 AND subject_id = $2", program_id, subject_id
            )
            raise AlreadyEnrolled(enrollment_id=str(existing))
        if parameters:
            await op.sql.execute(INSERT_PARAMETERS, new_id(), enrollment_id, 1, dict(parameters), start, op.now)
        _tell(op, enrollment_id, program_id, subject_kind, subject_id, state, cohort, 1 if parameters else 0)
        return {"enrollment_id": str(enrollment_id), "state": state}

    return await door.operate_keyed(actor, "enroll", keyed, work)


async def propose_parameters(
    door: Door,
    actor: Principal,
    keyed: Keyed,
    *,
    enrollment_id: UUID,
    parameters: Mapping[str, Any],
    valid_from: datetime | None = None,
) -> Outcome:
    """The vendor's next version of the parameters waits for the subject's consent; until then the former holds.
    Facts: enrollment_id, version.

    Refuses: NotFound; ParametersRefused.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await _locked(op, enrollment_id)
        _check_parameters(await _newest_terms(op, row["program_id"], row["cohort"]), parameters)
        version = 1 + await sure_value(
            op.sql,
            "SELECT coalesce(max(version), 0) FROM enrollment_parameters WHERE enrollment_id = $1",
            enrollment_id,
        )
        await op.sql.execute(
            INSERT_PARAMETERS, new_id(), enrollment_id, version, dict(parameters), valid_from or op.now, op.now
        )
        await _moved(op, row, row["state"], version)
        return {"enrollment_id": str(enrollment_id), "version": version}

    return await door.operate_keyed(actor, "proposeParameters", keyed, work)


async def accept_parameters(door: Door, actor: Principal, keyed: Keyed, *, enrollment_id: UUID) -> Outcome:
    """The subject consents to every proposed version; the enrollment is ACTIVE. Facts: enrollment_id, version.

    Refuses: NotFound; NothingToAccept.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await _locked(op, enrollment_id)
        accepted = await op.sql.fetch(ACCEPT, enrollment_id, op.now)
        if not accepted:
            raise NothingToAccept(enrollment_id=str(enrollment_id))
        version = max(one["version"] for one in accepted)
        await _moved(op, row, "ACTIVE", version)
        return {"enrollment_id": str(enrollment_id), "version": version}

    return await door.operate_keyed(actor, "acceptParameters", keyed, work)


async def end_enrollment(door: Door, actor: Principal, keyed: Keyed, *, enrollment_id: UUID) -> Outcome:
    """The subject takes part no longer from now on; what it earned stays. Facts: enrollment_id, state.

    Refuses: NotFound.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await _locked(op, enrollment_id)
        await op.sql.execute(
            "UPDATE enrollment SET ended_at = coalesce(ended_at, $2) WHERE id = $1", enrollment_id, op.now
        )
        await _moved(op, row, "ENDED", 0)
        return {"enrollment_id": str(enrollment_id), "state": "ENDED"}

    return await door.operate_keyed(actor, "endEnrollment", keyed, work)


async def _moved(op: Operation, row: Mapping[str, Any], state: str, version: int) -> None:
    await op.sql.execute("UPDATE enrollment SET state = $2, version = version + 1 WHERE id = $1", row["id"], state)
    _tell(op, row["id"], row["program_id"], row["subject_kind"], row["subject_id"], state, row["cohort"], version)


def _tell(
    op: Operation,
    enrollment_id: UUID,
    program_id: UUID,
    subject_kind: str,
    subject_id: UUID,
    state: str,
    cohort: str,
    version: int,
) -> None:
    op.tell(
        ENROLLMENT_CHANGED.about(
            enrollment_id,
            member_id=subject_id if subject_kind == "MEMBER" else None,
            partner_id=subject_id if subject_kind == "PARTNER" else None,
            program_id=program_id,
            state=state,
            cohort=cohort,
            parameters_version=version,
        )
    )


def _check_parameters(terms: Terms, parameters: Mapping[str, Any]) -> None:
    try:
        terms.resolved(parameters)
    except InvalidTerms as trouble:
        raise ParametersRefused(
            problems=[f"{problem.path}: {problem.reason}" for problem in trouble.problems]
        ) from trouble


async def _newest_terms(op: Operation, program_id: UUID, cohort: str) -> Terms:
    document = await op.sql.fetchval(
        "SELECT document FROM terms WHERE program_id = $1 AND cohort = $2 ORDER BY version DESC LIMIT 1",
        program_id,
        cohort,
    )
    if document is None:
        raise NotFound(kind="terms", id=f"{program_id}/{cohort}")
    return Terms.from_json(document)


async def _check_subject(op: Operation, subject_kind: str, subject_id: UUID) -> None:
    if subject_kind not in ("MEMBER", "PARTNER"):
        raise InvalidInput(field="subjectKind", problem="MEMBER or PARTNER")
    table = "member" if subject_kind == "MEMBER" else "partner"
    if not await op.sql.fetchval(f"SELECT true FROM {table} WHERE id = $1", subject_id):
        raise NotFound(kind=table, id=str(subject_id))


async def _locked(op: Operation, enrollment_id: UUID) -> Mapping[str, Any]:
    row = await op.sql.fetchrow("SELECT * FROM enrollment WHERE id = $1 FOR NO KEY UPDATE", enrollment_id)
    if row is None:
        raise NotFound(kind="enrollment", id=str(enrollment_id))
    return row
