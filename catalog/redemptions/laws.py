"""The laws of redemptions as named questions to the database: each yields (subject, broken) for every row it examines.

C2: a line moves only along drawn edges. C3: points are captured exactly where a line was ever fulfilled. E1: every
state names its event. As in the ledger, an answer that is neither true nor false counts as broken.
"""

from collections.abc import Mapping

# A line's instants are the trace of the edges it took: there is no other way to have them in this order.
LINES_STAND_AS_DRAWN = """
SELECT line.id::text AS subject,
       CASE line.state
         WHEN 'HELD' THEN num_nonnulls(line.ordered_at, line.fulfilled_at, line.ended_at) > 0
         WHEN 'PENDING_APPROVAL' THEN num_nonnulls(line.ordered_at, line.fulfilled_at, line.ended_at) > 0
         WHEN 'ORDERED' THEN line.ordered_at IS NULL OR num_nonnulls(line.fulfilled_at, line.ended_at) > 0
         WHEN 'FULFILLED' THEN num_nulls(line.ordered_at, line.fulfilled_at) > 0 OR line.ended_at IS NOT NULL
         WHEN 'REFUNDED' THEN num_nulls(line.ordered_at, line.fulfilled_at, line.ended_at) > 0
         WHEN 'CANCELLED' THEN line.ended_at IS NULL OR num_nonnulls(line.ordered_at, line.fulfilled_at) > 0
         WHEN 'FAILED' THEN line.ended_at IS NULL OR line.fulfilled_at IS NOT NULL
       END
       OR coalesce(line.ordered_at < line.recorded_at, false) OR coalesce(line.fulfilled_at < line.ordered_at, false)
       OR coalesce(line.ended_at < greatest(line.recorded_at, line.ordered_at, line.fulfilled_at), false)
       OR (line.delivery <> 'NONE') <> (line.fulfilled_at IS NOT NULL)
       OR redemption.id IS NULL OR redemption.member_id <> line.member_id AS broken
FROM redemption_line AS line LEFT JOIN redemption ON redemption.id = line.redemption_id
"""

ORDERS_EQUAL_THEIR_LINES = """
SELECT redemption.id::text AS subject,
       coalesce(lines.number, 0) = 0 OR lines.first <> 1 OR lines.last <> lines.number
       OR redemption.total <> lines.total AS broken
FROM redemption
LEFT JOIN (SELECT redemption_id, count(*) AS number, min(n) AS first, max(n) AS last, sum(price) AS total
           FROM redemption_line GROUP BY redemption_id) AS lines ON lines.redemption_id = redemption.id
"""

# What is open belongs to a line that waits for it; a line that waits or was delivered has its attempts.
ATTEMPTS_STAND_AS_DRAWN = """
SELECT attempt.id::text AS subject,
       attempt.state IN ('INTENT', 'SENT', 'UNKNOWN') AND line.state NOT IN ('ORDERED', 'FULFILLED')
       OR attempt.state = 'DELIVERED' AND line.state NOT IN ('FULFILLED', 'REFUNDED')
       OR attempt.state NOT IN ('INTENT', 'SENT', 'UNKNOWN', 'DELIVERED', 'REFUSED')
       OR (attempt.ended_at IS NULL) <> (attempt.state IN ('INTENT', 'SENT', 'UNKNOWN'))
       OR attempt.state = 'INTENT' AND attempt.fence > 0 OR attempt.state IN ('SENT', 'UNKNOWN') AND attempt.fence = 0
       OR line.id IS NULL AS broken
FROM fulfilment_attempt AS attempt LEFT JOIN redemption_line AS line ON line.id = attempt.line_id
UNION ALL
SELECT line.id::text, coalesce(tried.number, 0) = 0 OR tried.last <> tried.number OR tried.open > 1
FROM redemption_line AS line
LEFT JOIN (SELECT line_id, count(*) AS number, max(n) AS last,
                  count(*) FILTER (WHERE state IN ('INTENT', 'SENT', 'UNKNOWN')) AS open
           FROM fulfilment_attempt GROUP BY line_id) AS tried ON tried.line_id = line.id
WHERE line.ordered_at IS NOT NULL
"""

