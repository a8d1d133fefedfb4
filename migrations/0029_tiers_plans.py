"""Sets of tiers with their memberships; joint plans with objectives, commitments, checkpoints and frozen reviews."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TIER_TABLES = (
    """
    CREATE TABLE tier_set (
        id uuid PRIMARY KEY,
        code varchar(64) NOT NULL,
        name jsonb NOT NULL,
        fact_kind varchar(32) NOT NULL,
        document jsonb NOT NULL,
        evaluates_at timestamptz NOT NULL,
        evaluated_at timestamptz,
        look_at timestamptz NOT NULL,
        after_partner uuid,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL,
        CONSTRAINT tier_set_code_is_unique UNIQUE (code),
        CONSTRAINT tier_set_has_its_own_fact UNIQUE (fact_kind),
        CONSTRAINT tier_set_looks_in_time CHECK (look_at <= evaluates_at AND evaluated_at < evaluates_at)
    )
    """,
    """
    CREATE TABLE tier_membership (
        id uuid PRIMARY KEY,
        set_id uuid NOT NULL REFERENCES tier_set (id),
        partner_id uuid NOT NULL REFERENCES partner (id),
        state varchar(12) NOT NULL,
        tier varchar(64),
        reason varchar(16) NOT NULL,
        note varchar(500),
        principal_id uuid,
        earned_before varchar(64),
        look_at timestamptz,
        valid_from timestamptz NOT NULL,
        valid_until timestamptz,
        fact_id uuid,
        measured jsonb NOT NULL,
        measured_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL,
        CONSTRAINT tier_membership_span_is_ordered CHECK (valid_until > valid_from),
        CONSTRAINT tier_membership_state_is_known CHECK (state IN ('QUALIFYING', 'ACTIVE', 'GRACE', 'DOWNGRADED') AND (state <> 'QUALIFYING' OR tier IS NULL) AND (state NOT IN ('ACTIVE', 'GRACE') OR tier IS NOT NULL) AND (state <> 'GRACE' OR look_at IS NOT NULL)),
        CONSTRAINT tier_membership_override_is_signed CHECK ((reason = 'OVERRIDE') = (note IS NOT NULL) AND (reason = 'OVERRIDE') = (principal_id IS NOT NULL) AND (reason <> 'OVERRIDE' OR look_at IS NOT NULL))
    )
    """,
    "CREATE UNIQUE INDEX tier_membership_is_one_at_a_time ON tier_membership (set_id, partner_id)"
    " WHERE valid_until IS NULL",
    "CREATE INDEX tier_membership_of_partner ON tier_membership (partner_id, valid_from, id)",
    "CREATE INDEX tier_membership_due ON tier_membership (set_id, look_at)"
    " WHERE valid_until IS NULL AND look_at IS NOT NULL",
    "CREATE INDEX fact_membership_of_partner ON fact ((value->>'value'), valid_from) WHERE kind = 'membership'",
    """
    CREATE FUNCTION tier_membership_is_never_rewritten() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.valid_until IS NOT NULL OR (OLD.set_id, OLD.partner_id, OLD.state, OLD.tier, OLD.reason, OLD.valid_from)
          IS DISTINCT FROM (NEW.set_id, NEW.partner_id, NEW.state, NEW.tier, NEW.reason, NEW.valid_from) THEN
        RAISE EXCEPTION 'what a partner''s tier was is not rewritten'
          USING ERRCODE = 'check_violation', CONSTRAINT = 'tier_membership_is_never_rewritten';
      END IF;
      RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER tier_membership_is_never_rewritten BEFORE UPDATE ON tier_membership"
    " FOR EACH ROW EXECUTE FUNCTION tier_membership_is_never_rewritten()",
)

