"""Training follows who comes to a firm and who leaves it: certificates go along, the firm's count follows. A step."""

from domain.access.principals import SYSTEM
from domain.kernel import outbox
from domain.kernel.operation import Door, Operation
from domain.kernel.sql import sure_value
from domain.partners.events import FACT_ENDED, FACT_RECORDED
from domain.partners.facts import FactKind
from domain.training.counting import count_in
from domain.training.storing import lock_courses_in

POSITION = """
INSERT INTO training_followed (id, position) VALUES (1, 0)
ON CONFLICT (id) DO UPDATE SET position = training_followed.position RETURNING position
"""
FOLLOWED = "UPDATE training_followed SET position = $1 WHERE id = 1"
CERTIFIED = "SELECT DISTINCT course_id, member_id FROM certification WHERE member_id = ANY($1::uuid[])"
KINDS = frozenset({FACT_RECORDED.name, FACT_ENDED.name})


async def follow_memberships(door: Door) -> int:
    """A step: up to 1,000 stamped events are followed, in order, each once; answers how many."""

    async def work(op: Operation) -> int:
        position: int = await sure_value(op.sql, POSITION)
        events = await outbox.read(op.sql, position)
        if not events:
            return 0
        moved = {
            event.member_id
            for event in events
            if event.name in KINDS and event.payload["kind"] == FactKind.MEMBERSHIP and event.member_id is not None
        }
        rows = await op.sql.fetch(CERTIFIED, list(moved)) if moved else []
        pairs = [(row["course_id"], row["member_id"]) for row in rows]
        await count_in(op, await lock_courses_in(op, ids={course_id for course_id, _ in pairs}), pairs)
        await op.sql.execute(FOLLOWED, events[-1].position)
        return len(events)

    return await door.operate(SYSTEM, work)
