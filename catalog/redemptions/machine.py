"""The drawn machine of a redemption: the states of lines, attempts and deliveries, their edges, and who may do what.

A line: HELD → [PENDING_APPROVAL] → ORDERED → FULFILLED → REFUNDED; HELD | PENDING_APPROVAL → CANCELLED;
HELD | PENDING_APPROVAL | ORDERED → FAILED. Points are captured by entering FULFILLED and by nothing else (C3).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from domain.access.principals import Relation, Role


class LineState(StrEnum):
    """Where one unit of an order stands."""

    HELD = "HELD"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    ORDERED = "ORDERED"
    FULFILLED = "FULFILLED"
    REFUNDED = "REFUNDED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class AttemptState(StrEnum):
    """Where one try at one supplier stands; UNKNOWN is left only by asking the supplier."""

    INTENT = "INTENT"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


class Delivery(StrEnum):
    """How far the goods are on their way to the person, once fulfilled."""

    NONE = "NONE"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    BOUNCED = "BOUNCED"
    REVEALED = "REVEALED"


class OrderState(StrEnum):
    """What a redemption's lines amount to; see `order_state`."""

    HELD = "HELD"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    ORDERED = "ORDERED"
    PARTIALLY_FULFILLED = "PARTIALLY_FULFILLED"
    FULFILLED = "FULFILLED"
    REFUNDED = "REFUNDED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class Action(StrEnum):
    """What somebody may do with a line now."""

    CANCEL = "CANCEL"
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    RETRY = "RETRY"
    REFUND = "REFUND"
    REVEAL = "REVEAL"
    REPORT_PROBLEM = "REPORT_PROBLEM"
    CORRECT_DELIVERY = "CORRECT_DELIVERY"


LINE_EDGES: Mapping[LineState, frozenset[LineState]] = {
    LineState.HELD: frozenset({LineState.PENDING_APPROVAL, LineState.ORDERED, LineState.CANCELLED, LineState.FAILED}),
    LineState.PENDING_APPROVAL: frozenset({LineState.ORDERED, LineState.CANCELLED, LineState.FAILED}),
    LineState.ORDERED: frozenset({LineState.FULFILLED, LineState.FAILED}),
    LineState.FULFILLED: frozenset({LineState.REFUNDED}),
    LineState.REFUNDED: frozenset(),
    LineState.CANCELLED: frozenset(),
    LineState.FAILED: frozenset(),
}

ATTEMPT_EDGES: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.INTENT: frozenset({AttemptState.SENT, AttemptState.REFUSED}),
    AttemptState.SENT: frozenset({AttemptState.DELIVERED, AttemptState.REFUSED, AttemptState.UNKNOWN}),
    AttemptState.UNKNOWN: frozenset({AttemptState.SENT, AttemptState.DELIVERED, AttemptState.REFUSED}),
    AttemptState.DELIVERED: frozenset(),
    AttemptState.REFUSED: frozenset(),
}

# In which states points stand where: each line is in exactly one of the three.
HOLDING = frozenset({LineState.HELD, LineState.PENDING_APPROVAL, LineState.ORDERED})
CAPTURED = frozenset({LineState.FULFILLED, LineState.REFUNDED})
RELEASED = frozenset({LineState.CANCELLED, LineState.FAILED})


def sources(target: LineState) -> frozenset[LineState]:
    """The states from which an edge leads to this one."""
    return frozenset(before for before, afters in LINE_EDGES.items() if target in afters)


def order_state(states: Iterable[LineState]) -> OrderState:
    """The fold of an order's lines, at least one.

    Something fulfilled and something not (yet, or any more): PARTIALLY_FULFILLED. Nothing fulfilled and something
    open: the open state that is furthest from being ordered in the way of a person (PENDING_APPROVAL, HELD, ORDERED).
    Nothing fulfilled and nothing open: REFUNDED if any line was, else FAILED if any did, else CANCELLED.
    """
    found = frozenset(states)
    if LineState.FULFILLED in found:
        return OrderState.FULFILLED if len(found) == 1 else OrderState.PARTIALLY_FULFILLED
    for state in (
        LineState.PENDING_APPROVAL,
        LineState.HELD,
        LineState.ORDERED,
        LineState.REFUNDED,
        LineState.FAILED,
        LineState.CANCELLED,
    ):
        if state in found:
            return OrderState(state.value)
    raise ValueError("an order has at least one line")


# The same fold over the rows of `redemption_line` that stand grouped.
ORDER_STATE_SQL = """CASE
    WHEN bool_and(line.state = 'FULFILLED') THEN 'FULFILLED'
    WHEN bool_or(line.state = 'FULFILLED') THEN 'PARTIALLY_FULFILLED'
    WHEN bool_or(line.state = 'PENDING_APPROVAL') THEN 'PENDING_APPROVAL'
    WHEN bool_or(line.state = 'HELD') THEN 'HELD'
    WHEN bool_or(line.state = 'ORDERED') THEN 'ORDERED'
    WHEN bool_or(line.state = 'REFUNDED') THEN 'REFUNDED'
    WHEN bool_or(line.state = 'FAILED') THEN 'FAILED'
    ELSE 'CANCELLED'
END"""

# Who, standing how to the line, may do what; in which states of the line, `_open_to` says.
GRANTED: Mapping[Relation, Mapping[Role | None, frozenset[Action]]] = {
    Relation.OWN: {
        None: frozenset({Action.CANCEL, Action.REVEAL, Action.REPORT_PROBLEM, Action.CORRECT_DELIVERY}),
    },
    Relation.PARTNER: {},
    Relation.OPERATOR: {
        Role.CHANNEL_MANAGER: frozenset({Action.APPROVE, Action.REJECT}),
        Role.SUPPORT: frozenset({Action.RETRY, Action.CORRECT_DELIVERY}),
        Role.FINANCE: frozenset({Action.REFUND}),
        Role.ADMIN: frozenset({Action.APPROVE, Action.REJECT, Action.RETRY, Action.REFUND, Action.CORRECT_DELIVERY}),
    },
}


def available_actions(
    state: LineState, delivery: Delivery, *, has_code: bool, relation: Relation, role: Role
) -> tuple[Action, ...]:
    """What this viewer may do with a line in this state, in the order of `Action`."""
    by_role = GRANTED[relation]
    granted = by_role.get(role, frozenset()) | by_role.get(None, frozenset())
    open_now = _open_to(state, delivery, has_code=has_code)
    return tuple(action for action in Action if action in granted and action in open_now)


def _open_to(state: LineState, delivery: Delivery, *, has_code: bool) -> frozenset[Action]:
    actions = set[Action]()
    if state in sources(LineState.CANCELLED):
        actions.add(Action.CANCEL)
    if state is LineState.PENDING_APPROVAL:
        actions |= {Action.APPROVE, Action.REJECT}
    if state is LineState.ORDERED:
        actions.add(Action.RETRY)
    if state is LineState.FULFILLED:
        actions.add(Action.REFUND)
        if has_code:
            actions |= {Action.REVEAL, Action.REPORT_PROBLEM}
        if delivery is Delivery.BOUNCED:
            actions.add(Action.CORRECT_DELIVERY)
    return frozenset(actions)
