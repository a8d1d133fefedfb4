"""The bounded queue of one socket: events wait here for a slow reader, never more than the limits allow."""

import asyncio
from collections.abc import Callable, Mapping

from starlette.websockets import WebSocket, WebSocketDisconnect

from api.http.errors import Code, RequestRefused
from api.http.guards.json import encode_json
from api.settings import Limits


class Outbox:
    """Messages in order; the one being sent counts as waiting."""

    def __init__(self, websocket: WebSocket, limits: Limits) -> None:
        self._websocket = websocket
        self._limits = limits
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._waiting = 0
        self._waiting_bytes = 0
        self._room = asyncio.Condition()
        self._overflowed = asyncio.Event()

    def put(self, message: Mapping[str, object]) -> None:
        """Queue an answer to the client itself, beside a full queue of events if need be.

        Where as many again wait, the client asks without reading: the socket ends with SUBSCRIBER_TOO_SLOW.
        """
        text = encode_json(message)
        if not self._has_room(len(text.encode()), share=2):
            self._overflowed.set()
            return
        self._take(text)

    async def put_when_room(self, message: Mapping[str, object]) -> None:
        """Queue an event, waiting for the client to read; its source is not advanced meanwhile.

        Refuses: SUBSCRIBER_TOO_SLOW after `socket_stall_seconds` without room.
        """
        text = encode_json(message)
        try:
            async with asyncio.timeout(self._limits.socket_stall_seconds), self._room:
                await self._room.wait_for(lambda: self._has_room(len(text.encode())))
                self._take(text)
        except TimeoutError:
            raise _too_slow() from None

    def _has_room(self, size: int, *, share: int = 1) -> bool:
        # A single message may exceed the bytes: it is sent, and nothing may wait beside it.
        fits = not self._waiting or self._waiting_bytes + size <= share * self._limits.socket_queue_bytes_max
        return fits and self._waiting < share * self._limits.socket_queue_events_max

    def _take(self, text: str) -> None:
        self._waiting += 1
        self._waiting_bytes += len(text.encode())
        self._queue.put_nowait(text)

    async def run(self, end: Callable[[RequestRefused], None]) -> None:
        """Send what is queued until cancelled; `end` is called once if the client falls too far behind or is gone."""
        overflow = asyncio.create_task(self._overflowed.wait())
        overflow.add_done_callback(lambda task: None if task.cancelled() else end(_too_slow()))
        try:
            while True:
                text = await self._queue.get()
                # Not wait_for: in Python 3.11 it swallows a cancellation that meets a finished send.
                async with asyncio.timeout(self._limits.socket_stall_seconds):
                    await self._websocket.send_text(text)
                async with self._room:
                    self._waiting -= 1
                    self._waiting_bytes -= len(text.encode())
                    self._room.notify_all()
                self._queue.task_done()
        except TimeoutError:
            end(_too_slow())
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            overflow.cancel()

    async def flushed(self) -> None:
        """Wait until everything queued so far has been sent."""
        await self._queue.join()


def _too_slow() -> RequestRefused:
    return RequestRefused(Code.SUBSCRIBER_TOO_SLOW)
