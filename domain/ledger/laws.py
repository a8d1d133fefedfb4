"""The laws of the ledger as named questions to the database: each yields (subject, broken) for every row it examines.

An answer that is neither true nor false counts as broken: a law is kept only where SQL can say so.
"""

from collections.abc import Mapping

from domain.ledger.paying_laws import PAYMENT_LOTS_HAVE_THEIR_PAYMENT, PAYMENTS_END_ONCE, PAYMENTS_MOVE_WHOLE

SUMS_TO_ZERO = """
SELECT t.id::text AS subject,
       coalesce(sum(e.amount), 1) <> 0 OR bool_or(e.unit <> t.unit) OR bool_or(e.effective_at <> t.effective_at)
         AS broken
FROM transaction AS t LEFT JOIN entry AS e ON e.transaction_id = t.id GROUP BY t.id
"""

ENTRIES_HAVE_THEIR_ROWS = """
SELECT e.id::text AS subject,
       t.id IS NULL OR e.wallet_id IS NOT NULL AND w.unit IS DISTINCT FROM e.unit
       OR e.budget_id IS NOT NULL AND (b.unit, b.program_id) IS DISTINCT FROM (e.unit, e.program_id)
       OR e.lot_id IS NOT NULL AND l.id IS NULL OR p.program_id IS DISTINCT FROM e.program_id AS broken
FROM entry AS e LEFT JOIN transaction AS t ON t.id = e.transaction_id LEFT JOIN wallet AS w ON w.id = e.wallet_id
     LEFT JOIN budget AS b ON b.id = e.budget_id LEFT JOIN lot AS l ON l.id = e.lot_id
     LEFT JOIN booking_period AS p ON p.id = e.booked_period_id
"""

WALLETS_NEVER_BELOW_ZERO = """
SELECT id::text AS subject, least(pending, available, held, payable, receivable) < 0 AS broken FROM wallet
"""

LOTS_NEVER_BELOW_ZERO = """
SELECT id::text AS subject,
       least(pending, available, held, payable, redeemed, paid, expired, reversed, settled) < 0 AS broken FROM lot
"""

REVERSED_WITHIN_THE_AWARD = """
SELECT a.id::text AS subject,
       a.reversed_total NOT BETWEEN 0 AND a.amount OR a.reversed_total <> coalesce(r.total, 0) AS broken
FROM award AS a LEFT JOIN (SELECT award_id, sum(amount) AS total FROM reversal GROUP BY award_id) AS r
     ON r.award_id = a.id
"""

HOLDS_END_ONCE = """
SELECT h.id::text AS subject,
       coalesce(ends.begun, 0) <> 1 OR coalesce(ends.captured, 0) + coalesce(ends.released, 0) > 1
       OR coalesce(ends.refunded, 0) > coalesce(ends.captured, 0)
       OR h.state <> CASE WHEN ends.captured = 1 THEN 'CAPTURED' WHEN ends.released = 1 THEN 'RELEASED' ELSE 'HELD' END
       OR h.ended_at IS DISTINCT FROM ends.ended_at OR h.refunded_at IS DISTINCT FROM ends.refunded_at
       OR coalesce(ends.refunded_at < ends.ended_at, false) OR h.amount <> coalesce(parts.total, 0) AS broken
FROM hold AS h
LEFT JOIN (SELECT cause_id, count(*) FILTER (WHERE kind = 'HOLD') AS begun,
                  count(*) FILTER (WHERE kind = 'CAPTURE') AS captured,
                  count(*) FILTER (WHERE kind = 'RELEASE') AS released,
                  count(*) FILTER (WHERE kind = 'REFUND') AS refunded,
                  max(recorded_at) FILTER (WHERE kind IN ('CAPTURE', 'RELEASE')) AS ended_at,
                  max(recorded_at) FILTER (WHERE kind = 'REFUND') AS refunded_at
           FROM transaction WHERE kind IN ('HOLD', 'CAPTURE', 'RELEASE', 'REFUND') GROUP BY cause_id) AS ends
     ON ends.cause_id = h.id
LEFT JOIN (SELECT hold_id, sum(amount) AS total FROM hold_lot GROUP BY hold_id) AS parts ON parts.hold_id = h.id
"""

# Whatever happens to a hold happens to all of it: what a move adds to its target, lot by lot, is the hold's parts.
HOLDS_MOVE_WHOLE = """
SELECT t.id::text AS subject,
       EXISTS (SELECT FROM (SELECT lot_id, amount FROM hold_lot WHERE hold_id = t.cause_id) AS part
               FULL JOIN (SELECT lot_id, sum(amount) AS amount FROM entry
                          WHERE transaction_id = t.id AND kind = CASE t.kind
                            WHEN 'HOLD' THEN 'held' WHEN 'CAPTURE' THEN 'redeemed' ELSE 'available' END
                          GROUP BY lot_id) AS moved ON moved.lot_id = part.lot_id
               WHERE part.amount IS DISTINCT FROM moved.amount) AS broken
FROM transaction AS t WHERE t.kind IN ('HOLD', 'CAPTURE', 'RELEASE', 'REFUND')
"""

