"""Benefits: what a fulfilled line entitles to, how often it is used, and how it ends."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from catalog.auditing import questions
from catalog.sends.defining import define_benefit
from catalog.sends.entitlement import BenefitDraft, OnTierLoss, OwnerKind
from catalog.sends.entitling import check_tiers, end_due
from catalog.sends.following import follow_lines
from catalog.sends.refusals import EntitlementNotOpen, NotTransferable, OtherOrganisation, QuotaExceeded
from catalog.sends.using import transfer_entitlement, use_entitlement
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel import outbox
from domain.kernel.clock import advance_clock_in
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_id
from domain.kernel.refusals import InvalidInput, NotFound
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from domain.partners.facts import NewFact, SubjectKind, end_facts_in, record_facts_in
from tests.building import START
from tests.shop import Shop, build_shop


@pytest.fixture
async def shop(fresh_database: str) -> AsyncIterator[Shop]:
    opened = await Database.open(fresh_database, connections_max=4)
    yield await build_shop(opened)
    await opened.close()


async def benefit(shop: Shop, **more: Any) -> UUID:
    """A benefit that can be redeemed for 100 points."""
    denomination_id = await shop.item()
    await shop.execute(
        "UPDATE catalog_item SET kind = 'BENEFIT' WHERE id = (SELECT item_id FROM denomination WHERE id = $1)",
        denomination_id,
    )
    draft = BenefitDraft(denomination_id=denomination_id, **more)
    await define_benefit(shop.world.door, SYSTEM, shop.world.key(n=1), draft)
    return denomination_id


async def follow(shop: Shop) -> None:
    await outbox.stamp(shop.world.database, Failpoints())
    while await follow_lines(shop.world.door):
        pass


async def redeemed(shop: Shop, denomination_id: UUID) -> UUID:
    """The first member redeems it and it is fulfilled; answers the redemption."""
    await shop.give(0, 100)
    redemption_id = await shop.order(shop.rep(), denomination_id)
    await shop.fulfil(await shop.lines(redemption_id))
    await follow(shop)
    return redemption_id


async def entitled(shop: Shop, **more: Any) -> UUID:
    """The first member's entitlement to a benefit."""
    await redeemed(shop, await benefit(shop, **more))
    return await shop.world.database.fetchval("SELECT id FROM entitlement ORDER BY recorded_at DESC, id DESC LIMIT 1")


async def stands(shop: Shop, entitlement_id: UUID) -> tuple[str, int, str | None]:
    row = await shop.world.database.fetchrow(
        "SELECT state, used, reason FROM entitlement WHERE id = $1", entitlement_id
    )
    assert row is not None
    return (row["state"], row["used"], row["reason"])


async def use(shop: Shop, entitlement_id: UUID, quantity: int = 1, actor: Actor | None = None) -> Any:
    key = shop.world.key(n=1)
    return await use_entitlement(shop.world.door, actor or shop.rep(), key, entitlement_id, quantity, "at the fair")


async def later(shop: Shop, **span: int) -> None:
    await shop.world.door.operate(SYSTEM, lambda op: advance_clock_in(op.sql, timedelta(**span)))


async def tier(shop: Shop, code: str) -> UUID:
    fact = NewFact(
        subject_kind=SubjectKind.PARTNER,
        subject_id=shop.world.partners[0],
        kind="tier",
        value={"value": code},
        valid_from=START,
    )
    return (await shop.world.door.operate(SYSTEM, lambda op: record_facts_in(op, [fact])))[0]


async def lose(shop: Shop, fact_id: UUID) -> None:
    now = await shop.world.database.fetchval("SELECT guerdon_now()")
    await shop.world.door.operate(SYSTEM, lambda op: end_facts_in(op, {fact_id: now}))
    await check_tiers(shop.world.door, again_after=timedelta(0))


async def test_a_fulfilled_benefit_entitles_once_and_is_used_within_its_quota(shop: Shop) -> None:
    entitlement_id = await entitled(shop, quota=3)
    await follow(shop)
    assert await shop.world.database.fetchval("SELECT count(*) FROM entitlement") == 1
    assert await stands(shop, entitlement_id) == ("GRANTED", 0, None)
    assert (await use(shop, entitlement_id)).facts["left"] == 2
    assert await stands(shop, entitlement_id) == ("ACTIVE", 1, None)
    with pytest.raises(QuotaExceeded) as refused:
        await use(shop, entitlement_id, 3)
    assert refused.value.facts() == {"left": 2, "asked": 3}
    await use(shop, entitlement_id, 2)
    assert await stands(shop, entitlement_id) == ("CONSUMED", 3, None)
    with pytest.raises(EntitlementNotOpen):
        await use(shop, entitlement_id)
    assert (await audit(shop.world.database, {"C5"}, questions())).is_clean(strict=True)
    await shop.execute("UPDATE entitlement SET used = 2, state = 'CONSUMED', quota = 2 WHERE id = $1", entitlement_id)
    assert not (await audit(shop.world.database, {"C5"}, questions())).is_clean()


async def test_a_use_with_the_same_key_counts_once(shop: Shop) -> None:
    entitlement_id, key, rep = await entitled(shop, quota=3), shop.world.key(n=1), shop.rep()
    for _ in range(2):
        await use_entitlement(shop.world.door, rep, key, entitlement_id)
    assert await stands(shop, entitlement_id) == ("ACTIVE", 1, None)
    assert await shop.world.database.fetchval("SELECT count(*) FROM entitlement_use") == 1


