"""A small shop for tests: a supplier, pools with codes, items in one line each, members with points, orders."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from catalog.codes.events import CODE_POOL_CREATED, CODES_IMPORTED
from catalog.codes.taking import issue_in
from catalog.items.events import ITEM_CHANGED
from catalog.redemptions import quoting, redeeming
from catalog.redemptions.approving import approve
from catalog.redemptions.ending import cancel_lines, refund_lines
from catalog.redemptions.line import Failure, Fulfilment
from catalog.redemptions.moving import fail_in, fulfil_in, lock_lines_in
from catalog.redemptions.policy import ShopPolicy
from catalog.redemptions.quote import QuoteRecord, Wanted
from catalog.redemptions.redeeming import Redeeming
from catalog.suppliers.events import SUPPLIER_DEFINED
from catalog.suppliers.outcomes import Recipient
from domain.access.principals import SYSTEM, Actor, Role
from domain.kernel.events import Event
from domain.kernel.ids import new_id, new_ids
from domain.kernel.operation import Operation, Outcome
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Database
from tests.building import World, build_world

KEYRING = Keyring(current="k1", keys={"k1": b"k" * 32}, index_key=b"i" * 32)
EVERYWHERE: Mapping[str, Any] = {"effect": {"kind": "FIXED", "amount": 10}}
ADDRESS = Recipient(name="Ada", lines=("1 Rue de la Paix",), city="Paris", postcode="75002", country="FR")

SUPPLIER = """
INSERT INTO supplier (id, code, name, adapter, state, settings, is_test, rate_calls, rate_seconds, recorded_at, version)
VALUES ($1, $2, 'A supplier', $3, 'ACTIVE', '{}', false, 10, 1, guerdon_now(), 1)
"""
POOL = """
INSERT INTO code_pool (id, supplier_id, code, name, data_key, imported, free, reserved, issued, void, low_stock_at,
                       recorded_at, version)
VALUES ($1, $2, $3, 'A pool', '\\x00', 0, 0, 0, 0, 0, 0, guerdon_now(), 1)
"""
BATCH = """
INSERT INTO code_batch (id, pool_id, external_id, state, imported, rejected, recorded_at)
VALUES ($1, $2, $3, 'ACTIVE', $4, 0, guerdon_now())
"""
CODES = """
INSERT INTO voucher_code (id, pool_id, batch_id, state, sealed, blind_index, last_four, recorded_at)
SELECT id, $2, $3, 'FREE', '\\x00', uuid_send(id), '1234', guerdon_now() FROM unnest($1::uuid[]) AS added (id)
"""
ITEM = """
INSERT INTO catalog_item (id, supplier_id, external_id, kind, state, name, description, instructions, categories,
                          images, countries, tiers, segments, partner_types, unit, needs_address, needs_approval,
                          is_test, member_limit, search, content_digest, recorded_at, updated_at, version)
VALUES ($1, $2, $3, 'GIFT_CARD', 'LISTED', '{"en": "A card"}', '{}', '{}', '[]', '[]', $4, '[]', '[]', '[]', $5, $6,
        $7, false, $8, 'a card', '\\x00', guerdon_now(), guerdon_now(), 1)
"""
DENOMINATION = """
INSERT INTO denomination (id, item_id, external_id, name, face_value, currency, price_fixed, fair_value, stock, place,
                          is_offered, version)
VALUES ($1, $2, 'd', '{"en": "10"}', 1000, 'EUR', $3, $4, $5, 1, true, 1)
"""
ROUTE = """
INSERT INTO fulfilment_route (id, denomination_id, priority, supplier_id, sku, pool_id) VALUES ($1, $2, $3, $4, $5, $6)
"""
LINES = "SELECT id FROM redemption_line WHERE redemption_id = $1 ORDER BY n"
ATTEMPTS = """
UPDATE fulfilment_attempt SET state = $2, ended_at = $3
WHERE line_id = ANY($1::uuid[]) AND state IN ('INTENT', 'SENT')
"""


def at(statement: str, op: Operation) -> str:
    """The statement at the operation's instant: what a call brings in is told by it."""
    return statement.replace("guerdon_now()", f"'{op.now.isoformat()}'::timestamptz")


