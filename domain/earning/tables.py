"""Rows of earning: running tallies of units, what each activity is due and why, campaign totals, re-walks, imports."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Tally(Model):
    """The running state of one unit of evaluation: (terms version, rule, subject, period)."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    terms_id = fields.UUIDField()
    rule = fields.CharField(max_length=64)
    subject_id = fields.UUIDField()
    period_start = fields.DatetimeField()
    period_end = fields.DatetimeField(null=True)
    activities = fields.IntField(default=0)
    state = fields.JSONField[dict[str, object]]()

    class Meta:
        table = "tally"
        constraints = (
            UniqueConstraint(
                fields=("terms_id", "rule", "subject_id", "period_start"), name="tally_is_one_per_unit_of_evaluation"
            ),
            CheckConstraint(check="activities BETWEEN 0 AND 10000", name="tally_holds_at_most_ten_thousand"),
        )


class Due(Model):
    """What one activity (or milestone) is due under one rule for one beneficiary, what was granted, and why.

    `own_due` is after caps and before stacking, `due` after stacking, `granted` what the awards stand at.
    A non-award is a row with due 0 and its reasons. `is_weighed`: the other activities or dues of its deal change it.
    `waits_until`: nothing of it is granted before its period was closed then.
    """

    id = fields.UUIDField(primary_key=True)
    tally_id = fields.UUIDField()
    program_id = fields.UUIDField()
    terms_id = fields.UUIDField()
    rule = fields.CharField(max_length=64)
    activity_id = fields.UUIDField(null=True)
    milestone = fields.CharField(max_length=64, null=True)
    beneficiary_kind = fields.CharField(max_length=8)
    beneficiary_id = fields.UUIDField()
    unit = fields.CharField(max_length=16)
    own_due = fields.BigIntField()
    due = fields.BigIntField()
    granted = fields.BigIntField(default=0)
    awards = fields.IntField(default=0)
    deal_key = fields.CharField(max_length=128, null=True)
    stacking_group = fields.CharField(max_length=64, null=True)
    is_weighed = fields.BooleanField(default=False)
    occurred_at = fields.DatetimeField()
    matures_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    waits_until = fields.DatetimeField(null=True)
    explanation = fields.JSONField[list[dict[str, object]]]()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "due"
        constraints = (
            CheckConstraint(
                check="own_due >= 0 AND due BETWEEN 0 AND own_due AND granted BETWEEN 0 AND due AND awards >= 0",
                name="due_is_granted_within_itself",
            ),
            CheckConstraint(
                check="(activity_id IS NULL) <> (milestone IS NULL)", name="due_names_activity_or_milestone"
            ),
        )


class CampaignTotal(Model):
    """What one rule of a program has granted in total, and to how many activities, where its terms limit either."""

    id = fields.UUIDField(primary_key=True)
    program_id = fields.UUIDField()
    rule = fields.CharField(max_length=64)
    granted = fields.BigIntField(default=0)
    activities = fields.IntField(default=0)

    class Meta:
        table = "campaign_total"
        constraints = (
            UniqueConstraint(fields=("program_id", "rule"), name="campaign_total_is_one_per_rule"),
            CheckConstraint(check="granted >= 0", name="campaign_total_is_never_below_zero"),
            CheckConstraint(check="activities >= 0", name="campaign_total_counts_activities"),
        )


class Rewalk(Model):
    """A unit that is to be walked again for something learned late; the row leaves with the walk."""

    id = fields.UUIDField(primary_key=True)
    tally_id = fields.UUIDField()
    activities = fields.IntField()
    attempts = fields.IntField(default=0)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "rewalk"
        constraints = (UniqueConstraint(fields=("tally_id",), name="rewalk_is_asked_once_per_unit"),)


class ImportRun(Model):
    """One file being imported by a source's mapping, resumable at `next_row`."""

    id = fields.UUIDField(primary_key=True)
    source_id = fields.UUIDField()
    file_name = fields.CharField(max_length=255)
    file_digest = fields.BinaryField()
    rows = fields.IntField()
    next_row = fields.IntField(default=0)
    counts = fields.JSONField[dict[str, int]]()
    recorded_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "import_run"
        constraints = (
            UniqueConstraint(fields=("source_id", "file_digest"), name="import_run_is_one_per_file"),
            CheckConstraint(check="next_row BETWEEN 0 AND rows", name="import_run_position_is_within_the_file"),
        )


