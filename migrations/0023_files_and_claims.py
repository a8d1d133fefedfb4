"""Files that people hand in, and the claims they prove."""

from tortoise import migrations
from tortoise.migrations import operations as ops

FILES = (
    """
    CREATE TABLE file_record (
      id uuid PRIMARY KEY,
      owner_id uuid NOT NULL,
      name varchar(200) NOT NULL,
      media_type varchar(32) NOT NULL,
      size bigint NOT NULL,
      digest bytea NOT NULL,
      purpose varchar(32) NOT NULL,
      recorded_at timestamptz NOT NULL,
      attached_kind varchar(32),
      attached_id uuid,
      attached_at timestamptz,
      CONSTRAINT file_media_type_is_known
        CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg', 'image/webp', 'text/csv')),
      CONSTRAINT file_size_is_bounded CHECK (size BETWEEN 1 AND 1000000000),
      CONSTRAINT file_is_attached_whole CHECK ((attached_kind IS NULL) = (attached_id IS NULL)
        AND (attached_kind IS NULL) = (attached_at IS NULL))
    )
    """,
    """
    CREATE TABLE file_part (
      id uuid PRIMARY KEY,
      file_id uuid NOT NULL CONSTRAINT file_part_file_id_exists REFERENCES file_record (id) ON DELETE CASCADE,
      n int NOT NULL,
      content bytea NOT NULL,
      CONSTRAINT file_part_is_numbered_once UNIQUE (file_id, n),
      CONSTRAINT file_part_is_bounded CHECK (n >= 0 AND octet_length(content) BETWEEN 1 AND 262144)
    )
    """,
    # What is handed in is compressed already.
    "ALTER TABLE file_part ALTER COLUMN content SET STORAGE EXTERNAL",
    "CREATE INDEX file_record_of ON file_record (attached_kind, attached_id, recorded_at, id)"
    " WHERE attached_id IS NOT NULL",
    "CREATE INDEX file_record_unattached ON file_record (recorded_at, id) WHERE attached_id IS NULL",
)

