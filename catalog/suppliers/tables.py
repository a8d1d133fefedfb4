"""Rows of suppliers: who fulfils orders, with sealed credentials, and what a reconciliation file said."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Supplier(Model):
    """Who delivers goods; a key of its source feeds its items and codes and fulfils its orders.

    `settings` are the adapter's own, without secrets; `credentials` are sealed. `float_balance` is what the supplier
    says is left of the vendor's prepaid money, in minor units of `float_currency`.
    """

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=64)
    name = fields.CharField(max_length=200)
    source_id = fields.UUIDField(null=True)
    adapter = fields.CharField(max_length=16)
    state = fields.CharField(max_length=8, default="ACTIVE")
    settings = fields.JSONField[dict[str, object]]()
    credentials = fields.BinaryField(null=True)
    is_test = fields.BooleanField(default=False)
    rate_calls = fields.IntField(default=10)
    rate_seconds = fields.IntField(default=1)
    float_balance = fields.BigIntField(null=True)
    float_currency = fields.CharField(max_length=3, null=True)
    float_alert_below = fields.BigIntField(null=True)
    float_checked_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "supplier"
        constraints = (
            UniqueConstraint(fields=("code",), name="supplier_code_is_unique"),
            UniqueConstraint(fields=("source_id",), name="supplier_is_one_per_source"),
            CheckConstraint(
                check="adapter IN ('CODE_POOL', 'HTTP_PUSH', 'PULL_QUEUE', 'BY_HAND', 'SCRIPTED')",
                name="supplier_adapter_is_known",
            ),
            CheckConstraint(check="state IN ('ACTIVE', 'PAUSED')", name="supplier_state_is_known"),
            CheckConstraint(
                check="rate_calls BETWEEN 1 AND 10000 AND rate_seconds BETWEEN 1 AND 86400",
                name="supplier_rate_is_bounded",
            ),
        )


class Reconciliation(Model):
    """A supplier's own list of orders held against ours: counts and the differences, at most 10,000 of them."""

    id = fields.UUIDField(primary_key=True)
    supplier_id = fields.UUIDField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    file_digest = fields.BinaryField()
    counts = fields.JSONField[dict[str, int]]()
    differences = fields.JSONField[list[dict[str, object]]]()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "reconciliation"
        constraints = (
            UniqueConstraint(fields=("supplier_id", "file_digest"), name="reconciliation_is_one_per_file"),
            CheckConstraint(check="starts_at < ends_at", name="reconciliation_span_is_ordered"),
        )