HOLD_MOVES_NAME_A_HOLD = """
SELECT t.id::text AS subject, h.id IS NULL AS broken
FROM transaction AS t LEFT JOIN hold AS h ON h.id = t.cause_id WHERE t.kind IN ('HOLD', 'CAPTURE', 'RELEASE', 'REFUND')
"""

ONE_KEY_ONE_EFFECT = """
SELECT min(id::text) AS subject, count(*) > 1 AS broken FROM award GROUP BY due_id, n
UNION ALL
SELECT min(id::text), count(*) > 1 OR bool_or(outcome IS NULL) FROM receipt GROUP BY principal_id, operation, key
UNION ALL
SELECT min(id::text), count(*) > 1 FROM activity GROUP BY source_id, external_id
"""

# A due is granted what its awards stand at, and a program that has dues awards for nothing else.
DUES_EQUAL_THEIR_AWARDS = """
SELECT due.id::text AS subject,
       due.granted <> coalesce(a.standing, 0) OR due.awards <> coalesce(a.total, 0)
       OR coalesce(a.another, false) AS broken
FROM due LEFT JOIN (
  SELECT award.due_id, sum(award.amount - award.reversed_total) AS standing, count(*) AS total,
         bool_or((wallet.owner_kind, wallet.owner_id, wallet.unit, award.program_id)
                 IS DISTINCT FROM (due.beneficiary_kind, due.beneficiary_id, due.unit, due.program_id)) AS another
  FROM award JOIN due ON due.id = award.due_id LEFT JOIN wallet ON wallet.id = award.wallet_id
  GROUP BY award.due_id) AS a ON a.due_id = due.id
UNION ALL
SELECT award.id::text, due.id IS NULL FROM award LEFT JOIN due ON due.id = award.due_id
WHERE award.program_id IN (SELECT program_id FROM due)
"""

ENTRIES_ARE_NUMBERED_DENSELY = """
SELECT w.id::text AS subject,
       w.seq <> coalesce(e.total, 0)
       OR e.total IS NOT NULL AND (e.first <> 1 OR e.last <> e.total OR e.different <> e.total) AS broken
FROM wallet AS w
LEFT JOIN (SELECT wallet_id, count(*) AS total, min(seq) AS first, max(seq) AS last, count(DISTINCT seq) AS different
           FROM entry WHERE wallet_id IS NOT NULL GROUP BY wallet_id) AS e ON e.wallet_id = w.id
"""

REVERSED_ONCE = "SELECT min(id::text) AS subject, count(*) > 1 AS broken FROM reversal GROUP BY award_id, cause_id"

BOOKS_ARE_APPEND_ONLY = """
SELECT kept.name AS subject, t.tgenabled IS DISTINCT FROM 'O' AS broken
FROM unnest(ARRAY['entry', 'transaction', 'reversal', 'outbox']) AS kept (name)
LEFT JOIN pg_trigger AS t ON t.tgrelid = kept.name::regclass AND t.tgname = 'l5_never_edited'
"""

BUDGETS_EQUAL_THEIR_ENTRIES = """
SELECT b.id::text AS subject, b.balance < 0 OR b.balance <> coalesce(e.total, 0) AS broken
FROM budget AS b
LEFT JOIN (SELECT budget_id, sum(amount) AS total FROM entry WHERE budget_id IS NOT NULL GROUP BY budget_id) AS e
     ON e.budget_id = b.id
"""

LOTS_EQUAL_THEIR_WALLET = """
SELECT w.id::text AS subject,
       (w.pending, w.available, w.held, w.payable) IS DISTINCT FROM
         (coalesce(l.pending, 0), coalesce(l.available, 0), coalesce(l.held, 0), coalesce(l.payable, 0))
       OR w.next_due_at IS DISTINCT FROM l.due_at AS broken
FROM wallet AS w
LEFT JOIN (SELECT wallet_id, sum(pending) AS pending, sum(available) AS available, sum(held) AS held,
                  sum(payable) AS payable,
                  min(CASE WHEN pending > 0 THEN matures_at WHEN available > 0 THEN expires_at END) AS due_at
           FROM lot GROUP BY wallet_id) AS l ON l.wallet_id = w.id
"""

