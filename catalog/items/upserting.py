"""Feeds of items: a batch by (supplier, external id), each item with its own result, written as a set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from catalog.items import storing
from catalog.items.bounds import EXTERNAL_ID_LENGTH_MAX
from catalog.items.content import ItemContent, Route
from catalog.items.events import ITEM_CHANGED
from catalog.items.merge import merged
from catalog.items.plain_text import is_storable, printable
from catalog.items.refusals import RouteUnknown, UnitUnknown
from catalog.items.said import ItemSaid, Unsaid
from catalog.items.sight import may_feed
from catalog.items.storing import Stored, Written
from domain.access import audit
from domain.access.principals import Actor
from domain.kernel.ids import new_ids
from domain.kernel.keys import Keyed
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import InvalidInput, NotAllowed, NotFound, Refusal, refusal_again
from domain.kernel.units import units
from domain.partners.refusals import RepeatedInBatch

ITEMS_MAX = 1_000


class ItemOutcome(StrEnum):
    """What became of one item of a feed."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, kw_only=True)
class ItemResult:
    """What became of one item; `item_id` is None and `refusal` says why where it was rejected."""

    external_id: str
    outcome: ItemOutcome
    item_id: UUID | None = None
    refusal: Refusal | None = None

    def to_json(self) -> Mapping[str, Any]:
        """As a receipt keeps it."""
        refusal = {"code": self.refusal.code(), "facts": self.refusal.facts()} if self.refusal else None
        return {
            "external_id": self.external_id,
            "outcome": self.outcome.value,
            "item_id": str(self.item_id) if self.item_id else None,
            "refusal": refusal,
        }

    @classmethod
    def of_json(cls, document: Mapping[str, Any]) -> "ItemResult":
        """What a receipt kept."""
        told, item_id = document["refusal"], document["item_id"]
        return cls(
            external_id=document["external_id"],
            outcome=ItemOutcome(document["outcome"]),
            item_id=UUID(item_id) if item_id else None,
            refusal=refusal_again(told["code"], told["facts"]) if told else None,
        )


async def upsert_items(
    door: Door, actor: Actor, keyed: Keyed, supplier_id: UUID | None, items: Sequence[ItemSaid]
) -> list[ItemResult]:
    """Every item has ended, in the order given; the same key again answers the same and does nothing.

    `supplier_id` None: the supplier of the key's own source.
    Refuses: NotAllowed; NotFound (supplier); InvalidInput (more than 1,000 items); KeyReused.
    """
    _check_size(items)

    async def work(op: Operation) -> Mapping[str, Any]:
        results = await upsert_items_in(op, actor, supplier_id, items)
        return {"results": [result.to_json() for result in results]}

    outcome = await door.operate_keyed(actor, "upsertCatalogItems", keyed, work)
    return [ItemResult.of_json(document) for document in outcome.facts["results"]]


async def upsert_items_in(
    op: Operation, actor: Actor, supplier_id: UUID | None, items: Sequence[ItemSaid]
) -> list[ItemResult]:
    """Every item is created, updated, unchanged or rejected with its refusal; one that is bad never loses the others.

    Feeds of one supplier wait for each other. The number of statements does not depend on the number of items.
    Refuses: NotAllowed; NotFound (supplier); InvalidInput (more than 1,000 items).
    """
    _check_size(items)
    supplier_id = await _own_supplier(op, actor, supplier_id)
    await storing.lock_feed(op.sql, supplier_id)
    stored = await storing.lock_items(op.sql, supplier_id, _storable(item.external_id for item in items))
    judging = _Judging(
        supplier_id=supplier_id,
        routes=await _known_routes(op, actor, supplier_id, items),
        units=frozenset(unit.code for unit in await units(op.sql)),
        stored=stored,
    )
    results = [judging.judge(item) for item in items]
    await storing.write(op.sql, op.now, supplier_id, judging.written)
    for written in judging.written:
        op.tell(
            ITEM_CHANGED.about(
                written.item_id,
                version=written.version,
                supplier_id=str(supplier_id),
                state=written.content.state.value,
            )
        )
    if judging.written:
        await audit.record_in(op, "upsertCatalogItems", "supplier", supplier_id, items=len(judging.written))
    return results


