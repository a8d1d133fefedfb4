"""What fulfilment asks of its rows: the open attempts of a supplier in order, one open problem a line, its answer."""

from tortoise import migrations
from tortoise.migrations import operations as ops

STATEMENTS = (
    "ALTER TABLE code_problem ADD answer varchar(500)",
    "ALTER TABLE code_problem ADD CONSTRAINT code_problem_is_known"
    " CHECK (problem IN ('ALREADY_USED', 'NOT_ACCEPTED', 'WRONG_VALUE', 'EXPIRED', 'RECALLED'))",
    "CREATE UNIQUE INDEX code_problem_is_open_once ON code_problem (line_id) WHERE state = 'OPEN'",
    "CREATE INDEX code_problem_of_line ON code_problem (line_id, recorded_at)",
    "CREATE INDEX fulfilment_attempt_open ON fulfilment_attempt (supplier_id, call_at, id)"
    " WHERE state IN ('INTENT', 'SENT', 'UNKNOWN')",
    # The defaults that tables.py names hold for named statements too.
    "ALTER TABLE code_pool ALTER imported SET DEFAULT 0, ALTER free SET DEFAULT 0, ALTER reserved SET DEFAULT 0,"
    " ALTER issued SET DEFAULT 0, ALTER void SET DEFAULT 0, ALTER low_stock_at SET DEFAULT 0, ALTER version SET DEFAULT 1",
    "ALTER TABLE code_batch ALTER state SET DEFAULT 'ACTIVE', ALTER imported SET DEFAULT 0, ALTER rejected SET DEFAULT 0",
    "ALTER TABLE code_problem ALTER state SET DEFAULT 'OPEN'",
)


class Migration(migrations.Migration):
    """Adds code_problem.answer and the indexes of the queues."""

    dependencies = [("guerdon", "0012_codes")]
    operations = [
        ops.RunSQL(list(STATEMENTS), reverse_sql=ops.RunSQL.noop),
    ]
