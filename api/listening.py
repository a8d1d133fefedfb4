"""`guerdon listen`: events of the public API, signed and forwarded to a laptop as a webhook would bring them."""

import asyncio
import base64
import json
import secrets
import signal
import time
from collections.abc import AsyncIterator, Collection, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson
from rich.console import Console
from rich.markup import escape

from api.graph.ids import Tag, decode_as
from api.webhooks.signing import PREFIX, SECRET_BYTES, message_id, secret_text, signed_headers
from domain.kernel.outbound import SECONDS_MAX

PAUSE_MIN, PAUSE_MAX = 0.5, 10.0
SILENCE_SECONDS = 60.0
FORWARDED = """
subscription Listen($after: Cursor) {
  rewardEvents(after: $after) { cursor content { __typename ... on RewardEvent { id name message } } }
}
"""
# A key does not renew itself; a fault of the server may pass.
FINAL, PASSING = frozenset({"TOKEN_EXPIRED"}), frozenset({"INTERNAL"})


class ListenRefused(Exception):
    """The server says no in a way that trying again does not change."""


@dataclass(kw_only=True)
class Listening:
    """One `guerdon listen`: where from, where to, what, and the cursor that it has reached."""

    url: str
    key: str = field(repr=False)
    forward_to: str | None
    events: Collection[str] = ()
    after: str | None = None
    secret: bytes = field(default_factory=lambda: new_secret(), repr=False)
    console: Console = field(default_factory=Console)
    seen: int = 0
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """No further event is forwarded; `run` ends."""
        self._stopping.set()

    async def run(self) -> None:
        """Forwards until it is stopped; a cut is followed by another try from the cursor reached.

        Refuses: ListenRefused.
        """
        self._greet()
        pause = PAUSE_MIN
        async with httpx2.AsyncClient(timeout=httpx2.Timeout(SECONDS_MAX, read=SILENCE_SECONDS)) as client:
            while not self._stopping.is_set():
                try:
                    pause = PAUSE_MIN if await self._until_stopped(self._follow(client)) else min(pause * 2, PAUSE_MAX)
                except (httpx2.HTTPError, httpx2.StreamError, OSError) as trouble:
                    pause = min(pause * 2, PAUSE_MAX)
                    self.console.print(f"[yellow]○ lost the server ({type(trouble).__name__}); trying again[/]")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)
        self._part()

    async def _until_stopped(self, work: Coroutine[Any, Any, bool]) -> bool:
        """What the work answers, or True where it was cut off because this ends."""
        working, stopping = asyncio.create_task(work), asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else True
        finally:
            for task in (working, stopping):
                task.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    async def _follow(self, client: httpx2.AsyncClient) -> bool:
        """One stream to its end; True if it said anything."""
        said = False
        async for message in self._messages(client):
            said = True
            content = message["content"]
            if "message" in content and (not self.events or content["name"] in self.events):
                await self._forward(client, content)
            elif content["__typename"] in ("AccessChanged", "CursorExpired"):
                self.console.print(f"[yellow]○ {content['__typename']}: read anew what you keep[/]")
            self.after = message["cursor"]
        return said

    async def _messages(self, client: httpx2.AsyncClient) -> AsyncIterator[dict[str, Any]]:
        body = {"query": FORWARDED, "variables": {"after": self.after}}
        headers = {"authorization": f"Bearer {self.key}", "accept": "text/event-stream"}
        async with client.stream("POST", f"{self.url}/graphql", json=body, headers=headers) as stream:
            if stream.status_code >= 400:
                _refuse(orjson.loads(await stream.aread()))
                raise httpx2.RemoteProtocolError(f"status {stream.status_code}")
            async for line in stream.aiter_lines():
                if line.startswith("data:") and line.removeprefix("data:").strip():
                    result = json.loads(line.removeprefix("data:"))
                    _refuse(result)
                    if result.get("data"):
                        yield result["data"]["rewardEvents"]

    async def _forward(self, client: httpx2.AsyncClient, content: Mapping[str, Any]) -> None:
        self.seen += 1
        name, at = escape(content["name"]), time.strftime("%H:%M:%S")
        if self.forward_to is None:
            self.console.print(f"[dim]{at}[/] [bold]{name}[/] [dim]{content['id']}[/]")
            self.console.print_json(json.dumps(content["message"]))
            return
        body, began = orjson.dumps(content["message"]), time.monotonic()
        stamp = int(time.time())
        identity = _identity(content["id"])
        headers = {"content-type": "application/json", **signed_headers(identity, stamp, body, [self.secret])}
        try:
            answer = await client.post(self.forward_to, content=body, headers=headers, timeout=SECONDS_MAX)
            colour = "green" if answer.is_success else "red"
            said = f"[{colour}]{answer.status_code}[/]"
        except (httpx2.HTTPError, OSError) as trouble:
            said = f"[red]{type(trouble).__name__}[/]"
        took = round((time.monotonic() - began) * 1_000)
        self.console.print(f"[dim]{at}[/] {said} [bold]{name:<24}[/] [dim]{took:>5} ms  {identity}[/]")

    def _greet(self) -> None:
        to = f" → [bold]{escape(self.forward_to)}[/]" if self.forward_to else ""
        wanted = ", ".join(self.events) or "all events"
        self.console.print(f"Listening to [bold]{escape(self.url)}[/]{to}  [dim]({escape(wanted)})[/]")
        if self.forward_to:
            self.console.print(f"Signed with  [bold]{secret_text(self.secret)}[/]  [dim](Standard Webhooks)[/]")
        self.console.print("[dim]Ctrl-C ends it.[/]\n")

    def _part(self) -> None:
        self.console.print(f"\n{self.seen} events.")
        if self.after:
            self.console.print(f"Resume with  --after {self.after}", soft_wrap=True)


async def listen(listening: Listening) -> None:
    """Runs until SIGINT or SIGTERM, and parts cleanly. Refuses: ListenRefused."""
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, listening.stop)
    await listening.run()


def new_secret() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_of(text: str) -> bytes:
    """The bytes of a secret as it is shown. Refuses: ListenRefused."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError as trouble:
        raise ListenRefused("a secret is whsec_ and base64") from trouble
    if not text.startswith(PREFIX) or not 16 <= len(secret) <= 64:
        raise ListenRefused("a secret is whsec_ and 16 to 64 bytes of base64")
    return secret


def _identity(event_id: str) -> str:
    """The webhook-id of an event, the same that its webhooks carry."""
    found = decode_as(Tag.EVENT, event_id)
    assert found is not None, "an event's id is one"
    return message_id(found)


def _refuse(result: Mapping[str, Any]) -> None:
    for error in result.get("errors") or ():
        told: Mapping[str, Any] = error.get("extensions") or {}
        code = told.get("code")
        if code in FINAL or (told.get("retryable") is False and code not in PASSING):
            raise ListenRefused(f"{code}: {error['message']}")
