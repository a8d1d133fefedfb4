"""One lasting membership a member, and the indexes that partners' lists and the audit log are read by."""

from tortoise import migrations
from tortoise.migrations import operations as ops

STATEMENTS = (
    "CREATE UNIQUE INDEX fact_lasting_membership_is_one ON fact (subject_id)"
    " WHERE kind = 'membership' AND valid_until IS NULL",
    "CREATE INDEX partner_in_order ON partner (name, id)",
    "CREATE INDEX member_in_order ON member (name, id)",
    "CREATE INDEX member_of_partner_in_order ON member (partner_id, name, id)",
    "CREATE INDEX account_of_member ON account (member_id) WHERE member_id IS NOT NULL",
    "CREATE INDEX audit_log_of_principal ON audit_log (principal_id, id)",
    "CREATE INDEX spent_token_by_age ON spent_token (expires_at)",
)


class Migration(migrations.Migration):
    """Adds what partners and access ask of the database beyond their columns."""

    dependencies = [("guerdon", "0004_earning")]
    operations = [ops.RunSQL([*STATEMENTS], reverse_sql="")]
