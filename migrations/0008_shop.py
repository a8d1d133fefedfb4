"""The tables of the shop as first released, as the ORM writes them; laws and constraints follow in the next file."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLES = (
    """
    CREATE TABLE catalog_item (
        id uuid PRIMARY KEY,
        supplier_id uuid NOT NULL,
        external_id varchar(128) NOT NULL,
        kind varchar(20) NOT NULL,
        state varchar(10) NOT NULL,
        name jsonb NOT NULL,
        description jsonb NOT NULL,
        instructions jsonb NOT NULL,
        brand varchar(100),
        categories jsonb NOT NULL,
        images jsonb NOT NULL,
        countries jsonb NOT NULL,
        tiers jsonb NOT NULL,
        segments jsonb NOT NULL,
        partner_types jsonb NOT NULL,
        unit varchar(16) NOT NULL,
        needs_address bool NOT NULL,
        needs_approval bool NOT NULL,
        is_test bool NOT NULL,
        valid_from timestamptz,
        valid_until timestamptz,
        member_limit int,
        member_limit_days int,
        search text NOT NULL,
        content_digest bytea NOT NULL,
        recorded_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE catalog_item IS 'One thing that can be redeemed; empty lists of countries, tiers, segments or partner types mean everyone.'
    """,
    """
    CREATE TABLE code_batch (
        id uuid PRIMARY KEY,
        pool_id uuid NOT NULL,
        external_id varchar(128) NOT NULL,
        state varchar(8) NOT NULL,
        imported bigint NOT NULL,
        rejected bigint NOT NULL,
        recorded_at timestamptz NOT NULL,
        recalled_at timestamptz
    );
    COMMENT ON TABLE code_batch IS 'The codes of one import into a pool, under the importer''s own id; a recall voids what nobody has seen.'
    """,
    """
    CREATE TABLE code_pool (
        id uuid PRIMARY KEY,
        supplier_id uuid NOT NULL,
        code varchar(64) NOT NULL,
        name varchar(200) NOT NULL,
        data_key bytea NOT NULL,
        imported bigint NOT NULL,
        free bigint NOT NULL,
        reserved bigint NOT NULL,
        issued bigint NOT NULL,
        void bigint NOT NULL,
        low_stock_at bigint NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE code_pool IS 'A supplier''s codes of one kind; `data_key` seals them and is itself sealed. Counters move under the row''s lock.'
    """,
    """
    CREATE TABLE code_problem (
        id uuid PRIMARY KEY,
        line_id uuid NOT NULL,
        problem varchar(16) NOT NULL,
        note varchar(500) NOT NULL,
        state varchar(10) NOT NULL,
        recorded_at timestamptz NOT NULL,
        settled_at timestamptz
    );
    COMMENT ON TABLE code_problem IS 'A member says her code does not work: what she says, and how it was settled.'
    """,
    """
    CREATE TABLE denomination (
        id uuid PRIMARY KEY,
        item_id uuid NOT NULL,
        external_id varchar(128) NOT NULL,
        name jsonb NOT NULL,
        face_value bigint,
        currency varchar(3),
        price_fixed bigint,
        price_numerator bigint,
        price_denominator bigint,
        fair_value bigint,
        cost bigint,
        stock bigint,
        place int NOT NULL,
        is_offered bool NOT NULL,
        version bigint NOT NULL
    );
    CREATE INDEX idx_denominatio_item_id_2c8b0f ON denomination (item_id);
    COMMENT ON TABLE denomination IS 'One variant of an item that can be ordered: its face value if it has one, its price, and what is in stock.'
    """,
    """
    CREATE TABLE fulfilment_attempt (
        id uuid PRIMARY KEY,
        line_id uuid NOT NULL,
        n int NOT NULL,
        supplier_id uuid NOT NULL,
        priority int NOT NULL,
        sku varchar(128) NOT NULL,
        pool_id uuid,
        state varchar(10) NOT NULL,
        reason varchar(32),
        supplier_reference varchar(128),
        calls int NOT NULL,
        fence bigint NOT NULL,
        lease_until timestamptz,
        call_at timestamptz,
        recorded_at timestamptz NOT NULL,
        ended_at timestamptz
    );
    COMMENT ON TABLE fulfilment_attempt IS 'One try of one route for one line: INTENT → SENT → DELIVERED | REFUSED | UNKNOWN; at most one is open.'
    """,
    """
    CREATE TABLE fulfilment_route (
        id uuid PRIMARY KEY,
        denomination_id uuid NOT NULL,
        priority int NOT NULL,
        supplier_id uuid NOT NULL,
        sku varchar(128) NOT NULL,
        pool_id uuid
    );
    COMMENT ON TABLE fulfilment_route IS 'Who delivers a denomination, in which order they are tried: the next only if the one before surely did not.'
    """,
    """
    CREATE TABLE quote (
        id uuid PRIMARY KEY,
        member_id uuid NOT NULL,
        unit varchar(16) NOT NULL,
        total bigint NOT NULL,
        lines jsonb NOT NULL,
        recorded_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
    );
    COMMENT ON TABLE quote IS 'What a redemption would cost, good until it expires: `lines` are {denominationId, quantity, price, …}.'
    """,
    """
    CREATE TABLE reconciliation (
        id uuid PRIMARY KEY,
        supplier_id uuid NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        file_digest bytea NOT NULL,
        counts jsonb NOT NULL,
        differences jsonb NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE reconciliation IS 'A supplier''s own list of orders held against ours: counts and the differences, at most 10,000 of them.'
    """,
    """
    CREATE TABLE redemption (
        id uuid PRIMARY KEY,
        member_id uuid NOT NULL,
        partner_id uuid,
        principal_id uuid NOT NULL,
        origin varchar(8) NOT NULL,
        origin_id uuid NOT NULL,
        unit varchar(16) NOT NULL,
        total bigint NOT NULL,
        country varchar(2),
        locale varchar(8) NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE redemption IS 'One order of a member; its state is a fold of its lines. `origin` says what it came from, `origin_id` which one.'
    """,
    """
    CREATE TABLE redemption_line (
        id uuid PRIMARY KEY,
        redemption_id uuid NOT NULL,
        n int NOT NULL,
        item_id uuid NOT NULL,
        denomination_id uuid NOT NULL,
        member_id uuid NOT NULL,
        price bigint NOT NULL,
        face_value bigint,
        currency varchar(3),
        fair_value bigint,
        hold_id uuid,
        state varchar(16) NOT NULL,
        delivery varchar(10) NOT NULL,
        reason varchar(32),
        held_until timestamptz,
        tracking jsonb,
        expires_on date,
        recorded_at timestamptz NOT NULL,
        ordered_at timestamptz,
        fulfilled_at timestamptz,
        revealed_at timestamptz,
        ended_at timestamptz,
        version bigint NOT NULL
    );
    CREATE INDEX idx_redemption__redempt_7479cc ON redemption_line (redemption_id);
    COMMENT ON TABLE redemption_line IS 'One unit of one denomination: its price as held, its place in the machine (C2), its delivery.'
    """,
    """
    CREATE TABLE saved_goal (
        member_id uuid PRIMARY KEY,
        denomination_id uuid NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE saved_goal IS 'What a member saves for: one denomination at a time.'
    """,
    """
    CREATE TABLE shipment (
        redemption_id uuid PRIMARY KEY,
        sealed bytea,
        recorded_at timestamptz NOT NULL,
        erased_at timestamptz
    );
    COMMENT ON TABLE shipment IS 'Where a redemption''s goods go: the person''s address, sealed, readable only to fulfil; erasable.'
    """,
    """
    CREATE TABLE supplier (
        id uuid PRIMARY KEY,
        code varchar(64) NOT NULL,
        name varchar(200) NOT NULL,
        source_id uuid,
        adapter varchar(16) NOT NULL,
        state varchar(8) NOT NULL,
        settings jsonb NOT NULL,
        credentials bytea,
        is_test bool NOT NULL,
        rate_calls int NOT NULL,
        rate_seconds int NOT NULL,
        float_balance bigint,
        float_currency varchar(3),
        float_alert_below bigint,
        float_checked_at timestamptz,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE supplier IS 'Who delivers goods; a key of its source feeds its items and codes and fulfils its orders.'
    """,
    """
    CREATE TABLE voucher_code (
        id uuid PRIMARY KEY,
        pool_id uuid NOT NULL,
        batch_id uuid NOT NULL,
        state varchar(8) NOT NULL,
        sealed bytea NOT NULL,
        blind_index bytea NOT NULL,
        last_four varchar(4) NOT NULL,
        expires_on date,
        line_id uuid,
        problem varchar(16),
        recorded_at timestamptz NOT NULL,
        reserved_at timestamptz,
        issued_at timestamptz,
        revealed_at timestamptz,
        voided_at timestamptz
    );
    COMMENT ON TABLE voucher_code IS 'One sealed code (code, PIN, URL, serial, expiry); given to one line, once, and never deleted (C1).'
    """,
)


class Migration(migrations.Migration):
    dependencies = [("guerdon", "0007_limits")]
    operations = [
        ops.RunSQL([*TABLES], reverse_sql=""),
    ]
