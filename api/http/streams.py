"""Server-sent events for subscriptions, in the form of the graphql-sse protocol's distinct connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from api.http.callers import Actor, Circumstances
from api.http.errors import Code, RequestRefused
from api.http.face import Face
from api.http.guards.json import encode_json
from api.logs import log

HEARTBEAT_SECONDS = 15.0
HEADERS = MappingProxyType(
    {"cache-control": "no-cache, no-store, no-transform", "x-accel-buffering": "no", "vary": "accept"}
)


class EventStream(Response):
    """Sends each result as an event `next`, ends with `complete`; ends early when the credential does.

    A result's `extensions.cursor` becomes the event id, which a browser sends back as Last-Event-ID.
    """

    media_type = "text/event-stream"

    def __init__(
        self, face: Face, actor: Actor, circumstances: Circumstances, results: AsyncIterator[ExecutionResult]
    ) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._face, self._actor, self._circumstances, self._results = face, actor, circumstances, results

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the subscription, the client, the credential or the client's patience ends."""
        limits, principal = self._face.settings.limits, self._actor.principal_id
        owner = f"stream:{principal or self._circumstances.address}"
        most = limits.streams_per_principal_max if principal else limits.sockets_per_address_max
        with ExitStack() as places:
            try:
                places.enter_context(self._face.connections.place(owner, most, Code.TOO_MANY_SUBSCRIPTIONS))
            except RequestRefused as refused:
                body = {"errors": [self._face.presenter.refusal(refused, self._circumstances.request_id)]}
                await Response(encode_json(body), refused.trouble.status, media_type="application/json")(
                    scope, receive, send
                )
                return
            revoked = places.enter_context(self._face.connections.revocable(principal))
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._until_first(
                self._send_all(send), _disconnected(receive), revoked.wait(), _expired(self._actor.expires_at)
            )
            with suppress(Exception):
                async with asyncio.timeout(limits.socket_close_seconds):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _until_first(self, *waits: Any) -> None:
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        request_id = self._circumstances.request_id
        upcoming = asyncio.ensure_future(anext(self._results, None))
        try:
            while True:
                done, _ = await asyncio.wait((upcoming,), timeout=HEARTBEAT_SECONDS)
                if not done:
                    await self._send(send, ":\n\n")
                    continue
                result = upcoming.result()
                if result is None:
                    await self._send(send, "event: complete\ndata:\n\n")
                    return
                cursor = (result.extensions or {}).get("cursor")
                shown = encode_json(self._face.presenter.result(result, request_id))
                place = f"id: {cursor}\n" if isinstance(cursor, str) and cursor.isprintable() else ""
                await self._send(send, f"{place}event: next\ndata: {shown}\n\n")
                upcoming = asyncio.ensure_future(anext(self._results, None))
        except TimeoutError:
            log("http").info("stream.closed", reason=Code.SUBSCRIBER_TOO_SLOW.value)
        except Exception as error:
            refused = self._face.presenter.failure(error, request_id)
            body = encode_json({"errors": [self._face.presenter.refusal(refused, request_id)]})
            await self._send(send, f"event: next\ndata: {body}\n\nevent: complete\ndata:\n\n")
        finally:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
            if (close := getattr(self._results, "aclose", None)) is not None:
                await close()

    async def _send(self, send: Send, text: str) -> None:
        message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
        async with asyncio.timeout(self._face.settings.limits.stream_stall_seconds):
            await send(message)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _expired(expires_at: datetime | None) -> None:
    if expires_at is None:
        await asyncio.Event().wait()
    else:
        await asyncio.sleep(max(0.0, (expires_at - datetime.now(UTC)).total_seconds()))
