"""The audit log: what was done, in the transaction of the doing; what was denied, in one of its own. Append-only."""

from uuid import UUID

from domain.access.principals import Actor, Role
from domain.kernel.operation import Door, Operation

ACTION_LENGTH_MAX = 64
DENIED = "authz_fail"

APPEND = """
INSERT INTO audit_log (at, principal_id, role, action, object_kind, object_id, facts, request_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


async def record_in(
    op: Operation, action: str, object_kind: str, object_id: UUID | None = None, **facts: object
) -> None:
    """The action stands in the log once the operation commits. Facts hold ids, codes and digests, never secrets."""
    actor = op.actor
    role, request_id = (actor.role, actor.request_id) if isinstance(actor, Actor) else (Role.SYSTEM, None)
    await op.sql.execute(
        APPEND,
        op.now,
        actor.principal_id,
        role.value,
        action[:ACTION_LENGTH_MAX],
        object_kind,
        object_id,
        {name: str(fact) if isinstance(fact, UUID) else fact for name, fact in facts.items()},
        request_id,
    )


async def record_denial(door: Door, actor: Actor, action: str) -> None:
    """The denial stands in the log, whatever became of the request. Nobody signed in leaves no trace here."""
    if actor.role is Role.ANONYMOUS:
        return

    async def work(op: Operation) -> None:
        await record_in(op, DENIED, "action", None, denied=action)

    await door.operate(actor, work)
