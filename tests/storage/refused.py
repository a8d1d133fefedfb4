"""A stage on which every refusal of catalog, codes and orders is provoked: what must be refused, and its facts."""

import itertools
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from catalog.codes.importing import BATCH_CODES_MAX
from catalog.codes.opening import delivery_pool_in, store_delivered_in
from catalog.codes.recalling import recall_code_batch
from catalog.codes.records import Problem
from catalog.items.said import DenominationSaid, ItemSaid, RouteSaid
from catalog.redemptions.fulfilling import Bounds, record_outcome
from catalog.redemptions.policy import ShopPolicy, TaxThreshold
from catalog.redemptions.problems import Settlement, report_code_problem, settle_code_problem
from catalog.redemptions.retrying import retry_fulfilment
from catalog.redemptions.taking import take_in
from catalog.suppliers.outcomes import Goods, RefusalReason, Refused
from catalog.suppliers.reading import AdapterKind
from domain.access.principals import SYSTEM
from domain.kernel.operation import Operation
from domain.kernel.sql import Database
from tests import orders
from tests.code_book import CodeBook
from tests.shelves import Shelf, an_item, build_shelf
from tests.shop import Shop, build_shop

Provoked = tuple[Awaitable[Any], dict[str, Any]]

AGED = "UPDATE quote SET recorded_at = recorded_at - interval '1 day', expires_at = expires_at - interval '1 day'"


@dataclass(kw_only=True)
class Stage:
    """One world with the shop seen four ways: orders, codes, feeds, and what a worker does."""

    shop: Shop
    book: CodeBook
    shelf: Shelf
    counter: orders.Shop


async def staged(opened: Database) -> Stage:
    """Two members with points enough for all that is refused."""
    shop = await build_shop(opened, members=6)
    shop.policy = ShopPolicy(redemptions_per_minute=1_000)
    for place in range(2):
        await shop.give(place, 100_000)
    world = shop.world
    book = CodeBook(door=world.door, member_id=world.members[0], source_id=world.source_id)
    counter = orders.Shop(world=world, numbers=itertools.count(1_000))
    return Stage(shop=shop, book=book, shelf=await build_shelf(world), counter=counter)


async def code_twice(stage: Stage) -> Provoked:
    book, goods = stage.book, Goods(code="TWICE-0001")
    supplier = await book.supplier(AdapterKind.PULL_QUEUE)
    first, second = await book.lines(2)

    async def store(op: Operation, line_id: UUID) -> UUID:
        pool_id = await delivery_pool_in(op, book.keyring, supplier.id)
        await store_delivered_in(op, book.keyring, pool_id, line_id, goods)
        return pool_id

    pool_id = await book.door.operate(SYSTEM, lambda op: store(op, first))
    return book.door.operate(SYSTEM, lambda op: store(op, second)), {"pool_id": str(pool_id)}


async def recalled_batch(stage: Stage) -> Provoked:
    pool_id = await stage.book.pool()
    done = await stage.book.bring(pool_id, "RECALLED-0001")
    await recall_code_batch(stage.book.door, SYSTEM, stage.book.key(), done.batch_id)
    return stage.book.bring(pool_id, "RECALLED-0002"), {"batch": "b1"}


async def full_batch(stage: Stage) -> Provoked:
    pool_id = await stage.book.pool()
    done = await stage.book.bring(pool_id, "FULL-0001")
    await stage.shop.execute("UPDATE code_batch SET imported = $2 WHERE id = $1", done.batch_id, BATCH_CODES_MAX)
    return stage.book.bring(pool_id, "FULL-0002"), {"batch": "b1", "codes_max": BATCH_CODES_MAX}


async def _refused_of(stage: Stage, said: ItemSaid) -> None:
    (result,) = await stage.shelf.feed(said)
    assert result.refusal is not None
    raise result.refusal


async def no_route(stage: Stage) -> Provoked:
    lost = DenominationSaid(external_id="d", price_fixed=1, routes=(RouteSaid(supplier="nobody", pool="none"),))
    refused = _refused_of(stage, an_item("lost", denominations=(lost,)))
    return refused, {"supplier": "nobody", "pool": "none"}


async def no_unit(stage: Stage) -> Provoked:
    return _refused_of(stage, an_item("foreign", unit="SHELLS")), {"unit": "SHELLS"}


async def ordered_cancelled(stage: Stage) -> Provoked:
    shop = stage.shop
    redemption_id = await shop.order(shop.rep(), await shop.item())
    (line_id,) = await shop.lines(redemption_id)
    facts = {"action": "CANCEL", "line_id": str(line_id), "state": "ORDERED"}
    return shop.cancel(shop.rep(), redemption_id), facts


async def old_quote(stage: Stage) -> Provoked:
    shop = stage.shop
    quote = await shop.quote(shop.rep(), await shop.item())
    await shop.execute(f"{AGED} WHERE id = $1", quote.id)
    expired_at = await shop.world.database.fetchval("SELECT expires_at FROM quote WHERE id = $1", quote.id)
    assert isinstance(expired_at, datetime)
    return shop.redeem(shop.rep(), quote.id), {"quote_id": str(quote.id), "expired_at": expired_at.isoformat()}


