"""What SQL alone can say: the clock, the laws kept by triggers, foreign keys, indexes named for their question, seeds."""

from tortoise import migrations
from tortoise.migrations import operations as ops

CLOCK = (
    "INSERT INTO clock_shift (id, seconds) VALUES (1, 0)",
    """
    CREATE FUNCTION guerdon_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
      SELECT clock_timestamp() + (SELECT seconds FROM clock_shift WHERE id = 1) * interval '1 second'
    $$
    """,
)

# One statement inserts all entries of a transaction, so a statement trigger sees the whole of it.
ENTRIES_SUM_TO_ZERO = (
    """
    CREATE FUNCTION l1_entries_sum_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT 1 FROM added GROUP BY transaction_id, unit HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'entries of a transaction do not sum to zero'
          USING ERRCODE = 'check_violation', CONSTRAINT = 'l1_entries_sum_to_zero';
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER l1_entries_sum_to_zero AFTER INSERT ON entry
      REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION l1_entries_sum_to_zero()
    """,
)

NEVER_EDITED = (
    """
    CREATE FUNCTION l5_never_edited() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'l5_never_edited';
    END $$
    """,
    *(
        f'CREATE TRIGGER l5_never_edited BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}"'
        " FOR EACH STATEMENT EXECUTE FUNCTION l5_never_edited()"
        for table in ("entry", "transaction", "reversal", "activity_revision", "audit_log")
    ),
    """
    CREATE FUNCTION e1_an_event_is_only_stamped() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.position IS NOT NULL OR to_jsonb(NEW) - 'position' - 'link' <> to_jsonb(OLD) - 'position' - 'link' THEN
        RAISE EXCEPTION 'an event is only ever stamped, once'
          USING ERRCODE = 'check_violation', CONSTRAINT = 'e1_an_event_is_only_stamped';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER e1_an_event_is_only_stamped BEFORE UPDATE ON outbox
      FOR EACH ROW EXECUTE FUNCTION e1_an_event_is_only_stamped()
    """,
    "CREATE TRIGGER l5_never_edited BEFORE DELETE OR TRUNCATE ON outbox FOR EACH STATEMENT EXECUTE FUNCTION l5_never_edited()",
)

FOREIGN_KEYS = tuple(
    f'ALTER TABLE "{table}" ADD CONSTRAINT {table}_{column}_exists FOREIGN KEY ({column}) REFERENCES "{target}" ({key})'
    for table, column, target, key in (
        ("entry", "transaction_id", "transaction", "id"),
        ("entry", "wallet_id", "wallet", "id"),
        ("lot", "wallet_id", "wallet", "id"),
        ("lot", "award_id", "award", "id"),
        ("reversal", "award_id", "award", "id"),
        ("debt", "reversal_id", "reversal", "id"),
        ("hold_lot", "hold_id", "hold", "id"),
        ("hold_lot", "lot_id", "lot", "id"),
        ("budget", "program_id", "program", "id"),
        ("terms", "program_id", "program", "id"),
        ("enrollment", "program_id", "program", "id"),
        ("enrollment_parameters", "enrollment_id", "enrollment", "id"),
        ("activity", "source_id", "source", "id"),
        ("activity_revision", "activity_id", "activity", "id"),
        ("activity_source", "revision_id", "activity_revision", "id"),
        ("tally", "terms_id", "terms", "id"),
        ("due", "tally_id", "tally", "id"),
        ("season", "leaderboard_id", "leaderboard", "id"),
        ("standing_change", "season_id", "season", "id"),
        ("account", "member_id", "member", "id"),
    )
)

