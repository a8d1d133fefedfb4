"""Redemptions are read as far as they are for the viewer: pages, filters, lines, and statements that do not grow."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from catalog.redemptions.machine import Action, Delivery, LineState, OrderState
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.reading import (
    LINES_MAX,
    RedemptionFilter,
    RedemptionLineRecord,
    RedemptionSort,
    attempts_of_lines,
    lines_by_id,
    lines_of_redemptions,
    redemptions,
    redemptions_by_id,
    redemptions_of_members,
)
from domain.access.principals import Actor, Relation, Role, Scope
from domain.kernel.ids import new_id
from domain.kernel.sql import Database
from tests.shop import Shop, build_shop

ADMIN = Actor(principal_id=new_id(), role=Role.ADMIN)


@pytest.fixture(scope="module")
def heard() -> list[str]:
    return []


@pytest.fixture
async def shop(database: str, heard: list[str]) -> AsyncIterator[Shop]:
    opened = await Database.open(database, on_query=heard.append)
    built = await build_shop(opened)
    for place in range(3):
        await built.give(place, 1_000)
    yield built
    await opened.close()


async def test_a_redemption_is_seen_by_its_member_her_partners_admin_and_the_vendor(shop: Shop) -> None:
    redemption_id = await shop.order(shop.rep(), (await shop.item(10), 2))
    admin_of = replace(shop.rep(2), role=Role.PARTNER_ADMIN)
    key = Actor(
        principal_id=new_id(),
        role=Role.INTEGRATION,
        source_id=shop.world.source_id,
        scopes=frozenset({Scope.FULFILMENT_READ}),
    )
    viewers = [
        (shop.rep(), Relation.OWN),
        (admin_of, Relation.PARTNER),
        (ADMIN, Relation.OPERATOR),
        (Actor(principal_id=new_id(), role=Role.SUPPORT), Relation.OPERATOR),
        (key, Relation.OPERATOR),
        (replace(key, source_id=new_id()), None),
        (shop.rep(1), None),
        (shop.rep(2), None),
        (Actor(principal_id=new_id(), role=Role.CHANNEL_MANAGER), None),
        (Actor(principal_id=new_id(), role=Role.CATALOG), None),
    ]
    pairs = [(actor, redemption_id) for actor, _ in viewers]
    found = await redemptions_by_id(shop.world.database, pairs)
    assert [found[pair].relation if pair in found else None for pair in pairs] == [seen for _, seen in viewers]
    lines = await lines_of_redemptions(shop.world.database, pairs)
    assert [len(lines[pair]) for pair in pairs if pair in lines] == [2] * 5
    (line_id, _) = await shop.lines(redemption_id)
    attempts = await attempts_of_lines(shop.world.database, [(actor, line_id) for actor, _ in viewers])
    assert {actor.role for actor, _ in attempts} == {Role.ADMIN, Role.SUPPORT, Role.INTEGRATION}


async def test_a_line_shows_four_characters_of_its_code_and_what_can_be_done(shop: Shop) -> None:
    redemption_id = await shop.order(shop.rep(), await shop.item(10))
    (line_id,) = await shop.lines(redemption_id)
    pairs = [(shop.rep(), line_id), (Actor(principal_id=new_id(), role=Role.FINANCE), line_id)]
    before = await lines_by_id(shop.world.database, pairs)
    assert [(one.masked_code, one.available_actions) for one in before.values()] == [(None, ()), (None, ())]
    await shop.fulfil([line_id])
    own, finance = (await lines_by_id(shop.world.database, pairs)).values()
    assert (own.masked_code, own.state, own.delivery) == ("•••• 1234", LineState.FULFILLED, Delivery.SENT)
    assert own.available_actions == (Action.REVEAL, Action.REPORT_PROBLEM)
    assert finance.available_actions == (Action.REFUND,)
    await shop.refund(ADMIN, redemption_id)
    (own, _) = (await lines_by_id(shop.world.database, pairs)).values()
    assert (own.masked_code, own.available_actions) == (None, ())


async def test_an_order_shows_its_first_600_lines(shop: Shop) -> None:
    redemption_id = await shop.order(shop.rep(), await shop.item(10))
    await shop.execute(
        "INSERT INTO redemption_line (id, redemption_id, n, item_id, denomination_id, member_id, price, state,"
        " delivery, recorded_at, version) SELECT gen_random_uuid(), redemption_id, 1 + more, item_id, denomination_id,"
        " member_id, 0, 'HELD', 'NONE', recorded_at, 1 FROM redemption_line CROSS JOIN generate_series(1, $2) AS more"
        " WHERE redemption_id = $1",
        redemption_id,
        LINES_MAX,
    )
    pair = (ADMIN, redemption_id)
    found = (await lines_of_redemptions(shop.world.database, [pair]))[pair]
    assert [line.n for line in found] == list(range(1, LINES_MAX + 1))


async def test_pages_of_a_member_and_of_operators_follow_on_without_a_gap(shop: Shop) -> None:
    card = await shop.item(1)
    ids = [await shop.order(shop.rep(place), card) for place in (0, 1, 0, 0, 1)]
    own = [ids[0], ids[2], ids[3]]
    seen, after = list[UUID](), None
    pair = (shop.rep(), shop.world.members[0])
    while page := (await redemptions_of_members(shop.world.database, [pair], limit=2, after=after)).get(pair):
        seen += [one.id for one in page]
        after = (page[-1].recorded_at, page[-1].id)
    assert seen == own[::-1]
    for sort, expected in ((RedemptionSort.NEWEST, ids[::-1]), (RedemptionSort.OLDEST, ids)):
        walked, last = list[UUID](), None
        wanted = RedemptionFilter(item_id=(await lines_of(shop, ids[0]))[0].item_id)
        while some := await redemptions(shop.world.database, ADMIN, wanted, sort=sort, limit=2, after=last):
            walked += [one.id for one in some]
            last = (some[-1].recorded_at, some[-1].id)
        assert walked == expected


async def lines_of(shop: Shop, redemption_id: UUID) -> Sequence[RedemptionLineRecord]:
    return (await lines_of_redemptions(shop.world.database, [(ADMIN, redemption_id)]))[ADMIN, redemption_id]


async def test_operators_filter_by_state_person_firm_item_and_time(shop: Shop) -> None:
    special, plain = await shop.item(1, needs_approval=True), await shop.item(1)
    waiting = await shop.order(shop.rep(), special, plain)
    shop.policy = ShopPolicy(fraud_hold_minutes=5)
    held = await shop.order(shop.rep(1), plain)
    at = (await redemptions_by_id(shop.world.database, [(ADMIN, held)]))[ADMIN, held].recorded_at
    member, partner = shop.world.members, shop.world.partners
    mine = RedemptionFilter(item_id=(await lines_of(shop, held))[0].item_id)
    for wanted, expected in (
        (mine, {waiting, held}),
        (replace(mine, state=OrderState.PENDING_APPROVAL), {waiting}),
        (replace(mine, state=OrderState.HELD), {held}),
        (replace(mine, line_state=LineState.ORDERED), {waiting}),
        (replace(mine, member_id=member[1]), {held}),
        (replace(mine, partner_id=partner[0]), {waiting}),
        (replace(mine, recorded_from=at), {held}),
        (replace(mine, recorded_until=at), {waiting}),
        (replace(mine, recorded_from=at + timedelta(seconds=1)), set[UUID]()),
    ):
        found = await redemptions(shop.world.database, ADMIN, wanted, limit=50)
        assert {one.id for one in found} == expected
    assert await redemptions(shop.world.database, shop.rep(2), mine, limit=50) == []
    partner_admin = replace(shop.rep(2), role=Role.PARTNER_ADMIN)
    assert [one.id for one in await redemptions(shop.world.database, partner_admin, mine, limit=50)] == [waiting]


async def test_a_page_is_one_statement_and_all_of_its_lines_another(shop: Shop, heard: list[str]) -> None:
    card, counts = await shop.item(1), list[int]()
    for number in (1, 8):
        ids = [await shop.order(shop.rep(), (card, 2)) for _ in range(number)]
        pairs = [(ADMIN, one) for one in ids]
        heard.clear()
        await redemptions_by_id(shop.world.database, pairs)
        await lines_of_redemptions(shop.world.database, pairs)
        await attempts_of_lines(shop.world.database, [(ADMIN, new_id()), *pairs])
        counts.append(len([text for text in heard if "viewer" in text]))
    assert counts[0] >= counts[1]
    assert counts[1] == 3
