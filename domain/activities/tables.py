"""Rows of activities: sources, declared types, the activity with its revisions, and raw payloads kept apart."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Source(Model):
    """Where activities come from; `mapping` is data, `on_change` says what another content under one id means."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=64)
    name = fields.CharField(max_length=200)
    mapping = fields.JSONField[dict[str, object]](null=True)
    on_change = fields.CharField(max_length=8, default="REFUSE")
    backfill = fields.BooleanField(default=False)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "source"
        constraints = (
            UniqueConstraint(fields=("code",), name="source_code_is_unique"),
            CheckConstraint(check="on_change IN ('REFUSE', 'CORRECT')", name="source_on_change_is_known"),
        )


class ActivityType(Model):
    """A declared kind of activity: its attributes, amounts by basis and which attribute is the deal key."""

    code = fields.CharField(max_length=64, primary_key=True)
    name = fields.JSONField[dict[str, str]]()
    declaration = fields.JSONField[dict[str, object]]()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "activity_type"


class Activity(Model):
    """One thing a partner did, as its current revision says; identity never changes."""

    id = fields.UUIDField(primary_key=True)
    source_id = fields.UUIDField()
    external_id = fields.CharField(max_length=128)
    revision = fields.IntField()
    state = fields.CharField(max_length=8)
    type = fields.CharField(max_length=64)
    occurred_at = fields.DatetimeField()
    member_id = fields.UUIDField(null=True)
    partner_id = fields.UUIDField(null=True)
    quantity = fields.BigIntField()
    amounts = fields.JSONField[dict[str, dict[str, object]]]()
    attributes = fields.JSONField[dict[str, object]]()
    deal_key = fields.CharField(max_length=128, null=True)
    source_version = fields.CharField(max_length=64, null=True)
    content_digest = fields.BinaryField()
    first_recorded_at = fields.DatetimeField()
    bound_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "activity"
        constraints = (
            UniqueConstraint(fields=("source_id", "external_id"), name="l4_activity_is_one_per_source_and_external_id"),
            CheckConstraint(check="state IN ('ACTIVE', 'REVERSED')", name="activity_state_is_known"),
            CheckConstraint(check="quantity BETWEEN 0 AND 1000000000", name="activity_quantity_is_bounded"),
        )


class ActivityRevision(Model):
    """One immutable content of an activity: the first recording, a correction or a reversal."""

    id = fields.UUIDField(primary_key=True)
    activity_id = fields.UUIDField()
    revision = fields.IntField()
    kind = fields.CharField(max_length=10)
    content = fields.JSONField[dict[str, object]]()
    content_digest = fields.BinaryField()
    reason = fields.CharField(max_length=500, null=True)
    principal_id = fields.UUIDField(null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "activity_revision"
        constraints = (
            UniqueConstraint(fields=("activity_id", "revision"), name="activity_revision_is_numbered_once"),
            CheckConstraint(
                check="kind IN ('RECORDED', 'CORRECTED', 'REVERSED')", name="activity_revision_kind_is_known"
            ),
        )


class ActivitySource(Model):
    """The raw payload a revision came from: personal data may stand here, so it can be erased on its own."""

    revision_id = fields.UUIDField(primary_key=True)
    payload = fields.JSONField[dict[str, object]](null=True)
    received_at = fields.DatetimeField()
    erased_at = fields.DatetimeField(null=True)

    class Meta:
        table = "activity_source"


class SourceInlet(Model):
    """How a source sends to us by itself: which signature proves it, where ids and items stand; its sealed secret."""

    source_id = fields.UUIDField(primary_key=True)
    document = fields.JSONField[dict[str, object]]()
    secret = fields.BinaryField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "source_inlet"


class InboxMessage(Model):
    """One message that a source sent: its own id once, and what became of each item. The body can be erased alone."""

    id = fields.UUIDField(primary_key=True)
    source_id = fields.UUIDField()
    message_id = fields.CharField(max_length=128)
    digest = fields.BinaryField()
    body = fields.BinaryField(null=True)
    outcome = fields.JSONField[list[object]]()
    is_settled = fields.BooleanField()
    received_at = fields.DatetimeField()
    erased_at = fields.DatetimeField(null=True)

    class Meta:
        table = "inbox_message"
        constraints = (
            UniqueConstraint(fields=("source_id", "message_id"), name="l4_a_message_comes_in_once_per_source"),
        )
