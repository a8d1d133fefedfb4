"""Where fulfilled goods are: sent, delivered, bounced; and sent again to a corrected address."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from catalog.redemptions.fulfilment_events import DELIVERY_CHANGED, about_line
from catalog.redemptions.line import Line
from catalog.redemptions.machine import Action, Delivery, LineState
from catalog.redemptions.moving import lock_lines_in
from catalog.redemptions.refusals import ActionNotAvailable
from catalog.suppliers.outcomes import Recipient
from catalog.suppliers.reading import supplier_of_source
from catalog.suppliers.recipients import sealed_recipient
from domain.access.audit import record_in
from domain.access.principals import Actor, Role
from domain.kernel.events import EventType
from domain.kernel.ids import new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation, Outcome
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sealing import Keyring
from domain.kernel.sql import json_texts

CORRECTORS = frozenset({Role.SUPPORT, Role.ADMIN, Role.SYSTEM})
REPORTERS = frozenset({Role.SUPPORT, Role.CATALOG, Role.ADMIN, Role.SYSTEM})
REPORTED = frozenset({Delivery.DELIVERED, Delivery.BOUNCED})
TRACKING_MEMBERS_MAX = 10
TRACKING_TEXT_MAX = 500

# A code that was shown stays so, except where a parcel comes back: that one is to be sent again.
MOVE = """
UPDATE redemption_line AS line SET tracking = coalesce(told.tracking::jsonb, line.tracking), version = version + 1,
       delivery = CASE
         WHEN line.delivery = 'REVEALED' AND NOT ($3 = 'BOUNCED' AND EXISTS (
           SELECT FROM shipment WHERE shipment.redemption_id = line.redemption_id)) THEN 'REVEALED' ELSE $3 END
FROM unnest($1::uuid[], $2::text[]) AS told (id, tracking) WHERE line.id = told.id
RETURNING line.id, line.delivery
"""
VERSIONS = "UPDATE redemption SET version = version + 1 WHERE id = ANY($1::uuid[]) RETURNING id, version"
SUPPLIER_OF = """
SELECT supplier_id FROM fulfilment_attempt WHERE line_id = $1 ORDER BY n DESC LIMIT 1
"""
OTHERS_BOUNCED = """
SELECT id FROM redemption_line WHERE redemption_id = $1 AND state = 'FULFILLED' AND delivery = 'BOUNCED'
"""
ADDRESS = """
INSERT INTO shipment (redemption_id, sealed, recorded_at) VALUES ($1, $2, $3)
ON CONFLICT (redemption_id) DO UPDATE SET sealed = excluded.sealed, erased_at = NULL
"""
# The route that delivered once is asked again, under the same external id: it is the same order. One that is still
# being sent again goes to the newest address.
SEND_AGAIN = """
INSERT INTO fulfilment_attempt (id, line_id, n, supplier_id, priority, sku, pool_id, state, calls, fence, call_at,
                                recorded_at)
SELECT told.id, last.line_id, last.n + 1, last.supplier_id, last.priority, last.sku, last.pool_id, 'INTENT', 0, 0, $3,
       $3
FROM unnest($1::uuid[], $2::uuid[]) AS told (id, line_id)
CROSS JOIN LATERAL (
  SELECT * FROM fulfilment_attempt AS a WHERE a.line_id = told.line_id ORDER BY n DESC LIMIT 1) AS last
WHERE last.state IN ('DELIVERED', 'REFUSED')
"""


async def moved_in(op: Operation, lines: Sequence[tuple[Line, Mapping[str, object] | None]], to: Delivery) -> None:
    """The goods of these locked lines are there now; tracking that is told replaces what was known. A code that was
    shown stays REVEALED, unless it is of a parcel that bounced."""
    if not lines:
        return
    tracking = [None if told is None else json_texts([told])[0] for _, told in lines]
    rows = await op.sql.fetch(MOVE, [line.id for line, _ in lines], tracking, to.value)
    there = {row["id"]: row["delivery"] for row in rows}
    for delivery in sorted(set(there.values())):
        some = [line for line, _ in lines if there[line.id] == delivery]
        await tell_in(op, some, DELIVERY_CHANGED, delivery=delivery)


async def tell_in(op: Operation, lines: Collection[Line], event: EventType, **payload: Any) -> None:
    """The lines' redemptions have a new version each, and one event each names it with the lines."""
    grouped = defaultdict[UUID, list[Line]](list)
    for line in lines:
        grouped[line.redemption_id].append(line)
    versions = {row["id"]: row["version"] for row in await op.sql.fetch(VERSIONS, list(grouped))}
    for redemption_id, some in grouped.items():
        ids, version = [str(line.id) for line in some], versions[redemption_id]
        op.tell(about_line(event, redemption_id, some[0], lines=ids, version=version, **payload))


