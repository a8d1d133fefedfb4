"""The tables of sends as first released, as the ORM writes them; laws and constraints follow in the next file."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLES = (
    """
    CREATE TABLE benefit (
        denomination_id uuid PRIMARY KEY,
        quota int NOT NULL,
        valid_days int,
        owner_kind varchar(8) NOT NULL,
        is_transferable bool NOT NULL,
        tiers jsonb NOT NULL,
        on_tier_loss varchar(10) NOT NULL,
        period varchar(8) NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE benefit IS 'What a denomination of a BENEFIT item gives: how often it may be used, how long, by whom, and who keeps it.'
    """,
    """
    CREATE TABLE bundle (
        id uuid PRIMARY KEY,
        code varchar(64) NOT NULL,
        name jsonb NOT NULL,
        mode varchar(16) NOT NULL,
        choose int,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE bundle IS 'Things that are given together, by a code that rules name; a change of it touches later orders only.'
    """,
    """
    CREATE TABLE bundle_item (
        id uuid PRIMARY KEY,
        bundle_id uuid NOT NULL,
        place int NOT NULL,
        denomination_id uuid NOT NULL,
        quantity int NOT NULL,
        substitutes jsonb NOT NULL
    );
    COMMENT ON TABLE bundle_item IS 'So many units of one denomination in a bundle; `substitutes` are denomination ids, tried in order.'
    """,
    """
    CREATE TABLE bundle_order (
        id uuid PRIMARY KEY,
        bundle_id uuid NOT NULL,
        origin varchar(8) NOT NULL,
        origin_id uuid NOT NULL,
        member_id uuid NOT NULL,
        partner_id uuid,
        quantity int NOT NULL,
        mode varchar(16) NOT NULL,
        choose int,
        waits_for varchar(8),
        look_at timestamptz,
        recorded_at timestamptz NOT NULL,
        revoked_at timestamptz,
        compensating_since timestamptz,
        version bigint NOT NULL
    );
    COMMENT ON TABLE bundle_order IS 'One bundle on its way to a member; its state is a fold of its parts'' lines, never stored.'
    """,
    """
    CREATE TABLE bundle_part (
        id uuid PRIMARY KEY,
        order_id uuid NOT NULL,
        n int NOT NULL,
        denomination_id uuid NOT NULL,
        substitutes jsonb NOT NULL,
        line_id uuid,
        reason varchar(32)
    );
    COMMENT ON TABLE bundle_part IS 'One unit of a bundle order: what was asked for, what may stand in, and the line that delivers it now.'
    """,
    """
    CREATE TABLE entitlement (
        id uuid PRIMARY KEY,
        line_id uuid NOT NULL,
        denomination_id uuid NOT NULL,
        owner_kind varchar(8) NOT NULL,
        owner_id uuid NOT NULL,
        partner_id uuid,
        state varchar(8) NOT NULL,
        reason varchar(32),
        quota int NOT NULL,
        used int NOT NULL,
        is_transferable bool NOT NULL,
        tiers jsonb NOT NULL,
        on_tier_loss varchar(10) NOT NULL,
        period varchar(8) NOT NULL,
        tier_checked_at timestamptz,
        valid_from timestamptz NOT NULL,
        valid_until timestamptz,
        revokes_at timestamptz,
        recorded_at timestamptz NOT NULL,
        ended_at timestamptz,
        version bigint NOT NULL
    );
    COMMENT ON TABLE entitlement IS 'The right to use a benefit so many times; made by the fulfilment of one line, used within its quota (C5).'
    """,
    """
    CREATE TABLE entitlement_use (
        id uuid PRIMARY KEY,
        entitlement_id uuid NOT NULL,
        quantity int NOT NULL,
        note varchar(200) NOT NULL,
        principal_id uuid NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE entitlement_use IS 'One use of an entitlement; never changed.'
    """,
    """
    CREATE TABLE following (
        name varchar(32) PRIMARY KEY,
        position bigint NOT NULL
    );
    COMMENT ON TABLE following IS 'How far the shop has followed the stream of events, by what it follows them for.'
    """,
    """
    CREATE TABLE reward_grant (
        id uuid PRIMARY KEY,
        due_id uuid NOT NULL,
        bundle varchar(64) NOT NULL,
        n int NOT NULL,
        quantity int NOT NULL,
        member_id uuid NOT NULL,
        partner_id uuid,
        program_id uuid NOT NULL,
        state varchar(8) NOT NULL,
        followed_state varchar(8),
        recorded_at timestamptz NOT NULL,
        revoked_at timestamptz
    );
    COMMENT ON TABLE reward_grant IS 'So many of a bundle granted to a member beside the award of a due; at most one stands per due and bundle.'
    """,
    """
    CREATE TABLE reward_send (
        id uuid PRIMARY KEY,
        program_id uuid NOT NULL,
        principal_id uuid NOT NULL,
        approved_by uuid,
        content varchar(8) NOT NULL,
        amount bigint,
        bundle_id uuid,
        is_gift bool NOT NULL,
        needs_claim bool NOT NULL,
        message jsonb NOT NULL,
        state varchar(12) NOT NULL,
        unit varchar(16) NOT NULL,
        value bigint NOT NULL,
        fair_value bigint,
        currency varchar(3),
        recipients int NOT NULL,
        send_at timestamptz,
        claim_days int,
        recorded_at timestamptz NOT NULL,
        sent_at timestamptz,
        recalled_at timestamptz,
        version bigint NOT NULL
    );
    COMMENT ON TABLE reward_send IS 'Something the vendor sends to people: points, or a bundle, paid by the budget of a program.'
    """,
    """
    CREATE TABLE send_recipient (
        id uuid PRIMARY KEY,
        send_id uuid NOT NULL,
        n int NOT NULL,
        address varchar(254) NOT NULL,
        member_id uuid,
        partner_id uuid,
        state varchar(10) NOT NULL,
        reason varchar(32),
        set_aside bigint NOT NULL,
        activity_id uuid,
        address_consent_at timestamptz,
        recorded_at timestamptz NOT NULL,
        sent_at timestamptz,
        opened_at timestamptz,
        expires_at timestamptz,
        claimed_at timestamptz,
        ended_at timestamptz,
        version bigint NOT NULL
    );
    COMMENT ON TABLE send_recipient IS 'One person of a send; `set_aside` is what of the program''s budget stands outside of it for this line (C4).'
    """,
)


class Migration(migrations.Migration):
    dependencies = [("guerdon", "0014_fulfilment")]
    operations = [
        ops.RunSQL([*TABLES], reverse_sql=""),
    ]
