"""Rows of payouts: each with the payment of the ledger that it moves, and the exports they went out with."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class PayoutExport(Model):
    """A file of payouts for a bank, or for payroll, as it was handed out."""

    id = fields.UUIDField(primary_key=True)
    unit = fields.CharField(max_length=16)
    by_payroll = fields.BooleanField()
    payouts = fields.IntField()
    total = fields.BigIntField()
    principal_id = fields.UUIDField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "payout_export"
        constraints = (CheckConstraint(check="payouts BETWEEN 1 AND 1000", name="payout_export_is_bounded"),)


class Payout(Model):
    """Money of one wallet that is paid out: decided, exported, and as the bank says it ended."""

    id = fields.UUIDField(primary_key=True)
    wallet_id = fields.UUIDField()
    owner_kind = fields.CharField(max_length=8)
    owner_id = fields.UUIDField()
    unit = fields.CharField(max_length=16)
    amount = fields.BigIntField()
    payment_id = fields.UUIDField()
    state = fields.CharField(max_length=9)
    by_payroll = fields.BooleanField()
    origin_kind = fields.CharField(max_length=16, null=True)
    origin_id = fields.UUIDField(null=True)
    export_id = fields.UUIDField(null=True)
    place = fields.IntField(null=True)
    bank_reference = fields.CharField(max_length=64, null=True)
    reason = fields.CharField(max_length=500, null=True)
    created_by = fields.UUIDField()
    approved_by = fields.UUIDField(null=True)
    recorded_at = fields.DatetimeField()
    approved_at = fields.DatetimeField(null=True)
    exported_at = fields.DatetimeField(null=True)
    settled_at = fields.DatetimeField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "payout"
        constraints = (
            UniqueConstraint(fields=("payment_id",), name="payout_is_one_per_payment"),
            CheckConstraint(
                check="state IN ('DRAFT', 'APPROVED', 'EXPORTED', 'PAID', 'RETURNED', 'CANCELLED')",
                name="payout_state_is_known",
            ),
            CheckConstraint(check="owner_kind IN ('MEMBER', 'PARTNER')", name="payout_owner_kind_is_known"),
            CheckConstraint(check="amount BETWEEN 1 AND 1000000000000000", name="payout_amount_is_bounded"),
            CheckConstraint(
                check="state NOT IN ('EXPORTED', 'PAID', 'RETURNED') OR export_id IS NOT NULL",
                name="payout_was_exported_before_it_ended",
            ),
        )
