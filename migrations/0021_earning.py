"""Dues that wait for a period's close or are weighed by the course of their deal; counted campaigns; rules as one unit."""

from tortoise import migrations
from tortoise.migrations import operations as ops

CAMPAIGN = "campaign_total_counts_activities"
STATEMENTS = (
    "ALTER TABLE due ADD is_weighed bool NOT NULL DEFAULT false, ADD waits_until timestamptz",
    "ALTER TABLE campaign_total ADD activities int NOT NULL DEFAULT 0",
    "UPDATE due SET is_weighed = stacking_group IS NOT NULL WHERE stacking_group IS NOT NULL",
    "DROP INDEX due_is_one_per_activity",
    "DROP INDEX due_is_one_per_milestone",
    "DROP INDEX due_of_deal",
    "CREATE UNIQUE INDEX due_is_one_per_activity ON due (tally_id, activity_id, beneficiary_id, rule)"
    " WHERE activity_id IS NOT NULL",
    "CREATE UNIQUE INDEX due_is_one_per_milestone ON due (tally_id, milestone, beneficiary_id, rule)"
    " WHERE milestone IS NOT NULL",
    "CREATE INDEX due_of_deal ON due (deal_key) WHERE deal_key IS NOT NULL AND is_weighed",
    "CREATE INDEX due_waiting ON due (program_id, waits_until) WHERE waits_until IS NOT NULL",
    f"ALTER TABLE campaign_total ADD CONSTRAINT {CAMPAIGN} CHECK (activities >= 0)",
)


class Migration(migrations.Migration):
    """Adds `is_weighed` and `waits_until` to dues, and `activities` to campaign totals."""

    dependencies = [("guerdon", "0020_programs")]
    operations = [
        ops.RunSQL([*STATEMENTS], reverse_sql=""),
    ]
