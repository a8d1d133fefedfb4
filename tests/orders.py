"""A shop for tests of fulfilment: suppliers, a pool with codes, denominations with routes, and orders in one line each.

Rows of items and redemptions are written as they stand after redeeming, so that these tests speak of what comes then.
"""

import itertools
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from catalog.codes.events import CODES_IMPORTED
from catalog.codes.opening import make_pool_in
from catalog.codes.records import code_context, compared, last_four, pool_context, written
from catalog.codes.taking import reserve_in
from catalog.items.events import ITEM_CHANGED
from catalog.redemptions.events import REDEMPTION_HELD
from catalog.redemptions.fulfilling import Bounds, Fulfiller
from catalog.redemptions.issuing import issue_due
from catalog.redemptions.moving import lock_lines_in, order_in
from catalog.suppliers.events import SUPPLIER_DEFINED
from catalog.suppliers.outcomes import Adapter, Goods, Recipient
from catalog.suppliers.reading import SupplierRecord
from catalog.suppliers.recipients import sealed_recipient
from catalog.suppliers.scripted import Scripted
from domain.access.principals import Actor, Role
from domain.kernel.events import Event
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Operation
from domain.kernel.sealing import KEY_BYTES, Keyring, seal_with
from domain.ledger.holding import Reference, hold_each_in
from domain.ledger.wallets import Owner, OwnerKind
from tests.building import World, deal
from tests.shop import at

PRICE = 10
KEYRING = Keyring(current="k1", keys={"k1": b"k" * KEY_BYTES}, index_key=b"i" * KEY_BYTES)

# What a process of its own is told, so that it opens what these tests seal.
KEYS_ENVIRONMENT: Mapping[str, str] = {
    "GUERDON_KEYS": f"k1:{b64encode(KEYRING.keys['k1']).decode()}",
    "GUERDON_INDEX_KEY": b64encode(KEYRING.index_key).decode(),
}

SUPPLIER = """
INSERT INTO supplier (id, code, name, source_id, adapter, state, settings, is_test, rate_calls, rate_seconds,
    recorded_at, version)
VALUES ($1, $2, $2, $3, $4, 'ACTIVE', '{}', true, $5, $6, guerdon_now(), 1)
"""
ITEM = """
INSERT INTO catalog_item (id, supplier_id, external_id, kind, state, name, description, instructions, categories,
    images, countries, tiers, segments, partner_types, unit, needs_address, needs_approval, is_test, search,
    content_digest, recorded_at, updated_at, version)
VALUES ($1, $2, $1::uuid::text, 'VOUCHER', 'LISTED', '{"en": "A voucher"}', '{}', '{}', '[]', '[]', '[]', '[]', '[]',
    '[]', 'POINTS', false, false, false, '', '', guerdon_now(), guerdon_now(), 1)
"""
DENOMINATION = """
INSERT INTO denomination (id, item_id, external_id, name, face_value, currency, price_fixed, fair_value, stock, place,
    is_offered, version)
VALUES ($1, $2, 'one', '{}', 2500, 'EUR', $3, 2500, $4, 1, true, 1)
"""
ROUTE = """
INSERT INTO fulfilment_route (id, denomination_id, priority, supplier_id, sku, pool_id) VALUES ($1, $2, $3, $4, $5, $6)
"""
REDEMPTION = """
INSERT INTO redemption (id, member_id, partner_id, principal_id, origin, origin_id, unit, total, country, locale,
    recorded_at, version)
VALUES ($1, $2, $3, $4, 'QUOTE', $1, 'POINTS', $5, 'FR', 'fr', $6, 1)
"""
LINES = """
INSERT INTO redemption_line (id, redemption_id, n, item_id, denomination_id, member_id, price, face_value, currency,
    fair_value, hold_id, state, delivery, held_until, recorded_at, version)
SELECT line_id, $1, n, $2, $3, $4, $5, 2500, 'EUR', 2500, hold_id, 'HELD', 'NONE', $8, $9, 1
FROM unnest($6::uuid[], $7::uuid[]) WITH ORDINALITY AS told (line_id, hold_id, n)
"""
BATCH = """
INSERT INTO code_batch (id, pool_id, external_id, state, imported, rejected, recorded_at)
VALUES ($1, $2, $3, 'ACTIVE', $4, 0, guerdon_now())
"""
CODES = """
INSERT INTO voucher_code (id, pool_id, batch_id, state, sealed, blind_index, last_four, recorded_at)
SELECT id, $1, $2, 'FREE', sealed, blind, shown, guerdon_now()
FROM unnest($3::uuid[], $4::bytea[], $5::bytea[], $6::text[]) AS told (id, sealed, blind, shown)
"""
COUNTED = "UPDATE code_pool SET imported = imported + $2, free = free + $2, version = version + 1 WHERE id = $1"


