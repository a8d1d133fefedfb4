"""Edits, empties, swaps, deletes and inserts behind the ledger's back, one at a time; the audit must find each."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from benchmarks.tamper_book import build
from benchmarks.tamper_shop import build_shop_book
from benchmarks.tamper_tables import KEYS, NOT_COVERED, NOT_COVERED_BESIDES, TABLES, is_covered, rows_covered
from catalog.auditing import questions as shop_questions
from domain.kernel.sql import Connection, Database
from domain.ledger.auditing import Question, audit_in, own_questions
from embedded.supervisor import EmbeddedServers
from migrations import migrate

COLUMNS = """
SELECT column_name AS name, udt_name AS type FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position
"""

CONSTRAINTS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname) FROM pg_constraint
WHERE conrelid = ANY($1::regclass[]) AND contype IN ('c', 'u', 'f', 'p')
UNION ALL
SELECT format('DROP INDEX IF EXISTS %s', indexrelid::regclass) FROM pg_index
WHERE indrelid = ANY($1::regclass[]) AND indisunique
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('u', 'p'))
"""

OTHER_VALUE = {
    "uuid": "gen_random_uuid()",
    "int2": "{0} + 1",
    "int4": "{0} + 1",
    "int8": "{0} + 1",
    "varchar": "CASE WHEN left({0}, 1) = 'X' THEN 'Y' ELSE 'X' END || substr({0}, 2)",
    "text": "CASE WHEN left({0}, 1) = 'X' THEN 'Y' ELSE 'X' END || substr({0}, 2)",
    "timestamptz": "{0} + interval '1 second'",
    "date": "{0} + 1",
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
    "date": "'2017-01-01'::date",
    "bytea": "'\\x00'::bytea",
    "bool": "true",
    "jsonb": "'{{}}'::jsonb",
}


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One change behind the ledger's back: `statement` must change at least one row to count."""

    title: str
    statement: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """How many changes were made (and of which columns), which the audit missed, which the book had no rows for."""

    made: int
    missed: tuple[str, ...]
    impossible: tuple[str, ...]
    columns: frozenset[str]

    @property
    def untried(self) -> tuple[str, ...]:
        """What could not be tried of columns that nothing could be tried of; of others a change had no second value."""
        return tuple(
            title
            for title in self.impossible
            if not title.endswith(" filled") and title.rsplit(" ", 1)[0] not in self.columns
        )

    @property
    def found(self) -> int:
        return self.made - len(self.missed)


class Undone(Exception):
    """Rolls a change back."""


