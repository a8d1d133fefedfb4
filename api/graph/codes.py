"""Pools of voucher codes with their counters, and the batches they came in; a code itself is no field of anything."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.fields import IdArgument, Node, identity, many, one, wanted
from api.graph.ids import Tag
from api.graph.paging import After, Connection, First, limit_of, page_of, read_cursor
from catalog.codes.reading import (
    BatchState,
    CodeBatchRecord,
    CodePoolRecord,
    batches_of_pools,
    code_pools,
    code_pools_by_id,
)
from catalog.suppliers.reading import suppliers_by_id


@strawberry.type(description="A supplier's codes of one kind: free + reserved + issued + void = imported, always.")
class CodePool(Node):
    id = identity(Tag.CODE_POOL)
    supplier = one(nouns.SUPPLIER, suppliers_by_id, "supplier_id", "Whose codes they are.")
    code: str = strawberry.field(description="Its code, unique per supplier.")
    name: str = strawberry.field(description="Name, at most 200 characters.")
    imported: int = strawberry.field(description="How many codes it ever held.")
    free: int = strawberry.field(description="How many can be given.")
    reserved: int = strawberry.field(description="How many are on their way to a line.")
    issued: int = strawberry.field(description="How many belong to a line.")
    void: int = strawberry.field(description="How many are no longer good.")
    low_stock_at: int = strawberry.field(description="At so many free codes or fewer, code_pool.low_stock is told.")
    is_low: bool = strawberry.field(description="True at or below that threshold.")
    recorded_at: datetime = strawberry.field(description="When it was made.")
    version: int = strawberry.field(description="Moves with every code that moves.")
    batches = many(nouns.CODE_BATCH, batches_of_pools, "Its newest batches, newest first, at most 100.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, CodePoolRecord)


@strawberry.type(description="The codes that came in under one batch id.")
class CodeBatch(Node):
    id = identity(Tag.CODE_BATCH)
    pool = one(nouns.CODE_POOL, code_pools_by_id, "pool_id", "The pool they came into.")
    external_id: str = strawberry.field(description="The importer's own id of the batch, unique per pool.")
    state: BatchState = strawberry.field(description="A RECALLED batch gives nothing any more.")
    imported: int = strawberry.field(description="How many codes it holds.")
    rejected: int = strawberry.field(description="How many rows were rejected.")
    recorded_at: datetime = strawberry.field(description="When its first codes came.")
    recalled_at: datetime | None = strawberry.field(description="When it was recalled, if it was.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, CodeBatchRecord)


@strawberry.type
class CodeQuery:
    @strawberry.field(
        graphql_type=Connection[CodePool] | None, description="Pools of codes, oldest first; a key sees its own."
    )
    async def code_pools(
        self, info: Info, supplier_id: IdArgument = None, first: First = 25, after: After = None
    ) -> Any:
        seen = read_cursor(after, UUID)
        rows: Sequence[CodePoolRecord] = await code_pools(
            info.context.database,
            info.context.actor,
            first=limit_of(first),
            after=seen and seen[0],
            supplier_id=wanted(Tag.SUPPLIER, supplier_id),
        )
        return page_of(rows, first=first, after=after, key=lambda row: (row.id,))