PLAN_TABLES = (
    """
    CREATE TABLE joint_plan (
        id uuid PRIMARY KEY,
        partner_id uuid REFERENCES partner (id),
        program_id uuid REFERENCES program (id),
        name varchar(200) NOT NULL,
        zone varchar(64) NOT NULL,
        state varchar(10) NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        agreed_at timestamptz,
        agreed_by uuid,
        ended_at timestamptz,
        principal_id uuid NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL,
        CONSTRAINT joint_plan_is_with_somebody CHECK (partner_id IS NOT NULL OR program_id IS NOT NULL),
        CONSTRAINT joint_plan_span_is_ordered CHECK (ends_at > starts_at),
        CONSTRAINT joint_plan_state_is_known CHECK (state IN ('PROPOSED', 'AGREED', 'ENDED') AND (state <> 'AGREED' OR agreed_at IS NOT NULL) AND (state = 'ENDED') = (ended_at IS NOT NULL))
    )
    """,
    """
    CREATE TABLE plan_objective (
        id uuid PRIMARY KEY,
        plan_id uuid NOT NULL REFERENCES joint_plan (id),
        code varchar(64) NOT NULL,
        name varchar(200) NOT NULL,
        side varchar(8) NOT NULL,
        subject_kind varchar(8) NOT NULL,
        subject_id uuid NOT NULL,
        partner_id uuid,
        member_id uuid,
        program_id uuid,
        supports_id uuid REFERENCES plan_objective (id),
        replaces_id uuid REFERENCES plan_objective (id),
        metric jsonb NOT NULL,
        baseline bigint NOT NULL,
        target bigint NOT NULL,
        expected_impact varchar(500),
        tolerance_ppm int NOT NULL,
        checkpoint_days int NOT NULL,
        settle_days int NOT NULL,
        reward jsonb NOT NULL,
        starts_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        closes_at timestamptz NOT NULL,
        state varchar(8) NOT NULL,
        value bigint NOT NULL,
        measured_at timestamptz NOT NULL,
        look_at timestamptz,
        achieved_ppm bigint,
        share_ppm int,
        uplift bigint,
        closed_at timestamptz,
        activity_id uuid,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL,
        CONSTRAINT plan_objective_replaces_one UNIQUE (replaces_id),
        CONSTRAINT plan_objective_state_is_known CHECK (state IN ('ON_TRACK', 'AT_RISK', 'MET', 'MISSED', 'REVISED') AND (state <> 'MISSED' OR closed_at IS NOT NULL) AND (state <> 'REVISED' OR closed_at IS NOT NULL) AND (closed_at IS NULL) = (look_at IS NOT NULL)),
        CONSTRAINT plan_objective_side_is_known CHECK (side IN ('VENDOR', 'PARTNER') AND subject_kind IN ('MEMBER', 'PARTNER', 'PROGRAM')),
        CONSTRAINT plan_objective_is_bounded CHECK (target <> baseline AND due_at > starts_at AND closes_at >= due_at AND tolerance_ppm BETWEEN 1 AND 1000000 AND checkpoint_days BETWEEN 7 AND 92 AND settle_days BETWEEN 0 AND 90 AND share_ppm BETWEEN 0 AND 1000000)
    )
    """,
    """
    CREATE TABLE plan_checkpoint (
        id uuid PRIMARY KEY,
        objective_id uuid NOT NULL REFERENCES plan_objective (id),
        n int NOT NULL,
        due_at timestamptz NOT NULL,
        expected bigint NOT NULL,
        state varchar(8) NOT NULL,
        actual bigint,
        note varchar(2000),
        held_at timestamptz,
        held_by uuid,
        CONSTRAINT plan_checkpoint_is_numbered_once UNIQUE (objective_id, n),
        CONSTRAINT plan_checkpoint_state_is_known CHECK (state IN ('PLANNED', 'OVERDUE', 'HELD', 'DROPPED') AND (state = 'HELD') = (held_at IS NOT NULL) AND (state <> 'HELD' OR actual IS NOT NULL))
    )
    """,
    """
    CREATE TABLE plan_commitment (
        id uuid PRIMARY KEY,
        plan_id uuid NOT NULL REFERENCES joint_plan (id),
        side varchar(8) NOT NULL,
        text varchar(500) NOT NULL,
        due_at timestamptz,
        state varchar(8) NOT NULL,
        note varchar(500),
        settled_at timestamptz,
        settled_by uuid,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT plan_commitment_state_is_known CHECK (side IN ('VENDOR', 'PARTNER') AND state IN ('OPEN', 'DONE', 'NOT_DONE') AND (state = 'OPEN') = (settled_at IS NULL))
    )
    """,
    """
    CREATE TABLE plan_revision (
        id uuid PRIMARY KEY,
        objective_id uuid NOT NULL REFERENCES plan_objective (id),
        n int NOT NULL,
        proposed_by varchar(8) NOT NULL,
        principal_id uuid NOT NULL,
        target bigint NOT NULL,
        due_at timestamptz NOT NULL,
        reason varchar(500) NOT NULL,
        state varchar(10) NOT NULL,
        answered_at timestamptz,
        answered_by uuid,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT plan_revision_is_numbered_once UNIQUE (objective_id, n),
        CONSTRAINT plan_revision_state_is_known CHECK (proposed_by IN ('VENDOR', 'PARTNER') AND state IN ('PROPOSED', 'ACCEPTED', 'DECLINED') AND (state = 'PROPOSED') = (answered_at IS NULL)),
        CONSTRAINT plan_revision_is_answered_by_the_other_side CHECK (answered_by IS NULL OR answered_by <> principal_id)
    )
    """,
    """
    CREATE TABLE plan_review (
        id uuid PRIMARY KEY,
        plan_id uuid NOT NULL REFERENCES joint_plan (id),
        period varchar(16) NOT NULL,
        document jsonb NOT NULL,
        digest bytea NOT NULL,
        principal_id uuid NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT plan_review_is_one_a_period UNIQUE (plan_id, period)
    )
    """,
    "CREATE INDEX joint_plan_of_partner ON joint_plan (partner_id, recorded_at, id)",
    "CREATE INDEX joint_plan_of_program ON joint_plan (program_id) WHERE program_id IS NOT NULL",
    "CREATE INDEX plan_objective_of_plan ON plan_objective (plan_id, recorded_at, id)",
    "CREATE INDEX plan_objective_of_partner ON plan_objective (partner_id, recorded_at, id)",
    "CREATE INDEX plan_objective_of_member ON plan_objective (member_id, recorded_at, id) WHERE member_id IS NOT NULL",
    "CREATE INDEX plan_objective_due ON plan_objective (look_at, id) WHERE look_at IS NOT NULL",
    "CREATE INDEX plan_checkpoint_due ON plan_checkpoint (due_at, id) WHERE state = 'PLANNED'",
    "CREATE INDEX plan_commitment_of_plan ON plan_commitment (plan_id, recorded_at, id)",
    "CREATE UNIQUE INDEX plan_revision_waits_alone ON plan_revision (objective_id) WHERE state = 'PROPOSED'",
    "CREATE UNIQUE INDEX plan_objective_code_is_open_once ON plan_objective (plan_id, code) WHERE state <> 'REVISED'",
    """
    CREATE FUNCTION plan_objective_is_revised_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.closed_at IS NOT NULL AND OLD IS DISTINCT FROM NEW
          OR OLD.closed_at IS NULL AND (OLD.baseline, OLD.target, OLD.starts_at, OLD.due_at, OLD.metric, OLD.reward)
             IS DISTINCT FROM (NEW.baseline, NEW.target, NEW.starts_at, NEW.due_at, NEW.metric, NEW.reward) THEN
        RAISE EXCEPTION 'an objective is revised by another one, and closed once'
          USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_objective_is_revised_by_another';
      END IF;
      RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER plan_objective_is_revised_by_another BEFORE UPDATE ON plan_objective"
    " FOR EACH ROW EXECUTE FUNCTION plan_objective_is_revised_by_another()",
    """
    CREATE FUNCTION plan_review_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a review is never edited'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_review_is_frozen';
    END $$
    """,
    "CREATE TRIGGER plan_review_is_frozen BEFORE UPDATE ON plan_review"
    " FOR EACH ROW EXECUTE FUNCTION plan_review_is_frozen()",
    *(
        f"CREATE TRIGGER c1_nothing_of_value_is_deleted BEFORE DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION c1_nothing_of_value_is_deleted()"
        for table in ("tier_membership", "joint_plan", "plan_objective", "plan_commitment", "plan_review")
    ),
)


class Migration(migrations.Migration):
    """Adds tiers and plans."""

    dependencies = [("guerdon", "0027_rebates")]
    operations = [ops.RunSQL([*TIER_TABLES, *PLAN_TABLES], reverse_sql=ops.RunSQL.noop)]
