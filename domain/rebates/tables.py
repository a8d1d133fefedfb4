"""Rows of rebates: the settings of a program, and one period of one partner with its final figures."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class RebateProgram(Model):
    """A program whose rule of this code is a rebate, reviewed and paid by its periods."""

    program_id = fields.UUIDField(primary_key=True)
    rule = fields.CharField(max_length=64)
    dispute_days = fields.IntField()
    pass_through_ppm = fields.IntField(null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField()

    class Meta:
        table = "rebate_program"
        constraints = (
            CheckConstraint(
                check="dispute_days BETWEEN 0 AND 90 AND (pass_through_ppm IS NULL OR pass_through_ppm BETWEEN 0 AND"
                " 1000000)",
                name="rebate_program_is_bounded",
            ),
        )


class RebatePeriod(Model):
    """One period of one partner in a rebate program, from OPEN to PAID; the final figures are of its last review."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    rule = fields.CharField(max_length=64)
    partner_id = fields.UUIDField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    grace_ends_at = fields.DatetimeField()
    state = fields.CharField(max_length=12)
    baseline = fields.BigIntField(null=True)
    final_total = fields.BigIntField(null=True)
    final_due = fields.BigIntField(null=True)
    final_granted = fields.BigIntField(null=True)
    passed_on = fields.BigIntField(null=True)
    finalized_at = fields.DatetimeField(null=True)
    dispute_until = fields.DatetimeField(null=True)
    accepted_at = fields.DatetimeField(null=True)
    disputed_at = fields.DatetimeField(null=True)
    dispute = fields.CharField(max_length=2000, null=True)
    answer = fields.CharField(max_length=2000, null=True)
    reason = fields.CharField(max_length=500, null=True)
    approved_by = fields.UUIDField(null=True)
    approved_at = fields.DatetimeField(null=True)
    payout_id = fields.UUIDField(null=True)
    paid_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField()

    class Meta:
        table = "rebate_period"
        constraints = (
            UniqueConstraint(
                fields=("program_id", "partner_id", "starts_at"), name="rebate_period_is_one_per_partner_and_start"
            ),
            CheckConstraint(
                check="state IN ('OPEN', 'GRACE', 'CALCULATING', 'IN_REVIEW', 'APPROVED', 'PAID', 'REOPENED')",
                name="rebate_period_state_is_known",
            ),
            CheckConstraint(check="starts_at < ends_at AND ends_at <= grace_ends_at", name="rebate_period_is_ordered"),
            CheckConstraint(
                check="state NOT IN ('IN_REVIEW', 'APPROVED', 'PAID') OR finalized_at IS NOT NULL",
                name="rebate_period_is_final_before_it_is_approved",
            ),
        )
