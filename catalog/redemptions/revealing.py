"""A code is shown: to its owner alone, on record, a few times; a replay opens the seal again, receipts hold ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from catalog.codes.opening import open_code_in
from catalog.codes.reading import codes_shown
from catalog.redemptions.delivering import tell_in
from catalog.redemptions.fulfilment_events import CODE_REVEALED, DELIVERY_CHANGED, about_line
from catalog.redemptions.line import Line
from catalog.redemptions.machine import Action, Delivery, LineState
from catalog.redemptions.moving import lock_lines_in
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.refusals import ActionNotAvailable
from catalog.suppliers.outcomes import Goods
from domain.access import audit
from domain.access.limiting import spend_in
from domain.access.principals import Actor
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import NotFound
from domain.kernel.sealing import Keyring

HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400

SHOWN = """
UPDATE redemption_line SET delivery = 'REVEALED', revealed_at = coalesce(revealed_at, $2), version = version + 1
WHERE id = $1
"""


@dataclass(frozen=True, kw_only=True)
class Revealed:
    """What the owner is shown; never printed, logged or stored."""

    line_id: UUID
    redemption_id: UUID
    goods: Goods = field(repr=False)


async def reveal(
    door: Door, actor: Actor, keyed: Keyed, keyring: Keyring, line_id: UUID, policy: ShopPolicy
) -> Revealed:
    """The line's code, opened for the member whose line it is and nobody else; it stands in the audit log each time.

    The same key again shows the same code and spends no limit; a code that was replaced since is not shown by it.

    Refuses: NotFound (the line, also somebody else's; the code of that key); ActionNotAvailable (no code, or no more);
    RateLimited (10 an hour a member, 3 a day a line, by setting).
    """
    opened = list[Goods]()

    async def work(op: Operation) -> Mapping[str, Any]:
        await spend_in(op, actor.member_id or actor.principal_id, "reveal", policy.reveals_per_hour, HOUR_SECONDS)
        await spend_in(op, line_id, "reveal.line", policy.reveals_per_line, DAY_SECONDS)
        line, code_id = await _own_code_in(op, actor, line_id)
        opened[:] = [await open_code_in(op, keyring, line_id)]
        await op.sql.execute(SHOWN, line_id, op.now)
        await audit.record_in(op, "code.revealed", "code", code_id, line_id=line_id)
        if line.delivery is not Delivery.REVEALED:
            await tell_in(op, [line], DELIVERY_CHANGED, delivery=Delivery.REVEALED.value)
        told = {"line_id": str(line.id), "redemption_id": str(line.redemption_id)}
        op.tell(about_line(CODE_REVEALED, code_id, line, **told))
        op.failpoints.hit("reveal.before_commit")
        return {"line_id": str(line_id), "redemption_id": str(line.redemption_id), "code_id": str(code_id)}

    async def again(op: Operation) -> Goods:
        _, code_id = await _own_code_in(op, actor, line_id)
        if code_id != UUID(done.facts["code_id"]):
            raise NotFound(kind="code", id=str(line_id))
        await audit.record_in(op, "code.revealed", "code", code_id, line_id=line_id, replayed=True)
        return await open_code_in(op, keyring, line_id)

    done = await door.operate_keyed(actor, "revealVoucherCode", keyed, work)
    goods = await door.operate(actor, again) if done.replayed else opened[0]
    return Revealed(line_id=line_id, redemption_id=UUID(done.facts["redemption_id"]), goods=goods)


async def _own_code_in(op: Operation, actor: Actor, line_id: UUID) -> tuple[Line, UUID]:
    line = (await lock_lines_in(op, [line_id], points=False)).get(line_id)
    if line is None or actor.member_id is None or line.member_id != actor.member_id:
        raise NotFound(kind="line", id=str(line_id))
    shown = (await codes_shown(op.sql, [line_id])).get(line_id)
    if line.state is not LineState.FULFILLED or shown is None:
        raise ActionNotAvailable(action=Action.REVEAL.value, line_id=str(line_id), state=line.state.value)
    return line, shown.code_id
