"""A partner's types are proven: applied for with files, verified until a date, enrolled, renewed, lapsed by time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.access import audit
from domain.access.principals import SYSTEM, Actor, Role
from domain.access.reading import reaches
from domain.files.attaching import attach_in
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import ForeignKeyViolation, Row
from domain.partners.events import PARTNER_TYPE_EXPIRING, PARTNER_TYPE_MOVED
from domain.partners.facts import NewFact, SubjectKind, end_facts_in, record_facts_in
from domain.partners.inviting import check_inviter_in
from domain.partners.refusals import TypeNotInState
from domain.partners.registration import PartnerType
from domain.partners.standing import LAPSES, MOVES, StandingAction, StandingState, available_actions, fact_of

FILES_KIND = "partner_type"
TOLD_BEFORE = timedelta(days=30)
STEP_MAX = 200

CREATE = """
INSERT INTO partner_standing (id, partner_id, type, state, applied_at)
VALUES ($1, $2, $3, 'APPLIED', $4) ON CONFLICT (partner_id, type) DO NOTHING RETURNING id
"""
LOCK_OF = "SELECT * FROM partner_standing WHERE partner_id = $1 AND type = $2 FOR NO KEY UPDATE"
LOCK = "SELECT * FROM partner_standing WHERE id = $1 FOR NO KEY UPDATE"
MOVE = """
UPDATE partner_standing
SET state = $2::text, valid_until = $3, fact_id = $4, lapsed_for = $5::text,
    lapsed_at = CASE WHEN $2::text = 'LAPSED' THEN $6::timestamptz END,
    applied_at = CASE WHEN $7::text = 'APPLY' AND state = 'LAPSED' THEN $6::timestamptz ELSE applied_at END,
    verified_at = CASE WHEN $7::text IN ('VERIFY', 'RENEW') THEN $6::timestamptz ELSE verified_at END,
    verified_by = CASE WHEN $7::text IN ('VERIFY', 'RENEW') THEN $8::uuid ELSE verified_by END,
    enrolled_at = CASE WHEN $7::text = 'ENROLL' THEN $6::timestamptz
                       WHEN $2::text = 'APPLIED' THEN NULL ELSE enrolled_at END,
    version = version + 1