LOT_PARTS_EQUAL_THEIR_ENTRIES = """
SELECT l.id::text AS subject,
       (l.pending, l.available, l.held, l.payable, l.redeemed, l.paid, l.expired, l.reversed, l.settled)
         IS DISTINCT FROM
         (e.pending, e.available, e.held, e.payable, e.redeemed, e.paid, e.expired, e.reversed, e.settled)
       OR l.amount <> l.pending + l.available + l.held + l.payable + l.redeemed + l.paid + l.expired + l.reversed
                      + l.settled
       OR a.id IS NULL OR a.wallet_id <> l.wallet_id OR a.amount <> l.amount OR a.program_id <> l.program_id AS broken
FROM lot AS l LEFT JOIN award AS a ON a.id = l.award_id
LEFT JOIN (
  SELECT lot_id, coalesce(sum(e.amount) FILTER (WHERE e.kind = 'pending'), 0) AS pending,
         coalesce(sum(e.amount) FILTER (WHERE e.kind = 'available'), 0) AS available,
         coalesce(sum(e.amount) FILTER (WHERE e.kind = 'held'), 0) AS held,
         coalesce(sum(e.amount) FILTER (WHERE e.kind = 'payable'), 0) AS payable,
         coalesce(sum(e.amount) FILTER (WHERE e.kind = 'redeemed'), 0) AS redeemed,
         coalesce(sum(e.amount) FILTER (WHERE e.kind = 'paid'), 0) AS paid,
         coalesce(sum(e.amount) FILTER (WHERE e.kind = 'expired'), 0) AS expired,
         -coalesce(sum(e.amount) FILTER (WHERE t.kind = 'REVERSE' AND e.reverses_id IS NOT NULL), 0) AS reversed,
         -coalesce(sum(e.amount) FILTER (WHERE t.kind IN ('REVERSE', 'SETTLE') AND e.reverses_id IS NULL), 0) AS settled
  FROM entry AS e JOIN transaction AS t ON t.id = e.transaction_id WHERE e.lot_id IS NOT NULL GROUP BY lot_id) AS e
  ON e.lot_id = l.id
"""

# A lot's expiry is told when it is granted, and again when a release or a refund moves it.
LOT_EXPIRES_AS_TOLD = """
SELECT l.id::text AS subject,
       g.event_id IS NULL OR l.expires_at IS DISTINCT FROM
         coalesce(m.expires_at, (g.payload ->> 'expires_at')::timestamptz) AS broken
FROM lot AS l LEFT JOIN outbox AS g ON g.aggregate_id = l.award_id AND g.name = 'award.granted'
LEFT JOIN (SELECT DISTINCT ON (moved.key) moved.key, moved.value::timestamptz AS expires_at
           FROM outbox CROSS JOIN jsonb_each_text(outbox.payload -> 'extended') AS moved
           WHERE outbox.name IN ('points.released', 'points.refunded', 'payment.withdrawn', 'payment.returned')
           ORDER BY moved.key, outbox.id DESC) AS m
     ON m.key = l.id::text
"""

BALANCES_EQUAL_THEIR_ENTRIES = """
SELECT w.id::text AS subject,
       (w.pending, w.available, w.held, w.payable, -w.receivable) IS DISTINCT FROM
         (coalesce(e.pending, 0), coalesce(e.available, 0), coalesce(e.held, 0), coalesce(e.payable, 0),
          coalesce(e.receivable, 0)) AS broken
FROM wallet AS w
LEFT JOIN (SELECT wallet_id, sum(amount) FILTER (WHERE kind = 'pending') AS pending,
                  sum(amount) FILTER (WHERE kind = 'available') AS available,
                  sum(amount) FILTER (WHERE kind = 'held') AS held,
                  sum(amount) FILTER (WHERE kind = 'payable') AS payable,
                  sum(amount) FILTER (WHERE kind = 'receivable') AS receivable
           FROM entry WHERE wallet_id IS NOT NULL GROUP BY wallet_id) AS e ON e.wallet_id = w.id
"""

DEBTS_EQUAL_THEIR_ENTRIES = """
SELECT d.id::text AS subject,
       d.outstanding NOT BETWEEN 0 AND d.amount OR d.outstanding <> d.amount - coalesce(
         (SELECT sum(e.amount) FROM transaction AS t JOIN entry AS e ON e.transaction_id = t.id
          WHERE t.cause_id = d.id AND t.kind IN ('SETTLE', 'WRITE_OFF') AND e.kind = 'receivable'), 0)
       OR NOT EXISTS (SELECT FROM reversal WHERE reversal.id = d.reversal_id) AS broken
FROM debt AS d
"""

