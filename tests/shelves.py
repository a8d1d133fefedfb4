"""A small shop for tests: suppliers, pools with counters, and items in one line each."""

import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from catalog.items.item import ItemKind, ItemState
from catalog.items.said import DenominationSaid, ItemSaid
from catalog.items.upserting import ItemResult, upsert_items
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel.ids import new_id
from domain.kernel.keys import Keyed
from domain.kernel.sql import Database
from domain.partners.facts import FactKind, NewFact, SubjectKind, record_facts_in
from domain.partners.registering import register_partners_in
from domain.partners.registration import PartnerRow, PartnerType
from tests.building import START, World, build_world, deal

SUPPLIER = """
INSERT INTO supplier (id, code, name, source_id, adapter, state, settings, is_test, rate_calls, rate_seconds,
                      recorded_at, version)
VALUES ($1, $2, $2, $3, $4, 'ACTIVE', '{}', $5, 10, 1, guerdon_now(), 1)
"""
POOL = """
INSERT INTO code_pool (id, supplier_id, code, name, data_key, imported, free, reserved, issued, void, low_stock_at,
                       recorded_at, version)
VALUES ($1, $2, $3, $3, '\\x00', $4, $4, 0, 0, 0, 0, guerdon_now(), 1)
"""
LINE = """
INSERT INTO redemption_line (id, redemption_id, n, item_id, denomination_id, member_id, price, state, delivery,
                             recorded_at, ended_at, fulfilled_at, version)
SELECT $1, $2, 1, item_id, id, $3, 0, $4::text, 'NONE', guerdon_now() - make_interval(days => $5::int),
       CASE WHEN $4::text = 'CANCELLED' THEN guerdon_now() END,
       CASE WHEN $4::text = 'FULFILLED' THEN guerdon_now() END, 1
FROM denomination WHERE id = $6
"""
REDEMPTION = """
INSERT INTO redemption (id, member_id, principal_id, origin, origin_id, unit, total, locale, recorded_at, version)
VALUES ($1, $2, $1, 'QUOTE', $1, 'POINTS', 0, 'en', guerdon_now(), 1)
"""


FIXED = {"effect": {"kind": "FIXED", "amount": 300}}


@dataclass(kw_only=True)
class Shelf:
    """The shop of a world; items go to `supplier_id` unless told otherwise."""

    world: World
    supplier_id: UUID
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def supplier(
        self, code: str, *, adapter: str = "BY_HAND", source_id: UUID | None = None, is_test: bool = False
    ) -> UUID:
        supplier_id = new_id()
        await self.world.database.fetch(SUPPLIER, supplier_id, code, source_id, adapter, is_test)
        return supplier_id

    async def pool(self, code: str, free: int, supplier_id: UUID | None = None) -> UUID:
        pool_id = new_id()
        await self.world.database.fetch(POOL, pool_id, supplier_id or self.supplier_id, code, free)
        return pool_id

    async def feed(
        self, *items: ItemSaid, actor: Actor = SYSTEM, supplier_id: UUID | None = None, key: str | None = None
    ) -> list[ItemResult]:
        keyed = self.world.key() if key is None else Keyed(key=key, request={"n": len(items)})
        return await upsert_items(self.world.door, actor, keyed, supplier_id or self.supplier_id, items)

    async def put(self, external_id: str, *, price: int = 100, stock: int | None = None, **said: Any) -> UUID:
        """A listed item with one denomination `d`; answers the denomination's id."""
        one = DenominationSaid(external_id="d", price_fixed=price, stock=stock)
        (result,) = await self.feed(an_item(external_id, **{"denominations": (one,), **said}))
        assert result.refusal is None, str(result.refusal)
        return await self.denomination(external_id)

    async def denomination(self, item: str, external_id: str | None = None) -> UUID:
        return await self.world.database.fetchval(
            "SELECT d.id FROM denomination d JOIN catalog_item i ON i.id = d.item_id WHERE i.external_id = $1"
            " AND ($2::text IS NULL OR d.external_id = $2) ORDER BY d.place LIMIT 1",
            item,
            external_id,
        )

    async def redeem(self, member_id: UUID, denomination_id: UUID, *, days_ago: int = 0, state: str = "HELD") -> None:
        """A line as redeeming leaves it, for limits to count."""
        redemption_id = new_id()
        await self.world.database.fetch(REDEMPTION, redemption_id, member_id)
        await self.world.database.fetch(LINE, new_id(), redemption_id, member_id, state, days_ago, denomination_id)


def an_item(external_id: str, **said: Any) -> ItemSaid:
    """A voucher with one denomination of 100 points, unless told otherwise."""
    usual: dict[str, Any] = {
        "kind": ItemKind.VOUCHER,
        "state": ItemState.LISTED,
        "name": {"en": f"Item {external_id}"},
        "denominations": (DenominationSaid(external_id="d", price_fixed=100),),
    }
    return ItemSaid(external_id=external_id, **usual | said)


async def build_shelf(world: World, *, code: str = "shop") -> Shelf:
    """A shop with one supplier that delivers by hand."""
    shelf = Shelf(world=world, supplier_id=new_id())
    shelf.supplier_id = await shelf.supplier(code)
    return shelf


async def build_peopled_world(opened: Database) -> World:
    """Member 0 is of a French VAR of the tier GOLD, of member 1 nothing is known; each has 300 points."""
    world = await build_world(opened)
    firm = PartnerRow(
        external_id="partner-0", name="P", types=(PartnerType.VAR,), country="FR", vertical="RETAIL", size="SMALL"
    )
    await world.door.operate(SYSTEM, lambda op: register_partners_in(op, world.source_id, [firm]))
    facts = [
        NewFact(
            subject_kind=SubjectKind.PARTNER,
            subject_id=world.partners[0],
            kind=kind,
            value={"value": value},
            valid_from=START,
        )
        for kind, value in ((FactKind.TIER, "GOLD"), ("segment", ["EARLY", "LOYAL"]))
    ]
    await world.door.operate(SYSTEM, lambda op: record_facts_in(op, facts))
    await world.launch(FIXED)
    await world.record(deal("d0", world.members[0]), deal("d1", world.members[1]))
    return world


def rep(world: World, number: int = 0) -> Actor:
    """The rep of this number, at the firm of this number."""
    return Actor(
        principal_id=new_id(), role=Role.MEMBER, member_id=world.members[number], partner_id=world.partners[number]
    )