WHERE id = $1
"""
DUE = """
SELECT * FROM partner_standing WHERE state IN ('VERIFIED', 'ENROLLED') AND valid_until <= $1
ORDER BY valid_until, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""
TELL = """
UPDATE partner_standing SET told_until = valid_until WHERE id IN (
    SELECT id FROM partner_standing WHERE state IN ('VERIFIED', 'ENROLLED') AND valid_until <= $1
    AND told_until IS DISTINCT FROM valid_until ORDER BY valid_until, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id, partner_id, type, valid_until
"""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to happen to a type: proof to attach, and until when a verification holds (None: for good)."""

    action: StandingAction
    file_ids: Collection[UUID] = ()
    valid_until: datetime | None = None


async def apply_for_type(
    door: Door, actor: Actor, keyed: Keyed, *, partner_id: UUID, kind: PartnerType, file_ids: Collection[UUID]
) -> UUID:
    """The partner applies for the type with these files as proof; where it is applied for or proven already, the files
    are further proof and nothing else changes. Answers the standing's id.

    Refuses: NotFound (the partner; a file that is not the actor's); FileAttached; InvalidInput (more than 20 files);
    KeyReused; TryLater.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        await check_inviter_in(op, actor, partner_id)
        try:
            new = await op.sql.fetchval(CREATE, new_id(), partner_id, kind.value, op.now)
        except ForeignKeyViolation:
            raise NotFound(kind="partner", id=str(partner_id)) from None
        row = await op.sql.fetchrow(LOCK_OF, partner_id, kind.value)
        assert row is not None, "it was there, or is now"
        wish = Wish(action=StandingAction.APPLY, file_ids=file_ids)
        if row["state"] == StandingState.LAPSED:
            await _move_in(op, actor, row, wish)
        else:
            await _prove_in(op, actor, row, wish)
            await _write_in(op, row, StandingState(row["state"]), wish, row["fact_id"], row["valid_until"])
            if new is not None:
                _tell(op, row, "NONE", StandingState.APPLIED, None, None)
        return {"standing_id": str(row["id"])}

    outcome = await door.operate_keyed(actor, "applyForPartnerType", keyed, work)
    return UUID(outcome.facts["standing_id"])


async def move_type(door: Door, actor: Actor, keyed: Keyed, standing_id: UUID, wish: Wish) -> UUID:
    """The type stands as the action leads: rules read it from now on, until the proof expires. A partner's
    administrator may withdraw; everything else is the vendor's to do. Answers the partner's id.

    Refuses: NotFound; TypeNotInState; FileAttached; InvalidInput (the date); KeyReused; TryLater.
    """

    async def work(op: Operation) -> Mapping[str, Any]:
        row = await op.sql.fetchrow(LOCK, standing_id)
        own = row is not None and actor.role is Role.PARTNER_ADMIN and actor.partner_id == row["partner_id"]
        if row is None or not (own or await reaches(op.sql, actor, row["partner_id"])):
            raise NotFound(kind="partner type", id=str(standing_id))
        if own and wish.action is not StandingAction.WITHDRAW:
            raise NotFound(kind="partner type", id=str(standing_id))
        if wish.action is StandingAction.EXPIRE:
            raise InvalidInput(field="action", problem="comes with the time")
        if wish.valid_until is not None and wish.valid_until <= op.now:
            raise InvalidInput(field="validUntil", problem="must be in the future")
        await _move_in(op, actor, row, wish)
        return {"partner_id": str(row["partner_id"])}

    outcome = await door.operate_keyed(actor, "movePartnerType", keyed, work)
    return UUID(outcome.facts["partner_id"])


async def lapse_due(door: Door) -> int:
    """A step: up to 200 types whose proof has expired lapse, and as many whose proof expires within 30 days are told
    of, once a date; answers how many.
    """

    async def work(op: Operation) -> int:
        due = await op.sql.fetch(DUE, op.now, STEP_MAX)
        for row in due:
            await _move_in(op, SYSTEM, row, Wish(action=StandingAction.EXPIRE))
        told = await op.sql.fetch(TELL, op.now + TOLD_BEFORE, STEP_MAX)
        for row in told:
            op.tell(
                PARTNER_TYPE_EXPIRING.about(
                    row["id"],
                    partner_id=row["partner_id"],
                    type=row["type"],
                    valid_until=row["valid_until"].isoformat(),
                )
            )
        return len(due) + len(told)

    return await door.operate(SYSTEM, work)


async def _move_in(op: Operation, actor: Actor, row: Row, wish: Wish) -> None:
    state = StandingState(row["state"])
    after = MOVES.get((state, wish.action))
    if after is None:
        allowed = ", ".join(available_actions(state))
        raise TypeNotInState(type=row["type"], state=state.value, allowed=allowed)
    await _prove_in(op, actor, row, wish)
    is_dated = wish.action in (StandingAction.VERIFY, StandingAction.RENEW)
    valid_until = wish.valid_until if is_dated else row["valid_until"]
    fact_id = await _fact_in(op, row, after, valid_until)
    await _write_in(op, row, after, wish, fact_id, None if after is StandingState.APPLIED else valid_until)
    _tell(op, row, state.value, after, LAPSES.get(wish.action), valid_until)
    facts = {"type": row["type"], "state": after.value}
    await audit.record_in(op, "partner_type.moved", "partner", row["partner_id"], **facts)


async def _fact_in(op: Operation, row: Row, after: StandingState, valid_until: datetime | None) -> UUID | None:
    """What rules read from now on: the former fact ends, and another says how it stands, until the proof expires."""
    if row["fact_id"] is not None:
        await end_facts_in(op, {row["fact_id"]: op.now})
    if after not in (StandingState.VERIFIED, StandingState.ENROLLED):
        return None
    if valid_until is not None and valid_until <= op.now:
        raise InvalidInput(field="validUntil", problem="the proof has expired")
    fact = NewFact(
        subject_kind=SubjectKind.PARTNER,
        subject_id=row["partner_id"],
        kind=fact_of(PartnerType(row["type"])),
        value={"value": after.value, "standing_id": str(row["id"])},
        valid_from=op.now,
        valid_until=valid_until,
    )
    (fact_id,) = await record_facts_in(op, [fact])
    return fact_id


async def _prove_in(op: Operation, actor: Actor, row: Row, wish: Wish) -> None:
    await attach_in(op, actor, wish.file_ids, FILES_KIND, row["id"])


async def _write_in(
    op: Operation, row: Row, after: StandingState, wish: Wish, fact_id: UUID | None, valid_until: datetime | None
) -> None:
    lapsed_for = LAPSES.get(wish.action)
    await op.sql.execute(
        MOVE,
        row["id"],
        after.value,
        valid_until,
        fact_id,
        lapsed_for and lapsed_for.value,
        op.now,
        wish.action.value,
        op.actor.principal_id,
    )


def _tell(
    op: Operation, row: Row, before: str, after: StandingState, reason: object, valid_until: datetime | None
) -> None:
    op.tell(
        PARTNER_TYPE_MOVED.about(
            row["id"],
            partner_id=row["partner_id"],
            type=row["type"],
            from_state=before,
            to_state=after.value,
            reason=reason and str(reason),
            valid_until=valid_until and valid_until.isoformat(),
        )
    )