@dataclass(kw_only=True)
class Shop:
    """A world with a shop; `policy` and `keyring` are what its operations are given."""

    world: World
    supplier_id: UUID
    program_id: UUID
    policy: ShopPolicy = field(default_factory=ShopPolicy)
    keyring: Keyring = KEYRING

    async def execute(self, statement: str, *arguments: Any) -> None:
        async with self.world.database.transaction() as connection:
            await connection.execute(statement, *arguments)

    async def written(self, event: Event, *statements: tuple[Any, ...]) -> None:
        """The statements in one operation and at its instant, with the event that tells of their rows."""

        async def work(op: Operation) -> None:
            for statement, *arguments in statements:
                await op.sql.execute(at(statement, op), *arguments)
            op.tell(event)

        await self.world.door.operate(SYSTEM, work)

    def rep(self, place: int = 0) -> Actor:
        """The member at a place, as she signs in."""
        return Actor(
            principal_id=new_id(),
            role=Role.MEMBER,
            member_id=self.world.members[place],
            partner_id=self.world.partners[place % len(self.world.partners)],
        )

    async def give(self, place: int, points: int) -> None:
        await self.world.adjust(self.program_id, self.world.members[place], points, "for tests")

    async def supplier(self, adapter: str = "HTTP_PUSH") -> UUID:
        supplier_id = new_id()
        told = SUPPLIER_DEFINED.about(supplier_id, code="s", adapter=adapter, credentials_changed=False)
        await self.written(told, (SUPPLIER, supplier_id, f"s-{supplier_id}", adapter))
        return supplier_id

    async def pool(self, codes: int) -> UUID:
        """A pool of the shop's own supplier with so many codes."""
        pool_id = new_id()
        told = CODE_POOL_CREATED.about(pool_id, supplier_id=str(self.supplier_id), code="pool")
        await self.written(told, (POOL, pool_id, self.supplier_id, f"pool-{pool_id}"))
        await self.fill(pool_id, codes)
        return pool_id

    async def fill(self, pool_id: UUID, codes: int) -> None:
        batch_id = new_id()
        counted = "UPDATE code_pool SET imported = imported + $2, free = free + $2 WHERE id = $1"
        told = CODES_IMPORTED.about(
            pool_id, batch_id=str(batch_id), imported=codes, duplicates=0, rejected=0, free=codes
        )
        await self.written(
            told,
            (BATCH, batch_id, pool_id, f"batch-{batch_id}", codes),
            (CODES, new_ids(codes), pool_id, batch_id),
            (counted, pool_id, codes),
        )

    async def item(
        self,
        price: int = 100,
        *,
        routes: Sequence[tuple[UUID, UUID | None]] | None = None,
        stock: int | None = None,
        fair_value: int | None = 1_000,
        needs_address: bool = False,
        needs_approval: bool = False,
        limit: int | None = None,
        countries: Sequence[str] = (),
        unit: str = "POINTS",
    ) -> UUID:
        """An item with one denomination, whose id is answered; `routes` are (supplier, pool): else a pool of 100."""
        item_id, denomination_id = new_id(), new_id()
        if routes is None:
            routes = [(self.supplier_id, await self.pool(100))]
        listed = list(countries)
        await self.written(
            ITEM_CHANGED.about(item_id, version=1, supplier_id=str(self.supplier_id), state="LISTED"),
            (ITEM, item_id, self.supplier_id, f"i-{item_id}", listed, unit, needs_address, needs_approval, limit),
            (DENOMINATION, denomination_id, item_id, price, fair_value, stock),
            *(
                (ROUTE, new_id(), denomination_id, priority, supplier_id, "sku", pool_id)
                for priority, (supplier_id, pool_id) in enumerate(routes, start=1)
            ),
        )
        return denomination_id

    async def quote(self, actor: Actor, *wanted: UUID | tuple[UUID, int], **more: Any) -> QuoteRecord:
        lines = [
            Wanted(denomination_id=one, quantity=1)
            if isinstance(one, UUID)
            else Wanted(denomination_id=one[0], quantity=one[1])
            for one in wanted
        ]
        return await quoting.quote(self.world.door, actor, lines, self.policy, **more)

    async def redeem(self, actor: Actor, quote_id: UUID, recipient: Recipient | None = None, **more: Any) -> Outcome:
        wanted = Redeeming(quote_id=quote_id, recipient=recipient, **more)
        key = self.world.key(quote_id=str(quote_id))
        return await redeeming.redeem(self.world.door, actor, key, wanted, self.policy, self.keyring)

    async def order(self, actor: Actor, *wanted: UUID | tuple[UUID, int]) -> UUID:
        """Quoted and redeemed in one go; answers the redemption."""
        quote = await self.quote(actor, *wanted)
        return UUID((await self.redeem(actor, quote.id)).facts["redemption_id"])

    async def lines(self, redemption_id: UUID) -> list[UUID]:
        return [row["id"] for row in await self.world.database.fetch(LINES, redemption_id)]

    async def states(self, redemption_id: UUID) -> list[str]:
        rows = await self.world.database.fetch(
            "SELECT state FROM redemption_line WHERE redemption_id = $1 ORDER BY n", redemption_id
        )
        return [row["state"] for row in rows]

    async def fulfil(self, line_ids: Collection[UUID]) -> None:
        """What the worker does with a delivering supplier, or with our own pool."""

        async def work(op: Operation) -> None:
            lines = await lock_lines_in(op, line_ids)
            await op.sql.execute(ATTEMPTS, list(lines), "SENT", None)
            await op.sql.execute(ATTEMPTS, list(lines), "DELIVERED", op.now)
            issued = await issue_in(op, list(lines))
            await fulfil_in(
                op,
                [
                    Fulfilment(line=line, expires_on=issued[line.id].expires_on if line.id in issued else None)
                    for line in lines.values()
                ],
            )

        await self.world.door.operate(SYSTEM, work)

    async def fail(self, line_ids: Collection[UUID], reason: str = "OUT_OF_STOCK") -> None:
        async def work(op: Operation) -> None:
            lines = await lock_lines_in(op, line_ids)
            await fail_in(op, [Failure(line=line, reason=reason) for line in lines.values()])

        await self.world.door.operate(SYSTEM, work)

    async def cancel(self, actor: Actor, redemption_id: UUID, line_ids: Sequence[UUID] | None = None) -> Outcome:
        return await cancel_lines(self.world.door, actor, self.world.key(n=1), redemption_id, line_ids)

    async def refund(
        self, actor: Actor, redemption_id: UUID, line_ids: Sequence[UUID] | None = None, reason: str = "goodwill"
    ) -> Outcome:
        return await refund_lines(self.world.door, actor, self.world.key(n=1), redemption_id, line_ids, reason)

    async def approve(self, redemption_id: UUID) -> Outcome:
        return await approve(self.world.door, SYSTEM, self.world.key(n=1), redemption_id)

    async def pool_counts(self, pool_id: UUID) -> tuple[int, int, int, int]:
        """Free, reserved, issued, void."""
        row = await self.world.database.fetchrow(
            "SELECT free, reserved, issued, void FROM code_pool WHERE id = $1", pool_id
        )
        assert row is not None
        return (row["free"], row["reserved"], row["issued"], row["void"])

    async def stock(self, denomination_id: UUID) -> int:
        return await self.world.database.fetchval("SELECT stock FROM denomination WHERE id = $1", denomination_id)


async def build_shop(database: Database, *, members: int = 4) -> Shop:
    """A shop whose supplier has its own code pools, with people of its own: any number of them share a database."""
    source_id = new_id()
    world = await build_world(database, source=f"crm-{source_id}", members=members)
    world.numbers = itertools.count(source_id.int)
    return await open_shop(world)


async def open_shop(world: World) -> Shop:
    """A shop in a world that exists."""
    program_id = await world.launch(EVERYWHERE)
    supplier_id = new_id()
    shop = Shop(world=world, supplier_id=supplier_id, program_id=program_id)
    told = SUPPLIER_DEFINED.about(supplier_id, code="s", adapter="CODE_POOL", credentials_changed=False)
    await shop.written(told, (SUPPLIER, supplier_id, f"s-{supplier_id}", "CODE_POOL"))
    return shop
