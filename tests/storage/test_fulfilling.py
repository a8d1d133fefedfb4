"""Suppliers that are called: intents before calls, outcomes behind fences, the next route only after a sure no."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import pytest

from catalog.redemptions.fulfilling import Bounds, Fulfiller, record_outcome
from catalog.redemptions.refusals import StaleLease
from catalog.redemptions.releasing import release_waiting
from catalog.redemptions.taking import suppliers_due, take_in
from catalog.suppliers.outcomes import (
    Asked,
    Delivered,
    Goods,
    Later,
    NotFound,
    Order,
    Outcome,
    Pending,
    Recipient,
    RefusalReason,
    Refused,
    Unclear,
)
from domain.access.principals import SYSTEM
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.building import build_world
from tests.orders import KEYRING, PRICE, Shop, Way

RECIPIENT = Recipient(
    name="Ada Martin", email="ada@example.com", lines=("1 rue de la Paix",), city="Paris", country="FR"
)


@dataclass(kw_only=True)
class Told:
    """A supplier that answers what it was told to, one answer a call; it keeps what it was asked."""

    answers: list[Asked]
    delivered: list[Order] = field(default_factory=list[Order])
    asked: list[Order] = field(default_factory=list[Order])

    async def deliver(self, order: Order) -> Outcome:
        self.delivered.append(order)
        return cast("Outcome", self.answers.pop(0))

    async def ask(self, order: Order) -> Asked:
        self.asked.append(order)
        return self.answers.pop(0)


def code(text: str) -> Delivered:
    return Delivered(reference=f"ref-{text}", goods=Goods(code=text))


@pytest.fixture
async def shop(fresh_database: str) -> AsyncIterator[Shop]:
    connected = await Database.open(fresh_database, connections_max=8)
    built = Shop(world=await build_world(connected))
    await built.rich(built.world.members[0])
    yield built
    await connected.close()


async def one_line(shop: Shop, *suppliers: Told) -> UUID:
    """A line whose routes are these suppliers, in order; it is ordered."""
    ways = list[Way]()
    for told in suppliers:
        supplier_id = await shop.supplier("HTTP_PUSH")
        shop.adapters[supplier_id] = told
        ways.append(Way(supplier_id=supplier_id, sku="gift-25"))
    goods = await shop.denomination(*ways)
    return (await shop.order(shop.world.members[0], goods, recipient=RECIPIENT))[0]


async def standing(shop: Shop, line_id: UUID) -> tuple[str, list[tuple[str, str | None, int]]]:
    line = (await shop.lines([line_id]))[0]
    return line["state"], [(one["state"], one["reason"], one["calls"]) for one in await shop.attempts(line_id)]


async def test_a_delivered_order_is_fulfilled_paid_and_its_code_sealed(shop: Shop) -> None:
    told = Told(answers=[code("ABCD-1234-EFGH")])
    line_id = await one_line(shop, told)
    await shop.fulfil()
    assert await standing(shop, line_id) == ("FULFILLED", [("DELIVERED", None, 1)])
    order = told.delivered[0]
    assert (order.external_id, order.sku, order.face_value, order.country) == (line_id.hex, "gift-25", 2500, "FR")
    assert order.recipient == RECIPIENT
    balances = await shop.world.balances(shop.world.members[0])
    assert (balances["held"], balances["available"]) == (0, 1_000 - PRICE)
    row = await shop.world.database.fetchrow("SELECT * FROM voucher_code WHERE line_id = $1", line_id)
    assert row is not None
    assert (row["state"], b"ABCD" in row["sealed"]) == ("ISSUED", False)
    assert not await suppliers_due(shop.world.database, ["HTTP_PUSH"])


async def test_only_a_sure_no_opens_the_next_route(shop: Shop) -> None:
    first = Told(answers=[Unclear(reason="timeout"), Unclear(reason="timeout"), Refused(reason=RefusalReason.FAILED)])
    second = Told(answers=[Refused(reason=RefusalReason.OUT_OF_STOCK)])
    third = Told(answers=[code("third")])
    line_id = await one_line(shop, first, second, third)
    await shop.fulfil()
    assert await standing(shop, line_id) == ("ORDERED", [("UNKNOWN", "timeout", 1)])
    for _ in range(2):
        await shop.wait(5)
        await shop.fulfil()
    assert (len(first.delivered), len(first.asked), len(second.delivered)) == (1, 2, 1)
    assert await standing(shop, line_id) == (
        "FULFILLED",
        [("REFUSED", "FAILED", 3), ("REFUSED", "OUT_OF_STOCK", 1), ("DELIVERED", None, 1)],
    )


async def test_a_line_that_nobody_delivers_fails_and_gives_its_points_back(shop: Shop) -> None:
    line_id = await one_line(shop, Told(answers=[Refused(reason=RefusalReason.ADDRESS_INVALID)]))
    await shop.fulfil()
    assert await standing(shop, line_id) == ("FAILED", [("REFUSED", "ADDRESS_INVALID", 1)])
    balances = await shop.world.balances(shop.world.members[0])
    assert (balances["held"], balances["available"]) == (0, 1_000)


async def test_an_order_the_supplier_does_not_know_is_sent_again_under_the_same_id(shop: Shop) -> None:
    told = Told(answers=[Unclear(reason="reset"), NotFound(), code("again")])
    line_id = await one_line(shop, told)
    await shop.fulfil()
    await shop.wait(5)
    await shop.fulfil()
    assert await standing(shop, line_id) == ("FULFILLED", [("DELIVERED", None, 3)])
    assert {order.external_id for order in (*told.delivered, *told.asked)} == {line_id.hex}
    assert [order.fence for order in (*told.delivered, *told.asked)] == [1, 3, 2]


async def test_later_is_the_same_attempt_again_and_pending_is_asked_about(shop: Shop) -> None:
    told = Told(answers=[Later(after_seconds=30), Pending(reference="p", check_after_seconds=60), code("late")])
    line_id = await one_line(shop, told)
    await shop.fulfil()
    await shop.wait(29)
    await shop.fulfil()
    assert await standing(shop, line_id) == ("ORDERED", [("SENT", "LATER", 1)])
    await shop.wait(1)
    await shop.fulfil()
    assert await standing(shop, line_id) == ("ORDERED", [("SENT", "PENDING", 2)])
    await shop.wait(60)
    await shop.fulfil()
    assert await standing(shop, line_id) == ("FULFILLED", [("DELIVERED", None, 3)])
    assert (len(told.delivered), len(told.asked)) == (2, 1)
    assert (await shop.attempts(line_id))[0]["supplier_reference"] == "ref-late"


async def test_a_zombie_with_an_old_fence_changes_nothing(shop: Shop) -> None:
    told = Told(answers=[code("in time")])
    line_id = await one_line(shop, told)
    supplier = (await suppliers_due(shop.world.database, ["HTTP_PUSH"]))[0]
    bounds = Bounds()
    zombie = (await shop.door.operate(SYSTEM, lambda op: take_in(op, supplier.id, 1, bounds.lease)))[0]
    await shop.fulfil()
    assert (await standing(shop, line_id))[1] == [("SENT", None, 1)], "the lease holds"
    await shop.wait(bounds.lease.total_seconds())
    await shop.fulfil()
    assert await standing(shop, line_id) == ("FULFILLED", [("DELIVERED", None, 2)])
    for outcome in (code("too late"), Refused(reason=RefusalReason.FAILED), Unclear(reason="late")):
        with pytest.raises(StaleLease):
            await record_outcome(shop.door, KEYRING, zombie, outcome)
    assert await standing(shop, line_id) == ("FULFILLED", [("DELIVERED", None, 2)])
    assert (len(told.delivered), len(told.asked)) == (0, 1), "what may have been sent is asked about"


async def test_two_workers_call_each_order_once(shop: Shop) -> None:
    told = Told(answers=[code(f"code-{n}") for n in range(20)])
    supplier_id = await shop.supplier("HTTP_PUSH")
    shop.adapters[supplier_id] = told
    goods = await shop.denomination(Way(supplier_id=supplier_id))
    line_ids = await shop.order(shop.world.members[0], goods, quantity=20)
    workers = [Fulfiller(shop.door, KEYRING, shop.adapter_for) for _ in range(2)]
    for _ in range(4):
        await asyncio.gather(*(worker.step() for worker in workers))
        await asyncio.gather(*(worker.settle() for worker in workers))
    assert sorted(order.line_id for order in told.delivered) == sorted(line_ids)
    assert {line["state"] for line in await shop.lines(line_ids)} == {"FULFILLED"}


async def test_a_supplier_is_called_no_faster_than_its_rate(shop: Shop) -> None:
    told = Told(answers=[code(f"rate-{n}") for n in range(8)])
    supplier_id = await shop.supplier("HTTP_PUSH", calls=3, seconds=3_000)
    shop.adapters[supplier_id] = told
    await shop.order(shop.world.members[0], await shop.denomination(Way(supplier_id=supplier_id)), quantity=8)
    await shop.fulfil()
    assert len(told.delivered) == 3
    await shop.wait(900)
    await shop.fulfil()
    assert len(told.delivered) == 3
    await shop.wait(1_200)
    await shop.fulfil()
    assert len(told.delivered) == 5


async def test_a_paused_supplier_gets_no_order_and_is_asked_about_what_is_under_way(shop: Shop) -> None:
    told, under_way = Told(answers=[code("resumed")]), Told(answers=[Unclear(reason="timeout"), code("under way")])
    started_id = await one_line(shop, under_way)
    await shop.fulfil()
    line_id = await one_line(shop, told)
    await shop.wait(2)
    await shop.world.database.fetch("UPDATE supplier SET state = 'PAUSED'")
    await shop.fulfil()
    assert (await standing(shop, line_id))[1] == [("INTENT", None, 0)]
    assert (await standing(shop, started_id))[0] == "FULFILLED"
    await shop.world.database.fetch("UPDATE supplier SET state = 'ACTIVE'")
    await shop.fulfil()
    assert (await standing(shop, line_id))[0] == "FULFILLED"


async def test_a_supplier_that_hangs_holds_up_no_other_and_is_asked_later(shop: Shop) -> None:
    class Hanging(Told):
        async def deliver(self, order: Order) -> Outcome:
            self.delivered.append(order)
            await asyncio.Event().wait()
            raise AssertionError("it hangs")

    hanging, quick = Hanging(answers=[code("found")]), Told(answers=[code("quick")])
    slow_id, quick_id = await one_line(shop, hanging), await one_line(shop, quick)
    await shop.fulfil(Bounds(call_seconds=0.05))
    assert await standing(shop, slow_id) == ("ORDERED", [("UNKNOWN", "timeout", 1)])
    assert (await standing(shop, quick_id))[0] == "FULFILLED"
    await shop.wait(1)
    await shop.fulfil()
    assert (await standing(shop, slow_id))[0] == "FULFILLED"


async def test_no_more_calls_are_under_way_than_allowed(shop: Shop) -> None:
    gate, under_way, most = asyncio.Event(), list[Order](), list[int]()

    class Gated(Told):
        async def deliver(self, order: Order) -> Outcome:
            under_way.append(order)
            most.append(len(under_way))
            await gate.wait()
            under_way.remove(order)
            return cast("Outcome", self.answers.pop(0))

    supplier_id = await shop.supplier("HTTP_PUSH")
    shop.adapters[supplier_id] = Gated(answers=[code(f"gated-{n}") for n in range(5)])
    goods = await shop.denomination(Way(supplier_id=supplier_id))
    line_ids = await shop.order(shop.world.members[0], goods, quantity=5)
    fulfiller = Fulfiller(shop.door, KEYRING, shop.adapter_for, Bounds(calls_per_supplier=2))
    assert [await fulfiller.step(), await fulfiller.step()] == [2, 0]
    gate.set()
    await fulfiller.settle()
    assert [await fulfiller.step() for _ in range(1)] == [2]
    await fulfiller.settle()
    assert await fulfiller.step() == 1
    await fulfiller.settle()
    assert max(most) == 2
    assert {line["state"] for line in await shop.lines(line_ids)} == {"FULFILLED"}


async def test_a_code_that_was_delivered_before_is_not_given_again(shop: Shop) -> None:
    first, second = (
        await one_line(shop, Told(answers=[code("SAME")])),
        await one_line(shop, Told(answers=[code("same")])),
    )
    await shop.fulfil()
    ends = sorted([await standing(shop, first), await standing(shop, second)])
    assert ends == [
        ("FULFILLED", [("DELIVERED", None, 1)]),
        ("ORDERED", [("UNKNOWN", "CODE_EXISTS", 1)]),
    ]
    parked = "SELECT count(*) FROM fulfilment_attempt WHERE call_at IS NULL AND state = 'UNKNOWN'"
    assert await shop.world.database.fetchval(parked) == 1


async def test_our_own_pool_issues_each_code_once_and_then_the_next_route_delivers(shop: Shop) -> None:
    own, other = await shop.supplier("CODE_POOL"), await shop.supplier("HTTP_PUSH")
    pool_id = await shop.pool(own, ["pool-1", "pool-2", "pool-3"])
    shop.adapters[other] = Told(answers=[code("other-1"), code("other-2")])
    goods = await shop.denomination(Way(supplier_id=own, pool_id=pool_id), Way(supplier_id=other))
    member = shop.world.members[0]
    reserved = await shop.order(member, goods, quantity=2, pool_id=pool_id)
    await shop.fulfil()
    assert {line["state"] for line in await shop.lines(reserved)} == {"FULFILLED"}
    attempt = (await shop.attempts(reserved[0]))[0]
    assert (attempt["state"], attempt["calls"], attempt["call_at"]) == ("DELIVERED", 1, None)
    await shop.world.database.fetch("UPDATE supplier SET state = 'PAUSED' WHERE id = $1", other)
    last, dry = await shop.order(member, goods, quantity=2)
    await shop.fulfil()
    await shop.world.database.fetch("UPDATE supplier SET state = 'ACTIVE' WHERE id = $1", other)
    ends = sorted([await standing(shop, last), await standing(shop, dry)])
    assert ends == [
        ("FAILED", [("REFUSED", "OUT_OF_STOCK", 0)]),
        ("FULFILLED", [("DELIVERED", None, 1)]),
    ]
    pool = await shop.world.database.fetchrow("SELECT * FROM code_pool WHERE id = $1", pool_id)
    assert pool is not None
    assert (pool["imported"], pool["free"], pool["reserved"], pool["issued"]) == (3, 0, 0, 3)


async def two_pools(shop: Shop) -> tuple[list[tuple[UUID, UUID]], tuple[UUID, UUID]]:
    """Two suppliers with a pool of two codes each, and goods that either gives, in this order."""
    pools = list[tuple[UUID, UUID]]()
    for name in ("first", "second"):
        supplier_id = await shop.supplier("CODE_POOL")
        pools.append((supplier_id, await shop.pool(supplier_id, [f"{name}-1", f"{name}-2"])))
    goods = await shop.denomination(*(Way(supplier_id=each, pool_id=pool_id) for each, pool_id in pools))
    return pools, goods


async def counts(shop: Shop, pool_id: UUID) -> tuple[int, int, int]:
    """Free, reserved, issued."""
    row = await shop.world.database.fetchrow("SELECT * FROM code_pool WHERE id = $1", pool_id)
    assert row is not None
    return row["free"], row["reserved"], row["issued"]


async def test_a_paused_pool_is_passed_over_where_a_later_one_has_codes(shop: Shop) -> None:
    """C1: what is ordered of a supplier is given by that supplier's pool, whatever was set aside before."""
    ((paused, first), (_, second)), goods = await two_pools(shop)
    line_id = (await shop.order(shop.world.members[0], goods, pool_id=first, held_for=60))[0]
    await shop.world.database.fetch("UPDATE supplier SET state = 'PAUSED' WHERE id = $1", paused)
    await shop.wait(60)
    assert await release_waiting(shop.door) == 1
    await shop.fulfil()
    assert await standing(shop, line_id) == ("FULFILLED", [("DELIVERED", None, 1)])
    assert (await shop.attempts(line_id))[0]["pool_id"] == second
    code_of = "SELECT pool_id FROM voucher_code WHERE line_id = $1 AND state = 'ISSUED'"
    assert await shop.world.database.fetchval(code_of, line_id) == second
    assert (await counts(shop, first), await counts(shop, second)) == ((2, 0, 0), (1, 0, 1))


