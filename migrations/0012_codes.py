"""A pool remembers up to which day it told of expiring codes; recalled codes in members' hands are found at once."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """Adds code_pool.expiring_told_until and the index of recalled codes."""

    dependencies = [("guerdon", "0010_webhooks")]
    operations = [
        ops.RunSQL(
            [
                "ALTER TABLE code_pool ADD expiring_told_until date",
                "CREATE INDEX voucher_code_recalled ON voucher_code (issued_at, id)"
                " WHERE state = 'ISSUED' AND problem = 'RECALLED'",
            ],
            reverse_sql="DROP INDEX voucher_code_recalled",
        ),
    ]
