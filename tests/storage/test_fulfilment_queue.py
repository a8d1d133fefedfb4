"""Orders that others fulfil: claimed under a lease, completed behind its fence; where their goods are afterwards."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from catalog.redemptions.attempting import WAIT_SECONDS_MAX
from catalog.redemptions.delivering import correct_delivery, report_delivery
from catalog.redemptions.leasing import (
    CLAIM_MAX,
    COMPLETE_MAX,
    Claim,
    Completion,
    CompletionItem,
    CompletionOutcome,
    claim_fulfilments,
    complete_fulfilments,
)
from catalog.redemptions.machine import Delivery
from catalog.redemptions.refusals import ActionNotAvailable, NotParked
from catalog.redemptions.retrying import retry_fulfilment
from catalog.suppliers.outcomes import Goods, Recipient, RefusalReason
from domain.access.principals import Actor, Role, Scope
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.refusals import InvalidInput, NotAllowed, NotFound
from domain.kernel.sql import Database
from tests.building import build_world
from tests.orders import KEYRING, Shop, Way, support

HOME = Recipient(name="Ada Martin", lines=("1 rue de la Paix",), city="Paris", country="FR")
LEASE = 60


@dataclass(kw_only=True)
class Queue:
    """A shop whose goods a platform fetches with its own key; a second supplier is served by hand."""

    shop: Shop
    supplier_id: UUID
    goods: tuple[UUID, UUID]
    key: Actor

    async def order(self, quantity: int = 1) -> list[UUID]:
        return await self.shop.order(self.shop.world.members[0], self.goods, quantity=quantity, recipient=HOME)

    async def claim(
        self, first: int = CLAIM_MAX, *, actor: Actor | None = None, keyed: Keyed | None = None
    ) -> list[Claim]:
        return list(
            await claim_fulfilments(
                self.shop.door,
                actor or self.key,
                keyed or self.shop.world.key(),
                KEYRING,
                first=first,
                lease_seconds=LEASE,
            )
        )

    async def complete(self, *items: CompletionItem, actor: Actor | None = None) -> list[CompletionOutcome]:
        results = await complete_fulfilments(self.shop.door, actor or self.key, KEYRING, items)
        return [result.outcome for result in results]

    async def line(self, line_id: UUID) -> tuple[str, str]:
        line = (await self.shop.lines([line_id]))[0]
        return line["state"], line["delivery"]


def sent(claim: Claim, **more: object) -> CompletionItem:
    base = CompletionItem(attempt_id=claim.attempt_id, fence=claim.fence, outcome=Completion.DELIVERED)
    return replace(base, **more)  # pyright: ignore[reportArgumentType]  # fields of the item by name


@pytest.fixture
async def queue(fresh_database: str) -> AsyncIterator[Queue]:
    connected = await Database.open(fresh_database, connections_max=6)
    shop = Shop(world=await build_world(connected))
    await shop.rich(shop.world.members[0], 10_000)
    supplier_id = await shop.supplier("PULL_QUEUE", source_id=shop.world.source_id)
    goods = await shop.denomination(Way(supplier_id=supplier_id, sku="mug"))
    key = Actor(
        principal_id=new_id(),
        role=Role.INTEGRATION,
        source_id=shop.world.source_id,
        scopes=frozenset({Scope.FULFILMENT_READ, Scope.FULFILMENT_WRITE}),
    )
    yield Queue(shop=shop, supplier_id=supplier_id, goods=goods, key=key)
    await connected.close()


async def test_a_claimed_order_is_somebodys_until_its_lease_is_over(queue: Queue) -> None:
    line_ids = await queue.order(3)
    await queue.shop.fulfil()
    first = await queue.claim(2)
    assert [(claim.order.sku, claim.order.recipient, claim.fence) for claim in first] == [("mug", HOME, 1)] * 2
    second = await queue.claim()
    assert {claim.line_id for claim in first} | {claim.line_id for claim in second} == set(line_ids)
    assert await queue.claim() == []
    await queue.shop.wait(LEASE)
    again = await queue.claim(2)
    assert [claim.fence for claim in again] == [2, 2]
    assert await queue.complete(*(sent(claim) for claim in first)) == [CompletionOutcome.STALE_LEASE] * 2
    assert await queue.complete(*(sent(claim) for claim in again)) == [CompletionOutcome.COMPLETED] * 2
    assert await queue.complete(*(sent(claim) for claim in again)) == [CompletionOutcome.DUPLICATE] * 2
    states = [line["state"] for line in await queue.shop.lines([claim.line_id for claim in again])]
    assert states == ["FULFILLED", "FULFILLED"]


async def test_the_same_key_answers_the_same_claims_and_takes_nothing_more(queue: Queue) -> None:
    await queue.order(3)
    keyed = queue.shop.world.key(first=2)
    first = await queue.claim(2, keyed=keyed)
    assert await queue.claim(2, keyed=keyed) == first
    assert len(await queue.claim()) == 1
    await queue.complete(sent(first[0]))
    assert await queue.claim(2, keyed=keyed) == first[1:], "what is done is not handed out again"
    receipts = await queue.shop.world.database.fetch("SELECT outcome::text AS told FROM receipt")
    assert not any("Paris" in row["told"] for row in receipts)


async def test_each_outcome_is_its_items_own(queue: Queue) -> None:
    await queue.order(5)
    coded, plain, twin, refused, later = await queue.claim()
    code = Goods(code="PULL-1", pin="99")
    outcomes = await queue.complete(
        sent(coded, goods=code, reference="T-1"),
        sent(plain, tracking={"carrier": "post", "number": "X1"}),
        sent(twin, goods=Goods(code="pull 1")),
        CompletionItem(
            attempt_id=refused.attempt_id, fence=1, outcome=Completion.REFUSED, reason=RefusalReason.OUT_OF_STOCK
        ),
        CompletionItem(attempt_id=later.attempt_id, fence=1, outcome=Completion.LATER, after_seconds=120),
        CompletionItem(attempt_id=new_id(), fence=1, outcome=Completion.DELIVERED),
    )
    assert sorted(outcomes[:3]) == ["CODE_EXISTS", "COMPLETED", "COMPLETED"]
    assert outcomes[3:] == ["COMPLETED", "COMPLETED", "NOT_FOUND"]
    assert await queue.line(refused.line_id) == ("FAILED", "NONE")
    assert (await queue.shop.lines([plain.line_id]))[0]["tracking"] == {"carrier": "post", "number": "X1"}
    await queue.shop.wait(119)
    assert {claim.line_id for claim in await queue.claim()} <= {twin.line_id, coded.line_id}
    await queue.shop.wait(1)
    assert [claim.line_id for claim in await queue.claim()] == [later.line_id]


async def test_nobody_claims_or_completes_anothers_orders(queue: Queue) -> None:
    await queue.order()
    claim = (await queue.claim())[0]
    stranger = replace(queue.key, source_id=new_id(), principal_id=new_id())
    with pytest.raises(NotFound):
        await queue.claim(actor=stranger)
    assert await queue.complete(sent(claim), actor=stranger) == [CompletionOutcome.NOT_FOUND]
    member = queue.shop.owner(queue.shop.world.members[0])
    with pytest.raises(NotFound):
        await queue.claim(actor=member)
    assert await queue.complete(sent(claim), actor=member) == [CompletionOutcome.NOT_FOUND]


async def test_people_fulfil_by_hand_what_a_supplier_of_theirs_is_asked(queue: Queue) -> None:
    by_hand = await queue.shop.supplier("BY_HAND")
    goods = await queue.shop.denomination(Way(supplier_id=by_hand, sku="dinner"))
    line_ids = await queue.shop.order(queue.shop.world.members[0], goods)
    actor, door = support(), queue.shop.door
    claims = await claim_fulfilments(
        door, actor, queue.shop.world.key(), KEYRING, first=10, lease_seconds=LEASE, supplier_id=by_hand
    )
    assert [claim.line_id for claim in claims] == line_ids
    assert await queue.complete(sent(claims[0]), actor=queue.key) == [CompletionOutcome.NOT_FOUND]
    assert await queue.complete(sent(claims[0]), actor=actor) == [CompletionOutcome.COMPLETED]
    assert await queue.line(line_ids[0]) == ("FULFILLED", "SENT")
    pool = await queue.shop.supplier("CODE_POOL")
    with pytest.raises(NotFound):
        await claim_fulfilments(
            door, actor, queue.shop.world.key(), KEYRING, first=1, lease_seconds=LEASE, supplier_id=pool
        )


@pytest.mark.parametrize(("first", "seconds"), [(0, 60), (CLAIM_MAX + 1, 60), (1, 9), (1, 3_601)])
async def test_claims_are_bounded(queue: Queue, first: int, seconds: int) -> None:
    with pytest.raises(InvalidInput):
        await claim_fulfilments(
            queue.shop.door, queue.key, queue.shop.world.key(), KEYRING, first=first, lease_seconds=seconds
        )
    for edge in ((1, 10), (CLAIM_MAX, 3_600)):
        await claim_fulfilments(
            queue.shop.door, queue.key, queue.shop.world.key(), KEYRING, first=edge[0], lease_seconds=edge[1]
        )


async def test_reports_are_bounded(queue: Queue) -> None:
    await queue.order()
    claim = (await queue.claim())[0]
    strangers = [replace(sent(claim), attempt_id=new_id()) for _ in range(COMPLETE_MAX)]
    assert set(await queue.complete(*strangers)) == {CompletionOutcome.NOT_FOUND}
    late = replace(sent(claim), outcome=Completion.LATER, after_seconds=WAIT_SECONDS_MAX + 1)
    for items in (
        [],
        [*strangers, sent(claim)],
        [sent(claim), sent(claim)],
        [late],
        [sent(claim, goods=Goods(pin="1"))],
        [sent(claim, goods=Goods(code="x" * 2_001))],
        [sent(claim, reference="x" * 129)],
        [sent(claim, tracking={str(n): "x" for n in range(11)})],
        [sent(claim, tracking={"number": "x" * 501})],
    ):
        with pytest.raises(InvalidInput):
            await queue.complete(*items)
    assert await queue.line(claim.line_id) == ("ORDERED", "NONE")


async def test_what_bounced_goes_again_to_the_corrected_address_as_the_same_order(queue: Queue) -> None:
    line_id = (await queue.order())[0]
    owner, door, key = queue.shop.owner(queue.shop.world.members[0]), queue.shop.door, queue.shop.world.key
    await queue.complete(sent((await queue.claim())[0]))
    corrected = replace(HOME, lines=("2 rue de la Paix",))
    with pytest.raises(ActionNotAvailable):
        await correct_delivery(door, owner, key(), KEYRING, line_id=line_id, recipient=corrected)
    await report_delivery(door, queue.key, key(), line_id=line_id, delivery=Delivery.BOUNCED)
    assert await queue.line(line_id) == ("FULFILLED", "BOUNCED")
    other = queue.shop.owner(queue.shop.world.members[1])
    for actor in (other, queue.key):
        with pytest.raises(NotFound):
            await correct_delivery(door, actor, key(), KEYRING, line_id=line_id, recipient=corrected)
    before = await queue.shop.world.balances(queue.shop.world.members[0])
    await correct_delivery(door, owner, key(), KEYRING, line_id=line_id, recipient=corrected)
    assert await queue.line(line_id) == ("FULFILLED", "SENT")
    claim = (await queue.claim())[0]
    assert (claim.order.recipient, claim.order.external_id) == (corrected, line_id.hex)
    assert await queue.complete(sent(claim)) == [CompletionOutcome.COMPLETED]
    await report_delivery(
        door, queue.key, key(), line_id=line_id, delivery=Delivery.DELIVERED, tracking={"number": "X2"}
    )
    assert await queue.line(line_id) == ("FULFILLED", "DELIVERED")
    assert await queue.shop.world.balances(queue.shop.world.members[0]) == before, "paid once"


async def test_a_second_bounce_is_told_and_support_may_correct_it(queue: Queue) -> None:
    line_id = (await queue.order())[0]
    door, key = queue.shop.door, queue.shop.world.key
    await queue.complete(sent((await queue.claim())[0]))
    await report_delivery(door, support(), key(), line_id=line_id, delivery=Delivery.BOUNCED)
    await correct_delivery(door, support(), key(), KEYRING, line_id=line_id, recipient=HOME)
    claim = (await queue.claim())[0]
    refused = replace(sent(claim), outcome=Completion.REFUSED, reason=RefusalReason.ADDRESS_INVALID)
    assert await queue.complete(refused) == [CompletionOutcome.COMPLETED]
    assert await queue.line(line_id) == ("FULFILLED", "BOUNCED"), "what was fulfilled stays so"
    logged = "SELECT count(*) FROM audit_log WHERE action = 'redemption.delivery_corrected'"
    assert await queue.shop.world.database.fetchval(logged) == 1


async def test_only_its_supplier_and_operators_tell_where_goods_are(queue: Queue) -> None:
    line_id = (await queue.order())[0]
    door, key = queue.shop.door, queue.shop.world.key
    with pytest.raises(ActionNotAvailable):
        await report_delivery(door, queue.key, key(), line_id=line_id, delivery=Delivery.DELIVERED)
    others = (queue.shop.owner(queue.shop.world.members[0]), replace(queue.key, source_id=new_id()))

    async def nobody_else_learns_of_it() -> None:
        for actor in others:
            with pytest.raises(NotFound):
                await report_delivery(door, actor, key(), line_id=line_id, delivery=Delivery.DELIVERED)

    await nobody_else_learns_of_it()
    await queue.complete(sent((await queue.claim())[0]))
    await nobody_else_learns_of_it()
    with pytest.raises(InvalidInput):
        await report_delivery(door, queue.key, key(), line_id=line_id, delivery=Delivery.REVEALED)


async def test_an_operator_has_an_open_order_tried_again_now(queue: Queue) -> None:
    line_id = (await queue.order())[0]
    door, key = queue.shop.door, queue.shop.world.key
    claim = (await queue.claim())[0]
    with pytest.raises(NotParked):
        await retry_fulfilment(door, support(), key(), claim.attempt_id)
    later = replace(sent(claim), outcome=Completion.LATER, after_seconds=WAIT_SECONDS_MAX)
    await queue.complete(later)
    assert await queue.claim() == []
    with pytest.raises(NotAllowed):
        await retry_fulfilment(door, queue.key, key(), claim.attempt_id)
    await retry_fulfilment(door, support(), key(), claim.attempt_id)
    await queue.complete(sent((await queue.claim())[0]))
    assert await queue.line(line_id) == ("FULFILLED", "SENT")
    with pytest.raises(NotParked):
        await retry_fulfilment(door, support(), key(), claim.attempt_id)
