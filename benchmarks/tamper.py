"""Edits, empties, swaps, deletes and inserts behind the ledger's back, one at a time; the audit must find each."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from benchmarks.tamper_book import build
from domain.kernel.sql import Connection, Database
from domain.ledger.auditing import audit_in
from embedded.supervisor import EmbeddedServers
from migrations import migrate

TABLES = (
    "entry",
    "lot",
    "wallet",
    "award",
    "transaction",
    "reversal",
    "debt",
    "hold",
    "hold_lot",
    "payment",
    "payment_lot",
    "budget",
    "outbox",
)

NOT_COVERED = {
    "wallet: inserting an empty one": "it holds nothing and has no entry, so no value stands on it",
    "outbox: rows without a position": "the chain begins when the relay stamps, moments after the commit;"
    " an unstamped event of a transaction is covered by that transaction's check all the same",
    "relay_state.epoch": "names the generation of cursors; it is no part of the books",
    "booking_period": "dates of a month, derived from the program's zone; entries name its id, which is covered",
    "the whole database at once": "who can rewrite every row and the head of the chain leaves a consistent other book:"
    " compare the head with one that was kept elsewhere",
}

# What the book cannot show two values of, whatever is written through the doors that exist.
ONE_VALUE: Mapping[str, str] = {}

COLUMNS = """
SELECT column_name AS name, udt_name AS type FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position
"""

CONSTRAINTS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname) FROM pg_constraint
WHERE conrelid = ANY($1::regclass[]) AND contype IN ('c', 'u', 'f', 'p')
"""

OTHER_VALUE = {
    "uuid": "gen_random_uuid()",
    "int2": "{0} + 1",
    "int4": "{0} + 1",
    "int8": "{0} + 1",
    "varchar": "CASE WHEN left({0}, 1) = 'X' THEN 'Y' ELSE 'X' END || substr({0}, 2)",
    "text": "CASE WHEN left({0}, 1) = 'X' THEN 'Y' ELSE 'X' END || substr({0}, 2)",
    "timestamptz": "{0} + interval '1 second'",
    "bytea": "'\\x00'::bytea || {0}",
    "bool": "NOT {0}",
    "jsonb": """CASE jsonb_typeof({0}) WHEN 'object' THEN {0} || '{{"tampered": 1}}' ELSE {0} || '["tampered"]' END""",
}

SOME_VALUE = {
    "uuid": "gen_random_uuid()",
    "int2": "1",
    "int4": "1",
    "int8": "1",
    "varchar": "'X'",
    "text": "'X'",
    "timestamptz": "'2017-01-01Z'::timestamptz",
    "bytea": "'\\x00'::bytea",
    "jsonb": "'{{}}'::jsonb",
}


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One change behind the ledger's back: `statement` must change at least one row to count."""

    title: str
    statement: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """How many changes were made, which the audit missed and which the book had no rows for."""

    made: int
    missed: tuple[str, ...]
    impossible: tuple[str, ...]

    @property
    def untried(self) -> tuple[str, ...]:
        """What could not be tried, but for filling a column that is never empty."""
        return tuple(title for title in self.impossible if not title.endswith(" filled"))

    @property
    def found(self) -> int:
        return self.made - len(self.missed)


class Undone(Exception):
    """Rolls a change back."""


def attempts(table: str, columns: Sequence[tuple[str, str]]) -> Iterator[Attempt]:
    """Every way to change a table: each column edited, emptied, filled and swapped; rows deleted and inserted."""
    for column, kind in columns:
        name = f'"{column}"'
        stamped = " AND position IS NOT NULL" if table == "outbox" else ""
        one = f'ctid = (SELECT ctid FROM "{table}" WHERE {{0}}{stamped} ORDER BY id DESC LIMIT 1)'
        other = OTHER_VALUE[kind].format(name)
        yield Attempt(
            title=f"{table}.{column} edited",
            statement=f'UPDATE "{table}" SET {name} = {other} WHERE {one.format(f"{name} IS NOT NULL")}',
        )
        if column != "id":
            yield Attempt(
                title=f"{table}.{column} emptied",
                statement=f'UPDATE "{table}" SET {name} = NULL WHERE {one.format(f"{name} IS NOT NULL")}',
            )
        yield Attempt(
            title=f"{table}.{column} filled",
            statement=f'UPDATE "{table}" SET {name} = {SOME_VALUE.get(kind, "NULL").format()}'
            f" WHERE {one.format(f'{name} IS NULL')}",
        )
        yield Attempt(
            title=f"{table}.{column} swapped",
            statement=f"""
            WITH pair AS (SELECT a.ctid AS here, b.ctid AS there, a.{name} AS mine, b.{name} AS theirs
                          FROM "{table}" AS a JOIN "{table}" AS b ON a.{name} <> b.{name} AND a.id < b.id
                          {"WHERE a.position IS NOT NULL AND b.position IS NOT NULL" if stamped else ""}
                          ORDER BY a.id, b.id LIMIT 1)
            UPDATE "{table}" AS t SET {name} = CASE WHEN t.ctid = here THEN theirs ELSE mine END
            FROM pair WHERE t.ctid IN (here, there)""",
        )
    listed = ", ".join(f'"{column}"' for column, _ in columns if column != "id")
    fresh = "(SELECT max(id) + 1 FROM outbox)" if table == "outbox" else "gen_random_uuid()"
    for end in ("ASC", "DESC"):
        title = "first" if end == "ASC" else "last"
        yield Attempt(
            title=f"{table}: {title} row deleted",
            statement=f'DELETE FROM "{table}" WHERE id = (SELECT id FROM "{table}" ORDER BY id {end} LIMIT 1)',
        )
        yield Attempt(
            title=f"{table}: {title} row inserted again under another id",
            statement=f'INSERT INTO "{table}" (id, {listed}) SELECT {fresh}, {listed} FROM "{table}"'
            f" ORDER BY id {end} LIMIT 1",
        )


