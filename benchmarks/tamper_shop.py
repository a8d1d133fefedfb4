"""A small shop in which every value-holding row of the catalog stands in most of its states, written through doors."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from benchmarks.tamper_sends import ADDRESS, ShopBook, entitled, sent
from catalog.codes.recalling import expire_codes, recall_code_batch
from catalog.codes.records import CodeRow, Problem
from catalog.items.item import Image, ItemKind, ItemState
from catalog.items.said import DenominationSaid, ItemSaid, RouteSaid
from catalog.redemptions.delivering import report_delivery
from catalog.redemptions.machine import Delivery
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.problems import Settlement, report_code_problem, settle_code_problem
from catalog.redemptions.revealing import reveal
from catalog.sends.bundling import BundleMode, ItemDraft
from catalog.sends.defining import BundleDraft, define_bundle
from catalog.suppliers.reading import AdapterKind
from catalog.suppliers.registering import pause_supplier
from domain.access.principals import SYSTEM, Actor, Role
from domain.activities.activity import ActivityReversal
from domain.kernel import outbox
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id
from domain.kernel.sql import Database
from tests.building import START, build_world, deal
from tests.code_book import CodeBook
from tests.orders import KEYRING
from tests.orders import Shop as Fulfilling
from tests.shelves import Shelf
from tests.shop import Shop

RULE: dict[str, Any] = {"effect": {"kind": "FIXED", "amount": 100}, "grants": [{"bundle": "welcome", "quantity": 2}]}
PATIENT = ShopPolicy(fraud_hold_minutes=60)
FREELY = ShopPolicy(reveals_per_line=100, reveals_per_hour=100)


async def build_shop_book(database: Database) -> None:
    """Writes the shop through its doors only, stamped to the end."""
    world = await build_world(database, source="crm-shop")
    program_id = await world.launch({"effect": {"kind": "FIXED", "amount": 10}})
    await world.record(*(deal(f"d{place}", world.members[place], days=place) for place in range(4)))
    codes = CodeBook(door=world.door, member_id=world.members[0], source_id=world.source_id, keyring=KEYRING)
    own = await codes.supplier(AdapterKind.CODE_POOL, code="own")
    called = await codes.supplier(
        AdapterKind.SCRIPTED,
        code="called",
        is_test=True,
        source_id=world.source_id,
        rate_calls=1_000,
        rate_seconds=2,
        float_balance=500,
        float_currency="EUR",
        float_alert_below=100,
    )
    await codes.supplier(
        AdapterKind.HTTP_PUSH,
        code="pushed",
        float_balance=5,
        float_currency="USD",
        float_alert_below=9,
        settings={"url": "https://supplier.example/orders"},
        secret="whsec_" + "A" * 44,
    )
    await pause_supplier(world.door, SYSTEM, world.key(), own.id, paused=True)
    await pause_supplier(world.door, SYSTEM, world.key(), own.id, paused=False)
    shop = Shop(world=world, supplier_id=own.id, program_id=program_id, keyring=KEYRING)
    book = ShopBook(
        shop=shop, shelf=Shelf(world=world, supplier_id=own.id), codes=codes, worker=Fulfilling(world=world)
    )
    for place in range(4):
        await shop.give(place, 5_000)
    pools = await _stocked(book, own.id)
    goods = await _listed(book, called.id)
    await _redeemed(book, goods)
    await _troubled(book, goods, pools)
    await _granted(book, goods)
    await sent(book, goods)
    await entitled(book, goods)
    await book.work()
    await _left_open(book, goods)
    while await outbox.stamp(database, Failpoints()):
        pass


async def _stocked(book: ShopBook, supplier_id: UUID) -> tuple[UUID, UUID]:
    codes = book.codes
    first, second = await codes.pool(supplier_id, low_stock_at=2), await codes.pool(supplier_id, low_stock_at=3)
    today = await book.database.fetchval("SELECT guerdon_now()::date")
    await codes.bring(
        first, *(CodeRow(code=f"FIRST-{n:04}", pin="1", expires_on=today + timedelta(days=100 + n)) for n in range(8))
    )
    await codes.bring(first, "FIRST-0101", "FIRST-0102", "FIRST-0102", batch="b2")
    await codes.bring(first, "FIRST-0103", batch="b2")
    await codes.bring(second, *(f"SECOND-{n:04}" for n in range(30)))
    await codes.bring(
        second,
        CodeRow(code="SOON-0001", expires_on=today + timedelta(days=3)),
        CodeRow(code="SOON-0002", expires_on=today + timedelta(days=4)),
        batch="soon",
    )
    recalled = [await codes.bring(first, f"BAD-{n}-1", f"BAD-{n}-2", batch=f"bad-{n}") for n in range(2)]
    for one in recalled:
        await recall_code_batch(codes.door, SYSTEM, codes.key(), one.batch_id)
    await book.worker.wait(86_400 * 3)
    await expire_codes(codes.door)
    await book.worker.wait(86_400)
    await expire_codes(codes.door)
    return first, second


def _rich(now: datetime, pool: str) -> ItemSaid:
    """An item that says everything an item can say."""
    image = Image(url="https://img.example/a.png", width=10, height=10, alt={"en": "A"})
    routes = (RouteSaid(pool=pool), RouteSaid(supplier="called", sku="deliver"))
    return ItemSaid(
        external_id="card",
        kind=ItemKind.GIFT_CARD,
        state=ItemState.LISTED,
        name={"en": "A card"},
        description={"en": "Told"},
        instructions={"en": "Scratch"},
        brand="Acme",
        categories=("cards",),
        images=(image,),
        valid_from=START,
        valid_until=now + timedelta(days=900),
        member_limit=50,
        member_limit_days=30,
        denominations=(
            DenominationSaid(
                external_id="ten",
                name={"en": "Ten"},
                face_value=1_000,
                currency="EUR",
                price_numerator=1,
                price_denominator=10,
                fair_value=900,
                cost=800,
                stock=100,
                routes=routes,
            ),
        ),
    )


def _second(now: datetime, pool: str) -> ItemSaid:
    """Another, which says each of it otherwise."""
    return ItemSaid(
        external_id="second",
        kind=ItemKind.VOUCHER,
        state=ItemState.LISTED,
        name={"en": "Second"},
        brand="Zeta",
        valid_from=START + timedelta(days=1),
        valid_until=now + timedelta(days=800),
        member_limit=40,
        member_limit_days=31,
        denominations=(
            DenominationSaid(
                external_id="d",
                face_value=2_000,
                currency="USD",
                price_numerator=2,
                price_denominator=11,
                fair_value=1_900,
                cost=1_700,
                routes=(RouteSaid(pool=pool),),
            ),
            DenominationSaid(external_id="e", price_fixed=70, routes=(RouteSaid(pool=pool, sku="x"),)),
        ),
    )


def _plain(name: str, sku: str, price: int, **more: Any) -> ItemSaid:
    """An item of one denomination, by the supplier that is called."""
    one = DenominationSaid(
        external_id="d",
        price_fixed=price,
        face_value=500,
        currency="EUR",
        fair_value=450,
        cost=400,
        routes=(RouteSaid(supplier="called", sku=sku),),
    )
    usual: dict[str, Any] = {"kind": ItemKind.VOUCHER, "state": ItemState.LISTED, "name": {"en": name}}
    return ItemSaid(external_id=name, denominations=(one,), **usual | more)


async def _listed(book: ShopBook, called: UUID) -> dict[str, UUID]:
    """The denomination of each item, by the item's external id."""
    pool_codes = [row["code"] for row in await book.database.fetch("SELECT code FROM code_pool ORDER BY id")]
    now = await book.database.fetchval("SELECT guerdon_now()")
    items = (
        _rich(now, pool_codes[0]),
        _second(now, pool_codes[1]),
        _plain("called", "deliver", 30),
        _plain("never", "out-of-stock", 20),
        _plain("unknown", "never-known", 25),
        _plain("parcel", "parcel/deliver", 40, needs_address=True),
        _plain("asked", "deliver", 35, needs_approval=True),
        _plain("seat", "deliver", 15, kind=ItemKind.BENEFIT),
        _plain("desk", "deliver", 16, kind=ItemKind.BENEFIT),
        _plain("tested", "deliver", 5, is_test=True),
        _plain(
            "french",
            "deliver",
            8,
            countries=("FR",),
            tiers=("GOLD",),
            segments=("EARLY",),
            partner_types=("VAR",),
            state=ItemState.UNLISTED,
        ),
    )
    results = await book.shelf.feed(*items)
    assert all(one.refusal is None for one in results), results
    await book.shelf.feed(ItemSaid(external_id="french", countries=("DE",)))
    return {one.external_id: await book.shelf.denomination(one.external_id) for one in items}


