"""Customers with their keys and holds, deal registrations, leads: tables as the ORM writes them, then their laws."""

from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

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
    "CREATE INDEX lead_due ON lead (due_at, id) WHERE state = 'ASSIGNED'",
    "CREATE INDEX lead_assignment_of_partner ON lead_assignment (partner_id, assigned_at)",
)


class Migration(migrations.Migration):
    """Adds customers, deals and leads, with their laws."""

    dependencies = [("guerdon", "0023_files_and_claims")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Customer",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=200)),
                ("country", fields.CharField(null=True, max_length=2)),
                ("vertical", fields.CharField(null=True, max_length=64)),
                ("size", fields.CharField(null=True, max_length=64)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "customer",
                "app": "guerdon",
                "pk_attr": "id",
                "table_description": "A firm that buys, as the first who named it called it; the vendor's to see alone.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CustomerKey",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("customer_id", fields.UUIDField()),
                ("kind", fields.CharField(max_length=8)),
                ("value", fields.CharField(max_length=253)),
            ],
            options={
                "table": "customer_key",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("customer_id", "kind", "value"), name="customer_key_is_said_once"),
                    CheckConstraint(check="kind IN ('TAX_ID', 'DOMAIN', 'NAME')", name="customer_key_kind_is_known"),
                ],
                "pk_attr": "id",
                "table_description": "One key in normal form; a tax id or a domain means one customer, a name may mean several.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CustomerRelation",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("customer_id", fields.UUIDField()),
                ("kind", fields.CharField(max_length=12)),
                ("partner_id", fields.UUIDField(null=True)),
                ("member_id", fields.UUIDField(null=True)),
                ("reference_id", fields.UUIDField(null=True)),
                ("since", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "customer_relation",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(
                        check="kind IN ('VENDOR_REP', 'INCUMBENT', 'LEAD') AND num_nonnulls(partner_id, member_id) >= 1",
                        name="customer_relation_is_somebodys",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "Somebody has to do with a customer for a span of time: the vendor's rep, its partner, whoever has its lead.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CustomerHold",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("customer_id", fields.UUIDField()),
                ("reference_id", fields.UUIDField()),
                ("partner_id", fields.UUIDField()),
                ("member_id", fields.UUIDField(null=True)),
                ("products", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("since", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "customer_hold",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(
                        check="ended_at IS NULL OR ended_at >= since", name="customer_hold_span_is_ordered"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A partner has a customer for some products (none named: all) until an instant, unless it ended before. `until` is NULL while the clock stands still.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DealPolicyRow",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("code", fields.CharField(max_length=64)),
                ("document", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "deal_policy",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("code",), name="deal_policy_code_is_unique"),
                ],
                "pk_attr": "id",
                "table_description": "The days and numbers of a policy, by its code; `document` is a DealPolicy.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Deal",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("partner_id", fields.UUIDField()),
                ("member_id", fields.UUIDField()),
                ("principal_id", fields.UUIDField()),
                ("policy", fields.CharField(max_length=64)),
                ("title", fields.CharField(max_length=200)),
                ("opportunity", fields.CharField(null=True, max_length=64)),
                ("customer", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("customer_id", fields.UUIDField(null=True)),
                ("products", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("value", fields.BigIntField(null=True)),
                ("currency", fields.CharField(null=True, max_length=16)),
                ("state", fields.CharField(max_length=12)),
                ("reason", fields.CharField(null=True, max_length=32)),
                ("note", fields.CharField(null=True, max_length=2000)),
                ("bound", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("with_vendor_since", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("extensions", fields.IntField(default=0)),
                ("submitted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("approved_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("won_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("won_net", fields.BigIntField(null=True)),
                ("won_list", fields.BigIntField(null=True)),
                ("won_currency", fields.CharField(null=True, max_length=16)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "deal",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(
                        check="state IN ('DRAFT', 'SUBMITTED', 'IN_REVIEW', 'RETURNED', 'APPROVED', 'REJECTED', 'EXPIRED', 'EXTENDED', 'WON', 'LOST', 'CANCELLED')",
                        name="deal_state_is_known",
                    ),
                    CheckConstraint(
                        check="(state IN ('DRAFT', 'CANCELLED') OR (submitted_at IS NOT NULL AND bound IS NOT NULL AND customer_id IS NOT NULL)) AND (state NOT IN ('APPROVED', 'EXTENDED', 'WON') OR approved_at IS NOT NULL) AND (state <> 'WON' OR (won_at IS NOT NULL AND won_net IS NOT NULL AND won_currency IS NOT NULL))",
                        name="deal_says_what_its_state_needs",
                    ),
                    CheckConstraint(check="extensions BETWEEN 0 AND 10", name="deal_extensions_are_bounded"),
                ],
                "pk_attr": "id",
                "table_description": "A registration as its partner said it, and where it stands; `bound` is the policy of its first submission. `due_at` counts the partner's own time, `with_vendor_since` stops it (kernel/turns).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DealConflict",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("deal_id", fields.UUIDField()),
                ("kind", fields.CharField(max_length=12)),
                ("against_id", fields.UUIDField(null=True)),
                ("state", fields.CharField(max_length=8)),
                ("outcome", fields.CharField(null=True, max_length=12)),
                ("due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("settled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "deal_conflict",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(
                        check="kind IN ('DUPLICATE', 'SIMILAR', 'VENDOR_REP', 'INCUMBENT', 'LEAD') AND state IN ('OPEN', 'DISPUTED', 'SETTLED') AND (state = 'SETTLED') = (settled_at IS NOT NULL) AND (state = 'SETTLED') = (outcome IS NOT NULL) AND (outcome IS NULL OR outcome IN ('UPHELD', 'DISMISSED', 'LAPSED'))",
                        name="deal_conflict_state_is_known",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "Something in the way of a registration; `against_id` is for the vendor's eyes alone.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DealEvidence",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("deal_id", fields.UUIDField()),
                ("partner_id", fields.UUIDField()),
                ("n", fields.IntField()),
                ("principal_id", fields.UUIDField()),
                ("note", fields.CharField(max_length=2000)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "deal_evidence",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("deal_id", "n"), name="deal_evidence_is_numbered_once"),
                    CheckConstraint(check="n BETWEEN 1 AND 10", name="deal_evidence_is_bounded"),
                ],
                "pk_attr": "id",
                "table_description": "What a partner says for itself in a dispute; its files hang on it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DealExtension",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("deal_id", fields.UUIDField()),
                ("partner_id", fields.UUIDField()),
                ("n", fields.IntField()),
                ("progress", fields.CharField(max_length=2000)),
                ("requested_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("granted", fields.BooleanField(null=True)),
            ],
            options={
                "table": "deal_extension",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("deal_id", "n"), name="deal_extension_is_numbered_once"),
                    CheckConstraint(
                        check="n BETWEEN 1 AND 50 AND (answered_at IS NULL) = (granted IS NULL)",
                        name="deal_extension_is_answered_once",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One request for more time, with the progress it needs, and the vendor's answer.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LeadRouting",
            fields=[
                ("partner_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("member_id", fields.UUIDField()),
                ("segments", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("verticals", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("countries", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("open_max", fields.IntField()),
                ("is_active", fields.BooleanField(default=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "lead_routing",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(check="open_max BETWEEN 1 AND 1000", name="lead_routing_is_bounded"),
                ],
                "pk_attr": "partner_id",
                "table_description": "A partner takes such leads, in its member's name, so many at once; an empty list is any.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Lead",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("principal_id", fields.UUIDField()),
                ("origin", fields.CharField(max_length=64)),
                ("title", fields.CharField(max_length=200)),
                ("customer", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("customer_id", fields.UUIDField()),
                ("products", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("value", fields.BigIntField()),
                ("currency", fields.CharField(max_length=16)),
                ("response_hours", fields.IntField()),
                ("attempts_max", fields.IntField()),
                ("attempts", fields.IntField(default=0)),
                ("state", fields.CharField(max_length=12)),
                ("reason", fields.CharField(null=True, max_length=32)),
                ("note", fields.CharField(null=True, max_length=2000)),
                ("partner_id", fields.UUIDField(null=True)),
                ("member_id", fields.UUIDField(null=True)),
                ("assignment_id", fields.UUIDField(null=True)),
                ("due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("accepted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("converted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("conversions", fields.IntField(default=0)),
                ("opportunity", fields.CharField(null=True, max_length=64)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "lead",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(
                        check="state IN ('ASSIGNED', 'ACCEPTED', 'WORKING', 'CONVERTED', 'RETURNED', 'EXPIRED') AND (state IN ('ASSIGNED', 'ACCEPTED', 'WORKING', 'CONVERTED')) = (partner_id IS NOT NULL AND assignment_id IS NOT NULL) AND (state = 'ASSIGNED') = (due_at IS NOT NULL) AND (state <> 'CONVERTED' OR converted_at IS NOT NULL)",
                        name="lead_says_what_its_state_needs",
                    ),
                    CheckConstraint(
                        check="value >= 0 AND response_hours BETWEEN 1 AND 720 AND attempts_max BETWEEN 1 AND 20",
                        name="lead_is_bounded",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A lead and on whose desk it lies; `due_at` is until when it is to be answered.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LeadAssignment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("lead_id", fields.UUIDField()),
                ("n", fields.IntField()),
                ("partner_id", fields.UUIDField()),
                ("member_id", fields.UUIDField()),
                ("why", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("assigned_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("outcome", fields.CharField(null=True, max_length=12)),
            ],
            options={
                "table": "lead_assignment",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("lead_id", "n"), name="lead_assignment_is_numbered_once"),
                    CheckConstraint(
                        check="(ended_at IS NULL) = (outcome IS NULL) AND (outcome IS NULL OR outcome IN ('NOT_ANSWERED', 'RETURNED', 'REASSIGNED', 'CONVERTED'))",
                        name="lead_assignment_ends_once",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A lead was given to a partner, with the reason why; how long it took to answer, and how it ended there.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            [*INDEXES[:1], *CONSTRAINTS, *EDGES, *ALONE, *FOREIGN_KEYS, *INDEXES[1:]], reverse_sql=ops.RunSQL.noop
        ),
    ]
