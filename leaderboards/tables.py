"""Rows of leaderboards: boards, seasons, contributions, standings and every change of a standing."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Leaderboard(Model):
    """A board's definition: metric (of one unit), scope, operator, window, zone and how ties are shown.

    `folded_position` is the last event it has looked at, whether it counted or not.
    """

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=64)
    name = fields.JSONField[dict[str, str]]()
    metric = fields.JSONField[dict[str, object]]()
    operator = fields.CharField(max_length=12)
    scope = fields.CharField(max_length=8)
    window_kind = fields.CharField(max_length=8)
    zone = fields.CharField(max_length=64)
    unit = fields.CharField(max_length=16, null=True)
    rank_display = fields.CharField(max_length=12, default="ORDINAL")
    program_id = fields.UUIDField(null=True)
    visibility = fields.CharField(max_length=12, default="MEMBERS")
    folded_position = fields.BigIntField(default=0)
    recorded_at = fields.DatetimeField()
    version = fields.BigIntField(default=1)

    class Meta:
        table = "leaderboard"
        constraints = (
            UniqueConstraint(fields=("code",), name="leaderboard_code_is_unique"),
            CheckConstraint(check="operator IN ('SUM', 'COUNT', 'BEST')", name="leaderboard_operator_is_known"),
            CheckConstraint(check="scope IN ('MEMBERS', 'PARTNERS')", name="leaderboard_scope_is_known"),
            CheckConstraint(
                check="window_kind IN ('PROGRAM', 'DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR', 'ALL_TIME')",
                name="leaderboard_window_is_known",
            ),
            CheckConstraint(
                check="rank_display IN ('ORDINAL', 'COMPETITION')", name="leaderboard_rank_display_is_known"
            ),
        )


class Season(Model):
    """One window of a board: `seq` counts its standing changes, `folded_position` is the end of the fold that last
    changed one.
    """

    id = fields.UUIDField(primary_key=True)
    leaderboard_id = fields.UUIDField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(null=True)
    epoch = fields.IntField(default=1)
    seq = fields.BigIntField(default=0)
    folded_position = fields.BigIntField(default=0)
    closing_position = fields.BigIntField(null=True)
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "season"
        constraints = (
            UniqueConstraint(fields=("leaderboard_id", "starts_at"), name="season_starts_once_per_leaderboard"),
            CheckConstraint(check="ends_at IS NULL OR ends_at > starts_at", name="season_span_is_ordered"),
        )


class Contribution(Model):
    """What one activity (or award) is worth to one subject in one season, as last told by an event."""

    id = fields.UUIDField(primary_key=True)
    season_id = fields.UUIDField()
    subject_id = fields.UUIDField()
    origin_id = fields.UUIDField()
    value = fields.BigIntField()
    occurred_at = fields.DatetimeField()
    position = fields.BigIntField()

    class Meta:
        table = "contribution"
        constraints = (UniqueConstraint(fields=("season_id", "origin_id"), name="b1_contribution_is_one_per_origin"),)


class Standing(Model):
    """One subject's score in one season, with the instant it was reached: the total order of B2."""

    id = fields.UUIDField(primary_key=True)
    season_id = fields.UUIDField()
    subject_id = fields.UUIDField()
    score = fields.BigIntField()
    reached_at = fields.DatetimeField()
    contributions = fields.IntField()
    seq = fields.BigIntField()

    class Meta:
        table = "standing"
        constraints = (
            UniqueConstraint(fields=("season_id", "subject_id"), name="b1_standing_is_one_per_subject"),
            CheckConstraint(check="abs(score) <= 9007199254740991", name="b2_score_is_exact_in_the_index"),
        )


class StandingChange(Model):
    """One change of a standing, dense per season; a NULL score means the subject left the board."""

    id = fields.UUIDField(primary_key=True)
    season_id = fields.UUIDField()
    seq = fields.BigIntField()
    subject_id = fields.UUIDField()
    score = fields.BigIntField(null=True)
    reached_at = fields.DatetimeField(null=True)
    contributions = fields.IntField()
    position = fields.BigIntField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "standing_change"
        constraints = (UniqueConstraint(fields=("season_id", "seq"), name="b1_standing_change_is_dense_per_season"),)
