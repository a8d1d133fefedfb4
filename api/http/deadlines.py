"""A body that trickles in is cut off: the whole of it must arrive within one deadline."""

import asyncio
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.callers import new_request_id
from api.http.errors import Code, RequestRefused, extensions_of
from api.http.guards.json import encode_json


class ReceiveDeadline:
    """Answers 408 and closes the connection when a request's body is not complete after `seconds`; `paths` have their
    own."""

    def __init__(self, app: ASGIApp, seconds: float, paths: Mapping[str, float] | None = None) -> None:
        self._app = app
        self._seconds = seconds
        self._paths = dict(paths or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything but HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + self._paths.get(scope["path"], self._seconds)
        arriving, started = True, False

        async def receive_in_time() -> Message:
            nonlocal arriving
            if not arriving:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise RequestRefused(Code.REQUEST_TOO_SLOW) from None
            arriving = bool(message.get("more_body", False))
            return message

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive_in_time, send_noting)
        except RequestRefused as refused:
            if started or refused.code is not Code.REQUEST_TOO_SLOW:
                raise
            await _answer(refused, send)


async def _answer(refused: RequestRefused, send: Send) -> None:
    error = {"message": refused.message, "extensions": extensions_of(refused.code, new_request_id())}
    body = encode_json({"errors": [error]}).encode()
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": refused.trouble.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