async def quote_twice(stage: Stage) -> Provoked:
    shop = stage.shop
    quote = await shop.quote(shop.rep(), await shop.item())
    done = await shop.redeem(shop.rep(), quote.id)
    facts = {"quote_id": str(quote.id), "redemption_id": done.facts["redemption_id"]}
    return shop.redeem(shop.rep(), quote.id), facts


async def another_country(stage: Stage) -> Provoked:
    shop = stage.shop
    card = await shop.item(countries=["JP"])
    obstacle = {"denomination_id": str(card), "code": "WRONG_COUNTRY", "facts": {"countries": ["JP"], "country": None}}
    return shop.quote(shop.rep(), card), {"obstacles": [obstacle]}


async def no_address(stage: Stage) -> Provoked:
    shop = stage.shop
    quote = await shop.quote(shop.rep(), await shop.item(needs_address=True))
    return shop.redeem(shop.rep(), quote.id), {}


async def over_the_threshold(stage: Stage) -> Provoked:
    shop = stage.shop
    member, policy, year = shop.rep(1), shop.policy, datetime.now(UTC).year
    await shop.execute("UPDATE partner SET country = 'US' WHERE id = $1", member.partner_id)
    quote = await shop.quote(member, await shop.item(fair_value=1_000))
    shop.policy = replace(policy, tax_thresholds={("US", year): TaxThreshold(amount=900, currency="EUR")})
    refused = shop.redeem(member, quote.id)
    facts = {"country": "US", "year": year, "threshold": 900, "currency": "EUR", "received": 0}

    async def then() -> None:
        try:
            await refused
        finally:
            shop.policy = policy

    return then(), facts


async def old_fence(stage: Stage) -> Provoked:
    counter, bounds = stage.counter, Bounds()
    supplier_id = await counter.supplier("HTTP_PUSH")
    goods = await counter.denomination(orders.Way(supplier_id=supplier_id))
    await counter.order(counter.world.members[0], goods)

    async def take(op: Operation) -> Any:
        return await take_in(op, supplier_id, 1, bounds.lease)

    (zombie,) = await counter.door.operate(SYSTEM, take)
    await counter.wait(bounds.lease.total_seconds())
    (held,) = await counter.door.operate(SYSTEM, take)
    assert held.attempt.fence == zombie.attempt.fence + 1
    late = record_outcome(counter.door, orders.KEYRING, zombie, Refused(reason=RefusalReason.FAILED))
    return late, {"attempt_id": str(zombie.attempt.id), "fence": 1}


async def not_parked(stage: Stage) -> Provoked:
    counter = stage.counter
    supplier_id = await counter.supplier("HTTP_PUSH")
    goods = await counter.denomination(orders.Way(supplier_id=supplier_id))
    await counter.order(counter.world.members[0], goods)
    (called,) = await counter.door.operate(SYSTEM, lambda op: take_in(op, supplier_id, 1, Bounds().lease))
    retried = retry_fulfilment(counter.door, orders.support(), counter.world.key(), attempt_id=called.attempt.id)
    return retried, {"attempt_id": str(called.attempt.id), "state": "SENT"}


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A code in a member's hands that she says was used already; no other is left in its pool."""

    stage: Stage
    line_id: UUID
    problem_id: UUID

    def again(self) -> Awaitable[Any]:
        return _report(self.stage, self.line_id)

    def settled(self, settlement: Settlement) -> Awaitable[Any]:
        key = self.stage.counter.world.key()
        return settle_code_problem(
            self.stage.counter.door,
            orders.finance() if settlement is Settlement.REFUND else orders.support(),
            key,
            problem_id=self.problem_id,
            settlement=settlement,
        )


async def _report(stage: Stage, line_id: UUID) -> UUID:
    counter = stage.counter
    owner, key = counter.owner(counter.world.members[0]), counter.world.key()
    done = await report_code_problem(counter.door, owner, key, line_id=line_id, problem=Problem.ALREADY_USED)
    return UUID(done.facts["problem_id"])


async def reported(stage: Stage) -> Reported:
    counter = stage.counter
    supplier_id = await counter.supplier("CODE_POOL")
    pool_id = await counter.pool(supplier_id, [f"HELD-{next(counter.numbers)}"])
    goods = await counter.denomination(orders.Way(supplier_id=supplier_id, pool_id=pool_id))
    (line_id,) = await counter.order(counter.world.members[0], goods)
    await counter.fulfil()
    return Reported(stage=stage, line_id=line_id, problem_id=await _report(stage, line_id))


async def problem_twice(stage: Stage) -> Provoked:
    one = await reported(stage)
    return one.again(), {"problem_id": str(one.problem_id)}


async def settled_twice(stage: Stage) -> Provoked:
    one = await reported(stage)
    await one.settled(Settlement.REFUND)
    return one.settled(Settlement.REFUND), {"state": "REFUNDED"}


async def no_other_code(stage: Stage) -> Provoked:
    one = await reported(stage)
    return one.settled(Settlement.REPLACE), {"line_id": str(one.line_id)}
