"""The events of the ledger: amounts are whole units of `unit`; each names the wallet it moved."""

from collections.abc import Mapping

from domain.kernel.events import EventType

MOVE: Mapping[str, str] = {"wallet_id": "the wallet", "unit": "code of the unit", "amount": "how much moved, positive"}

AWARD_GRANTED = EventType(
    name="award.granted",
    aggregate="award",
    description="Points were granted for an activity or a milestone.",
    payload={
        **MOVE,
        "due_id": "the due it grants",
        "rule": "code of the rule",
        "activity_id": "the activity, or null",
        "milestone": "the milestone, or null",
        "occurred_at": "when the activity happened, ISO 8601 in UTC",
        "matures_at": "when the points become available",
        "expires_at": "when they expire, or null",
    },
)
AWARD_REVERSED = EventType(
    name="award.reversed",
    aggregate="award",
    description="A part of an award was taken back.",
    payload={
        **MOVE,
        "reversed_total": "how much of the award is taken back by now",
        "remaining": "what the award still stands at",
        "cause_id": "what took it back",
        "indebted": "the part that became a debt",
        "occurred_at": "when the award's activity happened",
    },
)
POINTS_MATURED = EventType(
    name="points.matured", aggregate="wallet", description="Pending points became available.", payload=MOVE
)
POINTS_EXPIRED = EventType(
    name="points.expired", aggregate="wallet", description="Available points expired.", payload=MOVE
)
POINTS_HELD = EventType(
    name="points.held",
    aggregate="hold",
    description="Available points were set aside for a reference.",
    payload={**MOVE, "reference_kind": "what they are for", "reference_id": "which one"},
)
POINTS_CAPTURED = EventType(
    name="points.captured", aggregate="hold", description="Held points were spent.", payload=MOVE
)
POINTS_RELEASED = EventType(
    name="points.released",
    aggregate="hold",
    description="Held points went back to their lots.",
    payload={**MOVE, "extended": "lots that had expired meanwhile: id → their new expiry, ISO 8601 in UTC"},
)
POINTS_REFUNDED = EventType(
    name="points.refunded",
    aggregate="hold",
    description="Spent points went back to their lots: what they were spent on was refunded.",
    payload={**MOVE, "extended": "lots that had expired meanwhile: id → their new expiry, ISO 8601 in UTC"},
)
PAYMENT_PREPARED = EventType(
    name="payment.prepared",
    aggregate="payment",
    description="Available money was set aside to be paid out.",
    payload={**MOVE, "reference_kind": "what it is paid for", "reference_id": "which one"},
)
PAYMENT_PAID = EventType(name="payment.paid", aggregate="payment", description="Money was paid out.", payload=MOVE)
PAYMENT_WITHDRAWN = EventType(
    name="payment.withdrawn",
    aggregate="payment",
    description="Money that was to be paid out went back to its lots.",
    payload={**MOVE, "extended": "lots that had expired meanwhile: id → their new expiry, ISO 8601 in UTC"},
)
PAYMENT_RETURNED = EventType(
    name="payment.returned",
    aggregate="payment",
    description="Money that was paid out came back, to the same lots.",
    payload={**MOVE, "extended": "lots that had expired meanwhile: id → their new expiry, ISO 8601 in UTC"},
)
DEBT_SETTLED = EventType(
    name="debt.settled", aggregate="debt", description="A debt was paid from points, in part or whole.", payload=MOVE
)
DEBT_WRITTEN_OFF = EventType(
    name="debt.written_off", aggregate="debt", description="The vendor gave up a debt.", payload=MOVE
)
BUDGET_FUNDED = EventType(
    name="budget.funded",
    aggregate="budget",
    description="A program's budget was raised (or, negative, lowered).",
    payload={"unit": "code of the unit", "amount": "by how much, signed", "balance": "what may still be awarded"},
)
EVENTS = (
    AWARD_GRANTED,
    AWARD_REVERSED,
    POINTS_MATURED,
    POINTS_EXPIRED,
    POINTS_HELD,
    POINTS_CAPTURED,
    POINTS_RELEASED,
    POINTS_REFUNDED,
    PAYMENT_PREPARED,
    PAYMENT_PAID,
    PAYMENT_WITHDRAWN,
    PAYMENT_RETURNED,
    DEBT_SETTLED,
    DEBT_WRITTEN_OFF,
    BUDGET_FUNDED,
)
