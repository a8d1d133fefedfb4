"""Suppliers as their keepers see them, with the float and what reconciling found; never a credential."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import Node, identity, many, one, reference
from api.graph.ids import Tag, decode_as
from api.graph.paging import After, Connection, EdgeRecord, First, Page, limit_of, page_of, read_cursor
from api.graph.scalars import Json, Points
from catalog.codes.reading import pools_of_suppliers
from catalog.suppliers.reading import AdapterKind, SupplierRecord, SupplierState, suppliers, suppliers_by_id
from catalog.suppliers.reconciliation import Difference
from catalog.suppliers.reconciling import DifferenceRecord, ReconciliationRecord


@strawberry.type(description="Who delivers what is redeemed.")
class Supplier(Node):
    id = identity(Tag.SUPPLIER)
    code: str = strawberry.field(description="Unique code, at most 64 characters.")
    name: str = strawberry.field(description="Name, at most 200 characters.")
    state: SupplierState = strawberry.field(description="A PAUSED supplier gets no new orders.")
    adapter: AdapterKind | None = strawberry.field(description="How it delivers.")
    is_test: bool | None = strawberry.field(description="True if nothing it delivers is real.")
    source_id = reference(Tag.SOURCE, "source_id", "The source whose keys feed its items and codes, if any.")
    settings: Json | None = strawberry.field(description="The adapter's own settings, without secrets.")
    has_credentials: bool | None = strawberry.field(description="True if a secret is sealed for it; nobody reads it.")
    rate_calls: int | None = strawberry.field(description="How often it is called in rateSeconds, at most.")
    rate_seconds: int | None = strawberry.field(description="The seconds that rateCalls are counted in.")
    float_balance: Points | None = strawberry.field(
        description="What it last said is left of the prepaid money, in minor units of floatCurrency."
    )
    float_currency: str | None = strawberry.field(description="The ISO 4217 code of the prepaid money.")
    float_alert_below: Points | None = strawberry.field(description="Below this, supplier.float_low is told.")
    float_checked_at: datetime | None = strawberry.field(description="When it last said so.")
    recorded_at: datetime = strawberry.field(description="When it was first defined.")
    version: int = strawberry.field(description="Moves with every change.")
    code_pools = many(
        nouns.CODE_POOL, pools_of_suppliers, "Its pools of codes, oldest first, at most 100.", nullable=True
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, SupplierRecord)


@strawberry.type(description="One order as one side's list has it.")
class ReconciledOrder:
    state: str = strawberry.field(
        description="Theirs: DELIVERED, PENDING, REFUSED, REFUNDED; ours: the state of the attempt."
    )
    amount: Points | None = strawberry.field(description="The amount, in minor units.")
    currency: str | None = strawberry.field(description="The ISO 4217 code of the amount.")


@strawberry.type(description="One order about which the two lists disagree.")
class ReconciliationDifference:
    kind: Difference = strawberry.field(description="How they disagree.")
    external_id: str = strawberry.field(description="The id it was ordered under: the line's, 32 hexadecimal digits.")
    theirs: ReconciledOrder | None = strawberry.field(description="As the supplier has it; null if it does not.")
    ours: ReconciledOrder | None = strawberry.field(description="As we have it; null if we do not.")


def _differences(
    parent: strawberry.Parent[ReconciliationRecord], first: First = 25, after: After = None
) -> Page[DifferenceRecord]:
    seen = read_cursor(after, int)
    start = 0 if seen is None else max(seen[0] + 1, 0)
    rows = list(enumerate(parent.differences))[start : start + limit_of(first)]
    page = page_of(rows, first=first, after=after, key=lambda row: (row[0],))
    edges = [EdgeRecord(cursor=edge.cursor, node=edge.node[1]) for edge in page.edges]
    return Page(edges=edges, page_info=page.page_info)


@strawberry.type(description="A supplier's own list of orders, held against ours.")
class Reconciliation(Node):
    id = identity(Tag.RECONCILIATION)
    supplier = one(nouns.SUPPLIER, suppliers_by_id, "supplier_id", "Whose list it was.")
    starts_at: datetime = strawberry.field(description="The list holds orders from this instant on.")
    ends_at: datetime = strawberry.field(description="And before this one.")
    recorded_at: datetime = strawberry.field(description="When the lists were held against each other.")
    agrees: int = strawberry.field(description="How many orders agree.")
    differs: int = strawberry.field(description="How many orders differ.")
    differences: Any = strawberry.field(
        resolver=_differences,
        graphql_type=Connection[ReconciliationDifference],
        description="Every difference, in the order of the list.",
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, ReconciliationRecord)


@strawberry.type
class SupplierQuery:
    @strawberry.field(
        graphql_type=Connection[Supplier] | None, description="Every supplier, in order of code; a key sees its own."
    )
    async def suppliers(self, info: Info, first: First = 25, after: After = None) -> Any:
        seen = read_cursor(after, str)
        rows = await suppliers(info.context.database, info.context.actor, first=limit_of(first), after=seen and seen[0])
        return page_of(rows, first=first, after=after, key=lambda row: (row.code,))

    @strawberry.field(graphql_type=Supplier | None, description="One supplier; null where it is not for you.")
    async def supplier(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The supplier.")]
    ) -> Any:
        return await info.context.batches.one(suppliers_by_id, decode_as(Tag.SUPPLIER, id))
