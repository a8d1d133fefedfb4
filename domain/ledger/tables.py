"""Rows of the ledger: wallets, budgets, awards, lots, transactions and their entries, reversals, debts and holds."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

BOUND = 10**15  # the largest amount anywhere, inside 2^53 so that JSON, JavaScript and sorted sets stay exact


class Wallet(Model):
    """The balances of one owner in one unit; `seq` counts its entries, `next_due_at` is when a lot next moves."""

    id = fields.UUIDField(primary_key=True)
    owner_kind = fields.CharField(max_length=8)
    owner_id = fields.UUIDField()
    unit = fields.CharField(max_length=16)
    pending = fields.BigIntField(default=0)
    available = fields.BigIntField(default=0)
    held = fields.BigIntField(default=0)
    payable = fields.BigIntField(default=0)
    receivable = fields.BigIntField(default=0)
    seq = fields.BigIntField(default=0)
    next_due_at = fields.DatetimeField(null=True)

    class Meta:
        table = "wallet"
        constraints = (
            UniqueConstraint(fields=("owner_kind", "owner_id", "unit"), name="wallet_is_one_per_owner_and_unit"),
            CheckConstraint(check="owner_kind IN ('MEMBER', 'PARTNER')", name="wallet_owner_kind_is_known"),
            CheckConstraint(
                check="pending >= 0 AND available >= 0 AND held >= 0 AND payable >= 0 AND receivable >= 0",
                name="l2_wallet_is_never_below_zero",
            ),
            CheckConstraint(
                check=f"pending <= {BOUND} AND available <= {BOUND} AND held <= {BOUND} AND payable <= {BOUND}"
                f" AND receivable <= {BOUND}",
                name="l2_wallet_is_bounded",
            ),
        )


class Budget(Model):
    """What a program may still award in one unit: the sum of its entries, never below zero (L6)."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    unit = fields.CharField(max_length=16)
    balance = fields.BigIntField(default=0)

    class Meta:
        table = "budget"
        constraints = (
            UniqueConstraint(fields=("program_id", "unit"), name="budget_is_one_per_program_and_unit"),
            CheckConstraint(check=f"balance BETWEEN 0 AND {BOUND}", name="l6_awards_never_exceed_the_budget"),
        )


