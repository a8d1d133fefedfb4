"""What came of attempts is recorded: goods are sealed, the next route is tried, or the line fails.

Every recording is guarded by the fence: whoever lost its lease to somebody else changes nothing any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from catalog.codes.opening import delivery_pool_in, store_delivered_in
from catalog.codes.taking import give_back_in, lock_pools_in
from catalog.redemptions.attempting import Decision, Deliver, Refuse, Wait, next_route
from catalog.redemptions.delivering import moved_in
from catalog.redemptions.fulfilment_events import FULFILMENT_PARKED, FULFILMENT_REFUSED, about_line
from catalog.redemptions.line import Failure, Fulfilment, Line
from catalog.redemptions.machine import AttemptState, Delivery, LineState
from catalog.redemptions.moving import fail_in, fulfil_in
from catalog.redemptions.taking import Attempt
from catalog.suppliers.outcomes import Goods
from catalog.suppliers.registering import report_float_in
from domain.kernel.events import Event, EventType
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.sealing import Keyring

RECORD = """
UPDATE fulfilment_attempt AS a
SET state = told.state, reason = told.reason, supplier_reference = coalesce(told.reference, a.supplier_reference),
    lease_until = NULL, call_at = told.call_at,
    ended_at = CASE WHEN told.state IN ('DELIVERED', 'REFUSED') THEN $6::timestamptz END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
     AS told (id, state, reason, reference, call_at)
WHERE a.id = told.id
"""

# A supplier that is paused gets no new orders, so its routes are passed over.
ROUTES = """
SELECT route.denomination_id, route.priority, route.supplier_id, route.sku, route.pool_id
FROM fulfilment_route AS route JOIN supplier ON supplier.id = route.supplier_id AND supplier.state = 'ACTIVE'
WHERE route.denomination_id = ANY($1::uuid[])
"""

SET_ASIDE = "SELECT line_id, pool_id FROM voucher_code WHERE line_id = ANY($1::uuid[]) AND state = 'RESERVED'"

TRY_NEXT = """
INSERT INTO fulfilment_attempt (id, line_id, n, supplier_id, priority, sku, pool_id, state, calls, fence, call_at,
                                recorded_at)
SELECT id, line_id, n, supplier_id, priority, sku, pool_id, 'INTENT', 0, 0, $8, $8
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::int[], $6::text[], $7::uuid[])
     AS told (id, line_id, n, supplier_id, priority, sku, pool_id)
