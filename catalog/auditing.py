"""The laws of the shop examined: C1 (codes) is asked here, those of redemptions and sends in their rooms."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from catalog import telling
from catalog.codes.events import BATCH_RECALLED, CODE_ISSUED
from catalog.redemptions import laws
from catalog.sends import laws as laws_of_sends
from domain.ledger.auditing import Question, asking

# As in the ledger: each yields (subject, broken) for every row it examines; what SQL cannot say counts as broken.
POOLS_COUNT_THEIR_CODES = """
SELECT p.id::text AS subject,
       (p.imported, p.free, p.reserved, p.issued, p.void) IS DISTINCT FROM
       (coalesce(c.codes, 0), coalesce(c.free, 0), coalesce(c.reserved, 0), coalesce(c.issued, 0), coalesce(c.void, 0))
       OR p.imported IS DISTINCT FROM coalesce(b.imported, 0) AS broken
FROM code_pool AS p
LEFT JOIN (SELECT pool_id, count(*) AS codes, count(*) FILTER (WHERE state = 'FREE') AS free,
                  count(*) FILTER (WHERE state = 'RESERVED') AS reserved,
                  count(*) FILTER (WHERE state = 'ISSUED') AS issued, count(*) FILTER (WHERE state = 'VOID') AS void
           FROM voucher_code GROUP BY pool_id) AS c ON c.pool_id = p.id
LEFT JOIN (SELECT pool_id, sum(imported) AS imported FROM code_batch GROUP BY pool_id) AS b ON b.pool_id = p.id
"""
A_CODE_IS_GIVEN_ONCE = """
SELECT c.id::text AS subject,
       c.line_id IS NULL AND c.state IN ('RESERVED', 'ISSUED') OR c.line_id IS NOT NULL AND c.state = 'FREE'
       OR c.state = 'FREE' AND c.problem IS NOT NULL
       OR c.revealed_at IS NOT NULL AND (c.line_id IS NULL OR c.state NOT IN ('ISSUED', 'VOID'))
       OR b.pool_id IS DISTINCT FROM c.pool_id OR b.state = 'RECALLED' AND c.state = 'FREE'
       OR c.line_id IS NOT NULL AND l.id IS NULL AS broken
FROM voucher_code AS c LEFT JOIN code_batch AS b ON b.id = c.batch_id
     LEFT JOIN redemption_line AS l ON l.id = c.line_id
UNION ALL
SELECT line_id::text, count(*) > 1 FROM voucher_code WHERE state IN ('RESERVED', 'ISSUED') GROUP BY line_id
"""
# Codes and batches move under their pool's lock, which their events' ids are drawn under: their order is what happened.
NO_RECALLED_CODE_IS_ISSUED = f"""
SELECT c.id::text AS subject, coalesce(issued.id > recalled.id, false) OR recalled.id IS NULL AS broken
FROM code_batch AS b JOIN voucher_code AS c ON c.batch_id = b.id
LEFT JOIN outbox AS recalled ON recalled.aggregate_id = b.id AND recalled.name = '{BATCH_RECALLED.name}'
LEFT JOIN outbox AS issued ON issued.aggregate_id = c.id AND issued.name = '{CODE_ISSUED.name}'
WHERE b.state = 'RECALLED'
"""
CODES_ARE_STORED_ONCE = """
SELECT min(id::text) AS subject, count(*) > 1 AS broken FROM voucher_code GROUP BY blind_index
"""
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "C1": {
        "pools_count_their_codes": POOLS_COUNT_THEIR_CODES,
        "a_code_is_given_once": A_CODE_IS_GIVEN_ONCE,
        "codes_are_stored_once": CODES_ARE_STORED_ONCE,
        "no_recalled_code_is_issued": NO_RECALLED_CODE_IS_ISSUED,
    },
}


def questions() -> Mapping[str, Sequence[Question]]:
    """What `guerdon audit` asks of the shop, by law."""
    every = defaultdict[str, list[Question]](list)
    for room in (QUESTIONS, laws.QUESTIONS, laws_of_sends.QUESTIONS, telling.QUESTIONS):
        for law, some in room.items():
            every[law] += [asking(law, name, text) for name, text in some.items()]
    return every
