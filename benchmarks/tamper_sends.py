"""The part of the tampered shop that is given and not bought: sends in every state, and entitlements."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from catalog.sends.claiming import decline_gift, open_reward
from catalog.sends.composing import recall_send
from catalog.sends.defining import define_benefit
from catalog.sends.entitlement import BenefitDraft, BenefitPeriod, OnTierLoss, OwnerKind
from catalog.sends.entitling import check_tiers, end_due
from catalog.sends.following import follow_lines
from catalog.sends.granting import follow_grants
from catalog.sends.settling import Shipping, settle_due
from catalog.sends.using import use_entitlement
from catalog.suppliers.outcomes import Recipient
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel import outbox
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id
from domain.kernel.sql import Database
from domain.partners.facts import FactKind, NewFact, SubjectKind, record_facts_in
from tests.building import START
from tests.code_book import CodeBook
from tests.orders import KEYRING
from tests.orders import Shop as Fulfilling
from tests.sends import claim, gift, line_ids, points, send, to
from tests.shelves import Shelf
from tests.shop import Shop

ADDRESS = Recipient(name="Ada", lines=("1 Rue de la Paix",), city="Paris", postcode="75002", country="FR")


@dataclass(kw_only=True)
class ShopBook:
    """The shop as it is written: `shop` orders, `shelf` feeds, `codes` imports, `worker` fulfils."""

    shop: Shop
    shelf: Shelf
    codes: CodeBook
    worker: Fulfilling

    @property
    def database(self) -> Database:
        return self.shop.world.database

    def rep(self, place: int) -> Actor:
        return self.shop.rep(place)

    async def work(self) -> None:
        """What the worker does, until nothing is left to do."""
        while True:
            await self.worker.fulfil()
            while await outbox.stamp(self.database, Failpoints()):
                pass
            door = self.shop.world.door
            moved = await follow_grants(door) + await settle_due(door)
            if not moved + await follow_lines(door):
                return


async def sent(book: ShopBook, goods: dict[str, UUID]) -> None:
    """Points and gifts that were sent: claimed, opened, declined, expired, recalled, failed, waiting."""
    shop, world = book.shop, book.shop.world
    await send(shop, await points(shop, 0, 1, 2, amount=100, budget=250, needs_claim=False))
    claimed = await send(shop, await points(shop, 0, 1, 2, amount=50, claim_days=9), actor=_person())
    await claim(shop, claimed)
    await book.worker.wait(60)
    await claim(shop, claimed, 1, line=1)
    await open_reward(world.door, shop.rep(2), (await line_ids(shop, claimed))[2])
    given = await send(
        shop, await gift(shop, goods["called"], is_gift=True, addresses=to(*world.members), claim_days=20)
    )
    await claim(shop, given, operation="acceptGift")
    where = Shipping(recipient=ADDRESS, keyring=KEYRING)
    parcel = await gift(shop, goods["parcel"], addresses=to(world.members[0], world.members[1]))
    parcels = await send(shop, parcel)
    await claim(shop, parcels, shipping=where)
    await book.worker.wait(60)
    await claim(shop, parcels, 1, line=1, shipping=where)
    recipients = await line_ids(shop, given)
    await open_reward(world.door, shop.rep(1), recipients[1])
    await decline_gift(world.door, shop.rep(1), world.key(), recipients[1])
    await recall_send(world.door, SYSTEM, world.key(), given, [recipients[2]])
    for _ in range(2):
        recalled = await send(shop, await points(shop, 3, amount=5))
        await recall_send(world.door, SYSTEM, world.key(), recalled)
    await send(shop, await points(shop, 0, 3, amount=11, is_draft=True))
    await send(shop, await points(shop, 0, 3, amount=12, send_at=START + timedelta(days=4_000)))
    later = START + timedelta(days=5_000)
    await send(shop, await gift(shop, goods["seat"], addresses=to(world.members[3]), send_at=later))


def _person() -> Actor:
    return Actor(role=Role.ADMIN, principal_id=new_id())


async def entitled(book: ShopBook, goods: dict[str, UUID]) -> None:
    """Entitlements of two benefits: used up, used in part, passed by their day, ended with their line and tier."""
    shop, world = book.shop, book.shop.world
    drafts = (
        BenefitDraft(denomination_id=goods["seat"], quota=2, valid_days=5, is_transferable=True),
        BenefitDraft(
            denomination_id=goods["desk"],
            quota=3,
            valid_days=500,
            owner_kind=OwnerKind.PARTNER,
            tiers=("GOLD",),
            on_tier_loss=OnTierLoss.PERIOD_END,
            period=BenefitPeriod.YEAR,
        ),
    )
    for draft in drafts:
        await define_benefit(world.door, SYSTEM, world.key(), draft)
    fact = NewFact(
        subject_kind=SubjectKind.PARTNER,
        subject_id=world.partners[0],
        kind=FactKind.TIER,
        value={"value": "GOLD"},
        valid_from=START,
    )
    await world.door.operate(SYSTEM, lambda op: record_facts_in(op, [fact]))
    orders = [await shop.order(shop.rep(place), goods["seat"], goods["desk"]) for place in (0, 1)]
    spare = await shop.order(shop.rep(2), goods["seat"])
    await book.work()
    rows = await book.database.fetch("SELECT id, owner_kind, owner_id FROM entitlement ORDER BY id")
    assert len(rows) >= 5, "each benefit that was fulfilled entitles"
    for row, times in zip(rows, (2, 1, 1), strict=False):
        for _ in range(times):
            note = f"used by {row['owner_kind']}"
            await use_entitlement(world.door, SYSTEM, world.key(), row["id"], 1, note)
        await book.worker.wait(60)
    await check_tiers(world.door)
    await shop.refund(SYSTEM, spare)
    await shop.refund(SYSTEM, orders[1])
    await book.work()
    await book.worker.wait(86_400 * 6)
    await end_due(world.door)