async def _redeemed(book: ShopBook, goods: dict[str, UUID]) -> None:
    """Fulfilled, failed, cancelled, refunded, shipped and approved lines."""
    shop, world = book.shop, book.shop.world
    for place in (0, 1):
        await shop.order(book.rep(place), (goods["card"], 2), goods["second"], goods["called"])
    await shop.order(book.rep(0), goods["never"])
    await book.worker.wait(60)
    await shop.order(book.rep(1), goods["never"])
    shop.policy = PATIENT
    for place in (0, 1):
        cancelled = await shop.order(book.rep(place), goods["card"])
        await shop.cancel(Actor(principal_id=new_id(), role=Role.MEMBER, member_id=world.members[place]), cancelled)
    shop.policy = ShopPolicy()
    asked = await shop.order(book.rep(2), goods["asked"])
    await shop.approve(asked)
    for place, delivery in ((0, Delivery.DELIVERED), (1, Delivery.BOUNCED)):
        quote = await shop.quote(book.rep(place), goods["parcel"])
        sent = UUID((await shop.redeem(book.rep(place), quote.id, ADDRESS)).facts["redemption_id"])
        await book.work()
        (line_id,) = await shop.lines(sent)
        tracking = {"carrier": f"carrier-{place}"}
        await report_delivery(world.door, SYSTEM, world.key(), line_id=line_id, delivery=delivery, tracking=tracking)
    refunded = await shop.order(book.rep(3), goods["called"], goods["second"])
    await book.work()
    await shop.refund(SYSTEM, refunded)


