"""Rows of plans: plans, objectives, checkpoints, commitments, revisions and frozen reviews."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class JointPlan(Model):
    """What a partner (or, without one, a program) is to reach in a span of time, agreed by both sides."""

    id = fields.UUIDField(primary_key=True)
    partner_id = fields.UUIDField(null=True)
    program_id = fields.UUIDField(null=True)
    name = fields.CharField(max_length=200)
    zone = fields.CharField(max_length=64)
    state = fields.CharField(max_length=10)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    agreed_at = fields.DatetimeField(null=True)
    agreed_by = fields.UUIDField(null=True)
    ended_at = fields.DatetimeField(null=True)
    principal_id = fields.UUIDField()
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField()

    class Meta:
        table = "joint_plan"
        constraints = (
            CheckConstraint(
                check="partner_id IS NOT NULL OR program_id IS NOT NULL",
                name="joint_plan_is_with_somebody",
            ),
            CheckConstraint(
                check="ends_at > starts_at",
                name="joint_plan_span_is_ordered",
            ),
            CheckConstraint(
                check="state IN ('PROPOSED', 'AGREED', 'ENDED') AND (state <> 'AGREED' OR agreed_at IS NOT "
                "NULL) AND (state = 'ENDED') = (ended_at IS NOT NULL)",
                name="joint_plan_state_is_known",
            ),
        )


class PlanObjective(Model):
    """A metric of a subject, where it stood, where it is to stand, and by when; a revision is another row.

    `look_at` is when it is measured next; `closes_at` when it closes: the due date and time for late sales.
    """

    id = fields.UUIDField(primary_key=True)
    plan_id = fields.UUIDField()
    code = fields.CharField(max_length=64)
    name = fields.CharField(max_length=200)
    side = fields.CharField(max_length=8)
    subject_kind = fields.CharField(max_length=8)
    subject_id = fields.UUIDField()
    partner_id = fields.UUIDField(null=True)
    member_id = fields.UUIDField(null=True)
    program_id = fields.UUIDField(null=True)
    supports_id = fields.UUIDField(null=True)
    replaces_id = fields.UUIDField(null=True)
    metric = fields.JSONField[dict[str, object]]()
    baseline = fields.BigIntField()
    target = fields.BigIntField()
    expected_impact = fields.CharField(max_length=500, null=True)
    tolerance_ppm = fields.IntField()
    checkpoint_days = fields.IntField()
    settle_days = fields.IntField()
    reward = fields.JSONField[list[dict[str, int]]]()
    starts_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    state = fields.CharField(max_length=8)
    value = fields.BigIntField()
    measured_at = fields.DatetimeField()
    look_at = fields.DatetimeField(null=True)
    achieved_ppm = fields.BigIntField(null=True)
    share_ppm = fields.IntField(null=True)
    uplift = fields.BigIntField(null=True)
    closed_at = fields.DatetimeField(null=True)
    activity_id = fields.UUIDField(null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField()

    class Meta:
        table = "plan_objective"
        constraints = (
            UniqueConstraint(fields=("replaces_id",), name="plan_objective_replaces_one"),
            CheckConstraint(
                check="state IN ('ON_TRACK', 'AT_RISK', 'MET', 'MISSED', 'REVISED') AND (state <> 'MISSED' OR "
                "closed_at IS NOT NULL) AND (state <> 'REVISED' OR closed_at IS NOT NULL) AND (closed_at "
                "IS NULL) = (look_at IS NOT NULL)",
                name="plan_objective_state_is_known",
            ),
            CheckConstraint(
                check="side IN ('VENDOR', 'PARTNER') AND subject_kind IN ('MEMBER', 'PARTNER', 'PROGRAM')",
                name="plan_objective_side_is_known",
            ),
            CheckConstraint(
                check="target <> baseline AND due_at > starts_at AND closes_at >= due_at AND tolerance_ppm "
                "BETWEEN 1 AND 1000000 AND checkpoint_days BETWEEN 7 AND 92 AND settle_days BETWEEN 0 AND "
                "90 AND share_ppm BETWEEN 0 AND 1000000",
                name="plan_objective_is_bounded",
            ),
        )


class PlanCheckpoint(Model):
    """A date on the way, with what the straight line says for it."""

    id = fields.UUIDField(primary_key=True)
    objective_id = fields.UUIDField()
    n = fields.IntField()
    due_at = fields.DatetimeField()
    expected = fields.BigIntField()
    state = fields.CharField(max_length=8)
    actual = fields.BigIntField(null=True)
    note = fields.CharField(max_length=2000, null=True)
    held_at = fields.DatetimeField(null=True)
    held_by = fields.UUIDField(null=True)

    class Meta:
        table = "plan_checkpoint"
        constraints = (
            UniqueConstraint(fields=("objective_id", "n"), name="plan_checkpoint_is_numbered_once"),
            CheckConstraint(
                check="state IN ('PLANNED', 'OVERDUE', 'HELD', 'DROPPED') AND (state = 'HELD') = (held_at IS "
                "NOT NULL) AND (state <> 'HELD' OR actual IS NOT NULL)",
                name="plan_checkpoint_state_is_known",
            ),
        )


class PlanCommitment(Model):
    """What one side said it would do."""

    id = fields.UUIDField(primary_key=True)
    plan_id = fields.UUIDField()
    side = fields.CharField(max_length=8)
    text = fields.CharField(max_length=500)
    due_at = fields.DatetimeField(null=True)
    state = fields.CharField(max_length=8)
    note = fields.CharField(max_length=500, null=True)
    settled_at = fields.DatetimeField(null=True)
    settled_by = fields.UUIDField(null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "plan_commitment"
        constraints = (
            CheckConstraint(
                check="side IN ('VENDOR', 'PARTNER') AND state IN ('OPEN', 'DONE', 'NOT_DONE') AND (state = "
                "'OPEN') = (settled_at IS NULL)",
                name="plan_commitment_state_is_known",
            ),
        )


class PlanRevision(Model):
    """Another target or date that one side proposed, and what the other answered."""

    id = fields.UUIDField(primary_key=True)
    objective_id = fields.UUIDField()
    n = fields.IntField()
    proposed_by = fields.CharField(max_length=8)
    principal_id = fields.UUIDField()
    target = fields.BigIntField()
    due_at = fields.DatetimeField()
    reason = fields.CharField(max_length=500)
    state = fields.CharField(max_length=10)
    answered_at = fields.DatetimeField(null=True)
    answered_by = fields.UUIDField(null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "plan_revision"
        constraints = (
            UniqueConstraint(fields=("objective_id", "n"), name="plan_revision_is_numbered_once"),
            CheckConstraint(
                check="proposed_by IN ('VENDOR', 'PARTNER') AND state IN ('PROPOSED', 'ACCEPTED', 'DECLINED') "
                "AND (state = 'PROPOSED') = (answered_at IS NULL)",
                name="plan_revision_state_is_known",
            ),
            CheckConstraint(
                check="answered_by IS NULL OR answered_by <> principal_id",
                name="plan_revision_is_answered_by_the_other_side",
            ),
        )


class PlanReview(Model):
    """A quarter of a plan as a document, never edited; `digest` is the SHA-256 of its canonical JSON."""

    id = fields.UUIDField(primary_key=True)
    plan_id = fields.UUIDField()
    period = fields.CharField(max_length=16)
    document = fields.JSONField[dict[str, object]]()
    digest = fields.BinaryField()
    principal_id = fields.UUIDField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "plan_review"
        constraints = (UniqueConstraint(fields=("plan_id", "period"), name="plan_review_is_one_a_period"),)
