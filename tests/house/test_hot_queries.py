"""The hot queries keep their index: the code's own statements, explained by PostgreSQL on tables of thousands."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.earning import lines as due_lines
from domain.earning import units
from domain.kernel import outbox
from domain.kernel.sql import Database
from domain.ledger import loading, maturing
from domain.ledger import reading as ledger_reading
from leaderboards import lines as board_lines

ROWS = 5_000
OWNERS = 10  # row n belongs to owner n mod OWNERS
STAMPED = ROWS - 500
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def an_id(kind: int, number: int) -> UUID:
    """The id that FILL gives to row `number` of a kind."""
    return UUID(f"{kind:08d}-0000-7000-8000-{number:012d}")


# Foreign keys and triggers are off meanwhile: only the shape of the tables matters to the planner.
FILL = f"""
SET LOCAL session_replication_role = replica;
CREATE FUNCTION pg_temp.an_id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(kind::text, 8, '0') || '-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid
$$;
CREATE TEMP TABLE n AS SELECT n, n % {OWNERS} AS owner FROM generate_series(0, {ROWS}) AS n;
INSERT INTO season (id, leaderboard_id, starts_at, epoch, seq, folded_position, recorded_at)
SELECT pg_temp.an_id(1, n), pg_temp.an_id(9, n), '2026-01-01Z', 1, 0, 0, '2026-01-01Z' FROM n WHERE n < 4;
INSERT INTO standing (id, season_id, subject_id, score, reached_at, contributions, seq)
SELECT pg_temp.an_id(2, n), pg_temp.an_id(1, n % 4), pg_temp.an_id(3, n / 4), n % 1000,
       '2026-01-01Z'::timestamptz + n * interval '1 second', 1, n FROM n;
INSERT INTO wallet (id, owner_kind, owner_id, unit, pending, available, held, payable, receivable, seq, next_due_at)
SELECT pg_temp.an_id(4, n), 'MEMBER', pg_temp.an_id(3, n), 'POINTS', 0, 1, 0, 0, 0, 100,
       CASE WHEN n % 100 = 0 THEN '2026-02-01Z'::timestamptz END FROM n;
INSERT INTO transaction (id, kind, cause_kind, cause_id, unit, effective_at, recorded_at)
SELECT pg_temp.an_id(5, n), 'AWARD', 'test', pg_temp.an_id(5, n), 'POINTS', now(), now() FROM n;
INSERT INTO entry (id, transaction_id, kind, wallet_id, program_id, unit, amount, seq, booked_period_id, booking,
                   effective_at)
SELECT pg_temp.an_id(6, n), pg_temp.an_id(5, n), 'pending', pg_temp.an_id(4, owner), pg_temp.an_id(7, 0), 'POINTS', 1,
       n / {OWNERS} + 1, pg_temp.an_id(7, 1), 'OWN', now() FROM n;
INSERT INTO lot (id, award_id, wallet_id, program_id, amount, pending, available, held, payable, redeemed, paid,
                 expired, reversed, settled, matures_at, expires_at)
SELECT pg_temp.an_id(8, n), pg_temp.an_id(8, n), pg_temp.an_id(4, owner), pg_temp.an_id(7, 0), 5, 0,
       CASE WHEN n % 10 = 0 THEN 5 ELSE 0 END, 0, 0, CASE WHEN n % 10 = 0 THEN 0 ELSE 5 END, 0, 0, 0, 0,
       '2026-01-01Z', '2027-01-01Z' FROM n;
INSERT INTO due (id, tally_id, program_id, terms_id, rule, activity_id, beneficiary_kind, beneficiary_id, unit, own_due,
                 due, granted, awards, deal_key, stacking_group, occurred_at, matures_at, explanation, recorded_at)
SELECT pg_temp.an_id(10, n), pg_temp.an_id(11, n / 20), pg_temp.an_id(7, 0), pg_temp.an_id(12, 0), 'won',
       pg_temp.an_id(13, n), 'MEMBER', pg_temp.an_id(3, owner), 'POINTS', 1, 1, 1, 1, 'deal-' || n, 'main', now(),
       now(), '[]', now() FROM n;
