"""The bounded queue of one socket: events wait here for a client that reads slowly, never more than the limits allow."""

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
        self._overflowed = asyncio.Event()

    def put(self, message: Mapping[str, object]) -> None:
        """Queue a message; beyond the limits nothing more is taken and the socket ends with SUBSCRIBER_TOO_SLOW."""
        text = encode_json(message)
        size = len(text.encode())
        limits = self._limits
        # A single message may exceed the bytes: it is sent, and nothing may wait beside it.
        crowded = self._waiting > 0 and self._waiting_bytes + size > limits.socket_queue_bytes_max
        if self._overflowed.is_set() or crowded or self._waiting >= limits.socket_queue_events_max:
            self._overflowed.set()
            return
        self._waiting += 1
        self._waiting_bytes += size
        self._queue.put_nowait(text)

    async def run(self, end: Callable[[RequestRefused], None]) -> None:
        """Send what is queued until cancelled; `end` is called once if the client falls too far behind or is gone."""
        overflow = asyncio.create_task(self._overflowed.wait())
        overflow.add_done_callback(lambda task: None if task.cancelled() else end(_too_slow()))
        try:
            while True:
                text = await self._queue.get()
                await asyncio.wait_for(self._websocket.send_text(text), self._limits.response_stall_seconds)
                self._waiting -= 1
                self._waiting_bytes -= len(text.encode())
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