class ImportRow(Model):
    """How one row of an import ended when it was not simply recorded: skipped, rejected or corrected, with a reason."""

    id = fields.UUIDField(primary_key=True)
    run_id = fields.UUIDField()
    row = fields.IntField()
    external_id = fields.CharField(max_length=128, null=True)
    outcome = fields.CharField(max_length=12)
    reason = fields.JSONField[dict[str, object]]()

    class Meta:
        table = "import_row"
        constraints = (UniqueConstraint(fields=("run_id", "row"), name="import_row_ends_once"),)


class RewardGrant(Model):
    """So many of a bundle granted to a member beside the award of a due; at most one stands per due and bundle.

    `n` counts grants of the pair: after a revocation the due may count again. `followed_state` is the state that the
    shop has followed up.
    """

    id = fields.UUIDField(primary_key=True)
    due_id = fields.UUIDField()
    bundle = fields.CharField(max_length=64)
    n = fields.IntField()
    quantity = fields.IntField()
    member_id = fields.UUIDField()
    partner_id = fields.UUIDField(null=True)
    program_id = fields.UUIDField()
    state = fields.CharField(max_length=8)
    followed_state = fields.CharField(max_length=8, null=True)
    recorded_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "reward_grant"
        constraints = (
            UniqueConstraint(fields=("due_id", "bundle", "n"), name="reward_grant_is_numbered_once"),
            CheckConstraint(
                check="state IN ('GRANTED', 'REVOKED') AND (state = 'REVOKED') = (revoked_at IS NOT NULL)"
                " AND (followed_state IS NULL OR followed_state IN ('GRANTED', 'REVOKED'))",
                name="reward_grant_state_is_known",
            ),
            CheckConstraint(check="quantity BETWEEN 1 AND 10 AND n >= 1", name="reward_grant_quantity_is_bounded"),
        )


class TierSet(Model):
    """Tiers that partners are evaluated for, by `document`; its rules read the tier as a dated fact of `fact_kind`.

    The next evaluation is that of `evaluates_at`; `look_at` is the next thing to do, a warning or that evaluation, and
    `after_partner` how far it has come.
    """

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=64)
    name = fields.JSONField[dict[str, str]]()
    fact_kind = fields.CharField(max_length=32)
    document = fields.JSONField[dict[str, object]]()
    evaluates_at = fields.DatetimeField()
    evaluated_at = fields.DatetimeField(null=True)
    look_at = fields.DatetimeField()
    after_partner = fields.UUIDField(null=True)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField()

    class Meta:
        table = "tier_set"
        constraints = (
            UniqueConstraint(fields=("code",), name="tier_set_code_is_unique"),
            UniqueConstraint(fields=("fact_kind",), name="tier_set_has_its_own_fact"),
            CheckConstraint(
                check="look_at <= evaluates_at AND evaluated_at < evaluates_at", name="tier_set_looks_in_time"
            ),
        )


class TierMembership(Model):
    """Where a partner stood in a set of tiers from an instant until another; the span without an end is now's.

    `look_at` is when its grace or its override ends, `earned_before` the tier that an override stands in for;
    `measured` are the values of the newest evaluation, by metric.
    """

    id = fields.UUIDField(primary_key=True)
    set_id = fields.UUIDField()
    partner_id = fields.UUIDField()
    state = fields.CharField(max_length=12)
    tier = fields.CharField(max_length=64, null=True)
    reason = fields.CharField(max_length=16)
    note = fields.CharField(max_length=500, null=True)
    principal_id = fields.UUIDField(null=True)
    earned_before = fields.CharField(max_length=64, null=True)
    look_at = fields.DatetimeField(null=True)
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)
    fact_id = fields.UUIDField(null=True)
    measured = fields.JSONField[dict[str, int]]()
    measured_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField()

    class Meta:
        table = "tier_membership"
        constraints = (
            CheckConstraint(check="valid_until > valid_from", name="tier_membership_span_is_ordered"),
            CheckConstraint(
                check="state IN ('QUALIFYING', 'ACTIVE', 'GRACE', 'DOWNGRADED') AND (state <> 'QUALIFYING' OR tier IS"
                " NULL) AND (state NOT IN ('ACTIVE', 'GRACE') OR tier IS NOT NULL)"
                " AND (state <> 'GRACE' OR look_at IS NOT NULL)",
                name="tier_membership_state_is_known",
            ),
            CheckConstraint(
                check="(reason = 'OVERRIDE') = (note IS NOT NULL) AND (reason = 'OVERRIDE') = (principal_id IS NOT"
                " NULL) AND (reason <> 'OVERRIDE' OR look_at IS NOT NULL)",
                name="tier_membership_override_is_signed",
            ),
        )
