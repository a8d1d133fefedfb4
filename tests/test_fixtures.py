"""The shared fixtures give every test file a database and a Valkey of its own."""

import asyncpg
import redis.asyncio


async def test_a_database_of_this_file_takes_statements(database: str) -> None:
    connection = await asyncpg.connect(database)
    assert str(await connection.fetchval("SELECT current_database()")).startswith("test_")
    await connection.close()


async def test_a_valkey_database_of_this_file_is_empty(valkey_url: str) -> None:
    async with redis.asyncio.from_url(valkey_url) as client:
        assert await client.dbsize() == 0
