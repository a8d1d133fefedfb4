"""Token buckets of value-bearing limits; what was learned late, and the units it asks to be walked again."""

from uuid import uuid4

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

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
    """Adds rate_bucket, late_truth and rewalk."""

    dependencies = [("guerdon", "0006_boards")]
    operations = [
        ops.CreateModel(
            name="RateBucket",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("limit_name", fields.CharField(max_length=64)),
                ("subject", fields.CharField(max_length=200)),
                ("full_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "rate_bucket", "app": "guerdon", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LateTruth",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("about", fields.CharField(max_length=8)),
                ("subject_id", fields.UUIDField(null=True)),
                ("kind", fields.CharField(max_length=33)),
                ("true_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("true_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("settled_after", fields.BigIntField(null=True)),
            ],
            options={"table": "late_truth", "app": "guerdon", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Rewalk",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("tally_id", fields.UUIDField()),
                ("activities", fields.IntField()),
                ("attempts", fields.IntField(default=0)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "rewalk", "app": "guerdon", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.RunSQL([*STATEMENTS], reverse_sql=""),
    ]
