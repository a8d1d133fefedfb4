"""What every stream of messages shares: what it stands on, what it says, and the chain of cursors that links it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from graphql import GraphQLError

from api.graph.cursors import CursorSeal, ForeignStream, NoCursor, Position, Stream
from api.graph.entitling import Accesses, refuse_unless_allowed
from api.graph.feeding import EventFeed
from api.graph.ticking import At, BoardFeed, Shown
from domain.access.matrix import Matrix
from domain.access.principals import Actor
from domain.kernel.events import StampedEvent
from domain.kernel.failpoints import Failpoints
from domain.kernel.sql import Database
from leaderboards.standings import Entry
from leaderboards.store import Store
from leaderboards.views import SeasonShown, Version

HEARTBEAT_SECONDS = 15.0
RETENTION_DAYS = 400


@dataclass(frozen=True, kw_only=True)
class Live:
    """What subscriptions stand on; built by wiring, one per process."""

    database: Database
    store: Store | None
    matrix: Matrix
    failpoints: Failpoints
    seal: CursorSeal
    accesses: Accesses
    events: EventFeed
    boards: BoardFeed
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    retention_days: int = RETENTION_DAYS


@dataclass(frozen=True, kw_only=True)
class Beat:
    """Nothing happened; the cursor moved on all the same."""

    at: datetime


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What the viewer may see is another now."""

    at: datetime
    snapshot: bool = True


@dataclass(frozen=True, kw_only=True)
class Expired:
    """The cursor lies too far back, or in another history."""

    at: datetime
    snapshot: bool = True


@dataclass(frozen=True, kw_only=True)
class Own:
    """The viewer's own part of a board."""

    rank: Entry | None
    around: tuple[Entry, ...]
    at: At


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A board as it stands."""

    shown: Shown
    top: Sequence[Entry]
    own: Own


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What moved on a board since the message before. `around` is None where that did not change."""

    shown: Shown
    season: SeasonShown
    since: Version
    changed: Sequence[Entry]
    left: Sequence[UUID]
    around: tuple[Entry, ...] | None
    own: Own


@dataclass(frozen=True, kw_only=True)
class Updated:
    """An order as it stands: at the start of a stream, or because the event of this name happened to it."""

    redemption_id: UUID
    change: str | None


Content = StampedEvent | Updated | Beat | Changed | Expired | Snapshot | Moved


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of a stream; `previous` is the cursor of the one before, at the start the one that was given."""

    actor: Actor
    cursor: str
    previous: str | None
    content: Content


class Chain:
    """Links the messages of one stream."""

    def __init__(self, seal: CursorSeal, stream: Stream, previous: str | None) -> None:
        self._seal, self._stream, self._previous = seal, stream, previous

    def message(self, actor: Actor, position: Position, content: Content) -> Message:
        """The next message, at this position."""
        cursor = self._seal.write(self._stream, position)
        previous, self._previous = self._previous, cursor
        return Message(actor=actor, cursor=cursor, previous=previous, content=content)


def started(
    seal: CursorSeal, stream: Stream, after: str | None, resume: str | None
) -> tuple[str | None, Position | None]:
    """The cursor to begin after, and its place. `resume` stands above `after`: clients send their old document again.

    Refuses: GraphQLError (INVALID_CURSOR).
    """
    if resume is not None:
        # A socket carries one resume cursor for all of its streams: those it does not belong to leave it alone.
        with suppress(ForeignStream):
            return resume, _read(seal, stream, resume)
    if after is None:
        return None, None
    try:
        return after, _read(seal, stream, after)
    except ForeignStream:
        raise _invalid() from None


async def allowed(live: Live, action: str, given: Actor) -> Actor:
    """The actor as of now. Refuses: GraphQLError (ACCESS_REVOKED, TOKEN_EXPIRED)."""
    actor = await live.accesses.of(given)
    refuse_unless_allowed(live.matrix, action, actor)
    return actor


def wall_clock() -> datetime:
    """When something is sent, by this server's own clock."""
    return datetime.now(UTC)


def _read(seal: CursorSeal, stream: Stream, text: str) -> Position:
    try:
        return seal.read(stream, text)
    except NoCursor:
        raise _invalid() from None


def _invalid() -> GraphQLError:
    return GraphQLError(
        "This cursor does not belong to this stream.", extensions={"code": "INVALID_CURSOR", "retryable": False}
    )
