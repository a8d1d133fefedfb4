"""Rows of webhooks: endpoints with their sealed secrets and cursor, deliveries under lease, and the log of attempts."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class WebhookEndpoint(Model):
    """An address that hears events; everything up to `position` was turned into deliveries or is not for it."""

    id = fields.UUIDField(primary_key=True)
    url = fields.CharField(max_length=2000)
    description = fields.CharField(max_length=500)
    events = fields.JSONField[list[str]]()
    state = fields.CharField(max_length=8)
    reason = fields.CharField(max_length=24, null=True)
    owner_role = fields.CharField(max_length=16)
    source_id = fields.UUIDField(null=True)
    secret = fields.BinaryField()
    previous_secret = fields.BinaryField(null=True)
    previous_until = fields.DatetimeField(null=True)
    position = fields.BigIntField()
    version = fields.BigIntField(default=1)
    recorded_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "webhook_endpoint"
        constraints = (
            CheckConstraint(
                check="state IN ('PENDING', 'ACTIVE', 'PAUSED', 'DISABLED', 'DELETED')",
                name="webhook_endpoint_state_is_known",
            ),
            CheckConstraint(
                check="owner_role IN ('ADMIN', 'INTEGRATION') AND (owner_role <> 'ADMIN' OR source_id IS NULL)",
                name="webhook_endpoint_owner_is_known",
            ),
            CheckConstraint(
                check="(previous_secret IS NULL) = (previous_until IS NULL)",
                name="webhook_endpoint_old_secret_ends",
            ),
        )


class WebhookDelivery(Model):
    """One message to one endpoint. `attempts` counts and fences tries; `failures` is the place in the schedule."""

    id = fields.UUIDField(primary_key=True)
    endpoint_id = fields.UUIDField()
    kind = fields.CharField(max_length=9)
    event_id = fields.UUIDField()
    event_name = fields.CharField(max_length=64)
    position = fields.BigIntField(null=True)
    state = fields.CharField(max_length=9)
    attempts = fields.IntField(default=0)
    failures = fields.IntField(default=0)
    next_at = fields.DatetimeField()
    lease_until = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "webhook_delivery"
        constraints = (
            UniqueConstraint(fields=("endpoint_id", "event_id"), name="e2_an_event_is_delivered_once_per_endpoint"),
            CheckConstraint(
                check="kind IN ('EVENT', 'TEST', 'CHALLENGE') AND (kind = 'EVENT') = (position IS NOT NULL)",
                name="webhook_delivery_kind_is_known",
            ),
            CheckConstraint(
                check="state IN ('WAITING', 'DELIVERED', 'PARKED', 'WITHHELD')"
                " AND (state = 'WAITING') = (ended_at IS NULL)",
                name="webhook_delivery_state_is_known",
            ),
            CheckConstraint(
                check="state = 'WAITING' OR lease_until IS NULL", name="webhook_delivery_lease_is_of_one_that_waits"
            ),
        )


class WebhookAttempt(Model):
    """What one try met: never the whole answer, at most its first thousand characters."""

    id = fields.UUIDField(primary_key=True)
    delivery_id = fields.UUIDField()
    n = fields.IntField()
    outcome = fields.CharField(max_length=16)
    status = fields.IntField(null=True)
    response = fields.CharField(max_length=1024, null=True)
    milliseconds = fields.IntField()
    at = fields.DatetimeField()

    class Meta:
        table = "webhook_attempt"
        constraints = (UniqueConstraint(fields=("delivery_id", "n"), name="webhook_attempt_is_numbered_once"),)