@dataclass(frozen=True, kw_only=True)
class Way:
    """One route: who delivers, under which SKU, from which pool."""

    supplier_id: UUID
    sku: str = "deliver"
    pool_id: UUID | None = None


@dataclass(kw_only=True)
class Shop:
    """What stands on top of a world; `adapters` says who answers for a supplier (else: the scripted one)."""

    world: World
    adapters: dict[UUID, Adapter] = field(default_factory=dict[UUID, Adapter])
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def door(self) -> Any:
        return self.world.door

    def adapter_for(self, supplier: SupplierRecord) -> Adapter:
        return self.adapters.get(supplier.id) or Scripted()

    async def rich(self, member_id: UUID, points: int = 1_000) -> None:
        """The member has so many points more."""
        number = next(self.numbers)
        await self.world.launch({"effect": {"kind": "FIXED", "amount": points}}, code=f"rich-{number}")
        await self.world.record(deal(f"rich-{number}", member_id))

    async def supplier(
        self, adapter: str = "SCRIPTED", *, source_id: UUID | None = None, calls: int = 1_000, seconds: int = 1
    ) -> UUID:
        supplier_id = new_id()
        code = f"supplier-{next(self.numbers)}"
        told = SUPPLIER_DEFINED.about(supplier_id, code=code, adapter=adapter, credentials_changed=False)
        await self.written(told, (SUPPLIER, supplier_id, code, source_id, adapter, calls, seconds))
        return supplier_id

    async def written(self, event: Event, *statements: tuple[Any, ...]) -> None:
        """The statements in one operation and at its instant, with the event that tells of their rows."""

        async def work(op: Operation) -> None:
            for statement, *arguments in statements:
                await op.sql.execute(at(statement, op), *arguments)
            op.tell(event)

        await self.door.operate(self.world.actor, work)

    async def pool(self, supplier_id: UUID, codes: Sequence[str] = ()) -> UUID:
        """A pool of the supplier with these codes."""
        name = f"pool-{next(self.numbers)}"
        pool_id: UUID = await self.door.operate(
            self.world.actor, lambda op: make_pool_in(op, KEYRING, supplier_id, name, name, 0)
        )
        await self.add_codes(pool_id, codes)
        return pool_id

    async def add_codes(self, pool_id: UUID, codes: Sequence[str]) -> UUID:
        """A batch of these codes is FREE in the pool; answers the batch."""
        sealed_key = await self.world.database.fetchval("SELECT data_key FROM code_pool WHERE id = $1", pool_id)
        data_key = KEYRING.open(sealed_key, pool_context(pool_id))
        batch_id, ids = new_id(), new_ids(len(codes))
        goods = [Goods(code=code, pin="1234") for code in codes]

        async def work(op: Operation) -> None:
            await op.sql.execute(BATCH, batch_id, pool_id, str(batch_id), len(codes))
            await op.sql.execute(
                at(CODES, op),
                pool_id,
                batch_id,
                ids,
                [
                    seal_with(data_key, written(one), code_context(pool_id, id))
                    for id, one in zip(ids, goods, strict=True)
                ],
                [KEYRING.blind(compared(one)) for one in goods],
                [last_four(one) for one in goods],
            )
            await op.sql.execute(COUNTED, pool_id, len(codes))
            counts: dict[str, Any] = {"imported": len(codes), "duplicates": 0, "rejected": 0, "free": len(codes)}
            op.tell(CODES_IMPORTED.about(pool_id, batch_id=str(batch_id), **counts))

        await self.door.operate(self.world.actor, work)
        return batch_id

    async def denomination(self, *ways: Way, stock: int | None = None, price: int = PRICE) -> tuple[UUID, UUID]:
        """An item with one denomination that these routes deliver, in this order; answers (item, denomination)."""
        item_id, denomination_id = new_ids(2)
        await self.written(
            ITEM_CHANGED.about(item_id, version=1, supplier_id=str(ways[0].supplier_id), state="LISTED"),
            (ITEM, item_id, ways[0].supplier_id),
            (DENOMINATION, denomination_id, item_id, price, stock),
            *(
                (ROUTE, new_id(), denomination_id, priority, way.supplier_id, way.sku, way.pool_id)
                for priority, way in enumerate(ways, 1)
            ),
        )
        return item_id, denomination_id

    async def order(
        self,
        member_id: UUID,
        goods: tuple[UUID, UUID],
        *,
        quantity: int = 1,
        price: int = PRICE,
        pool_id: UUID | None = None,
        recipient: Recipient | None = None,
        held_for: float | None = None,
        ordered: bool = True,
    ) -> list[UUID]:
        """The member redeemed so many units; the lines are ORDERED, or HELD for so many seconds. Answers their ids."""
        redemption_id, line_ids = new_id(), new_ids(quantity)
        owner = Owner(kind=OwnerKind.MEMBER, id=member_id, unit="POINTS")
        partner_id = await self.world.database.fetchval("SELECT partner_id FROM member WHERE id = $1", member_id)

        async def work(op: Operation) -> None:
            until = (
                None
                if held_for is None
                else await op.sql.fetchval("SELECT guerdon_now() + make_interval(secs => $1)", held_for)
            )
            await op.sql.execute(
                REDEMPTION, redemption_id, member_id, partner_id, op.actor.principal_id, price * quantity, op.now
            )
            parts = [(Reference(kind="line", id=line_id), price) for line_id in line_ids]
            holds = await hold_each_in(op, owner, parts)
            await op.sql.execute(
                LINES, redemption_id, goods[0], goods[1], member_id, price, line_ids, holds, until, op.now
            )
            op.tell(
                REDEMPTION_HELD.about(
                    redemption_id,
                    member_id=member_id,
                    partner_id=partner_id,
                    lines=[str(line_id) for line_id in line_ids],
                    version=1,
                    unit="POINTS",
                    total=price * quantity,
                    origin="QUOTE",
                    origin_id=str(redemption_id),
                    items=[str(goods[0])] * quantity,
                )
            )
            if recipient is not None:
                sealed = sealed_recipient(KEYRING, redemption_id, recipient)
                await op.sql.execute("INSERT INTO shipment VALUES ($1, $2, guerdon_now())", redemption_id, sealed)
            if pool_id is not None:
                await reserve_in(op, dict.fromkeys(line_ids, pool_id))
            if ordered and held_for is None:
                await order_in(op, list((await lock_lines_in(op, line_ids)).values()))

        await self.door.operate(self.world.actor, work)
        return line_ids

    async def fulfil(self, bounds: Bounds | None = None) -> None:
        """Everything that is due now, also what follows from it at once, is done."""
        fulfiller = Fulfiller(self.door, KEYRING, self.adapter_for, bounds)
        while await issue_due(self.door, KEYRING) + await fulfiller.step():
            await fulfiller.settle()

    async def wait(self, seconds: float) -> None:
        """The clock moved on."""
        await self.world.database.fetch("UPDATE clock_shift SET seconds = seconds + $1", int(seconds))

    async def lines(self, line_ids: Sequence[UUID]) -> list[Mapping[str, Any]]:
        rows = await self.world.database.fetch(
            "SELECT * FROM redemption_line WHERE id = ANY($1::uuid[]) ORDER BY redemption_id, n", list(line_ids)
        )
        return [dict(row) for row in rows]

    async def attempts(self, line_id: UUID) -> list[Mapping[str, Any]]:
        rows = await self.world.database.fetch(
            "SELECT * FROM fulfilment_attempt WHERE line_id = $1 ORDER BY n", line_id
        )
        return [dict(row) for row in rows]

    def owner(self, member_id: UUID) -> Actor:
        """The member's own session."""
        return Actor(principal_id=member_id, role=Role.MEMBER, member_id=member_id)


def finance() -> Actor:
    """Somebody of the vendor's finance."""
    return Actor(principal_id=new_id(), role=Role.FINANCE)


def support() -> Actor:
    """Somebody of the vendor's support."""
    return Actor(principal_id=new_id(), role=Role.SUPPORT)