"""


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where a line may be ordered next."""

    priority: int
    supplier_id: UUID
    sku: str
    pool_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A locked attempt of a locked line, and what is to become of it."""

    attempt: Attempt
    line: Line
    decision: Decision


async def record_in(op: Operation, keyring: Keyring, decided: Sequence[Decided]) -> None:
    """The decisions stand: attempts end or wait, lines are fulfilled, tried elsewhere, or failed.

    Deliveries and refusals do not mix in one operation: the stock of what failed is locked before any pool of codes.

    Refuses: CodeExists (a supplier delivered a code that was delivered before; nothing is recorded).
    """
    delivered = [(one, one.decision) for one in decided if isinstance(one.decision, Deliver)]
    refused = [(one, one.decision) for one in decided if isinstance(one.decision, Refuse)]
    assert not (delivered and refused), "what is delivered and what is refused is recorded apart"
    if not decided:
        return
    await _write(op, decided)
    await _deliver(op, keyring, delivered)
    await _refuse(op, refused)
    for one in decided:
        if isinstance(one.decision, Wait) and one.decision.after_seconds is None:
            op.tell(_about(FULFILMENT_PARKED, one, reason=one.decision.reason))


async def _write(op: Operation, decided: Sequence[Decided]) -> None:
    states, reasons, references, call_ats = list[str](), list[str | None](), list[str | None](), list[datetime | None]()
    for one in decided:
        state, reason, reference, call_at = _standing(one.decision, op.now)
        states.append(state.value)
        reasons.append(reason)
        references.append(reference)
        call_ats.append(call_at)
    await op.sql.execute(RECORD, [one.attempt.id for one in decided], states, reasons, references, call_ats, op.now)


def _standing(decision: Decision, now: datetime) -> tuple[AttemptState, str | None, str | None, datetime | None]:
    match decision:
        case Deliver():
            return AttemptState.DELIVERED, None, decision.reference, None
        case Refuse():
            return AttemptState.REFUSED, decision.reason, None, None
        case Wait():
            after = decision.after_seconds
            call_at = None if after is None else now + timedelta(seconds=after)
            return decision.state, decision.reason, decision.reference, call_at


async def _deliver(op: Operation, keyring: Keyring, delivered: Sequence[tuple[Decided, Deliver]]) -> None:
    await _store(op, keyring, delivered)
    await fulfil_in(
        op,
        [
            Fulfilment(line=one.line, tracking=told.tracking, expires_on=told.expires_on)
            for one, told in delivered
            if one.line.state is LineState.ORDERED
        ],
    )
    # Fulfilled before: this attempt only sent the goods again, to a corrected address.
    again = [(one.line, told.tracking) for one, told in delivered if one.line.state is LineState.FULFILLED]
    await moved_in(op, again, Delivery.SENT)
    balances = {one.attempt.supplier_id: told.balance for one, told in delivered if told.balance is not None}
    for supplier_id in sorted(balances):
        await report_float_in(op, supplier_id, balances[supplier_id])


async def _store(op: Operation, keyring: Keyring, delivered: Sequence[tuple[Decided, Deliver]]) -> None:
    """What suppliers handed over is sealed; what was set aside for these lines in pools of others is free again.

    Before points move: pools are locked before budgets.
    """
    codes = list[tuple[UUID, UUID, Goods]]()
    for one, told in delivered:
        if told.goods is not None and one.line.state is LineState.ORDERED:
            pool_id = one.attempt.pool_id or await delivery_pool_in(op, keyring, one.attempt.supplier_id)
            codes.append((pool_id, one.line.id, told.goods))
    line_ids = [one.line.id for one, _ in delivered]
    rows = await op.sql.fetch(SET_ASIDE, line_ids) if line_ids else []
    if not codes and not rows:
        return
    await lock_pools_in(op, [*(pool_id for pool_id, _, _ in codes), *(row["pool_id"] for row in rows)])
    await give_back_in(op, [row["line_id"] for row in rows])
    # Each is a code of its own under a seal of its own.
    for pool_id, line_id, goods in sorted(codes, key=lambda code: code[:2]):
        await store_delivered_in(op, keyring, pool_id, line_id, goods)


async def _refuse(op: Operation, refused: Sequence[tuple[Decided, Refuse]]) -> None:
    if not refused:
        return
    routes = dict[UUID, list[Route]]()
    for row in await op.sql.fetch(ROUTES, list({one.line.denomination_id for one, _ in refused})):
        route = dict(row)
        routes.setdefault(route.pop("denomination_id"), []).append(Route(**route))
    onward, failures, bounced = list[tuple[Attempt, Route]](), list[Failure](), list[Line]()
    for one, told in refused:
        is_ordered = one.line.state is LineState.ORDERED
        found = next_route(routes.get(one.line.denomination_id, ()), one.attempt.priority) if is_ordered else None
        if found is not None:
            onward.append((one.attempt, found))
        elif is_ordered:
            failures.append(Failure(line=one.line, reason=told.reason))
        elif one.line.state is LineState.FULFILLED:
            bounced.append(one.line)
        next_supplier_id = None if found is None else str(found.supplier_id)
        op.tell(_about(FULFILMENT_REFUSED, one, reason=told.reason, next_supplier_id=next_supplier_id))
    await moved_in(op, [(line, None) for line in bounced], Delivery.BOUNCED)
    await _try_next(op, onward)
    await fail_in(op, failures)


async def _try_next(op: Operation, onward: Sequence[tuple[Attempt, Route]]) -> None:
    if not onward:
        return
    await op.sql.execute(
        TRY_NEXT,
        new_ids(len(onward)),
        [attempt.line_id for attempt, _ in onward],
        [attempt.n + 1 for attempt, _ in onward],
        [route.supplier_id for _, route in onward],
        [route.priority for _, route in onward],
        [route.sku for _, route in onward],
        [route.pool_id for _, route in onward],
        op.now,
    )


def _about(event: EventType, one: Decided, **payload: Any) -> Event:
    return about_line(
        event,
        one.line.redemption_id,
        one.line,
        line_id=str(one.line.id),
        attempt_id=str(one.attempt.id),
        supplier_id=str(one.attempt.supplier_id),
        **payload,
    )
