"""What the shop's rows say is what events told of them (E1): digests of rows that never move untold, laws for the rest.

The digest in an event is of the rows as they stood when it was told (`told_v1`, in the migrations); the chain of events
holds it. As in the ledger, each question yields (subject, broken) for every row it examines.
"""

from collections.abc import Mapping

from catalog.codes.events import BATCH_RECALLED, CODE_ISSUED, CODE_VOIDED, CODES_EXPIRED, CODES_IMPORTED

# kind of aggregate → the table of its root
ROOTS: Mapping[str, str] = {
    "supplier": "supplier",
    "catalog_item": "catalog_item",
    "code_pool": "code_pool",
    "redemption": "redemption",
    "code_problem": "code_problem",
    "bundle": "bundle",
    "bundle_order": "bundle_order",
    "reward_send": "reward_send",
    "entitlement": "entitlement",
    "grant": "reward_grant",
}
# A part that belongs to nothing is told of by nothing: table → (column, table that it belongs to).
PARTS: Mapping[str, tuple[str, str, str]] = {
    "denomination": ("item_id", "catalog_item", "id"),
    "fulfilment_route": ("denomination_id", "denomination", "id"),
    "benefit": ("denomination_id", "denomination", "id"),
    "redemption_line": ("redemption_id", "redemption", "id"),
    "fulfilment_attempt": ("line_id", "redemption_line", "id"),
    "bundle_item": ("bundle_id", "bundle", "id"),
    "bundle_part": ("order_id", "bundle_order", "id"),
    "send_recipient": ("send_id", "reward_send", "id"),
    "entitlement_use": ("entitlement_id", "entitlement", "id"),
}
KINDS = ", ".join(f"'{kind}'" for kind in (*ROOTS, "reward", "code"))
IS_TOLD = "length(digest) = 33 AND get_byte(digest, 0) = 1"  # by told_v1; others are of another version

ROWS_EQUAL_WHAT_WAS_TOLD = f"""
SELECT aggregate_kind || ' ' || aggregate_id AS subject,
       told_v1(aggregate_kind, aggregate_id, payload, recorded_at) IS DISTINCT FROM digest AS broken
FROM (SELECT DISTINCT ON (aggregate_kind, aggregate_id) aggregate_kind, aggregate_id, payload, recorded_at, digest
      FROM outbox WHERE aggregate_kind IN ({KINDS}) AND NOT payload ? 'batch_id'
      ORDER BY aggregate_kind, aggregate_id, id DESC) AS last
WHERE {IS_TOLD}
UNION ALL
SELECT aggregate_kind || ' ' || aggregate_id, told_v1(aggregate_kind, aggregate_id, payload, recorded_at) <> digest
FROM (SELECT DISTINCT ON (payload ->> 'batch_id', recorded_at)
             aggregate_kind, aggregate_id, payload, recorded_at, digest
      FROM outbox WHERE name = '{CODES_IMPORTED.name}' ORDER BY payload ->> 'batch_id', recorded_at, id DESC) AS last
WHERE {IS_TOLD}
"""


def _roots() -> str:
    return " UNION ALL ".join(
        f"""SELECT '{kind} ' || root.id AS subject, told.aggregate_id IS NULL AS broken FROM "{table}" AS root
        LEFT JOIN told ON told.aggregate_kind = '{kind}' AND told.aggregate_id = root.id"""
        for kind, table in ROOTS.items()
    )


def _parts() -> str:
    return " UNION ALL ".join(
        f"""SELECT '{table} ' || part.{column}, whole.{key} IS NULL FROM "{table}" AS part
        LEFT JOIN "{of}" AS whole ON whole.{key} = part.{column}"""
        for table, (column, of, key) in PARTS.items()
    )


# A code is told of by the call that brought it, or as it was issued the moment a supplier delivered it.
ROWS_ARE_TOLD_OF = f"""
WITH told AS (SELECT DISTINCT aggregate_kind, aggregate_id FROM outbox WHERE aggregate_kind IN ({KINDS})),
came AS (
  SELECT DISTINCT (payload ->> 'batch_id')::uuid AS batch_id, recorded_at FROM outbox
  WHERE name = '{CODES_IMPORTED.name}')
{_roots()} UNION ALL {_parts()}
UNION ALL
SELECT 'code ' || c.id, came.batch_id IS NULL AND issued.id IS NULL
FROM voucher_code AS c LEFT JOIN came ON came.batch_id = c.batch_id AND came.recorded_at = c.recorded_at
LEFT JOIN outbox AS issued ON issued.aggregate_id = c.id AND issued.name = '{CODE_ISSUED.name}'
                           AND issued.recorded_at = c.recorded_at
"""

