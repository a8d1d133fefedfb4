"""Rewards that the vendor sends: who gets them, who pays, and why a line is not sent."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from catalog.sends.addressing import addresses_of_csv
from catalog.sends.composing import schedule_send, send_rewards
from catalog.sends.delivering import deliver_due
from catalog.sends.refusals import (
    BudgetOfAnotherUnit,
    SendNeedsApproval,
    SendNotInState,
)
from catalog.sends.sent import Address, Filter, SendPolicy
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel.ids import new_id
from domain.kernel.refusals import InvalidInput, KeyReused
from domain.kernel.sql import Database
from domain.partners.facts import NewFact, SubjectKind, record_facts_in
from tests.building import START
from tests.sends import NO_POLICY, budget, gift, later, lines, points, policy_of, send, state, to
from tests.shop import Shop, build_shop


@pytest.fixture
async def shop(fresh_database: str) -> AsyncIterator[Shop]:
    opened = await Database.open(fresh_database, connections_max=4)
    yield await build_shop(opened)
    await opened.close()


async def test_a_send_that_needs_no_claim_awards_at_once(shop: Shop) -> None:
    draft = await points(shop, 0, 1, needs_claim=False)
    send_id = await send(shop, draft)
    assert await lines(shop, send_id) == [("CLAIMED", None, 0)] * 2
    assert [await shop.world.worth(member) for member in shop.world.members[:2]] == [100, 100]
    assert await budget(shop, draft) == 800


async def test_a_send_that_is_partly_over_budget_is_judged_line_by_line(shop: Shop) -> None:
    for needs_claim in (True, False):
        draft = await points(shop, 0, 1, 2, budget=250, needs_claim=needs_claim)
        send_id = await send(shop, draft)
        reached = "SENT" if needs_claim else "CLAIMED"
        assert [line[:2] for line in await lines(shop, send_id)] == [
            (reached, None),
            (reached, None),
            ("FAILED", "OVER_BUDGET"),
        ]
        assert await budget(shop, draft) == 50
        assert await state(shop, send_id) == "SENT"


async def test_an_unknown_address_fails_its_line_and_no_other(shop: Shop) -> None:
    await shop.execute("UPDATE member SET email = 'Ada@Example.com' WHERE id = $1", shop.world.members[0])
    await shop.execute(
        "UPDATE member SET email = 'twins@example.com' WHERE id = ANY($1::uuid[])", shop.world.members[1:3]
    )
    draft = await points(shop)
    texts = ("ada@example.com", "nobody@example.com", "twins@example.com")
    addresses = tuple(Address(text=text, email=text) for text in texts)
    draft = replace(draft, addresses=(*addresses, *to(new_id(), shop.world.members[0])))
    assert [line[:2] for line in await lines(shop, await send(shop, draft))] == [
        ("SENT", None),
        ("FAILED", "ADDRESS_UNKNOWN"),
        ("FAILED", "ADDRESS_AMBIGUOUS"),
        ("FAILED", "ADDRESS_UNKNOWN"),
        ("FAILED", "REPEATED"),
    ]


async def test_a_channel_manager_sends_within_the_portfolio_only(shop: Shop) -> None:
    manager = Actor(principal_id=new_id(), role=Role.CHANNEL_MANAGER)
    await shop.execute(
        "INSERT INTO reach (id, principal_id, partner_id, relation) VALUES ($1, $2, $3, 'OPERATOR')",
        new_id(),
        manager.principal_id,
        shop.world.partners[0],
    )
    send_id = await send(shop, await points(shop, 0, 1), actor=manager)
    assert [line[:2] for line in await lines(shop, send_id)] == [("SENT", None), ("FAILED", "ADDRESS_UNKNOWN")]


async def test_an_employer_that_forbids_rewards_keeps_its_people_from_getting_any(shop: Shop) -> None:
    await policy_of(shop, 0, allowed=False)
    draft = await points(shop, 0, 1)
    send_id = await send(shop, draft)
    assert [line[:2] for line in await lines(shop, send_id)] == [("FAILED", "EMPLOYER_FORBIDS"), ("SENT", None)]
    assert await budget(shop, draft) == 900


async def test_a_gift_above_the_employers_ceiling_is_not_sent(shop: Shop) -> None:
    await policy_of(shop, 0, allowed=True, ceiling=999, currency="EUR")
    above = await gift(shop, await shop.item(fair_value=1_000), is_gift=True)
    assert [line[:2] for line in await lines(shop, await send(shop, above))] == [("FAILED", "EMPLOYER_CEILING")]
    assert await budget(shop, above) == 10_000
    within = await gift(shop, await shop.item(fair_value=999), is_gift=True)
    assert [line[:2] for line in await lines(shop, await send(shop, within))] == [("SENT", None)]
    await policy_of(shop, 0, allowed=True, ceiling=10**9, currency="USD")
    other = await gift(shop, await shop.item(fair_value=1), is_gift=True)
    assert [line[:2] for line in await lines(shop, await send(shop, other))] == [("FAILED", "EMPLOYER_CEILING")]


async def test_the_same_send_with_the_same_key_is_sent_once(shop: Shop) -> None:
    draft = await points(shop, 0)
    first = await send(shop, draft, key="one")
    assert await send(shop, draft, key="one") == first
    assert (await budget(shop, draft), len(await lines(shop, first))) == (900, 1)
    with pytest.raises(KeyReused):
        await send(shop, replace(draft, amount=50), key="one")


async def test_a_scheduled_send_leaves_in_its_time_by_the_worker(shop: Shop) -> None:
    draft = await points(shop, 0, is_draft=True)
    send_id = await send(shop, draft)
    now = await shop.world.database.fetchval("SELECT guerdon_now()")
    await schedule_send(shop.world.door, SYSTEM, shop.world.key(n=1), send_id, now + timedelta(hours=1), NO_POLICY)
    assert (await deliver_due(shop.world.door), await state(shop, send_id)) == (0, "SCHEDULED")
    assert await lines(shop, send_id) == [("PENDING", None, 0)]
    await later(shop, hours=1)
    assert (await deliver_due(shop.world.door), await state(shop, send_id)) == (1, "SENT")
    with pytest.raises(SendNotInState):
        await schedule_send(shop.world.door, SYSTEM, shop.world.key(n=1), send_id, None, NO_POLICY)


async def test_above_the_vendors_bound_somebody_else_schedules_what_its_author_drafted(shop: Shop) -> None:
    policy, author = SendPolicy(approval_above=199), Actor(principal_id=new_id(), role=Role.ADMIN)
    draft = await points(shop, 0, 1)
    with pytest.raises(SendNeedsApproval):
        await send(shop, draft, actor=author, policy=policy)
    send_id = await send(shop, replace(draft, is_draft=True), actor=author, policy=policy)
    with pytest.raises(SendNeedsApproval):
        await schedule_send(shop.world.door, author, shop.world.key(n=1), send_id, None, policy)
    await schedule_send(shop.world.door, SYSTEM, shop.world.key(n=1), send_id, None, policy)
    assert await state(shop, send_id) == "SENT"
    await send(shop, await points(shop, 0, amount=199), actor=author, policy=policy)


async def test_a_segment_a_tier_and_a_partner_are_ways_to_say_who(shop: Shop) -> None:
    world = shop.world
    facts = [
        NewFact(subject_kind=kind, subject_id=subject, kind=name, value={"value": value}, valid_from=START)
        for kind, subject, name, value in (
            (SubjectKind.MEMBER, world.members[0], "segment", "smb"),
            (SubjectKind.MEMBER, world.members[1], "segment", ["smb", "retail"]),
            (SubjectKind.PARTNER, world.partners[0], "tier", "GOLD"),
        )
    ]
    await world.door.operate(SYSTEM, lambda op: record_facts_in(op, facts))

    async def found(wanted: Filter) -> set[UUID]:
        draft = replace(await points(shop), filter=wanted)
        rows = await world.database.fetch(
            "SELECT member_id FROM send_recipient WHERE send_id = $1", await send(shop, draft)
        )
        return {row["member_id"] for row in rows}

    assert await found(Filter(segments=("smb",))) == set(world.members[:2])
    assert await found(Filter(segments=("retail",))) == {world.members[1]}
    assert await found(Filter(tiers=("GOLD",))) == {world.members[0], world.members[2]}
    assert await found(Filter(partner_ids=(world.partners[1],))) == {world.members[1], world.members[3]}
    assert await found(Filter(segments=("smb",), tiers=("GOLD",))) == {world.members[0]}
    with pytest.raises(InvalidInput):
        await found(Filter())


async def test_a_bundle_is_paid_by_a_budget_in_the_currency_of_its_items(shop: Shop) -> None:
    draft = await gift(shop, await shop.item())
    program_id = await shop.world.launch({"effect": {"kind": "FIXED", "amount": 1}})
    with pytest.raises(BudgetOfAnotherUnit):
        await send(shop, replace(draft, program_id=program_id))


async def test_a_send_is_bounded(shop: Shop) -> None:
    draft = await points(shop, 0)
    many = tuple(Address(text="x", external_id=str(n)) for n in range(1_001))
    for wrong in (
        replace(draft, addresses=many),
        replace(draft, addresses=()),
        replace(draft, filter=Filter(tiers=("GOLD",))),
        replace(draft, message={"en": "x" * 2_001}),
        replace(draft, message={"fr": "Bravo"}),
        replace(draft, amount=0),
        replace(draft, amount=None),
        replace(draft, claim_days=3_661),
        replace(draft, is_gift=True),
        replace(draft, addresses=(Address(text="x" * 255, email="x" * 255),)),
    ):
        with pytest.raises(InvalidInput):
            await send(shop, wrong)
    await send(shop, replace(draft, addresses=many[:1_000], message={"en": "x" * 2_000}, claim_days=3_660))


def test_a_csv_names_its_people_by_mail_or_by_external_id() -> None:
    assert [one.email for one in addresses_of_csv("\ufeffname,email\nAda,a@b.c\n,\nBob,b@c.d\n")] == ["a@b.c", "b@c.d"]
    assert [one.external_id for one in addresses_of_csv("external_id\nm-1\n")] == ["m-1"]
    for wrong in ("name\nAda\n", "", "email\n" + "a@b.c\n" * 1_001, "email\n" + "x" * 500_000):
        with pytest.raises(InvalidInput):
            addresses_of_csv(wrong)


async def test_statements_of_a_send_do_not_grow_with_its_lines(fresh_database: str, shop: Shop) -> None:
    counted: list[str] = []
    counting = await Database.open(fresh_database, connections_max=1, on_query=counted.append)
    draft, sizes = await points(shop, 0, budget=10**6), list[int]()
    for needs_claim in (True, False):
        for members in ((0, 1, 2, 3), (0,), (1, 2, 3)):
            addresses = to(*(shop.world.members[place] for place in members))
            counted.clear()
            wanted = replace(draft, addresses=addresses, needs_claim=needs_claim)
            await send_rewards(type(shop.world.door)(counting), SYSTEM, shop.world.key(n=1), wanted, NO_POLICY)
            sizes.append(len(counted))
    await counting.close()
    assert (sizes[1], sizes[4]) == (sizes[2], sizes[5])


async def test_a_program_that_was_never_funded_sends_nothing_and_holds_up_no_other_send(shop: Shop) -> None:
    now = await shop.world.database.fetchval("SELECT guerdon_now()")
    poor = await send(shop, await points(shop, 0, budget=0, send_at=now + timedelta(hours=1)))
    rich = await send(shop, await points(shop, 0, send_at=now + timedelta(hours=2)))
    await later(shop, hours=3)
    while await deliver_due(shop.world.door):
        pass
    assert (await lines(shop, poor), await state(shop, poor)) == ([("FAILED", "OVER_BUDGET", 0)], "SENT")
    assert (await lines(shop, rich), await state(shop, rich)) == ([("SENT", None, 100)], "SENT")


async def test_every_due_send_leaves_in_one_step_and_a_broken_one_holds_up_no_other(shop: Shop) -> None:
    now = await shop.world.database.fetchval("SELECT guerdon_now()")
    due = [await send(shop, await points(shop, 0, send_at=now + timedelta(hours=1 + n))) for n in range(3)]
    await later(shop, hours=4)
    # A content that cannot be: whoever delivers this one breaks.
    await shop.execute("ALTER TABLE reward_send ADD COLUMN broken boolean NOT NULL DEFAULT false")
    await shop.execute("UPDATE reward_send SET broken = true WHERE id = $1", due[0])
    await shop.execute(
        "CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF (SELECT broken FROM reward_send WHERE id = NEW.send_id) THEN RAISE 'broken'; END IF; RETURN NEW; END $$"
    )
    await shop.execute("CREATE TRIGGER breaks BEFORE UPDATE ON send_recipient FOR EACH ROW EXECUTE FUNCTION breaks()")
    assert await deliver_due(shop.world.door) == 2
    assert [await state(shop, each) for each in due] == ["SCHEDULED", "SENT", "SENT"]
    assert await deliver_due(shop.world.door) == 0
    await shop.execute("DROP TRIGGER breaks ON send_recipient")
    await later(shop, minutes=2)
    assert (await deliver_due(shop.world.door), await state(shop, due[0])) == (1, "SENT")


async def test_a_step_delivers_so_many_lines_and_sends(shop: Shop) -> None:
    now = await shop.world.database.fetchval("SELECT guerdon_now()")
    for n in range(4):
        await send(shop, await points(shop, 0, 1, send_at=now + timedelta(hours=1 + n)))
    await later(shop, hours=5)
    assert await deliver_due(shop.world.door, lines_max=3) == 3
    assert await deliver_due(shop.world.door, sends_max=1) == 1
    assert await deliver_due(shop.world.door, sends_max=1) == 2
    assert (await deliver_due(shop.world.door), await deliver_due(shop.world.door)) == (2, 0)
