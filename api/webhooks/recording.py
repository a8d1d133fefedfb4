"""What became of a try is written, by whoever still holds the lease: delivered, again later, parked, or gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import orjson

from api.webhooks.claiming import Claimed
from api.webhooks.events import ENDPOINT_DISABLED
from api.webhooks.reading import DeliveryKind
from api.webhooks.schedule import pause_after
from domain.access.principals import SYSTEM
from domain.kernel.ids import new_id
from domain.kernel.operation import Door, Operation
from domain.kernel.outbound import Answered, Silence, Unanswered

RESPONSE_LENGTH_MAX = 1_024
GONE = 410

END = """
UPDATE webhook_delivery SET state = $3, ended_at = $4, lease_until = NULL, failures = $5
WHERE id = $1 AND attempts = $2 AND state = 'WAITING' RETURNING id
"""
LATER = """
UPDATE webhook_delivery SET next_at = $3, lease_until = NULL, failures = $4
WHERE id = $1 AND attempts = $2 AND state = 'WAITING' RETURNING id
"""
ATTEMPT = """
INSERT INTO webhook_attempt (id, delivery_id, n, outcome, status, response, milliseconds, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (delivery_id, n) DO NOTHING
"""
ACTIVATE = """
UPDATE webhook_endpoint SET state = 'ACTIVE', reason = NULL, updated_at = $2, version = version + 1
WHERE id = $1 AND state = 'PENDING'
"""
DISABLE = """
UPDATE webhook_endpoint SET state = 'DISABLED', reason = $2, updated_at = $3, version = version + 1
WHERE id = $1 AND state IN ('PENDING', 'ACTIVE') RETURNING id
"""


class Outcome(StrEnum):
    """What a try met."""

    DELIVERED = "DELIVERED"
    REDIRECTED = "REDIRECTED"
    GONE = "GONE"
    HTTP_ERROR = "HTTP_ERROR"
    WRONG_ANSWER = "WRONG_ANSWER"
    CLOSED = "CLOSED"
    NOT_CONNECTED = "NOT_CONNECTED"
    TIMED_OUT = "TIMED_OUT"
    BROKEN = "BROKEN"


OF_SILENCE: Mapping[Silence, Outcome] = {
    Silence.CLOSED: Outcome.CLOSED,
    Silence.NOT_CONNECTED: Outcome.NOT_CONNECTED,
    Silence.TIMED_OUT: Outcome.TIMED_OUT,
    Silence.BROKEN: Outcome.BROKEN,
}


@dataclass(frozen=True, kw_only=True)
class Met:
    """One try, judged."""

    outcome: Outcome
    status: int | None
    response: str | None
    milliseconds: int
    retry_after_seconds: int | None = None


def judged(answer: Answered | Unanswered, challenge: str | None) -> Met:
    """What an answer means. Any 2xx is a yes; to a `challenge` only one that says it back. Pure."""
    if isinstance(answer, Unanswered):
        return Met(
            outcome=OF_SILENCE[answer.reason], status=None, response=answer.detail, milliseconds=answer.milliseconds
        )
    text = answer.body[: 4 * RESPONSE_LENGTH_MAX].decode(errors="replace").replace("\x00", "\ufffd")
    if 200 <= answer.status < 300:
        said = challenge is None or _says(answer.body, challenge)
        outcome = Outcome.DELIVERED if said else Outcome.WRONG_ANSWER
    elif answer.status == GONE:
        outcome = Outcome.GONE
    else:
        outcome = Outcome.REDIRECTED if 300 <= answer.status < 400 else Outcome.HTTP_ERROR
    return Met(
        outcome=outcome,
        status=answer.status,
        response=text[:RESPONSE_LENGTH_MAX] if challenge is None else None,
        milliseconds=answer.milliseconds,
        retry_after_seconds=answer.retry_after_seconds,
    )


async def record_attempt(door: Door, claimed: Claimed, met: Met) -> bool:
    """The log has the try, and the delivery ended or waits for its next one; False where another holds it by now."""

    async def work(op: Operation) -> bool:
        if claimed.kind is DeliveryKind.CHALLENGE or met.outcome is Outcome.GONE:
            await op.sql.execute("SELECT 1 FROM webhook_endpoint WHERE id = $1 FOR UPDATE", claimed.endpoint_id)
        await op.sql.execute(
            ATTEMPT,
            new_id(),
            claimed.id,
            claimed.attempt,
            met.outcome.value,
            met.status,
            met.response,
            met.milliseconds,
            op.now,
        )
        if met.outcome is Outcome.DELIVERED:
            held = await op.sql.fetchval(END, claimed.id, claimed.attempt, "DELIVERED", op.now, claimed.failures)
            if held is not None and claimed.kind is DeliveryKind.CHALLENGE:
                await op.sql.execute(ACTIVATE, claimed.endpoint_id, op.now)
            return held is not None
        failures = claimed.failures + 1
        pause = pause_after(failures, met.retry_after_seconds)
        if met.outcome is Outcome.GONE or pause is None:
            held = await op.sql.fetchval(END, claimed.id, claimed.attempt, "PARKED", op.now, failures)
            is_over = met.outcome is Outcome.GONE or claimed.kind is DeliveryKind.CHALLENGE
            if held is not None and is_over:
                await _disable(op, claimed, "GONE" if met.outcome is Outcome.GONE else "CHALLENGE_FAILED")
            return held is not None
        return await op.sql.fetchval(LATER, claimed.id, claimed.attempt, op.now + pause, failures) is not None

    return await door.operate(SYSTEM, work)


def _says(body: bytes, challenge: str) -> bool:
    """True for the challenge alone, as text or as JSON `{"challenge": …}`: an echo of what was sent proves nothing."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        told = body.decode(errors="replace").strip()
    return told in (challenge, {"challenge": challenge})


async def _disable(op: Operation, claimed: Claimed, reason: str) -> None:
    if await op.sql.fetchval(DISABLE, claimed.endpoint_id, reason, op.now) is not None:
        op.tell(ENDPOINT_DISABLED.about(claimed.endpoint_id, reason=reason))
