"""What an attempt does next (pure): deliver or ask, and what follows from the supplier's answer; never both at once.

`reason` of an open attempt says why it waits: it decides whether the supplier is asked or given the order again. Only
an attempt that surely delivered nothing is refused, and only then may the next route be tried.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar

from catalog.redemptions.machine import AttemptState
from catalog.suppliers.outcomes import (
    Asked,
    Delivered,
    Goods,
    Later,
    NotFound,
    Pending,
    Refused,
    Unclear,
)

CALLS_MAX = 50
BACK_OFF_SECONDS_MIN = 1
BACK_OFF_SECONDS_MAX = 3_600
WAIT_SECONDS_MAX = 86_400
REASON_LENGTH_MAX = 32
REFERENCE_LENGTH_MAX = 128
PATIENT_CALLS = 5  # so many times a supplier that says "later" is taken at its word
CALLS_AT_ONCE = 2  # so many times a supplier that does not know the order gets it again without waiting


class Act(StrEnum):
    """What is done with a taken attempt at its supplier."""

    DELIVER = "DELIVER"
    ASK = "ASK"


class Waits(StrEnum):
    """Why an open attempt waits, in our words; any other reason is the supplier's or the network's."""

    LATER = "LATER"
    PENDING = "PENDING"
    NOT_KNOWN = "NOT_KNOWN"
    NO_ANSWER = "NO_ANSWER"
    CODE_EXISTS = "CODE_EXISTS"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How an attempt stands once it is taken, before anything is done outside."""

    state: AttemptState
    reason: str | None
    act: Act


@dataclass(frozen=True, kw_only=True)
class Deliver:
    """The attempt has delivered: the line is fulfilled. `goods` are still to be sealed; none for a code of our own.

    `balance` is what the supplier says is left of the prepaid money, in minor units.
    """

    reference: str | None = None
    goods: Goods | None = None
    tracking: Mapping[str, object] | None = None
    expires_on: date | None = None
    balance: int | None = None


@dataclass(frozen=True, kw_only=True)
class Refuse:
    """The attempt has surely delivered nothing: the next route, or the end of the line."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The attempt stays open; `after_seconds` None: parked, until an operator retries it."""

    state: AttemptState
    reason: str
    after_seconds: int | None
    reference: str | None = None


Decision = Deliver | Refuse | Wait


def taken(state: AttemptState, reason: str | None) -> Taken:
    """What taking a due attempt makes of it: what may have happened is asked about, never repeated.

    A SENT attempt without a reason was taken before, and whoever took it never told what came of it.
    Refuses: ValueError for an attempt that has ended.
    """
    match state, reason:
        case AttemptState.INTENT, _:
            return Taken(state=AttemptState.SENT, reason=None, act=Act.DELIVER)
        case AttemptState.SENT, Waits.LATER:
            return Taken(state=AttemptState.SENT, reason=None, act=Act.DELIVER)
        case AttemptState.SENT, Waits.PENDING:
            return Taken(state=AttemptState.SENT, reason=Waits.PENDING, act=Act.ASK)
        case AttemptState.SENT, _:
            return Taken(state=AttemptState.UNKNOWN, reason=Waits.NO_ANSWER, act=Act.ASK)
        case AttemptState.UNKNOWN, Waits.NOT_KNOWN:
            return Taken(state=AttemptState.SENT, reason=None, act=Act.DELIVER)
        case AttemptState.UNKNOWN, _:
            return Taken(state=AttemptState.UNKNOWN, reason=reason, act=Act.ASK)
        case _:
            raise ValueError(f"an attempt that is {state} has ended")


def what_follows(was: Taken, outcome: Asked, *, calls: int) -> Decision:
    """What the supplier's answer makes of the attempt; `calls` counts this one. Parked at the latest after 50 calls."""
    match outcome:
        case Delivered():
            goods = outcome.goods
            expires_on = None if goods is None else goods.expires_on
            return Deliver(
                reference=outcome.reference,
                goods=goods,
                tracking=outcome.tracking,
                expires_on=expires_on,
                balance=outcome.balance,
            )
        case Refused():
            return Refuse(reason=outcome.reason.value)
        case _:
            return _waiting(was, outcome, calls)


def _waiting(was: Taken, outcome: Pending | Later | Unclear | NotFound, calls: int) -> Wait:
    back_off = back_off_seconds(calls)
    match outcome:
        case Pending():
            wait = Wait(
                state=AttemptState.SENT,
                reason=Waits.PENDING,
                after_seconds=_bounded(max(outcome.check_after_seconds, back_off if was.act is Act.ASK else 0)),
                reference=outcome.reference,
            )
        case Later():
            is_new = was.act is Act.DELIVER
            wait = Wait(
                state=AttemptState.SENT if is_new else was.state,
                reason=Waits.LATER if is_new else was.reason or Waits.NO_ANSWER,
                # A supplier that is down for hours is not worn out in minutes.
                after_seconds=_bounded(max(outcome.after_seconds, back_off_seconds(calls - PATIENT_CALLS))),
            )
        case NotFound() if was.act is Act.ASK:
            after = 0 if calls <= CALLS_AT_ONCE else back_off
            wait = Wait(state=AttemptState.UNKNOWN, reason=Waits.NOT_KNOWN, after_seconds=after)
        case NotFound():
            wait = Wait(state=AttemptState.UNKNOWN, reason=Waits.NO_ANSWER, after_seconds=back_off)
        case Unclear():
            told = outcome.reason[:REASON_LENGTH_MAX]
            # No other word may be taken for one of ours: it decides what is done next.
            reason = told if told and told not in Waits.__members__ else Waits.NO_ANSWER
            wait = Wait(state=AttemptState.UNKNOWN, reason=reason, after_seconds=back_off)
    if calls < CALLS_MAX:
        return wait
    return Wait(state=wait.state, reason=wait.reason, after_seconds=None, reference=wait.reference)


def back_off_seconds(calls: int) -> int:
    """1, 2, 4 … seconds after so many calls, at most an hour."""
    return min(BACK_OFF_SECONDS_MIN << min(max(calls - 1, 0), 12), BACK_OFF_SECONDS_MAX)


def _bounded(seconds: int) -> int:
    return min(max(seconds, 1), WAIT_SECONDS_MAX)


class HasPriority(Protocol):
    """A route of fulfilment, as far as choosing goes."""

    @property
    def priority(self) -> int: ...


Route = TypeVar("Route", bound=HasPriority)


def next_route(routes: Iterable[Route], priority: int) -> Route | None:
    """The route to try once the one of this priority is known not to have delivered; None: there is no other."""
    return min((route for route in routes if route.priority > priority), key=lambda route: route.priority, default=None)
