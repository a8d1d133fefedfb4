"""Who calls and in which circumstances: what the face asks of sign-in and gives to resolvers."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from api.http.errors import Code, RequestRefused


class Actor(Protocol):
    """Someone who was recognised; opaque to the face except for these two facts."""

    @property
    def principal_id(self) -> str | None:
        """Stable id of the principal; None for an anonymous caller."""
        ...

    @property
    def expires_at(self) -> datetime | None:
        """When the credential ends (aware, UTC); None for never."""
        ...

    @property
    def is_stranger(self) -> bool:
        """True for somebody who is signed in, and linked to no account."""
        ...


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a caller showed: the value of Authorization (`Bearer …`), or None. With `admits_strangers`, somebody who is
    linked to no account is a caller too: what they ask is looked at before it is answered (`check_stranger`).
    """

    authorization: str | None = field(repr=False)
    address: str
    admits_strangers: bool = False


class Transport(StrEnum):
    """How the operation came."""

    HTTP = "http"
    EVENT_STREAM = "event-stream"
    WEBSOCKET = "websocket"


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What a resolver may know of the request; `resume_cursor` is the position a subscriber saw last."""

    request_id: str
    transport: Transport
    address: str
    resume_cursor: str | None = None


class Authenticate(Protocol):
    """Recognises a caller. Refuses: RequestRefused(UNAUTHENTICATED or TOKEN_EXPIRED)."""

    async def __call__(self, credentials: Credentials) -> Actor:
        """The actor; an anonymous one (principal_id None) where no credential was shown."""
        ...


# Builds the context of one operation: loaders and caches never outlive it.
ContextFor = Callable[[Actor, Circumstances], Awaitable[object]]
# Takes the operation's cost from the caller's bucket. Refuses: RequestRefused(RATE_LIMITED).
Charge = Callable[[Actor, int], Awaitable[None]]
# The largest body, in bytes, this caller may send.
BodyLimit = Callable[[Actor], int]


class Connections:
    """Live sockets and event streams of this process, counted by owner, closable by principal.

    Owners beyond their number are refused; nothing is kept of an owner without connections.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._closers: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def place(self, owner: str, most: int, code: Code) -> Generator[None]:
        """Hold one of the owner's `most` places. Refuses: `code` where all are taken."""
        if self._counts[owner] >= most:
            raise RequestRefused(code)
        self._counts[owner] += 1
        try:
            yield
        finally:
            self._counts[owner] -= 1
            if not self._counts[owner]:
                del self._counts[owner]

    @contextmanager
    def revocable(self, principal_id: str | None) -> Generator[asyncio.Event]:
        """An event that is set when the principal's access ends while this connection lives."""
        revoked = asyncio.Event()
        if principal_id is None:
            yield revoked
            return
        self._closers.setdefault(principal_id, set()).add(revoked)
        try:
            yield revoked
        finally:
            self._closers[principal_id].discard(revoked)
            if not self._closers[principal_id]:
                del self._closers[principal_id]

    def close_all_of(self, principal_id: str) -> int:
        """End every live connection of a principal (logout, revocation, changed role); returns how many."""
        events = self._closers.get(principal_id, set())
        for event in events:
            event.set()
        return len(events)

    def live(self) -> int:
        """How many places are held now."""
        return self._counts.total()


def new_request_id() -> str:
    """A fresh id that ties an answer to its log lines; 64 random bits."""
    return secrets.token_hex(8)


def bearer(text: object) -> str | None:
    """`authorization` as a header would hold it, from a connection_init value with or without the scheme.

    Refuses: MALFORMED_REQUEST for anything but text of 8 KB at most.
    """
    if text is None:
        return None
    if not isinstance(text, str) or len(text) > 8_192:
        raise RequestRefused(Code.MALFORMED_REQUEST, "A token must be text of at most 8 KB.")
    return text if " " in text else f"Bearer {text}"


def resume_cursor(value: object, bytes_max: int) -> str | None:
    """The cursor to resume from. Refuses: MALFORMED_REQUEST for anything but text within its limit."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value.encode()) > bytes_max:
        raise RequestRefused(Code.MALFORMED_REQUEST, f"A cursor must be text of at most {bytes_max} bytes.")
    return value or None
