"""Lines move along drawn edges here, many at a time, with their points, their goods and their events.

Lock order of every operation of the shop: redemptions by id → lines by id → wallets by id (`lock_lines_in` takes these
three) → denominations by id → code pools by id → what the ledger locks when points move (lots, debts, budgets).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from catalog.codes.taking import give_back_in, void_in
from catalog.items.stocking import give_stock_back_in
from catalog.redemptions.events import (
    REDEMPTION_AWAITS_APPROVAL,
    REDEMPTION_CANCELLED,
    REDEMPTION_FAILED,
    REDEMPTION_FULFILLED,
    REDEMPTION_ORDERED,
    REDEMPTION_REFUNDED,
)
from catalog.redemptions.line import Failure, Fulfilment, Line
from catalog.redemptions.machine import Action, Delivery, LineState, sources
from catalog.redemptions.refusals import ActionNotAvailable
from domain.kernel.events import EventType
from domain.kernel.ids import new_ids
from domain.kernel.operation import Operation
from domain.kernel.sql import Row, json_texts
from domain.ledger.holding import capture_each_in, refund_each_in, release_each_in
from domain.ledger.opening import lock_wallets_in

LINES_MAX = 1_000

LOCK_ROOTS = """
-- lock: redemption
SELECT id FROM redemption WHERE id IN (SELECT redemption_id FROM redemption_line WHERE id = ANY($1::uuid[]))
ORDER BY id FOR NO KEY UPDATE
"""

LINE_COLUMNS = """
line.id, line.redemption_id, line.n, line.item_id, line.denomination_id, line.member_id, line.price, line.face_value,
line.currency, line.fair_value, line.hold_id, line.state, line.delivery, line.reason, line.held_until, line.tracking,
line.expires_on, line.recorded_at, line.ordered_at, line.fulfilled_at, line.revealed_at, line.ended_at, line.version,
redemption.partner_id, redemption.principal_id, redemption.origin, redemption.unit, redemption.country,
redemption.locale
"""

LOCK_LINES = f"""
-- lock: line
SELECT {LINE_COLUMNS} FROM redemption_line AS line JOIN redemption ON redemption.id = line.redemption_id
WHERE line.id = ANY($1::uuid[]) ORDER BY line.id FOR NO KEY UPDATE OF line
"""

WALLETS_OF_HOLDS = "SELECT DISTINCT wallet_id FROM hold WHERE id = ANY($1::uuid[])"

MOVE_LINES = """
UPDATE redemption_line SET state = $2::text, version = version + 1,
       reason = coalesce(moved.reason, redemption_line.reason),
       ordered_at = CASE WHEN $2::text = 'ORDERED' THEN $4 ELSE ordered_at END,
       fulfilled_at = CASE WHEN $2::text = 'FULFILLED' THEN $4 ELSE fulfilled_at END,
       ended_at = CASE WHEN $2::text IN ('REFUNDED', 'CANCELLED', 'FAILED') THEN $4 ELSE ended_at END
FROM unnest($1::uuid[], $5::text[]) AS moved (id, reason)
WHERE redemption_line.id = moved.id AND state = ANY($3::text[])
"""

SEND_LINES = """
UPDATE redemption_line SET delivery = 'SENT', tracking = coalesce(sent.tracking::jsonb, redemption_line.tracking),
       expires_on = sent.expires_on
FROM unnest($1::uuid[], $2::text[], $3::date[]) AS sent (id, tracking, expires_on)
WHERE redemption_line.id = sent.id
"""

VERSIONS = """
UPDATE redemption SET version = version + 1 WHERE id = ANY($1::uuid[]) RETURNING id, version
"""

# The first route whose supplier is not paused and, where it is our own pool, whose code the line has; else the first
# such pool that has codes; else the first.
FIRST_ROUTES = """
INSERT INTO fulfilment_attempt (id, line_id, n, supplier_id, priority, sku, pool_id, state, calls, fence, call_at,
                                recorded_at)
SELECT asked.attempt_id, line.id,
       1 + coalesce((SELECT max(n) FROM fulfilment_attempt AS earlier WHERE earlier.line_id = line.id), 0),
       route.supplier_id, route.priority, route.sku, route.pool_id, 'INTENT', 0, 0, $3, $3
FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked (line_id, attempt_id, place)
JOIN redemption_line AS line ON line.id = asked.line_id
CROSS JOIN LATERAL (
  SELECT route.supplier_id, route.priority, route.sku, route.pool_id
  FROM fulfilment_route AS route JOIN supplier ON supplier.id = route.supplier_id
  LEFT JOIN code_pool AS pool ON pool.id = route.pool_id AND supplier.adapter = 'CODE_POOL'
  WHERE route.denomination_id = line.denomination_id
  ORDER BY CASE WHEN supplier.state <> 'ACTIVE' THEN 3
                WHEN pool.id IS NULL OR EXISTS (
                  SELECT FROM voucher_code AS code
                  WHERE code.line_id = line.id AND code.pool_id = pool.id AND code.state = 'RESERVED') THEN 1
                WHEN pool.free > 0 THEN 2 ELSE 3 END,
           route.priority
  LIMIT 1) AS route
ORDER BY asked.place
"""

MAY_BE_DELIVERED = """
SELECT line_id FROM fulfilment_attempt WHERE line_id = ANY($1::uuid[]) AND state IN ('SENT', 'UNKNOWN')
"""

CLOSE_INTENTS = """
UPDATE fulfilment_attempt SET state = 'REFUSED', reason = 'LINE_ENDED', ended_at = $2, lease_until = NULL,
       call_at = NULL, fence = fence + 1
