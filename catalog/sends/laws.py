"""The laws of sends as questions to the database: what is set aside is given or returned (C4); quotas hold (C5)."""

from collections.abc import Mapping

SENDS_EQUAL_THEIR_ENTRIES = """
SELECT send.id::text AS subject, coalesce(line.total, 0) <> -coalesce(moved.total, 0) AS broken
FROM reward_send AS send
LEFT JOIN (SELECT send_id, sum(set_aside) AS total FROM send_recipient GROUP BY send_id) AS line
     ON line.send_id = send.id
LEFT JOIN (SELECT t.cause_id, sum(e.amount) AS total FROM transaction AS t JOIN entry AS e ON e.transaction_id = t.id
           WHERE t.kind = 'FUND' AND t.cause_kind = 'send' AND e.budget_id IS NOT NULL GROUP BY t.cause_id) AS moved
     ON moved.cause_id = send.id
"""

SENT_POINTS_ARE_AWARDED_ONCE = """
SELECT line.id::text AS subject,
       (line.state = 'CLAIMED') <> (line.activity_id IS NOT NULL)
       OR line.activity_id IS NOT NULL AND coalesce(granted.total, 0) <> 1 AS broken
FROM send_recipient AS line JOIN reward_send AS send ON send.id = line.send_id AND send.content = 'POINTS'
LEFT JOIN (SELECT due.activity_id, count(*) AS total FROM due JOIN award ON award.due_id = due.id
           WHERE due.rule = 'reward.sent' GROUP BY due.activity_id) AS granted ON granted.activity_id = line.activity_id
"""

GRANTS_STAND_WITH_THEIR_DUE = """
SELECT g.id::text AS subject, due.id IS NULL OR g.member_id <> due.beneficiary_id
       OR (g.state = 'GRANTED') <> (due.explanation @> jsonb_build_array(jsonb_build_object(
            'code', 'GRANTS_BUNDLE', 'facts', jsonb_build_object('bundle', g.bundle)))
            AND (due.due > 0 OR due.own_due = 0)) AS broken
FROM (SELECT DISTINCT ON (due_id, bundle) * FROM reward_grant ORDER BY due_id, bundle, n DESC) AS g
LEFT JOIN due ON due.id = g.due_id
"""

WHAT_IS_GIVEN_COSTS_NOTHING = """
SELECT line.id::text AS subject, line.price <> 0 OR line.hold_id IS NOT NULL AS broken
FROM redemption_line AS line JOIN redemption ON redemption.id = line.redemption_id
WHERE redemption.origin IN ('GRANT', 'SEND')
"""

ENTITLEMENTS_EQUAL_THEIR_USES = """
SELECT e.id::text AS subject, e.used <> coalesce(u.total, 0) OR e.used NOT BETWEEN 0 AND e.quota
       OR line.fulfilled_at IS NULL AS broken
FROM entitlement AS e LEFT JOIN redemption_line AS line ON line.id = e.line_id
LEFT JOIN (SELECT entitlement_id, sum(quantity) AS total FROM entitlement_use GROUP BY entitlement_id) AS u
     ON u.entitlement_id = e.id
"""

# What nothing was told of yet was not touched since the send was made.
WAITING_LINES_ARE_UNTOUCHED = """
SELECT line.id::text AS subject,
       num_nonnulls(line.partner_id, line.activity_id, line.address_consent_at, line.sent_at, line.opened_at,
                    line.expires_at, line.claimed_at) > 0
       OR line.set_aside <> 0 OR line.state NOT IN ('PENDING', 'FAILED')
       OR line.state = 'PENDING' AND num_nonnulls(line.reason, line.ended_at) > 0
       OR line.state = 'FAILED' AND (line.reason IS NULL OR line.ended_at IS DISTINCT FROM line.recorded_at) AS broken
FROM send_recipient AS line
WHERE NOT EXISTS (SELECT FROM outbox WHERE aggregate_id = line.id AND aggregate_kind = 'reward')
"""

# What was followed up has its order, and an order of a grant is the grant's.
GRANTS_ARE_FOLLOWED_ONCE = """
SELECT g.id::text AS subject,
       coalesce(g.followed_state, g.state) NOT IN ('GRANTED', 'REVOKED')
       OR coalesce(g.followed_state = 'REVOKED' AND g.state <> 'REVOKED', false)
       OR g.state = 'GRANTED' AND (o.id IS NOT NULL) <> (g.followed_state IS NOT NULL)
       OR o.id IS NOT NULL AND ((o.revoked_at IS NOT NULL) <> (coalesce(g.followed_state, '') = 'REVOKED')
          OR g.followed_state IS NULL OR (o.member_id, o.quantity) <> (g.member_id, g.quantity)) AS broken
FROM reward_grant AS g LEFT JOIN bundle_order AS o ON o.origin = 'GRANT' AND o.origin_id = g.id
"""

# law → name of the check → the question
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "C4": {
        "sends_equal_their_entries": SENDS_EQUAL_THEIR_ENTRIES,
        "sent_points_are_awarded_once": SENT_POINTS_ARE_AWARDED_ONCE,
        "grants_stand_with_their_due": GRANTS_STAND_WITH_THEIR_DUE,
        "what_is_given_costs_nothing": WHAT_IS_GIVEN_COSTS_NOTHING,
        "waiting_lines_are_untouched": WAITING_LINES_ARE_UNTOUCHED,
        "grants_are_followed_once": GRANTS_ARE_FOLLOWED_ONCE,
    },
    "C5": {"entitlements_equal_their_uses": ENTITLEMENTS_EQUAL_THEIR_USES},
}
