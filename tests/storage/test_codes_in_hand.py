"""Codes in members' hands: shown to their owner alone, reported, replaced, refunded, and taken back when recalled."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from catalog.codes.recalling import recall_code_batch
from catalog.codes.records import Problem
from catalog.redemptions.delivering import report_delivery
from catalog.redemptions.machine import Delivery
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.problems import Settlement, hand_over_recalled, report_code_problem, settle_code_problem
from catalog.redemptions.refusals import ActionNotAvailable, NoCodeLeft, ProblemOpen, ProblemSettled
from catalog.redemptions.revealing import reveal
from domain.access.principals import Actor, Role
from domain.access.refusals import RateLimited
from domain.kernel.keys import Keyed
from domain.kernel.refusals import InvalidInput, NotAllowed, NotFound
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.building import build_world
from tests.orders import KEYRING, Shop, Way, finance, support

POLICY = ShopPolicy(reveals_per_hour=10, reveals_per_line=3)


@dataclass(kw_only=True)
class Hands:
    """A shop with one pool; the first member redeems from it."""

    shop: Shop
    pool_id: UUID
    batch_id: UUID
    goods: tuple[UUID, UUID]
    owner: Actor

    async def lines(self, quantity: int = 1) -> list[UUID]:
        """So many lines of the owner, each with its code."""
        ids = await self.shop.order(self.shop.world.members[0], self.goods, quantity=quantity)
        await self.shop.fulfil()
        assert {line["state"] for line in await self.shop.lines(ids)} == {"FULFILLED"}
        return ids

    async def reveal(self, line_id: UUID, keyed: Keyed | None = None, actor: Actor | None = None) -> str | None:
        shown = await reveal(
            self.shop.door, actor or self.owner, keyed or self.shop.world.key(), KEYRING, line_id, POLICY
        )
        assert shown.goods.pin == "1234"
        return shown.goods.code

    async def report(self, line_id: UUID, problem: Problem = Problem.ALREADY_USED) -> UUID:
        done = await report_code_problem(
            self.shop.door, self.owner, self.shop.world.key(), line_id=line_id, problem=problem, note="At the till"
        )
        return UUID(done.facts["problem_id"])

    async def settle(
        self, problem_id: UUID, settlement: Settlement, answer: str | None = None, actor: Actor | None = None
    ) -> None:
        await settle_code_problem(
            self.shop.door,
            actor or (finance() if settlement is Settlement.REFUND else support()),
            self.shop.world.key(),
            problem_id=problem_id,
            settlement=settlement,
            answer=answer,
        )

    async def codes(self, line_id: UUID) -> list[tuple[str, str | None]]:
        rows = await self.shop.world.database.fetch(
            "SELECT state, problem FROM voucher_code WHERE line_id = $1 ORDER BY issued_at", line_id
        )
        return [(row["state"], row["problem"]) for row in rows]

    async def problems(self) -> list[tuple[str, str]]:
        rows = await self.shop.world.database.fetch("SELECT problem, state FROM code_problem ORDER BY recorded_at, id")
        return [(row["problem"], row["state"]) for row in rows]


@pytest.fixture
async def hands(fresh_database: str) -> AsyncIterator[Hands]:
    connected = await Database.open(fresh_database, connections_max=6)
    shop = Shop(world=await build_world(connected))
    await shop.rich(shop.world.members[0], 10_000)
    supplier_id = await shop.supplier("CODE_POOL")
    pool_id = await shop.pool(supplier_id)
    batch_id = await shop.add_codes(pool_id, [f"CODE-{n:04d}-CANARY" for n in range(6)])
    goods = await shop.denomination(Way(supplier_id=supplier_id, pool_id=pool_id))
    yield Hands(shop=shop, pool_id=pool_id, batch_id=batch_id, goods=goods, owner=shop.owner(shop.world.members[0]))
    await connected.close()


async def test_a_code_is_shown_to_its_owner_and_to_nobody_else(hands: Hands) -> None:
    line_id = (await hands.lines())[0]
    code = await hands.reveal(line_id)
    assert code is not None
    assert code.endswith("CANARY")
    line = (await hands.shop.lines([line_id]))[0]
    assert (line["delivery"], line["revealed_at"] is not None) == ("REVEALED", True)
    for actor in (support(), hands.shop.owner(hands.shop.world.members[1]), hands.shop.world.actor):
        with pytest.raises(NotFound):
            await hands.reveal(line_id, actor=actor)


async def test_a_reveal_is_on_record_without_the_code(hands: Hands) -> None:
    line_id = (await hands.lines())[0]
    await hands.reveal(line_id)
    database = hands.shop.world.database
    assert await database.fetchval("SELECT count(*) FROM audit_log WHERE action = 'code.revealed'") == 1
    assert await database.fetchval("SELECT count(*) FROM outbox WHERE name = 'code.revealed'") == 1
    for table in ("receipt", "outbox", "audit_log", "redemption_line", "fulfilment_attempt", "rate_bucket"):
        found = f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE '%CANARY%'"
        assert await database.fetchval(found) == 0, table


async def test_the_same_key_shows_the_same_code_and_spends_nothing(hands: Hands) -> None:
    line_id = (await hands.lines())[0]
    keyed = hands.shop.world.key()
    shown = {await hands.reveal(line_id, keyed) for _ in range(20)}
    assert len(shown) == 1
    for _ in range(2):
        await hands.reveal(line_id)
    with pytest.raises(RateLimited):
        await hands.reveal(line_id)
    assert {await hands.reveal(line_id, keyed)} == shown
    await hands.shop.wait(86_400 // 3)
    await hands.reveal(line_id)


async def test_a_code_that_is_shown_again_by_its_key_is_on_record_each_time(hands: Hands) -> None:
    line_id, keyed = (await hands.lines())[0], hands.shop.world.key()
    for _ in range(3):
        await hands.reveal(line_id, keyed)
    rows = await hands.shop.world.database.fetch(
        "SELECT facts ->> 'replayed' AS replayed FROM audit_log WHERE action = 'code.revealed' ORDER BY at, id"
    )
    assert [row["replayed"] for row in rows] == [None, "true", "true"]


async def test_a_code_that_was_shown_stays_shown_whatever_its_supplier_tells(hands: Hands) -> None:
    line_id = (await hands.lines())[0]
    await hands.reveal(line_id)
    door, key = hands.shop.door, hands.shop.world.key
    for told, tracking in ((Delivery.DELIVERED, {"number": "X1"}), (Delivery.BOUNCED, None)):
        await report_delivery(door, support(), key(), line_id=line_id, delivery=told, tracking=tracking)
        line = (await hands.shop.lines([line_id]))[0]
        assert (line["delivery"], line["tracking"]) == ("REVEALED", {"number": "X1"})
    told = "SELECT payload ->> 'delivery' AS delivery FROM outbox WHERE name = 'redemption.delivery_changed'"
    assert {row["delivery"] for row in await hands.shop.world.database.fetch(told)} == {"REVEALED"}
    # A parcel with a serial number comes back all the same: it is to be sent again.
    sealed = "INSERT INTO shipment SELECT redemption_id, '', recorded_at FROM redemption_line WHERE id = $1"
    await hands.shop.world.database.fetch(sealed, line_id)
    await report_delivery(door, support(), key(), line_id=line_id, delivery=Delivery.BOUNCED)
    assert (await hands.shop.lines([line_id]))[0]["delivery"] == "BOUNCED"


async def test_a_member_is_shown_ten_codes_an_hour(hands: Hands) -> None:
    await hands.shop.add_codes(hands.pool_id, [f"MORE-{n}" for n in range(5)])
    line_ids = await hands.lines(11)
    for line_id in line_ids[:10]:
        await hands.reveal(line_id)
    with pytest.raises(RateLimited):
        await hands.reveal(line_ids[10])
    await hands.shop.wait(360)
    await hands.reveal(line_ids[10])


async def test_a_line_without_a_code_shows_none(hands: Hands) -> None:
    waiting = (await hands.shop.order(hands.shop.world.members[0], hands.goods, ordered=False))[0]
    with pytest.raises(ActionNotAvailable):
        await hands.reveal(waiting)


async def test_a_dead_code_is_replaced_by_another_of_the_same_pool(hands: Hands) -> None:
    line_id = (await hands.lines())[0]
    keyed = hands.shop.world.key()
    before = await hands.reveal(line_id, keyed)
    problem_id = await hands.report(line_id)
    with pytest.raises(ProblemOpen):
        await hands.report(line_id)
    await hands.settle(problem_id, Settlement.REPLACE)
    assert await hands.codes(line_id) == [("VOID", "ALREADY_USED"), ("ISSUED", None)]
    with pytest.raises(NotFound):
        await hands.reveal(line_id, keyed)
    assert await hands.reveal(line_id) != before
    with pytest.raises(ProblemSettled):
        await hands.settle(problem_id, Settlement.REFUND)
    assert await hands.problems() == [("ALREADY_USED", "REPLACED")]


async def test_without_another_code_a_problem_is_refunded(hands: Hands) -> None:
    line_ids = await hands.lines(6)
    problem_id = await hands.report(line_ids[0])
    before = await hands.shop.world.balances(hands.shop.world.members[0])
    with pytest.raises(NoCodeLeft):
        await hands.settle(problem_id, Settlement.REPLACE)
    assert await hands.codes(line_ids[0]) == [("ISSUED", None)]
    await hands.settle(problem_id, Settlement.REFUND)
    after = await hands.shop.world.balances(hands.shop.world.members[0])
    assert after["available"] == before["available"] + 10
    assert await hands.codes(line_ids[0]) == [("VOID", "ALREADY_USED")]
    with pytest.raises(ActionNotAvailable):
        await hands.reveal(line_ids[0])


async def test_a_rejection_says_why_and_leaves_the_code(hands: Hands) -> None:
    line_id = (await hands.lines())[0]
    problem_id = await hands.report(line_id)
    with pytest.raises(InvalidInput):
        await hands.settle(problem_id, Settlement.REJECT)
    await hands.settle(problem_id, Settlement.REJECT, "The shop says you used it on Monday.")
    assert await hands.codes(line_id) == [("ISSUED", None)]
    await hands.report(line_id, Problem.NOT_ACCEPTED)
    assert await hands.problems() == [("ALREADY_USED", "REJECTED"), ("NOT_ACCEPTED", "OPEN")]


async def test_a_problem_is_its_owners_to_report_and_supports_to_settle(hands: Hands) -> None:
    line_id = (await hands.lines())[0]
    door, key = hands.shop.door, hands.shop.world.key
    for actor in (hands.shop.owner(hands.shop.world.members[1]), support()):
        with pytest.raises(NotFound):
            await report_code_problem(door, actor, key(), line_id=line_id, problem=Problem.EXPIRED)
    for bad in ({"problem": Problem.RECALLED}, {"problem": Problem.EXPIRED, "note": "x" * 501}):
        with pytest.raises(InvalidInput):
            await report_code_problem(door, hands.owner, key(), line_id=line_id, **bad)  # pyright: ignore[reportArgumentType]  # keywords by name
    problem_id = await hands.report(line_id)
    with pytest.raises(NotAllowed):
        await settle_code_problem(door, hands.owner, key(), problem_id=problem_id, settlement=Settlement.REFUND)


async def test_a_problem_is_refunded_by_who_may_refund_and_else_settled_by_support(hands: Hands) -> None:
    problem_id = await hands.report((await hands.lines())[0])
    for actor, settlements in (
        (support(), [Settlement.REFUND]),
        (finance(), [Settlement.REPLACE, Settlement.REJECT]),
    ):
        for settlement in settlements:
            with pytest.raises(NotAllowed):
                await hands.settle(problem_id, settlement, "Because.", actor)
    assert await hands.problems() == [("ALREADY_USED", "OPEN")]
    await hands.settle(problem_id, Settlement.REFUND, actor=replace(support(), role=Role.ADMIN))
    assert await hands.problems() == [("ALREADY_USED", "REFUNDED")]


async def test_recalled_codes_are_replaced_unseen_and_reported_where_they_were_seen(hands: Hands) -> None:
    seen, *unseen = await hands.lines(4)
    await hands.reveal(seen)
    await hands.shop.add_codes(hands.pool_id, ["FRESH-1", "FRESH-2"])
    await recall_code_batch(hands.shop.door, support(), hands.shop.world.key(), hands.batch_id)
    assert await hand_over_recalled(hands.shop.door) == 4
    assert await hand_over_recalled(hands.shop.door) == 0
    replaced = [line_id for line_id in unseen if len(await hands.codes(line_id)) == 2]
    assert len(replaced) == 2, "as many as there were others"
    assert await hands.codes(seen) == [("ISSUED", "RECALLED")]
    assert await hands.problems() == [("RECALLED", "OPEN")] * 2
    assert {await hands.reveal(line_id) for line_id in replaced} == {"FRESH-1", "FRESH-2"}
    pool = await hands.shop.world.database.fetchrow("SELECT * FROM code_pool WHERE id = $1", hands.pool_id)
    assert pool is not None
    assert (pool["imported"], pool["free"], pool["issued"], pool["void"]) == (8, 0, 4, 4)
    report = await audit(hands.shop.world.database, ("L1", "L2", "L3", "L7", "L8"))
    assert report.violations == 0, report.to_json()
