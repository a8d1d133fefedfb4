"""Codes at rest: sealed row by row, bound to their row, rotated with their keys, and written nowhere in plain."""

import io
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from api.logs import configure, log
from catalog.codes.opening import open_code_in, store_delivered_in
from catalog.codes.records import CodeRow
from catalog.codes.refusals import CodeExists
from catalog.rewrapping import keys_in_use, rewrap
from catalog.suppliers.outcomes import Goods
from catalog.suppliers.reading import AdapterKind
from domain.access.principals import SYSTEM
from domain.kernel.keys import Keyed
from domain.kernel.operation import Operation
from domain.kernel.refusals import InvalidInput
from domain.kernel.sealing import SealBroken
from domain.kernel.sql import Database
from tests.code_book import CodeBook, build_code_book, ring

CANARY = "CANARY-7K2M-ZZ91-QQ"


@pytest.fixture
async def book(fresh_database: str) -> AsyncIterator[CodeBook]:
    database = await Database.open(fresh_database, connections_max=6)
    yield await build_code_book(database)
    await database.close()


async def test_a_sealed_code_copied_into_another_row_does_not_open(book: CodeBook) -> None:
    pool_id, other_pool = await book.pool(), await book.pool()
    await book.bring(pool_id, "CODE-0001", "CODE-0002")
    await book.bring(other_pool, "CODE-0003")
    first, second = await book.issue(pool_id, 2)
    swap = (
        "UPDATE voucher_code AS c SET sealed = o.sealed FROM voucher_code AS o WHERE c.line_id = $1 AND o.line_id = $2"
    )
    await book.database.fetch(swap, first, second)
    with pytest.raises(SealBroken):
        await book.door.operate(SYSTEM, lambda op: open_code_in(op, book.keyring, first))
    await book.door.operate(SYSTEM, lambda op: open_code_in(op, book.keyring, second))
    keys = "UPDATE code_pool AS p SET data_key = o.data_key FROM code_pool AS o WHERE p.id = $1 AND o.id = $2"
    await book.database.fetch(keys, pool_id, other_pool)
    with pytest.raises(SealBroken):
        await book.door.operate(SYSTEM, lambda op: open_code_in(op, book.keyring, second))


async def test_a_rotated_ring_opens_everything_and_the_old_key_seals_nothing(book: CodeBook) -> None:
    supplier = await book.supplier(
        AdapterKind.HTTP_PUSH, settings={"url": "https://supplier.example/o"}, secret="whsec_" + "A" * 44
    )
    pool_id = await book.pool(supplier.id)
    await book.bring(pool_id, "CODE-0001", "CODE-0002")
    first, second = await book.issue(pool_id, 2)
    assert await keys_in_use(book.database) == {"k1": 2}
    new = ring("k2", "k1")
    await book.door.operate(SYSTEM, lambda op: open_code_in(op, new, first))
    assert await rewrap(book.door, new) == 2
    assert await rewrap(book.door, new) == 0
    assert await keys_in_use(book.database) == {"k2": 2}
    alone = ring("k2")
    assert (await book.door.operate(SYSTEM, lambda op: open_code_in(op, alone, second))).code is not None
    with pytest.raises(SealBroken):
        await book.door.operate(SYSTEM, lambda op: open_code_in(op, ring("k1"), second))
    with pytest.raises(SealBroken):
        await rewrap(book.door, ring("k3"))
    assert await keys_in_use(book.database) == {"k2": 2}


async def test_a_code_stands_in_no_row_receipt_event_log_or_error(book: CodeBook, fresh_database: str) -> None:
    stream = io.StringIO()
    configure(as_json=True, stream=stream)
    supplier = await book.supplier(AdapterKind.PULL_QUEUE)
    pool_id = await book.pool(supplier.id)
    goods = Goods(code=f"{CANARY}-D", pin=f"{CANARY}-PIN", url=f"https://gift.example/{CANARY}")
    done = await book.bring(pool_id, f"{CANARY}-A", CodeRow(code=f"{CANARY}-B", pin=f"{CANARY}-PIN"), f"{CANARY}-A\x07")
    line, other = await book.lines(2)
    said = [repr(done), repr(goods)]

    async def store(op: Operation, of: UUID) -> None:
        await store_delivered_in(op, book.keyring, pool_id, of, goods)

    await book.door.operate(SYSTEM, lambda op: store(op, line))
    for attempt in (
        book.door.operate(SYSTEM, lambda op: store(op, other)),
        book.bring(pool_id, f"{CANARY}-A", batch="x" * 200),
        book.bring(pool_id, f"{CANARY}-A", key=Keyed(key="", request={})),
    ):
        with pytest.raises((CodeExists, InvalidInput)) as caught:
            await attempt
        said.append(repr(caught.value) + str(caught.value) + str(caught.value.facts()))
        log("codes").error("codes.import_failed", trouble=str(caught.value), exc_info=caught.value)
    await book.database.fetch("UPDATE voucher_code SET sealed = '\\x0011'::bytea || sealed WHERE line_id = $1", line)
    with pytest.raises(SealBroken) as broken:
        await book.door.operate(SYSTEM, lambda op: open_code_in(op, book.keyring, line))
    log("codes").error("codes.open_failed", exc_info=broken.value)
    said += [stream.getvalue(), await everything(fresh_database)]
    assert "codes.import_failed" in said[-2]
    for text in said:
        assert "CANARY" not in text
        assert "7K2M" not in text


async def everything(url: str) -> str:
    """Every row of every table as text, and as hexadecimal where it is bytes."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        texts = list[str]()
        for table in tables:
            for row in await connection.fetch(f'SELECT t::text AS text FROM "{table["tablename"]}" AS t'):
                texts.append(row["text"])
        whole = "\n".join(texts)
    finally:
        await connection.close()
    assert CANARY.encode().hex() not in whole
    return whole
