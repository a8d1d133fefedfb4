"""The tables that hold value, and what in them carries none: each with the reason why no audit looks at it."""

from collections.abc import Mapping

LEDGER = (
    "entry",
    "lot",
    "wallet",
    "award",
    "transaction",
    "reversal",
    "debt",
    "hold",
    "hold_lot",
    "payment",
    "payment_lot",
    "budget",
    "outbox",
)
EARNING = ("due", "reward_grant")
SHOP = (
    "supplier",
    "catalog_item",
    "denomination",
    "fulfilment_route",
    "benefit",
    "code_pool",
    "code_batch",
    "voucher_code",
    "redemption",
    "redemption_line",
    "fulfilment_attempt",
    "code_problem",
    "bundle",
    "bundle_item",
    "bundle_order",
    "bundle_part",
    "reward_send",
    "send_recipient",
    "entitlement",
    "entitlement_use",
)
TABLES = (*LEDGER, *EARNING, *SHOP)

KEYS: Mapping[str, str] = {"benefit": "denomination_id"}  # all others: id

# of every table
COUNTER = "counts changes, for clients that hold a copy; nothing is decided by it"
TIMETABLE = "says when the worker looks next; at the worst it looks too early or late, and decides by what else stands"

# table.column → why; where the reason is about a part of the column's values, the others are covered.
NOT_COVERED: Mapping[str, str] = {
    **{
        f"{table}.version": COUNTER
        for table in (
            "supplier",
            "catalog_item",
            "denomination",
            "benefit",
            "code_pool",
            "redemption",
            "redemption_line",
            "bundle",
            "bundle_order",
            "reward_send",
            "send_recipient",
            "entitlement",
        )
    },
    "supplier.credentials": "sealed with the supplier's id: another value does not open, and calls are refused",
    "supplier.float_balance": "what the supplier said last; it is told anew with every delivery",
    "supplier.float_checked_at": "when the supplier said it",
    "denomination.stock": "a count that the supplier's feed says anew; what it promises too much is refused by the"
    " supplier, and the points go back",
    "code_pool.expiring_told_until": "up to which day it was told of expiring codes",
    "code_batch.rejected": "a figure for people: what was rejected was never stored",
    "fulfilment_attempt.calls": "counts tries, to wait longer between them",
    "fulfilment_attempt.fence": "who holds the lease; the next lease raises it. Whether it is 0 is covered",
    "fulfilment_attempt.lease_until": TIMETABLE,
    "fulfilment_attempt.call_at": TIMETABLE,
    "code_problem.note": "words of a person, which may have to be erased",
    "code_problem.answer": "words to a person, which may have to be erased",
    "bundle_order.look_at": TIMETABLE,
    "send_recipient.address": "how the sender named the person, which may have to be erased; whose it is is covered",
    "entitlement.tier_checked_at": TIMETABLE,
    "entitlement_use.note": "words of a person, which may have to be erased",
    **{
        f"due.{column}": "what the next walk of the unit finds again, from activities and terms; the points themselves,"
        " and why, stand in the awards"
        for column in (
            "tally_id",
            "terms_id",
            "rule",
            "activity_id",
            "milestone",
            "own_due",
            "due",
            "deal_key",
            "stacking_group",
            "occurred_at",
            "matures_at",
            "expires_at",
            "explanation",
            "recorded_at",
        )
    },
}

NOT_COVERED_BESIDES: Mapping[str, str] = {
    "wallet: inserting an empty one": "it holds nothing and has no entry, so no value stands on it",
    "due: inserting or deleting one that was never awarded": "a non-award is a statement; the next walk makes it again",
    "outbox: rows without a position": "the chain begins when the relay stamps, moments after the commit;"
    " an unstamped event of a transaction is covered by that transaction's check all the same",
    "fulfilment_attempt: of an open one SENT or UNKNOWN, why it waits, the supplier's reference": "either way the"
    " supplier is asked, or given the same order again under the same id, which it delivers once",
    "voucher_code: two reserved codes of one pool and instant swapped": "each line is still given one code of its pool,"
    " and nobody has seen either",
    "reward_grant.followed_state of a revoked grant without an order": "there is nothing to follow up",
    "code_batch: one without codes": "it holds nothing",
    "events from before migration 0017": "they carry no digest of the shop's rows; the next event of each does",
    "quote": "an offer of minutes that is judged anew when it is redeemed; what it became stands in the redemption",
    "shipment": "an address: sealed with its redemption's id, so that another value does not open; erasable",
    "saved_goal": "a wish",
    "reconciliation": "a report: the supplier's file makes it again",
    "following": "how far events were followed; following them again changes nothing",
    "campaign_total": "bounds what is granted later; what was granted stands in the awards",
    "tally": "what the next walk of the unit finds again",
    "receipt": "answers for repeated keys; the effect itself stands in the rows that it names",
    "relay_state.epoch": "names the generation of cursors; it is no part of the books",
    "booking_period": "dates of a month, derived from the program's zone; entries name its id, which is covered",
    "the whole database at once": "who can rewrite every row and the head of the chain leaves a consistent other book:"
    " compare the head with one that was kept elsewhere",
}

# table or table.column → which of its rows; {0} names the row
ROWS_COVERED: Mapping[str, str] = {
    "outbox": "{0}.position IS NOT NULL",
    "fulfilment_attempt.reason": "{0}.ended_at IS NOT NULL",
    "fulfilment_attempt.supplier_reference": "{0}.ended_at IS NOT NULL",
}


def is_covered(table: str, column: str) -> bool:
    """False for what carries no value."""
    return f"{table}.{column}" not in NOT_COVERED


def rows_covered(table: str, column: str) -> str:
    """The condition on a row, named {0}, under which a column of it is covered; see NOT_COVERED_BESIDES."""
    return ROWS_COVERED.get(f"{table}.{column}", ROWS_COVERED.get(table, "true"))
