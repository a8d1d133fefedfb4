"""Rows of leads: which partners take them, the leads, and to whom each was given."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class LeadRouting(Model):
    """A partner takes such leads, in its member's name, so many at once; an empty list is any."""

    partner_id = fields.UUIDField(primary_key=True)
    member_id = fields.UUIDField()
    segments = fields.JSONField[list[str]]()
    verticals = fields.JSONField[list[str]]()
    countries = fields.JSONField[list[str]]()
    open_max = fields.IntField()
    is_active = fields.BooleanField(default=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "lead_routing"
        constraints = (CheckConstraint(check="open_max BETWEEN 1 AND 1000", name="lead_routing_is_bounded"),)


class Lead(Model):
    """A lead and on whose desk it lies; `due_at` is until when it is to be answered."""

    id = fields.UUIDField(primary_key=True)
    principal_id = fields.UUIDField()
    origin = fields.CharField(max_length=64)
    title = fields.CharField(max_length=200)
    customer = fields.JSONField[dict[str, object]]()
    customer_id = fields.UUIDField()
    products = fields.JSONField[list[str]]()
    value = fields.BigIntField()
    currency = fields.CharField(max_length=16)
    response_hours = fields.IntField()
    attempts_max = fields.IntField()
    attempts = fields.IntField(default=0)
    state = fields.CharField(max_length=12)
    reason = fields.CharField(max_length=32, null=True)
    note = fields.CharField(max_length=2000, null=True)
    partner_id = fields.UUIDField(null=True)
    member_id = fields.UUIDField(null=True)
    assignment_id = fields.UUIDField(null=True)
    due_at = fields.DatetimeField(null=True)
    accepted_at = fields.DatetimeField(null=True)
    converted_at = fields.DatetimeField(null=True)
    conversions = fields.IntField(default=0)
    opportunity = fields.CharField(max_length=64, null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "lead"
        constraints = (
            CheckConstraint(
                check="state IN ('ASSIGNED', 'ACCEPTED', 'WORKING', 'CONVERTED', 'RETURNED', 'EXPIRED') AND (state IN"
                " ('ASSIGNED', 'ACCEPTED', 'WORKING', 'CONVERTED')) = (partner_id IS NOT NULL AND assignment_id IS NOT"
                " NULL) AND (state = 'ASSIGNED') = (due_at IS NOT NULL) AND (state <> 'CONVERTED' OR converted_at IS"
                " NOT NULL)",
                name="lead_says_what_its_state_needs",
            ),
            CheckConstraint(
                check="value >= 0 AND response_hours BETWEEN 1 AND 720 AND attempts_max BETWEEN 1 AND 20",
                name="lead_is_bounded",
            ),
        )


class LeadAssignment(Model):
    """A lead was given to a partner, with the reason why; how long it took to answer, and how it ended there."""

    id = fields.UUIDField(primary_key=True)
    lead_id = fields.UUIDField()
    n = fields.IntField()
    partner_id = fields.UUIDField()
    member_id = fields.UUIDField()
    why = fields.JSONField[dict[str, object]]()
    assigned_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    outcome = fields.CharField(max_length=12, null=True)

    class Meta:
        table = "lead_assignment"
        constraints = (
            UniqueConstraint(fields=("lead_id", "n"), name="lead_assignment_is_numbered_once"),
            CheckConstraint(
                check="(ended_at IS NULL) = (outcome IS NULL) AND (outcome IS NULL OR outcome IN ('NOT_ANSWERED',"
                " 'RETURNED', 'REASSIGNED', 'CONVERTED'))",
                name="lead_assignment_ends_once",
            ),
        )
