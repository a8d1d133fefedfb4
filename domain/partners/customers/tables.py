"""Rows of customers: their match keys, who has to do with them, and who holds them for which products."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Customer(Model):
    """A firm that buys, as the first who named it called it; the vendor's to see alone."""

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=200)
    country = fields.CharField(max_length=2, null=True)
    vertical = fields.CharField(max_length=64, null=True)
    size = fields.CharField(max_length=64, null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "customer"


class CustomerKey(Model):
    """One key in normal form; a tax id or a domain means one customer, a name may mean several."""

    id = fields.UUIDField(primary_key=True)
    customer_id = fields.UUIDField()
    kind = fields.CharField(max_length=8)
    value = fields.CharField(max_length=253)

    class Meta:
        table = "customer_key"
        constraints = (
            UniqueConstraint(fields=("customer_id", "kind", "value"), name="customer_key_is_said_once"),
            CheckConstraint(check="kind IN ('TAX_ID', 'DOMAIN', 'NAME')", name="customer_key_kind_is_known"),
        )


class CustomerRelation(Model):
    """Somebody has to do with a customer for a span of time: the vendor's rep, its partner, whoever has its lead."""

    id = fields.UUIDField(primary_key=True)
    customer_id = fields.UUIDField()
    kind = fields.CharField(max_length=12)
    partner_id = fields.UUIDField(null=True)
    member_id = fields.UUIDField(null=True)
    reference_id = fields.UUIDField(null=True)
    since = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "customer_relation"
        constraints = (
            CheckConstraint(
                check="kind IN ('VENDOR_REP', 'INCUMBENT', 'LEAD') AND num_nonnulls(partner_id, member_id) >= 1",
                name="customer_relation_is_somebodys",
            ),
        )


class CustomerHold(Model):
    """A partner has a customer for some products (none named: all) until an instant, unless it ended before.

    `until` is NULL while the clock stands still.
    """

    id = fields.UUIDField(primary_key=True)
    customer_id = fields.UUIDField()
    reference_id = fields.UUIDField()
    partner_id = fields.UUIDField()
    member_id = fields.UUIDField(null=True)
    products = fields.JSONField[list[str]]()
    since = fields.DatetimeField()
    until = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "customer_hold"
        constraints = (
            CheckConstraint(check="ended_at IS NULL OR ended_at >= since", name="customer_hold_span_is_ordered"),
        )
