"""A relation is suspended, ends with a run-off, is over, or is taken up again; and the employer's consent, dated."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.access import audit
from domain.access.principals import SYSTEM, Actor, Role
from domain.access.reading import reaches
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import Connection, Database, Row, sure_value
from domain.partners.events import PARTNERSHIP_MOVED
from domain.partners.facts import FactKind, NewFact, SubjectKind, end_facts_in, facts_as_of, record_facts_in
from domain.partners.inviting import check_inviter_in
from domain.partners.refusals import PartnershipNotInState

PARTNERSHIP = "partnership"
RUN_OFF_DAYS_MAX = 3_660
STEP_MAX = 200

LOCK = "SELECT id, partnership, run_off_until, version FROM partner WHERE id = $1 FOR NO KEY UPDATE"
MOVE = """
UPDATE partner SET partnership = $2::text, run_off_until = $3, version = version + 1 WHERE id = $1
"""
DUE = """
SELECT id, partnership, run_off_until, version FROM partner
WHERE partnership = 'ENDING' AND run_off_until <= $1 ORDER BY run_off_until, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""
STANDING = """
SELECT id FROM fact WHERE subject_id = $1 AND kind = $2 AND valid_from < $3
AND (valid_until IS NULL OR valid_until > $3)
"""


class Partnership(StrEnum):
    """Whether a partner's people earn: yes while ACTIVE and ENDING (the run-off), no while SUSPENDED or ENDED."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    ENDING = "ENDING"
    ENDED = "ENDED"


class PartnershipAction(StrEnum):
    """What the vendor may do with a relation.."""

    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    END = "END"


MOVES: Mapping[tuple[Partnership, PartnershipAction], Partnership] = {
    (Partnership.ACTIVE, PartnershipAction.SUSPEND): Partnership.SUSPENDED,
    (Partnership.ACTIVE, PartnershipAction.END): Partnership.ENDING,
    (Partnership.SUSPENDED, PartnershipAction.RESUME): Partnership.ACTIVE,
    (Partnership.SUSPENDED, PartnershipAction.END): Partnership.ENDING,
    (Partnership.ENDING, PartnershipAction.RESUME): Partnership.ACTIVE,
    (Partnership.ENDED, PartnershipAction.RESUME): Partnership.ACTIVE,
}


def available_actions(state: Partnership) -> tuple[PartnershipAction, ...]:
    """What may be done with a relation that stands so."""
    return tuple(action for from_state, action in MOVES if from_state is state)


async def move_partnership(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    partner_id: UUID,
    action: PartnershipAction,
    run_off_until: datetime | None = None,
) -> None:
    """The relation stands so from now on. It ENDS at once, or with a run-off at most ten years long, in which what the
    partner's people do still earns. What was earned stays theirs either way.

    Refuses: NotFound; PartnershipNotInState; InvalidInput (the run-off); KeyReused; TryLater.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await op.sql.fetchrow(LOCK, partner_id)
        if row is None or not await reaches(op.sql, actor, partner_id):
            raise NotFound(kind="partner", id=str(partner_id))
        after = MOVES.get((Partnership(row["partnership"]), action))
        if after is None:
            raise PartnershipNotInState(state=row["partnership"])
        until = run_off_until if action is PartnershipAction.END else None
        if until is not None and not 0 < (until - op.now).days + 1 <= RUN_OFF_DAYS_MAX:
            raise InvalidInput(field="runOffUntil", problem=f"within {RUN_OFF_DAYS_MAX} days from now")
        if after is Partnership.ENDING and until is None:
            after = Partnership.ENDED
        await _facts_in(op, row, after, until)
        await _move_in(op, row, after, until)
        await audit.record_in(op, "partnership.moved", "partner", partner_id, state=after.value)
        return {}

    await door.operate_keyed(actor, "movePartnership", keyed, work)


async def end_partnerships_due(door: Door) -> int:
    """A step: up to 200 relations whose run-off is over are ENDED; rules have known since the run-off began."""

    async def work(op: Operation) -> int:
        due = await op.sql.fetch(DUE, op.now, STEP_MAX)
        for row in due:
            await _move_in(op, row, Partnership.ENDED, None)
        return len(due)

    return await door.operate(SYSTEM, work)


async def not_earning(
    source: Database | Connection, asked: Collection[tuple[UUID, datetime]]
) -> frozenset[tuple[UUID, datetime]]:
    """Of (partner, instant) pairs those in which the relation was SUSPENDED or ENDED; at most 20,000, one statement."""
    known = await facts_as_of(source, list(asked), (PARTNERSHIP,))
    stopped = (Partnership.SUSPENDED, Partnership.ENDED)
    return frozenset(pair for pair, facts in known.items() if facts.get(PARTNERSHIP) in stopped)


