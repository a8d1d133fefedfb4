"""Market development funds: pots, allocations, requests, claims, and the journal of what moved between them."""

from tortoise import migrations
from tortoise.migrations import operations as ops

FUNDS = (
    """
    CREATE TABLE fund (
      id uuid PRIMARY KEY,
      code varchar(64) NOT NULL,
      name jsonb NOT NULL,
      unit varchar(16) NOT NULL,
      kind varchar(16) NOT NULL,
      starts_at timestamptz NOT NULL,
      ends_at timestamptz NOT NULL,
      use_by timestamptz NOT NULL,
      reminder_days jsonb NOT NULL,
      answer_days int NOT NULL,
      claim_days int NOT NULL,
      rollover_ppm int NOT NULL,
      rolls_into_id uuid CONSTRAINT fund_rolls_into_id_exists REFERENCES fund (id),
      accrual jsonb,
      accrued_position bigint NOT NULL DEFAULT 0,
      pool bigint NOT NULL DEFAULT 0,
      moved_at timestamptz NOT NULL,
      recorded_at timestamptz NOT NULL,
      version bigint NOT NULL DEFAULT 1,
      CONSTRAINT fund_code_is_unique UNIQUE (code),
      CONSTRAINT fund_kind_is_known
        CHECK (kind IN ('ACCRUAL', 'DISCRETIONARY') AND (kind = 'ACCRUAL') = (accrual IS NOT NULL)),
      CONSTRAINT fund_span_is_ordered
        CHECK (starts_at < use_by AND use_by <= ends_at),
      CONSTRAINT fund_is_bounded
        CHECK (answer_days BETWEEN 1 AND 366 AND claim_days BETWEEN 1 AND 366 AND rollover_ppm BETWEEN 0 AND
          1000000),
      CONSTRAINT fund_pool_is_never_below_zero
        CHECK (pool >= 0)
    )
    """,
    "CREATE INDEX fund_accruing ON fund (accrued_position, id) WHERE kind = 'ACCRUAL'",
    "CREATE INDEX fund_rolling ON fund (ends_at, id) WHERE rolls_into_id IS NOT NULL AND pool > 0",
    """
    CREATE TABLE fund_activity (
      id uuid PRIMARY KEY,
      fund_id uuid NOT NULL CONSTRAINT fund_activity_fund_id_exists REFERENCES fund (id),
      code varchar(64) NOT NULL,
      name jsonb NOT NULL,
      cofund_ppm int NOT NULL,
      amount_max bigint,
      CONSTRAINT fund_activity_is_listed_once UNIQUE (fund_id, code),
      CONSTRAINT fund_activity_is_bounded
        CHECK (cofund_ppm BETWEEN 0 AND 999999 AND amount_max BETWEEN 1 AND 1000000000000)
    )
    """,
    """
    CREATE TABLE fund_allocation (
      id uuid PRIMARY KEY,
      fund_id uuid NOT NULL CONSTRAINT fund_allocation_fund_id_exists REFERENCES fund (id),
      partner_id uuid NOT NULL CONSTRAINT fund_allocation_partner_id_exists REFERENCES partner (id),
      available bigint NOT NULL DEFAULT 0,
      requested bigint NOT NULL DEFAULT 0,
      approved bigint NOT NULL DEFAULT 0,
      claimed bigint NOT NULL DEFAULT 0,
      paid bigint NOT NULL DEFAULT 0,
      owed bigint NOT NULL DEFAULT 0,
      use_by timestamptz NOT NULL,
      with_vendor_since timestamptz,
      extension_state varchar(8) NOT NULL DEFAULT 'NONE',
      extension_until timestamptz,
      reminded_days int,
      remind_at timestamptz,
      moved_at timestamptz NOT NULL,
      recorded_at timestamptz NOT NULL,
      version bigint NOT NULL DEFAULT 1,
      CONSTRAINT fund_allocation_is_one_per_partner UNIQUE (fund_id, partner_id),
      CONSTRAINT fund_allocation_is_never_below_zero
        CHECK (available >= 0 AND requested >= 0 AND approved >= 0 AND claimed >= 0 AND paid >= 0 AND owed >= 0),
      CONSTRAINT fund_allocation_extension_is_known
        CHECK (extension_state IN ('NONE', 'ASKED', 'GRANTED', 'REFUSED') AND (extension_state = 'NONE') =
          (extension_until IS NULL)),
      CONSTRAINT fund_allocation_clock_stands_while_it_is_asked
        CHECK ((with_vendor_since IS NOT NULL) = (extension_state = 'ASKED'))
    )
    """,
    "CREATE INDEX fund_allocation_of_partner ON fund_allocation (partner_id, id)",
    "CREATE INDEX fund_allocation_due ON fund_allocation (use_by, id) WHERE available > 0 AND "
    "with_vendor_since IS NULL",
    "CREATE INDEX fund_allocation_to_remind ON fund_allocation (remind_at, id) WHERE available > 0 AND "
    "with_vendor_since IS NULL",
    """
    CREATE TABLE fund_request (
      id uuid PRIMARY KEY,
      fund_id uuid NOT NULL CONSTRAINT fund_request_fund_id_exists REFERENCES fund (id),
      allocation_id uuid NOT NULL CONSTRAINT fund_request_allocation_id_exists REFERENCES fund_allocation (id),
      partner_id uuid NOT NULL CONSTRAINT fund_request_partner_id_exists REFERENCES partner (id),
      member_id uuid CONSTRAINT fund_request_member_id_exists REFERENCES member (id),
      activity varchar(64) NOT NULL,
      title varchar(200) NOT NULL,
      starts_on date NOT NULL,
      ends_on date NOT NULL,
      cost bigint NOT NULL,
      currency varchar(16) NOT NULL,
      cofund_ppm int NOT NULL,
      amount bigint NOT NULL DEFAULT 0,
      approved bigint NOT NULL DEFAULT 0,
      unclaimed bigint NOT NULL DEFAULT 0,
      state varchar(16) NOT NULL,
      due_at timestamptz,
      with_vendor_since timestamptz,
      recorded_at timestamptz NOT NULL,
      queued_at timestamptz NOT NULL,
      submitted_at timestamptz,
      decided_at timestamptz,
      version bigint NOT NULL DEFAULT 1,
      CONSTRAINT fund_request_state_is_known
        CHECK (state IN ('DRAFT', 'SUBMITTED', 'INFO_REQUESTED', 'APPROVED', 'REJECTED', 'DECLINED', 'EXPIRED',
          'CANCELLED')),
      CONSTRAINT fund_request_is_bounded
        CHECK (cost BETWEEN 1 AND 1000000000000 AND cofund_ppm BETWEEN 0 AND 999999 AND ends_on >= starts_on
          AND amount >= 0 AND approved BETWEEN 0 AND amount AND unclaimed BETWEEN 0 AND approved),
      CONSTRAINT fund_request_clock_stands_while_the_vendor_holds_it
        CHECK ((state <> 'SUBMITTED' OR with_vendor_since IS NOT NULL) AND (state IN ('SUBMITTED', 'APPROVED')
          OR with_vendor_since IS NULL))
    )
    """,
    "CREATE INDEX fund_request_queue ON fund_request (queued_at, id)",
    "CREATE INDEX fund_request_in_state ON fund_request (state, queued_at, id)",
    "CREATE INDEX fund_request_of_partner ON fund_request (partner_id, queued_at, id)",
    "CREATE INDEX fund_request_of_allocation ON fund_request (allocation_id)",
    "CREATE INDEX fund_request_due ON fund_request (due_at, id) WHERE with_vendor_since IS NULL AND "
    "(state IN ('INFO_REQUESTED', 'REJECTED') OR state = 'APPROVED' AND unclaimed > 0)",
    """
    CREATE TABLE fund_claim (
      id uuid PRIMARY KEY,
      request_id uuid NOT NULL CONSTRAINT fund_claim_request_id_exists REFERENCES fund_request (id),
      fund_id uuid NOT NULL CONSTRAINT fund_claim_fund_id_exists REFERENCES fund (id),
      allocation_id uuid NOT NULL CONSTRAINT fund_claim_allocation_id_exists REFERENCES fund_allocation (id),
      partner_id uuid NOT NULL CONSTRAINT fund_claim_partner_id_exists REFERENCES partner (id),
      n int NOT NULL,
      state varchar(20) NOT NULL,
      amount bigint NOT NULL,
      approved bigint NOT NULL DEFAULT 0,
      due_at timestamptz,
      bank_reference varchar(128),
      payout_id uuid,
      activity_id uuid CONSTRAINT fund_claim_activity_id_exists REFERENCES activity (id),
      recorded_at timestamptz NOT NULL,
      submitted_at timestamptz NOT NULL,
      decided_at timestamptz,
      paid_at timestamptz,
      version bigint NOT NULL DEFAULT 1,
      CONSTRAINT fund_claim_is_numbered_once UNIQUE (request_id, n),
      CONSTRAINT fund_claim_state_is_known
        CHECK (state IN ('SUBMITTED', 'IN_REVIEW', 'INFO_REQUESTED', 'APPROVED', 'PARTIALLY_APPROVED',
          'REJECTED', 'WITHDRAWN', 'PAID', 'PARTIALLY_PAID', 'REVERSED') AND (state = 'INFO_REQUESTED') =
          (due_at IS NOT NULL)),
      CONSTRAINT fund_claim_is_paid_whole
        CHECK ((state IN ('PAID', 'PARTIALLY_PAID', 'REVERSED')) = (paid_at IS NOT NULL) AND (paid_at IS NULL)
          = (bank_reference IS NULL) AND (paid_at IS NULL) = (activity_id IS NULL)),
      CONSTRAINT fund_claim_is_bounded
        CHECK (n BETWEEN 1 AND 100 AND amount > 0 AND approved BETWEEN 0 AND amount)
    )
    """,
    "CREATE INDEX fund_claim_queue ON fund_claim (submitted_at, id)",
    "CREATE INDEX fund_claim_in_state ON fund_claim (state, submitted_at, id)",
    "CREATE INDEX fund_claim_of_partner ON fund_claim (partner_id, submitted_at, id)",
    "CREATE INDEX fund_claim_overdue ON fund_claim (due_at, id) WHERE state = 'INFO_REQUESTED'",
    """
    CREATE TABLE fund_claim_line (
      id uuid PRIMARY KEY,
      claim_id uuid NOT NULL CONSTRAINT fund_claim_line_claim_id_exists REFERENCES fund_claim (id),
      request_id uuid NOT NULL CONSTRAINT fund_claim_line_request_id_exists REFERENCES fund_request (id),
      n int NOT NULL,
      invoice varchar(128) NOT NULL,
      invoiced_on date NOT NULL,
      cost bigint NOT NULL,
      currency varchar(16) NOT NULL,
      cost_in_unit bigint NOT NULL,
      amount bigint NOT NULL,
      file_id uuid CONSTRAINT fund_claim_line_file_id_exists REFERENCES file_record (id),
      state varchar(10) NOT NULL DEFAULT 'OPEN',
      reason varchar(32),
      CONSTRAINT fund_claim_line_is_numbered_once UNIQUE (claim_id, n),
      CONSTRAINT fund_claim_line_state_is_known
        CHECK (state IN ('OPEN', 'APPROVED', 'REJECTED') AND (state = 'REJECTED') = (reason IS NOT NULL)),
      CONSTRAINT fund_claim_line_is_bounded
        CHECK (n BETWEEN 1 AND 10 AND amount > 0 AND amount <= cost_in_unit)
    )
    """,
    "CREATE UNIQUE INDEX fund_claim_line_claims_an_invoice_once ON fund_claim_line (request_id, invoice) "
    "WHERE state <> 'REJECTED'",
    """
    CREATE TABLE fund_movement (
      id uuid PRIMARY KEY,
      fund_id uuid NOT NULL CONSTRAINT fund_movement_fund_id_exists REFERENCES fund (id),
      allocation_id uuid CONSTRAINT fund_movement_allocation_id_exists REFERENCES fund_allocation (id),
      kind varchar(16) NOT NULL,
      from_bucket varchar(10) NOT NULL,
      to_bucket varchar(10) NOT NULL,
      amount bigint NOT NULL,
      request_id uuid,
      claim_id uuid,
      reason varchar(500),
      principal_id uuid NOT NULL,
      recorded_at timestamptz NOT NULL,
      CONSTRAINT fund_movement_is_positive
        CHECK (amount BETWEEN 1 AND 1000000000000000),
      CONSTRAINT fund_movement_buckets_are_known
        CHECK (from_bucket <> to_bucket AND from_bucket IN ('OUTSIDE', 'POOL', 'AVAILABLE', 'REQUESTED',
          'APPROVED', 'CLAIMED', 'PAID') AND to_bucket IN ('OUTSIDE', 'POOL', 'AVAILABLE', 'REQUESTED',
          'APPROVED', 'CLAIMED', 'PAID')),
      CONSTRAINT fund_movement_names_its_allocation
        CHECK ((allocation_id IS NULL) = (from_bucket IN ('OUTSIDE', 'POOL') AND to_bucket IN ('OUTSIDE',
          'POOL')))
    )
    """,
    "CREATE INDEX fund_movement_of ON fund_movement (allocation_id, recorded_at, id)",
    "CREATE INDEX fund_movement_of_pool ON fund_movement (fund_id, recorded_at) WHERE from_bucket = "
    "'POOL' OR to_bucket = 'POOL'",
    """
    CREATE TABLE fund_accrual (
      id uuid PRIMARY KEY,
      fund_id uuid NOT NULL CONSTRAINT fund_accrual_fund_id_exists REFERENCES fund (id),
      activity_id uuid NOT NULL CONSTRAINT fund_accrual_activity_id_exists REFERENCES activity (id),
      allocation_id uuid NOT NULL CONSTRAINT fund_accrual_allocation_id_exists REFERENCES fund_allocation (id),
      amount bigint NOT NULL,
      waits_for varchar(16),
      recorded_at timestamptz NOT NULL,
      CONSTRAINT fund_accrual_is_one_per_activity UNIQUE (fund_id, activity_id),
      CONSTRAINT fund_accrual_is_never_below_zero
        CHECK (amount >= 0)
    )
    """,
    "CREATE INDEX fund_accrual_waiting ON fund_accrual (fund_id, recorded_at, id) WHERE waits_for IS NOT NULL",
    """
    CREATE TABLE fund_step (
      id uuid PRIMARY KEY,
      subject_id uuid NOT NULL,
      version bigint NOT NULL,
      action varchar(24) NOT NULL,
      state varchar(20) NOT NULL,
      principal_id uuid NOT NULL,
      is_vendor bool NOT NULL,
      note varchar(500),
      recorded_at timestamptz NOT NULL,
      CONSTRAINT fund_step_is_one_per_version UNIQUE (subject_id, version)
    )
    """,
    "CREATE TRIGGER l5_never_edited BEFORE UPDATE OR DELETE OR TRUNCATE ON fund_movement"
    " FOR EACH STATEMENT EXECUTE FUNCTION l5_never_edited()",
)


class Migration(migrations.Migration):
    """Adds the tables of funds."""

    dependencies = [("guerdon", "0024_deals")]
    operations = [ops.RunSQL([*FUNDS], reverse_sql=ops.RunSQL.noop)]
