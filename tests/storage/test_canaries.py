"""Codes with a canary go their whole way, ours and a supplier's: it stands nowhere but in the member's answer."""

import io
from typing import Any

import pytest

from api.logs import configure
from catalog.codes.records import Problem
from catalog.redemptions.problems import report_code_problem
from catalog.redemptions.revealing import reveal
from catalog.suppliers.outcomes import Asked, Delivered, Goods, Order, Outcome
from domain.access.principals import Actor
from domain.kernel import outbox
from domain.kernel.failpoints import Failpoints
from domain.kernel.refusals import NotFound, Refusal
from domain.kernel.sql import Database
from tests.building import build_world
from tests.faults.workers import SANDBOX
from tests.orders import KEYRING, Shop, Way
from tests.storage.test_sealed_codes import everything

CANARY = "CANARY-7K2M"


class Generous:
    """A supplier whose every text is a canary; it breaks once, with the code in its exception."""

    def __init__(self) -> None:
        self.calls = 0

    async def deliver(self, order: Order) -> Outcome:
        self.calls += 1
        if self.calls == 1:
            raise ValueError("the connection broke")
        goods = Goods(code=f"{CANARY}-{order.line_id.hex}", pin=f"{CANARY}-PIN", url=f"https://gift.example/{CANARY}")
        return Delivered(reference="reference-1", goods=goods)

    async def ask(self, order: Order) -> Asked:
        return await self.deliver(order)


async def test_no_canary_is_found_in_tables_events_receipts_logs_or_errors(
    fresh_database: str,
) -> None:
    stream = io.StringIO()
    configure(as_json=True, stream=stream)
    opened = await Database.open(fresh_database, connections_max=6)
    shop = Shop(world=await build_world(opened))
    owner, other = (shop.owner(member) for member in shop.world.members[:2])
    await shop.rich(shop.world.members[0], 10_000)
    called, pooled = await shop.supplier("SCRIPTED"), await shop.supplier("CODE_POOL")
    shop.adapters[called] = Generous()
    pool_id = await shop.pool(pooled, [f"{CANARY}-A", f"{CANARY}-B"])
    lines = [
        (await shop.order(owner.principal_id, await shop.denomination(way), pool_id=way.pool_id))[0]
        for way in (Way(supplier_id=called), Way(supplier_id=pooled, pool_id=pool_id))
    ]
    await shop.fulfil()
    await shop.wait(120)
    await shop.fulfil()
    said = list[str]()

    async def refused(actor: Actor, line: Any, kind: type[Refusal]) -> None:
        with pytest.raises(kind) as caught:
            await reveal(shop.door, actor, shop.world.key(), KEYRING, line, SANDBOX)
        said.append(repr(caught.value) + str(caught.value) + str(caught.value.facts()))

    for line in lines:
        shown = await reveal(shop.door, owner, shop.world.key(), KEYRING, line, SANDBOX)
        assert CANARY in str(shown.goods.code)
        said.append(repr(shown))
        await report_code_problem(shop.door, owner, shop.world.key(), line_id=line, problem=Problem.ALREADY_USED)
        await refused(other, line, NotFound)
    while await outbox.stamp(opened, Failpoints()):
        pass
    await opened.close()
    whole = await everything(fresh_database)
    assert str(lines[0]) in whole
    for text in (whole, stream.getvalue(), *said):
        assert "7K2M" not in text
        assert CANARY.encode().hex() not in text
