"""Rows of claims: what may be claimed, claims with their lines and steps, and what can be claimed once."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class ClaimCampaign(Model):
    """One version of a program's window for claims; never edited, a claim keeps the one it was submitted under."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    version = fields.IntField()
    sold_from = fields.DatetimeField()
    sold_until = fields.DatetimeField()
    claims_until = fields.DatetimeField()
    answer_days = fields.IntField()
    needs_proof = fields.BooleanField()
    needs_serials = fields.BooleanField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "claim_campaign"
        constraints = (
            UniqueConstraint(fields=("program_id", "version"), name="claim_campaign_version_is_unique"),
            CheckConstraint(
                check="sold_until > sold_from AND claims_until > sold_from", name="claim_campaign_span_is_ordered"
            ),
            CheckConstraint(check="answer_days BETWEEN 1 AND 366", name="claim_campaign_answer_is_bounded"),
        )


class ClaimSku(Model):
    """A SKU that may be claimed in a program for sales of these days, both included."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    sku = fields.CharField(max_length=64)
    valid_from = fields.DateField()
    valid_until = fields.DateField(null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "claim_sku"
        constraints = (
            UniqueConstraint(fields=("program_id", "sku", "valid_from"), name="claim_sku_begins_once"),
            CheckConstraint(check="valid_until IS NULL OR valid_until >= valid_from", name="claim_sku_span_is_ordered"),
        )


class Claim(Model):
    """A rep's claim; `partner_id` is the employer as of the sale. `queued_at` is since when it waits in the queue."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    campaign_id = fields.UUIDField()
    member_id = fields.UUIDField()
    partner_id = fields.UUIDField(null=True)
    state = fields.CharField(max_length=20)
    due_at = fields.DatetimeField(null=True)
    with_vendor_since = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    queued_at = fields.DatetimeField()
    submitted_at = fields.DatetimeField(null=True)
    decided_at = fields.DatetimeField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "claim"
        constraints = (
            CheckConstraint(
                check="state IN ('DRAFT', 'SUBMITTED', 'IN_REVIEW', 'INFO_REQUESTED', 'APPROVED',"
                " 'PARTIALLY_APPROVED', 'REJECTED', 'WITHDRAWN', 'REVERSED')"
                " AND (state = 'DRAFT' OR submitted_at IS NOT NULL OR state = 'WITHDRAWN')",
                name="claim_state_is_known",
            ),
            CheckConstraint(
                check="(with_vendor_since IS NOT NULL) = (state IN ('SUBMITTED', 'IN_REVIEW'))",
                name="claim_clock_stands_while_the_vendor_holds_it",
            ),
        )


class ClaimLine(Model):
    """One product of the sale; once approved, the activity of this id at the source of claims is what it earns by."""

    id = fields.UUIDField(primary_key=True)
    claim_id = fields.UUIDField()
    n = fields.IntField()
    sku = fields.CharField(max_length=64)
    quantity = fields.IntField()
    sold_on = fields.DateField()
    sold_at = fields.DatetimeField()
    invoice = fields.CharField(max_length=64)
    serials = fields.JSONField[list[str]]()
    amount = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=16, null=True)
    reps = fields.JSONField[list[dict[str, object]]]()
    state = fields.CharField(max_length=10, default="OPEN")
    reason = fields.CharField(max_length=32, null=True)
    activity_id = fields.UUIDField(null=True)
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "claim_line"
        constraints = (
            UniqueConstraint(fields=("claim_id", "n"), name="claim_line_is_numbered_once"),
            CheckConstraint(
                check="state IN ('OPEN', 'APPROVED', 'REJECTED', 'REVERSED')"
                " AND (state = 'OPEN') = (decided_at IS NULL)"
                " AND (state IN ('REJECTED', 'REVERSED')) = (reason IS NOT NULL)",
                name="claim_line_state_is_known",
            ),
            CheckConstraint(
                check="(state IN ('APPROVED', 'REVERSED')) = (activity_id IS NOT NULL)",
                name="claim_line_earns_once_approved",
            ),
            CheckConstraint(
                check="n BETWEEN 1 AND 10 AND quantity BETWEEN 1 AND 100000"
                " AND amount BETWEEN 0 AND 1000000000000 AND (amount IS NULL) = (currency IS NULL)",
                name="claim_line_is_bounded",
            ),
        )


class ClaimStep(Model):
    """What somebody did with a claim, and what they said."""

    id = fields.UUIDField(primary_key=True)
    claim_id = fields.UUIDField()
    version = fields.BigIntField()
    action = fields.CharField(max_length=24)
    state = fields.CharField(max_length=20)
    principal_id = fields.UUIDField()
    is_vendor = fields.BooleanField()
    note = fields.CharField(max_length=500, null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "claim_step"
        constraints = (UniqueConstraint(fields=("claim_id", "version"), name="claim_step_is_one_per_version"),)


class ClaimKey(Model):
    """An invoice or serial number, as it is spelled for comparing, and the claim that holds it in a program."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    kind = fields.CharField(max_length=8)
    value = fields.CharField(max_length=64)
    claim_id = fields.UUIDField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "claim_key"
        constraints = (
            UniqueConstraint(fields=("program_id", "kind", "value"), name="claim_key_is_held_once"),
            CheckConstraint(check="kind IN ('INVOICE', 'SERIAL')", name="claim_key_kind_is_known"),
        )


class ClaimConflict(Model):
    """A claim that names what another holds: `keys` are {kind, value}. The vendor decides for the first, the second or
    both; GONE: the first one holds it no longer."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    first_claim_id = fields.UUIDField()
    second_claim_id = fields.UUIDField()
    keys = fields.JSONField[list[dict[str, str]]]()
    state = fields.CharField(max_length=8, default="OPEN")
    reason = fields.CharField(max_length=500, null=True)
    decided_by = fields.UUIDField(null=True)
    recorded_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "claim_conflict"
        constraints = (
            UniqueConstraint(fields=("second_claim_id", "first_claim_id"), name="claim_conflict_is_one_per_pair"),
            CheckConstraint(
                check="state IN ('OPEN', 'FIRST', 'SECOND', 'BOTH', 'GONE') AND (state = 'OPEN') = (decided_at IS NULL)"
                " AND (state IN ('FIRST', 'SECOND', 'BOTH')) = (reason IS NOT NULL)"
                " AND first_claim_id <> second_claim_id",
                name="claim_conflict_state_is_known",
            ),
        )
