"""Rows of funds: pots, allocations in columns of money, requests, claims, and the journal that they sum up."""

from typing import Any

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class FundRow(Model):
    """A fund; `pool` is what no partner has, `accrued_position` up to which event it accrued, `moved_at` when
    money last moved."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=64)
    name = fields.JSONField[Any]()
    unit = fields.CharField(max_length=16)
    kind = fields.CharField(max_length=16)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    use_by = fields.DatetimeField()
    reminder_days = fields.JSONField[Any]()
    answer_days = fields.IntField()
    claim_days = fields.IntField()
    rollover_ppm = fields.IntField()
    rolls_into_id = fields.UUIDField(null=True)
    accrual = fields.JSONField[Any](null=True)
    accrued_position = fields.BigIntField(default=0)
    pool = fields.BigIntField(default=0)
    moved_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "fund"
        constraints = (
            UniqueConstraint(fields=("code",), name="fund_code_is_unique"),
            CheckConstraint(
                check="kind IN ('ACCRUAL', 'DISCRETIONARY') AND (kind = 'ACCRUAL') = (accrual IS NOT NULL)",
                name="fund_kind_is_known",
            ),
            CheckConstraint(
                check="starts_at < use_by AND use_by <= ends_at",
                name="fund_span_is_ordered",
            ),
            CheckConstraint(
                check="answer_days BETWEEN 1 AND 366 AND claim_days BETWEEN 1 AND 366 AND rollover_ppm "
                "BETWEEN 0 AND 1000000",
                name="fund_is_bounded",
            ),
            CheckConstraint(
                check="pool >= 0",
                name="fund_pool_is_never_below_zero",
            ),
        )


class FundActivity(Model):
    """An activity that a fund pays for: the partner bears at least `cofund_ppm` millionths of its cost."""

    id = fields.UUIDField(primary_key=True)
    fund_id = fields.UUIDField()
    code = fields.CharField(max_length=64)
    name = fields.JSONField[Any]()
    cofund_ppm = fields.IntField()
    amount_max = fields.BigIntField(null=True)

    class Meta:
        table = "fund_activity"
        constraints = (
            UniqueConstraint(fields=("fund_id", "code"), name="fund_activity_is_listed_once"),
            CheckConstraint(
                check="cofund_ppm BETWEEN 0 AND 999999 AND amount_max BETWEEN 1 AND 1000000000000",
                name="fund_activity_is_bounded",
            ),
        )


class FundAllocation(Model):
    """A partner's part of a fund: every amount stands in one column. `use_by` counts only the partner's own time."""

    id = fields.UUIDField(primary_key=True)
    fund_id = fields.UUIDField()
    partner_id = fields.UUIDField()
    available = fields.BigIntField(default=0)
    requested = fields.BigIntField(default=0)
    approved = fields.BigIntField(default=0)
    claimed = fields.BigIntField(default=0)
    paid = fields.BigIntField(default=0)
    owed = fields.BigIntField(default=0)
    use_by = fields.DatetimeField()
    with_vendor_since = fields.DatetimeField(null=True)
    extension_state = fields.CharField(max_length=8, default="NONE")
    extension_until = fields.DatetimeField(null=True)
    reminded_days = fields.IntField(null=True)
    remind_at = fields.DatetimeField(null=True)
    moved_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "fund_allocation"
        constraints = (
            UniqueConstraint(fields=("fund_id", "partner_id"), name="fund_allocation_is_one_per_partner"),
            CheckConstraint(
                check="available >= 0 AND requested >= 0 AND approved >= 0 AND claimed >= 0 AND paid >= 0 "
                "AND owed >= 0",
                name="fund_allocation_is_never_below_zero",
            ),
            CheckConstraint(
                check="extension_state IN ('NONE', 'ASKED', 'GRANTED', 'REFUSED') AND (extension_state = "
                "'NONE') = (extension_until IS NULL)",
                name="fund_allocation_extension_is_known",
            ),
            CheckConstraint(
                check="(with_vendor_since IS NOT NULL) = (extension_state = 'ASKED')",
                name="fund_allocation_clock_stands_while_it_is_asked",
            ),
        )


class FundRequest(Model):
    """A partner's request with its plan; `amount` is set aside for it, `unclaimed` is what of the approved nobody
    claimed."""

    id = fields.UUIDField(primary_key=True)
    fund_id = fields.UUIDField()
    allocation_id = fields.UUIDField()
    partner_id = fields.UUIDField()
    member_id = fields.UUIDField(null=True)
    activity = fields.CharField(max_length=64)
    title = fields.CharField(max_length=200)
    starts_on = fields.DateField()
    ends_on = fields.DateField()
    cost = fields.BigIntField()
    currency = fields.CharField(max_length=16)
    cofund_ppm = fields.IntField()
    amount = fields.BigIntField(default=0)
    approved = fields.BigIntField(default=0)
    unclaimed = fields.BigIntField(default=0)
    state = fields.CharField(max_length=16)
    due_at = fields.DatetimeField(null=True)
    with_vendor_since = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    queued_at = fields.DatetimeField()
    submitted_at = fields.DatetimeField(null=True)
    decided_at = fields.DatetimeField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "fund_request"
        constraints = (
            CheckConstraint(
                check="state IN ('DRAFT', 'SUBMITTED', 'INFO_REQUESTED', 'APPROVED', 'REJECTED', "
                "'DECLINED', 'EXPIRED', 'CANCELLED')",
                name="fund_request_state_is_known",
            ),
            CheckConstraint(
                check="cost BETWEEN 1 AND 1000000000000 AND cofund_ppm BETWEEN 0 AND 999999 AND ends_on >= "
                "starts_on AND amount >= 0 AND approved BETWEEN 0 AND amount AND unclaimed BETWEEN 0 "
                "AND approved",
                name="fund_request_is_bounded",
            ),
            CheckConstraint(
                check="(state <> 'SUBMITTED' OR with_vendor_since IS NOT NULL) AND (state IN ('SUBMITTED', "
                "'APPROVED') OR with_vendor_since IS NULL)",
                name="fund_request_clock_stands_while_the_vendor_holds_it",
            ),
        )


class FundClaimRow(Model):
    """A claim against an approved request: `amount` is asked, `approved` granted. Money is paid outside: its bank
    reference, and the payout if one of ours did it."""

    id = fields.UUIDField(primary_key=True)
    request_id = fields.UUIDField()
    fund_id = fields.UUIDField()
    allocation_id = fields.UUIDField()
    partner_id = fields.UUIDField()
    n = fields.IntField()
    state = fields.CharField(max_length=20)
    amount = fields.BigIntField()
    approved = fields.BigIntField(default=0)
    due_at = fields.DatetimeField(null=True)
    bank_reference = fields.CharField(max_length=128, null=True)
    payout_id = fields.UUIDField(null=True)
    activity_id = fields.UUIDField(null=True)
    recorded_at = fields.DatetimeField()
    submitted_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    paid_at = fields.DatetimeField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "fund_claim"
        constraints = (
            UniqueConstraint(fields=("request_id", "n"), name="fund_claim_is_numbered_once"),
            CheckConstraint(
                check="state IN ('SUBMITTED', 'IN_REVIEW', 'INFO_REQUESTED', 'APPROVED', "
                "'PARTIALLY_APPROVED', 'REJECTED', 'WITHDRAWN', 'PAID', 'PARTIALLY_PAID', 'REVERSED') "
                "AND (state = 'INFO_REQUESTED') = (due_at IS NOT NULL)",
                name="fund_claim_state_is_known",
            ),
            CheckConstraint(
                check="(state IN ('PAID', 'PARTIALLY_PAID', 'REVERSED')) = (paid_at IS NOT NULL) AND "
                "(paid_at IS NULL) = (bank_reference IS NULL) AND (paid_at IS NULL) = (activity_id IS "
                "NULL)",
                name="fund_claim_is_paid_whole",
            ),
            CheckConstraint(
                check="n BETWEEN 1 AND 100 AND amount > 0 AND approved BETWEEN 0 AND amount",
                name="fund_claim_is_bounded",
            ),
        )


class FundClaimLine(Model):
    """One invoice of a claim: its whole cost, that in the fund's unit, and what it asks of the fund."""

    id = fields.UUIDField(primary_key=True)
    claim_id = fields.UUIDField()
    request_id = fields.UUIDField()
    n = fields.IntField()
    invoice = fields.CharField(max_length=128)
    invoiced_on = fields.DateField()
    cost = fields.BigIntField()
    currency = fields.CharField(max_length=16)
    cost_in_unit = fields.BigIntField()
    amount = fields.BigIntField()
    file_id = fields.UUIDField(null=True)
    state = fields.CharField(max_length=10, default="OPEN")
    reason = fields.CharField(max_length=32, null=True)

    class Meta:
        table = "fund_claim_line"
        constraints = (
            UniqueConstraint(fields=("claim_id", "n"), name="fund_claim_line_is_numbered_once"),
            CheckConstraint(
                check="state IN ('OPEN', 'APPROVED', 'REJECTED') AND (state = 'REJECTED') = (reason IS NOT NULL)",
                name="fund_claim_line_state_is_known",
            ),
            CheckConstraint(
                check="n BETWEEN 1 AND 10 AND amount > 0 AND amount <= cost_in_unit",
                name="fund_claim_line_is_bounded",
            ),
        )


