"""What fulfilment asks of its rows: the open attempts of a supplier in order, one open problem a line, its answer."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

STATEMENTS = (
    "ALTER TABLE code_problem ADD CONSTRAINT code_problem_is_known"
    " CHECK (problem IN ('ALREADY_USED', 'NOT_ACCEPTED', 'WRONG_VALUE', 'EXPIRED', 'RECALLED'))",
    "CREATE UNIQUE INDEX code_problem_is_open_once ON code_problem (line_id) WHERE state = 'OPEN'",
    "CREATE INDEX code_problem_of_line ON code_problem (line_id, recorded_at)",
    "CREATE INDEX fulfilment_attempt_open ON fulfilment_attempt (supplier_id, call_at, id)"
    " WHERE state IN ('INTENT', 'SENT', 'UNKNOWN')",
    # Asked for every second while there is none, so it must hold nothing but them.
    "CREATE INDEX voucher_code_issued_of_batch ON voucher_code (batch_id, id) WHERE state = 'ISSUED'",
)


class Migration(migrations.Migration):
    """Adds code_problem.answer and the indexes of the queues."""

    dependencies = [("guerdon", "0009_shop_laws")]
    operations = [
        ops.AddField(model_name="CodeProblem", name="answer", field=fields.CharField(null=True, max_length=500)),
        ops.RunSQL(list(STATEMENTS), reverse_sql=ops.RunSQL.noop),
    ]
