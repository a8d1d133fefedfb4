"""Events in the transaction of their cause, stamped by one relay with dense positions and a hash chain (E1, E2)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson

from domain.kernel.events import Event, StampedEvent
from domain.kernel.failpoints import Failpoints
from domain.kernel.ids import new_ids
from domain.kernel.sql import Connection, Database, Row, sure_value

STAMP_MAX = 1_000
READ_MAX = 1_000

APPEND = """
INSERT INTO outbox (event_id, name, aggregate_kind, aggregate_id, member_id, partner_id, program_id, payload,
                    transaction_id, digest, recorded_at)
SELECT event_id, name, aggregate_kind, aggregate_id, member_id, partner_id, program_id, payload,
       transaction_id, coalesce(digest, told_v1(aggregate_kind, aggregate_id, payload, $11)), $11
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::jsonb[],
            $9::uuid[], $10::bytea[])
     WITH ORDINALITY AS told (event_id, name, aggregate_kind, aggregate_id, member_id, partner_id, program_id, payload,
                              transaction_id, digest, place)
ORDER BY place
"""

LINKED = """id, event_id, name, aggregate_kind, aggregate_id, member_id, partner_id, program_id, payload,
transaction_id, digest, recorded_at"""

UNSTAMPED = f"SELECT {LINKED} FROM outbox WHERE position IS NULL ORDER BY id LIMIT $1"

STAMP = """
UPDATE outbox SET position = stamped.position, link = stamped.link
FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS stamped (id, position, link)
WHERE outbox.id = stamped.id
"""

READ = """
SELECT position, event_id, name, aggregate_kind, aggregate_id, member_id, partner_id, program_id, payload, recorded_at
FROM outbox WHERE position > $1 ORDER BY position LIMIT $2
"""


COLUMNS = READ.partition("FROM")[0]
READ_UNTIL = f"{COLUMNS} FROM outbox WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3"
READ_ABOUT = f"""
{COLUMNS} FROM outbox
WHERE (member_id = $4 OR partner_id = $5) AND position > $1 AND position <= $2 ORDER BY position LIMIT $3
"""


async def append(connection: Connection, now: datetime, events: Sequence[Event]) -> None:
    """Appends the events in order, unstamped, in the caller's transaction; the last statement before its receipt."""
    if not events:
        return
    columns = (
        [event.name for event in events],
        [event.aggregate_kind for event in events],
        [event.aggregate_id for event in events],
        [event.member_id for event in events],
        [event.partner_id for event in events],
        [event.program_id for event in events],
        [event.payload for event in events],
        [event.transaction_id for event in events],
        [event.digest for event in events],
    )
    await connection.execute(APPEND, new_ids(len(events)), *columns, now)


async def stamp(database: Database, failpoints: Failpoints, limit: int = STAMP_MAX) -> int:
    """Gives up to `limit` unstamped events the next dense positions and links; answers how many.

    Any number of relays may call this: the row lock lets one in, and a zombie finds nothing left to stamp.
    """
    async with database.transaction() as connection:
        state = await connection.fetchrow("SELECT last_position, head, epoch FROM relay_state WHERE id = 1 FOR UPDATE")
        assert state is not None, "relay_state has its one row from the first migration"
        rows = await connection.fetch(UNSTAMPED, limit)
        if not rows:
            return 0
        failpoints.hit("relay.before_stamp")
        position, head = state["last_position"], state["head"]
        ids, positions, links = list[int](), list[int](), list[bytes]()
        for row in rows:
            position += 1
            head = link(head, position, row)
            ids.append(row["id"])
            positions.append(position)
            links.append(head)
        await connection.execute(STAMP, ids, positions, links)
        await connection.execute("UPDATE relay_state SET last_position = $1, head = $2 WHERE id = 1", position, head)
    failpoints.hit("relay.after_stamp")
    return len(rows)


def link(head: bytes, position: int, row: Row) -> bytes:
    """The next link of the hash chain: SHA-256 over the previous link and every column of the stamped event."""
    body = orjson.dumps(
        [
            position,
            row["id"],
            row["event_id"],
            row["name"],
            row["aggregate_kind"],
            row["aggregate_id"],
            row["member_id"],
            row["partner_id"],
            row["program_id"],
            row["payload"],
            row["transaction_id"],
            (row["digest"] or b"").hex(),
            row["recorded_at"],
        ],
        option=orjson.OPT_SORT_KEYS,
        default=str,  # asyncpg's UUID is a subclass, which orjson leaves to us
    )
    return hashlib.sha256(head + body).digest()


async def read(source: Database | Connection, after: int, limit: int = READ_MAX) -> list[StampedEvent]:
    """The next stamped events after a position, in order, at most `limit`."""
    return [stamped(row) for row in await source.fetch(READ, after, limit)]


async def read_until(
    source: Database | Connection,
    after: int,
    until: int,
    limit: int = READ_MAX,
    *,
    about: tuple[UUID | None, UUID | None] | None = None,
) -> list[StampedEvent]:
    """As `read`, up to a position; `about` (a member, a partner) leaves out what concerns neither."""
    if about is None:
        return [stamped(row) for row in await source.fetch(READ_UNTIL, after, until, limit)]
    return [stamped(row) for row in await source.fetch(READ_ABOUT, after, until, limit, *about)]


async def head(source: Database | Connection) -> tuple[int, int]:
    """The epoch and the newest stamped position in it."""
    row = await source.fetchrow("SELECT epoch, last_position FROM relay_state WHERE id = 1")
    assert row is not None, "relay_state has its one row from the first migration"
    return row["epoch"], row["last_position"]


async def is_older(source: Database | Connection, position: int, days: int) -> bool:
    """True where what follows the position was recorded more than so many days ago."""
    return bool(
        await source.fetchval(
            "SELECT recorded_at < guerdon_now() - make_interval(days => $2) FROM outbox WHERE position = $1",
            position + 1,
            days,
        )
    )


async def last_position(source: Database | Connection) -> int:
    """The newest stamped position; 0 before the first."""
    return await sure_value(source, "SELECT last_position FROM relay_state WHERE id = 1")


def stamped(row: Row) -> StampedEvent:
    """A row of the outbox as readers see it."""
    return StampedEvent(
        position=row["position"],
        event_id=row["event_id"],
        name=row["name"],
        aggregate_kind=row["aggregate_kind"],
        aggregate_id=row["aggregate_id"],
        member_id=row["member_id"],
        partner_id=row["partner_id"],
        program_id=row["program_id"],
        payload=row["payload"],
        recorded_at=row["recorded_at"],
    )
