"""A short round of everything that moves value in the shop, with a supplier of its own book, judged at its end.

It has what a bug needs to show itself: repeats under a key, members at once, lots that a line straddles, an answer
that nobody heard, a worker that comes back too late, a recall, a refund, a cancellation, a send.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from catalog.codes.recalling import recall_code_batch
from catalog.redemptions.ending import cancel_lines, refund_lines
from catalog.redemptions.fulfilling import Bounds, Fulfiller
from catalog.redemptions.issuing import issue_due
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.quote import Wanted
from catalog.redemptions.quoting import quote
from catalog.redemptions.redeeming import Redeeming, redeem
from catalog.sends.claiming import claim_reward
from catalog.sends.composing import send_rewards
from catalog.sends.sent import Address, SendDraft, SendPolicy
from catalog.suppliers.outcomes import (
    Asked,
    Delivered,
    Goods,
    NotFound,
    Order,
    Outcome,
    RefusalReason,
    Refused,
    Unclear,
)
from domain.access.principals import SYSTEM
from domain.earning.adjusting import Adjustment, adjust_points
from domain.kernel import outbox
from domain.kernel.failpoints import Failpoints
from domain.kernel.keys import Keyed
from domain.kernel.sql import Database
from tests.building import build_world, deal
from tests.faults.verdict import Told, findings
from tests.faults.workers import SANDBOX
from tests.orders import KEYRING, Shop, Way

LOT = 25  # no multiple of the price: some lines are paid from two lots
LOTS = 12
GRANTED = 10
GRANTS = 8
SENT = 40
STOCK = 40
STEPS_MAX = 25
LEASE = timedelta(seconds=60)
WAIT_SECONDS_MAX = 5
LAWS = ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "C1", "C2", "C3", "C4", "E1", "E2")


@dataclass(kw_only=True)
class Bookkeeper:
    """A supplier: each order is in its book once, whatever it answers. The first order is refused too late: by the
    time that is said, it was ordered again and delivered.
    """

    book: dict[str, str] = field(default_factory=dict[str, str])
    late: UUID | None = None
    is_again: asyncio.Event = field(default_factory=asyncio.Event)
    is_said: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(self, order: Order) -> Outcome:
        if self.late is None:
            self.late = order.line_id
            await asyncio.wait_for(self.is_again.wait(), WAIT_SECONDS_MAX)
            return Refused(reason=RefusalReason.OUT_OF_STOCK)
        is_known = order.line_id.hex in self.book
        self.book[order.line_id.hex] = "DELIVERED"
        if order.line_id == self.late:
            self.is_again.set()
            await asyncio.wait_for(self.is_said.wait(), WAIT_SECONDS_MAX)
        elif len(self.book) % 2 and not is_known:
            return Unclear(reason="reset")
        return self._delivered(order)

    async def ask(self, order: Order) -> Asked:
        return self._delivered(order) if order.line_id.hex in self.book else NotFound()

    def _delivered(self, order: Order) -> Delivered:
        return Delivered(reference=order.line_id.hex[:8], goods=Goods(code=f"CALLED-{order.line_id.hex}"))


@dataclass(kw_only=True)
class Round:
    """A shop with a supplier that is called, a pool, and a pool of which a batch will be recalled."""

    shop: Shop
    supplier: Bookkeeper
    called: UUID
    goods: Mapping[str, tuple[UUID, UUID]]
    bad_batch: UUID
    program_id: UUID
    told: Told = field(default_factory=Told)

    async def attempt(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """The part of the round is played; one that breaks is something that nobody should have been answered."""
        try:
            await work()
        except Exception as trouble:  # whatever a planted bug breaks is a finding, and the round goes on
            self.told.odd.append(f"{what} broke: {type(trouble).__name__}: {trouble}"[:200])

    async def redeem(self, place: int, kind: str, quantity: int, policy: ShopPolicy = SANDBOX) -> UUID:
        """Quoted, then redeemed twice at once under one key, which must be answered alike."""
        member = self.shop.world.members[place]
        actor, door = self.shop.owner(member), self.shop.door
        quoted = await quote(door, actor, [Wanted(denomination_id=self.goods[kind][1], quantity=quantity)], policy)
        keyed = Keyed(key=f"redeem-{quoted.id}", request={"quote": str(quoted.id)})
        wanted = Redeeming(quote_id=quoted.id)
        done = await asyncio.gather(
            *(redeem(door, actor, keyed, wanted, policy, KEYRING) for _ in range(2)), return_exceptions=True
        )
        answers = {one.facts["redemption_id"] if not isinstance(one, BaseException) else repr(one) for one in done}
        if len(answers) > 1:
            self.told.odd.append(f"one key, two answers: {sorted(answers)}"[:200])
        ids = [UUID(one.facts["redemption_id"]) for one in done if not isinstance(one, BaseException)]
        self.told.acknowledged |= set(ids)
        return ids[0]

    async def crowd(self) -> None:
        """Members redeem at once, while codes are issued to them and one of them is given points, each time under a
        key that is used twice.
        """
        orders = [(0, "pooled", 2), (0, "called", 1), (1, "called", 2), (1, "pooled", 1), (2, "called", 2)]

        async def grant() -> None:
            adjustment = Adjustment(
                member_id=self.shop.world.members[0], program_id=self.program_id, amount=GRANTED, reason="thanks"
            )
            for n in range(GRANTS * 2):
                keyed = Keyed(key=f"grant-{n // 2}", request={"amount": GRANTED})
                await adjust_points(self.shop.door, SYSTEM, keyed, adjustment)

        async def issue() -> None:
            for _ in range(GRANTS):
                await issue_due(self.shop.door, KEYRING)

        async def order(place: int, kind: str, quantity: int) -> None:
            await self.redeem(place, kind, quantity)

        await asyncio.gather(
            self.attempt("granting", grant),
            self.attempt("issuing", issue),
            *(self.attempt("redeeming", lambda each=each: order(*each)) for each in orders),
        )

    async def cancel(self) -> None:
        redemption_id = await self.redeem(1, "pooled", 2, replace(SANDBOX, fraud_hold_minutes=5))
        actor = self.shop.owner(self.shop.world.members[1])
        await cancel_lines(self.shop.door, actor, self.shop.world.key(), redemption_id, None)

    async def recall(self) -> None:
        """A batch is recalled after its code was reserved and before it is issued."""
        await self.redeem(2, "recalled", 1)
        await recall_code_batch(self.shop.door, SYSTEM, self.shop.world.key(), self.bad_batch)

    async def fulfil(self) -> None:
        """One worker hears its answer after its lease; another goes on meanwhile, and then all that is open ends."""
        first, second = (
            Fulfiller(self.shop.door, KEYRING, lambda _: self.supplier, Bounds(lease=LEASE, calls_per_supplier=each))
            for each in (1, 8)
        )
        await first.step()
        late = asyncio.create_task(first.settle())
        while not self.supplier.is_again.is_set() and not late.done():
            await self.shop.wait(LEASE.total_seconds() + 1)
            await second.step()
            await asyncio.sleep(0.01)
        await late
        self.supplier.is_said.set()
        for _ in range(STEPS_MAX):
            done = await issue_due(self.shop.door, KEYRING) + await second.step()
            await second.settle()
            if not done and not await self._open():
                return
            await self.shop.wait(LEASE.total_seconds() + 1)

    async def _open(self) -> int:
        return await self.shop.world.database.fetchval("SELECT count(*) FROM fulfilment_attempt WHERE ended_at IS NULL")

    async def refund(self) -> None:
        redemption_id = await self.redeem(0, "pooled", 2)
        await issue_due(self.shop.door, KEYRING)
        await refund_lines(self.shop.door, SYSTEM, self.shop.world.key(), redemption_id, None, "goodwill")

    async def send(self) -> None:
        """Points are sent and claimed: set aside first, then awarded."""
        member = self.shop.world.members[1]
        draft = SendDraft(
            program_id=self.program_id,
            message={"en": "Well done"},
            amount=SENT,
            addresses=(Address(text=str(member), member_id=member),),
        )
        await send_rewards(self.shop.door, SYSTEM, self.shop.world.key(), draft, SendPolicy())
        (line,) = await self.shop.world.database.fetch("SELECT id FROM send_recipient WHERE member_id = $1", member)
        await claim_reward(self.shop.door, self.shop.owner(member), self.shop.world.key(), line["id"])

    async def judged(self) -> list[str]:
        members = self.shop.world.members
        given = dict.fromkeys(members, LOT * LOTS)
        given[members[0]] += GRANTED * GRANTS
        given[members[1]] += SENT
        self.told.given = given
        self.told.stock = {self.goods[kind][1]: STOCK for kind in ("pooled", "called", "recalled")}
        database = self.shop.world.database
        while await outbox.stamp(database, Failpoints()):
            pass
        return await findings(database, self.told, supplier_id=self.called, book=self.supplier.book, laws=LAWS)


async def played(database: Database) -> list[str]:
    """What the checker finds after a round on an empty, migrated database; nothing, where the code is right."""
    one = await _opened(database)
    parts: dict[str, Callable[[], Awaitable[Any]]] = {
        "the crowd": one.crowd,
        "cancelling": one.cancel,
        "fulfilling": one.fulfil,
        "recalling": one.recall,
        "fulfilling what was recalled": one.fulfil,
        "refunding": one.refund,
        "sending": one.send,
    }
    for what, work in parts.items():
        await one.attempt(what, work)
    return await one.judged()


async def _opened(database: Database) -> Round:
    shop = Shop(world=await build_world(database, members=3))
    world = shop.world
    program_id = await world.launch({"effect": {"kind": "FIXED", "amount": LOT}})
    await world.record(*(deal(f"{member}-{n}", member) for member in world.members for n in range(LOTS)))
    called, pooled = await shop.supplier("SCRIPTED"), await shop.supplier("CODE_POOL")
    pool_id = await shop.pool(pooled, [f"POOL-{n:03d}" for n in range(30)])
    bad_pool_id = await shop.pool(pooled)
    bad_batch = await shop.add_codes(bad_pool_id, ["BAD-1"])
    await shop.add_codes(bad_pool_id, ["GOOD-1", "GOOD-2"])
    own = Way(supplier_id=pooled, sku="own", pool_id=pool_id)
    goods = {
        "pooled": await shop.denomination(own, stock=STOCK),
        "called": await shop.denomination(Way(supplier_id=called, sku="gift"), own, stock=STOCK),
        "recalled": await shop.denomination(Way(supplier_id=pooled, sku="own", pool_id=bad_pool_id), stock=STOCK),
    }
    return Round(
        shop=shop, supplier=Bookkeeper(), called=called, goods=goods, bad_batch=bad_batch, program_id=program_id
    )
