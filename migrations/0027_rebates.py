"""Payments out of wallets, payouts with their exports, rebate programs with their periods: tables, then their laws."""

from collections.abc import Mapping, Sequence

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLES = (
    """
    CREATE TABLE payment (
        id uuid PRIMARY KEY,
        wallet_id uuid NOT NULL,
        reference_kind varchar(16) NOT NULL,
        reference_id uuid NOT NULL,
        amount bigint NOT NULL,
        state varchar(9) NOT NULL,
        recorded_at timestamptz NOT NULL,
        ended_at timestamptz,
        returned_at timestamptz
    );
    COMMENT ON TABLE payment IS 'Money on its way out of a wallet for one reference, until it is paid or withdrawn, exactly once (L3).'
    """,
    """
    CREATE TABLE payment_lot (
        id uuid PRIMARY KEY,
        payment_id uuid NOT NULL,
        lot_id uuid NOT NULL,
        amount bigint NOT NULL
    );
    COMMENT ON TABLE payment_lot IS 'How much of a payment comes from which lot, so that what comes back goes to the same lots.'
    """,
    """
    CREATE TABLE payout_export (
        id uuid PRIMARY KEY,
        unit varchar(16) NOT NULL,
        by_payroll bool NOT NULL,
        payouts int NOT NULL,
        total bigint NOT NULL,
        principal_id uuid NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE payout_export IS 'A file of payouts for a bank, or for payroll, as it was handed out.'
    """,
    """
    CREATE TABLE payout (
        id uuid PRIMARY KEY,
        wallet_id uuid NOT NULL,
        owner_kind varchar(8) NOT NULL,
        owner_id uuid NOT NULL,
        unit varchar(16) NOT NULL,
        amount bigint NOT NULL,
        payment_id uuid NOT NULL,
        state varchar(9) NOT NULL,
        by_payroll bool NOT NULL,
        origin_kind varchar(16),
        origin_id uuid,
        export_id uuid,
        place int,
        bank_reference varchar(64),
        reason varchar(500),
        created_by uuid NOT NULL,
        approved_by uuid,
        recorded_at timestamptz NOT NULL,
        approved_at timestamptz,
        exported_at timestamptz,
        settled_at timestamptz,
        version bigint NOT NULL
    );
    COMMENT ON TABLE payout IS 'Money of one wallet that is paid out: decided, exported, and as the bank says it ended.'
    """,
    """
    CREATE TABLE rebate_program (
        program_id uuid PRIMARY KEY,
        rule varchar(64) NOT NULL,
        dispute_days int NOT NULL,
        pass_through_ppm int,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE rebate_program IS 'A program whose rule of this code is a rebate, reviewed and paid by its periods.'
    """,
    """
    CREATE TABLE rebate_period (
        id uuid PRIMARY KEY,
        program_id uuid NOT NULL,
        rule varchar(64) NOT NULL,
        partner_id uuid NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        grace_ends_at timestamptz NOT NULL,
        state varchar(12) NOT NULL,
        baseline bigint,
        final_total bigint,
        final_due bigint,
        final_granted bigint,
        passed_on bigint,
        finalized_at timestamptz,
        dispute_until timestamptz,
        accepted_at timestamptz,
        disputed_at timestamptz,
        dispute varchar(2000),
        answer varchar(2000),
        reason varchar(500),
        approved_by uuid,
        approved_at timestamptz,
        payout_id uuid,
        paid_at timestamptz,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE rebate_period IS 'One period of one partner in a rebate program, from OPEN to PAID; the final figures are those of its last review.'
    """,
)


def _check(table: str, name: str, condition: str) -> str:
    return f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})"


def _unique(table: str, name: str, columns: str) -> str:
    return f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE ({columns})"


CONSTRAINTS = (
    "ALTER TABLE transaction DROP CONSTRAINT transaction_kind_is_known",
    _check(
        "transaction",
        "transaction_kind_is_known",
        "kind IN ('FUND', 'AWARD', 'MATURE', 'EXPIRE', 'HOLD', 'CAPTURE', 'RELEASE', 'REVERSE', 'SETTLE', 'WRITE_OFF',"
        " 'PAY', 'REFUND', 'PREPARE', 'WITHDRAW', 'RETURN')",
    ),
    _unique("payment", "payment_is_one_per_reference", "reference_kind, reference_id"),
    _check("payment", "payment_amount_is_positive", "amount > 0"),
    _check(
        "payment",
        "l3_a_payment_ends_exactly_once",
        "state IN ('PREPARED', 'PAID', 'WITHDRAWN') AND (state = 'PREPARED') = (ended_at IS NULL)",
    ),
    _check("payment", "l3_only_what_was_paid_comes_back", "returned_at IS NULL OR state = 'PAID'"),
    _unique("payment_lot", "payment_lot_is_stated_once", "payment_id, lot_id"),
    _check("payment_lot", "payment_lot_amount_is_positive", "amount > 0"),
    _unique("payout", "payout_is_one_per_payment", "payment_id"),
    _check(
        "payout",
        "payout_state_is_known",
        "state IN ('DRAFT', 'APPROVED', 'EXPORTED', 'PAID', 'RETURNED', 'CANCELLED')",
    ),
    _check("payout", "payout_owner_kind_is_known", "owner_kind IN ('MEMBER', 'PARTNER')"),
    _check("payout", "payout_amount_is_bounded", "amount BETWEEN 1 AND 1000000000000000"),
    _check(
        "payout",
        "payout_was_exported_before_it_ended",
        "state NOT IN ('EXPORTED', 'PAID', 'RETURNED') OR export_id IS NOT NULL",
    ),
    _check("payout_export", "payout_export_is_bounded", "payouts BETWEEN 1 AND 1000"),
    _check(
        "rebate_program",
        "rebate_program_is_bounded",
        "dispute_days BETWEEN 0 AND 90 AND (pass_through_ppm IS NULL OR pass_through_ppm BETWEEN 0 AND 1000000)",
    ),
    _unique("rebate_period", "rebate_period_is_one_per_partner_and_start", "program_id, partner_id, starts_at"),
    _check(
        "rebate_period",
        "rebate_period_state_is_known",
        "state IN ('OPEN', 'GRACE', 'CALCULATING', 'IN_REVIEW', 'APPROVED', 'PAID', 'REOPENED')",
    ),
    _check("rebate_period", "rebate_period_is_ordered", "starts_at < ends_at AND ends_at <= grace_ends_at"),
    _check(
        "rebate_period",
        "rebate_period_is_final_before_it_is_approved",
        "state NOT IN ('IN_REVIEW', 'APPROVED', 'PAID') OR finalized_at IS NOT NULL",
    ),
)