async def _troubled(book: ShopBook, goods: dict[str, UUID], pools: tuple[UUID, UUID]) -> None:
    """Codes that were seen, replaced, refunded and recalled; problems in every state."""
    shop, world = book.shop, book.shop.world
    settlements = (Settlement.REPLACE, Settlement.REFUND, Settlement.REJECT, None)
    problems = (Problem.ALREADY_USED, Problem.NOT_ACCEPTED, Problem.WRONG_VALUE, Problem.ALREADY_USED)
    for settlement, problem in zip(settlements, problems, strict=True):
        actor = book.rep(2)
        order = await shop.order(actor, goods["second"])
        await book.work()
        (line_id,) = await shop.lines(order)
        await reveal(world.door, actor, world.key(), KEYRING, line_id, FREELY)
        told = await report_code_problem(world.door, actor, world.key(), line_id=line_id, problem=problem)
        if settlement is not None:
            await settle_code_problem(
                world.door,
                SYSTEM,
                world.key(),
                problem_id=UUID(told.facts["problem_id"]),
                settlement=settlement,
                answer="So be it",
            )
    bad = await book.codes.bring(pools[0], CodeRow(code="WORSE-0001", expires_on=date(2027, 1, 20)), batch="worse")
    actor = book.rep(3)
    order = await shop.order(actor, goods["card"])
    await book.work()
    await recall_code_batch(world.door, SYSTEM, world.key(), bad.batch_id)
    (line_id,) = await shop.lines(order)
    await reveal(world.door, actor, world.key(), KEYRING, line_id, FREELY)


async def _granted(book: ShopBook, goods: dict[str, UUID]) -> None:
    """Bundles beside awards: given, revoked, substituted; one waits for a choice."""
    world = book.shop.world

    async def bundle(code: str, mode: BundleMode, *items: ItemDraft, choose: int | None = None) -> None:
        draft = BundleDraft(code=code, name={"en": code}, mode=mode, items=items, choose=choose)
        await define_bundle(world.door, SYSTEM, world.key(), draft)

    some = ItemDraft(denomination_id=goods["never"], quantity=2, substitutes=(goods["called"],))
    await bundle("welcome", BundleMode.BEST_EFFORT, some, ItemDraft(denomination_id=goods["second"]))
    picks = [ItemDraft(denomination_id=goods[name]) for name in ("called", "second", "card")]
    await bundle("pick", BundleMode.CHOICE, *picks, choose=1)
    await bundle("pair", BundleMode.CHOICE, *picks, choose=2)
    await bundle("whole", BundleMode.ALL_OR_NOTHING, *(ItemDraft(denomination_id=goods[n]) for n in ("never", "seat")))
    await world.launch({"effect": {"kind": "FIXED", "amount": 4}, "grants": [{"bundle": "later", "quantity": 1}]})
    await world.launch(RULE)
    await world.launch({"effect": {"kind": "FIXED", "amount": 7}, "grants": [{"bundle": "pick", "quantity": 1}]})
    await world.launch({"effect": {"kind": "FIXED", "amount": 6}, "grants": [{"bundle": "pair", "quantity": 1}]})
    await world.launch({"effect": {"kind": "FIXED", "amount": 5}, "grants": [{"bundle": "whole", "quantity": 1}]})
    await world.record(*(deal(f"g{place}", world.members[place], days=place) for place in range(3)))
    await book.work()
    await world.correct(ActivityReversal(external_id="g1", reason="returned"))
    await book.work()
    await book.worker.wait(60)
    await world.correct(ActivityReversal(external_id="g2", reason="returned"))
    await book.work()


async def _left_open(book: ShopBook, goods: dict[str, UUID]) -> None:
    """What is held, reserved, awaits approval or an answer when the book is closed."""
    shop = book.shop
    await shop.order(book.rep(0), goods["unknown"])
    await book.work()
    await shop.order(book.rep(0), goods["asked"])
    shop.policy = PATIENT
    await shop.order(book.rep(1), goods["card"], goods["second"])
    await book.worker.wait(60)
    await shop.order(book.rep(2), goods["second"])
    shop.policy = ShopPolicy()
    await shop.order(book.rep(2), goods["called"])
