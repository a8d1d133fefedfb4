"""The newest items of the catalog are found without reading all of it."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """Adds the index of the catalog's default order."""

    dependencies = [("guerdon", "0017_told")]
    operations = [
        ops.RunSQL(
            ["CREATE INDEX catalog_item_newest ON catalog_item (recorded_at, id)"],
            reverse_sql="DROP INDEX catalog_item_newest",
        ),
    ]
