"""The tables of every room as first released, as the ORM writes them; laws and constraints follow in their own files."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from uuid import uuid4
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Account",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("issuer", fields.CharField(max_length=255)),
                ("subject", fields.CharField(max_length=255)),
                ("role", fields.CharField(max_length=24)),
                ("member_id", fields.UUIDField(null=True)),
                ("name", fields.CharField(max_length=200)),
                ("locale", fields.CharField(default="en", max_length=8)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("disabled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "account",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("issuer", "subject"), name="account_subject_is_linked_once"),
                    CheckConstraint(
                        check="(role IN ('MEMBER', 'PARTNER_ADMIN')) = (member_id IS NOT NULL)",
                        name="account_of_a_partner_names_its_member",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A person who signs in: an issuer's subject with one role, linked to a member where the role is a partner's.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Activity",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("source_id", fields.UUIDField()),
                ("external_id", fields.CharField(max_length=128)),
                ("revision", fields.IntField()),
                ("state", fields.CharField(max_length=8)),
                ("type", fields.CharField(max_length=64)),
                ("occurred_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("member_id", fields.UUIDField(null=True)),
                ("partner_id", fields.UUIDField(null=True)),
                ("quantity", fields.BigIntField()),
                ("amounts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("attributes", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("deal_key", fields.CharField(null=True, max_length=128)),
                ("source_version", fields.CharField(null=True, max_length=64)),
                ("content_digest", fields.BinaryField()),
                ("first_recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("bound_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "activity",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(
                        fields=("source_id", "external_id"), name="l4_activity_is_one_per_source_and_external_id"
                    ),
                    CheckConstraint(check="state IN ('ACTIVE', 'REVERSED')", name="activity_state_is_known"),
                    CheckConstraint(check="quantity BETWEEN 0 AND 1000000000", name="activity_quantity_is_bounded"),
                ],
                "pk_attr": "id",
                "table_description": "One thing a partner did, as its current revision says; identity never changes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ActivityRevision",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("activity_id", fields.UUIDField()),
                ("revision", fields.IntField()),
                ("kind", fields.CharField(max_length=10)),
                ("content", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("content_digest", fields.BinaryField()),
                ("reason", fields.CharField(null=True, max_length=500)),
                ("principal_id", fields.UUIDField(null=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "activity_revision",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("activity_id", "revision"), name="activity_revision_is_numbered_once"),
                    CheckConstraint(
                        check="kind IN ('RECORDED', 'CORRECTED', 'REVERSED')", name="activity_revision_kind_is_known"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One immutable content of an activity: the first recording, a correction or a reversal.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ActivitySource",
            fields=[
                ("revision_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("payload", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("erased_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "activity_source",
                "app": "guerdon",
                "pk_attr": "revision_id",
                "table_description": "The raw payload a revision came from: personal data may stand here, so it can be erased on its own.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ActivityType",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("name", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("declaration", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "activity_type",
                "app": "guerdon",
                "pk_attr": "code",
                "table_description": "A declared kind of activity: its attributes, amounts by basis and which attribute is the deal key.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ApiKey",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=100)),
                ("prefix", fields.CharField(max_length=32)),
                ("secret_hash", fields.BinaryField()),
                ("scopes", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("source_id", fields.UUIDField(null=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "api_key",
                "app": "guerdon",
                "constraints": [UniqueConstraint(fields=("prefix",), name="api_key_prefix_is_unique")],
                "pk_attr": "id",
                "table_description": "A machine's scoped key; only the SHA-256 of its secret is kept.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AuditLog",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("principal_id", fields.UUIDField(null=True)),
                ("role", fields.CharField(max_length=24)),
                ("action", fields.CharField(max_length=64)),
                ("object_kind", fields.CharField(max_length=32)),
                ("object_id", fields.UUIDField(null=True)),
                ("facts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("request_id", fields.CharField(null=True, max_length=64)),
            ],
            options={
                "table": "audit_log",
                "app": "guerdon",
                "pk_attr": "id",
                "table_description": "What somebody did or was denied: written in the transaction of the action, never edited.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Award",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("due_id", fields.UUIDField()),
                ("n", fields.IntField()),
                ("program_id", fields.UUIDField()),
                ("budget_id", fields.UUIDField()),
                ("wallet_id", fields.UUIDField()),
                ("amount", fields.BigIntField()),
                ("reversed_total", fields.BigIntField(default=0)),
                ("rate_id", fields.UUIDField(null=True)),
                ("transaction_id", fields.UUIDField()),
                ("occurred_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("explanation", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "award",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("due_id", "n"), name="l4_award_is_one_per_due_and_number"),
                    CheckConstraint(check="amount BETWEEN 1 AND 1000000000000000", name="award_amount_is_bounded"),
                    CheckConstraint(
                        check="reversed_total BETWEEN 0 AND amount", name="l2_reversed_total_is_within_the_award"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "Points granted once to one wallet for one due; what was taken back since is `reversed_total` (L2).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Belonging",
            fields=[
                ("subject_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("partner_id", fields.UUIDField(db_index=True)),
            ],
            options={
                "table": "belonging",
                "app": "guerdon",
                "pk_attr": "subject_id",
                "table_description": "The partner under which a subject stands today; one row a member, one row a partner for itself.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BookingPeriod",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("program_id", fields.UUIDField()),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("grace_ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "booking_period",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("program_id", "starts_at"), name="booking_period_starts_once"),
                    CheckConstraint(
                        check="starts_at < ends_at AND ends_at <= grace_ends_at", name="booking_period_is_ordered"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A calendar month of a program in which entries are booked; closed after its grace, then it never moves.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Budget",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("program_id", fields.UUIDField()),
                ("unit", fields.CharField(max_length=16)),
                ("balance", fields.BigIntField(default=0)),
            ],
            options={
                "table": "budget",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("program_id", "unit"), name="budget_is_one_per_program_and_unit"),
                    CheckConstraint(
                        check="balance BETWEEN 0 AND 1000000000000000", name="l6_awards_never_exceed_the_budget"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "What a program may still award in one unit: the sum of its entries, never below zero (L6).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CampaignTotal",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("program_id", fields.UUIDField()),
                ("rule", fields.CharField(max_length=64)),
                ("granted", fields.BigIntField(default=0)),
            ],
            options={
                "table": "campaign_total",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("program_id", "rule"), name="campaign_total_is_one_per_rule"),
                    CheckConstraint(check="granted >= 0", name="campaign_total_is_never_below_zero"),
                ],
                "pk_attr": "id",
                "table_description": "What one rule of a program has granted in total, where its terms set a campaign cap.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ClockShift",
            fields=[
                ("id", fields.SmallIntField(primary_key=True, unique=True, db_index=True)),
                ("seconds", fields.BigIntField()),
            ],
            options={
                "table": "clock_shift",
                "app": "guerdon",
                "constraints": [CheckConstraint(check="id = 1 AND seconds >= 0", name="clock_shift_is_one_row_ahead")],
                "pk_attr": "id",
                "table_description": "How far a sandbox has moved `guerdon_now()` ahead of the database's clock, in seconds; 0 in production.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Contribution",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("season_id", fields.UUIDField()),
                ("subject_id", fields.UUIDField()),
                ("origin_id", fields.UUIDField()),
                ("value", fields.BigIntField()),
                ("occurred_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("position", fields.BigIntField()),
            ],
            options={
                "table": "contribution",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("season_id", "origin_id"), name="b1_contribution_is_one_per_origin")
                ],
                "pk_attr": "id",
                "table_description": "What one activity (or award) is worth to one subject in one season, as last told by an event.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Debt",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("wallet_id", fields.UUIDField()),
                ("reversal_id", fields.UUIDField()),
                ("program_id", fields.UUIDField()),
                ("budget_id", fields.UUIDField()),
                ("amount", fields.BigIntField()),
                ("outstanding", fields.BigIntField()),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "debt",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("reversal_id",), name="debt_is_one_per_reversal"),
                    CheckConstraint(
                        check="outstanding BETWEEN 0 AND amount AND amount > 0", name="l2_debt_is_within_its_amount"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "What a wallet still owes for one reversal that its lots could not cover; settled oldest first.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Due",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("tally_id", fields.UUIDField()),
                ("program_id", fields.UUIDField()),
                ("terms_id", fields.UUIDField()),
                ("rule", fields.CharField(max_length=64)),
                ("activity_id", fields.UUIDField(null=True)),
                ("milestone", fields.CharField(null=True, max_length=64)),
                ("beneficiary_kind", fields.CharField(max_length=8)),
                ("beneficiary_id", fields.UUIDField()),
                ("unit", fields.CharField(max_length=16)),
                ("own_due", fields.BigIntField()),
                ("due", fields.BigIntField()),
                ("granted", fields.BigIntField(default=0)),
                ("awards", fields.IntField(default=0)),
                ("deal_key", fields.CharField(null=True, max_length=128)),
                ("stacking_group", fields.CharField(null=True, max_length=64)),
                ("occurred_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("explanation", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "due",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(
                        check="own_due >= 0 AND due BETWEEN 0 AND own_due AND granted BETWEEN 0 AND due AND awards >= 0",
                        name="due_is_granted_within_itself",
                    ),
                    CheckConstraint(
                        check="(activity_id IS NULL) <> (milestone IS NULL)", name="due_names_activity_or_milestone"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "What one activity (or milestone) is due under one rule for one beneficiary, what was granted, and why.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Enrollment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("program_id", fields.UUIDField()),
                ("subject_kind", fields.CharField(max_length=8)),
                ("subject_id", fields.UUIDField(db_index=True)),
                ("cohort", fields.CharField(default="standard", max_length=32)),
                ("state", fields.CharField(max_length=12)),
                ("enrolled_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "enrollment",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(
                        fields=("program_id", "subject_id"), name="enrollment_is_one_per_program_and_subject"
                    ),
                    CheckConstraint(
                        check="subject_kind IN ('MEMBER', 'PARTNER')", name="enrollment_subject_kind_is_known"
                    ),
                    CheckConstraint(check="state IN ('PROPOSED', 'ACTIVE', 'ENDED')", name="enrollment_state_is_known"),
                ],
                "pk_attr": "id",
                "table_description": "A subject takes part in a program under one cohort.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EnrollmentParameters",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("enrollment_id", fields.UUIDField()),
                ("version", fields.IntField()),
                ("parameters", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("valid_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("vendor_consented_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("subject_consented_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "enrollment_parameters",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(
                        fields=("enrollment_id", "version"), name="enrollment_parameters_version_is_unique"
                    )
                ],
                "pk_attr": "id",
                "table_description": "One dated version of an enrollment's made-to-measure parameters, with both sides' consent.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Entry",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("transaction_id", fields.UUIDField()),
                ("kind", fields.CharField(max_length=12)),
                ("wallet_id", fields.UUIDField(null=True)),
                ("budget_id", fields.UUIDField(null=True)),
                ("lot_id", fields.UUIDField(null=True)),
                ("program_id", fields.UUIDField()),
                ("unit", fields.CharField(max_length=16)),
                ("amount", fields.BigIntField()),
                ("seq", fields.BigIntField(null=True)),
                ("booked_period_id", fields.UUIDField()),
                ("booking", fields.CharField(max_length=12)),
                ("effective_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("reverses_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "entry",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("wallet_id", "seq"), name="l5_entry_seq_is_unique_per_wallet"),
                    CheckConstraint(
                        check="kind IN ('pending', 'available', 'held', 'payable', 'receivable', 'budget', 'issued', 'redeemed', 'expired', 'paid', 'recovering')",
                        name="entry_kind_is_known",
                    ),
                    CheckConstraint(
                        check="(kind IN ('pending', 'available', 'held', 'payable', 'receivable')) = (wallet_id IS NOT NULL) AND (wallet_id IS NULL) = (seq IS NULL) AND (kind = 'budget') = (budget_id IS NOT NULL)",
                        name="entry_names_its_balance",
                    ),
                    CheckConstraint(check="booking IN ('OWN', 'ADJUSTMENT')", name="entry_booking_is_known"),
                    CheckConstraint(
                        check="amount <> 0 AND abs(amount) <= 1000000000000000", name="entry_amount_is_bounded"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One signed amount on one balance; `seq` is dense per wallet, NULL where the entry has no wallet (L5, L8).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Fact",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("subject_kind", fields.CharField(max_length=8)),
                ("subject_id", fields.UUIDField()),
                ("kind", fields.CharField(max_length=32)),
                ("value", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("valid_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("valid_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "fact",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(check="subject_kind IN ('MEMBER', 'PARTNER')", name="fact_subject_kind_is_known"),
                    CheckConstraint(
                        check="valid_until IS NULL OR valid_until > valid_from", name="fact_span_is_ordered"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "Something true of a subject for a span of time (membership, tier, certificate, consent); appended, never edited",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Hold",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("wallet_id", fields.UUIDField()),
                ("reference_kind", fields.CharField(max_length=16)),
                ("reference_id", fields.UUIDField()),
                ("amount", fields.BigIntField()),
                ("state", fields.CharField(max_length=8)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "hold",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("reference_kind", "reference_id"), name="hold_is_one_per_reference"),
                    CheckConstraint(check="amount > 0", name="hold_amount_is_positive"),
                    CheckConstraint(
                        check="state IN ('HELD', 'CAPTURED', 'RELEASED') AND (state = 'HELD') = (ended_at IS NULL)",
                        name="l3_a_hold_ends_exactly_once",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "Points set aside for one reference until they are captured or released, exactly once (L3).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="HoldLot",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("hold_id", fields.UUIDField()),
                ("lot_id", fields.UUIDField()),
                ("amount", fields.BigIntField()),
            ],
            options={
                "table": "hold_lot",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("hold_id", "lot_id"), name="hold_lot_is_stated_once"),
                    CheckConstraint(check="amount > 0", name="hold_lot_amount_is_positive"),
                ],
                "pk_attr": "id",
                "table_description": "How much of a hold came from which lot, so that a release goes back to the same lots.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ImportRow",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("run_id", fields.UUIDField()),
                ("row", fields.IntField()),
                ("external_id", fields.CharField(null=True, max_length=128)),
                ("outcome", fields.CharField(max_length=12)),
                ("reason", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "import_row",
                "app": "guerdon",
                "constraints": [UniqueConstraint(fields=("run_id", "row"), name="import_row_ends_once")],
                "pk_attr": "id",
                "table_description": "How one row of an import ended when it was not simply recorded: skipped, rejected or corrected, with a reason.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ImportRun",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("source_id", fields.UUIDField()),
                ("file_name", fields.CharField(max_length=255)),
                ("file_digest", fields.BinaryField()),
                ("rows", fields.IntField()),
                ("next_row", fields.IntField(default=0)),
                ("counts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "import_run",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("source_id", "file_digest"), name="import_run_is_one_per_file"),
                    CheckConstraint(check="next_row BETWEEN 0 AND rows", name="import_run_position_is_within_the_file"),
                ],
                "pk_attr": "id",
                "table_description": "One file being imported by a source's mapping, resumable at `next_row`.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Leaderboard",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("code", fields.CharField(max_length=64)),
                ("name", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("metric", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("operator", fields.CharField(max_length=12)),
                ("scope", fields.CharField(max_length=8)),
                ("window_kind", fields.CharField(max_length=8)),
                ("zone", fields.CharField(max_length=64)),
                ("unit", fields.CharField(null=True, max_length=16)),
                ("rank_display", fields.CharField(default="ORDINAL", max_length=12)),
                ("program_id", fields.UUIDField(null=True)),
                ("visibility", fields.CharField(default="MEMBERS", max_length=12)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "leaderboard",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("code",), name="leaderboard_code_is_unique"),
                    CheckConstraint(check="operator IN ('SUM', 'COUNT', 'BEST')", name="leaderboard_operator_is_known"),
                    CheckConstraint(check="scope IN ('MEMBERS', 'PARTNERS')", name="leaderboard_scope_is_known"),
                    CheckConstraint(
                        check="window_kind IN ('PROGRAM', 'DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR', 'ALL_TIME')",
                        name="leaderboard_window_is_known",
                    ),
                    CheckConstraint(
                        check="rank_display IN ('ORDINAL', 'COMPETITION')", name="leaderboard_rank_display_is_known"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A board's definition: metric (of one unit), scope, operator, window, zone and how ties are shown.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Lot",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("award_id", fields.UUIDField()),
                ("wallet_id", fields.UUIDField()),
                ("program_id", fields.UUIDField()),
                ("amount", fields.BigIntField()),
                ("pending", fields.BigIntField(default=0)),
                ("available", fields.BigIntField(default=0)),
                ("held", fields.BigIntField(default=0)),
                ("payable", fields.BigIntField(default=0)),
                ("redeemed", fields.BigIntField(default=0)),
                ("paid", fields.BigIntField(default=0)),
                ("expired", fields.BigIntField(default=0)),
                ("reversed", fields.BigIntField(default=0)),
                ("settled", fields.BigIntField(default=0)),
                ("matures_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "lot",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("award_id",), name="lot_is_one_per_award"),
                    CheckConstraint(
                        check="pending >= 0 AND available >= 0 AND held >= 0 AND payable >= 0 AND redeemed >= 0 AND paid >= 0 AND expired >= 0 AND reversed >= 0 AND settled >= 0",
                        name="l2_lot_is_never_below_zero",
                    ),
                    CheckConstraint(
                        check="amount = pending + available + held + payable + redeemed + paid + expired + reversed + settled",
                        name="l7_lot_parts_sum_to_its_amount",
                    ),
                    CheckConstraint(
                        check="expires_at IS NULL OR expires_at > matures_at", name="lot_matures_before_it_expires"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "Where an award's points are now; its parts always sum to its amount (L7).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Member",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("source_id", fields.UUIDField()),
                ("external_id", fields.CharField(max_length=128)),
                ("kind", fields.CharField(default="REP", max_length=16)),
                ("name", fields.CharField(max_length=200)),
                ("email", fields.CharField(null=True, max_length=254)),
                ("locale", fields.CharField(default="en", max_length=8)),
                ("partner_id", fields.UUIDField(null=True, db_index=True)),
                ("on_boards", fields.BooleanField(default=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("left_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "member",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(
                        fields=("source_id", "external_id"), name="member_external_id_is_unique_per_source"
                    ),
                    CheckConstraint(check="kind IN ('REP', 'VENDOR_STAFF')", name="member_kind_is_known"),
                ],
                "pk_attr": "id",
                "table_description": "A person who acts for a partner (REP) or stands in the vendor's own pool (VENDOR_STAFF).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Outbox",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("event_id", fields.UUIDField()),
                ("name", fields.CharField(max_length=64)),
                ("aggregate_kind", fields.CharField(max_length=32)),
                ("aggregate_id", fields.UUIDField()),
                ("member_id", fields.UUIDField(null=True)),
                ("partner_id", fields.UUIDField(null=True)),
                ("program_id", fields.UUIDField(null=True)),
                ("payload", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("transaction_id", fields.UUIDField(null=True)),
                ("digest", fields.BinaryField(null=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("position", fields.BigIntField(null=True)),
                ("link", fields.BinaryField(null=True)),
            ],
            options={
                "table": "outbox",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("event_id",), name="outbox_event_id_is_unique"),
                    UniqueConstraint(fields=("position",), name="e2_position_is_unique"),
                    CheckConstraint(check="(position IS NULL) = (link IS NULL)", name="e2_a_stamped_event_is_linked"),
                ],
                "pk_attr": "id",
                "table_description": "One domain event; `position` is NULL until the relay stamps it, dense from then on (E2).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Partner",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("source_id", fields.UUIDField()),
                ("external_id", fields.CharField(max_length=128)),
                ("name", fields.CharField(max_length=200)),
                ("types", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("parent_id", fields.UUIDField(null=True)),
                ("country", fields.CharField(null=True, max_length=2)),
                ("vertical", fields.CharField(null=True, max_length=64)),
                ("size", fields.CharField(null=True, max_length=32)),
                ("journey_stage", fields.CharField(default="ENGAGEMENT", max_length=16)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "partner",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(
                        fields=("source_id", "external_id"), name="partner_external_id_is_unique_per_source"
                    ),
                    CheckConstraint(
                        check="journey_stage IN ('CONSIDERATION', 'CONVERSION', 'ENGAGEMENT', 'ENDING')",
                        name="partner_journey_stage_is_known",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A firm that sells for the vendor; `external_id` is unique per source, `version` moves with every change.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Program",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("code", fields.CharField(max_length=64)),
                ("name", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("description", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("zone", fields.CharField(max_length=64)),
                ("unit", fields.CharField(max_length=16)),
                ("state", fields.CharField(max_length=12)),
                ("visibility", fields.CharField(default="MEMBERS", max_length=12)),
                ("audience", fields.CharField(default="ENROLLED", max_length=12)),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("grace_days", fields.IntField(default=10)),
                ("objective", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("debt_policy", fields.CharField(default="REFUSE", max_length=12)),
                ("expired_hold_days", fields.IntField(default=30)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "program",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("code",), name="program_code_is_unique"),
                    CheckConstraint(
                        check="state IN ('DRAFT', 'SCHEDULED', 'LIVE', 'PAUSED', 'ENDED', 'ARCHIVED')",
                        name="program_state_is_known",
                    ),
                    CheckConstraint(check="visibility IN ('PUBLIC', 'MEMBERS')", name="program_visibility_is_known"),
                    CheckConstraint(check="audience IN ('EVERYONE', 'ENROLLED')", name="program_audience_is_known"),
                    CheckConstraint(
                        check="debt_policy IN ('REFUSE', 'ALLOW', 'WRITE_OFF')", name="program_debt_policy_is_known"
                    ),
                    CheckConstraint(check="ends_at IS NULL OR ends_at > starts_at", name="program_span_is_ordered"),
                    CheckConstraint(check="grace_days BETWEEN 0 AND 366", name="program_grace_is_bounded"),
                ],
                "pk_attr": "id",
                "table_description": "An incentive program in one unit and one zone; its budget is a ledger row.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Rate",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("from_unit", fields.CharField(max_length=16)),
                ("to_unit", fields.CharField(max_length=16)),
                ("numerator", fields.BigIntField()),
                ("denominator", fields.BigIntField()),
                ("valid_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "rate",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("from_unit", "to_unit", "valid_from"), name="rate_is_one_per_instant"),
                    CheckConstraint(check="numerator > 0 AND denominator > 0", name="rate_is_positive"),
                ],
                "pk_attr": "id",
                "table_description": "One dated conversion: 1 of `from_unit` (smallest step) is numerator/denominator of `to_unit` from `valid_from`.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Reach",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("principal_id", fields.UUIDField()),
                ("partner_id", fields.UUIDField()),
                ("relation", fields.CharField(max_length=16)),
            ],
            options={
                "table": "reach",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("principal_id", "partner_id", "relation"), name="reach_is_stated_once"),
                    CheckConstraint(check="relation IN ('PARTNER', 'OPERATOR')", name="reach_relation_is_known"),
                ],
                "pk_attr": "id",
                "table_description": "A principal (account) acts for a partner in the named relation: PARTNER (own firm) or OPERATOR (portfolio).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Receipt",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("principal_id", fields.UUIDField()),
                ("operation", fields.CharField(max_length=64)),
                ("key", fields.CharField(max_length=128)),
                ("fingerprint", fields.BinaryField()),
                ("outcome", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "receipt",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("principal_id", "operation", "key"), name="l4_one_key_one_effect")
                ],
                "pk_attr": "id",
                "table_description": "The outcome of one keyed operation, stored in the transaction of its effect (L4).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RelayState",
            fields=[
                ("id", fields.SmallIntField(primary_key=True, unique=True, db_index=True)),
                ("last_position", fields.BigIntField()),
                ("head", fields.BinaryField()),
                ("epoch", fields.IntField()),
            ],
            options={
                "table": "relay_state",
                "app": "guerdon",
                "constraints": [CheckConstraint(check="id = 1", name="relay_state_is_one_row")],
                "pk_attr": "id",
                "table_description": "The single row that fences relays: the last dense position, the head of the hash chain and the epoch.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Reversal",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("award_id", fields.UUIDField()),
                ("cause_id", fields.UUIDField()),
                ("amount", fields.BigIntField()),
                ("transaction_id", fields.UUIDField()),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "reversal",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("award_id", "cause_id"), name="l5_a_cause_reverses_an_award_once"),
                    CheckConstraint(check="amount > 0", name="reversal_amount_is_positive"),
                ],
                "pk_attr": "id",
                "table_description": "A part of an award taken back for one cause, once (L5).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Season",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("leaderboard_id", fields.UUIDField()),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("epoch", fields.IntField(default=1)),
                ("seq", fields.BigIntField(default=0)),
                ("folded_position", fields.BigIntField(default=0)),
                ("closing_position", fields.BigIntField(null=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "season",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("leaderboard_id", "starts_at"), name="season_starts_once_per_leaderboard"),
                    CheckConstraint(check="ends_at IS NULL OR ends_at > starts_at", name="season_span_is_ordered"),
                ],
                "pk_attr": "id",
                "table_description": "One window of a board: `seq` counts its standing changes, `folded_position` is the last event it has folded.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Source",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("code", fields.CharField(max_length=64)),
                ("name", fields.CharField(max_length=200)),
                ("mapping", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("on_change", fields.CharField(default="REFUSE", max_length=8)),
                ("backfill", fields.BooleanField(default=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "source",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("code",), name="source_code_is_unique"),
                    CheckConstraint(check="on_change IN ('REFUSE', 'CORRECT')", name="source_on_change_is_known"),
                ],
                "pk_attr": "id",
                "table_description": "Where activities come from; `mapping` is data, `on_change` says what another content under one id means.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SpentToken",
            fields=[
                ("jti", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("family_id", fields.UUIDField(db_index=True)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("spent_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "spent_token",
                "app": "guerdon",
                "pk_attr": "jti",
                "table_description": "A one-time token (authorization code, refresh token) of the development issuer that was used.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Standing",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("season_id", fields.UUIDField()),
                ("subject_id", fields.UUIDField()),
                ("score", fields.BigIntField()),
                ("reached_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("contributions", fields.IntField()),
                ("seq", fields.BigIntField()),
            ],
            options={
                "table": "standing",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("season_id", "subject_id"), name="b1_standing_is_one_per_subject"),
                    CheckConstraint(check="abs(score) <= 9007199254740991", name="b2_score_is_exact_in_the_index"),
                ],
                "pk_attr": "id",
                "table_description": "One subject's score in one season, with the instant it was reached: the total order of B2.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StandingChange",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("season_id", fields.UUIDField()),
                ("seq", fields.BigIntField()),
                ("subject_id", fields.UUIDField()),
                ("score", fields.BigIntField(null=True)),
                ("reached_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("contributions", fields.IntField()),
                ("position", fields.BigIntField()),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "standing_change",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("season_id", "seq"), name="b1_standing_change_is_dense_per_season")
                ],
                "pk_attr": "id",
                "table_description": "One change of a standing, dense per season; a NULL score means the subject left the board.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Tally",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("program_id", fields.UUIDField()),
                ("terms_id", fields.UUIDField()),
                ("rule", fields.CharField(max_length=64)),
                ("subject_id", fields.UUIDField()),
                ("period_start", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("period_end", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("activities", fields.IntField(default=0)),
                ("state", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "tally",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(
                        fields=("terms_id", "rule", "subject_id", "period_start"),
                        name="tally_is_one_per_unit_of_evaluation",
                    ),
                    CheckConstraint(check="activities BETWEEN 0 AND 10000", name="tally_holds_at_most_ten_thousand"),
                ],
                "pk_attr": "id",
                "table_description": "The running state of one unit of evaluation: (terms version, rule, subject, period).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Terms",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("program_id", fields.UUIDField()),
                ("version", fields.IntField()),
                ("cohort", fields.CharField(default="standard", max_length=32)),
                ("effective_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("effective_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("published_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("document", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("triggers", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("digest", fields.BinaryField()),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "terms",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("program_id", "version"), name="terms_version_is_unique"),
                    CheckConstraint(
                        check="effective_until IS NULL OR effective_until > effective_from",
                        name="terms_span_is_ordered",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One immutable version of a program's rules for one cohort, effective from an instant once published.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Transaction",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=16)),
                ("unit", fields.CharField(max_length=16)),
                ("cause_kind", fields.CharField(max_length=16)),
                ("cause_id", fields.UUIDField()),
                ("reason", fields.CharField(null=True, max_length=500)),
                ("principal_id", fields.UUIDField(null=True)),
                ("effective_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "transaction",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(
                        check="kind IN ('FUND', 'AWARD', 'MATURE', 'EXPIRE', 'HOLD', 'CAPTURE', 'RELEASE', 'REVERSE', 'SETTLE', 'WRITE_OFF', 'PAY')",
                        name="transaction_kind_is_known",
                    )
                ],
                "pk_attr": "id",
                "table_description": "One balanced set of entries with its cause; never edited (L5).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Unit",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                ("kind", fields.CharField(max_length=8)),
                ("exponent", fields.SmallIntField()),
                ("name", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "unit",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(check="kind IN ('POINTS', 'MONEY')", name="unit_kind_is_known"),
                    CheckConstraint(check="exponent BETWEEN 0 AND 6", name="unit_exponent_is_bounded"),
                ],
                "pk_attr": "code",
                "table_description": "A unit of value: points of some kind, or an ISO 4217 currency counted in minor units (`exponent` digits).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Wallet",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("owner_kind", fields.CharField(max_length=8)),
                ("owner_id", fields.UUIDField()),
                ("unit", fields.CharField(max_length=16)),
                ("pending", fields.BigIntField(default=0)),
                ("available", fields.BigIntField(default=0)),
                ("held", fields.BigIntField(default=0)),
                ("payable", fields.BigIntField(default=0)),
                ("receivable", fields.BigIntField(default=0)),
                ("seq", fields.BigIntField(default=0)),
                ("next_due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "wallet",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(
                        fields=("owner_kind", "owner_id", "unit"), name="wallet_is_one_per_owner_and_unit"
                    ),
                    CheckConstraint(check="owner_kind IN ('MEMBER', 'PARTNER')", name="wallet_owner_kind_is_known"),
                    CheckConstraint(
                        check="pending >= 0 AND available >= 0 AND held >= 0 AND payable >= 0 AND receivable >= 0",
                        name="l2_wallet_is_never_below_zero",
                    ),
                    CheckConstraint(
                        check="pending <= 1000000000000000 AND available <= 1000000000000000 AND held <= 1000000000000000 AND payable <= 1000000000000000 AND receivable <= 1000000000000000",
                        name="l2_wallet_is_bounded",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "The balances of one owner in one unit; `seq` counts its entries, `next_due_at` is when a lot next moves.",
            },
            bases=["Model"],
        ),
    ]