@dataclass(kw_only=True)
class _Judging:
    """The batch while it is judged: what stands, and what is to be written."""

    supplier_id: UUID
    routes: Mapping[tuple[str, str | None], tuple[UUID, UUID | None]]
    units: frozenset[str]
    stored: Mapping[str, Stored]
    written: list[Written] = field(default_factory=list[Written])
    seen: dict[str, tuple[ItemSaid, ItemResult]] = field(default_factory=dict[str, tuple[ItemSaid, ItemResult]])

    def judge(self, said: ItemSaid) -> ItemResult:
        """What becomes of one item; of two that differ only the first counts."""
        earlier = self.seen.get(said.external_id)
        if earlier is not None:
            refusal = RepeatedInBatch(external_id=printable(said.external_id, EXTERNAL_ID_LENGTH_MAX))
            return earlier[1] if earlier[0] == said else _rejected(said, refusal)
        try:
            result = self._become(said)
        except Refusal as refusal:
            result = _rejected(said, refusal)
        self.seen[said.external_id] = (said, result)
        return result

    def _become(self, said: ItemSaid) -> ItemResult:
        stored = self.stored.get(said.external_id)
        content = merged(said, stored.content if stored else None, self._route)
        if content.unit not in self.units:
            raise UnitUnknown(unit=printable(content.unit, 16))
        digest = content.digest()
        if stored is not None and digest == stored.digest and _stocks(content) == _stocks(stored.content):
            return ItemResult(external_id=said.external_id, outcome=ItemOutcome.UNCHANGED, item_id=stored.item_id)
        item_id = stored.item_id if stored else new_ids(1)[0]
        self.written.append(Written(item_id=item_id, content=content, digest=digest, before=stored))
        outcome = ItemOutcome.UPDATED if stored else ItemOutcome.CREATED
        return ItemResult(external_id=said.external_id, outcome=outcome, item_id=item_id)

    def _route(self, supplier: str | None, sku: str, pool: str | None) -> Route:
        found = self.routes.get((supplier or "", pool))
        if found is None:
            raise RouteUnknown(supplier=printable(supplier or "", 64), pool=pool and printable(pool, 64))
        return Route(supplier_id=found[0], sku=sku, pool_id=found[1])


def _rejected(said: ItemSaid, refusal: Refusal) -> ItemResult:
    shown = printable(said.external_id, EXTERNAL_ID_LENGTH_MAX)
    return ItemResult(external_id=shown, outcome=ItemOutcome.REJECTED, refusal=refusal)


def _storable(texts: Iterable[str]) -> frozenset[str]:
    """Those that a statement may carry; the others name nothing that exists."""
    return frozenset(text for text in texts if is_storable(text) and len(text) <= EXTERNAL_ID_LENGTH_MAX)


def _stocks(content: ItemContent) -> list[int | None]:
    return [denomination.stock for denomination in content.denominations]


def _check_size(items: Sequence[ItemSaid]) -> None:
    if not 1 <= len(items) <= ITEMS_MAX:
        raise InvalidInput(field="items", problem=f"1 to {ITEMS_MAX}")


async def _own_supplier(op: Operation, actor: Actor, supplier_id: UUID | None) -> UUID:
    """The supplier whose items the actor may feed."""
    if not may_feed(actor):
        raise NotAllowed(action="upsertCatalogItems")
    if supplier_id is None and actor.source_id is None:
        raise InvalidInput(field="supplierId", problem="is needed, because your key is not bound to one supplier")
    row = await op.sql.fetchrow(
        "SELECT id, source_id FROM supplier WHERE id = $1 OR ($1::uuid IS NULL AND source_id = $2)",
        supplier_id,
        actor.source_id,
    )
    if row is None or (actor.source_id is not None and row["source_id"] != actor.source_id):
        raise NotFound(kind="supplier", id=str(supplier_id or actor.source_id))
    return row["id"]


async def _known_routes(
    op: Operation, actor: Actor, supplier_id: UUID, items: Sequence[ItemSaid]
) -> Mapping[tuple[str, str | None], tuple[UUID, UUID | None]]:
    """Every route that the batch names and may name, by (supplier code or "" for its own, pool code).

    A key that is bound to a supplier routes to that supplier alone.
    """
    suppliers, pools = set[str](), set[str]()
    for item in items:
        for denomination in () if isinstance(item.denominations, Unsaid) else item.denominations:
            for route in () if isinstance(denomination.routes, Unsaid) else denomination.routes:
                suppliers |= {route.supplier} if route.supplier else set()
                pools |= {route.pool} if route.pool else set()
    rows = await storing.routes_named(op.sql, supplier_id, _storable(suppliers), _storable(pools))
    known: dict[tuple[str, str | None], tuple[UUID, UUID | None]] = {("", None): (supplier_id, None)}
    for row in rows:
        is_own = row["id"] == supplier_id
        if actor.source_id is not None and not is_own:
            continue
        for name in (row["code"], "") if is_own else (row["code"],):
            known[name, None] = (row["id"], None)
            if row["pool_code"] is not None:
                known[name, row["pool_code"]] = (row["id"], row["pool_id"])
    return known
