"""The tables of sends as first released, as the ORM writes them; laws and constraints follow in the next file."""

from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Migration(migrations.Migration):
    dependencies = [("guerdon", "0014_fulfilment")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Benefit",
            fields=[
                ("denomination_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("quota", fields.IntField()),
                ("valid_days", fields.IntField(null=True)),
                ("owner_kind", fields.CharField(max_length=8)),
                ("is_transferable", fields.BooleanField(default=False)),
                ("tiers", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("on_tier_loss", fields.CharField(max_length=10)),
                ("period", fields.CharField(max_length=8)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "benefit",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(
                        check="quota BETWEEN 1 AND 1000000 AND valid_days BETWEEN 1 AND 3660", name="benefit_is_bounded"
                    ),
                    CheckConstraint(
                        check="owner_kind IN ('MEMBER', 'PARTNER') AND on_tier_loss IN ('NOW', 'PERIOD_END', 'KEEP') AND period IN ('MONTH', 'QUARTER', 'YEAR')",
                        name="benefit_rules_are_known",
                    ),
                ],
                "pk_attr": "denomination_id",
                "table_description": "What a denomination of a BENEFIT item gives: how often it may be used, how long, by whom, and who keeps it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Bundle",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("code", fields.CharField(max_length=64)),
                ("name", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("mode", fields.CharField(max_length=16)),
                ("choose", fields.IntField(null=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "bundle",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("code",), name="bundle_code_is_unique"),
                    CheckConstraint(
                        check="mode IN ('ALL_OR_NOTHING', 'BEST_EFFORT', 'CHOICE') AND (mode = 'CHOICE') = (choose IS NOT NULL) AND (choose IS NULL OR choose BETWEEN 1 AND 20)",
                        name="bundle_mode_is_known",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "Things that are given together, by a code that rules name; a change of it touches later orders only.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BundleItem",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("bundle_id", fields.UUIDField()),
                ("place", fields.IntField()),
                ("denomination_id", fields.UUIDField()),
                ("quantity", fields.IntField()),
                ("substitutes", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "bundle_item",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("bundle_id", "place"), name="bundle_item_has_its_place"),
                    CheckConstraint(
                        check="quantity BETWEEN 1 AND 10 AND place BETWEEN 1 AND 20", name="bundle_item_is_bounded"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "So many units of one denomination in a bundle; `substitutes` are denomination ids, tried in order.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BundleOrder",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("bundle_id", fields.UUIDField()),
                ("origin", fields.CharField(max_length=8)),
                ("origin_id", fields.UUIDField()),
                ("member_id", fields.UUIDField()),
                ("partner_id", fields.UUIDField(null=True)),
                ("quantity", fields.IntField()),
                ("mode", fields.CharField(max_length=16)),
                ("choose", fields.IntField(null=True)),
                ("waits_for", fields.CharField(null=True, max_length=8)),
                ("look_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("compensating_since", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "bundle_order",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("origin", "origin_id"), name="bundle_order_is_one_per_origin"),
                    CheckConstraint(
                        check="origin IN ('GRANT', 'SEND') AND (waits_for IS NULL OR waits_for IN ('CHOICE', 'ADDRESS'))",
                        name="bundle_order_origin_is_known",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One bundle on its way to a member; its state is a fold of its parts' lines, never stored.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BundlePart",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("order_id", fields.UUIDField()),
                ("n", fields.IntField()),
                ("denomination_id", fields.UUIDField()),
                ("substitutes", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("line_id", fields.UUIDField(null=True)),
                ("reason", fields.CharField(null=True, max_length=32)),
            ],
            options={
                "table": "bundle_part",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("order_id", "n"), name="bundle_part_is_numbered_once"),
                    UniqueConstraint(fields=("line_id",), name="bundle_part_has_its_own_line"),
                ],
                "pk_attr": "id",
                "table_description": "One unit of a bundle order: what was asked for, what may stand in, and the line that delivers it now.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Entitlement",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("line_id", fields.UUIDField()),
                ("denomination_id", fields.UUIDField()),
                ("owner_kind", fields.CharField(max_length=8)),
                ("owner_id", fields.UUIDField()),
                ("partner_id", fields.UUIDField(null=True)),
                ("state", fields.CharField(max_length=8)),
                ("reason", fields.CharField(null=True, max_length=32)),
                ("quota", fields.IntField()),
                ("used", fields.IntField(default=0)),
                ("is_transferable", fields.BooleanField()),
                ("tiers", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("on_tier_loss", fields.CharField(max_length=10)),
                ("period", fields.CharField(max_length=8)),
                ("tier_checked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("valid_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("valid_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revokes_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "entitlement",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("line_id",), name="entitlement_is_one_per_line"),
                    CheckConstraint(check="used BETWEEN 0 AND quota", name="c5_a_benefit_is_used_within_its_quota"),
                    CheckConstraint(
                        check="state IN ('GRANTED', 'ACTIVE', 'CONSUMED', 'EXPIRED', 'REVOKED') AND (state = 'CONSUMED') = (used = quota) AND (state IN ('CONSUMED', 'EXPIRED', 'REVOKED')) = (ended_at IS NOT NULL)",
                        name="c5_an_entitlement_ends_once",
                    ),
                    CheckConstraint(
                        check="owner_kind IN ('MEMBER', 'PARTNER')", name="entitlement_owner_kind_is_known"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "The right to use a benefit so many times; made by the fulfilment of one line, used within its quota (C5).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EntitlementUse",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("entitlement_id", fields.UUIDField()),
                ("quantity", fields.IntField()),
                ("note", fields.CharField(max_length=200)),
                ("principal_id", fields.UUIDField()),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "entitlement_use",
                "app": "guerdon",
                "constraints": [CheckConstraint(check="quantity >= 1", name="entitlement_use_is_positive")],
                "pk_attr": "id",
                "table_description": "One use of an entitlement; never changed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Following",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("position", fields.BigIntField()),
            ],
            options={
                "table": "following",
                "app": "guerdon",
                "pk_attr": "name",
                "table_description": "How far the shop has followed the stream of events, by what it follows them for.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RewardGrant",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("due_id", fields.UUIDField()),
                ("bundle", fields.CharField(max_length=64)),
                ("n", fields.IntField()),
                ("quantity", fields.IntField()),
                ("member_id", fields.UUIDField()),
                ("partner_id", fields.UUIDField(null=True)),
                ("program_id", fields.UUIDField()),
                ("state", fields.CharField(max_length=8)),
                ("followed_state", fields.CharField(null=True, max_length=8)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "reward_grant",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("due_id", "bundle", "n"), name="reward_grant_is_numbered_once"),
                    CheckConstraint(
                        check="state IN ('GRANTED', 'REVOKED') AND (state = 'REVOKED') = (revoked_at IS NOT NULL) AND (followed_state IS NULL OR followed_state IN ('GRANTED', 'REVOKED'))",
                        name="reward_grant_state_is_known",
                    ),
                    CheckConstraint(
                        check="quantity BETWEEN 1 AND 10 AND n >= 1", name="reward_grant_quantity_is_bounded"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "So many of a bundle granted to a member beside the award of a due; at most one stands per due and bundle.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RewardSend",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("program_id", fields.UUIDField()),
                ("principal_id", fields.UUIDField()),
                ("approved_by", fields.UUIDField(null=True)),
                ("content", fields.CharField(max_length=8)),
                ("amount", fields.BigIntField(null=True)),
                ("bundle_id", fields.UUIDField(null=True)),
                ("is_gift", fields.BooleanField(default=False)),
                ("needs_claim", fields.BooleanField(default=True)),
                ("message", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("state", fields.CharField(max_length=12)),
                ("unit", fields.CharField(max_length=16)),
                ("value", fields.BigIntField()),
                ("fair_value", fields.BigIntField(null=True)),
                ("currency", fields.CharField(null=True, max_length=3)),
                ("recipients", fields.IntField()),
                ("send_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("claim_days", fields.IntField(null=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recalled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "reward_send",
                "app": "guerdon",
                "constraints": [
                    CheckConstraint(
                        check="content IN ('POINTS', 'BUNDLE') AND (content = 'POINTS') = (amount IS NOT NULL) AND (content = 'BUNDLE') = (bundle_id IS NOT NULL)",
                        name="reward_send_has_one_content",
                    ),
                    CheckConstraint(
                        check="state IN ('DRAFT', 'SCHEDULED', 'SENT', 'RECALLED') AND (state = 'RECALLED') = (recalled_at IS NOT NULL) AND (state <> 'SENT' OR sent_at IS NOT NULL)",
                        name="reward_send_state_is_known",
                    ),
                    CheckConstraint(
                        check="amount BETWEEN 1 AND 1000000000000 AND value BETWEEN 0 AND 1000000000000 AND fair_value BETWEEN 0 AND 1000000000000 AND recipients BETWEEN 1 AND 10000 AND claim_days BETWEEN 1 AND 3660 AND (fair_value IS NULL) = (currency IS NULL)",
                        name="reward_send_is_bounded",
                    ),
                    CheckConstraint(
                        check="approved_by IS NULL OR approved_by <> principal_id",
                        name="reward_send_is_approved_by_another",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "Something the vendor sends to people: points, or a bundle, paid by the budget of a program.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SendRecipient",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("send_id", fields.UUIDField()),
                ("n", fields.IntField()),
                ("address", fields.CharField(max_length=254)),
                ("member_id", fields.UUIDField(null=True)),
                ("partner_id", fields.UUIDField(null=True)),
                ("state", fields.CharField(max_length=10)),
                ("reason", fields.CharField(null=True, max_length=32)),
                ("set_aside", fields.BigIntField(default=0)),
                ("activity_id", fields.UUIDField(null=True)),
                ("address_consent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("opened_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("claimed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("version", fields.BigIntField(default=1)),
            ],
            options={
                "table": "send_recipient",
                "app": "guerdon",
                "constraints": [
                    UniqueConstraint(fields=("send_id", "n"), name="send_recipient_is_numbered_once"),
                    UniqueConstraint(fields=("send_id", "member_id"), name="send_recipient_is_one_per_member"),
                    CheckConstraint(
                        check="state IN ('PENDING', 'SENT', 'OPENED', 'CLAIMED', 'ACCEPTED', 'DECLINED', 'EXPIRED', 'RECALLED', 'FAILED') AND (state IN ('CLAIMED', 'ACCEPTED')) = (claimed_at IS NOT NULL) AND (state IN ('DECLINED', 'EXPIRED', 'RECALLED', 'FAILED')) = (ended_at IS NOT NULL) AND (state = 'FAILED') = (reason IS NOT NULL)",
                        name="send_recipient_state_is_known",
                    ),
                    CheckConstraint(
                        check="set_aside >= 0 AND (state IN ('SENT', 'OPENED', 'CLAIMED', 'ACCEPTED') OR set_aside = 0) AND (activity_id IS NULL OR set_aside = 0)",
                        name="c4_what_is_not_given_is_not_set_aside",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One person of a send; `set_aside` is what of the program's budget stands outside of it for this line (C4).",
            },
            bases=["Model"],
        ),
    ]