WHERE line_id = ANY($1::uuid[]) AND state = 'INTENT'
"""


def line_of(row: Row) -> Line:
    """A row of LINE_COLUMNS as its record."""
    values: dict[str, Any] = dict(row)
    values["state"], values["delivery"] = LineState(row["state"]), Delivery(row["delivery"])
    return Line(**values)


async def lock_lines_in(op: Operation, line_ids: Collection[UUID], *, points: bool = True) -> Mapping[UUID, Line]:
    """The lines, with their redemptions before them and (unless told otherwise) the wallets of their holds after them,
    are locked by id until the operation ends; an id that is no line's is left out. At most 1,000.

    What is read here stands; stock, codes and points may then be moved in any order.
    """
    if len(line_ids) > LINES_MAX:
        raise ValueError(f"an operation moves at most {LINES_MAX} lines")
    ids = list(line_ids)
    await op.sql.fetch(LOCK_ROOTS, ids)
    lines = [line_of(row) for row in await op.sql.fetch(LOCK_LINES, ids)]
    holds = [line.hold_id for line in lines if line.hold_id is not None]
    if points and holds:
        await lock_wallets_in(op, [row["wallet_id"] for row in await op.sql.fetch(WALLETS_OF_HOLDS, holds)])
    return {line.id: line for line in lines}


async def await_approval_in(op: Operation, lines: Sequence[Line]) -> None:
    """Held lines wait for approval.

    Refuses: ActionNotAvailable.
    """
    await _move(op, lines, LineState.PENDING_APPROVAL)
    await _tell(op, lines, REDEMPTION_AWAITS_APPROVAL)


async def order_in(op: Operation, lines: Sequence[Line]) -> None:
    """Held or approved lines are ordered: each has an intent at the first route that can deliver, due now.

    Refuses: ActionNotAvailable.
    """
    if not lines:
        return
    await _move(op, lines, LineState.ORDERED)
    made = await op.sql.execute(FIRST_ROUTES, [line.id for line in lines], new_ids(len(lines)), op.now)
    assert _count(made) == len(lines), "what can be ordered has a route"
    await _tell(op, lines, REDEMPTION_ORDERED)


async def fulfil_in(op: Operation, fulfilments: Sequence[Fulfilment]) -> None:
    """Ordered lines are fulfilled, sent on their way, and their points spent (C3).

    Refuses: ActionNotAvailable.
    """
    if not fulfilments:
        return
    lines = [fulfilment.line for fulfilment in fulfilments]
    await _move(op, lines, LineState.FULFILLED)
    tracking = [json_texts([one.tracking])[0] if one.tracking else None for one in fulfilments]
    expiries = [one.expires_on for one in fulfilments]
    await op.sql.execute(SEND_LINES, [line.id for line in lines], tracking, expiries)
    await capture_each_in(op, _holds(lines))
    await _tell(op, lines, REDEMPTION_FULFILLED)


async def fail_in(op: Operation, failures: Sequence[Failure]) -> None:
    """Lines that nobody will deliver have failed; their stock and reserved codes are back, and their points too.

    An intent that was never sent is closed. A line whose supplier may have delivered cannot fail: that is asked first.

    Refuses: ActionNotAvailable.
    """
    lines = [failure.line for failure in failures]
    reasons = {failure.line.id: failure.reason for failure in failures}
    await _end_undelivered(op, lines, LineState.FAILED, reasons)
    by_redemption = _by_redemption(lines)
    await _tell(
        op,
        lines,
        REDEMPTION_FAILED,
        {root: {"reasons": [reasons[line.id] for line in some]} for root, some in by_redemption.items()},
    )


async def cancel_in(op: Operation, lines: Sequence[Line], reason: str) -> None:
    """Lines that were not ordered yet are cancelled; their stock, reserved codes and points are back.

    Refuses: ActionNotAvailable.
    """
    await _end_undelivered(op, lines, LineState.CANCELLED, dict.fromkeys((line.id for line in lines), reason))
    await _tell(op, lines, REDEMPTION_CANCELLED, {line.redemption_id: {"reason": reason} for line in lines})


async def under_way_in(op: Operation, line_ids: Collection[UUID]) -> frozenset[UUID]:
    """Which of these locked lines a supplier may be delivering right now: they are neither failed nor refunded yet."""
    return frozenset(row["line_id"] for row in await op.sql.fetch(MAY_BE_DELIVERED, list(line_ids)))


async def refund_in(op: Operation, lines: Sequence[Line], reason: str, problem: str | None = None) -> None:
    """Fulfilled lines are refunded whole: their codes are void (`problem` says why, if the code is why), their points
    back in the same lots. Stock does not come back: what was delivered is out of the house.

    Refuses: ActionNotAvailable.
    """
    if not lines:
        return
    if (again := await op.sql.fetchval(MAY_BE_DELIVERED, [line.id for line in lines])) is not None:
        # What bounced is on its way once more: it is refunded when its supplier has said what became of it.
        raise ActionNotAvailable(action=Action.REFUND.value, line_id=str(again), state=LineState.ORDERED.value)
    await op.sql.execute(CLOSE_INTENTS, [line.id for line in lines], op.now)
    await _move(op, lines, LineState.REFUNDED, dict.fromkeys((line.id for line in lines), reason))
    await void_in(op, [line.id for line in lines], problem)
    await refund_each_in(op, _holds(lines))
    await _tell(op, lines, REDEMPTION_REFUNDED, {line.redemption_id: {"reason": reason} for line in lines})


async def _end_undelivered(
    op: Operation, lines: Sequence[Line], target: LineState, reasons: Mapping[UUID, str]
) -> None:
    if not lines:
        return
    ids = [line.id for line in lines]
    await _move(op, lines, target, reasons)
    open_at = await op.sql.fetchval(MAY_BE_DELIVERED, ids)
    assert open_at is None, (
        f"line {open_at} may have been delivered: its points are not given back before that is known"
    )
    await op.sql.execute(CLOSE_INTENTS, ids, op.now)
    await give_stock_back_in(op, Counter(line.denomination_id for line in lines))
    await give_back_in(op, ids)
    await release_each_in(op, _holds(lines))


# The action that is refused where a line does not stand where this state is entered from.
MEANT: Mapping[LineState, Action] = {
    LineState.PENDING_APPROVAL: Action.APPROVE,
    LineState.ORDERED: Action.APPROVE,
    LineState.FULFILLED: Action.RETRY,
    LineState.REFUNDED: Action.REFUND,
    LineState.CANCELLED: Action.CANCEL,
    LineState.FAILED: Action.REJECT,
}


async def _move(
    op: Operation, lines: Sequence[Line], target: LineState, reasons: Mapping[UUID, str] | None = None
) -> None:
    froms = sources(target)
    for line in lines:
        if line.state not in froms:
            raise ActionNotAvailable(action=MEANT[target].value, line_id=str(line.id), state=line.state.value)
    given = [(reasons or {}).get(line.id) for line in lines]
    states = [state.value for state in froms]
    moved = await op.sql.execute(MOVE_LINES, [line.id for line in lines], target.value, states, op.now, given)
    assert _count(moved) == len(lines), "a line moves only under its own lock"


async def _tell(
    op: Operation,
    lines: Sequence[Line],
    event: EventType,
    more: Mapping[UUID, Mapping[str, Any]] | None = None,
) -> None:
    by_redemption = _by_redemption(lines)
    versions = {row["id"]: row["version"] for row in await op.sql.fetch(VERSIONS, list(by_redemption))}
    for redemption_id, some in by_redemption.items():
        op.tell(
            event.about(
                redemption_id,
                member_id=some[0].member_id,
                partner_id=some[0].partner_id,
                lines=[str(line.id) for line in some],
                version=versions[redemption_id],
                **(more or {}).get(redemption_id, {}),
            )
        )


def _by_redemption(lines: Sequence[Line]) -> Mapping[UUID, list[Line]]:
    grouped = defaultdict[UUID, list[Line]](list)
    for line in lines:
        grouped[line.redemption_id].append(line)
    return grouped


def _holds(lines: Sequence[Line]) -> list[UUID]:
    return [line.hold_id for line in lines if line.hold_id is not None]


def _count(tag: str) -> int:
    return int(tag.split()[-1])