class BookingPeriod(Model):
    """A calendar month of a program in which entries are booked; closed after its grace, then it never moves."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    grace_ends_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "booking_period"
        constraints = (
            UniqueConstraint(fields=("program_id", "starts_at"), name="booking_period_starts_once"),
            CheckConstraint(check="starts_at < ends_at AND ends_at <= grace_ends_at", name="booking_period_is_ordered"),
        )


class Transaction(Model):
    """One balanced set of entries with its cause; never edited (L5)."""

    id = fields.UUIDField(primary_key=True)
    kind = fields.CharField(max_length=16)
    unit = fields.CharField(max_length=16)
    cause_kind = fields.CharField(max_length=16)
    cause_id = fields.UUIDField()
    reason = fields.CharField(max_length=500, null=True)
    principal_id = fields.UUIDField(null=True)
    effective_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "transaction"
        constraints = (
            CheckConstraint(
                check="kind IN ('FUND', 'AWARD', 'MATURE', 'EXPIRE', 'HOLD', 'CAPTURE', 'RELEASE', 'REVERSE',"
                " 'SETTLE', 'WRITE_OFF', 'PAY', 'REFUND', 'PREPARE', 'WITHDRAW', 'RETURN')",
                name="transaction_kind_is_known",
            ),
        )


class Entry(Model):
    """One signed amount on one balance; `seq` is dense per wallet, NULL where the entry has no wallet (L5, L8)."""

    id = fields.UUIDField(primary_key=True)
    transaction_id = fields.UUIDField()
    kind = fields.CharField(max_length=12)
    wallet_id = fields.UUIDField(null=True)
    budget_id = fields.UUIDField(null=True)
    lot_id = fields.UUIDField(null=True)
    program_id = fields.UUIDField()
    unit = fields.CharField(max_length=16)
    amount = fields.BigIntField()
    seq = fields.BigIntField(null=True)
    booked_period_id = fields.UUIDField()
    booking = fields.CharField(max_length=12)
    effective_at = fields.DatetimeField()
    reverses_id = fields.UUIDField(null=True)

    class Meta:
        table = "entry"
        constraints = (
            UniqueConstraint(fields=("wallet_id", "seq"), name="l5_entry_seq_is_unique_per_wallet"),
            CheckConstraint(
                check="kind IN ('pending', 'available', 'held', 'payable', 'receivable', 'budget', 'issued',"
                " 'redeemed', 'expired', 'paid', 'recovering')",
                name="entry_kind_is_known",
            ),
            CheckConstraint(
                check="(kind IN ('pending', 'available', 'held', 'payable', 'receivable')) = (wallet_id IS NOT NULL)"
                " AND (wallet_id IS NULL) = (seq IS NULL) AND (kind = 'budget') = (budget_id IS NOT NULL)",
                name="entry_names_its_balance",
            ),
            CheckConstraint(check="booking IN ('OWN', 'ADJUSTMENT')", name="entry_booking_is_known"),
            CheckConstraint(check=f"amount <> 0 AND abs(amount) <= {BOUND}", name="entry_amount_is_bounded"),
        )


class Award(Model):
    """Points granted once to one wallet for one due; what was taken back since is `reversed_total` (L2)."""

    id = fields.UUIDField(primary_key=True)
    due_id = fields.UUIDField()
    n = fields.IntField()
    program_id = fields.UUIDField()
    budget_id = fields.UUIDField()
    wallet_id = fields.UUIDField()
    amount = fields.BigIntField()
    reversed_total = fields.BigIntField(default=0)
    rate_id = fields.UUIDField(null=True)
    transaction_id = fields.UUIDField()
    occurred_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()
    explanation = fields.JSONField[list[dict[str, object]]]()

    class Meta:
        table = "award"
        constraints = (
            UniqueConstraint(fields=("due_id", "n"), name="l4_award_is_one_per_due_and_number"),
            CheckConstraint(check=f"amount BETWEEN 1 AND {BOUND}", name="award_amount_is_bounded"),
            CheckConstraint(check="reversed_total BETWEEN 0 AND amount", name="l2_reversed_total_is_within_the_award"),
        )


class Lot(Model):
    """Where an award's points are now; its parts always sum to its amount (L7)."""

    id = fields.UUIDField(primary_key=True)
    award_id = fields.UUIDField()
    wallet_id = fields.UUIDField()
    program_id = fields.UUIDField()
    amount = fields.BigIntField()
    pending = fields.BigIntField(default=0)
    available = fields.BigIntField(default=0)
    held = fields.BigIntField(default=0)
    payable = fields.BigIntField(default=0)
    redeemed = fields.BigIntField(default=0)
    paid = fields.BigIntField(default=0)
    expired = fields.BigIntField(default=0)
    reversed = fields.BigIntField(default=0)
    settled = fields.BigIntField(default=0)
    matures_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)

    class Meta:
        table = "lot"
        constraints = (
            UniqueConstraint(fields=("award_id",), name="lot_is_one_per_award"),
            CheckConstraint(
                check="pending >= 0 AND available >= 0 AND held >= 0 AND payable >= 0 AND redeemed >= 0 AND paid >= 0"
                " AND expired >= 0 AND reversed >= 0 AND settled >= 0",
                name="l2_lot_is_never_below_zero",
            ),
            CheckConstraint(
                check="amount = pending + available + held + payable + redeemed + paid + expired + reversed + settled",
                name="l7_lot_parts_sum_to_its_amount",
            ),
            CheckConstraint(
                check="expires_at IS NULL OR expires_at > matures_at", name="lot_matures_before_it_expires"
            ),
        )


class Reversal(Model):
    """A part of an award taken back for one cause, once (L5)."""

    id = fields.UUIDField(primary_key=True)
    award_id = fields.UUIDField()
    cause_id = fields.UUIDField()
    amount = fields.BigIntField()
    transaction_id = fields.UUIDField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "reversal"
        constraints = (
            UniqueConstraint(fields=("award_id", "cause_id"), name="l5_a_cause_reverses_an_award_once"),
            CheckConstraint(check="amount > 0", name="reversal_amount_is_positive"),
        )