DEBTS_EQUAL_THEIR_WALLET = """
SELECT w.id::text AS subject, w.receivable <> coalesce(
         (SELECT sum(outstanding) FROM debt WHERE debt.wallet_id = w.id), 0)
       OR w.receivable > 0 AND w.available > 0 AS broken
FROM wallet AS w
"""

TRANSACTIONS_NAME_ONE_EVENT = """
SELECT t.id::text AS subject,
       coalesce(o.total, 0) <> 1 OR o.undigested OR o.recorded_at <> t.recorded_at AS broken
FROM transaction AS t
LEFT JOIN (SELECT transaction_id, count(*) AS total, bool_or(digest IS NULL) AS undigested,
                  min(recorded_at) AS recorded_at
           FROM outbox WHERE transaction_id IS NOT NULL GROUP BY transaction_id) AS o ON o.transaction_id = t.id
"""

EVENTS_NAME_THEIR_TRANSACTION = """
SELECT o.event_id::text AS subject, t.id IS NULL AS broken
FROM outbox AS o LEFT JOIN transaction AS t ON t.id = o.transaction_id WHERE o.transaction_id IS NOT NULL
"""

ROWS_NAME_THEIR_TRANSACTION = """
SELECT a.id::text AS subject, t.kind IS DISTINCT FROM 'AWARD' AS broken
FROM award AS a LEFT JOIN transaction AS t ON t.id = a.transaction_id
UNION ALL
SELECT r.id::text, t.kind IS DISTINCT FROM 'REVERSE' OR a.id IS NULL
FROM reversal AS r LEFT JOIN transaction AS t ON t.id = r.transaction_id LEFT JOIN award AS a ON a.id = r.award_id
UNION ALL
SELECT transaction_id::text, count(*) > 1 FROM award GROUP BY transaction_id
UNION ALL
SELECT p.id::text, h.id IS NULL FROM hold_lot AS p LEFT JOIN hold AS h ON h.id = p.hold_id
"""

POSITIONS_ARE_DENSE = """
SELECT 'position ' || coalesce(position, 0) AS subject,
       position IS DISTINCT FROM (row_number() OVER (ORDER BY position)) AS broken
FROM outbox WHERE position IS NOT NULL
UNION ALL
SELECT 'the relay''s last position', last_position <> (SELECT count(position) FROM outbox) FROM relay_state
"""

# law → name of the check → the question
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "L1": {"entries_sum_to_zero": SUMS_TO_ZERO, "entries_have_their_rows": ENTRIES_HAVE_THEIR_ROWS},
    "L2": {
        "wallets_never_below_zero": WALLETS_NEVER_BELOW_ZERO,
        "lots_never_below_zero": LOTS_NEVER_BELOW_ZERO,
        "reversed_within_the_award": REVERSED_WITHIN_THE_AWARD,
    },
    "L3": {
        "holds_end_once": HOLDS_END_ONCE,
        "holds_move_whole": HOLDS_MOVE_WHOLE,
        "hold_moves_name_a_hold": HOLD_MOVES_NAME_A_HOLD,
        "payments_end_once": PAYMENTS_END_ONCE,
        "payments_move_whole": PAYMENTS_MOVE_WHOLE,
        "payment_lots_have_their_payment": PAYMENT_LOTS_HAVE_THEIR_PAYMENT,
    },
    "L4": {"one_key_one_effect": ONE_KEY_ONE_EFFECT, "dues_equal_their_awards": DUES_EQUAL_THEIR_AWARDS},
    "L5": {
        "entries_are_numbered_densely": ENTRIES_ARE_NUMBERED_DENSELY,
        "reversed_once": REVERSED_ONCE,
        "books_are_append_only": BOOKS_ARE_APPEND_ONLY,
    },
    "L6": {"budgets_equal_their_entries": BUDGETS_EQUAL_THEIR_ENTRIES},
    "L7": {
        "lots_equal_their_wallet": LOTS_EQUAL_THEIR_WALLET,
        "lot_parts_equal_their_entries": LOT_PARTS_EQUAL_THEIR_ENTRIES,
        "lot_expires_as_told": LOT_EXPIRES_AS_TOLD,
    },
    "L8": {
        "balances_equal_their_entries": BALANCES_EQUAL_THEIR_ENTRIES,
        "debts_equal_their_entries": DEBTS_EQUAL_THEIR_ENTRIES,
        "debts_equal_their_wallet": DEBTS_EQUAL_THEIR_WALLET,
    },
    "E1": {
        "transactions_name_one_event": TRANSACTIONS_NAME_ONE_EVENT,
        "events_name_their_transaction": EVENTS_NAME_THEIR_TRANSACTION,
        "rows_name_their_transaction": ROWS_NAME_THEIR_TRANSACTION,
    },
    "E2": {"positions_are_dense": POSITIONS_ARE_DENSE},
}