INDEXES = (
    "CREATE INDEX outbox_unstamped ON outbox (id) WHERE position IS NULL",
    "CREATE INDEX outbox_of_member ON outbox (member_id, position) WHERE member_id IS NOT NULL",
    "CREATE INDEX outbox_of_partner ON outbox (partner_id, position) WHERE partner_id IS NOT NULL",
    "CREATE INDEX outbox_of_aggregate ON outbox (aggregate_id, id)",
    "CREATE INDEX receipt_by_age ON receipt (recorded_at)",
    "CREATE INDEX entry_of_transaction ON entry (transaction_id)",
    "CREATE INDEX entry_of_wallet_by_effect ON entry (wallet_id, effective_at)",
    "CREATE INDEX entry_of_budget ON entry (budget_id) WHERE budget_id IS NOT NULL",
    "CREATE INDEX entry_of_program ON entry (program_id, kind, effective_at)",
    "CREATE INDEX transaction_of_cause ON transaction (cause_id)",
    "CREATE INDEX wallet_due ON wallet (next_due_at) WHERE next_due_at IS NOT NULL",
    "CREATE INDEX lot_live_of_wallet ON lot (wallet_id, expires_at, id) WHERE pending + available + held + payable > 0",
    "CREATE INDEX lot_of_wallet ON lot (wallet_id)",
    "CREATE INDEX award_of_wallet ON award (wallet_id, recorded_at, id)",
    "CREATE INDEX award_of_program ON award (program_id)",
    "CREATE INDEX debt_open_of_wallet ON debt (wallet_id, recorded_at, id) WHERE outstanding > 0",
    "CREATE INDEX hold_open_of_wallet ON hold (wallet_id) WHERE state = 'HELD'",
    "CREATE INDEX hold_lot_of_lot ON hold_lot (lot_id)",
    "CREATE INDEX fact_of_subject ON fact (subject_id, kind, valid_from)",
    "CREATE INDEX reach_of_principal ON reach (principal_id)",
    "CREATE INDEX terms_of_program ON terms (program_id, effective_from)",
    "CREATE INDEX activity_of_member ON activity (member_id, occurred_at, id)",
    "CREATE INDEX activity_of_partner ON activity (partner_id, occurred_at, id)",
    "CREATE UNIQUE INDEX due_is_one_per_activity ON due (tally_id, activity_id, beneficiary_id)"
    " WHERE activity_id IS NOT NULL",
    "CREATE UNIQUE INDEX due_is_one_per_milestone ON due (tally_id, milestone, beneficiary_id)"
    " WHERE milestone IS NOT NULL",
    "CREATE INDEX due_of_activity ON due (activity_id)",
    "CREATE INDEX due_of_deal ON due (deal_key, stacking_group) WHERE deal_key IS NOT NULL",
    "CREATE INDEX due_of_beneficiary ON due (beneficiary_id, occurred_at, id)",
    "CREATE INDEX contribution_of_subject ON contribution (season_id, subject_id)",
    "CREATE INDEX standing_in_order ON standing (season_id, score DESC, reached_at, subject_id)",
    "CREATE INDEX standing_change_of_subject ON standing_change (season_id, subject_id, seq)",
    "CREATE INDEX standing_change_by_time ON standing_change (season_id, changed_at, seq)",
    "CREATE INDEX audit_log_of_object ON audit_log (object_id)",
)

SEEDS = (
    "INSERT INTO relay_state (id, last_position, head, epoch) VALUES (1, 0, '\\x', 1)",
    "INSERT INTO unit (code, kind, exponent, name) VALUES"
    """ ('POINTS', 'POINTS', 0, '{"en": "points", "fr": "points"}'),"""
    """ ('USD', 'MONEY', 2, '{"en": "US dollars", "fr": "dollars américains"}'),"""
    """ ('EUR', 'MONEY', 2, '{"en": "euros", "fr": "euros"}')""",
)


class Migration(migrations.Migration):
    """Adds the clock, the trigger laws, foreign keys, indexes and the rows every deployment starts from."""

    dependencies = [("guerdon", "0002_constraints")]
    operations = [
        ops.RunSQL([*CLOCK, *ENTRIES_SUM_TO_ZERO, *NEVER_EDITED, *FOREIGN_KEYS, *INDEXES, *SEEDS], reverse_sql="")
    ]