async def tamper(database: Database, every: int = 1) -> Result:
    """Makes every change (or each n-th) in a transaction of its own, audits it there, and rolls it back.

    Constraints of the tables are dropped first: the database is a scratch one.
    """
    made, missed, impossible = 0, list[str](), list[str]()
    async with database.transaction() as connection:
        for row in await connection.fetch(CONSTRAINTS, [f'"{table}"' for table in TABLES]):
            await connection.execute(row[0])
        for table in TABLES:
            for column in await connection.fetch(COLUMNS, table):
                if column["name"] != "id":
                    await connection.execute(f'ALTER TABLE "{table}" ALTER "{column["name"]}" DROP NOT NULL')
        report = await audit_in(connection)
        assert report.is_clean(strict=True), report.to_json()
    for table in TABLES:
        columns = [(row["name"], row["type"]) for row in await database.fetch(COLUMNS, table)]
        for attempt in list(attempts(table, columns))[::every]:
            seen = await _is_seen(database, attempt)
            if seen is None:
                impossible.append(attempt.title)
                continue
            made += 1
            if not seen:
                missed.append(attempt.title)
    return Result(made=made, missed=tuple(missed), impossible=tuple(impossible))


async def _is_seen(database: Database, attempt: Attempt) -> bool | None:
    seen: bool | None = None
    try:
        async with database.transaction() as connection:
            seen = await _changed_and_audited(connection, attempt)
            raise Undone
    except Undone:
        return seen


async def _changed_and_audited(connection: Connection, attempt: Attempt) -> bool | None:
    await connection.execute("SET LOCAL session_replication_role = replica")
    tag = await connection.execute(attempt.statement)
    if tag.split()[-1] == "0":
        return None
    return not (await audit_in(connection)).is_clean()


@contextmanager
def server(database_url: str | None) -> Iterator[str]:
    """The address of a server to work on: the given one, or one of our own for as long as needed."""
    with ExitStack() as stack:
        if database_url is None:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="guerdon-")))
            home.chmod(0o711)
            database_url = stack.enter_context(EmbeddedServers(home, durable=False)).postgres.url("postgres")
        yield database_url


@asynccontextmanager
async def scratch(server_url: str) -> AsyncIterator[Database]:
    """A migrated database of our own on that server, dropped afterwards."""
    name = f"guerdon_tamper_{os.getpid()}"
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    plain = await Database.open(server_url, connections_max=1)
    try:
        await plain.fetch(f'CREATE DATABASE "{name}"')
        await migrate(url)
        opened = await Database.open(url)
        try:
            yield opened
        finally:
            await opened.close()
            await plain.fetch(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await plain.close()


async def _run(server_url: str) -> Result:
    async with scratch(server_url) as database:
        await build(database)
        return await tamper(database)


def main() -> int:
    """Prints `n of n found`, what is not covered and why; answers 1 if anything was missed or not tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url", help="a server to work on, in a scratch database; else an embedded one")
    with server(parser.parse_args().database_url) as server_url:
        result = asyncio.run(_run(server_url))
    say = sys.stdout.write
    for title in result.missed:
        say(f"MISSED  {title}\n")
    say(f"{result.found} of {result.made} found, in {', '.join(TABLES)}\n")
    unexplained = [title for title in result.untried if title.rsplit(" ", 1)[0] not in ONE_VALUE]
    for title in unexplained:
        say(f"UNTRIED {title}: no row, or no two, had another value\n")
    say("columns without a swap:\n" + "".join(f"  {column}: {why}\n" for column, why in ONE_VALUE.items()))
    say("not covered:\n" + "".join(f"  {what}: {why}\n" for what, why in NOT_COVERED.items()))
    return 1 if result.missed or unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
