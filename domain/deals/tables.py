"""Rows of deals: policies, registrations, their conflicts, evidence and extensions."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class DealPolicyRow(Model):
    """The days and numbers of a policy, by its code; `document` is a DealPolicy."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=64)
    document = fields.JSONField[dict[str, object]]()
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "deal_policy"
        constraints = (UniqueConstraint(fields=("code",), name="deal_policy_code_is_unique"),)


class Deal(Model):
    """A registration as its partner said it, and where it stands; `bound` is the policy of its first submission.

    `due_at` counts the partner's own time, `with_vendor_since` stops it (kernel/turns).
    """

    id = fields.UUIDField(primary_key=True)
    partner_id = fields.UUIDField()
    member_id = fields.UUIDField()
    principal_id = fields.UUIDField()
    policy = fields.CharField(max_length=64)
    title = fields.CharField(max_length=200)
    opportunity = fields.CharField(max_length=64, null=True)
    customer = fields.JSONField[dict[str, object]]()
    customer_id = fields.UUIDField(null=True)
    products = fields.JSONField[list[str]]()
    value = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=16, null=True)
    state = fields.CharField(max_length=12)
    reason = fields.CharField(max_length=32, null=True)
    note = fields.CharField(max_length=2000, null=True)
    bound = fields.JSONField[dict[str, object]](null=True)
    due_at = fields.DatetimeField(null=True)
    with_vendor_since = fields.DatetimeField(null=True)
    extensions = fields.IntField(default=0)
    submitted_at = fields.DatetimeField(null=True)
    approved_at = fields.DatetimeField(null=True)
    won_at = fields.DatetimeField(null=True)
    won_net = fields.BigIntField(null=True)
    won_list = fields.BigIntField(null=True)
    won_currency = fields.CharField(max_length=16, null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "deal"
        constraints = (
            CheckConstraint(
                check="state IN ('DRAFT', 'SUBMITTED', 'IN_REVIEW', 'RETURNED', 'APPROVED', 'REJECTED', 'EXPIRED',"
                " 'EXTENDED', 'WON', 'LOST', 'CANCELLED')",
                name="deal_state_is_known",
            ),
            CheckConstraint(
                check="(state IN ('DRAFT', 'CANCELLED') OR (submitted_at IS NOT NULL AND bound IS NOT NULL AND"
                " customer_id IS NOT NULL)) AND (state NOT IN ('APPROVED', 'EXTENDED', 'WON') OR approved_at IS NOT"
                " NULL) AND (state <> 'WON' OR (won_at IS NOT NULL AND won_net IS NOT NULL AND won_currency IS NOT"
                " NULL))",
                name="deal_says_what_its_state_needs",
            ),
            CheckConstraint(check="extensions BETWEEN 0 AND 10", name="deal_extensions_are_bounded"),
        )


class DealConflict(Model):
    """Something in the way of a registration; `against_id` is for the vendor's eyes alone."""

    id = fields.UUIDField(primary_key=True)
    deal_id = fields.UUIDField()
    kind = fields.CharField(max_length=12)
    against_id = fields.UUIDField(null=True)
    state = fields.CharField(max_length=8)
    outcome = fields.CharField(max_length=12, null=True)
    due_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "deal_conflict"
        constraints = (
            CheckConstraint(
                check="kind IN ('DUPLICATE', 'SIMILAR', 'VENDOR_REP', 'INCUMBENT', 'LEAD') AND state IN ('OPEN',"
                " 'DISPUTED', 'SETTLED') AND (state = 'SETTLED') = (settled_at IS NOT NULL) AND (state = 'SETTLED') ="
                " (outcome IS NOT NULL) AND (outcome IS NULL OR outcome IN ('UPHELD', 'DISMISSED', 'LAPSED'))",
                name="deal_conflict_state_is_known",
            ),
        )


class DealEvidence(Model):
    """What a partner says for itself in a dispute; its files hang on it."""

    id = fields.UUIDField(primary_key=True)
    deal_id = fields.UUIDField()
    partner_id = fields.UUIDField()
    n = fields.IntField()
    principal_id = fields.UUIDField()
    note = fields.CharField(max_length=2000)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "deal_evidence"
        constraints = (
            UniqueConstraint(fields=("deal_id", "n"), name="deal_evidence_is_numbered_once"),
            CheckConstraint(check="n BETWEEN 1 AND 10", name="deal_evidence_is_bounded"),
        )


class DealExtension(Model):
    """One request for more time, with the progress it needs, and the vendor's answer."""

    id = fields.UUIDField(primary_key=True)
    deal_id = fields.UUIDField()
    partner_id = fields.UUIDField()
    n = fields.IntField()
    progress = fields.CharField(max_length=2000)
    requested_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)
    granted = fields.BooleanField(null=True)

    class Meta:
        table = "deal_extension"
        constraints = (
            UniqueConstraint(fields=("deal_id", "n"), name="deal_extension_is_numbered_once"),
            CheckConstraint(
                check="n BETWEEN 1 AND 50 AND (answered_at IS NULL) = (granted IS NULL)",
                name="deal_extension_is_answered_once",
            ),
        )