async def test_an_entitlement_ends_with_its_time(shop: Shop) -> None:
    entitlement_id = await entitled(shop, quota=3, valid_days=30)
    await later(shop, days=29)
    assert await end_due(shop.world.door) == 0
    await later(shop, days=1)
    with pytest.raises(EntitlementNotOpen):
        await use(shop, entitlement_id)
    assert await end_due(shop.world.door) == 1
    assert await stands(shop, entitlement_id) == ("EXPIRED", 0, None)


async def test_a_lost_tier_revokes_at_once_where_the_benefit_says_now(shop: Shop) -> None:
    held = await tier(shop, "GOLD")
    entitlement_id = await entitled(shop, tiers=("GOLD", "PLATINUM"), on_tier_loss=OnTierLoss.NOW)
    await check_tiers(shop.world.door, again_after=timedelta(0))
    assert await end_due(shop.world.door) == 0
    await lose(shop, held)
    with pytest.raises(EntitlementNotOpen):
        await use(shop, entitlement_id)
    assert await end_due(shop.world.door) == 1
    assert await stands(shop, entitlement_id) == ("REVOKED", 0, "TIER_LOST")


async def test_a_lost_tier_revokes_at_the_end_of_the_period_unless_it_is_won_back(shop: Shop) -> None:
    held = await tier(shop, "GOLD")
    entitlement_id = await entitled(shop, quota=5, tiers=("GOLD",), on_tier_loss=OnTierLoss.PERIOD_END)
    await lose(shop, held)
    await use(shop, entitlement_id)
    assert await end_due(shop.world.door) == 0
    again = await tier(shop, "GOLD")
    await check_tiers(shop.world.door, again_after=timedelta(0))
    assert await shop.world.database.fetchval("SELECT revokes_at FROM entitlement") is None
    await lose(shop, again)
    await later(shop, days=92)
    assert await end_due(shop.world.door) == 1
    assert await stands(shop, entitlement_id) == ("REVOKED", 1, "TIER_LOST")


async def test_a_benefit_that_may_be_kept_survives_its_tier(shop: Shop) -> None:
    held = await tier(shop, "GOLD")
    entitlement_id = await entitled(shop, tiers=("GOLD",), on_tier_loss=OnTierLoss.KEEP)
    await lose(shop, held)
    await later(shop, days=400)
    assert await end_due(shop.world.door) == 0
    await use(shop, entitlement_id)


async def test_a_refunded_line_takes_its_entitlement_back(shop: Shop) -> None:
    redemption_id = await redeemed(shop, await benefit(shop, quota=2))
    entitlement_id = await shop.world.database.fetchval("SELECT id FROM entitlement")
    await use(shop, entitlement_id)
    await shop.refund(SYSTEM, redemption_id)
    await follow(shop)
    assert await stands(shop, entitlement_id) == ("REVOKED", 1, "LINE_REFUNDED")


async def test_an_entitlement_passes_to_somebody_of_the_same_organisation_only(shop: Shop) -> None:
    kept = await entitled(shop)

    async def passed(entitlement_id: UUID, place: int, actor: Actor | None = None) -> None:
        key = shop.world.key(n=1)
        await transfer_entitlement(shop.world.door, actor or shop.rep(), key, entitlement_id, shop.world.members[place])

    with pytest.raises(NotTransferable):
        await passed(kept, 2)
    entitlement_id = await entitled(shop, quota=2, is_transferable=True)
    with pytest.raises(OtherOrganisation):
        await passed(entitlement_id, 1)
    await passed(entitlement_id, 2)
    with pytest.raises(NotFound):
        await use(shop, entitlement_id)
    await use(shop, entitlement_id, 2, shop.rep(2))
    with pytest.raises(EntitlementNotOpen):
        await passed(entitlement_id, 0, shop.rep(2))


async def test_a_benefit_of_the_firm_is_used_by_its_administrator(shop: Shop) -> None:
    entitlement_id = await entitled(shop, owner_kind=OwnerKind.PARTNER)
    with pytest.raises(NotFound):
        await use(shop, entitlement_id)
    boss = Actor(
        principal_id=new_id(),
        role=Role.PARTNER_ADMIN,
        member_id=shop.world.members[2],
        partner_id=shop.world.partners[0],
    )
    stranger = Actor(principal_id=new_id(), role=Role.PARTNER_ADMIN, partner_id=shop.world.partners[1])
    with pytest.raises(NotFound):
        await use(shop, entitlement_id, actor=stranger)
    await use(shop, entitlement_id, actor=boss)


async def test_a_benefit_is_bounded_and_of_a_benefit_item(shop: Shop) -> None:
    denomination_id = await benefit(shop, quota=1_000_000, valid_days=3_660)
    for wrong in (
        BenefitDraft(denomination_id=denomination_id, quota=0),
        BenefitDraft(denomination_id=denomination_id, quota=1_000_001),
        BenefitDraft(denomination_id=denomination_id, valid_days=3_661),
        BenefitDraft(denomination_id=denomination_id, tiers=tuple(f"t{n}" for n in range(21))),
        BenefitDraft(denomination_id=await shop.item()),
    ):
        with pytest.raises(InvalidInput):
            await define_benefit(shop.world.door, SYSTEM, shop.world.key(n=1), wrong)
    entitlement_id = await entitled(shop)
    for quantity in (0, 1_000_001):
        with pytest.raises(InvalidInput):
            await use(shop, entitlement_id, quantity)
    with pytest.raises(InvalidInput):
        await use_entitlement(shop.world.door, shop.rep(), shop.world.key(n=1), entitlement_id, 1, "x" * 201)
