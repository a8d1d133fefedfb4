"""The network between claiming and recording: many calls at once, none inside a transaction, none without an end."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import orjson
import structlog

from api.webhooks.claiming import Claimed, claim_due
from api.webhooks.reading import DeliveryKind
from api.webhooks.recording import judged, record_attempt
from api.webhooks.registering import sealed_context
from api.webhooks.signing import challenge_answer, message_id, signed_headers
from domain.access.matrix import Matrix
from domain.kernel.events import StampedEvent
from domain.kernel.operation import Door
from domain.kernel.outbound import SECONDS_MAX, send
from domain.kernel.sealing import Keyring, SealBroken

IN_FLIGHT_MAX = 50
WAIT_SECONDS = 0.2

MessageOf = Callable[[StampedEvent], Mapping[str, Any]]
log = structlog.get_logger()


class Sender:
    """Sends what is due; its `step` takes new work as soon as a place is free, however long others hang."""

    def __init__(
        self,
        door: Door,
        matrix: Matrix,
        keyring: Keyring,
        client: httpx2.AsyncClient,
        message_of: MessageOf,
        *,
        seconds: float = SECONDS_MAX,
    ) -> None:
        self._door, self._matrix, self._keyring = door, matrix, keyring
        self._client, self._message_of, self._seconds = client, message_of, seconds
        self._running: set[asyncio.Task[None]] = set()

    async def step(self) -> int:
        """New calls are under way, as far as there are places; answers how many began or ended since."""
        free = IN_FLIGHT_MAX - len(self._running)
        # A claim brings up to two deliveries of each endpoint.
        claimed = await claim_due(self._door, self._matrix, free // 2) if free >= 2 else []
        for one in claimed:
            self._running.add(asyncio.create_task(self._deliver(one), name=f"webhook-{one.id}"))
        ended: set[asyncio.Task[None]] = set()
        if self._running:
            ended, _ = await asyncio.wait(self._running, timeout=WAIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            self._running -= ended
        for task in ended:
            if (trouble := task.exception()) is not None:
                # Its lease ends by itself, and another try follows.
                log.warning("webhook.not_recorded", trouble=type(trouble).__name__, detail=str(trouble)[:200])
        return len(claimed) + len(ended)

    async def close(self) -> None:
        """Nothing is under way any more; what was cut off is sent again, under the same id, when its lease ends."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()

    async def _deliver(self, claimed: Claimed) -> None:
        context = sealed_context(claimed.endpoint_id)
        try:
            secrets = [self._keyring.open(sealed, context) for sealed in claimed.secrets]
        except SealBroken:
            log.error("webhook.secret_does_not_open", endpoint_id=str(claimed.endpoint_id))
            raise
        challenge = challenge_answer(secrets[0], claimed.id) if claimed.kind is DeliveryKind.CHALLENGE else None
        body = orjson.dumps(self._message(claimed, challenge))
        timestamp = int(claimed.sent_at.timestamp())
        headers = signed_headers(message_id(claimed.event_id), timestamp, body, secrets)
        self._door.failpoints.hit("webhooks.before_post")
        answer = await send(
            self._client,
            "POST",
            claimed.url,
            body=body,
            headers={"content-type": "application/json", **headers},
            seconds=self._seconds,
        )
        self._door.failpoints.hit("webhooks.after_post")
        await record_attempt(self._door, claimed, judged(answer, challenge))

    def _message(self, claimed: Claimed, challenge: str | None) -> Mapping[str, Any]:
        if claimed.event is not None:
            return self._message_of(claimed.event)
        data = {"challenge": challenge} if challenge is not None else {"message": "It works."}
        return {"type": claimed.event_name, "timestamp": claimed.recorded_at.isoformat(), "data": data}
