"""Subscriptions: reward events that resume without a gap, and boards as a snapshot followed by what moved."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension

from api.graph import nouns
from api.graph.board_stream import BoardStream
from api.graph.context import Info
from api.graph.events import (
    ActivityCorrected,
    ActivityRecorded,
    ActivityReversed,
    AwardGranted,
    AwardReversed,
    BudgetFunded,
    BundleOrderChanged,
    CatalogItemChanged,
    CodeChanged,
    CodeProblemChanged,
    DeliveryChanged,
    EntitlementChanged,
    FulfilmentChanged,
    GrantChanged,
    OtherEvent,
    PointsMoved,
    RedemptionChanged,
    RewardChanged,
    RewardReceived,
    RewardSendChanged,
)
from api.graph.fields import one, told
from api.graph.ids import Tag, decode_as
from api.graph.leaderboards import BoardEntry, BoardVersion, LineRecord, MyRank, MyRankRecord, Season, subject_id
from api.graph.readings import board_by_id, boards_by_code, subject_shown
from api.graph.reward_stream import RewardStream
from api.graph.scalars import Cursor
from api.graph.streaming import Beat, Changed, Expired, Live, Message, Moved, Own, Snapshot, Updated
from catalog.redemptions.reading import redemptions_by_id
from domain.kernel.events import StampedEvent
from leaderboards.standings import Entry
from leaderboards.views import SeasonShown, Version


@strawberry.type(description="Nothing happened for a while; the cursor may have moved on all the same: keep it.")
class Heartbeat:
    at: datetime = strawberry.field(description="When it was sent, by the server's own clock.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Beat)


@strawberry.type(description="What you may see has changed. Earlier events that you gained are not told again.")
class AccessChanged:
    snapshot: bool = strawberry.field(description="True if you should read anew what you show.")
    at: datetime = strawberry.field(description="When it was sent, by the server's own clock.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Changed)


@strawberry.type(description="Your cursor lies too far back, or in a history that a restore replaced; live from here.")
class CursorExpired:
    snapshot: bool = strawberry.field(description="True if you should read anew what you show.")
    at: datetime = strawberry.field(description="When it was sent, by the server's own clock.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Expired)


RewardContent = Annotated[
    ActivityRecorded
    | ActivityCorrected
    | ActivityReversed
    | AwardGranted
    | AwardReversed
    | PointsMoved
    | BudgetFunded
    | RedemptionChanged
    | DeliveryChanged
    | FulfilmentChanged
    | CodeChanged
    | CodeProblemChanged
    | BundleOrderChanged
    | EntitlementChanged
    | GrantChanged
    | RewardChanged
    | RewardReceived
    | RewardSendChanged
    | CatalogItemChanged
    | OtherEvent
    | Heartbeat
    | AccessChanged
    | CursorExpired,
    strawberry.union("RewardContent", description="What a message of rewardEvents says."),
]

CURSOR_SAYS = "Keep it, heartbeats' too, and resume after it; another `previous` than yours: you missed something."
PREVIOUS_SAYS = "The cursor of the message before on this stream; at its start the one you gave, null without one."


@strawberry.type(description="One message of rewardEvents.")
class RewardMessage:
    cursor: Cursor = strawberry.field(description=CURSOR_SAYS)
    previous: Cursor | None = strawberry.field(description=PREVIOUS_SAYS)
    content: RewardContent = strawberry.field(description="What it says.")


@strawberry.type(description="A board as it stands: replace what you hold by it.")
class BoardSnapshot:
    as_of = told("shown.as_of", datetime, "When it was read.")
    total = told("shown.total", int, "How many stand on the board.")
    season = told("shown.season", Season | None, "The season; null before the board's first contribution.")
    version = told("shown.version", BoardVersion, "The state that it shows.")

    @strawberry.field(graphql_type=list[BoardEntry], description="The first lines, at most `top`.")
    @staticmethod
    def top(parent: strawberry.Parent[Snapshot]) -> Any:
        return lines(parent.shown.season, parent.top)

    @strawberry.field(
        graphql_type=list[BoardEntry], description="Your line with at most `around` on each side; none without."
    )
    @staticmethod
    def around(parent: strawberry.Parent[Snapshot]) -> Any:
        return lines(parent.shown.season, parent.own.around)

    @strawberry.field(graphql_type=MyRank | None, description="Where you stand; null while you have no contribution.")
    @staticmethod
    def my_rank(parent: strawberry.Parent[Snapshot]) -> Any:
        return own_rank(parent.shown.season, parent.own)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Snapshot)


@strawberry.type(
    description="What moved: drop the lines in `left`, put those in `changed`, order by place. It fits only on `from`."
)
class BoardDelta:
    from_ = told("since", BoardVersion, "The state that it starts from: the one you hold.", name="from")
    as_of = told("shown.as_of", datetime, "When it was read.")
    total = told("shown.total", int, "How many stand on the board now.")
    version = told("shown.version", BoardVersion, "The state that you hold afterwards.")

    @strawberry.field(
        graphql_type=list[BoardEntry], description="Lines of the top that are new or read differently, at most `top`."
    )
    @staticmethod
    def changed(parent: strawberry.Parent[Moved]) -> Any:
        return lines(parent.season, parent.changed)

    @strawberry.field(description="The subjects that are no longer among the top, at most `top`.")
    @staticmethod
    def left(parent: strawberry.Parent[Moved]) -> list[strawberry.ID]:
        return [subject_id(parent.season, one) for one in parent.left]

    @strawberry.field(
        graphql_type=list[BoardEntry] | None,
        description="All the lines around you, at most 51; null if they are as before.",
    )
    @staticmethod
    def around(parent: strawberry.Parent[Moved]) -> Any:
        return None if parent.around is None else lines(parent.season, parent.around)

    @strawberry.field(
        graphql_type=MyRank | None, description="Where you stand now, also if that is as before; null if you do not."
    )
    @staticmethod
    def my_rank(parent: strawberry.Parent[Moved]) -> Any:
        return own_rank(parent.season, parent.own)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Moved)


@strawberry.type(description="An order as it stands: replace what you hold by it.")
class RedemptionUpdate:
    redemption = one(
        nouns.REDEMPTION, redemptions_by_id, "redemption_id", "The order; null once it is not yours to see any more."
    )
    change: str | None = strawberry.field(description="What happened to it, a dotted name; null at the start.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Updated)


RedemptionContent = Annotated[
    RedemptionUpdate | Heartbeat | AccessChanged | CursorExpired,
    strawberry.union("RedemptionContent", description="What a message of a live order says."),
]


@strawberry.type(description="One message of a live order.")
class RedemptionMessage:
    cursor: Cursor = strawberry.field(description=CURSOR_SAYS)
    previous: Cursor | None = strawberry.field(description=PREVIOUS_SAYS)
    content: RedemptionContent = strawberry.field(description="What it says.")


BoardContent = Annotated[
    BoardSnapshot | BoardDelta | Heartbeat | AccessChanged,
    strawberry.union("BoardContent", description="What a message of a live board says."),
]


@strawberry.type(description="One message of a live board.")
class BoardMessage:
    cursor: Cursor = strawberry.field(description=CURSOR_SAYS)
    previous: Cursor | None = strawberry.field(description=PREVIOUS_SAYS)
    content: BoardContent = strawberry.field(description="What it says.")


def lines(season: SeasonShown | None, entries: Sequence[Entry]) -> list[LineRecord]:
    """Entries with the season that they belong to."""
    return [] if season is None else [LineRecord(entry=entry, season=season) for entry in entries]


def own_rank(season: SeasonShown | None, own: Own) -> MyRankRecord | None:
    """The viewer's own rank, as a query would tell it."""
    if season is None or own.rank is None:
        return None
    version = Version(epoch=own.at[0], generation=0, seq=own.at[1])
    return MyRankRecord(entry=own.rank, season=season, version=version)


