"""The only asyncpg: one pool, guarded transactions, and errors sorted into refusals, turbulence and faults."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

Connection = asyncpg.Connection
Row = asyncpg.Record

LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 15_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000

UniqueViolation = asyncpg.UniqueViolationError
CheckViolation = asyncpg.CheckViolationError
ForeignKeyViolation = asyncpg.ForeignKeyViolationError
TURBULENCE = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection given back while its server is being killed
    ConnectionError,
    TimeoutError,
)


class Database:
    """A bounded pool of connections to the one database. Jsonb goes in and comes out as Python values."""

    def __init__(self, pool: asyncpg.Pool, url: str) -> None:
        self._pool = pool
        self.url = url

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        connections_max: int = 10,
        application: str = "guerdon",
        on_query: Callable[[str], None] | None = None,
    ) -> "Database":
        """Connects; `on_query` hears every statement (tests count them)."""

        async def prepare(connection: asyncpg.Connection) -> None:
            await connection.set_type_codec(
                "jsonb",
                encoder=lambda value: b"\x01" + orjson.dumps(value),
                decoder=lambda data: orjson.loads(data[1:]),
                schema="pg_catalog",
                format="binary",
            )
            hear = on_query
            if hear is not None:
                connection.add_query_logger(lambda record: hear(record.query))

        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=connections_max,
            init=prepare,
            statement_cache_size=512,
            max_inactive_connection_lifetime=300,
            server_settings={
                "application_name": application,
                "timezone": "UTC",
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
            },
        )
        return cls(pool, url)

    async def close(self) -> None:
        """Waits five seconds for connections in use, then ends them."""
        try:
            await asyncio.wait_for(self._pool.close(), 5)
        except TimeoutError:
            self._pool.terminate()

    async def fetch(self, statement: str, *arguments: Any) -> list[Row]:
        return await self._pool.fetch(statement, *arguments)

    async def fetchrow(self, statement: str, *arguments: Any) -> Row | None:
        return await self._pool.fetchrow(statement, *arguments)

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        return await self._pool.fetchval(statement, *arguments)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Any]:
        """A READ COMMITTED transaction; only `operation` and `outbox` open one."""
        async with self._pool.acquire(timeout=10) as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Any]:
        """A read-only view of one instant, for reads of several statements that must agree."""
        async with (
            self._pool.acquire(timeout=10) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection

    @property
    def idle_connections(self) -> int:
        return self._pool.get_idle_size()

    @property
    def open_connections(self) -> int:
        return self._pool.get_size()


async def sure_value(sql: "Database | Connection", statement: str, *arguments: Any) -> Any:
    """The value of a statement that answers one whatever is stored: a count, the one row of a table of one row."""
    value = await sql.fetchval(statement, *arguments)
    if value is None:
        raise LookupError(f"no value where there always is one: {statement}")
    return value


def json_texts(values: Iterable[object]) -> list[str]:
    """JSON documents for a `text[]` to be cast to jsonb: asyncpg takes a list inside a `jsonb[]` for a dimension."""
    return [orjson.dumps(value).decode() for value in values]


def violated_constraint(trouble: BaseException) -> str | None:
    """The name of the constraint that PostgreSQL says was violated, if any."""
    return getattr(trouble, "constraint_name", None)