async def report_delivery(
    door: Door,
    actor: Actor,
    keyed: Keyed,
    *,
    line_id: UUID,
    delivery: Delivery,
    tracking: Mapping[str, object] | None = None,
) -> Outcome:
    """What a fulfilled line's supplier (by its key) or the vendor's people learned stands: DELIVERED or BOUNCED.

    Facts: redemption_id, line_id. Refuses: NotFound; InvalidInput; ActionNotAvailable.
    """
    if delivery not in REPORTED:
        raise InvalidInput(field="delivery", problem="DELIVERED or BOUNCED")
    check_tracking(tracking)

    async def work(op: Operation) -> Mapping[str, Any]:
        line = (await lock_lines_in(op, [line_id], points=False)).get(line_id)
        if line is None or not await _may_report(op, actor, line):
            raise NotFound(kind="line", id=str(line_id))
        if line.state is not LineState.FULFILLED:
            raise ActionNotAvailable(action="REPORT_DELIVERY", line_id=str(line_id), state=line.state.value)
        await moved_in(op, [(line, tracking)], delivery)
        return {"redemption_id": str(line.redemption_id), "line_id": str(line.id)}

    return await door.operate_keyed(actor, "reportDelivery", keyed, work)


async def correct_delivery(
    door: Door, actor: Actor, keyed: Keyed, keyring: Keyring, *, line_id: UUID, recipient: Recipient
) -> Outcome:
    """The redemption goes to the corrected recipient: what bounced is sent again by the supplier that delivered it.

    By its owner, or SUPPORT and ADMIN, who leave a row in the audit log. Facts: redemption_id, line_ids.
    Refuses: NotFound; ActionNotAvailable (the line has not bounced).
    """
    return await door.operate_keyed(
        actor, "correctDelivery", keyed, partial(_correct_in, keyring=keyring, line_id=line_id, recipient=recipient)
    )


async def _correct_in(op: Operation, *, keyring: Keyring, line_id: UUID, recipient: Recipient) -> Mapping[str, Any]:
    found = (await lock_lines_in(op, [line_id], points=False)).get(line_id)
    actor = op.actor
    assert isinstance(actor, Actor), "whoever corrects came through the face"
    if found is None or not (actor.role in CORRECTORS or found.member_id == actor.member_id):
        raise NotFound(kind="line", id=str(line_id))
    if found.state is not LineState.FULFILLED or found.delivery is not Delivery.BOUNCED:
        raise ActionNotAvailable(
            action=Action.CORRECT_DELIVERY.value, line_id=str(line_id), state=f"{found.state}, {found.delivery}"
        )
    bounced = [row["id"] for row in await op.sql.fetch(OTHERS_BOUNCED, found.redemption_id)]
    lines = await lock_lines_in(op, bounced, points=False)
    sealed = sealed_recipient(keyring, found.redemption_id, recipient)
    await op.sql.execute(ADDRESS, found.redemption_id, sealed, op.now)
    await op.sql.execute(SEND_AGAIN, new_ids(len(lines)), list(lines), op.now)
    await moved_in(op, [(line, None) for line in lines.values()], Delivery.SENT)
    await record_in(op, "redemption.delivery_corrected", "redemption", found.redemption_id)
    return {"redemption_id": str(found.redemption_id), "line_ids": [str(each) for each in lines]}


def check_tracking(tracking: Mapping[str, object] | None) -> None:
    """Refuses: InvalidInput for more than ten members, or anything but texts of at most 500 characters."""
    told = tracking or {}
    if len(told) > TRACKING_MEMBERS_MAX or not all(
        isinstance(text, str) and len(text) <= TRACKING_TEXT_MAX and len(name) <= 64 for name, text in told.items()
    ):
        problem = f"at most {TRACKING_MEMBERS_MAX} texts of at most {TRACKING_TEXT_MAX} characters"
        raise InvalidInput(field="tracking", problem=problem)


async def _may_report(op: Operation, actor: Actor, line: Line) -> bool:
    """Operators, and the supplier whom the line was ordered of last."""
    if actor.role in REPORTERS:
        return True
    own = None if actor.source_id is None else await supplier_of_source(op.sql, actor.source_id)
    return own is not None and own.id == await op.sql.fetchval(SUPPLIER_OF, line.id)