class Debt(Model):
    """What a wallet still owes for one reversal that its lots could not cover; settled oldest first."""

    id = fields.UUIDField(primary_key=True)
    wallet_id = fields.UUIDField()
    reversal_id = fields.UUIDField()
    program_id = fields.UUIDField()
    budget_id = fields.UUIDField()
    amount = fields.BigIntField()
    outstanding = fields.BigIntField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "debt"
        constraints = (
            UniqueConstraint(fields=("reversal_id",), name="debt_is_one_per_reversal"),
            CheckConstraint(
                check="outstanding BETWEEN 0 AND amount AND amount > 0", name="l2_debt_is_within_its_amount"
            ),
        )


class Hold(Model):
    """Points set aside for one reference until they are captured or released, exactly once (L3).

    What was captured may be refunded, whole and once: back to the same lots.
    """

    id = fields.UUIDField(primary_key=True)
    wallet_id = fields.UUIDField()
    reference_kind = fields.CharField(max_length=16)
    reference_id = fields.UUIDField()
    amount = fields.BigIntField()
    state = fields.CharField(max_length=8)
    recorded_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    refunded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "hold"
        constraints = (
            UniqueConstraint(fields=("reference_kind", "reference_id"), name="hold_is_one_per_reference"),
            CheckConstraint(check="amount > 0", name="hold_amount_is_positive"),
            CheckConstraint(
                check="state IN ('HELD', 'CAPTURED', 'RELEASED') AND (state = 'HELD') = (ended_at IS NULL)",
                name="l3_a_hold_ends_exactly_once",
            ),
            CheckConstraint(
                check="refunded_at IS NULL OR state = 'CAPTURED'", name="l3_only_what_was_captured_is_refunded"
            ),
        )


class HoldLot(Model):
    """How much of a hold came from which lot, so that a release goes back to the same lots."""

    id = fields.UUIDField(primary_key=True)
    hold_id = fields.UUIDField()
    lot_id = fields.UUIDField()
    amount = fields.BigIntField()

    class Meta:
        table = "hold_lot"
        constraints = (
            UniqueConstraint(fields=("hold_id", "lot_id"), name="hold_lot_is_stated_once"),
            CheckConstraint(check="amount > 0", name="hold_lot_amount_is_positive"),
        )


class Payment(Model):
    """Money on its way out of a wallet for one reference, until it is paid or withdrawn, exactly once (L3).

    What was paid may come back, whole and once: to the same lots.
    """

    id = fields.UUIDField(primary_key=True)
    wallet_id = fields.UUIDField()
    reference_kind = fields.CharField(max_length=16)
    reference_id = fields.UUIDField()
    amount = fields.BigIntField()
    state = fields.CharField(max_length=9)
    recorded_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    returned_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payment"
        constraints = (
            UniqueConstraint(fields=("reference_kind", "reference_id"), name="payment_is_one_per_reference"),
            CheckConstraint(check="amount > 0", name="payment_amount_is_positive"),
            CheckConstraint(
                check="state IN ('PREPARED', 'PAID', 'WITHDRAWN') AND (state = 'PREPARED') = (ended_at IS NULL)",
                name="l3_a_payment_ends_exactly_once",
            ),
            CheckConstraint(check="returned_at IS NULL OR state = 'PAID'", name="l3_only_what_was_paid_comes_back"),
        )


class PaymentLot(Model):
    """How much of a payment comes from which lot, so that what comes back goes to the same lots."""

    id = fields.UUIDField(primary_key=True)
    payment_id = fields.UUIDField()
    lot_id = fields.UUIDField()
    amount = fields.BigIntField()

    class Meta:
        table = "payment_lot"
        constraints = (
            UniqueConstraint(fields=("payment_id", "lot_id"), name="payment_lot_is_stated_once"),
            CheckConstraint(check="amount > 0", name="payment_lot_amount_is_positive"),
        )