async def test_an_attempt_at_one_pool_gives_no_code_of_another(shop: Shop) -> None:
    """C1: the code that a line has is of the pool that its attempt names; the other is free again."""
    ((_, first), (_, second)), goods = await two_pools(shop)
    line_id = (await shop.order(shop.world.members[0], goods, pool_id=first))[0]
    other = "UPDATE fulfilment_attempt SET pool_id = r.pool_id, supplier_id = r.supplier_id, priority = r.priority"
    await shop.world.database.fetch(other + " FROM fulfilment_route AS r WHERE r.pool_id = $1", second)
    await shop.fulfil()
    assert await standing(shop, line_id) == ("FULFILLED", [("DELIVERED", None, 1)])
    assert (await counts(shop, first), await counts(shop, second)) == ((2, 0, 0), (1, 0, 1))


async def test_lines_held_until_a_time_are_ordered_when_it_has_come(shop: Shop) -> None:
    supplier_id = await shop.supplier("CODE_POOL")
    pool_id = await shop.pool(supplier_id, ["held"])
    goods = await shop.denomination(Way(supplier_id=supplier_id, pool_id=pool_id))
    line_ids = await shop.order(shop.world.members[0], goods, held_for=60)
    assert await release_waiting(shop.door) == 0
    await shop.wait(60)
    assert await release_waiting(shop.door) == 1
    await shop.fulfil()
    assert (await shop.lines(line_ids))[0]["state"] == "FULFILLED"


async def test_the_books_are_right_after_all_of_it(shop: Shop) -> None:
    for told in (
        Told(answers=[code("one")]),
        Told(answers=[Refused(reason=RefusalReason.LIMIT)]),
        Told(answers=[Unclear(reason="timeout"), code("three")]),
    ):
        await one_line(shop, told)
    await shop.fulfil()
    await shop.wait(2)
    await shop.fulfil()
    report = await audit(shop.world.database, ("L1", "L2", "L3", "L7", "L8"))
    assert report.violations == 0, report.to_json()
