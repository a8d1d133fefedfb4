"""Mutations of codes: pools are made, codes come in, batches are recalled. No answer, error or receipt says a code."""

from typing import Any
from uuid import UUID

import strawberry

from api.graph import nouns
from api.graph.context import Info
from api.graph.ids import Tag
from api.graph.inputs import key_field
from api.graph.mutating import at_most_a_batch, keyed, mutation, sure
from catalog.codes.importing import RowOutcome, RowResult, create_code_pool, import_codes
from catalog.codes.reading import code_batches_by_id, code_pools_by_id
from catalog.codes.recalling import recall_code_batch
from catalog.codes.records import CodeRow, Rejection
from catalog.codes.refusals import BatchFull, BatchRecalled
from domain.kernel.keys import Keyed
from domain.kernel.refusals import AlreadyExists, InvalidInput, KeyReused, NotFound


@strawberry.input(description="A new pool of codes.")
class CreateCodePoolInput:
    idempotency_key: str = key_field()
    supplier_id: strawberry.ID = strawberry.field(description="Whose codes it is for.")
    code: str = strawberry.field(description="Its code, unique per supplier, 1 to 64 characters.")
    name: str = strawberry.field(description="Name, 1 to 200 characters.")
    low_stock_at: int = strawberry.field(
        default=0, description="At so many free codes or fewer an event tells; 0: once it is empty."
    )


@strawberry.input(description="One code as its supplier made it: a code or a link, and what belongs to it.")
class CodeInput:
    code: str | None = strawberry.field(default=None, description="The code, at most 500 characters.")
    pin: str | None = strawberry.field(default=None, description="The PIN it is used with, if any.")
    url: str | None = strawberry.field(default=None, description="The https link it is claimed at, if any.")
    serial: str | None = strawberry.field(default=None, description="Its serial number, if any.")
    expires_on: str | None = strawberry.field(
        default=None, description="The last day it is good, such as 2027-12-31; null: for ever."
    )

    def row(self) -> CodeRow:
        """As the room of codes takes it."""
        return CodeRow(**vars(self))


@strawberry.input(description="Codes to bring into a pool.")
class ImportCodesInput:
    idempotency_key: str = key_field()
    pool_id: strawberry.ID = strawberry.field(description="The pool.")
    batch_external_id: str = strawberry.field(
        description="Your own id of the batch, 1 to 128 characters: further calls continue it, a recall takes it back."
    )
    codes: list[CodeInput] = strawberry.field(description="1 to 1,000 codes; a batch holds at most 50,000.")


@strawberry.input(description="A batch whose codes are bad.")
class RecallCodeBatchInput:
    idempotency_key: str = key_field()
    batch_id: strawberry.ID = strawberry.field(description="The batch.")


@strawberry.type(description="The pool stands, empty.")
class CreateCodePoolSuccess:
    pool: Any = strawberry.field(graphql_type=nouns.CODE_POOL | None, description="The pool.")


@strawberry.type(description="What became of one code; it is named by its place, never quoted.")
class CodeRowResult:
    row: int = strawberry.field(description="Its place among those sent, from 0.")
    outcome: RowOutcome = strawberry.field(description="What became of it.")
    reason: Rejection | None = strawberry.field(description="Why it was rejected, else null.")


@strawberry.type(description="Every code has ended.")
class ImportCodesSuccess:
    results: list[CodeRowResult] = strawberry.field(description="In the order of the codes, at most 1,000.")
    imported: int = strawberry.field(description="How many are new.")
    duplicates: int = strawberry.field(description="How many were stored already, in whatever pool.")
    rejected: int = strawberry.field(description="How many were rejected, each with its reason.")
    batch: Any = strawberry.field(graphql_type=nouns.CODE_BATCH | None, description="The batch as it stands now.")
    pool: Any = strawberry.field(graphql_type=nouns.CODE_POOL | None, description="The pool as it stands now.")


@strawberry.type(description="The batch gives nothing any more.")
class RecallCodeBatchSuccess:
    voided: int = strawberry.field(description="How many codes nobody had.")
    issued: int = strawberry.field(description="How many are in members' hands, to be replaced or refunded.")
    batch: Any = strawberry.field(graphql_type=nouns.CODE_BATCH | None, description="The batch.")
    pool: Any = strawberry.field(graphql_type=nouns.CODE_POOL | None, description="The pool as it stands now.")


@strawberry.type
class CodeMutation:
    @mutation(
        CreateCodePoolSuccess,
        NotFound,
        InvalidInput,
        AlreadyExists,
        KeyReused,
        description="A pool of a supplier stands, with a key of its own that seals its codes.",
    )
    async def create_code_pool(self, info: Info, input: CreateCodePoolInput) -> Any:
        context = info.context
        supplier_id = sure(Tag.SUPPLIER, input.supplier_id, "supplier")
        made = await create_code_pool(
            context.door,
            context.actor,
            keyed(input),
            context.keyring,
            supplier_id,
            input.code,
            input.name,
            input.low_stock_at,
        )
        return CreateCodePoolSuccess(pool=await _pool(info, UUID(made.facts["pool_id"])))

    @mutation(
        ImportCodesSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        BatchRecalled,
        BatchFull,
        description="Seals codes into a pool; each ends imported, duplicate or rejected, and no answer repeats one.",
    )
    async def import_codes(self, info: Info, input: ImportCodesInput) -> Any:
        context = info.context
        pool_id = sure(Tag.CODE_POOL, input.pool_id, "code pool")
        at_most_a_batch(input.codes, "codes")
        done = await import_codes(
            context.door,
            context.actor,
            Keyed(key=input.idempotency_key, request={}),
            context.keyring,
            pool_id,
            input.batch_external_id,
            [each.row() for each in input.codes],
        )
        return ImportCodesSuccess(
            results=[_result(each) for each in done.results],
            imported=done.counts[RowOutcome.IMPORTED],
            duplicates=done.counts[RowOutcome.DUPLICATE],
            rejected=done.counts[RowOutcome.REJECTED],
            batch=await context.batches.one(code_batches_by_id, done.batch_id),
            pool=await _pool(info, pool_id),
        )

    @mutation(
        RecallCodeBatchSuccess,
        NotFound,
        InvalidInput,
        KeyReused,
        description="A batch's free codes are void at once; those in members' hands are flagged, to be replaced.",
    )
    async def recall_code_batch(self, info: Info, input: RecallCodeBatchInput) -> Any:
        context = info.context
        batch_id = sure(Tag.CODE_BATCH, input.batch_id, "code batch")
        done = await recall_code_batch(context.door, context.actor, keyed(input), batch_id)
        batch = await context.batches.one(code_batches_by_id, batch_id)
        return RecallCodeBatchSuccess(
            voided=done.facts["voided"],
            issued=done.facts["issued"],
            batch=batch,
            pool=await _pool(info, batch.pool_id) if batch is not None else None,
        )


def _result(each: RowResult) -> CodeRowResult:
    return CodeRowResult(row=each.row, outcome=each.outcome, reason=each.reason)


async def _pool(info: Info, pool_id: UUID) -> Any:
    return await info.context.batches.one(code_pools_by_id, pool_id)