async def give_consent(
    door: Door, actor: Actor, keyed: Keyed, partner_id: UUID, scope: str, until: datetime | None = None
) -> None:
    """The employer consents from now on (until an instant) that its people are rewarded: rules read `partner.consent`,
    which is the scope, a code of the vendor's. The former consent ends.

    Refuses: NotFound; InvalidInput (the scope, the date); KeyReused; TryLater.
    """
    if not 1 <= len(scope) <= 64 or not scope.isascii() or not scope.isprintable():
        raise InvalidInput(field="scope", problem="1 to 64 printable characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        if until is not None and until <= op.now:
            raise InvalidInput(field="until", problem="must be in the future")
        await _consenting_in(op, actor, partner_id)
        await _end_standing_in(op, partner_id, FactKind.CONSENT)
        value = {"value": scope, "given_by": str(op.actor.principal_id)}
        await record_facts_in(op, [_fact(partner_id, FactKind.CONSENT, value, op.now, until)])
        await audit.record_in(op, "consent.given", "partner", partner_id, scope=scope)
        return {}

    await door.operate_keyed(actor, "giveEmployerConsent", keyed, work)


async def end_consent(door: Door, actor: Actor, keyed: Keyed, partner_id: UUID) -> None:
    """The employer's consent ends now; ending it again changes nothing. Refuses: NotFound; KeyReused; TryLater."""

    async def work(op: Operation) -> Mapping[str, Any]:
        await _consenting_in(op, actor, partner_id)
        await _end_standing_in(op, partner_id, FactKind.CONSENT)
        await audit.record_in(op, "consent.ended", "partner", partner_id)
        return {}

    await door.operate_keyed(actor, "endEmployerConsent", keyed, work)


async def consents_of_partners(
    sql: Database | Connection, pairs: Sequence[tuple[Actor, UUID]]
) -> Mapping[tuple[Actor, UUID], str]:
    """The consent of each partner that stands now; whoever asks has been handed the partner."""
    if not pairs:
        return {}
    now: datetime = await sure_value(sql, "SELECT guerdon_now()")
    known = await facts_as_of(sql, [(partner_id, now) for _, partner_id in pairs], (FactKind.CONSENT,))
    return {
        pair: str(known[(pair[1], now)][FactKind.CONSENT])
        for pair in pairs
        if FactKind.CONSENT in known.get((pair[1], now), {})
    }


async def _consenting_in(op: Operation, actor: Actor, partner_id: UUID) -> None:
    if actor.role is Role.ACCOUNT_MANAGER or await op.sql.fetchrow(LOCK, partner_id) is None:
        raise NotFound(kind="partner", id=str(partner_id))
    await check_inviter_in(op, actor, partner_id)


async def _facts_in(op: Operation, row: Row, after: Partnership, until: datetime | None) -> None:
    await _end_standing_in(op, row["id"], PARTNERSHIP)
    facts = [_fact(row["id"], PARTNERSHIP, {"value": after.value}, op.now, until)]
    if until is not None:
        facts.append(_fact(row["id"], PARTNERSHIP, {"value": Partnership.ENDED.value}, until, None))
    elif row["run_off_until"] is not None and row["run_off_until"] > op.now:
        # The end that was announced has a fact of its own by then; what began last speaks.
        facts.append(_fact(row["id"], PARTNERSHIP, {"value": after.value}, row["run_off_until"], None))
    await record_facts_in(op, facts)


async def _end_standing_in(op: Operation, partner_id: UUID, kind: str) -> None:
    rows = await op.sql.fetch(STANDING, partner_id, str(kind), op.now)
    await end_facts_in(op, {row["id"]: op.now for row in rows})


async def _move_in(op: Operation, row: Row, after: Partnership, until: datetime | None) -> None:
    await op.sql.execute(MOVE, row["id"], after.value, until)
    op.tell(
        PARTNERSHIP_MOVED.about(
            row["id"],
            partner_id=row["id"],
            from_state=row["partnership"],
            to_state=after.value,
            valid_until=until and until.isoformat(),
            version=row["version"] + 1,
        )
    )


def _fact(
    partner_id: UUID, kind: str, value: Mapping[str, Any], valid_from: datetime, valid_until: datetime | None
) -> NewFact:
    return NewFact(
        subject_kind=SubjectKind.PARTNER,
        subject_id=partner_id,
        kind=kind,
        value=value,
        valid_from=valid_from,
        valid_until=valid_until,
    )
