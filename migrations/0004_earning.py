"""A due says when its points would mature and expire; the activities of a deal are found by its key."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """Adds `matures_at` and `expires_at` to dues, and the index that finds a deal's activities."""

    dependencies = [("guerdon", "0003_laws")]
    operations = [
        ops.RunSQL("ALTER TABLE due ADD COLUMN matures_at timestamptz NOT NULL, ADD COLUMN expires_at timestamptz", ""),
        ops.RunSQL("CREATE INDEX activity_of_deal ON activity (deal_key) WHERE deal_key IS NOT NULL", ""),
    ]