def attempts(table: str, columns: Sequence[tuple[str, str]]) -> Iterator[Attempt]:
    """Every way to change a table: each column edited, emptied, filled and swapped; rows deleted and inserted."""
    key = KEYS.get(table, "id")
    for column, kind in columns:
        if not is_covered(table, column):
            continue
        name = f'"{column}"'
        within = rows_covered(table, column)
        one = (
            f'ctid = (SELECT ctid FROM "{table}" AS a WHERE {{0}} AND {within.format("a")} ORDER BY {key} DESC LIMIT 1)'
        )
        other = OTHER_VALUE[kind].format(name)
        yield Attempt(
            title=f"{table}.{column} edited",
            statement=f'UPDATE "{table}" SET {name} = {other} WHERE {one.format(f"{name} IS NOT NULL")}',
        )
        if column != key:
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
                          FROM "{table}" AS a JOIN "{table}" AS b ON a.{name} <> b.{name} AND a.{key} < b.{key}
                          WHERE {within.format("a")} AND {within.format("b")}
                          ORDER BY a.{key}, b.{key} LIMIT 1)
            UPDATE "{table}" AS t SET {name} = CASE WHEN t.ctid = here THEN theirs ELSE mine END
            FROM pair WHERE t.ctid IN (here, there)""",
        )
    listed = ", ".join(f'"{column}"' for column, _ in columns if column != key)
    fresh = "(SELECT max(id) + 1 FROM outbox)" if table == "outbox" else "gen_random_uuid()"
    for end in ("ASC", "DESC"):
        title = "first" if end == "ASC" else "last"
        yield Attempt(
            title=f"{table}: {title} row deleted",
            statement=f'DELETE FROM "{table}" WHERE {key} = (SELECT {key} FROM "{table}" ORDER BY {key} {end} LIMIT 1)',
        )
        yield Attempt(
            title=f"{table}: {title} row inserted again under another id",
            statement=f'INSERT INTO "{table}" ({key}, {listed}) SELECT {fresh}, {listed} FROM "{table}"'
            f" ORDER BY {key} {end} LIMIT 1",
        )


async def tamper(database: Database, every: int = 1, say: Callable[[str], object] | None = None) -> Result:
    """Makes every change (or each n-th of a table, one at least) in a transaction of its own, audits it there, and
    rolls it back.

    Constraints of the tables are dropped first: the database is a scratch one.
    """
    made, missed, impossible = 0, list[str](), list[str]()
    asked, columns_tried = _questions(), set[str]()
    async with database.transaction() as connection:
        for row in await connection.fetch(CONSTRAINTS, [f'"{table}"' for table in TABLES]):
            await connection.execute(row[0])
        for table in TABLES:
            for column in await connection.fetch(COLUMNS, table):
                if column["name"] != KEYS.get(table, "id"):
                    await connection.execute(f'ALTER TABLE "{table}" ALTER "{column["name"]}" DROP NOT NULL')
        report = await audit_in(connection, [asked])
        assert report.is_clean(strict=True), report.to_json()
    for number, table in enumerate(TABLES):
        columns = [(row["name"], row["type"]) for row in await database.fetch(COLUMNS, table)]
        every_one = list(attempts(table, columns))
        # Another share of each table, so that a share of all tables has changes of every kind.
        for attempt in every_one[number % min(every, len(every_one)) :: every]:
            seen = await _is_seen(database, attempt, asked)
            if seen is None:
                impossible.append(attempt.title)
                continue
            made += 1
            columns_tried.add(attempt.title.rsplit(" ", 1)[0])
            if not seen:
                missed.append(attempt.title)
        if say is not None:
            say(f"{number + 1} of {len(TABLES)} tables: {table}; {made - len(missed)} of {made} found\n")
    return Result(made=made, missed=tuple(missed), impossible=tuple(impossible), columns=frozenset(columns_tried))


def _questions() -> list[Question]:
    """All of the ledger's and the shop's, those that compare rows with what was told of them first."""
    asked = own_questions()
    for law, some in shop_questions().items():
        asked.setdefault(law, []).extend(some)
    first = asked.pop("E1")
    return [*reversed(first), *(question for some in asked.values() for question in some)]


async def _is_seen(database: Database, attempt: Attempt, asked: Sequence[Question]) -> bool | None:
    seen: bool | None = None
    try:
        async with database.transaction() as connection:
            seen = await _changed_and_audited(connection, attempt, asked)
            raise Undone
    except Undone:
        return seen


async def _changed_and_audited(connection: Connection, attempt: Attempt, asked: Sequence[Question]) -> bool | None:
    await connection.execute("SET LOCAL session_replication_role = replica")
    tag = await connection.execute(attempt.statement)
    if tag.split()[-1] == "0":
        return None
    for question in asked:
        if (await question(connection)).violations:
            return True
    return False


@contextmanager
def server(database_url: str | None) -> Generator[str]:
    """The address of a server to work on: the given one, or one of our own for as long as needed."""
    with ExitStack() as stack:
        if database_url is None:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="guerdon-")))
            home.chmod(0o711)
            database_url = stack.enter_context(EmbeddedServers(home, durable=False)).postgres.url("postgres")
        yield database_url


@asynccontextmanager
async def scratch(server_url: str) -> AsyncGenerator[Database]:
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


def _shown(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


async def _run(server_url: str) -> Result:
    async with scratch(server_url) as database:
        await build(database)
        await build_shop_book(database)
        return await tamper(database, say=_shown)


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
    for title in result.untried:
        say(f"UNTRIED {title}: no row, or no two, had another value\n")
    said = {**NOT_COVERED, **NOT_COVERED_BESIDES}
    say("not covered:\n" + "".join(f"  {what}: {why}\n" for what, why in said.items()))
    return 1 if result.missed or result.untried else 0


if __name__ == "__main__":
    sys.exit(main())