class FundMovement(Model):
    """Money that moved from one column to another; appended, never changed: what it sums to is every balance, then
    and now."""

    id = fields.UUIDField(primary_key=True)
    fund_id = fields.UUIDField()
    allocation_id = fields.UUIDField(null=True)
    kind = fields.CharField(max_length=16)
    from_bucket = fields.CharField(max_length=10)
    to_bucket = fields.CharField(max_length=10)
    amount = fields.BigIntField()
    request_id = fields.UUIDField(null=True)
    claim_id = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=500, null=True)
    principal_id = fields.UUIDField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "fund_movement"
        constraints = (
            CheckConstraint(
                check="amount BETWEEN 1 AND 1000000000000000",
                name="fund_movement_is_positive",
            ),
            CheckConstraint(
                check="from_bucket <> to_bucket AND from_bucket IN ('OUTSIDE', 'POOL', 'AVAILABLE', "
                "'REQUESTED', 'APPROVED', 'CLAIMED', 'PAID') AND to_bucket IN ('OUTSIDE', 'POOL', "
                "'AVAILABLE', 'REQUESTED', 'APPROVED', 'CLAIMED', 'PAID')",
                name="fund_movement_buckets_are_known",
            ),
            CheckConstraint(
                check="(allocation_id IS NULL) = (from_bucket IN ('OUTSIDE', 'POOL') AND to_bucket IN "
                "('OUTSIDE', 'POOL'))",
                name="fund_movement_names_its_allocation",
            ),
        )


class FundAccrual(Model):
    """What an activity accrued to a fund, by its current content; `waits_for` is a currency that had no rate."""

    id = fields.UUIDField(primary_key=True)
    fund_id = fields.UUIDField()
    activity_id = fields.UUIDField()
    allocation_id = fields.UUIDField()
    amount = fields.BigIntField()
    waits_for = fields.CharField(max_length=16, null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "fund_accrual"
        constraints = (
            UniqueConstraint(fields=("fund_id", "activity_id"), name="fund_accrual_is_one_per_activity"),
            CheckConstraint(
                check="amount >= 0",
                name="fund_accrual_is_never_below_zero",
            ),
        )


class FundStep(Model):
    """What somebody did with a request, a claim or an allocation, and what they said."""

    id = fields.UUIDField(primary_key=True)
    subject_id = fields.UUIDField()
    version = fields.BigIntField()
    action = fields.CharField(max_length=24)
    state = fields.CharField(max_length=20)
    principal_id = fields.UUIDField()
    is_vendor = fields.BooleanField()
    note = fields.CharField(max_length=500, null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "fund_step"
        constraints = (UniqueConstraint(fields=("subject_id", "version"), name="fund_step_is_one_per_version"),)
