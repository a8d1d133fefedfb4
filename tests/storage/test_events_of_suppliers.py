"""A supplier's key hears of the lines that are ordered of it, live and by webhook, and nothing of others'."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest

from api.graph.ids import Tag, encode_id
from api.webhooks.fanning import ACTION
from catalog.redemptions.entitling import entitled_of_all
from catalog.redemptions.fulfilment_events import FULFILMENT_REFUSED, about_line
from catalog.redemptions.moving import lock_lines_in
from domain.access.granting import create_key_in
from domain.access.principals import SYSTEM, Actor, Role, Scope
from domain.kernel import outbox
from domain.kernel.ids import new_id
from domain.kernel.operation import Operation
from tests.faults.receiver import Receiver, receiving
from tests.shop import Shop, open_shop
from tests.storage.webhook_stage import Hooks, hooks_on

SUPPLIER_OF = "SELECT supplier_id FROM fulfilment_attempt WHERE line_id = $1"
SCOPES = (Scope.EVENTS_READ, Scope.EVENTS_WRITE)


@pytest.fixture
async def hooks(fresh_database: str) -> AsyncIterator[Hooks]:
    async with hooks_on(fresh_database) as staged:
        yield staged


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


async def supplied(hooks: Hooks) -> tuple[Shop, Actor, UUID, UUID]:
    """A shop with goods of a supplier whose key this is, and goods of another."""
    shop = await open_shop(hooks.world)
    await shop.give(0, 2_000)
    own, other = await shop.supplier(), await shop.supplier()
    await shop.execute("UPDATE supplier SET source_id = $2 WHERE id = $1", own, hooks.world.source_id)
    made = await hooks.world.door.operate(
        SYSTEM, lambda op: create_key_in(op, name="supplier", scopes=SCOPES, source_id=hooks.world.source_id)
    )
    key = Actor(principal_id=made.id, role=Role.INTEGRATION, source_id=hooks.world.source_id, scopes=frozenset(SCOPES))
    return shop, key, await shop.item(30, routes=[(own, None)]), await shop.item(500, routes=[(other, None)])


async def heard(hooks: Hooks, actor: Actor) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Name and payload of what the actor is told of all that happened in the shop."""
    await hooks.stamp()
    events = await outbox.read(hooks.world.database, 0, 1_000)
    told = await entitled_of_all(hooks.world.database, hooks.matrix, ACTION, actor, events)
    return [(event.name, event.payload) for event in told if event.aggregate_kind in ("redemption", "code")]


async def test_a_supplier_hears_of_its_own_lines_and_of_nothing_else(hooks: Hooks) -> None:
    shop, key, own, other = await supplied(hooks)
    redemption_id = await shop.order(shop.rep(), other, (own, 2))
    foreign, first, second = await shop.lines(redemption_id)
    await shop.order(shop.rep(), other)
    await shop.fulfil([foreign, first])
    await shop.fail([second], "FAILED")
    told = await heard(hooks, key)
    assert [(name, payload["lines"]) for name, payload in told] == [
        ("redemption.held", [str(first), str(second)]),
        ("redemption.ordered", [str(first), str(second)]),
        ("redemption.fulfilled", [str(first)]),
        ("redemption.failed", [str(second)]),
    ]
    held = told[0][1]
    assert (held["total"], len(held["items"])) == (60, 2), "what others deliver is not added up"
    assert told[3][1]["reasons"] == ["FAILED"]
    stranger = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=new_id(), scopes=frozenset(SCOPES))
    assert await heard(hooks, stranger) == []
    deaf = Actor(principal_id=new_id(), role=Role.INTEGRATION, source_id=hooks.world.source_id)
    assert await heard(hooks, deaf) == []
    whole = await heard(hooks, hooks.boss)
    assert [payload["total"] for name, payload in whole if name == "redemption.held"] == [560, 500]


async def test_a_supplier_hears_of_its_attempts_and_not_who_is_tried_next(hooks: Hooks) -> None:
    shop, key, own, other = await supplied(hooks)
    foreign, mine = [await shop.lines(await shop.order(shop.rep(), one)) for one in (other, own)]
    suppliers = {line: await shop.world.database.fetchval(SUPPLIER_OF, line) for line in (*foreign, *mine)}

    async def refuse(op: Operation) -> None:
        for line in (await lock_lines_in(op, suppliers)).values():
            told = {"line_id": str(line.id), "attempt_id": str(new_id()), "supplier_id": str(suppliers[line.id])}
            more = {"reason": "FAILED", "next_supplier_id": str(suppliers[foreign[0]])}
            op.tell(about_line(FULFILMENT_REFUSED, line.redemption_id, line, **told, **more))

    await hooks.world.door.operate(SYSTEM, refuse)
    told = [payload for name, payload in await heard(hooks, key) if name == FULFILMENT_REFUSED.name]
    assert [(one["line_id"], one["next_supplier_id"]) for one in told] == [(str(mine[0]), None)]


async def test_a_webhook_of_a_supplier_hears_the_same(hooks: Hooks, receiver: Receiver) -> None:
    shop, key, own, other = await supplied(hooks)
    await hooks.listening(receiver, "redemption.ordered", actor=key)
    redemption_id = await shop.order(shop.rep(), own, other)
    await shop.order(shop.rep(), other)
    await hooks.fan()
    await hooks.send()
    (message,) = [one.message for one in receiver.events]
    line_ids = await shop.lines(redemption_id)
    assert message["data"]["lines"] == [encode_id(Tag.REDEMPTION_LINE, line_ids[0])]
