"""A receiver of webhooks on loopback that misbehaves on demand, and checks signatures with the public library."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from standardwebhooks import Webhook


class Fault(StrEnum):
    """What the receiver does instead of saying 200."""

    SERVER_ERROR = "500"
    TOO_MANY = "429"
    REDIRECT = "302"
    GONE = "410"
    RESET = "reset"
    HANG = "hang"
    SLOW = "slow"
    HUGE = "huge"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One message as it came."""

    headers: Mapping[str, str]
    body: bytes
    path: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        return json.loads(self.body)

    def verified_by(self, secret: str) -> dict[str, Any]:
        """The message, if the library accepts its signature; its exception otherwise."""
        return Webhook(secret).verify(self.body, dict(self.headers))


@dataclass(kw_only=True)
class Receiver:
    """Hears; the next answers are those of `faults`, then 200. Challenges are answered unless `is_deaf`."""

    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    faults: "deque[Fault]" = field(default_factory=deque)
    always: Fault | None = None
    is_deaf: bool = False
    at_once: int = 0
    at_once_max: int = 0
    _came: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def events(self) -> list[Heard]:
        """What was heard, without challenges."""
        return [one for one in self.heard if one.message["type"] != "webhook.challenge"]

    async def until(self, count: int, seconds: float = 10) -> None:
        """Waits until so many messages that are no challenge came."""
        async with asyncio.timeout(seconds):
            while len(self.events) < count:
                self._came.clear()
                await self._came.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            heard = await _read(reader)
            self.at_once += 1
            self.at_once_max = max(self.at_once_max, self.at_once)
            try:
                self.heard.append(heard)
                self._came.set()
                await self._answer(heard, writer)
            finally:
                self.at_once -= 1
        writer.close()

    async def _answer(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        if heard.message["type"] == "webhook.challenge":
            said = "" if self.is_deaf else json.dumps({"challenge": heard.message["data"]["challenge"]})
            return await _say(writer, "200 OK", said)
        fault = self.faults.popleft() if self.faults else self.always
        match fault:
            case None:
                await _say(writer, "200 OK", "thanks")
            case Fault.SERVER_ERROR:
                await _say(writer, "500 Internal Server Error", "no " * 2_000)
            case Fault.TOO_MANY:
                await _say(writer, "429 Too Many Requests", "", "retry-after: 3600\r\n")
            case Fault.REDIRECT:
                await _say(writer, "302 Found", "", f"location: http://127.0.0.1:{self.port}/elsewhere\r\n")
            case Fault.GONE:
                await _say(writer, "410 Gone", "")
            case Fault.RESET:
                writer.transport.abort()
            case Fault.HANG:
                await self.released.wait()
            case Fault.SLOW:
                for letter in "HTTP/1.1 200 OK":
                    writer.write(letter.encode())
                    await writer.drain()
                    await asyncio.sleep(0.2)
            case Fault.HUGE:
                await _say(writer, "200 OK", "x" * 300_000)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens until the block ends."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.close()


async def _read(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    request, *lines = head.strip().split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Heard(headers=headers, body=body, path=request.split(" ")[1])


async def _say(writer: asyncio.StreamWriter, status: str, body: str, more: str = "") -> None:
    writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{more}\r\n{body}".encode())
    await writer.drain()