# Until a code is a line's for good nothing is told of it alone: its state, its line and its batch say all of it.
CODES_STAND_AS_TOLD = f"""
WITH ended AS (SELECT DISTINCT recorded_at FROM outbox WHERE aggregate_kind = 'redemption')
SELECT c.id::text AS subject,
       CASE c.state
         WHEN 'FREE' THEN
           num_nonnulls(c.line_id, c.problem, c.reserved_at, c.issued_at, c.revealed_at, c.voided_at) > 0
         WHEN 'RESERVED' THEN num_nonnulls(c.issued_at, c.revealed_at, c.voided_at) > 0
           OR c.reserved_at IS DISTINCT FROM line.recorded_at
           OR line.state NOT IN ('HELD', 'PENDING_APPROVAL', 'ORDERED')
           OR c.problem IS DISTINCT FROM CASE WHEN b.state = 'RECALLED' THEN 'RECALLED' END
         WHEN 'ISSUED' THEN issued.id IS NULL
           OR c.problem IS DISTINCT FROM CASE WHEN b.state = 'RECALLED' THEN 'RECALLED' END
         WHEN 'VOID' THEN CASE
           WHEN c.line_id IS NOT NULL THEN voided.id IS NULL OR c.problem IS DISTINCT FROM voided.payload ->> 'problem'
           ELSE num_nonnulls(c.reserved_at, c.issued_at, c.revealed_at) > 0 OR CASE c.problem
             WHEN 'RECALLED' THEN b.state <> 'RECALLED' OR c.voided_at < b.recalled_at
               OR c.voided_at > b.recalled_at AND ended.recorded_at IS NULL
             WHEN 'EXPIRED' THEN c.expires_on IS NULL END END
       END AS broken
FROM voucher_code AS c JOIN code_batch AS b ON b.id = c.batch_id
LEFT JOIN redemption_line AS line ON line.id = c.line_id
LEFT JOIN outbox AS issued ON issued.aggregate_id = c.id AND issued.name = '{CODE_ISSUED.name}'
                           AND issued.payload ->> 'line_id' = c.line_id::text
LEFT JOIN outbox AS voided ON voided.aggregate_id = c.id AND voided.name = '{CODE_VOIDED.name}'
                           AND voided.recorded_at = c.voided_at
LEFT JOIN ended ON ended.recorded_at = c.voided_at
"""

# As many codes as were told became void at that instant, by a recall or because their day was over.
VOID_CODES_ARE_TOLD_OF = f"""
WITH void AS (
  SELECT pool_id, CASE WHEN problem = 'RECALLED' THEN batch_id END AS batch_id, voided_at, count(*) AS codes
  FROM voucher_code WHERE state = 'VOID' AND line_id IS NULL GROUP BY 1, 2, 3)
SELECT o.aggregate_id::text AS subject, coalesce(void.codes, 0) <> (o.payload ->> 'count')::bigint AS broken
FROM outbox AS o LEFT JOIN void ON void.pool_id = o.aggregate_id AND void.voided_at = o.recorded_at
                                AND void.batch_id IS NULL
WHERE o.name = '{CODES_EXPIRED.name}'
UNION ALL
SELECT void.pool_id::text, o.id IS NULL
FROM void LEFT JOIN outbox AS o ON o.aggregate_id = void.pool_id AND o.recorded_at = void.voided_at
                                AND o.name = '{CODES_EXPIRED.name}'
WHERE void.batch_id IS NULL
UNION ALL
SELECT o.aggregate_id::text, coalesce(void.codes, 0) <> (o.payload ->> 'voided')::bigint
FROM outbox AS o LEFT JOIN void ON void.batch_id = o.aggregate_id AND void.voided_at = o.recorded_at
WHERE o.name = '{BATCH_RECALLED.name}'
UNION ALL
SELECT b.id::text, (o.id IS NOT NULL) <> (b.state = 'RECALLED') OR o.recorded_at IS DISTINCT FROM b.recalled_at
       OR b.state NOT IN ('ACTIVE', 'RECALLED') OR b.imported <> coalesce(c.codes, 0)
FROM code_batch AS b LEFT JOIN outbox AS o ON o.aggregate_id = b.id AND o.name = '{BATCH_RECALLED.name}'
LEFT JOIN (SELECT batch_id, count(*) AS codes FROM voucher_code GROUP BY batch_id) AS c ON c.batch_id = b.id
UNION ALL
SELECT o.aggregate_id::text, b.id IS NULL
FROM outbox AS o LEFT JOIN code_batch AS b ON b.id = o.aggregate_id WHERE o.name = '{BATCH_RECALLED.name}'
"""

# law → name of the check → the question
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "E1": {
        "rows_equal_what_was_told": ROWS_EQUAL_WHAT_WAS_TOLD,
        "rows_are_told_of": ROWS_ARE_TOLD_OF,
        "codes_stand_as_told": CODES_STAND_AS_TOLD,
        "void_codes_are_told_of": VOID_CODES_ARE_TOLD_OF,
    },
}
