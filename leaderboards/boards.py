"""What a board counts: its metric as data, its windows, and what one event contributes to it (pure)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from domain.kernel.events import StampedEvent
from leaderboards.windows import EARLIEST, LATEST, Window, WindowKind, window_of

VALUE_ABSOLUTE_MAX = 10**15
PRIZE_TYPES = "season."  # activity types by which a season's prizes enter the pipe
ACTIVITY_EVENTS = ("activity.recorded", "activity.corrected", "activity.reversed")
AWARD_EVENTS = ("award.granted", "award.reversed")
COUNTED_EVENTS = (*ACTIVITY_EVENTS, *AWARD_EVENTS)


class Operator(StrEnum):
    """How the contributions of one subject become one score."""

    SUM = "SUM"
    COUNT = "COUNT"
    BEST = "BEST"


class Scope(StrEnum):
    """Who is ranked: the people, or the firms they acted for at the time."""

    MEMBERS = "MEMBERS"
    PARTNERS = "PARTNERS"


class RankDisplay(StrEnum):
    """What ties look like: 1, 2, 3 or 1, 1, 3. The order below it is total either way."""

    ORDINAL = "ORDINAL"
    COMPETITION = "COMPETITION"


class Visibility(StrEnum):
    """Who may look: everybody, or signed-in people only."""

    PUBLIC = "PUBLIC"
    MEMBERS = "MEMBERS"


class Counted(StrEnum):
    """What events a metric counts."""

    ACTIVITY = "activity"
    AWARD = "award"


class Measure(StrEnum):
    """Which number of an activity counts: an amount by its basis, its quantity, a whole attribute, or 1."""

    BASIS = "basis"
    QUANTITY = "quantity"
    ATTRIBUTE = "attribute"
    COUNT = "count"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What counts. An amount in another unit than `unit` does not count; prizes and vendor staff only if asked for."""

    counted: Counted
    activity_type: str | None = None
    measure: Measure | None = None
    measure_name: str | None = None
    unit: str | None = None
    program_id: UUID | None = None
    prizes: bool = False
    vendor_staff: bool = False


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board as the fold needs it; `span` is the program's own window, for PROGRAM boards."""

    id: UUID
    metric: Metric
    operator: Operator
    scope: Scope
    window_kind: WindowKind
    zone: str
    span: Window | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contributed:
    """What one origin (an activity or an award) is worth to one subject, in one window."""

    origin_id: UUID
    subject_id: UUID
    window: Window
    value: int
    occurred_at: datetime


def concerns(board: Board, event: StampedEvent) -> bool:
    """True if the event may change what its origin contributes to the board: add, replace or take away."""
    metric = board.metric
    if metric.counted is Counted.AWARD:
        return (
            event.name in AWARD_EVENTS
            and event.payload.get("unit") == metric.unit
            and (metric.program_id is None or metric.program_id == event.program_id)
        )
    # A correction may change the type away, so only a first recording may be passed over by its type.
    return event.name in ACTIVITY_EVENTS and (
        event.name != "activity.recorded" or event.payload.get("type") == metric.activity_type
    )


def contribution(
    board: Board, event: StampedEvent, prizes: Collection[UUID], *, counted_before: bool
) -> Contributed | None:
    """What the event's origin contributes from this event on; None: nothing (any more).

    The event must concern the board. `prizes` are the ids of the activities that are a season's prizes;
    `counted_before` says that the origin contributed until now: a reversal lowers, it never lets in what stayed out.
    """
    if event.name == "award.reversed" and not counted_before:
        return None
    subject_id = event.member_id if board.scope is Scope.MEMBERS else event.partner_id
    value = _award_value(board.metric, event, prizes) if event.name in AWARD_EVENTS else _value(board.metric, event)
    occurred_at = _instant(event.payload.get("occurred_at"))
    if subject_id is None or value is None or occurred_at is None:
        return None
    window = window_of(board.window_kind, occurred_at, board.zone, board.span)
    if window is None:
        return None
    return Contributed(
        origin_id=event.aggregate_id, subject_id=subject_id, window=window, value=value, occurred_at=occurred_at
    )


def prize_candidate(event: StampedEvent) -> UUID | None:
    """The activity behind an award, which may turn out to be a prize."""
    cause = event.payload.get("activity_id") if event.name == "award.granted" else None
    return UUID(cause) if isinstance(cause, str) else None


def _value(metric: Metric, event: StampedEvent) -> int | None:
    content = event.payload
    if event.name == "activity.reversed" or content.get("type") != metric.activity_type:
        return None
    match metric.measure:
        case Measure.BASIS:
            amounts = cast("Mapping[str, Mapping[str, Any]]", content.get("amounts") or {})
            amount = amounts.get(metric.measure_name or "")
            return _whole(amount.get("amount")) if amount and amount.get("unit") == metric.unit else None
        case Measure.QUANTITY:
            return _whole(content.get("quantity"))
        case Measure.ATTRIBUTE:
            attributes = cast("Mapping[str, Any]", content.get("attributes") or {})
            return _whole(attributes.get(metric.measure_name or ""))
        case _:
            return 1


def _award_value(metric: Metric, event: StampedEvent, prizes: Collection[UUID]) -> int | None:
    if event.name == "award.reversed":
        return _whole(event.payload.get("remaining")) or None
    if not metric.prizes and prize_candidate(event) in prizes:
        return None
    return _whole(event.payload.get("amount"))


def _whole(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= VALUE_ABSOLUTE_MAX:
        return value
    return None


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    instant = datetime.fromisoformat(value).astimezone(UTC)
    return instant if EARLIEST <= instant < LATEST else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What the newest of some events says about one origin on one board; None: it contributes nothing."""

    contribution: Contributed | None
    position: int


def told(
    board: Board, events: Sequence[StampedEvent], counted: Collection[UUID], prizes: Collection[UUID]
) -> dict[UUID, Told]:
    """What events (in order, all concerning the board) say in the end, by origin.

    `counted` are the origins that contributed before the first of these events.
    """
    said = dict[UUID, Told]()
    for event in events:
        origin_id = event.aggregate_id
        before = said[origin_id].contribution is not None if origin_id in said else origin_id in counted
        said[origin_id] = Told(
            contribution=contribution(board, event, prizes, counted_before=before), position=event.position
        )
    return said
