"""Rows of partners: firms, their members and dated facts."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Partner(Model):
    """A firm that sells for the vendor; `external_id` is unique per source, `version` moves with every change."""

    id = fields.UUIDField(primary_key=True)
    source_id = fields.UUIDField()
    external_id = fields.CharField(max_length=128)
    name = fields.CharField(max_length=200)
    types = fields.JSONField[list[str]]()
    parent_id = fields.UUIDField(null=True)
    country = fields.CharField(max_length=2, null=True)
    vertical = fields.CharField(max_length=64, null=True)
    size = fields.CharField(max_length=32, null=True)
    journey_stage = fields.CharField(max_length=16, default="ENGAGEMENT")
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "partner"
        constraints = (
            UniqueConstraint(fields=("source_id", "external_id"), name="partner_external_id_is_unique_per_source"),
            CheckConstraint(
                check="journey_stage IN ('CONSIDERATION', 'CONVERSION', 'ENGAGEMENT', 'ENDING')",
                name="partner_journey_stage_is_known",
            ),
        )


class Member(Model):
    """A person who acts for a partner (REP) or stands in the vendor's own pool (VENDOR_STAFF)."""

    id = fields.UUIDField(primary_key=True)
    source_id = fields.UUIDField()
    external_id = fields.CharField(max_length=128)
    kind = fields.CharField(max_length=16, default="REP")
    name = fields.CharField(max_length=200)
    email = fields.CharField(max_length=254, null=True)
    locale = fields.CharField(max_length=8, default="en")
    partner_id = fields.UUIDField(null=True, db_index=True)
    on_boards = fields.BooleanField(default=True)
    recorded_at = fields.DatetimeField()
    left_at = fields.DatetimeField(null=True)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "member"
        constraints = (
            UniqueConstraint(fields=("source_id", "external_id"), name="member_external_id_is_unique_per_source"),
            CheckConstraint(check="kind IN ('REP', 'VENDOR_STAFF')", name="member_kind_is_known"),
        )


class Fact(Model):
    """Something true of a subject for a span of time (membership, tier, certificate, consent); appended, never edited
    except to end it.
    """

    id = fields.UUIDField(primary_key=True)
    subject_kind = fields.CharField(max_length=8)
    subject_id = fields.UUIDField()
    kind = fields.CharField(max_length=32)
    value = fields.JSONField[dict[str, object]]()
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "fact"
        constraints = (
            CheckConstraint(check="subject_kind IN ('MEMBER', 'PARTNER')", name="fact_subject_kind_is_known"),
            CheckConstraint(check="valid_until IS NULL OR valid_until > valid_from", name="fact_span_is_ordered"),
        )
