"""A shop's storeroom for tests: a supplier with a pool, codes in one line each, and lines that codes are given to."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from catalog.auditing import questions
from catalog.codes.importing import ImportedCodes, create_code_pool, import_codes
from catalog.codes.records import CodeRow
from catalog.codes.taking import issue_in, reserve_in
from catalog.suppliers.definition import SupplierDefinition
from catalog.suppliers.reading import AdapterKind, SupplierRecord, suppliers_by_id
from catalog.suppliers.registering import define_supplier
from domain.access.principals import SYSTEM, Actor
from domain.kernel.ids import new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door
from domain.kernel.sealing import Keyring
from domain.kernel.sql import Database
from domain.ledger.auditing import audit
from tests.building import build_world

ITEM = """
INSERT INTO catalog_item (id, supplier_id, external_id, kind, state, name, description, instructions, categories,
    images, countries, tiers, segments, partner_types, unit, search, content_digest, recorded_at, updated_at,
    needs_address, needs_approval, is_test, version)
VALUES ($1, $2, $3, 'VOUCHER', 'LISTED', '{}', '{}', '{}', '[]', '[]', '[]', '[]', '[]', '[]', 'POINTS', '', '\\x00',
    guerdon_now(), guerdon_now(), false, false, false, 1)
"""
DENOMINATION = """
INSERT INTO denomination (id, item_id, external_id, name, face_value, currency, price_fixed, place, is_offered, version)
VALUES ($1, $2, 'd', '{}', 2500, 'EUR', 250, 1, true, 1)
"""
REDEMPTION = """
INSERT INTO redemption (id, member_id, principal_id, origin, origin_id, unit, total, locale, recorded_at, version)
VALUES ($1, $2, $2, 'GRANT', $1, 'POINTS', 0, 'en', guerdon_now(), 1)
"""
LINES = """
INSERT INTO redemption_line (id, redemption_id, n, item_id, denomination_id, member_id, price, face_value, currency,
    state, recorded_at, delivery, version)
SELECT a.id, $1, a.n, $2, $3, $4, 0, 2500, 'EUR', 'ORDERED', guerdon_now(), 'NONE', 1
FROM unnest($5::uuid[]) WITH ORDINALITY AS a (id, n)
"""
ATTEMPTS = """
INSERT INTO fulfilment_attempt (id, line_id, n, supplier_id, priority, sku, state, recorded_at, ended_at,
    calls, fence)
SELECT a.id, a.line_id, 1, $1, 1, 'sku', $2::text, guerdon_now(),
       CASE WHEN $2 IN ('DELIVERED', 'REFUSED') THEN guerdon_now() END, 1, 1
FROM unnest($3::uuid[], $4::uuid[]) AS a (id, line_id)
"""


def ring(*names: str) -> Keyring:
    """A keyring with a key for each name; the first seals. The same name is the same key."""
    keys = {name: name.encode().ljust(32, b".") for name in names or ("k1",)}
    return Keyring(current=next(iter(keys)), keys=keys, index_key=b"i" * 32)


@dataclass(kw_only=True)
class CodeBook:
    """One database with suppliers, pools and lines; `key()` is a fresh idempotency key."""

    door: Door
    member_id: UUID
    source_id: UUID
    keyring: Keyring = field(default_factory=ring)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def database(self) -> Database:
        return self.door.database

    def key(self, **request: Any) -> Keyed:
        return Keyed(key=f"c-{next(self.numbers)}", request=request or {"n": 1})

    async def supplier(self, adapter: AdapterKind = AdapterKind.CODE_POOL, **said: Any) -> SupplierRecord:
        """A supplier, defined as said."""
        code = said.pop("code", None) or f"supplier-{next(self.numbers)}"
        definition = SupplierDefinition(code=code, name="A supplier", adapter=adapter, **said)
        made = await define_supplier(self.door, SYSTEM, self.key(), self.keyring, definition, sandbox=True)
        return await self.supplier_as_it_is(UUID(made.facts["supplier_id"]))

    async def supplier_as_it_is(self, supplier_id: UUID) -> SupplierRecord:
        return (await suppliers_by_id(self.database, [(SYSTEM, supplier_id)]))[(SYSTEM, supplier_id)]

    async def pool(self, supplier_id: UUID | None = None, *, low_stock_at: int = 0) -> UUID:
        """An empty pool, of a supplier of its own if none is named."""
        owner = supplier_id or (await self.supplier()).id
        code = f"pool-{next(self.numbers)}"
        made = await create_code_pool(self.door, SYSTEM, self.key(), self.keyring, owner, code, "A pool", low_stock_at)
        return UUID(made.facts["pool_id"])

    async def bring(
        self, pool_id: UUID, *codes: str | CodeRow, batch: str = "b1", actor: Actor = SYSTEM, key: Keyed | None = None
    ) -> ImportedCodes:
        """Imports these codes; a text is a code and nothing else."""
        rows: Sequence[CodeRow] = [CodeRow(code=code) if isinstance(code, str) else code for code in codes]
        return await import_codes(self.door, actor, key or self.key(), self.keyring, pool_id, batch, rows)

    async def lines(self, count: int, supplier_id: UUID | None = None) -> list[UUID]:
        """So many ordered lines of one redemption, waiting for goods; they cost nothing."""
        item_id, denomination_id, redemption_id = new_ids(3)
        owner = supplier_id or (await self.supplier()).id
        await self.database.fetch(ITEM, item_id, owner, str(item_id))
        await self.database.fetch(DENOMINATION, denomination_id, item_id)
        await self.database.fetch(REDEMPTION, redemption_id, self.member_id)
        made = new_ids(count)
        await self.database.fetch(LINES, redemption_id, item_id, denomination_id, self.member_id, made)
        return made

    async def attempts(self, supplier_id: UUID, line_ids: Sequence[UUID], state: str) -> None:
        """The lines' first attempts at the supplier, in this state."""
        await self.database.fetch(ATTEMPTS, supplier_id, state, new_ids(len(line_ids)), list(line_ids))

    async def reserve(self, pool_id: UUID, lines: Sequence[UUID]) -> Mapping[UUID, UUID]:
        """The lines that got a code of the pool, with it."""
        return await self.door.operate(SYSTEM, lambda op: reserve_in(op, dict.fromkeys(lines, pool_id)))

    async def issue(self, pool_id: UUID, count: int) -> list[UUID]:
        """So many lines with a code each in their member's hands."""
        lines = await self.lines(count)
        assert len(await self.reserve(pool_id, lines)) == count
        assert len(await self.door.operate(SYSTEM, lambda op: issue_in(op, lines))) == count
        return lines

    async def keeps_c1(self) -> bool:
        """True where the audit finds nothing wrong with any code."""
        return (await audit(self.database, ["C1"], more=questions())).violations == 0

    async def counters(self, pool_id: UUID) -> Mapping[str, int]:
        """The pool's counters."""
        row = await self.database.fetchrow(
            "SELECT imported, free, reserved, issued, void FROM code_pool WHERE id = $1", pool_id
        )
        assert row is not None
        return dict(row)

    async def told(self, name: str) -> list[Mapping[str, Any]]:
        """The payloads of the events of this name, in order."""
        rows = await self.database.fetch("SELECT payload FROM outbox WHERE name = $1 ORDER BY id", name)
        return [row["payload"] for row in rows]


async def build_code_book(database: Database) -> CodeBook:
    """An empty storeroom, a member to redeem, and a source that a supplier's key may be bound to."""
    world = await build_world(database, members=1, partners=1)
    return CodeBook(door=world.door, member_id=world.members[0], source_id=world.source_id)
