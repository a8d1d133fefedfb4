"""Token buckets of value-bearing limits; what was learned late, and the units it asks to be walked again."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLES = (
    """
    CREATE TABLE rate_bucket (
        id uuid PRIMARY KEY,
        limit_name varchar(64) NOT NULL,
        subject varchar(200) NOT NULL,
        full_at timestamptz NOT NULL
    );
    CREATE INDEX idx_rate_bucket_full_at_43f199 ON rate_bucket (full_at)
    """,
    """
    CREATE TABLE late_truth (
        id uuid PRIMARY KEY,
        about varchar(8) NOT NULL,
        subject_id uuid,
        kind varchar(33) NOT NULL,
        true_from timestamptz NOT NULL,
        true_until timestamptz,
        recorded_at timestamptz NOT NULL,
        settled_after bigint
    )
    """,
    """
    CREATE TABLE rewalk (
        id uuid PRIMARY KEY,
        tally_id uuid NOT NULL,
        activities int NOT NULL,
        attempts int NOT NULL,
        recorded_at timestamptz NOT NULL
    )
    """,
)

STATEMENTS = (
    "ALTER TABLE rate_bucket ADD CONSTRAINT rate_bucket_is_one_per_subject UNIQUE (limit_name, subject)",
    "ALTER TABLE late_truth ADD CONSTRAINT late_truth_is_of_a_fact_or_a_rate"
    " CHECK (about IN ('FACT', 'RATE') AND (about = 'FACT') = (subject_id IS NOT NULL))",
    "ALTER TABLE rewalk ADD CONSTRAINT rewalk_is_asked_once_per_unit UNIQUE (tally_id)",
    # Both queues are empty most of the time, and asked for their oldest row.
    "CREATE INDEX late_truth_in_order ON late_truth (recorded_at, id)",
    "CREATE INDEX rewalk_in_order ON rewalk (attempts, recorded_at, id)",
    "CREATE INDEX due_without_a_rate ON due (occurred_at)"
    """ WHERE explanation @> '[{"code": "RATE_MISSING"}]' OR explanation @> '[{"code": "STACKING_NET_MISSING"}]'""",
)


class Migration(migrations.Migration):
    dependencies = [("guerdon", "0006_boards")]
    operations = [
        ops.RunSQL([*TABLES, *STATEMENTS], reverse_sql=""),
    ]