INSERT INTO outbox (event_id, name, aggregate_kind, aggregate_id, member_id, payload, recorded_at, position, link)
SELECT pg_temp.an_id(14, n), 'activity.recorded', 'activity', pg_temp.an_id(13, n), pg_temp.an_id(3, n / 20), '{{}}',
       now(), CASE WHEN n < {STAMPED} THEN n + 1 END, CASE WHEN n < {STAMPED} THEN ''::bytea END FROM n;
"""

WALLET = [an_id(4, 7)]

# what is asked: (statement, arguments, table, the index that must answer)
HOT: tuple[tuple[str, str, tuple[Any, ...], str, str], ...] = (
    (
        "the first page of a board without its index",
        board_lines.PAGE,
        (an_id(1, 1), None, None, None, 25, False),
        "standing",
        "standing_in_order",
    ),
    (
        "a later page of a board without its index",
        board_lines.PAGE,
        (an_id(1, 1), 500, NOW, an_id(3, 9), 25, True),
        "standing",
        "standing_in_order",
    ),
    (
        "one subject's line of a board",
        board_lines.AROUND,
        (an_id(1, 1), an_id(3, 9), 5, False),
        "standing",
        "b1_standing_is_one_per_subject",
    ),
    (
        "a page of a wallet's entries",
        ledger_reading.ENTRIES,
        (WALLET, None, 101),
        "entry",
        "l5_entry_seq_is_unique_per_wallet",
    ),
    ("the live lots of a wallet", loading.SPENDABLE_LOTS, (WALLET, [5]), "lot", "lot_live_of_wallet"),
    ("the lots of a wallet that are due", loading.DUE_LOTS, (WALLET, NOW), "lot", "lot_live_of_wallet"),
    ("the wallets that are due", maturing.DUE, (NOW, 200), "wallet", "wallet_due"),
    ("the events without a position", outbox.UNSTAMPED, (1_000,), "outbox", "outbox_unstamped"),
    ("the events after a position", outbox.READ, (STAMPED - 50, 100), "outbox", "e2_position_is_unique"),
    (
        "the events about a member after a position",
        outbox.READ_ABOUT,
        (0, STAMPED, 100, an_id(3, 7), None),
        "outbox",
        "outbox_of_member",
    ),
    ("the dues of a unit", due_lines.OF_UNITS, ([an_id(11, 7)], [an_id(11, 8)]), "due", "due_is_one_per_activity"),
    ("the activities of a unit", units.ACTIVITIES_OF, ([an_id(11, 7)],), "due", "due_is_one_per_activity"),
    ("the units that hold an activity", units.HOLDING, ([an_id(13, 7)],), "due", "due_of_activity"),
    ("the dues of a deal", due_lines.OF_DEALS, (["deal-7"],), "due", "due_of_deal"),
)


@pytest.fixture(scope="module")
async def filled(database: str) -> AsyncIterator[Database]:
    """Tables of five thousand rows, analyzed."""
    connected = await Database.open(database, connections_max=2)
    async with connected.transaction() as connection:
        await connection.execute(FILL)
        await connection.execute("ANALYZE")
    yield connected
    await connected.close()


async def scans(database: Database, statement: str, arguments: tuple[Any, ...]) -> list[tuple[str, str | None]]:
    """(table, index) of every scan in the plan; no index for a scan of the whole table."""
    found = await database.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *arguments)
    return list(_scans(json.loads(found)[0]["Plan"]))


def _scans(node: dict[str, Any], table: str | None = None) -> Iterator[tuple[str, str | None]]:
    table = node.get("Relation Name", table)
    if table is not None and ("Index Name" in node or node["Node Type"] == "Seq Scan"):
        yield table, node.get("Index Name")
    for child in node.get("Plans", ()):
        yield from _scans(child, table if node["Node Type"].startswith("Bitmap") else None)


@pytest.mark.parametrize(
    ("statement", "arguments", "table", "index"), [case[1:] for case in HOT], ids=[case[0] for case in HOT]
)
async def test_a_hot_query_keeps_its_index(
    filled: Database, statement: str, arguments: tuple[Any, ...], table: str, index: str
) -> None:
    used = await scans(filled, statement, arguments)
    assert (table, index) in used
    assert (table, None) not in used, "the whole table is read"


async def test_a_query_that_lost_its_index_is_caught(filled: Database) -> None:
    planted = "SELECT * FROM entry WHERE abs(seq) = $1"
    assert await scans(filled, planted, (7,)) == [("entry", None)]
