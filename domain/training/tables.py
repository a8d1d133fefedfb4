"""Rows of training: courses in versions, trainings with their attempts and certificates, what is required of firms."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Course(Model):
    """A course; `n` is the version that holds now. Its row is locked by whoever writes a training of it."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=20)
    name = fields.JSONField[dict[str, str]]()
    n = fields.IntField()
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "course"
        constraints = (UniqueConstraint(fields=("code",), name="course_code_is_unique"),)


class CourseVersion(Model):
    """What passes, and for how long, from an instant on; never edited."""

    id = fields.UUIDField(primary_key=True)
    course_id = fields.UUIDField()
    n = fields.IntField()
    pass_mark = fields.IntField()
    expiry_months = fields.IntField(null=True)
    reminder_days = fields.JSONField[list[int]]()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "course_version"
        constraints = (
            UniqueConstraint(fields=("course_id", "n"), name="course_version_is_numbered_once"),
            CheckConstraint(
                check="pass_mark BETWEEN 0 AND 100 AND (expiry_months IS NULL OR expiry_months BETWEEN 1 AND 120)",
                name="course_version_is_bounded",
            ),
        )


class Training(Model):
    """One person's way through one version; `look_at` is when time brings something, `told_days` the last reminder."""

    id = fields.UUIDField(primary_key=True)
    course_id = fields.UUIDField()
    course_version_id = fields.UUIDField()
    member_id = fields.UUIDField()
    state = fields.CharField(max_length=12)
    score = fields.IntField(null=True)
    passed_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=500, null=True)
    look_at = fields.DatetimeField(null=True)
    told_days = fields.IntField(null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "training"
        constraints = (
            UniqueConstraint(fields=("member_id", "course_version_id"), name="training_is_once_per_version"),
            CheckConstraint(
                check="state IN ('ENROLLED', 'IN_PROGRESS', 'PASSED', 'FAILED', 'EXPIRED', 'REVOKED', 'RENEWED') AND"
                " (state IN ('PASSED', 'RENEWED', 'EXPIRED', 'REVOKED')) = (passed_at IS NOT NULL) AND"
                " (state = 'REVOKED') = (revoked_at IS NOT NULL) AND (state <> 'EXPIRED' OR expires_at IS NOT NULL)",
                name="training_says_what_its_state_needs",
            ),
        )


class TrainingAttempt(Model):
    """What a learning system told, once per source and external id; `digest` is of its content."""

    id = fields.UUIDField(primary_key=True)
    training_id = fields.UUIDField()
    source_id = fields.UUIDField()
    external_id = fields.CharField(max_length=128)
    digest = fields.BinaryField()
    outcome = fields.CharField(max_length=8)
    score = fields.IntField(null=True)
    at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "training_attempt"
        constraints = (
            UniqueConstraint(fields=("source_id", "external_id"), name="training_attempt_is_told_once"),
            CheckConstraint(
                check="outcome IN ('STARTED', 'PASSED', 'FAILED') AND (score IS NULL OR score BETWEEN 0 AND 100)",
                name="training_attempt_outcome_is_known",
            ),
        )


class Certification(Model):
    """A pass certifies for a span of time, or until it was revoked."""

    id = fields.UUIDField(primary_key=True)
    training_id = fields.UUIDField()
    course_id = fields.UUIDField()
    member_id = fields.UUIDField()
    attempt_id = fields.UUIDField()
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "certification"
        constraints = (
            UniqueConstraint(fields=("attempt_id",), name="certification_is_one_per_pass"),
            CheckConstraint(
                check="valid_until IS NULL OR valid_until > valid_from", name="certification_span_is_ordered"
            ),
        )


class CertifiedSpan(Model):
    """A person was certified while with a firm: written anew from certificates and memberships when one changes."""

    id = fields.UUIDField(primary_key=True)
    course_id = fields.UUIDField()
    partner_id = fields.UUIDField()
    member_id = fields.UUIDField()
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)

    class Meta:
        table = "certified_span"


class CourseRequirement(Model):
    """A tier or a program needs so many certified people of a firm."""

    id = fields.UUIDField(primary_key=True)
    course_id = fields.UUIDField()
    reps_min = fields.IntField()
    tier = fields.CharField(max_length=64, null=True)
    program_id = fields.UUIDField(null=True)
    is_active = fields.BooleanField(default=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "course_requirement"
        constraints = (
            CheckConstraint(
                check="num_nonnulls(tier, program_id) = 1 AND reps_min BETWEEN 1 AND 10000",
                name="course_requirement_is_of_one_thing",
            ),
        )


class RequirementStanding(Model):
    """How a firm stands to a requirement, as far as it ever had anybody certified."""

    id = fields.UUIDField(primary_key=True)
    requirement_id = fields.UUIDField()
    partner_id = fields.UUIDField()
    certified = fields.IntField()
    is_met = fields.BooleanField()
    changed_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "requirement_standing"
        constraints = (
            UniqueConstraint(fields=("requirement_id", "partner_id"), name="requirement_standing_is_one_per_firm"),
        )


class TrainingFollowed(Model):
    """How far training has followed what is told of memberships: one row."""

    id = fields.IntField(primary_key=True)
    position = fields.BigIntField()

    class Meta:
        table = "training_followed"