class CursorShown(SchemaExtension):
    """A message's cursor stands in the result's extensions too: an event stream makes it the event's id."""

    def get_results(self) -> dict[str, Any]:
        cursor = getattr(self.execution_context.context, "cursor_sent", None)
        return {} if cursor is None else {"cursor": cursor}


AfterArgument = Annotated[
    Cursor | None,
    strawberry.argument(
        description="The cursor kept last; what connection_init or Last-Event-ID says stands above it."
    ),
]


@strawberry.type
class Subscription:
    @strawberry.subscription(
        graphql_type=RewardMessage,
        description="What happens from now on, or after a cursor, and is yours to know; resumes without a gap.",
    )
    async def reward_events(self, info: Info, after: AfterArgument = None) -> AsyncIterator[Message]:
        context = info.context
        stream = RewardStream(_live(info), context.actor, after=after, resume=context.resume_cursor)
        async with aclosing(stream.messages()) as messages:
            async for message in messages:
                context.renew(message.actor, message.cursor)
                yield message

    @strawberry.subscription(
        graphql_type=RedemptionMessage,
        description="An order by its id: as it stands, then again after each change; resumes without a gap.",
    )
    async def redemption(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],
        after: AfterArgument = None,
    ) -> AsyncIterator[Message]:
        context = info.context
        found = await context.batches.one(redemptions_by_id, decode_as(Tag.REDEMPTION, id))
        if found is None:
            raise GraphQLError("There is no such redemption.", extensions={"code": "NOT_FOUND"})
        stream = RewardStream(
            _live(info),
            context.actor,
            after=after,
            resume=context.resume_cursor,
            action="Subscription.redemption",
            about=found.id,
        )
        async with aclosing(stream.messages()) as messages:
            async for message in messages:
                context.renew(message.actor, message.cursor)
                yield _updated(message, found.id)

    @strawberry.subscription(
        graphql_type=BoardMessage,
        description="A board by its id or code: a snapshot, then what moves, at most four times a second.",
    )
    async def leaderboard(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id.")] = None,
        code: Annotated[str | None, strawberry.argument(description="Its code, where no id is given.")] = None,
        top: Annotated[int, strawberry.argument(description="How many of the first lines, 1 to 100.")] = 10,
        around: Annotated[int, strawberry.argument(description="How many lines on each side of yours, 0 to 25.")] = 0,
    ) -> AsyncIterator[Message]:
        context = info.context
        if id is not None:
            board = await context.batches.one(board_by_id, decode_as(Tag.LEADERBOARD, id))
        else:
            board = await context.batches.one(boards_by_code, code)
        if board is None:
            raise GraphQLError("There is no such leaderboard.", extensions={"code": "NOT_FOUND"})
        stream = BoardStream(_live(info), context.actor, board, top=top, around=around, resume=context.resume_cursor)
        async with aclosing(stream.messages()) as messages:
            async for message in messages:
                context.renew(message.actor, message.cursor)
                if isinstance(message.content, (Snapshot, Moved)):
                    context.batches.know(subject_shown, message.content.shown.names)
                yield message


def _updated(message: Message, redemption_id: UUID) -> Message:
    """An event of the order as the order it left behind; so is the stream's very first word."""
    content = message.content
    if isinstance(content, StampedEvent):
        return replace(message, content=Updated(redemption_id=redemption_id, change=content.name))
    if isinstance(content, Beat) and message.previous is None:
        return replace(message, content=Updated(redemption_id=redemption_id, change=None))
    return message


def _live(info: Info) -> Live:
    assert info.context.live is not None, "wiring gives every context of the server its streams"
    return info.context.live
