"""uvicorn's protocols with the bounds it lacks: slow or large headers, ping floods, closes that nobody answers."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.http.errors import RequestRefused
from api.http.guards.sockets import MessagePace
from api.settings import Limits


def http_protocol(limits: Limits) -> type[asyncio.Protocol]:
    """An HTTP protocol that drops a connection whose request line and headers are late or too large."""

    class DeadlineHttpProtocol(HttpToolsProtocol):
        """Silence after connecting, and headers that trickle, end the connection after `receive_seconds`."""

        _headers_due: asyncio.TimerHandle | None = None
        _headers_bytes = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
            super().connection_made(transport)
            self._await_headers()

        def data_received(self, data: bytes) -> None:
            cycle = cast("RequestResponseCycle | None", self.cycle)
            if self._headers_due is None and (cycle is None or cycle.response_complete):
                self._await_headers()
            if self._headers_due is not None:
                self._headers_bytes += len(data)
            super().data_received(data)
            if self._headers_due is not None and self._headers_bytes > limits.headers_bytes_max:
                self._drop()

        def on_headers_complete(self) -> None:
            self._cancel()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel()
            super().connection_lost(exc)

        def _await_headers(self) -> None:
            self._headers_bytes = 0
            self._headers_due = self.loop.call_later(limits.receive_seconds, self._drop)

        def _cancel(self) -> None:
            if self._headers_due is not None:
                self._headers_due.cancel()
                self._headers_due = None

        def _drop(self) -> None:
            self._cancel()
            if not self.transport.is_closing():
                self.transport.abort()

    return cast("type[asyncio.Protocol]", DeadlineHttpProtocol)


def websocket_protocol(limits: Limits) -> Callable[..., asyncio.Protocol]:
    """A WebSocket protocol that bounds ping frames and does not wait for ever for a client that stopped reading."""

    class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
        """Pings beyond the message rate, and a transport that does not drain after a close, are aborted."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.close_timeout = limits.socket_close_seconds
            self._ping_pace = MessagePace(limits.socket_messages_per_second)

        def handle_ping(self) -> None:
            try:
                self._ping_pace.check(time.monotonic())
            except RequestRefused:
                self.transport.abort()
                return
            super().handle_ping()

        async def run_asgi(self) -> None:
            await super().run_asgi()
            self.loop.call_later(limits.socket_close_seconds, self._abort_if_stuck)

        def _abort_if_stuck(self) -> None:
            if not self.disconnected:
                self.transport.abort()

    return BoundedWebSocketProtocol
