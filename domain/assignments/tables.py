"""Rows of assignments: who is embedded where and when, and the targets of their partners with milestones."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Assignment(Model):
    """One of the vendor's people embedded with a partner; `monthly_cost` in minor units for 30 days."""

    id = fields.UUIDField(primary_key=True)
    partner_id = fields.UUIDField()
    member_id = fields.UUIDField()
    is_exclusive = fields.BooleanField()
    weight = fields.IntField()
    monthly_cost = fields.BigIntField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    state = fields.CharField(max_length=8)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "assignment"
        constraints = (
            CheckConstraint(
                check="state IN ('PLANNED', 'ACTIVE', 'PAUSED', 'ENDED') AND ends_at >= starts_at AND weight BETWEEN 1"
                " AND 1000000 AND monthly_cost BETWEEN 0 AND 1000000000000",
                name="assignment_is_bounded",
            ),
        )


class AssignmentSpan(Model):
    """The assignment counts inside these dates."""

    id = fields.UUIDField(primary_key=True)
    assignment_id = fields.UUIDField()
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField()

    class Meta:
        table = "assignment_span"
        constraints = (CheckConstraint(check="valid_until > valid_from", name="assignment_span_is_ordered"),)


class AssignmentTarget(Model):
    """What a partner is to sell while somebody is embedded; `look_at` is when it is counted again."""

    id = fields.UUIDField(primary_key=True)
    partner_id = fields.UUIDField()
    title = fields.CharField(max_length=200)
    activity_type = fields.CharField(max_length=64)
    currency = fields.CharField(max_length=16)
    partner_share_ppm = fields.IntField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    attained = fields.BigIntField(default=0)
    cost = fields.BigIntField(default=0)
    look_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "assignment_target"
        constraints = (
            CheckConstraint(
                check="ends_at > starts_at AND partner_share_ppm BETWEEN 0 AND 1000000",
                name="assignment_target_is_bounded",
            ),
        )


class AssignmentMilestone(Model):
    """A milestone of a target; `reports` counts how often it was reported anew, `told` is what stands."""

    id = fields.UUIDField(primary_key=True)
    target_id = fields.UUIDField()
    amount = fields.BigIntField()
    reached_at = fields.DatetimeField(null=True)
    reports = fields.IntField(default=0)
    told = fields.JSONField[dict[str, object]](null=True)

    class Meta:
        table = "assignment_milestone"
        constraints = (
            UniqueConstraint(fields=("target_id", "amount"), name="assignment_milestone_is_one_per_amount"),
            CheckConstraint(
                check="amount > 0 AND (reached_at IS NULL) = (told IS NULL)", name="assignment_milestone_is_told_whole"
            ),
        )