CAPTURED_IS_EVER_FULFILLED = """
SELECT line.id::text AS subject,
       (line.price = 0) <> (hold.id IS NULL) OR line.hold_id IS DISTINCT FROM hold.id
       OR hold.id IS NOT NULL AND (
         hold.state <> CASE WHEN line.fulfilled_at IS NOT NULL THEN 'CAPTURED'
                            WHEN line.ended_at IS NOT NULL THEN 'RELEASED' ELSE 'HELD' END
         OR hold.ended_at IS DISTINCT FROM coalesce(line.fulfilled_at, line.ended_at)
         OR hold.refunded_at IS DISTINCT FROM CASE WHEN line.state = 'REFUNDED' THEN line.ended_at END
         OR hold.amount <> line.price OR (hold.reference_kind, hold.reference_id) <> ('line', line.id)
         OR (wallet.owner_id, wallet.unit) IS DISTINCT FROM (line.member_id, redemption.unit)) AS broken
FROM redemption_line AS line JOIN redemption ON redemption.id = line.redemption_id
LEFT JOIN hold ON hold.id = line.hold_id LEFT JOIN wallet ON wallet.id = hold.wallet_id
UNION ALL
SELECT hold.id::text, line.id IS NULL
FROM hold LEFT JOIN redemption_line AS line ON line.hold_id = hold.id WHERE hold.reference_kind = 'line'
"""

# Every instant of a line is that of an event of its redemption which names the line.
LINES_NAME_THEIR_EVENTS = """
WITH told AS (
  SELECT aggregate_id, name, recorded_at, line.id::uuid AS line_id
  FROM outbox CROSS JOIN jsonb_array_elements_text(payload -> 'lines') AS line (id)
  WHERE name IN ('redemption.held', 'redemption.awaits_approval', 'redemption.ordered', 'redemption.fulfilled',
                 'redemption.refunded', 'redemption.cancelled', 'redemption.failed')
), stands AS (
  SELECT id, redemption_id, 'redemption.held' AS name, recorded_at AS at FROM redemption_line
  UNION ALL SELECT id, redemption_id, 'redemption.ordered', ordered_at FROM redemption_line WHERE ordered_at IS NOT NULL
  UNION ALL SELECT id, redemption_id, 'redemption.fulfilled', fulfilled_at FROM redemption_line
            WHERE fulfilled_at IS NOT NULL
  UNION ALL SELECT id, redemption_id, 'redemption.' || lower(state), ended_at FROM redemption_line
            WHERE ended_at IS NOT NULL
)
SELECT stands.id::text AS subject, told.line_id IS NULL AS broken
FROM stands LEFT JOIN told ON told.line_id = stands.id AND told.name = stands.name AND told.recorded_at = stands.at
                          AND told.aggregate_id = stands.redemption_id
UNION ALL
SELECT line.id::text, told.line_id IS NULL
FROM redemption_line AS line
LEFT JOIN told ON told.line_id = line.id AND told.name = 'redemption.awaits_approval'
WHERE line.state = 'PENDING_APPROVAL'
UNION ALL
SELECT told.line_id::text, stands.id IS NULL
FROM told LEFT JOIN stands ON told.line_id = stands.id AND told.name = stands.name AND told.recorded_at = stands.at
WHERE told.name <> 'redemption.awaits_approval'
"""

# law → name of the check → the question
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "C2": {
        "lines_stand_as_drawn": LINES_STAND_AS_DRAWN,
        "orders_equal_their_lines": ORDERS_EQUAL_THEIR_LINES,
        "attempts_stand_as_drawn": ATTEMPTS_STAND_AS_DRAWN,
    },
    "C3": {"captured_is_ever_fulfilled": CAPTURED_IS_EVER_FULFILLED},
    "E1": {"lines_name_their_events": LINES_NAME_THEIR_EVENTS},
}
