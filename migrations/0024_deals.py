"""Customers with their keys and holds, deal registrations, leads: tables, then their laws."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLES = (
    """
    CREATE TABLE customer (
        id uuid PRIMARY KEY,
        name varchar(200) NOT NULL,
        country varchar(2),
        vertical varchar(64),
        size varchar(64),
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE customer IS 'A firm that buys, as the first who named it called it; the vendor''s to see alone.'
    """,
    """
    CREATE TABLE customer_key (
        id uuid PRIMARY KEY,
        customer_id uuid NOT NULL,
        kind varchar(8) NOT NULL,
        value varchar(253) NOT NULL
    );
    COMMENT ON TABLE customer_key IS 'One key in normal form; a tax id or a domain means one customer, a name may mean several.'
    """,
    """
    CREATE TABLE customer_relation (
        id uuid PRIMARY KEY,
        customer_id uuid NOT NULL,
        kind varchar(12) NOT NULL,
        partner_id uuid,
        member_id uuid,
        reference_id uuid,
        since timestamptz NOT NULL,
        ended_at timestamptz
    );
    COMMENT ON TABLE customer_relation IS 'Somebody has to do with a customer for a span of time: the vendor''s rep, its partner, whoever has its lead.'
    """,
    """
    CREATE TABLE customer_hold (
        id uuid PRIMARY KEY,
        customer_id uuid NOT NULL,
        reference_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        member_id uuid,
        products jsonb NOT NULL,
        since timestamptz NOT NULL,
        until timestamptz,
        ended_at timestamptz
    );
    COMMENT ON TABLE customer_hold IS 'A partner has a customer for some products (none named: all) until an instant, unless it ended before. `until` is NULL while the clock stands still.'
    """,
    """
    CREATE TABLE deal_policy (
        id uuid PRIMARY KEY,
        code varchar(64) NOT NULL,
        document jsonb NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE deal_policy IS 'The days and numbers of a policy, by its code; `document` is a DealPolicy.'
    """,
    """
    CREATE TABLE deal (
        id uuid PRIMARY KEY,
        partner_id uuid NOT NULL,
        member_id uuid NOT NULL,
        principal_id uuid NOT NULL,
        policy varchar(64) NOT NULL,
        title varchar(200) NOT NULL,
        opportunity varchar(64),
        customer jsonb NOT NULL,
        customer_id uuid,
        products jsonb NOT NULL,
        value bigint,
        currency varchar(16),
        state varchar(12) NOT NULL,
        reason varchar(32),
        note varchar(2000),
        bound jsonb,
        due_at timestamptz,
        with_vendor_since timestamptz,
        extensions int NOT NULL,
        submitted_at timestamptz,
        approved_at timestamptz,
        won_at timestamptz,
        won_net bigint,
        won_list bigint,
        won_currency varchar(16),
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE deal IS 'A registration as its partner said it, and where it stands; `bound` is the policy of its first submission. `due_at` counts the partner''s own time, `with_vendor_since` stops it (kernel/turns).'
    """,
    """
    CREATE TABLE deal_conflict (
        id uuid PRIMARY KEY,
        deal_id uuid NOT NULL,
        kind varchar(12) NOT NULL,
        against_id uuid,
        state varchar(8) NOT NULL,
        outcome varchar(12),
        due_at timestamptz,
        recorded_at timestamptz NOT NULL,
        settled_at timestamptz
    );
    COMMENT ON TABLE deal_conflict IS 'Something in the way of a registration; `against_id` is for the vendor''s eyes alone.'
    """,
    """
    CREATE TABLE deal_evidence (
        id uuid PRIMARY KEY,
        deal_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        n int NOT NULL,
        principal_id uuid NOT NULL,
        note varchar(2000) NOT NULL,
        recorded_at timestamptz NOT NULL
    );
    COMMENT ON TABLE deal_evidence IS 'What a partner says for itself in a dispute; its files hang on it.'
    """,
    """
    CREATE TABLE deal_extension (
        id uuid PRIMARY KEY,
        deal_id uuid NOT NULL,
        partner_id uuid NOT NULL,
        n int NOT NULL,
        progress varchar(2000) NOT NULL,
        requested_at timestamptz NOT NULL,
        answered_at timestamptz,
        granted bool
    );
    COMMENT ON TABLE deal_extension IS 'One request for more time, with the progress it needs, and the vendor''s answer.'
    """,
    """
    CREATE TABLE lead_routing (
        partner_id uuid PRIMARY KEY,
        member_id uuid NOT NULL,
        segments jsonb NOT NULL,
        verticals jsonb NOT NULL,
        countries jsonb NOT NULL,
        open_max int NOT NULL,
        is_active bool NOT NULL,
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE lead_routing IS 'A partner takes such leads, in its member''s name, so many at once; an empty list is any.'
    """,
    """
    CREATE TABLE lead (
        id uuid PRIMARY KEY,
        principal_id uuid NOT NULL,
        origin varchar(64) NOT NULL,
        title varchar(200) NOT NULL,
        customer jsonb NOT NULL,
        customer_id uuid NOT NULL,
        products jsonb NOT NULL,
        value bigint NOT NULL,
        currency varchar(16) NOT NULL,
        response_hours int NOT NULL,
        attempts_max int NOT NULL,
        attempts int NOT NULL,
        state varchar(12) NOT NULL,
        reason varchar(32),
        note varchar(2000),
        partner_id uuid,
        member_id uuid,
        assignment_id uuid,
        due_at timestamptz,
        accepted_at timestamptz,
        converted_at timestamptz,
        conversions int NOT NULL,
        opportunity varchar(64),
        recorded_at timestamptz NOT NULL,
        version bigint NOT NULL
    );
    COMMENT ON TABLE lead IS 'A lead and on whose desk it lies; `due_at` is until when it is to be answered.'
    """,
    """
    CREATE TABLE lead_assignment (
        id uuid PRIMARY KEY,
        lead_id uuid NOT NULL,
        n int NOT NULL,
        partner_id uuid NOT NULL,
        member_id uuid NOT NULL,
        why jsonb NOT NULL,
        assigned_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        answered_at timestamptz,
        ended_at timestamptz,
        outcome varchar(12)
    );
    COMMENT ON TABLE lead_assignment IS 'A lead was given to a partner, with the reason why; how long it took to answer, and how it ended there.'
    """,
)

CONSTRAINTS = (
    "ALTER TABLE customer_key ADD CONSTRAINT customer_key_is_said_once UNIQUE (customer_id, kind, value)",
    "ALTER TABLE customer_key ADD CONSTRAINT customer_key_kind_is_known CHECK (kind IN ('TAX_ID', 'DOMAIN', 'NAME'))",
    "ALTER TABLE customer_relation ADD CONSTRAINT customer_relation_is_somebodys CHECK (kind IN ('VENDOR_REP', 'INCUMBENT', 'LEAD') AND num_nonnulls(partner_id, member_id) >= 1)",
    "ALTER TABLE customer_hold ADD CONSTRAINT customer_hold_span_is_ordered CHECK (ended_at IS NULL OR ended_at >= since)",
    "ALTER TABLE deal_policy ADD CONSTRAINT deal_policy_code_is_unique UNIQUE (code)",
    "ALTER TABLE deal ADD CONSTRAINT deal_state_is_known CHECK (state IN ('DRAFT', 'SUBMITTED', 'IN_REVIEW', 'RETURNED', 'APPROVED', 'REJECTED', 'EXPIRED', 'EXTENDED', 'WON', 'LOST', 'CANCELLED'))",
    "ALTER TABLE deal ADD CONSTRAINT deal_says_what_its_state_needs CHECK ((state IN ('DRAFT', 'CANCELLED') OR (submitted_at IS NOT NULL AND bound IS NOT NULL AND customer_id IS NOT NULL)) AND (state NOT IN ('APPROVED', 'EXTENDED', 'WON') OR approved_at IS NOT NULL) AND (state <> 'WON' OR (won_at IS NOT NULL AND won_net IS NOT NULL AND won_currency IS NOT NULL)))",
    "ALTER TABLE deal ADD CONSTRAINT deal_extensions_are_bounded CHECK (extensions BETWEEN 0 AND 10)",
    "ALTER TABLE deal_conflict ADD CONSTRAINT deal_conflict_state_is_known CHECK (kind IN ('DUPLICATE', 'SIMILAR', 'VENDOR_REP', 'INCUMBENT', 'LEAD') AND state IN ('OPEN', 'DISPUTED', 'SETTLED') AND (state = 'SETTLED') = (settled_at IS NOT NULL) AND (state = 'SETTLED') = (outcome IS NOT NULL) AND (outcome IS NULL OR outcome IN ('UPHELD', 'DISMISSED', 'LAPSED')))",
    "ALTER TABLE deal_evidence ADD CONSTRAINT deal_evidence_is_numbered_once UNIQUE (deal_id, n)",
    "ALTER TABLE deal_evidence ADD CONSTRAINT deal_evidence_is_bounded CHECK (n BETWEEN 1 AND 10)",
    "ALTER TABLE deal_extension ADD CONSTRAINT deal_extension_is_numbered_once UNIQUE (deal_id, n)",
    "ALTER TABLE deal_extension ADD CONSTRAINT deal_extension_is_answered_once CHECK (n BETWEEN 1 AND 50 AND (answered_at IS NULL) = (granted IS NULL))",
    "ALTER TABLE lead_routing ADD CONSTRAINT lead_routing_is_bounded CHECK (open_max BETWEEN 1 AND 1000)",
    "ALTER TABLE lead ADD CONSTRAINT lead_says_what_its_state_needs CHECK (state IN ('ASSIGNED', 'ACCEPTED', 'WORKING', 'CONVERTED', 'RETURNED', 'EXPIRED') AND (state IN ('ASSIGNED', 'ACCEPTED', 'WORKING', 'CONVERTED')) = (partner_id IS NOT NULL AND assignment_id IS NOT NULL) AND (state = 'ASSIGNED') = (due_at IS NOT NULL) AND (state <> 'CONVERTED' OR converted_at IS NOT NULL))",
    "ALTER TABLE lead ADD CONSTRAINT lead_is_bounded CHECK (value >= 0 AND response_hours BETWEEN 1 AND 720 AND attempts_max BETWEEN 1 AND 20)",
    "ALTER TABLE lead_assignment ADD CONSTRAINT lead_assignment_is_numbered_once UNIQUE (lead_id, n)",
    "ALTER TABLE lead_assignment ADD CONSTRAINT lead_assignment_ends_once CHECK ((ended_at IS NULL) = (outcome IS NULL) AND (outcome IS NULL OR outcome IN ('NOT_ANSWERED', 'RETURNED', 'REASSIGNED', 'CONVERTED')))",
)


def _edges(name: str, table: str, edges: dict[str, str]) -> tuple[str, str]:
    """A function and a trigger that refuse any change of state that was not drawn."""
    drawn = ", ".join(f"'{before}>{after}'" for before, afters in edges.items() for after in afters.split())
    return (
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF OLD.state <> NEW.state AND (OLD.state || '>' || NEW.state) NOT IN ({drawn}) THEN
            RAISE EXCEPTION '% does not lead to %', OLD.state, NEW.state
              USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
          END IF;
          RETURN NEW;
        END $$
        """,
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )


EDGES = (
    *_edges(
        "deal_moves_along_drawn_edges",
        "deal",
        {
            "DRAFT": "SUBMITTED CANCELLED",
            "SUBMITTED": "IN_REVIEW RETURNED APPROVED REJECTED CANCELLED",
            "IN_REVIEW": "RETURNED APPROVED REJECTED CANCELLED",
            "RETURNED": "SUBMITTED EXPIRED CANCELLED",
            "APPROVED": "EXTENDED EXPIRED WON LOST CANCELLED",
            "EXTENDED": "EXPIRED WON LOST CANCELLED",
            "REJECTED": "IN_REVIEW",
            "EXPIRED": "WON",
            "WON": "LOST",
        },
    ),
    *_edges(
        "lead_moves_along_drawn_edges",
        "lead",
        {
            "ASSIGNED": "ACCEPTED RETURNED EXPIRED",
            "ACCEPTED": "WORKING CONVERTED RETURNED ASSIGNED",
            "WORKING": "CONVERTED RETURNED ASSIGNED",
            "RETURNED": "ASSIGNED",
            "EXPIRED": "ASSIGNED",
            "CONVERTED": "WORKING",
        },
    ),
)

# The customer's row is locked first, so that of two holds at one instant the second sees the first.
ALONE = (
    """
    CREATE FUNCTION customer_hold_is_one_per_scope() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.ended_at IS NULL THEN
        PERFORM FROM customer WHERE id = NEW.customer_id FOR NO KEY UPDATE;
        IF EXISTS (
          SELECT FROM customer_hold AS other
          WHERE other.customer_id = NEW.customer_id AND other.id <> NEW.id AND other.ended_at IS NULL
            AND (other.until IS NULL OR other.until > guerdon_now())
            AND (other.products = '[]' OR NEW.products = '[]'
                 OR other.products ?| ARRAY(SELECT jsonb_array_elements_text(NEW.products)))) THEN
          RAISE EXCEPTION 'customer % is held already', NEW.customer_id
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'customer_hold_is_one_per_scope';
        END IF;
      END IF;
      RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER customer_hold_is_one_per_scope BEFORE INSERT OR UPDATE ON customer_hold"
    " FOR EACH ROW EXECUTE FUNCTION customer_hold_is_one_per_scope()",
)

FOREIGN_KEYS = tuple(
    f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_exists FOREIGN KEY ({column}) REFERENCES {target} (id)"
    for table, column, target in (
        ("customer_key", "customer_id", "customer"),
        ("customer_relation", "customer_id", "customer"),
        ("customer_relation", "partner_id", "partner"),
        ("customer_relation", "member_id", "member"),
        ("customer_hold", "customer_id", "customer"),
        ("customer_hold", "partner_id", "partner"),
        ("deal", "partner_id", "partner"),
        ("deal", "member_id", "member"),
        ("deal", "customer_id", "customer"),
        ("deal_conflict", "deal_id", "deal"),
        ("deal_conflict", "against_id", "deal"),
        ("deal_evidence", "deal_id", "deal"),
        ("deal_extension", "deal_id", "deal"),
        ("lead_routing", "partner_id", "partner"),
        ("lead_routing", "member_id", "member"),
        ("lead", "customer_id", "customer"),
        ("lead", "partner_id", "partner"),
        ("lead", "member_id", "member"),
        ("lead_assignment", "lead_id", "lead"),
        ("lead_assignment", "partner_id", "partner"),
    )
)

INDEXES = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    # A tax id and a domain mean one customer; a name may mean several.
    "CREATE UNIQUE INDEX customer_key_means_one ON customer_key (kind, value) WHERE kind <> 'NAME'",
    "CREATE INDEX customer_key_by_value ON customer_key (kind, value)",
    "CREATE INDEX customer_key_by_likeness ON customer_key USING gin (value gin_trgm_ops) WHERE kind = 'NAME'",
    "CREATE INDEX customer_relation_live ON customer_relation (customer_id) WHERE ended_at IS NULL",
    "CREATE INDEX customer_relation_by_reference ON customer_relation (reference_id) WHERE ended_at IS NULL",
    "CREATE INDEX customer_hold_live ON customer_hold (customer_id) WHERE ended_at IS NULL",
    "CREATE UNIQUE INDEX customer_hold_is_one_per_reference ON customer_hold (reference_id) WHERE ended_at IS NULL",
    "CREATE INDEX deal_by_time ON deal (recorded_at, id)",
    "CREATE INDEX deal_of_partner ON deal (partner_id, recorded_at, id)",
    "CREATE INDEX deal_of_member ON deal (member_id, recorded_at, id)",
    "CREATE INDEX deal_due ON deal (due_at, id) WHERE with_vendor_since IS NULL AND state IN ('APPROVED', 'EXTENDED',"
    " 'RETURNED', 'IN_REVIEW', 'REJECTED')",
    "CREATE INDEX deal_conflict_of ON deal_conflict (deal_id, recorded_at, id)",
    "CREATE UNIQUE INDEX deal_extension_is_asked_once ON deal_extension (deal_id) WHERE answered_at IS NULL",
    "CREATE INDEX lead_by_time ON lead (recorded_at, id)",
    "CREATE INDEX lead_of_partner ON lead (partner_id, recorded_at, id)",
    "CREATE INDEX lead_of_member ON lead (member_id, recorded_at, id)",
    "CREATE INDEX lead_due ON lead (due_at, id) WHERE state = 'ASSIGNED'",
    "CREATE INDEX lead_assignment_of_partner ON lead_assignment (partner_id, assigned_at)",
)


class Migration(migrations.Migration):
    """Adds customers, deals and leads, with their laws."""

    dependencies = [("guerdon", "0023_files_and_claims")]
    operations = [
        ops.RunSQL(
            [*TABLES, *INDEXES[:1], *CONSTRAINTS, *EDGES, *ALONE, *FOREIGN_KEYS, *INDEXES[1:]],
            reverse_sql=ops.RunSQL.noop,
        )
    ]
