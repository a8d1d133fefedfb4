"""Rows of programs: the program and its pauses, its terms in versions, and enrollments with dated parameters."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Program(Model):
    """An incentive program in one unit and one zone; its budget is a ledger row."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=64)
    name = fields.JSONField[dict[str, str]]()
    description = fields.JSONField[dict[str, str]]()
    zone = fields.CharField(max_length=64)
    unit = fields.CharField(max_length=16)
    state = fields.CharField(max_length=12)
    visibility = fields.CharField(max_length=12, default="MEMBERS")
    audience = fields.CharField(max_length=12, default="ENROLLED")
    audience_rule = fields.JSONField[dict[str, list[str]]](null=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(null=True)
    grace_days = fields.IntField(default=10)
    objective = fields.JSONField[dict[str, object]](null=True)
    debt_policy = fields.CharField(max_length=12, default="REFUSE")
    expired_hold_days = fields.IntField(default=30)
    template = fields.CharField(max_length=64, null=True)
    template_values = fields.JSONField[dict[str, object]](null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "program"
        constraints = (
            UniqueConstraint(fields=("code",), name="program_code_is_unique"),
            CheckConstraint(
                check="state IN ('DRAFT', 'SCHEDULED', 'LIVE', 'PAUSED', 'ENDED', 'ARCHIVED')",
                name="program_state_is_known",
            ),
            CheckConstraint(check="visibility IN ('PUBLIC', 'MEMBERS')", name="program_visibility_is_known"),
            CheckConstraint(check="audience IN ('EVERYONE', 'ENROLLED')", name="program_audience_is_known"),
            CheckConstraint(
                check="debt_policy IN ('REFUSE', 'ALLOW', 'WRITE_OFF')", name="program_debt_policy_is_known"
            ),
            CheckConstraint(check="ends_at IS NULL OR ends_at > starts_at", name="program_span_is_ordered"),
            CheckConstraint(check="grace_days BETWEEN 0 AND 366", name="program_grace_is_bounded"),
            CheckConstraint(
                check="(template IS NULL) = (template_values IS NULL)", name="program_template_has_its_values"
            ),
        )


class ProgramPause(Model):
    """A stretch in which a program binds nothing that occurs; open (`resumed_at` NULL) at most once a program."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    paused_at = fields.DatetimeField()
    resumed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "program_pause"
        constraints = (
            CheckConstraint(
                check="resumed_at IS NULL OR resumed_at >= paused_at", name="program_pause_span_is_ordered"
            ),
        )


class Terms(Model):
    """One immutable version of a program's rules for one cohort, effective from an instant once published."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    version = fields.IntField()
    cohort = fields.CharField(max_length=32, default="standard")
    effective_from = fields.DatetimeField()
    effective_until = fields.DatetimeField(null=True)
    published_at = fields.DatetimeField(null=True)
    document = fields.JSONField[dict[str, object]]()
    triggers = fields.JSONField[list[str]]()
    digest = fields.BinaryField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "terms"
        constraints = (
            UniqueConstraint(fields=("program_id", "version"), name="terms_version_is_unique"),
            CheckConstraint(
                check="effective_until IS NULL OR effective_until > effective_from", name="terms_span_is_ordered"
            ),
        )


class Enrollment(Model):
    """A subject takes part in a program under one cohort."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    subject_kind = fields.CharField(max_length=8)
    subject_id = fields.UUIDField(db_index=True)
    cohort = fields.CharField(max_length=32, default="standard")
    state = fields.CharField(max_length=12)
    enrolled_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "enrollment"
        constraints = (
            UniqueConstraint(fields=("program_id", "subject_id"), name="enrollment_is_one_per_program_and_subject"),
            CheckConstraint(check="subject_kind IN ('MEMBER', 'PARTNER')", name="enrollment_subject_kind_is_known"),
            CheckConstraint(
                check="state IN ('PROPOSED', 'ACTIVE', 'ENDED')",
                name="enrollment_state_is_known",
            ),
        )


class EnrollmentParameters(Model):
    """One dated version of an enrollment's made-to-measure parameters, with both sides' consent."""

    id = fields.UUIDField(primary_key=True)
    enrollment_id = fields.UUIDField()
    version = fields.IntField()
    parameters = fields.JSONField[dict[str, object]]()
    valid_from = fields.DatetimeField()
    vendor_consented_at = fields.DatetimeField(null=True)
    subject_consented_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "enrollment_parameters"
        constraints = (
            UniqueConstraint(fields=("enrollment_id", "version"), name="enrollment_parameters_version_is_unique"),
        )
