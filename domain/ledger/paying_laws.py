"""Questions about payments, as laws.py asks them: each yields (subject, broken) for every row it examines."""

PAYMENTS_END_ONCE = """
SELECT p.id::text AS subject,
       coalesce(ends.begun, 0) <> 1 OR coalesce(ends.paid, 0) + coalesce(ends.withdrawn, 0) > 1
       OR coalesce(ends.returned, 0) > coalesce(ends.paid, 0)
       OR p.state <> CASE WHEN ends.paid = 1 THEN 'PAID' WHEN ends.withdrawn = 1 THEN 'WITHDRAWN' ELSE 'PREPARED' END
       OR p.ended_at IS DISTINCT FROM ends.ended_at OR p.returned_at IS DISTINCT FROM ends.returned_at
       OR coalesce(ends.returned_at < ends.ended_at, false) OR p.amount <> coalesce(parts.total, 0) AS broken
FROM payment AS p
LEFT JOIN (SELECT cause_id, count(*) FILTER (WHERE kind = 'PREPARE') AS begun,
                  count(*) FILTER (WHERE kind = 'PAY') AS paid,
                  count(*) FILTER (WHERE kind = 'WITHDRAW') AS withdrawn,
                  count(*) FILTER (WHERE kind = 'RETURN') AS returned,
                  max(recorded_at) FILTER (WHERE kind IN ('PAY', 'WITHDRAW')) AS ended_at,
                  max(recorded_at) FILTER (WHERE kind = 'RETURN') AS returned_at
           FROM transaction WHERE kind IN ('PREPARE', 'PAY', 'WITHDRAW', 'RETURN') GROUP BY cause_id) AS ends
     ON ends.cause_id = p.id
LEFT JOIN (SELECT payment_id, sum(amount) AS total FROM payment_lot GROUP BY payment_id) AS parts
     ON parts.payment_id = p.id
"""

# Whatever happens to a payment happens to all of it: what a move adds to its target, lot by lot, is its parts.
PAYMENTS_MOVE_WHOLE = """
SELECT t.id::text AS subject,
       p.id IS NULL
       OR EXISTS (SELECT FROM (SELECT lot_id, amount FROM payment_lot WHERE payment_id = t.cause_id) AS part
                  FULL JOIN (SELECT lot_id, sum(amount) AS amount FROM entry
                             WHERE transaction_id = t.id AND kind = CASE t.kind
                               WHEN 'PREPARE' THEN 'payable' WHEN 'PAY' THEN 'paid' ELSE 'available' END
                             GROUP BY lot_id) AS moved ON moved.lot_id = part.lot_id
                  WHERE part.amount IS DISTINCT FROM moved.amount) AS broken
FROM transaction AS t LEFT JOIN payment AS p ON p.id = t.cause_id
WHERE t.kind IN ('PREPARE', 'PAY', 'WITHDRAW', 'RETURN')
"""

PAYMENT_LOTS_HAVE_THEIR_PAYMENT = """
SELECT part.id::text AS subject, p.id IS NULL OR l.id IS NULL OR l.wallet_id <> p.wallet_id AS broken
FROM payment_lot AS part LEFT JOIN payment AS p ON p.id = part.payment_id LEFT JOIN lot AS l ON l.id = part.lot_id
"""