def _edges(name: str, table: str, edges: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    drawn = ", ".join(f"('{before}', '{after}')" for before, afters in edges.items() for after in afters)
    return (
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF (OLD.state, NEW.state) NOT IN ({drawn}) THEN
            RAISE EXCEPTION 'a row of {table} does not go from % to %', OLD.state, NEW.state
              USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
          END IF;
          RETURN NEW;
        END $$
        """,
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW"
        f" WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION {name}()",
    )


EDGES = (
    *_edges(
        "payout_moves_along_drawn_edges",
        "payout",
        {
            "DRAFT": ("APPROVED", "CANCELLED"),
            "APPROVED": ("EXPORTED", "CANCELLED"),
            "EXPORTED": ("PAID", "RETURNED"),
            "PAID": ("RETURNED",),
        },
    ),
    *_edges(
        "rebate_period_moves_along_drawn_edges",
        "rebate_period",
        {
            "OPEN": ("GRACE",),
            "GRACE": ("CALCULATING",),
            "CALCULATING": ("IN_REVIEW",),
            "IN_REVIEW": ("APPROVED", "REOPENED"),
            "APPROVED": ("PAID", "REOPENED"),
            "PAID": ("APPROVED", "REOPENED"),
            "REOPENED": ("CALCULATING",),
        },
    ),
)

FOREIGN_KEYS = tuple(
    f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_exists FOREIGN KEY ({column}) REFERENCES {target} (id)"
    for table, column, target in (
        ("payment", "wallet_id", "wallet"),
        ("payment_lot", "payment_id", "payment"),
        ("payment_lot", "lot_id", "lot"),
        ("payout", "wallet_id", "wallet"),
        ("payout", "payment_id", "payment"),
        ("payout", "export_id", "payout_export"),
        ("rebate_program", "program_id", "program"),
        ("rebate_period", "program_id", "program"),
        ("rebate_period", "partner_id", "partner"),
        ("rebate_period", "payout_id", "payout"),
    )
)

INDEXES = (
    "CREATE INDEX payment_of_wallet ON payment (wallet_id)",
    "CREATE INDEX payment_lot_of_lot ON payment_lot (lot_id)",
    "CREATE INDEX wallet_payable ON wallet (unit, id) WHERE available > 0 OR next_due_at IS NOT NULL",
    "CREATE INDEX payout_by_time ON payout (recorded_at, id)",
    "CREATE INDEX payout_of_owner ON payout (owner_id, recorded_at, id)",
    "CREATE INDEX payout_of_export ON payout (export_id, place) WHERE export_id IS NOT NULL",
    "CREATE INDEX payout_approved ON payout (unit, id) WHERE state = 'APPROVED'",
    "CREATE INDEX payout_of_origin ON payout (origin_kind, origin_id) WHERE origin_id IS NOT NULL",
    "CREATE INDEX payout_export_by_time ON payout_export (recorded_at, id)",
    "CREATE INDEX tally_of_subject ON tally (subject_id, program_id, period_start)",
    "CREATE INDEX tally_of_program ON tally (program_id, rule)",
    "CREATE INDEX rebate_period_by_start ON rebate_period (starts_at, id)",
    "CREATE INDEX rebate_period_of_partner ON rebate_period (partner_id, starts_at, id)",
    "CREATE INDEX rebate_period_due ON rebate_period (state, ends_at, id) WHERE state <> 'PAID'",
)


class Migration(migrations.Migration):
    """Adds payments, payouts and rebates."""

    dependencies = [("guerdon", "0026_training_and_assignments")]
    operations = [ops.RunSQL([*TABLES, *CONSTRAINTS, *EDGES, *FOREIGN_KEYS, *INDEXES], reverse_sql=ops.RunSQL.noop)]
