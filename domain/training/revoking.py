"""The vendor takes a certificate away: from then on it counts for nobody, and what it earned may be taken back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.access import audit
from domain.access.principals import Actor
from domain.earning.evaluating import Knowledge
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput
from domain.training.counting import count_in
from domain.training.learning import locked_in
from domain.training.machine import TrainingAction, TrainingState
from domain.training.rewarding import take_back_in
from domain.training.storing import Move, move_in

REASON_LENGTH_MAX = 500

REVOKE = "UPDATE certification SET revoked_at = $2 WHERE training_id = $1 AND revoked_at IS NULL"


async def revoke_certificate(
    door: Door,
    knowledge: Knowledge,
    actor: Actor,
    keyed: Keyed,
    training_id: UUID,
    *,
    reason: str,
    takes_back: bool = True,
) -> Outcome:
    """The person is certified by this version no longer, and cannot be again; with `takes_back` what passing earned is
    taken back. Facts: training_id.

    Refuses: NotFound; TrainingActionNotAvailable; InvalidInput (reason).
    """
    if not 1 <= len(reason.strip()) <= REASON_LENGTH_MAX or "\x00" in reason:
        raise InvalidInput(field="reason", problem=f"1 to {REASON_LENGTH_MAX} characters")

    async def work(op: Operation) -> Mapping[str, Any]:
        course, training = await locked_in(op, actor, training_id, TrainingAction.REVOKE)
        version = next(each for each in course.versions if each.id == training.course_version_id)
        after = replace(training, state=TrainingState.REVOKED, revoked_at=op.now, reason=reason.strip())
        await move_in(op, [Move(before=training, after=after, version=version)])
        await op.sql.execute(REVOKE, training_id, op.now)
        await audit.record_in(op, "training.revoke", "training", training_id, reason=reason.strip())
        await count_in(op, {course.id: course}, [(course.id, training.member_id)])
        if takes_back:
            await take_back_in(op, knowledge, training_id, reason.strip())
        return {"training_id": str(training_id)}

    return await door.operate_keyed(actor, "revokeCertificate", keyed, work)