CLAIMS = (
    """
    CREATE TABLE claim_campaign (
      id uuid PRIMARY KEY,
      program_id uuid NOT NULL CONSTRAINT claim_campaign_program_id_exists REFERENCES program (id),
      version int NOT NULL,
      sold_from timestamptz NOT NULL,
      sold_until timestamptz NOT NULL,
      claims_until timestamptz NOT NULL,
      answer_days int NOT NULL,
      needs_proof bool NOT NULL,
      needs_serials bool NOT NULL,
      recorded_at timestamptz NOT NULL,
      CONSTRAINT claim_campaign_version_is_unique UNIQUE (program_id, version),
      CONSTRAINT claim_campaign_span_is_ordered CHECK (sold_until > sold_from AND claims_until > sold_from),
      CONSTRAINT claim_campaign_answer_is_bounded CHECK (answer_days BETWEEN 1 AND 366)
    )
    """,
    """
    CREATE TABLE claim_sku (
      id uuid PRIMARY KEY,
      program_id uuid NOT NULL CONSTRAINT claim_sku_program_id_exists REFERENCES program (id),
      sku varchar(64) NOT NULL,
      valid_from date NOT NULL,
      valid_until date,
      recorded_at timestamptz NOT NULL,
      CONSTRAINT claim_sku_begins_once UNIQUE (program_id, sku, valid_from),
      CONSTRAINT claim_sku_span_is_ordered CHECK (valid_until IS NULL OR valid_until >= valid_from)
    )
    """,
    """
    CREATE TABLE claim (
      id uuid PRIMARY KEY,
      program_id uuid NOT NULL CONSTRAINT claim_program_id_exists REFERENCES program (id),
      campaign_id uuid NOT NULL CONSTRAINT claim_campaign_id_exists REFERENCES claim_campaign (id),
      member_id uuid NOT NULL CONSTRAINT claim_member_id_exists REFERENCES member (id),
      partner_id uuid CONSTRAINT claim_partner_id_exists REFERENCES partner (id),
      state varchar(20) NOT NULL,
      due_at timestamptz,
      with_vendor_since timestamptz,
      recorded_at timestamptz NOT NULL,
      queued_at timestamptz NOT NULL,
      submitted_at timestamptz,
      decided_at timestamptz,
      version bigint NOT NULL DEFAULT 1,
      CONSTRAINT claim_state_is_known CHECK (state IN ('DRAFT', 'SUBMITTED', 'IN_REVIEW', 'INFO_REQUESTED',
        'APPROVED', 'PARTIALLY_APPROVED', 'REJECTED', 'WITHDRAWN', 'REVERSED')
        AND (state = 'DRAFT' OR submitted_at IS NOT NULL OR state = 'WITHDRAWN')),
      CONSTRAINT claim_clock_stands_while_the_vendor_holds_it
        CHECK ((with_vendor_since IS NOT NULL) = (state IN ('SUBMITTED', 'IN_REVIEW')))
    )
    """,
    """
    CREATE TABLE claim_line (
      id uuid PRIMARY KEY,
      claim_id uuid NOT NULL CONSTRAINT claim_line_claim_id_exists REFERENCES claim (id),
      n int NOT NULL,
      sku varchar(64) NOT NULL,
      quantity int NOT NULL,
      sold_on date NOT NULL,
      sold_at timestamptz NOT NULL,
      invoice varchar(64) NOT NULL,
      serials jsonb NOT NULL,
      amount bigint,
      currency varchar(16),
      reps jsonb NOT NULL,
      state varchar(10) NOT NULL DEFAULT 'OPEN',
      reason varchar(32),
      activity_id uuid CONSTRAINT claim_line_activity_id_exists REFERENCES activity (id),
      decided_at timestamptz,
      CONSTRAINT claim_line_is_numbered_once UNIQUE (claim_id, n),
      CONSTRAINT claim_line_state_is_known CHECK (state IN ('OPEN', 'APPROVED', 'REJECTED', 'REVERSED')
        AND (state = 'OPEN') = (decided_at IS NULL)
        AND (state IN ('REJECTED', 'REVERSED')) = (reason IS NOT NULL)),
      CONSTRAINT claim_line_earns_once_approved
        CHECK ((state IN ('APPROVED', 'REVERSED')) = (activity_id IS NOT NULL)),
      CONSTRAINT claim_line_is_bounded CHECK (n BETWEEN 1 AND 10 AND quantity BETWEEN 1 AND 100000
        AND amount BETWEEN 0 AND 1000000000000 AND (amount IS NULL) = (currency IS NULL))
    )
    """,
    """
    CREATE TABLE claim_step (
      id uuid PRIMARY KEY,
      claim_id uuid NOT NULL CONSTRAINT claim_step_claim_id_exists REFERENCES claim (id),
      version bigint NOT NULL,
      action varchar(24) NOT NULL,
      state varchar(20) NOT NULL,
      principal_id uuid NOT NULL,
      is_vendor bool NOT NULL,
      note varchar(500),
      recorded_at timestamptz NOT NULL,
      CONSTRAINT claim_step_is_one_per_version UNIQUE (claim_id, version)
    )
    """,
    """
    CREATE TABLE claim_key (
      id uuid PRIMARY KEY,
      program_id uuid NOT NULL,
      kind varchar(8) NOT NULL,
      value varchar(64) NOT NULL,
      claim_id uuid NOT NULL CONSTRAINT claim_key_claim_id_exists REFERENCES claim (id),
      recorded_at timestamptz NOT NULL,
      CONSTRAINT claim_key_is_held_once UNIQUE (program_id, kind, value),
      CONSTRAINT claim_key_kind_is_known CHECK (kind IN ('INVOICE', 'SERIAL'))
    )
    """,
    """
    CREATE TABLE claim_conflict (
      id uuid PRIMARY KEY,
      program_id uuid NOT NULL,
      first_claim_id uuid NOT NULL CONSTRAINT claim_conflict_first_claim_id_exists REFERENCES claim (id),
      second_claim_id uuid NOT NULL CONSTRAINT claim_conflict_second_claim_id_exists REFERENCES claim (id),
      keys jsonb NOT NULL,
      state varchar(8) NOT NULL DEFAULT 'OPEN',
      reason varchar(500),
      decided_by uuid,
      recorded_at timestamptz NOT NULL,
      decided_at timestamptz,
      CONSTRAINT claim_conflict_is_one_per_pair UNIQUE (second_claim_id, first_claim_id),
      CONSTRAINT claim_conflict_state_is_known CHECK (state IN ('OPEN', 'FIRST', 'SECOND', 'BOTH', 'GONE')
        AND (state = 'OPEN') = (decided_at IS NULL)
        AND (state IN ('FIRST', 'SECOND', 'BOTH')) = (reason IS NOT NULL)
        AND first_claim_id <> second_claim_id)
    )
    """,
    "CREATE INDEX claim_queue ON claim (queued_at, id)",
    "CREATE INDEX claim_in_state ON claim (state, queued_at, id)",
    "CREATE INDEX claim_of_member ON claim (member_id, queued_at, id)",
    "CREATE INDEX claim_of_partner ON claim (partner_id, queued_at, id)",
    "CREATE INDEX claim_overdue ON claim (due_at, id) WHERE state = 'INFO_REQUESTED'",
    "CREATE INDEX claim_key_of ON claim_key (claim_id)",
    "CREATE INDEX claim_conflict_queue ON claim_conflict (recorded_at, id) WHERE state = 'OPEN'",
    "CREATE INDEX claim_conflict_of_first ON claim_conflict (first_claim_id)",
)


class Migration(migrations.Migration):
    """Adds the tables of files and of claims."""

    dependencies = [("guerdon", "0022_partners")]
    operations = [ops.RunSQL([*FILES, *CLAIMS], reverse_sql=ops.RunSQL.noop)]
