"""The shop follows its own events: lines that ended wake the bundle they are part of, benefits become entitlements."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from catalog.redemptions.events import (
    REDEMPTION_CANCELLED,
    REDEMPTION_FAILED,
    REDEMPTION_FULFILLED,
    REDEMPTION_REFUNDED,
)
from catalog.sends.entitling import entitle_in, revoke_of_lines_in
from domain.access.principals import SYSTEM
from domain.kernel import outbox
from domain.kernel.events import EventType, StampedEvent
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import sure_value

NAME = "sends"

POSITION = """
INSERT INTO following (name, position) VALUES ($1, 0) ON CONFLICT (name) DO UPDATE SET position = following.position
RETURNING position
"""

WAKE = """
UPDATE bundle_order SET look_at = $2 FROM bundle_part AS part
WHERE part.line_id = ANY($1::uuid[]) AND bundle_order.id = part.order_id AND bundle_order.look_at IS NULL
"""


async def follow_lines(door: Door) -> int:
    """A step: up to 1,000 stamped events are followed, in order, each once; answers how many."""

    async def work(op: Operation) -> int:
        position: int = await sure_value(op.sql, POSITION, NAME)
        events = await outbox.read(op.sql, position)
        if not events:
            return 0
        fulfilled = _lines(events, REDEMPTION_FULFILLED)
        refunded = _lines(events, REDEMPTION_REFUNDED)
        ended = [*fulfilled, *_lines(events, REDEMPTION_FAILED), *_lines(events, REDEMPTION_CANCELLED)]
        if ended:
            await op.sql.execute(WAKE, ended, op.now)
        await entitle_in(op, fulfilled)
        await revoke_of_lines_in(op, refunded)
        await op.sql.execute("UPDATE following SET position = $2 WHERE name = $1", NAME, events[-1].position)
        return len(events)

    return await door.operate(SYSTEM, work)


def _lines(events: Sequence[StampedEvent], kind: EventType) -> list[UUID]:
    found: Any = [event.payload["lines"] for event in events if event.name == kind.name]
    return [UUID(line) for lines in found for line in lines]
