"""Courses, trainings, certificates and requirements; assignments with their targets: tables, then their laws."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLES = (
    """
    CREATE TABLE course (
        id uuid PRIMARY KEY,
        code varchar(20) NOT NULL,
        name jsonb NOT NULL,
        n int NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE course IS 'A course; `n` is the version that holds now. Its row is locked by whoever writes a training of it.'
    """,
    """
    CREATE TABLE course_version (
        id uuid PRIMARY KEY,
        course_id uuid NOT NULL,
        n int NOT NULL,
        pass_mark int NOT NULL,
        expiry_months int,
        reminder_days jsonb NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE course_version IS 'What passes, and for how long, from an instant on; never edited.'
    """,
    """
    CREATE TABLE training (
        id uuid PRIMARY KEY,
        course_id uuid NOT NULL,
        course_version_id uuid NOT NULL,
        member_id uuid NOT NULL,
        state varchar(12) NOT NULL,
        score int,
        passed_at timestamptz,
        expires_at timestamptz,
        revoked_at timestamptz,
        reason varchar(500),
        look_at timestamptz,
        told_days int,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE training IS 'One person''s way through one version; `look_at` is when time brings something, `told_days` the last reminder.'
    """,
    """
    CREATE TABLE training_attempt (
        id uuid PRIMARY KEY,
        training_id uuid NOT NULL,
        source_id uuid NOT NULL,
        external_id varchar(128) NOT NULL,
        digest bytea NOT NULL,
        outcome varchar(8) NOT NULL,
        score int,
        at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE training_attempt IS 'What a learning system told, once per source and external id; `digest` is of its content.'
    """,
    """
    CREATE TABLE certification (
        id uuid PRIMARY KEY,
        training_id uuid NOT NULL,
        course_id uuid NOT NULL,
        member_id uuid NOT NULL,
        attempt_id uuid NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_until timestamptz,
        revoked_at timestamptz
    );
    COMMENT ON TABLE certification IS 'A pass certifies for a span of time, or until it was revoked.'
    """,
    """
    CREATE TABLE certified_span (
        id uuid PRIMARY KEY,
        course_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        member_id uuid NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_until timestamptz
    );
    COMMENT ON TABLE certified_span IS 'A person was certified while with a firm: written anew from certificates and memberships when one changes.'
    """,
    """
    CREATE TABLE course_requirement (
        id uuid PRIMARY KEY,
        course_id uuid NOT NULL,
        reps_min int NOT NULL,
        tier varchar(64),
        program_id uuid,
        is_active bool NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE course_requirement IS 'A tier or a program needs so many certified people of a firm.'
    """,
    """
    CREATE TABLE requirement_standing (
        id uuid PRIMARY KEY,
        requirement_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        certified int NOT NULL,
        is_met bool NOT NULL,
        changed_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE requirement_standing IS 'How a firm stands to a requirement, as far as it ever had anybody certified.'
    """,
    """
    CREATE TABLE training_followed (
        id int PRIMARY KEY,
        position bigint NOT NULL
    );
    COMMENT ON TABLE training_followed IS 'How far training has followed what is told of memberships: one row.'
    """,
    """
    CREATE TABLE assignment (
        id uuid PRIMARY KEY,
        partner_id uuid NOT NULL,
        member_id uuid NOT NULL,
        is_exclusive bool NOT NULL,
        weight int NOT NULL,
        monthly_cost bigint NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        state varchar(8) NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE assignment IS 'One of the vendor''s people embedded with a partner; `monthly_cost` in minor units for 30 days.'
    """,
    """
    CREATE TABLE assignment_span (
        id uuid PRIMARY KEY,
        assignment_id uuid NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_until timestamptz NOT NULL
    );
    COMMENT ON TABLE assignment_span IS 'The assignment counts inside these dates.'
    """,
    """
    CREATE TABLE assignment_target (
        id uuid PRIMARY KEY,
        partner_id uuid NOT NULL,
        title varchar(200) NOT NULL,
        activity_type varchar(64) NOT NULL,
        currency varchar(16) NOT NULL,
        partner_share_ppm int NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        attained bigint NOT NULL,
        cost bigint NOT NULL,
        look_at timestamptz,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE assignment_target IS 'What a partner is to sell while somebody is embedded; `look_at` is when it is counted again.'
    """,
    """
    CREATE TABLE assignment_milestone (
        id uuid PRIMARY KEY,
        target_id uuid NOT NULL,
        amount bigint NOT NULL,
        reached_at timestamptz,
        reports int NOT NULL,
        told jsonb
    );
    COMMENT ON TABLE assignment_milestone IS 'A milestone of a target; `reports` counts how often it was reported anew, `told` is what stands.'
    """,
)

CONSTRAINTS = (
    "ALTER TABLE course ADD CONSTRAINT course_code_is_unique UNIQUE (code)",
    "ALTER TABLE course_version ADD CONSTRAINT course_version_is_numbered_once UNIQUE (course_id, n)",
    "ALTER TABLE course_version ADD CONSTRAINT course_version_is_bounded CHECK (pass_mark BETWEEN 0 AND 100 AND (expiry_months IS NULL OR expiry_months BETWEEN 1 AND 120))",
    "ALTER TABLE training ADD CONSTRAINT training_is_once_per_version UNIQUE (member_id, course_version_id)",
    "ALTER TABLE training ADD CONSTRAINT training_says_what_its_state_needs CHECK (state IN ('ENROLLED', 'IN_PROGRESS', 'PASSED', 'FAILED', 'EXPIRED', 'REVOKED', 'RENEWED') AND (state IN ('PASSED', 'RENEWED', 'EXPIRED', 'REVOKED')) = (passed_at IS NOT NULL) AND (state = 'REVOKED') = (revoked_at IS NOT NULL) AND (state <> 'EXPIRED' OR expires_at IS NOT NULL))",
    "ALTER TABLE training_attempt ADD CONSTRAINT training_attempt_is_told_once UNIQUE (source_id, external_id)",
    "ALTER TABLE training_attempt ADD CONSTRAINT training_attempt_outcome_is_known CHECK (outcome IN ('STARTED', 'PASSED', 'FAILED') AND (score IS NULL OR score BETWEEN 0 AND 100))",
    "ALTER TABLE certification ADD CONSTRAINT certification_is_one_per_pass UNIQUE (attempt_id)",
    "ALTER TABLE certification ADD CONSTRAINT certification_span_is_ordered CHECK (valid_until IS NULL OR valid_until > valid_from)",
    "ALTER TABLE course_requirement ADD CONSTRAINT course_requirement_is_of_one_thing CHECK (num_nonnulls(tier, program_id) = 1 AND reps_min BETWEEN 1 AND 10000)",
    "ALTER TABLE requirement_standing ADD CONSTRAINT requirement_standing_is_one_per_firm UNIQUE (requirement_id, partner_id)",
    "ALTER TABLE assignment ADD CONSTRAINT assignment_is_bounded CHECK (state IN ('PLANNED', 'ACTIVE', 'PAUSED', 'ENDED') AND ends_at >= starts_at AND weight BETWEEN 1 AND 1000000 AND monthly_cost BETWEEN 0 AND 1000000000000)",
    "ALTER TABLE assignment_span ADD CONSTRAINT assignment_span_is_ordered CHECK (valid_until > valid_from)",
    "ALTER TABLE assignment_target ADD CONSTRAINT assignment_target_is_bounded CHECK (ends_at > starts_at AND partner_share_ppm BETWEEN 0 AND 1000000)",
    "ALTER TABLE assignment_milestone ADD CONSTRAINT assignment_milestone_is_one_per_amount UNIQUE (target_id, amount)",
    "ALTER TABLE assignment_milestone ADD CONSTRAINT assignment_milestone_is_told_whole CHECK (amount > 0 AND (reached_at IS NULL) = (told IS NULL))",
)

EDGES = (
    """
    CREATE FUNCTION training_moves_along_drawn_edges() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.state <> NEW.state AND (OLD.state || '>' || NEW.state) NOT IN (
          'ENROLLED>IN_PROGRESS', 'ENROLLED>PASSED', 'ENROLLED>FAILED', 'ENROLLED>RENEWED',
          'IN_PROGRESS>PASSED', 'IN_PROGRESS>FAILED', 'IN_PROGRESS>RENEWED',
          'FAILED>IN_PROGRESS', 'FAILED>PASSED', 'FAILED>RENEWED',
          'PASSED>RENEWED', 'PASSED>EXPIRED', 'PASSED>REVOKED', 'RENEWED>EXPIRED', 'RENEWED>REVOKED',
          'EXPIRED>RENEWED', 'EXPIRED>REVOKED') THEN
        RAISE EXCEPTION '% does not lead to %', OLD.state, NEW.state
          USING ERRCODE = 'check_violation', CONSTRAINT = 'training_moves_along_drawn_edges';
      END IF;
      RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER training_moves_along_drawn_edges BEFORE UPDATE ON training"
    " FOR EACH ROW EXECUTE FUNCTION training_moves_along_drawn_edges()",
    """
    CREATE FUNCTION assignment_moves_along_drawn_edges() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.state <> NEW.state AND (OLD.state || '>' || NEW.state) NOT IN (
          'PLANNED>ACTIVE', 'PLANNED>ENDED', 'ACTIVE>PAUSED', 'ACTIVE>ENDED', 'PAUSED>ACTIVE', 'PAUSED>ENDED') THEN
        RAISE EXCEPTION '% does not lead to %', OLD.state, NEW.state
          USING ERRCODE = 'check_violation', CONSTRAINT = 'assignment_moves_along_drawn_edges';
      END IF;
      RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER assignment_moves_along_drawn_edges BEFORE UPDATE ON assignment"
    " FOR EACH ROW EXECUTE FUNCTION assignment_moves_along_drawn_edges()",
)

FOREIGN_KEYS = tuple(
    f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_exists FOREIGN KEY ({column}) REFERENCES {target} (id)"
    for table, column, target in (
        ("course_version", "course_id", "course"),
        ("training", "course_id", "course"),
        ("training", "course_version_id", "course_version"),
        ("training", "member_id", "member"),
        ("training_attempt", "training_id", "training"),
        ("training_attempt", "source_id", "source"),
        ("certification", "training_id", "training"),
        ("certification", "attempt_id", "training_attempt"),
        ("certified_span", "course_id", "course"),
        ("certified_span", "partner_id", "partner"),
        ("certified_span", "member_id", "member"),
        ("course_requirement", "course_id", "course"),
        ("course_requirement", "program_id", "program"),
        ("requirement_standing", "requirement_id", "course_requirement"),
        ("requirement_standing", "partner_id", "partner"),
        ("assignment", "partner_id", "partner"),
        ("assignment", "member_id", "member"),
        ("assignment_span", "assignment_id", "assignment"),
        ("assignment_target", "partner_id", "partner"),
        ("assignment_milestone", "target_id", "assignment_target"),
    )
)

INDEXES = (
    "CREATE INDEX training_by_time ON training (recorded_at, id)",
    "CREATE INDEX training_of_member ON training (member_id, recorded_at, id)",
    "CREATE INDEX training_of_course ON training (course_id, recorded_at, id)",
    "CREATE INDEX training_due ON training (look_at, id) WHERE look_at IS NOT NULL",
    "CREATE INDEX training_attempt_of ON training_attempt (training_id, at, id)",
    "CREATE INDEX certification_of_member ON certification (member_id, course_id)",
    "CREATE INDEX certification_of_training ON certification (training_id, valid_from)",
    "CREATE INDEX certified_span_of_partner ON certified_span (course_id, partner_id)",
    "CREATE INDEX certified_span_of_member ON certified_span (member_id, course_id)",
    "CREATE UNIQUE INDEX course_requirement_is_one_per_tier ON course_requirement (course_id, tier) WHERE tier IS NOT NULL",
    "CREATE UNIQUE INDEX course_requirement_is_one_per_program ON course_requirement (course_id, program_id)"
    " WHERE program_id IS NOT NULL",
    "CREATE INDEX requirement_standing_of_partner ON requirement_standing (partner_id, id)",
    "CREATE INDEX assignment_by_time ON assignment (recorded_at, id)",
    "CREATE INDEX assignment_of_partner ON assignment (partner_id, starts_at, id)",
    "CREATE INDEX assignment_of_member ON assignment (member_id, starts_at, id)",
    "CREATE INDEX assignment_to_start ON assignment (starts_at, id) WHERE state = 'PLANNED'",
    "CREATE INDEX assignment_to_end ON assignment (ends_at, id) WHERE state <> 'ENDED'",
    "CREATE INDEX assignment_span_of ON assignment_span (assignment_id, valid_from)",
    "CREATE INDEX assignment_target_of_partner ON assignment_target (partner_id, recorded_at, id)",
    "CREATE INDEX assignment_target_due ON assignment_target (look_at, id) WHERE look_at IS NOT NULL",
)


class Migration(migrations.Migration):
    """Adds training and assignments, with their laws."""

    dependencies = [("guerdon", "0025_funds")]
    operations = [ops.RunSQL([*TABLES, *CONSTRAINTS, *EDGES, *FOREIGN_KEYS, *INDEXES], reverse_sql=ops.RunSQL.noop)]
