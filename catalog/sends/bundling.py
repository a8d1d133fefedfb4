"""What a bundle is and what becomes of it: the fold of its parts into one state, and what is to be done next (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from catalog.redemptions.machine import HOLDING, LineState

BUNDLE_ITEMS_MAX = 20
BUNDLE_UNITS_MAX = 10  # units of one bundle that are given together
SUBSTITUTES_MAX = 5
QUANTITY_MAX = 10

CANCELLABLE = frozenset({LineState.HELD, LineState.PENDING_APPROVAL})
UNDONE = frozenset({LineState.CANCELLED, LineState.REFUNDED})


class BundleMode(StrEnum):
    """How a bundle's items belong together."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    BEST_EFFORT = "BEST_EFFORT"
    CHOICE = "CHOICE"


class BundleState(StrEnum):
    """What a bundle's parts amount to; see `bundle_state`."""

    PENDING = "PENDING"
    PARTIALLY_FULFILLED = "PARTIALLY_FULFILLED"
    FULFILLED = "FULFILLED"
    FAILED = "FAILED"
    COMPENSATED = "COMPENSATED"


class WaitsFor(StrEnum):
    """What the member has to say before anything is ordered."""

    CHOICE = "CHOICE"
    ADDRESS = "ADDRESS"


@dataclass(frozen=True, kw_only=True)
class ItemDraft:
    """So many units of a denomination, and which stand in, in order, where it cannot be had."""

    denomination_id: UUID
    quantity: int = 1
    substitutes: tuple[UUID, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PartState:
    """One unit of a bundle: its line's state (None: nothing could be ordered) and what may still stand in for it."""

    id: UUID
    line_id: UUID | None
    state: LineState | None
    fulfilled_at: datetime | None
    has_substitute: bool

    @property
    def has_failed(self) -> bool:
        return self.state is None or self.state is LineState.FAILED


@dataclass(frozen=True, kw_only=True)
class Next:
    """What is to be done with a bundle now: parts to try with the next substitute, lines to cancel and to refund.

    `compensates`: from now on everything of it is taken back.
    """

    substitute: tuple[PartState, ...] = ()
    cancel: tuple[UUID, ...] = ()
    refund: tuple[UUID, ...] = ()
    compensates: bool = False


def bundle_state(parts: Sequence[LineState | None], *, is_waiting: bool, is_revoked: bool) -> BundleState:
    """The fold of a bundle's parts; None is a part that nobody could give.

    Nothing ordered yet (it waits for the member, or for its turn): PENDING, unless revoked. All fulfilled: FULFILLED.
    Some fulfilled: PARTIALLY_FULFILLED. None fulfilled and some on their way: PENDING. None of either: COMPENSATED
    where any part was taken back (cancelled or refunded) or the whole was revoked, else FAILED.
    """
    found = set(parts)
    if found == {LineState.FULFILLED}:
        return BundleState.FULFILLED
    if LineState.FULFILLED in found:
        return BundleState.PARTIALLY_FULFILLED
    if found & HOLDING or (is_waiting and not is_revoked):
        return BundleState.PENDING
    return BundleState.COMPENSATED if is_revoked or found & UNDONE else BundleState.FAILED


def next_of(
    mode: BundleMode,
    parts: Sequence[PartState],
    *,
    revoked_at: datetime | None,
    is_compensating: bool,
) -> Next:
    """What follows from how the parts stand.

    Revoked: what is not fulfilled yet is cancelled, or refunded once it arrives all the same; what the member had
    before stays. A part that failed is tried with its next substitute; where none is left, ALL_OR_NOTHING takes the
    others back: cancels what is not ordered, refunds what was delivered, also what arrives later.
    """
    failed = [part for part in parts if part.has_failed]
    is_spent = any(not part.has_substitute for part in failed)
    compensates = is_compensating or (revoked_at is None and is_spent and mode is BundleMode.ALL_OR_NOTHING)
    if revoked_at is None and not compensates:
        return Next(substitute=tuple(part for part in failed if part.has_substitute))
    after = None if compensates else revoked_at
    return Next(
        cancel=tuple(part.line_id for part in parts if part.line_id is not None and part.state in CANCELLABLE),
        refund=tuple(
            part.line_id
            for part in parts
            if part.line_id is not None
            and part.state is LineState.FULFILLED
            and (after is None or (part.fulfilled_at is not None and part.fulfilled_at > after))
        ),
        compensates=compensates,
    )


# The same fold as `bundle_state` over bundle_part AS part LEFT JOIN redemption_line AS line, grouped by bundle_order.
BUNDLE_STATE_SQL = """CASE
    WHEN count(part.id) > 0 AND bool_and(coalesce(line.state = 'FULFILLED', false)) THEN 'FULFILLED'
    WHEN bool_or(line.state = 'FULFILLED') THEN 'PARTIALLY_FULFILLED'
    WHEN bool_or(line.state IN ('HELD', 'PENDING_APPROVAL', 'ORDERED')) THEN 'PENDING'
    WHEN coalesce(bool_and(part.line_id IS NULL AND part.reason IS NULL), true) AND bundle_order.revoked_at IS NULL
      THEN 'PENDING'
    WHEN bundle_order.revoked_at IS NOT NULL OR bool_or(line.state IN ('CANCELLED', 'REFUNDED')) THEN 'COMPENSATED'
    ELSE 'FAILED'
END"""
