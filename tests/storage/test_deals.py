"""Of two who submit at one instant one has the customer; the database refuses what the code would have missed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.access.principals import Actor, Role
from domain.deals.moving import lock_deals_in
from domain.deals.registration import BATCH_MAX, DealSaid
from domain.deals.submitting import register_deals
from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput
from domain.kernel.sql import Database, UniqueViolation, violated_constraint
from domain.partners.customers.customer import CustomerSaid
from domain.partners.customers.holding import NewHold, hold_customers_in
from tests.building import World, build_world


@pytest.fixture(scope="module")
async def world(database: str) -> AsyncIterator[World]:
    opened = await Database.open(database, connections_max=6)
    yield await build_world(opened)
    await opened.close()


def rep(world: World, n: int) -> Actor:
    return Actor(
        principal_id=new_id(),
        role=Role.MEMBER,
        member_id=world.members[n],
        partner_id=world.partners[n % 2],
    )


def deal(name: str, *products: str, domain: str | None = None) -> DealSaid:
    return DealSaid(title=name, customer=CustomerSaid(name=name, domain=domain), products=products)


async def states(world: World, facts: Any) -> list[str]:
    ids = [item["deal_id"] for item in facts["items"]]
    rows = await world.database.fetch("SELECT id, state FROM deal WHERE id = ANY($1::uuid[])", ids)
    by_id = {str(row["id"]): row["state"] for row in rows}
    return [by_id[one] for one in ids]


async def test_two_connections_that_submit_at_once_leave_one_with_the_customer(world: World) -> None:
    # The customers are new to everybody, named in opposite orders, spelled differently, and like no other.
    for names in (
        ("Zephyr", "Quokka", "Mistral", "Bramble"),
        ("Octave", "Juniper", "Walnut", "Fjord"),
        ("Gazelle", "Hickory", "Pumice", "Lilac"),
    ):
        batches = (
            [deal(f"{name} GmbH", "CRM") for name in names],
            [deal(name.upper(), *(() if n % 2 else ("CRM", "ERP"))) for n, name in enumerate(reversed(names))],
        )
        done = await asyncio.gather(
            *(register_deals(world.door, rep(world, n), world.key(), batch) for n, batch in enumerate(batches))
        )
        first, second = [await states(world, outcome.facts) for outcome in done]
        pairs = sorted(zip(first, reversed(second), strict=True))
        assert {tuple(sorted(pair)) for pair in pairs} == {("REJECTED", "SUBMITTED")}
    doubled = await world.database.fetchval(
        "SELECT count(*) FROM (SELECT customer_id FROM customer_hold WHERE ended_at IS NULL"
        " GROUP BY customer_id HAVING count(*) > 1) AS doubled"
    )
    assert doubled == 0


async def test_the_database_refuses_a_second_hold_for_a_product(world: World) -> None:
    done = await register_deals(world.door, rep(world, 0), world.key(), [deal("Held twice", "CRM")])
    (item,) = done.facts["items"]
    row = await world.database.fetchrow("SELECT id, customer_id FROM deal WHERE id = $1", item["deal_id"])
    assert row is not None
    for products, refused in ((("ERP",), False), (("CRM", "HR"), True), ((), True)):

        async def hold(op: Operation, products: tuple[str, ...] = products) -> None:
            taken = NewHold(
                customer_id=row["customer_id"],
                reference_id=new_id(),
                partner_id=world.partners[1],
                member_id=None,
                products=products,
            )
            await hold_customers_in(op, [taken])

        if not refused:
            await world.door.operate(world.actor, hold)
            continue
        with pytest.raises(UniqueViolation) as trouble:
            await world.door.operate(world.actor, hold)
        assert violated_constraint(trouble.value) == "customer_hold_is_one_per_scope"


async def test_a_batch_has_a_hundred_deals_and_not_one_more(world: World) -> None:
    many = [deal(f"Batch {n}", domain=f"batch{n}.example") for n in range(BATCH_MAX)]
    done = await register_deals(world.door, rep(world, 0), world.key(), many)
    assert await states(world, done.facts) == ["SUBMITTED"] * BATCH_MAX
    for wrong in ([], [*many, deal("One more")]):
        with pytest.raises(InvalidInput):
            await register_deals(world.door, rep(world, 0), world.key(), wrong)


async def test_an_edge_that_is_not_drawn_is_refused_by_the_database(world: World) -> None:
    done = await register_deals(world.door, rep(world, 0), world.key(), [deal("Undrawn")], submit=False)
    (item,) = done.facts["items"]

    async def jump(op: Operation) -> None:
        await lock_deals_in(op, [item["deal_id"]])
        await op.sql.execute("UPDATE deal SET state = 'CANCELLED' WHERE id = $1", item["deal_id"])
        await op.sql.execute("UPDATE deal SET state = 'SUBMITTED' WHERE id = $1", item["deal_id"])

    with pytest.raises(Exception, match="CANCELLED does not lead to SUBMITTED"):
        await world.door.operate(world.actor, jump)
