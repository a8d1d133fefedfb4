"""A board remembers the last event it has folded, also before its first season; an origin is found across seasons."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """Adds leaderboard.folded_position and the index by origin."""

    dependencies = [("guerdon", "0005_partners")]
    operations = [
        ops.RunSQL(
            [
                "ALTER TABLE leaderboard ADD folded_position bigint NOT NULL DEFAULT 0",
                "ALTER TABLE leaderboard ALTER folded_position DROP DEFAULT",
                "CREATE INDEX contribution_of_origin ON contribution (origin_id)",
            ],
            reverse_sql="DROP INDEX contribution_of_origin",
        ),
    ]
