"""The shop's hot queries keep their index, too: the code's own statements, explained on tables of thousands."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.webhooks import claiming
from catalog.codes import taking as codes
from catalog.items import offering
from catalog.items.browsing import page_asked
from catalog.redemptions import entitling, issuing, problems, reading, releasing, taking
from catalog.sends import delivering, settling
from domain.access.principals import Actor, Role
from domain.kernel.sql import Database
from tests.house.test_hot_queries import NOW, an_id, scans

ROWS = 5_000
OWNERS = 50  # row n belongs to owner n mod OWNERS

# Foreign keys and triggers are off meanwhile: only the shape of the tables matters to the planner.
FILL = f"""
SET LOCAL session_replication_role = replica;
CREATE FUNCTION pg_temp.an_id(kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(kind::text, 8, '0') || '-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid
$$;
CREATE TEMP TABLE n AS SELECT n, n % {OWNERS} AS owner, '2026-01-01Z'::timestamptz + n * interval '1 second' AS at
FROM generate_series(0, {ROWS}) AS n;
INSERT INTO member (id, source_id, external_id, kind, name, locale, partner_id, on_boards, recorded_at, version)
SELECT pg_temp.an_id(3, n), pg_temp.an_id(9, 0), n::text, 'REP', 'One', 'en', pg_temp.an_id(20, n % 10), true, at, 1
FROM n;
INSERT INTO redemption (id, member_id, partner_id, principal_id, origin, origin_id, unit, total, locale, recorded_at,
                        version)
SELECT pg_temp.an_id(21, n), pg_temp.an_id(3, owner), pg_temp.an_id(20, owner % 10), pg_temp.an_id(3, owner), 'QUOTE',
       pg_temp.an_id(22, n), 'POINTS', 0, 'en', at, 1 FROM n;
INSERT INTO redemption_line (id, redemption_id, n, item_id, denomination_id, member_id, price, state, delivery,
                             held_until, recorded_at, fulfilled_at, version)
SELECT pg_temp.an_id(23, n), pg_temp.an_id(21, n), 1, pg_temp.an_id(24, n % 7), pg_temp.an_id(25, n % 7),
       pg_temp.an_id(3, owner), 0, CASE WHEN n % 100 = 0 THEN 'HELD' ELSE 'FULFILLED' END, 'NONE', at, at,
       CASE WHEN n % 100 = 0 THEN NULL ELSE at END, 1 FROM n;
INSERT INTO fulfilment_attempt (id, line_id, n, supplier_id, priority, sku, state, calls, fence, call_at, recorded_at,
                                ended_at)
SELECT pg_temp.an_id(26, n), pg_temp.an_id(23, n), 1, pg_temp.an_id(27, n / 3 % 5), 1, 'sku',
       CASE WHEN n % 3 = 0 THEN 'INTENT' ELSE 'DELIVERED' END, 0, 0,
       CASE WHEN n % 500 = 0 THEN at ELSE at + interval '1 year' END, at,
       CASE WHEN n % 3 = 0 THEN NULL ELSE at END FROM n;
INSERT INTO voucher_code (id, pool_id, batch_id, state, sealed, blind_index, last_four, line_id, recorded_at,
                          reserved_at, issued_at)
SELECT pg_temp.an_id(28, n), pg_temp.an_id(29, n % 5), pg_temp.an_id(30, n % 5),
       CASE WHEN n % 20 = 0 THEN 'FREE' ELSE 'ISSUED' END, '', uuid_send(pg_temp.an_id(28, n)), '1234',
       CASE WHEN n % 20 = 0 THEN NULL ELSE pg_temp.an_id(23, n) END, at, at, at FROM n;
INSERT INTO webhook_endpoint (id, url, description, events, state, owner_role, secret, position, version, recorded_at,
                              updated_at)
SELECT pg_temp.an_id(31, n), 'https://hooks.example', '', '[]', 'ACTIVE', 'ADMIN', '', 7, 1, at, at FROM n
WHERE n < {OWNERS};
INSERT INTO webhook_delivery (id, endpoint_id, kind, event_id, event_name, position, state, attempts, failures, next_at,
                              recorded_at, ended_at)
SELECT pg_temp.an_id(32, n), pg_temp.an_id(31, owner), 'EVENT', pg_temp.an_id(33, n), 'redemption.held', n,
       CASE WHEN n % 100 = 0 THEN 'WAITING' ELSE 'DELIVERED' END, 0, 0, at, at,
       CASE WHEN n % 100 = 0 THEN NULL ELSE at END FROM n;
INSERT INTO supplier (id, code, name, adapter, state, settings, is_test, recorded_at, version, rate_calls, rate_seconds)
SELECT pg_temp.an_id(27, n), n::text, 'One', 'CODE_POOL', 'ACTIVE', '{{}}', false, at, 1, 10, 1 FROM n WHERE n < 5;
INSERT INTO catalog_item (id, supplier_id, external_id, kind, state, name, description, instructions, categories,
                          images, countries, tiers, segments, partner_types, unit, needs_address, needs_approval,
                          is_test, search, content_digest, recorded_at, updated_at, version)
SELECT pg_temp.an_id(24, n), pg_temp.an_id(27, n % 5), n::text, 'VOUCHER', 'LISTED', '{{"en": "One"}}', '{{}}', '{{}}',
       '[]', '[]', '[]', '[]', '[]', '[]', 'POINTS', false, false, false, 'one', '', at, at, 1 FROM n;
INSERT INTO denomination (id, item_id, external_id, name, price_fixed, place, is_offered, version)
SELECT pg_temp.an_id(25, n), pg_temp.an_id(24, n), 'one', '{{}}', 10, 1, true, 1 FROM n;
INSERT INTO bundle_order (id, bundle_id, origin, origin_id, member_id, quantity, mode, look_at, recorded_at, version)
SELECT pg_temp.an_id(34, n), pg_temp.an_id(35, 0), 'GRANT', pg_temp.an_id(36, n), pg_temp.an_id(3, owner), 1,
       'BEST_EFFORT', CASE WHEN n % 100 = 0 THEN at END, at, 1 FROM n;
INSERT INTO reward_send (id, program_id, principal_id, content, amount, is_gift, needs_claim, message, state, unit,
                         value, recipients, send_at, sent_at, recorded_at, version)
SELECT pg_temp.an_id(37, n), pg_temp.an_id(7, 0), pg_temp.an_id(3, 0), 'POINTS', 10, false, true, '{{}}',
       CASE WHEN n % 100 = 0 THEN 'SCHEDULED' ELSE 'SENT' END, 'POINTS', 10, 1, at, at, at, 1 FROM n;
INSERT INTO send_recipient (id, send_id, n, address, member_id, state, set_aside, recorded_at, expires_at, version)
SELECT pg_temp.an_id(38, n), pg_temp.an_id(37, n), 1, 'one', pg_temp.an_id(3, owner),
       CASE WHEN n % 100 = 0 THEN 'PENDING' ELSE 'SENT' END, 0, at,
       CASE WHEN n % 50 = 1 THEN at ELSE at + interval '1 year' END, 1 FROM n;
"""

SUPPLIER, MEMBER, LINE = an_id(27, 0), an_id(3, 7), an_id(23, 7)
OF_ORDER = "idx_redemption__redempt_7479cc"
BOSS = Actor(principal_id=MEMBER, role=Role.ADMIN)
REP = Actor(principal_id=MEMBER, role=Role.MEMBER, member_id=MEMBER)
OPERATOR = ([None], [None], [True], [None], [None])

# what is asked: (statement, arguments, table, the index that must answer)
HOT: tuple[tuple[str, str, tuple[Any, ...], str, str], ...] = (
    (
        "the due attempts of a supplier",
        taking.LOCK_DUE,
        (SUPPLIER, NOW, 100),
        "fulfilment_attempt",
        "fulfilment_attempt_open",
    ),
    (
        "the due attempts that our own pools serve",
        issuing.DUE,
        (SUPPLIER, NOW, 50),
        "fulfilment_attempt",
        "fulfilment_attempt_open",
    ),
    ("the lines whose time has come", releasing.DUE, (NOW, 100), "redemption_line", "redemption_line_waiting"),
    (
        "the free codes of a pool",
        codes.RESERVE,
        ([LINE], [an_id(29, 0)], NOW.date(), NOW),
        "voucher_code",
        "voucher_code_free",
    ),
    ("the code of a line", codes.ISSUE, ([LINE], NOW), "voucher_code", "c1_a_line_has_one_code"),
    (
        "a page of a member's redemptions",
        reading.OF_MEMBERS,
        (*OPERATOR, [MEMBER], None, None, 25),
        "redemption",
        "redemption_of_member",
    ),
    (
        "what a member redeemed of an item",
        offering.REDEEMED,
        ([MEMBER], [an_id(24, 0)], [10]),
        "redemption_line",
        "redemption_line_counted",
    ),
    ("the lines of an order", reading.LINES_OF, (*OPERATOR, [an_id(21, 7)]), "redemption_line", OF_ORDER),
    (
        "the attempts of a line",
        reading.ATTEMPTS,
        (*OPERATOR, [LINE]),
        "fulfilment_attempt",
        "fulfilment_attempt_is_numbered_once",
    ),
    (
        "whose lines an event is about",
        entitling.OWN_LINES,
        ([LINE], SUPPLIER),
        "fulfilment_attempt",
        "fulfilment_attempt_is_numbered_once",
    ),
    ("recalled codes in members' hands", problems.RECALLED, (100,), "voucher_code", "voucher_code_recalled"),
    ("bundles that wait for the shop", settling.DUE, (50,), "bundle_order", "bundle_order_due"),
    ("the sends that are due", delivering.DUE, (50,), "reward_send", "reward_send_due"),
    (
        "the lines of a send that have not left",
        delivering.PENDING,
        (an_id(37, 0), 500),
        "send_recipient",
        "send_recipient_pending",
    ),
    (
        "the rewards that nobody claimed in time",
        delivering.EXPIRING,
        (NOW, 500),
        "send_recipient",
        "send_recipient_expiring",
    ),
    (
        "the due deliveries of webhooks",
        claiming.TAKE,
        ([an_id(31, 0)], [False], NOW, 10, NOW),
        "webhook_delivery",
        "webhook_delivery_due",
    ),
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


@pytest.mark.parametrize(
    ("statement", "arguments", "table", "index"), [case[1:] for case in HOT], ids=[case[0] for case in HOT]
)
async def test_a_hot_query_of_the_shop_keeps_its_index(
    filled: Database, statement: str, arguments: tuple[Any, ...], table: str, index: str
) -> None:
    used = await scans(filled, statement, arguments)
    assert (table, index) in used
    assert (table, None) not in used, "the whole table is read"


@pytest.mark.parametrize("actor", [BOSS, REP], ids=["an operator", "a member"])
async def test_the_newest_items_of_the_catalog_are_found_by_their_index(filled: Database, actor: Actor) -> None:
    statement, arguments = await page_asked(filled, actor)
    used = await scans(filled, statement, tuple(arguments))
    assert ("catalog_item", "catalog_item_newest") in used
    assert ("catalog_item", None) not in used, "the whole table is read"
