"""Webhooks out (endpoints, deliveries, attempts) and in (inlets of sources, their inbox)."""

from tortoise import migrations
from tortoise.migrations import operations as ops

OUT = (
    """
    CREATE TABLE webhook_endpoint (
      id uuid PRIMARY KEY,
      url varchar(2000) NOT NULL,
      description varchar(500) NOT NULL,
      events jsonb NOT NULL,
      state varchar(8) NOT NULL,
      reason varchar(24),
      owner_role varchar(16) NOT NULL,
      source_id uuid CONSTRAINT webhook_endpoint_source_id_exists REFERENCES source (id),
      secret bytea NOT NULL,
      previous_secret bytea,
      previous_until timestamptz,
      position bigint NOT NULL,
      version bigint NOT NULL DEFAULT 1,
      recorded_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL,
      CONSTRAINT webhook_endpoint_state_is_known
        CHECK (state IN ('PENDING', 'ACTIVE', 'PAUSED', 'DISABLED', 'DELETED')),
      CONSTRAINT webhook_endpoint_owner_is_known
        CHECK (owner_role IN ('ADMIN', 'INTEGRATION') AND (owner_role <> 'ADMIN' OR source_id IS NULL)),
      CONSTRAINT webhook_endpoint_old_secret_ends CHECK ((previous_secret IS NULL) = (previous_until IS NULL))
    )
    """,
    """
    CREATE TABLE webhook_delivery (
      id uuid PRIMARY KEY,
      endpoint_id uuid NOT NULL CONSTRAINT webhook_delivery_endpoint_id_exists REFERENCES webhook_endpoint (id),
      kind varchar(9) NOT NULL,
      event_id uuid NOT NULL,
      event_name varchar(64) NOT NULL,
      position bigint,
      state varchar(9) NOT NULL,
      attempts int NOT NULL DEFAULT 0,
      failures int NOT NULL DEFAULT 0,
      next_at timestamptz NOT NULL,
      lease_until timestamptz,
      recorded_at timestamptz NOT NULL,
      ended_at timestamptz,
      CONSTRAINT e2_an_event_is_delivered_once_per_endpoint UNIQUE (endpoint_id, event_id),
      CONSTRAINT webhook_delivery_kind_is_known
        CHECK (kind IN ('EVENT', 'TEST', 'CHALLENGE') AND (kind = 'EVENT') = (position IS NOT NULL)),
      CONSTRAINT webhook_delivery_state_is_known
        CHECK (state IN ('WAITING', 'DELIVERED', 'PARKED', 'WITHHELD') AND (state = 'WAITING') = (ended_at IS NULL)),
      CONSTRAINT webhook_delivery_lease_is_of_one_that_waits CHECK (state = 'WAITING' OR lease_until IS NULL)
    )
    """,
    """
    CREATE TABLE webhook_attempt (
      id uuid PRIMARY KEY,
      delivery_id uuid NOT NULL
        CONSTRAINT webhook_attempt_delivery_id_exists REFERENCES webhook_delivery (id) ON DELETE CASCADE,
      n int NOT NULL,
      outcome varchar(16) NOT NULL,
      status int,
      response varchar(1024),
      milliseconds int NOT NULL,
      at timestamptz NOT NULL,
      CONSTRAINT webhook_attempt_is_numbered_once UNIQUE (delivery_id, n)
    )
    """,
    "CREATE INDEX webhook_endpoint_behind ON webhook_endpoint (position, id) WHERE state = 'ACTIVE'",
    "CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, next_at, id) WHERE state = 'WAITING'",
    "CREATE INDEX webhook_delivery_of_endpoint ON webhook_delivery (endpoint_id, recorded_at, id)",
    "CREATE INDEX webhook_delivery_ended ON webhook_delivery (ended_at) WHERE state <> 'WAITING'",
)

IN = (
    """
    CREATE TABLE source_inlet (
      source_id uuid PRIMARY KEY CONSTRAINT source_inlet_source_id_exists REFERENCES source (id),
      document jsonb NOT NULL,
      secret bytea NOT NULL,
      recorded_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE inbox_message (
      id uuid PRIMARY KEY,
      source_id uuid NOT NULL CONSTRAINT inbox_message_source_id_exists REFERENCES source (id),
      message_id varchar(128) NOT NULL,
      digest bytea NOT NULL,
      body bytea,
      outcome jsonb NOT NULL,
      is_settled boolean NOT NULL,
      received_at timestamptz NOT NULL,
      erased_at timestamptz,
      CONSTRAINT l4_a_message_comes_in_once_per_source UNIQUE (source_id, message_id)
    )
    """,
    "CREATE INDEX inbox_message_unsettled ON inbox_message (source_id, received_at) WHERE NOT is_settled",
)


class Migration(migrations.Migration):
    """Adds what webhooks stand on, in both directions."""

    dependencies = [("guerdon", "0009_shop_laws")]
    operations = [ops.RunSQL([*OUT, *IN], reverse_sql=ops.RunSQL.noop)]
