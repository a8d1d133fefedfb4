"""The tables of the shop as first released, as the ORM writes them; laws and constraints follow in the next file."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from uuid import uuid4
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(migrations.Migration):
    dependencies = [("guerdon", "0007_limits")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CatalogItem",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("supplier_id", fields.UUIDField()),
                ("external_id", fields.CharField(max_length=128)),
                ("kind", fields.CharField(max_length=20)),
                ("state", fields.CharField(max_length=10)),
                ("name", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("description", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("instructions", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("brand", fields.CharField(null=True, max_length=100)),
                ("categories", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("images", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("countries", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("tiers", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("segments", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("partner_types", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("unit", fields.CharField(max_length=16)),
                ("needs_address", fields.BooleanField(default=False)),
                ("needs_approval", fields.BooleanField(default=False)),
                ("is_test", fields.BooleanField(default=False)),
                ("valid_from", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("valid_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("member_limit", fields.IntField(null=True)),
                ("member_limit_days", fields.IntField(null=True)),
                ("search", fields.TextField(unique=False)),
                ("content_digest", fields.BinaryField()),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "catalog_item",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(
                        fields=("supplier_id", "external_id"), name="catalog_item_is_one_per_supplier_and_id"
                    ),
                    CheckConstraint(
                        check="kind IN ('VOUCHER', 'GIFT_CARD', 'MERCHANDISE', 'EXPERIENCE', 'TRAVEL', 'MEMBERSHIP', 'TRAINING_SEAT', 'MDF_CREDIT', 'DONATION', 'BENEFIT')",
                        name="catalog_item_kind_is_known",
                    ),
                    CheckConstraint(
                        check="state IN ('DRAFT', 'LISTED', 'UNLISTED')", name="catalog_item_state_is_known"
                    ),
                    CheckConstraint(
                        check="valid_from IS NULL OR valid_until IS NULL OR valid_from < valid_until",
                        name="catalog_item_span_is_ordered",
                    ),
                    CheckConstraint(
                        check="(member_limit IS NULL OR member_limit BETWEEN 1 AND 1000) AND (member_limit_days IS NULL OR member_limit_days BETWEEN 1 AND 3660 AND member_limit IS NOT NULL)",
                        name="catalog_item_limit_is_bounded",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One thing that can be redeemed; empty lists of countries, tiers, segments or partner types mean everyone.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CodeBatch",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("pool_id", fields.UUIDField()),
                ("external_id", fields.CharField(max_length=128)),
                ("state", fields.CharField(default="ACTIVE", max_length=8)),
                ("imported", fields.BigIntField(default=0)),
                ("rejected", fields.BigIntField(default=0)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("recalled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "code_batch",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("pool_id", "external_id"), name="code_batch_is_imported_once"),
                    CheckConstraint(
                        check="state IN ('ACTIVE', 'RECALLED') AND (state = 'RECALLED') = (recalled_at IS NOT NULL)",
                        name="code_batch_state_is_known",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "The codes of one import into a pool, under the importer's own id; a recall voids what nobody has seen.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CodePool",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("supplier_id", fields.UUIDField()),
                ("code", fields.CharField(max_length=64)),
                ("name", fields.CharField(max_length=200)),
                ("data_key", fields.BinaryField()),
                ("imported", fields.BigIntField(default=0)),
                ("free", fields.BigIntField(default=0)),
                ("reserved", fields.BigIntField(default=0)),
                ("issued", fields.BigIntField(default=0)),
                ("void", fields.BigIntField(default=0)),
                ("low_stock_at", fields.BigIntField(default=0)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "code_pool",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("supplier_id", "code"), name="code_pool_code_is_unique_per_supplier"),
                    CheckConstraint(
                        check="free >= 0 AND reserved >= 0 AND issued >= 0 AND void >= 0 AND free + reserved + issued + void = imported",
                        name="c1_every_code_of_a_pool_is_accounted_for",
                    ),
                    CheckConstraint(
                        check="low_stock_at BETWEEN 0 AND 1000000000", name="code_pool_threshold_is_bounded"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A supplier's codes of one kind; `data_key` seals them and is itself sealed. Counters move under the row's lock.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CodeProblem",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("line_id", fields.UUIDField()),
                ("problem", fields.CharField(max_length=16)),
                ("note", fields.CharField(max_length=500)),
                ("state", fields.CharField(default="OPEN", max_length=10)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("settled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "code_problem",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(
                        check="state IN ('OPEN', 'REPLACED', 'REFUNDED', 'REJECTED') AND (state = 'OPEN') = (settled_at IS NULL)",
                        name="code_problem_state_is_known",
                    )
                ],
                "pk_attr": "id",
                "table_description": "A member says her code does not work: what she says, and how it was settled.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Denomination",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("item_id", fields.UUIDField(db_index=True)),
                ("external_id", fields.CharField(max_length=128)),
                ("name", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("face_value", fields.BigIntField(null=True)),
                ("currency", fields.CharField(null=True, max_length=3)),
                ("price_fixed", fields.BigIntField(null=True)),
                ("price_numerator", fields.BigIntField(null=True)),
                ("price_denominator", fields.BigIntField(null=True)),
                ("fair_value", fields.BigIntField(null=True)),
                ("cost", fields.BigIntField(null=True)),
                ("stock", fields.BigIntField(null=True)),
                ("place", fields.IntField()),
                ("is_offered", fields.BooleanField(default=True)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "denomination",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("item_id", "external_id"), name="denomination_is_one_per_item_and_id"),
                    CheckConstraint(
                        check="(price_fixed IS NULL) <> (price_numerator IS NULL) AND (price_numerator IS NULL) = (price_denominator IS NULL) AND (price_numerator IS NULL OR face_value IS NOT NULL)",
                        name="denomination_has_one_price",
                    ),
                    CheckConstraint(
                        check="price_fixed BETWEEN 0 AND 1000000000000000 AND price_numerator BETWEEN 1 AND 1000000000 AND price_denominator BETWEEN 1 AND 1000000000 AND face_value BETWEEN 1 AND 1000000000000000 AND fair_value BETWEEN 0 AND 1000000000000000 AND cost BETWEEN 0 AND 1000000000000000",
                        name="denomination_amounts_are_bounded",
                    ),
                    CheckConstraint(
                        check="(face_value IS NULL AND fair_value IS NULL AND cost IS NULL) OR currency IS NOT NULL",
                        name="denomination_money_names_its_currency",
                    ),
                    CheckConstraint(check="stock >= 0", name="stock_is_never_below_zero"),
                ],
                "pk_attr": "id",
                "table_description": "One variant of an item that can be ordered: its face value if it has one, its price, and what is in stock.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FulfilmentAttempt",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("line_id", fields.UUIDField()),
                ("n", fields.IntField()),
                ("supplier_id", fields.UUIDField()),
                ("priority", fields.IntField()),
                ("sku", fields.CharField(max_length=128)),
                ("pool_id", fields.UUIDField(null=True)),
                ("state", fields.CharField(max_length=10)),
                ("reason", fields.CharField(null=True, max_length=32)),
                ("supplier_reference", fields.CharField(null=True, max_length=128)),
                ("calls", fields.IntField(default=0)),
                ("fence", fields.BigIntField(default=0)),
                ("lease_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("call_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "fulfilment_attempt",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("line_id", "n"), name="fulfilment_attempt_is_numbered_once"),
                    CheckConstraint(
                        check="state IN ('INTENT', 'SENT', 'DELIVERED', 'REFUSED', 'UNKNOWN') AND (state IN ('DELIVERED', 'REFUSED')) = (ended_at IS NOT NULL)",
                        name="fulfilment_attempt_state_is_known",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One try of one route for one line: INTENT → SENT → DELIVERED | REFUSED | UNKNOWN; at most one is open.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FulfilmentRoute",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("denomination_id", fields.UUIDField()),
                ("priority", fields.IntField()),
                ("supplier_id", fields.UUIDField()),
                ("sku", fields.CharField(max_length=128)),
                ("pool_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "fulfilment_route",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("denomination_id", "priority"), name="fulfilment_route_has_its_place"),
                    CheckConstraint(check="priority BETWEEN 1 AND 5", name="fulfilment_route_priority_is_bounded"),
                ],
                "pk_attr": "id",
                "table_description": "Who delivers a denomination, in which order they are tried: the next only if the one before surely did not.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Quote",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("member_id", fields.UUIDField()),
                ("unit", fields.CharField(max_length=16)),
                ("total", fields.BigIntField()),
                ("lines", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "quote",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(check="total BETWEEN 0 AND 1000000000000000", name="quote_total_is_bounded"),
                    CheckConstraint(check="expires_at > recorded_at", name="quote_span_is_ordered"),
                ],
                "pk_attr": "id",
                "table_description": "What a redemption would cost, good until it expires: `lines` are {denominationId, quantity, price, …}.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("supplier_id", fields.UUIDField()),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("file_digest", fields.BinaryField()),
                ("counts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("differences", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "reconciliation",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("supplier_id", "file_digest"), name="reconciliation_is_one_per_file"),
                    CheckConstraint(check="starts_at < ends_at", name="reconciliation_span_is_ordered"),
                ],
                "pk_attr": "id",
                "table_description": "A supplier's own list of orders held against ours: counts and the differences, at most 10,000 of them.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Redemption",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("member_id", fields.UUIDField()),
                ("partner_id", fields.UUIDField(null=True)),
                ("principal_id", fields.UUIDField()),
                ("origin", fields.CharField(max_length=8)),
                ("origin_id", fields.UUIDField()),
                ("unit", fields.CharField(max_length=16)),
                ("total", fields.BigIntField()),
                ("country", fields.CharField(null=True, max_length=2)),
                ("locale", fields.CharField(max_length=8)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "redemption",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("origin", "origin_id"), name="redemption_is_one_per_origin"),
                    CheckConstraint(check="origin IN ('QUOTE', 'GRANT', 'SEND')", name="redemption_origin_is_known"),
                    CheckConstraint(check="total BETWEEN 0 AND 1000000000000000", name="redemption_total_is_bounded"),
                ],
                "pk_attr": "id",
                "table_description": "One order of a member; its state is a fold of its lines. `origin` says what it came from, `origin_id` which one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RedemptionLine",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("redemption_id", fields.UUIDField(db_index=True)),
                ("n", fields.IntField()),
                ("item_id", fields.UUIDField()),
                ("denomination_id", fields.UUIDField()),
                ("member_id", fields.UUIDField()),
                ("price", fields.BigIntField()),
                ("face_value", fields.BigIntField(null=True)),
                ("currency", fields.CharField(null=True, max_length=3)),
                ("fair_value", fields.BigIntField(null=True)),
                ("hold_id", fields.UUIDField(null=True)),
                ("state", fields.CharField(max_length=16)),
                ("delivery", fields.CharField(default="NONE", max_length=10)),
                ("reason", fields.CharField(null=True, max_length=32)),
                ("held_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("tracking", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("expires_on", fields.DateField(null=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ordered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("fulfilled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revealed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "redemption_line",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("redemption_id", "n"), name="redemption_line_is_numbered_once"),
                    UniqueConstraint(fields=("hold_id",), name="redemption_line_has_its_own_hold"),
                    CheckConstraint(
                        check="state IN ('HELD', 'PENDING_APPROVAL', 'ORDERED', 'FULFILLED', 'REFUNDED', 'CANCELLED', 'FAILED')",
                        name="redemption_line_state_is_known",
                    ),
                    CheckConstraint(
                        check="delivery IN ('NONE', 'SENT', 'DELIVERED', 'BOUNCED', 'REVEALED')",
                        name="redemption_line_delivery_is_known",
                    ),
                    CheckConstraint(
                        check="price BETWEEN 0 AND 1000000000000000 AND (price = 0) = (hold_id IS NULL)",
                        name="redemption_line_price_is_held",
                    ),
                    CheckConstraint(
                        check="(state IN ('FULFILLED', 'REFUNDED')) = (fulfilled_at IS NOT NULL)",
                        name="c3_captured_means_ever_fulfilled",
                    ),
                    CheckConstraint(
                        check="(state IN ('REFUNDED', 'CANCELLED', 'FAILED')) = (ended_at IS NOT NULL)",
                        name="c2_a_line_ends_once",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One unit of one denomination: its price as held, its place in the machine (C2), its delivery.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SavedGoal",
            fields=[
                ("member_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("denomination_id", fields.UUIDField()),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "saved_goal",
                "app": "guerdon",
                "pk_attr": "member_id",
                "table_description": "What a member saves for: one denomination at a time.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Shipment",
            fields=[
                ("redemption_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("sealed", fields.BinaryField(null=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("erased_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "shipment",
                "app": "guerdon",
                "pk_attr": "redemption_id",
                "table_description": "Where a redemption's goods go: the person's address, sealed, readable only to fulfil; erasable.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Supplier",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("code", fields.CharField(max_length=64)),
                ("name", fields.CharField(max_length=200)),
                ("source_id", fields.UUIDField(null=True)),
                ("adapter", fields.CharField(max_length=16)),
                ("state", fields.CharField(default="ACTIVE", max_length=8)),
                ("settings", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("credentials", fields.BinaryField(null=True)),
                ("is_test", fields.BooleanField(default=False)),
                ("rate_calls", fields.IntField(default=10)),
                ("rate_seconds", fields.IntField(default=1)),
                ("float_balance", fields.BigIntField(null=True)),
                ("float_currency", fields.CharField(null=True, max_length=3)),
                ("float_alert_below", fields.BigIntField(null=True)),
                ("float_checked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "supplier",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("code",), name="supplier_code_is_unique"),
                    UniqueConstraint(fields=("source_id",), name="supplier_is_one_per_source"),
                    CheckConstraint(
                        check="adapter IN ('CODE_POOL', 'HTTP_PUSH', 'PULL_QUEUE', 'BY_HAND', 'SCRIPTED')",
                        name="supplier_adapter_is_known",
                    ),
                    CheckConstraint(check="state IN ('ACTIVE', 'PAUSED')", name="supplier_state_is_known"),
                    CheckConstraint(
                        check="rate_calls BETWEEN 1 AND 10000 AND rate_seconds BETWEEN 1 AND 86400",
                        name="supplier_rate_is_bounded",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "Who delivers goods; a key of its source feeds its items and codes and fulfils its orders.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="VoucherCode",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("pool_id", fields.UUIDField()),
                ("batch_id", fields.UUIDField()),
                ("state", fields.CharField(max_length=8)),
                ("sealed", fields.BinaryField()),
                ("blind_index", fields.BinaryField()),
                ("last_four", fields.CharField(max_length=4)),
                ("expires_on", fields.DateField(null=True)),
                ("line_id", fields.UUIDField(null=True)),
                ("problem", fields.CharField(null=True, max_length=16)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("reserved_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("issued_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revealed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("voided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "voucher_code",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("blind_index",), name="c1_a_code_is_stored_once"),
                    CheckConstraint(
                        check="state IN ('FREE', 'RESERVED', 'ISSUED', 'VOID') AND (state <> 'FREE' OR line_id IS NULL) AND (state NOT IN ('RESERVED', 'ISSUED') OR line_id IS NOT NULL) AND (state = 'VOID') = (voided_at IS NOT NULL) AND (state <> 'ISSUED' OR issued_at IS NOT NULL) AND (revealed_at IS NULL OR issued_at IS NOT NULL)",
                        name="c1_a_code_belongs_to_its_state",
                    ),
                    CheckConstraint(
                        check="problem IS NULL OR problem IN ('ALREADY_USED', 'NOT_ACCEPTED', 'WRONG_VALUE', 'EXPIRED', 'RECALLED')",
                        name="voucher_code_problem_is_known",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One sealed code (code, PIN, URL, serial, expiry); given to one line, once, and never deleted (C1).",
            },
            bases=["Model"],
        ),
    ]
