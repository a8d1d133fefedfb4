"""The tables of every room as first released, as the ORM writes them; laws and constraints follow in their own files."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLES = (
    """
    CREATE TABLE account (
        id uuid PRIMARY KEY,
        issuer varchar(255) NOT NULL,
        subject varchar(255) NOT NULL,
        role varchar(24) NOT NULL,
        member_id uuid,
        name varchar(200) NOT NULL,
        locale varchar(8) NOT NULL,
        recorded_at timestamptz NOT NULL,
        disabled_at timestamptz
    );
    COMMENT ON TABLE account IS 'A person who signs in: an issuer''s subject with one role, linked to a member where the role is a partner''s.'
    """,
    """
    CREATE TABLE activity (
        id uuid PRIMARY KEY,
        source_id uuid NOT NULL,
        external_id varchar(128) NOT NULL,
        revision int NOT NULL,
        state varchar(8) NOT NULL,
        type varchar(64) NOT NULL,
        occurred_at timestamptz NOT NULL,
        member_id uuid,
        partner_id uuid,
        quantity bigint NOT NULL,
        amounts jsonb NOT NULL,
        attributes jsonb NOT NULL,
        deal_key varchar(128),
        source_version varchar(64),
        content_digest bytea NOT NULL,
        first_recorded_at timestamptz NOT NULL,
        bound_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE activity IS 'One thing a partner did, as its current revision says; identity never changes.'
    """,
    """
    CREATE TABLE activity_revision (
        id uuid PRIMARY KEY,
        activity_id uuid NOT NULL,
        revision int NOT NULL,
        kind varchar(10) NOT NULL,
        content jsonb NOT NULL,
        content_digest bytea NOT NULL,
        reason varchar(500),
        principal_id uuid,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE activity_revision IS 'One immutable content of an activity: the first recording, a correction or a reversal.'
    """,
    """
    CREATE TABLE activity_source (
        revision_id uuid PRIMARY KEY,
        payload jsonb,
        received_at timestamptz NOT NULL,
        erased_at timestamptz
    );
    COMMENT ON TABLE activity_source IS 'The raw payload a revision came from: personal data may stand here, so it can be erased on its own.'
    """,
    """
    CREATE TABLE activity_type (
        code varchar(64) PRIMARY KEY,
        name jsonb NOT NULL,
        declaration jsonb NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE activity_type IS 'A declared kind of activity: its attributes, amounts by basis and which attribute is the deal key.'
    """,
    """
    CREATE TABLE api_key (
        id uuid PRIMARY KEY,
        name varchar(100) NOT NULL,
        prefix varchar(32) NOT NULL,
        secret_hash bytea NOT NULL,
        scopes jsonb NOT NULL,
        source_id uuid,
        recorded_at timestamptz NOT NULL,
        expires_at timestamptz,
        revoked_at timestamptz
    );
    COMMENT ON TABLE api_key IS 'A machine''s scoped key; only the SHA-256 of its secret is kept.'
    """,
    """
    CREATE TABLE audit_log (
        id BIGSERIAL PRIMARY KEY,
        at timestamptz NOT NULL,
        principal_id uuid,
        role varchar(24) NOT NULL,
        action varchar(64) NOT NULL,
        object_kind varchar(32) NOT NULL,
        object_id uuid,
        facts jsonb NOT NULL,
        request_id varchar(64)
    );
    COMMENT ON TABLE audit_log IS 'What somebody did or was denied: written in the transaction of the action, never edited.'
    """,
    """
    CREATE TABLE award (
        id uuid PRIMARY KEY,
        due_id uuid NOT NULL,
        n int NOT NULL,
        program_id uuid NOT NULL,
        budget_id uuid NOT NULL,
        wallet_id uuid NOT NULL,
        amount bigint NOT NULL,
        reversed_total bigint NOT NULL,
        rate_id uuid,
        transaction_id uuid NOT NULL,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        explanation jsonb NOT NULL
    );
    COMMENT ON TABLE award IS 'Points granted once to one wallet for one due; what was taken back since is `reversed_total` (L2).'
    """,
    """
    CREATE TABLE belonging (
        subject_id uuid PRIMARY KEY,
        partner_id uuid NOT NULL
    );
    CREATE INDEX idx_belonging_partner_333ae4 ON belonging (partner_id);
    COMMENT ON TABLE belonging IS 'The partner under which a subject stands today; one row a member, one row a partner for itself.'
    """,
    """
    CREATE TABLE booking_period (
        id uuid PRIMARY KEY,
        program_id uuid NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        grace_ends_at timestamptz NOT NULL,
        closed_at timestamptz
    );
    COMMENT ON TABLE booking_period IS 'A calendar month of a program in which entries are booked; closed after its grace, then it never moves.'
    """,
    """
    CREATE TABLE budget (
        id uuid PRIMARY KEY,
        program_id uuid NOT NULL,
        unit varchar(16) NOT NULL,
        balance bigint NOT NULL
    );
    COMMENT ON TABLE budget IS 'What a program may still award in one unit: the sum of its entries, never below zero (L6).'
    """,
    """
    CREATE TABLE campaign_total (
        id uuid PRIMARY KEY,
        program_id uuid NOT NULL,
        rule varchar(64) NOT NULL,
        granted bigint NOT NULL
    );
    COMMENT ON TABLE campaign_total IS 'What one rule of a program has granted in total, where its terms set a campaign cap.'
    """,
    """
    CREATE TABLE clock_shift (
        id SMALLSERIAL PRIMARY KEY,
        seconds bigint NOT NULL
    );
    COMMENT ON TABLE clock_shift IS 'How far a sandbox has moved `guerdon_now()` ahead of the database''s clock, in seconds; 0 in production.'
    """,
    """
    CREATE TABLE contribution (
        id uuid PRIMARY KEY,
        season_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        origin_id uuid NOT NULL,
        value bigint NOT NULL,
        occurred_at timestamptz NOT NULL,
        position bigint NOT NULL
    );
    COMMENT ON TABLE contribution IS 'What one activity (or award) is worth to one subject in one season, as last told by an event.'
    """,
    """
    CREATE TABLE debt (
        id uuid PRIMARY KEY,
        wallet_id uuid NOT NULL,
        reversal_id uuid NOT NULL,
        program_id uuid NOT NULL,
        budget_id uuid NOT NULL,
        amount bigint NOT NULL,
        outstanding bigint NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE debt IS 'What a wallet still owes for one reversal that its lots could not cover; settled oldest first.'
    """,
    """
    CREATE TABLE due (
        id uuid PRIMARY KEY,
        tally_id uuid NOT NULL,
        program_id uuid NOT NULL,
        terms_id uuid NOT NULL,
        rule varchar(64) NOT NULL,
        activity_id uuid,
        milestone varchar(64),
        beneficiary_kind varchar(8) NOT NULL,
        beneficiary_id uuid NOT NULL,
        unit varchar(16) NOT NULL,
        own_due bigint NOT NULL,
        due bigint NOT NULL,
        granted bigint NOT NULL,
        awards int NOT NULL,
        deal_key varchar(128),
        stacking_group varchar(64),
        occurred_at timestamptz NOT NULL,
        explanation jsonb NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE due IS 'What one activity (or milestone) is due under one rule for one beneficiary, what was granted, and why.'
    """,
    """
    CREATE TABLE enrollment (
        id uuid PRIMARY KEY,
        program_id uuid NOT NULL,
        subject_kind varchar(8) NOT NULL,
        subject_id uuid NOT NULL,
        cohort varchar(32) NOT NULL,
        state varchar(12) NOT NULL,
        enrolled_at timestamptz NOT NULL,
        ended_at timestamptz,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    CREATE INDEX idx_enrollment_subject_3a87b1 ON enrollment (subject_id);
    COMMENT ON TABLE enrollment IS 'A subject takes part in a program under one cohort.'
    """,
    """
    CREATE TABLE enrollment_parameters (
        id uuid PRIMARY KEY,
        enrollment_id uuid NOT NULL,
        version int NOT NULL,
        parameters jsonb NOT NULL,
        valid_from timestamptz NOT NULL,
        vendor_consented_at timestamptz,
        subject_consented_at timestamptz,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE enrollment_parameters IS 'One dated version of an enrollment''s made-to-measure parameters, with both sides'' consent.'
    """,
    """
    CREATE TABLE entry (
        id uuid PRIMARY KEY,
        transaction_id uuid NOT NULL,
        kind varchar(12) NOT NULL,
        wallet_id uuid,
        budget_id uuid,
        lot_id uuid,
        program_id uuid NOT NULL,
        unit varchar(16) NOT NULL,
        amount bigint NOT NULL,
        seq bigint,
        booked_period_id uuid NOT NULL,
        booking varchar(12) NOT NULL,
        effective_at timestamptz NOT NULL,
        reverses_id uuid
    );
    COMMENT ON TABLE entry IS 'One signed amount on one balance; `seq` is dense per wallet, NULL where the entry has no wallet (L5, L8).'
    """,
    """
    CREATE TABLE fact (
        id uuid PRIMARY KEY,
        subject_kind varchar(8) NOT NULL,
        subject_id uuid NOT NULL,
        kind varchar(32) NOT NULL,
        value jsonb NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_until timestamptz,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE fact IS 'Something true of a subject for a span of time (membership, tier, certificate, consent); appended, never edited'
    """,
    """
    CREATE TABLE hold (
        id uuid PRIMARY KEY,
        wallet_id uuid NOT NULL,
        reference_kind varchar(16) NOT NULL,
        reference_id uuid NOT NULL,
        amount bigint NOT NULL,
        state varchar(8) NOT NULL,
        recorded_at timestamptz NOT NULL,
        ended_at timestamptz
    );
    COMMENT ON TABLE hold IS 'Points set aside for one reference until they are captured or released, exactly once (L3).'
    """,
    """
    CREATE TABLE hold_lot (
        id uuid PRIMARY KEY,
        hold_id uuid NOT NULL,
        lot_id uuid NOT NULL,
        amount bigint NOT NULL
    );
    COMMENT ON TABLE hold_lot IS 'How much of a hold came from which lot, so that a release goes back to the same lots.'
    """,
    """
    CREATE TABLE import_row (
        id uuid PRIMARY KEY,
        run_id uuid NOT NULL,
        row int NOT NULL,
        external_id varchar(128),
        outcome varchar(12) NOT NULL,
        reason jsonb NOT NULL
    );
    COMMENT ON TABLE import_row IS 'How one row of an import ended when it was not simply recorded: skipped, rejected or corrected, with a reason.'
    """,
    """
    CREATE TABLE import_run (
        id uuid PRIMARY KEY,
        source_id uuid NOT NULL,
        file_name varchar(255) NOT NULL,
        file_digest bytea NOT NULL,
        rows int NOT NULL,
        next_row int NOT NULL,
        counts jsonb NOT NULL,
        recorded_at timestamptz NOT NULL,
        finished_at timestamptz
    );
    COMMENT ON TABLE import_run IS 'One file being imported by a source''s mapping, resumable at `next_row`.'
    """,
    """
    CREATE TABLE leaderboard (
        id uuid PRIMARY KEY,
        code varchar(64) NOT NULL,
        name jsonb NOT NULL,
        metric jsonb NOT NULL,
        operator varchar(12) NOT NULL,
        scope varchar(8) NOT NULL,
        window_kind varchar(8) NOT NULL,
        zone varchar(64) NOT NULL,
        unit varchar(16),
        rank_display varchar(12) NOT NULL,
        program_id uuid,
        visibility varchar(12) NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE leaderboard IS 'A board''s definition: metric (of one unit), scope, operator, window, zone and how ties are shown.'
    """,
    """
    CREATE TABLE lot (
        id uuid PRIMARY KEY,
        award_id uuid NOT NULL,
        wallet_id uuid NOT NULL,
        program_id uuid NOT NULL,
        amount bigint NOT NULL,
        pending bigint NOT NULL,
        available bigint NOT NULL,
        held bigint NOT NULL,
        payable bigint NOT NULL,
        redeemed bigint NOT NULL,
        paid bigint NOT NULL,
        expired bigint NOT NULL,
        reversed bigint NOT NULL,
        settled bigint NOT NULL,
        matures_at timestamptz NOT NULL,
        expires_at timestamptz
    );
    COMMENT ON TABLE lot IS 'Where an award''s points are now; its parts always sum to its amount (L7).'
    """,
    """
    CREATE TABLE member (
        id uuid PRIMARY KEY,
        source_id uuid NOT NULL,
        external_id varchar(128) NOT NULL,
        kind varchar(16) NOT NULL,
        name varchar(200) NOT NULL,
        email varchar(254),
        locale varchar(8) NOT NULL,
        partner_id uuid,
        on_boards bool NOT NULL,
        recorded_at timestamptz NOT NULL,
        left_at timestamptz,
        version bigint NOT NULL
    );
    CREATE INDEX idx_member_partner_f23aba ON member (partner_id);
    COMMENT ON TABLE member IS 'A person who acts for a partner (REP) or stands in the vendor''s own pool (VENDOR_STAFF).'
    """,
    """
    CREATE TABLE outbox (
        id BIGSERIAL PRIMARY KEY,
        event_id uuid NOT NULL,
        name varchar(64) NOT NULL,
        aggregate_kind varchar(32) NOT NULL,
        aggregate_id uuid NOT NULL,
        member_id uuid,
        partner_id uuid,
        program_id uuid,
        payload jsonb NOT NULL,
        transaction_id uuid,
        digest bytea,
        recorded_at timestamptz NOT NULL,
        position bigint,
        link bytea
    );
    COMMENT ON TABLE outbox IS 'One domain event; `position` is NULL until the relay stamps it, dense from then on (E2).'
    """,
    """
    CREATE TABLE partner (
        id uuid PRIMARY KEY,
        source_id uuid NOT NULL,
        external_id varchar(128) NOT NULL,
        name varchar(200) NOT NULL,
        types jsonb NOT NULL,
        parent_id uuid,
        country varchar(2),
        vertical varchar(64),
        size varchar(32),
        journey_stage varchar(16) NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE partner IS 'A firm that sells for the vendor; `external_id` is unique per source, `version` moves with every change.'
    """,
    """
    CREATE TABLE program (
        id uuid PRIMARY KEY,
        code varchar(64) NOT NULL,
        name jsonb NOT NULL,
        description jsonb NOT NULL,
        zone varchar(64) NOT NULL,
        unit varchar(16) NOT NULL,
        state varchar(12) NOT NULL,
        visibility varchar(12) NOT NULL,
        audience varchar(12) NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz,
        grace_days int NOT NULL,
        objective jsonb,
        debt_policy varchar(12) NOT NULL,
        expired_hold_days int NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE program IS 'An incentive program in one unit and one zone; its budget is a ledger row.'
    """,
    """
    CREATE TABLE rate (
        id uuid PRIMARY KEY,
        from_unit varchar(16) NOT NULL,
        to_unit varchar(16) NOT NULL,
        numerator bigint NOT NULL,
        denominator bigint NOT NULL,
        valid_from timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE rate IS 'One dated conversion: 1 of `from_unit` (smallest step) is numerator/denominator of `to_unit` from `valid_from`.'
    """,
    """
    CREATE TABLE reach (
        id uuid PRIMARY KEY,
        principal_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        relation varchar(16) NOT NULL
    );
    COMMENT ON TABLE reach IS 'A principal (account) acts for a partner in the named relation: PARTNER (own firm) or OPERATOR (portfolio).'
    """,
    """
    CREATE TABLE receipt (
        id uuid PRIMARY KEY,
        principal_id uuid NOT NULL,
        operation varchar(64) NOT NULL,
        "key" varchar(128) NOT NULL,
        fingerprint bytea NOT NULL,
        outcome jsonb,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE receipt IS 'The outcome of one keyed operation, stored in the transaction of its effect (L4).'
    """,
    """
    CREATE TABLE relay_state (
        id SMALLSERIAL PRIMARY KEY,
        last_position bigint NOT NULL,
        head bytea NOT NULL,
        epoch int NOT NULL
    );
    COMMENT ON TABLE relay_state IS 'The single row that fences relays: the last dense position, the head of the hash chain and the epoch.'
    """,
    """
    CREATE TABLE reversal (
        id uuid PRIMARY KEY,
        award_id uuid NOT NULL,
        cause_id uuid NOT NULL,
        amount bigint NOT NULL,
        transaction_id uuid NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE reversal IS 'A part of an award taken back for one cause, once (L5).'
    """,
    """
    CREATE TABLE season (
        id uuid PRIMARY KEY,
        leaderboard_id uuid NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz,
        epoch int NOT NULL,
        seq bigint NOT NULL,
        folded_position bigint NOT NULL,
        closing_position bigint,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE season IS 'One window of a board: `seq` counts its standing changes, `folded_position` is the last event it has folded.'
    """,
    """
    CREATE TABLE source (
        id uuid PRIMARY KEY,
        code varchar(64) NOT NULL,
        name varchar(200) NOT NULL,
        mapping jsonb,
        on_change varchar(8) NOT NULL,
        backfill bool NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE source IS 'Where activities come from; `mapping` is data, `on_change` says what another content under one id means.'
    """,
    """
    CREATE TABLE spent_token (
        jti uuid PRIMARY KEY,
        family_id uuid NOT NULL,
        expires_at timestamptz NOT NULL,
        spent_at timestamptz NOT NULL
    );
    CREATE INDEX idx_spent_token_family__1d228e ON spent_token (family_id);
    COMMENT ON TABLE spent_token IS 'A one-time token (authorization code, refresh token) of the development issuer that was used.'
    """,
    """
    CREATE TABLE standing (
        id uuid PRIMARY KEY,
        season_id uuid NOT NULL,
        subject_id uuid NOT NULL,
        score bigint NOT NULL,
        reached_at timestamptz NOT NULL,
        contributions int NOT NULL,
        seq bigint NOT NULL
    );
    COMMENT ON TABLE standing IS 'One subject''s score in one season, with the instant it was reached: the total order of B2.'
    """,
    """
    CREATE TABLE standing_change (
        id uuid PRIMARY KEY,
        season_id uuid NOT NULL,
        seq bigint NOT NULL,
        subject_id uuid NOT NULL,
        score bigint,
        reached_at timestamptz,
        contributions int NOT NULL,
        position bigint NOT NULL,
        changed_at timestamptz NOT NULL
    );
    COMMENT ON TABLE standing_change IS 'One change of a standing, dense per season; a NULL score means the subject left the board.'
    """,
    """
    CREATE TABLE tally (
        id uuid PRIMARY KEY,
        program_id uuid NOT NULL,
        terms_id uuid NOT NULL,
        rule varchar(64) NOT NULL,
        subject_id uuid NOT NULL,
        period_start timestamptz NOT NULL,
        period_end timestamptz,
        activities int NOT NULL,
        state jsonb NOT NULL
    );
    COMMENT ON TABLE tally IS 'The running state of one unit of evaluation: (terms version, rule, subject, period).'
    """,
    """
    CREATE TABLE terms (
        id uuid PRIMARY KEY,
        program_id uuid NOT NULL,
        version int NOT NULL,
        cohort varchar(32) NOT NULL,
        effective_from timestamptz NOT NULL,
        effective_until timestamptz,
        published_at timestamptz,
        document jsonb NOT NULL,
        triggers jsonb NOT NULL,
        digest bytea NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE terms IS 'One immutable version of a program''s rules for one cohort, effective from an instant once published.'
    """,
    """
    CREATE TABLE "transaction" (
        id uuid PRIMARY KEY,
        kind varchar(16) NOT NULL,
        unit varchar(16) NOT NULL,
        cause_kind varchar(16) NOT NULL,
        cause_id uuid NOT NULL,
        reason varchar(500),
        principal_id uuid,
        effective_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE "transaction" IS 'One balanced set of entries with its cause; never edited (L5).'
    """,
    """
    CREATE TABLE unit (
        code varchar(16) PRIMARY KEY,
        kind varchar(8) NOT NULL,
        exponent smallint NOT NULL,
        name jsonb NOT NULL
    );
    COMMENT ON TABLE unit IS 'A unit of value: points of some kind, or an ISO 4217 currency counted in minor units (`exponent` digits).'
    """,
    """
    CREATE TABLE wallet (
        id uuid PRIMARY KEY,
        owner_kind varchar(8) NOT NULL,
        owner_id uuid NOT NULL,
        unit varchar(16) NOT NULL,
        pending bigint NOT NULL,
        available bigint NOT NULL,
        held bigint NOT NULL,
        payable bigint NOT NULL,
        receivable bigint NOT NULL,
        seq bigint NOT NULL,
        next_due_at timestamptz
    );
    COMMENT ON TABLE wallet IS 'The balances of one owner in one unit; `seq` counts its entries, `next_due_at` is when a lot next moves.'
    """,
)


class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.RunSQL([*TABLES], reverse_sql=""),
    ]
