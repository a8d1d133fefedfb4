"""Nothing of an order is lost or stuck: stray codes go back, and what cannot move holds up nobody else (C1, C2)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from catalog.auditing import questions
from catalog.redemptions.delivering import correct_delivery, report_delivery
from catalog.redemptions.machine import Delivery
from catalog.redemptions.releasing import release_waiting
from catalog.suppliers.outcomes import Adapter, Delivered, Goods, NotFound, Order, Outcome, Recipient
from catalog.suppliers.reading import SupplierRecord
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.building import build_world
from tests.orders import KEYRING, Shop, Way, support

HOME = Recipient(name="Ada Martin", lines=("1 rue de la Paix",), city="Paris", country="FR")


@dataclass(frozen=True, kw_only=True)
class Delivering:
    """A supplier that hands over a new code for every order."""

    async def deliver(self, order: Order) -> Outcome:
        return Delivered(reference=None, goods=Goods(code=f"made-{order.line_id.hex}"))

    async def ask(self, order: Order) -> NotFound:
        return NotFound()


@pytest.fixture
async def shop(fresh_database: str) -> AsyncIterator[Shop]:
    connected = await Database.open(fresh_database, connections_max=8)
    built = Shop(world=await build_world(connected))
    await built.rich(built.world.members[0])
    yield built
    await connected.close()


async def attempts(shop: Shop, line_id: object) -> list[str]:
    rows = await shop.world.database.fetch(
        "SELECT state FROM fulfilment_attempt WHERE line_id = $1 ORDER BY n", line_id
    )
    return [row["state"] for row in rows]


async def test_c1_a_code_that_was_set_aside_goes_back_when_another_supplier_delivers(shop: Shop) -> None:
    own, other = await shop.supplier("CODE_POOL"), await shop.supplier("HTTP_PUSH")
    pool_id = await shop.pool(own, ["ours-1", "ours-2"])
    shop.adapters[other] = Delivering()
    goods = await shop.denomination(Way(supplier_id=own, pool_id=pool_id), Way(supplier_id=other))
    line_id = (await shop.order(shop.world.members[0], goods, pool_id=pool_id, held_for=60))[0]
    await shop.world.database.fetch("UPDATE supplier SET state = 'PAUSED' WHERE id = $1", own)
    await shop.wait(60)
    assert await release_waiting(shop.door) == 1
    await shop.fulfil()
    assert (await shop.lines([line_id]))[0]["state"] == "FULFILLED"
    pool = await shop.world.database.fetchrow("SELECT free, reserved FROM code_pool WHERE id = $1", pool_id)
    assert pool is not None
    assert (pool["free"], pool["reserved"]) == (2, 0)
    assert (await audit(shop.world.database, {"C1", "C2", "C3"}, questions())).is_clean()


async def test_c2_a_code_of_our_own_that_bounced_is_sent_again_and_done(shop: Shop) -> None:
    own = await shop.supplier("CODE_POOL")
    pool_id = await shop.pool(own, ["only"])
    goods = await shop.denomination(Way(supplier_id=own, pool_id=pool_id))
    line_id = (await shop.order(shop.world.members[0], goods, pool_id=pool_id))[0]
    await shop.fulfil()
    key = shop.world.key
    await report_delivery(shop.door, support(), key(), line_id=line_id, delivery=Delivery.BOUNCED)
    await correct_delivery(shop.door, support(), key(), KEYRING, line_id=line_id, recipient=HOME)
    await shop.fulfil()
    assert await attempts(shop, line_id) == ["DELIVERED", "DELIVERED"]
    line = (await shop.lines([line_id]))[0]
    assert (line["state"], line["delivery"]) == ("FULFILLED", "SENT")
    assert (await audit(shop.world.database, {"C1", "C2", "C3"}, questions())).is_clean()


async def test_a_supplier_whose_settings_cannot_be_read_holds_up_no_other(shop: Shop) -> None:
    broken, sound = await shop.supplier("HTTP_PUSH"), await shop.supplier("HTTP_PUSH")
    shop.adapters[sound] = Delivering()
    trouble, usual = RuntimeError("its secret does not open"), shop.adapter_for

    def adapter_for(supplier: SupplierRecord) -> Adapter:
        if supplier.id == broken:
            raise trouble
        return usual(supplier)

    shop.adapter_for = adapter_for  # type: ignore[method-assign] # a supplier that breaks
    lines = [
        (await shop.order(shop.world.members[0], await shop.denomination(Way(supplier_id=one))))[0]
        for one in (broken, sound)
    ]
    await shop.fulfil()
    assert [line["state"] for line in await shop.lines(lines)] == ["ORDERED", "FULFILLED"]


async def test_an_address_that_does_not_open_holds_up_no_other_order(shop: Shop) -> None:
    supplier_id = await shop.supplier("HTTP_PUSH")
    shop.adapters[supplier_id] = Delivering()
    goods = await shop.denomination(Way(supplier_id=supplier_id))
    member = shop.world.members[0]
    sealed, plain = (await shop.order(member, goods, recipient=HOME))[0], (await shop.order(member, goods))[0]
    await shop.world.database.fetch("UPDATE shipment SET sealed = '\\x00'")
    await shop.fulfil()
    assert [line["state"] for line in await shop.lines([sealed, plain])] == ["ORDERED", "FULFILLED"]
